//! What files hold: their dialect, their columns, which logical tables they could be, and a block of a report to start from.
//!
//! Everything here is a guess with its evidence. What could be meant in two ways is said, and left to the reader to choose.

mod block;
mod candidates;
mod columns;
mod group;
mod hints;
mod looks;
mod probe;
mod tally;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use custometer_core::Registry;
use custometer_core::dimension::DimensionValue;
use serde::Serialize;

pub use candidates::{Candidate, Match, Runnable};
pub use hints::Hint;

use crate::read::files;
use crate::read::number::NumberStyle;
use group::{Group, Looked};
use probe::{FileError, Probe};

/// What files hold.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The tables that the files make: files of the same columns and dialect are one.
    pub tables: Vec<InspectedTable>,
    /// The files that can't be read, each with the reason.
    pub unreadable: Vec<Unreadable>,
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

/// How text files put values into lines.
#[derive(Debug, Clone, Serialize)]
pub struct TextDialect {
    /// What stands between values, as configs call it.
    pub delimiter: String,
    /// How many values most rows have.
    pub values: usize,
    /// How many of the first rows have so many.
    pub rows_agreeing: usize,
    /// How many of the first rows were looked at.
    pub rows_looked_at: usize,
    /// What encloses some of the first values; none where nothing does.
    pub quote: Option<char>,
    /// Whether quotes are characters like any other, because they do not pair.
    pub plain_quotes: bool,
    /// How characters are written as bytes; `ASCII` where that is the same in every encoding.
    pub encoding: &'static str,
    /// Whether the first file starts with a byte-order mark.
    pub byte_order_mark: bool,
    /// A few words with letters beyond ASCII, to tell whether the encoding is the right one.
    pub words: Vec<String>,
    /// How many lines are no part of the table, and stand before it.
    pub skip_lines: u64,
    /// How many rows the header seems to have, the names being the first of them.
    pub header_lines: u64,
    /// Where the columns' names come from.
    pub header: Header,
}

/// Where the columns' names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// The header line.
    Names,
    /// The header line has some of them twice; they are made different.
    RepeatedNames,
    /// There is no header line: they are proposals.
    None,
}

/// How numbers are written as text.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Numbers {
    /// 1,5 instead of 1.5.
    pub decimal_comma: bool,
    /// What stands between groups of three digits.
    pub thousands: Option<char>,
}

impl From<NumberStyle> for Numbers {
    fn from(style: NumberStyle) -> Self {
        Self { decimal_comma: style.decimal_comma, thousands: style.thousands.map(|thousands| thousands.0) }
    }
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

/// A column.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedColumn {
    /// The file's name for it, or the proposed one.
    pub name: String,
    /// What its values are.
    pub looks_like: LooksLike,
    /// How its times are written, as configs say it; none for ISO 8601, which is read as it is.
    pub time_format: Option<String>,
    /// How its cells are written, as configs say it; none for plain numbers, flags and times.
    pub format: Option<String>,
    /// Other ways to write times that fit as well, and give other times.
    pub rival_time_formats: Vec<String>,
    /// Whether its times say nothing of where clocks showed them.
    pub is_local_time: bool,
    /// How many values are missing.
    pub missing: u64,
    /// The share of missing values, from 0 to 1; none without rows.
    pub missing_share: Option<f64>,
    /// How many different values there are.
    pub distinct: Distinct,
    /// The smallest number, the first time, or the first text by the alphabet.
    pub min: Option<DimensionValue>,
    /// The largest one, or the last.
    pub max: Option<DimensionValue>,
    /// The length of the shortest text in characters.
    pub shortest: Option<usize>,
    /// The length of the longest one.
    pub longest: Option<usize>,
    /// The first different values.
    pub examples: Vec<String>,
    /// How many rows have each value, where there are few.
    pub values: Option<BTreeMap<String, u64>>,
    /// How many values are not what the others are.
    pub unreadable: u64,
    /// A few of them.
    pub unreadable_examples: Vec<String>,
    /// Texts among its values that mean a missing one.
    pub missing_words: Vec<String>,
    #[serde(skip)]
    present: u64,
    /// Another format of times that fits all but so many values.
    #[serde(skip)]
    near_rival: Option<(String, u64)>,
    /// How many rows repeat a value, as far as values were told apart.
    #[serde(skip)]
    repeats: u64,
    #[serde(skip)]
    numbers: NumberStyle,
}

/// How many different values there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Distinct {
    /// How many were told apart.
    pub count: u64,
    /// Whether these are all.
    pub is_exact: bool,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LooksLike {
    /// There are none.
    Nothing,
    /// Text.
    Text,
    /// Digits that are no number to compute with.
    Code,
    /// Whole numbers.
    WholeNumber,
    /// Numbers, some with fractions.
    Number,
    /// True and false, or yes and no.
    Boolean,
    /// Days.
    Date,
    /// Times of days.
    Time,
    /// More than one value.
    Nested,
}

impl LooksLike {
    /// How people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Text => "text",
            Self::Code => "code",
            Self::WholeNumber => "whole number",
            Self::Number => "number",
            Self::Boolean => "true/false",
            Self::Date => "date",
            Self::Time => "time",
            Self::Nested => "nested",
        }
    }
}

impl InspectedColumn {
    /// How many values there are.
    pub fn present(&self) -> u64 {
        self.present
    }

    /// Whether no value comes twice, and none is missing.
    pub fn is_unique(&self) -> bool {
        self.distinct.is_exact && self.distinct.count == self.present && self.missing == 0 && self.present > 1
    }

    fn counts(&self) -> Option<&BTreeMap<String, u64>> {
        self.values.as_ref()
    }

    fn number(&self, text: &str) -> Option<f64> {
        self.numbers.parse(text)
    }

    fn smallest(&self) -> Option<f64> {
        number_of(self.min.as_ref()?)
    }

    fn largest(&self) -> Option<f64> {
        number_of(self.max.as_ref()?)
    }
}

fn number_of(value: &DimensionValue) -> Option<f64> {
    match value {
        DimensionValue::Integer(value) => Some(*value as f64),
        DimensionValue::Number(value) => Some(value.0),
        _ => None,
    }
}

/// Why nothing can be said of files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// None of them can be read.
    #[error("{}", .0.iter().map(|file| format!("`{}` {}", file.path, file.reason)).collect::<Vec<_>>().join("\n       "))]
    Unreadable(Vec<Unreadable>),
}

/// Goes through files, and says what they hold. Paths may be of files, of folders, or have `*` in them.
///
/// # Errors
///
/// When none of them can be read. What can't be read of several is in the result.
pub fn inspect(paths: &[String], registry: &Registry) -> Result<Inspection, InspectError> {
    let mut unreadable = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    for pattern in paths {
        let found = match files::files(pattern, Path::new("")) {
            Ok(found) => found,
            Err(error) => {
                unreadable.push(Unreadable { path: pattern.clone(), reason: FileError::from(error).to_string() });
                continue;
            }
        };
        for path in found.into_iter().filter(|path| seen.insert(path.clone())) {
            match Probe::of(&path) {
                Ok(probe) => match groups.iter_mut().find(|group| group.first().goes_with(&probe)) {
                    Some(group) => group.add(probe),
                    None => groups.push(Group::new(probe, pattern)),
                },
                Err(error) => unreadable.push(Unreadable { path: path.display().to_string(), reason: error.to_string() }),
            }
        }
    }
    let mut looked: Vec<Looked> = Vec::new();
    for group in groups {
        match group.look(registry) {
            Ok(table) => looked.push(table),
            Err((path, error)) => unreadable.push(Unreadable { path: path.display().to_string(), reason: error.to_string() }),
        }
    }
    if looked.is_empty() {
        return Err(InspectError::Unreadable(unreadable));
    }
    let names = names(&looked);
    Ok(Inspection { tables: looked.into_iter().zip(names).map(|(table, name)| table.told(&name)).collect(), unreadable })
}

/// The tables' names in their blocks: that of the logical table for the one that is most like it, else those of the files.
fn names(tables: &[Looked]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let names = tables.iter().map(|table| {
        let logical = table.best().filter(|best| {
            let rivals = tables.iter().filter_map(Looked::best).filter(|rival| rival.table == best.table);
            // Of equal ones the first.
            rivals.rev().max_by(|a, b| a.score.total_cmp(&b.score)).is_some_and(|first| std::ptr::eq(first, *best))
        });
        let own = table.own_name();
        let numbered = (2..).map(|number| format!("{own}_{number}"));
        let free =
            logical.map(|best| best.table.clone()).into_iter().chain([own.clone()]).chain(numbered).find(|name| !taken.contains(name));
        let name = free.unwrap_or(own);
        taken.insert(name.clone());
        name
    });
    names.collect()
}
