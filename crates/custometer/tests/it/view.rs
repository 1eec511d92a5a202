//! Stored results: what a run printed, printed again without its data.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn custometer(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_custometer"));
    command.args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).env("POLARS_MAX_THREADS", "2");
    command.output().unwrap()
}

#[test]
fn stored_results_of_every_sample_report_are_shown_with_the_bytes_of_the_run() {
    let folder = TempDir::new().unwrap();
    let stored = |name: &str| folder.path().join(name).display().to_string();
    for report in ["quickstart", "management", "support", "web-engagement", "loyalty"] {
        let (run, viewed) = (stored(&format!("{report}-run")), stored(&format!("{report}-view")));
        let config = format!("config/{report}.toml");
        let formats = "table,markdown,html,json,csv,parquet,xlsx";
        let output = custometer(&["run", &config, "--as-of", "2026-01-01", "--format", formats, "--out", &run, "--quiet"]);
        assert!(Path::new(&run).join("results.json").exists(), "{report}: {}", String::from_utf8_lossy(&output.stderr));
        let results = format!("{run}/results.json");
        let output = custometer(&["view", &results, "--format", formats, "--out", &viewed, "--quiet"]);
        assert!(output.status.success(), "{report}: {}", String::from_utf8_lossy(&output.stderr));
        let results = ["txt", "md", "html", "json", "csv", "parquet", "xlsx"].map(|extension| format!("results.{extension}"));
        for name in results.iter().map(String::as_str).chain(["alerts.csv", "rejected.csv"]) {
            let [expected, found] = [&run, &viewed].map(|folder| fs::read(Path::new(folder).join(name)).unwrap());
            assert!(expected == found, "{name} of {report} differs");
        }
    }
}

#[test]
fn what_is_no_stored_result_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("results.json");
    fs::write(&path, "{\"schema_version\": 99}").unwrap();
    let output = custometer(&["view", path.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("schema version 99"), "{said}");
}
