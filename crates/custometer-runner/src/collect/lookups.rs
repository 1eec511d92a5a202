//! Lookups: the tables that others look something up in are gone through once, before any that looks something up in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{DataFrame, DataType, Engine, PolarsError, PolarsResult};

use crate::collect::accumulate::ending;
use crate::collect::ledger::Files;
use crate::collect::looked_up::{Example, LookedUp, Misses, Unfit};
use crate::collect::repetition::kept_of;
use crate::collect::{collect, count};
use crate::error::RunError;
use crate::plan::kept::Kept;
use crate::plan::lookup::{LookupPlan, MissesPlan, asked_of, columns_of, used_lookups};
use crate::plan::names::{FATE, FAULTY};
use crate::read::keyed::{Filling, KeyedRows, Order, Rivals};
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
    /// The file and row at a place of what a table's lookup found.
    pub(crate) fn looked_up_in(
        &self,
        report: &Report,
        table: usize,
        (lookup, place): (&str, u32),
        (indices, folder): (&[Vec<FileIndex>], &Path),
    ) -> Option<LookedUpIn> {
        let row = self.found[table].0.get(lookup)?.row(place)?;
        let of = report.tables[table].columns.lookups.iter().find(|known| known.name == lookup)?;
        let other = report.position(&of.table)?;
        let (file, row) = Files::of(&report.tables[other], &indices[other], folder).place(row);
        Some(LookedUpIn { file, row })
    }
}

/// A lookup that is used: the columns that are read by it, and the requests that read them.
#[derive(Default)]
struct Used {
    read: BTreeSet<String>,
    requests: BTreeSet<usize>,
}

/// The lookups that are used, by their table and position.
type AllUsed = BTreeMap<(usize, usize), Used>;

/// Goes through the tables that others look something up in, and tells which rows of each table repeat others.
///
/// # Errors
///
/// When a table can't be read to its end, when rows repeat others where the report says that none do, and when a key that is looked up has
/// several rows.
pub(crate) fn prepare(report: &Report, indices: &[Vec<FileIndex>], folder: &Path) -> Result<Prepared, RunError> {
    let mut used = AllUsed::new();
    for (request, of) in report.requests.iter().enumerate() {
        ask(report, of.table, &columns_of(of, &report.tables[of.table]), request, &mut used);
    }
    let tables = report.tables.len();
    let mut prepared = Prepared { kept: vec![Kept::default(); tables], found: vec![Found::default(); tables], looked_up: Vec::new() };
    let mut problems = Vec::new();
    for by in in_order(report) {
        let table = &report.tables[by];
        for (&(_, position), used) in used.range((by, 0)..(by + 1, 0)) {
            let lookup = &table.columns.lookups[position];
            let Some(other) = report.position(&lookup.table) else { continue };
            let failed = |source| RunError::Table { table: lookup.table.clone(), source };
            let plan = LookupPlan::new(
                &report.tables[other],
                lookup,
                &used.read,
                (&indices[other], &prepared.found[other], &prepared.kept[other]),
                report.rejected_rows,
            );
            match rows_by_key(&plan.map_err(failed)?, lookup).map_err(failed)? {
                Ok((keyed, looked_up)) => {
                    prepared.found[by].0.insert(lookup.name.clone(), Arc::new(keyed));
                    let requests = used.requests.clone();
                    prepared.looked_up.push(LookedUp { by, lookup: position, table: other, requests, ..looked_up });
                }
                Err(rivals) => {
                    problems.push(several(report, lookup, &rivals, &Files::of(&report.tables[other], &indices[other], folder)));
                }
            }
        }
        prepared.kept[by] = kept_of(table, &indices[by], &prepared.found[by], folder)?;
    }
    // What several lookups stumble on is said once.
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(prepared) } else { Err(RunError::SeveralRows(problems)) }
}

/// Notes what a request reads by lookups, those of the tables that are looked up among them.
fn ask(report: &Report, table: usize, columns: &BTreeSet<String>, request: usize, used: &mut AllUsed) {
    let of = &report.tables[table];
    let read = of.read(columns.clone());
    for lookup in used_lookups(of, columns) {
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

/// The tables, each after those that it looks something up in.
fn in_order(report: &Report) -> Vec<usize> {
    fn add(report: &Report, table: usize, order: &mut Vec<usize>) {
        for lookup in &report.tables[table].columns.lookups {
            if let Some(other) = report.position(&lookup.table) {
                add(report, other, order);
            }
        }
        if !order.contains(&table) {
            order.push(table);
        }
    }
    let mut order = Vec::new();
    (0..report.tables.len()).for_each(|table| add(report, table, &mut order));
    order
}

/// Goes through the rows of a table that is looked up.
fn rows_by_key(plan: &LookupPlan, lookup: &Lookup) -> PolarsResult<Result<(KeyedRows, LookedUp), Rivals>> {
    let filling = Arc::new(Mutex::new(Some(Filling::new(lookup.on.len(), lookup.order(), &plan.values))));
    let filled = Arc::clone(&filling);
    let add = move |rows: &DataFrame| match &mut *filled.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(filling) => filling.add(rows),
        None => Ok(()),
    };
    let mut frames = plan.frames().to_vec();
    frames.push(ending(plan.keyed.clone(), add));
    frames.extend(plan.misses.iter().flat_map(MissesPlan::frames));
    let frames = collect(frames, Engine::Streaming)?;
    let [rows_read, rows_once, rows_kept, fates, rejected, _, misses @ ..] = frames.as_slice() else {
        return Err(PolarsError::ComputeError("a plan gave no frame".into()));
    };
    let fates = by_fate(fates)?;
    let mut examples = examples(rejected)?;
    let unfit = plan.reasons.iter().cloned().zip(1..).filter_map(|(reason, number)| {
        let rows = fates.get(&number).copied().filter(|rows| *rows > 0)?;
        Some(Unfit { reason, rows, examples: examples.remove(&number).unwrap_or_default() })
    });
    let misses = plan.misses.iter().zip(misses.chunks(2)).map(|(plan, frames)| Misses::of(&plan.lookup, &frames[0], &frames[1]));
    let looked_up = LookedUp {
        by: 0,
        lookup: 0,
        table: 0,
        requests: BTreeSet::new(),
        rows_read: count(rows_read, 0)?,
        rows_of_files: count(rows_read, 1)?,
        rows_once: count(rows_once, 0)?,
        rows_kept: count(rows_kept, 0)?,
        rows_keyed: fates.get(&0).copied().unwrap_or_default(),
        unfit: unfit.collect(),
        misses: misses.collect::<PolarsResult<_>>()?,
    };
    let filling = filling.lock().unwrap_or_else(PoisonError::into_inner).take();
    let filling = filling.unwrap_or_else(|| Filling::new(lookup.on.len(), Order::One, &[]));
    Ok(filling.finish().map(|keyed| (keyed, looked_up)))
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
