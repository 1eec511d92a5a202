//! What is known at the as-of instant: of what happens later, a metric must not say that it did not happen.

use custometer_core::prelude::*;
use polars::prelude::DataType;

use crate::tables::TIME;

/// The first instant about which nothing is known: the as-of instant or, without one, the end of the period.
pub(crate) fn known_until(context: &DeriveContext) -> i64 {
    context.as_of.or_else(|| context.buckets.edges().last().copied()).unwrap_or(i64::MAX)
}

/// The events of which something is known.
pub(crate) fn known(rows: LazyFrame, context: &DeriveContext) -> LazyFrame {
    rows.filter(instant(TIME).lt(lit(known_until(context))))
}

/// A time column as microseconds since 1970.
pub(crate) fn instant(time: &str) -> Expr {
    col(time).cast(DataType::Int64)
}
