//! Documentation and parameters.

use custometer_core::registry::Descriptor;
use serde_json::{Map, Value as Json};

use super::law::{Law, Violation};
use super::variant::{Variant, quietly};

/// What a metric does not say of itself.
pub(super) fn check(metric: &'static Descriptor) -> Vec<Violation> {
    let about = metric.about;
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let mut missing = Vec::new();
    let mut expect = |is_there: bool, what: &str| {
        if !is_there {
            missing.push(what.to_owned());
        }
    };
    expect(about.id.split_once('.').is_some_and(|(domain, name)| is_word(domain) && is_word(name)), "an id such as `domain.name`");
    expect(!about.title.trim().is_empty(), "a title");
    expect(about.summary.trim().ends_with('.'), "a summary of whole sentences");
    expect(!about.formula.trim().is_empty(), "a formula");
    expect(!about.range.trim().is_empty(), "the range of its values");
    expect(!about.edge_cases.is_empty(), "what happens in unusual cases, such as no rows");
    expect(about.edge_cases.iter().all(|case| case.trim().ends_with('.')), "unusual cases in whole sentences");
    expect(!about.examples.is_empty(), "an example");
    if let Some(variant) = Variant::all(metric).first() {
        for column in &variant.definition.source.columns {
            expect(!column.description.trim().is_empty(), &format!("a description of the column `{}`", column.name));
        }
    }
    let schema = metric.params_schema().to_value();
    for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let description = property.get("description").and_then(Json::as_str).unwrap_or_default();
        expect(!description.trim().is_empty(), &format!("a description of the parameter `{name}`"));
    }
    let violation = |expected| Violation {
        law: Law::IsDocumented,
        metric: about.id.to_owned(),
        params: String::new(),
        input: None,
        expected,
        found: "nothing of the kind".to_owned(),
    };
    missing.into_iter().map(violation).collect()
}

impl Variant {
    /// What parameters come to when they are written and read again, and when one of them is unknown.
    pub(super) fn parameters(&self) -> Vec<Violation> {
        let violation = |expected: &str, found: String| self.violation(Law::ParametersRoundTrip, None, expected, found);
        let as_object = |settled: Json| match settled {
            Json::Object(settled) => settled,
            _ => Map::new(),
        };
        let shown = |errors: Vec<custometer_core::ParamError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let mut violations = Vec::new();
        let settled = quietly(|| self.metric.settle(self.given.clone()));
        let settled = settled.unwrap_or_else(|| Ok(Json::Null)).map(as_object);
        match settled.and_then(|settled| Ok((self.metric.define(settled.clone())?, self.metric.settle(settled.clone())?, settled))) {
            Ok((definition, again, settled)) => {
                if as_object(again.clone()) != settled {
                    violations.push(violation(&format!("{}, as before", Json::Object(settled)), again.to_string()));
                } else if format!("{definition:?}") != format!("{:?}", self.definition) {
                    let found = format!("another one from {}", Json::Object(settled));
                    violations.push(violation("the same definition from the parameters as the metric writes them out", found));
                }
            }
            Err(errors) => violations.push(violation("parameters that can be read as the metric writes them out", shown(errors))),
        }
        let mut unknown = self.given.clone();
        unknown.insert("no_such_parameter".to_owned(), Json::Bool(true));
        if self.metric.define(unknown).is_ok() {
            violations.push(violation("an error for `no_such_parameter`: add `#[serde(deny_unknown_fields)]`", "none".to_owned()));
        }
        violations
    }
}
