//! Lookups: the tables that others look something up in are gone through once, before any that looks something up in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{DataFrame, DataType, Engine, LazyFrame, PolarsError, PolarsResult};

use crate::collect::accumulate::ending;
use crate::collect::counts::Counts;
use crate::collect::engine::collect;
use crate::collect::ledger::Files;
use crate::collect::looked_up::{LookedUp, Unfit};
use crate::collect::misses::Example;
use crate::collect::repetition::kept_of;
use crate::error::RunError;
use crate::plan::lookup::{LookedUpPlan, asked_of, columns_of, used_of};
use crate::plan::names::{FATE, FAULTY};
use crate::plan::scan::scans;
use crate::read::kept::Kept;
use crate::read::keyed::{Filling, KeyedRows, Order, Rivals};
use crate::read::known::Known;
use crate::read::lookup::{Found, Lookup};
use crate::read::scan::ROW;
use crate::read::table::Repetition;
use crate::read::text::FileIndex;
use crate::report::Report;
use crate::result::LookedUpIn;

/// What is known of tables before their own rows are gone through.
#[derive(Default)]
pub(crate) struct Prepared {
    /// Which rows of each table repeat no others.
    pub(crate) kept: Vec<Kept>,
    /// What the lookups of each table find.
    pub(crate) found: Vec<Found>,
    /// What became of the rows of tables that are looked up.
    pub(crate) looked_up: Vec<LookedUp>,
}

impl Prepared {
    /// What is known of a table, as far as it is.
    pub(crate) fn known<'a>(&self, report: &Report, table: usize, indices: &'a [Vec<FileIndex>]) -> Known<'a> {
        Known {
            indices: indices.get(table).map_or(&[], Vec::as_slice),
            files: None,
            only: None,
            kept: self.kept.get(table).cloned().unwrap_or_default(),
            found: self.found.get(table).cloned().unwrap_or_default(),
            sources: sources(report, table).map(|source| self.known(report, source, indices)).collect(),
        }
    }

    /// The file and row at a place of what a table's lookup found.
    pub(crate) fn looked_up_in(
        &self,
        report: &Report,
        table: usize,
        (lookup, place): (&str, u32),
        (indices, folder): (&[Vec<FileIndex>], &Path),
    ) -> Option<LookedUpIn> {
        let is_of = |source: &usize| lookup.split_once('/').filter(|(of, _)| *of == report.tables[*source].name);
        if let Some((source, (_, lookup))) = sources(report, table).find_map(|source| Some((source, is_of(&source)?))) {
            return self.looked_up_in(report, source, (lookup, place), (indices, folder));
        }
        let row = self.found[table].0.get(lookup)?.row(place)?;
        let of = report.tables[table].columns.lookups.iter().find(|known| known.name == lookup)?;
        let other = report.position(&of.table)?;
        let (file, row) = Files::of(&report.tables[other], &indices[other], folder).place(row);
        Some(LookedUpIn { file, row })
    }
}

/// The tables that one is a union of.
pub(crate) fn sources(report: &Report, table: usize) -> impl Iterator<Item = usize> {
    report.tables[table].sources().iter().filter_map(|source| report.position(&source.table.name))
}

/// A lookup that is used: the columns that are read by it, and the requests that read them.
#[derive(Default)]
struct Used {
    read: BTreeSet<String>,
    requests: BTreeSet<usize>,
}

/// A lookup: the position of its table, and its own there.
type At = (usize, usize);

/// The lookups that are used.
type AllUsed = BTreeMap<At, Used>;

/// A lookup with the columns that are read by it.
type Read<'a> = (&'a Lookup, &'a BTreeSet<String>);

/// What a lookup comes to: the rows by their keys, or keys that several of them have.
type FoundRows = Result<(KeyedRows, LookedUp), Rivals>;

/// Goes through the tables that others look something up in, and tells which rows of each table repeat others.
///
/// # Errors
///
/// When a table can't be read to its end, when rows repeat others where the report says that none do, and when a key that is looked up has
/// several rows.
pub(crate) fn prepare(report: &Report, indices: &[Vec<FileIndex>], folder: &Path) -> Result<Prepared, RunError> {
    prepare_by(report, indices, folder, None)
}

/// The same where it is known which rows of each table repeat no others.
pub(crate) fn prepare_knowing(report: &Report, indices: &[Vec<FileIndex>], folder: &Path, kept: &[Kept]) -> Result<Prepared, RunError> {
    prepare_by(report, indices, folder, Some(kept))
}

fn prepare_by(report: &Report, indices: &[Vec<FileIndex>], folder: &Path, kept: Option<&[Kept]>) -> Result<Prepared, RunError> {
    let mut used = AllUsed::new();
    for (request, of) in report.requests.iter().enumerate() {
        ask(report, of.table, &columns_of(of, &report.tables[of.table]), request, &mut used);
    }
    let tables = report.tables.len();
    let mut prepared = Prepared { kept: vec![Kept::default(); tables], found: vec![Found::default(); tables], looked_up: Vec::new() };
    let mut problems = Vec::new();
    for level in levels(report) {
        for &table in &level {
            prepared.kept[table] = match kept.and_then(|kept| kept.get(table)) {
                Some(kept) => kept.clone(),
                None => kept_of(&report.tables[table], &prepared.known(report, table, indices), folder)?,
            };
        }
        for (place, found) in looked_up(report, indices, &level, &used, &prepared)? {
            let (by, position) = place;
            let lookup = &report.tables[by].columns.lookups[position];
            match found {
                Ok((keyed, looked_up)) => {
                    prepared.found[by].0.insert(lookup.name.clone(), Arc::new(keyed));
                    prepared.looked_up.push(LookedUp { requests: used[&place].requests.clone(), ..looked_up });
                }
                Err(rivals) => {
                    let other = report.position(&lookup.table).unwrap_or_default();
                    problems.push(several(report, lookup, &rivals, &Files::of(&report.tables[other], &indices[other], folder)));
                }
            }
        }
    }
    // They are told of in the order of the tables that look something up, whichever were gone through together.
    prepared.looked_up.sort_by_key(|of| (of.by, of.lookup));
    // What several lookups stumble on is said once.
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(prepared) } else { Err(RunError::SeveralRows(problems)) }
}

/// Goes through the tables of a level that others look something up in: once through each file, for all that is looked up in it.
fn looked_up(
    report: &Report,
    indices: &[Vec<FileIndex>],
    level: &[usize],
    used: &AllUsed,
    prepared: &Prepared,
) -> Result<Vec<(At, FoundRows)>, RunError> {
    let mut asked: BTreeMap<usize, Vec<At>> = BTreeMap::new();
    for &(by, position) in used.keys() {
        let other = report.position(&report.tables[by].columns.lookups[position].table);
        if let Some(other) = other.filter(|other| level.contains(other)) {
            asked.entry(other).or_default().push((by, position));
        }
    }
    let lookups_of = |places: &[At]| -> Vec<Read<'_>> {
        places.iter().map(|place| (&report.tables[place.0].columns.lookups[place.1], &used[place].read)).collect()
    };
    let columns: BTreeMap<usize, BTreeSet<String>> =
        asked.iter().map(|(&other, places)| (other, used_of(&report.tables[other], lookups_of(places).into_iter()))).collect();
    let all = |source| RunError::Table { table: "all".to_owned(), source };
    let scans = scans(report, indices, columns.iter().map(|(other, columns)| (*other, columns.clone())), None).map_err(all)?;
    let mut by_scan: BTreeMap<usize, Vec<(usize, Vec<At>)>> = BTreeMap::new();
    for (other, places) in asked {
        by_scan.entry(report.first_of_scan(other)).or_default().push((other, places));
    }
    let mut found = Vec::new();
    for tables in by_scan.into_values() {
        let others: Vec<usize> = tables.iter().map(|(other, _)| *other).collect();
        let failed = |source| RunError::Table { table: report.names(&others), source };
        let plan = |(other, places): &(usize, Vec<At>)| {
            let known = Known { files: scans.get(other).cloned(), ..prepared.known(report, *other, indices) };
            LookedUpPlan::new(&report.tables[*other], &lookups_of(places), (&known, &columns[other]), report.rejected_rows)
        };
        let plans = tables.iter().map(plan).collect::<PolarsResult<Vec<_>>>().map_err(failed)?;
        let read: Vec<_> = plans.iter().zip(&tables).map(|(plan, (_, places))| (plan, lookups_of(places))).collect();
        let collected = rows_by_key(&read);
        for ((other, places), lookups) in tables.iter().zip(collected.map_err(failed)?) {
            let placed = places.iter().zip(lookups).map(|(&(by, lookup), found)| {
                ((by, lookup), found.map(|(keyed, looked_up)| (keyed, LookedUp { by, lookup, table: *other, ..looked_up })))
            });
            found.extend(placed);
        }
    }
    Ok(found)
}

/// Notes what a request reads by lookups, those of the tables that are looked up among them.
fn ask(report: &Report, table: usize, columns: &BTreeSet<String>, request: usize, used: &mut AllUsed) {
    let of = &report.tables[table];
    let read = of.read(columns.clone());
    for (source, position) in of.sources().iter().zip(sources(report, table)) {
        let united: Vec<&str> =
            of.columns.united.values().filter(|column| column.is_read(&read)).map(|column| column.name.as_str()).collect();
        let repetition = source.table.repetition.iter().flat_map(Repetition::reads);
        ask(report, position, &source.given.used(&united).into_iter().chain(repetition).collect(), request, used);
    }
    for lookup in of.used_lookups(columns) {
        let position = of.columns.lookups.iter().position(|known| known.name == lookup.name).unwrap_or_default();
        let read = lookup.read(&read);
        let asked = asked_of(lookup, &read);
        let entry = used.entry((table, position)).or_default();
        entry.read.extend(read);
        entry.requests.insert(request);
        if let Some(other) = report.position(&lookup.table) {
            let repetition = report.tables[other].repetition.iter().flat_map(Repetition::reads);
            ask(report, other, &asked.into_iter().chain(repetition).collect(), request, used);
        }
    }
}

/// How many tables have to be gone through one after the other before this one is.
pub(crate) fn level(report: &Report, table: usize) -> usize {
    let others = report.tables[table].columns.lookups.iter().filter_map(|lookup| report.position(&lookup.table));
    others.chain(sources(report, table)).map(|other| 1 + level(report, other)).max().unwrap_or(0)
}

/// The tables by levels, each in a later one than those that it looks something up in, or is a union of.
fn levels(report: &Report) -> Vec<Vec<usize>> {
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for table in 0..report.tables.len() {
        let level = level(report, table);
        levels.resize_with(levels.len().max(level + 1), Vec::new);
        levels[level].push(table);
    }
    levels
}

/// The rows of a lookup by their keys, as they come.
struct Keying {
    filling: Arc<Mutex<Option<Filling>>>,
    keys: usize,
}

impl Keying {
    fn new(lookup: &Lookup, values: &[(String, DataType)]) -> Self {
        let filling = Filling::new(lookup.on.len(), lookup.order(), values);
        Self { filling: Arc::new(Mutex::new(Some(filling))), keys: lookup.on.len() }
    }

    /// A plan that adds all rows, and returns none.
    fn sink(&self, rows: LazyFrame) -> LazyFrame {
        let filled = Arc::clone(&self.filling);
        ending(rows, move |rows| match &mut *filled.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(filling) => filling.add(rows),
            None => Ok(()),
        })
    }

    fn finish(&self) -> PolarsResult<Result<KeyedRows, Rivals>> {
        let filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner).take();
        filling.unwrap_or_else(|| Filling::new(self.keys, Order::One, &[])).finish()
    }
}

/// Goes through the rows of tables that are looked up: for each of them, what each of its lookups comes to.
fn rows_by_key(tables: &[(&LookedUpPlan, Vec<Read<'_>>)]) -> PolarsResult<Vec<Vec<FoundRows>>> {
    let keyings: Vec<Vec<Keying>> = tables
        .iter()
        .map(|(plan, lookups)| plan.lookups.iter().zip(lookups).map(|(plan, (lookup, _))| Keying::new(lookup, &plan.values)).collect())
        .collect();
    let mut frames = Vec::new();
    for ((plan, _), keyings) in tables.iter().zip(&keyings) {
        frames.extend(plan.counts.frames());
        frames.extend(
            plan.lookups
                .iter()
                .zip(keyings)
                .flat_map(|(plan, keying)| [plan.fates.clone(), plan.rejected.clone(), keying.sink(plan.keyed.clone())]),
        );
    }
    let mut frames = collect(frames, Engine::Streaming)?.into_iter();
    let mut all = Vec::new();
    for ((plan, _), keyings) in tables.iter().zip(&keyings) {
        let counts = Arc::new(Counts::of(&plan.counts, &mut frames)?);
        let mut next = || frames.next().ok_or_else(|| PolarsError::ComputeError("a plan gave no frame".into()));
        let mut of_table = Vec::new();
        for (plan, keying) in plan.lookups.iter().zip(keyings) {
            let (fates, mut examples) = (by_fate(&next()?)?, examples(&next()?)?);
            next()?;
            let unfit = plan.reasons.iter().cloned().zip(1..).filter_map(|(reason, number)| {
                let rows = fates.get(&number).copied().filter(|rows| *rows > 0)?;
                Some(Unfit { reason, rows, examples: examples.remove(&number).unwrap_or_default() })
            });
            let looked_up = LookedUp {
                by: 0,
                lookup: 0,
                table: 0,
                requests: BTreeSet::new(),
                counts: Arc::clone(&counts),
                rows_keyed: fates.get(&0).copied().unwrap_or_default(),
                unfit: unfit.collect(),
            };
            of_table.push(keying.finish()?.map(|keyed| (keyed, looked_up)));
        }
        all.push(of_table);
    }
    Ok(all)
}

fn by_fate(frame: &DataFrame) -> PolarsResult<BTreeMap<i32, u64>> {
    let rows = frame.column("rows")?.cast(&DataType::UInt64)?;
    let fates = frame.column(FATE)?.i32()?.iter().map(Option::unwrap_or_default);
    Ok(fates.zip(rows.u64()?.iter().map(Option::unwrap_or_default)).collect())
}

/// Rows by the number of the reason for which they are rejected, in the order of the files.
fn examples(frame: &DataFrame) -> PolarsResult<BTreeMap<i32, Vec<Example>>> {
    let mut examples: BTreeMap<i32, Vec<Example>> = BTreeMap::new();
    let rows = frame.column(ROW)?.u64()?.iter().map(Option::unwrap_or_default);
    let values = frame.column(FAULTY)?.str()?.iter().map(|value| value.map(str::to_owned));
    for (fate, row) in frame.column(FATE)?.i32()?.iter().map(Option::unwrap_or_default).zip(rows.zip(values)) {
        examples.entry(fate).or_default().push(row);
    }
    for rows in examples.values_mut() {
        rows.sort();
    }
    Ok(examples)
}

/// What is wrong with keys that several rows have, and what to do.
fn several(report: &Report, lookup: &Lookup, rivals: &Rivals, files: &Files) -> String {
    let by: Vec<String> = lookup.on.iter().map(|(_, there)| format!("`{there}`")).collect();
    let example = |(key, rows): &(Vec<String>, Vec<u64>)| {
        let place = |row: &u64| {
            let (file, row) = files.place(*row);
            format!("{file}, row {row}")
        };
        let places: Vec<String> = rows.iter().take(2).map(place).collect();
        let more = if rows.len() > 2 { format!(", and {} more", rows.len() - 2) } else { String::new() };
        let places = format!("{}{more}", places.join(" and "));
        report.shown_id(&key.join(", ")).map_or_else(|| places.clone(), |key| format!("`{key}` ({places})"))
    };
    let examples: Vec<String> = rivals.examples.iter().map(example).collect();
    let (keys, table) = (rivals.keys, &lookup.table);
    let of = if keys == 1 { "one key" } else { "keys" };
    let columns: Vec<String> = lookup.on.iter().map(|(_, there)| format!("\"{there}\"")).collect();
    let (what, remedy) = match lookup.order() {
        Order::One => (
            "has several rows",
            format!(
                "mend them, or say which is kept: `deduplicate = [{}]` in `[tables.{table}]`; where each holds for a time, name it: \
                 `valid_from = \"…\"` and `at = \"…\"`",
                columns.join(", ")
            ),
        ),
        _ => ("has several rows at one time", "mend from when until when they hold, or leave out some: `where = \"…\"`".to_owned()),
    };
    let counted = if keys == 1 { String::new() } else { format!("{keys} ") };
    let what = if keys == 1 { what.to_owned() } else { what.replace("has", "have") };
    format!(
        "{counted}{of} ({}) of table `{table}` {what}, and a lookup finds one row or none: {}; {remedy}",
        by.join(", "),
        examples.join("; ")
    )
}
