//! A headline: the latest value of a request's total, with what it means.

use custometer_core::Unit;
use custometer_runner::result::{Manifest, ResultRow, Shown};
use serde::Serialize;

use super::change::Change;
use super::status::Goal;
use super::svg::Spark;
use crate::locale::{Language, filled};
use crate::quantity::Quantity;
use crate::tidy::defined;
use crate::view::{View, readable};

/// One headline.
#[derive(Debug, Serialize)]
pub(super) struct Tile {
    number: usize,
    title: String,
    headline: Headline,
}

impl Tile {
    /// The headline of a request, where it has a total.
    pub(super) fn of(number: usize, title: &str, rows: &[ResultRow], manifest: &Manifest, language: Language) -> Option<Self> {
        Some(Self { number, title: title.to_owned(), headline: Headline::of(rows, manifest, language)? })
    }
}

/// A value with its interval, changes, target and benchmark.
#[derive(Debug, Serialize)]
pub(super) struct Headline {
    value: String,
    is_gap: bool,
    why: String,
    period: String,
    interval: Option<(String, String)>,
    changes: Vec<(String, Change)>,
    goal: Option<Goal>,
    benchmark: Option<String>,
    spark: Option<Spark>,
}

impl Headline {
    /// The headline of a request's rows, where they have a total.
    pub(super) fn of(rows: &[ResultRow], manifest: &Manifest, language: Language) -> Option<Self> {
        let words = language.words;
        let view = View::all(rows, &language.buckets(rows, manifest.fiscal_year_start)).into_iter().find(View::is_single)?;
        let row = view.row(view.latest(), 0, 0)?;
        let unit = Quantity::from(row);
        let is_gap = !matches!(row.shown(), Shown::Value(_));
        let change = |baseline: &custometer_core::Baseline| {
            let change = Change::of(row, row.comparison(*baseline)?, language)?;
            Some((language.versus(*baseline), change))
        };
        let interval = language.interval(defined(row.low), defined(row.high), unit);
        let confidence = language.tick(manifest.confidence * 100.0, 1.0, Unit::Percent);
        let benchmark = row.benchmark.as_ref().filter(|_| !row.suppressed).map(|against| {
            let change = against.change.map(|change| format!(" ({})", language.change(change, unit))).unwrap_or_default();
            let value = language.value(against.benchmark.value, unit);
            format!("{} {value}{change}, {}", words.benchmark, crate::human::line(&against.benchmark.source))
        });
        let values: Vec<Option<f64>> = view.rows.iter().map(|row| defined(row.value)).collect();
        Some(Self {
            value: match row.shown() {
                Shown::Value(value) => language.value(value, unit),
                Shown::Undefined => words.no_value.to_owned(),
                Shown::Suppressed => words.suppressed.to_owned(),
            },
            is_gap,
            why: row.note.as_deref().filter(|_| is_gap).map(crate::human::line).unwrap_or_default(),
            period: if view.is_over_time() { view.buckets[view.latest()].long.clone() } else { String::new() },
            interval: (!interval.is_empty()).then(|| (filled(words.confidence_interval, &[&confidence]), interval)),
            changes: manifest.compare.iter().filter_map(change).collect(),
            goal: Goal::of(row, language),
            benchmark,
            spark: Spark::of(&values),
        })
    }

    /// The measures behind the value, in words.
    pub(super) fn evidence(rows: &[ResultRow], language: Language) -> Vec<(String, String)> {
        let Some(row) = rows.iter().find(|row| row.dimensions.is_empty()).filter(|row| !row.suppressed) else { return Vec::new() };
        let n = defined(row.n).map(|n| (language.words.observations.to_owned(), language.count(n)));
        let measure = |(name, value): &(String, Option<f64>)| Some((readable(name), language.measure(defined(*value)?)));
        n.into_iter().chain(row.measures.iter().filter_map(measure)).collect()
    }
}
