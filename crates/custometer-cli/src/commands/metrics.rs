//! `metrics list` and `metrics describe`: the registry, for people; as data it is the catalogue.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use custometer_core::registry::Descriptor;
use custometer_core::{Definition, Registry};
use serde::Serialize;

use crate::args::{MetricsCommand, MetricsFormat};
use crate::catalogue::{self, Entry};
use crate::description;
use crate::failure::Failure;

pub(super) fn run(command: &MetricsCommand, registry: &Registry) -> Result<String, Failure> {
    match command {
        MetricsCommand::List { format: MetricsFormat::Table } => Ok(list(registry)),
        MetricsCommand::List { format: MetricsFormat::Json } => json(&catalogue::all(registry)),
        MetricsCommand::Describe { id, format } => match registry.get(id) {
            Some(metric) => match format {
                MetricsFormat::Table => Ok(describe(metric)),
                MetricsFormat::Json => json(&Entry::of(metric)),
            },
            None => Err(Failure::usage(format!("unknown metric `{id}`: {}", registry.help(id)))),
        },
    }
}

fn json(catalogue: &impl Serialize) -> Result<String, Failure> {
    Ok(format!("{}\n", serde_json::to_string_pretty(catalogue).map_err(Failure::run)?))
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
    let definitions = description::definitions(metric);
    if let Some(windows) = description::no_windows(metric, &definitions) {
        writeln!(text, "Over a window\n  {windows}\n")?;
    }
    if let Some((_, definition)) = definitions.first() {
        writeln!(text, "Inputs, from a table of `{}`", definition.source.table)?;
        inputs(text, definition)?;
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

fn inputs(text: &mut String, definition: &Definition) -> std::fmt::Result {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(time) = description::bucket_column(&definition.source) {
        table.add_row([time, "time", "decides the bucket", "not needed without period and grain"]);
    }
    for column in description::columns(&definition.source) {
        table.add_row([column.name, &description::values_of(column), column.description, column.nulls.as_str()]);
    }
    for reason in definition.source.reasons() {
        table.add_row(["", "rejected", reason.as_str(), ""]);
    }
    let lines = table.trim_fmt();
    writeln!(text, "{}\n", lines.lines().map(|line| format!(" {line}")).collect::<Vec<_>>().join("\n"))
}

fn params(text: &mut String, metric: &Descriptor) -> std::fmt::Result {
    let params = description::params(metric);
    if params.is_empty() {
        return Ok(());
    }
    writeln!(text, "Parameters")?;
    for param in params {
        writeln!(text, "  {} ({})\n    {}", param.name, param.given, param.description)?;
        param.choices.iter().try_for_each(|(word, meaning)| writeln!(text, "      {word}: {meaning}"))?;
    }
    writeln!(text)
}
