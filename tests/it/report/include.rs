//! Reports that include others, and variables that they are made of.

use custometer_testkit::{Case, lines, results};
use serde_json::json;

/// Three orders in January and one in February: 20, 30 and 40 in the north and south, then 100.
const ORDERS: &str = "time,total,region\n2025-01-03,20,North\n2025-01-04,30,North\n2025-01-20,40,South\n2025-02-03,100,North\n";

const COMMON: &str = r#"
[report]
from = 2025-01-01
until = 2025-02-01
grain = "month"

[tables.orders]
path = "orders.csv"
columns = { amount = "total" }

[[metrics]]
metric = "loyalty.average_order_value"
table = "orders"
"#;

fn case() -> Case {
    Case::new().file("orders.csv", ORDERS).file("common.toml", COMMON)
}

fn value(case: &Case, config: &str) -> Option<f64> {
    case.run(config).unwrap().results[0].value
}

#[test]
fn a_report_takes_what_it_includes_and_its_own_keys_come_first() {
    // (20 + 30 + 40) / 3, by hand.
    assert_eq!(value(&case(), "include = [\"common.toml\"]"), Some(30.0));
    // The table is that of the other file, but for the condition: (20 + 30) / 2.
    assert_eq!(value(&case(), "include = [\"common.toml\"]\n[tables.orders]\nwhere = \"region = 'North'\""), Some(25.0));
    // Of two that are included, the later one comes first.
    let case = case().file("south.toml", "[tables.orders]\nwhere = \"region = 'South'\"");
    assert_eq!(value(&case, "include = [\"common.toml\", \"south.toml\"]"), Some(40.0));
    assert_eq!(value(&case, "include = [\"south.toml\", \"common.toml\"]\n[tables.orders]\nwhere = \"region = 'North'\""), Some(25.0));
}

#[test]
fn a_period_takes_the_place_of_another_however_it_is_said() {
    let last = "include = [\"common.toml\"]\n[report]\nlast = \"1 months\"\nas_of = 2025-03-01";
    assert_eq!(value(&case(), last), Some(100.0));
    let case = case().file("last.toml", "include = [\"common.toml\"]\n[report]\nlast = \"1 months\"\nas_of = 2025-03-01");
    assert_eq!(value(&case, "include = [\"last.toml\"]\n[report]\nfrom = 2025-01-01\nuntil = 2025-02-01"), Some(30.0));
    assert_eq!(value(&case, "include = [\"last.toml\"]"), Some(100.0));
}

#[test]
fn requests_are_put_together_those_of_included_files_first() {
    let more = "include = [\"common.toml\"]\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\nname = \"own\"\ntable = \"orders\"\nwhere = \"region = 'South'\"";
    let result = case().run(more).unwrap();
    let found: Vec<(&str, Option<f64>)> = result.results.iter().map(|row| (row.request.as_str(), row.value)).collect();
    assert_eq!(found, [("loyalty.average_order_value", Some(30.0)), ("own", Some(40.0))]);
}

#[test]
fn what_two_files_include_is_read_once() {
    let case = case().file("a.toml", "include = [\"common.toml\"]").file("b.toml", "include = [\"common.toml\"]");
    let both = case.run("include = [\"a.toml\", \"b.toml\"]").unwrap();
    assert_eq!(lines(&both).lines().count(), 1, "{}", lines(&both));
}

#[test]
fn a_mistake_is_shown_in_the_file_that_it_stands_in() {
    let case = case().file(
        "wrong.toml",
        "[tables.orders]\npath = \"orders.csv\"\ncolums = { amount = \"totl\" }\n[report]\ntimezone = \"Europe/Kopenhagen\"\n",
    );
    let said =
        case.run("include = [\"wrong.toml\"]\n[[metrics]]\nmetric = \"loyalty.average_order_valu\"\ntable = \"orders\"").unwrap_err();
    for place in ["wrong.toml:3:1", "wrong.toml:3:21", "wrong.toml:5:12", "report.toml:3:10"] {
        assert!(said.contains(&format!("╭─[{place}]")), "{place}\n{said}");
    }
    let said = Case::new().file("broken.toml", "[tables\n").run("include = [\"broken.toml\"]").unwrap_err();
    assert!(said.contains("[broken.toml:1:8]"), "{said}");
}

#[test]
fn files_that_include_each_other_are_refused_and_so_are_missing_ones() {
    let said = Case::new().file("a.toml", "include = [\"report.toml\"]").run("include = [\"a.toml\", \"b.toml\"]").unwrap_err();
    assert!(said.contains("`report.toml` includes itself: report.toml → a.toml → report.toml"), "{said}");
    assert!(said.contains("`b.toml` can't be read") && said.contains("report.toml:1:22"), "{said}");
    let said = Case::new().run("include = \"a.toml\"").unwrap_err();
    assert!(said.contains("`include` must be a list of files"), "{said}");
    let said = case().set("include=[\"other.toml\"]").run(COMMON).unwrap_err();
    assert!(said.contains("`include` is read before settings are made"), "{said}");
}

const NAMED: &str = r#"
[variables]
region = "North"
file = { env = "ORDERS_FILE", default = "orders.csv" }
start = 2025-01-01

[report]
from = "${start}"
until = 2025-02-01
title = "Orders of ${region}, $${region}"

[tables.orders]
path = "${file}"
columns = { amount = "total" }
where = "region = '${region}'"

[[metrics]]
metric = "loyalty.average_order_value"
table = "orders"
"#;

#[test]
fn variables_are_set_by_the_report_the_command_line_and_the_environment() {
    let result = case().run(NAMED).unwrap();
    assert_eq!((result.results[0].value, result.manifest.title.as_deref()), (Some(25.0), Some("Orders of North, ${region}")));
    assert_eq!(value(&case().set("variables.region=South"), NAMED), Some(40.0));
    // A date stays one.
    assert_eq!(value(&case().set("variables.start=2025-01-04"), NAMED), Some(30.0));
    let other = case().file("other.csv", "time,total,region\n2025-01-03,7,North\n").variable("ORDERS_FILE", "other.csv");
    assert_eq!(value(&other, NAMED), Some(7.0));
    // An included file may name what the report says.
    let named = case().file("named.toml", NAMED);
    assert_eq!(value(&named, "include = [\"named.toml\"]\n[variables]\nregion = \"South\""), Some(40.0));
}

#[test]
fn what_the_environment_says_is_a_part_of_the_hash() {
    let hash = |case: Case| case.json(NAMED).unwrap()["manifest"]["config_hash"].clone();
    let same = case().file("other.csv", ORDERS);
    assert_ne!(hash(case()), hash(same.variable("ORDERS_FILE", "other.csv")));
    assert_eq!(hash(case()), hash(case()));
}

#[test]
fn a_variable_that_is_not_there_or_could_change_a_condition_is_refused() {
    let refused = |case: Case, config: &str| case.run(config).unwrap_err();
    let said = refused(case(), &NAMED.replace("'${region}'", "'${regoin}'"));
    assert!(said.contains("there is no variable `regoin`") && said.contains("did you mean `region`?"), "{said}");
    // A misspelled setting would leave the report as it is.
    let said = refused(case().set("variables.regoin=South"), NAMED);
    assert!(said.contains("there is no variable `regoin` to set") && said.contains("[--set:1:11]"), "{said}");
    let said = refused(case().set("variables.region=x' OR 'a' = 'a"), NAMED);
    assert!(said.contains("the value of `region` has a quote in it"), "{said}");
    let said = refused(case(), &NAMED.replace(", default = \"orders.csv\"", ""));
    assert!(said.contains("the environment variable `ORDERS_FILE` is not set"), "{said}");
    for (wrong, expected) in [
        ("region = [\"North\"]", "`region` is several values, and a variable is one"),
        ("region = { evn = \"X\" }", "unknown key `evn`"),
        ("region = \"${file}\"", "variables are not made of each other"),
    ] {
        let said = refused(case(), &NAMED.replace("region = \"North\"", wrong));
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_secret_is_not_for_variables() {
    let hook = "[webhooks.team]\nurl = \"https://example.com/${token}\"\n[variables]\ntoken = { env = \"TOKEN\" }\n";
    let said = case().variable("TOKEN", "s3cr3t-t0ken").run(&format!("{COMMON}\n{hook}")).unwrap_err();
    assert!(said.contains("`token` is of the environment") && said.contains("`url_env`") && !said.contains("s3cr3t"), "{said}");
}

#[test]
fn numbers_and_truths_of_the_environment_are_such() {
    let config = format!("[variables]\npercent = {{ env = \"PERCENT\" }}\nclean = {{ env = \"CLEAN\", default = false }}\n{COMMON}")
        .replace("[report]", "[report]\nconfidence = \"${percent}\"\ncomplete_periods_only = \"${clean}\"");
    let json = case().variable("PERCENT", "0.9").json(&config).unwrap();
    assert_eq!(json["manifest"]["confidence"], json!(0.9));
    assert_eq!(results(&json).len(), 1);
    let said = case().variable("PERCENT", "most").run(&config).unwrap_err();
    assert!(said.contains("expected a number, found string \"most\""), "{said}");
}
