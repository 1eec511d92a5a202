//! A run: its steps in their one order, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use custometer_core::{CurrencyCode, Picture, Unit};

use crate::collect::Collected;
use crate::collect::indices::indices;
use crate::collect::ledger::{Files, Ledger};
use crate::collect::looked_up::{LookedUp, Misses};
use crate::collect::lookup_words::Told;
use crate::collect::lookups::{Prepared, prepare};
use crate::collect::period::period;
use crate::collect::rates::{RatesRead, rates};
use crate::collect::words::listed;
use crate::error::RunError;
use crate::judge::judge;
use crate::observe::words;
use crate::observe::{Observed, observe};
use crate::plan::TablePlan;
use crate::plan::axes::axes;
use crate::plan::kept::Kept;
use crate::plan::plan;
use crate::read::currency::RowCurrency;
use crate::read::files::shown_path;
use crate::read::table::Keep;
use crate::read::table::Table;
use crate::read::text::FileIndex;
use crate::report::{Report, Request};
use crate::result::{Asked, Manifest, Note, ResultRow, RowsNoData, RunResult, TableManifest};

/// What a run tells while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A table's files are being streamed.
    Reading {
        /// The table, or all that are read of these files.
        table: &'a str,
        /// How many files there are.
        files: usize,
        /// Their size.
        bytes: u64,
        /// How many rows they have, as far as that is known beforehand.
        rows: u64,
    },
    /// The files are being gone through for the first time.
    Checking {
        /// How many there are.
        files: usize,
    },
}

/// Runs a report. `folder` is what paths in the manifest are relative to.
pub fn run(report: &Report, folder: &Path, progress: &dyn Fn(Event<'_>)) -> Result<RunResult, RunError> {
    // What a run that is stopped fails with is no fault of its files.
    steps(report, folder, progress).map_err(|error| if report.watch.is_stopped() { RunError::Stopped } else { error })
}

fn steps(report: &Report, folder: &Path, progress: &dyn Fn(Event<'_>)) -> Result<RunResult, RunError> {
    progress(Event::Checking { files: report.files() });
    let all_indices = indices(report, folder)?;
    let prepared = prepare(report, &all_indices, folder)?;
    for table in prepared.looked_up.iter().map(|looked_up| report.first_of_scan(looked_up.table)).collect::<BTreeSet<_>>() {
        unchanged(&report.tables[table], &all_indices[table], folder)?;
    }
    let kept = &prepared.kept;
    let axes = axes(report, period(report, &all_indices, &prepared)?)?;
    let rates = rates(report, &all_indices, kept, folder)?;
    let plans = plan(report, &axes, &all_indices, (kept, &prepared.found), rates.as_ref().map(|read| &read.rates))
        .map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    let mut observed = Observed::default();
    let mut ledger = Ledger::default();
    let mut tables = BTreeMap::new();
    let mut notes = Vec::new();
    let mut scanned = BTreeMap::new();
    for plan in &plans {
        let table = &report.tables[plan.table];
        let indices = &all_indices[plan.table];
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        if !scanned.contains_key(&plan.table) {
            scanned.extend(scan(report, &plans, plan.scan, (indices, folder), progress)?);
        }
        let Some(collected) = scanned.remove(&plan.table) else { continue };
        one_currency(report, plan, &collected)?;
        let files = Files::of(table, indices, folder);
        let (in_files, no_data) = no_data(table, indices, collected.rows_of_files);
        let looked_up_in = |lookup: &str, place: u32| prepared.looked_up_in(report, plan.table, (lookup, place), (&all_indices, folder));
        let uses = ledger.add(report, plan, &collected, &files, &looked_up_in).map_err(failed)?;
        let mut found = observe(&collected, report, plan)?;
        for (request, row) in found.rows.iter_mut().flat_map(|(request, rows)| rows.iter_mut().map(|row| (*request, row))) {
            row.currency = currency(report, plan, &collected, request, row);
        }
        let of_groups = std::mem::take(&mut found.notes).into_iter().map(|(request, text)| (vec![request], text));
        for (requests, text) in words::notes(report, plan, &collected).into_iter().chain(of_groups).chain(plan.notes_of_rates()) {
            let concerned = found.rows.iter_mut().filter(|(request, _)| requests.contains(request)).flat_map(|(_, rows)| rows);
            concerned.for_each(|row| row.note = Some(row.note.take().into_iter().chain([text.clone()]).collect::<Vec<_>>().join("; ")));
            let requests = requests.iter().map(|request| report.requests[*request].name.clone()).collect();
            notes.push(Note { table: table.name.clone(), requests, text });
        }
        observed.rows.extend(found.rows);
        observed.details.extend(found.details);
        let told = |misses: &Misses| misses.told(report, table, &files, &prepared.found[plan.table]);
        let told: Vec<Told> = collected.misses.iter().filter_map(told).collect();
        let mut table_notes = table_notes(table, &files, indices, &kept[plan.table]);
        table_notes.extend(told.iter().flat_map(|told| told.notes.clone()));
        let manifest = TableManifest {
            table: table.name.clone(),
            files: files.manifests(),
            rows_read: in_files,
            rows_no_data: no_data,
            rows_made: (!table.shape.is_plain()).then_some(collected.rows_read),
            rows_filtered: collected.rows_once - collected.rows_kept,
            rows_deduplicated: collected.rows_read - collected.rows_once - kept[plan.table].without_span,
            rows_without_span: kept[plan.table].without_span,
            uses,
            lookups: told.into_iter().map(|told| told.manifest).collect(),
            notes: table_notes,
        };
        tables.insert(plan.table, manifest);
    }
    for looked_up in &prepared.looked_up {
        add_looked_up(report, looked_up, (&prepared, &all_indices, folder), &mut tables, &mut ledger);
    }
    if let Some((position, read)) = report.table_of_rates().zip(rates) {
        let manifest = table_of_rates(&report.tables[position], &all_indices[position], &kept[position], &read, folder)?;
        // A table that is looked up as well stands there already.
        tables.entry(position).or_insert(manifest);
    }
    observed.rows.sort_by_key(|(request, _)| *request);
    observed.details.sort_by_key(|(request, _)| *request);
    let mut results: Vec<ResultRow> = observed.rows.into_iter().flat_map(|(_, rows)| rows).collect();
    let alerts = judge(&mut results, report);
    let manifest = Manifest {
        title: report.title.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash: report.config_hash.clone(),
        timezone: report.calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
        period: report.period,
        grain: report.grain,
        fiscal_year_start: report.calendar.fiscal_year_start,
        as_of: report.as_of,
        confidence: report.confidence,
        compare: report.baselines(),
        min_group_size: report.min_group_size,
        tables: tables.into_values().collect(),
    };
    let details = observed.details.into_iter().map(|(_, detail)| detail).collect();
    let rejected_rows = ledger.rejected_rows(report);
    let requests = report.requests.iter().map(asked).collect();
    Ok(RunResult {
        manifest,
        results,
        alerts,
        rejected: ledger.rejections(),
        rejected_rows,
        details,
        requests,
        notes,
        locale: report.locale,
    })
}

/// Goes through files once, for all tables that are read of them.
fn scan(
    report: &Report,
    plans: &[TablePlan],
    scan: usize,
    (indices, folder): (&[FileIndex], &Path),
    progress: &dyn Fn(Event<'_>),
) -> Result<Vec<(usize, Collected)>, RunError> {
    let plans: Vec<&TablePlan> = plans.iter().filter(|plan| plan.scan == scan).collect();
    let tables: Vec<usize> = plans.iter().map(|plan| plan.table).collect();
    let names: Vec<&str> = tables.iter().map(|table| report.tables[*table].name.as_str()).collect();
    let (bytes, rows) = indices.iter().fold((0, 0), |(bytes, rows), file| (bytes + file.bytes, rows + file.rows));
    progress(Event::Reading { table: &names.join(", "), files: indices.len(), bytes, rows });
    let collected = Collected::of_scan(&plans, report);
    // What was read while it changed can't be relied on, whether or not it could be read.
    unchanged(&report.tables[scan], indices, folder)?;
    let collected = collected.map_err(|source| RunError::Table { table: report.names(&tables), source })?;
    Ok(tables.into_iter().zip(collected).collect())
}

/// Adds what became of the rows of a table that another looks something up in.
fn add_looked_up(
    report: &Report,
    looked_up: &LookedUp,
    (prepared, indices, folder): (&Prepared, &[Vec<FileIndex>], &Path),
    tables: &mut BTreeMap<usize, TableManifest>,
    ledger: &mut Ledger,
) {
    let position = looked_up.table;
    let (table, indices) = (&report.tables[position], &indices[position]);
    let files = Files::of(table, indices, folder);
    let manifest = tables.entry(position).or_insert_with(|| {
        let (rows_read, rows_no_data) = no_data(table, indices, looked_up.rows_of_files);
        TableManifest {
            table: table.name.clone(),
            files: files.manifests(),
            rows_read,
            rows_no_data,
            rows_made: (!table.shape.is_plain()).then_some(looked_up.rows_read),
            rows_filtered: looked_up.rows_once - looked_up.rows_kept,
            rows_deduplicated: looked_up.rows_read - looked_up.rows_once - prepared.kept[position].without_span,
            rows_without_span: prepared.kept[position].without_span,
            uses: Vec::new(),
            lookups: Vec::new(),
            notes: table_notes(table, &files, indices, &prepared.kept[position]),
        }
    });
    manifest.uses.push(ledger.add_looked_up(report, looked_up, &files));
    for told in looked_up.misses.iter().filter_map(|misses| misses.told(report, table, &files, &prepared.found[position])) {
        // What the table's own requests look up is told already.
        if !manifest.lookups.iter().any(|known| known.lookup == told.manifest.lookup) {
            manifest.lookups.push(told.manifest);
            manifest.notes.extend(told.notes);
        }
    }
}

/// So many currencies are named.
const MOST_CURRENCIES: usize = 8;

/// Refuses amounts of several currencies in one sum.
fn one_currency(report: &Report, plan: &TablePlan, collected: &Collected) -> Result<(), RunError> {
    let table = &report.tables[plan.table];
    let Some(column) = table.currency.as_ref().and_then(RowCurrency::column) else { return Ok(()) };
    for (input, currencies) in plan.inputs.iter().zip(&collected.currencies).filter(|(_, currencies)| currencies.len() > 1) {
        let mixes = |request: &&Request| request.sums_money() && !request.by.iter().all(|by| by.iter().any(|by| by == column));
        let requests = input.requests.iter().map(|&request| &report.requests[request]).filter(mixes);
        let requests: Vec<String> = requests.map(|request| format!("`{}`", request.name)).collect();
        if requests.is_empty() {
            continue;
        }
        let more = currencies.len().saturating_sub(MOST_CURRENCIES);
        let named =
            currencies.iter().take(MOST_CURRENCIES).map(|code| code.as_ref().map_or_else(|| "none".to_owned(), |code| format!("`{code}`")));
        let currencies = named.chain((more > 0).then(|| format!("{more} more"))).collect::<Vec<_>>();
        return Err(RunError::Currencies {
            table: table.name.clone(),
            column: column.to_owned(),
            currencies: listed(&currencies, "and"),
            requests: listed(&requests, "and"),
        });
    }
    Ok(())
}

/// The currency of a value: that of the report, the one that the table says, or the only one of its rows. None of what is no amount, and
/// where it is not known.
fn currency(report: &Report, plan: &TablePlan, collected: &Collected, request: usize, row: &ResultRow) -> Option<CurrencyCode> {
    if row.unit != Unit::Currency {
        return None;
    }
    if let Some(conversion) = &report.conversion {
        return Some(conversion.into);
    }
    let column = match report.tables[plan.table].currency.as_ref()? {
        RowCurrency::All(code) => return Some(*code),
        RowCurrency::Column(column) => column,
    };
    let of_group = row.dimensions[..row.breakdown].iter().find(|(name, _)| name == column);
    if let Some((_, group)) = of_group {
        return CurrencyCode::meant_by(&group.to_string());
    }
    let input = plan.inputs.iter().position(|input| input.requests.contains(&request))?;
    let mut found = collected.currencies.get(input)?.iter();
    found.next()?.as_deref().filter(|_| found.next().is_none()).and_then(CurrencyCode::new)
}

/// What a reader must know of a request.
fn asked(request: &Request) -> Asked {
    let definition = &request.definition;
    // Values that are known beforehand have an order that means something.
    let is_ordered = definition.own_dimensions.iter().any(|own| own.domain.is_some());
    let picture = definition.picture.or(is_ordered.then_some(Picture::Distribution));
    Asked { name: request.name.clone(), about: request.metric.about, picture }
}

/// What the manifest says of the table of exchange rates.
fn table_of_rates(table: &Table, indices: &[FileIndex], kept: &Kept, read: &RatesRead, folder: &Path) -> Result<TableManifest, RunError> {
    unchanged(table, indices, folder)?;
    let files = Files::of(table, indices, folder);
    let (rows_read, rows_no_data) = no_data(table, indices, read.rows_of_files);
    Ok(TableManifest {
        table: table.name.clone(),
        files: files.manifests(),
        rows_read,
        rows_no_data,
        rows_made: (!table.shape.is_plain()).then_some(read.rows_made),
        rows_filtered: read.rows_once - read.rows_used,
        rows_deduplicated: read.rows_made - read.rows_once - kept.without_span,
        rows_without_span: kept.without_span,
        uses: Vec::new(),
        lookups: Vec::new(),
        notes: table_notes(table, &files, indices, kept),
    })
}

/// How many rows there are in a table's files, and those that are not data. So many of the others were gone through.
fn no_data(table: &Table, indices: &[FileIndex], gone_through: u64) -> (u64, RowsNoData) {
    let sum = |of: fn(&FileIndex) -> u64| indices.iter().map(of).sum::<u64>();
    let rows = if table.opened.is_remote() { gone_through } else { sum(|index| index.rows) };
    let (headers, comments, footers) = (sum(|index| index.headers), sum(|index| index.comments), sum(|index| index.footers));
    let no_data = RowsNoData { headers, comments, footers, skipped: rows.saturating_sub(gone_through) };
    (rows + headers + comments + footers, no_data)
}

/// What is worth a look in a table's rows.
fn table_notes(table: &Table, files: &Files, indices: &[FileIndex], kept: &Kept) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(repetition) = table.repetition.as_ref().filter(|_| kept.tied > 0)
        && let Keep::Newest(column) = &repetition.keep
    {
        let (keys, by) = (kept.tied, repetition.by.join("`, `"));
        notes.push(format!(
            "{keys} of `{by}` {} several newest rows by `{column}`: of these the last one by file and row is kept",
            if keys == 1 { "has" } else { "have" }
        ));
    }
    // What leaves out such rows is said, or they are left in.
    let totals = indices.iter().enumerate().filter(|_| table.skipped.is_none());
    for (file, (first, rows)) in totals.filter_map(|(file, index)| Some((file, index.totals?))) {
        let (file, row) = files.place(files.first_of(file) + first);
        let more = if rows > 1 { format!(", and {} more,", rows - 1) } else { String::new() };
        notes.push(format!(
            "row {row} of `{file}`{more} looks like a total of the others: leave it out by `skip_rows_where` or `footer_lines`, if it is one"
        ));
    }
    notes
}

/// That the files of a table are what they were when they were opened.
fn unchanged(table: &Table, indices: &[FileIndex], folder: &Path) -> Result<(), RunError> {
    let changed = indices.iter().enumerate().filter(|(file, index)| !table.opened.is_unchanged(*file, index));
    let changed = changed.map(|(file, _)| {
        let file = shown_path(&table.opened.files[file], folder);
        format!("`{file}` has changed while it was read; run the report again when nothing writes to it")
    });
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() { Ok(()) } else { Err(RunError::Files(changed)) }
}
