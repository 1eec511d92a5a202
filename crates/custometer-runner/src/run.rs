//! A run: its steps in their one order, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use custometer_core::suggest::nearest;
use custometer_core::{CurrencyCode, Picture, Unit};

use crate::collect::Collected;
use crate::collect::counts::{Counts, SourceCounts};
use crate::collect::indices::indices;
use crate::collect::ledger::{Files, Ledger};
use crate::collect::looked_up::LookedUp;
use crate::collect::lookup_words::Told;
use crate::collect::lookups::{Prepared, prepare, sources};
use crate::collect::misses::Misses;
use crate::collect::period::period;
use crate::collect::rates::{RatesRead, rates};
use crate::collect::said::{ReadWhole, with_read_tables};
use crate::collect::whole::Reading;
use crate::collect::words::listed;
use crate::error::RunError;
use crate::judge::privacy::Suppressed;
use crate::judge::{Verdicts, judge};
use crate::memory::Memory;
use crate::observe::words;
use crate::observe::{Observed, observe};
use crate::plan::axes::{Axes, axes};
use crate::plan::{SomeRows, TablePlan, plan};
use crate::read::currency::RowCurrency;
use crate::read::files::shown_path;
use crate::read::kept::Kept;
use crate::read::table::Keep;
use crate::read::table::Table;
use crate::read::text::FileIndex;
use crate::report::{Report, Request};
use crate::result::{Asked, LookupManifest, Manifest, Note, ResultRow, RowCount, RowsNoData, RunResult, TableManifest};

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
    let indices = indices(report, folder, &|_| None)?;
    let prepared = prepare(report, &indices, folder)?;
    unchanged_lookups(report, &indices, &prepared, folder)?;
    let reading = Reading { report, indices: &indices, prepared: &prepared, folder };
    let (report, whole) = with_read_tables(reading)?;
    let report = &*report;
    let axes = axes(report, period(report, &indices, &prepared)?)?;
    let rates = rates(Reading { report, ..reading })?;
    let known = Beforehand { indices: &indices, prepared: &prepared, axes: &axes, rates: rates.as_ref(), whole: &whole };
    let plans = known.plan(report, None)?;
    conclude(report, folder, known, &plans, &mut |scanned| scan(report, &plans, scanned, (&indices[scanned], folder), progress))
}

/// What is known before the rows of requests are gone through.
#[derive(Clone, Copy)]
pub(crate) struct Beforehand<'a> {
    /// By table and file.
    pub(crate) indices: &'a [Vec<FileIndex>],
    pub(crate) prepared: &'a Prepared,
    pub(crate) axes: &'a Axes,
    pub(crate) rates: Option<&'a RatesRead>,
    /// Tables that were read for what they say of the report.
    pub(crate) whole: &'a ReadWhole,
}

impl Beforehand<'_> {
    /// The plans of all tables, or of those of one scan over some rows.
    pub(crate) fn plan(&self, report: &Report, some: Option<&SomeRows>) -> Result<Vec<TablePlan>, RunError> {
        let known = |table: usize| self.prepared.known(report, table, self.indices);
        let rates = self.rates.map(|read| &read.rates);
        plan(report, self.axes, self.indices, &known, rates, some).map_err(|source| RunError::Table { table: "all".to_owned(), source })
    }
}

/// That the files of tables which are looked up are what they were when they were opened.
pub(crate) fn unchanged_lookups(report: &Report, indices: &[Vec<FileIndex>], prepared: &Prepared, folder: &Path) -> Result<(), RunError> {
    let looked_up = prepared.looked_up.iter().map(|looked_up| report.first_of_scan(looked_up.table));
    looked_up.collect::<BTreeSet<_>>().into_iter().try_for_each(|table| unchanged(&report.tables[table], &indices[table], folder))
}

/// What is collected of the tables of a scan, by table.
pub(crate) type Scanned = Vec<(usize, Collected)>;

/// What all tables come to, each collected with the others of its scan.
pub(crate) fn conclude(
    report: &Report,
    folder: &Path,
    known: Beforehand<'_>,
    plans: &[TablePlan],
    scan: &mut dyn FnMut(usize) -> Result<Scanned, RunError>,
) -> Result<RunResult, RunError> {
    let Beforehand { indices: all_indices, prepared, rates, whole, .. } = known;
    let read = Read { report, indices: all_indices, prepared, folder };
    let mut observed = Observed::default();
    let mut ledger = Ledger::default();
    let mut tables = BTreeMap::new();
    let mut notes = Vec::new();
    let mut scanned = BTreeMap::new();
    for plan in plans {
        let table = &report.tables[plan.table];
        let indices = &all_indices[plan.table];
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        if !scanned.contains_key(&plan.table) {
            scanned.extend(scan(plan.scan)?);
        }
        let Some(collected) = scanned.remove(&plan.table) else { continue };
        one_currency(report, plan, &collected)?;
        let files = Files::of(table, indices, folder);
        let looked_up_in = |lookup: &str, place: u32| prepared.looked_up_in(report, plan.table, (lookup, place), (all_indices, folder));
        let uses = ledger.add(report, plan, &collected, &files, &looked_up_in).map_err(failed)?;
        let mut found = observe(&collected, report, plan)?;
        for (request, row) in found.rows.iter_mut().flat_map(|(request, rows)| rows.iter_mut().map(|row| (*request, row))) {
            row.currency = currency(report, plan, &collected, request, row);
        }
        let of_groups = std::mem::take(&mut found.notes).into_iter().map(|(request, text)| (vec![request], text));
        for (requests, text) in words::notes(report, plan, &collected).into_iter().chain(of_groups).chain(plan.notes_of_rates()) {
            let concerned = found.rows.iter_mut().filter(|(request, _)| requests.contains(request)).flat_map(|(_, rows)| rows);
            concerned.for_each(|row| add_note(row, &text));
            let requests = requests.iter().map(|request| report.requests[*request].name.clone()).collect();
            notes.push(Note { table: table.name.clone(), requests, text });
        }
        observed.rows.extend(found.rows);
        observed.details.extend(found.details);
        let mut manifest = TableManifest { uses: uses.all, ..read.manifest(plan.table, &collected.counted.counts) };
        manifest.sources.iter_mut().zip(uses.by_source).for_each(|(source, uses)| source.uses = uses);
        tables.insert(plan.table, manifest);
    }
    for looked_up in &prepared.looked_up {
        read.add_looked_up(looked_up, &mut tables, &mut ledger);
    }
    for (position, counts) in whole.iter().chain(rates.and_then(|rates| rates.read.as_ref())) {
        unchanged(&report.tables[*position], &all_indices[*position], folder)?;
        // A table that requests are of, or that is looked up as well, stands there already.
        tables.entry(*position).or_insert_with(|| read.manifest(*position, counts));
    }
    observed.rows.sort_by_key(|(request, _)| *request);
    observed.details.sort_by_key(|(request, _)| *request);
    let mut results = united(observed.rows, report.digits);
    let Verdicts { alerts, contributions, notes: judged, suppressed } = judge(&mut results, report);
    for note in judged {
        let concerned = results.iter_mut().filter(|row| note.requests.contains(&row.request));
        concerned.for_each(|row| add_note(row, &note.text));
        notes.push(note);
    }
    withhold(&mut tables, report, &suppressed);
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
        contributions,
        alerts,
        rejected: ledger.rejections(),
        rejected_rows,
        details,
        requests,
        notes,
        locale: report.locale,
        digits: report.digits,
    })
}

/// Leaves out of the manifests of tables what would tell of groups that are hidden.
fn withhold(tables: &mut BTreeMap<usize, TableManifest>, report: &Report, suppressed: &Suppressed) {
    for (position, manifest) in tables {
        let basis = report.same_files(*position);
        if suppressed.withheld.contains(&basis) {
            manifest.withhold();
        }
        if suppressed.unsolved.contains(&basis) {
            manifest.notes.push(TOO_MANY_HIDDEN.to_owned());
        }
    }
}

/// Adds to what a reader must know of a row.
fn add_note(row: &mut ResultRow, text: &str) {
    row.note = Some(row.note.take().into_iter().chain([text.to_owned()]).collect::<Vec<_>>().join("; "));
}

/// Goes through files once, for all tables that are read of them.
fn scan(
    report: &Report,
    plans: &[TablePlan],
    scan: usize,
    (indices, folder): (&[FileIndex], &Path),
    progress: &dyn Fn(Event<'_>),
) -> Result<Scanned, RunError> {
    let plans: Vec<&TablePlan> = plans.iter().filter(|plan| plan.scan == scan).collect();
    let tables: Vec<usize> = plans.iter().map(|plan| plan.table).collect();
    let names: Vec<&str> = tables.iter().map(|table| report.tables[*table].name.as_str()).collect();
    let (bytes, rows) = indices.iter().fold((0, 0), |(bytes, rows), file| (bytes + file.bytes, rows + file.rows));
    progress(Event::Reading { table: &names.join(", "), files: indices.len(), bytes, rows });
    let memory = Memory::new(&report.memory, report.watch());
    let collected = Collected::of_scan(&plans, report, &memory);
    // What was read while it changed can't be relied on, whether or not it could be read.
    unchanged(&report.tables[scan], indices, folder)?;
    if let Some(failure) = memory.failure() {
        return Err(RunError::Memory(failure));
    }
    let collected = collected.map_err(|source| RunError::Table { table: report.names(&tables), source })?;
    Ok(tables.into_iter().zip(collected).collect())
}

/// All rows, in the order of their requests, without room for more: they may be millions.
fn united(rows: Vec<(usize, Vec<ResultRow>)>, digits: Option<u8>) -> Vec<ResultRow> {
    let all = rows.iter().map(|(_, rows)| rows.len()).sum::<usize>();
    let mut parts = rows.into_iter().map(|(_, rows)| rows);
    let mut united = parts.next().unwrap_or_default();
    united.reserve_exact(all - united.len());
    parts.for_each(|rows| united.extend(rows));
    for row in &mut united {
        row.digits = digits;
    }
    united
}

/// What was read.
struct Read<'a> {
    report: &'a Report,
    indices: &'a [Vec<FileIndex>],
    prepared: &'a Prepared,
    folder: &'a Path,
}

impl Read<'_> {
    /// What was read of a table, before any request had its rows.
    fn manifest(&self, position: usize, counts: &Counts) -> TableManifest {
        let (table, indices, kept) = (&self.report.tables[position], &self.indices[position], &self.prepared.kept[position]);
        let files = Files::of(table, indices, self.folder);
        let mut sources = self.sources(position, counts);
        let told = |misses: &Misses| misses.told(self.report, table, &files, &self.prepared.found[position]);
        let told: Vec<Told> = counts.misses.iter().filter_map(told).collect();
        let mut notes = table_notes(table, &files, indices, kept);
        notes.extend(told.iter().flat_map(|told| told.notes.clone()));
        let lookups = told.into_iter().map(|told| told.manifest).collect();
        if !sources.is_empty() {
            let sum = |of: &dyn Fn(&TableManifest) -> u64| sources.iter().map(of).sum::<u64>();
            let no_data = |of: fn(&RowsNoData) -> u64| sum(&|source| of(&source.rows_no_data));
            let made =
                |source: &TableManifest| source.rows_made.map_or(source.rows_read.rows() - source.rows_no_data.all(), RowCount::rows);
            let rows_made = sources.iter().any(|source| source.rows_made.is_some()).then(|| sum(&made).into());
            let manifest = TableManifest {
                table: table.name.clone(),
                files: files.manifests(),
                rows_read: sum(&|source| source.rows_read.rows()).into(),
                rows_no_data: RowsNoData {
                    headers: no_data(|rows| rows.headers),
                    comments: no_data(|rows| rows.comments),
                    footers: no_data(|rows| rows.footers),
                    skipped: no_data(|rows| rows.skipped),
                },
                rows_made,
                rows_filtered: sum(&|source| source.rows_filtered),
                rows_deduplicated: sum(&|source| source.rows_deduplicated),
                rows_without_span: sum(&|source| source.rows_without_span),
                uses: Vec::new(),
                lookups,
                notes: Vec::new(),
                sources: Vec::new(),
            };
            for source in &mut sources {
                let told = std::mem::take(&mut source.notes);
                notes.extend(told.into_iter().map(|note| format!("`{}`: {note}", source.table)));
            }
            // How many rows a source has is the size of a group.
            sources.retain(|_| !self.is_hidden());
            return TableManifest { notes, sources, ..manifest };
        }
        let (rows_read, rows_no_data) = no_data(indices, counts.rows_of_files);
        TableManifest {
            table: table.name.clone(),
            files: files.manifests(),
            rows_read: rows_read.into(),
            rows_no_data,
            rows_made: (!table.shape.is_plain()).then_some(counts.rows_read.into()),
            rows_filtered: counts.rows_once - counts.rows_kept,
            rows_deduplicated: counts.rows_read - counts.rows_once - kept.without_span,
            rows_without_span: kept.without_span,
            uses: Vec::new(),
            lookups,
            notes,
            sources,
        }
    }

    /// Whether nothing may tell how large a small group is.
    fn is_hidden(&self) -> bool {
        self.report.min_group_size.is_some_and(|least| least > 1)
    }

    /// What was read of the tables that one is a union of, and what became of their rows there.
    fn sources(&self, union: usize, counts: &Counts) -> Vec<TableManifest> {
        let mut first = 0;
        let of_source = |(position, counts): (usize, &SourceCounts)| {
            let mut manifest = self.manifest(position, &counts.own);
            let rows = self.indices[position].iter().map(|index| index.rows).sum::<u64>();
            let without_span = self.prepared.kept[union].without_span_of(first..first + rows);
            first += rows;
            manifest.rows_without_span += without_span;
            manifest.rows_deduplicated += counts.own.rows_kept - counts.rows_once - without_span;
            manifest.rows_filtered += counts.rows_once - counts.rows_kept;
            manifest.notes.extend(lacking(&self.report.tables[position], counts, self.is_hidden()));
            manifest
        };
        sources(self.report, union).zip(&counts.sources).map(of_source).collect()
    }

    /// Adds what became of the rows of a table that another looks something up in.
    fn add_looked_up(&self, looked_up: &LookedUp, tables: &mut BTreeMap<usize, TableManifest>, ledger: &mut Ledger) {
        let read = self.manifest(looked_up.table, &looked_up.counts);
        let files = Files::of(&self.report.tables[looked_up.table], &self.indices[looked_up.table], self.folder);
        let used = ledger.add_looked_up(self.report, looked_up, &files);
        let Some(manifest) = tables.get_mut(&looked_up.table) else {
            tables.insert(looked_up.table, TableManifest { uses: vec![used], ..read });
            return;
        };
        manifest.uses.push(used);
        // What the table's own requests look up is told already.
        let is_new = |lookup: &LookupManifest| !manifest.lookups.iter().any(|known| known.lookup == lookup.lookup);
        let lookups: Vec<LookupManifest> = read.lookups.into_iter().filter(is_new).collect();
        manifest.lookups.extend(lookups);
        let notes: Vec<String> = read.notes.into_iter().filter(|note| !manifest.notes.contains(note)).collect();
        manifest.notes.extend(notes);
    }
}

/// Of groups that are protected sum by sum only.
const TOO_MANY_HIDDEN: &str = "more than 1000 hidden groups hang together: each sum is protected by itself, but not several together; ask for fewer \
                               columns or buckets in one report";

/// So many currencies are named.
const MOST_CURRENCIES: usize = 8;

/// Refuses amounts of several currencies in one sum.
fn one_currency(report: &Report, plan: &TablePlan, collected: &Collected) -> Result<(), RunError> {
    let table = &report.tables[plan.table];
    let Some(column) = table.currency.as_ref().and_then(RowCurrency::column) else { return Ok(()) };
    for (input, currencies) in plan.inputs.iter().zip(&collected.counted.currencies).filter(|(_, currencies)| currencies.len() > 1) {
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
    let mut found = collected.counted.currencies.get(input)?.iter();
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

/// What is to be said of columns that a source of a union lacks.
fn lacking(table: &Table, counts: &SourceCounts, is_hidden: bool) -> Option<String> {
    let given = counts.own.rows_kept;
    let known = table.columns();
    let named = counts.lacks.iter().map(|column| {
        let near = nearest(column, known.iter().map(String::as_str)).map(|near| format!(" (it has `{near}`)"));
        format!("`{column}`{}", near.unwrap_or_default())
    });
    let named: Vec<String> = named.collect();
    (!named.is_empty() && given > 0).then(|| {
        let (column, is) = if named.len() == 1 { ("column", "is") } else { ("columns", "are") };
        let rows = match (is_hidden, given) {
            (true, _) => "rows".to_owned(),
            (false, 1) => "1 row".to_owned(),
            (false, given) => format!("{given} rows"),
        };
        format!("it has no {column} {}, which {is} missing in its {rows}", listed(&named, "or"))
    })
}

/// How many rows there are in the files of a table, and those that are not data. So many of the others were gone through.
fn no_data(indices: &[FileIndex], gone_through: u64) -> (u64, RowsNoData) {
    let sum = |of: fn(&FileIndex) -> u64| indices.iter().map(of).sum::<u64>();
    let rows = sum(|index| index.rows);
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
    let totals = indices.iter().enumerate().filter(|_| table.skipped.is_none() && table.sources().is_empty());
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
pub(crate) fn unchanged(table: &Table, indices: &[FileIndex], folder: &Path) -> Result<(), RunError> {
    let files = table.opened_files().into_iter().zip(indices);
    let changed = files.filter(|((opened, file), index)| !opened.is_unchanged(*file, index)).map(|((opened, file), _)| {
        let file = shown_path(&opened.files[file], folder);
        format!("`{file}` has changed while it was read; run the report again when nothing writes to it")
    });
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() { Ok(()) } else { Err(RunError::Files(changed)) }
}
