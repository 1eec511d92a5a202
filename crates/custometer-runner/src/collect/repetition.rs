//! Repetition: of the rows that share a key, the one that is kept.
//!
//! The keys are gone through before anything else is made of the rows. What comes after has its rows in the order of the files, and holds none
//! of them back to wait for another.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{DataFrame, Engine, Expr, PolarsResult, col, lit};

use crate::collect::accumulate::ending;
use crate::collect::engine::collect;
use crate::collect::keys::{Keys, ages};
use crate::collect::spans;
use crate::error::RunError;
use crate::read::kept::Kept;
use crate::read::known::Known;
use crate::read::scan::{PART, ROW};
use crate::read::table::{Keep, Repetition, Table};
use crate::read::text::FAULT;

const ALONE: &str = "__alone";
const AGE: &str = "__age";

/// Which rows of a table are kept, and when changes among them end.
///
/// # Errors
///
/// When the table can't be read to its end, when rows repeat others where the report says that none do, and when it can't be told which of
/// several changes lasts.
pub(crate) fn kept_of(table: &Table, known: &Known<'_>, folder: &Path) -> Result<Kept, RunError> {
    let kept = match &table.repetition {
        Some(repetition) => kept(table, repetition, known).map_err(|source| RunError::Table { table: table.name.clone(), source })?,
        None => Kept::default(),
    };
    if let Some(repetition) = table.repetition.as_ref().filter(|repetition| repetition.keep == Keep::Error && kept.repeated > 0) {
        return Err(RunError::Repeated { table: table.name.clone(), by: repetition.by.join("`, `"), rows: kept.repeated });
    }
    match &table.spans {
        Some(spans) => spans::with_ends(table, spans, &Known { kept, ..known.clone() }, folder),
        None => Ok(kept),
    }
}

fn kept(table: &Table, repetition: &Repetition, known: &Known<'_>) -> PolarsResult<Kept> {
    let age = repetition.age.as_ref().map(|age| age.value.clone());
    // A damaged row shares its key with no other, and a row that a condition leaves out beforehand does not compete with those that it keeps.
    let damaged = table.has_records().then(|| col(FAULT).is_not_null());
    let unreadable = repetition.age.as_ref().map(|age| age.unreadable.clone().fill_null(lit(false)));
    let left_out = table.condition.clone().filter(|_| repetition.where_first).map(|condition| condition.fill_null(lit(false)).not());
    let alone = damaged.into_iter().chain(unreadable).chain(left_out).reduce(Expr::or).unwrap_or_else(|| lit(false));
    let mut columns = vec![col(ROW), alone.alias(ALONE), age.unwrap_or_else(|| lit(0_i64)).alias(AGE)];
    columns.extend(Keys::columns(table, &repetition.by));
    let newest_by = &repetition.keep;
    let state = Arc::new(Mutex::new(State { keep: newest_by.clone(), ..State::default() }));
    let filling = Arc::clone(&state);
    // Rows that are made of one are kept together.
    let rows = table.rows(known, repetition.reads())?.all;
    let rows = if table.is_made() { rows.filter(col(PART).eq(lit(0_u64))) } else { rows };
    let rows = rows.select(columns);
    let sink = ending(rows, move |rows| filling.lock().unwrap_or_else(PoisonError::into_inner).add(rows));
    collect(vec![sink], Engine::Streaming)?;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *state).kept())
}

#[derive(Default)]
struct State {
    keep: Keep,
    /// A bit for each row that is kept so far: of those with a key none.
    rows: Vec<u64>,
    keys: Keys,
    best: Vec<Option<Best>>,
    /// How many rows have a key.
    keyed: u64,
}

#[derive(Clone, Copy)]
struct Best {
    age: Option<i64>,
    row: u64,
    /// Whether another row is as new.
    tied: bool,
}

impl State {
    fn add(&mut self, rows: &DataFrame) -> PolarsResult<()> {
        let numbers = rows.column(ROW)?.u64()?;
        let alone = rows.column(ALONE)?.bool()?;
        let ages = ages(rows.column(AGE)?)?;
        let keys = self.keys.of(&rows.columns()[3..])?;
        for (((number, alone), age), key) in numbers.iter().zip(alone.iter()).zip(ages).zip(keys) {
            let Some(row) = number else { continue };
            match key.filter(|_| alone != Some(true)) {
                Some(key) => self.rival(key as usize, age, row),
                None => self.set(row),
            }
        }
        Ok(())
    }

    fn rival(&mut self, key: usize, age: Option<i64>, row: u64) {
        self.keyed += 1;
        if self.best.len() <= key {
            self.best.resize(key + 1, None);
        }
        let Some(best) = &mut self.best[key] else {
            self.best[key] = Some(Best { age, row, tied: false });
            return;
        };
        let is_better = match self.keep {
            Keep::First | Keep::Error => row < best.row,
            Keep::Last => row > best.row,
            Keep::Newest(_) => (age, row) > (best.age, best.row),
        };
        let tied = if age == best.age { true } else { best.tied && !is_better };
        *best = if is_better { Best { age, row, tied } } else { Best { tied, ..*best } };
    }

    fn set(&mut self, row: u64) {
        let word = usize::try_from(row / 64).unwrap_or(usize::MAX);
        if self.rows.len() <= word {
            self.rows.resize(word + 1, 0);
        }
        self.rows[word] |= 1 << (row % 64);
    }

    fn kept(mut self) -> Kept {
        let best: Vec<Best> = std::mem::take(&mut self.best).into_iter().flatten().collect();
        for best in &best {
            self.set(best.row);
        }
        let tied = if matches!(self.keep, Keep::Newest(_)) { best.iter().filter(|best| best.tied).count() as u64 } else { 0 };
        Kept::new(self.rows, self.keyed - best.len() as u64, tied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(keep: Keep, rows: &[(u64, usize, Option<i64>)]) -> (Vec<u64>, u64, u64) {
        let mut state = State { keep, ..State::default() };
        for &(row, key, age) in rows {
            state.rival(key, age, row);
        }
        let found = state.best.iter().flatten().map(|best| best.row).collect();
        let kept = state.kept();
        (found, kept.repeated, kept.tied)
    }

    #[test]
    fn the_order_in_which_rows_are_seen_does_not_matter() {
        let rows = [(0, 0, Some(5)), (1, 0, Some(7)), (2, 0, None), (3, 1, Some(1)), (4, 1, Some(1)), (5, 2, None)];
        let newest = || Keep::Newest("at".to_owned());
        for turn in 0..rows.len() {
            let mut turned = rows;
            turned.rotate_left(turn);
            assert_eq!(kept(newest(), &turned), (vec![1, 4, 5], 3, 1));
            assert_eq!(kept(Keep::First, &turned), (vec![0, 3, 5], 3, 0));
            assert_eq!(kept(Keep::Last, &turned), (vec![2, 4, 5], 3, 0));
        }
    }
}
