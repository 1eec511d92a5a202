//! `[[metrics]]`: requests, each with everything that it names found in its table and its metric.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::params::ParamError;
use custometer_core::registry::Descriptor;
use custometer_core::suggest::nearest;
use custometer_core::time::{Earlier, Last, Name};
use custometer_core::{Baseline, BucketRule, Column, ColumnType, Definition, Grain, Registry, SqlCondition};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::DeValue;

use crate::check::calendars::Calendars;
use crate::check::define::Metrics;
use crate::check::earlier::{Comparable, CompareConfig};
use crate::check::expression::columns_there_are;
use crate::check::goals::{self, BenchmarkConfig, TargetConfig};
use crate::check::periods::Named;
use crate::check::rates;
use crate::check::report::ReportConfig;
use crate::check::segments::Segments;
use crate::check::tables::{TableConfig, currency};
use crate::check::targets::{self, TargetsConfig};
use crate::check::whole::Tables;
use crate::check::windows::{self, ToDate};
use crate::config::diagnostics::Collector;
use crate::config::params::Params;
use crate::config::section::{Listed, Worded, with_params, worded};
use crate::config::values::Plain;
use crate::read::table::Table;
use crate::report::conversion::Conversion;
use crate::report::{ComparedGroups, Request};

/// A request: one metric of one table, in one or several breakdowns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricConfig {
    /// The metric's id.
    #[schemars(with = "String")]
    pub metric: Spanned<String>,
    /// The table it is computed from.
    #[schemars(with = "String")]
    pub table: Spanned<String>,
    /// The name of the request in the results; the metric's id unless said.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Names that the metric uses, each with the table's own name for it, where this request differs from its table.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub columns: BTreeMap<Spanned<String>, Spanned<String>>,
    /// An SQL condition: the rows of the table that it is computed from. All of them unless said.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub condition: Option<Spanned<String>>,
    /// The segment whose rows it is computed from.
    #[schemars(with = "Option<String>")]
    pub segment: Option<Spanned<String>>,
    /// Breakdowns: each a list of columns, the empty one for the total. The total alone unless said.
    #[schemars(with = "Option<Vec<Vec<String>>>")]
    pub by: Option<Vec<Breakdown>>,
    /// A grain of its own.
    #[schemars(with = "Option<Grain>")]
    pub grain: Option<Spanned<Grain>>,
    /// One value at each bucket's end over so many units of the calendar that end there, such as `90 days`, instead of over the bucket.
    #[schemars(with = "Option<Last>")]
    pub window: Option<Spanned<Last>>,
    /// One value at each bucket's end over the week, month, quarter or year so far, instead of over the bucket.
    #[schemars(with = "Option<ToDate>")]
    pub to_date: Option<Spanned<ToDate>>,
    /// What its values are compared with, where that differs from the report's.
    #[schemars(with = "Option<Vec<CompareConfig>>")]
    pub compare: Option<Vec<Spanned<CompareConfig>>>,
    /// Groups that are compared with one of them at the same time: `{ by = "variant", with = "A" }`. The column is one of a breakdown.
    #[schemars(with = "Option<CompareGroupsConfig>")]
    pub compare_groups: Option<Spanned<CompareGroupsConfig>>,
    /// Whether changes of the total are taken apart: what each group of the other breakdowns adds to them.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub contributions: Option<Spanned<bool>>,
    /// Whether the metric's table per customer is written too.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub detail: Option<Spanned<bool>>,
    /// What its values are to be.
    #[schemars(with = "Option<TargetConfig>")]
    pub target: Option<Spanned<TargetConfig>>,
    /// Instead of a target: the table that has one for each date and group.
    #[schemars(with = "Option<TargetsConfig>")]
    pub targets: Option<Spanned<TargetsConfig>>,
    /// A value from elsewhere that its values are compared with.
    pub benchmark: Option<BenchmarkConfig>,
    /// The metric's own parameters, read apart.
    #[serde(skip)]
    pub params: Params,
}

/// Which groups are compared with which.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareGroupsConfig {
    /// The column that tells the groups apart.
    #[schemars(with = "String")]
    pub by: Spanned<String>,
    /// Its value in the group that the others are compared with.
    #[schemars(with = "serde_json::Value")]
    pub with: Plain,
}

/// The columns of a breakdown.
#[derive(Debug, Clone)]
pub(crate) struct Breakdown(pub Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Breakdown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = Vec::deserialize(deserializer).map_err(|_| D::Error::custom(NO_BREAKDOWN))?;
        Ok(Self(columns))
    }
}

const NO_BREAKDOWN: &str = "a breakdown is a list of columns: write it in brackets of its own, such as `by = [[], [\"region\"]]`";

/// Gives requests the parameters of their tables that their metrics have.
pub(crate) fn share_params(
    requests: &mut [MetricConfig],
    tables: &BTreeMap<String, TableConfig>,
    registry: &Registry,
    problems: &mut Collector,
) {
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for request in requests {
        let Some((table, shared)) = tables.get_key_value(request.table.get_ref()) else { continue };
        let Some(metric) = registry.get(request.metric.get_ref()) else { continue };
        let names = metric.param_names();
        request.params.fill(&shared.params, |name| names.iter().any(|known| known == name));
        known.entry(table).or_default().extend(names);
    }
    for (table, shared) in tables {
        // Where nothing is asked of a table, nothing is told of its parameters.
        let Some(known) = known.get(table.as_str()) else { continue };
        for name in shared.params.given.keys().filter(|name| !known.contains(*name)) {
            let place = shared.params.locate(std::slice::from_ref(name), true);
            // A pack speaks for all metrics that could be asked for.
            if !problems.text().is_own(&place) {
                continue;
            }
            problems
                .report(place, format!("no metric of `{table}` has a parameter `{name}`"))
                .suggest(name, known, || "the parameters of a table are those of its metrics".to_owned());
        }
    }
}

/// Reads one request.
pub(crate) fn metric(request: Spanned<DeValue<'_>>, problems: &mut Collector) -> Option<MetricConfig> {
    let mut metric = with_params(request, problems, |metric: &mut MetricConfig, params| metric.params = params)?;
    // Where there are no parameters, what is missing is missing of the metric.
    if metric.params.places.span.is_empty() {
        metric.params.places.span = metric.metric.span();
    }
    Some(metric)
}

/// What requests are read with: the rest of the config, and what is known of it.
pub(crate) struct Reading<'a> {
    pub(crate) report: &'a ReportConfig,
    /// The tables as they are written, wrong ones too.
    pub(crate) written: &'a BTreeMap<String, TableConfig>,
    pub(crate) tables: &'a [Table],
    pub(crate) segments: &'a Segments,
    pub(crate) conversion: Option<&'a Conversion>,
    pub(crate) calendars: &'a Calendars,
    pub(crate) metrics: &'a Metrics,
    pub(crate) has_period: bool,
    /// The times that the report names.
    pub(crate) named: &'a Named,
    /// What it compares with by names of its own.
    pub(crate) earlier: &'a BTreeMap<Name, Earlier>,
}

impl Reading<'_> {
    /// Finds everything that a request names.
    pub(crate) fn read(&self, request: &MetricConfig, problems: &mut Collector) -> Option<Request> {
        let metric = self.metric(request, problems);
        let definition = metric.and_then(|metric| self.definition(request, metric, problems));
        let position = self.table(request, problems)?;
        let table = &self.tables[position];
        let by = breakdowns(request, table, problems);
        let conditions = self.conditions(request, table, problems);
        let is_wrong = self.written.get(&table.name).is_some_and(|written| currency::is_wrong(written.currency.as_ref(), problems));
        let conversion = self.conversion.filter(|_| !is_wrong);
        let (metric, definition) = (metric?, definition?);
        let mut definition = rates::settled(definition, table, conversion);
        let grain = self.grain(request, &definition, problems);
        let asked = windows::Asked {
            window: request.window.as_ref(),
            to_date: request.to_date.as_ref(),
            metric: request.metric.get_ref(),
            detail: request.detail.as_ref(),
        };
        let window = windows::read(&asked, &definition, self.report, problems);
        let needs_time = self.has_period || grain != Grain::Total || definition.source.is_always_timed || window.is_some();
        if let Some(window) = window {
            definition = definition.note(window.in_words());
        }
        let columns = columns(request, &definition, table, problems);
        let is_there =
            |column: &Column| !column.is_optional || table.schema.contains(columns.get(column.name).map_or(column.name, String::as_str));
        let (there, absent) = std::mem::take(&mut definition.source.columns).into_iter().partition(is_there);
        (definition.source.columns, definition.source.absent) = (there, absent);
        let of_days = rates::check((&request.metric, &request.table), (&definition, metric), table, conversion, problems);
        let of_days = of_days && definition.source.time.is_some();
        check_source(request, &definition, &columns, table, needs_time || of_days, problems);
        for own in definition.dimensions() {
            if let Some(taken) = request.by.iter().flatten().flat_map(|Breakdown(columns)| columns).find(|column| *column.get_ref() == own)
            {
                let message = format!("`{own}` is a dimension of `{}` itself, and always there", request.metric.get_ref());
                problems.report(taken.span(), message);
            }
        }
        let detail = self.detail(request, &definition, problems);
        let name = request.name.as_ref().unwrap_or(&request.metric).get_ref().clone();
        let compare = self.compare(request, grain, needs_time && definition.source.time.is_some(), problems);
        let benchmark = request.benchmark.as_ref().map(goals::benchmark);
        let mut read = Request {
            name,
            metric,
            definition,
            table: position,
            columns,
            // Known once all requests are.
            id_columns: BTreeSet::new(),
            by,
            conditions,
            grain,
            window,
            compare,
            compare_groups: compared_groups(request, problems),
            contributions: false,
            detail,
            target: None,
            benchmark,
        };
        read.contributions = contributions(request, &read, problems);
        read.target = request.target.as_ref().map(|target| goals::read(target, &read.judged(), problems));
        Some(read)
    }

    /// The grain of a request, which its metric may have no meaning by.
    fn grain(&self, request: &MetricConfig, definition: &Definition, problems: &mut Collector) -> Grain {
        self.named.check_grain(request.grain.as_ref(), problems);
        let written = [request.grain.as_ref(), self.report.grain.as_ref()];
        let grain = written.into_iter().find_map(|grain| self.named.known(grain)).unwrap_or_default();
        let is_in_sequence = definition.derivation.as_ref().is_some_and(|derivation| derivation.buckets() == BucketRule::InSequence);
        if let (Grain::Named(name), true) = (grain, is_in_sequence) {
            let id = request.metric.get_ref();
            let place = request.grain.as_ref().map_or_else(|| request.metric.span(), Spanned::span);
            problems
                .report(place, format!("`{id}` is counted from one bucket to the next, and days may lie between the periods `{name}`"))
                .help("give the request a grain of the calendar, such as `grain = \"month\"`");
        }
        grain
    }

    /// What a request's values are compared with: only what is placed in time is.
    fn compare(&self, request: &MetricConfig, grain: Grain, timed: bool, problems: &mut Collector) -> Vec<Baseline> {
        let asked = request.compare.as_ref().unwrap_or(&self.report.compare);
        if let Some(first) = asked.first().filter(|_| !timed) {
            // The report's own wish is for what can be compared; one of the request is a mistake.
            if request.compare.is_some() {
                let message = format!("`{}` is not placed in time here, and there is nothing to compare it with", request.metric.get_ref());
                problems.report(first.span(), message).help("give the report a period, or the request a grain");
            }
            return Vec::new();
        }
        let comparable = Comparable { earlier: self.earlier, named: self.named, grain, least: self.report.min_group_size };
        comparable.read(asked, request.compare.is_some(), problems)
    }

    fn metric(&self, request: &MetricConfig, problems: &mut Collector) -> Option<&'static Descriptor> {
        let id = request.metric.get_ref();
        let metric = self.metrics.registry.get(id);
        if metric.is_none() && !self.metrics.is_broken(id) {
            problems.report(request.metric.span(), format!("unknown metric `{id}`")).help(self.metrics.help(id));
        }
        metric
    }

    /// The metric with the parameters of the request.
    fn definition(&self, request: &MetricConfig, metric: &Descriptor, problems: &mut Collector) -> Option<Definition> {
        match metric.define(self.calendars.bind(&request.params, metric, problems)?) {
            Ok(definition) => Some(definition),
            Err(errors) => {
                for error in &errors {
                    param_problem(request, metric, error, problems);
                }
                None
            }
        }
    }

    /// The position of its table. None for one that is not there or is wrong.
    fn table(&self, request: &MetricConfig, problems: &mut Collector) -> Option<usize> {
        let name = request.table.get_ref();
        if !self.written.contains_key(name) {
            problems
                .report(request.table.span(), format!("there is no table `{name}`"))
                .suggest(name, self.written.keys(), || format!("describe it: `[tables.{name}]` with its `path`"));
        }
        self.tables.iter().position(|table| table.name == *name)
    }

    /// The columns that say which rows of its table a request is computed from.
    fn conditions(&self, request: &MetricConfig, table: &Table, problems: &mut Collector) -> Vec<String> {
        let own = request.condition.as_ref().map(|written| (written, SqlCondition::new(written.get_ref()).name()));
        let segment = request.segment.as_ref().map(|name| (name, name.get_ref().clone()));
        if let Some(named) = &request.segment {
            let name = named.get_ref();
            if !self.segments.keys().any(|known| known.get_ref() == name) {
                problems.report(named.span(), format!("there is no segment `{name}`")).suggest(
                    name,
                    self.segments.keys().map(Spanned::get_ref),
                    || format!("describe it: `[segments.{name}]` with its `where`"),
                );
            } else if !table.schema.contains(name) && !table.broken.contains(name) {
                let message = format!("the segment `{name}` is not of `{}`", table.name);
                problems
                    .report(named.span(), message)
                    .help("a segment is of its `table`, or else of those that have the columns of its `where`");
            }
        }
        if let (Some((written, _)), Some(least)) =
            (own.as_ref().or(segment.as_ref()), self.report.min_group_size.filter(|least| *least > 1))
        {
            // What the others are would follow from a request of all rows less this one.
            problems
                .report(
                    written.span(),
                    format!("rows that a request leaves out could be told, and `min_group_size` hides groups of fewer than {least}"),
                )
                .help("break down by a segment instead: `by = [[\"…\"]]`");
        }
        own.into_iter().chain(segment).map(|(_, column)| column).filter(|column| table.schema.contains(column)).collect()
    }

    /// Whether the table per customer is wanted.
    fn detail(&self, request: &MetricConfig, definition: &Definition, problems: &mut Collector) -> bool {
        let Some(asked) = request.detail.as_ref().filter(|detail| *detail.get_ref()) else { return false };
        if definition.detail.is_empty() {
            problems.report(asked.span(), format!("`{}` has no detail table", request.metric.get_ref()));
        }
        if let Some(least) = self.report.min_group_size.filter(|least| *least > 1) {
            problems
                .report(asked.span(), format!("a detail table shows single ones, and `min_group_size` hides groups of fewer than {least}"))
                .help("leave one of them out");
        }
        true
    }
}

/// Whether changes of a request's total are to be taken apart.
fn contributions(request: &MetricConfig, read: &Request, problems: &mut Collector) -> bool {
    let Some(asked) = request.contributions.as_ref().filter(|asked| *asked.get_ref()) else { return false };
    let id = request.metric.get_ref();
    if let Some(reason) = read.definition.no_contributions() {
        problems
            .report(asked.span(), format!("the changes of `{id}` can't be taken apart by groups: {reason}"))
            .help("leave it out, or ask it of a metric that is a sum, a share or a mean of rows");
    } else if read.compare.is_empty() {
        problems.report(asked.span(), format!("`{id}` is compared with nothing")).help("give it `compare = [\"previous\"]`");
    } else if !read.by.iter().any(Vec::is_empty) || read.by.len() < 2 {
        problems
            .report(asked.span(), "a total is taken apart by its groups, and the request has not both")
            .help("ask for both: `by = [[], [\"region\"]]`");
    }
    true
}

/// The breakdowns of a request, each of columns that its table has.
fn breakdowns(request: &MetricConfig, table: &Table, problems: &mut Collector) -> Vec<Vec<String>> {
    let (id, columns) = (request.metric.get_ref(), table.columns());
    let Some(written) = &request.by else { return vec![Vec::new()] };
    if written.is_empty() {
        problems.report(request.metric.span(), format!("`by` of `{id}` is empty")).help("write `by = [[]]` for the total, or leave it out");
    }
    let mut by = Vec::new();
    for Breakdown(breakdown) in written {
        let mut names: Vec<String> = Vec::new();
        for column in breakdown {
            let name = column.get_ref();
            if !columns.contains(name) && !table.broken.contains(name) {
                problems.report(column.span(), format!("there is no column `{name}` in `{}` to break down by", table.name)).suggest(
                    name,
                    &columns,
                    || columns_there_are(&columns),
                );
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
    by
}

/// The table's names for columns of the metric, where the request gives its own.
fn columns(request: &MetricConfig, definition: &Definition, table: &Table, problems: &mut Collector) -> BTreeMap<String, String> {
    let known = table.columns();
    let reads = definition.source.time.into_iter().chain(definition.source.columns.iter().map(|column| column.name));
    let reads: Vec<&str> = reads.collect();
    for (logical, actual) in &request.columns {
        if !reads.contains(&logical.get_ref().as_str()) {
            problems
                .report(logical.span(), format!("`{}` reads no column `{}`", request.metric.get_ref(), logical.get_ref()))
                .help(format!("it reads {}", Listed(&reads)));
        } else if !known.contains(actual.get_ref()) {
            problems.report(actual.span(), format!("there is no column `{}` in `{}`", actual.get_ref(), table.name)).suggest(
                actual.get_ref(),
                &known,
                || columns_there_are(&known),
            );
        }
    }
    request.columns.iter().map(|(logical, actual)| (logical.get_ref().clone(), actual.get_ref().clone())).collect()
}

/// Reads the targets that tables have, once it is known which dimensions hold ids.
pub(crate) fn read_targets(
    (metrics, named): (&[MetricConfig], &BTreeMap<String, TableConfig>),
    requests: &mut [Request],
    tables: &[Table],
    is_hashed: bool,
    problems: &mut Collector,
) {
    let find = |name: &str| tables.iter().find(|table| table.name == name);
    let all = Tables { names: named.keys().map(String::as_str).collect(), find: &find };
    for written in metrics {
        let Some(targets) = &written.targets else { continue };
        if written.target.is_some() {
            problems.report(targets.span(), "the request has a `target` already").help("leave one of them out");
        }
        let name = written.name.as_ref().unwrap_or(&written.metric).get_ref();
        let Some(request) = requests.iter_mut().find(|request| request.name == *name) else { continue };
        let is_id = |dimension: &str| is_hashed && request.is_id(dimension);
        let asked = targets::Asked { grain: request.grain, of: &request.judged(), is_hashed: &is_id };
        let goal = targets::read(targets, &asked, &all, problems);
        request.target = Some(goal);
    }
}

/// Which groups of a request are compared with which: those of a breakdown.
fn compared_groups(request: &MetricConfig, problems: &mut Collector) -> Option<ComparedGroups> {
    let CompareGroupsConfig { by, with } = request.compare_groups.as_ref()?.get_ref();
    let columns: Vec<&str> =
        request.by.iter().flatten().flat_map(|Breakdown(columns)| columns).map(|column| column.get_ref().as_str()).collect();
    if !columns.contains(&by.get_ref().as_str()) {
        let help = format!("add it: `by = [[], [\"{}\"]]`", by.get_ref());
        problems.report(by.span(), format!("no breakdown of `{}` is by `{}`", request.metric.get_ref(), by.get_ref())).help(help);
    }
    Some(ComparedGroups { by: by.get_ref().clone(), with: with.0.clone() })
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
    let id = request.metric.get_ref();
    let mut needed: BTreeMap<&str, ColumnType> = BTreeMap::new();
    for (column, kind) in columns.chain(time) {
        // A column that parameters name may be one that the metric reads anyway.
        let known = *needed.entry(column).or_insert(kind);
        if known != kind {
            let message = format!("`{id}` reads `{column}` as {}, and can't read it as {} too", known.as_str(), kind.as_str());
            let help = format!("name another column than `{column}` in `params`; a column of the same values can be derived");
            problems.report(request.params.locate(&[], false), message).help(help);
        }
    }
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
            let map = match table.absent.get(actual) {
                Some(absent) => format!("its pack makes it of `{absent}`, which the files do not have; {map}"),
                None => map,
            };
            let before = format!("`{}` has no column `{column}` ({}) for ", table.name, kind.as_str());
            problems.report_for(id, request.table.span(), &before, "").help(format!("{map}; {}", columns_there_are(&known)));
        } else if let Err(reason) = table.typed(actual, kind) {
            let before = format!("`{}` can't be used for ", table.name);
            problems
                .report_for(id, request.table.span(), &before, &format!(": {reason}"))
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

/// Gives requests that name themselves by the same metric names that tell them apart: by their segments, or else by their tables, or else by both.
pub(crate) fn name_apart(requests: &mut [MetricConfig]) {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, request) in requests.iter().enumerate().filter(|(_, request)| request.name.is_none()) {
        alike.entry(request.metric.get_ref().clone()).or_default().push(position);
    }
    for (metric, positions) in alike.into_iter().filter(|(_, positions)| positions.len() > 1) {
        let told_by = |tell: fn(&MetricConfig) -> Option<String>| -> Vec<Option<String>> {
            positions.iter().map(|position| tell(&requests[*position])).collect()
        };
        let segment = |request: &MetricConfig| request.segment.as_ref().map(|name| name.get_ref().clone());
        let table = |request: &MetricConfig| Some(request.table.get_ref().clone());
        let both = |request: &MetricConfig| {
            let segment = request.segment.as_ref().map(|name| format!(", {}", name.get_ref())).unwrap_or_default();
            Some(format!("{}{segment}", request.table.get_ref()))
        };
        let ways = [told_by(segment), told_by(table), told_by(both)];
        let differ = |names: &Vec<Option<String>>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        for (position, name) in positions.iter().zip(ways.into_iter().find(differ).into_iter().flatten()) {
            let place = requests[*position].metric.span();
            requests[*position].name = name.map(|name| Spanned::new(place, format!("{metric} ({name})")));
        }
    }
}

/// Reports requests of a union beside those of its tables, where small groups are hidden: what one hides the others could tell.
pub(crate) fn refuse_overlaps(written: &[MetricConfig], least: Option<u64>, tables: &[Table], problems: &mut Collector) {
    let Some(least) = least.filter(|least| *least > 1) else { return };
    let find = |name: &str| tables.iter().find(|table| table.name == name);
    for (position, request) in written.iter().enumerate() {
        let Some(table) = find(request.table.get_ref()) else { continue };
        let shares = |other: &&Table| {
            let is_other = other.name != table.name && !(other.sources().is_empty() && table.sources().is_empty());
            is_other && other.files().iter().any(|file| table.files().contains(file))
        };
        let other = written[..position].iter().filter_map(|other| find(other.table.get_ref())).find(shares);
        if let Some(other) = other {
            let message = format!(
                "`{}` and `{}` have rows of the same files, and `min_group_size` hides groups of fewer than {least}: what one hides the other \
                 could tell",
                other.name, table.name
            );
            problems
                .report(request.table.span(), message)
                .help("ask for one of them alone: `source` names a column of the tables of a union");
        }
    }
}

/// Two requests of one name could not be told apart in the results.
pub(crate) fn name_once(requests: &[MetricConfig], problems: &mut Collector) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for request in requests {
        let named = request.name.as_ref().unwrap_or(&request.metric);
        if !seen.insert(named.get_ref()) {
            problems.report(named.span(), format!("two requests are called `{}`", named.get_ref())).help("give one of them another `name`");
        }
    }
}
