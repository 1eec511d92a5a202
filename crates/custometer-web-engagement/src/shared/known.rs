//! What is known at the as-of instant: of what happens later, a metric must not say that it did not happen.

use custometer_core::prelude::*;
use polars::prelude::DataType;

use crate::tables::TIME;

/// The events of which something is known.
pub(crate) fn known(rows: LazyFrame, context: &DeriveContext) -> LazyFrame {
    rows.filter(instant(TIME).lt(lit(context.known_until())))
}

/// A time column as microseconds since 1970.
pub(crate) fn instant(time: &str) -> Expr {
    col(time).cast(DataType::Int64)
}
