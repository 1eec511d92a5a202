//! Sessions and active users against plain counts of random events, and the laws that they keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::Case;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::Value as Json;

const CHANNELS: [&str; 3] = ["ads", "mail", ""];
const EVENTS: [&str; 3] = ["view", "buy", "scroll"];
const PAGES: [&str; 3] = ["/", "/a", "/b"];

#[derive(Debug, Clone)]
struct Event {
    user: u8,
    /// Seconds since 2025-03-28 in UTC: clocks in Copenhagen change on the 30th.
    second: i64,
    channel: usize,
    event: usize,
    page: usize,
}

impl Event {
    fn instant(&self) -> Timestamp {
        Timestamp::from_second(1_743_120_000 + self.second).unwrap()
    }

    fn day(&self) -> Date {
        self.instant().to_zoned(copenhagen()).date()
    }
}

fn copenhagen() -> TimeZone {
    TimeZone::get("Europe/Copenhagen").unwrap()
}

/// Events of few users that come close to each other, at the very same second too.
fn events(days: i64) -> impl Strategy<Value = Vec<Event>> {
    let near = (0..days * 24, prop::sample::select(vec![0_i64, 1, 5, 60, 600, 1_800, 1_801, 3_599]));
    let event = (0..4_u8, near, 0..3_usize, 0..3_usize, 0..3_usize).prop_map(|(user, (hour, second), channel, event, page)| Event {
        user,
        second: hour * 3_600 + second,
        channel,
        event,
        page,
    });
    prop::collection::vec(event, 0..60)
}

fn csv<'a>(events: impl IntoIterator<Item = &'a Event>) -> String {
    let mut text = String::from("user_id,time,channel,event,page\n");
    for event in events {
        let (channel, name, page) = (CHANNELS[event.channel], EVENTS[event.event], PAGES[event.page]);
        writeln!(text, "u{},{},{channel},{name},{page}", event.user, event.instant()).unwrap();
    }
    text
}

fn rows(json: &Json) -> &Vec<Json> {
    json["results"].as_array().unwrap()
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    timeout_minutes: i64,
    refresh_seconds: Option<i64>,
}

fn settings() -> impl Strategy<Value = Settings> {
    let timeout = prop::sample::select(vec![10_i64, 30, 60]);
    let refresh = prop::option::of(prop::sample::select(vec![1_i64, 600]));
    (timeout, refresh).prop_map(|(timeout_minutes, refresh_seconds)| Settings { timeout_minutes, refresh_seconds })
}

struct Session {
    day: Date,
    channel: &'static str,
    seconds: i64,
    views: usize,
    bought: bool,
}

impl Session {
    fn is_engaged(&self) -> bool {
        self.seconds > 10 || self.views > 1 || self.bought
    }
}

/// Sessions by looking at all events for each: slow, and short enough to be seen to be right.
fn sessions(events: &[Event], settings: Settings) -> Vec<Session> {
    let is_refresh = |position: usize| {
        let event = &events[position];
        let before = events.iter().enumerate().any(|(other, earlier)| {
            let same = earlier.user == event.user && earlier.page == event.page && earlier.event == 0;
            let ago = event.second - earlier.second;
            same && (ago > 0 || ago == 0 && other < position) && settings.refresh_seconds.is_some_and(|refresh| ago <= refresh)
        });
        event.event == 0 && before
    };
    let mut kept: Vec<&Event> = (0..events.len()).filter(|position| !is_refresh(*position)).map(|position| &events[position]).collect();
    kept.sort_by_key(|event| (event.user, event.second));
    let together = |one: &&Event, next: &&Event| one.user == next.user && next.second - one.second <= settings.timeout_minutes * 60;
    kept.chunk_by(together)
        .map(|session| {
            let (first, last) = (session[0], session[session.len() - 1]);
            let at_once = events.iter().filter(|event| event.user == first.user && event.second == first.second);
            // No channel is one only where there is no other.
            let channel = at_once.map(|event| CHANNELS[event.channel]).min_by_key(|channel| (channel.is_empty(), *channel)).unwrap();
            Session {
                day: first.day(),
                channel,
                seconds: last.second - first.second,
                views: session.iter().filter(|event| event.event == 0).count(),
                bought: session.iter().any(|event| event.event == 1),
            }
        })
        .collect()
}

fn session_report(settings: Settings, files: &str) -> String {
    let refresh = settings.refresh_seconds.map(|seconds| format!(", refresh_seconds = {seconds}")).unwrap_or_default();
    let minutes = settings.timeout_minutes;
    let mut config = format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-03-29\nuntil = 2025-04-01\ngrain = \"day\"\n[tables.events]\npath = \"{files}\"\n\
         params.sessions = {{ timeout_minutes = {minutes}, view_events = [\"view\"], key_events = [\"buy\"]{refresh} }}\n"
    );
    for (metric, params) in [
        ("sessions", ""),
        ("pages_per_session", ""),
        ("session_duration", ""),
        ("engagement_rate", ""),
        ("bounce_rate", ""),
        ("conversion_rate", "events = [\"buy\"], base = \"sessions\""),
    ] {
        writeln!(config, "[[metrics]]\nmetric = \"web.{metric}\"\ntable = \"events\"\nby = [[], [\"channel\"]]\nparams = {{ {params} }}")
            .unwrap();
    }
    config
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sessions_are_those_a_naive_count_finds(events in events(5), settings in settings()) {
        let found = Case::new().file("e.csv", csv(&events)).json(&session_report(settings, "e.csv")).unwrap();
        let all = sessions(&events, settings);
        for row in rows(&found) {
            let day: Date = row["start"].as_str().unwrap()[..10].parse().unwrap();
            let channel = row["dimensions"].get("channel").map(|channel| channel.as_str().unwrap_or_default());
            let here: Vec<&Session> =
                all.iter().filter(|session| session.day == day && channel.is_none_or(|channel| session.channel == channel)).collect();
            let share = |is: &dyn Fn(&Session) -> bool| 100.0 * here.iter().filter(|session| is(session)).count() as f64 / here.len() as f64;
            let mean = |of: &dyn Fn(&Session) -> f64| here.iter().map(|session| of(session)).sum::<f64>() / here.len() as f64;
            let metric = row["metric"].as_str().unwrap();
            let expected = match metric {
                "web.sessions" => here.len() as f64,
                "web.pages_per_session" => mean(&|session| session.views as f64),
                "web.session_duration" => mean(&|session| session.seconds as f64),
                "web.engagement_rate" => share(&Session::is_engaged),
                "web.bounce_rate" => share(&|session| !session.is_engaged()),
                _ => share(&|session| session.bought),
            };
            match row["value"].as_f64() {
                Some(value) => prop_assert!((value - expected).abs() < 1e-6, "{metric} {day} {channel:?}: {value}, not {expected}"),
                None => prop_assert!(here.is_empty() && metric != "web.sessions", "{metric} {day} {channel:?}: nothing, not {expected}"),
            }
        }
    }

    #[test]
    fn bounces_and_engaged_sessions_are_all(events in events(5), settings in settings()) {
        let found = Case::new().file("e.csv", csv(&events)).json(&session_report(settings, "e.csv")).unwrap();
        let values = |metric: &str| -> Vec<Option<f64>> { rows(&found).iter().filter(|row| row["metric"] == metric).map(|row| row["value"].as_f64()).collect() };
        for (engaged, bounced) in values("web.engagement_rate").into_iter().zip(values("web.bounce_rate")) {
            let sum = engaged.zip(bounced).map(|(engaged, bounced)| engaged + bounced);
            prop_assert!(sum.is_none_or(|sum| (sum - 100.0).abs() < 1e-9), "{engaged:?} {bounced:?}");
            prop_assert_eq!(engaged.is_none(), bounced.is_none());
        }
    }

    #[test]
    fn neither_the_order_of_events_nor_that_of_files_shows(events in events(5), settings in settings(), seed in any::<u64>()) {
        let whole = Case::new().file("e.csv", csv(&events)).json(&session_report(settings, "e.csv")).unwrap();
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| (event.second.cast_unsigned() ^ u64::from(event.user)).wrapping_mul(seed | 1));
        let (one, other) = shuffled.split_at(events.len() / 3);
        let split = Case::new().file("e-2.csv", csv(one)).file("e-1.csv", csv(other)).json(&session_report(settings, "e-*.csv")).unwrap();
        prop_assert_eq!(rows(&whole), rows(&split));
    }

    #[test]
    fn events_of_others_change_nobodys_sessions(events in events(5), others in events(5), settings in settings()) {
        let config = session_report(settings, "e.csv").replace("[\"channel\"]", "[\"user_id\", \"channel\"]");
        let of_users = |events: &[Event]| -> BTreeMap<String, Json> {
            let found = Case::new().file("e.csv", csv(events)).json(&config).unwrap();
            let of_user = |row: &Json| row["dimensions"]["user_id"].as_str().is_some_and(|user| user < "u4");
            let key = |row: &Json| format!("{} {} {}", row["metric"], row["start"], row["dimensions"]);
            let named = rows(&found).iter().filter(|row| of_user(row) && row["n"] != 0).map(|row| (key(row), row["value"].clone()));
            named.collect()
        };
        let others = others.into_iter().map(|event| Event { user: event.user + 4, ..event });
        let together: Vec<Event> = others.chain(events.iter().cloned()).collect();
        prop_assert_eq!(of_users(&events), of_users(&together));
    }

    #[test]
    fn active_users_are_those_a_naive_count_finds(
        events in events(40),
        window in prop::sample::select(vec![1_i64, 2, 7, 28]),
        grain in prop::sample::select(vec!["hour", "day", "week", "month"]),
    ) {
        let config = format!(
            "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-03-29\nuntil = 2025-04-14\ngrain = \"{grain}\"\n[tables.events]\npath = \"e.csv\"\n\
             [[metrics]]\nmetric = \"web.active_users\"\ntable = \"events\"\nby = [[], [\"channel\"]]\nparams = {{ window_days = {window}, users = \"new_and_returning\" }}\n\
             [[metrics]]\nname = \"all\"\nmetric = \"web.active_users\"\ntable = \"events\"\nby = [[], [\"channel\"]]\nparams = {{ window_days = {window} }}\n\
             [[metrics]]\nmetric = \"web.active_share\"\ntable = \"events\"\nby = [[], [\"channel\"]]\nparams = {{ window_days = {window} }}\n\
             [[metrics]]\nmetric = \"web.stickiness\"\ntable = \"events\"\nby = [[], [\"channel\"]]\nparams = {{ window_days = {window} }}\n"
        );
        let found = Case::new().file("e.csv", csv(&events)).json(&config).unwrap();
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for row in rows(&found) {
            let end = row["end"].as_str().unwrap().parse::<Timestamp>().unwrap().to_zoned(copenhagen());
            let start = end.checked_sub(Span::new().days(window)).unwrap().timestamp();
            let channel = row["dimensions"].get("channel").map(|channel| channel.as_str().unwrap_or_default());
            let group: Vec<&Event> = events.iter().filter(|event| channel.is_none_or(|channel| CHANNELS[event.channel] == channel)).collect();
            let within: Vec<&&Event> = group.iter().filter(|event| event.instant() >= start && event.instant() < end.timestamp()).collect();
            let active: BTreeSet<u8> = within.iter().map(|event| event.user).collect();
            let seen: BTreeSet<u8> = group.iter().filter(|event| event.instant() < end.timestamp()).map(|event| event.user).collect();
            let is_new = |user: &&u8| !group.iter().any(|event| event.user == **user && event.instant() < start);
            let new = active.iter().filter(is_new).count() as f64;
            let user_days: BTreeSet<(u8, Date)> = within.iter().map(|event| (event.user, event.day())).collect();
            let all = active.len() as f64;
            let expected = match (row["request"].as_str().unwrap(), row["dimensions"]["users"].as_str()) {
                (_, Some("new")) => Some(new),
                (_, Some(_)) => Some(all - new),
                ("all", _) => Some(all),
                ("web.active_share", _) => (!seen.is_empty()).then(|| 100.0 * all / seen.len() as f64),
                // A window of days ends with a day.
                _ if end.start_of_day().unwrap() != end => None,
                _ => (!active.is_empty()).then(|| 100.0 * user_days.len() as f64 / (window as f64 * all)),
            };
            let value = row["value"].as_f64();
            let near = value.zip(expected).map_or(value.is_none() && expected.is_none(), |(value, expected)| (value - expected).abs() < 1e-6);
            prop_assert!(near, "{} {} {channel:?}: {value:?}, not {expected:?}", row["request"], row["end"]);
            let key = format!("{} {}", row["end"], row["dimensions"]["channel"]);
            let sum = sums.entry(format!("{key} {}", channel.is_some())).or_default();
            match row["request"].as_str() {
                Some("web.active_users") => sum.0 += value.unwrap(),
                Some("all") => sum.1 = value.unwrap(),
                _ => {}
            }
        }
        // New and returning ones are all.
        for (cell, (parts, all)) in sums {
            prop_assert_eq!(parts, all, "{}", cell);
        }
    }

    #[test]
    fn stickiness_of_a_bucket_is_the_mean_of_its_days(events in events(40), until in 1_i64..40) {
        let as_of = date(2025, 3, 28) + until.days();
        let config = "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-03-28\nuntil = 2025-05-01\ngrain = \"month\"\n[tables.events]\npath = \"e.csv\"\n\
            [[metrics]]\nmetric = \"web.stickiness\"\ntable = \"events\"\n";
        let known: Vec<Event> = events.iter().filter(|event| event.day() < as_of).cloned().collect();
        let found = Case::new().as_of(as_of).file("e.csv", csv(&known)).json(config).unwrap();
        for (row, (from, end)) in rows(&found).iter().zip([(date(2025, 3, 28), date(2025, 4, 1)), (date(2025, 4, 1), date(2025, 5, 1))]) {
            let days = from.series(1.day()).take_while(|day| *day < end && *day < as_of).collect::<Vec<Date>>();
            let of_day = |day: &Date| known.iter().filter(|event| event.day() == *day).map(|event| event.user).collect::<BTreeSet<u8>>();
            let daily = days.iter().map(|day| of_day(day).len() as f64).sum::<f64>() / days.len() as f64;
            let monthly = days.iter().flat_map(of_day).collect::<BTreeSet<u8>>().len() as f64;
            match row["value"].as_f64() {
                Some(value) => prop_assert!((value - 100.0 * daily / monthly).abs() < 1e-6, "{}: {value}, not {daily} of {monthly}", row["start"]),
                None => prop_assert!(monthly == 0.0, "{}: nothing, not {daily} of {monthly}", row["start"]),
            }
        }
    }
}
