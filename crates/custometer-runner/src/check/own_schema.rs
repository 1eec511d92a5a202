//! The JSON Schema of one report: with the names of its own tables, columns, segments and results, so that an editor completes and underlines
//! them.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::Registry;
use polars::prelude::PlSmallStr;
use serde_json::{Value as Json, json};

use crate::check::config::{self, Config};
use crate::check::schema::{columns_of, schema};
use crate::check::{Input, segments, tables};
use crate::config::diagnostics::{Collector, Text};
use crate::read::table::Table;

/// The schema of a report, whatever is wrong with it: what is not known of it is left open.
pub fn schema_for(input: &Input<'_>, registry: &Registry) -> Json {
    let mut problems = Collector::new(Text::new(input.name, input.text, input.settings, input.folder));
    let (config, _) = config::read(input.environment, &mut problems);
    let mut opened =
        tables::open_all(&config.tables, (&config.report.timezone.0, config.report.hash_ids.is_none()), input.given, &mut problems);
    segments::add(&config.segments, &mut opened, &mut problems);
    let mut schema = schema(registry);
    for (name, table) in &opened {
        if let Some(table) = table {
            add_table(&mut schema, name, table, &config, registry);
        }
    }
    add_names(&mut schema, &config);
    schema
}

/// One of some names, or what a variable stands for.
fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Json {
    let names: BTreeSet<&str> = names.into_iter().collect();
    json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": "\\$\\{" }] })
}

/// Adds what is known of a table: what its own keys may name, and what requests on it may.
fn add_table(schema: &mut Json, name: &str, table: &Table, config: &Config, registry: &Registry) {
    let (stored, columns) = (table.stored(), table.columns());
    // A union maps no columns: those that it has are named by its sources.
    let in_file = if table.sources().is_empty() {
        one_of(stored.iter_names().map(PlSmallStr::as_str))
    } else {
        one_of(columns.iter().map(String::as_str))
    };
    let known = one_of(columns.iter().map(String::as_str));
    let mut own = schema["properties"]["tables"]["additionalProperties"].clone();
    let keys = &mut own["properties"];
    keys["columns"]["additionalProperties"] = json!({ "anyOf": [in_file, { "type": "array", "items": in_file, "minItems": 1 }] });
    let asked = config.metrics.iter().filter(|request| request.table.get_ref() == name);
    let read: BTreeMap<&str, Json> = asked.filter_map(|request| registry.get(request.metric.get_ref())).flat_map(columns_of).collect();
    for (logical, description) in read {
        let mut column = keys["columns"]["additionalProperties"].clone();
        column["description"] = description;
        keys["columns"]["properties"][logical] = column;
    }
    for key in ["blank", "time_formats", "formats"] {
        keys[key]["propertyNames"] = known.clone();
    }
    keys["deduplicate"]["items"] = known.clone();
    schema["properties"]["tables"]["properties"][name] = own;
    let then = json!({ "properties": {
        "by": { "items": { "items": known } },
        "columns": { "additionalProperties": known },
        "compare_groups": { "properties": { "by": known } },
    }});
    let is_of_it = json!({ "properties": { "table": { "const": name } }, "required": ["table"] });
    if let Some(conditions) = schema["properties"]["metrics"]["items"]["allOf"].as_array_mut() {
        conditions.push(json!({ "if": is_of_it, "then": then }));
    }
}

/// Adds the names of the report's sections, where they are used.
fn add_names(schema: &mut Json, config: &Config) {
    let tables = one_of(config.tables.keys().map(String::as_str));
    let with_description = |node: &mut Json, names: &Json| {
        let description = node["description"].clone();
        *node = names.clone();
        node["description"] = description;
    };
    let request = &mut schema["properties"]["metrics"]["items"]["properties"];
    with_description(&mut request["table"], &tables);
    with_description(&mut request["segment"], &one_of(config.segments.keys().map(|name| name.get_ref().as_str())));
    for (name, _) in &config.define {
        if let Some(ids) = request["metric"]["oneOf"].as_array_mut() {
            let position = ids.len().saturating_sub(1);
            ids.insert(position, json!({ "const": name.get_ref(), "description": "A metric that the report defines." }));
            // Of a list of which one holds, the pattern of others must not hold too.
            ids[position + 1]["not"] = json!({ "enum": config.define.iter().map(|(name, _)| name.get_ref()).collect::<Vec<_>>() });
        }
    }
    with_description(&mut schema["properties"]["segments"]["additionalProperties"]["properties"]["table"], &tables);
    let named = config.named();
    let alert = &mut schema["properties"]["alerts"]["items"]["properties"];
    alert["metrics"]["items"] = one_of(named.results);
    with_description(&mut alert["webhook"], &one_of(named.webhooks));
    with_description(&mut alert["mail"], &one_of(named.mails));
}
