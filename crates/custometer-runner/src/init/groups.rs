//! Columns that tell rows apart, and columns that make groups of them.

use crate::inspect::{InspectedColumn, LooksLike};

/// A column with more different values than these makes no breakdown for people.
const MOST_GROUPS: u64 = 8;

/// Whether a file has a row for each id, and something to say of it.
pub(super) fn has_key(columns: &[InspectedColumn]) -> bool {
    key(columns).is_some() && columns.iter().any(is_group)
}

/// The column that tells all rows apart.
pub(super) fn key(columns: &[InspectedColumn]) -> Option<&str> {
    let is_id = |column: &&InspectedColumn| column.is_unique() && column.name.to_lowercase().ends_with("_id");
    columns.iter().find(is_id).map(|column| column.name.as_str())
}

/// Whether a column makes groups that people would compare.
pub(super) fn is_group(column: &InspectedColumn) -> bool {
    let few = (2..=MOST_GROUPS).contains(&column.distinct.count) && column.distinct.is_exact;
    few && column.looks_like == LooksLike::Text && column.missing * 5 <= column.present() && column.present() > 4 * column.distinct.count
}
