//! What is drawn of a view: the shape of its rows decides, and what the metric says of its own dimension.

use custometer_core::{Baseline, Direction, Picture, Unit};
use custometer_runner::result::{Manifest, ResultRow};
use serde::Serialize;

use super::change::{Change, name as baseline_name, versus};
use super::status::{Mark, described};
use super::svg::{Bar, Columns, Place, Plot, Point, Reference, Scale, Spark};
use super::table::{Cell, Column, Table};
use super::view::{Key, View, group_name, readable, shortened, value_name};
use crate::locale::{Language, filled};
use crate::tidy::{comparison, defined};

/// More groups than these get no chart each.
const MOST_CHARTS: usize = 8;

/// More measures than these get no columns.
const MOST_MEASURES: usize = 5;

/// More groups than these stand in rows and not in columns.
const MOST_COLUMNS: usize = 10;

/// One picture with its table.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figure {
    title: String,
    charts: Vec<Chart>,
    legend: Vec<(&'static str, String)>,
    /// The periods without a value, and why.
    gaps: String,
    table: Option<Table>,
    /// What the table is called where it is folded away; empty where it is the picture itself.
    folded: &'static str,
    /// The table of all periods, where the picture is of one.
    history: Option<(&'static str, Table)>,
}

/// One chart of a figure. Its template goes by its kind.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", content = "is", rename_all = "snake_case")]
enum Chart {
    Plot(Plot),
    /// One of several alike: its name, and the latest value.
    Small(String, String, Plot),
    Columns(Columns),
}

/// What every figure of a request needs.
#[derive(Clone, Copy)]
pub(super) struct Drawing<'a> {
    /// The language.
    pub(super) language: Language,
    /// How the results were made.
    pub(super) manifest: &'a Manifest,
    /// How the metric is best shown.
    pub(super) picture: Option<Picture>,
    /// The request's title.
    pub(super) title: &'a str,
    /// The unit of its values.
    pub(super) unit: Unit,
    /// Whether the request has a total beside its breakdowns.
    pub(super) has_total: bool,
    /// Whether rows have notes that differ.
    pub(super) notes_differ: bool,
}

impl<'a> Drawing<'a> {
    /// The figures of a view. `total` are the values of all groups together, by period.
    pub(super) fn figures(self, view: &View<'a>, total: Option<&View<'a>>) -> Vec<Figure> {
        if view.own.is_empty() {
            return match (view.is_single(), view.is_over_time()) {
                (true, true) => vec![self.trend(view)],
                (true, false) => vec![],
                _ => self.groups(view, total),
            };
        }
        let ordered = self.picture.is_some() || view.is_numeric();
        if view.own.len() > 1 || view.groups.len() > MOST_CHARTS || !ordered {
            return self.groups(view, None);
        }
        let cohorts = self.picture == Some(Picture::Cohorts);
        let of_group = |group: usize| match self.picture {
            Some(Picture::Curve) if view.is_numeric() => self.curve(view, group),
            _ if cohorts || (view.is_over_time() && view.is_numeric()) => self.heat_map(view, group),
            // Words have no room under columns.
            _ if !view.is_numeric() => self.bars(view, group),
            _ => self.columns(view, group),
        };
        let mut figures: Vec<Figure> = (0..view.groups.len()).map(of_group).collect();
        if let Some(last) = figures.last_mut().filter(|_| !(cohorts || view.is_numeric())) {
            last.history = self.history(view, &self.series(view));
        }
        figures
    }

    /// The trend of a total.
    fn trend(self, view: &View<'a>) -> Figure {
        let words = self.language.words;
        let rows: Vec<Option<&ResultRow>> = (0..view.buckets.len()).map(|bucket| view.row(bucket, 0, 0)).collect();
        let earlier = self.baselines(view).into_iter().find(|baseline| *baseline != Baseline::Previous);
        let points = points(&rows, earlier);
        let references = self.references(rows.iter().flatten().copied());
        let scale = scale(&points, &references, self.unit, 4);
        let names = axis_names(view);
        let label = self.summary(view, &rows);
        let plot = Plot::new(label, &points, &names, &scale, self.tick(&scale)).across(&references, &scale);
        let mut legend = vec![("line", words.value.to_owned())];
        if points.iter().any(|point| point.interval.is_some()) {
            legend.push(("band", self.interval_name()));
        }
        if let Some(earlier) = earlier.filter(|_| points.iter().any(|point| point.before.is_some())) {
            legend.push(("before", baseline_name(earlier, words).to_owned()));
        }
        if points.iter().any(|point| point.partial && point.value.is_some()) {
            legend.push(("part", words.partial.to_owned()));
        }
        let gaps = (0..rows.len()).filter_map(|bucket| {
            let row = rows[bucket].filter(|row| row.value.is_none())?;
            let why = if row.suppressed { words.suppressed } else { row.note.as_deref().unwrap_or_default() };
            let name = &view.buckets[bucket].long;
            Some(if why.is_empty() { name.clone() } else { format!("{name} ({})", crate::human::line(why)) })
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
                columns.push(Column::numbers(readable(baseline_name(baseline, words))));
            }
            columns.push(Column::numbers(readable(versus(baseline, words))));
        }
        if with_target {
            columns.push(Column::words(words.target));
        }
        if self.notes_differ {
            columns.push(Column::words(words.note));
        }
        let rows = view.rows.iter().zip(&view.buckets).map(|(row, bucket)| {
            let name = if row.partial { Cell::PartialName(bucket.long.clone(), words.partial) } else { Cell::Name(bucket.long.clone()) };
            let mut cells = vec![name, self.value(row)];
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
                    let value = comparison(row, baseline).and_then(|comparison| defined(comparison.value)).filter(|_| !row.suppressed);
                    cells.push(value.map_or(Cell::Empty, |value| Cell::Number(self.language.value(value, self.unit))));
                }
                cells.push(self.change(row, baseline));
            }
            if with_target {
                cells.push(self.status(row));
            }
            if self.notes_differ {
                cells.push(Cell::Words(row.note.as_deref().map(crate::human::line).unwrap_or_default()));
            }
            cells
        });
        Table { caption: self.title.to_owned(), rows: rows.collect(), columns, interactive: true }
    }

    /// The groups of a breakdown: the latest values ranked, and how they came about.
    fn groups(self, view: &View<'a>, total: Option<&View<'a>>) -> Vec<Figure> {
        let series = self.series(view);
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

    /// Groups and own values together, each with its name.
    fn series(self, view: &View<'a>) -> Vec<(Key<'a>, usize, usize)> {
        let of_group = |group: usize| (0..view.keys.len()).map(move |key| (group, key));
        let all = (0..view.groups.len()).flat_map(of_group);
        let present = all.filter(|&(group, key)| (0..view.buckets.len()).any(|bucket| view.row(bucket, group, key).is_some()));
        present.map(|(group, key)| (view.groups[group].iter().chain(&view.keys[key]).copied().collect(), group, key)).collect()
    }

    /// One small chart per group, all on one scale.
    fn small_multiples(self, view: &View<'a>, series: &[(Key<'a>, usize, usize)]) -> Figure {
        let of =
            |&(_, group, key): &(Key<'a>, usize, usize)| (0..view.buckets.len()).map(move |bucket| view.row(bucket, group, key)).collect();
        let rows: Vec<Vec<Option<&ResultRow>>> = series.iter().map(of).collect();
        let lines: Vec<Vec<Point>> = rows.iter().map(|rows| points(rows, None)).collect();
        let references = self.references(rows.iter().flatten().flatten().copied().filter(|row| self.is_judged(row)));
        let all: Vec<Point> = lines.iter().flatten().copied().collect();
        let scale = scale(&all, &references, self.unit, 3);
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
        let reference = reference.filter(|_| !matches!(self.unit, Unit::Count | Unit::Currency));
        let values = rows.iter().flat_map(|row| [defined(row.value), defined(row.low), defined(row.high)]).flatten().chain(reference);
        let scale = Scale::over(values, self.unit, 4, true);
        let baselines = self.baselines(view);
        let with_target = rows.iter().any(|row| self.is_judged(row));
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
        columns.extend(baselines.iter().map(|baseline| Column::numbers(readable(versus(*baseline, words)))));
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
            if with_target {
                cells.push(if self.is_judged(row) { self.status(row) } else { Cell::Empty });
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
        let legend = reference.map(|value| ("reference", format!("{} {}", words.all, language.value(value, self.unit))));
        Figure { title, table: Some(table), legend: legend.into_iter().collect(), ..Figure::default() }
    }

    /// The values of all groups in all periods, where there are several.
    fn history(self, view: &View<'a>, series: &[(Key<'a>, usize, usize)]) -> Option<(&'static str, Table)> {
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
            let name = view.buckets[bucket].long.clone();
            let name = if view.partial[bucket] { Cell::PartialName(name, words.partial) } else { Cell::Name(name) };
            std::iter::once(name).chain(series.iter().map(|(_, group, key)| cell(bucket, *group, *key))).collect()
        };
        Table { caption, columns, rows: periods.map(row).collect(), interactive: true }
    }

    /// Columns over the metric's own dimension, in the latest period.
    fn columns(self, view: &View<'a>, group: usize) -> Figure {
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
    fn curve(self, view: &View<'a>, group: usize) -> Figure {
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
    fn bars(self, view: &View<'a>, group: usize) -> Figure {
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
        let row = |(key, row): (&Key<'_>, &Option<&ResultRow>)| {
            let name = Cell::Name(group_name(key, self.language));
            let interval = with_interval.then(|| row.map_or(Cell::Empty, |row| self.interval(row)));
            let [value, count] = row.map_or([Cell::Empty, Cell::Empty], |row| [self.value(row), self.count(row)]);
            [name, value].into_iter().chain(interval).chain([count]).collect()
        };
        Table { caption, columns, rows: view.keys.iter().zip(rows).map(row).collect(), interactive: true }
    }

    /// Periods by the metric's own dimension, shaded by value: the table is the picture.
    fn heat_map(self, view: &View<'a>, group: usize) -> Figure {
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
        let written = |value: f64| match self.unit {
            Unit::Percent if value == 0.0 || value >= 1.0 => self.language.tick(value, 1.0, self.unit),
            unit => self.language.value(value, unit),
        };
        let mut columns = vec![Column::in_order(if cohorts { words.cohort } else { words.period })];
        if cohorts {
            columns.push(Column::numbers(words.observations));
        }
        columns.extend(view.keys.iter().map(|key| Column::numbers(group_name(key, self.language))));
        let row = |bucket: usize| {
            let name = view.buckets[bucket].long.clone();
            let name = if view.partial[bucket] { Cell::PartialName(name, words.partial) } else { Cell::Name(name) };
            let cells = (0..view.keys.len()).map(|key| {
                let row = view.row(bucket, group, key);
                match row.and_then(|row| defined(row.value)).filter(|_| row.is_some_and(|row| !row.suppressed)) {
                    Some(value) => Cell::Shaded(written(value), shade(value)),
                    // What can't be known yet is no gap in what is.
                    None => row.filter(|row| row.suppressed).map_or(Cell::Empty, |row| self.value(row)),
                }
            });
            let size = cohorts.then(|| view.row(bucket, group, 0).map_or(Cell::Empty, |row| self.count(row)));
            std::iter::once(name).chain(size).chain(cells).collect()
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

    /// One axis for the figures of all groups, so that they compare.
    fn common_scale(self, view: &View<'a>, with_zero: bool) -> Scale {
        let latest = view.latest();
        let places = (0..view.groups.len()).flat_map(|group| (0..view.keys.len()).map(move |key| (group, key)));
        let rows = places.filter_map(|(group, key)| view.row(latest, group, key)).filter(|row| !row.suppressed);
        let values = rows.flat_map(|row| [defined(row.value), defined(row.low), defined(row.high)]).flatten();
        Scale::over(values, self.unit, 4, with_zero)
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

    fn by(self, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| shortened(&name.replace('_', " "))).collect();
        filled(self.language.words.by, &[&names.join(&format!(" {} ", self.language.words.and))])
    }

    /// A line of a chart in words.
    fn summary(self, view: &View<'a>, rows: &[Option<&ResultRow>]) -> String {
        let known: Vec<(usize, f64)> = rows.iter().enumerate().filter_map(|(at, row)| Some((at, defined((*row)?.value)?))).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return format!("{}: {}", self.title, self.language.words.no_value);
        };
        let words = self.language.words;
        let least = known.iter().min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or(first);
        let most = known.iter().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or(first);
        let said = |(at, value): &(usize, f64)| format!("{} {}", view.buckets[*at].long, self.language.value(*value, self.unit));
        format!("{}: {} – {}; {} {}, {} {}", self.title, said(first), said(last), words.lowest, said(least), words.highest, said(most))
    }

    /// The targets and benchmarks of some rows, as lines across.
    fn references(self, rows: impl Iterator<Item = &'a ResultRow>) -> Vec<Reference> {
        let words = self.language.words;
        let mut references: Vec<Reference> = Vec::new();
        for row in rows {
            let target = row.target.as_ref().map(|judgement| &judgement.target);
            let bounds =
                target.into_iter().flat_map(|target| [target.at_least.map(|at| ("≥", at)), target.at_most.map(|at| ("≤", at))]).flatten();
            let targets = bounds.map(|(sign, value)| {
                let name = format!("{} {sign} {}", words.target, self.language.value(value, self.unit));
                Reference { value, name, class: "target" }
            });
            let benchmark = row.benchmark.as_ref().map(|against| {
                let name = format!("{} {}", words.benchmark, self.language.value(against.benchmark.value, self.unit));
                Reference { value: against.benchmark.value, name, class: "benchmark" }
            });
            for reference in targets.chain(benchmark) {
                if !references.iter().any(|known| known.name == reference.name) {
                    references.push(reference);
                }
            }
        }
        references
    }

    /// Whether a group's target means something: that of a sum is meant for all groups together, unless the report says otherwise.
    fn is_judged(self, row: &ResultRow) -> bool {
        let is_sum = matches!(self.unit, Unit::Count | Unit::Currency);
        row.target.as_ref().is_some_and(|judgement| judgement.decides || !is_sum)
    }

    /// What the rows of a view are compared with.
    fn baselines(self, view: &View<'a>) -> Vec<Baseline> {
        let is_known = |baseline: &&Baseline| {
            let compared = view.rows.iter().filter_map(|row| comparison(row, **baseline));
            compared.filter_map(|comparison| comparison.value).next().is_some()
        };
        self.manifest.compare.iter().filter(is_known).copied().collect()
    }

    fn interval_name(self) -> String {
        filled(self.language.words.confidence_interval, &[&self.language.tick(self.manifest.confidence * 100.0, 1.0, Unit::Percent)])
    }

    fn tick(self, scale: &Scale) -> impl Fn(f64) -> String {
        let (language, unit, step) = (self.language, self.unit, scale.step);
        move |value| language.tick(value, step, unit)
    }

    /// A row's value as text.
    fn written(self, row: &ResultRow) -> String {
        match defined(row.value) {
            _ if row.suppressed => self.language.words.suppressed.to_owned(),
            Some(value) => self.language.value(value, self.unit),
            None => "–".to_owned(),
        }
    }

    fn value(self, row: &ResultRow) -> Cell {
        match defined(row.value) {
            _ if row.suppressed => Cell::Gap(self.language.words.suppressed, String::new()),
            Some(value) if self.unit == Unit::Seconds => Cell::Sorted(self.language.value(value, self.unit), Place(value.round())),
            Some(value) => Cell::Number(self.language.value(value, self.unit)),
            None => Cell::Gap("–", row.note.as_deref().map_or_else(|| self.language.words.no_value.to_owned(), crate::human::line)),
        }
    }

    fn interval(self, row: &ResultRow) -> Cell {
        let text = self.language.interval(defined(row.low), defined(row.high), self.unit);
        if text.is_empty() { Cell::Empty } else { Cell::Number(text) }
    }

    fn count(self, row: &ResultRow) -> Cell {
        defined(row.n).map_or(Cell::Empty, |n| Cell::Number(self.language.count(n)))
    }

    fn change(self, row: &ResultRow, baseline: Baseline) -> Cell {
        let change = comparison(row, baseline).and_then(|comparison| Change::of(row, comparison, self.language));
        change.map_or(Cell::Empty, Cell::Change)
    }

    fn status(self, row: &ResultRow) -> Cell {
        row.target
            .as_ref()
            .filter(|_| !row.suppressed)
            .map_or(Cell::Empty, |judgement| Cell::Status(Mark::of(judgement.status, self.language.words)))
    }

    /// The target of a request in words, where all rows have the same.
    pub(super) fn target(self, rows: &[ResultRow]) -> Option<String> {
        let judgement = rows.iter().find_map(|row| row.target.as_ref())?;
        Some(format!("{} {}", self.language.words.target, described(&judgement.target, self.unit, self.language)))
    }
}

/// The points of a line, in the middle of their periods.
fn points(rows: &[Option<&ResultRow>], earlier: Option<Baseline>) -> Vec<Point> {
    let share = 100.0 / rows.len().max(1) as f64;
    let point = |(at, row): (usize, &Option<&ResultRow>)| {
        let at = share * (at as f64 + 0.5);
        let Some(row) = row.filter(|row| !row.suppressed) else { return Point { at, ..Point::default() } };
        let before = earlier.and_then(|baseline| comparison(row, baseline)).and_then(|comparison| defined(comparison.value));
        Point { at, value: defined(row.value), interval: defined(row.low).zip(defined(row.high)), partial: row.partial, before }
    };
    rows.iter().enumerate().map(point).collect()
}

/// The axis that points and lines across lie on.
fn scale(points: &[Point], references: &[Reference], unit: Unit, ticks: usize) -> Scale {
    let of = |point: &Point| [point.value, point.before, point.interval.map(|(low, _)| low), point.interval.map(|(_, high)| high)];
    let values = points.iter().flat_map(of).flatten().chain(references.iter().map(|reference| reference.value));
    Scale::over(values, unit, ticks, false)
}

/// What stands under the periods of a chart.
fn axis_names(view: &View<'_>) -> Vec<(String, String)> {
    view.buckets.iter().map(|bucket| (bucket.short.clone(), bucket.year.clone())).collect()
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
