//! How long things last, when some of them have not ended yet: the Kaplan–Meier estimator.

use std::cmp::Ordering;

use statrs::distribution::{ContinuousCDF, Normal};

use super::intervals::Interval;
use super::normal::normal_quantile;

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
/// longest lifetime is censored, nobody knows what comes after it, and what rests on that is missing, too.
///
/// Sources: E. L. Kaplan & P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958), 457–481; M. Greenwood, "The natural
/// duration of cancer", Reports on Public Health and Medical Subjects 33 (1926), for the variance; J. D. Kalbfleisch & R. L. Prentice, "The
/// Statistical Analysis of Failure Time Data" (1980), section 1.3, for the interval; R. Brookmeyer & J. Crowley, "A confidence interval for the
/// median survival time", Biometrics 38 (1982), 29–41.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalCurve {
    steps: Vec<Step>,
}

/// The survival curve of lifetimes in any order. None when there are none, and for durations and counts that are negative or not numbers.
pub fn kaplan_meier(lifetimes: &[Lifetimes]) -> Option<SurvivalCurve> {
    let is_possible = |row: &Lifetimes| [row.duration, row.ended, row.censored].iter().all(|number| *number >= 0.0 && number.is_finite());
    if !lifetimes.iter().all(is_possible) {
        return None;
    }
    let mut rows: Vec<_> = lifetimes.iter().filter(|row| row.ended + row.censored > 0.0).collect();
    let key = |row: &Lifetimes| [row.duration, row.ended, row.censored];
    rows.sort_by(|left, right| key(left).partial_cmp(&key(right)).unwrap_or(Ordering::Equal));
    let at_one_time: Vec<_> = rows.chunk_by(|left, right| left.duration >= right.duration).collect();
    // From the end, so that the last ones are exactly all that are left.
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
        survival *= (step.at_risk - step.ended) / step.at_risk;
        log_variance += step.greenwood_term();
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
    /// half. Each is missing where that end stays above, which is common for the upper one.
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
        for step in self.steps.iter().rev().filter(|step| step.time < limit) {
            mean += step.survival * (until - step.time);
            until = step.time;
            if mean > 0.0 {
                variance += mean * mean * step.greenwood_term();
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
    /// What it adds to the variance of ln(survival); infinite when nothing is left.
    fn greenwood_term(&self) -> f64 {
        if self.ended > 0.0 { self.ended / (self.at_risk * (self.at_risk - self.ended)) } else { 0.0 }
    }

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

/// So many ends must be expected in each sample before the test statistic is near normal.
const LEAST_EXPECTED: f64 = 5.0;

/// The log-rank test of two survival curves: the two-sided p-value of their being the same, from how many ends each has more than its share
/// of those at risk at every time.
///
/// None where either is expected to have fewer than five ends, or where nothing could differ.
///
/// Sources: N. Mantel, "Evaluation of survival data and two new rank order statistics arising in its consideration", Cancer Chemotherapy
/// Reports 50 (1966), 163–170; R. Peto & J. Peto, "Asymptotically efficient rank invariant test procedures", JRSS A 135 (1972), 185–207.
pub fn log_rank(one: &SurvivalCurve, other: &SurvivalCurve) -> Option<f64> {
    let mut times: Vec<f64> = one.steps.iter().chain(&other.steps).filter(|step| step.ended > 0.0).map(|step| step.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let at = |curve: &SurvivalCurve, time: f64| {
        let step = curve.steps.iter().find(|step| step.time >= time);
        step.map_or((0.0, 0.0), |step| (step.at_risk, if step.time <= time { step.ended } else { 0.0 }))
    };
    let (mut surplus, mut variance, mut expected, mut all) = (0.0, 0.0, 0.0, 0.0);
    for time in times {
        let ((at_risk, ended), (others_at_risk, others_ended)) = (at(one, time), at(other, time));
        let (risk, ends) = (at_risk + others_at_risk, ended + others_ended);
        let share = at_risk / risk;
        surplus += ended - ends * share;
        expected += ends * share;
        all += ends;
        if risk > 1.0 {
            variance += ends * share * (1.0 - share) * (risk - ends) / (risk - 1.0);
        }
    }
    let z = surplus / f64::sqrt(variance);
    let is_near_normal = expected.min(all - expected) >= LEAST_EXPECTED;
    (is_near_normal && z.is_finite()).then(|| 2.0 * Normal::standard().sf(z.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{found} is not {expected}");
    }

    fn seen(step: &Step, expected: [f64; 4]) {
        [step.time, step.at_risk, step.ended, step.censored].into_iter().zip(expected).for_each(|(found, expected)| close(found, expected));
    }

    fn curve(lifetimes: &[(f64, f64, f64)]) -> SurvivalCurve {
        let rows: Vec<_> = lifetimes.iter().map(|&(duration, ended, censored)| Lifetimes { duration, ended, censored }).collect();
        kaplan_meier(&rows).unwrap()
    }

    /// Weeks in remission of 21 patients on 6-mercaptopurine: E. J. Freireich et al., Blood 21 (1963), 699–716.
    fn treated() -> SurvivalCurve {
        let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|week| (f64::from(week), 1.0, 0.0));
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|week| (f64::from(week), 0.0, 1.0));
        curve(&[ended.as_slice(), &censored].concat())
    }

    /// Those of the 21 patients without it, all of which ended.
    fn untreated() -> SurvivalCurve {
        let weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
        curve(&weeks.map(|week| (f64::from(week), 1.0, 0.0)))
    }

    #[test]
    fn remissions_are_those_of_the_textbooks() {
        // J. P. Klein & M. L. Moeschberger, "Survival Analysis", 2nd ed. (2003), table 4.1: time, at risk, ended, survival.
        let published = [
            (6.0, 21.0, 3.0, 0.857),
            (7.0, 17.0, 1.0, 0.807),
            (10.0, 15.0, 1.0, 0.753),
            (13.0, 12.0, 1.0, 0.690),
            (16.0, 11.0, 1.0, 0.628),
            (22.0, 7.0, 1.0, 0.538),
            (23.0, 6.0, 1.0, 0.448),
        ];
        let treated = treated();
        let ended: Vec<&Step> = treated.steps().iter().filter(|step| step.ended > 0.0).collect();
        assert_eq!(ended.len(), published.len());
        for (step, (time, at_risk, count, survival)) in ended.into_iter().zip(published) {
            seen(step, [time, at_risk, count, step.censored]);
            assert!((step.survival - survival).abs() < 6e-4, "{step:?}");
        }
        let last = treated.steps().last().unwrap();
        seen(last, [35.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn intervals_and_medians_are_those_of_lifelines() {
        // lifelines 0.30.3: KaplanMeierFitter.confidence_interval_, and median_survival_times of it.
        let treated = treated();
        let expected =
            [(6.0, 0.619_718, 0.951_552), (12.9, 0.503_200, 0.889_362), (23.0, 0.188_052, 0.680_143), (35.0, 0.188_052, 0.680_143)];
        for (time, low, high) in expected {
            let found = treated.interval(time, 0.95).unwrap();
            assert!((found.0 - low).abs() < 1e-6 && (found.1 - high).abs() < 1e-6, "{found:?} is not ({low}, {high})");
        }
        assert_eq!(treated.median(), Some(23.0));
        assert_eq!(treated.median_interval(0.95), (Some(13.0), None));
        assert_eq!(untreated().median(), Some(8.0));
        assert_eq!(untreated().median_interval(0.95), (Some(4.0), Some(11.0)));
    }

    #[test]
    fn the_log_rank_test_is_that_of_lifelines() {
        // lifelines 0.30.3: logrank_test. R's `survdiff` gives χ² = 16.8 for the remissions.
        close(log_rank(&treated(), &untreated()).unwrap(), 4.168_809_109_334_511e-5);
        close(log_rank(&untreated(), &treated()).unwrap(), 4.168_809_109_334_511e-5);
        let lifetimes = |times: &[i32], censored: &[usize]| {
            let seen = |(position, time): (usize, &i32)| {
                let goes_on = f64::from(u8::from(censored.contains(&position)));
                (f64::from(*time), 1.0 - goes_on, goes_on)
            };
            curve(&times.iter().enumerate().map(seen).collect::<Vec<_>>())
        };
        let long = lifetimes(&[5, 8, 8, 12, 15, 20, 20, 25, 30, 31, 40, 41], &[4, 8]);
        let short = lifetimes(&[3, 4, 4, 9, 10, 11, 12, 12, 14, 18, 21, 22], &[3, 10]);
        close(log_rank(&long, &short).unwrap(), 0.036_919_598_046_679_936);
        // Too few ends, or none.
        assert_eq!(log_rank(&lifetimes(&[3, 5, 8], &[]), &short), None);
        assert_eq!(log_rank(&lifetimes(&[3], &[0]), &lifetimes(&[4], &[0])), None);
    }

    #[test]
    fn restricted_means_are_areas_under_the_curve() {
        // lifelines 0.30.3: restricted_mean_survival_time at 35 and 22 weeks. The variance is Σ (area after tᵢ)² · dᵢ / (nᵢ · (nᵢ − dᵢ)) in NumPy.
        let mean = treated().restricted_mean(35.0).unwrap();
        close(mean.mean, 23.287_394_957_983_193);
        close(mean.variance, 7.994_573_161_213_736);
        let (low, high) = mean.interval(0.95).unwrap();
        assert!((low - 17.746).abs() < 1e-3 && (high - 28.829).abs() < 1e-3, "({low}, {high})");
        let earlier = treated().restricted_mean(22.0).unwrap();
        close(earlier.mean, 17.371_428_571_428_567);
        close(earlier.variance, 2.131_479_585_671_803);
        // Of lifetimes that have all ended it is their mean, and their variance over n: Σx = 182, Σx² = 2414.
        let all = untreated().restricted_mean(100.0).unwrap();
        close(all.mean, 182.0 / 21.0);
        close(all.variance, (2414.0 - 182.0 * 182.0 / 21.0) / 21.0 / 21.0);
    }

    #[test]
    fn nothing_is_known_after_a_censored_end() {
        let treated = treated();
        assert_eq!((treated.at(-1.0), treated.at(0.0), treated.at(5.9)), (Some(1.0), Some(1.0), Some(1.0)));
        assert!(treated.at(35.0).is_some());
        assert_eq!((treated.at(35.1), treated.interval(35.1, 0.95), treated.restricted_mean(35.1)), (None, None, None));
        assert_eq!((treated.at(f64::NAN), treated.restricted_mean(f64::NAN)), (None, None));
        // Where all have ended, all is known.
        assert_eq!((untreated().at(1e9), untreated().interval(1e9, 0.95)), (Some(0.0), None));
        assert_eq!(untreated().interval(0.5, 0.95), None);
    }

    #[test]
    fn curves_at_the_edges() {
        let rows = |duration, ended, censored| kaplan_meier(&[Lifetimes { duration, ended, censored }]);
        assert_eq!(kaplan_meier(&[]), None);
        assert_eq!(rows(1.0, 0.0, 0.0), None);
        for impossible in [rows(-1.0, 1.0, 0.0), rows(f64::NAN, 1.0, 0.0), rows(f64::INFINITY, 1.0, 0.0), rows(1.0, -1.0, 2.0)] {
            assert_eq!(impossible, None);
        }
        let censored = rows(3.0, 0.0, 5.0).unwrap();
        assert_eq!((censored.at(3.0), censored.interval(3.0, 0.95), censored.median()), (Some(1.0), None, None));
        let mean = censored.restricted_mean(3.0).unwrap();
        assert_eq!((mean.mean, mean.variance, mean.interval(0.95)), (3.0, 0.0, None));
        let gone_at_once = rows(0.0, 2.0, 0.0).unwrap();
        assert_eq!((gone_at_once.at(0.0), gone_at_once.median()), (Some(0.0), Some(0.0)));
        assert_eq!(gone_at_once.restricted_mean(7.0), Some(RestrictedMean { mean: 0.0, variance: 0.0 }));
    }

    #[test]
    fn a_half_is_a_half_whatever_rounding_says() {
        // Survival is a product of up to a hundred inexact factors, and is 1/2 once half have ended.
        for half in 1..60 {
            let lifetimes: Vec<_> = (1..=2 * half).map(|time| (f64::from(time), 1.0, 0.0)).collect();
            assert_eq!(curve(&lifetimes).median(), Some(f64::from(half)), "{half}");
        }
    }

    #[test]
    fn order_and_grouping_change_no_digit() {
        let grouped = curve(&[(2.0, 3.0, 1.0), (5.0, 0.0, 2.0), (7.0, 4.0, 0.0), (9.0, 1.0, 6.0)]);
        let mut one_by_one = [vec![(2.0, 1.0, 0.0); 3], vec![(7.0, 1.0, 0.0); 4], vec![(9.0, 1.0, 0.0)]].concat();
        one_by_one.extend([vec![(2.0, 0.0, 1.0)], vec![(9.0, 0.0, 1.0); 6], vec![(5.0, 0.0, 1.0); 2], vec![(3.0, 0.0, 0.0)]].concat());
        assert_eq!(curve(&one_by_one), grouped);
        one_by_one.reverse();
        assert_eq!(curve(&one_by_one), grouped);
    }
}
