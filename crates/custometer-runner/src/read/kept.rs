//! Rows that are kept: those that repeat no other's key, or are the ones that stand for those that do; of changes, those that begin a span.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{BooleanChunked, Column, DataType, Field, IntoColumn, LazyFrame, PolarsResult, col};

use serde::{Deserialize, Serialize};

use super::ends::Ends;
use super::scan::ROW;

/// Which of a table's rows are kept, told from their keys before anything else is made of them; all, where nothing is said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "WrittenKept", into = "WrittenKept")]
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

/// The same as it is written for other machines.
#[derive(Serialize, Deserialize)]
struct WrittenKept {
    rows: Option<Vec<u64>>,
    repeated: u64,
    tied: u64,
    ends: Option<Ends>,
    without_span: u64,
}

impl From<WrittenKept> for Kept {
    fn from(WrittenKept { rows, repeated, tied, ends, without_span }: WrittenKept) -> Self {
        Self { rows: rows.map(Arc::new), repeated, tied, ends, without_span }
    }
}

impl From<Kept> for WrittenKept {
    fn from(Kept { rows, repeated, tied, ends, without_span }: Kept) -> Self {
        Self { rows: rows.map(Arc::unwrap_or_clone), repeated, tied, ends, without_span }
    }
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

    /// How many changes among these rows begin no span.
    pub(crate) fn without_span_of(&self, rows: Range<u64>) -> u64 {
        if self.without_span == 0 { 0 } else { self.ends.as_ref().map_or(0, |ends| ends.without_span(rows)) }
    }

    /// What tells which of these rows are kept, and when they end; nothing where all are, and last.
    pub(crate) fn tells(&self, rows: Range<u64>) -> String {
        let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
        match (&self.ends, &self.rows) {
            // When a row ends is told by rows of other files, too.
            (Some(_), _) => hash(format!("{self:?}").as_bytes()),
            (None, None) => String::new(),
            (None, Some(bits)) => {
                let bit = |row: u64| {
                    let word = usize::try_from(row / 64).ok().and_then(|word| bits.get(word));
                    word.is_some_and(|word| word >> (row % 64) & 1 == 1)
                };
                let bits: Vec<u8> = rows.map(|row| u8::from(bit(row))).collect();
                if bits.iter().all(|bit| *bit == 1) { String::new() } else { hash(&bits) }
            }
        }
    }

    /// The rows that are kept.
    pub(crate) fn of(&self, rows: LazyFrame) -> LazyFrame {
        let once = match self.rows.clone() {
            None => rows,
            Some(bits) => {
                let is_kept = move |numbers: Column| -> PolarsResult<Column> {
                    let bit = |row: u64| {
                        bits.get(usize::try_from(row / 64).unwrap_or(usize::MAX)).is_some_and(|bits| bits >> (row % 64) & 1 == 1)
                    };
                    let kept: BooleanChunked = numbers.u64()?.iter().map(|row| row.map(bit)).collect();
                    Ok(kept.with_name(numbers.name().clone()).into_column())
                };
                rows.filter(col(ROW).map_with_fmt_str(is_kept, |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)), "kept"))
            }
        };
        self.ends.iter().filter(|_| self.without_span > 0).fold(once, |rows, ends| rows.filter(ends.begin()))
    }
}
