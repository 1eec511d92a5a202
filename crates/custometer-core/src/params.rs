//! Parameters of metrics: how they are read, and what is wrong with them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::mending::{Complaint, read_mending};

/// The parameters of a metric that has none.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

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
pub(crate) fn read_params<P: DeserializeOwned>(given: Map<String, Json>) -> Result<P, Vec<ParamError>> {
    let mut errors = Vec::new();
    // Where a key that was renamed stands in the config.
    let mut written: HashMap<String, String> = HashMap::new();
    let read = |given: &Map<String, Json>| serde_path_to_error::deserialize::<_, P>(Json::Object(given.clone()));
    let message = |error: &serde_path_to_error::Error<serde_json::Error>| error.inner().to_string();
    let params = read_mending(given, read, message, |given, error, complaint| {
        let steps: Vec<String> = error.path().iter().map(ToString::to_string).collect();
        let key = match (steps.first(), complaint) {
            (Some(first), _) if given.contains_key(first) => Some(first.clone()),
            (_, Complaint::UnknownKey { given: unknown, .. }) if given.contains_key(*unknown) => Some((*unknown).to_owned()),
            _ => None,
        };
        let path = key.iter().flat_map(|key| std::iter::once(written.get(key).unwrap_or(key)).chain(steps.iter().skip(1)));
        errors.push(ParamError { path: path.cloned().collect(), message: message(error), help: None });
        let key = key?;
        let value = given.shift_remove(&key)?;
        if let Complaint::UnknownKey { given: misspelled, meant: Some(meant) } = complaint
            && *misspelled == key
            && !given.contains_key(*meant)
        {
            written.insert((*meant).to_owned(), key.clone());
            given.insert((*meant).to_owned(), value);
        }
        Some(key)
    });
    params.filter(|_| errors.is_empty()).ok_or(errors)
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
