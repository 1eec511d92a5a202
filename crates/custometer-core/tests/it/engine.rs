//! The engine as the runner uses it, and what is looked up in its results.

use custometer_core::aggregation::MeasureTable;
use custometer_core::{Aggregation, Measure};
use polars::lazy::prelude::OptFlags;
use polars::prelude::{DataFrame, Engine, IntoLazy, LazyFrame};

use crate::naive::Asked;
use crate::rows::{Row, frame, grouped};

/// The confidence of quantiles' intervals.
const CONFIDENCE: f64 = 0.95;

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

/// The measures of states, which must have one row per group.
pub(crate) fn finished(aggregation: &Aggregation, states: &[LazyFrame], keys: &[&str]) -> MeasureTable {
    let keys = owned(keys);
    aggregation.table(&collect(aggregation.finish(states, &keys)), &keys, CONFIDENCE).unwrap()
}

/// The measures of rows in one go.
pub(crate) fn whole(aggregation: &Aggregation, rows: &[Row], keys: &[&str]) -> MeasureTable {
    finished(aggregation, &aggregation.partial(&frame(rows)), keys)
}

/// The only group's only measure.
pub(crate) fn single(measure: Measure, rows: &[Row]) -> Option<f64> {
    let aggregation = Aggregation::new(owned(&["b"]), vec![measure]);
    whole(&aggregation, rows, &["b"]).get(&crate::rows::group(&rows[0], &["b"]))[0].value
}

/// The states of every part, computed and kept, as those of yesterday's files are.
pub(crate) fn kept(aggregation: &Aggregation, parts: &[Vec<Row>]) -> Vec<Vec<LazyFrame>> {
    let plans: Vec<Vec<LazyFrame>> = parts.iter().map(|part| aggregation.partial(&frame(part))).collect();
    let per_part = plans[0].len();
    let states = collect(plans.into_iter().flatten().collect());
    states.chunks(per_part).map(|states| states.iter().cloned().map(IntoLazy::lazy).collect()).collect()
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
