//! What is known at the as-of instant.

use custometer_core::prelude::*;
use polars::prelude::DataType;

use crate::tables::TICKET_ID;

/// The instant up to which things are known, in microseconds since 1970, on every row.
pub(crate) const KNOWN_UNTIL: &str = "known_until";

/// The last instant of a window, in microseconds since 1970, on every row of [`AsOf`] with a window; missing where it has not begun.
pub(crate) const DEADLINE: &str = "deadline";

/// Rows → the same, each with the instant up to which things are known: the as-of instant, or where there is none where the
/// data end. For sources that are always placed in time.
#[derive(Debug, Default)]
pub(crate) struct AsOf {
    /// A window that begins at the time in a column, and is so many local days long.
    pub window: Option<(&'static str, u32)>,
}

impl Derive for AsOf {
    fn entity(&self) -> &'static str {
        TICKET_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let deadline = |(column, days)| context.clock.days_later(col(column), days).cast(DataType::Int64).alias(DEADLINE);
        let added = std::iter::once(lit(context.known_until()).alias(KNOWN_UNTIL)).chain(self.window.map(deadline));
        Ok(rows.with_columns(added.collect::<Vec<_>>()))
    }
}

/// Whether something has happened by then.
pub(crate) fn has_happened(time: &str) -> Expr {
    col(time).is_not_null().and(col(time).cast(DataType::Int64).lt(col(KNOWN_UNTIL)))
}
