//! Time: local buckets, clock changes, empty and partial buckets, and data without a period.

use custometer_testkit::Case;
use jiff::civil::date;
use serde_json::Value as Json;

fn views(rows: &str, report: &str) -> Vec<(String, i64, bool)> {
    let config = format!(
        "[report]\n{report}\n[tables.events]\npath = \"e.csv\"\n[[metrics]]\nmetric = \"web.page_views\"\ntable = \"events\"\n\
         params = {{ view_events = [] }}\n"
    );
    let case = Case::new().file("e.csv", format!("time\n{}\n", rows.replace(' ', "\n"))).as_of(date(2026, 6, 1));
    let json = case.json(&config).unwrap();
    let row =
        |row: &Json| (row["start"].as_str().unwrap_or("-").to_owned(), row["value"].as_i64().unwrap(), row["partial"].as_bool().unwrap());
    json["results"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn a_row_belongs_to_its_local_day() {
    // 22:30 UTC is after midnight in Copenhagen, in summer by two hours, in winter by one and not yet.
    let found = views(
        "2025-07-01T22:30:00Z 2025-07-02T21:59:59Z",
        "timezone = \"Europe/Copenhagen\"\nfrom = 2025-07-01\nuntil = 2025-07-04\ngrain = \"day\"",
    );
    let expected = [("2025-07-01T00:00:00+02:00", 0), ("2025-07-02T00:00:00+02:00", 2), ("2025-07-03T00:00:00+02:00", 0)];
    assert_eq!(found, expected.map(|(start, count)| (start.to_owned(), count, false)));
}

#[test]
fn buckets_without_rows_appear_and_rows_outside_the_period_do_not_count() {
    let found = views("2024-12-31 2025-01-15 2025-03-31 2025-04-01", "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"");
    assert_eq!(found.iter().map(|row| row.1).collect::<Vec<_>>(), [1, 0, 1]);
}

#[test]
fn the_hour_that_a_clock_change_repeats_is_two_buckets() {
    let rows = "2025-10-26T00:30:00Z 2025-10-26T01:30:00Z 2025-10-26T01:45:00Z";
    let found = views(rows, "timezone = \"Europe/Copenhagen\"\nfrom = 2025-10-26\nuntil = 2025-10-27\ngrain = \"hour\"");
    assert_eq!(found.len(), 25);
    assert_eq!(found[2], ("2025-10-26T02:00:00+02:00".to_owned(), 1, false));
    assert_eq!(found[3], ("2025-10-26T02:00:00+01:00".to_owned(), 2, false));
}

#[test]
fn local_times_are_read_in_the_reports_zone_and_skipped_ones_are_rejected() {
    let config = "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-03-30\nuntil = 2025-03-31\ngrain = \"total\"\n\
        [tables.events]\npath = \"e.csv\"\n[[metrics]]\nmetric = \"web.page_views\"\ntable = \"events\"\nparams = { view_events = [] }\n";
    // The clock goes from 02:00 to 03:00: 02:30 was never shown.
    let json = Case::new().file("e.csv", "time\n2025-03-30 01:59:59\n2025-03-30 02:30:00\n2025-03-30 03:00:00\n").json(config).unwrap();
    assert_eq!(json["results"][0]["value"].as_i64(), Some(2));
    assert_eq!(json["rejected"][0]["rows"].as_i64(), Some(1));
}

#[test]
fn a_period_that_cuts_a_bucket_marks_it_partial() {
    let found = views("2025-01-15", "from = 2025-01-15\nuntil = 2025-03-10\ngrain = \"month\"");
    assert_eq!(found.iter().map(|row| row.2).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn what_the_data_do_not_cover_yet_is_partial() {
    let config = "[report]\nfrom = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\n[tables.events]\npath = \"e.csv\"\n\
        [[metrics]]\nmetric = \"web.page_views\"\ntable = \"events\"\nparams = { view_events = [] }\n";
    let json = Case::new().file("e.csv", "time\n2025-01-02\n").as_of(date(2025, 2, 10)).json(config).unwrap();
    let partial: Vec<bool> = json["results"].as_array().unwrap().iter().map(|row| row["partial"].as_bool().unwrap()).collect();
    assert_eq!(partial, [false, true, true]);
    assert_eq!(json["manifest"]["as_of"], "2025-02-10");
}

#[test]
fn without_a_period_the_data_say_from_when_to_when() {
    let found = views("2025-03-02 2025-01-20", "grain = \"month\"");
    let expected =
        [("2025-01-20T00:00:00+00:00", 1, true), ("2025-02-01T00:00:00+00:00", 0, false), ("2025-03-01T00:00:00+00:00", 1, true)];
    assert_eq!(found, expected.map(|(start, count, partial)| (start.to_owned(), count, partial)));
}

#[test]
fn a_date_belongs_to_its_day_even_where_the_clock_skips_its_midnight() {
    let found =
        views("2024-04-25 2024-04-26 2024-04-27", "timezone = \"Africa/Cairo\"\nfrom = 2024-04-25\nuntil = 2024-04-28\ngrain = \"day\"");
    assert_eq!(found.iter().map(|row| row.1).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn data_without_a_single_time_have_no_buckets_and_every_row_is_rejected() {
    let config = "[report]\ngrain = \"day\"\n[tables.events]\npath = \"e.csv\"\n[[metrics]]\nmetric = \"web.page_views\"\ntable = \"events\"\n\
        params = { view_events = [] }\n";
    let json = Case::new().file("e.csv", "time,x\n,1\n,2\n").json(config).unwrap();
    assert!(json["results"].as_array().unwrap().is_empty());
    assert_eq!((&json["rejected"][0]["reason"], &json["rejected"][0]["rows"]), (&Json::from("`time` is missing"), &Json::from(2)));
}

#[test]
fn a_stray_year_does_not_make_a_million_buckets() {
    let config =
        "[report]\ngrain = \"day\"\n[tables.events]\npath = \"e.csv\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"events\"\n";
    let failure = Case::new().file("e.csv", "time,score\n1001-01-01,9\n2025-01-01,9\n").json(config).unwrap_err();
    assert!(failure.contains("by day, the period has 374010 buckets"), "{failure}");
}

#[test]
fn a_result_that_can_not_be_held_is_refused_with_its_size() {
    let config = "[report]\nfrom = 2022-01-01\nuntil = 2026-01-01\ngrain = \"day\"\n[tables.t]\npath = \"t.csv\"\n\
                  [[metrics]]\nmetric = \"loyalty.cohort_retention\"\ntable = \"t\"\nby = [[], [\"region\"]]\n";
    let case = Case::new().file("t.csv", "time,customer_id,region\n2022-01-01,a,north\n2025-12-31,b,south\n");
    // Where the report says its period, it is no report; else the data's own shows it.
    let refused = case.load(config).err().unwrap();
    let refused = refused.replace("\n  │", "").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(refused.contains("comes to 4269042 results, more than can be held: 1461 buckets, 1461 values in each, 2 groups"), "{refused}");
    let error = case.json(&config.replace("from = 2022-01-01\nuntil = 2026-01-01\n", "")).unwrap_err();
    assert!(error.contains("more than can be held: 1461 buckets, ") && error.contains("2 groups or more"), "{error}");
    assert!(case.json(&config.replace("\"day\"", "\"month\"")).is_ok());
}

#[test]
fn a_few_rows_far_from_all_others_make_no_period() {
    let config = "[report]\ngrain = \"month\"\n[tables.t]\npath = \"t.csv\"\n\
                  [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"t\"\n";
    let rows = (1..=28).map(|day| format!("2025-01-{day:02},{day}\n")).collect::<Vec<_>>().concat();
    let case = |far: &str| Case::new().file("t.csv", format!("time,amount\n{rows}{far},7\n"));
    let error = case("1970-01-01").json(config).unwrap_err().clone();
    assert!(error.contains("1 of 29 rows lie before 2025, and no row in the 54 years between these and the others"), "{error}");
    let asked = config.replace("[report]\n", "[report]\nfrom = 1970-01-01\nuntil = 2025-02-01\n");
    assert_eq!(case("1970-01-01").json(&asked).unwrap()["results"].as_array().unwrap().len(), 55 * 12 + 1);
    assert_eq!(case("2024-11-30").json(config).unwrap()["results"].as_array().unwrap().len(), 3);
}
