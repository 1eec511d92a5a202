//! The values of a metric over its own dimension: columns, a curve or bars.

use custometer_runner::result::ResultRow;

use super::super::drawing::{Chart, Drawing, Figure, points};
use super::super::svg::{Bar, Columns, Plot, Scale};
use super::super::table::{Cell, Column, Table};
use crate::tidy::defined;
use crate::view::{Key, View, group_name, readable};

impl<'a> Drawing<'a> {
    /// Columns over the metric's own dimension, in the latest period.
    pub(super) fn columns(self, view: &View<'a>, group: usize) -> Figure {
        let (words, latest) = (self.language.words, view.latest());
        let rows: Vec<Option<&ResultRow>> = (0..view.keys.len()).map(|key| view.row(latest, group, key)).collect();
        let shown: Vec<_> = view
            .keys
            .iter()
            .zip(&rows)
            .map(|(key, row)| {
                let value = row.and_then(|row| defined(row.value));
                (group_name(key, self.language), value, row.and_then(|row| defined(row.low).zip(defined(row.high))))
            })
            .collect();
        let scale = self.common_scale(view, true);
        let title = self.of_group(view, group);
        let chart = Columns::new(format!("{}. {title}", self.title), &shown, &scale, self.tick(&scale));
        let legend = shown.iter().any(|(.., interval)| interval.is_some()).then(|| ("whisker", self.interval_name()));
        Figure {
            table: Some(self.own_table(view, &rows, format!("{}: {title}", self.title))),
            title,
            charts: vec![Chart::Columns(chart)],
            legend: legend.into_iter().collect(),
            folded: words.table,
            ..Figure::default()
        }
    }

    /// A line over the metric's own numeric dimension, in the latest period.
    pub(super) fn curve(self, view: &View<'a>, group: usize) -> Figure {
        let (words, latest) = (self.language.words, view.latest());
        let rows: Vec<Option<&ResultRow>> = (0..view.keys.len()).map(|key| view.row(latest, group, key)).collect();
        let numbers: Vec<f64> = view.keys.iter().filter_map(|key| key.first()?.as_number()).collect();
        let (low, high) = numbers.iter().fold((0.0_f64, 0.0_f64), |(low, high), number| (low.min(*number), high.max(*number)));
        let mut points = points(&rows, None);
        for (point, number) in points.iter_mut().zip(&numbers) {
            point.at = 2.0 + 94.0 * (number - low) / (high - low).max(f64::MIN_POSITIVE);
        }
        let scale = self.common_scale(view, false);
        let names: Vec<(String, String)> = view.keys.iter().map(|key| (group_name(key, self.language), String::new())).collect();
        let title = self.of_group(view, group);
        let plot = Plot::new(format!("{}. {title}", self.title), &points, &names, &scale, self.tick(&scale));
        let mut legend = vec![("line", words.value.to_owned())];
        if points.iter().any(|point| point.interval.is_some()) {
            legend.push(("band", self.interval_name()));
        }
        Figure {
            table: Some(self.own_table(view, &rows, format!("{}: {title}", self.title))),
            title,
            charts: vec![Chart::Plot(plot)],
            legend,
            folded: words.table,
            ..Figure::default()
        }
    }

    /// Bars in the order of the metric's own dimension: the steps of a funnel, moods from good to bad.
    pub(super) fn bars(self, view: &View<'a>, group: usize) -> Figure {
        let latest = view.latest();
        let rows: Vec<Option<&ResultRow>> = (0..view.keys.len()).map(|key| view.row(latest, group, key)).collect();
        let scale = self.common_scale(view, true);
        let title = self.of_group(view, group);
        let mut table = self.own_table(view, &rows, format!("{}: {title}", self.title));
        table.columns.insert(1, Column::charts(self.language.words.bar));
        for (cells, row) in table.rows.iter_mut().zip(&rows) {
            let bar = row.and_then(|row| Some(Bar::new(defined(row.value)?, defined(row.low).zip(defined(row.high)), None, &scale)));
            cells.insert(1, bar.map_or(Cell::Empty, Cell::Bar));
        }
        Figure { title, table: Some(table), ..Figure::default() }
    }

    /// The values of the metric's own dimension, one row each.
    fn own_table(self, view: &View<'a>, rows: &[Option<&ResultRow>], caption: String) -> Table {
        let words = self.language.words;
        let with_interval = rows.iter().flatten().any(|row| row.low.or(row.high).is_some());
        let mut columns =
            vec![Column::in_order(view.own.first().map(|name| readable(name)).unwrap_or_default()), Column::numbers(words.value)];
        if with_interval {
            columns.push(Column::numbers(self.interval_name()));
        }
        columns.push(Column::numbers(words.observations));
        let row = |(key, row): (&Key<'_>, Option<&ResultRow>)| {
            let name = Cell::Name(group_name(key, self.language));
            let interval = with_interval.then(|| row.map_or(Cell::Empty, |row| self.interval(row)));
            let [value, count] = row.map_or([Cell::Empty, Cell::Empty], |row| [self.value(row), self.count(row)]);
            [name, value].into_iter().chain(interval).chain([count]).collect()
        };
        Table { caption, columns, rows: view.keys.iter().zip(rows.iter().copied()).map(row).collect(), interactive: true }
    }

    /// One axis for the figures of all groups, so that they compare.
    fn common_scale(self, view: &View<'a>, with_zero: bool) -> Scale {
        let latest = view.latest();
        let places = (0..view.groups.len()).flat_map(|group| (0..view.keys.len()).map(move |key| (group, key)));
        let rows = places.filter_map(|(group, key)| view.row(latest, group, key)).filter(|row| !row.suppressed);
        let values = rows.flat_map(|row| [defined(row.value), defined(row.low), defined(row.high)]).flatten();
        Scale::over(values, self.quantity.unit, 4, with_zero)
    }

    /// How a figure of one group is called.
    fn of_group(self, view: &View<'a>, group: usize) -> String {
        let mut parts = Vec::new();
        if !view.names.is_empty() {
            parts.push(group_name(&view.groups[group], self.language));
        }
        parts.push(self.by(&view.own));
        let title = parts.join(": ");
        if view.is_over_time() { format!("{title}, {}", view.buckets[view.latest()].long) } else { title }
    }
}
