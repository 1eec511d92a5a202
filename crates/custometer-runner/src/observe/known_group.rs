//! The groups that a breakdown has, as the engine holds them and as results show them.

use std::collections::BTreeSet;

use custometer_core::{Definition, DimensionValue};

use crate::collect::Collected;
use crate::plan::Part;
use crate::report::ids::IdHasher;

/// A group of a breakdown.
pub(super) struct KnownGroup {
    /// As the engine holds it.
    pub(super) key: Vec<DimensionValue>,
    /// As the result shows it.
    pub(super) shown: Vec<DimensionValue>,
}

impl KnownGroup {
    /// The groups of a breakdown that have rows in any of these parts, in the order of the result.
    ///
    /// `hasher` says with what the ids of a column are replaced.
    pub(super) fn all<'h>(
        collected: &Collected,
        parts: &[&Part],
        definition: &Definition,
        hasher: impl Fn(usize) -> Option<&'h IdHasher>,
    ) -> Vec<Self> {
        let width = parts.first().map_or(0, |part| part.breakdown.len());
        let found = parts.iter().flat_map(|part| &part.lines).flat_map(|line| line.tables(definition));
        let found = found.flat_map(|table| collected.measures[&table].groups());
        let mut keys: BTreeSet<Vec<DimensionValue>> = found.map(|group| group[1..=width].to_vec()).collect();
        if width == 0 {
            keys.insert(Vec::new());
        }
        let keys: Vec<Vec<DimensionValue>> = keys.into_iter().collect();
        let mut shown = as_one_type(&keys, width);
        for (column, value) in shown.iter_mut().flat_map(|group| group.iter_mut().enumerate()) {
            if let Some(hasher) = hasher(column) {
                *value = hasher.hash_value(value);
            }
        }
        let mut all: Vec<Self> = keys.into_iter().zip(shown).map(|(key, shown)| Self { key, shown }).collect();
        all.sort_by(|a, b| a.shown.cmp(&b.shown));
        all
    }
}

/// Text dimensions that hold nothing but numbers, or nothing but true and false, shown as such: the same whatever the file's types.
fn as_one_type(groups: &[Vec<DimensionValue>], width: usize) -> Vec<Vec<DimensionValue>> {
    let mut shown = groups.to_vec();
    for column in 0..width {
        let narrowed: Option<Vec<DimensionValue>> = groups.iter().map(|group| narrowed(&group[column])).collect();
        let Some(narrowed) = narrowed else { continue };
        let all = |fits: fn(&DimensionValue) -> bool| narrowed.iter().all(|value| fits(value) || *value == DimensionValue::Missing);
        if all(|value| matches!(value, DimensionValue::Integer(_) | DimensionValue::Number(_)))
            || all(|value| matches!(value, DimensionValue::Boolean(_)))
        {
            shown.iter_mut().zip(narrowed).for_each(|(group, value)| group[column] = value);
        }
    }
    shown
}

/// A text as the number or truth value that is written just so; none when it is neither.
fn narrowed(value: &DimensionValue) -> Option<DimensionValue> {
    let DimensionValue::Text(text) = value else { return Some(value.clone()) };
    if let Ok(flag) = text.parse::<bool>() {
        return Some(DimensionValue::Boolean(flag));
    }
    let number: DimensionValue = text.parse::<f64>().ok().filter(|number| number.is_finite())?.into();
    (number.to_string() == *text).then_some(number)
}
