//! What is told of a metric beside its own words: inputs and parameters, read off its definition and its schema.

use std::fmt::Write as _;

use custometer_core::registry::Descriptor;
use custometer_core::{Column, Definition, Domain, Source, SqlCondition};
use serde_json::{Map, Value as Json};

/// The definitions that a metric's examples come to, each with their parameters; one without any, where there is no example.
pub(crate) fn definitions(metric: &Descriptor) -> Vec<(&'static str, Definition)> {
    let of = |params: &'static str| metric.define(read(params)).ok().map(|definition| (params, definition));
    match metric.about.examples {
        [] => of("").into_iter().collect(),
        examples => examples.iter().filter_map(|example| of(example.params)).collect(),
    }
}

/// Parameters as TOML has them. Those of examples are read by tests, too.
pub(crate) fn read(params: &str) -> Map<String, Json> {
    toml::from_str(params).unwrap_or_default()
}

/// Those of the parameters that make the difference between two definitions, as TOML: one that does it alone, or else all but those that may
/// as well be as `usual`.
///
/// `is_same` says whether a definition still has what the parameters are told for.
pub(crate) fn difference(metric: &Descriptor, usual: &str, params: &str, is_same: impl Fn(&Definition) -> bool) -> String {
    let (usual, mut given) = (read(usual), read(params));
    let is_enough = |params: &Map<String, Json>| metric.define(params.clone()).is_ok_and(|definition| is_same(&definition));
    for (name, value) in &given {
        let mut alone = usual.clone();
        alone.insert(name.clone(), value.clone());
        if is_enough(&alone) {
            return toml_of(name, value);
        }
    }
    let names: Vec<String> = given.keys().chain(usual.keys()).cloned().collect();
    for name in &names {
        let mut other = given.clone();
        match usual.get(name) {
            Some(value) => _ = other.insert(name.clone(), value.clone()),
            None => _ = other.shift_remove(name),
        }
        if is_enough(&other) {
            given = other;
        }
    }
    let told = given.iter().filter(|(name, value)| usual.get(*name) != Some(value));
    told.map(|(name, value)| toml_of(name, value)).collect::<Vec<_>>().join(", ")
}

/// What is usually so, and what it is with other parameters.
pub(super) fn with_others(
    metric: &Descriptor,
    definitions: &[(&str, Definition)],
    usual: &'static str,
    of: impl Fn(&Definition) -> &'static str,
) -> String {
    let first = definitions.first().map(|(params, _)| *params).unwrap_or_default();
    let mut seen = vec![usual];
    let mut text = usual.to_owned();
    for (params, definition) in definitions {
        let other = of(definition);
        if !seen.contains(&other) {
            seen.push(other);
            let difference = difference(metric, first, params, |definition| of(definition) == other);
            // Writing to a string does not fail.
            let _ = write!(text, "; {other} with `{difference}`");
        }
    }
    text
}

/// Why a metric has no value over windows that overlap; none where it has one with any parameters.
pub(super) fn no_windows(metric: &Descriptor, definitions: &[(&str, Definition)]) -> Option<String> {
    const NONE: &str = "a value like any other";
    let of = |definition: &Definition| definition.no_windows().unwrap_or(NONE);
    let first = definitions.first().map(|(_, definition)| of(definition))?;
    let told = with_others(metric, definitions, first, of);
    (told != NONE).then(|| if first == NONE { told } else { format!("no value, because {told}") })
}

/// A parameter as a config has it. What was read from TOML can be written as TOML.
fn toml_of(name: &str, value: &Json) -> String {
    toml::Value::try_from(value).map_or_else(|_| name.to_owned(), |value| format!("{name} = {value}"))
}

/// The column that decides the bucket, unless it is read anyway.
pub(crate) fn bucket_column(source: &Source) -> Option<&'static str> {
    source.time.filter(|time| source.columns.iter().all(|column| column.name != *time))
}

/// The columns that a source reads. Those of conditions are made of the others.
pub(crate) fn columns(source: &Source) -> impl Iterator<Item = &Column> {
    source.columns.iter().filter(|column| SqlCondition::written(column.name).is_none())
}

/// The type of a column and which of its values are possible.
pub(crate) fn values_of(column: &Column) -> String {
    let domain = if column.domain == Domain::Any { String::new() } else { format!(", {}", column.domain) };
    format!("{}{domain}", column.kind.as_str())
}

/// A parameter of a metric, or a key of a table that is one.
pub(crate) struct Param {
    pub(crate) name: String,
    /// Its type, in words.
    pub(crate) kind: String,
    /// Whether it must be given, or what is taken when it is not.
    pub(crate) given: String,
    pub(crate) description: String,
    /// The words it may be, each with its meaning.
    pub(crate) choices: Vec<(String, String)>,
    /// The keys of the tables that it holds, where they are known.
    pub(crate) keys: Vec<Param>,
}

/// The parameters of a metric.
pub(crate) fn params(metric: &Descriptor) -> Vec<Param> {
    properties(&metric.params_schema().to_value())
}

fn properties(schema: &Json) -> Vec<Param> {
    let required: Vec<&str> = list(schema, "required").iter().filter_map(Json::as_str).collect();
    let of = |(name, schema): (&String, &Json)| Param {
        name: name.clone(),
        kind: kind(schema),
        given: match schema.get("default") {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            // What is not given of a table has defaults of its own.
            Some(default) if !default.is_null() && !default.is_object() => format!("default {default}"),
            _ => "optional".to_owned(),
        },
        description: text(schema, "description").replace('\n', " "),
        choices: choices(schema),
        keys: keys(schema),
    };
    schema.get("properties").and_then(Json::as_object).into_iter().flatten().map(of).collect()
}

/// The keys of the tables that a schema allows, wherever in it these are.
fn keys(schema: &Json) -> Vec<Param> {
    if schema.get("properties").is_some() {
        return properties(schema);
    }
    let parts = ["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key)).chain(list(schema, "anyOf"));
    parts.map(keys).find(|keys| !keys.is_empty()).unwrap_or_default()
}

/// The words that are possible, whether or not the parameter may be left out.
fn choices(schema: &Json) -> Vec<(String, String)> {
    let one_of = [schema].into_iter().chain(list(schema, "anyOf")).flat_map(|schema| list(schema, "oneOf"));
    let choice = |choice: &Json| Some((choice.get("const")?.to_string(), text(choice, "description").to_owned()));
    one_of.filter_map(choice).collect()
}

/// The type that a schema allows, in words.
fn kind(schema: &Json) -> String {
    let bound = |key: &str| schema.get(key).filter(|bound| **bound != 0).map(ToString::to_string);
    let number = |kind: &str| match (bound("minimum"), bound("maximum"), bound("exclusiveMinimum")) {
        (Some(least), Some(most), _) => format!("{kind} from {least} to {most}"),
        (Some(least), None, _) => format!("{kind}, {least} or more"),
        (None, Some(most), _) => format!("{kind} up to {most}"),
        (None, None, _) if schema.get("exclusiveMinimum").is_some() => format!("{kind} above {}", schema["exclusiveMinimum"]),
        (None, None, _) => kind.to_owned(),
    };
    let of = |key: &str| schema.get(key).map(kind);
    if !list(schema, "oneOf").is_empty() {
        return "one of the words below".to_owned();
    }
    if schema.get("x-names-calendar").is_some() {
        return "name of a calendar; or table of the keys below".to_owned();
    }
    let alternatives = list(schema, "anyOf").iter().filter(|schema| schema["type"] != "null").map(kind);
    let types = [&schema["type"]].into_iter().chain(list(schema, "type")).filter_map(Json::as_str).filter(|kind| *kind != "null");
    let named = types.map(|kind| match kind {
        "string" => "text".to_owned(),
        "integer" => number("whole number"),
        "number" => number("number"),
        "boolean" => "true or false".to_owned(),
        "array" if !list(schema, "prefixItems").is_empty() => {
            format!("list of {}", list(schema, "prefixItems").iter().map(self::kind).collect::<Vec<_>>().join(" and "))
        }
        "array" => format!("list of {}", plural(&of("items").unwrap_or_default())),
        "object" if schema.get("properties").is_some() => "table of the keys below".to_owned(),
        "object" => format!("table of {}", plural(&of("additionalProperties").unwrap_or_default())),
        other => other.to_owned(),
    });
    alternatives.chain(named).collect::<Vec<_>>().join("; or ")
}

/// Several of a type.
fn plural(kind: &str) -> String {
    for noun in ["text", "whole number", "number", "list", "table"] {
        if let Some(rest) = kind.strip_prefix(noun) {
            return format!("{noun}s{rest}");
        }
    }
    kind.to_owned()
}

fn list<'a>(schema: &'a Json, key: &str) -> &'a [Json] {
    schema.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(schema: &'a Json, key: &str) -> &'a str {
    schema.get(key).and_then(Json::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_told_in_words() {
        for (schema, expected) in [
            (json!({ "type": ["number", "null"] }), "number"),
            (json!({ "type": "integer", "minimum": 0 }), "whole number"),
            (json!({ "type": "integer", "minimum": 1, "maximum": 9 }), "whole number from 1 to 9"),
            (json!({ "type": "number", "exclusiveMinimum": 0 }), "number above 0"),
            (json!({ "type": "array", "items": { "type": "string" } }), "list of texts"),
            (
                json!({ "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "integer" }] }),
                "list of whole number and whole number",
            ),
            (json!({ "type": "object", "additionalProperties": { "type": "number" } }), "table of numbers"),
            (
                json!({ "type": "object", "additionalProperties": { "type": "object", "properties": {} } }),
                "table of tables of the keys below",
            ),
            (json!({ "anyOf": [{ "oneOf": [{ "const": "a" }] }, { "type": "null" }] }), "one of the words below"),
            (json!({ "anyOf": [{ "type": "number" }, { "type": "boolean" }] }), "number; or true or false"),
        ] {
            assert_eq!(kind(&schema), expected, "{schema}");
        }
    }
}
