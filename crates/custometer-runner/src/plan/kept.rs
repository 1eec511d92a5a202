//! Rows that repeat no other's key, or are the ones that are kept of those that do.

use std::sync::Arc;

use polars::prelude::{BooleanChunked, Column, DataType, Field, IntoColumn, LazyFrame, PolarsResult, col};

use crate::read::scan::ROW;

/// Which of a table's rows are kept, told from their keys before anything else is made of them; all, where no row repeats another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// A bit for each row; none where all are kept.
    rows: Option<Arc<Vec<u64>>>,
    /// How many rows are not.
    pub(crate) repeated: u64,
    /// How many keys have several newest rows.
    pub(crate) tied: u64,
}

impl Kept {
    pub(crate) fn new(rows: Vec<u64>, repeated: u64, tied: u64) -> Self {
        Self { rows: (repeated > 0).then(|| Arc::new(rows)), repeated, tied }
    }

    /// The rows that are kept.
    pub(crate) fn of(&self, rows: LazyFrame) -> LazyFrame {
        let Some(bits) = self.rows.clone() else { return rows };
        let is_kept = move |numbers: Column| -> PolarsResult<Column> {
            let bit = |row: u64| bits.get(usize::try_from(row / 64).unwrap_or(usize::MAX)).is_some_and(|bits| bits >> (row % 64) & 1 == 1);
            let kept: BooleanChunked = numbers.u64()?.iter().map(|row| row.map(bit)).collect();
            Ok(kept.with_name(numbers.name().clone()).into_column())
        };
        rows.filter(col(ROW).map_with_fmt_str(is_kept, |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)), "kept"))
    }
}
