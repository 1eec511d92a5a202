//! Textbook intervals and tests, each with its source and a published or independently computed value in its test.
//!
//! Every function returns `None` where the data can't support an answer, never a number that looks like one. Numbers of observations are
//! floats, since the effective sizes of weighted samples are not whole.

mod clusters;
mod decomposition;
mod intervals;
mod normal;
mod process;
mod quantiles;
mod rounding;
mod significance;
mod students_t;
mod survival;
mod weights;

pub use clusters::Clusters;
pub use decomposition::{Contribution, Rate, kitagawa};
pub use intervals::{Interval, mean, net_promoter_score, ratio_of_independent, ratio_of_means, wilson};
pub use normal::normal_quantile;
pub use process::{Process, RunRule, process};
pub(crate) use quantiles::quantile_by_rank;
pub use quantiles::{order_statistic, quantile, quantile_ranks};
pub use significance::{benjamini_hochberg, difference_interval, net_promoter_scores, two_proportions, two_ratios, welch};
pub use survival::{Lifetimes, RestrictedMean, Step, SurvivalCurve, kaplan_meier, log_rank};
pub use weights::{kish_effective_size, weighted_variance};
