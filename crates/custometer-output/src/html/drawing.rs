//! What the figures of a request are made of, and made with.

use custometer_core::{Baseline, Picture, Unit};
use custometer_runner::result::{Manifest, ResultRow, Shown};
use serde::Serialize;

use super::change::Change;
use super::status::{Mark, described};
use super::svg::{Columns, Place, Plot, Point, Reference, Scale};
use super::table::{Cell, Table};
use crate::human;
use crate::locale::{Language, filled};
use crate::quantity::Quantity;
use crate::tidy::defined;
use crate::view::{View, shortened};

/// More groups than these get no chart each.
pub(super) const MOST_CHARTS: usize = 8;

/// One picture with its table.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figure {
    pub(super) title: String,
    pub(super) charts: Vec<Chart>,
    pub(super) legend: Vec<(&'static str, String)>,
    /// The periods without a value, and why.
    pub(super) gaps: String,
    pub(super) table: Option<Table>,
    /// What the table is called where it is folded away; empty where it is the picture itself.
    pub(super) folded: &'static str,
    /// The table of all periods, where the picture is of one.
    pub(super) history: Option<(&'static str, Table)>,
}

/// One chart of a figure. Its template goes by its kind.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", content = "is", rename_all = "snake_case")]
pub(super) enum Chart {
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
    /// What its values are of.
    pub(super) quantity: Quantity,
    /// Whether the request has a total beside its breakdowns.
    pub(super) has_total: bool,
    /// Whether rows have notes that differ.
    pub(super) notes_differ: bool,
    /// Whether rows have targets that differ.
    pub(super) targets_differ: bool,
}

impl<'a> Drawing<'a> {
    pub(super) fn by(self, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| shortened(&name.replace('_', " "))).collect();
        filled(self.language.words.by, &[&names.join(&format!(" {} ", self.language.words.and))])
    }

    /// A line of a chart in words.
    pub(super) fn summary(self, view: &View<'a>, rows: &[Option<&ResultRow>]) -> String {
        let known: Vec<(usize, f64)> = rows.iter().enumerate().filter_map(|(at, row)| Some((at, defined((*row)?.value)?))).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return format!("{}: {}", self.title, self.language.words.no_value);
        };
        let words = self.language.words;
        let least = known.iter().min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or(first);
        let most = known.iter().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or(first);
        let said = |(at, value): &(usize, f64)| {
            format!("{} {}", view.buckets[*at].long, self.language.value(*value, rows[*at].map_or(self.quantity, Quantity::from)))
        };
        format!("{}: {} – {}; {} {}, {} {}", self.title, said(first), said(last), words.lowest, said(least), words.highest, said(most))
    }

    /// The targets and benchmarks of some rows, as lines across. Of targets that differ there are too many.
    pub(super) fn references(self, rows: impl Iterator<Item = &'a ResultRow>) -> Vec<Reference> {
        let words = self.language.words;
        let mut references: Vec<Reference> = Vec::new();
        for row in rows {
            let target = row.target.as_ref().filter(|_| !self.targets_differ).map(|judgement| &judgement.target);
            let bounds =
                target.into_iter().flat_map(|target| [target.at_least.map(|at| ("≥", at)), target.at_most.map(|at| ("≤", at))]).flatten();
            let targets = bounds.map(|(sign, value)| {
                let name = format!("{} {sign} {}", words.target, self.language.value(value, row));
                Reference { value, name, class: "target" }
            });
            let benchmark = row.benchmark.as_ref().map(|against| {
                let name = format!("{} {}", words.benchmark, self.language.value(against.benchmark.value, row));
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

    /// What the rows of a view are compared with.
    pub(super) fn baselines(self, view: &View<'a>) -> Vec<Baseline> {
        let is_known = |baseline: &&Baseline| {
            let compared = view.rows.iter().filter_map(|row| row.comparison(**baseline));
            compared.filter_map(|comparison| comparison.value).count() > 0
        };
        self.manifest.compare.iter().filter(is_known).copied().collect()
    }

    pub(super) fn interval_name(self) -> String {
        filled(self.language.words.confidence_interval, &[&self.language.tick(self.manifest.confidence * 100.0, 1.0, Unit::Percent)])
    }

    pub(super) fn tick(self, scale: &Scale) -> impl Fn(f64) -> String {
        let (language, quantity, step) = (self.language, self.quantity, scale.step);
        move |value| language.tick(value, step, quantity)
    }

    /// A row's value as text.
    pub(super) fn written(self, row: &ResultRow) -> String {
        match row.shown() {
            Shown::Value(value) => self.language.value(value, row),
            Shown::Undefined => "–".to_owned(),
            Shown::Suppressed => self.language.words.suppressed.to_owned(),
        }
    }

    pub(super) fn value(self, row: &ResultRow) -> Cell {
        match row.shown() {
            Shown::Value(value) if row.unit == Unit::Seconds => Cell::Sorted(self.language.value(value, row), Place(value.round())),
            Shown::Value(value) => Cell::Number(self.language.value(value, row)),
            Shown::Undefined => Cell::Gap("–", row.note.as_deref().map_or_else(|| self.language.words.no_value.to_owned(), human::line)),
            Shown::Suppressed => Cell::Gap(self.language.words.suppressed, String::new()),
        }
    }

    /// The name of a period, as the first cell of its row.
    pub(super) fn period(self, view: &View<'a>, bucket: usize) -> Cell {
        let name = view.buckets[bucket].long.clone();
        if view.partial[bucket] { Cell::PartialName(name, self.language.words.partial) } else { Cell::Name(name) }
    }

    pub(super) fn interval(self, row: &ResultRow) -> Cell {
        let text = self.language.interval(defined(row.low), defined(row.high), row);
        if text.is_empty() { Cell::Empty } else { Cell::Number(text) }
    }

    pub(super) fn count(self, row: &ResultRow) -> Cell {
        defined(row.n).map_or(Cell::Empty, |n| Cell::Number(self.language.count(n)))
    }

    pub(super) fn change(self, row: &ResultRow, baseline: Baseline) -> Cell {
        let change = row.comparison(baseline).and_then(|comparison| Change::of(row, comparison, self.language));
        change.map_or(Cell::Empty, Cell::Change)
    }

    /// The difference from another group.
    pub(super) fn beside(self, row: &ResultRow) -> Cell {
        let difference = row.group_comparison.as_deref().and_then(|other| Change::beside(row, other, self.language));
        difference.map_or(Cell::Empty, Cell::Change)
    }

    /// The interval of the difference from another group.
    pub(super) fn interval_beside(self, row: &ResultRow) -> Cell {
        let ends = row.group_comparison.as_deref().and_then(|other| defined(other.low).zip(defined(other.high)));
        let written = |end: f64| self.language.change(end, row);
        ends.map_or(Cell::Empty, |(low, high)| Cell::Number(format!("{}\u{a0}–\u{a0}{}", written(low), written(high))))
    }

    pub(super) fn status(self, row: &ResultRow) -> Cell {
        row.target.as_ref().filter(|_| !row.suppressed).map_or(Cell::Empty, |judgement| {
            let target = self.targets_differ.then(|| described(&judgement.target, row.into(), self.language));
            Cell::Status(target, Mark::of(judgement.status, self.language.words))
        })
    }

    /// The target of a request in words, where all rows have the same.
    pub(super) fn target(self, rows: &[ResultRow]) -> Option<String> {
        if self.targets_differ {
            return None;
        }
        let judgement = rows.iter().find_map(|row| row.target.as_ref())?;
        Some(format!("{} {}", self.language.words.target, described(&judgement.target, self.quantity, self.language)))
    }
}

/// The points of a line, in the middle of their periods.
pub(super) fn points(rows: &[Option<&ResultRow>], earlier: Option<Baseline>) -> Vec<Point> {
    let share = 100.0 / rows.len().max(1) as f64;
    let point = |(at, row): (usize, Option<&ResultRow>)| {
        let at = share * (at as f64 + 0.5);
        let Some(row) = row.filter(|row| !row.suppressed) else { return Point { at, ..Point::default() } };
        let before = earlier.and_then(|baseline| row.comparison(baseline)).and_then(|comparison| defined(comparison.value));
        let limits = row.process_limits.as_ref().map(|limits| (limits.lower, limits.upper));
        let unusual = row.process_limits.as_ref().is_some_and(|limits| !limits.unusual.is_empty());
        Point {
            at,
            value: defined(row.value),
            interval: defined(row.low).zip(defined(row.high)),
            partial: row.partial,
            before,
            limits,
            unusual,
        }
    };
    rows.iter().copied().enumerate().map(point).collect()
}

/// The axis that points and lines across lie on.
pub(super) fn scale(points: &[Point], references: &[Reference], unit: Unit, ticks: usize) -> Scale {
    let ends = |ends: Option<(f64, f64)>| [ends.map(|(low, _)| low), ends.map(|(_, high)| high)];
    let of = |point: &Point| [[point.value, point.before], ends(point.interval), ends(point.limits)].concat();
    let values = points.iter().flat_map(of).flatten().chain(references.iter().map(|reference| reference.value));
    Scale::over(values, unit, ticks, false)
}

/// What stands under the periods of a chart.
pub(super) fn axis_names(view: &View<'_>) -> Vec<(String, String)> {
    view.buckets.iter().map(|bucket| (bucket.short.clone(), bucket.year.clone())).collect()
}
