//! Measures: named, mergeable aggregates of row-level expressions.
//!
//! The set is closed on purpose. Each kind has a partial state that can be united with the state of other rows in any order, and that is
//! what makes totals right, runs incremental and the same definition good for a laptop and a cluster.

use polars::prelude::arity::unary_elementwise_values;
use polars::prelude::{DataType, Expr, Field, Float64Chunked, IntoColumn};

/// A named aggregate of a source's (or a derivation's) rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Its name, unique in the metric; outputs carry it.
    pub name: String,
    /// What is computed.
    pub aggregate: Aggregate,
    /// Which rows take part; all of them without a filter. A null counts as false.
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

    /// The level of a quantile; the median's of what is none.
    pub(crate) fn level(&self) -> f64 {
        if let Self::Quantile(_, level) = self { *level } else { 0.5 }
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

/// Rounds numbers to eight significant binary digits, so that many have few different values: for quantiles in bounded memory.
///
/// A value is off by at most 1/256, 0.4 %, and so is a quantile of values of one sign. Whole numbers up to 256 stay as they are. There are
/// 128 values from one power of two to the next, and the state of a quantile counts how often each comes: it unites in any order, as in
/// C. Masson, J. E. Rim & H. K. Lee, "`DDSketch`: a fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12 (2019).
/// Theirs are bins of equal ratio; these need no logarithm, and so are the same on every machine.
pub fn binned(value: Expr) -> Expr {
    value.cast(DataType::Float64).map_with_fmt_str(
        |column| {
            let rounded: Float64Chunked = unary_elementwise_values(column.f64()?, rounded);
            Ok(rounded.into_column().with_name(column.name().clone()))
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Float64)),
        "binned",
    )
}

/// The nearest number of eight significant binary digits, that is with a fraction of seven.
fn rounded(value: f64) -> f64 {
    const DROPPED: u64 = 1 << (52 - 7);
    if value.is_finite() { f64::from_bits((value.to_bits() + DROPPED / 2) & !(DROPPED - 1)) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics;

    /// Numbers that look random and are the same in every run.
    fn uniform() -> impl Iterator<Item = f64> {
        let next = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        std::iter::successors(Some(42_u64), next).skip(1).map(|state| ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64)
    }

    #[test]
    fn a_rounded_number_is_off_by_four_parts_in_a_thousand_at_most() {
        let spread = uniform().map(|uniform| 10_f64.powf(24.0 * uniform - 12.0));
        let worst = spread.take(100_000).map(|value| (rounded(value) / value - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst > 0.003 && worst <= 1.0 / 256.0, "{worst}");
        assert!((0..=256).all(|whole| rounded(f64::from(whole)).total_cmp(&f64::from(whole)).is_eq()));
        assert!([(257.0, 258.0), (-257.0, -258.0), (1.999, 2.0)].iter().all(|&(value, near)| rounded(value).total_cmp(&near).is_eq()));
    }

    #[test]
    fn quantiles_of_rounded_numbers_are_off_by_half_a_percent_at_most() {
        // Waiting times have long tails: Pareto's with an infinite variance, and the exponential one.
        let tails: [fn(f64) -> f64; 3] =
            [|uniform| 60.0 * uniform.powf(-1.0 / 1.5), |uniform| -3600.0 * uniform.ln(), |uniform| 900.0 * uniform];
        for tail in tails {
            let mut values: Vec<f64> = uniform().take(20_001).map(tail).collect();
            values.sort_unstable_by(f64::total_cmp);
            let binned: Vec<f64> = values.iter().map(|value| rounded(*value)).collect();
            let ones = vec![1; values.len()];
            for level in [0.01, 0.25, 0.5, 0.9, 0.95, 0.999] {
                let [exact, near] = [&values, &binned].map(|values| statistics::quantile(values, &ones, level).unwrap());
                assert!((near / exact - 1.0).abs() <= 0.005, "{near} is not {exact}");
            }
        }
    }
}
