//! Textbook intervals and tests, each with its source and a published or independently computed value in its test.
//!
//! Every function returns `None` where the data can't support an answer, never a number that looks like one. Numbers of observations are
//! floats, since the effective sizes of weighted samples are not whole.

mod clusters;
mod intervals;
mod quantiles;
mod significance;
mod students_t;
mod survival;
mod weights;

use statrs::distribution::{ContinuousCDF, Normal};

pub use clusters::Clusters;
pub use intervals::{Interval, mean, net_promoter_score, ratio_of_means, wilson};
pub(crate) use quantiles::quantile_by_rank;
pub use quantiles::{order_statistic, quantile, quantile_ranks};
pub use significance::{benjamini_hochberg, net_promoter_scores, two_proportions, two_ratios, welch};
pub use survival::{Lifetimes, RestrictedMean, Step, SurvivalCurve, kaplan_meier};
pub use weights::{kish_effective_size, weighted_variance};

/// The two-sided standard normal quantile for a confidence level: 1.959964 for 0.95.
pub fn normal_quantile(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + confidence / 2.0)
}

/// What is left of terms as large as `size` after subtraction; none where rounding leaves it fewer than some five digits.
fn remainder(difference: f64, size: f64) -> Option<f64> {
    const LEAST_DIGITS: f64 = 1e6;
    (difference > LEAST_DIGITS * f64::EPSILON * size).then_some(difference)
}
