//! The measures once more, in plain Rust over vectors of rows: what the engine is compared with.

use std::collections::HashSet;

use custometer_core::Measure;
use custometer_core::measure::{count, count_distinct, max, mean, min, quantile, sum, variance};
use polars::prelude::{Expr, col, lit};
use proptest::prelude::Strategy;
use proptest::sample::{select, subsequence};

use crate::rows::Row;

/// A column of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int,
    Float,
}

/// Every kind of measure there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Count,
    Sum(Number),
    Min(Number),
    Max(Number),
    Mean(Number),
    Variance(Number),
    DistinctIds,
    DistinctInts,
    Quantile(Number, f64),
}

/// Which rows take part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Only {
    All,
    Kept,
    Positive,
    KeptAndPositive,
}

/// A measure that is asked of the engine and of this file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) only: Only,
}

/// What a measure must come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Truth {
    pub(crate) value: Option<f64>,
    /// How far off an engine may be that sums in another order.
    pub(crate) tolerance: f64,
}

/// Every kind of measure. Some come twice, so that they share a state, with and without a filter in common.
pub(crate) const KINDS: [Kind; 17] = [
    Kind::Count,
    Kind::Sum(Number::Int),
    Kind::Sum(Number::Float),
    Kind::Min(Number::Int),
    Kind::Min(Number::Float),
    Kind::Max(Number::Int),
    Kind::Max(Number::Float),
    Kind::Mean(Number::Int),
    Kind::Mean(Number::Float),
    Kind::Variance(Number::Int),
    Kind::Variance(Number::Float),
    Kind::DistinctIds,
    Kind::DistinctIds,
    Kind::DistinctInts,
    Kind::Quantile(Number::Float, 0.5),
    Kind::Quantile(Number::Float, 0.9),
    Kind::Quantile(Number::Int, 0.5),
];

/// Some kinds of measure in any order, each over all rows or under a filter.
pub(crate) fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let filters = vec![Only::All, Only::Kept, Only::Positive, Only::KeptAndPositive];
    let asked = KINDS.map(|kind| select(filters.clone()).prop_map(move |only| Asked { kind, only }));
    let some = asked.prop_flat_map(|asked| subsequence(asked.to_vec(), 4..=8));
    some.prop_shuffle()
}

impl Number {
    fn column(self) -> Expr {
        match self {
            Self::Int => col("int"),
            Self::Float => col("float"),
        }
    }

    fn values(self, rows: &[&Row]) -> Vec<f64> {
        match self {
            Self::Int => rows.iter().filter_map(|row| row.int).map(|int| int as f64).collect(),
            Self::Float => rows.iter().filter_map(|row| row.float).collect(),
        }
    }
}

impl Only {
    fn takes(self, row: &Row) -> bool {
        let (kept, positive) = (row.keep == Some(true), row.float.is_some_and(|float| float > 0.0));
        match self {
            Self::All => true,
            Self::Kept => kept,
            Self::Positive => positive,
            Self::KeptAndPositive => kept && positive,
        }
    }
}

impl Asked {
    pub(crate) fn all(kind: Kind) -> Self {
        Self { kind, only: Only::All }
    }

    /// As the engine is asked.
    pub(crate) fn measure(&self) -> Measure {
        let name = format!("{self:?}");
        let measure = match self.kind {
            Kind::Count => count(&name),
            Kind::Sum(of) => sum(&name, of.column()),
            Kind::Min(of) => min(&name, of.column()),
            Kind::Max(of) => max(&name, of.column()),
            Kind::Mean(of) => mean(&name, of.column()),
            Kind::Variance(of) => variance(&name, of.column()),
            Kind::DistinctIds => count_distinct(&name, col("id")),
            Kind::DistinctInts => count_distinct(&name, col("int")),
            Kind::Quantile(of, level) => quantile(&name, of.column(), level),
        };
        let (kept, positive) = (col("keep"), col("float").gt(lit(0.0)));
        match self.only {
            Only::All => measure,
            Only::Kept => measure.filter(kept),
            Only::Positive => measure.filter(positive),
            Only::KeptAndPositive => measure.filter(kept).filter(positive),
        }
    }

    /// As it is by the book.
    pub(crate) fn truth(&self, rows: &[&Row]) -> Truth {
        let rows: Vec<&Row> = rows.iter().copied().filter(|row| self.only.takes(row)).collect();
        match self.kind {
            Kind::Count => Truth::exact(Some(rows.len() as f64)),
            Kind::Sum(Number::Int) => Truth::exact(Some(rows.iter().filter_map(|row| row.int).sum::<i64>() as f64)),
            Kind::Sum(Number::Float) => {
                let values = Number::Float.values(&rows);
                Truth { value: Some(values.iter().sum()), tolerance: 1e-9 * values.iter().map(|value| value.abs()).sum::<f64>() }
            }
            Kind::Min(of) => Truth::exact(of.values(&rows).into_iter().reduce(f64::min)),
            Kind::Max(of) => Truth::exact(of.values(&rows).into_iter().reduce(f64::max)),
            Kind::Mean(of) => {
                let values = of.values(&rows);
                Truth { value: mean_of(&values), tolerance: 1e-9 * largest(&values) }
            }
            Kind::Variance(of) => {
                let values = of.values(&rows);
                let value = variance_of(&values);
                // Equal values that no float is equal to have a spread of a rounding error.
                Truth { value, tolerance: 1e-9 * value.unwrap_or_default() + (1e-12 * largest(&values)).powi(2) }
            }
            Kind::DistinctIds => Truth::exact(Some(rows.iter().filter_map(|row| row.id).collect::<HashSet<_>>().len() as f64)),
            Kind::DistinctInts => Truth::exact(Some(rows.iter().filter_map(|row| row.int).collect::<HashSet<_>>().len() as f64)),
            Kind::Quantile(of, level) => {
                let values = of.values(&rows);
                Truth { value: quantile_of(&values, level), tolerance: 1e-9 * largest(&values) }
            }
        }
    }

    /// How many values a quantile is taken of.
    pub(crate) fn n(&self, rows: &[&Row]) -> Option<f64> {
        match self.kind {
            Kind::Quantile(of, _) => {
                let rows: Vec<&Row> = rows.iter().copied().filter(|row| self.only.takes(row)).collect();
                Some(of.values(&rows).len() as f64)
            }
            _ => None,
        }
    }
}

impl Truth {
    fn exact(value: Option<f64>) -> Self {
        Self { value, tolerance: 0.0 }
    }

    pub(crate) fn agrees_with(&self, found: Option<f64>) -> bool {
        match (self.value, found) {
            (Some(value), Some(found)) => (value - found).abs() <= self.tolerance,
            (value, found) => value == found,
        }
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().map(|value| value.abs()).fold(0.0, f64::max)
}

fn mean_of(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// In two passes, with n − 1.
pub(crate) fn variance_of(values: &[f64]) -> Option<f64> {
    let mean = mean_of(values).filter(|_| values.len() > 1)?;
    Some(values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
}

/// Hyndman & Fan's definition 7, over the sorted values themselves.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position among a few values")]
fn quantile_of(values: &[f64], level: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let position = level * (values.len().checked_sub(1)? as f64);
    let (below, above) = (values[position.floor() as usize], values[position.ceil() as usize]);
    Some(below * (1.0 - position.fract()) + above * position.fract())
}
