//! `spans` of a table: rows that are changes, each of which lasts until the next one.

use std::collections::BTreeSet;
use std::ops::Range;

use custometer_core::ColumnType;
use polars::prelude::lit;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::columns::{age, has_column};
use crate::config::diagnostics::Collector;
use crate::config::values::FileColumns;
use crate::read::fault::{Check, Origin, Reason};
use crate::read::table::{GONE, Keep, Spans, Table};

/// How a log of changes becomes spans: a row lasts until the next one of the same entity.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpansConfig {
    /// The columns that tell whose changes they are, and of what: `"customer_id"`, or `["customer_id", "item"]` where a customer has several items
    /// at a time.
    #[schemars(with = "FileColumns")]
    pub of: Spanned<FileColumns>,
    /// The column with the time of each change.
    #[schemars(with = "String")]
    pub at: Spanned<String>,
    /// The new column with the end of each span: the time of the next change, and nothing where there is none. `ended_at` unless said.
    #[schemars(with = "Option<String>")]
    pub end: Option<Spanned<String>>,
    /// Which changes end what was and begin nothing: an SQL condition, such as `plan = 'churn'`.
    #[schemars(with = "Option<String>")]
    pub gone: Option<Spanned<String>>,
    /// Which of several changes at one instant is kept: the `first` or the `last` one in the order of files and rows, or
    /// `{ newest = "version" }`. Unless said, that there are several ends the run, as it does where several are the newest.
    #[schemars(with = "Option<Keep>")]
    pub keep: Option<Spanned<Keep>>,
}

/// What a table says beside `spans` that comes before.
pub(super) struct Before<'a> {
    /// The columns of `deduplicate`, and the one that says which row is the newest.
    pub(super) repetition: Vec<(Range<usize>, &'a str)>,
    /// The place of `where`, where it comes first.
    pub(super) condition: Option<Range<usize>>,
    /// Whether it does, or would.
    pub(super) where_first: bool,
}

/// The new column with the ends. `taken` are the names that the config gives other columns.
pub(super) fn end<'a>(
    written: Option<&SpansConfig>,
    mut taken: impl Iterator<Item = &'a str>,
    has: impl Fn(&str) -> bool,
    problems: &mut Collector,
) -> Option<String> {
    let written = written?;
    let (name, place) = written.end.as_ref().map_or(("ended_at", written.of.span()), |end| (end.get_ref().as_str(), end.span()));
    let problem = if name.trim().is_empty() || name.starts_with("__") {
        format!("`{name}` is not a name that a report can use")
    } else if has(name) {
        format!("`{name}` is a column of the file already")
    } else if taken.any(|taken| taken == name) {
        format!("`{name}` is a name that `columns` gives another column already")
    } else {
        return Some(name.to_owned());
    };
    problems.report(place, problem).help("give the end of a span a name of its own: `end = \"until\"`");
    None
}

/// How the rows of a table become spans; none where that is wrong, or rests on something that is.
pub(super) fn spans(written: &SpansConfig, table: &Table, before: &Before<'_>, problems: &mut Collector) -> Option<Spans> {
    let has_gone = table.columns.derived.iter().any(|derived| derived.name == GONE);
    let end = table.shape.end.as_deref().filter(|_| has_gone || written.gone.is_none())?;
    let mut is_right = true;
    let mut checks = Vec::new();
    let mut check =
        |text: String, column: &str, fails| checks.push(Check { reason: Reason::new(text, Some(Origin::itself(column))), fails });
    for column in &written.of.get_ref().0 {
        if !has_column(table, column, written.of.span(), problems) {
            is_right = false;
            continue;
        }
        match table.typed(column, ColumnType::Identifier) {
            Ok(typed) => check(format!("`{column}` is missing"), column, typed.missing),
            Err(reason) => {
                problems.report(written.of.span(), format!("whose changes they are can't be told: {reason}"));
                is_right = false;
            }
        }
    }
    let at = written.at.get_ref();
    let mut instant = lit(0_i64);
    if has_column(table, at, written.at.span(), problems) {
        match table.typed(at, ColumnType::Time) {
            Ok(typed) => {
                check(format!("`{at}` is missing"), at, typed.missing.clone());
                check(format!("`{at}` is not {}", typed.expected), at, typed.missing.not().and(typed.value.clone().is_null()));
                instant = typed.value;
            }
            Err(reason) => {
                problems.report(written.at.span(), format!("when changes are can't be told: {reason}"));
                is_right = false;
            }
        }
    } else {
        is_right = false;
    }
    let keep = written.keep.as_ref().map_or(Keep::Error, |keep| keep.get_ref().clone());
    let newest = written.keep.as_ref().and_then(|written| match &keep {
        Keep::Newest(column) => Some((column.as_str(), written.span())),
        _ => None,
    });
    let age = newest.clone().and_then(|(column, place)| age(table, column, place, problems));
    is_right &= newest.is_none() || age.is_some();
    if let Some(age) = &age
        && let Some((column, _)) = &newest
    {
        check(age.reason.clone(), column, age.unreadable.clone());
    }
    let gone = written.gone.iter().map(|gone| (gone.span(), GONE));
    let of = written.of.get_ref().0.iter().map(|column| (written.of.span(), column.as_str()));
    let told_from =
        of.chain([(written.at.span(), at.as_str())]).chain(newest.iter().map(|(column, place)| (place.clone(), *column))).chain(gone);
    let rests = |column: &str| table.columns.read(BTreeSet::from([column.to_owned()])).contains(end);
    for (place, column) in told_from {
        if rests(column) {
            problems.report(place, format!("it rests on `{end}`, which is told from it")).help("name columns of the file");
            is_right = false;
        }
    }
    let condition = table.written_condition.iter().flat_map(|condition| condition.clone().meta().root_names());
    let is_of_end = condition.map(|name| name.to_string()).any(|name| rests(&name));
    let early = before.repetition.iter().filter(|(_, column)| rests(column)).map(|(place, _)| place.clone());
    for place in early.chain(before.condition.clone().filter(|_| is_of_end)) {
        problems
            .report(place, format!("`{end}` is not known yet: `spans` tells it of the rows that this leaves"))
            .help("name columns of the file");
        is_right = false;
    }
    is_right.then(|| Spans {
        of: written.of.get_ref().0.clone(),
        at: at.clone(),
        instant,
        keep,
        age,
        where_first: before.where_first,
        checks,
    })
}
