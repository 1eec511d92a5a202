//! User retention and churn, against plain computations that go through all events for every bucket, group and user.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::{Case, edge};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const ZONE: &str = "Europe/Copenhagen";
const UNTIL: Date = date(2025, 4, 16);

#[derive(Debug, Clone)]
struct Event {
    user: u8,
    at: Timestamp,
    mobile: bool,
}

fn instant(day: Date, hour: i8) -> Timestamp {
    day.at(hour, 0, 0, 0).in_tz(ZONE).unwrap().timestamp()
}

/// Events around the period, many of them near midnight, and some at one instant.
fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let hour = prop::sample::select(vec![0_i8, 0, 2, 12, 23]);
    let event = (0..6_u8, 0..165_i64, hour, any::<bool>());
    let event = event.prop_map(|(user, day, hour, mobile)| Event { user, at: instant(date(2024, 11, 20) + day.days(), hour), mobile });
    prop::collection::vec(event, 0..most)
}

fn device(mobile: bool) -> &'static str {
    if mobile { "mobile" } else { "desktop" }
}

fn rows_of<'e>(events: impl IntoIterator<Item = &'e Event>) -> String {
    let mut rows = String::from("user_id,who,time,device\n");
    for Event { user, at, mobile } in events {
        writeln!(rows, "u{user},w{user},{at},{}", device(*mobile)).unwrap();
    }
    rows
}

/// For each age its name, its first day, the day after its last, and how many days must be over.
type Ages = Vec<(&'static str, i32, i32, i32)>;

/// The parameters of requests, with their ages.
fn retentions() -> Vec<(&'static str, Ages)> {
    const EVER: i32 = 10_000;
    vec![
        ("ages = [0, 1, 7, 28]", vec![("0", 0, 1, 1), ("1", 1, 2, 2), ("7", 7, 8, 8), ("28", 28, 29, 29)]),
        ("kind = \"unbounded\", ages = [1, 14]", vec![("1", 1, EVER, 2), ("14", 14, EVER, 15)]),
        ("kind = \"bracket\", ages = [1, 2, 7, 60]", vec![("1", 1, 2, 2), ("2 to 6", 2, 7, 7), ("7 to 59", 7, 60, 60)]),
        ("age = \"week\"", vec![("1", 7, 14, 14), ("2", 14, 21, 21), ("3", 21, 28, 28), ("4", 28, 35, 35)]),
        ("age = \"week\", kind = \"unbounded\", ages = [2]", vec![("2", 14, EVER, 21)]),
    ]
}

fn config(grain: &str, as_of: Option<Date>, by: &str) -> String {
    let as_of = as_of.map_or_else(String::new, |as_of| format!("as_of = {as_of}\n"));
    let mut config = format!(
        "[report]\ntimezone = \"{ZONE}\"\nfrom = 2025-01-15\nuntil = {UNTIL}\ngrain = \"{grain}\"\n{as_of}[tables.t]\npath = \"t*.csv\"\n\
         [[metrics]]\nname = \"churn\"\nmetric = \"web.user_churn\"\ntable = \"t\"\nby = {by}\n"
    );
    for (number, (params, _)) in retentions().iter().enumerate() {
        writeln!(
            config,
            "[[metrics]]\nname = \"{number}\"\nmetric = \"web.user_retention\"\ntable = \"t\"\nby = {by}\nparams = {{ {params} }}"
        )
        .unwrap();
    }
    config
}

fn results(files: &[String], config: &str) -> Vec<Json> {
    custometer_testkit::results(&Case::new().parts(files).json(config).unwrap()).clone()
}

/// What is known of the users of a row's group: their events.
fn users_of(row: &Json, events: &[Event], known_until: Timestamp) -> BTreeMap<u8, Vec<Timestamp>> {
    let mut users: BTreeMap<u8, Vec<Timestamp>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.at < known_until) {
        let is_of = |name: &str, value: &str| row["dimensions"][name].as_str().is_none_or(|of| of == value);
        if is_of("device", device(event.mobile)) && is_of("who", &format!("w{}", event.user)) {
            users.entry(event.user).or_default().push(event.at);
        }
    }
    for times in users.values_mut() {
        times.sort();
    }
    users
}

fn check_share(row: &Json, part: usize, whole: usize) {
    let expected = (whole > 0).then(|| 100.0 * part as f64 / whole as f64);
    match (row["value"].as_f64(), expected) {
        (None, None) => {}
        (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-9, "{found} is not {expected}: {row}"),
        _ => panic!("not {expected:?}: {row}"),
    }
}

fn check_retention(row: &Json, ages: &Ages, events: &[Event], known: Date) {
    let zone = TimeZone::get(ZONE).unwrap();
    let day = |at: &Timestamp| at.to_zoned(zone.clone()).date();
    let age = &row["dimensions"]["age"];
    let name = age.as_str().map_or_else(|| age.to_string(), str::to_owned);
    let (_, from, until, over) = ages.iter().find(|(known, ..)| *known == name).unwrap();
    let users = users_of(row, events, instant(known, 0));
    let (mut retained, mut old, mut young) = (0, 0, 0);
    for times in users.values().filter(|times| edge(row, "start") <= times[0] && times[0] < edge(row, "end")) {
        let first = day(&times[0]);
        if first + over.days() > known {
            young += 1;
            continue;
        }
        old += 1;
        retained += usize::from(times.iter().any(|at| (first + from.days()..first + until.days()).contains(&day(at))));
    }
    assert_eq!(row["measures"], json!({ "retained_users": retained, "users_old_enough": old, "too_young": young }), "{row}");
    check_share(row, retained, old);
}

fn check_churn(row: &Json, before: Timestamp, events: &[Event], known: Timestamp) {
    let users = users_of(row, events, known);
    let active = |from: Timestamp, until: Timestamp| -> BTreeSet<u8> {
        let is_active = |times: &Vec<Timestamp>| times.iter().any(|at| (from..until).contains(at));
        users.iter().filter(|(_, times)| is_active(times)).map(|(user, _)| *user).collect()
    };
    let (start, end) = (edge(row, "start"), edge(row, "end"));
    let (was, is) = if end <= known { (active(before, start), active(start, end)) } else { (BTreeSet::new(), BTreeSet::new()) };
    let churned = was.difference(&is).count();
    assert_eq!(row["measures"], json!({ "churned_users": churned, "users_before": was.len(), "users": is.len() }), "{row}");
    check_share(row, churned, was.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_cell_is_what_going_through_all_events_gives(
        events in events(60),
        grain in prop::sample::select(vec![("month", date(2024, 12, 15)), ("week", date(2025, 1, 8)), ("total", date(2024, 10, 16))]),
        as_of in prop::option::of(prop::sample::select(vec![date(2025, 2, 1), date(2025, 3, 31), date(2025, 6, 1)])),
    ) {
        let (grain, before) = grain;
        let known = as_of.unwrap_or(UNTIL);
        let rows = results(&[rows_of(&events)], &config(grain, Some(known), "[[], [\"device\"]]"));
        let ages: BTreeMap<String, Ages> =
            retentions().into_iter().enumerate().map(|(number, (_, ages))| (number.to_string(), ages)).collect();
        // Where each bucket begins; the one before the first is before the period.
        let starts: BTreeSet<Timestamp> = rows.iter().map(|row| edge(row, "start")).chain([instant(before, 0)]).collect();
        for row in &rows {
            if let Some(ages) = ages.get(row["request"].as_str().unwrap()) {
                check_retention(row, ages, &events, known);
            } else {
                let before = starts.range(..edge(row, "start")).next_back().unwrap();
                check_churn(row, *before, &events, instant(known, 0));
            }
        }
    }

    #[test]
    fn the_order_of_rows_and_files_does_not_matter(events in events(60), at in any::<prop::sample::Index>()) {
        let at = at.index(events.len() + 1);
        let files = [rows_of(events[..at].iter().rev()), rows_of(events[at..].iter().rev())];
        let config = config("month", None, "[[], [\"device\"]]");
        prop_assert_eq!(results(&[rows_of(&events)], &config), results(&files, &config));
    }

    #[test]
    fn what_others_do_changes_nobodys_result(events in events(40), others in events(40)) {
        let strangers = others.iter().map(|event| Event { user: event.user + 100, ..event.clone() });
        let both: Vec<Event> = events.iter().cloned().chain(strangers).collect();
        let of_each = |rows: Vec<Json>| -> Vec<Json> {
            let is_own = |row: &Json| row["dimensions"]["who"].as_str().is_some_and(|who| who.len() == 2);
            rows.into_iter().filter(is_own).collect()
        };
        let config = config("month", Some(UNTIL), "[[\"who\"]]");
        prop_assert_eq!(of_each(results(&[rows_of(&events)], &config)), of_each(results(&[rows_of(&both)], &config)));
    }
}

#[test]
fn ages_that_can_not_be_meant_are_errors_at_their_place() {
    let wrong = ["[]", "[7, 1]", "[1, 1]", "[-1]"];
    let metrics: Vec<String> = wrong
        .iter()
        .map(|ages| {
            format!("[[metrics]]\nname = \"{ages}\"\nmetric = \"web.user_retention\"\ntable = \"t\"\nparams = {{ ages = {ages} }}\n")
        })
        .collect();
    let bracket = "[[metrics]]\nmetric = \"web.user_retention\"\ntable = \"t\"\nparams = { kind = \"bracket\", ages = [7] }\n";
    let config = format!("[tables.t]\npath = \"t.csv\"\n{}{bracket}", metrics.concat());
    insta::assert_snapshot!(Case::new().file("t.csv", "user_id,time\na,2025-01-01\n").load(&config).err().unwrap());
}

#[test]
fn a_change_of_retention_is_tested_and_compared_at_the_same_ages() {
    let mut rows = String::from("user_id,time\n");
    for user in 0..200 {
        writeln!(rows, "a{user},2025-01-10\nb{user},2025-02-10").unwrap();
        if user % 2 == 0 {
            writeln!(rows, "a{user},2025-01-11").unwrap();
        }
        if user % 5 == 0 {
            writeln!(rows, "b{user},2025-02-11").unwrap();
        }
    }
    let config = "[report]\nfrom = 2025-02-01\nuntil = 2025-03-01\nas_of = 2025-03-01\ncompare = [\"previous\"]\n[tables.t]\npath = \"t.csv\"\n\
        [[metrics]]\nmetric = \"web.user_retention\"\ntable = \"t\"\nparams = { ages = [1, 20] }\n";
    let json = Case::new().file("t.csv", rows).json(config).unwrap();
    let [day_one, day_twenty] = [&json["results"][0], &json["results"][1]];
    assert_eq!(day_one["value"], 20);
    assert_eq!(day_one["comparisons"][0]["value"], 50);
    // scipy: chi2_contingency([[40, 160], [100, 100]], correction=False), whose root is the z of the pooled test.
    let p_value = day_one["comparisons"][0]["p_value"].as_f64().unwrap();
    assert!((p_value / 3.180_615_853_514_648e-10 - 1.0).abs() < 1e-6, "{p_value}");
    // January's users were old enough as January ended, and February's are not as February ends.
    assert_eq!((&day_twenty["value"], &day_twenty["measures"]["too_young"]), (&Json::Null, &json!(200)));
    assert_eq!(day_twenty["comparisons"][0]["value"], 0);
}
