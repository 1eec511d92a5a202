//! Values over windows that overlap: they are those of every row in the window, gone through again.

use std::collections::BTreeMap;

use custometer_testkit::{Case, assert_close};
use serde_json::Value as Json;

/// By DuckDB 2.0, by brute force: `windows/figures.py` says how. Weeks, the first and the last of which have a clock change in them.
const FIGURES: &str = include_str!("windows/figures.csv");

macro_rules! dataset {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../datasets/", $name)))
    };
}

const SAMPLES: [(&str, &str); 6] = [
    dataset!("orders.csv"),
    dataset!("responses.csv"),
    dataset!("tickets.csv"),
    dataset!("customers.csv"),
    dataset!("subscriptions.csv"),
    dataset!("events.csv"),
];

/// A metric of each kind of measure, then of each kind of value and derivation.
fn samples() -> String {
    let mut config = String::from(
        "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-03-24\nuntil = 2025-10-27\ngrain = \"week\"\nmax_rejected_percent = 5\n",
    );
    for (file, _) in SAMPLES {
        let table = file.trim_end_matches(".csv");
        config.extend([format!("[tables.{table}]\npath = \"{file}\"\n")]);
    }
    let measures = [
        ("count", "count(*)"),
        ("sum", "sum(amount)"),
        ("min", "min(amount)"),
        ("max", "max(amount)"),
        ("mean", "avg(amount)"),
        ("variance", "var_samp(amount)"),
        ("distinct", "count(distinct customer_id)"),
        ("distinct_web", "count(distinct customer_id) filter (where channel = 'web')"),
        ("quantile", "quantile_cont(amount, 0.9)"),
        ("distinct_quarter", "count(distinct customer_id)"),
        ("quantile_months", "quantile_cont(amount, 0.9)"),
    ];
    for (name, measure) in measures {
        let window = match name {
            "distinct_quarter" => "to_date = \"quarter\"",
            "quantile_months" => "window = \"3 months\"",
            _ => "window = \"60 days\"",
        };
        config.extend([format!(
            "[define.\"test.{name}\"]\ntable = \"orders\"\ntypes = {{ amount = \"number\" }}\nmeasures = {{ m = \"{measure}\" }}\nvalue = \"m\"\nunit = \"count\"\n\
             rules = [\"amount >= 0\", \"customer_id is not null\"]\n\
             [[metrics]]\nname = \"{name}\"\nmetric = \"test.{name}\"\ntable = \"orders\"\n{window}\n"
        )]);
    }
    let metrics = [
        ("nps", "loyalty.nps", "responses", ""),
        ("score_10", "loyalty.nps_distribution", "responses", ""),
        ("wait", "support.first_response_time", "tickets", "params = { statistic = \"median\" }"),
        ("new_by_search", "loyalty.acquisition_source", "customers", ""),
        ("repeat", "loyalty.repeat_purchase_rate", "orders", ""),
        ("churn", "loyalty.churn_rate", "subscriptions", "params = { overlaps = \"unite\" }"),
        ("sessions", "web.sessions", "events", ""),
    ];
    for (name, metric, table, more) in metrics {
        config.extend([format!(
            "[[metrics]]\nname = \"{name}\"\nmetric = \"{metric}\"\ntable = \"{table}\"\nwindow = \"60 days\"\n{more}\n"
        )]);
    }
    config
}

fn case() -> Case {
    SAMPLES.iter().fold(Case::new(), |case, (name, content)| case.file(name, content))
}

#[test]
fn values_over_windows_are_those_of_brute_force() {
    let json = case().json(&samples()).unwrap();
    let mut found: BTreeMap<(String, String), Json> = BTreeMap::new();
    for row in json["results"].as_array().unwrap() {
        let own = &row["dimensions"];
        if own["score"].as_i64().is_some_and(|score| score != 10) || own["source"].as_str().is_some_and(|source| source != "search") {
            continue;
        }
        if own.get("source").is_some_and(Json::is_null) {
            continue;
        }
        let end = row["end"].as_str().unwrap()[..10].to_owned();
        let same = found.insert((row["request"].as_str().unwrap().to_owned(), end), row["value"].clone());
        assert_eq!(same, None, "{row:#}");
    }
    let mut compared = 0;
    for line in FIGURES.lines().skip(1) {
        let [request, end, value] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let value: f64 = value.parse().unwrap();
        let found = found[&(request.to_owned(), end.to_owned())].as_f64().unwrap();
        assert!((found - value).abs() <= 1e-9 * value.abs().max(1.0), "{request} at {end} is {value}, not {found}");
        compared += 1;
    }
    assert_eq!((compared, found.len()), (18 * 31, 18 * 31));
}

fn results(rows: &str, report: &str, metric: &str) -> Vec<Json> {
    let config = format!("[report]\n{report}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\ntable = \"t\"\n{metric}\n");
    let json = Case::new().file("t.csv", rows).json(&config).unwrap();
    json["results"].as_array().unwrap().clone()
}

/// A row for each day, with an amount of 1.
fn daily(from: &str, days: i64) -> String {
    let first: jiff::civil::Date = from.parse().unwrap();
    let line = |day| format!("{},1\n", first.checked_add(jiff::Span::new().days(day)).unwrap());
    "time,amount\n".to_owned() + &(0..days).map(line).collect::<Vec<_>>().concat()
}

const VISITS: &str = "metric = \"loyalty.average_order_value\"";

#[test]
fn a_year_has_its_leap_day_and_a_window_from_before_the_data_is_partial() {
    let rows = daily("2023-03-01", 731 + 365);
    let years = results(&rows, "from = 2024-01-01\nuntil = 2025-03-01\ngrain = \"month\"", &format!("{VISITS}\nwindow = \"1 year\""));
    let shown: Vec<(&str, bool, &Json)> =
        years.iter().map(|row| (&row["window_start"].as_str().unwrap()[..10], row["partial"].as_bool().unwrap(), &row["n"])).collect();
    assert_eq!(shown[0], ("2023-02-01", true, &Json::from(337)));
    assert_eq!(shown[1], ("2023-03-01", false, &Json::from(366)));
    assert_eq!(shown[2], ("2023-04-01", false, &Json::from(366)));
    assert_eq!(shown[13], ("2024-03-01", false, &Json::from(365)));
    let complete = "from = 2024-01-01\nuntil = 2025-03-01\ngrain = \"month\"\ncomplete_periods_only = true";
    assert_eq!(results(&rows, complete, &format!("{VISITS}\nwindow = \"1 year\"")).len(), 13);
}

#[test]
fn this_year_so_far_is_compared_with_the_last_one_so_far() {
    // Every day, but none in February 2024.
    let days = daily("2023-01-01", 1_000);
    let rows = days.lines().filter(|line| !line.starts_with("2024-02")).collect::<Vec<_>>().join("\n") + "\n";
    let report = "from = 2024-01-01\nuntil = 2024-07-01\nas_of = 2024-06-11\ngrain = \"month\"\ncompare = [\"previous\", \"year_ago\"]";
    let rows = results(&rows, report, &format!("{VISITS}\nto_date = \"year\""));
    let n = |month: usize| rows[month]["n"].as_i64().unwrap();
    assert_eq!((n(0), n(1), n(2)), (31, 31, 62));
    let [before, year_ago] = [0, 1].map(|baseline| &rows[5]["comparisons"][baseline]);
    // Up to 10 June, as far as this year is known; and up to 10 May.
    assert_eq!(
        (year_ago["start"].as_str().unwrap(), year_ago["end"].as_str().unwrap()),
        ("2023-01-01T00:00:00+00:00", "2023-06-11T00:00:00+00:00")
    );
    assert_eq!(
        (before["start"].as_str().unwrap(), before["end"].as_str().unwrap()),
        ("2024-01-01T00:00:00+00:00", "2024-05-11T00:00:00+00:00")
    );
    assert_eq!(rows[5]["partial"], true);
}

#[test]
fn windows_that_overlap_are_not_tested_against_each_other() {
    let line = |day: i8, score: i8| format!("2025-{:02}-{:02},{score}\n", 1 + (day - 1) / 28, 1 + (day - 1) % 28);
    let rows = "time,score\n".to_owned()
        + &(1..=112).map(|day| line(day, if day % 3 == 0 || day > 84 && day % 2 == 0 { 5 } else { 2 })).collect::<String>();
    let report = "from = 2025-01-01\nuntil = 2025-05-01\ngrain = \"month\"\ncompare = [\"previous\"]";
    let p_value =
        |window: &str| results(&rows, report, &format!("metric = \"support.csat\"\n{window}"))[3]["comparisons"][0]["p_value"].clone();
    assert_eq!(p_value("window = \"2 months\""), Json::Null);
    // One month is the month before that, and nothing overlaps.
    assert_close(p_value("window = \"1 month\""), p_value("").as_f64().unwrap());
}

#[test]
fn a_window_of_a_metric_that_has_none_is_refused_by_name() {
    let refused = |metric: &str, header: &str, settings: &str, params: &str| {
        let config = format!(
            "[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\n{settings}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"t\"\n\
             window = \"3 months\"\nparams = {{ {params} }}\n"
        );
        Case::new().file("t.csv", format!("{header}\n")).run(&config).unwrap_err()
    };
    let cohorts = refused("loyalty.cohort_retention", "customer_id,started_at,ended_at,time,amount", "", "");
    assert!(
        cohorts.contains("`loyalty.cohort_retention` has no meaning over a window: it is counted from one bucket to the next"),
        "{cohorts}"
    );
    let stock = refused("loyalty.mrr", "customer_id,started_at,ended_at,amount_per_month", "", "");
    assert!(stock.contains("`loyalty.mrr` has no meaning over a window: it is a stock as a bucket closes"), "{stock}");
    let end = refused("web.active_users", "user_id,time", "", "window_days = 7");
    assert!(end.contains("it tells of a bucket's end, wherever the bucket starts"), "{end}");
    let hidden = refused("loyalty.average_order_value", "time,amount", "min_group_size = 5", "");
    assert!(hidden.contains("windows overlap, and what one has more than another would tell of the few in between"), "{hidden}");
}

#[test]
fn a_request_over_a_window_needs_no_period() {
    // The period is that of the data, and the window its last 7 days.
    let rows = results(&daily("2025-01-01", 31), "", &format!("{VISITS}\nwindow = \"7 days\""));
    assert_eq!((rows.len(), &rows[0]["n"], &rows[0]["window_start"]), (1, &Json::from(7), &Json::from("2025-01-25T00:00:00+00:00")));
}
