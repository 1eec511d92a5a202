//! The program as its users run it: arguments in, output and exit codes out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod book;
mod catalogue;
mod compute;
mod determinism;
mod editors;
mod history;
mod init;
mod inspect;
mod leaks;
mod loyalty;
mod many;
mod memory;
mod new;
mod outputs;
mod support;
mod telling;
mod view;
mod watch;
mod web_engagement;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;
use tempfile::TempDir;

const QUICKSTART: &str = "config/quickstart.toml";

/// The program, in the repository's root.
fn custometer(arguments: &[&str]) -> Output {
    with_threads(arguments, None)
}

fn with_threads(arguments: &[&str], threads: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_custometer"));
    command.args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    if let Some(threads) = threads {
        command.env("POLARS_MAX_THREADS", threads);
    }
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_quickstart_runs_and_finds_what_happened() {
    let json: Json = serde_json::from_str(&stdout(&custometer(&["run", QUICKSTART, "--format", "json"]))).unwrap();
    assert_eq!(json["schema_version"], 2);
    let plus = |quarter: &str| {
        let rows = json["results"].as_array().unwrap().iter();
        let mut rows = rows.filter(|row| row["request"] == "nps_of_products_by_quarter" && row["dimensions"]["product"] == "Plus");
        rows.find(|row| row["start"].as_str().unwrap().starts_with(quarter)).unwrap().clone()
    };
    // The sample data change in September: the intervals before and after do not meet.
    assert!(plus("2025-10")["high"].as_f64().unwrap() < plus("2025-04")["low"].as_f64().unwrap());
    assert!(!json["rejected"].as_array().unwrap().is_empty());
}

#[test]
fn metrics_of_a_config_of_its_own_run() {
    let json: Json = serde_json::from_str(&stdout(&custometer(&["run", "config/own-metrics.toml", "--format", "json"]))).unwrap();
    let rows = |request: &str| -> Vec<Json> {
        json["results"].as_array().unwrap().iter().filter(|row| row["request"] == request).cloned().collect()
    };
    assert!(rows("acme.big_order_share").iter().all(|row| row["low"].is_number() && row["high"].is_number()));
    for row in rows("revenue_per_visitor") {
        let number = |value: &Json| value.as_f64().unwrap();
        let expected = number(&row["measures"]["revenue"]) / number(&row["measures"]["visitors"]);
        assert!((number(&row["value"]) / expected - 1.0).abs() < 1e-9, "{row}");
    }
    assert_eq!(rows("revenue_per_visitor").len(), 4);
    let explained = stdout(&custometer(&["explain", "config/own-metrics.toml"]));
    assert!(explained.contains("derived `revenue_per_visitor`: revenue / visitors"), "{explained}");
    assert_eq!(explained.matches("1 scan of").count(), 3, "{explained}");
}

#[test]
fn the_quickstart_reads_each_table_once() {
    insta::assert_snapshot!(stdout(&custometer(&["explain", QUICKSTART])));
}

#[test]
fn one_thread_or_two_give_the_same_bytes() {
    let run = |threads| stdout(&with_threads(&["run", QUICKSTART, "--format", "json"], Some(threads)));
    assert_eq!(run("1"), run("2"));
}

#[test]
fn several_formats_go_to_a_folder() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("results");
    let output = custometer(&["run", QUICKSTART, "--format", "json,csv,parquet,table", "--out", out.to_str().unwrap()]);
    assert_eq!(stdout(&output), "");
    let files = fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.filter(|file| file != ".custometer").collect();
    files.sort();
    assert_eq!(files, ["alerts.csv", "rejected.csv", "results.csv", "results.json", "results.parquet", "results.txt"]);
}

#[test]
fn exit_codes_tell_a_batch_job_what_happened() {
    let code = |arguments: &[&str]| custometer(arguments).status.code();
    assert_eq!(code(&["validate", QUICKSTART]), Some(0));
    assert_eq!(code(&["validate", "config/missing.toml"]), Some(2));
    assert_eq!(code(&["run", QUICKSTART, "--set", "report.grain=fortnight"]), Some(2));
    assert_eq!(code(&["run", QUICKSTART, "--format", "json,csv"]), Some(2));
    assert_eq!(code(&["metrics", "describe", "loyalty.npss"]), Some(2));
    assert_eq!(code(&["run"]), Some(2));
    // A folder that can't be made is a failure of the run, not of the report.
    assert_eq!(code(&["run", QUICKSTART, "--out", "Cargo.toml/results"]), Some(1));
}

#[test]
fn more_rejected_rows_than_allowed_are_an_exit_code_of_their_own() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("results");
    let arguments = ["run", QUICKSTART, "--set", "report.max_rejected_percent=0.2", "--out", out.to_str().unwrap()];
    let output = custometer(&[&arguments[..], &["--strict"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(!out.exists(), "a strict run that fails writes nothing");
    let output = custometer(&arguments);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("more rows were rejected than the 0.2 % that the report allows: "), "{}", stderr(&output));
    assert!(out.join("results.txt").exists());
}

#[test]
fn a_report_that_is_wrong_says_so_on_stderr_and_nothing_on_stdout() {
    let output = custometer(&["run", QUICKSTART, "--set", "metrics.0.metric=loyalty.npss"]);
    assert!(output.stdout.is_empty());
    assert!(stderr(&output).contains("unknown metric `loyalty.npss`"), "{}", stderr(&output));
    assert!(stderr(&output).contains("did you mean `loyalty.nps`?"), "{}", stderr(&output));
}

#[test]
fn settings_and_the_as_of_date_change_the_report() {
    let settings = ["--set", "metrics.0.grain=month", "--set", "report.until=2025-04-01", "--as-of", "2025-03-10"];
    let arguments = [&["run", QUICKSTART, "--format", "json"][..], &settings].concat();
    let json: Json = serde_json::from_str(&stdout(&custometer(&arguments))).unwrap();
    let rows = json["results"].as_array().unwrap().iter();
    let total = rows.filter(|row| row["request"] == "loyalty.nps" && row["dimensions"].as_object().unwrap().is_empty());
    let partial: Vec<bool> = total.map(|row| row["partial"].as_bool().unwrap()).collect();
    assert_eq!(partial, [false, false, true]);
}

#[test]
fn samples_are_the_committed_ones() {
    let folder = TempDir::new().unwrap();
    stdout(&custometer(&["sample", "--out", folder.path().to_str().unwrap()]));
    let files = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let names = files(folder.path());
    assert_eq!(names, files(&datasets));
    for name in names {
        let (made, committed) = (fs::read(folder.path().join(&name)).unwrap(), fs::read(datasets.join(&name)).unwrap());
        assert!(made == committed, "datasets/{name} is not what `custometer sample` makes");
    }
}

#[test]
fn metrics_are_listed_and_described() {
    assert!(stdout(&custometer(&["metrics", "list"])).contains("loyalty.nps"));
    insta::assert_snapshot!(stdout(&custometer(&["metrics", "describe", "support.first_response_time"])));
}

#[test]
fn the_schema_knows_every_metric_and_its_parameters() {
    let schema: Json = serde_json::from_str(&stdout(&custometer(&["schema"]))).unwrap();
    let request = &schema["properties"]["metrics"]["items"];
    let known = request["properties"]["metric"]["oneOf"].as_array().unwrap();
    let ids: Vec<&str> = known.iter().filter_map(|id| id["const"].as_str()).collect();
    // The last one stands for metrics of the config's own.
    assert_eq!(ids.len(), known.len() - 1);
    assert!(ids.contains(&"web.conversion_rate"));
    let conversion = request["allOf"].as_array().unwrap().iter();
    let conversion = conversion.clone().find(|rule| rule["if"]["properties"]["metric"]["const"] == "web.conversion_rate").unwrap();
    // Its table may give it the events that convert.
    assert!(conversion["then"]["properties"]["params"].get("required").is_none());
    assert!(conversion["then"]["properties"]["params"]["properties"]["base"].is_object());
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(stdout(&custometer(&["completions", shell])).contains("custometer"), "{shell}");
    }
}
