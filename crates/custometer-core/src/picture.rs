//! How a metric's values over its own dimension are best shown.

/// The picture that a report draws of a metric with a dimension of its own.
///
/// A metric that says nothing gets columns over numbers, ranked bars over texts, and a heat map where there are periods beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Picture {
    /// A column for each value of an ordered dimension, such as the scores of a survey.
    Distribution,
    /// A line over a numeric dimension, such as survival by age.
    Curve,
    /// A heat map of cohorts, one row each, by age.
    Cohorts,
    /// Steps in their order, each a part of the one before.
    Funnel,
}
