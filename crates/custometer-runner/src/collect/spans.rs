//! Spans: when each row of a log of changes ends.
//!
//! That is told from keys and times alone, before anything else is made of the rows: a change lasts until the next one of its entity, however
//! the files have them. What comes after has its rows in the order of the files, with their ends as if the files had them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{DataFrame, DataType, Engine, Expr, PolarsResult, col, lit};

use crate::collect::accumulate::ending;
use crate::collect::engine::collect;
use crate::collect::keys::{Keys, ages};
use crate::collect::ledger::Files;
use crate::error::RunError;
use crate::read::ends::{Ends, Place};
use crate::read::kept::Kept;
use crate::read::known::Known;
use crate::read::scan::{PART, ROW};
use crate::read::table::{GONE, Keep, Spans, Table};
use crate::read::text::FAULT;

const AT: &str = "__at";
const AGE: &str = "__age";
const IS_GONE: &str = "__is_gone";
/// So many instants with several changes are named.
const EXAMPLES: usize = 3;

/// A table's kept rows, with the end of each.
///
/// # Errors
///
/// When the table can't be read to its end, and when there are several changes at one instant and nobody says which of them lasts.
pub(super) fn with_ends(table: &Table, spans: &Spans, known: &Known<'_>, folder: &Path) -> Result<Kept, RunError> {
    let changes = changes(table, spans, known).map_err(|source| RunError::Table { table: table.name.clone(), source })?;
    let told = Told::of(changes, &spans.keep);
    if told.rivals.is_empty() {
        return Ok(known.kept.clone().with_ends(Ends::new(told.ends, table.is_made()), told.without_span));
    }
    let files = Files::of(table, known.indices, folder);
    let place = |(first, second): &(u64, u64)| {
        let ((file, first), (other, second)) = (files.place(*first), files.place(*second));
        let other = if other == file { String::new() } else { format!(" of `{other}`") };
        format!("row {first} of `{file}` and row {second}{other}")
    };
    let more = told.rivals.len().saturating_sub(EXAMPLES);
    let places = told.rivals.iter().take(EXAMPLES).map(place).chain((more > 0).then(|| format!("and at {more} more instants")));
    Err(RunError::SameInstant {
        table: table.name.clone(),
        of: spans.of.join("`, `"),
        at: spans.at.clone(),
        places: places.collect::<Vec<_>>().join("; "),
    })
}

/// A row of a log that says of whom and when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    entity: u32,
    at: i64,
    age: Option<i64>,
    place: Place,
    /// Whether nothing begins with it.
    is_gone: bool,
}

fn changes(table: &Table, spans: &Spans, known: &Known<'_>) -> PolarsResult<Vec<Change>> {
    let age = spans.age.as_ref().map(|age| age.value.clone());
    let read = age.iter().chain([&spans.instant]).flat_map(|value| value.clone().meta().root_names());
    let has_gone = table.columns.derived.iter().any(|derived| derived.name == GONE);
    let used: BTreeSet<String> = spans.of.iter().cloned().chain(read.map(|name| name.to_string())).collect();
    // A damaged row says nothing, and one that a condition leaves out beforehand is none of the log.
    let damaged = table.has_records().then(|| col(FAULT).is_not_null());
    let left_out = table.condition.clone().filter(|_| spans.where_first).map(|condition| condition.fill_null(lit(false)).not());
    let is_none = damaged.into_iter().chain(left_out).reduce(Expr::or).unwrap_or_else(|| lit(false));
    let is_gone = if has_gone { col(GONE).fill_null(lit(false)) } else { lit(false) };
    let mut columns = vec![
        col(ROW),
        spans.instant.clone().cast(DataType::Int64).alias(AT),
        is_gone.alias(IS_GONE),
        age.unwrap_or_else(|| lit(0_i64)).alias(AGE),
        if table.is_made() { col(PART) } else { lit(0_u64).cast(DataType::UInt64).alias(PART) },
    ];
    columns.extend(Keys::columns(table, &spans.of));
    let rows = table.rows(known, used)?.once.filter(is_none.not()).select(columns);
    let state: Arc<Mutex<(Keys, Vec<Change>)>> = Arc::default();
    let filling = Arc::clone(&state);
    let sink = ending(rows, move |rows| {
        let (keys, changes) = &mut *filling.lock().unwrap_or_else(PoisonError::into_inner);
        add(keys, changes, rows)
    });
    collect(vec![sink], Engine::Streaming)?;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut state.1))
}

fn add(keys: &mut Keys, changes: &mut Vec<Change>, rows: &DataFrame) -> PolarsResult<()> {
    let entities = keys.of(&rows.columns()[5..])?;
    let (numbers, times, gone) = (rows.column(ROW)?.u64()?, rows.column(AT)?.i64()?, rows.column(IS_GONE)?.bool()?);
    let ages = ages(rows.column(AGE)?)?;
    let places = numbers.iter().zip(rows.column(PART)?.u64()?.iter());
    for (((((row, part), at), is_gone), age), entity) in places.zip(times.iter()).zip(gone.iter()).zip(ages).zip(entities) {
        // What can't be placed is rejected by whoever reads it.
        if let (Some(row), Some(part), Some(at), Some(entity)) = (row, part, at, entity) {
            changes.push(Change { entity, at, age, place: (row, part), is_gone: is_gone == Some(true) });
        }
    }
    Ok(())
}

/// What is told of changes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// By place.
    ends: Vec<(Place, i64)>,
    /// How many changes begin no span.
    without_span: u64,
    /// Rows at one instant, of which it can't be told which one lasts: the first two of each instant.
    rivals: Vec<(u64, u64)>,
}

impl Told {
    fn of(mut changes: Vec<Change>, keep: &Keep) -> Self {
        changes.sort_unstable();
        let mut told = Self { ends: Vec::with_capacity(changes.len()), ..Self::default() };
        for of_entity in changes.chunk_by(|a, b| a.entity == b.entity) {
            let mut instants = of_entity.chunk_by(|a, b| a.at == b.at).peekable();
            while let Some(rivals) = instants.next() {
                let until = instants.peek().map_or(Ends::NEVER, |next| next[0].at);
                told.enter(rivals, until, keep);
            }
        }
        told.rivals.sort_unstable();
        told
    }

    /// Enters the changes of an entity at one instant, the next of which is at another one.
    fn enter(&mut self, rivals: &[Change], until: i64, keep: &Keep) {
        let by_place = || rivals.iter().map(|change| change.place);
        let last = rivals.last().filter(|last| rivals.iter().rev().nth(1).is_none_or(|other| other.age < last.age));
        let kept = match keep {
            _ if rivals.len() == 1 => by_place().next(),
            Keep::First => by_place().min(),
            Keep::Last => by_place().max(),
            Keep::Error => None,
            Keep::Newest(_) => last.map(|change| change.place),
        };
        if kept.is_none() {
            let mut rows: Vec<u64> = by_place().map(|(row, _)| row).collect();
            rows.sort_unstable();
            self.rivals.extend(rows.first().copied().zip(rows.get(1).copied()));
        }
        for change in rivals {
            let begins = Some(change.place) == kept && !change.is_gone;
            self.without_span += u64::from(!begins);
            self.ends.push((change.place, if begins { until } else { Ends::NO_SPAN }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_row(mut ends: Vec<(Place, i64)>) -> Vec<i64> {
        ends.sort_unstable();
        ends.into_iter().map(|(_, end)| end).collect()
    }

    fn change((entity, at, row, is_gone): (u32, i64, u64, bool)) -> Change {
        Change { entity, at, age: Some(0), place: (row, 0), is_gone }
    }

    #[test]
    fn a_change_lasts_until_the_next_one_however_they_come() {
        let rows = [(0, 10, 0, false), (1, 20, 1, false), (1, 30, 2, false), (0, 40, 3, true), (0, 50, 4, false)];
        let mut changes: Vec<Change> = rows.map(change).to_vec();
        for _ in 0..rows.len() {
            changes.rotate_left(1);
            let told = Told::of(changes.clone(), &Keep::Error);
            assert_eq!(by_row(told.ends), [40, 30, Ends::NEVER, Ends::NO_SPAN, Ends::NEVER]);
            assert_eq!((told.without_span, told.rivals), (1, vec![]));
        }
    }

    #[test]
    fn of_changes_at_one_instant_the_one_is_kept_that_is_said() {
        let changes = || [(0, 10, 0, false), (0, 20, 1, true), (0, 20, 2, false), (0, 30, 3, false)].map(change).to_vec();
        let ends = |keep: Keep| by_row(Told::of(changes(), &keep).ends);
        assert_eq!(ends(Keep::Last), [20, Ends::NO_SPAN, 30, Ends::NEVER]);
        assert_eq!(ends(Keep::First), [20, Ends::NO_SPAN, Ends::NO_SPAN, Ends::NEVER]);
        assert_eq!(Told::of(changes(), &Keep::Error).rivals, [(1, 2)]);
        let newest = Keep::Newest("version".to_owned());
        assert_eq!(Told::of(changes(), &newest).rivals, [(1, 2)], "of equal ones none is the newest");
        let mut aged = changes();
        aged[1].age = Some(1);
        assert_eq!(by_row(Told::of(aged, &newest).ends), [20, Ends::NO_SPAN, Ends::NO_SPAN, Ends::NEVER]);
    }
}
