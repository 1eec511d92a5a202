//! Measures: named, mergeable aggregates of row-level expressions.
//!
//! The set is closed on purpose. Each kind has a partial state that can be united with the state of other rows in any order, and that is
//! what makes totals right, runs incremental and the same definition good for a laptop and a cluster.

use polars::prelude::Expr;

/// A named aggregate of a source's (or a derivation's) rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Its name, unique in the metric; outputs carry it.
    pub name: String,
    /// What is computed.
    pub aggregate: Aggregate,
    /// Which rows take part; all of them without a filter. A null is no.
    pub filter: Option<Expr>,
    /// Over which rows: those of the group, or of more than it.
    pub scope: Scope,
    /// Whether the value is of the bucket alone, or of a stock that its rows move.
    pub stock: Stock,
}

/// What the value of a bucket is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Stock {
    /// The rows of the bucket: a flow.
    #[default]
    Flow,
    /// All rows before the bucket, those before the period too: a stock as the bucket opens.
    Opening,
    /// All rows up to the bucket's end: a stock as the bucket closes.
    Closing,
}

/// The closed set of aggregates. Nulls take part in none but `Count`.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// Rows.
    Count,
    /// Sum; 0 for no rows.
    Sum(Expr),
    /// Smallest value.
    Min(Expr),
    /// Largest value.
    Max(Expr),
    /// Arithmetic mean.
    Mean(Expr),
    /// Sample variance, with n − 1.
    Variance(Expr),
    /// Distinct values.
    CountDistinct(Expr),
    /// Quantile at a level from 0 to 1, exact, by linear interpolation.
    Quantile(Expr, f64),
}

/// The rows a measure is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The rows of the group itself.
    #[default]
    Group,
    /// The rows of the breakdown's group, over all values of the metric's own dimensions: the whole of a distribution.
    OwnDimensions,
    /// The rows of the bucket, over all groups: the whole that shares are of.
    Bucket,
}

impl Aggregate {
    /// Names the measure.
    fn named(self, name: &str) -> Measure {
        Measure { name: name.to_owned(), aggregate: self, filter: None, scope: Scope::Group, stock: Stock::Flow }
    }

    /// The value of a bucket or group that has no rows.
    pub fn of_nothing(&self) -> Option<f64> {
        match self {
            Self::Count | Self::Sum(_) | Self::CountDistinct(_) => Some(0.0),
            Self::Min(_) | Self::Max(_) | Self::Mean(_) | Self::Variance(_) | Self::Quantile(..) => None,
        }
    }
}

impl Measure {
    /// Only rows for which `filter` is true take part.
    #[must_use]
    pub fn filter(mut self, filter: Expr) -> Self {
        self.filter = Some(match self.filter {
            Some(present) => present.and(filter),
            None => filter,
        });
        self
    }

    /// Takes the measure over more rows than those of the group.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The stock that rows have moved before the bucket, and before the period.
    #[must_use]
    pub fn opening(mut self) -> Self {
        self.stock = Stock::Opening;
        self
    }

    /// The stock that rows have moved up to the bucket's end.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.stock = Stock::Closing;
        self
    }

    /// Whether rows of earlier buckets are in the value.
    pub fn is_stock(&self) -> bool {
        self.stock != Stock::Flow
    }

    /// Whether the values of disjoint groups of rows add up to the value of all of them.
    pub fn is_additive(&self) -> bool {
        matches!(self.aggregate, Aggregate::Count | Aggregate::Sum(_))
    }

    /// Whether the values of consecutive buckets add up to the value of the period. A stock's do not.
    pub fn is_additive_over_time(&self) -> bool {
        self.is_additive() && !self.is_stock()
    }
}

/// Counts rows.
pub fn count(name: &str) -> Measure {
    Aggregate::Count.named(name)
}
/// Sums a number.
pub fn sum(name: &str, of: Expr) -> Measure {
    Aggregate::Sum(of).named(name)
}
/// Takes the smallest value.
pub fn min(name: &str, of: Expr) -> Measure {
    Aggregate::Min(of).named(name)
}
/// Takes the largest value.
pub fn max(name: &str, of: Expr) -> Measure {
    Aggregate::Max(of).named(name)
}
/// Takes the arithmetic mean.
pub fn mean(name: &str, of: Expr) -> Measure {
    Aggregate::Mean(of).named(name)
}
/// Takes the sample variance.
pub fn variance(name: &str, of: Expr) -> Measure {
    Aggregate::Variance(of).named(name)
}
/// Counts distinct values.
pub fn count_distinct(name: &str, of: Expr) -> Measure {
    Aggregate::CountDistinct(of).named(name)
}
/// Takes an exact quantile at a level from 0 to 1.
pub fn quantile(name: &str, of: Expr, level: f64) -> Measure {
    Aggregate::Quantile(of, level).named(name)
}
