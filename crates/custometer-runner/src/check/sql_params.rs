//! Conditions: the SQL in requests and their parameters, as columns of their tables.

use custometer_core::registry::Descriptor;
use custometer_core::{Registry, SqlCondition};
use serde_json::{Map, Value as Json};
use toml::Spanned;

use crate::check::requests::MetricConfig;
use crate::check::tables;
use crate::config::diagnostics::Collector;
use crate::read::table::Table;

/// Adds a column to the table of each request for its condition and every one in its parameters, and reports what is wrong with them.
pub(crate) fn add(requests: &[MetricConfig], registry: &Registry, tables: &mut [Table], problems: &mut Collector) {
    for request in requests {
        let table = tables.iter_mut().find(|table| table.name == *request.table.get_ref());
        let Some(table) = table else { continue };
        if let Some(condition) = &request.condition {
            tables::add_condition(table, condition, problems);
        }
        let Some(metric) = registry.get(request.metric.get_ref()) else { continue };
        for (path, sql) in conditions(metric, &request.params.given) {
            tables::add_condition(table, &Spanned::new(request.params.locate(&path, false), sql), problems);
        }
    }
}

/// The conditions among parameters, each with the keys that lead to it.
fn conditions(metric: &Descriptor, given: &Map<String, Json>) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let given = Json::Object(given.clone());
    collect(&metric.params_schema().to_value(), &given, &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Json, given: &Json, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    for choice in ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten() {
        collect(choice, given, path, found);
    }
    match given {
        Json::String(sql) if schema.get(SqlCondition::MARK).is_some() => found.push((path.clone(), sql.clone())),
        Json::Object(entries) => {
            for (key, value) in entries {
                let Some(schema) = schema.pointer(&format!("/properties/{key}")) else { continue };
                path.push(key.clone());
                collect(schema, value, path, found);
                path.pop();
            }
        }
        Json::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            for (position, item) in items.iter().enumerate() {
                path.push(position.to_string());
                collect(schema, item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}
