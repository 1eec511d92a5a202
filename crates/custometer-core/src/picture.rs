//! How a metric's values over its own dimension are best shown.

use serde::{Deserialize, Serialize};

/// The picture that a report draws of a metric with a dimension of its own.
///
/// A metric that says nothing gets columns over numbers, or a heat map where there are several periods, and bars over texts: in their order
/// where its own dimension names them beforehand, else ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Picture {
    /// A column or bar for each value, in their order: the scores of a survey, the steps of a funnel.
    Distribution,
    /// A line over a numeric dimension, such as survival by age.
    Curve,
    /// A heat map of cohorts, one row each, by age.
    Cohorts,
}
