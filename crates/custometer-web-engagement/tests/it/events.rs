//! Events as they come: bots, times that can't be, parameters that a table's metrics share.

use custometer_testkit::Case;
use serde_json::Value as Json;

const EVENTS: &str = "user_id,time,agent\n\
    a,2025-01-01 10:00:00,Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\n\
    b,2025-01-01 10:00:00,Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)\n\
    c,2025-01-01 10:00:00,\n";

fn values(json: &Json) -> Vec<(&str, Option<f64>)> {
    json["results"].as_array().unwrap().iter().map(|row| (row["request"].as_str().unwrap(), row["value"].as_f64())).collect()
}

fn visitors(table: &str) -> String {
    format!("[tables.events]\npath = \"e.csv\"\n{table}\n[[metrics]]\nmetric = \"web.visitors\"\ntable = \"events\"\n")
}

#[test]
fn bots_are_left_out_where_a_report_says_so_and_counted() {
    let run = |table: &str| Case::new().file("e.csv", EVENTS).json(&visitors(table)).unwrap();
    assert_eq!(values(&run(""))[0].1, Some(3.0));
    // A missing agent is no known bot.
    let json = run("where = \"NOT is_bot(agent)\"");
    assert_eq!(values(&json)[0].1, Some(2.0));
    assert_eq!(json["manifest"]["tables"][0]["rows_filtered"], 1);
    let json = run("where = \"Is_Bot(CONCAT(agent, 'bot')) AND user_id IN ('a', 'c')\"");
    assert_eq!(values(&json)[0].1, Some(2.0));
    let json = run(
        "derive = { kind = \"CASE WHEN is_bot(agent) THEN 'bot' WHEN agent LIKE '%(is_bot)%' THEN 'fake' ELSE 'human' END\" }\nwhere = \"kind = 'human'\"",
    );
    assert_eq!(values(&json)[0].1, Some(2.0));
}

#[test]
fn a_wrong_call_is_shown_where_it_stands() {
    let problem = |condition: &str| {
        let text = Case::new().file("e.csv", EVENTS).run(&visitors(&format!("where = \"{condition}\""))).unwrap_err();
        text.lines()
            .filter(|line| line.trim_start().starts_with(['×', '│']))
            .map(|line| line.trim_start_matches([' ', '×', '│']))
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (condition, expected) in [
        ("is_bot()", "`is_bot` takes 1 argument, and has 0"),
        ("is_bot(agent, 1)", "`is_bot` takes 1 argument, and has 2"),
        ("is_bot(*)", "`is_bot` takes values, and not `*`"),
        ("is_bot(1)", "`is_bot` can't be of a whole number"),
        ("is_bot(agnt)", "there is no column `agnt`"),
        ("is_bott(agent)", "is_bott"),
    ] {
        let found = problem(condition);
        assert!(found.contains(expected), "{condition}: {found}");
    }
}

#[test]
fn events_without_a_user_or_a_time_and_at_impossible_times_are_counted_by_reason() {
    let rows = "user_id,time\na,2025-01-01 10:00:00\n,2025-01-01 10:00:00\nb,\nc,1970-01-01 00:00:00\nd,2025-13-01 00:00:00\ne,0001-01-01 00:00:00\n\
                f,2200-01-01 00:00:00\na,2025-01-02 11:00:00\n";
    for (metric, params) in [("sessions", ""), ("active_users", "window_days = 7"), ("stickiness", ""), ("visitors", "")] {
        let config = format!(
            "[report]\ngrain = \"day\"\n[tables.events]\npath = \"e.csv\"\ntime_formats = {{ time = \"%Y-%m-%d %H:%M:%S\" }}\n\
             [[metrics]]\nmetric = \"web.{metric}\"\ntable = \"events\"\nparams = {{ {params} }}\n"
        );
        // Without a period it is that of the data, of their possible times.
        let json = Case::new().file("e.csv", rows).json(&config).unwrap();
        let days: Vec<&str> = json["results"].as_array().unwrap().iter().map(|row| &row["start"].as_str().unwrap()[..10]).collect();
        assert_eq!(days, ["2025-01-01", "2025-01-02"], "{metric}");
        let mut reasons: Vec<(&str, u64)> = json["rejected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["reason"].as_str().unwrap(), row["rows"].as_u64().unwrap()))
            .collect();
        reasons.sort_unstable();
        let expected = [
            ("`time` is missing", 1),
            ("`time` is not a time like `2025-01-31 09:30:00` that clocks showed", 2),
            ("`time` is not a time of the years 1990 to 2199", 2),
            ("`user_id` is missing", 1),
        ];
        assert_eq!(reasons, expected, "{metric}");
    }
}

#[test]
fn metrics_share_the_parameters_of_their_table_and_may_have_their_own() {
    let events = "user_id,time,event\na,2025-01-01 10:00:00,view\na,2025-01-01 10:20:00,view\na,2025-01-01 10:45:00,tap\n";
    let config = |shared: &str| {
        format!(
            "[tables.events]\npath = \"e.csv\"\nparams = {{ {shared} }}\n\
             [[metrics]]\nname = \"shared\"\nmetric = \"web.pages_per_session\"\ntable = \"events\"\n\
             [[metrics]]\nname = \"own\"\nmetric = \"web.pages_per_session\"\ntable = \"events\"\nparams = {{ sessions = {{ view_events = [\"tap\"] }} }}\n\
             [[metrics]]\nname = \"other\"\nmetric = \"web.page_views\"\ntable = \"events\"\n"
        )
    };
    let case = Case::new().file("e.csv", events);
    let json = case.json(&config("view_events = [\"tap\"], sessions = { view_events = [\"view\"], timeout_minutes = 15 }")).unwrap();
    // Three sessions with two views; one session with one tap; one tap.
    assert_eq!(values(&json), [("shared", Some(0.666_666_666_667)), ("own", Some(1.0)), ("other", Some(1.0))]);

    let text = case.run(&config("view_event = [], sessions = { view_events = 3 }")).unwrap_err();
    for expected in
        ["no metric of `events` has a parameter `view_event`", "did you mean `view_events`?", "expected a list", "`view_events` is missing"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
