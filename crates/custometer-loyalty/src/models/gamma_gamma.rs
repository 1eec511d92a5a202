//! What customers spend per purchase: the Gamma–Gamma model.
//!
//! Source: P. S. Fader & B. G. S. Hardie, "The Gamma-Gamma model of monetary value" (2013), note 025 on brucehardie.com.

use statrs::function::gamma::{digamma, ln_gamma};

use super::maximum_likelihood::{maximise, sums};
use super::{Fit, FitError};

/// Fewer customers than this who bought again can't tell three parameters: ten for each, as for
/// [BG/NBD](super::bg_nbd::LEAST_REPEAT_BUYERS).
pub const LEAST_REPEAT_BUYERS: f64 = 30.0;

/// From this correlation on, up or down, it is doubtful that what customers spend has nothing to do with how often they buy, which the model
/// rests on.
///
/// A medium correlation by J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd ed. (1988), section 3.2.
pub const DOUBTFUL_CORRELATION: f64 = 0.3;

/// What the model knows of a customer's spending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spend {
    /// x: the number of purchases that the mean is of.
    pub frequency: f64,
    /// The mean amount of a purchase.
    pub mean: f64,
    /// How many customers have exactly these.
    pub customers: f64,
}

/// The amounts of a customer's purchases are gamma distributed with shape `p` and a rate of the customer's own; the rates are gamma distributed
/// over customers with shape `q` and rate `v`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    /// The shape of one customer's amounts.
    pub p: f64,
    /// The shape of the distribution of rates.
    pub q: f64,
    /// The rate of that distribution, in the unit of the amounts.
    pub v: f64,
}

impl GammaGamma {
    /// The model of the greatest likelihood.
    ///
    /// Customers without a repeat purchase, or of a mean that is not above 0, can't take part; leave them out.
    pub fn fit(spends: &[Spend]) -> Result<Fit<Self>, FitError> {
        let spends = Spends::new(spends)
            .ok_or(FitError::Impossible("a customer's spend is not possible: numbers of purchases and mean amounts are above 0"))?;
        let customers = spends.customers();
        if customers < LEAST_REPEAT_BUYERS {
            return Err(FitError::TooFewRepeatBuyers { found: customers, needed: LEAST_REPEAT_BUYERS });
        }
        // In units of the mean amount, v is near 1.
        let unit = sums(&spends.rows, |rows| [rows.iter().map(|row| row.customers * row.mean).sum()])[0] / customers;
        let scaled = spends.in_units_of(unit);
        let found = maximise([1.0; 3], customers, |&[p, q, v]| {
            let (value, gradient) = scaled.log_likelihood(&Self { p, q, v });
            (value / customers, gradient.map(|slope| slope / customers))
        });
        let model = |[p, q, v]: [f64; 3]| Self { p, q, v: v * unit };
        let maximum = found.map_err(|ended| FitError::NotConverged(reason(ended)))?;
        let fitted = model(maximum.parameters);
        Ok(Fit {
            model: fitted,
            standard_errors: model(maximum.standard_errors),
            log_likelihood: spends.log_likelihood(&fitted).0,
            customers,
            iterations: maximum.iterations,
        })
    }

    /// The logarithm of the probability density of these spends; −∞ where one of them is not possible.
    pub fn log_likelihood(&self, spends: &[Spend]) -> f64 {
        Spends::new(spends).map_or(f64::NEG_INFINITY, |spends| spends.log_likelihood(self).0)
    }

    /// What a customer is expected to spend per purchase: between the customer's own mean and that of all, the nearer to the former the more
    /// purchases it is of. With a frequency of 0, the mean of all.
    ///
    /// None where the expectation is infinite (p·x + q ≤ 1), or for a frequency or a mean below 0.
    pub fn expected_mean_spend(&self, frequency: f64, mean: f64) -> Option<f64> {
        let Self { p, q, v } = *self;
        let known = if frequency > 0.0 { frequency * mean } else { 0.0 };
        let weight = p * frequency + q - 1.0;
        (frequency >= 0.0 && known >= 0.0 && weight > 0.0).then(|| p * (v + known) / weight)
    }
}

/// Pearson's correlation of the number of purchases and their mean amount. None for fewer than two customers or without any spread.
pub fn spend_frequency_correlation(spends: &[Spend]) -> Option<f64> {
    let Spends { rows } = Spends::new(spends)?;
    let customers: f64 = rows.iter().map(|row| row.customers).sum();
    let mean = |of: fn(&Spend) -> f64| rows.iter().map(|row| row.customers * of(row)).sum::<f64>() / customers;
    let (frequency, amount) = (mean(|row| row.frequency), mean(|row| row.mean));
    let deviations = |row: &Spend| (row.frequency - frequency, row.mean - amount);
    let [covariance, of_frequency, of_amount] = rows.iter().fold([0.0; 3], |[xy, xx, yy], row| {
        let (x, y) = deviations(row);
        [xy + row.customers * x * y, xx + row.customers * x * x, yy + row.customers * y * y]
    });
    let size = (of_frequency * of_amount).sqrt();
    (size > 0.0).then(|| (covariance / size).clamp(-1.0, 1.0))
}

/// Why a search ended where it did, in units of the mean amount.
fn reason([p, q, v]: [f64; 3]) -> &'static str {
    const MANY: f64 = 1e3;
    if p > MANY {
        "each of these customers spends nearly the same every time, so how amounts vary can't be told"
    } else if q > MANY || v > MANY {
        "these customers hardly differ in what they spend, so how they differ can't be told"
    } else {
        "many models explain these amounts equally well"
    }
}

/// Spends in order, equal ones as one.
struct Spends {
    rows: Vec<Spend>,
}

impl Spends {
    /// None where one of them is not possible.
    fn new(spends: &[Spend]) -> Option<Self> {
        let is_possible = |spend: &Spend| {
            let above_zero = |number: f64| number > 0.0 && number.is_finite();
            above_zero(spend.frequency) && above_zero(spend.mean) && spend.customers >= 0.0 && spend.customers.is_finite()
        };
        if !spends.iter().all(is_possible) {
            return None;
        }
        let mut rows: Vec<_> = spends.iter().filter(|spend| spend.customers > 0.0).copied().collect();
        let key = |row: &Spend| [row.frequency, row.mean];
        rows.sort_by(|left, right| {
            (key(left), left.customers).partial_cmp(&(key(right), right.customers)).unwrap_or(std::cmp::Ordering::Equal)
        });
        rows.dedup_by(|next, row| {
            let same = key(next) <= key(row);
            if same {
                row.customers += next.customers;
            }
            same
        });
        Some(Self { rows })
    }

    fn customers(&self) -> f64 {
        self.rows.iter().map(|row| row.customers).sum()
    }

    fn in_units_of(&self, unit: f64) -> Self {
        Self { rows: self.rows.iter().map(|row| Spend { mean: row.mean / unit, ..*row }).collect() }
    }

    /// The log-likelihood and its derivatives by p, q and v.
    fn log_likelihood(&self, model: &GammaGamma) -> (f64, [f64; 3]) {
        let GammaGamma { p, q, v } = *model;
        let (log_gamma_q, digamma_q, log_v) = (ln_gamma(q), digamma(q), v.ln());
        let [value, gradient @ ..] = sums(&self.rows, |rows| {
            let mut total = [0.0; 4];
            for of_one_frequency in rows.chunk_by(|left, right| left.frequency >= right.frequency) {
                let frequency = of_one_frequency[0].frequency;
                let (own, all) = (p * frequency, p * frequency + q);
                let value = ln_gamma(all) - ln_gamma(own) - log_gamma_q + q * log_v;
                let (by_own, by_all) = (digamma(own), digamma(all));
                for row in of_one_frequency {
                    let spent = frequency * row.mean;
                    let log_share = spent.ln() - (spent + v).ln();
                    let log_rest = log_v - (spent + v).ln();
                    let terms = [
                        value - q * log_v + own * log_share + q * log_rest - row.mean.ln(),
                        frequency * (by_all - by_own + log_share),
                        by_all - digamma_q + log_rest,
                        q / v - all / (spent + v),
                    ];
                    for (total, term) in total.iter_mut().zip(terms) {
                        *total += row.customers * term;
                    }
                }
            }
            total
        });
        (value, gradient)
    }
}
