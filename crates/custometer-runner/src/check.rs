//! What was written → what is meant: one file per section of the config, with its shape beside its reader.

pub(crate) mod alerts;
mod apart;
pub(crate) mod calendars;
pub(crate) mod conditions;
pub(crate) mod config;
pub(crate) mod define;
pub(crate) mod derived;
pub(crate) mod earlier;
pub(crate) mod expression;
pub(crate) mod formula;
pub(crate) mod goals;
pub(crate) mod ids;
pub(crate) mod mail;
pub(crate) mod own_schema;
pub(crate) mod packs;
pub(crate) mod periods;
pub(crate) mod rates;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod schema;
pub(crate) mod segments;
mod sizes;
pub(crate) mod sql_params;
pub(crate) mod tables;
pub(crate) mod targets;
pub(crate) mod webhooks;
pub(crate) mod whole;
mod windows;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use custometer_core::time::{Earlier, Name, NamedTimes};
use custometer_core::{Calendar, Period, Registry};
use jiff::civil::Date;

use crate::check::calendars::Calendars;
use crate::check::config::Config;
use crate::check::define::Metrics;
use crate::check::derived::Reading;
use crate::check::periods::Named;
use crate::check::whole::Tables;
use crate::config::diagnostics::{Collector, Problems, Text};
use crate::config::flat::flat;
use crate::memory::MemoryLimit;
use crate::read::files;
use crate::read::given::GivenRows;
use crate::read::stores::is_remote;
use crate::read::table::Table;
use crate::read::watch::Watch;
use crate::report::judged::Judged;
use crate::report::{Report, Request, judged};

/// What a report is read from.
#[derive(Clone)]
pub struct Input<'a> {
    /// How messages call the config.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its folder, which its paths are relative to, and those of files that it includes.
    pub folder: &'a Path,
    /// Settings over it, each `key.path=value`.
    pub settings: &'a [String],
    /// The date up to which the data are known, where the caller says one; it overrides the report's own.
    pub as_of: Option<Date>,
    /// What that date is when nobody says one.
    pub today: Option<Date>,
    /// What the environment holds under a name: where secrets are.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Rows that the host gives, by what a table's `path` calls them; no file is looked for then.
    pub given: &'a BTreeMap<String, Arc<GivenRows>>,
}

/// Tables with those that they look something up in, and those that they are unions of.
fn with_looked_up(mut names: BTreeSet<String>, opened: &BTreeMap<&str, Option<Table>>) -> BTreeSet<String> {
    loop {
        let tables = names.iter().filter_map(|name| opened.get(name.as_str())?.as_ref());
        let others = tables.flat_map(|table| {
            let sources = table.sources().iter().map(|source| source.table.name.clone());
            table.columns.lookups.iter().map(|lookup| lookup.table.clone()).chain(sources).collect::<Vec<_>>()
        });
        let more: Vec<String> = others.filter(|name| !names.contains(name)).collect();
        if more.is_empty() {
            return names;
        }
        names.extend(more);
    }
}

/// The files of this machine that a report is made of, whatever is wrong with it: its config, the files that it includes, and those of its
/// tables.
pub fn files_of(input: &Input<'_>) -> Vec<PathBuf> {
    let mut problems = Collector::new(Text::new(input.name, input.text, input.settings, input.folder));
    let (config, _) = config::read(input.environment, &mut problems);
    let text = problems.text();
    let paths = config.tables.values().filter_map(|table| table.path.as_ref()).filter(|path| !is_remote(path.get_ref()));
    // A path that names nothing yet has no files.
    let of_tables = paths.flat_map(|path| files::files(path.get_ref(), text.folder_of(&path.span())).unwrap_or_default());
    text.files().chain(of_tables).collect()
}

/// The hash of a config: of all its text, and of what the environment said for its variables.
fn hash(text: &str, asked: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(text.as_bytes());
    for (name, value) in asked {
        hasher.update(format!("\n{name} {value}").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The earlier times that a report names, with what is wrong with its own grain and comparisons reported.
fn earlier(config: &Config, period: Option<Period>, times: &Named, problems: &mut Collector) -> BTreeMap<Name, Earlier> {
    times.check_grain(config.report.grain.as_ref(), problems);
    let of_requests = config.metrics.iter().flat_map(|request| request.compare.iter().flatten());
    let earlier = earlier::read(config.report.compare.iter().chain(of_requests), period, times, problems);
    earlier::check_names(&config.report.compare, &earlier, problems);
    earlier
}

/// Reads a report and checks all of it, down to the types of its files' columns, before any row is streamed.
///
/// The errors are all there are, not only the first.
pub fn load(input: &Input<'_>, registry: &Registry) -> Result<Report, Problems> {
    let mut problems = Collector::new(Text::new(input.name, input.text, input.settings, input.folder));
    let (mut config, asked) = config::read(input.environment, &mut problems);
    let config_hash = hash(&problems.text().whole, &asked);
    requests::name_apart(&mut config.metrics);
    requests::share_params(&mut config.metrics, &config.tables, registry, &mut problems);
    let zone = config.report.timezone.0.clone();
    let mut calendar = Calendar {
        zone: zone.clone(),
        week_start: config.report.week_start.into(),
        fiscal_year_start: config.report.fiscal_year_start as i8,
        named: Arc::default(),
    };
    let as_of = input.as_of.or(config.report.as_of.map(|day| day.0));
    let period = report::period(&config.report, as_of.or(input.today), &calendar, &mut problems);
    let id_hasher = report::id_hasher(&config.report, input.environment, &mut problems);
    let calendars = Calendars::read(&config.calendars, &zone, &mut problems);
    // A table that nothing asks for is checked all the same: its mistakes would show on the day it is used.
    let read_by = (&zone, config.report.hash_ids.is_none());
    let mut opened = tables::open_all(&config.tables, read_by, input.given, &mut problems);
    segments::add(&config.segments, &mut opened, &mut problems);
    let metrics = Metrics::read(&config.define, &opened, registry, &mut problems);
    let find = |name: &str| opened.get(name)?.as_ref();
    let whole = Tables { names: opened.keys().copied().collect(), find: &find };
    let conversion = rates::read(config.report.currency.as_ref(), config.report.rates.as_ref(), &whole, &mut problems);
    let of_rates = config.report.rates.as_ref().and_then(|rates| rates.get_ref().table.as_ref());
    let times = Named::read(&config.periods, &config.holidays, &whole, &mut problems);
    let of_targets = config.metrics.iter().filter_map(|request| Some(&request.targets.as_ref()?.get_ref().table));
    let used = config.metrics.iter().map(|request| &request.table).chain(of_rates).chain(of_targets);
    let used = used.map(|table| table.get_ref().clone()).chain(times.named_tables()).collect();
    let used = with_looked_up(used, &opened);
    let mut tables: Vec<Table> = opened.into_iter().filter(|(name, _)| used.contains(*name)).filter_map(|(_, table)| table).collect();
    sql_params::add(&config.metrics, registry, &mut tables, &mut problems);
    let timed = period.is_some();
    let earlier = earlier(&config, period, &times, &mut problems);
    let reading = requests::Reading {
        report: &config.report,
        written: &config.tables,
        tables: &tables,
        segments: &config.segments,
        conversion: conversion.as_ref(),
        calendars: &calendars,
        metrics: &metrics,
        has_period: timed,
        named: &times,
        earlier: &earlier,
    };
    let mut requests: Vec<Request> = config.metrics.iter().filter_map(|request| reading.read(request, &mut problems)).collect();
    apart::refuse(&config.tables, &config.metrics, &tables, config.report.min_group_size, &mut problems);
    ids::find(&mut requests, &tables);
    requests::read_targets((&config.metrics, &config.tables), &mut requests, &tables, id_hasher.is_some(), &mut problems);
    if id_hasher.is_some() {
        ids::refuse_values(&config.metrics, &requests, &mut problems);
    }
    requests::name_once(&config.metrics, &mut problems);
    requests::refuse_overlaps(&config.metrics, config.report.min_group_size, &tables, &mut problems);
    let named = config.metrics.iter().map(|request| request.name.as_ref().unwrap_or(&request.metric).get_ref().as_str());
    let named = named.map(|name| (name, requests.iter().find(|request| request.name == name))).collect();
    let calculated = Reading { requests: named, has_period: timed }.read(&config.derived, &mut problems);
    let judged: Vec<Judged<'_>> = judged(&requests, &calculated).collect();
    let alerts = alerts::read(&config.alerts, &config.named(), &judged, &mut problems);
    calendar.named = Arc::new(NamedTimes { earlier, ..times.listed });
    let grain = config.report.grain();
    let watch = Watch::default();
    for table in &mut tables {
        table.watch(&watch);
    }
    let report = Report {
        link: report::link(&config.report, &mut problems),
        title: config.report.title,
        locale: config.report.locale,
        digits: config.report.digits.map(|digits| digits.0),
        calendar,
        named_tables: times.tables,
        period,
        grain,
        complete_periods_only: config.report.complete_periods_only,
        as_of,
        // What today is says nothing of data whose period is their own.
        over_until: period.map_or(as_of, |period| as_of.or(input.today).map(|date| date.min(period.until))),
        conversion,
        confidence: config.report.confidence.0,
        max_rejected_percent: config.report.max_rejected_percent.0,
        rejected_rows: config.report.rejected_rows,
        multiple_comparisons: config.report.multiple_comparisons,
        min_group_size: config.report.min_group_size,
        id_hasher,
        tables,
        defined: metrics.defined,
        requests,
        calculated,
        alerts,
        webhooks: webhooks::read(&config.webhooks, input.environment, &mut problems),
        mails: mail::read(&config.mail, input.environment, &mut problems),
        config_hash,
        memory: MemoryLimit::default(),
        watch,
        settings: flat(input.text, input.settings),
        restated: config.report.restated,
    };
    sizes::refuse(&config.metrics, &report, &mut problems);
    problems.finish()?;
    Ok(report)
}
