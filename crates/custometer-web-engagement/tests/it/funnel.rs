//! Funnels, against a plain search through all sequences of events; and conditions in parameters.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_core::prelude::*;
use custometer_testkit::Case;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// Midnight before clocks change in Copenhagen.
const FROM: &str = "2025-03-29T23:00:00Z";
const UNTIL: &str = "2025-03-30T22:00:00Z";
const WINDOW_MINUTES: i64 = 40;

#[derive(Debug, Clone)]
struct Event {
    user: u8,
    /// Minutes since the period began.
    minute: i64,
    name: &'static str,
    value: u8,
    mobile: bool,
}

impl Event {
    fn at(&self) -> Timestamp {
        FROM.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(self.minute)
    }

    fn session(&self) -> String {
        format!("s{}{}", self.user, self.minute.div_euclid(100))
    }
}

/// Events of a few users, many at one instant: around the beginning of the period, and around its end.
fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let name = prop::sample::select(vec!["a", "a", "b", "c", "d"]);
    let minute = prop_oneof![-10..30_i64, 125..145_i64];
    let event = (0..4_u8, minute, name, 0..4_u8, any::<bool>());
    // A file without rows does not say that values are numbers.
    let event = event.prop_map(|(user, minute, name, value, mobile)| Event { user, minute: minute * 10, name, value, mobile });
    prop::collection::vec(event, 1..most)
}

fn device(mobile: bool) -> &'static str {
    if mobile { "mobile" } else { "desktop" }
}

fn rows_of<'e>(events: impl IntoIterator<Item = &'e Event>) -> String {
    let mut rows = String::from("user_id,who,session_id,time,event,value,device\n");
    for event in events {
        let Event { user, name, value, mobile, .. } = event;
        writeln!(rows, "u{user},w{user},{},{},{name},{value},{}", event.session(), event.at(), device(*mobile)).unwrap();
    }
    rows
}

/// Who takes the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    User,
    /// A visit of the data's own.
    Session,
    /// A visit that ends after half an hour without an event.
    Inactivity,
}

/// A funnel: its steps as a config has them, and which events fit each.
struct Funnel {
    name: &'static str,
    steps: &'static str,
    who: Who,
    window_minutes: Option<i64>,
    fits: [fn(&Event) -> bool; 3],
}

const FUNNELS: [Funnel; 4] = [
    Funnel {
        name: "of users",
        steps: "{ name = \"1\", event = \"a\" }, { name = \"2\", where = \"event = 'b' OR value = 3\" }, \
            { name = \"3\", event = \"c\", where = \"value > 0\" }",
        who: Who::User,
        window_minutes: Some(WINDOW_MINUTES),
        fits: [|event| event.name == "a", |event| event.name == "b" || event.value == 3, |event| event.name == "c" && event.value > 0],
    },
    Funnel {
        name: "of the same event",
        steps: "{ name = \"1\", where = \"event <> 'd'\" }, { name = \"2\", event = \"a\" }, { name = \"3\", where = \"value < 3\" }",
        who: Who::User,
        window_minutes: Some(WINDOW_MINUTES),
        fits: [|event| event.name != "d", |event| event.name == "a", |event| event.value < 3],
    },
    Funnel {
        name: "of visits",
        steps: "{ name = \"1\", event = \"a\" }, { name = \"2\", event = \"b\" }, { name = \"3\", event = \"never\" }",
        who: Who::Session,
        window_minutes: None,
        fits: [|event| event.name == "a", |event| event.name == "b", |_| false],
    },
    Funnel {
        name: "of visits made of events",
        steps: "{ name = \"1\", event = \"a\" }, { name = \"2\", event = \"b\" }, { name = \"3\", event = \"c\" }",
        who: Who::Inactivity,
        window_minutes: Some(WINDOW_MINUTES),
        fits: [|event| event.name == "a", |event| event.name == "b", |event| event.name == "c"],
    },
];

const STATISTICS: [&str; 4] = ["overall_conversion", "step_conversion", "reached", "median_time"];

fn config(statistics: &[&str], by: &str) -> String {
    let mut config =
        "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-03-30\nuntil = 2025-03-31\nas_of = 2025-03-31\ngrain = \"hour\"\n\
        [tables.t]\npath = \"t*.csv\"\n"
            .to_owned();
    for funnel in FUNNELS {
        let window = funnel.window_minutes.map_or_else(String::new, |minutes| format!("window_minutes = {minutes}, "));
        let per = match funnel.who {
            Who::User => "per = \"user\"",
            Who::Session => "per = \"session\", sessions = { from = \"session_id\" }",
            Who::Inactivity => "per = \"session\"",
        };
        for statistic in statistics {
            writeln!(
                config,
                "[[metrics]]\nname = \"{}, {statistic}\"\nmetric = \"web.funnel\"\ntable = \"t\"\nby = {by}\n\
                 params = {{ statistic = \"{statistic}\", {per}, {window}steps = [{}] }}",
                funnel.name, funnel.steps
            )
            .unwrap();
        }
    }
    config
}

fn results(files: &[String], config: &str) -> Vec<Json> {
    custometer_testkit::results(&Case::new().parts(files).json(config).unwrap()).clone()
}

/// What a funnel comes to in one bucket of a group.
#[derive(Debug, Default)]
struct Expected {
    reached: [usize; 3],
    with_event: [usize; 3],
    too_recent: usize,
    /// The seconds to each step from the one before.
    seconds: [Vec<f64>; 3],
}

/// The time of an event, and the steps that it fits.
type Fitting = (Timestamp, Vec<usize>);

/// The furthest that events get from a step on, by trying all of them: how many steps are taken.
fn furthest(events: &[Fitting], step: usize, deadline: Timestamp) -> usize {
    let taken = events.iter().enumerate().filter(|(_, (at, fits))| *at <= deadline && fits.contains(&step));
    taken.map(|(position, _)| 1 + furthest(&events[position + 1..], step + 1, deadline)).max().unwrap_or(0)
}

impl Expected {
    fn of(funnel: &Funnel, row: &Json, events: &[Event]) -> Self {
        let edge = |name: &str| row[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        let (start, end, known_until) = (edge("start"), edge("end"), UNTIL.parse::<Timestamp>().unwrap());
        let is_of = |name: &str, value: &str| row["dimensions"][name].as_str().is_none_or(|of| of == value);
        let mut of_users: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.at() < known_until && is_of("who", &format!("w{}", event.user))) {
            let user = if funnel.who == Who::Session { event.session() } else { event.user.to_string() };
            of_users.entry(user).or_default().push(event);
        }
        let mut entities: Vec<Vec<Fitting>> = Vec::new();
        for mut events in of_users.into_values() {
            events.sort_by_key(|event| event.at());
            let together = |one: &&Event, next: &&Event| {
                funnel.who != Who::Inactivity || next.at().duration_since(one.at()) <= SignedDuration::from_mins(30)
            };
            for events in events.chunk_by(together) {
                // A visit is of the group of its first event; a user is of every group, with the events there.
                let first = events.iter().filter(|event| event.at() == events[0].at()).map(|event| device(event.mobile)).min().unwrap();
                let is_here = |event: &&&Event| is_of("device", if funnel.who == Who::User { device(event.mobile) } else { first });
                let fits = |event: &&Event| (event.at(), (0..3).filter(|step| funnel.fits[*step](event)).collect::<Vec<usize>>());
                entities.push(events.iter().filter(is_here).map(fits).filter(|(_, fits)| !fits.is_empty()).collect());
            }
        }
        let mut expected = Self::default();
        for events in &mut entities {
            events.sort_by_key(|(at, fits)| (*at, fits[0], fits.iter().map(|step| 1 << step).sum::<u32>()));
            expected.add(funnel, events, |at| start <= at && at < end, known_until);
        }
        expected
    }

    /// Adds a user, or a visit.
    fn add(&mut self, funnel: &Funnel, events: &[Fitting], is_here: impl Fn(Timestamp) -> bool, known_until: Timestamp) {
        for (step, count) in self.with_event.iter_mut().enumerate() {
            *count += usize::from(events.iter().any(|(at, fits)| is_here(*at) && fits.contains(&step)));
        }
        let begun: Vec<usize> = (0..events.len()).filter(|at| is_here(events[*at].0) && events[*at].1.contains(&0)).collect();
        let deadline = |begun: usize| funnel.window_minutes.map(|minutes| events[begun].0 + SignedDuration::from_mins(minutes));
        let known: Vec<usize> = begun.iter().copied().filter(|begun| deadline(*begun).is_none_or(|at| at < known_until)).collect();
        self.too_recent += usize::from(known.is_empty() && !begun.is_empty());
        let reach = |begun: usize| 1 + furthest(&events[begun + 1..], 1, deadline(begun).unwrap_or(Timestamp::MAX));
        let Some(best) = known.iter().map(|begun| reach(*begun)).max() else { return };
        let mut at = known.into_iter().find(|begun| reach(*begun) == best).unwrap();
        self.reached[0] += 1;
        for step in 1..best {
            let next = (at + 1..events.len()).find(|next| events[*next].1.contains(&step)).unwrap();
            self.reached[step] += 1;
            self.seconds[step].push(events[next].0.duration_since(events[at].0).as_secs_f64());
            at = next;
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]

    #[test]
    fn every_step_is_what_trying_all_sequences_gives(events in events(50)) {
        for row in &results(&[rows_of(&events)], &config(&STATISTICS, "[[], [\"device\"]]")) {
            let request = row["request"].as_str().unwrap();
            let funnel = FUNNELS.iter().find(|funnel| request.starts_with(&format!("{}, ", funnel.name))).unwrap();
            let expected = Expected::of(funnel, row, &events);
            let step = row["dimensions"]["step"].as_str().unwrap().parse::<usize>().unwrap() - 1;
            let before = step.checked_sub(1).map(|before| expected.reached[before]);
            let (reached, started) = (expected.reached[step], expected.reached[0]);
            let evidence = json!({
                "reached": reached, "reached_before": before, "started": started, "with_event": expected.with_event[step],
                "too_recent": expected.too_recent,
            });
            prop_assert_eq!(&row["measures"], &evidence, "{}", row);
            let share = |part: usize, whole: usize| (whole > 0).then(|| 100.0 * part as f64 / whole as f64);
            let value = match request.rsplit(", ").next().unwrap() {
                "overall_conversion" => share(reached, started),
                "step_conversion" => before.and_then(|before| share(reached, before)),
                "reached" => Some(reached as f64),
                _ => median(expected.seconds[step].clone()),
            };
            match (row["value"].as_f64(), value) {
                (None, None) => {}
                (Some(found), Some(value)) => prop_assert!((found - value).abs() < 1e-9, "{} is not {}: {}", found, value, row),
                _ => prop_assert!(false, "not {:?}: {}", value, row),
            }
            let note = row["note"].as_str().unwrap();
            let is_unseen = (0..3).any(|step| expected.with_event[step] == 0 && expected.reached[step] == 0);
            prop_assert_eq!(note.contains("no event fits"), is_unseen, "{}", row);
            prop_assert_eq!(note.contains("left out"), expected.too_recent > 0, "{}", row);
        }
    }

    #[test]
    fn the_order_of_rows_and_files_does_not_matter(events in events(50), at in any::<prop::sample::Index>()) {
        let at = at.index(events.len() + 1);
        let files = [rows_of(events[..at].iter().rev()), rows_of(events[at..].iter().rev())];
        let config = config(&["median_time"], "[[], [\"device\"]]");
        prop_assert_eq!(results(&[rows_of(&events)], &config), results(&files, &config));
    }

    #[test]
    fn what_others_do_changes_nobodys_result(events in events(40), others in events(40)) {
        let strangers = others.iter().map(|event| Event { user: event.user + 100, ..event.clone() });
        let both: Vec<Event> = events.iter().cloned().chain(strangers).collect();
        let of_each = |rows: Vec<Json>| -> Vec<Json> {
            let is_own = |row: &Json| row["dimensions"]["who"].as_str().is_some_and(|who| who.len() == 2);
            // Which words there are is said of all rows.
            rows.into_iter().filter(is_own).map(|mut row| { row["note"].take(); row }).collect()
        };
        let config = config(&["median_time"], "[[\"who\"]]");
        prop_assert_eq!(of_each(results(&[rows_of(&events)], &config)), of_each(results(&[rows_of(&both)], &config)));
    }
}

// A condition as a parameter of somebody else's metric.

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShareParams {
    /// Which rows are counted.
    that: SqlCondition,
    /// Of which rows.
    of: Option<SqlCondition>,
}

struct Share;

impl Metric for Share {
    type Params = ShareParams;
    const ABOUT: &'static About = &About {
        id: "test.share",
        title: "A share",
        summary: "Counts rows that meet a condition.",
        formula: "as the test says",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::Neutral,
        edge_cases: &[],
        examples: &[],
        references: &[],
    };
    fn define(params: &ShareParams) -> Result<Definition, ParamError> {
        let source = params.of.iter().chain([&params.that]).fold(Source::table("rows"), |source, of| source.column(of.column()));
        let whole = params.of.as_ref().map_or_else(|| lit(true), SqlCondition::holds);
        Ok(Definition::over(source)
            .measure(count("part").filter(params.that.holds().and(whole.clone())))
            .measure(count("whole").filter(whole))
            .value(Value::proportion("part", "whole")))
    }
}
register_metric!(Share);

#[test]
fn any_metric_may_ask_for_conditions() {
    let config = |params: &str| {
        format!("[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"test.share\"\ntable = \"t\"\nparams = {{ {params} }}\n")
    };
    let json = |params: &str| Case::new().file("t.csv", ROWS).json(&config(params)).unwrap()["results"][0]["measures"].clone();
    // Of a row without a value it can't be told.
    assert_eq!(json("that = \"value > 10\""), json!({ "part": 1, "whole": 3 }));
    assert_eq!(json("that = \"value < 10\""), json!({ "part": 0, "whole": 3 }));
    assert_eq!(json("that = \"user_id = 'a'\", of = \"event = 'view'\""), json!({ "part": 1, "whole": 2 }));
    let wrong = Case::new().file("t.csv", ROWS).load(&config("that = \"valu > 10\", of = \"evnt = 'view'\"")).err().unwrap();
    assert!(wrong.contains("did you mean `value`?") && wrong.contains("did you mean `event`?") && wrong.contains("2 problems"), "{wrong}");
}

const ROWS: &str = "user_id,time,event,value,page\n\
    a,2025-01-01 10:00:00,view,,/a\na,2025-01-01 11:00:00,buy,12.5,/b\nb,2025-01-01 10:00:00,view,,/a\n";

fn report(table: &str, requests: &[&str]) -> String {
    let mut report = format!("[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\n[tables.t]\npath = \"t.csv\"\n{table}\n");
    for (number, params) in requests.iter().enumerate() {
        writeln!(report, "[[metrics]]\nname = \"{number}\"\nmetric = \"web.funnel\"\ntable = \"t\"\n[metrics.params]\n{params}").unwrap();
    }
    report
}

fn problems(table: &str, requests: &[&str]) -> String {
    Case::new().file("t.csv", ROWS).load(&report(table, requests)).err().unwrap()
}

#[test]
fn every_mistake_in_a_condition_is_shown_where_it_is() {
    let step = |sql: &str| format!("window_hours = 2\nsteps = [{{ event = \"view\" }}, {{ name = \"pay\", where = \"{sql}\" }}]");
    let wrong = ["valu > 10 AND event = 'buy'", "value >", "value + 1", "SUM(value) > 10", "value > 'x'"].map(step);
    insta::assert_snapshot!(problems("", &wrong.each_ref().map(String::as_str)));
}

#[test]
fn every_mistake_in_the_steps_is_shown_where_it_is() {
    insta::assert_snapshot!(problems(
        "",
        &[
            "window_hours = 2\nsteps = []",
            "window_hours = 2\nsteps = [{ event = \"view\" }]",
            "window_hours = 2\nsteps = [{ event = \"view\" }, { event = \"buy\" }, { event = \"view\" }]",
            "window_hours = 2\nsteps = [{ event = \"view\" }, { where = \"value > 10\" }]",
            "window_hours = 2\nsteps = [{ event = \"view\" }, { name = \"buy\" }]",
            "window_hours = 2\nsteps = [{ event = \"view\" }, { name = \"buy\", evnt = \"buy\" }]",
            "steps = [{ event = \"view\" }, { event = \"buy\" }]",
            "window_hours = 2\nwindow_minutes = 120\nsteps = [{ event = \"view\" }, { event = \"buy\" }]",
            "window_hours = 0\nsteps = [{ event = \"view\" }, { event = \"buy\" }]",
        ]
    ));
}

#[test]
fn a_condition_sees_mapped_and_derived_columns_and_rejects_what_can_not_be_told() {
    let table = "columns = { amount = \"value\" }\nderive = { large = \"amount > 10\", part = \"SUBSTR(page, 2)\" }";
    let steps = "window_hours = 2\nsteps = [{ event = \"view\" }, { name = \"pay\", where = \"large AND part = 'b' AND value > 10\" }]";
    let again = "window_hours = 1\nsteps = [{ event = \"view\" }, { name = \"pay\", where = \"large AND part = 'b' AND value > 10\" }]";
    // The first thousand rows say what a column holds.
    let mut rows = ROWS.to_owned();
    (0..1200).for_each(|row| writeln!(rows, "c{row},2025-01-02 10:00:00,other,1,/c").unwrap());
    rows.push_str("d,2025-01-02 10:00:00,view,much,/b\n");
    let requests = report(table, &[steps, again]).replace("[report]", "[report]\nmax_rejected_percent = 1");
    let json = Case::new().file("t.csv", rows).json(&requests).unwrap();
    let reached: Vec<&Json> = json["results"].as_array().unwrap().iter().map(|row| &row["measures"]["reached"]).collect();
    assert_eq!(reached, [&json!(2), &json!(1), &json!(2), &json!(1)]);
    let rejected = json["rejected"].as_array().unwrap();
    assert!(!rejected.is_empty());
    assert!(rejected.iter().all(|of| of["rows"] == 1 && of["reason"].as_str().unwrap().contains("is not a number")), "{rejected:?}");
}

#[test]
fn a_condition_on_a_broken_column_is_no_mistake_of_its_own() {
    let table = "derive = { large = \"amont > 10\" }";
    let text = problems(table, &["window_hours = 2\nsteps = [{ event = \"view\" }, { name = \"pay\", where = \"large\" }]"]);
    assert!(text.contains("there is no column `amont`") && text.contains("1 problem"), "{text}");
}

#[test]
fn a_step_of_an_event_that_never_occurs_is_shown_with_a_note() {
    let steps = "window_hours = 2\nsteps = [{ event = \"view\" }, { event = \"purchse\" }]";
    let json = Case::new().file("t.csv", ROWS).json(&report("", &[steps])).unwrap();
    let last = &json["results"][1];
    assert_eq!((&last["value"], &last["dimensions"]["step"]), (&json!(0), &json!("purchse")));
    assert_eq!(
        last["note"],
        "users, within 2 hours of the first step; no event fits `purchse`; no row has `purchse` in `event`, named by `steps`; there are \
         `view` and `buy`"
    );
}
