//! What the machine-readable formats share: which columns there are, and how numbers, instants and measures are written.

use std::collections::BTreeMap;
use std::fmt::Display;

use custometer_core::{Baseline, DimensionValue};
use custometer_runner::result::{Comparison, GroupComparison, ProcessLimits, ResultRow, RunResult, Target};
use jiff::Zoned;
use serde::{Serialize, Serializer};

/// The names of all dimensions, in order of appearance.
pub(crate) fn dimension_names(rows: &[ResultRow]) -> Vec<&str> {
    let mut names = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.dimensions) {
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    names
}

/// The column that holds a dimension: prefixed, so that it never meets a fixed one.
pub(crate) fn dimension_column(name: &str) -> String {
    format!("by.{name}")
}

/// The numbers of a comparison, by the names of their columns.
pub(crate) fn change_numbers(comparison: Option<&Comparison>) -> [(&'static str, Option<f64>); 4] {
    let number = |of: fn(&Comparison) -> Option<f64>| comparison.and_then(of);
    [
        ("value", number(|comparison| comparison.value)),
        ("change", number(|comparison| comparison.change)),
        ("relative_change", number(|comparison| comparison.relative_change)),
        ("p_value", number(|comparison| comparison.p_value)),
    ]
}

/// The column that holds one thing about a baseline.
pub(crate) fn baseline_column(baseline: Baseline, name: &str) -> String {
    format!("{}.{name}", baseline.as_str())
}

/// A number that has a value.
pub(crate) fn defined(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

/// A number as it is written: whole where it is whole, missing where it is undefined. Dimension values know how.
pub(crate) fn number(number: Option<f64>) -> DimensionValue {
    defined(number).map_or(DimensionValue::Missing, DimensionValue::from)
}

/// An instant as RFC 3339 with the offset of its zone.
pub(crate) fn instant(at: &Zoned) -> impl Display {
    at.timestamp().display_with_offset(at.offset())
}

/// A field of a column that only some reports have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Text(Option<String>),
    Number(Option<f64>),
    Flag(Option<bool>),
}

/// Which period of the report's own a row is of, what window it is over, how it stands to another group, its target, its benchmark and the limits of its trend, and the alerts on it, by the names of their columns.
#[expect(clippy::struct_excessive_bools, reason = "each says whether there is a group of columns")]
pub(crate) struct Standing<'a> {
    has_periods: bool,
    has_windows: bool,
    has_groups: bool,
    has_targets: bool,
    has_benchmarks: bool,
    has_limits: bool,
    /// The alerts of each row, by its position.
    alerts: BTreeMap<usize, Vec<&'a str>>,
}

impl<'a> Standing<'a> {
    pub(crate) fn of(result: &'a RunResult) -> Self {
        let mut alerts: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for alert in &result.alerts {
            alerts.entry(alert.row).or_default().push(&alert.name);
        }
        Self {
            has_periods: result.results.iter().any(|row| row.period.is_some()),
            has_windows: result.results.iter().any(|row| row.window_start.is_some()),
            has_groups: result.results.iter().any(|row| row.group_comparison.is_some()),
            has_targets: result.results.iter().any(|row| row.target.is_some()),
            has_benchmarks: result.results.iter().any(|row| row.benchmark.is_some()),
            has_limits: result.results.iter().any(|row| row.process_limits.is_some()),
            alerts,
        }
    }

    /// The fields of a row at its position; without a row they are empty.
    pub(crate) fn fields(&self, at: Option<(usize, &ResultRow)>) -> Vec<(&'static str, Field)> {
        let row = at.map(|(_, row)| row);
        let mut fields = Vec::new();
        if self.has_periods {
            fields.push(("period", Field::Text(row.and_then(|row| row.period).map(|period| period.to_string()))));
        }
        if self.has_windows {
            let start = row.and_then(|row| row.window_start.as_ref());
            fields.push(("window_start", Field::Text(start.map(|start| instant(start).to_string()))));
        }
        if self.has_groups {
            let beside = row.and_then(|row| row.group_comparison.as_deref());
            let number = |of: fn(&GroupComparison) -> Option<f64>| Field::Number(beside.and_then(of));
            fields.extend([
                ("group.by", Field::Text(beside.map(|beside| beside.by.clone()))),
                ("group.with", Field::Text(beside.map(|beside| beside.with.to_string()))),
                ("group.value", number(|beside| beside.value)),
                ("group.difference", number(|beside| beside.difference)),
                ("group.low", number(|beside| beside.low)),
                ("group.high", number(|beside| beside.high)),
                ("group.relative_difference", number(|beside| beside.relative_difference)),
                ("group.p_value", number(|beside| beside.p_value)),
                ("group.significant", Field::Flag(beside.and_then(|beside| beside.significant))),
                ("group.better", Field::Flag(row.and_then(|row| row.is_better(beside?.difference)))),
            ]);
        }
        if self.has_targets {
            let judgement = row.and_then(|row| row.target.as_ref());
            let number = |of: fn(&Target) -> Option<f64>| Field::Number(judgement.and_then(|judgement| of(&judgement.target)));
            fields.extend([
                ("target.at_least", number(|target| target.at_least)),
                ("target.at_most", number(|target| target.at_most)),
                ("target.holds", Field::Text(judgement.and_then(|judgement| judgement.target.holds.clone()))),
                ("target.status", Field::Text(judgement.map(|judgement| judgement.status.as_str().to_owned()))),
                ("target.progress", Field::Number(judgement.and_then(|judgement| judgement.progress))),
                ("target.decides", Field::Flag(judgement.map(|judgement| judgement.decides))),
            ]);
        }
        if self.has_benchmarks {
            let against = row.and_then(|row| row.benchmark.as_ref());
            fields.extend([
                ("benchmark.value", Field::Number(against.map(|against| against.benchmark.value))),
                ("benchmark.source", Field::Text(against.map(|against| against.benchmark.source.clone()))),
                ("benchmark.change", Field::Number(against.and_then(|against| against.change))),
                ("benchmark.relative_change", Field::Number(against.and_then(|against| against.relative_change))),
                ("benchmark.better", Field::Flag(row.and_then(|row| row.is_better(against?.change)))),
            ]);
        }
        if self.has_limits {
            let limits = row.and_then(|row| row.process_limits.as_ref());
            let number = |of: fn(&ProcessLimits) -> f64| Field::Number(limits.map(of));
            let unusual = limits.map(|limits| limits.unusual.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(", "));
            fields.extend([
                ("process.centre", number(|limits| limits.centre)),
                ("process.lower", number(|limits| limits.lower)),
                ("process.upper", number(|limits| limits.upper)),
                ("process.seasonal", Field::Flag(limits.map(|limits| limits.is_seasonal))),
                ("process.unusual", Field::Text(unusual.filter(|unusual| !unusual.is_empty()))),
            ]);
        }
        let alerts = at.and_then(|(position, _)| self.alerts.get(&position)).map(|names| names.join(", "));
        fields.push(("alerts", Field::Text(alerts)));
        fields
    }
}

/// The measures of a row as one JSON object.
pub(crate) struct Measures<'a>(pub(crate) &'a [(String, Option<f64>)]);

impl Serialize for Measures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, measure)| (name, number(*measure))))
    }
}

/// The measures of a row as JSON text.
pub(crate) fn measures(row: &ResultRow) -> serde_json::Result<String> {
    serde_json::to_string(&Measures(&row.measures))
}
