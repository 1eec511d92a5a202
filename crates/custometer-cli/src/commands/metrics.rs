//! `metrics list` and `metrics describe`: the registry, for people.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use custometer_core::registry::Descriptor;
use custometer_core::{Definition, Domain, Registry};
use serde_json::{Map, Value as Json};

use crate::args::MetricsCommand;
use crate::failure::Failure;

pub(super) fn run(command: &MetricsCommand, registry: &Registry) -> Result<String, Failure> {
    match command {
        MetricsCommand::List => Ok(list(registry)),
        MetricsCommand::Describe { id } => match registry.get(id) {
            Some(metric) => Ok(describe(metric)),
            None => Err(Failure::usage(format!("unknown metric `{id}`: {}", registry.help(id)))),
        },
    }
}

fn list(registry: &Registry) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for metric in registry.iter() {
        table.add_row([metric.about.id, metric.about.unit.as_str(), metric.about.title]);
    }
    format!("{}\n", table.trim_fmt())
}

fn describe(metric: &Descriptor) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, metric);
    text
}

fn write(text: &mut String, metric: &Descriptor) -> std::fmt::Result {
    let about = metric.about;
    writeln!(text, "{}  ({})\n\n{}\n", about.title, about.id, about.summary)?;
    writeln!(text, "Formula\n  {}\n", about.formula)?;
    writeln!(text, "Output\n  {}, {}; {}\n", about.unit.as_str(), about.range, about.direction.as_str().replace('_', " "))?;
    if let Some(definition) = example_definition(metric) {
        writeln!(text, "Inputs, from a table of `{}`", definition.source.table)?;
        inputs(text, &definition)?;
    }
    params(text, metric)?;
    writeln!(text, "Edge cases")?;
    about.edge_cases.iter().try_for_each(|case| writeln!(text, "  - {case}"))?;
    writeln!(text, "\nExamples")?;
    for example in about.examples {
        let given: Vec<&str> = example.report.lines().chain(example.params.lines()).collect();
        let params = if given.is_empty() { String::new() } else { format!(" with {}", given.join(", ")) };
        let value = |value: &Option<f64>| value.map_or("undefined".to_owned(), |value| value.to_string());
        let expected = example.expected.iter().map(|(dimensions, found)| match dimensions {
            &"" => value(found),
            dimensions => format!("{dimensions}: {}", value(found)),
        });
        writeln!(text, "  - {}{params} → {}", example.title, expected.collect::<Vec<_>>().join(", "))?;
    }
    if !about.references.is_empty() {
        writeln!(text, "\nReferences")?;
        about.references.iter().try_for_each(|reference| writeln!(text, "  - {reference}"))?;
    }
    Ok(())
}

/// The definition with the parameters of the first example, which every metric can be made with.
fn example_definition(metric: &Descriptor) -> Option<Definition> {
    let params: Map<String, Json> = match metric.about.examples.first() {
        Some(example) => toml::from_str(example.params).ok()?,
        None => Map::new(),
    };
    metric.define(params).ok()
}

fn inputs(text: &mut String, definition: &Definition) -> std::fmt::Result {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(time) = definition.source.time.filter(|time| definition.source.columns.iter().all(|column| column.name != *time)) {
        table.add_row([time, "time", "decides the bucket", "not needed without period and grain"]);
    }
    for column in &definition.source.columns {
        let domain = if column.domain == Domain::Any { String::new() } else { format!(", {}", column.domain) };
        table.add_row([column.name, &format!("{}{domain}", column.kind.as_str()), column.description, column.nulls.as_str()]);
    }
    for rule in &definition.source.rules {
        table.add_row(["", "rejected", rule.reason.as_str(), ""]);
    }
    let lines = table.trim_fmt();
    writeln!(text, "{}\n", lines.lines().map(|line| format!(" {line}")).collect::<Vec<_>>().join("\n"))
}

fn params(text: &mut String, metric: &Descriptor) -> std::fmt::Result {
    let schema = metric.params_schema().to_value();
    let Some(properties) = schema.get("properties").and_then(Json::as_object).filter(|properties| !properties.is_empty()) else {
        return Ok(());
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Json::as_array).map(|names| names.iter().filter_map(Json::as_str).collect()).unwrap_or_default();
    writeln!(text, "Parameters")?;
    for (name, property) in properties {
        let description = property.get("description").and_then(Json::as_str).unwrap_or_default();
        let given = match property.get("default") {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            Some(default) if !default.is_null() => format!("default {default}"),
            _ => "optional".to_owned(),
        };
        writeln!(text, "  {name} ({given})\n    {}", description.replace('\n', " "))?;
        for choice in property.get("oneOf").and_then(Json::as_array).into_iter().flatten() {
            let value = choice.get("const").map(ToString::to_string).unwrap_or_default();
            let meaning = choice.get("description").and_then(Json::as_str).unwrap_or_default();
            writeln!(text, "      {value}: {meaning}")?;
        }
    }
    writeln!(text)
}
