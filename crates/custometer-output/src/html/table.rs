//! Tables: what every chart is shown as too.

use serde::Serialize;

use super::change::Change;
use super::svg::{Bar, Place, Spark};

/// A table with a caption. Its first column names the rows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Table {
    /// What it holds.
    pub(super) caption: String,
    /// The heads of its columns.
    pub(super) columns: Vec<Column>,
    /// Its rows, each with a cell per column.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Whether it can be sorted and, when it is long, searched.
    pub(super) interactive: bool,
}

/// The head of a column.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// Whether it holds words and is aligned like them.
    pub(super) words: bool,
    /// Whether its order is the one that the table comes in.
    pub(super) in_order: bool,
    /// Whether it holds charts.
    pub(super) charts: bool,
}

impl Column {
    /// A column of numbers.
    pub(super) fn numbers(name: impl Into<String>) -> Self {
        Self { name: name.into(), words: false, in_order: false, charts: false }
    }

    /// A column of words.
    pub(super) fn words(name: impl Into<String>) -> Self {
        Self { words: true, ..Self::numbers(name) }
    }

    /// A column whose order is that of the rows: periods, steps.
    pub(super) fn in_order(name: impl Into<String>) -> Self {
        Self { in_order: true, ..Self::words(name) }
    }

    /// A column of small charts.
    pub(super) fn charts(name: impl Into<String>) -> Self {
        Self { charts: true, ..Self::words(name) }
    }
}

/// One cell. Its template goes by its kind.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", content = "is", rename_all = "snake_case")]
pub(super) enum Cell {
    /// The name of its row, or a part of it.
    Name(String),
    /// The name of a row of which more is to come.
    PartialName(String, &'static str),
    /// Words.
    Words(String),
    /// A number as it is read.
    Number(String),
    /// A number whose text does not sort as one, such as a duration.
    Sorted(String, Place),
    /// A number on a ground that shows how large it is, from 0 to 9.
    Shaded(String, u8),
    /// What stands where there is no value: a sign and what it means.
    Gap(&'static str, String),
    /// A change from a baseline.
    Change(Change),
    /// The target, where others have another one, and how the value stands to it.
    Status(Option<String>, super::status::Mark),
    /// A bar.
    Bar(Bar),
    /// A line.
    Spark(Spark),
    /// Nothing.
    Empty,
}
