//! The sheets of a request: what it is, how it went, and a table with a row for each of its results.

use std::collections::BTreeMap;
use std::error::Error;

use custometer_core::{DimensionValue, Direction, Unit};
use custometer_runner::result::{Comparison, GroupComparison, ProcessLimits, ResultRow, RunResult, Status, Target};
use rust_xlsxwriter::Chart;

use super::error::WorkbookError;
use super::names::Names;
use super::numbers::{Number, Numbers, P_VALUE};
use super::page::{Cell, MOST_COLUMNS, Page};
use super::trends::Trends;
use crate::facts::is_judged;
use crate::human;
use crate::locale::{Bucket, Language, filled};
use crate::sections::Tone;
use crate::tidy::{defined, dimension_names};
use crate::view::{View, readable};

/// A request with what is needed to write it.
pub(super) struct Request<'a> {
    pub(super) title: String,
    pub(super) rows: &'a [ResultRow],
    result: &'a RunResult,
    language: Language,
    numbers: Numbers,
    buckets: Vec<Bucket>,
    /// The alerts on each row, by its position among the request's.
    alerts: BTreeMap<usize, String>,
}

/// What fills a column: the cell of a row at its position.
type Fill<'a> = dyn Fn(usize, &ResultRow) -> Cell + 'a;

/// A column of the table.
struct Column<'a> {
    head: String,
    cell: Box<Fill<'a>>,
}

impl<'a> Request<'a> {
    /// The request whose rows begin at a position of the result.
    pub(super) fn of(rows: &'a [ResultRow], first: usize, result: &'a RunResult, language: Language) -> Self {
        let title = match result.asked(&rows[0].request) {
            Some(asked) if asked.name == asked.about.id => asked.about.title.to_owned(),
            _ => readable(&rows[0].request),
        };
        let mut alerts: BTreeMap<usize, String> = BTreeMap::new();
        for alert in &result.alerts {
            if let Some(at) = alert.row.checked_sub(first).filter(|at| *at < rows.len()) {
                let names = alerts.entry(at).or_default();
                *names += if names.is_empty() { "" } else { ", " };
                *names += &human::line(&alert.name);
            }
        }
        let buckets = language.buckets(rows, result.manifest.fiscal_year_start);
        Self { title, rows, result, language, numbers: Numbers::of(rows, language), buckets, alerts }
    }

    /// The latest result of its total, and what its period is called.
    pub(super) fn headline(&self) -> Option<(&'a ResultRow, String)> {
        let view = View::all(self.rows, &self.buckets).into_iter().find(View::is_single)?;
        let row = view.row(view.latest(), 0, 0)?;
        Some((row, view.buckets[view.latest()].long.clone()))
    }

    /// A row's value, or why there is none.
    pub(super) fn value(&self, row: &ResultRow) -> Cell {
        match defined(row.value) {
            _ if row.suppressed => Cell::Toned(self.language.words.suppressed.to_owned(), Tone::Faint),
            Some(value) => Cell::Number(self.numbers.value(value, row)),
            None => Cell::Toned(self.language.words.no_value.to_owned(), Tone::Faint),
        }
    }

    /// Its sheets: as many as its rows take, with `room` rows each.
    pub(super) fn pages(
        &self,
        names: &mut Names,
        trends: &mut Trends,
        room: u32,
    ) -> Result<Vec<(String, Page)>, Box<dyn Error + Send + Sync>> {
        let columns = self.columns();
        if columns.len() > MOST_COLUMNS {
            return Err(WorkbookError::Columns { request: self.rows[0].request.clone(), columns: columns.len() }.into());
        }
        let heads: Vec<String> = columns.iter().map(|column| column.head.clone()).collect();
        let words = self.language.words;
        let mut charts = self.charts(trends)?;
        let mut pages: Vec<(String, Page)> = Vec::new();
        let mut from = 0;
        while from < self.rows.len() {
            let name = names.name(&self.rows[0].request);
            let mut page = Page::new(&name)?;
            let title = if from == 0 {
                self.title.clone()
            } else {
                filled(words.rows_continue, &[&self.title, &self.language.whole(from as u64 + 1)])
            };
            page.title(&title)?;
            for line in self.lines() {
                page.line(&line)?;
            }
            page.space();
            page.charts(&mut charts)?;
            // The charts are of all rows, and stand once.
            charts.clear();
            let left = room.saturating_sub(page.row() + 1).max(1);
            let until = self.rows.len().min(from + left as usize);
            let row = |at: usize| columns.iter().map(|column| (column.cell)(at, &self.rows[at])).collect::<Vec<Cell>>();
            page.table(&heads, (from..until).map(row))?;
            pages.push((name, page));
            from = until;
        }
        Ok(pages)
    }

    /// What stands above the table.
    fn lines(&self) -> Vec<String> {
        let words = self.language.words;
        let first = &self.rows[0];
        let direction = match first.direction {
            Direction::HigherIsBetter => Some(words.higher_is_better),
            Direction::LowerIsBetter => Some(words.lower_is_better),
            Direction::Neutral => None,
        };
        let metric = std::iter::once(first.metric).chain(direction).collect::<Vec<_>>().join(" · ");
        let benchmark = self.rows.iter().find_map(|row| Some((row.benchmark.as_ref()?, row))).map(|(against, row)| {
            let value = self.language.value(against.benchmark.value, row);
            format!("{}: {value} ({})", words.benchmark, human::line(&against.benchmark.source))
        });
        let holds = self.rows.iter().find_map(|row| row.target.as_ref()?.target.holds.as_deref());
        let holds = holds.map(|holds| format!("{}: {}", words.target, human::line(holds)));
        std::iter::once(metric).chain(benchmark).chain(holds).collect()
    }

    fn charts(&self, trends: &mut Trends) -> Result<Vec<Chart>, Box<dyn Error + Send + Sync>> {
        let mut charts = Vec::new();
        for view in View::all(self.rows, &self.buckets) {
            charts.extend(trends.chart(&self.title, &view, self.numbers, &self.result.manifest, self.language)?);
        }
        Ok(charts)
    }

    fn columns(&'a self) -> Vec<Column<'a>> {
        let mut columns = self.keys();
        columns.extend(self.values());
        columns.extend(self.comparisons());
        columns.extend(self.standing());
        let words = self.language.words;
        if !self.alerts.is_empty() {
            columns.push(column(words.alerts, |at, _| self.alerts.get(&at).map_or(Cell::Empty, |names| Cell::Text(names.clone()))));
        }
        columns.push(column(words.note, |_, row| {
            let notes = [
                row.partial.then(|| words.partial.to_owned()),
                row.suppressed.then(|| words.suppressed.to_owned()),
                row.note.as_deref().map(human::line),
            ];
            let notes: Vec<String> = notes.into_iter().flatten().collect();
            if notes.is_empty() { Cell::Empty } else { Cell::Text(notes.join("; ")) }
        }));
        columns
    }

    /// What a row is of.
    fn keys(&'a self) -> Vec<Column<'a>> {
        let words = self.language.words;
        let mut columns = Vec::new();
        if self.rows.iter().any(|row| row.start.is_some()) {
            columns.push(column(words.period, |at, _| Cell::Text(self.buckets[at].long.clone())));
            columns.push(column(words.start, |_, row| match row.start.as_ref().map(jiff::Zoned::datetime) {
                None => Cell::Empty,
                Some(start) if row.grain == custometer_core::Grain::Hour => Cell::Hour(start),
                Some(start) => Cell::Day(start),
            }));
        }
        for name in dimension_names(self.rows) {
            columns.push(column(name, |_, row| match row.dimension(name) {
                None => Cell::Toned(words.all.to_owned(), Tone::Faint),
                Some(DimensionValue::Missing) => Cell::Toned(words.missing.to_owned(), Tone::Faint),
                Some(DimensionValue::Boolean(is_so)) => Cell::Text(if *is_so { words.yes } else { words.no }.to_owned()),
                Some(DimensionValue::Text(text)) => Cell::Text(human::line(text)),
                Some(number) => plain(number.as_number()),
            }));
        }
        columns
    }

    /// The value, and what it rests on.
    fn values(&'a self) -> Vec<Column<'a>> {
        let words = self.language.words;
        let confidence = self.language.tick(self.result.manifest.confidence * 100.0, 1.0, Unit::Percent);
        let interval = filled(words.confidence_interval, &[&confidence]);
        let mut columns = vec![self.number(words.value, |row| row.value)];
        if self.rows.iter().any(|row| row.low.or(row.high).is_some()) {
            columns.push(self.number(&format!("{interval}, {}", words.lowest), |row| row.low));
            columns.push(self.number(&format!("{interval}, {}", words.highest), |row| row.high));
        }
        columns.push(column(words.observations, |_, row| {
            let n = defined(row.n).filter(|_| !row.suppressed);
            n.map_or(Cell::Empty, |n| Cell::Number(self.numbers.value(n, Unit::Count)))
        }));
        let mut measures: Vec<&str> = Vec::new();
        for (name, _) in self.rows.iter().flat_map(|row| &row.measures) {
            if !measures.contains(&name.as_str()) {
                measures.push(name);
            }
        }
        columns.extend(measures.into_iter().map(|name| {
            column(&readable(name), move |_, row| {
                let measure = row.measures.iter().find(|(of, _)| of == name).filter(|_| !row.suppressed);
                plain(measure.and_then(|(_, value)| *value))
            })
        }));
        columns
    }

    /// How it stands to other times and groups.
    fn comparisons(&'a self) -> Vec<Column<'a>> {
        let words = self.language.words;
        let mut columns = Vec::new();
        let baselines =
            self.result.manifest.compare.iter().filter(|&&baseline| self.rows.iter().any(|row| row.comparison(baseline).is_some()));
        for &baseline in baselines {
            let versus = self.language.versus(baseline);
            let number = |of: fn(&Comparison) -> Option<f64>| move |row: &ResultRow| row.comparison(baseline).and_then(of);
            columns.push(self.number(&readable(&self.language.baseline(baseline)), number(|comparison| comparison.value)));
            columns.extend(self.difference(
                &versus,
                number(|comparison| comparison.change),
                number(|comparison| comparison.relative_change),
                number(|comparison| comparison.p_value),
                move |row| row.comparison(baseline).and_then(|comparison| comparison.significant),
            ));
        }
        if let Some(beside) = self.rows.iter().find_map(|row| row.group_comparison.as_deref()) {
            let other = human::line(&beside.with.to_string());
            let versus = filled(words.versus, &[&other]);
            let number = |of: fn(&GroupComparison) -> Option<f64>| move |row: &ResultRow| row.group_comparison.as_deref().and_then(of);
            columns.push(self.number(&other, number(|beside| beside.value)));
            columns.extend(self.difference(
                &versus,
                number(|beside| beside.difference),
                number(|beside| beside.relative_difference),
                number(|beside| beside.p_value),
                |row| row.group_comparison.as_deref().and_then(|beside| beside.significant),
            ));
            for (end, of) in
                [(words.lowest, (|beside| beside.low) as fn(&GroupComparison) -> Option<f64>), (words.highest, |beside| beside.high)]
            {
                columns.push(column(&format!("{versus}, {end}"), move |_, row| {
                    let end = row.group_comparison.as_deref().and_then(of);
                    shown(row, end, |end| Cell::Number(self.numbers.change(end, row)))
                }));
            }
        }
        columns
    }

    /// A difference in the unit and in percent, with its test.
    fn difference(
        &'a self,
        versus: &str,
        change: impl Fn(&ResultRow) -> Option<f64> + 'a,
        relative: impl Fn(&ResultRow) -> Option<f64> + 'a,
        p_value: impl Fn(&ResultRow) -> Option<f64> + 'a,
        significant: impl Fn(&ResultRow) -> Option<bool> + 'a,
    ) -> Vec<Column<'a>> {
        let words = self.language.words;
        let mut columns = vec![column(versus, move |_, row| {
            shown(row, change(row), |change| {
                let tone = match row.is_better(Some(change)) {
                    Some(true) => Tone::Good,
                    Some(false) => Tone::Bad,
                    None => Tone::Plain,
                };
                Cell::News(self.numbers.change(change, row), tone)
            })
        })];
        let is_known = |of: &dyn Fn(&ResultRow) -> Option<f64>| self.rows.iter().any(|row| of(row).is_some());
        if is_known(&relative) {
            columns.push(column(&format!("{versus}, %"), move |_, row| {
                shown(row, relative(row), |percent| Cell::Number(self.numbers.relative(percent)))
            }));
        }
        if is_known(&p_value) {
            columns.push(column(&format!("{versus}, p"), move |_, row| {
                shown(row, p_value(row), |value| Cell::Number(Number { value, format: P_VALUE.to_owned() }))
            }));
            columns.push(column(&format!("{versus}, {}", words.significant), move |_, row| {
                match significant(row).filter(|_| !row.suppressed) {
                    Some(true) => Cell::Text(words.yes.to_owned()),
                    Some(false) => Cell::Text(words.no.to_owned()),
                    None => Cell::Empty,
                }
            }));
        }
        columns
    }

    /// How it stands to its target, its benchmark and the limits of its trend.
    fn standing(&'a self) -> Vec<Column<'a>> {
        let words = self.language.words;
        let mut columns = Vec::new();
        let limit = |of: fn(&Target) -> Option<f64>| move |row: &ResultRow| row.target.as_ref().and_then(|judgement| of(&judgement.target));
        for (sign, of) in [("≥", limit(|target| target.at_least)), ("≤", limit(|target| target.at_most))] {
            if self.rows.iter().any(|row| of(row).is_some()) {
                // What the report itself says is known of hidden groups, too.
                columns.push(column(&format!("{} {sign}", words.target), move |_, row| {
                    of(row).map_or(Cell::Empty, |limit| Cell::Number(self.numbers.value(limit, row)))
                }));
            }
        }
        if self.rows.iter().any(|row| row.target.is_some()) {
            columns.push(column(words.target, |_, row| {
                let status = row.target.as_ref().filter(|_| !row.suppressed && is_judged(row)).map(|judgement| judgement.status);
                status.map_or(Cell::Empty, |status| self.status(status))
            }));
        }
        if self.rows.iter().any(|row| row.target.as_ref().is_some_and(|judgement| judgement.progress.is_some())) {
            columns.push(column(&filled(words.progress, &["%"]), |_, row| {
                let progress = row.target.as_ref().filter(|_| is_judged(row)).and_then(|judgement| judgement.progress);
                shown(row, progress, |percent| Cell::Number(self.numbers.value(percent, Unit::Percent)))
            }));
        }
        if self.rows.iter().any(|row| row.benchmark.is_some()) {
            let versus = filled(words.versus, &[&words.benchmark.to_lowercase()]);
            let change = |row: &ResultRow| row.benchmark.as_ref().and_then(|against| against.change);
            let relative = |row: &ResultRow| row.benchmark.as_ref().and_then(|against| against.relative_change);
            columns.extend(self.difference(&versus, change, relative, |_| None, |_| None));
        }
        if self.rows.iter().any(|row| row.process_limits.is_some()) {
            let number = |of: fn(&ProcessLimits) -> f64| move |row: &ResultRow| row.process_limits.as_ref().map(of);
            columns.push(self.number(&format!("{}, {}", words.process_limits, words.lowest), number(|limits| limits.lower)));
            columns.push(self.number(&format!("{}, {}", words.process_limits, words.highest), number(|limits| limits.upper)));
            columns.push(column(words.unusual, |_, row| {
                let rules =
                    row.process_limits.as_ref().filter(|_| !row.suppressed).map(|limits| limits.unusual.as_slice()).unwrap_or_default();
                let rules: Vec<String> = rules.iter().map(|rule| rule.as_str().replace('_', " ")).collect();
                if rules.is_empty() { Cell::Empty } else { Cell::Toned(rules.join(", "), Tone::Warning) }
            }));
        }
        columns
    }

    /// A status in its colour.
    pub(super) fn status(&self, status: Status) -> Cell {
        let words = self.language.words;
        let (word, tone) = match status {
            Status::Met => (words.met, Tone::Good),
            Status::AtRisk => (words.at_risk, Tone::Warning),
            Status::Missed => (words.missed, Tone::Bad),
            Status::Unknown => (words.unknown, Tone::Faint),
        };
        Cell::Toned(word.to_owned(), tone)
    }

    /// A column of numbers in the request's unit.
    fn number(&'a self, head: &str, of: impl Fn(&ResultRow) -> Option<f64> + 'a) -> Column<'a> {
        column(head, move |_, row| shown(row, of(row), |value| Cell::Number(self.numbers.value(value, row))))
    }
}

/// A number that is known, and of no hidden group. A cell without one is empty, since a text would be drawn as zero.
fn shown(row: &ResultRow, number: Option<f64>, cell: impl Fn(f64) -> Cell) -> Cell {
    defined(number).filter(|_| !row.suppressed).map_or(Cell::Empty, cell)
}

fn column<'a>(head: &str, cell: impl Fn(usize, &ResultRow) -> Cell + 'a) -> Column<'a> {
    Column { head: head.to_owned(), cell: Box::new(cell) }
}

/// A number without a unit, with the digits that it has.
fn plain(number: Option<f64>) -> Cell {
    defined(number).map_or(Cell::Empty, |value| Cell::Number(Number { value, format: "General".to_owned() }))
}
