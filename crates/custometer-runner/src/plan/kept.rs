//! Rows that are kept: those that repeat no other's key, or are the ones that stand for those that do; of changes, those that begin a span.

use std::sync::Arc;

use polars::prelude::{BooleanChunked, Column, DataType, Field, IntoColumn, LazyFrame, PolarsResult, col};

use crate::read::ends::Ends;
use crate::read::scan::ROW;

/// Which of a table's rows are kept, told from their keys before anything else is made of them; all, where nothing is said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// A bit for each row; none where no row repeats another.
    rows: Option<Arc<Vec<u64>>>,
    /// How many rows repeat others.
    pub(crate) repeated: u64,
    /// How many keys have several newest rows.
    pub(crate) tied: u64,
    /// When each row ends, where they are changes.
    ends: Option<Ends>,
    /// How many changes begin no span.
    pub(crate) without_span: u64,
}

impl Kept {
    pub(crate) fn new(rows: Vec<u64>, repeated: u64, tied: u64) -> Self {
        Self { rows: (repeated > 0).then(|| Arc::new(rows)), repeated, tied, ends: None, without_span: 0 }
    }

    /// The same rows, with their ends. So many of them begin no span.
    pub(crate) fn with_ends(self, ends: Ends, without_span: u64) -> Self {
        Self { ends: Some(ends), without_span, ..self }
    }

    /// When each row ends, where that is known.
    pub(crate) fn ends(&self) -> Option<&Ends> {
        self.ends.as_ref()
    }

    /// The rows that are kept.
    pub(crate) fn of(&self, rows: LazyFrame) -> LazyFrame {
        if self.rows.is_none() && self.without_span == 0 {
            return rows;
        }
        let (bits, ends) = (self.rows.clone(), self.ends.clone());
        let is_kept = move |numbers: Column| -> PolarsResult<Column> {
            let bit = |bits: &Vec<u64>, row: u64| {
                bits.get(usize::try_from(row / 64).unwrap_or(usize::MAX)).is_some_and(|bits| bits >> (row % 64) & 1 == 1)
            };
            let is_kept = |row: u64| bits.as_deref().is_none_or(|bits| bit(bits, row)) && ends.as_ref().is_none_or(|ends| ends.begins(row));
            let kept: BooleanChunked = numbers.u64()?.iter().map(|row| row.map(is_kept)).collect();
            Ok(kept.with_name(numbers.name().clone()).into_column())
        };
        rows.filter(col(ROW).map_with_fmt_str(is_kept, |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)), "kept"))
    }
}
