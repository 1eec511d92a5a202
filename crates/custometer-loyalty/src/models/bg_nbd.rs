//! When customers buy, and whether they are still there: the BG/NBD model.
//!
//! Source: P. S. Fader, B. G. S. Hardie & K. L. Lee, "'Counting your customers' the easy way: an alternative to the Pareto/NBD model", Marketing
//! Science 24 (2005), 275–284.

use statrs::function::gamma::{digamma, ln_gamma};

use super::hypergeometric::expected_while_present;
use super::maximum_likelihood::{maximise, sums};
use super::{Fit, FitError};

/// Fewer customers than this who bought again can't tell four parameters: ten for each.
///
/// Source of the rule: P. Peduzzi, J. Concato, E. Kemper, T. R. Holford & A. R. Feinstein, "A simulation study of the number of events per
/// variable in logistic regression analysis", Journal of Clinical Epidemiology 49 (1996), 1373–1379.
pub const LEAST_REPEAT_BUYERS: f64 = 40.0;

/// What the model knows of a customer. All times are in one unit, of the caller's choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PurchaseHistory {
    /// x: the number of periods with a purchase, without the first one.
    pub frequency: f64,
    /// tₓ: the time from the first purchase to the last one; 0 for who bought once.
    pub recency: f64,
    /// T: the time since the first purchase.
    pub age: f64,
    /// How many customers have exactly this history.
    pub customers: f64,
}

impl PurchaseHistory {
    fn is_possible(&self) -> bool {
        let Self { frequency, recency, age, customers } = *self;
        let ordered = 0.0 <= recency && recency <= age && age.is_finite();
        let counted = frequency >= 0.0 && frequency.is_finite() && frequency.fract() == 0.0 && customers >= 0.0 && customers.is_finite();
        ordered && counted && (frequency > 0.0) == (recency > 0.0)
    }
}

/// Customers buy at random at a rate of their own, and after each purchase leave for good with a probability of their own. Rates are gamma
/// distributed over customers with shape `r` and rate `alpha`, probabilities beta distributed with `a` and `b`, independently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// The shape of the distribution of purchase rates.
    pub r: f64,
    /// Its rate, in the histories' unit of time: the mean customer buys `r / alpha` times in one.
    pub alpha: f64,
    /// With `b`, the distribution of the probability to leave after a purchase, whose mean is `a / (a + b)`.
    pub a: f64,
    /// See `a`.
    pub b: f64,
}

impl BgNbd {
    /// The model of the greatest likelihood.
    pub fn fit(histories: &[PurchaseHistory]) -> Result<Fit<Self>, FitError> {
        let histories = Histories::new(histories).ok_or(FitError::Impossible(
            "a purchase history is not possible: frequencies are whole numbers from 0, recencies are above 0 where the frequency is, and no more than ages",
        ))?;
        let repeat_buyers = histories.groups.iter().filter(|group| group.frequency > 0.0).map(|group| group.customers).sum();
        if repeat_buyers < LEAST_REPEAT_BUYERS {
            return Err(FitError::TooFewRepeatBuyers { found: repeat_buyers, needed: LEAST_REPEAT_BUYERS });
        }
        // In units of the mean age, all parameters are near 1.
        let customers = histories.customers();
        let unit = sums(&histories.rows, |rows| [rows.iter().map(|row| row.customers * row.age).sum()])[0] / customers;
        let scaled = histories.in_units_of(unit);
        let found = maximise([1.0; 4], customers, |&[r, alpha, a, b]| {
            let (value, gradient) = scaled.log_likelihood(&Self { r, alpha, a, b });
            (value / customers, gradient.map(|slope| slope / customers))
        });
        let model = |[r, alpha, a, b]: [f64; 4]| Self { r, alpha: alpha * unit, a, b };
        let maximum = found.map_err(|ended| FitError::NotConverged(reason(ended)))?;
        let fitted = model(maximum.parameters);
        Ok(Fit {
            model: fitted,
            standard_errors: model(maximum.standard_errors),
            log_likelihood: histories.log_likelihood(&fitted).0,
            customers,
            iterations: maximum.iterations,
        })
    }

    /// The logarithm of the probability of these histories; −∞ where one of them is not possible.
    pub fn log_likelihood(&self, histories: &[PurchaseHistory]) -> f64 {
        Histories::new(histories).map_or(f64::NEG_INFINITY, |histories| histories.log_likelihood(self).0)
    }

    /// The probability that a customer of this history has not left; 1 for who bought once, since in this model one leaves only after a repeat
    /// purchase.
    pub fn probability_alive(&self, frequency: f64, recency: f64, age: f64) -> f64 {
        if frequency <= 0.0 {
            return 1.0;
        }
        let Self { r, alpha, a, b } = *self;
        let log_odds_of_leaving = (a / (b + frequency - 1.0)).ln() + (r + frequency) * ((alpha + age) / (alpha + recency)).ln();
        1.0 / (1.0 + log_odds_of_leaving.exp())
    }

    /// How many purchases a customer of this history is expected to make within the next `horizon`.
    pub fn expected_purchases(&self, horizon: f64, frequency: f64, recency: f64, age: f64) -> f64 {
        self.probability_alive(frequency, recency, age) * self.expected_purchases_if_alive(horizon, frequency, age)
    }

    /// The same, of a customer who is known not to have left yet.
    pub(super) fn expected_purchases_if_alive(&self, horizon: f64, frequency: f64, age: f64) -> f64 {
        expected_while_present(self.r + frequency, horizon / (self.alpha + age), self.a, self.b + frequency)
    }

    /// How many repeat purchases a new customer is expected to make within `horizon` after the first one.
    pub fn expected_purchases_of_new_customer(&self, horizon: f64) -> f64 {
        self.expected_purchases_if_alive(horizon, 0.0, 0.0)
    }
}

/// Why a search ended where it did, in units of the mean age.
fn reason([r, alpha, a, b]: [f64; 4]) -> &'static str {
    const MANY: f64 = 1e3;
    if a / (a + b) < 1.0 / MANY {
        "hardly any of these customers seem to have left, so when they leave can't be told; a longer time or more customers may help"
    } else if a + b > MANY {
        "these customers hardly differ in how likely they are to leave, so how they differ can't be told"
    } else if r > MANY {
        "these customers hardly differ in how often they buy, so how they differ can't be told"
    } else if r / alpha < 1.0 / MANY {
        "these customers hardly ever buy again, so how often can't be told"
    } else {
        "many models explain these customers equally well"
    }
}

/// Histories in order, equal ones as one.
struct Histories {
    rows: Vec<PurchaseHistory>,
    groups: Vec<Group>,
}

/// All customers of one frequency. The likelihood's gamma functions depend on nothing else.
struct Group {
    frequency: f64,
    customers: f64,
}

impl Histories {
    /// None where one of them is not possible.
    fn new(histories: &[PurchaseHistory]) -> Option<Self> {
        if !histories.iter().all(PurchaseHistory::is_possible) {
            return None;
        }
        let mut rows: Vec<_> = histories.iter().filter(|history| history.customers > 0.0).copied().collect();
        let key = |row: &PurchaseHistory| [row.frequency, row.age, row.recency];
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
        let of_one_frequency =
            |rows: &[PurchaseHistory]| Group { frequency: rows[0].frequency, customers: rows.iter().map(|row| row.customers).sum() };
        let groups = rows.chunk_by(|left, right| left.frequency >= right.frequency).map(of_one_frequency).collect();
        Some(Self { rows, groups })
    }

    fn customers(&self) -> f64 {
        self.groups.iter().map(|group| group.customers).sum()
    }

    fn in_units_of(&self, unit: f64) -> Self {
        let scaled = |row: &PurchaseHistory| PurchaseHistory { recency: row.recency / unit, age: row.age / unit, ..*row };
        let groups = self.groups.iter().map(|group| Group { ..*group }).collect();
        Self { rows: self.rows.iter().map(scaled).collect(), groups }
    }

    /// The log-likelihood and its derivatives by r, α, a and b.
    fn log_likelihood(&self, model: &BgNbd) -> (f64, [f64; 4]) {
        let BgNbd { r, alpha, a, b } = *model;
        let at_zero = [r, b, a + b].map(|argument| (ln_gamma(argument), digamma(argument)));
        let mut total = sums(&self.rows, |rows| log_likelihood_of_times(rows, model));
        for &Group { frequency, customers } in &self.groups {
            let at_frequency = [r, b, a + b].map(|argument| (ln_gamma(argument + frequency), digamma(argument + frequency)));
            let [rate, stay, either] = [0, 1, 2].map(|i| (at_frequency[i].0 - at_zero[i].0, at_frequency[i].1 - at_zero[i].1));
            let terms = [rate.0 + r * alpha.ln() + stay.0 - either.0, rate.1 + alpha.ln(), r / alpha, -either.1, stay.1 - either.1];
            for (total, term) in total.iter_mut().zip(terms) {
                *total += customers * term;
            }
        }
        let [value, gradient @ ..] = total;
        (value, gradient)
    }
}

/// The part of the log-likelihood, and of its derivatives by r, α, a and b, that depends on recency and age:
/// ln((α + T)^−(r + x) + a / (b + x − 1) · (α + tₓ)^−(r + x)), with the second term for repeat buyers only.
fn log_likelihood_of_times(rows: &[PurchaseHistory], model: &BgNbd) -> [f64; 5] {
    let BgNbd { r, alpha, a, b } = *model;
    let mut total = [0.0; 5];
    for of_one_frequency in rows.chunk_by(|left, right| left.frequency >= right.frequency) {
        let frequency = of_one_frequency[0].frequency;
        let power = r + frequency;
        let log_odds = (a / (b + frequency - 1.0)).ln();
        for row in of_one_frequency {
            let by_now = alpha + row.age;
            let log_by_now = by_now.ln();
            let terms = if frequency > 0.0 {
                let by_last = alpha + row.recency;
                let log_ratio = log_by_now - by_last.ln();
                let log_odds_of_leaving = log_odds + power * log_ratio;
                // Never the exponential of a large number.
                let small = (-log_odds_of_leaving.abs()).exp();
                let (left, present) = if log_odds_of_leaving > 0.0 { (1.0, small) } else { (small, 1.0) };
                let (left, present) = (left / (1.0 + small), present / (1.0 + small));
                [
                    log_odds_of_leaving.max(0.0) + small.ln_1p() - power * log_by_now,
                    left * log_ratio - log_by_now,
                    -power * (present / by_now + left / by_last),
                    left / a,
                    -left / (b + frequency - 1.0),
                ]
            } else {
                [-power * log_by_now, -log_by_now, -power / by_now, 0.0, 0.0]
            };
            for (total, term) in total.iter_mut().zip(terms) {
                *total += row.customers * term;
            }
        }
    }
    total
}
