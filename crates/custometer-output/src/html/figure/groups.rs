//! The groups of a breakdown: the latest values ranked, and how they came about.

use custometer_core::{Direction, Unit};
use custometer_runner::result::ResultRow;

use super::super::drawing::{Chart, Drawing, Figure, MOST_CHARTS, axis_names, points, scale};
use super::super::svg::{Bar, Plot, Point, Scale, Spark};
use super::super::table::{Cell, Column, Table};
use crate::facts::is_judged;
use crate::locale::filled;
use crate::tidy::defined;
use crate::view::{Key, View, group_name, readable, value_name};

/// More groups than these stand in rows and not in columns.
const MOST_COLUMNS: usize = 10;

impl<'a> Drawing<'a> {
    /// The groups of a breakdown: the latest values ranked, and how they came about.
    pub(super) fn groups(self, view: &View<'a>, total: Option<&View<'a>>) -> Vec<Figure> {
        let series = series(view);
        let mut figures = vec![];
        if view.is_over_time() && !self.has_total && series.len() <= MOST_CHARTS {
            figures.push(self.small_multiples(view, &series));
        }
        let mut ranking = self.ranking(view, &series, total);
        if figures.is_empty() {
            ranking.history = self.history(view, &series);
        }
        figures.push(ranking);
        figures
    }

    /// One small chart per group, all on one scale.
    fn small_multiples(self, view: &View<'a>, series: &[(Key<'a>, usize, usize)]) -> Figure {
        let of =
            |&(_, group, key): &(Key<'a>, usize, usize)| (0..view.buckets.len()).map(move |bucket| view.row(bucket, group, key)).collect();
        let rows: Vec<Vec<Option<&ResultRow>>> = series.iter().map(of).collect();
        let lines: Vec<Vec<Point>> = rows.iter().map(|rows| points(rows, None)).collect();
        let references = self.references(rows.iter().flatten().flatten().copied().filter(|row| is_judged(row)));
        let all: Vec<Point> = lines.iter().flatten().copied().collect();
        let scale = scale(&all, &references, self.quantity.unit, 3);
        let (names, latest) = (axis_names(view), view.latest());
        let charts = series.iter().zip(&lines).enumerate().map(|(column, (of, line))| {
            let name = group_name(&of.0, self.language);
            let label = format!("{name}: {}", self.summary(view, &rows[column]));
            let plot = Plot::new(label, line, &names, &scale, self.tick(&scale)).across(&references, &scale).of_column(column + 1);
            Chart::Small(name, rows[column][latest].map(|row| self.written(row)).unwrap_or_default(), plot)
        });
        let by: Vec<&str> = view.names.iter().chain(&view.own).copied().collect();
        let mut history = self.history_table(view, series);
        history.caption = format!("{}: {}", self.title, self.by(&by));
        Figure {
            title: self.by(&by),
            charts: charts.collect(),
            table: Some(history),
            folded: self.language.words.table,
            ..Figure::default()
        }
    }

    /// The groups of the latest period, best first, with bars.
    fn ranking(self, view: &View<'a>, series: &[(Key<'a>, usize, usize)], total: Option<&View<'a>>) -> Figure {
        let (language, words, latest) = (self.language, self.language.words, view.latest());
        let by: Vec<&str> = view.names.iter().chain(&view.own).copied().collect();
        let mut shown: Vec<(&Key<'a>, usize, usize, Option<&ResultRow>)> =
            series.iter().map(|(name, group, key)| (name, *group, *key, view.row(latest, *group, *key))).collect();
        if self.picture.is_none() || view.own.is_empty() {
            let direction = view.rows.first().map_or(Direction::Neutral, |row| row.direction);
            let rank = |row: Option<&ResultRow>| row.and_then(|row| defined(row.value));
            shown.sort_by(|one, other| match (rank(one.3), rank(other.3)) {
                (Some(one), Some(other)) if direction == Direction::LowerIsBetter => one.total_cmp(&other),
                (Some(one), Some(other)) => other.total_cmp(&one),
                (one, other) => other.is_some().cmp(&one.is_some()),
            });
        }
        let rows: Vec<&ResultRow> = shown.iter().filter_map(|(.., row)| *row).collect();
        let reference =
            total.and_then(|total| total.row(total.latest(), 0, 0)).filter(|_| view.own.is_empty()).and_then(|row| defined(row.value));
        let reference = reference.filter(|_| !matches!(self.quantity.unit, Unit::Count | Unit::Currency));
        let values = rows.iter().flat_map(|row| [defined(row.value), defined(row.low), defined(row.high)]).flatten().chain(reference);
        let scale = Scale::over(values, self.quantity.unit, 4, true);
        let baselines = self.baselines(view);
        let with_target = rows.iter().any(|row| is_judged(row));
        let with_interval = rows.iter().any(|row| row.low.or(row.high).is_some());
        let with_count = rows.iter().any(|row| row.n.is_some());
        let mut columns: Vec<Column> = by.iter().map(|name| Column::words(readable(name))).collect();
        columns.extend([Column::numbers(words.value), Column::charts(words.bar)]);
        if with_interval {
            columns.push(Column::numbers(self.interval_name()));
        }
        if with_count {
            columns.push(Column::numbers(words.observations));
        }
        columns.extend(baselines.iter().map(|baseline| Column::numbers(readable(&self.language.versus(*baseline)))));
        let beside = rows.iter().find_map(|row| row.group_comparison.as_deref());
        if let Some(beside) = beside {
            let versus = filled(words.versus, &[&value_name(&beside.with, language)]);
            columns.extend([Column::numbers(versus.clone()), Column::numbers(format!("{versus}, {}", self.interval_name()))]);
        }
        if with_target {
            columns.push(Column::words(words.target));
        }
        if view.is_over_time() {
            columns.push(Column::charts(words.trend));
        }
        let table = shown.iter().map(|(key, group, own, row)| {
            let mut cells: Vec<Cell> = key.iter().map(|value| Cell::Name(value_name(value, language))).collect();
            let Some(row) = row else {
                cells.resize_with(columns.len(), || Cell::Empty);
                return cells;
            };
            cells.push(self.value(row));
            cells.push(
                defined(row.value)
                    .map_or(Cell::Empty, |value| Cell::Bar(Bar::new(value, defined(row.low).zip(defined(row.high)), reference, &scale))),
            );
            if with_interval {
                cells.push(self.interval(row));
            }
            if with_count {
                cells.push(self.count(row));
            }
            cells.extend(baselines.iter().map(|baseline| self.change(row, *baseline)));
            if beside.is_some() {
                cells.extend([self.beside(row), self.interval_beside(row)]);
            }
            if with_target {
                cells.push(if is_judged(row) { self.status(row) } else { Cell::Empty });
            }
            if view.is_over_time() {
                let values: Vec<Option<f64>> =
                    (0..view.buckets.len()).map(|bucket| view.row(bucket, *group, *own).and_then(|row| defined(row.value))).collect();
                cells.push(Spark::of(&values).map_or(Cell::Empty, Cell::Spark));
            }
            cells
        });
        let period = if view.is_over_time() { format!(", {}", view.buckets[latest].long) } else { String::new() };
        let title = self.by(&by) + &period;
        let table = Table { caption: format!("{}: {title}", self.title), rows: table.collect(), columns, interactive: true };
        let legend = reference.map(|value| ("reference", format!("{} {}", words.all, language.value(value, self.quantity))));
        Figure { title, table: Some(table), legend: legend.into_iter().collect(), ..Figure::default() }
    }

    /// The values of all groups in all periods, where there are several.
    pub(super) fn history(self, view: &View<'a>, series: &[(Key<'a>, usize, usize)]) -> Option<(&'static str, Table)> {
        view.is_over_time().then(|| (self.language.words.all_periods, self.history_table(view, series)))
    }

    fn history_table(self, view: &View<'a>, series: &[(Key<'a>, usize, usize)]) -> Table {
        let words = self.language.words;
        let cell = |bucket: usize, group: usize, key: usize| view.row(bucket, group, key).map_or(Cell::Empty, |row| self.value(row));
        let by: Vec<&str> = view.names.iter().chain(&view.own).copied().collect();
        let caption = format!("{}: {}, {}", self.title, self.by(&by), words.all_periods);
        let periods = 0..view.buckets.len();
        if series.len() > MOST_COLUMNS {
            let mut columns = vec![Column::words(by.iter().map(|name| readable(name)).collect::<Vec<_>>().join(" · "))];
            columns.extend(view.buckets.iter().map(|bucket| Column::numbers(bucket.long.clone())));
            let row = |(name, group, key): &(Key<'a>, usize, usize)| {
                let values = periods.clone().map(|bucket| cell(bucket, *group, *key));
                std::iter::once(Cell::Name(group_name(name, self.language))).chain(values).collect()
            };
            return Table { caption, columns, rows: series.iter().map(row).collect(), interactive: true };
        }
        let mut columns = vec![Column::in_order(words.period)];
        columns.extend(series.iter().map(|(name, ..)| Column::numbers(group_name(name, self.language))));
        let row = |bucket: usize| {
            std::iter::once(self.period(view, bucket)).chain(series.iter().map(|(_, group, key)| cell(bucket, *group, *key))).collect()
        };
        Table { caption, columns, rows: periods.map(row).collect(), interactive: true }
    }
}

/// Groups and own values together, each with its name.
pub(super) fn series<'a>(view: &View<'a>) -> Vec<(Key<'a>, usize, usize)> {
    let of_group = |group: usize| (0..view.keys.len()).map(move |key| (group, key));
    let all = (0..view.groups.len()).flat_map(of_group);
    let present = all.filter(|&(group, key)| (0..view.buckets.len()).any(|bucket| view.row(bucket, group, key).is_some()));
    present.map(|(group, key)| (view.groups[group].iter().chain(&view.keys[key]).copied().collect(), group, key)).collect()
}
