//! The columns that the engine adds to those of a table, and the numbers that say what became of a row.

use custometer_core::time::BUCKET;
use custometer_core::{Baseline, ColumnType};

use crate::plan::axes::Axis;

/// The column that says what became of a row: 0 for used, one of the numbers below, or that of the reason it is rejected for.
pub(crate) const FATE: &str = "__fate";

/// What is wrong in a rejected row, as it is written.
pub(crate) const FAULTY: &str = "__faulty";

/// The place of the row of another table that is at fault, where a rejected row found it.
pub(crate) const PLACE: &str = "__place";

/// How many of a group's local times clocks showed twice.
pub(crate) const AMBIGUOUS: &str = "__ambiguous";

/// The first instant of a group.
pub(crate) const FIRST: &str = "__first";

/// The last instant of a group, in any of its columns of time.
pub(crate) const LAST: &str = "__last";

pub(crate) const DIMENSION: &str = "__by:";

/// The row is not an observation.
pub(crate) const SKIPPED: i32 = -1;

/// The row is outside the period.
pub(crate) const OUTSIDE: i32 = -2;

/// How many rejected rows of each reason are shown.
pub(crate) const EXAMPLES: usize = 3;

/// The column that holds a breakdown's dimension: apart from the metric's own columns, which may be called the same.
pub(crate) fn dimension_name(column: &str) -> String {
    format!("{DIMENSION}{column}")
}

pub(crate) fn own_name(position: usize) -> String {
    format!("__own{position}")
}

pub(crate) fn typed_name(column: &str, kind: ColumnType) -> String {
    format!("__{column}:{}", kind.as_str())
}

/// The column that has the bucket of a row on one line of an axis.
pub(crate) fn bucket_name(time: &str, axis: Axis, line: usize) -> String {
    let timed = if axis.is_timed_total { ":timed" } else { "" };
    let windows = axis.windows.map_or_else(String::new, |windows| format!(":{windows:?}"));
    let line = if line > 0 { format!(":{line}") } else { String::new() };
    format!("{BUCKET}:{time}:{}{timed}:{}{windows}{line}", axis.grain, axis.baseline.map_or("", Baseline::as_str))
}

pub(crate) fn ambiguous_name(time: &str) -> String {
    format!("{AMBIGUOUS}:{time}")
}
