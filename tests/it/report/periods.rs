//! A report's own periods, and comparisons with times of its own: they are those of every row in their days, gone through again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_testkit::Case;
use serde_json::Value as Json;

/// By DuckDB 1.5, by brute force: `periods/figures.py` says how.
const FIGURES: &str = include_str!("periods/figures.csv");

const ORDERS: &str = include_str!("../../../datasets/orders.csv");

/// Twelve periods of four, four and five weeks.
fn fiscal() -> String {
    let mut from = jiff::civil::date(2024, 12, 30);
    let mut rows = "Period;First day;Next\n".to_owned();
    for (number, weeks) in [4, 4, 5].into_iter().cycle().take(12).enumerate() {
        let until = from + jiff::Span::new().weeks(weeks);
        writeln!(rows, "P{:02};{};{}", number + 1, from.strftime("%d.%m.%Y"), until.strftime("%d.%m.%Y")).unwrap();
        from = until;
    }
    rows
}

const MEASURES: [(&str, &str); 4] = [
    ("count", "count(*)"),
    ("sum", "sum(amount)"),
    ("distinct", "count(distinct customer_id)"),
    ("quantile", "quantile_cont(amount, 0.5)"),
];

fn config(prefix: &str, report: &str, more: &str) -> String {
    let mut config = format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\nmax_rejected_percent = 5\n{report}\n[tables.orders]\npath = \"orders.csv\"\n{more}\n"
    );
    for (name, measure) in MEASURES {
        writeln!(
            config,
            "[define.\"test.{name}\"]\ntable = \"orders\"\ntypes = {{ amount = \"number\" }}\nmeasures = {{ m = \"{measure}\" }}\nvalue = \"m\"\n\
             unit = \"count\"\nrules = [\"amount >= 0\", \"customer_id is not null\"]\n\
             [[metrics]]\nname = \"{prefix}_{name}\"\nmetric = \"test.{name}\"\ntable = \"orders\""
        )
        .unwrap();
    }
    config + &format!("[[metrics]]\nname = \"{prefix}_repeat\"\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"orders\"\n")
}

const CAMPAIGNS: &str = "
[periods.campaigns]
list = [
    { name = \"Winter\", from = 2025-02-10, until = 2025-02-20 },
    { name = \"Summer\", from = 2025-06-20, until = 2025-07-04, year_ago = \"Winter\" },
    { name = \"Spring\", from = 2025-03-24, until = 2025-04-07 },
    { name = \"Autumn\", from = 2025-10-20, until = 2025-11-03, year_ago = \"Spring\" },
    { name = \"Late autumn\", from = 2025-11-03, until = 2025-11-12, year_ago = \"Winter\" },
]";

const EARLIER: &str = "
    { name = \"last campaign\", from = 2025-03-24, until = 2025-04-07 },
    { name = \"four weeks\", back = \"4 weeks\" },
    { name = \"a month\", back = \"1 month\" },
    { name = \"holiday\", holidays = \"fairs\", back = \"4 weeks\" },
";

const FAIRS: &str = "
[holidays.fairs]
list = [{ name = \"Feast\", date = 2025-02-14 }, { name = \"Fair\", date = 2025-10-02 }, { name = \"Feast\", date = 2025-10-25 }]";

fn found(json: &Json) -> BTreeMap<[String; 4], Json> {
    let mut found = BTreeMap::new();
    for row in json["results"].as_array().unwrap() {
        let day = |of: &Json, key: &str| of[key].as_str().unwrap()[..10].to_owned();
        let (request, start, end) = (row["request"].as_str().unwrap(), day(row, "start"), day(row, "end"));
        let mut add = |baseline: &str, value: &Json| {
            let same = found.insert([request.to_owned(), start.clone(), end.clone(), baseline.to_owned()], value.clone());
            assert_eq!(same, None, "{row:#}");
        };
        add("", &row["value"]);
        for comparison in row["comparisons"].as_array().unwrap() {
            add(comparison["baseline"].as_str().unwrap(), &comparison["value"]);
        }
    }
    found
}

#[test]
fn values_and_what_they_are_compared_with_are_those_of_brute_force() {
    let calendar = "[tables.fiscal]\npath = \"fiscal.csv\"\ndelimiter = \";\"\ntime_formats = { \"First day\" = \"%d.%m.%Y\", Next = \"%d.%m.%Y\" }\n\
                    [periods.fiscal]\ntable = \"fiscal\"\nname = \"Period\"\nfrom = \"First day\"\nuntil = \"Next\"";
    let fiscal_report = "from = 2025-01-27\nuntil = 2025-12-29\ngrain = \"fiscal\"\ncompare = [\"previous\"]";
    let campaigns = "from = 2025-01-01\nuntil = 2026-01-01\ngrain = \"campaigns\"\ncompare = [\"previous\", \"year_ago\"]";
    let days = format!("from = 2025-10-20\nuntil = 2025-11-04\ngrain = \"day\"\ncompare = [{EARLIER}]");
    let total = "from = 2025-10-20\nuntil = 2025-11-04\ncompare = [{ name = \"last campaign\", from = 2025-03-24, until = 2025-04-07 }, \
                 { name = \"four weeks\", back = \"4 weeks\" }]";
    let reports = [
        config("fiscal", fiscal_report, calendar),
        config("campaigns", campaigns, CAMPAIGNS),
        config("days", &days, FAIRS),
        config("total", total, ""),
    ];
    let mut all = BTreeMap::new();
    for report in reports {
        let case = Case::new().file("orders.csv", ORDERS).file("fiscal.csv", fiscal());
        all.extend(found(&case.json(&report).unwrap()));
    }
    let mut compared = 0;
    for line in FIGURES.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let key = [0, 1, 2, 3].map(|field| fields[field].to_owned());
        let found = all.get(&key).unwrap_or_else(|| panic!("no {key:?}"));
        match fields[4].parse::<f64>().ok() {
            Some(value) => {
                let found = found.as_f64().unwrap_or_else(|| panic!("{key:?} is {value}, not nothing"));
                assert!((found - value).abs() <= 1e-9 * value.abs().max(1.0), "{key:?} is {value}, not {found}");
            }
            None => assert_eq!(*found, Json::Null, "{key:?}"),
        }
        compared += 1;
    }
    assert_eq!((compared, all.len()), (575, 575));
}

const SCORES: &str = "time,score,region\n2025-01-10,9,N\n2025-02-10,10,N\n2025-02-12,3,S\n2025-03-01,8,N\n2025-04-02,9,S\n2025-12-24,1,N\n";

fn nps(report: &str, more: &str, request: &str) -> String {
    format!("[report]\n{report}\n{more}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n{request}\n")
}

fn refused(report: &str, more: &str, request: &str) -> String {
    Case::new().file("t.csv", SCORES).load(&nps(report, more, request)).err().unwrap()
}

const YEAR: &str = "from = 2025-01-01\nuntil = 2026-01-01";

#[test]
fn rows_in_none_of_the_periods_are_counted() {
    let by_campaigns = format!("{YEAR}\ngrain = \"campaigns\"");
    let run = |more: &str| Case::new().file("t.csv", SCORES).json(&nps(&by_campaigns, CAMPAIGNS, more)).unwrap();
    let said = "3 rows of the report's period are in none of the periods `campaigns`";
    let alone = run("");
    assert_eq!((&alone["notes"][0]["text"], &alone["results"][0]["note"]), (&Json::from(said), &Json::from(said)));
    let used = &alone["manifest"]["tables"][0]["uses"][0];
    assert_eq!((&used["rows_used"], &used["rows_outside_period"]), (&Json::from(3), &Json::from(3)));
    // Beside a request that uses all rows, and of which nothing is to be said.
    let beside = run("[[metrics]]\nname = \"months\"\nmetric = \"loyalty.nps\"\ntable = \"t\"\ngrain = \"month\"");
    assert_eq!(beside["notes"][0]["requests"], Json::from(vec!["loyalty.nps"]));
    assert_eq!(beside["notes"][0]["text"], said);
    assert_eq!(beside["manifest"]["tables"][0]["uses"][0]["rows_used"], 6);
    // What is not known yet is in no period and not outside of them either.
    let until_march = Case::new().file("t.csv", SCORES).json(&nps(&format!("{by_campaigns}\nas_of = 2025-03-01"), CAMPAIGNS, "")).unwrap();
    assert!(until_march["notes"][0]["text"].as_str().unwrap().starts_with("1 row of the report's period is in none"), "{until_march:#}");
    // How many there are would tell of groups that are hidden.
    let hidden = Case::new().file("t.csv", SCORES).json(&nps(&format!("{by_campaigns}\nmin_group_size = 2"), CAMPAIGNS, "")).unwrap();
    assert!(hidden["notes"][0]["text"].as_str().unwrap().starts_with("some rows of"), "{hidden:#}");
}

#[test]
fn a_period_has_its_name_in_every_output() {
    let config = nps(&format!("{YEAR}\ngrain = \"campaigns\"\ncompare = [\"previous\"]"), CAMPAIGNS, "by = [[], [\"region\"]]");
    let json = Case::new().file("t.csv", SCORES).json(&config).unwrap();
    let names: Vec<&str> = json["results"].as_array().unwrap().iter().take(5).map(|row| row["period"].as_str().unwrap()).collect();
    assert_eq!(names, ["Winter", "Spring", "Summer", "Autumn", "Late autumn"]);
    assert_eq!(json["results"][0]["grain"], "campaigns");
}

#[test]
fn a_total_is_of_all_rows_beside_periods_with_days_between_them() {
    let config = nps(
        &format!("{YEAR}\ngrain = \"campaigns\""),
        CAMPAIGNS,
        "[[metrics]]\nname = \"all\"\nmetric = \"loyalty.nps\"\ntable = \"t\"\ngrain = \"total\"",
    );
    let json = Case::new().file("t.csv", SCORES).json(&config).unwrap();
    let total = json["results"].as_array().unwrap().iter().find(|row| row["request"] == "all").unwrap();
    assert_eq!(total["n"], 6);
}

#[test]
fn a_window_that_ends_with_a_period_is_that_of_its_name() {
    let config = nps(&format!("{YEAR}\ngrain = \"campaigns\""), CAMPAIGNS, "window = \"2 months\"");
    let json = Case::new().file("t.csv", SCORES).json(&config).unwrap();
    let shown: Vec<(&str, &str, i64)> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|row| (row["period"].as_str().unwrap(), &row["window_start"].as_str().unwrap()[..10], row["n"].as_i64().unwrap()))
        .collect();
    assert_eq!(shown, [("Winter", "2024-12-20", 3), ("Spring", "2025-02-07", 4)]);
}

#[test]
fn times_that_overlap_are_not_tested_against_each_other() {
    // Each of nine days with 60 scores, the later ones better.
    let scores: String = (0..9_u32)
        .flat_map(|day| (0..60_u32).map(move |row| format!("2025-01-0{},{}\n", day + 1, if row < 10 + 5 * day { 10 } else { 0 })))
        .collect();
    let rows = format!("time,score\n{scores}");
    let p_values = |compare: &str| {
        let config = nps(&format!("from = 2025-01-04\nuntil = 2025-01-10\ncompare = [{compare}]"), "", "");
        let json = Case::new().file("t.csv", &rows).json(&config).unwrap();
        let comparison = &json["results"][0]["comparisons"][0];
        assert!(comparison["change"].as_f64().unwrap() > 0.0, "{comparison:#}");
        comparison["p_value"].as_f64()
    };
    assert!(p_values("{ name = \"x\", from = 2025-01-01, until = 2025-01-04 }").unwrap() < 1e-6);
    assert_eq!(p_values("{ name = \"x\", from = 2025-01-01, until = 2025-01-05 }"), None);
    assert_eq!(p_values("{ name = \"x\", back = \"2 days\" }"), None);
}

#[test]
fn every_mistake_in_named_times_is_shown() {
    let wrong = "[periods.campaigns]\nlist = [\n\
                 { name = \"Winter\", from = 2025-02-10, until = 2025-02-20 },\n\
                 { name = \"Spring\", from = 2025-02-19, until = 2025-04-07, year_ago = \"Sprung\" },\n\
                 { name = \"Winter\", from = 2025-10-20, until = 2025-10-20, year_ago = \"Spring\" },\n]\n\
                 [periods.month]\nlist = [{ name = \"a\", from = 2025-01-01, until = 2025-02-01 }]\n\
                 [periods.none]\n\
                 [periods.of_table]\ntable = \"t\"\nname = \"region\"\n\
                 [holidays.fairs]\nlist = [{ name = \"Feast\", date = 2025-02-14 }, { name = \"Fair\", date = 2025-02-14 }, { name = \"Feast\", date = 2025-02-15 }]\n";
    let compare = "compare = [\"prevous\", { name = \"group\", back = \"3 weeks\" }, { name = \"x\" }, { name = \"y\", from = 2024-01-01 }, \
                   { name = \"z\", holidays = \"fair\" }, { name = \"w\", from = 2025-01-01, until = 2025-03-01 }, \
                   { name = \"v\", from = 2024-01-01, until = 2024-03-01, back = \"1 day\" }, { name = \"v\", back = \"1 day\" }]";
    insta::assert_snapshot!(refused(
        &format!("{YEAR}\ngrain = \"campains\"\n{compare}"),
        wrong,
        "grain = \"campaigns\"\ncompare = [\"year_agos\"]"
    ));
}

#[test]
fn what_a_grain_has_no_meaning_for_is_refused_of_a_request_and_left_out_of_the_reports_wishes() {
    let fairs = "compare = [{ name = \"fairs\", holidays = \"fairs\" }]";
    let said = refused(YEAR, FAIRS, &format!("grain = \"week\"\n{fairs}"));
    assert!(said.contains("holidays are days, and the values that `fairs` is asked of are by week"), "{said}");
    let said = refused(YEAR, "", "grain = \"hour\"\ncompare = [{ name = \"x\", back = \"1 month\" }]");
    assert!(said.contains("an hour of every day is not on the same weekday so many months before"), "{said}");
    let unnamed = CAMPAIGNS.replace(", year_ago = \"Winter\"", "").replace(", year_ago = \"Spring\"", "");
    let said = refused(YEAR, &unnamed, "grain = \"campaigns\"\ncompare = [\"year_ago\"]");
    assert!(said.contains("which of the periods `campaigns` are a year ago is not said"), "{said}");
    let wish = format!("{YEAR}\ngrain = \"week\"\n{fairs}");
    let json = Case::new().file("t.csv", SCORES).json(&nps(&wish, FAIRS, "")).unwrap();
    assert_eq!(json["results"][0]["comparisons"], Json::from(Vec::<Json>::new()));
}

#[test]
fn a_time_that_may_overlap_others_is_refused_where_groups_are_hidden() {
    let hidden = format!("{YEAR}\ngrain = \"month\"\nmin_group_size = 5");
    let said = |compare: &str| refused(&hidden, "", &format!("compare = [{compare}]"));
    for compare in ["{ name = \"x\", from = 2024-01-01, until = 2024-03-01 }", "{ name = \"x\", back = \"6 weeks\" }"] {
        let said = said(compare);
        assert!(said.contains("the time of `x` may overlap other buckets") && said.contains("groups of fewer than 5"), "{said}");
    }
    let fits = nps(&hidden, "", "compare = [{ name = \"x\", back = \"2 months\" }]");
    assert!(Case::new().file("t.csv", SCORES).json(&fits).is_ok());
}

#[test]
fn metrics_that_go_from_bucket_to_bucket_need_the_calendars() {
    let orders = "[tables.orders]\npath = \"orders.csv\"";
    let config = format!(
        "[report]\n{YEAR}\ngrain = \"campaigns\"\n{CAMPAIGNS}\n{orders}\n[[metrics]]\nmetric = \"loyalty.cohort_retention\"\ntable = \"orders\"\n"
    );
    let said = Case::new().file("orders.csv", ORDERS).load(&config).err().unwrap();
    assert!(said.contains("is counted from one bucket to the next, and days may lie between the periods"), "{said}");
}

#[test]
fn rows_that_are_no_periods_end_the_run() {
    let run = |rows: &str| {
        let config = nps(&format!("{YEAR}\ngrain = \"terms\""), "[tables.p]\npath = \"p.csv\"\n[periods.terms]\ntable = \"p\"", "");
        Case::new().file("t.csv", SCORES).file("p.csv", format!("name,from,until,year_ago\n{rows}")).run(&config).map(|_| ()).unwrap_err()
    };
    let place = |row: u8| format!("table `p`: row {row} of `p.csv` is no period: ");
    let overlap = run("A,2025-01-01,2025-02-01,\nB,2025-03-01,2025-04-01,\nC,2025-01-31,2025-02-02,\n");
    assert!(overlap.contains(&(place(3) + "`A` and `C` overlap: both have 2025-01-31")), "{overlap}");
    let missing = run("A,2025-01-01,2025-02-01,\n,2025-03-01,2025-04-01,\n");
    assert!(missing.contains(&(place(2) + "`name` is missing")), "{missing}");
    let twice = run("A,2025-01-01,2025-02-01,\nA,2025-03-01,2025-04-01,B\n");
    assert!(twice.contains(&(place(2) + "two periods are called `A`")) && twice.contains("there is no such period"), "{twice}");
    let elsewhere = run("A,2021-01-01,2021-02-01,\n");
    assert!(elsewhere.contains("none of the periods `terms` is in the period of the report, 2025-01-01 to 2026-01-01"), "{elsewhere}");
}

#[test]
fn the_table_of_periods_stands_in_the_manifest() {
    let config = nps(&format!("{YEAR}\ngrain = \"terms\""), "[tables.p]\npath = \"p.csv\"\n[periods.terms]\ntable = \"p\"", "");
    let json = Case::new().file("t.csv", SCORES).file("p.csv", "name,from,until\nA,2025-01-01,2025-03-01\n").json(&config).unwrap();
    let tables: Vec<&str> = json["manifest"]["tables"].as_array().unwrap().iter().map(|table| table["table"].as_str().unwrap()).collect();
    assert_eq!(tables, ["p", "t"]);
    assert_eq!(json["results"][0]["n"], 3);
}

#[test]
fn a_range_is_not_earlier_than_the_data_where_these_are_the_period() {
    let config = nps("grain = \"month\"\ncompare = [{ name = \"x\", from = 2025-06-01, until = 2025-07-01 }]", "", "");
    let said = Case::new().file("t.csv", SCORES).run(&config).map(|_| ()).unwrap_err();
    assert!(said.contains("`x` begins on 2025-06-01, and no earlier than what is compared with it, which begins on 2025-01-10"), "{said}");
}
