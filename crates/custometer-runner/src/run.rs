//! Execution: the plans streamed, one pass per table, and their few finished rows turned into results.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use custometer_core::{Buckets, ColumnType, Domain, Period, Picture};
use polars::prelude::{DataType, Engine, LazyFrame, NULL, PolarsError, lit, when};

use crate::check::alerts;
use crate::check::derived;
use crate::check::goals as targets;
use crate::collect::ledger::{Files, Ledger};
use crate::collect::{Collected, collect};
use crate::config::Keep;
use crate::judge::privacy::{Basis, GroupSize, suppress};
use crate::observe::compare::judge;
use crate::observe::{Observed, observe};
use crate::plan::{Axes, Axis, TablePlan, in_years, plan};
use crate::read::text::FileIndex;
use crate::report::{Report, Request};
use crate::result::{Asked, Manifest, ResultRow, RunResult, TableManifest};

/// More buckets than these are a mistake: a row of the year 1, or hours over centuries.
const MAX_BUCKETS: usize = 100_000;

/// What a run tells while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A table's files are being streamed.
    Reading {
        /// The table.
        table: &'a str,
        /// How many files it has.
        files: usize,
        /// Their size.
        bytes: u64,
    },
    /// The files are being gone through for the first time.
    Checking {
        /// How many there are.
        files: usize,
    },
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The engine could not go through a table.
    #[error("table `{table}` can't be read to its end")]
    Table {
        /// The table.
        table: String,
        /// What the engine said.
        #[source]
        source: PolarsError,
    },
    /// Files are damaged.
    #[error("{}", .0.join("\n       "))]
    Files(Vec<String>),
    /// Rows of a table share what its config says that no two do.
    #[error(
        "{rows} rows of table `{table}` repeat the `{by}` of another; mend them, or say which to keep: `keep = \"first\"` or `\"last\"`"
    )]
    Repeated {
        /// The table.
        table: String,
        /// The columns of the key.
        by: String,
        /// How many rows there are beyond one of each key.
        rows: u64,
    },
    /// The period has more buckets than anyone can mean.
    #[error("by {grain}, the period has {count} buckets; give the report a period (`from`, `until`) or a coarser grain")]
    Buckets {
        /// The grain.
        grain: &'static str,
        /// How many there would be.
        count: usize,
    },
    /// The buckets of the period can't be made.
    #[error("the period can't be cut into buckets")]
    Period(#[source] jiff::Error),
}

/// Runs a report. `folder` is what paths in the manifest are relative to.
pub fn run(report: &Report, folder: &Path, progress: &dyn Fn(Event<'_>)) -> Result<RunResult, RunError> {
    let indices = indices(report, folder, progress)?;
    let axes = axes(report, &indices)?;
    let plans = plan(report, &axes, &indices).map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    let mut observed = Observed::default();
    let mut ledger = Ledger::default();
    let mut tables = Vec::new();
    for plan in &plans {
        let table = &report.tables[plan.table];
        let indices = &indices[plan.table];
        let bytes = indices.iter().map(|file| file.bytes).sum();
        progress(Event::Reading { table: &table.name, files: table.opened.files.len(), bytes });
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        let collected = Collected::of(plan, report).map_err(failed)?;
        let files = Files::of(table, indices, folder);
        let repeated = collected.rows_unique.map_or(0, |unique| collected.rows_kept - unique);
        if let Some((by, Keep::Error)) = table.deduplicate.as_ref().filter(|_| repeated > 0) {
            return Err(RunError::Repeated { table: table.name.clone(), by: by.join("`, `"), rows: repeated });
        }
        let uses = ledger.add(report, plan, &collected, &files).map_err(failed)?;
        let found = observe(&collected, report, plan).map_err(failed)?;
        observed.rows.extend(found.rows);
        observed.details.extend(found.details);
        tables.push(TableManifest {
            table: table.name.clone(),
            files: files.manifests(),
            rows_read: collected.rows_read,
            rows_filtered: collected.rows_read - collected.rows_kept,
            rows_deduplicated: repeated,
            uses,
        });
    }
    observed.rows.sort_by_key(|(request, _)| *request);
    observed.details.sort_by_key(|(request, _)| *request);
    let mut results: Vec<ResultRow> = observed.rows.into_iter().flat_map(|(_, rows)| rows).collect();
    if let Some(least) = report.min_group_size {
        // Tables over the same files tell of the same rows.
        let files = |request: &Request| report.tables[request.table].opened.files.clone();
        let basis = |name: &str| {
            report.requests.iter().find(|request| request.name == name).map(|request| Basis::of(files(request), &request.definition))
        };
        suppress(&mut results, least, |name| basis(name).unwrap_or(Basis { table: Vec::new(), size: GroupSize::N, tells_bucket: true }));
    }
    derived::append(&mut results, &report.derived);
    judge(&mut results, report);
    targets::judge(&mut results, report);
    let alerts = alerts::fire(&results, report);
    let manifest = Manifest {
        title: report.title.clone(),
        version: env!("CARGO_PKG_VERSION"),
        config_hash: report.config_hash.clone(),
        timezone: report.calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
        period: report.period,
        grain: report.grain,
        fiscal_year_start: report.calendar.fiscal_year_start,
        as_of: report.as_of,
        confidence: report.confidence,
        compare: report.baselines(),
        min_group_size: report.min_group_size,
        tables,
    };
    let details = observed.details.into_iter().map(|(_, detail)| detail).collect();
    let rejected_rows = ledger.rejected_rows(report);
    let requests = report.requests.iter().map(asked).collect();
    Ok(RunResult { manifest, results, alerts, rejected: ledger.rejections(), rejected_rows, details, requests, locale: report.locale })
}

/// What a reader must know of a request.
fn asked(request: &Request) -> Asked {
    let definition = &request.definition;
    // Values that are known beforehand have an order that means something.
    let is_ordered = definition.own_dimensions.iter().any(|own| own.domain.is_some());
    let picture = definition.picture.or(is_ordered.then_some(Picture::Distribution));
    Asked { name: request.name.clone(), about: request.metric.about, picture }
}

/// Goes through all files once: what they hold, and what makes them unreadable.
fn indices(report: &Report, folder: &Path, progress: &dyn Fn(Event<'_>)) -> Result<Vec<Vec<FileIndex>>, RunError> {
    let files = report.tables.iter().enumerate().flat_map(|(table, of)| (0..of.opened.files.len()).map(move |file| (table, file)));
    let files: Vec<(usize, usize)> = files.collect();
    progress(Event::Checking { files: files.len() });
    let next = AtomicUsize::new(0);
    let index = || {
        let taken = std::iter::from_fn(|| files.get(next.fetch_add(1, Ordering::Relaxed)).copied());
        taken.map(|(table, file)| ((table, file), report.tables[table].opened.index(file))).collect::<Vec<_>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(index)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    let mut indices: Vec<Vec<FileIndex>> = report.tables.iter().map(|_| Vec::new()).collect();
    let mut problems = Vec::new();
    for ((table, file), index) in done {
        match index {
            Ok(index) => indices[table].push(index),
            Err(error) => problems.push(format!("`{}` {error}", shown_path(&report.tables[table].opened.files[file], folder))),
        }
    }
    if problems.is_empty() { Ok(indices) } else { Err(RunError::Files(problems)) }
}

/// A path, relative to the report's folder where it lies below it.
pub(crate) fn shown_path(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}

/// The plans of every table, each with its name and as Polars will run it.
pub(crate) fn explain_plans(report: &Report) -> Result<Vec<(TablePlan, String, String)>, RunError> {
    // The plan is the same whatever the files hold, unless they say what the period is.
    let indices = if needs_period_of_data(report) { indices(report, Path::new(""), &|_| ())? } else { Vec::new() };
    let axes = axes(report, &indices)?;
    let plans = plan(report, &axes, &indices).map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    let explained = plans.into_iter().map(|plan| {
        let table = report.tables[plan.table].name.clone();
        match plan.explained(report) {
            Ok(text) => Ok((plan, table, text)),
            Err(source) => Err(RunError::Table { table, source }),
        }
    });
    explained.collect()
}

/// The buckets of every axis that the report uses. Without a period, the data's own is found first.
pub(crate) fn axes(report: &Report, indices: &[Vec<FileIndex>]) -> Result<Axes, RunError> {
    let period = if needs_period_of_data(report) { period_of_data(report, indices)? } else { report.period };
    let mut axes = Axes::new();
    for request in &report.requests {
        let timeless = report.period.is_none() && request.is_timeless_without_period();
        let own = match period.filter(|_| !timeless) {
            Some(period) => Buckets::new(period, request.grain, &report.calendar, report.as_of).map_err(RunError::Period)?,
            None if timeless => Buckets::timeless(),
            None => Buckets::none(request.grain),
        };
        if own.as_slice().len() > MAX_BUCKETS {
            return Err(RunError::Buckets { grain: request.grain.as_str(), count: own.as_slice().len() });
        }
        for axis in Axis::of(request) {
            let buckets = match axis.baseline {
                Some(baseline) => own.baseline(baseline, &report.calendar, report.as_of).map_err(RunError::Period)?,
                None => own.clone(),
            };
            axes.entry(axis).or_insert_with(|| Arc::new(buckets));
        }
    }
    Ok(axes)
}

/// Whether rows are cut by time, and only they say from when to when.
fn needs_period_of_data(report: &Report) -> bool {
    report.period.is_none() && report.requests.iter().any(|request| !request.is_timeless_without_period())
}

/// The local dates from the first row to the last, over all tables that are cut by time. None when there is no row with a time.
fn period_of_data(report: &Report, indices: &[Vec<FileIndex>]) -> Result<Option<Period>, RunError> {
    let mut ends: Vec<i64> = Vec::new();
    for (position, table) in report.tables.iter().enumerate() {
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        let timed = report.requests.iter().filter(|request| request.table == position && !request.is_timeless_without_period());
        let times = timed.filter_map(|request| Some((request.column(request.definition.source.time?), request)));
        let times: BTreeMap<&str, Domain> = times.map(|(time, request)| (time, request.definition.source.time_domain)).collect();
        if times.is_empty() {
            continue;
        }
        let rows = table.rows(&indices[position], times.keys().map(ToString::to_string).collect()).map_err(failed)?;
        let rows = table.condition.iter().cloned().fold(rows, LazyFrame::filter).cache();
        let mut plans = Vec::new();
        for (time, domain) in times {
            if let Ok(typed) = table.typed(time, ColumnType::Time) {
                let instant = match domain {
                    Domain::Years { from, until } => {
                        when(in_years(typed.value.clone(), from, until)).then(typed.value).otherwise(lit(NULL))
                    }
                    _ => typed.value,
                };
                let instant = instant.cast(DataType::Int64);
                plans.push(rows.clone().select([instant.clone().min().alias("first"), instant.max().alias("last")]));
            }
        }
        for frame in collect(plans, Engine::Streaming).map_err(failed)? {
            for end in ["first", "last"] {
                ends.extend(frame.column(end).ok().and_then(|column| column.i64().ok().and_then(|values| values.get(0))));
            }
        }
    }
    let zone = &report.calendar.zone;
    let local = |instant: i64| jiff::Timestamp::from_microsecond(instant).map(|instant| instant.to_zoned(zone.clone()).date());
    match (ends.iter().min(), ends.iter().max()) {
        (Some(&first), Some(&last)) => {
            let from = local(first).map_err(RunError::Period)?;
            let until = local(last).and_then(jiff::civil::Date::tomorrow).map_err(RunError::Period)?;
            Ok(Some(Period { from, until }))
        }
        _ => Ok(None),
    }
}
