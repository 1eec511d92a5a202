//! A question about a table, and what a report says for each answer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::toml_text;

/// The options that were chosen, by the keys of their choices.
pub type Answers = BTreeMap<String, usize>;

/// What could be meant in two ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What tells it from the table's other choices: the key of the config that it is about, such as `time_formats.Date`.
    pub key: String,
    /// The question.
    pub asks: String,
    /// The answers.
    pub options: Vec<Answer>,
    /// The file's columns that can't be used without an answer; none where no row can.
    pub columns: Vec<String>,
    /// Whether there is no plain reading, so that nothing may rest on it before it is answered.
    pub is_needed: bool,
}

/// An answer to a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What it means.
    pub means: String,
    /// What the table of a report then says, in TOML; empty where it says nothing.
    pub says: String,
}

impl Choice {
    /// Whether nothing that reads a column may be computed before it is answered.
    pub fn holds_back(&self, column: &str) -> bool {
        self.is_needed && (self.columns.is_empty() || self.columns.iter().any(|of| of == column))
    }
}

/// The key of the choice between two ways to write numbers.
pub(super) const NUMBERS: &str = "thousands";
/// The key of what rows with a total are.
pub(super) const TOTALS: &str = "skip_rows_where";
/// The key of what one of an amount is.
pub(super) const MINOR_UNITS: &str = "amounts_in";
/// The key of what rows are that repeat an id.
pub(super) const REPEATED: &str = "deduplicate";
/// The key of whether a row is an order or one of its lines.
pub(super) const LINES: &str = "params";

/// The key of how a column's times are written.
pub(super) fn time_format(column: &str) -> String {
    format!("time_formats.{}", toml_text::key(column))
}

/// The key of which column is a logical one.
pub(super) fn column(logical: &str) -> String {
    format!("columns.{logical}")
}
