//! The JSON Schema of a report config, with the parameters of every linked metric, for editors that complete and check.

use custometer_core::Registry;
use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

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
            let then = json!({ "properties": { "params": params } });
            json!({ "if": { "properties": { "metric": { "const": metric.about.id } } }, "then": then })
        })
        .collect();
    let request = &mut schema["properties"]["metrics"]["items"];
    request["properties"]["metric"]["oneOf"] = ids.into_iter().chain([own]).collect();
    request["properties"]["params"] = json!({ "type": "object", "description": "The metric's own parameters." });
    request["allOf"] = Json::Array(params);
    schema["properties"]["tables"]["additionalProperties"]["properties"]["params"] = json!({ "type": "object", "description": "Parameters of all metrics of the table that have them, unless a request gives its own." });
    schema
}
