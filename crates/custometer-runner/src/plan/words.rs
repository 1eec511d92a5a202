//! Words that a report names: the columns that are to have them, and how they are spelled there.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::{ColumnType, Domain};
use polars::prelude::{DataType, Expr, LazyFrame, col, lit, when};

use crate::plan::names::typed_name;
use crate::read::table::{Rows, Table};
use crate::report::Request;

/// A column whose words are asked for.
pub(crate) struct AskedWords {
    /// The table of a union that asks, by its position.
    pub(crate) source: Option<usize>,
    pub(crate) column: String,
    /// Whether they are those of all rows, and not of the ones that `where` keeps.
    pub(crate) of_all: bool,
    pub(crate) wanted: BTreeSet<String>,
    /// Whether it matters which other words there are.
    pub(crate) names_others: bool,
    /// The rows, with the column alone.
    pub(crate) rows: LazyFrame,
}

/// The columns whose words requests or SQL name.
///
/// `used` are the columns of the table that requests read, `all` its rows, and `base` those that are kept, typed.
pub(crate) fn asked(
    table: &Table,
    requests: &[(usize, &Request)],
    used: BTreeSet<String>,
    all: &LazyFrame,
    base: &LazyFrame,
) -> Vec<AskedWords> {
    let mut asked: BTreeMap<(String, bool), (Expr, BTreeSet<String>)> = BTreeMap::new();
    for (_, request) in requests {
        for expected in &request.definition.expected {
            let column = request.column(expected.column);
            let value = col(typed_name(column, ColumnType::Text));
            let (_, wanted) = asked.entry((column.to_owned(), false)).or_insert_with(|| (value, BTreeSet::new()));
            wanted.extend(expected.words.iter().cloned());
        }
    }
    for named in table.named.iter().filter(|named| table.schema.get(&named.column) == Some(&DataType::String)) {
        let of_all = named.condition.is_none();
        let is_used = of_all || requests.iter().any(|(_, request)| reads(request, named.condition.as_deref()));
        if is_used {
            let (_, wanted) = asked.entry((named.column.clone(), of_all)).or_insert_with(|| (col(named.column.as_str()), BTreeSet::new()));
            wanted.insert(named.word.clone());
        }
    }
    let read = table.columns.read(used);
    let mut blanks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for blank in table.blanks.iter().filter(|blank| read.contains(&blank.column)) {
        blanks.entry(&blank.raw).or_default().insert(blank.word.clone());
    }
    let blanks = blanks.into_iter().map(|(raw, wanted)| AskedWords {
        source: None,
        column: raw.to_owned(),
        of_all: true,
        wanted,
        names_others: false,
        rows: all.clone().select([col(raw)]),
    });
    let asked = asked.into_iter().map(|((column, of_all), (value, wanted))| {
        let rows = if of_all { all } else { base };
        AskedWords { source: None, column, of_all, wanted, names_others: true, rows: rows.clone().select([value]) }
    });
    asked.chain(blanks).collect()
}

/// The columns whose words the tables of a union name by themselves.
pub(crate) fn asked_by_sources(table: &Table, rows: &Rows) -> Vec<AskedWords> {
    let sources = table.sources().iter().zip(&rows.sources).enumerate();
    let asked = sources.flat_map(|(number, (source, (rows, used)))| {
        let asked = asked(&source.table, &[], used.clone(), &rows.all, &rows.all).into_iter();
        asked.map(move |asked| AskedWords { source: Some(number), ..asked })
    });
    asked.collect()
}

/// Whether a request reads a condition's column.
pub(crate) fn reads(request: &Request, condition: Option<&str>) -> bool {
    let reads = request.definition.source.columns.iter().map(|column| request.column(column.name));
    let others = request.by.iter().flatten().chain(&request.conditions).map(String::as_str);
    reads.chain(others).any(|column| Some(column) == condition)
}

/// A text column, in which the words that requests compare it with are spelled as they spell them, where the table ignores their case.
pub(crate) fn spelled(table: &Table, requests: &[(usize, &Request)], column: &str, value: Expr) -> Expr {
    if !table.ignore_case {
        return value;
    }
    let mut words: BTreeSet<&str> = BTreeSet::new();
    for (_, request) in requests {
        let expected = request.definition.expected.iter().filter(|expected| request.column(expected.column) == column);
        words.extend(expected.flat_map(|expected| expected.words.iter().map(String::as_str)));
        for read in request.definition.source.columns.iter().filter(|read| request.column(read.name) == column) {
            if let Domain::OneOf(known) = read.domain {
                words.extend(known);
            }
        }
    }
    let lower = value.clone().str().to_lowercase();
    // A value that is one of the words as it stands is left as it is.
    words.into_iter().fold(value.clone(), |spelled, word| {
        let is_other = lower.clone().eq(lit(word.to_lowercase())).and(spelled.clone().eq(value.clone()));
        when(is_other.and(value.clone().neq(lit(word)))).then(lit(word)).otherwise(spelled)
    })
}
