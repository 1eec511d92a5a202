//! The ends of streams of rows: the states of aggregations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use custometer_core::aggregation::{Aside, By, MeasureTable, State};
use custometer_core::{Aggregation, parallel};
use polars::prelude::{AllowedOptimizations, DataFrame, DataType, LazyFrame, PolarsResult, Schema, SchemaRef};

use crate::memory::{Holder, Memory, Scratch};

/// What the rows of a stream come to, whichever threads work on them.
pub(crate) struct Accumulator {
    pub(crate) aggregation: Aggregation,
    /// One for each thread that worked at the same time.
    states: Mutex<Vec<State>>,
    /// How many bytes these could put aside.
    held: AtomicU64,
    /// The state of which something was put aside; no thread adds rows to it.
    rest: Mutex<Option<State>>,
    aside: StatesAside,
    memory: Arc<Memory>,
}

/// The parts of a state that were put aside.
struct StatesAside {
    scratch: Scratch<(usize, u32)>,
    room: usize,
}

/// Parts of states have this share of the memory while they are finished.
const ROOM: u64 = 8;
/// So many bytes there are in any memory.
const LEAST_ROOM: u64 = 1 << 20;

impl Accumulator {
    pub(crate) fn new(aggregation: Aggregation, memory: &Arc<Memory>) -> Arc<Self> {
        let room = memory.limit() / ROOM / parallel::threads() as u64;
        let accumulator = Arc::new(Self {
            aggregation,
            states: Mutex::default(),
            held: AtomicU64::new(0),
            rest: Mutex::default(),
            aside: StatesAside { scratch: Scratch::new(memory), room: usize::try_from(room.max(LEAST_ROOM)).unwrap_or(usize::MAX) },
            memory: Arc::clone(memory),
        });
        memory.add(Arc::downgrade(&accumulator) as _);
        accumulator
    }

    /// A plan that adds all rows to the state, and returns none.
    pub(crate) fn sink(self: &Arc<Self>, rows: LazyFrame) -> LazyFrame {
        let accumulator = Arc::clone(self);
        ending(rows.select(self.aggregation.columns()), move |rows| accumulator.add(rows))
    }

    fn add(&self, rows: &DataFrame) -> PolarsResult<()> {
        let free = lock(&self.states).pop();
        let mut state = free.unwrap_or_else(|| self.aggregation.state());
        let before = state.bytes();
        self.aggregation.add(&mut state, rows)?;
        // What settles takes less than before.
        self.held.fetch_add(state.bytes().wrapping_sub(before), Ordering::Relaxed);
        lock(&self.states).push(state);
        self.memory.make_room()
    }

    /// The measures of all rows so far, for each choice of how to group; leaves an empty state.
    pub(crate) fn finish(&self, choices: &[By], confidence: f64) -> PolarsResult<Vec<MeasureTable>> {
        self.aggregation.finish_with(self.united(), &self.aside, choices, confidence)
    }

    /// Adds the state of other rows.
    pub(crate) fn put(&self, state: State) {
        self.held.fetch_add(state.bytes(), Ordering::Relaxed);
        lock(&self.states).push(state);
    }

    /// Takes the whole state of all rows so far, and leaves an empty one.
    pub(crate) fn take(&self) -> PolarsResult<State> {
        let mut state = self.united();
        self.aggregation.take_back(&mut state, &self.aside)?;
        Ok(state)
    }

    /// The state of all rows so far, without what was put aside.
    fn united(&self) -> State {
        let states = std::mem::take(&mut *lock(&self.states));
        let mut all = lock(&self.rest).take();
        for state in states {
            match &mut all {
                Some(all) => self.aggregation.unite(all, state),
                None => all = Some(state),
            }
        }
        self.held.store(0, Ordering::Relaxed);
        all.unwrap_or_else(|| self.aggregation.state())
    }
}

impl Holder for Accumulator {
    fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    fn put_aside(&self) -> PolarsResult<()> {
        let states = std::mem::take(&mut *lock(&self.states));
        let bytes: u64 = states.iter().map(State::bytes).sum();
        let mut rest = lock(&self.rest);
        let all = rest.get_or_insert_with(|| self.aggregation.state());
        for state in states {
            self.aggregation.unite(all, state);
        }
        self.aggregation.put_aside(all, &self.aside)?;
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Aside for StatesAside {
    fn put(&self, part: (usize, u32), rows: DataFrame) -> PolarsResult<()> {
        self.scratch.put(part, rows)
    }

    fn parts(&self) -> Vec<((usize, u32), usize)> {
        self.scratch.parts()
    }

    fn get<'a>(&'a self, part: (usize, u32)) -> Box<dyn Iterator<Item = PolarsResult<DataFrame>> + 'a> {
        Box::new(self.scratch.get(part))
    }

    fn room(&self) -> usize {
        self.room
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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
