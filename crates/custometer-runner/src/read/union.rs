//! One table of several: the rows of all of them, their columns joined by name.
//!
//! What a cell means is for its own table to say: how its numbers and times are written, in which zone its clocks are, what its expressions and
//! lookups make of it. So each of the tables reads its columns by itself, and hands on beside the stored value what it is read as. What comes
//! after has these as if one file held them.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::ColumnType;
use custometer_core::time::INSTANT;
use polars::prelude::{DataType, Expr, NULL, col, lit, when};

use super::column::{self, StoredColumn, Style, Typed};
use super::fault::{Check, Origin, Reason, fault_name};

/// The column that has the number of the source of each row.
pub(crate) const SOURCE: &str = "__source";

/// The kinds that a source reads by rules of its own. Ids and texts are what is stored.
pub(crate) const READ: [ColumnType; 3] = [ColumnType::Number, ColumnType::Boolean, ColumnType::Time];

/// A column of a union.
#[derive(Clone)]
pub(crate) struct United {
    pub(crate) name: String,
    /// The type that holds what every source stores.
    pub(crate) stored: DataType,
    /// What its values are to expressions, in the type that these store, or why they are nothing.
    pub(crate) looks: Result<DataType, String>,
    /// Whether nothing tells yet what they are, in any source.
    pub(crate) is_untold: bool,
    /// Why a value is not that.
    pub(crate) unlike: Vec<Reason>,
    /// What the sources' own expressions and lookups fail for.
    pub(crate) fails: Vec<Reason>,
    /// By the kind that it is read as.
    pub(crate) readings: Vec<(ColumnType, Result<Reading, String>)>,
}

/// How all sources read a column as one kind.
#[derive(Clone)]
pub(crate) struct Reading {
    /// What an unreadable value is not.
    pub(crate) expected: String,
    /// Whether some are times that clocks may have showed twice.
    pub(crate) may_be_twice: bool,
}

/// What a table hands on as a source of a union.
#[derive(Clone, Default)]
pub(crate) struct Contribution {
    /// By column of the union, what the source makes of its own; of one that it lacks, nothing but missing values.
    pub(crate) columns: BTreeMap<String, Vec<Expr>>,
    /// The columns that it has itself.
    pub(crate) own: BTreeSet<String>,
    /// Those that are the same in all its rows.
    pub(crate) said: BTreeSet<String>,
    /// Of which source a row is.
    pub(crate) of: Vec<Expr>,
    /// Where the row is, and whether it can be used.
    pub(crate) places: Vec<Expr>,
}

impl Contribution {
    /// What it gives of these columns.
    pub(crate) fn of(&self, columns: &[&str]) -> impl Iterator<Item = Expr> {
        columns.iter().filter_map(|column| self.columns.get(*column)).flatten().chain(&self.of).cloned()
    }

    /// Whether it has nothing but missing values of a column.
    pub(crate) fn lacks(&self, column: &str) -> bool {
        !self.own.contains(column) && !self.said.contains(column)
    }

    /// The columns that it must read for these.
    pub(crate) fn used(&self, columns: &[&str]) -> BTreeSet<String> {
        let own = columns.iter().filter(|column| self.own.contains(**column));
        own.flat_map(|column| [(*column).to_owned(), looks_name(column)]).collect()
    }
}

/// The column that has what a column looks like, for expressions.
pub(crate) fn looks_name(column: &str) -> String {
    format!("__looks:{column}")
}

/// The column that has what is wrong with a row as it is written, where one of these is at fault.
pub(crate) fn text_name(made: &str) -> String {
    format!("__text:{made}")
}

fn read_name(column: &str, kind: ColumnType) -> String {
    format!("__read:{}:{column}", kind.as_str())
}

fn twice_name(column: &str) -> String {
    format!("__twice:{column}")
}

/// What a union calls a lookup of one of its sources.
pub(crate) fn lookup_of_source(source: &str, lookup: &str) -> String {
    format!("{source}/{lookup}")
}

impl United {
    /// The column as a metric's input, or why it can't be one.
    pub(crate) fn typed(&self, looks: &StoredColumn, kind: ColumnType, style: &Style) -> Result<Typed, String> {
        let Some((_, reading)) = self.readings.iter().find(|(known, _)| *known == kind) else {
            return column::typed(&self.name, &self.stored, Some(looks), kind, style);
        };
        let Reading { expected, may_be_twice } = reading.clone()?;
        Ok(Typed {
            value: col(read_name(&self.name, kind)),
            missing: col(self.name.as_str()).is_null(),
            expected,
            ambiguous: (kind == ColumnType::Time && may_be_twice).then(|| col(twice_name(&self.name))),
        })
    }

    /// Whether it is read where any of these columns are.
    pub(crate) fn is_read(&self, read: &BTreeSet<String>) -> bool {
        let looks = looks_name(&self.name);
        let names = [&self.name, &looks].into_iter().flat_map(|name| [name.clone(), fault_name(name), text_name(name)]);
        let kinds = READ.into_iter().map(|kind| read_name(&self.name, kind)).chain([twice_name(&self.name)]);
        names.chain(kinds).any(|name| read.contains(&name))
    }

    /// What a source gives that stores it so. `typed` is how it reads each kind, and `faults` what it fails for: itself, and as what it looks
    /// like.
    ///
    /// # Errors
    ///
    /// When a kind can't be read which all sources were to read.
    pub(crate) fn of_source(
        &self,
        stored: &DataType,
        typed: &dyn Fn(ColumnType) -> Result<Typed, String>,
        (fails, unlike): (&[OfSource], &[OfSource]),
    ) -> Result<Vec<Expr>, String> {
        let (name, looks) = (self.name.as_str(), looks_name(&self.name));
        let mut given = Vec::from(carried(fails, &self.fails, name));
        given.extend(carried(unlike, &self.unlike, &looks));
        given.extend(self.looks.iter().map(|kind| col(looks.as_str()).strict_cast(kind.clone()).alias(looks.as_str())));
        let (mut missing, mut twice) = (col(name).is_null(), lit(false));
        for (kind, _) in self.readings.iter().filter(|(_, reading)| reading.is_ok()) {
            let typed = typed(*kind)?;
            given.push(typed.value.cast(self.read_as(*kind)).alias(read_name(name, *kind)));
            missing = typed.missing;
            twice = typed.ambiguous.map_or(twice, |ambiguous| ambiguous.fill_null(lit(false)));
        }
        let value = as_stored(col(name), stored, &self.stored);
        given.push(when(missing).then(lit(NULL)).otherwise(value).cast(self.stored.clone()).alias(name));
        given.push(twice.alias(twice_name(name)));
        Ok(given)
    }

    /// What a source gives that lacks it, in the same order: the same text in all rows, or missing values.
    pub(crate) fn of_none(&self, same: Option<&str>) -> Vec<Expr> {
        let (name, looks) = (self.name.as_str(), looks_name(&self.name));
        let value = || same.map_or_else(|| lit(NULL), |text| lit(text.to_owned()));
        let mut given: Vec<Expr> = [name, &looks].into_iter().flat_map(|made| carried(&[], &[], made)).collect();
        given.extend(self.looks.iter().map(|kind| value().cast(kind.clone()).alias(looks.as_str())));
        let read = self.readings.iter().filter(|(_, reading)| reading.is_ok());
        given.extend(read.map(|(kind, _)| lit(NULL).cast(self.read_as(*kind)).alias(read_name(name, *kind))));
        given.extend([value().cast(self.stored.clone()).alias(name), lit(false).alias(twice_name(name))]);
        given
    }

    /// The type of what it is read as.
    fn read_as(&self, kind: ColumnType) -> DataType {
        match kind {
            ColumnType::Number if self.stored.is_integer() => DataType::Int64,
            ColumnType::Number => DataType::Float64,
            ColumnType::Boolean => DataType::Boolean,
            _ => INSTANT,
        }
    }
}

/// What a row of a source fails for.
pub(crate) struct OfSource {
    pub(crate) check: Check,
    /// The reason as the union has it.
    pub(crate) reason: Reason,
}

impl OfSource {
    /// What something `made` by a source fails for. `lookup` is what the union calls the one that found what is at fault.
    pub(crate) fn new(check: Check, lookup: Option<String>, made: &str) -> Self {
        let origin = check.reason.origin.as_ref();
        let origin = origin.map(|origin| Origin { column: origin.column.clone(), written_in: text_name(made) });
        let reason = Reason { text: check.reason.text.clone(), origin, lookup };
        Self { check, reason }
    }
}

/// The number of the reason among those of the union for which something of a source fails, and the text at fault.
pub(crate) fn carried(of_source: &[OfSource], reasons: &[Reason], made: &str) -> [Expr; 2] {
    let (mut number, mut text) = (lit(NULL).cast(DataType::Int32), lit(NULL).cast(DataType::String));
    for OfSource { check, reason } in of_source.iter().rev() {
        let Some(position) = reasons.iter().position(|known| known == reason) else { continue };
        let fails = || check.fails.clone().fill_null(lit(false));
        let written = check.reason.origin.as_ref().map_or_else(|| lit(NULL), |origin| col(origin.written_in.as_str()));
        number = when(fails()).then(lit(i32::try_from(position + 1).unwrap_or(i32::MAX))).otherwise(number);
        text = when(fails()).then(written.cast(DataType::String)).otherwise(text);
    }
    [number.alias(fault_name(made)), text.alias(text_name(made))]
}

/// A stored value in a type that holds those of all sources.
fn as_stored(value: Expr, from: &DataType, to: &DataType) -> Expr {
    match to {
        _ if from == to => value,
        // A whole number is written as one, whatever it is stored as.
        DataType::String if from.is_float() => {
            let whole = value.clone().cast(DataType::Int64);
            let is_whole = whole.clone().cast(DataType::Float64).eq(value.clone().cast(DataType::Float64));
            when(is_whole).then(whole.cast(DataType::String)).otherwise(value.cast(DataType::String))
        }
        _ => value.strict_cast(to.clone()),
    }
}
