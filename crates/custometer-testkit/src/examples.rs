//! The documented examples of a metric, run as reports.

use custometer_core::Registry;
use custometer_core::metric::Example;
use custometer_core::registry::Descriptor;
use serde_json::Value as Json;

use crate::case::Case;
use crate::input::Input as Rows;

/// Runs every documented example of a metric through the whole path, and says which ones do not hold.
pub fn check_examples(metric: &'static Descriptor) -> Vec<String> {
    metric.about.examples.iter().filter_map(|example| check_example(metric, example).err()).collect()
}

fn check_example(metric: &'static Descriptor, example: &Example) -> Result<(), String> {
    let id = metric.about.id;
    let failed = |reason: String| format!("{id}, {}: {reason}", example.title);
    let config = format!(
        "[report]\n{}\n\n[tables.rows]\npath = \"rows.csv\"\n\n[[metrics]]\nmetric = \"{id}\"\ntable = \"rows\"\n\n[metrics.params]\n{}\n",
        example.report, example.params
    );
    let registry = Registry::of([metric]).map_err(|error| failed(error.to_string()))?;
    let case = Case::knowing(registry).file("rows.csv", Rows::of_example(example).csv());
    let json = case.json(&config).map_err(failed)?;
    let found = case.memory(0).json(&config).map_err(failed)?;
    if found != json {
        return Err(failed(format!("{} where everything is put on disk, instead of {}", found["results"], json["results"])));
    }
    let results = json["results"].as_array().cloned().unwrap_or_default();
    if results.len() != example.expected.len() {
        return Err(failed(format!("{} rows instead of {}: {}", results.len(), example.expected.len(), json["results"])));
    }
    for (dimensions, expected) in example.expected {
        let by_grain = example.report.lines().any(|line| line.starts_with("grain"));
        let found = results.iter().find(|row| {
            let start = row["start"].as_str().filter(|_| by_grain).map_or("", |start| &start[..10]);
            format!("{start} {}", named(&row["dimensions"])).trim() == *dimensions
        });
        let found = found.ok_or_else(|| failed(format!("no row for `{dimensions}`")))?;
        match (found["value"].as_f64(), expected) {
            (None, None) => {}
            (Some(found), Some(expected)) if (found - expected).abs() <= 1e-9 * expected.abs().max(1.0) => {}
            (found, expected) => return Err(failed(format!("{found:?} instead of {expected:?} for `{dimensions}`"))),
        }
    }
    Ok(())
}

fn named(dimensions: &Json) -> String {
    let entries = dimensions.as_object().into_iter().flatten();
    entries.map(|(name, value)| format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned))).collect::<Vec<_>>().join(",")
}
