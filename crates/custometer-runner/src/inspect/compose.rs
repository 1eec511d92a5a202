//! One metric of files, asked for in one line: the report that it amounts to.

use std::collections::BTreeSet;
use std::fmt;

use custometer_core::{Column, ColumnType, Definition, Registry, SqlCondition, Unit};
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use super::block::is_of_minor_units;
use super::candidates::{self, Candidate, Found, Match};
use super::column::InspectedColumn;
use super::group::{Looked, groups};
use super::hints::style_in_words;
use super::inspection::{InspectError, Unreadable};
use super::toml_text::key;
use crate::read::number::NumberStyle;

/// What is asked of files: one metric, and what differs from the defaults.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The metric's id.
    pub metric: String,
    /// Names that the metric uses, each with the file's own name for it.
    pub columns: Vec<(String, String)>,
    /// The breakdowns, each a list of columns, the empty one for the total. The total alone where there is none.
    pub by: Vec<Vec<String>>,
    /// An SQL condition: the rows that it is computed from.
    pub condition: Option<String>,
    /// The metric's parameters by their names. What is not TOML is text.
    pub params: Vec<(String, String)>,
    /// Other settings, each `key.path=value`, such as `report.grain=month`. What is not TOML is text.
    pub settings: Vec<String>,
}

/// The report that a question amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The config. Paths in it are as they were given.
    pub config: String,
    /// What was told of the files that nobody said, such as which of their columns a metric reads.
    pub notes: Vec<String>,
}

/// Something that files leave open, with the options of the command line that settle it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenChoice {
    /// What is open.
    pub what: String,
    /// The options, one of which is to be said.
    pub options: Vec<String>,
}

impl fmt::Display for OpenChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lead = if self.options.len() > 1 { "say one of" } else { "say" };
        write!(f, "{}; {lead}", self.what)?;
        self.options.iter().try_for_each(|option| write!(f, "\n    {option}"))
    }
}

/// Why a question does not amount to a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// There is no such metric.
    #[error("unknown metric `{metric}`: {help}")]
    Metric {
        /// The id.
        metric: String,
        /// What else it may be.
        help: String,
    },
    /// The metric does not take these parameters.
    #[error("{}; `custometer metrics describe {metric}` says what it takes", .problems.join("; "))]
    Params {
        /// The metric's id.
        metric: String,
        /// What is wrong with them.
        problems: Vec<String>,
    },
    /// The files can't be read.
    #[error(transparent)]
    Files(#[from] InspectError),
    /// A setting is none.
    #[error("`{0}` is not a setting: write it as `--set report.week_start=sunday`")]
    Setting(String),
    /// The files leave something open that the metric rests on.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Open(Vec<OpenChoice>),
}

/// The report that a question about files amounts to. They are gone through once for it.
///
/// # Errors
///
/// When there is no such metric, when the files can't be read, and when they could be read in several ways that give different values: what is
/// open is told, with the options that settle it.
pub fn compose(paths: &[String], question: &Question, registry: &Registry) -> Result<Composed, ComposeError> {
    let asked = Asked::of(question, registry)?;
    let (groups, unreadable) = groups(paths, &[]);
    if !unreadable.is_empty() || groups.is_empty() {
        return Err(InspectError::Unreadable(unreadable).into());
    }
    let candidate = |found: &Found<'_>| candidates::of_metric(found, asked.metric, &asked.definition.source, &question.columns, registry);
    let mut tables = Vec::new();
    for group in groups {
        let looked = group.look_with(|found| std::iter::once(candidate(found)).chain(candidates::candidates(found, registry)).collect());
        tables.push(looked.map_err(|(path, error)| {
            InspectError::Unreadable(vec![Unreadable { path: path.display().to_string(), reason: error.to_string() }])
        })?);
    }
    let (mut tables, others): (Vec<Looked>, Vec<Looked>) = tables.into_iter().partition(|looked| asked.may_be(looked));
    if tables.len() != 1 {
        return Err(ComposeError::Open(vec![asked.one_table(&tables.iter().chain(&others).collect::<Vec<_>>())]));
    }
    let looked = tables.remove(0);
    let open = asked.open(&looked);
    if !open.is_empty() {
        return Err(ComposeError::Open(open));
    }
    let notes = asked.notes(&looked);
    let name = asked.table();
    let block: Table = toml::from_str(&looked.told(name).block).unwrap_or_default();
    let table = block.get("tables").and_then(|tables| tables.get(name)).and_then(Value::as_table).cloned().unwrap_or_default();
    Ok(Composed { config: asked.config(table), notes })
}

/// The config of a question about a table that is described otherwise: `table` are its keys.
///
/// # Errors
///
/// When there is no such metric, or it does not take these parameters.
pub fn config_over(table: Table, question: &Question, registry: &Registry) -> Result<String, ComposeError> {
    Ok(Asked::of(question, registry)?.config(table))
}

/// A question whose metric is found.
struct Asked<'a> {
    question: &'a Question,
    metric: &'static custometer_core::registry::Descriptor,
    definition: Definition,
    /// What the settings say, as a config.
    settings: Table,
}

impl<'a> Asked<'a> {
    fn of(question: &'a Question, registry: &Registry) -> Result<Self, ComposeError> {
        let Some(metric) = registry.get(&question.metric) else {
            return Err(ComposeError::Metric { metric: question.metric.clone(), help: registry.help(&question.metric) });
        };
        let mut settings = Table::new();
        for written in &question.settings {
            let setting = setting(written).ok_or_else(|| ComposeError::Setting(written.clone()))?;
            merge(&mut settings, setting);
        }
        let params: Map<String, Json> = question.params.iter().map(|(name, written)| (name.clone(), json(&value(written)))).collect();
        let mut definition = metric.define(params).map_err(|errors| ComposeError::Params {
            metric: question.metric.clone(),
            problems: errors
                .iter()
                .map(|error| std::iter::once(error.message.clone()).chain(error.help.clone()).collect::<Vec<_>>().join(": "))
                .collect(),
        })?;
        let mut asked = Self { question, metric, definition: definition.clone(), settings };
        if !asked.is_timed() {
            definition.source.time = None;
        }
        // What a condition of a parameter reads is checked with the report, and what is optional is there by its own name.
        definition.source.columns.retain(|column| SqlCondition::written(column.name).is_none() && !column.is_optional);
        asked.definition = definition;
        Ok(asked)
    }

    /// The name of the table in the config.
    fn table(&self) -> &'static str {
        self.definition.source.table.name
    }

    /// What the settings say of a key.
    fn set(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.settings.get(*first)?, |value, step| value.get(step))
    }

    /// What the settings say of a key of the table.
    fn set_of_table(&self, path: &[&str]) -> Option<&Value> {
        self.set(&[&["tables", self.table()][..], path].concat())
    }

    /// Whether rows are placed in time.
    fn is_timed(&self) -> bool {
        let has_grain = |grain: Option<&Value>| grain.is_some_and(|grain| grain.as_str() != Some("total"));
        self.definition.source.is_always_timed
            || has_grain(self.set(&["report", "grain"]))
            || has_grain(self.set(&["metrics", "0", "grain"]))
            || ["from", "until", "last"].iter().any(|key| self.set(&["report", key]).is_some())
    }

    /// Whether a table of the files is one that the settings name.
    fn may_be(&self, looked: &Looked) -> bool {
        looked.names_of_table().iter().all(|(key, names)| {
            let said = self.set_of_table(&[key]).and_then(Value::as_str);
            said.is_none_or(|said| names.iter().any(|name| name == said))
        })
    }

    /// That the files have to be one table.
    fn one_table(&self, tables: &[&Looked]) -> OpenChoice {
        let names: Vec<_> = tables.iter().map(|looked| looked.names_of_table()).collect();
        let of_key = |key: &str| -> Vec<String> {
            let of_tables = names.iter().flatten().filter(|(known, _)| *known == key);
            of_tables.map(|(_, names)| if let [only] = names.as_slice() { only.clone() } else { String::new() }).collect()
        };
        // What tells all of them apart.
        let telling = ["sheet", "member", "rows", "path"].into_iter().find(|key| {
            let of_key = of_key(key);
            of_key.iter().all(|name| !name.is_empty()) && of_key.iter().collect::<BTreeSet<_>>().len() == tables.len()
        });
        let options = match telling {
            Some("path") => of_key("path").iter().map(|path| shell(path)).collect(),
            Some(key) => of_key(key).iter().map(|name| self.option(&[key], name)).collect(),
            None => vec!["the path of files with the same columns".to_owned()],
        };
        OpenChoice { what: format!("the files hold {} tables, and a metric is computed from one", tables.len()), options }
    }

    /// An option that sets a key of the table.
    fn option(&self, path: &[&str], value: &str) -> String {
        let keys: Vec<String> = ["tables", self.table()].iter().chain(path).map(|step| key(step)).collect();
        format!("--set {}", shell(&format!("{}={value}", keys.join("."))))
    }

    /// The column that the question says a logical one is.
    fn said(&self, logical: &str) -> Option<&str> {
        self.question.columns.iter().rev().find(|(name, _)| name == logical).map(|(_, column)| column.as_str())
    }

    /// What the metric reads, with the column of the file that it is where that is known.
    fn reads<'l>(&'l self, looked: &'l Looked) -> Vec<(&'static str, ColumnType, Option<&'l InspectedColumn>)> {
        let source = &self.definition.source;
        let time = source.time.filter(|time| source.columns.iter().all(|column| column.name != *time)).map(|time| (time, ColumnType::Time));
        let reads = time.into_iter().chain(source.columns.iter().map(|column: &Column| (column.name, column.kind)));
        let column_of = |logical: &str| {
            let told = looked.candidate()?.columns.iter().find(|of| of.logical == logical).map(|of| of.column.as_str());
            looked.columns().iter().find(|column| Some(column.name.as_str()) == self.said(logical).or(told))
        };
        reads.map(|(logical, kind)| (logical, kind, column_of(logical))).collect()
    }

    /// What the files leave open that the metric rests on.
    fn open(&self, looked: &Looked) -> Vec<OpenChoice> {
        let mut open = Vec::new();
        let Some(candidate) = looked.candidate() else { return open };
        if looked.names_of_table().iter().any(|(key, names)| *key == "path" && names.is_empty()) {
            let what = "no path or pattern names these files and no others".to_owned();
            open.push(OpenChoice { what, options: vec!["the path of a folder that they have for themselves".to_owned()] });
        }
        let reads = self.reads(looked);
        for (logical, kind, column) in &reads {
            let is_said =
                self.said(logical).is_some() || ["derive", "columns"].iter().any(|key| self.set_of_table(&[key, logical]).is_some());
            if !is_said {
                open.extend(self.open_column(logical, *kind, *column, candidate, looked));
            }
        }
        open.extend(self.another_table(candidate, looked));
        if let Some(doubt) = candidate.doubt.as_ref().filter(|_| self.question.columns.is_empty()) {
            let options = candidate.columns.iter().map(|of| column_option(&of.logical, &of.column)).collect();
            open.push(OpenChoice {
                what: format!("the file could be `{}`, but {doubt}: if it is, say its columns yourself", candidate.table),
                options,
            });
        }
        for column in reads.iter().filter_map(|(.., column)| *column) {
            if column.rival_time_formats.is_empty() || self.set_of_table(&["time_formats", &column.name]).is_some() {
                continue;
            }
            let formats = column.time_format.iter().chain(&column.rival_time_formats);
            let options = formats.map(|format| self.option(&["time_formats", &column.name], format)).collect();
            let choice = OpenChoice { what: format!("every time in `{}` could be read in several ways", column.name), options };
            if !open.contains(&choice) {
                open.push(choice);
            }
        }
        let sums_numbers = reads.iter().any(|(_, kind, _)| *kind == ColumnType::Number);
        let says_numbers = self.set_of_table(&["decimal_comma"]).is_some() || self.set_of_table(&["thousands"]).is_some();
        if let Some((rival, style)) = looked.rival_numbers().filter(|_| sums_numbers && !says_numbers) {
            let what = format!("numbers could have {} or {}", style_in_words(style), style_in_words(rival));
            open.push(OpenChoice { what, options: vec![self.number_option(style), self.number_option(rival)] });
        }
        let is_money = self.definition.unit.unwrap_or(self.metric.about.unit) == Unit::Currency;
        let minor = reads
            .iter()
            .filter_map(|(_, kind, column)| column.filter(|column| *kind == ColumnType::Number && is_of_minor_units(&column.name)));
        if let Some(minor) = minor.into_iter().next().filter(|_| is_money && self.set_of_table(&["amounts_in"]).is_none()) {
            let options = ["minor_units", "units"].map(|units| self.option(&["amounts_in"], units)).to_vec();
            open.push(OpenChoice { what: format!("`{}` may count the smallest units of a currency, such as cents", minor.name), options });
        }
        if let Some((said, settings)) =
            looked.totals().filter(|_| ["footer_lines", "skip_rows_where"].iter().all(|key| self.set_of_table(&[key]).is_none()))
        {
            let options = settings.iter().map(|(key, value)| self.option(&[key], value)).collect();
            open.push(OpenChoice { what: said, options });
        }
        open
    }

    /// That the files look like another table than the metric reads, whose rows mean something else.
    fn another_table(&self, candidate: &Candidate, looked: &Looked) -> Option<OpenChoice> {
        let likely = looked.likeliest().filter(|likely| likely.doubt.is_none() && !likely.metrics.is_empty())?;
        if likely.table == candidate.table || !self.question.columns.is_empty() {
            return None;
        }
        // The metric may read that table with another parameter.
        let params = self.metric.about.examples.iter().filter_map(|example| toml::from_str::<Table>(example.params).ok());
        let reads_it = |name: &str, value: &Value| {
            let given = Map::from_iter([(name.to_owned(), json(value))]);
            self.metric.define(given).is_ok_and(|definition| definition.source.table.name == likely.table)
        };
        let telling = params.flatten().filter(|(name, value)| reads_it(name, value));
        let mut options: Vec<String> =
            telling.map(|(name, value)| format!("--param {}", shell(&format!("{name}={value}")))).take(1).collect();
        options.push(candidate.columns.iter().map(|of| column_option(&of.logical, &of.column)).collect::<Vec<_>>().join(" "));
        options.retain(|option| !option.is_empty());
        let what = format!("the file looks like `{}`, and `{}` reads `{}`", likely.table, self.question.metric, candidate.table);
        Some(OpenChoice { what, options })
    }

    /// What is open of one column.
    fn open_column(
        &self,
        logical: &str,
        kind: ColumnType,
        column: Option<&InspectedColumn>,
        candidate: &Candidate,
        looked: &Looked,
    ) -> Option<OpenChoice> {
        let told = candidate.columns.iter().find(|of| of.logical == logical);
        // The only time there is can hardly be another's; a number can.
        let is_sure = |of: &Match| !of.by_type_alone || kind == ColumnType::Time && looked.has_names();
        let Some(told) = told.filter(|of| column.is_some() && is_sure(of)) else {
            let fitting = looked.columns().iter().filter(|column| candidates::fits(column, kind));
            let mut options: Vec<String> = fitting.take(MOST_OPTIONS).map(|column| column_option(logical, &column.name)).collect();
            if options.is_empty() {
                options.push(format!("--column {logical}=…, or {}", self.option(&["derive", logical], "…")));
            }
            let what = format!("`{}` reads `{logical}` ({}), and no column is called like it", self.question.metric, kind.as_str());
            return Some(OpenChoice { what, options });
        };
        if !told.rivals.is_empty() {
            let all = std::iter::once(&told.column).chain(&told.rivals);
            let options = all.map(|name| column_option(logical, name)).collect();
            return Some(OpenChoice { what: format!("several columns could be `{logical}`"), options });
        }
        None
    }

    /// An option that says how numbers are written.
    fn number_option(&self, style: NumberStyle) -> String {
        match style.thousands {
            Some(thousands) => self.option(&["thousands"], &thousands.0.to_string()),
            None => self.option(&["decimal_comma"], if style.decimal_comma { "true" } else { "false" }),
        }
    }

    /// What was told of the files.
    fn notes(&self, looked: &Looked) -> Vec<String> {
        let reads = self.reads(looked);
        let told = reads.iter().filter_map(|(logical, _, column)| Some((logical, column.as_ref()?)));
        let renamed: Vec<String> = told
            .filter(|(logical, column)| self.said(logical).is_none() && column.name != **logical)
            .map(|(logical, column)| format!("`{}` as `{logical}`", column.name))
            .collect();
        let mut notes = Vec::new();
        if !renamed.is_empty() {
            notes.push(format!("read {}", renamed.join(", ")));
        }
        let has_zone = self.set(&["report", "timezone"]).is_some() || self.set_of_table(&["timezone"]).is_some();
        let local: Vec<String> = reads
            .iter()
            .filter(|(_, kind, column)| *kind == ColumnType::Time && column.is_some_and(|column| column.is_local_time))
            .filter_map(|(.., column)| Some(format!("`{}`", column.as_ref()?.name)))
            .collect();
        if !local.is_empty() && !has_zone {
            notes.push(format!("times of {} have no time zone, and are read in UTC: `--timezone` says another", local.join(", ")));
        }
        notes
    }

    /// The config, over the keys of the table.
    fn config(&self, mut table: Table) -> String {
        if !self.question.columns.is_empty() {
            let columns = table.entry("columns").or_insert_with(|| Value::Table(Table::new()));
            if let Some(columns) = columns.as_table_mut() {
                columns.extend(self.question.columns.iter().map(|(logical, column)| (logical.clone(), Value::String(column.clone()))));
            }
        }
        let mut request = Table::new();
        request.insert("metric".to_owned(), Value::String(self.question.metric.clone()));
        request.insert("table".to_owned(), Value::String(self.table().to_owned()));
        if let Some(condition) = &self.question.condition {
            request.insert("where".to_owned(), Value::String(condition.clone()));
        }
        if !self.question.by.is_empty() {
            request.insert("by".to_owned(), self.question.by.clone().into());
        }
        if !self.question.params.is_empty() {
            let params = self.question.params.iter().map(|(name, written)| (name.clone(), value(written)));
            request.insert("params".to_owned(), Value::Table(params.collect()));
        }
        let mut config = Table::new();
        config.insert("report".to_owned(), Value::Table(Table::new()));
        config.insert("tables".to_owned(), Value::Table(Table::from_iter([(self.table().to_owned(), Value::Table(table))])));
        config.insert("metrics".to_owned(), Value::Table(Table::from_iter([("0".to_owned(), Value::Table(request))])));
        merge(&mut config, self.settings.clone());
        if let Some(Value::Table(requests)) = config.remove("metrics") {
            config.insert("metrics".to_owned(), Value::Array(requests.into_iter().map(|(_, request)| request).collect()));
        }
        config.retain(|_, section| section.as_table().is_none_or(|section| !section.is_empty()));
        toml::to_string(&config).unwrap_or_default()
    }
}

/// So many columns are named that could be meant.
const MOST_OPTIONS: usize = 12;

fn column_option(logical: &str, column: &str) -> String {
    format!("--column {}", shell(&format!("{logical}={column}")))
}

/// A word of a shell.
fn shell(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=./:,%@+".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A value as TOML writes it, or else text.
fn value(written: &str) -> Value {
    let line: Option<Table> = toml::from_str(&format!("v = {written}")).ok();
    line.filter(|line| line.len() == 1).and_then(|mut line| line.remove("v")).unwrap_or_else(|| Value::String(written.to_owned()))
}

/// A value as metrics read it.
fn json(value: &Value) -> Json {
    match value {
        Value::Datetime(time) => Json::String(time.to_string()),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

/// A setting as a config of nothing else.
fn setting(written: &str) -> Option<Table> {
    if let Ok(table) = toml::from_str::<Table>(written)
        && !table.is_empty()
    {
        return Some(table);
    }
    let (path, text) = written.split_once('=')?;
    let leaf = value(text);
    // A quoted key may have points in it.
    let quoted: Option<Table> = toml::from_str(&format!("{path} = 0")).ok();
    if let Some(mut table) = quoted {
        let mut here = &mut table;
        loop {
            let (_, inner) = here.iter_mut().next()?;
            if !inner.is_table() {
                *inner = leaf;
                break;
            }
            here = inner.as_table_mut()?;
        }
        return Some(table);
    }
    let steps: Vec<&str> = path.split('.').collect();
    let table = steps.iter().rev().fold(leaf, |value, step| Value::Table(Table::from_iter([((*step).to_owned(), value)])));
    if let Value::Table(table) = table { Some(table) } else { None }
}

/// Puts the keys of one table into another, of tables key by key.
fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(known)), Value::Table(more)) => merge(known, more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
