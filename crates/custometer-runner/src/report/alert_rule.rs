//! Alerts that may fire, and what their messages may speak of.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::condition::Condition;
use crate::result::Severity;

/// An alert that may fire.
#[derive(Debug, Clone)]
pub(crate) struct AlertRule {
    pub(crate) name: String,
    /// The requests and derived results that it looks at, by name.
    pub(crate) requests: Vec<String>,
    pub(crate) condition: Condition,
    /// All dimensions that they have.
    pub(crate) dimensions: Vec<String>,
    /// Whether any of them has what derived results lack: interval, n and p-value.
    pub(crate) has_evidence: bool,
    pub(crate) on: AlertRows,
    pub(crate) periods: AlertPeriods,
    pub(crate) severity: Severity,
    /// The template of what it says.
    pub(crate) message: Option<String>,
    pub(crate) webhook: Option<String>,
}

/// The rows of a bucket that an alert looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertRows {
    /// The total.
    #[default]
    Total,
    /// The groups of all breakdowns.
    Groups,
    /// Both.
    All,
}

/// The buckets that an alert looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertPeriods {
    /// The last complete one; where none is complete, the last one.
    #[default]
    Latest,
    /// Every one.
    All,
}

/// The functions that templates may call.
pub(crate) const GLOBALS: [&str; 4] = ["range", "dict", "namespace", "debug"];

pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    // A message is text; what shows it escapes it.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// What a message is told that derived results lack.
pub(crate) const EVIDENCE: [&str; 4] = ["low", "high", "n", "p_value"];

/// What a message is told, with a value for everything.
pub(crate) fn sample(rule: Option<&AlertRule>) -> BTreeMap<&'static str, Value> {
    let dimensions = rule.map_or(&[][..], |rule| &rule.dimensions);
    let has_evidence = rule.is_none_or(|rule| rule.has_evidence);
    let number = || Value::from(1.0);
    let text = || Value::from("text");
    let texts =
        ["alert", "severity", "condition", "request", "metric", "from", "to", "group", "shown", "unit", "baseline", "target", "status"];
    let numbers = ["value", "low", "high", "n", "change", "relative_change", "p_value", "progress", "benchmark"];
    let numbers = numbers.into_iter().filter(|name| has_evidence || !EVIDENCE.contains(name));
    let told = texts.into_iter().map(|name| (name, text())).chain(numbers.map(|name| (name, number())));
    told.chain([("dimensions", Value::from_pairs(dimensions.iter().map(|name| (name.clone(), text()))))]).collect()
}
