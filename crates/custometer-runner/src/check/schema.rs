//! The JSON Schema of a report config, with the parameters of every linked metric, for editors that complete and check.

use std::collections::BTreeMap;

use custometer_core::registry::Descriptor;
use custometer_core::{Registry, SqlCondition};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use crate::check::config::Config;

/// The schema.
pub fn schema(registry: &Registry) -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    schema["title"] = json!("custometer report");
    schema["additionalProperties"] = json!(false);
    // A report's settings all have defaults, and what it includes may have the rest.
    schema["anyOf"] = json!([{ "required": ["tables", "metrics"] }, { "required": ["include"] }]);
    schema.as_object_mut().map(|schema| schema.remove("required"));
    schema["properties"]["include"] = json!({
        "type": "array",
        "items": { "type": "string" },
        "description": "Files whose keys the report takes where it has none of its own, relative to its own folder. Of two files that say one \
                        thing, the later one comes first. The requests and alerts of all of them are put together.",
    });
    let plain = json!({ "type": ["string", "number", "boolean"] });
    let environment = json!({
        "type": "object",
        "properties": {
            "env": { "type": "string", "description": "The name of a variable of the environment." },
            "default": { "type": ["string", "number", "boolean"], "description": "The value where it is not set." },
        },
        "required": ["env"],
        "additionalProperties": false,
    });
    schema["properties"]["variables"] = json!({
        "type": "object",
        "description": "Values with names, which other values of the report are made of, as `${NAME}`. `--set variables.NAME=VALUE` changes one.",
        "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
        "additionalProperties": { "anyOf": [plain, environment] },
    });
    let ids: Vec<Json> = registry
        .iter()
        .map(|metric| json!({ "const": metric.about.id, "title": metric.about.title, "description": metric.about.summary }))
        .collect();
    let domains: std::collections::BTreeSet<&str> = registry.iter().filter_map(|metric| metric.about.id.split('.').next()).collect();
    let own = json!({
        // What is misspelled in a domain that is linked stays a mistake.
        "pattern": format!("^(?!({})\\.)", domains.into_iter().collect::<Vec<_>>().join("|")),
        "description": "A metric of `define`, or of a crate of your own.",
    });
    let params: Vec<Json> = registry
        .iter()
        .map(|metric| {
            let mut params = metric.params_schema().to_value();
            // The table of a request may give the parameters that the request needs.
            if let Some(params) = params.as_object_mut() {
                params.remove("required");
            }
            let columns: Map<String, Json> = columns_of(metric)
                .into_iter()
                .map(|(name, description)| (name.to_owned(), json!({ "type": "string", "description": description })))
                .collect();
            let then = json!({ "properties": { "params": params, "columns": { "properties": columns } } });
            json!({ "if": { "properties": { "metric": { "const": metric.about.id } } }, "then": then })
        })
        .collect();
    let request = &mut schema["properties"]["metrics"]["items"];
    request["properties"]["metric"]["oneOf"] = ids.into_iter().chain([own]).collect();
    request["properties"]["params"] = json!({ "type": "object", "description": "The metric's own parameters." });
    request["allOf"] = Json::Array(params);
    schema["properties"]["tables"]["additionalProperties"]["properties"]["params"] = json!({ "type": "object", "description": "Parameters of all metrics of the table that have them, unless a request gives its own." });
    if let Some(sections) = schema["properties"].as_object_mut() {
        sections.iter_mut().filter(|(name, _)| *name != "variables").for_each(|(_, section)| allow_variables(section));
    }
    schema
}

/// What a variable may stand for is a text in the config, whatever its type.
fn allow_variables(schema: &mut Json) {
    let variable = "^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$";
    let Json::Object(node) = schema else {
        if let Json::Array(parts) = schema {
            parts.iter_mut().for_each(allow_variables);
        }
        return;
    };
    let types: Vec<Json> = match node.get("type") {
        Some(Json::Array(types)) => types.clone(),
        Some(only) => vec![only.clone()],
        None => Vec::new(),
    };
    if let Some(words) = node.remove("enum") {
        node.remove("type");
        node.insert("anyOf".to_owned(), json!([{ "type": types, "enum": words }, { "type": "string", "pattern": variable }]));
    } else if types.iter().any(|of| ["number", "integer", "boolean"].iter().any(|plain| of == plain)) && !types.contains(&json!("string")) {
        node.insert("type".to_owned(), types.into_iter().chain([json!("string")]).collect());
        // It is asked of texts alone.
        node.insert("pattern".to_owned(), json!(variable));
    } else if let Some(Json::Array(choices)) = node.get_mut("oneOf")
        && choices.iter().all(|choice| choice["const"].is_string())
    {
        choices.push(json!({ "type": "string", "pattern": variable, "description": "What a variable says." }));
    } else {
        // What decides which part of a schema holds is compared as it is written.
        node.iter_mut().filter(|(key, _)| *key != "if").for_each(|(_, part)| allow_variables(part));
    }
}

/// The columns that a metric reads, with or without the parameters of its examples, each with what is said of it.
pub(crate) fn columns_of(metric: &'static Descriptor) -> BTreeMap<&'static str, Json> {
    let params = std::iter::once("").chain(metric.about.examples.iter().map(|example| example.params));
    let definitions = params.filter_map(|params| metric.define(toml::from_str(params).ok()?).ok());
    let mut columns = BTreeMap::new();
    for source in definitions.map(|definition| definition.source) {
        let read = source.columns.iter().filter(|column| SqlCondition::written(column.name).is_none());
        columns.extend(read.map(|column| (column.name, json!(format!("{} ({})", column.description, column.kind.as_str())))));
        if let Some(time) = source.time {
            columns.entry(time).or_insert_with(|| json!("When it happened."));
        }
    }
    columns
}
