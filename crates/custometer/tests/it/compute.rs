//! One metric in one line: the report that it amounts to gives the same bytes, and what files leave open is asked for.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The exit code, what was printed, and what was said.
fn custometer(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(folder.path()).output().unwrap();
    let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), out, said)
}

/// What a line computes as JSON, which is to be what the report computes that it amounts to.
fn computed(folder: &TempDir, arguments: &[&str]) -> Json {
    let (_, alone, said) = custometer(folder, &[&["compute"], arguments, &["--format", "json"]].concat());
    assert!(alone.starts_with('{'), "{arguments:?}: {said}");
    let (code, report, said) = custometer(folder, &[&["compute"], arguments, &["--explain"]].concat());
    assert_eq!(code, 0, "{arguments:?}: {said}");
    fs::write(folder.path().join("amounts-to.toml"), &report).unwrap();
    let (_, by_report, said) = custometer(folder, &["run", "amounts-to.toml", "--format", "json"]);
    assert!(alone == by_report, "{arguments:?} amounts to\n{report}\n{said}\nand gives\n{by_report}\ninstead of\n{alone}");
    serde_json::from_str(&alone).unwrap()
}

fn value(json: &Json) -> Option<f64> {
    json["results"][0]["value"].as_f64()
}

#[test]
fn a_line_over_each_sample_gives_the_bytes_of_its_report() {
    let folder = folder(&[]);
    let lines: &[&[&str]] = &[
        &["loyalty.nps", "responses.csv", "--by", "region", "--by", "", "--grain", "month"],
        &["loyalty.average_order_value", "orders.csv", "--by", "region,channel", "--last", "12 months"],
        &["loyalty.repeat_purchase_rate", "orders.csv", "--where", "channel = 'web'"],
        &["loyalty.churn_rate", "subscriptions.csv", "--grain", "quarter", "--timezone", "Europe/Copenhagen"],
        &["loyalty.acquisition_source", "customers.csv", "--param", "show=share", "--grain", "year"],
        &["support.csat", "responses.csv", "--column", "score=satisfaction", "--param", "positive_from=5"],
        &["support.first_response_time", "tickets.csv", "--param", "statistic=median", "--by", "priority"],
        &["support.ticket_volume", "tickets.csv", "--from", "2025-03-01", "--until", "2025-06-01", "--grain", "week"],
        &["web.sessions", "events.csv", "--by", "device", "--set", "report.week_start=sunday", "--grain", "week"],
        &["loyalty.review_rating", "reviews.csv"],
        &["web.impressions", "search.csv"],
    ];
    for line in lines {
        fs::copy(datasets().join(line[1]), folder.path().join(line[1])).unwrap();
        let json = computed(&folder, &[line, &["--as-of", "2026-01-01"][..]].concat());
        assert!(!json["results"].as_array().unwrap().is_empty(), "{line:?}");
    }
}

#[test]
fn columns_are_found_by_what_exports_call_them_and_that_is_said() {
    // (20 + 30 + 41) / 3, by hand.
    let folder = folder(&[(
        "export.csv",
        "Order ID;Created at;Total;Country\n1;03.01.2025;20,00;DK\n2;14.01.2025;30,00;DK\n3;20.01.2025;41,00;SE\n",
    )]);
    let arguments = ["loyalty.average_order_value", "export.csv", "--grain", "month"];
    assert!((value(&computed(&folder, &arguments)).unwrap() - 91.0 / 3.0).abs() < 1e-9);
    let (_, _, said) = custometer(&folder, &[&["compute"], &arguments[..]].concat());
    assert!(said.contains("read `Created at` as `time`, `Total` as `amount`"), "{said}");
}

#[test]
fn what_can_be_read_in_two_ways_is_asked_for_with_the_options_that_settle_it() {
    let folder = folder(&[("orders.csv", "order_date,amount\n03/01/2025,20\n04/02/2025,30\n05/03/2025,40\n")]);
    let arguments = ["loyalty.average_order_value", "orders.csv", "--grain", "month"];
    let (code, printed, said) = custometer(&folder, &[&["compute"], &arguments[..]].concat());
    assert_eq!((code, printed.as_str()), (2, ""));
    let options: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix("--set ")).collect();
    assert_eq!(options, ["tables.orders.time_formats.order_date=%d/%m/%Y", "tables.orders.time_formats.order_date=%m/%d/%Y"], "{said}");
    // Each of them is one that can be said.
    for (option, first) in options.iter().zip(["2025-01-", "2025-03-"]) {
        let json = computed(&folder, &[&arguments[..], &["--set", option]].concat());
        assert!(json["results"][0]["start"].as_str().unwrap().starts_with(first), "{json}");
    }
    // Where days and months don't matter, nothing is asked.
    assert_eq!(value(&computed(&folder, &["loyalty.average_order_value", "orders.csv"])), Some(30.0));
}

#[test]
fn a_column_that_is_not_there_or_could_be_two_is_asked_for() {
    let folder =
        folder(&[("orders.csv", "when,net,gross\n2025-01-03,20,25\n2025-01-04,30,37.5\n"), ("plain.csv", "created,x\n2025-01-03,y\n")]);
    let (code, _, said) = custometer(&folder, &["compute", "loyalty.average_order_value", "orders.csv"]);
    assert_eq!(code, 2);
    assert!(said.contains("--column amount=net") && said.contains("--column amount=gross"), "{said}");
    let gross = computed(&folder, &["loyalty.average_order_value", "orders.csv", "--column", "amount=gross"]);
    assert_eq!(value(&gross), Some(31.25));
    let (code, _, said) = custometer(&folder, &["compute", "loyalty.average_order_value", "plain.csv"]);
    assert_eq!(code, 2);
    assert!(said.contains("reads `amount` (number), and no column is called like it"), "{said}");
}

#[test]
fn a_file_of_another_table_is_not_read_as_the_one_that_a_metric_reads() {
    // Sessions are not events: each of them would be a visit of one event.
    let folder = folder(&[]);
    fs::copy(datasets().join("sessions.csv"), folder.path().join("sessions.csv")).unwrap();
    let (code, printed, said) = custometer(&folder, &["compute", "web.session_duration", "sessions.csv"]);
    assert_eq!((code, printed.as_str()), (2, ""));
    assert!(said.contains("the file looks like `sessions`, and `web.session_duration` reads `events`"), "{said}");
    let option = said.lines().find_map(|line| line.trim().strip_prefix("--param ")).unwrap().trim_matches('\'');
    let mean = value(&computed(&folder, &["web.session_duration", "sessions.csv", "--param", option])).unwrap();
    // SELECT avg(duration_seconds), as far as the rows are in order.
    let rows = fs::read_to_string(folder.path().join("sessions.csv")).unwrap();
    let seconds: Vec<f64> = rows.lines().skip(1).filter_map(|row| row.split(',').nth(3)?.parse().ok()).collect();
    let plain = seconds.iter().sum::<f64>() / seconds.len() as f64;
    assert!((mean - plain).abs() / plain < 0.05, "{mean} beside {plain}");
}

#[test]
fn the_standard_input_is_a_file_that_is_saved() {
    let folder = folder(&[]);
    let rows = "time,amount\n2025-01-03,20\n2025-01-04,31\n";
    let piped = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_custometer"));
        program.args(["compute", "loyalty.average_order_value", "-"]).args(arguments).current_dir(folder.path());
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(rows.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let alone = piped(&["--format", "json"]);
    let report = piped(&["--explain"]);
    assert!(report.contains("path = \"stdin\"") && report.contains("format = \"csv\""), "{report}");
    fs::write(folder.path().join("stdin"), rows).unwrap();
    fs::write(folder.path().join("report.toml"), report).unwrap();
    let (_, by_report, said) = custometer(&folder, &["run", "report.toml", "--format", "json"]);
    assert!(alone == by_report, "{said}\n{by_report}\n{alone}");
    assert!((serde_json::from_str::<Json>(&alone).unwrap()["results"][0]["value"].as_f64().unwrap() - 25.5).abs() < 1e-9);
}

#[test]
fn what_can_be_no_report_is_refused_in_one_line() {
    let folder = folder(&[("orders.csv", "time,amount\n2025-01-03,20\n"), ("other.csv", "a,b\n1,2\n")]);
    let refused = |arguments: &[&str], expected: &str| {
        let (code, _, said) = custometer(&folder, &[&["compute"], arguments].concat());
        assert!(code == 2 && said.contains(expected), "{arguments:?}: {code}\n{said}");
    };
    refused(&["loyalty.average_order_valu", "orders.csv"], "did you mean `loyalty.average_order_value`?");
    refused(&["loyalty.average_order_value", "missing.csv"], "`missing.csv` is not a file");
    refused(&["loyalty.average_order_value", "orders.csv", "--param", "mood=good"], "unknown field `mood`");
    refused(&["loyalty.average_order_value", "orders.csv", "--set", "mood"], "`mood` is not a setting");
    refused(&["loyalty.average_order_value", "orders.csv", "--grain", "fortnight"], "unknown value `fortnight`");
    refused(&["loyalty.average_order_value", "orders.csv", "other.csv"], "the files hold 2 tables");
    refused(&["loyalty.average_order_value", "orders.csv", "--by", "regoin"], "there is no column `regoin`");
}
