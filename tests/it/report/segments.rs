//! Parts of a table: conditions of requests, and segments by their names.

use custometer_testkit::{Case, assert_close, lines, results};
use serde_json::{Value, json};

const ANSWERS: &str = "id,time,score,plan,seats
1,2025-01-02,10,team,40
2,2025-01-03,9,team,12
3,2025-01-03,2,solo,1
4,2025-01-04,8,team,7
5,2025-01-05,10,,3
6,2025-01-06,3,solo,many
7,2025-03-06,3,solo,2
";

const REPORT: &str = r#"
[report]
timezone = "UTC"
from = 2025-01-01
until = 2025-02-01
max_rejected_percent = 100

[tables.answers]
path = "answers.csv"

[segments.teams]
where = "plan = 'team'"

[segments.large]
table = "answers"
where = "CAST(seats AS INTEGER) >= 10"
"#;

fn case() -> Case {
    Case::new().file("answers.csv", ANSWERS)
}

fn values(json: &Value) -> Vec<(&str, Option<f64>, Option<f64>)> {
    results(json).iter().map(|row| (row["request"].as_str().unwrap(), row["value"].as_f64(), row["n"].as_f64())).collect()
}

#[test]
fn a_request_is_of_the_rows_that_its_segment_or_condition_keeps() {
    let requests = r#"
[[metrics]]
metric = "loyalty.nps"
table = "answers"
segment = "teams"

[[metrics]]
metric = "loyalty.nps"
name = "scores of the others"
table = "answers"
where = "plan <> 'team'"

[[metrics]]
metric = "loyalty.nps"
name = "large"
table = "answers"
segment = "large"

[[metrics]]
metric = "loyalty.nps"
name = "large teams"
table = "answers"
segment = "large"
where = "plan = 'team'"
"#;
    let json = case().json(&format!("{REPORT}{requests}")).unwrap();
    let [teams, others, large, large_teams] = values(&json).try_into().unwrap();
    // Of 10, 9 and 8 two promote and one is passive; of 2 and 3 both detract; of 40 and 12 seats both promote.
    assert_eq!((teams.0, teams.2), ("loyalty.nps", Some(3.0)));
    assert_close(teams.1.unwrap(), 200.0 / 3.0);
    assert_eq!((others.1, others.2), (Some(-100.0), Some(2.0)));
    assert_eq!((large.1, large.2), (Some(100.0), Some(2.0)));
    assert_eq!((large_teams.1, large_teams.2), (Some(100.0), Some(2.0)));
    let counts: Vec<Value> = json["manifest"]["tables"][0]["uses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|used| json!([used["rows_used"], used["rows_left_out"], used["rows_outside_period"], used["rows_rejected"]]))
        .collect();
    // `many` is not a number of seats: whether the row is a large one can't be told; but it is of no team.
    assert_eq!(counts, [json!([3, 4, 0, 0]), json!([2, 4, 1, 0]), json!([2, 4, 0, 1]), json!([2, 5, 0, 0])]);
    let rejected = &json["rejected"][0];
    assert_eq!((&rejected["requests"], &rejected["examples"][0]["value"]), (&json!(["large"]), &json!("many")));
}

#[test]
fn a_request_of_a_segment_is_the_request_of_a_table_of_its_rows() {
    let events = "user_id,time,event,page,country
a,2025-01-02T10:00:00Z,page_view,/,DK
a,2025-01-02T10:10:00Z,page_view,/b,SE
b,2025-01-02T10:20:00Z,page_view,/,DK
a,2025-01-02T10:35:00Z,page_view,/c,DK
b,2025-01-03T10:20:00Z,page_view,/,SE
c,2025-01-03T10:20:00Z,page_view,/,DK
";
    let views = "view_events = [\"page_view\"]";
    let sessions = format!("sessions = {{ {views} }}");
    for (metric, params) in [("web.sessions", ""), ("web.visitors", ""), ("web.bounce_rate", sessions.as_str()), ("web.page_views", views)]
    {
        let report = |table: &str, request: &str| {
            format!(
                "[report]\ntimezone = \"UTC\"\nfrom = 2025-01-01\nuntil = 2025-01-05\ngrain = \"day\"\n[tables.events]\npath = \
                 \"events.csv\"\n{table}\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"events\"\nby = [[], [\"page\"]]\nparams = {{ {params} }}\n{request}"
            )
        };
        let case = Case::new().file("events.csv", events);
        let of_table = case.run(&report("where = \"country = 'DK'\"", "")).unwrap();
        let of_request = case.run(&report("", "where = \"country = 'DK'\"")).unwrap();
        assert_eq!(lines(&of_table), lines(&of_request), "{metric}");
        assert!(of_table.results.iter().any(|row| row.value.is_some_and(|value| value > 0.0)), "{metric}");
    }
}

#[test]
fn a_segment_is_a_column_to_break_down_by_and_compute_with() {
    let request = r#"
[[metrics]]
metric = "loyalty.nps"
table = "answers"
by = [["teams"]]
where = "NOT teams OR seats = '40'"
"#;
    let json = case().json(&format!("{REPORT}{request}")).unwrap();
    let found: Vec<Value> = results(&json).iter().map(|row| json!([row["dimensions"]["teams"], row["value"], row["n"]])).collect();
    assert_eq!(found, [json!([false, -100, 2]), json!([true, 100, 1])]);
}

#[test]
fn requests_of_one_metric_are_named_by_what_tells_them_apart() {
    let request = |of: &str| format!("[[metrics]]\nmetric = \"loyalty.nps\"\n{of}\n");
    let report = format!(
        "{REPORT}[tables.more]\npath = \"answers.csv\"\n{}{}",
        request("table = \"answers\"\nsegment = \"teams\""),
        request("table = \"more\"")
    );
    let json = case().json(&report).unwrap();
    assert_eq!(values(&json).iter().map(|row| row.0).collect::<Vec<_>>(), ["loyalty.nps (teams)", "loyalty.nps"]);
    let segments =
        format!("{REPORT}{}{}", request("table = \"answers\"\nsegment = \"teams\""), request("table = \"answers\"\nsegment = \"large\""));
    let json = case().json(&segments).unwrap();
    assert_eq!(values(&json).iter().map(|row| row.0).collect::<Vec<_>>(), ["loyalty.nps (teams)", "loyalty.nps (large)"]);
    // Neither the segments nor the tables are each another one.
    let of_both = ["answers", "more"].map(|table| {
        let more = "\n[tables.more]\npath = \"answers.csv\"\n";
        let segment = request(&format!("table = \"{table}\"\nsegment = \"large\"")) + &request(&format!("table = \"{table}\""));
        if table == "answers" { format!("{more}{segment}") } else { segment }
    });
    let report = format!("{REPORT}{}", of_both.concat()).replace("[segments.large]\ntable = \"answers\"", "[segments.large]");
    let json = case().json(&report).unwrap();
    let names: Vec<_> = values(&json).iter().map(|row| row.0).collect();
    assert_eq!(names, ["loyalty.nps (answers, large)", "loyalty.nps (answers)", "loyalty.nps (more, large)", "loyalty.nps (more)"]);
    let alike = format!("{REPORT}{}{}", request("table = \"answers\""), request("table = \"answers\""));
    assert!(case().json(&alike).unwrap_err().contains("two requests are called `loyalty.nps`"));
}

#[test]
fn a_condition_that_keeps_nothing_is_said() {
    let request = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"answers\"\nwhere = \"plan = 'Team'\"\n";
    let json = case().json(&format!("{REPORT}{request}")).unwrap();
    let note = results(&json)[0]["note"].as_str().unwrap();
    assert!(note.contains("its condition keeps none of 7 rows") && note.contains("did you mean `team`?"), "{note}");
}

#[test]
fn what_segments_can_not_mean_is_an_error_at_its_place() {
    let request = |of: &str| format!("[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"answers\"\n{of}\n");
    let wrong = |report: &str| case().json(report).unwrap_err();
    assert!(wrong(&format!("{REPORT}{}", request("segment = \"team\""))).contains("there is no segment `team`"));
    assert!(wrong(&format!("{REPORT}{}", request("where = \"seat > 2\""))).contains("there is no column `seat`"));
    assert!(wrong(&format!("{REPORT}{}", request("where = \"score\""))).contains("a condition must be true or false for each row"));
    let none = format!("{REPORT}[segments.none]\nwhere = \"plans = 'x'\"\n{}", request(""));
    assert!(wrong(&none).contains("no table has a column `plans`"));
    let taken = format!("{REPORT}[segments.plan]\nwhere = \"plan = 'x'\"\n{}", request(""));
    assert!(wrong(&taken).contains("`plan` is a column of `answers` already"));
    let hidden = format!("{REPORT}{}", request("segment = \"teams\"")).replace("[report]", "[report]\nmin_group_size = 5");
    let hidden = wrong(&hidden);
    assert!(hidden.contains("`min_group_size` hides groups of fewer than 5") && hidden.contains("break down by a segment"), "{hidden}");
}
