//! What is told of metrics: the catalogue as data, and the manual.

use std::fs;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{custometer, stdout};

fn catalogue() -> Vec<Json> {
    serde_json::from_str(&stdout(&custometer(&["metrics", "list", "--format", "json"]))).unwrap()
}

#[test]
fn the_catalogue_has_the_metrics_that_are_listed() {
    let listed = stdout(&custometer(&["metrics", "list"]));
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let catalogue = catalogue();
    assert_eq!(catalogue.iter().map(|entry| entry["id"].as_str().unwrap()).collect::<Vec<_>>(), listed);
    for id in ["loyalty.nps", "web.funnel"] {
        let described: Json = serde_json::from_str(&stdout(&custometer(&["metrics", "describe", id, "--format", "json"]))).unwrap();
        assert_eq!(Some(&described), catalogue.iter().find(|entry| entry["id"] == id));
    }
}

#[test]
fn a_metric_tells_what_it_reads_and_what_it_becomes() {
    let catalogue = catalogue();
    let of = |id: &str| catalogue.iter().find(|entry| entry["id"] == id).unwrap();
    // By the definition of the net promoter score: an answer is a whole number from 0 to 10, and the score a difference of shares.
    let nps = of("loyalty.nps");
    assert_eq!((&nps["unit"], &nps["direction"]), (&json!("points"), &json!("higher_is_better")));
    let score = &nps["variants"][0]["input"]["columns"][0];
    assert_eq!((&score["name"], &score["type"]), (&json!("score"), &json!("number")));
    assert_eq!(score["values"], json!({ "min": 0, "max": 10, "is_whole": true, "one_of": null }));
    assert_eq!(nps["params"]["additionalProperties"], false);
    // Its statistic alone decides the unit of a funnel.
    let funnel = of("web.funnel")["variants"].as_array().unwrap();
    let units: Vec<&str> = funnel.iter().map(|variant| variant["unit"].as_str().unwrap()).collect();
    assert!(["percent", "count", "seconds"].iter().all(|unit| units.contains(unit)), "{units:?}");
    for variant in funnel {
        let expected = match variant["params"]["statistic"].as_str() {
            Some("reached") => "count",
            Some("median_time") => "seconds",
            _ => "percent",
        };
        assert_eq!(variant["unit"], expected, "{variant}");
    }
}

#[test]
fn what_the_catalogue_says_is_complete_and_has_no_traces_of_how_it_is_made() {
    for entry in catalogue() {
        let said = |key: &str| !entry[key].as_str().unwrap().is_empty();
        assert!(["id", "title", "summary", "formula", "crate", "unit", "range", "direction"].iter().all(|key| said(key)), "{entry}");
        let listed = |key: &str| !entry[key].as_array().unwrap().is_empty();
        assert!(["variants", "edge_cases", "examples"].iter().all(|key| listed(key)), "{entry}");
        let text = entry.to_string();
        assert!(["$__", "{i}", "\\u0000"].iter().all(|trace| !text.contains(trace)), "{text}");
        for variant in entry["variants"].as_array().unwrap() {
            let input = &variant["input"];
            assert!(!input["table"].as_str().unwrap().is_empty() && input["columns"].is_array(), "{entry}");
        }
    }
}

/// The examples of the catalogue are run as one who has nothing else would run them.
#[test]
fn the_examples_of_the_catalogue_come_to_what_it_expects() {
    let folder = TempDir::new().unwrap();
    let mut compared = 0;
    for entry in catalogue() {
        let id = entry["id"].as_str().unwrap();
        let example = &entry["examples"].as_array().unwrap()[0];
        fs::write(folder.path().join("rows.csv"), example["table"].as_str().unwrap()).unwrap();
        let params: Vec<String> =
            example["params"].as_object().unwrap().iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
        let report = format!(
            "[report]\n{}\n[tables.rows]\npath = \"rows.csv\"\n[[metrics]]\nmetric = \"{id}\"\ntable = \"rows\"\nparams = {{ {} }}\n",
            example["report"].as_str().unwrap(),
            params.join(", ")
        );
        let path = folder.path().join("report.toml");
        fs::write(&path, report).unwrap();
        let found: Json = serde_json::from_str(&stdout(&custometer(&["run", path.to_str().unwrap(), "--format", "json"]))).unwrap();
        let expected = example["expected"].as_array().unwrap();
        assert_eq!(found["results"].as_array().unwrap().len(), expected.len(), "{id}");
        for row in expected {
            let same = found["results"].as_array().unwrap().iter().find(|found| {
                let dimensions = row["dimensions"].as_object().unwrap().iter();
                let start = row["start"].as_str().is_none_or(|start| found["start"].as_str().unwrap().starts_with(start));
                start && dimensions.into_iter().all(|(name, value)| text(&found["dimensions"][name]) == value.as_str().unwrap())
            });
            let value = &same.unwrap_or_else(|| panic!("{id}: no row for {row}"))["value"];
            let is_same = match (value.as_f64(), row["value"].as_f64()) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                (found, expected) => found == expected,
            };
            assert!(is_same, "{id}: {value} instead of {row}");
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} values");
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of JSON as TOML has it.
fn toml(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) => {
            format!("{{ {} }}", entries.iter().map(|(name, value)| format!("{name:?} = {}", toml(value))).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn each_command_has_a_page_of_the_manual() {
    let folder = TempDir::new().unwrap();
    stdout(&custometer(&["man", "--out", folder.path().to_str().unwrap()]));
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for name in ["custometer.1", "custometer-metrics-describe.1", "custometer-validate.1"] {
        assert!(page(name).starts_with(".ie"), "{}", page(name));
    }
    let run = page("custometer-run.1");
    assert!(run.contains("a target is missed, with \\-\\-fail\\-on\\-target"), "{run}");
    // It is for packages, and no command that anybody types.
    assert!(!folder.path().join("custometer-man.1").exists());
}
