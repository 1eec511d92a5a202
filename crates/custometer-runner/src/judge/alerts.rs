//! Alerts: what a report says of itself, told by its finished rows.

use std::collections::BTreeMap;

use custometer_core::Grain;
use jiff::civil::Date;
use minijinja::{Environment, Value};

use crate::judge::targets::Headlines;
use crate::report::Report;
use crate::report::alert_rule::{AlertPeriods, AlertRows, AlertRule, environment, rendered};
use crate::result::words::{dimension, group, in_unit, in_words, last_day};
use crate::result::{Alert, ResultRow};

/// The alerts that fire, in the order of the config and of the results.
pub(crate) fn fire(rows: &[ResultRow], report: &Report) -> Vec<Alert> {
    let headlines = Headlines::of(rows);
    let environment = environment();
    let mut alerts = Vec::new();
    for rule in &report.alerts {
        for (position, row) in rows.iter().enumerate() {
            let is_looked_at = rule.requests.contains(&row.request)
                && (rule.periods == AlertPeriods::All || headlines.is_latest(row))
                && match rule.on {
                    AlertRows::Total => headlines.is_total(row),
                    AlertRows::Groups => row.breakdown > 0,
                    AlertRows::All => true,
                };
            if is_looked_at && rule.condition.holds(row) == Some(true) {
                alerts.push(Alert {
                    name: rule.name.clone(),
                    severity: rule.severity,
                    message: rule.say(row, &environment),
                    row: position,
                    webhook: rule.webhook.clone(),
                });
            }
        }
    }
    alerts
}

impl AlertRule {
    /// What it says of a row.
    fn say(&self, row: &ResultRow, environment: &Environment<'_>) -> String {
        let words = format!("{}{}: {} ({})", row.request, place(row), in_unit(row.value, row.unit), self.condition);
        match &self.message {
            None => words,
            // What can't be said of this row, such as the rounded value of a row without a value, must not hide that the alert fired.
            Some(message) => rendered(environment, message, Value::from_pairs(self.told(row)))
                .unwrap_or_else(|error| format!("{words}; its own message can't be made: {error}")),
        }
    }

    /// What a message is told of a row.
    fn told(&self, row: &ResultRow) -> BTreeMap<&'static str, Value> {
        let text = |text: String| Value::from(text);
        let date = |at: Option<Date>| Value::from(at.map(|date| date.to_string()));
        let comparison = self.condition.comparison(row);
        let judgement = row.target.as_ref();
        let against = row.benchmark.as_ref();
        BTreeMap::from([
            ("alert", text(self.name.clone())),
            ("severity", text(self.severity.as_str().to_owned())),
            ("condition", text(self.condition.to_string())),
            ("request", text(row.request.clone())),
            ("metric", text(row.metric.to_owned())),
            ("from", date(row.start.as_ref().map(jiff::Zoned::date))),
            ("to", date(last_day(row))),
            ("period", text(row.period.map(|period| period.to_string()).unwrap_or_default())),
            ("group", text(group(row))),
            ("dimensions", Value::from_pairs(self.dimensions.iter().map(|name| (name.clone(), dimension(row, name))))),
            ("shown", text(in_unit(row.value, row.unit))),
            ("value", Value::from(row.value)),
            ("unit", text(row.unit.as_str().to_owned())),
            ("low", Value::from(row.low)),
            ("high", Value::from(row.high)),
            ("n", Value::from(row.n)),
            ("baseline", Value::from(comparison.map(|comparison| comparison.baseline.as_str()))),
            ("change", Value::from(comparison.and_then(|comparison| comparison.change))),
            ("relative_change", Value::from(comparison.and_then(|comparison| comparison.relative_change))),
            ("p_value", Value::from(comparison.and_then(|comparison| comparison.p_value))),
            ("target", Value::from(judgement.map(|judgement| in_words(&judgement.target, row.unit)))),
            ("status", Value::from(judgement.map(|judgement| judgement.status.as_str()))),
            ("progress", Value::from(judgement.and_then(|judgement| judgement.progress))),
            ("unusual", text(rules(row))),
            ("benchmark", Value::from(against.map(|against| against.benchmark.value))),
        ])
    }
}

/// The run rules that a row breaks, in words.
fn rules(row: &ResultRow) -> String {
    let broken = row.process_limits.iter().flat_map(|limits| &limits.unusual);
    broken.map(|rule| rule.as_str().replace('_', " ")).collect::<Vec<_>>().join(", ")
}

/// The group and the time of a row, each with something before it; nothing for a total over everything.
fn place(row: &ResultRow) -> String {
    let group = if row.dimensions.is_empty() { String::new() } else { format!(" ({})", group(row)) };
    let time = row.start.as_ref().zip(last_day(row)).map(|(start, end)| match row.grain {
        Grain::Named(_) if row.period.is_some() => row.period.map(|period| format!(", {period}")).unwrap_or_default(),
        Grain::Hour => format!(", {}", start.strftime("%Y-%m-%d %H:00")),
        _ if start.date() == end => format!(", {end}"),
        _ => format!(", {} to {end}", start.date()),
    });
    group + &time.unwrap_or_default()
}
