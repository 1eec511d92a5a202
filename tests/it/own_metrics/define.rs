//! Metrics that a config defines: the same numbers as linked metrics and as other programs, and every mistake at its place.

use custometer_testkit::Case;
use serde_json::{Value as Json, json};

const DATASETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets");

pub(crate) const NPS: &str = r#"
[define."acme.nps"]
title = "Net promoter score"
table = "responses"
measures = { promoters = "count(*) filter (where score >= 9)", passives = "count(*) filter (where score >= 7 and score < 9)", detractors = "count(*) filter (where score < 7)", responses = "count(score)" }
value = "100 * (promoters - detractors) / responses"
unit = "points"
direction = "higher_is_better"
rules = ["score between 0 and 10"]
"#;

/// The rows of a request without what names it.
pub(crate) fn rows(json: &Json, request: &str) -> Vec<Json> {
    let rows = json["results"].as_array().unwrap().iter().filter(|row| row["request"] == request);
    rows.cloned()
        .map(|mut row| {
            row["request"] = Json::Null;
            row["metric"] = Json::Null;
            row
        })
        .collect()
}

pub(crate) fn assert_same(json: &Json, left: &str, right: &str, at_least: usize) {
    let (left, right) = (rows(json, left), rows(json, right));
    assert!(left.len() >= at_least, "{} rows", left.len());
    assert_eq!(left.len(), right.len());
    left.iter().zip(&right).for_each(|(left, right)| assert_eq!(left, right));
}

#[test]
fn a_net_promoter_score_of_the_config_is_that_of_the_crate() {
    let config = format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2026-01-01\ngrain = \"month\"\ncompare = [\"previous\"]\nmin_group_size = 5\n\
         [tables.responses]\npath = \"{DATASETS}/responses.csv\"\n{NPS}\
         [[metrics]]\nname = \"linked\"\nmetric = \"loyalty.nps\"\ntable = \"responses\"\nby = [[], [\"region\"], [\"region\", \"product\"]]\n\
         [[metrics]]\nname = \"own\"\nmetric = \"acme.nps\"\ntable = \"responses\"\nby = [[], [\"region\"], [\"region\", \"product\"]]\n"
    );
    let json = Case::new().json(&config).unwrap();
    assert_same(&json, "linked", "own", 100);
    let tested = rows(&json, "own").iter().filter(|row| row["comparisons"][0]["p_value"].is_number()).count();
    assert!(tested > 50, "{tested} changes with a test");
}

/// One number of one measure over the sample orders.
fn value(measure: &str) -> f64 {
    let config = format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2020-01-01\nuntil = 2030-01-01\ngrain = \"total\"\n\
         [tables.orders]\npath = \"{DATASETS}/orders.csv\"\n\
         [define.\"acme.one\"]\ntable = \"orders\"\nmeasures = {{ one = \"{measure}\" }}\nvalue = \"one\"\nunit = \"count\"\n\
         [[metrics]]\nmetric = \"acme.one\"\ntable = \"orders\"\n"
    );
    let json = Case::new().json(&config).unwrap();
    json["results"][0]["value"].as_f64().unwrap()
}

#[test]
fn aggregates_are_those_of_duckdb() {
    // DuckDB 1.4 over datasets/orders.csv, without the 14 rows whose time is none.
    for (measure, expected) in [
        ("count(*)", 3986.0),
        ("count(margin_rate)", 3986.0),
        ("count(distinct customer_id)", 790.0),
        ("count(distinct customer_id) filter (where amount > 100)", 193.0),
        ("sum(amount)", 227_061.55),
        ("sum(amount) filter (where channel = 'web')", 137_799.74),
        ("min(amount)", 3.64),
        ("max(amount)", 597.77),
        ("avg(amount)", 56.964_764_174_611_19),
        ("variance(amount)", 2_165.285_599_655_792),
        ("stddev(amount)", 46.532_629_408_360_236),
        ("median(amount)", 43.35),
        ("quantile_cont(amount, 0.9)", 111.645),
        ("percentile_cont(0.9) within group (order by amount)", 111.645),
        ("sum(amount * margin_rate)", 78_892.452_7),
        ("count(*) filter (where region in ('North', 'South') and amount between 50 and 100)", 531.0),
        // Hours are those that clocks in the report's zone show.
        ("count(*) filter (where extract(hour from time) < 8)", 241.0),
    ] {
        let found = value(measure);
        assert!((found / expected - 1.0).abs() < 1e-9, "{measure} is {found} and not {expected}");
    }
}

/// The results of a report over one small table, `t`, with columns `time`, `kind`, `x` and `y`.
fn small(rows: &str, define: &str, request: &str) -> Result<Json, String> {
    let table = format!("time,kind,x,y\n{rows}");
    let config = format!(
        "[tables.t]\npath = \"t.csv\"\n[define.\"acme.own\"]\ntable = \"t\"\nunit = \"ratio\"\n{define}\n\
         [[metrics]]\nmetric = \"acme.own\"\ntable = \"t\"\n{request}\n"
    );
    Case::new().file("t.csv", table).json(&config)
}

fn estimate(json: &Json) -> [Option<f64>; 4] {
    let row = &json["results"][0];
    ["value", "low", "high", "n"].map(|name| row[name].as_f64())
}

fn close(found: [Option<f64>; 4], expected: [f64; 4]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!(found.is_some_and(|found| (found / expected - 1.0).abs() < 1e-9), "{found:?} is not {expected}");
    }
}

const ROWS: &str = "2025-01-01,a,1,10\n2025-01-01,a,4,20\n2025-01-02,b,2,5\n2025-01-02,b,,8\n2025-01-03,c,7,40\n";

#[test]
fn textbook_shapes_have_their_intervals() {
    // scipy's binomtest(2, 5).proportion_ci(method="wilson"), as a share and with another factor.
    let a = "measures = { a = \"count(*) filter (where kind = 'a')\", all = \"count(*)\" }";
    let wilson = [0.4, 0.117_620_774_232_647_83, 0.769_275_718_723_987, 5.0];
    close(estimate(&small(ROWS, &format!("{a}\nvalue = \"a / all\""), "").unwrap()), wilson);
    let [value, low, high, n] = wilson;
    close(
        estimate(&small(ROWS, &format!("{a}\nvalue = \"-(100 * a) / all\""), "").unwrap()),
        [-100.0 * value, -100.0 * high, -100.0 * low, n],
    );
    // scipy's t.interval(0.95, 3, mean, sem) of 1, 4, 2, 7; written as a mean and as a quotient.
    let student = [3.5, -0.709_980_742_298_515_8, 7.709_980_742_298_516, 4.0];
    close(estimate(&small(ROWS, "measures = { x = \"avg(x)\" }\nvalue = \"x\"", "").unwrap()), student);
    close(estimate(&small(ROWS, "measures = { x = \"sum(x)\", n = \"count(x)\" }\nvalue = \"x / n\"", "").unwrap()), student);
    // The same of something calculated, where one row divides by zero.
    let calculated = "measures = { s = \"sum(4 * x / nullif(x - 4, 0))\", n = \"count(4 * x / nullif(x - 4, 0))\" }\nvalue = \"s / n\"";
    let [value, low, high, n] = estimate(&small(ROWS, calculated, "").unwrap());
    // -4/3, -4 and 28/3.
    assert_eq!([value, n], [Some(1.333_333_333_33), Some(3.0)]);
    assert!(low.zip(high).is_some_and(|(low, high)| low < 0.0 && high > 10.0));
}

#[test]
fn other_shapes_have_none_and_say_how_many_rows_they_are_of() {
    let of = |define: &str| estimate(&small(ROWS, define, "").unwrap());
    // What is counted in the one is not among the other.
    let apart = "measures = { a = \"count(*) filter (where kind = 'a')\", b = \"count(*) filter (where kind = 'b')\" }\nvalue = \"a / b\"";
    assert_eq!(of(apart), [Some(1.0), None, None, Some(4.0)]);
    // A missing `x` is counted by the one and not by the other.
    let more = "measures = { a = \"count(*) filter (where kind = 'b')\", b = \"count(x)\" }\nvalue = \"a / b\"";
    assert_eq!(of(more), [Some(0.5), None, None, Some(5.0)]);
    assert_eq!(of("measures = { x = \"sum(x)\" }\nvalue = \"x\""), [Some(14.0), None, None, Some(4.0)]);
}

#[test]
fn what_is_divided_by_zero_is_undefined() {
    let none = "measures = { a = \"count(*)\", none = \"count(*) filter (where kind = 'z')\" }\nvalue = \"a / none\"";
    assert_eq!(estimate(&small(ROWS, none, "").unwrap()), [None, None, None, Some(5.0)]);
    // In a row it is a fault, unless the expression says what it is then.
    let row = "measures = { s = \"sum(y / (x - 1))\" }\nvalue = \"s\"";
    let json = small(ROWS, row, "").unwrap();
    assert_eq!(json["rejected"][0]["reason"], "`y / (x - 1)` divides by zero");
    assert_eq!((&json["rejected"][0]["rows"], &json["rejected"][0]["examples"][0]["row"]), (&json!(1), &json!(1)));
    let row = "measures = { s = \"sum(y / nullif(x - 1, 0))\" }\nvalue = \"s\"";
    assert_eq!(estimate(&small(ROWS, row, "").unwrap())[0], Some(custometer_runner::result::rounded(20.0 / 3.0 + 5.0 + 40.0 / 6.0)));
}

#[test]
fn every_mistake_in_a_definition_is_shown_at_its_place() {
    let config = r#"
[tables.orders]
path = "orders.csv"

[define."loyalty.nps"]
table = "orders"
measures = { all = "count(*)" }
value = "all"
unit = "count"

[define.big]
table = "orders"
measures = { all = "count(*)" }
value = "all"
unit = "count"

[define."acme.columns"]
table = "orders"
time = "ordered"
measures = { big = "count(*) filter (where amuont > 1000 and region = 'north')", all = "count(*)" }
value = "100 * bgi / al1 + revenue"
unit = "percent"
rules = ["amount between 0 and", "discount < 1"]
types = { amount = "money" }

[define."acme.functions"]
table = "orders"
unit = "count"
value = "a +"

[define."acme.functions".measures]
a = "mode(amount)"
b = "sum(distinct amount)"
c = "sum(amount) - sum(refund)"
d = "sum(sum(amount))"
e = "amount"
f = "quantile(amount, 90)"
g = "stddev_pop(amount)"
h = "count(*) over (partition by region)"
i = "sum(amount, 2)"
j = "sum("
"k l" = "count(*)"

[define."acme.types"]
table = "orders"
measures = { a = "sum(region)", b = "count(*) filter (where amount)", c = "count(*) filter (where region > 3)" }
value = "7 * 6"
unit = "count"

[define."acme.unit"]
table = "order"
measures = { all = "count(*)" }
value = "all"
unit = "money"

[define."acme.nowhere"]
table = "order"
measures = { all = "count(*)" }
value = "all"
unit = "count"

[define."acme.nothing"]
table = "orders"
value = "a / b"
unit = "ratio"

[[metrics]]
metric = "acme.types"
table = "orders"

[[metrics]]
metric = "acme.colums"
table = "orders"

[[metrics]]
metric = "other.metric"
table = "orders"
"#;
    let case = Case::new().file("orders.csv", "time,region,amount\n2025-01-01,north,10\n2025-01-02,south,20\n");
    insta::assert_snapshot!(case.load(config).err().unwrap());
}

#[test]
fn a_definition_is_as_good_on_a_day_without_rows() {
    let define =
        "measures = { big = \"count(*) filter (where x > 3)\", all = \"count(*)\" }\nvalue = \"big / all\"\ntypes = { x = \"number\" }";
    assert_eq!(estimate(&small("", define, "").unwrap()), [None, None, None, Some(0.0)]);
}

#[test]
fn a_row_that_breaks_a_rule_is_counted_and_not_used() {
    let json = small(ROWS, "measures = { all = \"count(*)\" }\nvalue = \"all\"\nrules = [\"x <= 4\"]", "").unwrap();
    assert_eq!(estimate(&json), [Some(4.0), None, None, Some(4.0)]);
    assert_eq!(json["rejected"][0]["reason"], "`x <= 4` does not hold");
}
