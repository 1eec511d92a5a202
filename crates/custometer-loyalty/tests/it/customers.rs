//! The loyalty metrics over customers, referrals, points and reviews, from end to end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::Case;
use jiff::civil::{Date, date};
use polars::prelude::DataType;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const QUARTER: &str = "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"";

fn config(report: &str, metric: &str) -> String {
    format!("[report]\n{report}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\ntable = \"t\"\n{metric}\n")
}

fn run(rows: &str, report: &str, metric: &str) -> Json {
    Case::new().file("t.csv", rows).json(&config(report, metric)).unwrap()
}

fn results(rows: &str, report: &str, metric: &str) -> Vec<Json> {
    run(rows, report, metric)["results"].as_array().unwrap().clone()
}

fn only(rows: &str, report: &str, metric: &str) -> Json {
    let found = results(rows, report, metric);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn values(results: &[Json]) -> Vec<Option<f64>> {
    results.iter().map(|row| row["value"].as_f64()).collect()
}

/// Why rows were rejected, and how many.
fn rejected(json: &Json) -> BTreeMap<String, u64> {
    let all = json["rejected"].as_array().unwrap().iter();
    all.map(|rejection| (rejection["reason"].as_str().unwrap().to_owned(), rejection["rows"].as_u64().unwrap())).collect()
}

fn problems(rows: &str, metric: &str) -> String {
    Case::new().file("t.csv", rows).load(&config("", metric)).err().unwrap()
}

fn assert_close(found: Option<f64>, expected: Option<f64>) -> Result<(), TestCaseError> {
    let same = match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
        (found, expected) => found == expected,
    };
    prop_assert!(same, "{:?} is not {:?}", found, expected);
    Ok(())
}

// Acquisition.

const SOURCES: &str = "customer_id,created_at,source,country\n\
    a,2024-12-30,fair,DK\nb,2025-01-03,search,DK\nc,2025-01-04,search,SE\nd,2025-01-05,,DK\ne,2025-03-01,friend,SE\nf,2025-03-02, ,SE\n";

#[test]
fn every_source_is_in_every_bucket_and_a_missing_one_is_a_group_of_its_own() {
    let rows = results(SOURCES, QUARTER, "metric = \"loyalty.acquisition_source\"");
    let found: Vec<(&str, Option<&str>, i64, i64)> = rows
        .iter()
        .map(|row| {
            let count = |name: &str| row["measures"][name].as_i64().unwrap();
            assert_eq!(row["value"], row["measures"]["new_customers"]);
            (&row["start"].as_str().unwrap()[..7], row["dimensions"]["source"].as_str(), count("new_customers"), count("customers"))
        })
        .collect();
    let expected = [
        ("2025-01", None, 1, 1),
        ("2025-01", Some("fair"), 0, 1),
        ("2025-01", Some("friend"), 0, 0),
        ("2025-01", Some("search"), 2, 2),
        ("2025-02", None, 0, 1),
        ("2025-02", Some("fair"), 0, 1),
        ("2025-02", Some("friend"), 0, 0),
        ("2025-02", Some("search"), 0, 2),
        ("2025-03", None, 1, 2),
        ("2025-03", Some("fair"), 0, 1),
        ("2025-03", Some("friend"), 1, 1),
        ("2025-03", Some("search"), 0, 2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn shares_of_sources_are_of_the_group_and_undefined_where_nobody_came() {
    let rows = results(SOURCES, QUARTER, "metric = \"loyalty.acquisition_source\"\nparams = { show = \"share\" }");
    let of =
        |month: &str| values(&rows.iter().filter(|row| row["start"].as_str().unwrap().starts_with(month)).cloned().collect::<Vec<_>>());
    assert_eq!(of("2025-01"), [Some(33.333_333_333_3), Some(0.0), Some(0.0), Some(66.666_666_666_7)]);
    assert_eq!(of("2025-02"), [None; 4]);
    assert_eq!(rows[0]["unit"], "percent");

    let by = "metric = \"loyalty.acquisition_source\"\nparams = { show = \"share\" }\nby = [[\"country\"]]";
    let rows = results(SOURCES, "from = 2025-01-01\nuntil = 2025-04-01", by);
    let found: Vec<(&str, Option<&str>, Option<f64>)> = rows
        .iter()
        .map(|row| (row["dimensions"]["country"].as_str().unwrap(), row["dimensions"]["source"].as_str(), row["value"].as_f64()))
        .collect();
    let third = Some(33.333_333_333_3);
    let expected = [
        ("DK", None, Some(50.0)),
        ("DK", Some("fair"), Some(0.0)),
        ("DK", Some("search"), Some(50.0)),
        ("SE", None, third),
        ("SE", Some("friend"), third),
        ("SE", Some("search"), third),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_customer_who_comes_twice_is_rejected_and_not_counted_twice() {
    let rows = "customer_id,created_at,source\na,2025-01-01,x\na,2025-02-01,y\nb,2025-01-05,x\n,2025-01-06,x\nc,31-31-2025,x\n";
    let json = run(rows, QUARTER, "metric = \"loyalty.acquisition_source\"");
    assert_eq!(json["results"][0]["value"], 1);
    let expected =
        [("`created_at` is not a time like", 1), ("`customer_id` comes in more than one row", 2), ("`customer_id` is missing", 1)];
    let found = rejected(&json);
    assert_eq!(found.len(), 3, "{found:?}");
    for (reason, rows) in expected {
        assert!(found.iter().any(|(known, count)| known.starts_with(reason) && *count == rows), "{reason}: {found:?}");
    }
    // Where the report says which of the two is right, that one counts.
    let deduplicated = config(QUARTER, "metric = \"loyalty.acquisition_source\"")
        .replace("[[metrics]]", "deduplicate = [\"customer_id\"]\nkeep = \"last\"\n[[metrics]]");
    let json = Case::new().file("t.csv", rows).json(&deduplicated).unwrap();
    assert!(!rejected(&json).contains_key("`customer_id` comes in more than one row"));
}

// Referrals.

const NEW: &str = "customer_id,created_at,source,is_referred,is_referrer\n\
    a,2024-06-01,friend,true,true\nb,2024-07-01,search,false,false\nc,2025-01-10,friend,true,false\nd,2025-01-11,partner,true,true\n\
    e,2025-01-12,search,,false\nf,2025-01-13,,false,false\ng,2025-03-01,search,false,\n";

#[test]
fn referral_rates_are_those_of_the_definition_that_was_asked_for() {
    let rate = |params: &str| results(NEW, QUARTER, &format!("metric = \"loyalty.referral_rate\"\nparams = {{ {params} }}"));
    let sources = "referral_sources = [\"friend\", \"partner\"]";
    let rows = rate(sources);
    assert_eq!(values(&rows), [Some(50.0), None, Some(0.0)]);
    assert_eq!(rows[0]["measures"], json!({ "referred_customers": 2, "unknown_origin": 1, "new_customers": 4 }));
    // statsmodels' proportion_confint(2, 4, method="wilson")
    custometer_testkit::assert_close(&rows[0]["low"], 15.003_898_915_214_947);
    custometer_testkit::assert_close(&rows[0]["high"], 84.996_101_084_785_05);
    assert_eq!(rows[0]["note"], "referred_new_customers: new customers who were referred, of all new customers");

    // c and d, and of e nobody knows.
    let rows = rate("referred = \"column\"");
    assert_eq!(values(&rows), [Some(50.0), None, Some(0.0)]);
    assert_eq!(rows[0]["measures"]["unknown_origin"], 1);

    let rows = rate(&format!("definition = \"new_over_base\", {sources}"));
    assert_eq!(values(&rows), [Some(100.0), Some(0.0), Some(0.0)]);
    let bases: Vec<i64> = rows.iter().map(|row| row["measures"]["customers_at_start"].as_i64().unwrap()).collect();
    assert_eq!(bases, [2, 6, 6]);
    assert_eq!((&rows[0]["low"], &rows[0]["n"]), (&Json::Null, &json!(2)));

    // g says nothing of having referred anybody, and is rejected.
    let rows = rate("definition = \"referring_customers\"");
    assert_eq!(values(&rows), [Some(33.333_333_333_3); 3]);
    assert_eq!(rows[2]["measures"], json!({ "referring_customers": 2, "customers": 6 }));
}

#[test]
fn before_the_first_customer_there_is_no_base() {
    let rows = "customer_id,created_at,source\na,2025-02-01,friend\n";
    let found = results(
        rows,
        QUARTER,
        "metric = \"loyalty.referral_rate\"\nparams = { definition = \"new_over_base\", referral_sources = [\"friend\"] }",
    );
    assert_eq!(values(&found), [None, None, Some(0.0)]);
}

#[test]
fn who_was_referred_is_asked_for_and_not_guessed() {
    let text = problems(NEW, "metric = \"loyalty.referral_rate\"");
    assert!(text.contains("which customers were referred?"), "{text}");
    let text =
        problems(NEW, "metric = \"loyalty.referral_rate\"\nparams = { definition = \"referring_customers\", referral_sources = [\"x\"] }");
    assert!(text.contains("it does not matter who was referred"), "{text}");
}

const REFERRALS: &str = "referrer_id,time,converted_at,channel\n\
    a,2025-01-05 12:00:00,2025-01-20 12:00:00,mail\na,2025-01-06 12:00:00,2025-03-20 12:00:00,mail\nb,2025-01-07 12:00:00,,link\n\
    b,2025-02-10 12:00:00,2025-02-10 12:00:00,link\nb,2025-02-11 12:00:00,2025-02-11 11:59:00,link\n,2025-02-12,,link\nc,2025-03-25 12:00:00,2025-03-26,mail\n\
    c,2025-03-30 12:00:00,,mail\n";

#[test]
fn conversions_after_the_as_of_date_are_not_known_yet() {
    let metric = "metric = \"loyalty.referral_conversion\"";
    let counts = |report: &str, metric: &str| -> Vec<(i64, i64, i64)> {
        let count = |row: &Json, name: &str| row["measures"][name].as_i64().unwrap();
        let rows = results(REFERRALS, report, metric);
        rows.iter().map(|row| (count(row, "converted"), count(row, "referrals"), count(row, "too_young"))).collect()
    };
    assert_eq!(counts(QUARTER, metric), [(2, 3, 0), (1, 1, 0), (1, 2, 0)]);
    // On the first of March, the conversion of 20 March has not been, nor has any referral of March.
    assert_eq!(counts(&format!("{QUARTER}\nas_of = 2025-03-01"), metric), [(1, 3, 0), (1, 1, 0), (0, 0, 0)]);
    let within = format!("{metric}\nparams = {{ within_days = 30 }}");
    assert_eq!(counts(&format!("{QUARTER}\nas_of = 2025-04-01"), &within), [(1, 3, 0), (1, 1, 0), (0, 0, 2)]);
    assert_eq!(counts(&format!("{QUARTER}\nas_of = 2025-03-01"), &within), [(1, 3, 0), (0, 0, 1), (0, 0, 0)]);
    // Without an as-of date, where the data end.
    assert_eq!(counts(QUARTER, &within), [(1, 3, 0), (1, 1, 0), (0, 0, 2)]);
    assert_eq!(counts("", &within), [(2, 4, 2)]);
    assert_eq!(counts("", metric), [(4, 6, 0)]);

    let json = run(REFERRALS, QUARTER, &within);
    let reasons: Vec<(String, u64)> = rejected(&json).into_iter().collect();
    assert_eq!(reasons, [("`converted_at` is before `time`".to_owned(), 1), ("`referrer_id` is missing".to_owned(), 1)]);
    assert_eq!(json["results"][0]["note"], "converted within 30 days, of those that have had them");
}

#[test]
fn what_an_earlier_month_is_compared_with_was_known_when_it_ended() {
    let report = "from = 2025-02-01\nuntil = 2025-03-01\nas_of = 2025-04-01\ncompare = [\"previous\"]";
    let row = only(REFERRALS, report, "metric = \"loyalty.referral_conversion\"");
    // Of the three of January one had converted by its end; one more did in March.
    assert_eq!(row["value"], 100);
    assert_eq!(row["comparisons"][0]["value"], 33.333_333_333_3);
}

#[test]
fn days_to_convert_are_local_ones() {
    // 30 March 2025 has 23 hours in Copenhagen: noon of the 31st is 47 hours after noon of the 29th.
    let rows = "referrer_id,time,converted_at\na,2025-03-29 12:00:00,2025-03-31 12:00:00\nb,2025-03-29 12:00:00,2025-03-31 12:01:00\n";
    let report = "timezone = \"Europe/Copenhagen\"\nas_of = 2025-05-01";
    let row = only(rows, report, "metric = \"loyalty.referral_conversion\"\nparams = { within_days = 2 }");
    assert_eq!((&row["measures"]["converted"], &row["measures"]["referrals"]), (&json!(1), &json!(2)));
}

// Participation.

#[test]
fn flags_are_of_all_customers_at_the_end_of_a_bucket() {
    let rows = "customer_id,created_at,is_trained,is_member,country\n\
        a,2024-05-01,yes,true,DK\nb,2025-01-10,no,true,DK\nc,2025-02-10,1,false,SE\nd,2025-03-10,,true,SE\ne,2025-03-11,maybe,false,SE\n";
    let metric = "metric = \"loyalty.training_participation\"\nby = [[], [\"country\"]]";
    let json = run(rows, QUARTER, metric);
    let found = json["results"].as_array().unwrap();
    assert_eq!(values(found)[..3], [50.0, 66.666_666_666_7, 66.666_666_666_7].map(Some));
    // Denmark and Sweden, month by month.
    assert_eq!(values(found)[3..], [Some(50.0), None, Some(50.0), Some(100.0), Some(50.0), Some(100.0)]);
    assert_eq!(found[2]["measures"], json!({ "trained_customers": 2, "customers": 3 }));
    // statsmodels' proportion_confint(2, 3, method="wilson")
    custometer_testkit::assert_close(&found[2]["low"], 20.765_960_080_204_77);
    custometer_testkit::assert_close(&found[2]["high"], 93.850_805_527_960_38);
    assert_eq!(
        rejected(&json),
        [("`is_trained` is missing".to_owned(), 1), ("`is_trained` is not true or false, yes or no, y or n, t or f, 1 or 0".to_owned(), 1)]
            .into()
    );

    let found = results(rows, QUARTER, "metric = \"loyalty.program_participation\"");
    assert_eq!(values(&found), [Some(100.0), Some(66.666_666_666_7), Some(60.0)]);
}

#[test]
fn the_end_of_the_data_is_the_end_where_no_period_is_given() {
    let rows = "customer_id,created_at,is_member,last_active_at\n\
        a,2024-01-01,true,2024-12-30\nb,2024-05-01,true,2024-06-01\nc,2024-12-31,false,\n";
    let row = only(rows, "", "metric = \"loyalty.program_participation\"\nparams = { active_within_days = 30 }");
    assert_eq!(row["value"], 33.333_333_333_3);
    assert_eq!(row["measures"], json!({ "active_members": 1, "activity_unknown": 0, "members": 2, "customers": 3 }));
    assert_eq!(row["note"], "active in the 30 days before the end; `is_member` is taken as the table has it now");
}

#[test]
fn who_was_active_later_makes_a_bucket_unknown_and_the_note_says_so() {
    let rows = "customer_id,created_at,is_member,last_active_at\n\
        a,2024-01-01,true,2025-03-15\nb,2024-05-01,true,2025-01-20\nc,2024-05-01,true,2024-01-20\nd,2025-02-05,false,2025-03-20\n";
    let json = run(rows, QUARTER, "metric = \"loyalty.program_participation\"\nparams = { active_within_days = 30 }");
    let found = json["results"].as_array().unwrap();
    assert_eq!(values(found), [None, None, Some(33.333_333_333_3)]);
    assert_eq!(found[0]["measures"], json!({ "active_members": 1, "activity_unknown": 1, "members": 2, "customers": 2 }));
    let note = found[0]["note"].as_str().unwrap();
    assert!(note.ends_with("1 members were active after the end: what they did before it, `last_active_at` does not say"), "{note}");
    assert_eq!(rejected(&json), [("`last_active_at` is before `created_at`".to_owned(), 1)].into());
}

#[test]
fn nothing_is_known_of_customers_after_the_as_of_date() {
    let rows = "customer_id,created_at,is_member,is_trained,is_referrer,source,last_active_at,logins\n\
        a,2024-01-01,true,true,true,friend,2025-01-20,4\nb,2025-02-03,false,true,false,search,2025-02-04,9\n";
    let report = format!("{QUARTER}\nas_of = 2025-02-10\ncompare = [\"previous\"]");
    let found = |metric: &str, params: &str| {
        let found = results(rows, &report, &format!("metric = \"loyalty.{metric}\"\nparams = {{ {params} }}"));
        // The customers of January are among those of February: nothing tells by chance what has changed.
        assert!(found.iter().all(|row| row["comparisons"][0]["p_value"] == Json::Null), "{metric}");
        values(&found)
    };
    assert_eq!(found("program_participation", ""), [Some(100.0), Some(50.0), None]);
    assert_eq!(found("program_participation", "active_within_days = 30"), [Some(100.0), Some(50.0), None]);
    assert_eq!(found("training_participation", ""), [Some(100.0), Some(100.0), None]);
    assert_eq!(found("referral_rate", "definition = \"referring_customers\""), [Some(100.0), Some(50.0), None]);
    assert_eq!(found("referral_rate", "definition = \"new_over_base\", referral_sources = [\"friend\"]"), [Some(0.0), Some(0.0), None]);
    assert_eq!(found("engagement_score", "signals.logins = { weight = 1, range = [0, 10] }"), [Some(40.0), Some(65.0), None]);
}

#[derive(Debug, Clone)]
struct Member {
    created: i64,
    is_member: bool,
    last_active: Option<i64>,
}

/// Customers of half a year: days from 2024-11-01 on.
fn members() -> impl Strategy<Value = Vec<Member>> {
    let one = (0..180_i64, any::<bool>(), prop::option::of(0..120_i64));
    let one = one.prop_map(|(created, is_member, later)| Member { created, is_member, last_active: later.map(|days| created + days) });
    prop::collection::vec(one, 0..30)
}

const FIRST_DAY: Date = date(2024, 11, 1);

fn day(number: i64) -> Date {
    FIRST_DAY + jiff::Span::new().days(number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn active_members_are_those_that_a_look_at_each_one_finds(members in members(), days in 1..60_i64, as_of in 60..160_i64) {
        let mut rows = String::from("customer_id,created_at,is_member,last_active_at\n");
        for (id, Member { created, is_member, last_active }) in members.iter().enumerate() {
            let last = last_active.map(|last| day(last).to_string()).unwrap_or_default();
            writeln!(rows, "c{id},{},{is_member},{last}", day(*created)).unwrap();
        }
        let report = format!("{QUARTER}\nas_of = {}", day(as_of));
        let metric = format!("metric = \"loyalty.program_participation\"\nparams = {{ active_within_days = {days} }}");
        let found = results(&rows, &report, &metric);
        // 1 February, 1 March and 1 April.
        for (row, (start, end)) in found.iter().zip([(61, 92), (92, 120), (120, 151)]) {
            let here: Vec<&Member> = members.iter().filter(|member| member.created < end.min(as_of)).collect();
            let known = end.min(as_of);
            let within = here.iter().filter(|member| member.is_member);
            let active = within.clone().filter(|member| member.last_active.is_some_and(|last| last < known && last >= known - days)).count();
            let unknown = within.filter(|member| member.last_active.is_some_and(|last| last >= known)).count();
            let is_known = start < as_of && unknown == 0 && !here.is_empty();
            assert_close(row["value"].as_f64(), is_known.then(|| 100.0 * active as f64 / here.len() as f64))?;
            prop_assert_eq!(row["measures"]["active_members"].as_u64(), Some(active as u64));
            prop_assert_eq!(row["measures"]["activity_unknown"].as_u64(), Some(unknown as u64));
            prop_assert_eq!(row["n"].as_u64(), Some(here.len() as u64));
        }
        prop_assert_eq!(found.len(), 3);
    }
}

// Points.

#[test]
fn points_that_are_redeemed_and_that_expire() {
    let mut rows = String::from("customer_id,time,kind,points\n");
    // Earned, redeemed and expired by eight customers.
    let all = [(120, 50, 0), (300, 0, 40), (80, 80, 0), (150, 20, 10), (0, 60, 0), (500, 200, 100), (40, 0, 0), (90, 30, 5)];
    for (customer, (earned, redeemed, expired)) in all.into_iter().enumerate() {
        for (kind, points) in [("earn", earned), ("redeem", redeemed), ("expire", expired)] {
            if points > 0 {
                // In two movements, which are one customer's all the same.
                writeln!(rows, "c{customer},2025-01-05,{kind},{}", points - 1).unwrap();
                writeln!(rows, "c{customer},2025-01-06,{kind},1").unwrap();
            }
        }
    }
    rows.push_str("c9,2025-01-07,adjust,5\nc9,2025-01-07,earn,-5\n,2025-01-07,earn,5\nc9,2025-01-07,earn,many\n");
    let january = "from = 2025-01-01\nuntil = 2025-02-01";
    let json = run(&rows, january, "metric = \"loyalty.redemption_rate\"");
    let row = &json["results"][0];
    assert_eq!((&row["measures"]["redeemed"], &row["measures"]["earned"], &row["n"]), (&json!(440), &json!(1280), &json!(8)));
    custometer_testkit::assert_close(&row["value"], 34.375);
    // NumPy and scipy.stats.t.ppf(0.975, 7): r ± t·√(Σ((x − r·y)/ȳ)² / (n·(n − 1))).
    custometer_testkit::assert_close(&row["low"], 7.120_669_754_614_023);
    custometer_testkit::assert_close(&row["high"], 61.629_330_245_385_97);
    let expected = [
        ("`customer_id` is missing", 1),
        ("`kind` is not `earn` or `redeem` or `expire`", 1),
        ("`points` is not 0 or more", 1),
        ("`points` is not a number", 1),
    ];
    assert_eq!(rejected(&json), expected.map(|(reason, rows)| (reason.to_owned(), rows)).into());

    let row = only(&rows, january, "metric = \"loyalty.breakage_rate\"");
    custometer_testkit::assert_close(&row["value"], 12.109_375);
    custometer_testkit::assert_close(&row["low"], 3.277_420_042_507_095_4);
    custometer_testkit::assert_close(&row["high"], 20.941_329_957_492_904);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rates_of_points_are_those_of_plain_sums(
        movements in prop::collection::vec((0..6_u8, 0..100_i64, 0..3_usize, 0..500_u32, any::<bool>()), 0..60),
    ) {
        let kinds = ["earn", "redeem", "expire"];
        let mut rows = String::from("customer_id,time,kind,points,shop\n");
        for (customer, at, kind, points, web) in &movements {
            writeln!(rows, "c{customer},{},{},{points},{}", day(*at), kinds[*kind], if *web { "web" } else { "town" }).unwrap();
        }
        for (metric, used) in [("redemption_rate", 1), ("breakage_rate", 2)] {
            let by = format!("metric = \"loyalty.{metric}\"\nby = [[], [\"shop\"]]");
            for row in results(&rows, QUARTER, &by) {
                let start: Date = row["start"].as_str().unwrap()[..10].parse().unwrap();
                let end: Date = row["end"].as_str().unwrap()[..10].parse().unwrap();
                let shop = row["dimensions"]["shop"].as_str();
                let here = movements.iter().filter(|(_, at, _, _, web)| {
                    (start..end).contains(&day(*at)) && shop.is_none_or(|shop| (shop == "web") == *web)
                });
                let sum = |kind: usize| -> f64 { here.clone().filter(|movement| movement.2 == kind).map(|movement| f64::from(movement.3)).sum() };
                let customers: BTreeSet<u8> = here.clone().map(|movement| movement.0).collect();
                let expected = (sum(0) > 0.0).then(|| 100.0 * sum(used) / sum(0));
                assert_close(row["value"].as_f64(), expected)?;
                prop_assert_eq!(row["n"].as_u64(), Some(customers.len() as u64));
            }
        }
    }
}

// Engagement.

const SIGNALS: &str = "signals = { logins = { weight = 2.0, normalise = \"minmax\" }, orders = { weight = 1.0, normalise = \"p90\" }, \
    nps = { weight = 1.0, range = [0, 10] } }";

const ENGAGED: &str = "customer_id,created_at,country,logins,orders,nps\n\
    a,2024-05-01,DK,2,1,10\nb,2025-01-10,DK,7,3,5\nc,2025-02-10,SE,12,10,12\nd,2025-02-11,SE,4,0,-3\n\
    e,2025-02-12,SE,,1,1\nf,2025-02-12,SE,1,-1,1\ng,2025-02-12,SE,1,1,often\nh,2025-04-01,SE,99,99,9\n";

#[test]
fn an_engagement_score_shows_what_it_is_made_of() {
    let report = "from = 2025-01-01\nuntil = 2025-03-01";
    let metric = format!("metric = \"loyalty.engagement_score\"\nparams = {{ {SIGNALS} }}\ndetail = true");
    let result = Case::new().file("t.csv", ENGAGED).run(&config(report, &metric)).unwrap();
    let detail = &result.details[0].frame;
    let names = ["customer_id", "logins", "nps", "orders", "normalised_logins", "normalised_nps", "normalised_orders", "engagement_score"];
    assert_eq!(detail.get_column_names(), names);
    let column = |name: &str| -> Vec<f64> {
        let values = detail.column(name).unwrap().cast(&DataType::Float64).unwrap();
        values.f64().unwrap().iter().flatten().collect()
    };
    let ids = detail.column("customer_id").unwrap().clone();
    assert_eq!(ids.str().unwrap().iter().flatten().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    // By hand: logins from 2 to 12; the 90th percentile of 0, 1, 3, 10 orders is 3 + 0.7 · 7 = 7.9; 12 and −3 are off the range.
    assert_eq!(column("normalised_logins"), [0.0, 0.5, 1.0, 0.2]);
    assert_eq!(column("normalised_nps"), [1.0, 0.5, 1.0, 0.0]);
    assert_eq!(column("normalised_orders"), [0.126_582_278_481, 0.379_746_835_443, 1.0, 0.0]);
    assert_eq!(column("engagement_score"), [28.164_556_962, 46.993_670_886_1, 100.0, 10.0]);
    let row = &result.results[0];
    // numpy.mean, and scipy.stats.t.interval(0.95, 3, …, scipy.stats.sem(…)) of these.
    custometer_testkit::assert_close(row.value, 46.289_556_962_025_32);
    custometer_testkit::assert_close(row.low, -15.548_488_306_868_83);
    custometer_testkit::assert_close(row.high, 108.127_602_230_919_45);
    assert_eq!(row.n, Some(4.0));
    let measure = |name: &str| row.measures.iter().find(|(known, _)| known == name).unwrap().1;
    assert_eq!((measure("least_logins"), measure("greatest_logins"), measure("p90_orders")), (Some(2.0), Some(12.0), Some(7.9)));

    let rejected: BTreeMap<&str, u64> = result.rejected.iter().map(|rejection| (rejection.reason.as_str(), rejection.rows)).collect();
    let expected = [("`logins` is missing", 1), ("`nps` is not a number", 1), ("`orders` is not 0 or more", 1)];
    assert_eq!(rejected, expected.into());
}

#[test]
fn scores_of_all_groups_are_on_one_scale() {
    let metric = format!("metric = \"loyalty.engagement_score\"\nparams = {{ {SIGNALS} }}\nby = [[\"country\"], []]");
    let rows = results(ENGAGED, "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"", &metric);
    // In January there are two customers, and none in Sweden; February as above.
    let mean = |scores: &[f64]| Some(scores.iter().sum::<f64>() / scores.len() as f64);
    // Logins from 2 to 7; the 90th percentile of 1 and 3 orders is 2.8.
    let january = [100.0 * (1.0 / 2.8 + 1.0) / 4.0, 100.0 * (2.0 + 1.0 + 0.5) / 4.0];
    let february = [mean(&[28.164_556_962, 46.993_670_886_1]), Some(55.0)];
    let total = [mean(&january), Some(46.289_556_962_025_32)];
    let expected = [mean(&january), None].into_iter().chain(february).chain(total);
    for (row, expected) in rows.iter().zip(expected) {
        assert_close(row["value"].as_f64(), expected).unwrap();
    }
    let n: Vec<i64> = rows.iter().map(|row| row["n"].as_i64().unwrap()).collect();
    assert_eq!(n, [2, 0, 2, 2, 2, 4]);
}

#[test]
fn a_distribution_has_all_bands_with_or_without_customers() {
    let metric = format!("metric = \"loyalty.engagement_score\"\nparams = {{ {SIGNALS}, show = \"distribution\" }}");
    let rows = results(ENGAGED, "from = 2025-01-01\nuntil = 2025-03-01", &metric);
    let bands: Vec<i64> = rows.iter().map(|row| row["dimensions"]["score"].as_i64().unwrap()).collect();
    assert_eq!(bands, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    let quarters: Vec<i64> = rows.iter().map(|row| row["measures"]["customers_in_band"].as_i64().unwrap()).collect();
    assert_eq!(quarters, [0, 1, 1, 0, 1, 0, 0, 0, 0, 1]);
    assert_eq!(rows[1]["value"], 25);
    assert_eq!(rows[0]["unit"], "percent");
    let rows = results("customer_id,logins,orders,nps\n", "", &metric);
    assert_eq!(values(&rows), [None; 10]);
}

#[test]
fn a_signal_that_tells_nothing_is_an_error_of_its_group() {
    let rows = "customer_id,logins,orders\na,3,0\nb,3,0\nc,3,0\nd,3,0\ne,3,0\nf,3,0\ng,3,0\nh,3,0\ni,3,0\nj,3,0\nk,3,1\n";
    let note = |signal: &str| {
        let row = only(rows, "", &format!("metric = \"loyalty.engagement_score\"\nparams.signals.{signal}"));
        assert_eq!(row["value"], Json::Null);
        row["note"].as_str().unwrap().to_owned()
    };
    let same = note("logins = { weight = 1, normalise = \"minmax\" }");
    assert_eq!(same, "`logins` is the same for all customers: minmax makes no signal of it");
    let none = note("orders = { weight = 1, normalise = \"p90\" }");
    assert_eq!(none, "`orders` is 0 for nine of ten customers: p90 makes no signal of it");
    let text = problems(rows, "metric = \"loyalty.engagement_score\"\nparams.signals.logins = { weight = 1 }");
    assert!(text.contains("how is `logins` put on a scale from 0 to 1?"), "{text}");
    let text = problems(rows, "metric = \"loyalty.engagement_score\"\nparams.signals.clicks = { weight = 1, range = [0, 1] }");
    assert!(text.contains("has no column `clicks`"), "{text}");
}

/// The 90th percentile by linear interpolation, of values in any order.
fn p90(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // The tenths of a place, as whole numbers.
    let tenths = (sorted.len() - 1) * 9;
    let (below, share) = (tenths / 10, (tenths % 10) as f64 / 10.0);
    let next = sorted[(below + 1).min(sorted.len() - 1)];
    sorted[below] + share * (next - sorted[below])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn engagement_scores_are_those_of_the_formula(
        customers in prop::collection::vec((0..150_i64, any::<bool>(), -5..20_i32, 0..6_u32, 0..12_u32), 0..30),
        weights in prop::array::uniform3(1..9_u32),
    ) {
        let mut rows = String::from("customer_id,created_at,country,a,b,c\n");
        for (id, (created, danish, a, b, c)) in customers.iter().enumerate() {
            writeln!(rows, "c{id},{},{},{a},{b},{c}", day(*created), if *danish { "DK" } else { "SE" }).unwrap();
        }
        let [of_a, of_b, of_c] = weights;
        let metric = format!(
            "metric = \"loyalty.engagement_score\"\nby = [[], [\"country\"]]\n[metrics.params.signals]\n\
             a = {{ weight = {of_a}, normalise = \"minmax\" }}\nb = {{ weight = {of_b}, normalise = \"p90\" }}\n\
             c = {{ weight = {of_c}, range = [2, 10] }}"
        );
        for row in results(&rows, QUARTER, &metric) {
            let end: Date = row["end"].as_str().unwrap()[..10].parse().unwrap();
            let all: Vec<_> = customers.iter().filter(|customer| day(customer.0) < end).collect();
            let country = row["dimensions"]["country"].as_str();
            let group: Vec<_> = all.iter().filter(|customer| country.is_none_or(|country| (country == "DK") == customer.1)).collect();
            let of_all = |of: fn(&(i64, bool, i32, u32, u32)) -> f64| all.iter().map(|customer| of(customer)).collect::<Vec<f64>>();
            let (a, b) = (of_all(|customer| f64::from(customer.2)), of_all(|customer| f64::from(customer.3)));
            let (least, greatest) = (a.iter().copied().fold(f64::INFINITY, f64::min), a.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            let expected = if group.is_empty() || least == greatest || p90(&b) == 0.0 {
                None
            } else {
                let top = p90(&b);
                let score = |(_, _, a, b, c): &(i64, bool, i32, u32, u32)| {
                    let a = (f64::from(*a) - least) / (greatest - least);
                    let b = (f64::from(*b) / top).min(1.0);
                    let c = ((f64::from(*c) - 2.0) / 8.0).clamp(0.0, 1.0);
                    let sum = f64::from(of_a) * a + f64::from(of_b) * b + f64::from(of_c) * c;
                    100.0 * sum / f64::from(of_a + of_b + of_c)
                };
                Some(group.iter().map(|customer| score(customer)).sum::<f64>() / group.len() as f64)
            };
            assert_close(row["value"].as_f64(), expected)?;
        }
    }
}

// Reviews.

#[test]
fn ratings_and_those_of_them_that_praise() {
    let rows = "time,rating\n2025-01-05,5\n2025-01-06,4\n2025-01-07,1\n2025-01-08,\n2025-02-05,3.5\n2025-02-06,5\n2025-02-07,4\n2025-02-08,4.5\n\
        2025-02-09,0\n2025-02-10,6\n2025-02-11,good\n";
    let report = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]";
    let json = run(rows, report, "metric = \"loyalty.review_rating\"");
    let found = json["results"].as_array().unwrap();
    assert_eq!((&found[0]["n"], &found[1]["value"]), (&json!(3), &json!(4.25)));
    // scipy.stats.t.interval(0.95, 3, 4.25, scipy.stats.sem([3.5, 5, 4, 4.5])), scipy.stats.ttest_ind(…, [5, 4, 1], equal_var=False).
    custometer_testkit::assert_close(&found[1]["low"], 3.222_869_871_619_739_7);
    custometer_testkit::assert_close(&found[1]["high"], 5.277_130_128_380_261);
    custometer_testkit::assert_close(&found[1]["comparisons"][0]["p_value"], 0.529_426_100_290_770_6);
    assert_eq!(rejected(&json), [("`rating` is not 1 to 5".to_owned(), 2), ("`rating` is not a number".to_owned(), 1)].into());

    let found = results(rows, report, "metric = \"loyalty.positive_reviews\"");
    assert_eq!(values(&found), [Some(66.666_666_666_7), Some(75.0)]);
    let found = results(rows, report, "metric = \"loyalty.positive_reviews\"\nparams = { show = \"count\" }");
    assert_eq!((&found[1]["value"], &found[1]["n"], &found[1]["unit"]), (&json!(3), &json!(4), &json!("count")));
    assert_eq!(found[1]["comparisons"][0]["relative_change"], 50);
    let text = problems(rows, "metric = \"loyalty.positive_reviews\"\nparams = { scale = [0, 10] }");
    assert!(text.contains("on a scale from 0 to 10, which reviews are positive?"), "{text}");
}
