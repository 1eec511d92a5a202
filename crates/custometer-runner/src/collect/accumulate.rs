//! The ends of streams of rows: the states of aggregations, or rows split by entity.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use custometer_core::Aggregation;
use custometer_core::aggregation::State;
use custometer_core::entities::by_entity;
use polars::prelude::{AllowedOptimizations, Column, DataFrame, DataType, IdxCa, LazyFrame, PolarsResult, Schema, SchemaRef, col};

use crate::read::scan::ROW;

/// What the rows of a stream come to, whichever threads work on them.
pub(crate) struct Accumulator {
    pub(crate) aggregation: Aggregation,
    /// One for each thread that worked at the same time.
    states: Mutex<Vec<State>>,
}

impl Accumulator {
    pub(crate) fn new(aggregation: Aggregation) -> Arc<Self> {
        Arc::new(Self { aggregation, states: Mutex::default() })
    }

    /// A plan that adds all rows to the state, and returns none.
    pub(crate) fn sink(self: &Arc<Self>, rows: LazyFrame) -> LazyFrame {
        let accumulator = Arc::clone(self);
        ending(rows.select(self.aggregation.columns()), move |rows| accumulator.add(rows))
    }

    fn add(&self, rows: &DataFrame) -> PolarsResult<()> {
        let states = || self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let free = states().pop();
        let mut state = free.unwrap_or_else(|| self.aggregation.state());
        self.aggregation.add(&mut state, rows)?;
        states().push(state);
        Ok(())
    }

    /// Takes the state of all rows so far, and leaves an empty one.
    pub(crate) fn take(&self) -> State {
        let mut states = std::mem::take(&mut *self.states.lock().unwrap_or_else(PoisonError::into_inner)).into_iter();
        let mut all = states.next().unwrap_or_else(|| self.aggregation.state());
        states.for_each(|state| self.aggregation.unite(&mut all, state));
        all
    }
}

/// A plan that gives all rows to a function, batch by batch, and nothing else.
pub(super) fn ending(rows: LazyFrame, end: impl Fn(&DataFrame) -> PolarsResult<()> + Send + Sync + 'static) -> LazyFrame {
    let nothing: SchemaRef = Arc::new(Schema::from_iter([("nothing".into(), DataType::Boolean)]));
    let schema = Arc::clone(&nothing);
    let end = move |rows: DataFrame| {
        end(&rows)?;
        Ok(DataFrame::empty_with_schema(&nothing))
    };
    rows.map(end, AllowedOptimizations::STREAMING, Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&schema)))), Some("end"))
}

/// Rows, split so that those of an entity are together.
pub(crate) struct Split {
    rows: LazyFrame,
    /// None where every row is an entity by itself.
    entity: Option<String>,
    /// The batches of each part, with the number of the first row of each.
    parts: Mutex<Vec<Vec<(u64, DataFrame)>>>,
}

const PARTS: usize = 64;
/// Parts are put together until so many rows are made of them: enough to be worth a plan, and few enough that what is needed at one time fits into
/// the processor's caches.
const ROWS: usize = 400_000;

impl Split {
    /// For rows with these columns. Where the entity's column is not among them, no derivation can tell which rows belong together.
    pub(crate) fn new(rows: &LazyFrame, entity: &str, columns: &BTreeSet<String>) -> Arc<Self> {
        let entity = columns.get(entity).cloned();
        let columns = columns.iter().map(|column| col(column.as_str())).chain([col(ROW)]);
        let rows = rows.clone().select(columns.collect::<Vec<_>>());
        Arc::new(Self { rows, entity, parts: Mutex::new(vec![Vec::new(); PARTS]) })
    }

    /// A plan that keeps all rows, and returns none.
    pub(crate) fn sink(self: &Arc<Self>) -> LazyFrame {
        let split = Arc::clone(self);
        ending(self.rows.clone(), move |rows| split.add(rows))
    }

    fn add(&self, rows: &DataFrame) -> PolarsResult<()> {
        let Some(first) = rows.column(ROW)?.u64()?.first() else { return Ok(()) };
        let part_of = match &self.entity {
            Some(entity) => parts_of(rows.column(entity)?, rows.height()),
            None => (0..rows.height()).map(|row| row % PARTS).collect(),
        };
        let mut sizes = [0; PARTS];
        for part in &part_of {
            sizes[*part] += 1;
        }
        let mut starts = [0; PARTS];
        for part in 1..PARTS {
            starts[part] = starts[part - 1] + sizes[part - 1];
        }
        let mut next = starts;
        let mut order = vec![0; rows.height()];
        for (row, part) in (0..).zip(part_of) {
            order[next[part]] = row;
            next[part] += 1;
        }
        let order = IdxCa::from_vec("order".into(), order);
        let columns = rows.columns().iter().map(|column| column.take(&order)).collect::<PolarsResult<_>>()?;
        let ordered = DataFrame::new(rows.height(), columns)?;
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        for ((part, start), size) in parts.iter_mut().zip(starts).zip(sizes).filter(|(_, size)| *size > 0) {
            part.push((first, ordered.slice(i64::try_from(start).unwrap_or(i64::MAX), size)));
        }
        Ok(())
    }

    /// Some of the rows, with those of each entity together.
    pub(crate) fn together(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        self.entity.as_ref().map_or_else(|| Ok(rows.clone()), |entity| by_entity(rows, entity))
    }

    /// No rows, of the columns that there are.
    pub(crate) fn nothing(&self) -> PolarsResult<DataFrame> {
        Ok(DataFrame::empty_with_schema(&*self.rows.clone().collect_schema()?))
    }

    /// Takes all rows so far, in at least one part, each in the order of the files, and leaves none. So many rows may be made of each.
    pub(crate) fn take(&self, rows_of_one: usize) -> PolarsResult<Vec<DataFrame>> {
        let parts = std::mem::replace(&mut *self.parts.lock().unwrap_or_else(PoisonError::into_inner), vec![Vec::new(); PARTS]);
        let nothing = self.nothing()?;
        let mut taken = vec![nothing.clone()];
        for mut batches in parts {
            batches.sort_by_key(|(first, _)| *first);
            if taken.last().is_some_and(|part| part.height().saturating_mul(rows_of_one) >= ROWS) {
                taken.push(nothing.clone());
            }
            if let Some(part) = taken.last_mut() {
                for (_, batch) in &batches {
                    part.vstack_mut(batch)?;
                }
            }
        }
        Ok(taken)
    }
}

/// The part of each row: that of its entity. Where that is not a code, all rows are together.
fn parts_of(entity: &Column, rows: usize) -> Vec<usize> {
    match entity.u32() {
        Ok(codes) => codes.iter().map(|code| code.map_or(0, |code| code as usize % PARTS)).collect(),
        Err(_) => vec![0; rows],
    }
}
