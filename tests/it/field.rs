//! Exports in the shape in which tools write them, each with a report that its user would write and what is right for it, counted by hand.
//!
//! The files of a case are in `tests/field`.

use std::fs;
use std::path::PathBuf;

use custometer_core::Registry;
use custometer_runner::inspect;
use custometer_testkit::Case;
use serde_json::{Value as Json, json};

fn folder(case: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("field").join(case)
}

/// A case's files, and its report of this name.
fn case(name: &str, report: &str) -> (Case, String) {
    let mut case = Case::new();
    for entry in fs::read_dir(folder(name)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "toml") {
            case = case.file(&file, fs::read(&path).unwrap());
        }
    }
    (case, fs::read_to_string(folder(name).join(report)).unwrap())
}

fn run(name: &str, report: &str) -> Json {
    let (case, report) = case(name, report);
    case.json(&report).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The values of a request, in the order of its rows.
fn values(result: &Json, request: &str) -> Vec<Option<f64>> {
    let rows = result["results"].as_array().unwrap().iter().filter(|row| row["request"] == request);
    rows.map(|row| row["value"].as_f64()).collect()
}

fn holds(result: &Json, expected: &[(&str, &[f64])]) {
    for (request, expected) in expected {
        let found = values(result, request);
        let are_close = found.len() == expected.len()
            && found.iter().zip(*expected).all(|(found, expected)| match found {
                Some(found) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                None => expected.is_nan(),
            });
        assert!(are_close, "{request}: {found:?}, and not {expected:?}");
    }
}

/// What was rejected: reason, rows, and the column and text of the first example.
fn rejected(result: &Json) -> Vec<(String, u64, Json, Json)> {
    let of = |rejection: &Json| {
        let example = &rejection["examples"][0];
        let reason = rejection["reason"].as_str().unwrap().to_owned();
        (reason, rejection["rows"].as_u64().unwrap(), example["column"].clone(), example["value"].clone())
    };
    result["rejected"].as_array().unwrap().iter().map(of).collect()
}

const NOTHING: &[(String, u64, Json, Json)] = &[];

#[test]
fn lines_are_no_orders() {
    let result = run("01-order-lines", "report.toml");
    holds(
        &result,
        &[("loyalty.repeat_purchase_rate", &[25.0]), ("loyalty.purchase_frequency", &[1.25]), ("loyalty.average_order_value", &[39.0])],
    );
    assert_eq!(rejected(&result), NOTHING);
    let result = run("01-order-lines", "lines.toml");
    holds(&result, &[("loyalty.repeat_purchase_rate", &[0.0]), ("loyalty.average_order_value", &[30.0])]);
    // Without the rule, it is said that there may be lines.
    let (case, report) = case("01-order-lines", "lines.toml");
    let result = case.json(&report.replace("params = { one_order_per = \"order_id\" }\n", "")).unwrap();
    for row in result["results"].as_array().unwrap() {
        assert!(row["note"].as_str().unwrap().contains("`order_id`"), "{row}");
    }
}

#[test]
fn questions_above_answers_are_none() {
    let result = run("02-three-header-rows", "report.toml");
    holds(&result, &[("all", &[100.0 / 9.0]), ("without previews", &[0.0])]);
    assert_eq!(rejected(&result), NOTHING);
    let block = block("02-three-header-rows", "survey.csv");
    assert!(block.contains("header_lines = 3"), "{block}");
}

#[test]
fn labels_stand_around_scores() {
    let result = run("03-labelled-scores", "report.toml");
    holds(&result, &[("loyalty.nps", &[25.0])]);
    assert_eq!(rejected(&result), NOTHING);
    assert_eq!(result["manifest"]["tables"][0]["uses"][0]["rows_without_answer"], 1);
}

#[test]
fn a_day_without_impressions_is_no_mistake() {
    for (report, position, rate) in [
        ("chart.toml", 6.0, 13.0 / 3.0),
        ("chart-de.toml", 64.0 / 13.0, 1.0),
        ("queries.toml", 19.711_776_187_378_01, 2.147_039_687_703_318),
    ] {
        let result = run("04-search-console", report);
        holds(&result, &[("web.average_position", &[position]), ("web.click_through_rate", &[rate])]);
        assert_eq!(rejected(&result), NOTHING, "{report}");
    }
}

#[test]
fn users_may_share_the_id_of_a_session() {
    let result = run("05-analytics-events", "report.toml");
    holds(
        &result,
        &[
            ("web.sessions", &[2.0]),
            ("sessions of a user", &[3.0]),
            ("web.visitors", &[2.0]),
            ("web.page_views", &[5.0]),
            ("page views without the repeat", &[4.0]),
        ],
    );
    let result = run("05-analytics-events", "nested.toml");
    holds(&result, &[("web.sessions", &[3.0]), ("web.visitors", &[2.0]), ("web.page_views", &[5.0])]);
    // Four views of one page and one of another; events without a page are no views.
    let result = run("05-analytics-events", "by_key.toml");
    holds(&result, &[("web.sessions", &[3.0]), ("web.page_views", &[0.0, 4.0, 1.0])]);
}

#[test]
fn names_of_columns_may_come_again() {
    let result = run("06-issue-tracker", "report.toml");
    // 13.672222… hours, 16.669444… minutes.
    holds(
        &result,
        &[
            ("support.resolution_time", &[49_220.0]),
            ("support.first_response_time", &[6001.0 / 6.0]),
            ("support.csat", &[200.0 / 3.0]),
            ("support.ticket_volume", &[4.0]),
        ],
    );
    let result = run("06-issue-tracker", "wide.toml");
    holds(&result, &[("support.ticket_volume", &[2.0])]);
    assert_eq!(rejected(&result), [("the row has more values than the header".to_owned(), 1, Json::Null, Json::Null)]);
}

#[test]
fn durations_are_those_of_the_help_desk() {
    holds(&run("07-durations", "report.toml"), &[("support.first_response_time", &[5700.0]), ("support.resolution_time", &[802_440.0])]);
    let block = block("07-durations", "tickets.csv");
    assert!(!block.contains("history"), "{block}");
}

#[test]
fn prices_of_a_year_and_of_a_week_are_of_a_month() {
    let result = run("08-subscriptions", "report.toml");
    holds(&result, &[("loyalty.mrr", &[829.0 / 3.0, 682.0 / 3.0])]);
    let (case, report) = case("08-subscriptions", "report.toml");
    holds(&case.json(&report.replace("'usd'", "'eur'")).unwrap(), &[("loyalty.mrr", &[45.0, 45.0])]);
}

#[test]
fn a_plan_lasts_until_it_is_changed() {
    // Prices in the report, and from a list of plans, which has none for `churn`: that begins no span.
    for report in ["report.toml", "lookup.toml"] {
        let result = run("20-change-log", report);
        holds(&result, &[("loyalty.mrr", &[29.8, 39.8, 19.9]), ("loyalty.churn_rate", &[f64::NAN, 0.0, 50.0])]);
        let movements = result["results"].as_array().unwrap().iter().filter(|row| row["request"] == "loyalty.mrr_movement");
        let of_kind = |kind: &str| -> Vec<f64> {
            let rows = movements.clone().filter(|row| row["dimensions"].as_object().unwrap().values().any(|value| value == kind));
            rows.map(|row| (row["value"].as_f64().unwrap() * 100.0).round() / 100.0).collect()
        };
        assert_eq!((of_kind("new"), of_kind("expansion")), (vec![29.8, 0.0, 0.0], vec![0.0, 10.0, 0.0]));
        assert_eq!(of_kind("churn"), [0.0, 0.0, 19.9]);
        assert_eq!(rejected(&result), NOTHING);
        let tables = result["manifest"]["tables"].as_array().unwrap();
        let log = tables.iter().find(|table| table["table"] == "subscriptions").unwrap();
        assert_eq!((&log["rows_without_span"], &log["notes"]), (&json!(1), &json!([])));
    }
}

#[test]
fn a_refund_is_no_purchase() {
    let result = run("09-refunds", "report.toml");
    let third = 100.0 / 3.0;
    holds(
        &result,
        &[
            ("loyalty.repeat_purchase_rate", &[0.0, 0.0]),
            ("loyalty.cohort_retention", &[100.0, third, f64::NAN, f64::NAN]),
            ("loyalty.retention_rate", &[f64::NAN, third]),
        ],
    );
    let bases: Vec<&Json> = result["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["metric"] == "loyalty.repeat_purchase_rate")
        .map(|row| &row["n"])
        .collect();
    assert_eq!(bases, [&json!(3), &json!(1)]);
}

#[test]
fn a_total_is_no_order_and_noticed_where_nothing_says_so() {
    let result = run("10-totals-row", "report.toml");
    holds(&result, &[("few", &[1284.5 / 3.0]), ("many", &[29.5])]);
    assert_eq!(rejected(&result), NOTHING);
    let (case, report) = case("10-totals-row", "report.toml");
    let result = case.json(&report.replace("footer_lines = 1\n", "")).unwrap();
    let notes = result["manifest"]["tables"].as_array().unwrap().iter().map(|table| table["notes"].to_string()).collect::<Vec<_>>();
    assert!(notes.iter().any(|notes| notes.contains("total")), "{notes:?}");
}

#[test]
fn a_cast_that_fails_rejects_its_row_and_is_told() {
    let result = run("11-failed-cast", "report.toml");
    holds(&result, &[("support.first_response_time", &[900.0])]);
    let [(_, 1, column, value)] = &rejected(&result)[..] else { panic!("{:?}", rejected(&result)) };
    assert_eq!((column, value), (&json!("wait_min"), &json!("1,200")));
    let (case, report) = case("11-failed-cast", "report.toml");
    let result = case.json(&report.replace("path = \"waits.csv\"\n", "path = \"waits.csv\"\nthousands = \",\"\n")).unwrap();
    holds(&result, &[("support.first_response_time", &[24_600.0])]);
    assert_eq!(rejected(&result), NOTHING);
    // Of four customers, two have ends that are no dates; of the others one is gone.
    let result = run("11-failed-cast", "subs.toml");
    holds(&result, &[("loyalty.churn_rate", &[50.0])]);
    let [(_, 2, column, value)] = &rejected(&result)[..] else { panic!("{:?}", rejected(&result)) };
    assert_eq!((column, value), (&json!("ended"), &json!("31.01.2025")));
}

#[test]
fn expressions_see_the_reports_clocks() {
    let result = run("12-local-time-in-expressions", "report.toml");
    let dimensions: Vec<String> = result["results"].as_array().unwrap().iter().map(|row| row["dimensions"].to_string()).collect();
    assert_eq!(dimensions, [r#"{"hour":0}"#, r#"{"day":"2025-01-02"}"#, r#"{"day":"2025-01-06"}"#, r#"{"day":"2025-07-02"}"#]);
}

#[test]
fn the_newest_row_wins() {
    holds(&run("13-newest-wins", "report.toml"), &[("support.backlog", &[0.0]), ("open", &[1.0])]);
}

#[test]
fn words_that_match_nothing_are_said() {
    let result = run("14-words-that-match-nothing", "report.toml");
    holds(&result, &[("support.backlog", &[1.0]), ("support.resolution_time", &[216_000.0])]);
    let (case, report) = case("14-words-that-match-nothing", "defaults.toml");
    let result = case.run(&report).unwrap();
    assert!(result.notes[0].text.contains("did you mean `Closed` and `Solved`?"), "{:?}", result.notes);
    let in_any_case = report.replace("path = \"history.csv\"\n", "path = \"history.csv\"\nignore_case = true\n");
    holds(&case.json(&in_any_case).unwrap(), &[("support.backlog", &[1.0]), ("support.resolution_time", &[216_000.0])]);
}

#[test]
fn names_of_zones_are_read() {
    let result = run("15-zone-names", "report.toml");
    holds(&result, &[("support.first_response_time", &[1800.0, 1800.0]), ("in opening hours", &[1800.0, 0.0])]);
    holds(&run("15-zone-names", "utc.toml"), &[("support.first_response_time", &[300.0])]);
}

#[test]
fn days_and_months_need_no_zeros() {
    holds(&run("16-dates-without-zeros", "report.toml"), &[("support.resolution_time", &[45_900.0])]);
    holds(&run("16-dates-without-zeros", "us.toml"), &[("web.visitors", &[1.0, 3.0])]);
    // Days above 12 tell which of the two comes first.
    assert!(block("16-dates-without-zeros", "tickets.csv").contains("%d/%m/%Y"));
    assert!(block("16-dates-without-zeros", "us.csv").contains("%m/%d/%Y"));
}

#[test]
fn what_is_known_after_the_period_counts() {
    let result = run("17-known-after-the-period", "report.toml");
    holds(&result, &[("support.repeat_contact_rate", &[50.0]), ("web.funnel", &[3.0, 3.0])]);
}

#[test]
fn a_day_and_some_minutes_are_a_time() {
    holds(&run("18-day-plus-minutes", "report.toml"), &[("support.first_response_time", &[5400.0])]);
}

#[test]
fn containers_are_read_or_refused_with_the_same_advice_everywhere() {
    let report = |file: &str| {
        format!(
            "[tables.t]\npath = \"{file}\"\nformat = \"csv\"\ncolumns = {{ time = \"Date\", score = \"Score\" }}\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n"
        )
    };
    let case = containers();
    for file in ["utf16be.csv", "utf16le.txt"] {
        let delimiter = if file.ends_with("txt") { "delimiter = \"\\t\"\n" } else { "" };
        let result = case.json(&report(file).replace("format = \"csv\"\n", &format!("format = \"csv\"\n{delimiter}"))).unwrap();
        holds(&result, &[("loyalty.nps", &[25.0])]);
        let found = inspect(&[case.path().join(file).to_str().unwrap().to_owned()], &Registry::linked().unwrap()).unwrap();
        assert_eq!(found.tables[0].text.as_ref().unwrap().encoding, "UTF-16");
    }
    // The archive has the first of the two answers.
    let read = [("array.json", 0.0), ("lines.json", 0.0), ("book.xlsx", 0.0), ("packed.zip", 100.0)];
    for (file, nps) in read {
        let path = case.path().join(file).to_str().unwrap().to_owned();
        let found = inspect(std::slice::from_ref(&path), &Registry::linked().unwrap()).unwrap();
        // What `inspect` says stands as it is.
        let block = found.tables[0].block.replace(&path, file);
        let config = format!("{block}\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"{}\"\n", name_of(&block));
        let result = case.json(&config).unwrap_or_else(|problems| panic!("{config}\n{problems}"));
        holds(&result, &[("loyalty.nps", &[nps])]);
        // And without it, the file's name is enough.
        let plain = format!("[tables.t]\npath = \"{file}\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n");
        holds(&case.json(&plain).unwrap(), &[("loyalty.nps", &[nps])]);
    }
    let (file, advice) = ("utf16le-without-mark.csv", "save it as UTF-8");
    let config = report(file).replace("format = \"csv\"\n", "");
    let words = |text: String| text.replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let of_run = words(case.load(&config).err().unwrap());
    assert!(of_run.contains(advice), "{file}: {of_run}");
    let path = case.path().join(file).to_str().unwrap().to_owned();
    let of_inspect = match inspect(&[path], &Registry::linked().unwrap()) {
        Ok(found) => format!("{:?}", found.unreadable),
        Err(problem) => problem.to_string(),
    };
    assert!(words(of_inspect.clone()).contains(advice), "{file}: {of_inspect}");
}

/// The name of a block's table.
fn name_of(block: &str) -> String {
    block.lines().find_map(|line| line.strip_prefix("[tables.")?.strip_suffix(']')).unwrap().to_owned()
}

fn containers() -> Case {
    let mut case = Case::new();
    for entry in fs::read_dir(folder("19-containers")).unwrap() {
        let path = entry.unwrap().path();
        case = case.file(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    case
}

#[test]
fn two_groups_beside_each_other() {
    let result = run("23-two-groups", "report.toml");
    holds(&result, &[("welcome.week_one_retention", &[30.0, 45.0])]);
    let beside = &result["results"][1]["group_comparison"];
    assert_eq!(
        (&beside["with"], &beside["value"], &beside["difference"], &beside["significant"]),
        (&json!("A"), &json!(30), &json!(15), &json!(true))
    );
    // The pooled test of two proportions, and Newcombe's interval of their difference, by hand in Python.
    let close = |key: &str, expected: f64| assert!((beside[key].as_f64().unwrap() - expected).abs() < 5e-5, "{key} of {beside}");
    close("p_value", 0.0285);
    close("low", 1.585_22);
    close("high", 27.683_09);
}

#[test]
fn a_segment_is_looked_up_and_multiplies_no_row() {
    let result = run("21-lookup", "report.toml");
    // All, without a customer, enterprise and small, by bots and by persons: 3 of 5, 0 of 1, 2 of 2, 1 of 2, 1 of 2 and 2 of 3.
    holds(&result, &[("support.csat", &[60.0, 0.0, 100.0, 50.0, 50.0, 200.0 / 3.0])]);
    let answers: Vec<u64> = result["results"].as_array().unwrap().iter().map(|row| row["n"].as_u64().unwrap()).collect();
    assert_eq!(answers, [5, 1, 2, 2, 2, 3]);
    // Which of a customer's two rows is meant is for the report to say.
    let (case, report) = case("21-lookup", "report.toml");
    let problem = case.json(&report.replace("deduplicate = [\"customer_id\"]\n", "")).unwrap_err();
    assert!(problem.contains("`c2` (customers.csv, row 2 and customers.csv, row 3)"), "{problem}");
}

#[test]
fn amounts_of_several_currencies_are_never_one_sum() {
    let result = run("22-currencies", "report.toml");
    holds(&result, &[("loyalty.average_order_value", &[100.0, 26_400.0, 10.0])]);
    let (case, mixed) = case("22-currencies", "mixed.toml");
    let problem = case.json(&mixed).unwrap_err();
    assert!(problem.contains("`EUR`, `JPY` and `USD`, which `loyalty.average_order_value` would sum"), "{problem}");
    assert!(problem.contains("where = \"currency = '…'\"") && problem.contains("by = [[\"currency\"]]"), "{problem}");
    // One of them, and all of them by declaration.
    let with = |line: &str| case.json(&mixed.replace("path = \"orders.csv\"\n", &format!("path = \"orders.csv\"\n{line}\n")));
    let one = with("where = \"currency = 'USD'\"").unwrap();
    holds(&one, &[("loyalty.average_order_value", &[10.0, 10.0]), ("loyalty.repeat_purchase_rate", &[0.0])]);
    let declared = with("currency = \"EUR\"").unwrap();
    holds(&declared, &[("loyalty.average_order_value", &[26_510.0 / 3.0, 100.0, 26_400.0, 10.0])]);
    // What the currency is called does not matter to a column that is named, nor does its case, nor a row without an amount.
    let rows = "customer_id,time,amount,paid_in\na,2025-01-01,10,EUR\nb,2025-01-02,20, eur \nb,2025-01-02,,SEK\n";
    let case = Case::new().file("o.csv", rows);
    let report = |currency: &str| {
        format!(
            "[report]\nmax_rejected_percent = 50\n[tables.o]\npath = \"o.csv\"\n{currency}\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\n"
        )
    };
    holds(&case.json(&report("currency = { column = \"paid_in\" }")).unwrap(), &[("loyalty.average_order_value", &[15.0])]);
    let case = Case::new().file("o.csv", rows.replace(" eur ", "SEK").as_str());
    assert!(case.json(&report("currency = { column = \"paid_in\" }")).unwrap_err().contains("`EUR` and `SEK`"));
    let case = Case::new().file("o.csv", rows.replace(" eur ", "").as_str());
    assert!(case.json(&report("currency = { column = \"paid_in\" }")).unwrap_err().contains("none and `EUR`"));
    for (wrong, said) in
        [("currency = \"euro\"", "is not the code of a currency"), ("currency = { column = \"paid_inn\" }", "did you mean `paid_in`?")]
    {
        let problem = case.load(&report(wrong)).err().unwrap();
        assert!(problem.contains(said), "{problem}");
    }
    // A definition of the report's own is asked for the same.
    let defined = "[tables.orders]\npath = \"orders.csv\"\n[define.\"shop.revenue\"]\ntable = \"orders\"\ntypes = { amount = \"number\" }\nmeasures = { revenue = \"sum(amount)\" }\n\
                   value = \"revenue\"\nunit = \"currency\"\n[[metrics]]\nmetric = \"shop.revenue\"\ntable = \"orders\"\n";
    let (case, _) = self::case("22-currencies", "report.toml");
    assert!(case.json(defined).unwrap_err().contains("which `shop.revenue` would sum"));
}

/// 100 + 161.04 + 9.60 euros; and 100 euros, 26 400 yen and 10.500 dinars, which are 100 + 161.04 + 32.76.
#[test]
fn amounts_are_converted_by_declared_rates() {
    let result = run("22-currencies", "converted.toml");
    holds(&result, &[("orders", &[270.64 / 3.0]), ("charges", &[293.8 / 3.0])]);
    assert_eq!(rejected(&result), NOTHING);
    assert!(result["results"].as_array().unwrap().iter().all(|row| row["currency"] == "EUR"));
}

#[test]
fn y_and_n_are_yes_and_no() {
    let result = run("24-yes-and-no", "report.toml");
    // Four of five calls are answered, after 45.5 seconds.
    holds(&result, &[("support.abandonment_rate", &[20.0]), ("support.wait_time", &[45.5])]);
    assert_eq!(rejected(&result), NOTHING);
}

#[test]
fn a_carriage_return_ends_a_line() {
    holds(&run("25-line-ends", "report.toml"), &[("loyalty.nps", &[0.0])]);
}

/// What `inspect` proposes for a file.
fn block(case: &str, file: &str) -> String {
    let path = folder(case).join(file).to_str().unwrap().to_owned();
    inspect(&[path], &Registry::linked().unwrap()).unwrap().tables[0].block.clone()
}

/// What `inspect` proposes for each file is a report as it stands, whatever else of it is a choice.
#[test]
fn what_inspect_proposes_is_in_order() {
    for entry in fs::read_dir(folder("")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(files) = fs::read_dir(&folder) else { continue };
        for file in files {
            let path = file.unwrap().path();
            let is_table = path.extension().is_some_and(|extension| extension == "csv" || extension == "ndjson");
            if !is_table || path.ends_with("utf16le-without-mark.csv") {
                continue;
            }
            crate::reading::inspect::pasted_everything(path.to_str().unwrap(), &[]);
        }
    }
}
