//! The engine as the runner uses it, and what is looked up in its results.

use custometer_core::aggregation::{By, MeasureTable, State};
use custometer_core::{Aggregation, Measure};
use polars::lazy::prelude::OptFlags;
use polars::prelude::{DataFrame, Engine, LazyFrame};

use crate::naive::Asked;
use crate::rows::{Row, frame, grouped};

/// The confidence of quantiles' intervals.
pub(crate) const CONFIDENCE: f64 = 0.95;

#[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
pub(crate) fn collect(plans: Vec<LazyFrame>) -> Vec<DataFrame> {
    let plans = plans.into_iter().map(|plan| plan.logical_plan).collect();
    LazyFrame::collect_all_with_engine(plans, Engine::Streaming, OptFlags::default() | OptFlags::STREAMING).unwrap()
}

pub(crate) fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

pub(crate) fn aggregation(keys: &[&str], asked: &[Asked]) -> Aggregation {
    Aggregation::new(owned(keys), asked.iter().map(Asked::measure).collect())
}

/// The state of rows that come in two batches, as those of a stream do.
pub(crate) fn state(aggregation: &Aggregation, rows: &[Row]) -> State {
    let mut state = aggregation.state();
    for batch in [&rows[..rows.len() / 2], &rows[rows.len() / 2..]] {
        let batch = collect(vec![frame(batch).select(aggregation.columns())]).remove(0);
        aggregation.add(&mut state, &batch).unwrap();
    }
    state
}

pub(crate) fn united(aggregation: &Aggregation, states: impl IntoIterator<Item = State>) -> State {
    let mut all = aggregation.state();
    states.into_iter().for_each(|state| aggregation.unite(&mut all, state));
    all
}

/// The measures of a state by some of its keys, or by all.
pub(crate) fn finished(aggregation: &Aggregation, state: State, keys: &[&str]) -> MeasureTable {
    aggregation.finish(state, &[By::keys(owned(keys))], CONFIDENCE).unwrap().remove(0)
}

/// The measures of rows in one go.
pub(crate) fn whole(aggregation: &Aggregation, rows: &[Row], keys: &[&str]) -> MeasureTable {
    finished(aggregation, state(aggregation, rows), keys)
}

/// The only group's only measure.
pub(crate) fn single(measure: Measure, rows: &[Row]) -> Option<f64> {
    let aggregation = Aggregation::new(owned(&["b"]), vec![measure]);
    whole(&aggregation, rows, &["b"]).get(&crate::rows::group(&rows[0], &["b"]))[0].value
}

/// The states of every part, kept as tables, as those of yesterday's files are, for an aggregation that knows nothing of yesterday.
pub(crate) fn kept(aggregation: &Aggregation, parts: &[Vec<Row>]) -> Vec<State> {
    let tables = |part: &Vec<Row>| {
        let yesterday = Aggregation::new(aggregation.keys().to_vec(), aggregation.measures().to_vec());
        let state = state(&yesterday, part);
        yesterday.tables(&state).unwrap()
    };
    parts.iter().map(|part| aggregation.state_of(&tables(part)).unwrap()).collect()
}

/// That a table holds the groups of `rows` and in each what the measures come to by the book.
pub(crate) fn assert_true<'a>(table: &MeasureTable, asked: &[Asked], rows: impl IntoIterator<Item = &'a Row>, keys: &[&str]) {
    let groups = grouped(rows, keys);
    let mut found: Vec<_> = table.groups().cloned().collect();
    found.sort_unstable();
    assert_eq!(found, groups.keys().cloned().collect::<Vec<_>>(), "the groups");
    for (group, rows) in &groups {
        for (asked, found) in asked.iter().zip(table.get(group)) {
            let truth = asked.truth(rows);
            assert!(truth.agrees_with(found.value), "{asked:?} of {group:?} is {truth:?}, not {found:?}, of {rows:?}");
            assert_eq!(found.n, asked.n(rows), "the values behind {asked:?} of {group:?}");
        }
    }
}
