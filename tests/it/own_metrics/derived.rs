//! Results that are calculated from those of requests: matched by bucket and group, undefined and suppressed with their inputs.

use custometer_runner::result::Status;
use custometer_testkit::Case;
use serde_json::{Value as Json, json};

const ORDERS: &str = "time,customer_id,region,amount\n\
    2025-01-05,a,north,100\n2025-01-06,b,north,50\n2025-01-07,a,south,30\n\
    2025-02-05,a,north,80\n2025-02-06,c,north,20\n2025-02-07,d,east,7\n";
const EVENTS: &str = "time,user_id,region,event,page\n\
    2025-01-01,a,north,page_view,/\n2025-01-01,b,north,page_view,/\n2025-01-02,x,north,page_view,/\n2025-01-02,x,north,page_view,/a\n\
    2025-01-03,a,south,page_view,/\n2025-02-03,a,north,page_view,/\n2025-02-03,y,south,page_view,/\n";

fn report(settings: &str, by: &str, derived: &str) -> String {
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01\ngrain = \"month\"\n{settings}\n\
         [tables.orders]\npath = \"orders.csv\"\n[tables.events]\npath = \"events.csv\"\n\
         [define.\"acme.revenue\"]\ntable = \"orders\"\nmeasures = {{ revenue = \"sum(amount)\" }}\nvalue = \"revenue\"\nunit = \"currency\"\n\
         [[metrics]]\nname = \"revenue\"\nmetric = \"acme.revenue\"\ntable = \"orders\"\n{by}\n\
         [[metrics]]\nname = \"visitors\"\nmetric = \"web.visitors\"\ntable = \"events\"\n{by}\n{derived}\n"
    )
}

const PER_VISITOR: &str =
    "[derived.revenue_per_visitor]\nvalue = \"revenue / visitors\"\nunit = \"currency\"\ndirection = \"higher_is_better\"\n";

fn case() -> Case {
    Case::new().file("orders.csv", ORDERS).file("events.csv", EVENTS)
}

fn run(settings: &str, by: &str, derived: &str) -> Vec<Json> {
    let json = case().json(&report(settings, by, derived)).unwrap();
    let rows = json["results"].as_array().unwrap().iter().filter(|row| row["metric"] == "derived");
    rows.cloned().collect()
}

fn values(rows: &[Json]) -> Vec<(String, Json)> {
    rows.iter().map(|row| (format!("{} {}", &row["start"].as_str().unwrap()[..7], row["dimensions"]), row["value"].clone())).collect()
}

#[test]
fn rows_are_matched_by_bucket_and_group() {
    let rows = run("", "by = [[], [\"region\"]]", PER_VISITOR);
    let expected = [
        ("2025-01 {}", json!(60)),
        ("2025-02 {}", json!(53.5)),
        // Nobody visited from the east, as far as is known.
        ("2025-01 {\"region\":\"east\"}", Json::Null),
        ("2025-01 {\"region\":\"north\"}", json!(50)),
        ("2025-01 {\"region\":\"south\"}", json!(30)),
        ("2025-02 {\"region\":\"east\"}", Json::Null),
        ("2025-02 {\"region\":\"north\"}", json!(100)),
        ("2025-02 {\"region\":\"south\"}", json!(0)),
    ];
    assert_eq!(values(&rows), expected.map(|(at, value)| (at.to_owned(), value)));
    let row = &rows[0];
    assert_eq!(row["request"], "revenue_per_visitor");
    assert_eq!(row["measures"], json!({ "revenue": 180, "revenue.n": 3, "visitors": 3 }));
    assert_eq!(
        [&row["unit"], &row["direction"], &row["n"], &row["low"]],
        [&json!("currency"), &json!("higher_is_better"), &Json::Null, &Json::Null]
    );
    assert_eq!(rows[2]["note"], "no such group in `visitors`");
}

#[test]
fn what_is_divided_by_zero_is_undefined() {
    let rows = run("", "by = [[\"region\"]]", "[derived.per_revenue]\nvalue = \"visitors / revenue\"\nunit = \"ratio\"\n");
    // In February, south has a visitor and no order.
    let south = rows.iter().find(|row| row["dimensions"]["region"] == "south" && row["start"].as_str().unwrap().starts_with("2025-02"));
    assert_eq!(south.unwrap()["value"], Json::Null);
    assert_eq!(south.unwrap()["measures"], json!({ "visitors": 1, "revenue": 0 }));
}

#[test]
fn changes_are_those_from_the_derived_baseline() {
    let rows = run("compare = [\"previous\"]", "", PER_VISITOR);
    let [january, february] = rows.as_slice() else { panic!("two months") };
    assert_eq!(january["comparisons"][0]["value"], Json::Null);
    let comparison = &february["comparisons"][0];
    assert_eq!(comparison["value"], 60);
    assert_eq!(comparison["change"], -6.5);
    assert_eq!(comparison["relative_change"], -10.833_333_333_3);
    assert_eq!(comparison["p_value"], Json::Null);
    assert!(comparison["start"].as_str().unwrap().starts_with("2025-01-01"));
}

#[test]
fn derived_results_may_use_each_other_in_any_order() {
    let rows = run(
        "",
        "",
        "[derived.twice]\nvalue = \"2 * half\"\nunit = \"currency\"\n[derived.half]\nvalue = \"revenue / 2\"\nunit = \"currency\"\nsummary = \"for fun\"\n",
    );
    let names: Vec<&str> = rows.iter().map(|row| row["request"].as_str().unwrap()).collect();
    assert_eq!(names, ["twice", "twice", "half", "half"]);
    assert_eq!(values(&rows)[0].1, 180);
    assert_eq!(rows[2]["note"], "for fun");
}

#[test]
fn own_dimensions_are_matched_too() {
    let config = "[tables.r]\npath = \"r.csv\"\n[tables.q]\npath = \"q.csv\"\n\
        [[metrics]]\nname = \"here\"\nmetric = \"loyalty.nps_distribution\"\ntable = \"r\"\n\
        [[metrics]]\nname = \"there\"\nmetric = \"loyalty.nps_distribution\"\ntable = \"q\"\n\
        [derived.difference]\nvalue = \"here - there\"\nunit = \"points\"\n";
    let case = Case::new().file("r.csv", "score\n10\n10\n9\n0\n").file("q.csv", "score\n10\n0\n");
    let json = case.json(config).unwrap();
    let rows: Vec<&Json> = json["results"].as_array().unwrap().iter().filter(|row| row["metric"] == "derived").collect();
    assert_eq!(rows.len(), 11);
    assert_eq!([&rows[0]["value"], &rows[9]["value"], &rows[10]["value"]], [-25, 25, 0]);
    assert_eq!(rows[10]["dimensions"], json!({ "score": 10 }));
}

#[test]
fn what_is_hidden_in_an_input_is_hidden_in_what_is_made_of_it() {
    let rows = run(
        "min_group_size = 2\ncompare = [\"previous\"]",
        "by = [[\"region\"]]",
        &format!("{PER_VISITOR}[derived.twice]\nvalue = \"2 * revenue_per_visitor\"\nunit = \"currency\"\n"),
    );
    assert!(rows.len() >= 8);
    let json = case().json(&report("min_group_size = 2\ncompare = [\"previous\"]", "by = [[\"region\"]]", "")).unwrap();
    let input = |request: &str, like: &Json| {
        let rows = json["results"].as_array().unwrap();
        rows.iter()
            .find(|row| row["request"] == request && row["start"] == like["start"] && row["dimensions"] == like["dimensions"])
            .cloned()
    };
    let mut hidden = 0;
    for row in &rows {
        let inputs: Vec<Json> = ["revenue", "visitors"].iter().filter_map(|request| input(request, row)).collect();
        let is_hidden = inputs.iter().any(|input| input["suppressed"] == true);
        assert_eq!(row["suppressed"], is_hidden, "{row}");
        if is_hidden {
            hidden += 1;
            assert_eq!(row["value"], Json::Null);
            assert!(row["measures"].as_object().unwrap().values().all(Json::is_null), "{row}");
            assert_eq!(row["comparisons"][0]["value"], Json::Null);
        }
        // A baseline that is hidden in an input is hidden here.
        if inputs.iter().any(|input| input["comparisons"][0]["value"].is_null()) {
            assert_eq!(row["comparisons"][0]["value"], Json::Null);
            assert_eq!(row["comparisons"][0]["change"], Json::Null);
        }
    }
    assert!(hidden >= 4, "{hidden} rows are hidden");
}

#[test]
fn every_mistake_in_what_is_derived_is_shown_at_its_place() {
    let config = r#"
[report]
from = 2025-01-01
until = 2025-03-01

[tables.orders]
path = "orders.csv"

[tables.events]
path = "events.csv"

[[metrics]]
name = "orders"
metric = "loyalty.average_order_value"
table = "orders"
by = [[], ["region"]]

[[metrics]]
metric = "web.visitors"
table = "events"

[[metrics]]
name = "monthly"
metric = "web.visitors"
table = "events"
grain = "month"

[[metrics]]
name = "by_page"
metric = "web.visitors"
table = "events"
by = [["page"]]

[[metrics]]
name = "broken"
metric = "web.visitor"
table = "events"

[derived.unknown]
value = "revenu / web.visitors + web.vistors"
unit = "ratio"

[derived.orders]
value = "web.visitors * 2"
unit = "count"

[derived.grains]
value = "monthly / web.visitors"
unit = "ratio"

[derived.groups]
value = "orders / web.visitors"
unit = "ratio"

[derived.totals]
value = "by_page + web.visitors"
unit = "ratio"

[derived.itself]
value = "itself + 1"
unit = "ratio"

[derived.one]
value = "100 * another / web.visitors"
unit = "ratio"

[derived.another]
value = "1 - one"
unit = "ratio"

[derived.of_broken]
value = "broken / web.visitors"
unit = "ratio"

[derived.constant]
value = "42"
unit = "ratio"

[derived.shape]
values = "orders"
direction = "up"
"#;
    insta::assert_snapshot!(case().load(config).err().unwrap());
}

#[test]
fn what_is_derived_is_judged_like_a_request() {
    let goals = "target = { at_least = 55, warn_below = 50, start = 50 }\nbenchmark = { value = 50, source = \"our mean of 2024\" }\n";
    let rows = run("", "by = [[], [\"region\"]]", &format!("{PER_VISITOR}{goals}"));
    let judged = |row: &Json| (row["target"]["status"].clone(), row["target"]["progress"].clone(), row["target"]["decides"].clone());
    // 60 in January and 53.5 in February, and in its unit.
    assert_eq!(judged(&rows[0]), (json!("met"), json!(200), json!(false)));
    assert_eq!(judged(&rows[1]), (json!("at_risk"), json!(70), json!(true)));
    // In February nothing is known of visitors from the east; north is at 100 and south at 0. The total decides.
    let february = rows[5..].iter().map(judged).collect::<Vec<_>>();
    let expected = [("unknown", Json::Null), ("met", json!(1000)), ("missed", json!(-1000))];
    assert_eq!(february, expected.map(|(status, progress)| (json!(status), progress, json!(false))));
    assert_eq!(
        rows[1]["benchmark"],
        json!({ "value": 50, "source": "our mean of 2024", "change": 3.5, "relative_change": 7, "better": true })
    );
    assert_eq!(rows[5]["benchmark"]["change"], Json::Null);
}

#[test]
fn a_derived_result_that_misses_its_target_decides() {
    let decided = |by: &str, target: &str| {
        let result = case().run(&report("", by, &format!("{PER_VISITOR}target = {target}\n"))).unwrap();
        [Status::Met, Status::Missed, Status::Unknown].map(|status| result.decided(status).map(|row| row.value).collect::<Vec<_>>())
    };
    assert_eq!(decided("", "{ at_least = 55 }"), [vec![], vec![Some(53.5)], vec![]]);
    assert_eq!(decided("", "{ at_most = 55 }"), [vec![Some(53.5)], vec![], vec![]]);
    assert_eq!(decided("", "{ holds = { value_above = 53, value_below = 53.4 } }"), [vec![], vec![Some(53.5)], vec![]]);
    // Where there is no total, every group decides.
    assert_eq!(decided("by = [[\"region\"]]", "{ at_least = 55 }"), [vec![Some(100.0)], vec![Some(0.0)], vec![None]]);
    assert_eq!(
        decided("by = [[], [\"region\"]]", "{ at_least = 55, groups = true }"),
        [vec![Some(100.0)], vec![Some(53.5), Some(0.0)], vec![None]]
    );
}

/// The messages of an alert.
fn fired(settings: &str, by: &str, derived: &str, alert: &str) -> Vec<String> {
    let config = report(settings, by, &format!("{derived}[[alerts]]\nname = \"look\"\n{alert}"));
    let json = case().json(&config).unwrap();
    json["alerts"].as_array().unwrap().iter().map(|alert| alert["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_alert_looks_at_what_is_derived() {
    let derived = format!("{PER_VISITOR}target = {{ at_least = 55 }}\n");
    let of = |alert: &str| fired("compare = [\"previous\"]", "by = [[], [\"region\"]]", &derived, alert);
    let named = "metrics = [\"revenue_per_visitor\"]";
    assert_eq!(
        of(&format!("{named}\nwhen = {{ change_is = \"worse\", relative_change_below = -10 }}")),
        ["revenue_per_visitor, 2025-02-01 to 2025-02-28: 53.50 (relative change below -10 and change for the worse)"]
    );
    assert_eq!(of(&format!("{named}\nwhen = {{ change_below = -7 }}")), Vec::<String>::new());
    let message = "message = \"{{ metric }} {{ dimensions.region }} {{ shown }} {{ unit }}: {{ target }} {{ status }}, {{ change }} from {{ baseline }}\"";
    assert_eq!(
        of(&format!("{named}\nwhen = {{ status = [\"missed\"] }}\non = \"all\"\n{message}")),
        [
            "derived (all) 53.50 currency: at least 55.00 missed, -6.5 from previous",
            "derived south 0.00 currency: at least 55.00 missed, -30.0 from previous"
        ]
    );
    // One that names nothing looks at all that can be asked, and only this has a target and a direction.
    assert_eq!(of("when = { status = [\"missed\"] }\nmessage = \"{{ request }}\""), ["revenue_per_visitor"]);
    assert_eq!(of("when = { value_below = 55 }\nmessage = \"{{ request }}\""), ["visitors", "revenue_per_visitor"]);
    // Derived results can't be asked how sure they are.
    assert_eq!(of("when = { n_above = 0, value_below = 55 }\nmessage = \"{{ request }}\""), ["visitors"]);
}

#[test]
fn what_is_hidden_in_what_is_derived_is_unknown_and_has_no_alert() {
    let goals = "target = { at_least = 1000, start = 0, groups = true }\nbenchmark = { value = 1, source = \"x\" }\n";
    let settings = "min_group_size = 2\ncompare = [\"previous\"]";
    let derived = format!("{PER_VISITOR}{goals}");
    // Others in the north, who pay nothing, are enough to hide single ones elsewhere.
    let orders = format!("{ORDERS}2025-01-08,e,north,0\n2025-01-09,f,north,0\n2025-02-08,e,north,0\n2025-02-09,f,north,0\n");
    let views = ["e", "f", "g"].map(|user| format!("2025-02-04,{user},north,page_view,/\n")).concat();
    let case = || Case::new().file("orders.csv", &orders).file("events.csv", format!("{EVENTS}{views}"));
    let json = case().json(&report(settings, "by = [[], [\"region\"]]", &derived)).unwrap();
    let rows: Vec<Json> = json["results"].as_array().unwrap().iter().filter(|row| row["metric"] == "derived").cloned().collect();
    let hidden: Vec<&Json> = rows.iter().filter(|row| row["suppressed"] == true).collect();
    assert!(hidden.len() >= 4 && hidden.len() < rows.len(), "{} of {} are hidden", hidden.len(), rows.len());
    for row in hidden {
        assert_eq!((&row["target"]["status"], &row["target"]["progress"]), (&json!("unknown"), &Json::Null));
        assert_eq!((&row["benchmark"]["change"], &row["benchmark"]["relative_change"]), (&Json::Null, &Json::Null));
    }
    let alert = "[[alerts]]\nname = \"a\"\nmetrics = [\"revenue_per_visitor\"]\non = \"all\"\nperiods = \"all\"\nwhen";
    for (when, expected) in [
        // Nobody bought in the east in January, which is no secret.
        ("undefined = true", vec![Some(0.0)]),
        ("undefined = false", vec![Some(180.0), Some(107.0)]),
        ("status = [\"missed\", \"unknown\"]", vec![Some(180.0), Some(107.0), Some(0.0)]),
        ("value_below = 1000", vec![Some(180.0), Some(107.0)]),
        ("change_below = 1000", vec![Some(107.0)]),
    ] {
        let config = report(settings, "by = [[], [\"region\"]]", &format!("{derived}{alert} = {{ {when} }}"));
        let result = case().run(&config).unwrap();
        let rows = result.alerts.iter().map(|alert| &result.results[alert.row]);
        let revenues: Vec<Option<f64>> = rows.clone().map(|row| row.measures[0].1).collect();
        assert_eq!(revenues, expected, "{when}");
        assert!(rows.clone().all(|row| !row.suppressed), "{when}");
    }
}

#[test]
fn a_mistake_in_a_goal_of_what_is_derived_is_underlined() {
    let goals = r#"target = { at_least = 40, warn_below = 50, by_interval = true, groups = true }
[derived.views]
value = "2 * visitors"
unit = "count"
target = { holds = { low_above = 3 } }
benchmark = { value = 3, sauce = "a study" }
[derived.unused]
value = "2 * visitors"
unit = "count"
target = { atleast = 3 }
[[alerts]]
name = "misnamed"
metrics = ["revenue_per_visitors"]
when = { value_below = 3 }
[[alerts]]
name = "of a target that is wrong"
metrics = ["views"]
when = { status = ["missed"] }
[[alerts]]
name = "no target"
metrics = ["unused"]
when = { progress_below = 3 }
"#;
    insta::assert_snapshot!(case().load(&report("", "", &format!("{PER_VISITOR}{goals}"))).err().unwrap());
}

#[test]
fn what_can_not_be_asked_of_what_is_derived_is_said() {
    let when = "when = { value_below = 3 }";
    for (alert, message) in [
        ("when = { status = [\"missed\"] }".to_owned(), "`twice` has no target"),
        ("when = { benchmark_is = \"worse\" }".to_owned(), "give it a `direction`, or ask whether"),
        ("when = { change_below = 1 }".to_owned(), "give all that it is made of `compare = [\"previous\"]`"),
        ("when = { significant = true }".to_owned(), "`twice` is derived, and has neither interval nor n nor p-value"),
        ("when = { n_below = 3 }".to_owned(), "`twice` is derived, and has neither interval nor n nor p-value"),
        (format!("{when}\nmessage = \"{{{{ low|round }}}}\""), "derived results have no `low`"),
        (format!("{when}\nmessage = \"{{{{ dimensions.regoin|upper }}}}\""), "the message can't be made: "),
    ] {
        let alert = format!(
            "[derived.twice]\nvalue = \"2 * visitors\"\nunit = \"count\"\n[[alerts]]\nname = \"a\"\nmetrics = [\"twice\"]\n{alert}"
        );
        let problems = case().load(&report("", "", &alert)).err().expect("it can't be asked");
        assert!(problems.contains(message), "{alert}: {problems}");
        assert!(problems.contains("1 problem\n"), "{alert}: {problems}");
    }
}

fn ratio(requests: &str, derived: &str) -> Result<Vec<Json>, String> {
    let tickets: String = (0..40).map(|ticket| if ticket < 10 { "2025-01-05,complaint\n" } else { "2025-01-06,question\n" }).collect();
    let subscriptions: String = (0..50).fold(String::new(), |rows, customer| format!("{rows}c{customer},2024-12-01,,10\n"));
    let answers = "2025-01-05,9\n".repeat(56) + &"2025-01-05,1\n".repeat(14);
    let config = format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\nas_of = 2025-02-01\n\
         [tables.tickets]\npath = \"tickets.csv\"\n[tables.subscriptions]\npath = \"subscriptions.csv\"\n\
         [tables.answers]\npath = \"answers.csv\"\n\
         [define.\"acme.tickets\"]\ntable = \"tickets\"\nmeasures = {{ n = \"count(*)\" }}\nvalue = \"n\"\nunit = \"count\"\n\
         [define.\"acme.happy\"]\ntable = \"answers\"\nmeasures = {{ h = \"count(*) filter (where score > 5)\", n = \"count(*)\" }}\n\
         value = \"100 * h / n\"\nunit = \"percent\"\n\
         [[metrics]]\nname = \"tickets\"\nmetric = \"acme.tickets\"\ntable = \"tickets\"\n\
         [[metrics]]\nname = \"subscribers\"\nmetric = \"loyalty.mrr\"\ntable = \"subscriptions\"\nparams = {{ show = \"customers\" }}\n\
         [[metrics]]\nname = \"happy\"\nmetric = \"acme.happy\"\ntable = \"answers\"\n{requests}\n\
         [derived.ratio]\nunit = \"ratio\"\n{derived}\n"
    );
    let case = Case::new()
        .file("tickets.csv", format!("time,kind\n{tickets}"))
        .file("subscriptions.csv", format!("customer_id,started_at,ended_at,amount_per_month\n{subscriptions}"))
        .file("answers.csv", format!("time,score\n{answers}"));
    let json = case.json(&config)?;
    Ok(json["results"].as_array().unwrap().iter().filter(|row| row["metric"] == "derived").cloned().collect())
}

const COMPLAINTS: &str =
    "[[metrics]]\nname = \"complaints\"\nmetric = \"acme.tickets\"\ntable = \"tickets\"\nwhere = \"kind = 'complaint'\"";

#[test]
fn a_base_comes_from_another_table() {
    let rows = ratio("", "value = \"100 * tickets / subscribers\"\nparts = \"independent\"").unwrap();
    assert_eq!([&rows[0]["value"], &rows[0]["low"], &rows[0]["n"]], [&json!(80), &Json::Null, &Json::Null]);
    assert_eq!(rows[0]["measures"], json!({ "tickets": 40, "subscribers": 50 }));
}

#[test]
fn a_subset_has_the_interval_of_a_share() {
    let rows = ratio(COMPLAINTS, "value = \"100 * complaints / tickets\"\nparts = \"subset\"").unwrap();
    assert_eq!([&rows[0]["value"], &rows[0]["n"]], [25, 40]);
    // Wilson's interval of 10 of 40, by its formula in Python.
    let [low, high] = ["low", "high"].map(|end| rows[0][end].as_f64().unwrap());
    assert!((low - 14.187_119).abs() < 1e-5 && (high - 40.193_961).abs() < 1e-5, "{low} {high}");
}

#[test]
fn what_counts_more_than_the_whole_is_not_a_subset() {
    let rows = ratio(COMPLAINTS, "value = \"tickets / complaints\"\nparts = \"subset\"").unwrap();
    assert_eq!([&rows[0]["value"], &rows[0]["low"]], [&Json::Null, &Json::Null]);
    assert_eq!(rows[0]["note"], "`tickets` counts 40, more than the 10 of `complaints`: it is not a subset");
}

#[test]
fn an_exact_count_divides_the_interval_of_an_independent_part() {
    let rows = ratio("", "value = \"happy / subscribers\"\nparts = \"independent\"").unwrap();
    // Wilson's interval of 56 of 70, by its formula in Python, over 50 subscribers.
    let [value, low, high] = ["value", "low", "high"].map(|end| rows[0][end].as_f64().unwrap());
    assert!((value - 1.6).abs() < 1e-9 && (low - 1.383_667).abs() < 1e-6 && (high - 1.753_905).abs() < 1e-6, "{low} {high}");
    assert_eq!(rows[0]["measures"], json!({ "happy": 80, "happy.n": 70, "subscribers": 50 }));
    // A goal may ask for what an interval says.
    let rows =
        ratio("", "value = \"happy / subscribers\"\nparts = \"independent\"\ntarget = { at_least = 1.5, by_interval = true }").unwrap();
    assert_eq!(rows[0]["target"]["status"], "at_risk");
}

#[test]
fn parts_that_can_not_be_are_refused_at_their_place() {
    let sum = ratio("", "value = \"tickets + subscribers\"\nparts = \"independent\"").unwrap_err();
    assert!(sum.contains("`parts` are those of a quotient of two results, and the value is none"), "{sum}");
    let percent = ratio("", "value = \"happy / subscribers\"\nparts = \"subset\"").unwrap_err();
    assert!(percent.contains("`happy` is in percent, and a subset is counted"), "{percent}");
    let interval = ratio("", "value = \"happy / subscribers\"\ntarget = { at_least = 1, by_interval = true }").unwrap_err();
    assert!(interval.contains("`ratio` is derived, and has no interval"), "{interval}");
}
