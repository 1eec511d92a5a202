//! When customers buy, and whether they are still there: the BG/NBD model, and the modified one, in which the first purchase may be the last.
//!
//! Sources: P. S. Fader, B. G. S. Hardie & K. L. Lee, "'Counting your customers' the easy way: an alternative to the Pareto/NBD model", Marketing
//! Science 24 (2005), 275–284; E. P. Batislam, M. Denizel & A. Filiztekin, "Empirical validation and comparison of models for customer base
//! analysis", International Journal of Research in Marketing 24 (2007), 201–209; U. Wagner & D. Hoppe, "Erratum on the MBG/NBD model", the same 25
//! (2008), 225–226.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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

/// After which purchases a customer may leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseModel {
    /// After each purchase but the first: who bought once is never gone.
    #[default]
    BgNbd,
    /// After each purchase: who bought once can be gone.
    MbgNbd,
}

impl PurchaseModel {
    /// How publications call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::BgNbd => "BG/NBD",
            Self::MbgNbd => "MBG/NBD",
        }
    }

    /// After how many purchases a customer might have left who bought so often again.
    fn chances_to_leave(self, frequency: f64) -> f64 {
        match self {
            Self::BgNbd => frequency,
            Self::MbgNbd => frequency + 1.0,
        }
    }
}

/// Customers buy at random at a rate of their own, and after each purchase leave for good with a probability of their own. Rates are gamma
/// distributed over customers with shape `r` and rate `alpha`, probabilities beta distributed with `a` and `b`, independently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// After which purchases a customer may leave.
    pub kind: PurchaseModel,
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
    pub fn fit(kind: PurchaseModel, histories: &[PurchaseHistory]) -> Result<Fit<Self>, FitError> {
        let histories = Histories::new(histories).ok_or(FitError::Impossible(
            "a purchase history is not possible: frequencies are whole numbers from 0, recencies are above 0 where the frequency is, and no more than ages",
        ))?;
        // The sum of nothing is -0.
        let repeat_buyers = 0.0 + histories.groups.iter().filter(|group| group.frequency > 0.0).map(|group| group.customers).sum::<f64>();
        if repeat_buyers < LEAST_REPEAT_BUYERS {
            return Err(FitError::TooFewRepeatBuyers { found: repeat_buyers, needed: LEAST_REPEAT_BUYERS });
        }
        // In units of the mean age, all parameters are near 1.
        let customers = histories.customers();
        let unit = sums(&histories.rows, |rows| [rows.iter().map(|row| row.customers * row.age).sum()])[0] / customers;
        let scaled = histories.in_units_of(unit);
        // Where most customers stay, the likelihood may have a second summit, and the first of these starts leads past it.
        let found = maximise([[1.0; 4], [1.0, 1.0, 0.01, 0.3]], customers, |&[r, alpha, a, b]| {
            let (value, gradient) = scaled.log_likelihood(&Self { kind, r, alpha, a, b });
            (value / customers, gradient.map(|slope| slope / customers))
        });
        let model = |[r, alpha, a, b]: [f64; 4]| Self { kind, r, alpha: alpha * unit, a, b };
        let maximum = found.map_err(|ended| FitError::NotConverged(reason(kind, ended)))?;
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

    /// The probability that a customer of this history has not left; 1 for who bought once where one leaves only after a repeat purchase.
    pub fn probability_alive(&self, frequency: f64, recency: f64, age: f64) -> f64 {
        let Self { kind, r, alpha, a, b } = *self;
        let chances = kind.chances_to_leave(frequency);
        if chances <= 0.0 {
            return 1.0;
        }
        let log_odds_of_leaving = (a / (b + chances - 1.0)).ln() + (r + frequency) * ((alpha + age) / (alpha + recency)).ln();
        1.0 / (1.0 + log_odds_of_leaving.exp())
    }

    /// How many purchases a customer of this history is expected to make within the next `horizon`.
    pub fn expected_purchases(&self, horizon: f64, frequency: f64, recency: f64, age: f64) -> f64 {
        self.probability_alive(frequency, recency, age) * self.expected_purchases_if_alive(horizon, frequency, age)
    }

    /// The same, of a customer who is known not to have left yet.
    pub fn expected_purchases_if_alive(&self, horizon: f64, frequency: f64, age: f64) -> f64 {
        expected_while_present(self.r + frequency, horizon / (self.alpha + age), self.a, self.b + self.kind.chances_to_leave(frequency))
    }

    /// How many repeat purchases a new customer is expected to make within `horizon` after the first one.
    pub fn expected_purchases_of_new_customer(&self, horizon: f64) -> f64 {
        self.expected_purchases(horizon, 0.0, 0.0, 0.0)
    }
}

/// Why a search ended where it did, in units of the mean age.
fn reason(kind: PurchaseModel, [r, alpha, a, b]: [f64; 4]) -> &'static str {
    const MANY: f64 = 100.0;
    const FEW: f64 = 0.01;
    if a + b < FEW {
        match kind {
            PurchaseModel::BgNbd => {
                "it looks as if customers left either right after their first repeat purchase or never, and the model can't tell how they differ"
            }
            PurchaseModel::MbgNbd => {
                "it looks as if customers left either right after their first purchase or never, and the model can't tell how they differ"
            }
        }
    } else if a / (a + b) < FEW {
        "it looks as if hardly any customer had left, and the model can't tell who did"
    } else if b / (a + b) < FEW {
        match kind {
            PurchaseModel::BgNbd => {
                "it looks as if hardly any customer had stayed after a first repeat purchase, and the model can't tell who did"
            }
            PurchaseModel::MbgNbd => {
                "it looks as if hardly any customer had stayed after a first purchase, and the model can't tell who did"
            }
        }
    } else if a + b > MANY {
        "it looks as if all customers were equally likely to leave, and the model can't tell how they differ"
    } else if r > MANY {
        "it looks as if all customers bought equally often, and the model can't tell how they differ"
    } else if r / alpha < FEW {
        "it looks as if hardly any customer ever bought again, and the model can't tell how often"
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
        rows.sort_by(|left, right| (key(left), left.customers).partial_cmp(&(key(right), right.customers)).unwrap_or(Ordering::Equal));
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

    /// The log-likelihood and its derivatives by r, α, a and b: the sum over customers of
    ///
    /// ln((r)ₓ · (b)ₙ / (a + b)ₙ / αˣ) + ln((1 + T/α)^−(r + x) + a / (b + n − 1) · (1 + tₓ/α)^−(r + x)),
    ///
    /// where (·)ₓ is a rising factorial, and n the number of purchases after which a customer might have left: x, or x + 1 in the modified model. The
    /// term with a / (b + n − 1) is for n above 0 only. In this form, large parameters do not cancel.
    fn log_likelihood(&self, model: &BgNbd) -> (f64, [f64; 4]) {
        let mut total = sums(&self.rows, |rows| log_likelihood_of_times(rows, model));
        let (mut factorials, mut reached) = ([0.0; 5], 0.0);
        if model.kind.chances_to_leave(0.0) > 0.0 {
            let BgNbd { a, b, .. } = *model;
            factorials = [-(a / b).ln_1p(), 0.0, 0.0, -1.0 / (a + b), a / (b * (a + b))];
        }
        for &Group { frequency, customers } in &self.groups {
            let risen = log_factorials(reached, frequency, model);
            reached = frequency;
            for i in 0..5 {
                factorials[i] += risen[i];
                total[i] += customers * factorials[i];
            }
            total[0] -= customers * frequency * model.alpha.ln();
        }
        let [value, gradient @ ..] = total;
        (value, gradient)
    }
}

/// By how much ln((r)ₓ · (b)ₓ / (a + b)ₓ), and its derivatives by r, α, a and b, grow from one x to another.
fn log_factorials(from: f64, to: f64, model: &BgNbd) -> [f64; 5] {
    const MANY: f64 = 1000.0;
    let BgNbd { kind, r, a, b, .. } = *model;
    let b = b + kind.chances_to_leave(0.0);
    if to - from > MANY {
        let [rate, stay, either] = [r, b, a + b].map(|base| {
            let (from, to) = (base + from, base + to);
            (ln_gamma(to) - ln_gamma(from), digamma(to) - digamma(from))
        });
        return [rate.0 + stay.0 - either.0, rate.1, 0.0, -either.1, stay.1 - either.1];
    }
    let mut terms = [0.0; 5];
    let mut i = from;
    while i < to {
        let (rate, stay, either) = (r + i, b + i, a + b + i);
        let factor = [rate.ln() - (a / stay).ln_1p(), 1.0 / rate, 0.0, -1.0 / either, a / (stay * either)];
        terms.iter_mut().zip(factor).for_each(|(term, factor)| *term += factor);
        i += 1.0;
    }
    terms
}

/// The part of the log-likelihood, and of its derivatives by r, α, a and b, that depends on recency and age.
fn log_likelihood_of_times(rows: &[PurchaseHistory], model: &BgNbd) -> [f64; 5] {
    let BgNbd { kind, r, alpha, a, b } = *model;
    let mut total = [0.0; 5];
    for of_one_frequency in rows.chunk_by(|left, right| left.frequency >= right.frequency) {
        let frequency = of_one_frequency[0].frequency;
        let power = r + frequency;
        let chances = kind.chances_to_leave(frequency);
        let log_odds = (a / (b + chances - 1.0)).ln();
        for row in of_one_frequency {
            let since_first = (row.age / alpha).ln_1p();
            let share = row.age / (alpha + row.age);
            let terms = if chances > 0.0 {
                let until_last = (row.recency / alpha).ln_1p();
                let log_odds_of_leaving = log_odds + power * (since_first - until_last);
                // Never the exponential of a large number.
                let small = (-log_odds_of_leaving.abs()).exp();
                let (left, present) = if log_odds_of_leaving > 0.0 { (1.0, small) } else { (small, 1.0) };
                let (left, present) = (left / (1.0 + small), present / (1.0 + small));
                let share = present * share + left * row.recency / (alpha + row.recency);
                [
                    log_odds_of_leaving.max(0.0) + small.ln_1p() - power * since_first,
                    -present * since_first - left * until_last,
                    (power * share - frequency) / alpha,
                    left / a,
                    -left / (b + chances - 1.0),
                ]
            } else {
                [-power * since_first, -since_first, power * share / alpha, 0.0, 0.0]
            };
            for (total, term) in total.iter_mut().zip(terms) {
                *total += row.customers * term;
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::simulation::{beta, exponential, gamma};
    use super::super::tests::close;
    use super::*;

    const BG: PurchaseModel = PurchaseModel::BgNbd;
    const MBG: PurchaseModel = PurchaseModel::MbgNbd;
    const PUBLISHED: BgNbd = BgNbd { kind: BG, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };

    /// x, tₓ, T and customers: the CDNOW sample in steps of six and a half weeks, with frequencies from 4 on taken for 5, 10 and 20.
    #[rustfmt::skip]
    const GROUPED: [(u32, u32, u32, u32); 60] = [
        (0, 0, 5, 755), (0, 0, 6, 656), (1, 1, 5, 95), (1, 1, 6, 82), (1, 2, 5, 43), (1, 2, 6, 40), (1, 3, 5, 40), (1, 3, 6, 23), (1, 4, 5, 38),
        (1, 4, 6, 31), (1, 5, 5, 20), (1, 5, 6, 15), (1, 6, 6, 12), (2, 1, 5, 20), (2, 1, 6, 8), (2, 2, 5, 24), (2, 2, 6, 20), (2, 3, 5, 20),
        (2, 3, 6, 16), (2, 4, 5, 35), (2, 4, 6, 22), (2, 5, 5, 16), (2, 5, 6, 19), (2, 6, 6, 14), (3, 1, 5, 8), (3, 1, 6, 4), (3, 2, 5, 8),
        (3, 2, 6, 3), (3, 3, 5, 12), (3, 3, 6, 8), (3, 4, 5, 20), (3, 4, 6, 12), (3, 5, 5, 13), (3, 5, 6, 8), (3, 6, 6, 4), (5, 1, 5, 1),
        (5, 1, 6, 2), (5, 2, 5, 7), (5, 2, 6, 4), (5, 3, 5, 8), (5, 3, 6, 9), (5, 4, 5, 20), (5, 4, 6, 13), (5, 5, 5, 29), (5, 5, 6, 21),
        (5, 6, 6, 15), (10, 1, 6, 1), (10, 2, 5, 1), (10, 3, 5, 2), (10, 3, 6, 2), (10, 4, 5, 7), (10, 4, 6, 3), (10, 5, 5, 12), (10, 5, 6, 12),
        (10, 6, 6, 16), (20, 1, 5, 1), (20, 4, 5, 1), (20, 5, 5, 2), (20, 5, 6, 1), (20, 6, 6, 3),
    ];

    fn history(frequency: f64, recency: f64, age: f64, customers: f64) -> PurchaseHistory {
        PurchaseHistory { frequency, recency, age, customers }
    }

    fn histories(rows: &[(u32, u32, u32, u32)]) -> Vec<PurchaseHistory> {
        rows.iter().map(|&(x, recency, age, customers)| history(x.into(), recency.into(), age.into(), customers.into())).collect()
    }

    fn grouped() -> Vec<PurchaseHistory> {
        histories(&GROUPED)
    }

    fn parameters(model: &BgNbd) -> [f64; 4] {
        [model.r, model.alpha, model.a, model.b]
    }

    fn bits(fit: &Fit<BgNbd>) -> Vec<u64> {
        let numbers = [parameters(&fit.model), parameters(&fit.standard_errors)].concat();
        numbers.into_iter().chain([fit.log_likelihood]).map(f64::to_bits).collect()
    }

    #[test]
    fn a_small_fit_is_that_of_scipy() {
        // The maximum of lifetimes' likelihood by scipy 1.17.1 and Newton's method with autograd 1.9.1; lifetimes' own fit has the same first digits.
        let fit = BgNbd::fit(BG, &grouped()).unwrap();
        let expected = [0.289_202_152_507_362_6, 1.137_417_226_278_829_4, 0.772_629_471_056_471_8, 4.877_889_954_448_142];
        for (found, expected) in parameters(&fit.model).into_iter().zip(expected) {
            close(found, expected, 1e-8);
        }
        let expected = [0.015_148_680_186_765, 0.087_956_646_691_342_2, 0.342_958_235_510_731, 2.765_585_994_849_773];
        for (found, expected) in parameters(&fit.standard_errors).into_iter().zip(expected) {
            close(found, expected, 1e-5);
        }
        close(fit.log_likelihood, -5_325.157_884_224_229, 1e-12);
    }

    #[test]
    fn what_ten_customers_will_do_is_as_in_lifetimes() {
        // x, tₓ and T of customers as in the sample, and lifetimes 0.11.3 with the published parameters: conditional_probability_alive, and
        // conditional_expected_number_of_purchases_up_to_time of 39 and of 520 weeks.
        let expected = [
            ([2.0, 30.43, 38.86], [0.726_578_570_080_673, 1.226_028_174_767_135, 7.319_313_811_711_086]),
            ([1.0, 1.71, 38.86], [0.212_100_985_377_379_1, 0.203_186_987_079_751_83, 1.307_418_450_824_353_6]),
            ([0.0, 0.0, 38.86], [1.0, 0.195_098_052_011_253_96, 1.464_547_771_448_216_2]),
            ([0.0, 0.0, 27.0], [1.0, 0.259_395_381_492_208_3, 1.788_477_726_490_149_5]),
            ([7.0, 29.43, 38.86], [0.641_756_345_946_107_2, 3.337_053_274_851_357_7, 17.773_468_968_100_463]),
            ([26.0, 30.86, 31.0], [0.968_915_649_717_525, 20.749_726_140_857_7, 98.129_627_918_526_8]),
            ([1.0, 37.0, 38.86], [0.743_371_640_580_182_2, 0.712_129_854_848_512_3, 4.582_240_846_193_422]),
            ([12.0, 12.0, 38.0], [1.516_639_319_694_953_8e-4, 1.334_628_485_153_024_8e-3, 6.858_167_355_222_527e-3]),
            ([3.0, 0.86, 35.29], [7.946_106_885_788_4e-3, 0.020_500_661_568_201_108, 0.113_994_770_816_555_89]),
            ([29.0, 38.0, 38.86], [0.955_221_721_241_626, 19.452_293_843_156_642, 97.914_292_698_912_89]),
        ];
        for ([x, recency, age], [alive, in_39, in_520]) in expected {
            close(PUBLISHED.probability_alive(x, recency, age), alive, 1e-9);
            close(PUBLISHED.expected_purchases(39.0, x, recency, age), in_39, 1e-9);
            close(PUBLISHED.expected_purchases(520.0, x, recency, age), in_520, 1e-9);
            assert_eq!(PUBLISHED.expected_purchases(0.0, x, recency, age).to_bits(), 0);
        }
        // expected_number_of_purchases_up_to_time
        for (weeks, expected) in [(1.0, 0.053_267_891_171_656_27), (39.0, 1.196_723_193_320_798_5), (78.0, 1.860_519_057_942_744_5)] {
            close(PUBLISHED.expected_purchases_of_new_customer(weeks), expected, 1e-9);
        }
    }

    #[test]
    fn a_small_fit_of_the_modified_model_is_that_of_scipy() {
        // The maximum of lifetimes 0.11.3's modified likelihood by scipy and Newton's method with autograd.
        let fit = BgNbd::fit(MBG, &grouped()).unwrap();
        let expected = [0.373_579_879_624_417_1, 1.253_197_989_620_056_7, 0.929_514_405_579_610_8, 5.241_005_362_235_083];
        for (found, expected) in parameters(&fit.model).into_iter().zip(expected) {
            close(found, expected, 1e-8);
        }
        let expected = [0.031_603_833_904_621_1, 0.095_891_886_491_427_4, 0.424_414_085_672_288_8, 3.607_812_461_262_665_4];
        for (found, expected) in parameters(&fit.standard_errors).into_iter().zip(expected) {
            close(found, expected, 1e-5);
        }
        close(fit.log_likelihood, -5_328.126_879_810_39, 1e-12);
    }

    #[test]
    fn what_customers_will_do_by_the_modified_model_is_as_in_lifetimes() {
        // lifetimes 0.11.3's ModifiedBetaGeoFitter with these parameters: as above.
        let model = BgNbd { kind: MBG, r: 0.525, alpha: 6.183, a: 0.891, b: 1.614 };
        let expected = [
            ([2.0, 30.43, 38.86], [0.706_202_265_118_487_3, 1.262_960_623_267_343_2, 6.926_864_984_848_536]),
            ([1.0, 1.71, 38.86], [0.170_836_484_310_408_02, 0.188_836_541_364_340_78, 1.110_537_833_764_434_7]),
            ([0.0, 0.0, 38.86], [0.389_735_080_918_762_9, 0.154_012_746_675_145_53, 1.037_581_721_282_377_5]),
            ([0.0, 0.0, 27.0], [0.428_494_431_481_998_95, 0.220_714_543_641_469_9, 1.353_883_061_889_658_7]),
            ([7.0, 29.43, 38.86], [0.622_723_814_169_111_9, 3.167_572_432_298_670_6, 15.520_283_605_417_925]),
            ([26.0, 30.86, 31.0], [0.965_566_144_144_061_6, 19.450_722_652_158_557, 84.159_420_653_262_83]),
            ([12.0, 12.0, 38.0], [2.262_034_757_197_492_5e-4, 1.914_480_977_290_944_7e-3, 9.036_911_344_284_549e-3]),
            ([3.0, 0.86, 35.29], [9.899_241_371_042_596e-3, 0.026_032_032_238_403_2, 0.133_014_818_221_996_12]),
        ];
        for ([x, recency, age], [alive, in_39, in_520]) in expected {
            close(model.probability_alive(x, recency, age), alive, 1e-9);
            close(model.expected_purchases(39.0, x, recency, age), in_39, 1e-9);
            close(model.expected_purchases(520.0, x, recency, age), in_520, 1e-9);
        }
        for (weeks, expected) in [(1.0, 0.053_084_795_263_698_685), (39.0, 1.182_953_665_597_171_3), (78.0, 1.804_757_577_553_131_3)] {
            close(model.expected_purchases_of_new_customer(weeks), expected, 1e-9);
        }
    }

    #[test]
    fn likelihoods_of_the_modified_model_worked_by_hand() {
        let model = BgNbd { kind: MBG, r: 2.0, alpha: 3.0, a: 1.0, b: 2.0 };
        // Who bought once, 6 ago, left at once or stayed and has not come yet: 1/3 + 2/3 · (3/9)².
        let (left, stayed) = (1.0_f64 / 3.0, 2.0 / 27.0);
        close(model.log_likelihood(&[history(0.0, 0.0, 6.0, 1.0)]), (left + stayed).ln(), 1e-14);
        close(model.probability_alive(0.0, 0.0, 6.0), stayed / (left + stayed), 1e-14);
        // Who came back at 3 of 6: E[(1 − p)²] = 2·3/(3·4) and stayed, or E[p (1 − p)] = 2/12 and left; rates as in the other model.
        let (stayed, left) = (18.0 / 729.0 * 0.5, 18.0_f64 / 216.0 / 6.0);
        close(model.log_likelihood(&[history(1.0, 3.0, 6.0, 2.0)]), 2.0 * (stayed + left).ln(), 1e-14);
        close(model.probability_alive(1.0, 3.0, 6.0), stayed / (stayed + left), 1e-14);
    }

    #[test]
    fn likelihoods_worked_by_hand() {
        // The rate is λ ~ Gamma(2, 3), and the chance to leave p ~ Beta(1, 2) with a mean of 1/3.
        let model = BgNbd { kind: BG, r: 2.0, alpha: 3.0, a: 1.0, b: 2.0 };
        // Who bought once, 6 ago: E[exp(−6λ)] = (3/9)².
        close(model.log_likelihood(&[history(0.0, 0.0, 6.0, 1.0)]), (1.0_f64 / 9.0).ln(), 1e-14);
        // Two who bought again at 3 of 6, and stayed or left: E[λ exp(−6λ)] · 2/3 + E[λ exp(−3λ)] · 1/3, with E[λ exp(−sλ)] = 2·9/(3 + s)³.
        let (stayed, left) = (18.0 / 729.0 * 2.0 / 3.0, 18.0_f64 / 216.0 / 3.0);
        close(model.log_likelihood(&[history(1.0, 3.0, 6.0, 2.0)]), 2.0 * (stayed + left).ln(), 1e-14);
        close(model.probability_alive(1.0, 3.0, 6.0), stayed / (stayed + left), 1e-14);
        // Who bought only now tells nothing.
        close(model.log_likelihood(&[history(0.0, 0.0, 0.0, 5.0)]), 0.0, 0.0);
    }

    #[test]
    fn the_gradient_is_that_of_the_likelihood() {
        // A gap of more than a thousand purchases is gone over at once.
        let frequent = [history(5000.0, 3.0, 4.0, 1.0), history(5001.0, 1.0, 1.0, 2.0)];
        let histories = Histories::new(&[grouped(), frequent.to_vec()].concat()).unwrap();
        let places = [[0.3, 1.1, 0.8, 4.9], [40.0, 0.2, 0.01, 0.3], [0.05, 30.0, 60.0, 700.0]];
        for (kind, at) in [BG, MBG].into_iter().flat_map(|kind| places.map(|at| (kind, at))) {
            let model = |[r, alpha, a, b]: [f64; 4]| BgNbd { kind, r, alpha, a, b };
            let (_, gradient) = histories.log_likelihood(&model(at));
            for i in 0..4 {
                let beside = |factor: f64| {
                    let mut parameters = at;
                    parameters[i] *= factor;
                    histories.log_likelihood(&model(parameters)).0
                };
                let slope = (beside(1.0 + 1e-5) - beside(1.0 - 1e-5)) / 2e-5;
                let found = at[i] * gradient[i];
                assert!((slope - found).abs() < 1e-5 * (1.0 + slope.abs()), "{i} at {at:?}: {found} is not {slope}");
            }
        }
    }

    #[test]
    fn a_gap_gone_over_at_once_is_as_one_by_one() {
        for model in [BG, MBG].map(|kind| BgNbd { kind, ..PUBLISHED }) {
            let by_one = (0..3000).fold([0.0; 5], |sums: [f64; 5], x| {
                let term = log_factorials(f64::from(x), f64::from(x) + 1.0, &model);
                std::array::from_fn(|i| sums[i] + term[i])
            });
            for (found, expected) in log_factorials(0.0, 3000.0, &model).into_iter().zip(by_one) {
                close(found, expected, 1e-10);
            }
        }
    }

    #[test]
    fn what_was_simulated_is_found_again() {
        simulated(BG, 2005);
        simulated(MBG, 2007);
    }

    /// Customers who behave as a model says, and the model that is fitted to them.
    fn simulated(kind: PurchaseModel, seed: u64) {
        let truth = BgNbd { kind, r: 0.6, alpha: 8.0, a: 0.9, b: 3.0 };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let customer = |i: u32| {
            let age = 26.0 + f64::from(i % 53);
            let (rate, chance) = (gamma(truth.r, &mut random) / truth.alpha, beta(truth.a, truth.b, &mut random));
            // An exponential variate is below −ln(1 − p) with probability p.
            let leaves = |random: &mut ChaCha8Rng| exponential(random) < -(-chance).ln_1p();
            let (mut purchases, mut last, mut time) = (0.0, 0.0, exponential(&mut random) / rate);
            if kind == MBG && leaves(&mut random) {
                time = f64::INFINITY;
            }
            while time <= age {
                (purchases, last) = (purchases + 1.0, time);
                time = if leaves(&mut random) { f64::INFINITY } else { time + exponential(&mut random) / rate };
            }
            history(purchases, last, age, 1.0)
        };
        let histories: Vec<_> = (0..20_000).map(customer).collect();
        let fit = BgNbd::fit(kind, &histories).unwrap();
        for i in 0..4 {
            let [found, error, expected] = [fit.model, fit.standard_errors, truth].map(|model| parameters(&model)[i]);
            assert!((found - expected).abs() < 3.0 * error && error < 0.12 * expected, "{found} ± {error} is not {expected}");
        }
        assert!(fit.log_likelihood > truth.log_likelihood(&histories));
    }

    #[test]
    fn order_and_grouping_change_no_digit() {
        let split = |&(x, recency, age, customers)| vec![(x, recency, age, 1); customers as usize];
        let mut one_by_one = histories(&GROUPED.iter().flat_map(split).collect::<Vec<_>>());
        one_by_one.reverse();
        one_by_one.push(history(3.0, 1.0, 2.0, 0.0));
        assert_eq!(bits(&BgNbd::fit(BG, &one_by_one).unwrap()), bits(&BgNbd::fit(BG, &grouped()).unwrap()));
    }

    #[test]
    fn units_of_time_and_numbers_of_customers_scale() {
        let fit = BgNbd::fit(BG, &grouped()).unwrap();
        let scaled = |time: f64, count: f64| -> Vec<_> {
            grouped().iter().map(|row| history(row.frequency, row.recency * time, row.age * time, row.customers * count)).collect()
        };
        let in_seconds = BgNbd::fit(BG, &scaled(1e6, 1.0)).unwrap();
        close(in_seconds.model.alpha, fit.model.alpha * 1e6, 1e-8);
        close(in_seconds.model.b, fit.model.b, 1e-8);
        let many = BgNbd::fit(BG, &scaled(1.0, 1e12)).unwrap();
        close(many.model.b, fit.model.b, 1e-8);
        close(many.standard_errors.b, fit.standard_errors.b * 1e-6, 1e-5);
        // Customers of age zero tell nothing.
        let with_new = [grouped(), vec![history(0.0, 0.0, 0.0, 500.0)]].concat();
        close(BgNbd::fit(BG, &with_new).unwrap().model.b, fit.model.b, 1e-7);
    }

    #[test]
    fn too_few_repeat_buyers_are_an_error_that_counts_them() {
        let few = |found| Err(FitError::TooFewRepeatBuyers { found, needed: 40.0 });
        assert_eq!(BgNbd::fit(BG, &[]), few(0.0));
        assert!(BgNbd::fit(BG, &[]).unwrap_err().to_string().starts_with("0 customers"));
        assert_eq!(BgNbd::fit(BG, &[history(0.0, 0.0, 12.0, 1e6)]), few(0.0));
        assert_eq!(BgNbd::fit(BG, &[history(3.0, 4.0, 12.0, 1.0)]), few(1.0));
        let error = BgNbd::fit(BG, &[history(3.0, 4.0, 12.0, 39.0)]).unwrap_err().to_string();
        assert_eq!(error, "39 customers bought again, and at least 40 must have for the model to be fitted");
    }

    #[test]
    fn a_likelihood_without_a_summit_is_an_error() {
        let reason = |histories: &[PurchaseHistory]| match BgNbd::fit(BG, histories) {
            Err(FitError::NotConverged(reason)) => reason,
            other => panic!("{other:?}"),
        };
        // Whoever came back bought a moment ago.
        let all_stay: Vec<_> = (0..30).map(|x| history(f64::from(x), f64::from(x.min(1)) * 50.0, 50.0, 10.0)).collect();
        assert!(reason(&all_stay).contains("hardly any customer had left"), "{}", reason(&all_stay));
        // Whoever came back did so once, at once.
        let all_leave = [history(0.0, 0.0, 50.0, 300.0), history(1.0, 1.0, 50.0, 300.0)];
        assert!(reason(&all_leave).contains("stayed after a first repeat purchase"), "{}", reason(&all_leave));
        assert!(!reason(&[history(4.0, 30.0, 50.0, 1000.0)]).is_empty());
    }

    #[test]
    fn impossible_histories_are_an_error() {
        let impossible = [
            history(0.0, 1.0, 2.0, 1.0),
            history(1.0, 0.0, 2.0, 1.0),
            history(1.0, 3.0, 2.0, 1.0),
            history(1.5, 1.0, 2.0, 1.0),
            history(1.0, 1.0, f64::NAN, 1.0),
            history(1.0, 1.0, f64::INFINITY, 1.0),
            history(-1.0, 0.0, 2.0, 1.0),
            history(1.0, 1.0, 2.0, -1.0),
        ];
        for row in impossible {
            assert!(matches!(BgNbd::fit(BG, &[grouped(), vec![row]].concat()), Err(FitError::Impossible(_))), "{row:?}");
            assert!(PUBLISHED.log_likelihood(&[row]) < f64::MIN, "{row:?}");
        }
    }

    #[test]
    fn whatever_the_history_probabilities_and_expectations_are_numbers() {
        for x in [0.0, 1.0, 30.0, 1e4, 1e6] {
            for (recency, age) in [(0.0, 0.0), (1e-9, 1e4), (5e3, 1e4), (1e4, 1e4)] {
                for model in [BG, MBG].map(|kind| BgNbd { kind, ..PUBLISHED }) {
                    let alive = model.probability_alive(x, recency, age);
                    assert!((0.0..=1.0).contains(&alive), "{x} {recency} {age}: {alive}");
                    for horizon in [1e-6, 30.0, 1e6] {
                        let purchases = model.expected_purchases(horizon, x, recency, age);
                        assert!(purchases.is_finite() && purchases >= 0.0, "{horizon} {x} {recency} {age}: {purchases}");
                    }
                }
            }
        }
    }
}
