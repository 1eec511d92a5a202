//! Who waited for whom, and targets of histories: metrics beside plain counts by the minute.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_testkit::{Case, rejections, results};
use jiff::civil::{Weekday, date};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::tickets::{AS_OF, DAY, MONTHS, clock, counted, measure, only, place, report};

/// The minutes between two instants that a calendar of the report counts, by looking at each of them.
fn minutes(calendar: &str, from: i64, until: i64) -> i64 {
    let is_open = |minute: &i64| {
        let day = date(2024, 12, 1) + jiff::Span::new().days(minute.div_euclid(DAY));
        let of_day = minute.rem_euclid(DAY);
        let is_at_work = (480..720).contains(&of_day) || (780..1050).contains(&of_day);
        is_at_work && ![Weekday::Saturday, Weekday::Sunday].contains(&day.weekday()) && day != date(2025, 1, 1)
    };
    if calendar == "office" { (from..until).filter(is_open).count().try_into().unwrap() } else { until - from }
}

/// A change of a ticket: when, to which status, by which calendar, with which priority.
#[derive(Debug, Clone)]
struct Change {
    at: i64,
    status: &'static str,
    schedule: &'static str,
    priority: Option<&'static str>,
}

const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];

impl Change {
    /// 0 while an agent is to act, 1 while the customer is, 2 while somebody else is, 3 when it is solved.
    fn kind(&self) -> usize {
        [0, 0, 1, 2, 3, 3][STATUSES.iter().position(|status| *status == self.status).unwrap()]
    }

    fn is_solved(&self) -> bool {
        self.kind() == 3
    }
}

fn histories() -> impl Strategy<Value = Vec<Vec<Change>>> {
    let change = (
        // A minute at least: what happens at one instant has no order.
        1..9 * DAY,
        prop::sample::select(STATUSES.to_vec()),
        prop::sample::select(vec!["office", "always", "calendar"]),
        prop::sample::select(vec![None, None, Some("urgent"), Some("low"), Some("other")]),
    );
    let history = (-10 * DAY..85 * DAY, prop::collection::vec(change, 1..7)).prop_map(|(created, changes)| {
        let mut at = created;
        let placed = changes.into_iter().map(|(gap, status, schedule, priority)| {
            at += gap;
            Change { at, status, schedule, priority }
        });
        placed.collect::<Vec<Change>>()
    });
    prop::collection::vec(history, 0..25)
}

fn table(histories: &[Vec<Change>]) -> String {
    let mut text = String::from("ticket_id,time,status,schedule,priority,target_seconds\n");
    for (number, history) in histories.iter().enumerate() {
        for Change { at, status, schedule, priority } in history {
            let target = priority.map_or_else(String::new, |priority| (target_of(priority).unwrap_or(7) * 60).to_string());
            writeln!(text, "t{number},{},{status},{schedule},{},{target}", clock(*at), priority.unwrap_or_default()).unwrap();
        }
    }
    text
}

/// The minutes that a priority may take; none of another one.
fn target_of(priority: &str) -> Option<i64> {
    BTreeMap::from([("urgent", 240), ("low", 4 * DAY)]).get(priority).copied()
}

/// What a history is to the clock: from which change on it is open, and which one solves it; by the changes that are known.
struct PlainCase<'a> {
    changes: &'a [Change],
    from: usize,
    until: Option<usize>,
}

fn cases(history: &[Change], starts_anew: bool) -> Vec<PlainCase<'_>> {
    let known = history.iter().take_while(|change| change.at < AS_OF).count();
    let changes = &history[..known];
    let is_new = |row: usize| row == 0 || changes[row - 1].is_solved() != changes[row].is_solved();
    // Where it is opened; a ticket that begins as solved is opened there too.
    let opened: Vec<usize> = (0..known).filter(|row| *row == 0 || (is_new(*row) && !changes[*row].is_solved())).collect();
    let solved: Vec<usize> = (0..known).filter(|row| is_new(*row) && changes[*row].is_solved()).collect();
    if starts_anew {
        let case = |from: &usize| PlainCase { changes, from: *from, until: solved.iter().copied().find(|row| row >= from) };
        return opened.iter().map(case).collect();
    }
    let is_open = changes.last().is_some_and(|change| !change.is_solved());
    opened.first().map(|from| PlainCase { changes, from: *from, until: solved.last().copied().filter(|_| !is_open) }).into_iter().collect()
}

impl PlainCase<'_> {
    /// The minutes in statuses of each kind, each stretch by the clock that is asked for, or by that of the change that it begins with.
    fn minutes(&self, calendar: Option<&str>) -> [i64; 4] {
        let mut passed = [0; 4];
        for row in self.from..self.until.unwrap_or(self.changes.len()) {
            let until = self.changes.get(row + 1).map_or(AS_OF, |next| next.at);
            let change = &self.changes[row];
            passed[change.kind()] += minutes(calendar.unwrap_or(change.schedule), change.at, until);
        }
        passed
    }

    fn began_solved(&self) -> bool {
        self.changes[self.from].is_solved()
    }

    fn is_of(&self, month: usize) -> bool {
        (MONTHS[month]..MONTHS[month + 1].min(AS_OF)).contains(&self.changes[self.from].at)
    }

    /// The last priority that a change has had until the case was solved, or by now.
    fn priority(&self) -> Option<&'static str> {
        self.changes[..=self.until.unwrap_or(self.changes.len() - 1)].iter().rev().find_map(|change| change.priority)
    }
}

const CLOCKS: [(&str, Option<&str>); 3] =
    [("\"calendar\"", Some("calendar")), ("\"office\"", Some("office")), ("{ column = \"schedule\" }", None)];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each wait is what looking at every minute finds, and all of them are all time from creation to solution.
    #[test]
    fn waits_of_histories_are_those_a_plain_count_finds(histories in histories(), starts_anew in any::<bool>(), clock in 0..3_usize) {
        let (written, calendar) = CLOCKS[clock];
        let reopened = if starts_anew { "starts_anew" } else { "goes_on" };
        for (metric, kinds) in [("requester_wait_time", &[0, 2][..]), ("agent_wait_time", &[1]), ("on_hold_time", &[2])] {
            let params = format!("params = {{ reopened = \"{reopened}\", clock = {written} }}");
            let json = Case::new().file("t.csv", table(&histories)).json(&report("t", &format!("support.{metric}"), &params)).unwrap();
            for row in results(&json) {
                let month = place(row, "").0;
                let of_month: Vec<PlainCase<'_>> = histories.iter().flat_map(|history| cases(history, starts_anew)).filter(|case| case.is_of(month)).collect();
                let solved: Vec<[i64; 4]> = of_month.iter().filter(|case| case.until.is_some() && !case.began_solved()).map(|case| case.minutes(calendar)).collect();
                let sums: [i64; 4] = std::array::from_fn(|kind| solved.iter().map(|minutes| minutes[kind] * 60).sum());
                prop_assert_eq!(["open_seconds", "pending_seconds", "on_hold_seconds", "solved_seconds"].map(|name| measure(row, name)), sums);
                prop_assert_eq!(measure(row, "open"), counted(of_month.iter().filter(|case| case.until.is_none())));
                prop_assert_eq!(measure(row, "began_solved"), counted(of_month.iter().filter(|case| case.until.is_some() && case.began_solved())));
                prop_assert_eq!(row["n"].as_u64(), Some(solved.len() as u64));
                let waited: i64 = kinds.iter().map(|kind| sums[*kind]).sum();
                let mean = (!solved.is_empty()).then(|| waited as f64 / solved.len() as f64);
                prop_assert!(row["value"].as_f64().zip(mean).map_or(row["value"].is_null() && mean.is_none(), |(a, b)| (a - b).abs() <= 1e-9 * b));
            }
        }
    }

    /// Met, missed, pending, without target and of unknown creation are all cases, and each is what the rule says of it.
    #[test]
    fn every_case_of_a_history_meets_or_misses_its_last_target(
        histories in histories(), starts_anew in any::<bool>(), clock in 0..3_usize, pauses in any::<bool>(), own in any::<bool>()
    ) {
        let (written, calendar) = CLOCKS[clock];
        let reopened = if starts_anew { "starts_anew" } else { "goes_on" };
        let paused = if pauses { "[\"pending\"]" } else { "[]" };
        let targets = if own { "targets = \"column\"".to_owned() } else { format!("target_minutes = {{ urgent = 240, low = {} }}", 4 * DAY) };
        let params = format!("params = {{ for = \"resolution\", basis = \"history\", reopened = \"{reopened}\", paused_statuses = {paused}, clock = {written}, {targets} }}");
        let json = Case::new().file("t.csv", table(&histories)).json(&report("t", "support.sla_attainment", &params)).unwrap();
        for row in results(&json) {
            let month = place(row, "").0;
            let mut expected = BTreeMap::from([("met", 0), ("missed", 0), ("pending", 0), ("without_target", 0), ("began_solved", 0)]);
            for case in histories.iter().flat_map(|history| cases(history, starts_anew)).filter(|case| case.is_of(month)) {
                let [open, pending, on_hold, _] = case.minutes(calendar);
                let taken = open + on_hold + if pauses { 0 } else { pending };
                let target = case.priority().and_then(|priority| target_of(priority).or(own.then_some(7)));
                *expected.get_mut(match (target, case.until) {
                    _ if case.began_solved() => "began_solved",
                    (None, _) => "without_target",
                    (Some(target), Some(_)) if taken <= target => "met",
                    (Some(target), None) if taken <= target => "pending",
                    (Some(_), _) => "missed",
                }).unwrap() += 1;
            }
            let found: BTreeMap<&str, i64> = expected.keys().map(|name| (*name, measure(row, name))).collect();
            prop_assert_eq!(&found, &expected);
            let judged = found["met"] + found["missed"];
            let value = (judged > 0).then(|| 100.0 * found["met"] as f64 / judged as f64);
            prop_assert!(row["value"].as_f64().zip(value).map_or(row["value"].is_null() && value.is_none(), |(a, b)| (a - b).abs() < 1e-9));
        }
    }

    /// Whoever did not write last but one turn ago waits: minute by minute, until the last turn.
    #[test]
    fn waits_of_conversations_are_those_a_plain_count_finds(
        messages in prop::collection::btree_map((0..5_u8, 0..20 * DAY), (0..3_u8, any::<bool>()), 0..60), clock_of in 0..2_usize
    ) {
        let mut rows = String::from("ticket_id,time,author,is_public\n");
        let mut conversations: BTreeMap<u8, BTreeMap<i64, bool>> = BTreeMap::new();
        for ((ticket, at), (author, public)) in &messages {
            writeln!(rows, "t{ticket},{},{},{public}", clock(*at), ["customer", "agent", "bot"][usize::from(*author)]).unwrap();
            let is_customer = *author == 0;
            if is_customer || (*author == 1 && *public) {
                conversations.entry(*ticket).or_default().insert(*at, is_customer);
            }
        }
        let (written, calendar) = (CLOCKS[clock_of].0, CLOCKS[clock_of].1.unwrap());
        let (mut waits, mut unanswered) = (Vec::new(), 0);
        for conversation in conversations.values() {
            let Some(first) = conversation.iter().find(|(_, is_customer)| **is_customer).map(|(at, _)| *at) else { continue };
            let (last, is_waiting) = conversation.last_key_value().map(|(at, is_customer)| (*at, *is_customer)).unwrap();
            if is_waiting {
                unanswered += 1;
                continue;
            }
            // What came after the last turn to an agent waits for nobody.
            let turned = conversation.range(..=last).rev().take_while(|(_, is_customer)| !**is_customer).last().map_or(last, |(at, _)| *at);
            let waiting = |party: bool| -> i64 {
                let is_their_turn = |minute: i64| conversation.range(..=minute).next_back().is_some_and(|(_, is_customer)| *is_customer == party);
                let changes = conversation.range(first..turned).map(|(at, _)| *at);
                let ends = conversation.range(first..=turned).skip(1).map(|(at, _)| *at);
                changes.zip(ends).filter(|(from, _)| is_their_turn(*from)).map(|(from, until)| minutes(calendar, from, until) * 60).sum()
            };
            waits.push([waiting(true), waiting(false)]);
        }
        let config = |metric: &str| format!(
            "[calendars.office]\nhours = {{ mon-fri = [\"08:00-12:00\", \"13:00-17:30\"] }}\nholidays = [2025-01-01]\n[tables.m]\npath = \"m.csv\"\n\
             [[metrics]]\nmetric = \"support.{metric}\"\ntable = \"m\"\nparams = {{ basis = \"messages\", clock = {written} }}\n"
        );
        for (party, metric) in ["requester_wait_time", "agent_wait_time"].into_iter().enumerate() {
            let json = Case::new().file("m.csv", &rows).json(&config(metric)).unwrap();
            let row = &results(&json)[0];
            prop_assert_eq!((measure(row, "answered"), measure(row, "unanswered")), (counted(waits.iter()), unanswered));
            prop_assert_eq!(measure(row, "wait_seconds"), waits.iter().map(|wait| wait[party]).sum::<i64>());
        }
    }
}

/// A ticket of a help desk's connector: the changes of its status, each with the priority that it had.
const WITH_PRIORITIES: &str = "ticket_id,time,status,priority\n\
    11071,2020-08-28 11:01:27,open,normal\n\
    11071,2020-08-29 11:01:27,pending,normal\n\
    11071,2020-09-02 11:01:27,on-hold,normal\n\
    11071,2020-09-05 11:01:27,pending,normal\n\
    11071,2020-09-15 11:01:27,open,normal\n\
    11071,2020-09-30 11:01:27,pending,medium\n\
    11071,2020-10-01 11:01:27,on-hold,medium\n\
    11071,2020-10-15 11:01:27,open,high\n\
    11071,2020-10-17 11:01:27,on-hold,high\n\
    11071,2020-10-20 11:01:27,pending,high\n\
    11071,2020-11-02 11:01:27,open,urgent\n\
    11071,2020-11-14 11:01:27,solved,urgent\n\
    11071,2020-11-15 11:01:27,closed,urgent\n";

#[test]
fn a_promise_of_a_help_desk_is_kept_by_the_targets_of_the_last_priority() {
    let case = Case::new().file("t.csv", WITH_PRIORITIES);
    // The requester waited for 50 days: 1 + 15 + 2 + 12 open, 3 + 14 + 3 on hold. DuckDB, of the same rows: 2 592 000 s open and 1 728 000 s on hold.
    let met = |minutes: i64, rest: &str| {
        let params = format!(
            "for = \"resolution\", basis = \"history\", paused_statuses = [\"pending\"], target_minutes = {{ normal = 1, urgent = {minutes} }}{rest}"
        );
        only(&case, "support.sla_attainment", &params)["results"][0]["value"].clone()
    };
    assert_eq!([met(50 * DAY, ""), met(50 * DAY - 1, "")], [json!(100), json!(0)]);
    // Its policy allows four hours.
    assert_eq!(met(240, ""), json!(0));
    // Of the agents' own time, 30 days.
    let own = ", paused_statuses = [\"pending\", \"on-hold\"]";
    let own = |minutes: i64| {
        let params = format!("for = \"resolution\", basis = \"history\", target_minutes = {{ urgent = {minutes} }}{own}");
        only(&case, "support.sla_attainment", &params)["results"][0]["value"].clone()
    };
    assert_eq!([own(30 * DAY), own(30 * DAY - 1)], [json!(100), json!(0)]);
}

#[test]
fn each_row_counts_on_the_calendar_that_it_names() {
    let rows = "ticket_id,created_at,first_replied_at,solved_at,schedule,region\n\
        a,2025-01-06 09:00:00,2025-01-06 18:00:00,2025-01-07 09:00:00,office,EU\n\
        b,2025-01-06 09:00:00,2025-01-06 18:00:00,2025-01-07 09:00:00,always,EU\n\
        c,2025-01-06 09:00:00,2025-01-06 18:00:00,2025-01-07 09:00:00,calendar,US\n\
        d,2025-01-06 09:00:00,2025-01-06 18:00:00,2025-01-07 09:00:00,offfice,US\n\
        e,2025-01-06 09:00:00,2025-01-06 18:00:00,2025-01-07 09:00:00,,US\n";
    let case = Case::new().file("t.csv", rows);
    let config = |metric: &str, params: &str| {
        report("t", metric, &format!("params = {{ clock = {{ column = \"schedule\" }}{params} }}\nby = [[\"ticket_id\"]]"))
            .replace("grain = \"month\"\n", "")
    };
    let values = |metric: &str, params: &str| -> Vec<f64> {
        let json = case.json(&config(metric, params)).unwrap();
        let rejected = "`schedule` names none of the report's calendars";
        assert_eq!(rejections(&json), [(rejected, 2)], "{metric}");
        results(&json).iter().map(|row| row["value"].as_f64().unwrap()).collect()
    };
    // In office hours from Monday 09:00 to 18:00, 7.5 hours; to Tuesday 09:00, one more.
    let hours = |hours: [f64; 3]| hours.map(|hours| hours * 3600.0).to_vec();
    assert_eq!(values("support.resolution_time", ""), hours([8.5, 24.0, 24.0]));
    assert_eq!(values("support.first_response_time", ""), hours([7.5, 9.0, 9.0]));
    assert_eq!(values("support.resolution_rate", ", within_hours = 8.5"), [100.0, 0.0, 0.0]);
    let sla = ", for = \"first_response\", column = \"region\", target_minutes = { EU = 450, US = 540 }";
    assert_eq!(values("support.sla_attainment", sla), [100.0, 0.0, 100.0]);
    let json = case.json(&config("support.resolution_time", "")).unwrap();
    assert_eq!(results(&json)[0]["note"], "business hours of the calendar in `schedule`");
}

#[test]
fn hours_and_targets_of_a_contract_come_from_another_table() {
    let history = "ticket_id,time,status,customer_id\n\
        a,2025-01-06 09:00:00,new,c1\na,2025-01-06 10:00:00,pending,c1\na,2025-01-06 11:00:00,open,c1\na,2025-01-07 09:00:00,solved,c1\n\
        b,2025-01-06 09:00:00,new,c2\nb,2025-01-07 09:00:00,solved,c2\n\
        c,2025-01-06 09:00:00,new,c3\nc,2025-01-07 09:00:00,solved,c3\n";
    // a: in office hours from Monday 09:00 to Tuesday 09:00, without the hour pending, 7.5 hours of at most 7.5. b: 24 of at most 23.
    let contracts = "customer_id,hours,minutes\nc1,office,450\nc2,always,1380\nc3,office,\n";
    let config = report(
        "t",
        "support.sla_attainment",
        "by = [[\"ticket_id\"]]\n[metrics.params]\nfor = \"resolution\"\nbasis = \"history\"\n\
        targets = \"column\"\npaused_statuses = [\"pending\"]\nclock = { column = \"hours\" }",
    )
    .replace(
        "path = \"t.csv\"\n",
        "path = \"t.csv\"\nlookup.contracts = { on = \"customer_id\", columns = [\"hours\", \"minutes\"] }\n\
            derive = { target_seconds = \"60 * minutes\" }\n[tables.contracts]\npath = \"contracts.csv\"\n",
    )
    .replace("grain = \"month\"\n", "");
    let json = Case::new().file("t.csv", history).file("contracts.csv", contracts).json(&config).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    let found: Vec<Json> = results(&json).iter().map(|row| row["value"].clone()).collect();
    assert_eq!(found, [json!(100), json!(0), Json::Null]);
    assert_eq!(measure(&results(&json)[2], "without_target"), 1);
}

#[test]
fn a_backlog_is_as_old_as_the_calendars_of_its_tickets_say() {
    let rows = "ticket_id,created_at,solved_at,schedule\na,2025-02-14 09:00:00,,office\nb,2025-02-14 09:00:00,,calendar\n";
    let params = "params = { show = \"older_than\", older_than_hours = 8, clock = { column = \"schedule\" } }\nby = [[], [\"ticket_id\"]]";
    let json = Case::new().file("t.csv", rows).json(&report("t", "support.backlog", params)).unwrap();
    // As of Saturday 15 February 00:00: 7.5 hours of Friday's office, or 15 hours.
    let february: Vec<(Json, Json)> = results(&json)
        .iter()
        .filter(|row| row["start"].as_str().unwrap().starts_with("2025-02"))
        .map(|row| (row["dimensions"]["ticket_id"].clone(), row["value"].clone()))
        .collect();
    assert_eq!(february, [(Json::Null, json!(1)), (json!("a"), json!(0)), (json!("b"), json!(1))]);
}

#[test]
fn one_answer_is_one_touch_in_both_tables() {
    let tickets = "ticket_id,created_at,solved_at,agent_replies\na,2025-01-06,2025-01-07,1\nb,2025-01-06,2025-01-07,2\nc,2025-01-06,2025-01-07,0\nd,2025-01-06,,1\n";
    let messages = "ticket_id,time,author,is_public,solved_at\n\
        a,2025-01-06 09:00,customer,yes,2025-01-07\na,2025-01-06 09:30,bot,yes,2025-01-07\na,2025-01-06 10:00,agent,no,2025-01-07\na,2025-01-06 11:00,agent,yes,2025-01-07\n\
        b,2025-01-06 09:00,customer,yes,2025-01-07\nb,2025-01-06 11:00,agent,yes,2025-01-07\nb,2025-01-06 11:01,agent,yes,2025-01-07\n\
        c,2025-01-06 09:00,customer,yes,2025-01-07\n\
        d,2025-01-06 09:00,customer,yes,\nd,2025-01-06 11:00,agent,yes,\n";
    for (rows, params) in [(tickets, ""), (messages, "basis = \"messages\"")] {
        let json = only(&Case::new().file("t.csv", rows), "support.one_touch_resolution", params);
        let row = &json["results"][0];
        assert_eq!(["one_touch", "without_reply", "solved"].map(|name| measure(row, name)), [1, 1, 3], "{params}");
        assert!((row["value"].as_f64().unwrap() - 100.0 / 3.0).abs() < 1e-9);
    }
    let all_public =
        only(&Case::new().file("t.csv", messages), "support.one_touch_resolution", "basis = \"messages\", visibility = \"all_public\"");
    assert_eq!(measure(&all_public["results"][0], "one_touch"), 0);
}

#[test]
fn what_says_too_little_of_a_wait_is_rejected_by_reason() {
    let history = "ticket_id,time,status\n\
        a,2025-01-06,new\na,2025-01-07,Waiting for parts\na,2025-01-08,solved\n\
        b,2025-01-06,new\nb,,pending\nb,2025-01-08,solved\n\
        c,2025-01-06,new\nc,2025-01-08,solved\n";
    let unknown = "is in none of `open_statuses`, `pending_statuses`, `on_hold_statuses` and `solved_statuses`";
    for metric in ["requester_wait_time", "agent_wait_time", "on_hold_time"] {
        let json = only(&Case::new().file("t.csv", history), &format!("support.{metric}"), "");
        let of_status = format!("`status` {unknown}");
        let expected = [(of_status.as_str(), 1), ("`time` is missing", 1), ("another row of the same `ticket_id` is rejected", 4)];
        assert_eq!(rejections(&json), expected, "{metric}");
        assert_eq!(results(&json)[0]["n"], json!(1), "{metric}");
        let parts = "on_hold_statuses = [\"Waiting for parts\"]";
        assert_eq!(results(&only(&Case::new().file("t.csv", history), &format!("support.{metric}"), parts))[0]["n"], json!(2), "{metric}");
    }
    let messages = "ticket_id,time,author,is_public,solved_at\na,2025-01-06,customer,yes,2025-01-07\na,2025-01-06,agent,yes,2025-01-08\n";
    let json = only(&Case::new().file("t.csv", messages), "support.one_touch_resolution", "basis = \"messages\"");
    assert_eq!(rejections(&json), [("`solved_at` differs between the rows of the ticket", 2)]);
    let tickets = "created_at,solved_at,target_seconds\n2025-01-06,2025-01-07,-1\n2025-01-06,2025-01-07,\n";
    let json = only(&Case::new().file("t.csv", tickets), "support.sla_attainment", "for = \"resolution\", targets = \"column\"");
    assert_eq!(rejections(&json), [("`target_seconds` is not 0 or more", 1)]);
    assert_eq!(measure(&results(&json)[0], "without_target"), 1);
}

#[test]
fn a_history_with_a_gap_is_used_by_nobody() {
    let history = "ticket_id,time,status,target_seconds,schedule\n\
        a,2025-01-06 09:00:00,new,3600,office\na,2025-01-06 10:00:00,pending,soon,office\na,2025-01-06 11:00:00,solved,,office\n\
        b,2025-01-06 09:00:00,new,3600,office\nb,2025-01-06 10:00:00,solved,,\n\
        c,2025-01-06 09:00:00,new,3600,office\nc,2025-01-06 10:00:00,solved,,office\n";
    let case = Case::new().file("t.csv", history);
    let another = "another row of the same `ticket_id` is rejected";
    let sla = "params = { for = \"resolution\", basis = \"history\", targets = \"column\" }";
    let json = case.json(&report("t", "support.sla_attainment", sla)).unwrap();
    assert_eq!(rejections(&json), [("`target_seconds` is not a number", 1), (another, 2)]);
    assert_eq!(measure(&results(&json)[0], "met"), 2);
    let clock = "basis = \"history\", clock = { column = \"schedule\" }";
    let requests = [("resolution_time", ""), ("backlog", ", show = \"age_median\""), ("requester_wait_time", "")];
    for (metric, rest) in requests {
        let json = case.json(&report("t", &format!("support.{metric}"), &format!("params = {{ {clock}{rest} }}"))).unwrap();
        assert_eq!(rejections(&json), [("`schedule` names none of the report's calendars", 1), (another, 1)], "{metric}");
    }
    let messages = "ticket_id,time,author,schedule\na,2025-01-06 09:00:00,customer,office\na,2025-01-06 10:00:00,customer,\na,2025-01-06 11:00:00,agent,office\n";
    let clock = "params = { visibility = \"all_public\", clock = { column = \"schedule\" } }";
    let json = Case::new().file("m.csv", messages).json(&report("m", "support.response_time", clock)).unwrap();
    assert_eq!(rejections(&json), [("`schedule` names none of the report's calendars", 1), (another, 2)]);
}

#[test]
fn parameters_of_waits_and_targets_that_do_not_fit_together_are_errors() {
    let case = Case::new()
        .file("t.csv", "ticket_id,time,status,created_at,solved_at,author,is_public\na,2025-01-06,new,2025-01-06,,customer,yes\n");
    let refused = |metric: &str, params: &str, message: &str| {
        let config = format!(
            "[calendars.office]\nhours = {{ mon = [\"08:00-12:00\"] }}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"support.{metric}\"\n\
             table = \"t\"\nparams = {{ {params} }}\n"
        );
        let problems = case.load(&config).err().unwrap_or_else(|| panic!("`{params}` is taken"));
        assert!(problems.contains(message), "{problems}");
    };
    for metric in ["requester_wait_time", "agent_wait_time"] {
        refused(metric, "visibility = \"all_public\"", "a history of statuses has no messages");
        refused(metric, "basis = \"messages\", pending_statuses = [\"pending\"]", "messages have no status");
        refused(metric, "basis = \"messages\", reopened = \"starts_anew\"", "messages have no status");
        refused(metric, "open_statuses = [\"pending\"]", "`pending` comes twice");
        refused(metric, "solved_statuses = []", "`solved_statuses`");
    }
    refused("requester_wait_time", "basis = \"messages\", on_hold = \"apart\"", "messages do not say what was on hold");
    refused("on_hold_time", "statistic = \"share_within\"", "which durations are short enough?");
    refused("one_touch_resolution", "visibility = \"all_public\"", "tickets are not messages");
    refused("resolution_time", "reopened = \"starts_anew\"", "a table of tickets does not say when they were reopened");
    refused("resolution_time", "basis = \"history\", which = \"first\", reopened = \"starts_anew\"", "a case of its own is solved once");
    let for_resolution = |rest: &str| format!("for = \"resolution\", {rest}");
    refused("sla_attainment", &for_resolution("targets = \"column\", target_minutes = { a = 1 }"), "each row says its own target");
    refused("sla_attainment", &for_resolution("targets = \"column\", column = \"priority\""), "each row says its own target");
    refused(
        "sla_attainment",
        &for_resolution("target_minutes = { a = 1 }, reopened = \"starts_anew\""),
        "does not say when they were reopened",
    );
    refused(
        "sla_attainment",
        &for_resolution("target_minutes = { a = 1 }, paused_statuses = [\"pending\"]"),
        "does not say in which status they were",
    );
    refused(
        "sla_attainment",
        "for = \"first_response\", basis = \"history\", target_minutes = { a = 1 }",
        "does not say when tickets were answered",
    );
    refused(
        "sla_attainment",
        &for_resolution("basis = \"history\", target_minutes = { a = 1 }, paused_statuses = [\"solved\"]"),
        "`solved` comes twice",
    );
    // A column that parameters name and that is read as something else.
    let both = "can't read it as text too";
    refused("resolution_time", "clock = { column = \"created_at\" }", both);
    refused("sla_attainment", &for_resolution("column = \"solved_at\", target_minutes = { a = 1 }"), both);
    refused("requester_wait_time", "clock = { column = \"ticket_id\" }", both);
}
