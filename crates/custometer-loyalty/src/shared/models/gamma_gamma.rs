//! What customers spend per purchase: the Gamma–Gamma model.
//!
//! Source: P. S. Fader & B. G. S. Hardie, "The Gamma-Gamma model of monetary value" (2013), note 025 on brucehardie.com.

use std::cmp::Ordering;

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
    /// Customers with a frequency of 0 tell nothing, and are left out. A mean that is not above 0 is an error: the model knows no such amounts.
    pub fn fit(spends: &[Spend]) -> Result<Fit<Self>, FitError> {
        let spends = Spends::new(spends)
            .ok_or(FitError::Impossible("a customer's spend is not possible: the mean amount of who bought again is above 0"))?;
        let customers = spends.customers();
        if customers < LEAST_REPEAT_BUYERS {
            return Err(FitError::TooFewRepeatBuyers { found: 0.0 + customers, needed: LEAST_REPEAT_BUYERS });
        }
        // In units of the typical amount, v is near 1. The geometric mean is one also where a few customers spend nearly all.
        let [logarithms] = sums(&spends.rows, |rows| [rows.iter().map(|row| row.customers * row.mean.ln()).sum()]);
        let unit = (logarithms / customers).exp();
        let scaled = spends.in_units_of(unit);
        let found = maximise([[1.0; 3]], customers, |&[p, q, v]| {
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

    /// The logarithm of the probability density of these mean amounts; −∞ where one of them is not possible.
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

/// Pearson's correlation of the number of purchases and their mean amount, over customers with a frequency above 0. None without any spread.
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

/// Why a search ended where it did, in units of the typical amount.
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
            let Spend { frequency, mean, customers } = *spend;
            let counted = frequency >= 0.0 && frequency.is_finite() && customers >= 0.0 && customers.is_finite();
            counted && (frequency <= 0.0 || mean > 0.0 && mean.is_finite())
        };
        if !spends.iter().all(is_possible) {
            return None;
        }
        let mut rows: Vec<_> = spends.iter().filter(|spend| spend.customers > 0.0 && spend.frequency > 0.0).copied().collect();
        let key = |row: &Spend| [row.frequency, row.mean];
        rows.sort_by(|left, right| (key(left), left.customers).partial_cmp(&(key(right), right.customers)).unwrap_or(Ordering::Equal));
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
        let (log_gamma_q, digamma_q) = (ln_gamma(q), digamma(q));
        let [value, gradient @ ..] = sums(&self.rows, |rows| {
            let mut total = [0.0; 4];
            for of_one_frequency in rows.chunk_by(|left, right| left.frequency >= right.frequency) {
                let frequency = of_one_frequency[0].frequency;
                let (own, all) = (p * frequency, p * frequency + q);
                let value = ln_gamma(all) - ln_gamma(own) - log_gamma_q;
                let (by_own, by_all) = (digamma(own), digamma(all));
                for row in of_one_frequency {
                    let spent = frequency * row.mean;
                    // The logarithms of spent / (spent + v) and v / (spent + v).
                    let (log_share, log_rest) = (-(v / spent).ln_1p(), -(spent / v).ln_1p());
                    let terms = [
                        value + own * log_share + q * log_rest - row.mean.ln(),
                        frequency * (by_all - by_own + log_share),
                        by_all - digamma_q + log_rest,
                        (q * spent / v - own) / (spent + v),
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::simulation::gamma;
    use super::super::tests::close;
    use super::*;

    const PUBLISHED: GammaGamma = GammaGamma { p: 6.25, q: 3.74, v: 15.44 };

    /// Frequency, mean amount and customers: the repeat buyers of the CDNOW sample, with frequencies from 4 on taken for 5, 10 and 20, and amounts
    /// for the nearest of seven.
    #[rustfmt::skip]
    const GROUPED: [(u32, u32, u32); 38] = [
        (1, 5, 13), (1, 15, 181), (1, 25, 83), (1, 35, 62), (1, 50, 59), (1, 80, 28), (1, 150, 13), (2, 5, 1), (2, 15, 57), (2, 25, 51), (2, 35, 51),
        (2, 50, 31), (2, 80, 16), (2, 150, 7), (3, 5, 1), (3, 15, 25), (3, 25, 32), (3, 35, 20), (3, 50, 13), (3, 80, 8), (3, 150, 1), (5, 15, 17),
        (5, 25, 36), (5, 35, 41), (5, 50, 21), (5, 80, 11), (5, 150, 3), (10, 15, 11), (10, 25, 18), (10, 35, 8), (10, 50, 12), (10, 80, 5), (10, 150, 2),
        (20, 25, 3), (20, 35, 2), (20, 50, 1), (20, 80, 1), (20, 150, 1),
    ];

    fn spend(frequency: f64, mean: f64, customers: f64) -> Spend {
        Spend { frequency, mean, customers }
    }

    fn spends(rows: &[(u32, u32, u32)]) -> Vec<Spend> {
        rows.iter().map(|&(frequency, mean, customers)| spend(frequency.into(), mean.into(), customers.into())).collect()
    }

    fn grouped() -> Vec<Spend> {
        spends(&GROUPED)
    }

    fn parameters(model: &GammaGamma) -> [f64; 3] {
        [model.p, model.q, model.v]
    }

    #[test]
    fn a_small_fit_is_that_of_scipy() {
        // The maximum of lifetimes' likelihood by scipy 1.17.1 and Newton's method with autograd 1.9.1; lifetimes' own fit has the same first digits.
        let fit = GammaGamma::fit(&grouped()).unwrap();
        let expected = [6.618_490_826_703_829, 4.127_728_115_483_286, 16.495_598_965_338_57];
        for (found, expected) in parameters(&fit.model).into_iter().zip(expected) {
            close(found, expected, 1e-8);
        }
        let expected = [1.152_676_440_400_207_4, 0.307_561_119_187_985_6, 4.046_599_158_765_896];
        for (found, expected) in parameters(&fit.standard_errors).into_iter().zip(expected) {
            close(found, expected, 1e-5);
        }
        close(fit.log_likelihood, -4_026.925_573_515_198_3, 1e-12);
        // numpy.cov with fweights
        close(spend_frequency_correlation(&grouped()).unwrap(), 0.098_888_768_262_072_53, 1e-12);
    }

    #[test]
    fn expected_spends_are_those_of_lifetimes() {
        // lifetimes 0.11.3: GammaGammaFitter.conditional_expected_average_profit
        let expected = [
            (1.0, 11.77, 18.916_852_057_842_05),
            (2.0, 22.35, 24.663_713_910_761_157),
            (7.0, 73.74, 71.469_670_896_967_07),
            (26.0, 33.317, 33.348_538_489_469_86),
            (29.0, 299.63, 295.692_360_997_880_3),
            // The mean of all, p·v / (q − 1).
            (0.0, 0.0, 35.218_978_102_189_78),
        ];
        for (frequency, mean, expected) in expected {
            close(PUBLISHED.expected_mean_spend(frequency, mean).unwrap(), expected, 1e-12);
        }
    }

    #[test]
    fn an_infinite_expectation_is_none() {
        let heavy = GammaGamma { p: 0.5, q: 0.9, v: 10.0 };
        assert_eq!(heavy.expected_mean_spend(0.0, 0.0), None);
        assert_eq!(GammaGamma { q: 1.0, ..heavy }.expected_mean_spend(0.0, 0.0), None);
        close(heavy.expected_mean_spend(1.0, 20.0).unwrap(), 0.5 * 30.0 / 0.4, 1e-14);
        assert_eq!(GammaGamma { q: 0.2, ..heavy }.expected_mean_spend(1.0, 20.0), None);
        for (frequency, mean) in [(-1.0, 5.0), (1.0, -5.0), (f64::NAN, 5.0), (1.0, f64::NAN)] {
            assert_eq!(PUBLISHED.expected_mean_spend(frequency, mean), None);
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_likelihood() {
        let spends = Spends::new(&grouped()).unwrap();
        for at in [[6.0, 4.0, 15.0], [0.3, 30.0, 2.0], [90.0, 0.4, 0.7]] {
            let model = |[p, q, v]: [f64; 3]| GammaGamma { p, q, v };
            let (_, gradient) = spends.log_likelihood(&model(at));
            for i in 0..3 {
                let beside = |factor: f64| {
                    let mut parameters = at;
                    parameters[i] *= factor;
                    spends.log_likelihood(&model(parameters)).0
                };
                let slope = (beside(1.0 + 1e-5) - beside(1.0 - 1e-5)) / 2e-5;
                let found = at[i] * gradient[i];
                assert!((slope - found).abs() < 1e-5 * (1.0 + slope.abs()), "{i} at {at:?}: {found} is not {slope}");
            }
        }
    }

    #[test]
    fn what_was_simulated_is_found_again() {
        let truth = GammaGamma { p: 2.0, q: 3.5, v: 40.0 };
        let mut random = ChaCha8Rng::seed_from_u64(2013);
        let customer = |i: u32| {
            let frequency = 1 + i % 7;
            let rate = gamma(truth.q, &mut random) / truth.v;
            let spent: f64 = (0..frequency).map(|_| gamma(truth.p, &mut random) / rate).sum();
            spend(frequency.into(), spent / f64::from(frequency), 1.0)
        };
        let spends: Vec<_> = (0..10_000).map(customer).collect();
        let fit = GammaGamma::fit(&spends).unwrap();
        for i in 0..3 {
            let [found, error, expected] = [fit.model, fit.standard_errors, truth].map(|model| parameters(&model)[i]);
            assert!((found - expected).abs() < 3.0 * error && error < 0.1 * expected, "{found} ± {error} is not {expected}");
        }
    }

    #[test]
    fn order_grouping_and_one_time_buyers_change_no_digit() {
        let bits = |spends: &[Spend]| {
            let fit = GammaGamma::fit(spends).unwrap();
            let numbers = [parameters(&fit.model), parameters(&fit.standard_errors)].concat();
            numbers.into_iter().chain([fit.log_likelihood]).chain(spend_frequency_correlation(spends)).map(f64::to_bits).collect::<Vec<_>>()
        };
        let split = |&(frequency, mean, customers)| vec![(frequency, mean, 1); customers as usize];
        let mut one_by_one = spends(&GROUPED.iter().flat_map(split).collect::<Vec<_>>());
        one_by_one.reverse();
        one_by_one.push(spend(0.0, 0.0, 1000.0));
        assert_eq!(bits(&one_by_one), bits(&grouped()));
    }

    #[test]
    fn another_currency_scales_v_alone() {
        let fit = GammaGamma::fit(&grouped()).unwrap();
        let in_other: Vec<_> = grouped().iter().map(|row| Spend { mean: row.mean * 1e5, ..*row }).collect();
        let other = GammaGamma::fit(&in_other).unwrap();
        close(other.model.p, fit.model.p, 1e-8);
        close(other.model.v, fit.model.v * 1e5, 1e-8);
    }

    #[test]
    fn what_can_not_be_fitted_is_an_error() {
        let few = |found| Err(FitError::TooFewRepeatBuyers { found, needed: 30.0 });
        assert_eq!(GammaGamma::fit(&[]), few(0.0));
        assert_eq!(GammaGamma::fit(&[spend(0.0, 0.0, 1e6), spend(2.0, 10.0, 29.0)]), few(29.0));
        for row in
            [spend(1.0, 0.0, 1.0), spend(1.0, -5.0, 1.0), spend(1.0, f64::NAN, 1.0), spend(-1.0, 5.0, 1.0), spend(1.0, 5.0, f64::NAN)]
        {
            assert!(matches!(GammaGamma::fit(&[grouped(), vec![row]].concat()), Err(FitError::Impossible(_))), "{row:?}");
            assert!(PUBLISHED.log_likelihood(&[row]) < f64::MIN, "{row:?}");
            assert_eq!(spend_frequency_correlation(&[row]), None);
        }
        let equal = GammaGamma::fit(&[spend(2.0, 10.0, 100.0), spend(3.0, 10.0, 100.0)]);
        assert!(matches!(equal, Err(FitError::NotConverged(_))), "{equal:?}");
    }

    #[test]
    fn correlations_at_the_edges() {
        assert_eq!(spend_frequency_correlation(&[]), None);
        assert_eq!(spend_frequency_correlation(&[spend(2.0, 10.0, 1.0)]), None);
        assert_eq!(spend_frequency_correlation(&[spend(2.0, 10.0, 5.0), spend(3.0, 10.0, 5.0)]), None);
        close(spend_frequency_correlation(&[spend(2.0, 10.0, 5.0), spend(3.0, 20.0, 1.0)]).unwrap(), 1.0, 1e-14);
        close(spend_frequency_correlation(&[spend(2.0, 10.0, 5.0), spend(3.0, 5.0, 1.0)]).unwrap(), -1.0, 1e-14);
    }
}
