//! When the rows of a log of changes end: each lasts until the next one of its entity.

use std::sync::Arc;

use polars::prelude::{
    Column, DataType, Expr, Field, Int64Chunked, IntoColumn, NULL, NewChunkedArray, PolarsResult, TimeUnit, TimeZone, col, lit,
};

use super::scan::ROW;

/// The type of ends.
pub(crate) const STORED: DataType = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));

/// When each row of a log ends, by its number.
#[derive(Debug, Clone)]
pub(crate) struct Ends(Arc<Vec<i64>>);

impl Ends {
    /// Of a row that lasts.
    pub(crate) const NEVER: i64 = i64::MAX;
    /// Of a row that begins no span.
    pub(crate) const NO_SPAN: i64 = i64::MIN;

    /// For rows from the first on, in microseconds since 1970. Those after the last one last.
    pub(crate) fn new(ends: Vec<i64>) -> Self {
        Self(Arc::new(ends))
    }

    fn of(&self, row: u64) -> i64 {
        usize::try_from(row).ok().and_then(|row| self.0.get(row)).copied().unwrap_or(Self::NEVER)
    }

    /// Whether a row begins a span.
    pub(crate) fn begins(&self, row: u64) -> bool {
        self.of(row) != Self::NO_SPAN
    }

    /// The end of each row; null where it lasts.
    pub(crate) fn column(&self) -> Expr {
        let ends = self.clone();
        let of_rows = move |rows: Column| -> PolarsResult<Column> {
            let end = |row: u64| Some(ends.of(row)).filter(|end| ![Self::NEVER, Self::NO_SPAN].contains(end));
            let ends = Int64Chunked::from_iter_options(rows.name().clone(), rows.u64()?.iter().map(|row| row.and_then(end)));
            ends.into_column().cast(&STORED)
        };
        col(ROW).map_with_fmt_str(of_rows, |_, field| Ok(Field::new(field.name().clone(), STORED)), "ends")
    }

    /// Ends that are not known.
    pub(crate) fn unknown() -> Expr {
        lit(NULL).cast(STORED)
    }
}
