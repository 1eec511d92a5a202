//! Runs that remember: what is kept, what two runs differ in, and alerts that are told once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use jiff::civil::Date;
use serde_json::Value as Json;
use tempfile::TempDir;

fn program(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Orders by number: the day, the amount.
type Orders = BTreeMap<u32, (Date, f64)>;

/// The orders of a shop, each with the night on which it came into the export.
struct Shop {
    folder: TempDir,
    orders: Orders,
}

impl Shop {
    fn new(more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = format!(
            "[report]\nfrom = 2024-01-01\nuntil = 2025-01-01\ngrain = \"month\"\n[tables.orders]\npath = \"orders.csv\"\n\
             [[metrics]]\nname = \"orders\"\nmetric = \"shop.orders\"\ntable = \"orders\"\n\
             [define.\"shop.orders\"]\ntable = \"orders\"\nmeasures = {{ orders = \"count(*)\" }}\nvalue = \"orders\"\nunit = \"count\"\n\
             [[metrics]]\nname = \"aov\"\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n{more}\n"
        );
        fs::write(folder.path().join("report.toml"), config).unwrap();
        Self { folder, orders: BTreeMap::new() }
    }

    fn write(&self) {
        let line = |(number, (day, amount)): (&u32, &(Date, f64))| format!("{number},{day},{amount}\n");
        let lines = self.orders.iter().map(line).collect::<Vec<_>>().concat();
        fs::write(self.folder.path().join("orders.csv"), format!("order_id,time,amount\n{lines}")).unwrap();
    }

    fn night(&self, as_of: Date, more: &[&str]) -> (i32, String, String) {
        self.write();
        let as_of = as_of.to_string();
        let arguments = ["run", "report.toml", "--state", "state", "--format", "json", "--as-of", &as_of];
        said(&program(self.folder.path(), &[&arguments, more].concat()))
    }

    fn diff(&self, old: &str, new: &str) -> Json {
        let (code, out, err) = said(&program(self.folder.path(), &["diff", old, new, "--state", "state", "--format", "json"]));
        assert_eq!((code, err.as_str()), (0, ""));
        serde_json::from_str(&out).unwrap()
    }
}

/// Numbers that look random and are the same in every run.
fn chance() -> impl FnMut(u64) -> u64 {
    let mut state = 42_u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A whole number; 0 where there is none.
fn whole(number: &Json) -> i64 {
    number.as_f64().map_or(0, |number| format!("{number:.0}").parse().unwrap())
}

#[test]
fn a_year_of_nights_with_late_corrected_and_deleted_rows_has_diffs_whose_causes_add_up() {
    let mut shop = Shop::new("");
    let (mut chance, mut number) = (chance(), 0);
    let mut before: Option<(Date, Orders)> = None;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    // Every second week, so that the test is quick.
    for night in 1..=26 {
        let as_of = jiff::civil::date(2024, 1, 1).checked_add(jiff::Span::new().days(14 * night)).unwrap();
        for day in 1..=14 {
            for _ in 0..=chance(3) {
                number += 1;
                shop.orders.insert(number, (as_of.checked_sub(jiff::Span::new().days(day)).unwrap(), 10.0 + chance(90) as f64));
            }
        }
        // Late ones, of a month that was over.
        for _ in 0..chance(3) {
            number += 1;
            let day = as_of.checked_sub(jiff::Span::new().days(35 + i64::try_from(chance(30)).unwrap())).unwrap();
            shop.orders.insert(number, (day.max(jiff::civil::date(2024, 1, 1)), 25.0));
        }
        let known: Vec<u32> = shop.orders.keys().copied().collect();
        let some = |which: u64| known[usize::try_from(which).unwrap() % known.len()];
        if chance(2) == 0 {
            shop.orders.remove(&some(chance(1000)));
        }
        if chance(2) == 0 {
            shop.orders.entry(some(chance(1000))).and_modify(|(_, amount)| *amount += 1.0);
        }
        let (code, _, err) = shop.night(as_of, &["--quiet"]);
        assert_eq!((code, err.as_str()), (0, ""));
        if let Some((last, orders)) = &before {
            let diff = shop.diff(&last.to_string(), &as_of.to_string());
            // What is told of the number of orders, month by month, is what is left of those that came and went.
            let month = |day: Date| format!("{}", day.first_of_month());
            let mut truth: BTreeMap<String, i64> = BTreeMap::new();
            let known = |(number, (day, _)): (&u32, &(Date, f64)), until: Date| (*day < until).then_some((*number, *day));
            let then: BTreeMap<u32, Date> = orders.iter().filter_map(|order| known(order, *last)).collect();
            let now: BTreeMap<u32, Date> = shop.orders.iter().filter_map(|order| known(order, as_of)).collect();
            now.iter().filter(|(number, _)| !then.contains_key(number)).for_each(|(_, day)| *truth.entry(month(*day)).or_default() += 1);
            then.iter().filter(|(number, _)| !now.contains_key(number)).for_each(|(_, day)| *truth.entry(month(*day)).or_default() -= 1);
            truth.retain(|_, change| *change != 0);
            let mut told: BTreeMap<String, i64> = BTreeMap::new();
            for value in diff["values"].as_array().unwrap().iter().filter(|value| value["request"] == "orders") {
                let start = value["start"].as_str().unwrap()[..10].to_owned();
                for cause in value["causes"].as_array().unwrap() {
                    let rows = whole(&cause["rows"]);
                    let is_over = value["restated"] == true;
                    match cause["cause"].as_str().unwrap() {
                        "new_rows" | "as_of" => assert!(!is_over, "{value:#}"),
                        "late_rows" => assert!(is_over, "{value:#}"),
                        "vanished_rows" => {}
                        other => panic!("{other}: {value:#}"),
                    }
                    let sign = if cause["cause"] == "vanished_rows" { -1 } else { 1 };
                    *told.entry(start.clone()).or_default() += sign * rows;
                }
                assert_eq!(told[&start], whole(&value["new"]) - whole(&value["old"]), "{value:#}");
            }
            assert_eq!(told, truth, "{last} to {as_of}");
            for cause in diff["values"].as_array().unwrap().iter().flat_map(|value| value["causes"].as_array().unwrap()) {
                for name in ["new_rows", "late_rows", "vanished_rows", "changed_rows", "as_of"] {
                    *seen.entry(name).or_default() += usize::from(cause["cause"] == name);
                }
            }
        }
        before = Some((as_of, shop.orders.clone()));
    }
    assert!(seen.values().all(|count| *count > 0) && seen.len() == 5, "{seen:?}");
    let kept = fs::read_dir(shop.folder.path().join("state")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(kept.filter(|name| name.to_string_lossy().starts_with("run=")).count(), 26);
}

#[test]
fn another_config_is_told_by_its_settings_and_the_same_data_differ_in_nothing() {
    let mut shop = Shop::new("");
    shop.orders.insert(1, (jiff::civil::date(2024, 1, 5), 10.0));
    shop.orders.insert(2, (jiff::civil::date(2024, 2, 5), 30.0));
    let as_of = jiff::civil::date(2024, 3, 1);
    shop.night(as_of, &[]);
    shop.night(as_of, &[]);
    let same = shop.diff("2024-03-01", "2024-03-01-2");
    assert_eq!((&same["values"], &same["same"]), (&Json::Array(Vec::new()), &Json::from(24)));
    shop.night(as_of, &["--set", "metrics.1.where=amount > 20", "--set", "report.title=Orders"]);
    let diff = shop.diff("2024-03-01-2", "2024-03-01");
    let values = diff["values"].as_array().unwrap();
    // The request that was not changed is not among them.
    assert!(!values.is_empty() && values.iter().all(|value| value["request"] == "aov"), "{diff:#}");
    assert_eq!(values[0]["causes"][0], serde_json::json!({ "cause": "config", "keys": ["metrics.aov.where"] }));
    let (code, _, err) = said(&program(shop.folder.path(), &["diff", "2024-03-01", "2024-04-01", "--state", "state"]));
    assert_eq!(code, 2);
    assert!(err.contains("there is no run `2024-04-01` in `state`; the 3 there are from `2024-03-01` to `2024-03-01-3`"), "{err}");
    let (code, out, _) =
        said(&program(shop.folder.path(), &["diff", "2024-03-01-2", "2024-03-01-3", "--state", "state", "--fail-on-change"]));
    assert_eq!(code, 6);
    assert!(out.contains("another config: 1 value"), "{out}");
}

#[test]
fn a_closed_month_that_moves_fails_the_run_where_that_is_asked() {
    let mut shop = Shop::new("");
    shop.orders.insert(1, (jiff::civil::date(2024, 1, 5), 10.0));
    shop.orders.insert(2, (jiff::civil::date(2024, 2, 5), 30.0));
    shop.night(jiff::civil::date(2024, 2, 10), &[]);
    // February goes on, and January does not.
    shop.orders.insert(3, (jiff::civil::date(2024, 2, 11), 5.0));
    let fail = ["--set", "report.restated=fail", "--out", "out"];
    assert_eq!(shop.night(jiff::civil::date(2024, 2, 12), &fail).0, 0);
    fs::remove_dir_all(shop.folder.path().join("out")).unwrap();
    shop.orders.insert(4, (jiff::civil::date(2024, 1, 31), 50.0));
    let (code, _, err) = shop.night(jiff::civil::date(2024, 2, 13), &fail);
    assert_eq!(code, 1);
    assert!(err.contains("2 values of buckets that were over changed since run 2024-02-12; nothing was written"), "{err}");
    assert!(err.contains("1 late") && !shop.folder.path().join("out").exists(), "{err}");
    let (code, _, err) = shop.night(jiff::civil::date(2024, 2, 13), &["--out", "out"]);
    assert_eq!(code, 0);
    assert!(
        err.contains("2 values of buckets that were over changed since run 2024-02-12") && err.contains("kept as run 2024-02-13"),
        "{err}"
    );
}

#[test]
fn files_of_results_are_told_apart_too() {
    let mut shop = Shop::new("");
    shop.orders.insert(1, (jiff::civil::date(2024, 1, 5), 10.0));
    for name in ["old", "new"] {
        shop.write();
        let arguments = ["run", "report.toml", "--format", "json", "--as-of", "2024-03-01", "--out", name];
        assert_eq!(said(&program(shop.folder.path(), &arguments)).0, 0);
        shop.orders.insert(2, (jiff::civil::date(2024, 1, 6), 20.0));
    }
    let (code, out, err) = said(&program(shop.folder.path(), &["diff", "old/results.json", "new/results.json"]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("old/results.json → new/results.json: 2 values differ, 2 of them of buckets that were over; 22 are the same"),
        "{out}"
    );
    assert!(out.contains("file of `orders` changed: orders.csv\nlate rows: 2 values, 2 observations in all of them\n"), "{out}");
    assert!(out.contains("  aov month from 2024-01-01T00:00:00Z: 10 → 15 (1 late)\n"), "{out}");
    let (code, _, err) = said(&program(shop.folder.path(), &["diff", "report.toml", "new/results.json"]));
    assert!(code == 2 && err.contains("`report.toml` is no result of a run as JSON"), "{err}");
}
