//! Random rows, and random ways to cut them into parts.

use std::collections::BTreeMap;
use std::ops::Range;

use custometer_core::DimensionValue;
use custometer_core::time::BUCKET;
use polars::prelude::{IntoLazy, LazyFrame, df};
use proptest::collection::{SizeRange, vec};
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// A row: three columns to group by, three to measure and one to filter by. All but the bucket may be null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) bucket: i32,
    pub(crate) a: Option<&'static str>,
    pub(crate) b: Option<i64>,
    pub(crate) int: Option<i64>,
    pub(crate) float: Option<f64>,
    pub(crate) id: Option<&'static str>,
    pub(crate) keep: Option<bool>,
}

/// A row of one group, without values.
pub(crate) const BARE: Row = Row { bucket: 0, a: None, b: None, int: None, float: None, id: None, keep: None };

/// All columns that rows are grouped by, the finest grouping there is.
pub(crate) const KEYS: [&str; 3] = [BUCKET, "a", "b"];

fn row() -> impl Strategy<Value = Row> {
    let group = (-1..=1, weighted(0.8, select(vec!["x", "y"])), weighted(0.8, 0..2_i64));
    let int = prop_oneof![4 => -3..=3_i64, 1 => -1_000_000_000..=1_000_000_000_i64];
    let float = prop_oneof![2 => (-4..=4).prop_map(|half| f64::from(half) / 2.0), 2 => -1e3..1e3, 1 => -1e9..1e9];
    let values = (weighted(0.8, int), weighted(0.8, float), weighted(0.8, select(vec!["p", "q", "r", "s"])), weighted(0.8, any::<bool>()));
    (group, values).prop_map(|((bucket, a, b), (int, float, id, keep))| Row { bucket, a, b, int, float, id, keep })
}

/// Up to 40 rows.
pub(crate) fn rows() -> impl Strategy<Value = Vec<Row>> {
    vec(row(), 0..40)
}

/// Rows, cut into one to five parts in any order. Some parts may be empty.
pub(crate) fn parts() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let places: Range<usize> = 0..60;
    (vec((row(), places), SizeRange::from(0..40)), 1..=5_usize, Just([0, 1, 2, 3, 4]).prop_shuffle()).prop_map(|(placed, count, order)| {
        let part = |part: usize| placed.iter().filter(|(_, place)| place % count == part).map(|(row, _)| row.clone()).collect();
        order.into_iter().filter(|part| *part < count).map(part).collect()
    })
}

/// The first one, two or three of the grouping columns.
pub(crate) fn keys() -> impl Strategy<Value = &'static [&'static str]> {
    (1..=KEYS.len()).prop_map(|count| &KEYS[..count])
}

/// The rows as the engine reads them.
pub(crate) fn frame(rows: &[Row]) -> LazyFrame {
    let columns = df!(
        BUCKET => rows.iter().map(|row| row.bucket).collect::<Vec<_>>(),
        "a" => rows.iter().map(|row| row.a).collect::<Vec<_>>(),
        "b" => rows.iter().map(|row| row.b).collect::<Vec<_>>(),
        "int" => rows.iter().map(|row| row.int).collect::<Vec<_>>(),
        "float" => rows.iter().map(|row| row.float).collect::<Vec<_>>(),
        "id" => rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        "keep" => rows.iter().map(|row| row.keep).collect::<Vec<_>>(),
    );
    columns.unwrap().lazy()
}

/// The group a row belongs to.
pub(crate) fn group(row: &Row, keys: &[&str]) -> Vec<DimensionValue> {
    let value = |key: &&str| match *key {
        BUCKET => i64::from(row.bucket).into(),
        "a" => row.a.map_or(DimensionValue::Missing, DimensionValue::from),
        "b" => row.b.map_or(DimensionValue::Missing, DimensionValue::from),
        other => panic!("rows are not grouped by `{other}`"),
    };
    keys.iter().map(value).collect()
}

/// The rows of every group.
pub(crate) fn grouped<'a>(rows: impl IntoIterator<Item = &'a Row>, keys: &[&str]) -> BTreeMap<Vec<DimensionValue>, Vec<&'a Row>> {
    let mut groups: BTreeMap<Vec<DimensionValue>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(group(row, keys)).or_default().push(row);
    }
    groups
}
