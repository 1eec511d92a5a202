//! Columns over the values of an ordered dimension.

use serde::Serialize;

use super::place::Place;
use super::scale::Scale;

/// More labels than these under the columns would run into each other.
const MOST_LABELS: usize = 12;

/// A column chart. Its table, in the same figure, has a row for each column.
#[derive(Debug, Serialize)]
pub(in crate::html) struct Columns {
    label: String,
    ticks: Vec<String>,
    grid: Vec<Place>,
    columns: Vec<Column>,
}

#[derive(Debug, Serialize)]
struct Column {
    left: Place,
    width: Place,
    middle: Place,
    top: Place,
    height: Place,
    whisker: Option<[Place; 2]>,
    name: Option<String>,
}

/// What a column shows: its name, value and interval.
pub(in crate::html) type Shown = (String, Option<f64>, Option<(f64, f64)>);

impl Columns {
    /// The columns of some values; those that are undefined have a name and no column.
    pub(in crate::html) fn new(label: String, shown: &[Shown], scale: &Scale, tick: impl Fn(f64) -> String) -> Self {
        let share = 100.0 / shown.len().max(1) as f64;
        let every = shown.len().div_ceil(MOST_LABELS).max(1);
        let zero = scale.depth(0.0);
        let column = |(at, (name, value, interval)): (usize, &Shown)| {
            let end = value.map_or(zero, |value| scale.depth(value));
            Column {
                left: Place(share * (at as f64 + 0.14)),
                width: Place(share * 0.72),
                middle: Place(share * (at as f64 + 0.5)),
                top: Place(end.min(zero)),
                height: Place((end - zero).abs()),
                whisker: interval.map(|(low, high)| [low, high].map(|bound| Place(scale.depth(bound)))),
                name: (at % every == 0).then(|| name.clone()),
            }
        };
        Self {
            label,
            ticks: scale.ticks().into_iter().rev().map(tick).collect(),
            grid: scale.ticks().into_iter().map(|value| Place(scale.depth(value))).collect(),
            columns: shown.iter().enumerate().map(column).collect(),
        }
    }
}
