//! What a metric's author writes: a type with parameters, a page of documentation and a definition.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::definition::Definition;
use crate::suggest::nearest;
use crate::unit::{Direction, Unit};

/// A metric, written once and registered with [`register_metric!`](crate::register_metric).
pub trait Metric: 'static {
    /// The parameters a report may give. Unknown ones must be refused (`#[serde(deny_unknown_fields)]`).
    type Params: DeserializeOwned + Serialize + JsonSchema;

    /// The documentation, as data.
    const ABOUT: &'static About;

    /// The metric with these parameters.
    fn define(params: &Self::Params) -> Result<Definition, ParamError>;
}

/// The parameters of a metric that has none.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// The documentation of a metric: what `metrics describe`, the reference and the JSON Schema are made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// `domain.name`, unique among all linked metrics.
    pub id: &'static str,
    /// A heading, such as "Net promoter score".
    pub title: &'static str,
    /// What it measures, in one or two sentences.
    pub summary: &'static str,
    /// The formula, in words and symbols.
    pub formula: &'static str,
    /// The usual unit.
    pub unit: Unit,
    /// The values it can take, such as "−100 to 100".
    pub range: &'static str,
    /// Which change is usually good news.
    pub direction: Direction,
    /// What happens in each unusual case.
    pub edge_cases: &'static [&'static str],
    /// Worked examples; every one is run as a test.
    pub examples: &'static [Example],
    /// Where the definition comes from.
    pub references: &'static [&'static str],
}

/// A worked example: a small table, and the value it must give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// What the example shows.
    pub title: &'static str,
    /// What the report says beside the table, as lines of its `[report]`; the grain is `total` unless it says another.
    pub report: &'static str,
    /// Parameters as TOML `key = value` lines.
    pub params: &'static str,
    /// The header line of a CSV file.
    pub header: &'static str,
    /// Lines of the file, each with how often it comes. `{i}` in a line is its running number, so that ids can differ.
    pub rows: &'static [(usize, &'static str)],
    /// The value, for the metric's own dimensions written `name=value` (empty when it has none), after the start of the bucket where the
    /// report has a grain: `2025-01-01 age=1`. None is undefined.
    pub expected: &'static [(&'static str, Option<f64>)],
}

/// A parameter that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParamError {
    /// The keys that lead to it, outermost first; empty for the parameters as a whole.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

impl ParamError {
    /// An error of one parameter.
    pub fn new(param: &str, message: impl Into<String>) -> Self {
        Self { path: vec![param.to_owned()], message: message.into(), help: None }
    }

    /// An error of a part of a parameter, such as `["steps", "2", "name"]`.
    pub fn at(path: &[&str], message: impl Into<String>) -> Self {
        Self { path: path.iter().map(|&step| step.to_owned()).collect(), message: message.into(), help: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads parameters and collects every error among them, not only the first.
///
/// A misspelled key is read as the one that was meant, any other that can't be read is left out, and the rest is read again.
pub(crate) fn read_params<P: DeserializeOwned>(mut given: Map<String, Json>) -> Result<P, Vec<ParamError>> {
    let mut errors = Vec::new();
    // Where a key that was renamed stands in the config.
    let mut written: HashMap<String, String> = HashMap::new();
    let mut left_out: Vec<String> = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, P>(Json::Object(given.clone())) {
            Ok(params) if errors.is_empty() => return Ok(params),
            Ok(_) => return Err(errors),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let unknown = message.strip_prefix("unknown field `").and(quoted.split_first());
        // What was left out is not missing for its author.
        let missing = message.strip_prefix("missing field `").and(quoted.first());
        if missing.is_some_and(|missing| left_out.iter().any(|key| key == missing)) {
            return Err(errors);
        }
        let steps: Vec<String> = error.path().iter().map(ToString::to_string).collect();
        let key = match (steps.first(), unknown) {
            (Some(first), _) if given.contains_key(first) => Some(first.clone()),
            (_, Some((&unknown, _))) if given.contains_key(unknown) => Some(unknown.to_owned()),
            _ => None,
        };
        let path = key.iter().flat_map(|key| std::iter::once(written.get(key).unwrap_or(key)).chain(steps.iter().skip(1)));
        errors.push(ParamError { path: path.cloned().collect(), message: message.clone(), help: None });
        let Some((key, value)) = key.and_then(|key| given.shift_remove(&key).map(|value| (key, value))) else { return Err(errors) };
        if let Some((&misspelled, expected)) = unknown
            && misspelled == key
            && let Some(meant) = nearest(&key, expected.iter().copied())
            && !given.contains_key(meant)
        {
            written.insert(meant.to_owned(), key);
            given.insert(meant.to_owned(), value);
        } else {
            left_out.push(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Params {
        events: Vec<String>,
        #[serde(default)]
        days: u32,
    }

    fn errors(json: &str) -> Vec<String> {
        let Json::Object(given) = serde_json::from_str(json).unwrap() else { panic!("an object") };
        let errors = read_params::<Params>(given).unwrap_err();
        errors.into_iter().map(|error| format!("{}: {}", error.path.join("."), error.message)).collect()
    }

    #[test]
    fn every_error_is_reported() {
        assert_eq!(
            errors(r#"{ "dayz": 1, "days": "x", "events": [1] }"#),
            [
                "dayz: unknown field `dayz`, expected `events` or `days`",
                "days: invalid type: string \"x\", expected u32",
                "events.[0]: invalid type: integer `1`, expected a string",
            ]
        );
    }

    #[test]
    fn a_misspelled_parameter_is_read_as_the_one_that_was_meant() {
        assert_eq!(
            errors(r#"{ "evnts": 3 }"#),
            ["evnts: unknown field `evnts`, expected `events` or `days`", "evnts: invalid type: integer `3`, expected a sequence",]
        );
    }

    #[test]
    fn a_missing_parameter_is_reported() {
        assert_eq!(errors("{}"), [": missing field `events`"]);
    }
}
