//! A report, checked: every name found, every type fitting, every parameter read. Nothing in it can be wrong but the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use custometer_core::metric::ParamError;
use custometer_core::registry::Descriptor;
use custometer_core::suggest::nearest;
use custometer_core::{Baseline, Buckets, Calendar, ColumnType, Definition, Direction, Grain, Measure, Period, Registry, Unit};
use jiff::civil::Date;
use toml::Spanned;

use crate::check::alerts::{self, AlertRule};
use crate::check::calendars::Calendars;
use crate::check::define::Metrics;
use crate::check::derived::{Derived, Reading};
use crate::check::goals::{self as targets, Goal, Judged};
use crate::check::sql::columns_there_are;
use crate::check::sql_params;
use crate::check::tables::{self as table, Table};
use crate::check::webhooks::{self, Webhook};
use crate::config::diagnostics::{Collector, Problems, Text};
use crate::config::{self, Breakdown, Config, MetricConfig, MultipleComparisons, Worded, worded};
use crate::judge::privacy::IdHasher;
use crate::result::Benchmark;
use crate::result::locale::Locale;

/// A report that can be run.
#[derive(Clone)]
pub struct Report {
    /// A heading.
    pub title: Option<String>,
    /// The language of what people read.
    pub locale: Locale,
    /// How time is counted.
    pub calendar: Calendar,
    /// The period; none for all there is.
    pub period: Option<Period>,
    /// The grain of requests that name none.
    pub grain: Grain,
    /// Whether partial buckets are left out.
    pub complete_periods_only: bool,
    /// The date up to which the data are known, never later than the period's end.
    pub as_of: Option<Date>,
    /// The confidence of intervals.
    pub confidence: f64,
    /// How many of a table's rows may be rejected, in percent.
    pub max_rejected_percent: f64,
    /// Whether all rejected rows are wanted.
    pub rejected_rows: bool,
    /// How p-values of changes are corrected.
    pub(crate) multiple_comparisons: MultipleComparisons,
    /// Groups of fewer observations are not shown.
    pub min_group_size: Option<u64>,
    /// What ids are replaced with, where they are.
    pub id_hasher: Option<IdHasher>,
    /// The tables that requests use, by name.
    pub tables: Vec<Table>,
    /// The metrics that the config defines, by id.
    pub defined: Vec<&'static Descriptor>,
    /// The requests, in the config's order.
    pub requests: Vec<Request>,
    /// What is calculated from their results, in an order in which it can be.
    pub derived: Vec<Derived>,
    /// When what is said, and to whom.
    pub(crate) alerts: Vec<AlertRule>,
    /// Whom alerts are sent to, by name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// BLAKE3 hash of the config with its settings.
    pub config_hash: String,
}

impl Report {
    /// Whether a column holds ids: one that a metric reads as such or that is called so, and what is derived from one.
    pub(crate) fn is_identifier(&self, request: usize, column: &str) -> bool {
        let own = &self.requests[request];
        let ids = |of: &'_ Request| {
            let columns = of.definition.source.columns.iter().filter(|column| column.kind == ColumnType::Identifier);
            columns.map(|column| column.name).collect::<Vec<&'static str>>()
        };
        let alike = self.requests.iter().filter(|other| other.table == own.table);
        let read = alike.flat_map(|other| ids(other).into_iter().map(|name| other.column(name))).collect();
        ids(own).contains(&column) || self.tables[own.table].holds_ids(column, &read)
    }

    /// The instant up to which the data are known, in microseconds since 1970. What was to be known of an earlier time was known when it
    /// ended.
    pub(crate) fn known_until(&self, buckets: &Buckets, baseline: Option<Baseline>) -> Option<i64> {
        let known = match baseline {
            Some(_) => buckets.reported().filter_map(|(_, bucket)| bucket.end.clone()).last(),
            None => self.as_of.and_then(|as_of| self.calendar.start_of_day(as_of).ok()),
        };
        known.map(|known| known.timestamp().as_microsecond())
    }

    /// Everything that has results: the requests, then what is derived from them.
    pub(crate) fn judged(&self) -> impl Iterator<Item = Judged<'_>> {
        targets::judged(&self.requests, &self.derived)
    }

    /// How many targets there are.
    pub fn targets(&self) -> usize {
        self.judged().filter(|judged| judged.target.is_some()).count()
    }

    /// How many alerts may fire.
    pub fn alerts(&self) -> usize {
        self.alerts.len()
    }

    /// Everything that any request is compared with, in the order of the report.
    pub fn baselines(&self) -> Vec<Baseline> {
        let mut baselines = Vec::new();
        for baseline in self.requests.iter().flat_map(|request| &request.compare) {
            if !baselines.contains(baseline) {
                baselines.push(*baseline);
            }
        }
        baselines
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
    /// What its values are compared with.
    pub compare: Vec<Baseline>,
    /// Whether its detail table is wanted.
    pub detail: bool,
    /// What its values are to be.
    pub(crate) target: Option<Goal>,
    /// What they are compared with from elsewhere.
    pub benchmark: Option<Arc<Benchmark>>,
}

impl Request {
    /// Whether its values are of the rows of their bucket, and of nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.definition.derivation.is_none() && !self.definition.measures.iter().any(Measure::is_stock)
    }

    /// Whether rows are placed in time only where the report says from when to when, or by which grain.
    pub(crate) fn is_timeless_without_period(&self) -> bool {
        self.grain == Grain::Total && !self.definition.source.is_always_timed
    }

    /// The unit of its values.
    pub fn unit(&self) -> Unit {
        self.definition.unit.unwrap_or(self.metric.about.unit)
    }

    /// What judging must know of it.
    pub(crate) fn judged(&self) -> Judged<'_> {
        Judged {
            name: &self.name,
            unit: self.unit(),
            direction: self.direction(),
            by: &self.by,
            own: self.definition.dimensions(),
            compare: &self.compare,
            target: self.target.as_ref(),
            benchmark: self.benchmark.as_ref(),
            is_derived: false,
        }
    }

    /// Which change of them is good news.
    pub fn direction(&self) -> Direction {
        self.definition.direction.unwrap_or(self.metric.about.direction)
    }

    /// The table's name for one of the metric's columns.
    pub fn column<'a>(&'a self, logical: &'a str) -> &'a str {
        self.columns.get(logical).map_or(logical, String::as_str)
    }
}

/// What a report is read from.
#[derive(Clone)]
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
    /// What the environment holds under a name: where secrets are.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// Reads a report and checks all of it, down to the types of its files' columns, before any row is streamed.
///
/// The errors are all there are, not only the first.
pub fn load(input: &Input<'_>, registry: &Registry) -> Result<Report, Problems> {
    let text = Text::new(input.name, input.text, input.settings);
    let config_hash = blake3::hash(text.whole.as_bytes()).to_hex().to_string();
    let mut problems = Collector::new(text);
    let mut config = config::read(&mut problems);
    config::share_params(&mut config, registry, &mut problems);
    let zone = config.report.timezone.0.clone();
    let calendar = Calendar {
        zone: zone.clone(),
        week_start: config.report.week_start.into(),
        fiscal_year_start: config.report.fiscal_year_start as i8,
    };
    let as_of = input.as_of.or(config.report.as_of.map(|day| day.0)).or(input.today);
    let period = period(&config, as_of, &calendar, &mut problems);
    let id_hasher = id_hasher(&config, input.environment, &mut problems);
    let calendars = Calendars::read(&config.calendars, &zone, &mut problems);
    // A table that nothing asks for is checked all the same: its mistakes would show on the day it is used.
    let opened = config.tables.iter().map(|(name, table)| (name.as_str(), table::open(name, table, &zone, input.folder, &mut problems)));
    let opened: BTreeMap<&str, Option<Table>> = opened.collect();
    let metrics = Metrics::read(&config.define, &opened, registry, &zone, &mut problems);
    let used: BTreeSet<&str> = config.metrics.iter().map(|request| request.table.get_ref().as_str()).collect();
    let mut tables: Vec<Table> = opened.into_iter().filter(|(name, _)| used.contains(name)).filter_map(|(_, table)| table).collect();
    sql_params::add(&config.metrics, registry, &mut tables, &mut problems);
    let timed = period.is_some();
    let mut requests = Vec::new();
    for request in &config.metrics {
        if let Some(request) = resolve(request, &config, &calendars, &tables, &metrics, timed, &mut problems) {
            requests.push(request);
        }
    }
    name_once(&config.metrics, &mut problems);
    let named = config.metrics.iter().map(|request| request.name.as_ref().unwrap_or(&request.metric).get_ref().as_str());
    let named = named.map(|name| (name, requests.iter().find(|request| request.name == name))).collect();
    let derived = Reading { requests: named, has_period: timed }.read(&config.derived, &mut problems);
    let webhooks = webhooks::read(&config.webhooks, input.environment, &mut problems);
    let judged: Vec<Judged<'_>> = targets::judged(&requests, &derived).collect();
    let alerts = alerts::read(&config, &judged, &mut problems);
    problems.finish()?;
    // What today is says nothing of data whose period is their own.
    let as_of = input.as_of.or(config.report.as_of.map(|day| day.0)).or(as_of.filter(|_| period.is_some()));
    Ok(Report {
        title: config.report.title,
        locale: config.report.locale,
        calendar,
        period,
        grain: config.report.grain,
        complete_periods_only: config.report.complete_periods_only,
        // What is known after the period's end changes nothing in it.
        as_of: as_of.map(|as_of| period.map_or(as_of, |period| as_of.min(period.until))),
        confidence: config.report.confidence.0,
        max_rejected_percent: config.report.max_rejected_percent.0,
        rejected_rows: config.report.rejected_rows,
        multiple_comparisons: config.report.multiple_comparisons,
        min_group_size: config.report.min_group_size,
        id_hasher,
        tables,
        defined: metrics.defined,
        requests,
        derived,
        alerts,
        webhooks,
        config_hash,
    })
}

/// What replaces ids, where the report says so.
fn id_hasher(config: &Config, environment: &dyn Fn(&str) -> Option<String>, problems: &mut Collector) -> Option<IdHasher> {
    let variable = config.report.hash_ids.as_ref()?;
    let Some(secret) = environment(variable.get_ref()) else {
        problems
            .report(variable.span(), format!("the environment variable `{}` is not set", variable.get_ref()))
            .help("set it to a secret text; the same secret gives the same hashes");
        return None;
    };
    IdHasher::new(secret.as_bytes())
        .map_err(|error| problems.report(variable.span(), format!("`{}` is no key: {error}", variable.get_ref())))
        .ok()
}

fn period(config: &Config, as_of: Option<Date>, calendar: &Calendar, problems: &mut Collector) -> Option<Period> {
    if let Some(last) = &config.report.last {
        if let Some(edge) = config.report.from.as_ref().or(config.report.until.as_ref()) {
            problems.report(edge.span(), "the period is said twice: by `last`, and by this").help("leave one of them out");
            return None;
        }
        let Some(as_of) = as_of else {
            problems.report(last.span(), "`last` counts back from a date").help("add `as_of`, the day after the last one that is known");
            return None;
        };
        return Period::last(*last.get_ref(), as_of, calendar, config.report.complete_periods_only)
            .map_err(|error| problems.report(last.span(), format!("there is no such period: {error}")))
            .ok();
    }
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
    calendars: &Calendars,
    tables: &[Table],
    metrics: &Metrics,
    has_period: bool,
    problems: &mut Collector,
) -> Option<Request> {
    let id = request.metric.get_ref();
    let metric = metrics.registry.get(id);
    if metric.is_none() && !metrics.is_broken(id) {
        problems.report(request.metric.span(), format!("unknown metric `{id}`")).help(metrics.help(id));
    }
    let definition = metric.and_then(|metric| match metric.define(calendars.bind(request, metric, problems)?) {
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
    let needs_time = has_period || grain != Grain::Total || definition.source.is_always_timed;
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
    check_source(request, &definition, &mapped, table, needs_time, problems);
    for own in definition.dimensions() {
        if let Some(taken) = request.by.iter().flatten().flat_map(|Breakdown(columns)| columns).find(|column| *column.get_ref() == own) {
            problems.report(taken.span(), format!("`{own}` is a dimension of `{id}` itself, and always there"));
        }
    }
    let detail = request.detail.as_ref().is_some_and(|detail| *detail.get_ref());
    if let Some(asked) = request.detail.as_ref().filter(|_| detail && definition.detail.is_empty()) {
        problems.report(asked.span(), format!("`{id}` has no detail table"));
    }
    if let (Some(asked), Some(least)) =
        (request.detail.as_ref().filter(|_| detail), config.report.min_group_size.filter(|least| *least > 1))
    {
        problems
            .report(asked.span(), format!("a detail table shows single ones, and `min_group_size` hides groups of fewer than {least}"))
            .help("leave one of them out");
    }
    let name = request.name.as_ref().map_or_else(|| id.clone(), |name| name.get_ref().clone());
    let compare = compare(request, config, needs_time && definition.source.time.is_some(), problems);
    let benchmark = request.benchmark.as_ref().map(targets::benchmark);
    let mut resolved =
        Request { name, metric, definition, table: position, columns: mapped, by, grain, compare, detail, target: None, benchmark };
    resolved.target = request.target.as_ref().map(|target| targets::read(target, &resolved.judged(), problems));
    Some(resolved)
}

/// What a request's values are compared with: only what is placed in time is.
fn compare(request: &MetricConfig, config: &Config, timed: bool, problems: &mut Collector) -> Vec<Baseline> {
    if let Some(asked) = request.compare.iter().chain([&config.report.compare]).flatten().next().filter(|_| !timed) {
        // The report's own wish is for what can be compared; one of the request is a mistake.
        if request.compare.is_some() {
            let message = format!("`{}` is not placed in time here, and there is nothing to compare it with", request.metric.get_ref());
            problems.report(asked.span(), message).help("give the report a period, or the request a grain");
        }
        return Vec::new();
    }
    let mut compare: Vec<Baseline> = Vec::new();
    for baseline in request.compare.as_ref().unwrap_or(&config.report.compare) {
        if compare.contains(baseline.get_ref()) {
            problems.report(baseline.span(), format!("`{}` comes twice", baseline.get_ref().as_str()));
        } else {
            compare.push(*baseline.get_ref());
        }
    }
    compare
}

/// Checks that a table has the columns a metric reads, in types it can read.
fn check_source(
    request: &MetricConfig,
    definition: &Definition,
    mapped: &BTreeMap<String, String>,
    table: &Table,
    timed: bool,
    problems: &mut Collector,
) {
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
        } else if let Err(reason) = table.typed(actual, kind) {
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
