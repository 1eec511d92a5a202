//! The repository's own reports, cut and shuffled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use custometer_core::Registry;
use custometer_runner::{Input, Report};
use custometer_testkit::{difference, run_in_stages, shown};

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

/// A report of the repository, with these settings.
fn report(name: &str, settings: &[&str]) -> Report {
    let text = std::fs::read_to_string(config().join(name)).unwrap();
    let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
    let (folder, as_of) = (config(), Some(jiff::civil::date(2026, 1, 1)));
    let input = Input {
        name,
        text: &text,
        folder: &folder,
        settings: &settings,
        as_of,
        today: None,
        environment: &|_| None,
        given: &BTreeMap::new(),
    };
    custometer_runner::load(&input, &Registry::linked().unwrap()).unwrap_or_else(|problems| panic!("{}", shown(&problems)))
}

fn is_one_run(name: &str, seed: u64) {
    let report = report(name, &[]);
    let run = custometer_runner::run(&report, &config(), &|_| ()).unwrap();
    let staged = run_in_stages(&report, &config(), seed).unwrap();
    if let Some(difference) = difference(&run, &staged) {
        panic!("`{name}` cut by {seed}: {difference}");
    }
}

#[test]
fn quickstart_is_one_run() {
    is_one_run("quickstart.toml", 6);
}

#[test]
fn loyalty_is_one_run() {
    is_one_run("loyalty.toml", 12);
}

#[test]
fn support_is_one_run() {
    is_one_run("support.toml", 17);
}

#[test]
fn web_engagement_is_one_run() {
    is_one_run("web-engagement.toml", 19);
}

#[test]
fn own_metrics_are_one_run() {
    is_one_run("own-metrics.toml", 33);
}

#[test]
fn management_is_one_run() {
    is_one_run("management.toml", 37);
}
