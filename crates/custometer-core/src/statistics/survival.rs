//! How long things last, when some of them have not ended yet: the Kaplan–Meier estimator.

use super::{Interval, normal_quantile};

/// How many lifetimes of one duration there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lifetimes {
    /// How long they have lasted.
    pub duration: f64,
    /// How many of them have ended then.
    pub ended: f64,
    /// How many were seen for so long and had not ended.
    pub censored: f64,
}

/// What happened at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// How many had neither ended nor been censored before. Who is censored at a time at which others end was there when they did.
    pub at_risk: f64,
    /// How many ended.
    pub ended: f64,
    /// How many were censored.
    pub censored: f64,
    /// The estimated probability to last longer than this.
    pub survival: f64,
    /// Greenwood's sum so far, the variance of ln(survival); infinite once nothing is left.
    log_variance: f64,
}

/// The estimated probability to last longer than a time.
///
/// The estimate is known from 0 to the last time at which something was seen, and from there on only if it has reached 0: when the
/// longest lifetime is censored, nobody knows what comes after it, and what rests on that is none.
///
/// Sources: E. L. Kaplan & P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958), 457–481; M. Greenwood, "The natural
/// duration of cancer", Reports on Public Health and Medical Subjects 33 (1926), for the variance; J. D. Kalbfleisch & R. L. Prentice, "The
/// Statistical Analysis of Failure Time Data" (1980), section 1.3, for the interval; R. Brookmeyer & J. Crowley, "A confidence interval for the
/// median survival time", Biometrics 38 (1982), 29–41.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalCurve {
    steps: Vec<Step>,
}

/// The survival curve of lifetimes in any order. None when there are none, and for durations and counts that are negative or no numbers.
pub fn kaplan_meier(lifetimes: &[Lifetimes]) -> Option<SurvivalCurve> {
    let is_possible = |row: &Lifetimes| [row.duration, row.ended, row.censored].iter().all(|number| *number >= 0.0 && number.is_finite());
    if !lifetimes.iter().all(is_possible) {
        return None;
    }
    let mut rows: Vec<_> = lifetimes.iter().filter(|row| row.ended + row.censored > 0.0).collect();
    rows.sort_by(|left, right| left.duration.total_cmp(&right.duration));
    let at_one_time: Vec<_> = rows.chunk_by(|left, right| left.duration >= right.duration).collect();
    // From the end, so that of whole numbers and of others the last ones are all that are left.
    let mut at_risk = 0.0;
    let mut steps: Vec<Step> = Vec::with_capacity(at_one_time.len());
    for rows in at_one_time.iter().rev() {
        let [ended, censored] = rows.iter().fold([0.0; 2], |[ended, censored], row| [ended + row.ended, censored + row.censored]);
        at_risk += ended + censored;
        steps.push(Step { time: rows[0].duration, at_risk, ended, censored, survival: 1.0, log_variance: 0.0 });
    }
    steps.reverse();
    let (mut survival, mut log_variance) = (1.0, 0.0);
    for step in &mut steps {
        let left = step.at_risk - step.ended;
        survival *= left / step.at_risk;
        if step.ended > 0.0 {
            log_variance += step.ended / (step.at_risk * left);
        }
        (step.survival, step.log_variance) = (survival, log_variance);
    }
    (!steps.is_empty()).then_some(SurvivalCurve { steps })
}

impl SurvivalCurve {
    /// All times at which something was seen, ascending.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The probability to last longer than a time. None beyond what is known.
    pub fn at(&self, time: f64) -> Option<f64> {
        if time < self.steps[0].time {
            return Some(1.0);
        }
        Some(self.step(time)?.survival)
    }

    /// The interval of that probability, from the normal distribution of ln(−ln S), which keeps it between 0 and 1. None where none or all have
    /// ended, whose spread is unknown.
    pub fn interval(&self, time: f64, confidence: f64) -> Option<Interval> {
        self.step(time)?.interval(confidence)
    }

    /// The first time by which at least half have ended. None when more than half last beyond what is known.
    pub fn median(&self) -> Option<f64> {
        self.steps.iter().find(|step| at_most_half(step.survival)).map(|step| step.time)
    }

    /// The times that the median lies between: those at which the lower and the upper end of the curve's interval first are at most one
    /// half. Each is none where that end stays above, which is common for the upper one.
    pub fn median_interval(&self, confidence: f64) -> (Option<f64>, Option<f64>) {
        let first = |end: fn(Interval) -> f64| {
            self.steps.iter().find(|step| step.interval(confidence).is_some_and(|ends| at_most_half(end(ends)))).map(|step| step.time)
        };
        (first(|(low, _)| low), first(|(_, high)| high))
    }

    /// The mean time within `limit`: the area under the curve up to there. None when the limit is beyond what is known.
    pub fn restricted_mean(&self, limit: f64) -> Option<RestrictedMean> {
        if limit < 0.0 || self.at(limit).is_none() {
            return None;
        }
        // Backwards: the variance weighs each step by the square of the area after it.
        let (mut mean, mut variance, mut until) = (0.0, 0.0, limit);
        for (i, step) in self.steps.iter().enumerate().rev().filter(|(_, step)| step.time < limit) {
            mean += step.survival * (until - step.time);
            until = step.time;
            if mean > 0.0 {
                let before = if i > 0 { self.steps[i - 1].log_variance } else { 0.0 };
                variance += mean * mean * (step.log_variance - before);
            }
        }
        Some(RestrictedMean { mean: mean + until, variance })
    }

    /// The last step that is not after a time; none beyond what is known.
    fn step(&self, time: f64) -> Option<&Step> {
        let last = self.steps.last()?;
        let is_known = time <= last.time || time.is_finite() && last.survival == 0.0;
        let after = self.steps.partition_point(|step| step.time <= time);
        if is_known { self.steps.get(after.checked_sub(1)?) } else { None }
    }
}

impl Step {
    fn interval(&self, confidence: f64) -> Option<Interval> {
        let Self { survival, log_variance, .. } = *self;
        if survival <= 0.0 || survival >= 1.0 {
            return None;
        }
        let half = normal_quantile(confidence) * log_variance.sqrt() / -survival.ln();
        Some((survival.powf(half.exp()), survival.powf((-half).exp())))
    }
}

/// Whether a probability is at most one half, which the rounding of products must not decide.
fn at_most_half(probability: f64) -> bool {
    probability <= 0.5 + 1e-12
}

/// A mean time within a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The mean.
    pub mean: f64,
    /// The variance of its estimate.
    ///
    /// Source: J. P. Klein & M. L. Moeschberger, "Survival Analysis", 2nd ed. (2003), section 4.5.
    pub variance: f64,
}

impl RestrictedMean {
    /// The interval of the mean, from the normal distribution. None without any spread.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = normal_quantile(confidence) * self.variance.sqrt();
        (half > 0.0).then_some(((self.mean - half).max(0.0), self.mean + half))
    }
}
