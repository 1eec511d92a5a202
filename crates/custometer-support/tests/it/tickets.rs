//! Tickets, their history, messages and calls: metrics beside plain counts, and a help desk's own files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_testkit::{Case, rejections, results};
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Minutes since 1 December 2024 at which January, February and March 2025 begin, and 15 February.
pub(super) const MONTHS: [i64; 3] = [31 * DAY, 62 * DAY, 90 * DAY];
pub(super) const AS_OF: i64 = 76 * DAY;
pub(super) const DAY: i64 = 1440;

pub(super) fn clock(minutes: i64) -> String {
    (date(2024, 12, 1).at(0, 0, 0, 0) + jiff::Span::new().minutes(minutes)).to_string()
}

fn cell(minutes: Option<i64>) -> String {
    minutes.map_or_else(String::new, clock)
}

/// A report on January and February 2025 by month, as known on 15 February.
pub(super) fn report(table: &str, metric: &str, rest: &str) -> String {
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\nas_of = 2025-02-15\n\
         [calendars.office]\nhours = {{ mon-fri = [\"08:00-12:00\", \"13:00-17:30\"] }}\nholidays = [2025-01-01]\n\
         [calendars.always]\nhours = {{ mon-sun = [\"00:00-24:00\"] }}\n\
         [tables.{table}]\npath = \"{table}.csv\"\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"{table}\"\n{rest}\n"
    )
}

pub(super) fn measure(row: &Json, name: &str) -> i64 {
    row["measures"][name].as_i64().unwrap_or_else(|| panic!("no `{name}` in {row:#}"))
}

/// The index of a row's month, and the value of its only dimension.
pub(super) fn place(row: &Json, dimension: &str) -> (usize, Option<String>) {
    let month = usize::from(row["start"].as_str().unwrap().starts_with("2025-02"));
    (month, row["dimensions"][dimension].as_str().map(str::to_owned))
}

#[derive(Debug, Clone)]
struct Ticket {
    created: i64,
    /// After how many minutes each: first answered; solved, reopened, solved and so on.
    reply: Option<i64>,
    turns: Vec<i64>,
    priority: Option<&'static str>,
    channel: &'static str,
    customer: u8,
}

impl Ticket {
    /// The instants at which it changed, from its creation on: open at even places, solved at odd ones.
    fn changes(&self) -> Vec<i64> {
        let turns = self.turns.iter().scan(self.created, |at, turn| {
            *at += turn;
            Some(*at)
        });
        std::iter::once(self.created).chain(turns).collect()
    }

    fn replied(&self) -> Option<i64> {
        self.reply.map(|reply| self.created + reply)
    }

    /// Its last solution, where it is not open again.
    fn solved(&self) -> Option<i64> {
        let changes = self.changes();
        changes.len().is_multiple_of(2).then(|| changes[changes.len() - 1])
    }

    /// How many of the changes before an instant were to this one: 0 created, 1 solved, 2 reopened.
    fn count(&self, kind: usize, from: i64, until: i64) -> i64 {
        let kind_of = |place: usize| if place == 0 { 0 } else { 2 - place % 2 };
        let changes = self.changes().into_iter().enumerate();
        counted(changes.filter(|(place, at)| kind_of(*place) == kind && (from..until).contains(at)))
    }

    fn is_open_at(&self, end: i64) -> bool {
        self.changes().iter().filter(|at| **at < end).count() % 2 == 1
    }
}

fn tickets() -> impl Strategy<Value = Vec<Ticket>> {
    let ticket = (
        -10 * DAY..100 * DAY,
        prop::option::weighted(0.7, 0..6 * DAY),
        // A minute at least: what happens at one instant has no order.
        prop::collection::vec(1..30 * DAY, 0..5),
        prop::sample::select(vec![Some("urgent"), Some("low"), Some("other"), None]),
        prop::sample::select(vec!["mail", "chat"]),
        0..8_u8,
    );
    let ticket = ticket.prop_map(|(created, reply, turns, priority, channel, customer)| Ticket {
        created,
        reply,
        turns,
        priority,
        channel,
        customer,
    });
    prop::collection::vec(ticket, 0..40)
}

fn table(tickets: &[Ticket]) -> String {
    let mut text = String::from("ticket_id,created_at,first_replied_at,solved_at,priority,channel,customer_id\n");
    for (number, ticket) in tickets.iter().enumerate() {
        let Ticket { priority, channel, customer, .. } = ticket;
        let [created, replied, solved] = [Some(ticket.created), ticket.replied(), ticket.solved()].map(cell);
        writeln!(text, "t{number},{created},{replied},{solved},{},{channel},c{customer}", priority.unwrap_or_default()).unwrap();
    }
    text
}

fn history(tickets: &[Ticket]) -> String {
    let mut text = String::from("ticket_id,time,status,channel\n");
    for (number, ticket) in tickets.iter().enumerate() {
        for (place, at) in ticket.changes().into_iter().enumerate() {
            // Other statuses in between change nothing.
            let (status, next) = [("open", "pending"), ("solved", "closed")][place % 2];
            writeln!(text, "t{number},{},{status},{}\nt{number},{},{next},{1}", clock(at), ticket.channel, clock(at)).unwrap();
        }
    }
    text
}

pub(super) fn counted<T>(things: impl Iterator<Item = T>) -> i64 {
    i64::try_from(things.count()).unwrap()
}

fn of_channel<'a>(tickets: &'a [Ticket], channel: Option<&'a str>) -> impl Iterator<Item = &'a Ticket> + Clone {
    tickets.iter().filter(move |ticket| channel.is_none_or(|channel| ticket.channel == channel))
}

fn median(mut values: Vec<i64>) -> Option<f64> {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some(f64::midpoint(values[middle - 1] as f64, values[middle] as f64)),
        _ => Some(values[middle] as f64),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Opening + created − solved + reopened = open, in every bucket and group, and each of them is what a plain count finds.
    #[test]
    fn the_backlog_is_what_came_less_what_went(tickets in tickets(), of_history in any::<bool>()) {
        let (rows, basis) = if of_history { (history(&tickets), "history") } else { (table(&tickets), "tickets") };
        // A table of tickets knows the last solution only.
        let known: Vec<Ticket> = tickets.iter().map(|ticket| {
            let turns = if of_history { ticket.turns.clone() } else { ticket.solved().map(|solved| solved - ticket.created).into_iter().collect() };
            Ticket { turns, ..ticket.clone() }
        }).collect();
        let config = report("t", "support.backlog", &format!("by = [[], [\"channel\"]]\nparams = {{ basis = \"{basis}\" }}"));
        let json = Case::new().file("t.csv", rows).json(&config).unwrap();
        let mut closed: BTreeMap<Option<String>, i64> = BTreeMap::new();
        for row in results(&json) {
            let (month, channel) = place(row, "channel");
            let (start, end) = (MONTHS[month], MONTHS[month + 1].min(AS_OF));
            let of = || of_channel(&known, channel.as_deref());
            let [opening, created, solved, reopened, open] = ["opening", "created", "solved", "reopened", "open"].map(|name| measure(row, name));
            prop_assert_eq!(opening + created - solved + reopened, open);
            prop_assert_eq!(opening, closed.get(&channel).copied().unwrap_or(opening), "opens as it closed");
            prop_assert_eq!(opening, counted(of().filter(|ticket| ticket.is_open_at(start))));
            prop_assert_eq!(open, counted(of().filter(|ticket| ticket.is_open_at(end))));
            for (kind, found) in [created, solved, reopened].into_iter().enumerate() {
                prop_assert_eq!(found, of().map(|ticket| ticket.count(kind, start, end)).sum::<i64>());
            }
            prop_assert_eq!(row["value"].as_i64(), Some(open));
            closed.insert(channel, open);
        }
    }

    #[test]
    fn the_ages_of_the_backlog_are_those_a_plain_count_finds(tickets in tickets(), hours in 0..500_i64) {
        let shown = |show: &str| {
            let params = format!("by = [[], [\"channel\"]]\nparams = {{ basis = \"history\", {show} }}");
            Case::new().file("t.csv", history(&tickets)).json(&report("t", "support.backlog", &params)).unwrap()
        };
        let (older, ages) = (shown(&format!("show = \"older_than\", older_than_hours = {hours}")), shown("show = \"age_median\""));
        for (older, age) in results(&older).iter().zip(results(&ages)) {
            let (month, channel) = place(older, "channel");
            let end = MONTHS[month + 1].min(AS_OF);
            let open = of_channel(&tickets, channel.as_deref()).filter(|ticket| ticket.is_open_at(end));
            let ages: Vec<i64> = open.map(|ticket| (end - ticket.created) * 60).collect();
            prop_assert_eq!(older["value"].as_u64(), Some(ages.iter().filter(|age| **age > hours * 3600).count() as u64));
            prop_assert_eq!(measure(older, "open"), counted(ages.iter()));
            prop_assert_eq!(age["n"].as_u64(), Some(ages.len() as u64));
            prop_assert_eq!(age["value"].as_f64(), median(ages));
        }
    }

    /// Met, missed, pending and without target are all tickets, and each is what the rule says of it.
    #[test]
    fn every_ticket_meets_or_misses_its_target_or_can_not_be_judged(tickets in tickets(), resolution in any::<bool>()) {
        let (promise, targets) = (if resolution { "resolution" } else { "first_response" }, [("urgent", 90), ("low", 4 * DAY)]);
        let params = format!(
            "by = [[], [\"priority\"]]\nparams = {{ for = \"{promise}\", target_minutes = {{ urgent = 90, low = {} }} }}", 4 * DAY
        );
        let json = Case::new().file("t.csv", table(&tickets)).json(&report("t", "support.sla_attainment", &params)).unwrap();
        for row in results(&json) {
            let month = place(row, "priority").0;
            let of_group = |ticket: &&Ticket| match row["dimensions"].get("priority") {
                None => true,
                Some(priority) => priority.as_str() == ticket.priority,
            };
            let mut expected = BTreeMap::from([("met", 0), ("missed", 0), ("pending", 0), ("without_target", 0)]);
            let of_month = tickets.iter().filter(|ticket| (MONTHS[month]..MONTHS[month + 1].min(AS_OF)).contains(&ticket.created));
            for ticket in of_month.clone().filter(of_group) {
                let target = targets.iter().find(|(name, _)| Some(*name) == ticket.priority).map(|(_, target)| *target);
                let done = if resolution { ticket.solved() } else { ticket.replied() }.filter(|done| *done < AS_OF);
                *expected.get_mut(match (target, done) {
                    (None, _) => "without_target",
                    (Some(target), Some(done)) if done - ticket.created <= target => "met",
                    (Some(target), None) if AS_OF - ticket.created <= target => "pending",
                    (Some(_), _) => "missed",
                }).unwrap() += 1;
            }
            let found: BTreeMap<&str, i64> = expected.keys().map(|name| (*name, measure(row, name))).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(found.values().sum::<i64>(), counted(of_month.filter(of_group)));
            let judged = found["met"] + found["missed"];
            let value = (judged > 0).then(|| 100.0 * found["met"] as f64 / judged as f64);
            prop_assert!(row["value"].as_f64().zip(value).map_or(row["value"].is_null() && value.is_none(), |(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn tickets_are_solved_in_time_or_too_young_to_tell(tickets in tickets(), hours in prop::option::of(1..400_i64)) {
        let params = hours.map_or_else(String::new, |hours| format!("params = {{ within_hours = {hours} }}"));
        let json = Case::new().file("t.csv", table(&tickets)).json(&report("t", "support.resolution_rate", &params)).unwrap();
        for row in results(&json) {
            let month = place(row, "").0;
            let of_month = tickets.iter().filter(|ticket| (MONTHS[month]..MONTHS[month + 1].min(AS_OF)).contains(&ticket.created));
            let is_young = |ticket: &&Ticket| match hours {
                Some(hours) => AS_OF - ticket.created <= 60 * hours,
                None => ticket.created >= AS_OF,
            };
            let (young, old): (Vec<&Ticket>, Vec<&Ticket>) = of_month.partition(is_young);
            let in_time = |ticket: &Ticket, solved| solved < AS_OF && hours.is_none_or(|hours| solved - ticket.created <= 60 * hours);
            let solved = old.iter().filter(|ticket| ticket.solved().is_some_and(|solved| in_time(ticket, solved)));
            let expected = [counted(solved), counted(old.iter()), counted(young.iter())];
            prop_assert_eq!(["solved", "tickets", "pending"].map(|name| measure(row, name)), expected);
        }
    }

    #[test]
    fn customers_who_ask_again_are_those_a_plain_count_finds(tickets in tickets(), days in 1..40_i64) {
        let params = format!("by = [[], [\"channel\"]]\nparams = {{ within_days = {days} }}");
        let json = Case::new().file("t.csv", table(&tickets)).json(&report("t", "support.repeat_contact_rate", &params)).unwrap();
        for row in results(&json) {
            let (month, channel) = place(row, "channel");
            let mut expected = [0; 3];
            for customer in 0..8 {
                let theirs: Vec<(usize, i64)> = of_channel(&tickets, channel.as_deref())
                    .enumerate()
                    .filter(|(_, ticket)| ticket.customer == customer)
                    .map(|(number, ticket)| (number, ticket.created))
                    .collect();
                let contacts: Vec<_> = theirs.iter().filter(|(_, at)| (MONTHS[month]..MONTHS[month + 1].min(AS_OF)).contains(at)).collect();
                if contacts.is_empty() {
                    continue;
                }
                let known: Vec<_> = contacts.into_iter().filter(|(_, at)| at + days * DAY < AS_OF).collect();
                let follows = |(number, at): &(usize, i64)| {
                    theirs.iter().any(|(other, then)| other != number && (*at..=at + days * DAY).contains(then))
                };
                expected[0] += i64::from(known.iter().any(|contact| follows(contact)));
                expected[1] += i64::from(!known.is_empty());
                expected[2] += i64::from(known.is_empty());
            }
            prop_assert_eq!(["repeat_customers", "customers", "too_recent"].map(|name| measure(row, name)), expected);
        }
    }

    /// No time passes in opening hours that does not pass; hours that never close are all of it.
    #[test]
    fn business_time_is_part_of_calendar_time(tickets in tickets()) {
        let of = |clock: &str| {
            let params = format!("by = [[\"ticket_id\"]]\nparams = {{ clock = \"{clock}\" }}");
            Case::new().file("t.csv", table(&tickets)).json(&report("t", "support.resolution_time", &params)).unwrap()
        };
        let (calendar, office, always) = (of("calendar"), of("office"), of("always"));
        for ((calendar, office), always) in results(&calendar).iter().zip(results(&office)).zip(results(&always)) {
            prop_assert_eq!(&calendar["value"], &always["value"]);
            prop_assert_eq!(&calendar["measures"]["open"], &office["measures"]["open"]);
            if let (Some(calendar), Some(office)) = (calendar["value"].as_f64(), office["value"].as_f64()) {
                prop_assert!((0.0..=calendar).contains(&office), "{} of {}", office, calendar);
            }
        }
    }

    #[test]
    fn both_tables_tell_the_same_of_tickets_that_are_solved_once(tickets in tickets()) {
        let tickets: Vec<Ticket> = tickets.into_iter().map(|ticket| Ticket { turns: ticket.turns.into_iter().take(1).collect(), ..ticket }).collect();
        for statistic in ["mean", "p90"] {
            let of = |rows: String, basis: &str| {
                let params = format!("by = [[], [\"channel\"]]\nparams = {{ basis = \"{basis}\", statistic = \"{statistic}\", clock = \"office\" }}");
                Case::new().file("t.csv", rows).json(&report("t", "support.resolution_time", &params)).unwrap()
            };
            let (of_tickets, of_history) = (of(table(&tickets), "tickets"), of(history(&tickets), "history"));
            for (one, other) in results(&of_tickets).iter().zip(results(&of_history)) {
                prop_assert_eq!((&one["value"], &one["low"], &one["n"]), (&other["value"], &other["low"], &other["n"]));
                prop_assert_eq!(&one["measures"]["open"], &other["measures"]["open"]);
            }
        }
    }

    #[test]
    fn replies_answer_the_first_of_the_messages_before_them(messages in prop::collection::btree_map((0..5_u8, 0..90 * DAY), (0..3_u8, any::<bool>()), 0..80)) {
        let mut rows = String::from("ticket_id,time,author,is_public\n");
        let mut conversations: BTreeMap<u8, Vec<(i64, &str, bool)>> = BTreeMap::new();
        for ((ticket, at), (author, public)) in &messages {
            let author = ["customer", "agent", "bot"][usize::from(*author)];
            writeln!(rows, "t{ticket},{},{author},{public}", clock(*at)).unwrap();
            conversations.entry(*ticket).or_default().push((*at, author, *public));
        }
        // For each message of a customer that no other one of theirs has begun to wait with: the first public reply of an agent after it.
        let (mut waits, mut firsts, mut unanswered) = (Vec::new(), Vec::new(), 0);
        for conversation in conversations.values() {
            let mut after = -1;
            let mut is_first = true;
            while let Some((asked, ..)) = conversation.iter().find(|(at, author, _)| *at > after && *author == "customer") {
                let reply = conversation.iter().find(|(at, author, public)| at > asked && *author == "agent" && *public);
                unanswered += i64::from(reply.is_none());
                let wait = reply.map(|(replied, ..)| (replied - asked) * 60);
                waits.extend(wait);
                firsts.extend(wait.filter(|_| is_first));
                is_first = false;
                after = reply.map_or(i64::MAX, |(replied, ..)| *replied);
            }
        }
        for (metric, params, waits) in [("response_time", "", waits), ("first_response_time", "basis = \"messages\", ", firsts)] {
            let config = format!("[tables.m]\npath = \"m.csv\"\n[[metrics]]\nmetric = \"support.{metric}\"\ntable = \"m\"\n\
                params = {{ {params}statistic = \"median\" }}\n");
            let json = Case::new().file("m.csv", &rows).json(&config).unwrap();
            let row = &results(&json)[0];
            prop_assert_eq!(row["n"].as_u64(), Some(waits.len() as u64));
            prop_assert_eq!(row["value"].as_f64(), median(waits));
            if metric == "response_time" {
                prop_assert_eq!(measure(row, "unanswered"), unanswered);
            }
        }
    }
}

pub(super) fn only(case: &Case, metric: &str, params: &str) -> Json {
    let config = format!("[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"t\"\nparams = {{ {params} }}\n");
    case.json(&config).unwrap()
}

#[test]
fn an_approximate_quantile_is_near_the_exact_one_and_says_so() {
    let mut rows = String::from("created_at,first_replied_at\n");
    for number in 0..2000_i64 {
        // Waits from a minute to some weeks, most of them short.
        writeln!(rows, "{},{}", clock(0), clock(1 + (number * number * number) / 250_000)).unwrap();
    }
    let case = Case::new().file("t.csv", rows);
    for statistic in ["median", "p90", "p95"] {
        let [exact, near] = ["false", "true"].map(|approximate| {
            only(&case, "support.first_response_time", &format!("statistic = \"{statistic}\", approximate = {approximate}"))
        });
        let [of_exact, of_near] = [&exact, &near].map(|json| json["results"][0]["value"].as_f64().unwrap());
        assert!(of_near != of_exact && (of_near / of_exact - 1.0).abs() < 0.005, "{of_near} is not {of_exact}");
        assert_eq!(near["results"][0]["n"], json!(2000));
        assert_eq!(near["results"][0]["note"], "approximate: off by at most 0.4 %");
        assert_eq!(exact["results"][0]["note"], Json::Null);
    }
}

#[test]
fn more_short_waits_are_good_news() {
    let case = Case::new()
        .file("t.csv", "created_at,first_replied_at\n2025-01-06 09:00:00,2025-01-06 09:01:00\n2025-01-06 09:00:00,2025-01-06 10:00:00\n");
    let row = &only(&case, "support.first_response_time", "statistic = \"share_within\", within_seconds = 60")["results"][0];
    assert_eq!((&row["value"], &row["unit"], &row["direction"]), (&json!(50), &json!("percent"), &json!("higher_is_better")));
    let row = &only(&case, "support.first_response_time", "")["results"][0];
    assert_eq!((&row["value"], &row["unit"], &row["direction"]), (&json!(1830), &json!("seconds"), &json!("lower_is_better")));
}

#[test]
fn the_formula_of_a_service_level_is_in_its_note() {
    let rows = "is_answered,wait_seconds,is_short_abandon\nyes,20,\nyes,21,\nno,30,no\nno,2,yes\n";
    let level = |formula: &str| {
        let json = only(&Case::new().file("t.csv", rows), "support.service_level", &format!("formula = \"{formula}\""));
        let row = &json["results"][0];
        (row["n"].as_i64().unwrap(), row["note"].as_str().unwrap().to_owned())
    };
    assert_eq!(level("offered"), (4, "within 20 seconds, offered: of all calls".to_owned()));
    assert_eq!(level("handled"), (2, "within 20 seconds, handled: of answered calls".to_owned()));
    let less_short = "within 20 seconds, offered_less_short: of all calls but short abandons";
    assert_eq!(level("offered_less_short"), (3, less_short.to_owned()));
    let late = "within 20 seconds, answered_plus_late_abandons: of answered calls and those abandoned after the target";
    assert_eq!(level("answered_plus_late_abandons"), (3, late.to_owned()));
}

#[test]
fn bad_calls_are_rejected_by_reason() {
    let rows = "is_answered,wait_seconds,is_short_abandon\nyes,-1,\nyes,,\nno,,no\nyes,3,yes\nno,3,\nyes,5,no\n";
    let json = only(&Case::new().file("t.csv", rows), "support.service_level", "formula = \"offered_less_short\"");
    let expected = [
        ("`is_short_abandon` of an abandoned call is missing", 1),
        ("`wait_seconds` is not 0 or more", 1),
        ("`wait_seconds` of an answered call is missing", 1),
        ("an answered call is a short abandon", 1),
    ];
    assert_eq!(rejections(&json), expected);
    assert_eq!(json["results"][0]["n"], json!(2));
    let json = only(&Case::new().file("t.csv", rows), "support.service_level", "formula = \"answered_plus_late_abandons\"");
    assert!(rejections(&json).contains(&("`wait_seconds` of an abandoned call is missing", 1)), "{:?}", rejections(&json));
    let times = "queued_at,answered_at\n2025-01-06 09:00:00,2025-01-06 08:59:59\n2025-01-06 09:00:00,\n";
    let json = only(&Case::new().file("t.csv", times), "support.wait_time", "basis = \"answered_at\"");
    assert_eq!(rejections(&json), [("`answered_at` is before `queued_at`", 1)]);
    assert_eq!((&json["results"][0]["value"], measure(&json["results"][0], "abandoned")), (&Json::Null, 1));
}

#[test]
fn bad_tickets_and_messages_are_rejected_by_reason() {
    let tickets = "ticket_id,created_at,first_replied_at,solved_at,kind,escalated_at,agent_replies,reopens\n\
        a,2025-01-06,2025-01-05,2025-01-05,complaint,2025-01-05,1,0\n\
        b,2025-01-06,2025-01-07,2025-01-08,complaint,2025-01-09,-1,\n";
    let of = |metric: &str, params: &str| only(&Case::new().file("t.csv", tickets), metric, params);
    let rejected =
        |metric: &str, params: &str, reasons_and_rows: &[(&str, u64)]| assert_eq!(rejections(&of(metric, params)), reasons_and_rows);
    rejected("support.resolution_time", "", &[("`solved_at` is before `created_at`", 1)]);
    rejected("support.backlog", "", &[("`solved_at` is before `created_at`", 1)]);
    rejected("support.resolution_rate", "", &[("`solved_at` is before `created_at`", 1)]);
    let for_replies = "for = \"first_response\", column = \"kind\", target_minutes = { complaint = 1 }";
    rejected("support.sla_attainment", for_replies, &[("`first_replied_at` is before `created_at`", 1)]);
    let escalated = [("`solved_at` is before `created_at`", 1), ("`solved_at` is before `escalated_at`", 1)];
    rejected("support.complaint_resolution_time", "from = \"escalation\"", &escalated);
    let replies = [("`agent_replies` is not a whole number from 0 to 1000000", 1), ("`solved_at` is before `created_at`", 1)];
    rejected("support.first_contact_resolution", "", &replies);
    rejected("support.reopen_rate", "", &[("`reopens` is missing", 1), ("`solved_at` is before `created_at`", 1)]);

    let messages = "ticket_id,time,author,is_public\na,2025-01-06,customer,yes\na,2025-01-07,robot,yes\na,2025-01-08,agent,\n";
    let json = only(&Case::new().file("t.csv", messages), "support.response_time", "");
    assert_eq!(rejections(&json), [("`author` is not `customer` or `agent` or `bot`", 1), ("`is_public` is missing", 1)]);
    assert_eq!(measure(&json["results"][0], "unanswered"), 1);

    // A date that stands for none, and that no opening hours are known for.
    let case = Case::new().file("t.csv", "created_at,solved_at\n2025-01-06,9999-12-31\n2025-01-06,2025-01-07\n");
    let config = "[calendars.office]\nhours = { mon-fri = [\"08:00-16:00\"] }\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\n\
        metric = \"support.resolution_time\"\ntable = \"t\"\nparams = { clock = \"office\" }\n";
    let json = case.json(config).unwrap();
    assert_eq!(rejections(&json), [("`solved_at` is before 1900 or after 2199, where opening hours are not known", 1)]);
    assert_eq!((&json["results"][0]["value"], &json["results"][0]["n"]), (&json!(8 * 3600), &json!(1)));
}

#[test]
fn parameters_that_do_not_fit_together_are_errors() {
    let case = Case::new().file("t.csv", "ticket_id,created_at,solved_at\na,2025-01-06,2025-01-07\n");
    let refused = |metric: &str, params: &str, message: &str| {
        let config =
            format!("[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"support.{metric}\"\ntable = \"t\"\nparams = {{ {params} }}\n");
        let problems = case.load(&config).err().unwrap();
        assert!(problems.contains(message), "{problems}");
    };
    refused("backlog", "older_than_hours = 48", "nothing is told of old tickets");
    refused("backlog", "show = \"older_than\"", "from which age on is a ticket old?");
    refused("backlog", "solved_statuses = [\"done\"]", "a table of tickets says itself when they were solved");
    refused("resolution_time", "basis = \"history\", solved_statuses = []", "no status means solved");
    refused("resolution_time", "within_seconds = 60", "only a share has a longest duration");
    refused("resolution_rate", "within_hours = 0", "0 is not a time to solve anything in");
    refused("sla_attainment", "for = \"resolution\", target_minutes = {}", "no ticket has a target");
    refused("sla_attainment", "for = \"resolution\", target_minutes = { urgent = 0 }", "0 minutes is not a target for `urgent`");
    refused("sla_attainment", "target_minutes = { urgent = 60 }", "`for` is missing");
    refused("first_response_time", "visibility = \"all_public\"", "tickets are not messages");
    refused("first_response_time", "denominator = \"resolved\", statistic = \"p90\"", "only a mean has a denominator");
    refused(
        "service_level",
        "basis = \"answered_at\", formula = \"answered_plus_late_abandons\"",
        "does not say when a call was abandoned",
    );
    refused("repeat_contact_rate", "within_days = 0", "within_days");
}

/// A help desk's comments, status changes and users, as its connector writes them: times in UTC, authors by their number.
const COMMENTS: &str = include_str!("help_desk/ticket_comment.csv");

const FIELD_HISTORY: &str = include_str!("help_desk/ticket_field_history.csv");

const USERS: &str = include_str!("help_desk/user.csv");

/// The report on them, by mapping and a lookup alone.
const HELP_DESK: &str = include_str!("help_desk/report.toml");

/// The seconds of each ticket, by request.
fn by_ticket(json: &Json) -> BTreeMap<(&str, i64), Option<f64>> {
    let of_ticket = |row| Some(((json_str(row, "request"), row["dimensions"]["ticket_id"].as_i64()?), row["value"].as_f64()));
    results(json).iter().filter_map(of_ticket).collect()
}

fn json_str<'a>(row: &'a Json, key: &str) -> &'a str {
    row[key].as_str().unwrap()
}

#[test]
fn a_help_desks_own_files_give_the_times_that_are_worked_out_by_hand() {
    let case = Case::new().file("ticket_comment.csv", COMMENTS).file("ticket_field_history.csv", FIELD_HISTORY).file("user.csv", USERS);
    let json = case.json(HELP_DESK).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    let found = by_ticket(&json);
    let hours = |hours: f64| Some(hours * 3600.0);
    let of = |request: &str| -> Vec<Option<f64>> { (101..=105).map(|ticket| found[&(request, ticket)]).collect() };

    // In Pacific time, 7 hours behind UTC until 1 November 2020 and 8 from then on; open on weekdays from 08:00 to 20:00.
    //
    // 101: Mon 14 Sep 09:00 → reply 09:30. Half an hour.
    // 102: Fri 18 Sep 19:00 → reply Mon 21 Sep 08:30. 61.5 hours; open Fri 19–20 and Mon 08:00–08:30: 1.5.
    // 103: Fri 30 Oct 18:00 → reply Mon 2 Nov 09:00, an hour longer since clocks went back on Sunday: 64 hours; Fri 18–20 and Mon 08–09: 3.
    // 104: Wed 25 Nov 15:00 → a bot, an internal note, another question, then the reply on Fri 27 Nov 09:15: 42.25 hours;
    //      Wed 15–20, Thursday is a holiday, Fri 08:00–09:15: 6.25.
    // 105: Sun 6 Dec 12:00 → no reply.
    assert_eq!(of("first_reply"), [hours(0.5), hours(61.5), hours(64.0), hours(42.25), None]);
    assert_eq!(of("first_reply_in_business_hours"), [hours(0.5), hours(1.5), hours(3.0), hours(6.25), None]);

    // 101: solved Tue 15 Sep 10:00; to be closed later is nothing new. 25 hours; Mon 09–20 and Tue 08–10: 13.
    // 102: solved Mon 21 Sep 09:00, reopened Tue 08:00, solved again Tue 22 Sep 11:00. 88 hours; Fri 1, Mon 12, Tue 3: 16.
    // 103: solved Mon 2 Nov 12:00. 67 hours; Fri 2 and Mon 4: 6.
    // 104: solved Sat 28 Nov 12:00. 69 hours; Wed 5, Fri 12, none on Saturday: 17.
    // 105: open.
    assert_eq!(of("solved"), [hours(25.0), hours(88.0), hours(67.0), hours(69.0), None]);
    assert_eq!(of("solved_in_business_hours"), [hours(13.0), hours(16.0), hours(6.0), hours(17.0), None]);

    // The first time, 102 was solved after 62 hours; Fri 1 and Mon 08–09: 2. The others as before.
    assert_eq!(of("first_solved"), [hours(25.0), hours(62.0), hours(67.0), hours(69.0), None]);
    assert_eq!(of("first_solved_in_business_hours"), [hours(13.0), hours(2.0), hours(6.0), hours(17.0), None]);

    // Whose turn it was. 101: new until 09:30, then pending until Tue 10:00; Mon 09:30–20 and Tue 08–10: 12.5.
    // 102: as long as it was not solved, 62 hours and 3 after it was reopened on Tuesday at 08:00; Fri 1, Mon 1, Tue 3. The others were never pending.
    assert_eq!(of("requester_wait"), [hours(0.5), hours(65.0), hours(67.0), hours(69.0), None]);
    assert_eq!(of("requester_wait_in_business_hours"), [hours(0.5), hours(5.0), hours(6.0), hours(17.0), None]);
    assert_eq!(of("agent_wait"), [hours(24.5), hours(0.0), hours(0.0), hours(0.0), None]);
    assert_eq!(of("agent_wait_in_business_hours"), [hours(12.5), hours(0.0), hours(0.0), hours(0.0), None]);
    assert_eq!(of("on_hold"), [hours(0.0), hours(0.0), hours(0.0), hours(0.0), None]);
    // One reply each.
    assert_eq!(of("requester_wait_in_messages"), of("first_reply"));
    // 102 was two cases, of 62 and of 3 hours.
    assert_eq!(of("solved_since_reopened"), [hours(25.0), hours(32.5), hours(67.0), hours(69.0), None]);

    let total = |request: &str| results(&json).iter().find(|row| json_str(row, "request") == request).unwrap();
    assert_eq!((measure(total("first_reply"), "unanswered"), measure(total("solved"), "open")), (1, 1));
    assert_eq!(total("solved_in_business_hours")["value"].as_f64(), Some(3600.0 * (13.0 + 16.0 + 6.0 + 17.0) / 4.0));
}
