//! `unpivot` and `explode` of a table: columns and lists that become rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use custometer_core::suggest::did_you_mean;
use polars::prelude::{DataType, Schema};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::expression::columns_there_are;
use crate::config::diagnostics::Collector;
use crate::config::values::FileColumns;
use crate::read::cell_format::CellFormat;
use crate::read::files::{as_value, wider};
use crate::read::paths::is_like;
use crate::read::shape::{Explode, Lists, Shape, Unpivot};

/// Columns that become rows: of each row of the files as many as there are columns, each with the column's name and its value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnpivotConfig {
    /// The file's columns: their names, or names in which `*` stands for any characters, such as `"Q*"`.
    #[schemars(with = "FileColumns")]
    pub columns: Spanned<FileColumns>,
    /// The new column that has their names.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The new column that has their values.
    #[schemars(with = "String")]
    pub value: Spanned<String>,
}

/// A column of lists, of which each value becomes a row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a column, or { column = \"…\", separator = \";\" }, or { column = \"…\", json = true }"
)]
pub(crate) enum ExplodeConfig {
    /// One that is stored as lists, by Parquet, Arrow and NDJSON.
    Stored(String),
    /// One that may be text.
    Written {
        /// The column.
        column: String,
        /// What stands between two values of a text.
        separator: Option<String>,
        /// Whether the texts are arrays of JSON.
        #[serde(default)]
        json: bool,
    },
}

/// What the config says of the shape of a table's rows, over the columns of its files.
pub(super) fn shape(
    (unpivot, explode): (Option<&UnpivotConfig>, Option<&Spanned<ExplodeConfig>>),
    of_files: &Schema,
    formats: &BTreeMap<Spanned<String>, Spanned<CellFormat>>,
    problems: &mut Collector,
) -> Shape {
    let unpivot = unpivot.and_then(|written| unpivoted(written, of_files, problems));
    let long = Shape { unpivot, ..Shape::default() };
    let explode = explode.and_then(|written| exploded(written, &long.schema(of_files), formats, problems));
    Shape { explode, ..long }
}

fn unpivoted(written: &UnpivotConfig, of_files: &Schema, problems: &mut Collector) -> Option<Unpivot> {
    let known: Vec<String> = of_files.iter_names().map(ToString::to_string).collect();
    let mut columns: Vec<String> = Vec::new();
    for pattern in &written.columns.get_ref().0 {
        // What is called so is meant, whatever characters it has.
        let found: Vec<&String> = match known.iter().find(|name| *name == pattern) {
            Some(name) => vec![name],
            None => known.iter().filter(|name| pattern.contains('*') && is_like(pattern.as_bytes(), name.as_bytes())).collect(),
        };
        if found.is_empty() {
            let what = if pattern.contains('*') { "no column is called like" } else { "there is no column" };
            let help = did_you_mean(pattern, known.iter().map(String::as_str)).unwrap_or_else(|| columns_there_are(&known));
            problems.report(written.columns.span(), format!("{what} `{pattern}` in the file")).help(help);
            return None;
        }
        for name in found {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
    }
    let mut is_free = true;
    for (key, made) in [("name", &written.name), ("value", &written.value)] {
        let name = made.get_ref();
        let problem = if name.trim().is_empty() || name.starts_with("__") {
            Some(format!("`{name}` is not a name that a report can use"))
        } else if of_files.contains(name) && !columns.contains(name) {
            Some(format!("`{name}` is a column of the file already"))
        } else if key == "value" && name == written.name.get_ref() {
            Some(format!("`{name}` is the column of the names already"))
        } else {
            None
        };
        if let Some(problem) = problem {
            problems.report(made.span(), problem).help("give the new column another name");
            is_free = false;
        }
    }
    let mut stored: Option<(&String, DataType)> = None;
    for name in &columns {
        let Some(kind) = of_files.get(name).map(as_value) else { continue };
        let both = match &stored {
            None => Some(kind.clone()),
            Some((_, known)) if known == kind => continue,
            Some((_, known)) => wider(known, kind),
        };
        match (both, &stored) {
            (Some(both), _) => stored = Some((name, both)),
            (None, Some((first, known))) => {
                let message = format!("`{first}` is stored as {known} and `{name}` as {kind}: a column has one kind of values");
                problems.report(written.columns.span(), message).help("name columns that hold values of one kind");
                return None;
            }
            (None, None) => {}
        }
    }
    let (_, stored) = stored.filter(|_| is_free)?;
    Some(Unpivot { columns, name: written.name.get_ref().clone(), value: written.value.get_ref().clone(), stored })
}

fn exploded(
    written: &Spanned<ExplodeConfig>,
    rows: &Schema,
    formats: &BTreeMap<Spanned<String>, Spanned<CellFormat>>,
    problems: &mut Collector,
) -> Option<Explode> {
    let (column, separator, json) = match written.get_ref() {
        ExplodeConfig::Stored(column) => (column, None, false),
        ExplodeConfig::Written { column, separator, json } => (column, separator.as_ref(), *json),
    };
    let Some(stored) = rows.get(column) else {
        let known: Vec<String> = rows.iter_names().map(ToString::to_string).collect();
        let help = did_you_mean(column, known.iter().map(String::as_str)).unwrap_or_else(|| columns_there_are(&known));
        problems.report(written.span(), format!("there is no column `{column}` in the file")).help(help);
        return None;
    };
    let help = format!(
        "say how lists are written: `{{ column = \"{column}\", separator = \";\" }}`, or `{{ column = \"{column}\", json = true }}`"
    );
    let lists = match (as_value(stored), separator, json) {
        (_, Some(_), true) => Err((Cow::from("a list has separators or is JSON, and not both"), "leave one of them out".to_owned())),
        (_, Some(separator), false) if separator.is_empty() => Err(("nothing separates nothing".into(), help)),
        (DataType::List(_), None, false) => Ok(Lists::Stored),
        (DataType::List(_), ..) => Err((format!("`{column}` is stored as a list").into(), format!("write `explode = \"{column}\"`"))),
        (DataType::String, Some(separator), false) => Ok(Lists::Separated(separator.clone())),
        (DataType::String, None, true) => Ok(Lists::Json),
        (DataType::String, None, false) => Err((format!("`{column}` is text").into(), help)),
        (other, ..) => Err((format!("`{column}` is stored as {other}, and not as a list").into(), "name a column of lists".to_owned())),
    };
    let lists = match lists {
        Ok(lists) => lists,
        Err((message, help)) => {
            problems.report(written.span(), message).help(help);
            return None;
        }
    };
    let as_list = formats.iter().find(|(name, format)| name.get_ref() == column && matches!(format.get_ref(), CellFormat::List(_)));
    if let Some((_, format)) = as_list {
        problems
            .report(format.span(), format!("each value of `{column}` is a row of its own, and no list any more"))
            .help("leave it out: `explode` says how the lists are written");
    }
    Some(Explode { column: column.clone(), lists })
}
