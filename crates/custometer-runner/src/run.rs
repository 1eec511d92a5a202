//! A run: its steps in their one order, each with its reason.

use std::path::Path;

use custometer_core::Picture;

use crate::collect::Collected;
use crate::collect::indices::indices;
use crate::collect::ledger::{Files, Ledger};
use crate::collect::period::period;
use crate::error::RunError;
use crate::judge::judge;
use crate::observe::{Observed, observe};
use crate::plan::axes::axes;
use crate::plan::plan;
use crate::read::table::Keep;
use crate::report::{Report, Request};
use crate::result::{Asked, Manifest, ResultRow, RunResult, TableManifest};

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

/// Runs a report. `folder` is what paths in the manifest are relative to.
pub fn run(report: &Report, folder: &Path, progress: &dyn Fn(Event<'_>)) -> Result<RunResult, RunError> {
    progress(Event::Checking { files: report.tables.iter().map(|table| table.opened.files.len()).sum() });
    let indices = indices(report, folder)?;
    let axes = axes(report, period(report, &indices)?)?;
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
        let found = observe(&collected, report, plan)?;
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
    let alerts = judge(&mut results, report);
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
