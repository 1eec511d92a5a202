//! Tables: a report's files with their mapped and derived columns, and the conditions that rows must meet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use custometer_core::ColumnType;
use custometer_core::suggest::nearest;
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, LazyFrame, Schema, TimeZone as PolarsZone, col, lit};
use toml::Spanned;

use crate::column::{self, StoredColumn, Typed};
use crate::config::TableConfig;
use crate::diagnostics::Collector;
use crate::files::{self, OpenError, Opened};
use crate::sql::{self, columns_there_are};

/// A table of a report, ready to be planned over.
#[derive(Clone)]
pub struct Table {
    /// Its name in the config.
    pub name: String,
    /// Its files.
    pub opened: Opened,
    /// Its rows, with mapped and derived columns.
    pub rows: LazyFrame,
    /// The condition that rows must meet.
    pub condition: Option<Expr>,
    /// The columns of `rows`.
    pub schema: Schema,
    /// Reasons for which a row is of no use to any request.
    pub checks: Vec<(String, Expr)>,
    looks: BTreeMap<String, StoredColumn>,
    /// Columns that are meant to be there, but whose mapping or derivation is wrong.
    pub(crate) broken: BTreeSet<String>,
}

impl Table {
    /// A column as a metric's input.
    pub fn typed(&self, name: &str, kind: ColumnType, zone: &PolarsZone) -> Result<Typed, String> {
        let stored = self.schema.get(name).ok_or_else(|| format!("there is no column `{name}`"))?;
        column::typed(name, stored, self.looks.get(name), kind, zone)
    }

    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).filter(|name| !name.starts_with("__")).collect()
    }
}

/// Opens a table's files and plans its mapped and derived columns.
pub(crate) fn open(name: &str, config: &TableConfig, folder: &Path, problems: &mut Collector) -> Option<Table> {
    let opened = open_files(config, folder, problems)?;
    let mut looks: BTreeMap<String, StoredColumn> = opened.columns.iter().map(|column| (column.name.clone(), column.clone())).collect();
    let stored: Vec<String> = opened.columns.iter().map(|column| column.name.clone()).collect();

    let mut broken = BTreeSet::new();
    let mut mapped = Vec::new();
    for (logical, actual) in &config.columns {
        let Some(column) = opened.columns.iter().find(|column| column.name == *actual.get_ref()) else {
            let near = nearest(actual.get_ref(), stored.iter().map(String::as_str));
            let help = near.map_or_else(|| columns_there_are(&stored), |near| format!("did you mean `{near}`?"));
            problems.report(actual.span(), format!("there is no column `{}` in the file", actual.get_ref())).help(help);
            broken.insert(logical.get_ref().clone());
            continue;
        };
        mapped.push(col(column.name.as_str()).alias(logical.get_ref().as_str()));
        looks.insert(logical.get_ref().clone(), StoredColumn { name: logical.get_ref().clone(), ..column.clone() });
    }

    let mut columns: Vec<String> = looks.keys().cloned().chain(config.derive.keys().map(|name| name.get_ref().clone())).collect();
    columns.sort();
    columns.dedup();
    let mut checks = Checks::default();
    let mut derived: Vec<(&String, &Spanned<String>, Expr)> = Vec::new();
    for (name, written) in derived_in_order(config, problems) {
        // What rests on a broken column is broken by it, and no mistake of its own.
        match sql::parse(written, &columns, problems).filter(|expression| !uses(expression, &broken)) {
            Some(expression) => derived.push((name, written, checks.as_they_look(expression, &looks))),
            None => drop(broken.insert(name.clone())),
        }
        // What is derived is no longer what the file holds.
        looks.remove(name);
    }
    let condition = config.condition.as_ref().and_then(|written| {
        let expression = sql::parse(written, &columns, problems).filter(|expression| !uses(expression, &broken))?;
        Some((written, checks.as_they_look(expression, &looks)))
    });

    // A check is of the file's own column, which a derived one may take the place of.
    let mut rows = opened.rows.clone().with_columns(mapped).with_columns(checks.columns());
    for (name, written, expression) in derived {
        let with = rows.clone().with_column(expression.clone().alias(name.as_str()));
        match result_type(&rows, &expression) {
            Ok(_) => rows = with,
            Err(reason) => {
                broken.insert(name.clone());
                problems.report(written.span(), format!("`{name}` can't be computed: {reason}")).maybe_help(help_for(&reason));
            }
        }
    }
    let condition = condition.and_then(|(written, expression)| match result_type(&rows, &expression) {
        Ok(DataType::Boolean) => Some(expression),
        Ok(found) => {
            problems.report(written.span(), format!("`where` must be true or false for each row, and is {found}"));
            None
        }
        Err(reason) => {
            problems.report(written.span(), format!("`where` can't be computed: {reason}")).maybe_help(help_for(&reason));
            None
        }
    });
    // A row that a condition can't be told for is not left out by it, but rejected.
    let condition = condition.map(|condition| checks.failed().into_iter().fold(condition, Expr::or));
    let schema: Schema = rows.collect_schema().ok()?.as_ref().clone();
    looks.extend(looks_of_derived(&rows, config, &schema));
    Some(Table { name: name.to_owned(), opened, rows, condition, schema, checks: checks.reasons(), looks, broken })
}

fn open_files(config: &TableConfig, folder: &Path, problems: &mut Collector) -> Option<Opened> {
    let path = &config.path;
    let error = match files::files(path.get_ref(), folder).and_then(|files| files::open(files, config.format)) {
        Ok(opened) => return Some(opened),
        Err(error) => error,
    };
    let help = match &error {
        OpenError::NoFile(_) => Some("paths are relative to the folder of the report"),
        OpenError::Format(_) => Some("say it: `format = \"csv\"`, `\"ndjson\"` or `\"parquet\"`"),
        OpenError::Columns { .. } => Some("files of one table must have the same columns; make two tables of them"),
        OpenError::TwoColumns { .. } => Some("rename one of them in the file"),
        _ => None,
    };
    // Messages name files as the config does, not by where this machine keeps them.
    let message = error.to_string().replace(&format!("{}/", folder.display()), "");
    problems.report(path.span(), message).maybe_help(help.map(str::to_owned));
    None
}

/// The type of an expression over rows, found by computing it for none: what it can't do with their types shows without reading any.
#[expect(clippy::disallowed_methods, reason = "an empty frame has no rows to go through")]
fn result_type(rows: &LazyFrame, expression: &Expr) -> Result<DataType, String> {
    let reason = |error: polars::prelude::PolarsError| first_line(&error.to_string()).to_owned();
    let schema = rows.clone().collect_schema().map_err(reason)?;
    let nothing = DataFrame::empty_with_schema(&schema).lazy().select([expression.clone().alias("result")]).collect().map_err(reason)?;
    let uses_columns = !expression.clone().meta().root_names().is_empty();
    if uses_columns && nothing.height() > 0 {
        return Err("it looks at more than one row".to_owned());
    }
    nothing.column("result").map(|result| result.dtype().clone()).map_err(reason)
}

fn help_for(reason: &str) -> Option<String> {
    let mixed = reason.contains("compare string with");
    mixed.then(|| "a column of numbers is compared with text: write the number without quotes, or `CAST(column AS VARCHAR)`".to_owned())
}

/// What the first rows of derived text columns look like.
#[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
fn looks_of_derived(rows: &LazyFrame, config: &TableConfig, schema: &Schema) -> Vec<(String, StoredColumn)> {
    let names = config.derive.keys().map(|name| name.get_ref().clone());
    let texts: Vec<Expr> = names.filter(|name| schema.get(name) == Some(&DataType::String)).map(col).collect();
    if texts.is_empty() {
        return Vec::new();
    }
    // What can't be computed now is said when the rows are gone through.
    let sample = rows.clone().limit(files::SAMPLE_ROWS).select(texts).collect().unwrap_or_default();
    sample.columns().iter().map(|column| (column.name().to_string(), column::stored_column(column.as_materialized_series()))).collect()
}

/// Checks that texts are what the first rows look like, for columns that SQL expressions use.
#[derive(Default)]
struct Checks(BTreeMap<String, Expr>);

impl Checks {
    /// An expression over text columns as one over what their texts look like.
    fn as_they_look(&mut self, expression: Expr, looks: &BTreeMap<String, StoredColumn>) -> Expr {
        expression.map_expr(|part| match &part {
            Expr::Column(name) => match looks.get(name.as_str()) {
                Some(column) => {
                    self.0.extend(column.looks_different());
                    column.as_it_looks()
                }
                None => part,
            },
            _ => part,
        })
    }

    /// Columns that say which rows fail.
    fn columns(&self) -> Vec<Expr> {
        self.0.values().enumerate().map(|(position, fails)| fails.clone().alias(format!("__check{position}"))).collect()
    }

    fn failed(&self) -> Vec<Expr> {
        (0..self.0.len()).map(|position| col(format!("__check{position}")).fill_null(lit(false))).collect()
    }

    /// The reasons, each with what says that it holds.
    fn reasons(&self) -> Vec<(String, Expr)> {
        self.0.keys().cloned().zip(self.failed()).collect()
    }
}

fn uses(expression: &Expr, columns: &BTreeSet<String>) -> bool {
    expression.clone().meta().root_names().iter().any(|name| columns.contains(name.as_str()))
}

/// Derived columns, each after those it uses.
fn derived_in_order<'a>(config: &'a TableConfig, problems: &mut Collector) -> Vec<(&'a String, &'a Spanned<String>)> {
    let mut waiting: Vec<(&Spanned<String>, &Spanned<String>)> = config.derive.iter().collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let names: Vec<&String> = waiting.iter().map(|(name, _)| name.get_ref()).collect();
        // A column may be derived from the file's column of its own name.
        let ready = |(name, written): &(&Spanned<String>, &Spanned<String>)| {
            let uses = polars::sql::sql_expr(written.get_ref()).map(|expression| expression.meta().root_names()).unwrap_or_default();
            !uses.iter().any(|used| names.iter().any(|&other| other != name.get_ref() && other == used.as_str()))
        };
        let (now, later): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(ready);
        if now.is_empty() {
            for (name, _) in &later {
                problems
                    .report(name.span(), format!("`{}` is derived from a column that is derived from it", name.get_ref()))
                    .help("derived columns may use each other, but not in a circle");
            }
            break;
        }
        ordered.extend(now.into_iter().map(|(name, written)| (name.get_ref(), written)));
        waiting = later;
    }
    ordered
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}
