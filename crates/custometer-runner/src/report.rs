//! A report, checked: every name found, every type fitting, every parameter read. Nothing in it can be wrong but the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use custometer_core::metric::ParamError;
use custometer_core::registry::Descriptor;
use custometer_core::suggest::nearest;
use custometer_core::{Calendar, ColumnType, Definition, Grain, Period, Registry};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use polars::prelude::TimeZone as PolarsZone;
use toml::Spanned;

use crate::config::{self, Breakdown, Config, MetricConfig, Worded, worded};
use crate::diagnostics::{Collector, Problems, Text};
use crate::sql::columns_there_are;
use crate::table::{self, Table};

/// A report that can be run.
#[derive(Clone)]
pub struct Report {
    /// A heading.
    pub title: Option<String>,
    /// The time zone that dates are local to.
    pub zone: TimeZone,
    /// The period; none for all there is.
    pub period: Option<Period>,
    /// The grain of requests that name none.
    pub grain: Grain,
    /// The day that weeks start on.
    pub week_start: Weekday,
    /// The date up to which the data are known, never later than the period's end.
    pub as_of: Option<Date>,
    /// The confidence of intervals.
    pub confidence: f64,
    /// How many of a table's rows may be rejected, in percent.
    pub max_rejected_percent: f64,
    /// The tables that requests use, by name.
    pub tables: Vec<Table>,
    /// The requests, in the config's order.
    pub requests: Vec<Request>,
    /// BLAKE3 hash of the config with its settings.
    pub config_hash: String,
}

impl Report {
    /// How the report counts time.
    pub fn calendar(&self) -> Calendar {
        Calendar { zone: self.zone.clone(), week_start: self.week_start, ..Calendar::default() }
    }
}

/// A request of a report.
#[derive(Clone)]
pub struct Request {
    /// Its name in the results.
    pub name: String,
    /// The metric.
    pub metric: &'static Descriptor,
    /// The metric with its parameters.
    pub definition: Definition,
    /// The position of its table in the report.
    pub table: usize,
    /// The table's names for the metric's columns, where they differ.
    pub columns: BTreeMap<String, String>,
    /// Its breakdowns.
    pub by: Vec<Vec<String>>,
    /// Its grain.
    pub grain: Grain,
    /// Whether its detail table is wanted.
    pub detail: bool,
}

impl Request {
    /// The table's name for one of the metric's columns.
    pub fn column<'a>(&'a self, logical: &'a str) -> &'a str {
        self.columns.get(logical).map_or(logical, String::as_str)
    }
}

/// A time zone as Polars knows it; the config refuses zones that it does not.
pub(crate) fn polars_zone(zone: &TimeZone) -> PolarsZone {
    let name = zone.iana_name().filter(|name| *name != "UTC");
    name.and_then(|name| PolarsZone::opt_try_new(Some(name)).ok().flatten()).unwrap_or(PolarsZone::UTC)
}

/// What a report is read from.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// How messages call the config.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its folder, which paths are relative to.
    pub folder: &'a Path,
    /// Settings over it, each `key.path=value`.
    pub settings: &'a [String],
    /// The date up to which the data are known, where the caller says one; it overrides the report's own.
    pub as_of: Option<Date>,
    /// What that date is when nobody says one.
    pub today: Option<Date>,
}

/// Reads a report and checks all of it, down to the types of its files' columns, before any row is streamed.
///
/// The errors are all there are, not only the first.
pub fn load(input: &Input<'_>, registry: &Registry) -> Result<Report, Problems> {
    let text = Text::new(input.name, input.text, input.settings);
    let config_hash = blake3::hash(text.whole.as_bytes()).to_hex().to_string();
    let mut problems = Collector::new(text);
    let config = config::read(&mut problems);
    let period = period(&config, &mut problems);
    let mut tables = Vec::new();
    let used: BTreeSet<&str> = config.metrics.iter().map(|request| request.table.get_ref().as_str()).collect();
    for (name, table) in &config.tables {
        // A table that nothing asks for is checked all the same: its mistakes would show on the day it is used.
        if let Some(table) = table::open(name, table, input.folder, &mut problems).filter(|_| used.contains(name.as_str())) {
            tables.push(table);
        }
    }
    let zone = config.report.timezone.0.clone();
    let timed = period.is_some();
    let mut requests = Vec::new();
    for request in &config.metrics {
        if let Some(request) = resolve(request, &config, &tables, registry, &zone, timed, &mut problems) {
            requests.push(request);
        }
    }
    name_once(&config.metrics, &mut problems);
    problems.finish()?;
    let as_of = input.as_of.or(config.report.as_of.map(|day| day.0)).or(input.today.filter(|_| period.is_some()));
    Ok(Report {
        title: config.report.title,
        zone,
        period,
        grain: config.report.grain,
        week_start: config.report.week_start.into(),
        // What is known after the period's end changes nothing in it.
        as_of: as_of.map(|as_of| period.map_or(as_of, |period| as_of.min(period.until))),
        confidence: config.report.confidence.0,
        max_rejected_percent: config.report.max_rejected_percent.0,
        tables,
        requests,
        config_hash,
    })
}

fn period(config: &Config, problems: &mut Collector) -> Option<Period> {
    match (&config.report.from, &config.report.until) {
        (Some(from), Some(until)) => {
            if from.get_ref().0 >= until.get_ref().0 {
                problems
                    .report(until.span(), "the period is empty: `until` is not after `from`")
                    .help("`until` is the day after the last one of the period");
            }
            Some(Period { from: from.get_ref().0, until: until.get_ref().0 })
        }
        (Some(only), None) => {
            problems.report(only.span(), "a period needs an end").help("add `until`, the day after its last one");
            None
        }
        (None, Some(only)) => {
            problems.report(only.span(), "a period needs a start").help("add `from`, its first day");
            None
        }
        (None, None) => None,
    }
}

/// Finds everything that a request names.
fn resolve(
    request: &MetricConfig,
    config: &Config,
    tables: &[Table],
    registry: &Registry,
    zone: &TimeZone,
    has_period: bool,
    problems: &mut Collector,
) -> Option<Request> {
    let id = request.metric.get_ref();
    let metric = registry.get(id);
    if metric.is_none() {
        problems.report(request.metric.span(), format!("unknown metric `{id}`")).help(registry.help(id));
    }
    let definition = metric.and_then(|metric| match metric.define(request.params.given.clone()) {
        Ok(definition) => Some(definition),
        Err(errors) => {
            for error in &errors {
                param_problem(request, metric, error, problems);
            }
            None
        }
    });
    let table_name = request.table.get_ref();
    if !config.tables.contains_key(table_name) {
        let near = nearest(table_name, config.tables.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| format!("describe it: `[tables.{table_name}]` with its `path`"));
        problems.report(request.table.span(), format!("there is no table `{table_name}`")).help(help);
    }
    let position = tables.iter().position(|table| table.name == *table_name)?;
    let table = &tables[position];
    let columns = table.columns();
    let mut by = Vec::new();
    for Breakdown(breakdown) in request.by.iter().flatten() {
        let mut names: Vec<String> = Vec::new();
        for column in breakdown {
            let name = column.get_ref();
            if !columns.contains(name) && !table.broken.contains(name) {
                let near = nearest(name, columns.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                problems
                    .report(column.span(), format!("there is no column `{name}` in `{table_name}` to break down by"))
                    .help(near.unwrap_or_else(|| columns_there_are(&columns)));
            } else if names.contains(name) {
                problems.report(column.span(), format!("`{name}` comes twice in one breakdown"));
            } else if let Some(nested) = table.schema.get(name).filter(|stored| stored.is_nested() || stored.is_binary()) {
                problems.report(column.span(), format!("`{name}` can't be broken down by: it is {nested}, and not a single value"));
            }
            names.push(name.clone());
        }
        if by.contains(&names) {
            let place = breakdown.first().map_or_else(|| request.metric.span(), Spanned::span);
            problems.report(place, format!("`{id}` has the same breakdown twice"));
        }
        by.push(names);
    }
    if request.by.as_ref().is_some_and(Vec::is_empty) {
        problems.report(request.metric.span(), format!("`by` of `{id}` is empty")).help("write `by = [[]]` for the total, or leave it out");
    }
    if request.by.is_none() {
        by.push(Vec::new());
    }
    let (metric, definition) = (metric?, definition?);
    let grain = request.grain.unwrap_or(config.report.grain);
    let needs_time = has_period || grain != Grain::Total;
    for (logical, actual) in &request.columns {
        let reads = definition.source.time.into_iter().chain(definition.source.columns.iter().map(|column| column.name));
        let reads: Vec<&str> = reads.collect();
        if !reads.contains(&logical.get_ref().as_str()) {
            problems
                .report(logical.span(), format!("`{id}` reads no column `{}`", logical.get_ref()))
                .help(format!("it reads {}", config::Listed(&reads)));
        } else if !columns.contains(actual.get_ref()) {
            let near = nearest(actual.get_ref(), columns.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            problems
                .report(actual.span(), format!("there is no column `{}` in `{table_name}`", actual.get_ref()))
                .help(near.unwrap_or_else(|| columns_there_are(&columns)));
        }
    }
    let mapped: BTreeMap<String, String> =
        request.columns.iter().map(|(logical, actual)| (logical.get_ref().clone(), actual.get_ref().clone())).collect();
    check_source(request, &definition, &mapped, table, needs_time, zone, problems);
    for own in &definition.own_dimensions {
        if let Some(taken) = request.by.iter().flatten().flat_map(|Breakdown(columns)| columns).find(|column| column.get_ref() == &own.name)
        {
            problems.report(taken.span(), format!("`{}` is a dimension of `{id}` itself, and always there", own.name));
        }
    }
    let detail = request.detail.as_ref().is_some_and(|detail| *detail.get_ref());
    if let Some(asked) = request.detail.as_ref().filter(|_| detail && definition.detail.is_empty()) {
        problems.report(asked.span(), format!("`{id}` has no detail table"));
    }
    let name = request.name.as_ref().map_or_else(|| id.clone(), |name| name.get_ref().clone());
    Some(Request { name, metric, definition, table: position, columns: mapped, by, grain, detail })
}

/// Checks that a table has the columns a metric reads, in types it can read.
fn check_source(
    request: &MetricConfig,
    definition: &Definition,
    mapped: &BTreeMap<String, String>,
    table: &Table,
    timed: bool,
    zone: &TimeZone,
    problems: &mut Collector,
) {
    let zone = polars_zone(zone);
    let time = definition.source.time.filter(|_| timed).map(|time| (time, ColumnType::Time));
    let columns = definition.source.columns.iter().map(|column| (column.name, column.kind));
    let needed: BTreeMap<&str, ColumnType> = columns.chain(time).collect();
    let id = request.metric.get_ref();
    let known = table.columns();
    for (column, kind) in needed {
        let actual = mapped.get(column).map_or(column, String::as_str);
        if !table.schema.contains(actual) {
            // A mapping to a column that is not there was reported where it stands.
            if mapped.contains_key(column) || table.broken.contains(actual) {
                continue;
            }
            let near = nearest(column, known.iter().map(String::as_str)).map_or_else(|| "\"…\"".to_owned(), |near| format!("`{near}`"));
            let map = format!("map it: `columns = {{ {column} = {} }}`", near.replace('`', "\""));
            problems
                .report(
                    request.table.span(),
                    format!("`{id}` needs a column `{column}` ({}), and `{}` has none", kind.as_str(), table.name),
                )
                .help(format!("{map}; {}", columns_there_are(&known)));
        } else if let Err(reason) = table.typed(actual, kind, &zone) {
            problems
                .report(request.table.span(), format!("`{id}` can't use `{}`: {reason}", table.name))
                .help(format!("map another column: `columns = {{ {column} = \"…\" }}`, or derive one: `derive = {{ {column} = \"…\" }}`"));
        }
    }
    if timed && definition.source.time.is_none() {
        problems.report(request.metric.span(), format!("`{id}` knows no time, and can't be reported by period"));
    }
}

fn param_problem(request: &MetricConfig, metric: &Descriptor, error: &ParamError, problems: &mut Collector) {
    let Worded { message, help, .. } = worded(&error.message);
    let unknown = error.message.starts_with("unknown field");
    let help = error.help.clone().or(help).or_else(|| error.path.is_empty().then(|| params_help(metric)));
    problems.report(request.params.locate(&error.path, unknown), format!("`{}`: {message}", metric.about.id)).maybe_help(help);
}

/// The parameters that a metric must be given.
fn params_help(metric: &Descriptor) -> String {
    let schema = metric.params_schema();
    let required = schema.get("required").and_then(|required| required.as_array().cloned()).unwrap_or_default();
    let required: Vec<&str> = required.iter().filter_map(|name| name.as_str()).collect();
    format!(
        "give it: `params = {{ {} }}`; `custometer metrics describe {}` says more",
        required.iter().map(|name| format!("{name} = …")).collect::<Vec<_>>().join(", "),
        metric.about.id
    )
}

/// Two requests of one name could not be told apart in the results.
fn name_once(requests: &[MetricConfig], problems: &mut Collector) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for request in requests {
        let named = request.name.as_ref().unwrap_or(&request.metric);
        if !seen.insert(named.get_ref()) {
            problems.report(named.span(), format!("two requests are called `{}`", named.get_ref())).help("give one of them another `name`");
        }
    }
}
