//! What a metric's author writes: a type with parameters, a page of documentation and a definition.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::definition::Definition;
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
    /// Which change is good news.
    pub direction: Direction,
    /// What happens in each unusual case.
    pub edge_cases: &'static [&'static str],
    /// Worked examples; every one is run as a test.
    pub examples: &'static [Example],
    /// Where the definition comes from.
    pub references: &'static [&'static str],
}

/// A worked example: a small table, and the value it must give in a report with the grain `total`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// What the example shows.
    pub title: &'static str,
    /// Parameters as TOML `key = value` lines.
    pub params: &'static str,
    /// The header line of a CSV file.
    pub header: &'static str,
    /// Lines of the file, each with how often it comes. `{i}` in a line is its running number, so that ids can differ.
    pub rows: &'static [(usize, &'static str)],
    /// The value, for the metric's own dimensions written `name=value` (empty when it has none). None is undefined.
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

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads parameters and collects every error among them, not only the first.
///
/// Each key that can't be read is reported and left out, and the rest is read again.
pub(crate) fn read_params<P: DeserializeOwned>(mut given: Map<String, Json>) -> Result<P, Vec<ParamError>> {
    let mut errors = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, P>(Json::Object(given.clone())) {
            Ok(params) if errors.is_empty() => return Ok(params),
            Ok(_) => return Err(errors),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        let path: Vec<String> = error.path().iter().map(ToString::to_string).collect();
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()).map(str::to_owned);
        let key = match (path.first(), unknown) {
            (Some(first), _) if given.contains_key(first) => Some(first.clone()),
            (_, Some(unknown)) if given.contains_key(&unknown) => Some(unknown),
            _ => None,
        };
        let path = if let Some(key) = &key { std::iter::once(key.clone()).chain(path.into_iter().skip(1)).collect() } else { Vec::new() };
        // A missing parameter, once one of the given ones was refused, may be that one misspelled or mistyped.
        if key.is_some() || errors.is_empty() {
            errors.push(ParamError { path, message, help: None });
        }
        match key {
            Some(key) => given.shift_remove(&key),
            None => return Err(errors),
        };
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
    fn a_missing_parameter_is_reported() {
        assert_eq!(errors("{}"), [": missing field `events`"]);
    }
}
