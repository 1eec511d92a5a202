//! Columns that the settings of a table name.

use std::ops::Range;

use custometer_core::ColumnType;
use custometer_core::suggest::did_you_mean;

use crate::check::expression::columns_there_are;
use crate::config::diagnostics::Collector;
use crate::read::table::{Age, Table};

/// Whether a table has a column that can be used; reported where it is not there.
pub(super) fn has_column(table: &Table, column: &str, place: Range<usize>, problems: &mut Collector) -> bool {
    let known = table.columns();
    let is_known = known.iter().any(|known| known == column);
    if !is_known && !table.broken.contains(column) {
        let help = did_you_mean(column, known.iter().map(String::as_str)).unwrap_or_else(|| columns_there_are(&known));
        problems.report(place, format!("there is no column `{column}`")).help(help);
    }
    is_known
}

/// What makes one row newer than another, by a column of times or numbers.
pub(super) fn age(table: &Table, column: &str, place: Range<usize>, problems: &mut Collector) -> Option<Age> {
    if !has_column(table, column, place.clone(), problems) {
        return None;
    }
    let kind = if table.looks_like(column) == Some(ColumnType::Number) { ColumnType::Number } else { ColumnType::Time };
    match table.typed(column, kind) {
        Ok(typed) => {
            let unreadable = typed.missing.not().and(typed.value.clone().is_null());
            Some(Age { value: typed.value, unreadable, reason: format!("`{column}` is not {}", typed.expected) })
        }
        Err(reason) => {
            problems.report(place, format!("which row is the newest can't be told: {reason}"));
            None
        }
    }
}
