//! Periods by the metric's own dimension, such as cohorts by age.

use custometer_core::{Picture, Unit};

use super::super::drawing::{Drawing, Figure};
use super::super::table::{Cell, Column, Table};
use crate::tidy::defined;
use crate::view::{View, group_name};

impl<'a> Drawing<'a> {
    /// Periods by the metric's own dimension, shaded by value: the table is the picture.
    pub(super) fn heat_map(self, view: &View<'a>, group: usize) -> Figure {
        let words = self.language.words;
        let cohorts = self.picture == Some(Picture::Cohorts);
        let values = view.rows.iter().filter_map(|row| defined(row.value));
        // That all of a cohort are there when it begins says nothing, and would make all else look pale.
        let telling = values.filter(|value| !(cohorts && *value >= 100.0));
        let (low, high) = telling.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let shade = |value: f64| {
            let share = if high > low { (value - low) / (high - low) } else { 0.5 };
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].into_iter().take_while(|level| f64::from(*level) <= share * 9.0).last().unwrap_or(0)
        };
        // Of many cells, tenths of a percent are noise.
        let written = |value: f64| match self.quantity.unit {
            Unit::Percent if value == 0.0 || value >= 1.0 => self.language.tick(value, 1.0, self.quantity),
            _ => self.language.value(value, self.quantity),
        };
        let mut columns = vec![Column::in_order(if cohorts { words.cohort } else { words.period })];
        if cohorts {
            columns.push(Column::numbers(words.observations));
        }
        columns.extend(view.keys.iter().map(|key| Column::numbers(group_name(key, self.language))));
        let row = |bucket: usize| {
            let cells = (0..view.keys.len()).map(|key| {
                let row = view.row(bucket, group, key);
                match row.and_then(|row| defined(row.value)).filter(|_| row.is_some_and(|row| !row.suppressed)) {
                    Some(value) => Cell::Shaded(written(value), shade(value)),
                    // What can't be known yet is not a gap in what is.
                    None => row.filter(|row| row.suppressed).map_or(Cell::Empty, |row| self.value(row)),
                }
            });
            let size = cohorts.then(|| view.row(bucket, group, 0).map_or(Cell::Empty, |row| self.count(row)));
            std::iter::once(self.period(view, bucket)).chain(size).chain(cells).collect()
        };
        let by: Vec<&str> = view.own.clone();
        let title = if view.names.is_empty() {
            self.by(&by)
        } else {
            format!("{}: {}", group_name(&view.groups[group], self.language), self.by(&by))
        };
        let table = Table {
            caption: format!("{}: {title}", self.title),
            columns,
            rows: (0..view.buckets.len()).map(row).collect(),
            interactive: false,
        };
        Figure { title, table: Some(table), ..Figure::default() }
    }
}
