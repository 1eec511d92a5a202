//! Targets and benchmarks, from end to end.

use std::fmt::Write as _;

use custometer_output::{Format, render};
use custometer_testkit::Case;
use serde_json::{Value as Json, json};

const QUARTER: &str = "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\nas_of = 2025-03-15";

/// Orders of 10, 20 and 30 on average in January, February and the part of March that is known; half of each amount in the north.
fn orders() -> Case {
    let mut rows = "time,amount,region\n".to_owned();
    for (month, mean) in [(1, 10), (2, 20), (3, 30)] {
        for (day, change, region) in [(3, -1, "north"), (4, 1, "north"), (5, -2, "south"), (6, 2, "south")] {
            writeln!(rows, "2025-0{month}-0{day},{},{region}", mean + change).unwrap();
        }
    }
    Case::new().file("t.csv", rows)
}

fn config(report: &str, request: &str) -> String {
    let metric = "metric = \"loyalty.average_order_value\"";
    format!("[report]\n{report}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nname = \"aov\"\ntable = \"t\"\n{metric}\n{request}\n")
}

fn results(case: &Case, report: &str, request: &str) -> Vec<Json> {
    case.json(&config(report, request)).unwrap()["results"].as_array().unwrap().clone()
}

/// One thing about each result's target.
fn targets(results: &[Json], key: &str) -> Vec<Json> {
    results.iter().map(|row| row["target"][key].clone()).collect()
}

#[test]
fn values_meet_a_target_are_at_risk_or_miss_it() {
    for (target, expected) in [
        ("at_least = 20", ["missed", "met", "met"]),
        ("at_least = 25, warn_below = 20", ["missed", "at_risk", "met"]),
        ("at_least = 25, warn_below = 5", ["at_risk", "at_risk", "met"]),
        ("at_most = 10", ["met", "missed", "missed"]),
        ("at_most = 10, warn_above = 20", ["met", "at_risk", "missed"]),
        ("between = [15, 25]", ["missed", "met", "missed"]),
        ("between = [15, 25], warn_below = 10, warn_above = 29", ["at_risk", "met", "missed"]),
        ("at_least = -5", ["met", "met", "met"]),
    ] {
        let results = results(&orders(), QUARTER, &format!("target = {{ {target} }}"));
        assert_eq!(targets(&results, "status"), expected.map(Json::from), "{target}");
    }
}

#[test]
fn progress_is_counted_from_a_start() {
    let of = |target: &str| targets(&results(&orders(), QUARTER, &format!("target = {{ {target} }}")), "progress");
    assert_eq!(of("at_least = 25, start = 5"), [json!(25), json!(75), json!(125)]);
    // Downwards, and away from the target.
    assert_eq!(of("at_most = 10, start = 26"), [json!(100), json!(37.5), json!(-25)]);
    assert_eq!(of("at_least = 25"), [Json::Null, Json::Null, Json::Null]);
    assert_eq!(of("holds = { value_above = 20 }"), [json!(0), json!(0), json!(100)]);
}

#[test]
fn an_interval_that_reaches_beyond_the_target_is_a_risk_where_that_is_asked() {
    let rows = results(&orders(), QUARTER, "target = { at_least = 19, by_interval = true }");
    // Student's interval of 18, 19, 21, 22 around 20 reaches below 19; that of 28, 29, 31, 32 around 30 does not.
    assert!(rows[1]["low"].as_f64().unwrap() < 19.0 && rows[2]["low"].as_f64().unwrap() > 19.0);
    assert_eq!(targets(&rows, "status"), [json!("missed"), json!("at_risk"), json!("met")]);
}

#[test]
fn a_goal_that_is_true_or_false_holds_or_does_not() {
    let of = |target: &str, request: &str| {
        let rows = results(
            &orders(),
            &format!("{QUARTER}\ncompare = [\"previous\"]"),
            &format!("target = {{ holds = {{ {target} }} }}\n{request}"),
        );
        targets(&rows, "status")
    };
    assert_eq!(of("low_above = 15, n_above = 3", ""), [json!("missed"), json!("met"), json!("met")]);
    // Nothing is known of the December before.
    assert_eq!(of("change_above = 9", ""), [json!("unknown"), json!("met"), json!("met")]);
    assert_eq!(of("change_is = \"better\"", ""), [json!("unknown"), json!("met"), json!("met")]);
    assert_eq!(of("relative_change_below = 80", ""), [json!("unknown"), json!("missed"), json!("met")]);
    // What does not hold does not, whatever else is not known.
    assert_eq!(of("change_above = 9, value_above = 10", ""), [json!("missed"), json!("met"), json!("met")]);
    let benchmark = "benchmark = { value = 20, source = \"a study\" }";
    assert_eq!(of("benchmark_is = \"better\"", benchmark), [json!("missed"), json!("missed"), json!("met")]);
    assert_eq!(of("undefined = true", ""), [json!("missed"), json!("missed"), json!("missed")]);
}

#[test]
fn what_has_no_value_never_meets_a_target() {
    let case = Case::new().file("t.csv", "time,amount,region\n2025-01-03,10,north\n");
    let rows = results(&case, "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"", "target = { at_least = 0, start = -1 }");
    assert_eq!(targets(&rows, "status"), [json!("met"), json!("unknown")]);
    assert_eq!(targets(&rows, "progress")[1], Json::Null);
    let rows = results(&case, "", "target = { holds = { value_above = 5, low_above = 1 } }");
    // One order has no interval.
    assert_eq!(targets(&rows, "status"), [json!("unknown")]);
}

#[test]
fn what_is_suppressed_tells_nothing_of_its_target() {
    let case = Case::new().file(
        "t.csv",
        "time,amount,region\n2025-01-03,10,north\n2025-01-03,10,east\n2025-01-04,10,east\n2025-01-05,10,east\n2025-01-03,10,south\n\
             2025-01-04,20,south\n2025-01-05,30,south\n2025-01-06,30,south\n",
    );
    let request = "by = [[\"region\"]]\ntarget = { at_least = 0, start = -1, groups = true }\nbenchmark = { value = 1, source = \"x\" }";
    let rows = results(&case, "min_group_size = 2", request);
    assert_eq!(rows.iter().map(|row| row["suppressed"].as_bool().unwrap()).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(targets(&rows, "status"), [json!("unknown"), json!("unknown"), json!("met")]);
    assert_eq!((&rows[0]["target"]["progress"], &rows[0]["benchmark"]["change"]), (&Json::Null, &Json::Null));
}

#[test]
fn the_total_of_the_last_complete_bucket_decides() {
    let by = "by = [[], [\"region\"]]";
    let decisive = |report: &str, request: &str| {
        let rows = results(&orders(), report, request);
        let rows = rows.into_iter().filter(|row| row["target"]["decides"] == true);
        rows.map(|row| {
            format!(
                "{} {}",
                &row["start"].as_str().unwrap_or("-")[..7.min(row["start"].as_str().map_or(1, str::len))],
                row["dimensions"]["region"].as_str().unwrap_or("total")
            )
        })
        .collect::<Vec<_>>()
    };
    // March is known in part only.
    assert_eq!(decisive(QUARTER, &format!("{by}\ntarget = {{ at_least = 1 }}")), ["2025-02 total"]);
    assert_eq!(
        decisive(QUARTER, &format!("{by}\ntarget = {{ at_least = 1, groups = true }}")),
        ["2025-02 total", "2025-02 north", "2025-02 south"]
    );
    // Without a total, the groups decide; without a complete bucket, the last one does.
    assert_eq!(decisive(QUARTER, "by = [[\"region\"]]\ntarget = { at_least = 1 }"), ["2025-02 north", "2025-02 south"]);
    let march = "from = 2025-03-01\nuntil = 2025-04-01\ngrain = \"month\"\nas_of = 2025-03-15";
    assert_eq!(decisive(march, "target = { at_least = 1 }"), ["2025-03 total"]);
    assert_eq!(decisive("", "target = { at_least = 1 }"), ["- total"]);
}

#[test]
fn a_benchmark_is_compared_with_by_the_metrics_direction() {
    let rows = results(&orders(), QUARTER, "benchmark = { value = 20, source = \"our 2024 average\" }");
    let expected = |change: i64, percent: i64, better: Json| json!({ "value": 20, "source": "our 2024 average", "change": change, "relative_change": percent, "better": better });
    assert_eq!(rows[0]["benchmark"], expected(-10, -50, json!(false)));
    assert_eq!(rows[1]["benchmark"], expected(0, 0, Json::Null));
    assert_eq!(rows[2]["benchmark"], expected(10, 50, json!(true)));
    assert_eq!(rows[0]["target"], Json::Null);
}

#[test]
fn a_change_is_good_or_bad_by_the_metrics_direction() {
    let tickets =
        "ticket_id,created_at,first_replied_at\na,2025-01-05T00:00:00,2025-01-05T01:00:00\nb,2025-02-05T00:00:00,2025-02-05T03:00:00\n";
    let config = "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]\n[tables.t]\npath = \"t.csv\"\n\
        [[metrics]]\nmetric = \"support.first_response_time\"\ntable = \"t\"\n[[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"t\"\n";
    let json = Case::new().file("t.csv", tickets).json(config).unwrap();
    let change =
        |row: usize| (json["results"][row]["comparisons"][0]["change"].clone(), json["results"][row]["comparisons"][0]["better"].clone());
    assert_eq!(change(1), (json!(7200), json!(false)));
    assert_eq!(change(3), (json!(0), Json::Null));
}

/// The problems of a request, each without its place.
fn problems(request: &str) -> String {
    orders().load(&config(QUARTER, request)).err().expect("the target is wrong")
}

#[test]
fn a_target_that_makes_no_sense_is_underlined() {
    insta::assert_snapshot!(problems("target = { at_least = 40, warn_below = 50, start = 60, groups = true }"));
}

#[test]
fn each_mistake_in_a_target_is_said() {
    for (target, message) in [
        ("{ }", "the target names no goal"),
        ("{ at_least = 1, at_most = 2 }", "write both ends as one"),
        ("{ at_least = 1, between = [1, 2] }", "a target has one goal"),
        ("{ between = [2, 1] }", "the first number of `between` is not below the second"),
        ("{ between = [1] }", "`between` needs two numbers"),
        ("{ at_most = 1, warn_below = 0 }", "no lower end to warn below"),
        ("{ at_least = 1, warn_above = 2 }", "no upper end to warn above"),
        ("{ at_most = 4, warn_above = 4 }", "`warn_above` is not above the target of 4"),
        ("{ between = [1, 2], start = 0 }", "progress needs one number to go to"),
        ("{ at_most = 4, start = 3 }", "there is no way to go from 3 down to 4"),
        ("{ at_least = inf }", "inf is not a number that a value can be compared with: write a finite one"),
        ("{ at_least = 1, groups = true }", "`aov` has no groups"),
        ("{ holds = { } }", "the condition asks nothing"),
        ("{ holds = { status = [\"met\"] } }", "a target can't be asked about itself"),
        ("{ holds = { progress_above = 3 } }", "a target can't be asked about itself"),
        ("{ holds = { change_below = 3 } }", "`aov` is compared with nothing"),
        ("{ holds = { benchmark_is = \"worse\" } }", "`aov` has no benchmark"),
        ("{ holds = { value_above = 3, compared_with = \"previous\" } }", "nothing is asked of the change"),
        ("{ holds = { value_above = 3 }, by_interval = true }", "a condition has no interval"),
        ("{ atleast = 3 }", "did you mean `at_least`?"),
        ("3", "expected a table, found integer `3`"),
    ] {
        let problems = problems(&format!("target = {target}"));
        assert!(problems.contains(message), "{target}: {problems}");
        assert!(problems.contains("1 problem\n"), "{target}: {problems}");
    }
    assert!(problems("benchmark = { value = 3 }").contains("`source` is missing"));
}

/// Three months of two regions, with 10 answers of each.
fn answers() -> String {
    let month = |month: u32, region: &str, promoters: usize| {
        format!("2025-0{month}-10,10,{region}\n").repeat(promoters) + &format!("2025-0{month}-10,0,{region}\n").repeat(10 - promoters)
    };
    let months = [month(1, "N", 7), month(1, "S", 5), month(2, "N", 8), month(2, "S", 4), month(3, "N", 6), month(3, "S", 9)];
    "time,score,region\n".to_owned() + &months.concat()
}

fn by_table(goals: &str, targets: &str, more: &str) -> (Case, String) {
    let config = format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\nas_of = 2025-04-01\n{more}\n[tables.t]\npath = \"t.csv\"\n[tables.goals]\npath = \"goals.csv\"\n\
         [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\nby = [[], [\"region\"]]\ntargets = {{ table = \"goals\", {targets} }}\n"
    );
    (Case::new().file("t.csv", answers()).file("goals.csv", goals), config)
}

const BY_MONTH: &str = "date = \"month\", by = [\"region\"], at_least = \"goal\", warn_below = \"floor\"";

const GOALS: &str = "month,region,goal,floor\n2025-01-01,,30,10\n2025-02-28,,15,\n2025-03-01,,60,40\n2025-01-31,N,40,\n2025-02-01,N,70,\n2025-01-15,S,5,-5\n\
                     2025-02-15,S,0,-30\n2025-03-15,S,60,\n2024-12-01,N,99,\n2025-01-01,West,1,\n";

#[test]
fn a_table_has_a_target_for_each_month_and_region() {
    let (case, config) = by_table(GOALS, BY_MONTH, "");
    let json = case.json(&config).unwrap();
    let shown = |row: &Json| {
        let target = &row["target"];
        (
            row["value"].as_f64().unwrap(),
            target["at_least"].as_f64(),
            target["status"].as_str().map(str::to_owned),
            target["decides"].as_bool(),
        )
    };
    let rows: Vec<_> = json["results"].as_array().unwrap().iter().map(shown).collect();
    let judged = |value, target, status: &str, decides| (value, Some(target), Some(status.to_owned()), Some(decides));
    assert_eq!(
        rows,
        [
            judged(20.0, 30.0, "at_risk", false),
            judged(20.0, 15.0, "met", false),
            judged(50.0, 60.0, "at_risk", true),
            judged(40.0, 40.0, "met", false),
            judged(0.0, 5.0, "at_risk", false),
            judged(60.0, 70.0, "missed", false),
            judged(-20.0, 0.0, "at_risk", false),
            // The north has no target in March.
            (20.0, None, None, None),
            judged(80.0, 60.0, "met", false),
        ]
    );
    let notes: Vec<&str> = json["notes"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
    assert_eq!(
        notes,
        ["1 value has no target in `goals`: `region: N, 2025-03-01`", "`goals` has targets of groups that there are not: `region: West`"]
    );
    let tables: Vec<&str> = json["manifest"]["tables"].as_array().unwrap().iter().map(|table| table["table"].as_str().unwrap()).collect();
    assert_eq!(tables, ["goals", "t"]);
}

#[test]
fn what_is_missing_has_not_the_target_of_all() {
    let goals = "month,region,goal,floor\n2025-01-01,,30,\n2025-01-01,N,1,\n";
    let (case, config) = by_table(goals, BY_MONTH, "");
    let case = case.file("t.csv", "time,score,region\n2025-01-10,10,N\n2025-01-11,10,\n2025-03-20,10,N\n");
    let json = case.json(&config).unwrap();
    let january = |region: &Json| {
        let of = |row: &&Json| row["start"].as_str().unwrap().starts_with("2025-01") && row["dimensions"].get("region") == Some(region);
        json["results"].as_array().unwrap().iter().find(of).unwrap()["target"]["at_least"].clone()
    };
    assert_eq!((january(&Json::Null), january(&Json::from("N"))), (Json::Null, Json::from(1)));
}

#[test]
fn a_target_of_days_is_of_the_buckets_within_them() {
    let goals = "first,next,goal\n2025-01-01,2025-03-01,10\n2025-03-02,2025-06-01,99\n";
    let (case, config) = by_table(goals, "from = \"first\", until = \"next\", at_most = \"goal\", groups = true", "");
    let json = case.json(&config).unwrap();
    let statuses: Vec<&Json> = json["results"].as_array().unwrap().iter().take(3).map(|row| &row["target"]["status"]).collect();
    // The targets are of totals; March is not within the days of the second.
    assert_eq!(statuses, [&Json::from("missed"), &Json::from("missed"), &Json::Null]);
    assert_eq!(json["results"][3]["target"], Json::Null);
}

#[test]
fn rows_that_are_no_targets_end_the_run() {
    let run = |goals: &str| {
        let (case, config) = by_table(&format!("month,region,goal,floor\n{goals}"), BY_MONTH, "");
        case.run(&config).map(|_| ()).unwrap_err()
    };
    for (goals, said) in [
        ("2025-01-01,N,1,\n2025-01-31,N,2,\n", "row 2 of `goals.csv` is no target: there are two targets of one group on 2025-01-01"),
        (
            "2025-01-01,N,,\n2025-01-01,S,1,\n",
            "row 1 of `goals.csv` is no target: there is no number in `goal` (`where` can leave the row out)",
        ),
        (",N,1,\n2025-01-01,S,1,\n", "row 1 of `goals.csv` is no target: `month` is not a date"),
        ("2025-01-01,N,1,2\n", "row 1 of `goals.csv` is no target: `floor` is not below a number in `goal`"),
    ] {
        let told = run(goals);
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn every_mistake_in_the_targets_of_a_table_is_shown() {
    let refused = |targets: &str, more: &str| {
        let (case, config) = by_table(GOALS, targets, more);
        case.load(&config).err().unwrap()
    };
    let wrong = "date = \"mnth\", from = \"month\", by = [\"product\"], warn_below = \"floor\"";
    let said = refused(wrong, "");
    for part in [
        "`loyalty.nps` is not broken down by `product`",
        "of which time a target is, is said twice",
        "which column has the targets is not said",
        "there is no `at_least` to warn at",
        "there is no column `mnth` in `goals`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(refused("at_least = \"goal\"", "").contains("of which time a target is, is not said"));
    assert!(refused("date = \"month\", at_least = \"region\"", "").contains("`goals` can't be used for targets"));
}

#[test]
fn targets_that_differ_are_shown_beside_their_values() {
    let (case, config) = by_table(GOALS, BY_MONTH, "");
    let result = case.run(&config).unwrap();
    let shown = String::from_utf8(render(&result, Format::Markdown, None).unwrap()).unwrap();
    assert!(shown.contains("at least") && shown.contains("+30.0: ! at risk") && !shown.contains("Target: at least"), "{shown}");
}
