//! A total over time, with all its evidence.

use custometer_core::Baseline;
use custometer_runner::result::ResultRow;

use super::super::drawing::{Chart, Drawing, Figure, axis_names, points, scale};
use super::super::svg::Plot;
use super::super::table::{Cell, Column, Table};
use crate::human;
use crate::tidy::defined;
use crate::view::{View, readable};

/// More measures than these get no columns.
const MOST_MEASURES: usize = 5;

impl<'a> Drawing<'a> {
    /// The trend of a total.
    pub(super) fn trend(self, view: &View<'a>) -> Figure {
        let words = self.language.words;
        let rows: Vec<Option<&ResultRow>> = (0..view.buckets.len()).map(|bucket| view.row(bucket, 0, 0)).collect();
        let earlier = self.baselines(view).into_iter().find(|baseline| *baseline != Baseline::Previous);
        let points = points(&rows, earlier);
        let references = self.references(rows.iter().flatten().copied());
        let scale = scale(&points, &references, self.quantity.unit, 4);
        let names = axis_names(view);
        let label = self.summary(view, &rows);
        let plot = Plot::new(label, &points, &names, &scale, self.tick(&scale)).across(&references, &scale);
        let mut legend = vec![("line", words.value.to_owned())];
        if points.iter().any(|point| point.interval.is_some()) {
            legend.push(("band", self.interval_name()));
        }
        if let Some(earlier) = earlier.filter(|_| points.iter().any(|point| point.before.is_some())) {
            legend.push(("before", self.language.baseline(earlier)));
        }
        if points.iter().any(|point| point.limits.is_some()) {
            legend.push(("limits", words.process_limits.to_owned()));
        }
        if points.iter().any(|point| point.unusual) {
            legend.push(("unusual", words.unusual.to_owned()));
        }
        if points.iter().any(|point| point.partial && point.value.is_some()) {
            legend.push(("part", words.partial.to_owned()));
        }
        let gaps = (0..rows.len()).filter_map(|bucket| {
            let row = rows[bucket].filter(|row| row.value.is_none())?;
            let why = if row.suppressed { words.suppressed } else { row.note.as_deref().unwrap_or_default() };
            let name = &view.buckets[bucket].long;
            Some(if why.is_empty() { name.clone() } else { format!("{name} ({})", human::line(why)) })
        });
        let gaps: Vec<String> = gaps.collect();
        Figure {
            title: words.trend.to_owned(),
            charts: vec![Chart::Plot(plot)],
            legend,
            gaps: if gaps.is_empty() { String::new() } else { format!("{}: {}", words.no_value, gaps.join(", ")) },
            table: Some(self.evidence(view)),
            folded: words.table,
            history: None,
        }
    }

    /// The values of a total with all their evidence, one row per period.
    fn evidence(self, view: &View<'a>) -> Table {
        let words = self.language.words;
        let baselines = self.baselines(view);
        let measures = measure_names(&view.rows);
        let with_target = view.rows.iter().any(|row| row.target.is_some());
        let with_interval = view.rows.iter().any(|row| row.low.or(row.high).is_some());
        let mut columns = vec![Column::in_order(words.period), Column::numbers(words.value)];
        if with_interval {
            columns.push(Column::numbers(self.interval_name()));
        }
        columns.push(Column::numbers(words.observations));
        columns.extend(measures.iter().map(|name| Column::numbers(readable(name))));
        for &baseline in &baselines {
            if baseline != Baseline::Previous {
                columns.push(Column::numbers(readable(&self.language.baseline(baseline))));
            }
            columns.push(Column::numbers(readable(&self.language.versus(baseline))));
        }
        if with_target {
            columns.push(Column::words(words.target));
        }
        if self.notes_differ {
            columns.push(Column::words(words.note));
        }
        let rows = (0..view.buckets.len()).filter_map(|bucket| Some((view.row(bucket, 0, 0)?, bucket))).map(|(row, bucket)| {
            let mut cells = vec![self.period(view, bucket), self.value(row)];
            if with_interval {
                cells.push(self.interval(row));
            }
            cells.push(self.count(row));
            cells.extend(measures.iter().map(|name| {
                let measure = row.measures.iter().find(|(of, _)| of == name).and_then(|(_, value)| defined(*value));
                measure.map_or(Cell::Empty, |measure| Cell::Number(self.language.measure(measure)))
            }));
            for &baseline in &baselines {
                if baseline != Baseline::Previous {
                    let value = row.comparison(baseline).and_then(|comparison| defined(comparison.value)).filter(|_| !row.suppressed);
                    cells.push(value.map_or(Cell::Empty, |value| Cell::Number(self.language.value(value, row))));
                }
                cells.push(self.change(row, baseline));
            }
            if with_target {
                cells.push(self.status(row));
            }
            if self.notes_differ {
                cells.push(Cell::Words(row.note.as_deref().map(human::line).unwrap_or_default()));
            }
            cells
        });
        Table { caption: self.title.to_owned(), rows: rows.collect(), columns, interactive: true }
    }
}

/// The measures that rows are made of, where they are few.
fn measure_names<'a>(rows: &[&'a ResultRow]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.measures) {
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    if names.len() > MOST_MEASURES { Vec::new() } else { names }
}
