//! What is told of files.

use serde::Serialize;

use super::candidates::Candidate;
use super::choice::Choice;
use super::column::InspectedColumn;
use super::dialect::{Numbers, TextDialect};
use super::hints::Hint;

/// What files hold.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The tables that the files make: files of the same columns and dialect are one.
    pub tables: Vec<InspectedTable>,
    /// The files that can't be read, each with the reason.
    pub unreadable: Vec<Unreadable>,
}

/// Why nothing can be said of files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// None of them can be read.
    #[error("{}", .0.iter().map(|file| format!("`{}` {}", file.path, file.reason)).collect::<Vec<_>>().join("\n       "))]
    Unreadable(Vec<Unreadable>),
}

/// A file that can't be read.
#[derive(Debug, Clone, Serialize)]
pub struct Unreadable {
    /// Its path, or the pattern that names no file.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Files that make one table.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedTable {
    /// The files.
    pub files: Vec<InspectedFile>,
    /// Their format, as configs call it.
    pub format: &'static str,
    /// How text files put values into lines.
    pub text: Option<TextDialect>,
    /// How numbers are written as text.
    pub numbers: Numbers,
    /// How many rows there are, damaged ones too.
    pub rows: u64,
    /// Rows that are not what the header promises; no part of what is said of the columns.
    pub damaged: Vec<Damage>,
    /// The columns, in the order of the first file.
    pub columns: Vec<InspectedColumn>,
    /// What is worth a look.
    pub hints: Vec<Hint>,
    /// What could be meant in two ways.
    pub choices: Vec<Choice>,
    /// The logical tables that it could be, the likeliest first.
    pub could_be: Vec<Candidate>,
    /// A table of a report's config to start from.
    pub block: String,
}

/// A file.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedFile {
    /// Its path, as it was given.
    pub path: String,
    /// Its size on disk.
    pub bytes: u64,
    /// How it is packed.
    pub compression: Option<&'static str>,
    /// How many rows it has.
    pub rows: u64,
}

/// Rows that are damaged in one way.
#[derive(Debug, Clone, Serialize)]
pub struct Damage {
    /// What is wrong with them.
    pub reason: &'static str,
    /// How many there are.
    pub rows: u64,
    /// The file of the first one.
    pub file: String,
    /// Its number there, from 1.
    pub row: u64,
}
