//! What a help desk's connector writes.

use std::collections::BTreeMap;

use custometer_testkit::{Case, rejections, results};
use serde_json::Value as Json;

use super::{shared, taken_for};
use crate::reading::inspect::pasted_everything;

/// The report on a help desk's comments and status changes, by mapping and a lookup alone.
const HELP_DESK: &str = include_str!("../../../crates/custometer-support/tests/it/help_desk/report.toml");

#[test]
#[cfg_attr(not(data = "zendesk"), ignore = "there is no ../shared/data/zendesk")]
fn the_connectors_sample_files_are_read_by_the_same_report() {
    let folder = shared("zendesk");
    let mut config = HELP_DESK.to_owned();
    for file in ["ticket_comment", "ticket_field_history", "user"] {
        config = config.replace(&format!("{file}.csv"), &folder.join(format!("{file}_data.csv")).display().to_string());
    }
    let json = Case::new().json(&config).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    let total = |request: &str| results(&json).iter().find(|row| row["request"] == request).unwrap();
    let measure = |row: &Json, name: &str| row["measures"][name].as_i64().unwrap();
    // Of the seven tickets with comments, all are by one customer each.
    let replies = total("first_reply");
    assert_eq!((&replies["value"], measure(replies, "answered"), measure(replies, "unanswered")), (&Json::Null, 0, 7));
    // 11071: Fri 28 Aug 2020 11:01:27 UTC → Sat 14 Nov 11:01:27 UTC, 78 days. In Pacific time from Fri 04:01 to Sat 03:01: that Friday and
    // eleven weeks from Mon 31 Aug to Fri 13 Nov, 56 days of 12 hours. The history of the other tickets begins when they are solved.
    let of_ticket =
        |row: &Json| Some(((row["request"].as_str()?.to_owned(), row["dimensions"]["ticket_id"].as_i64()?), row["value"].as_f64()));
    let found: BTreeMap<(String, i64), Option<f64>> = results(&json).iter().filter_map(of_ticket).collect();
    assert_eq!(found[&("solved".to_owned(), 11_071)], Some(78.0 * 86_400.0));
    assert_eq!(found[&("solved_in_business_hours".to_owned(), 11_071)], Some(56.0 * 12.0 * 3600.0));
    // How long it was in statuses of each kind until it was solved, by DuckDB: `lead(updated)` by ticket, and of the opening hours a row per minute.
    let waits = [
        ("requester_wait", 2_592_000 + 1_728_000, 1_036_800 + 604_800),
        ("agent_wait", 2_419_200, 777_600),
        ("on_hold", 1_728_000, 604_800),
    ];
    for (request, seconds, in_business_hours) in waits {
        assert_eq!(found[&(request.to_owned(), 11_071)], Some(f64::from(seconds)), "{request}");
        assert_eq!(found[&(format!("{request}_in_business_hours"), 11_071)], Some(f64::from(in_business_hours)), "{request}");
    }
    let solved = total("solved");
    assert_eq!(["solved", "open", "began_solved"].map(|name| measure(solved, name)), [1, 0, 14]);
}

/// A ticket's status, the priority that it had then, and what its policy allows: three files joined.
#[test]
#[cfg_attr(not(data = "zendesk"), ignore = "there is no ../shared/data/zendesk")]
fn a_promise_is_judged_by_the_policy_of_the_priority_that_a_ticket_had() {
    let folder = shared("zendesk");
    let config = |times: i64| {
        format!(
            "[tables.history]\npath = \"{folder}/ticket_field_history_data.csv\"\nwhere = \"field_name = 'status'\"\n\
             columns = {{ time = \"updated\", status = \"value\" }}\n\
             lookup.priorities = {{ on = \"ticket_id\", columns = {{ priority = \"value\" }}, valid_from = \"updated\", at = \"updated\" }}\n\
             lookup.policies = {{ on = \"priority\", columns = {{ target_minutes = \"target\" }} }}\n\
             derive = {{ target_seconds = \"60 * {times} * target_minutes\" }}\n\
             [tables.priorities]\npath = \"{folder}/ticket_field_history_data.csv\"\nwhere = \"field_name = 'priority'\"\n\
             [tables.policies]\npath = \"{folder}/sla_policy_metric_history_data.csv\"\n\
             where = \"sla_policy_id = 1002 AND metric = 'requester_wait_time'\"\n\
             [[metrics]]\nmetric = \"support.sla_attainment\"\ntable = \"history\"\n\
             params = {{ for = \"resolution\", basis = \"history\", targets = \"column\", paused_statuses = [\"pending\"] }}\n",
            folder = folder.display()
        )
    };
    // 11071 was urgent in the end, for which policy 1002 allows a requester to wait for 240 minutes. This one waited for 50 days, as DuckDB finds:
    // 300 times as long to the second.
    for (times, value) in [(300, 100), (299, 0), (1, 0)] {
        let json = Case::new().json(&config(times)).unwrap();
        let row = &results(&json)[0];
        assert_eq!((&row["value"], &row["measures"]["judged"], &row["measures"]["began_solved"]), (&value.into(), &1.into(), &14.into()));
    }
}

#[test]
#[cfg_attr(not(data = "zendesk"), ignore = "there is no ../shared/data/zendesk")]
fn each_of_its_files_is_taken_for_its_table() {
    assert_eq!(taken_for(&shared("zendesk/ticket_data.csv")).as_deref(), Some("tickets"));
    assert_eq!(taken_for(&shared("zendesk/ticket_comment_data.csv")).as_deref(), Some("messages"));
    assert_eq!(taken_for(&shared("zendesk/ticket_field_history_data.csv")).as_deref(), Some("ticket_history"));
    assert_eq!(taken_for(&shared("zendesk/user_data.csv")).as_deref(), Some("customers"));
    // Opening hours, holidays and targets are none.
    assert_eq!(taken_for(&shared("zendesk/schedule_data.csv")).as_deref(), None);
    assert_eq!(taken_for(&shared("zendesk/schedule_holiday_data.csv")).as_deref(), None);
    assert_eq!(taken_for(&shared("zendesk/sla_policy_metric_history_data.csv")).as_deref(), None);
}

#[test]
#[cfg_attr(not(data = "zendesk"), ignore = "there is no ../shared/data/zendesk")]
fn what_inspect_proposes_for_each_of_them_runs() {
    for file in ["ticket_data", "ticket_comment_data", "ticket_field_history_data", "user_data"] {
        pasted_everything(shared(&format!("zendesk/{file}.csv")).to_str().unwrap(), &[]);
    }
}
