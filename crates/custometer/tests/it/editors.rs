//! What editors and code hosts are told: the schema of one report, and problems as data.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

const REPORT: &str = "include = [\"tables.toml\"]\n\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[\"regoin\"]]\n\n\
                      [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"answers\"\n";
const TABLES: &str = "[tables.orders]\npath = \"orders.csv\"\ncolumns = { amount = \"Totl\" }\n[tables.orders.derive]\nis_north = \"Region = 'North'\"\n\
                      [segments.southern]\nwhere = \"Region = 'South'\"\n";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("orders.csv"), "time,Total,Region\n2025-01-03,20,North\n").unwrap();
    fs::write(folder.path().join("report.toml"), REPORT).unwrap();
    fs::write(folder.path().join("tables.toml"), TABLES).unwrap();
    folder
}

fn told(folder: &TempDir, arguments: &[&str]) -> (i32, Json, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}")), said)
}

fn names(schema: &Json) -> Vec<&str> {
    schema["anyOf"][0]["enum"].as_array().unwrap_or_else(|| panic!("{schema}")).iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn the_schema_of_a_report_knows_its_tables_and_columns_whatever_is_wrong_with_it() {
    let folder = folder();
    fs::write(folder.path().join("tables.toml"), TABLES.replace("Totl", "Total")).unwrap();
    let (code, schema, _) = told(&folder, &["schema", "--for", "report.toml"]);
    assert_eq!(code, 0);
    let request = &schema["properties"]["metrics"]["items"];
    assert_eq!(names(&request["properties"]["table"]), ["orders"]);
    assert_eq!(names(&request["properties"]["segment"]), ["southern"]);
    let of_orders =
        request["allOf"].as_array().unwrap().iter().find(|part| part["if"]["properties"]["table"]["const"] == json!("orders")).unwrap();
    let columns = ["Region", "Total", "amount", "is_north", "southern", "time"];
    assert_eq!(names(&of_orders["then"]["properties"]["by"]["items"]["items"]), columns);
    let own = &schema["properties"]["tables"]["properties"]["orders"]["properties"]["columns"];
    assert_eq!(names(&own["additionalProperties"]["anyOf"][0]), ["Region", "Total", "time"]);
    assert!(own["properties"]["amount"]["description"].as_str().unwrap().ends_with("(number)"), "{own}");
}

#[test]
fn the_schema_says_which_columns_a_metric_reads() {
    let folder = folder();
    let (_, schema, _) = told(&folder, &["schema"]);
    let parts = schema["properties"]["metrics"]["items"]["allOf"].as_array().unwrap();
    let of_value = parts.iter().find(|part| part["if"]["properties"]["metric"]["const"] == json!("loyalty.average_order_value")).unwrap();
    let columns = of_value["then"]["properties"]["columns"]["properties"].as_object().unwrap();
    assert!(columns.contains_key("amount") && columns.contains_key("time"), "{columns:?}");
}

#[test]
fn problems_are_told_as_data_with_the_file_that_they_stand_in() {
    let (code, document, said) = told(&folder(), &["validate", "report.toml", "--format", "json"]);
    assert_eq!((code, said.as_str()), (2, "error: 3 problems in the reports\n"));
    let found: Vec<(&str, u64, u64, u64)> = document["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            (
                problem["file"].as_str().unwrap(),
                problem["line"].as_u64().unwrap(),
                problem["column"].as_u64().unwrap(),
                problem["end_column"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, [("report.toml", 6, 8, 16), ("report.toml", 10, 9, 18), ("tables.toml", 3, 22, 28)]);
    assert_eq!(document["problems"][2]["help"], json!("did you mean `Total`?"));
}

#[test]
fn problems_are_annotations_of_a_code_host() {
    let (code, sarif, _) = told(&folder(), &["validate", "report.toml", "--format", "sarif"]);
    assert_eq!((code, &sarif["version"]), (2, &json!("2.1.0")));
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], run["tool"]["driver"]["rules"][0]["id"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], json!("report.toml"));
    assert_eq!(place["region"], json!({ "startLine": 6, "startColumn": 8, "endLine": 6, "endColumn": 16 }));
    let (code, sarif, _) = told(&folder(), &["validate", "report.toml", "--format", "sarif", "--set", "report.grain=fortnight"]);
    assert_eq!(code, 2);
    let set = sarif["runs"][0]["results"].as_array().unwrap().iter().find(|result| result["locations"][0]["logicalLocations"].is_array());
    assert_eq!(set.unwrap()["locations"][0]["logicalLocations"][0]["name"], json!("--set"));
}

#[test]
fn a_report_in_order_has_no_problems() {
    let folder = folder();
    let fine = "[tables.orders]\npath = \"orders.csv\"\ncolumns = { amount = \"Total\" }\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n";
    fs::write(folder.path().join("fine.toml"), fine).unwrap();
    let (code, document, said) = told(&folder, &["validate", "fine.toml", "--format", "json"]);
    assert_eq!((code, said.as_str(), document), (0, "", json!({ "version": 1, "problems": [], "more": 0 })));
}
