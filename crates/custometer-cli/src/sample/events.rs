//! Page views and actions: sessions of one user each, from a landing page to, now and then, a purchase.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{self, Chunk, Population, Time, User, choose, hundredths, repeats, spread, whole};

const PAGE_VIEW: &str = "page_view";
const ADD_TO_CART: &str = "add_to_cart";
const PURCHASE: &str = "purchase";
const SIGN_UP: &str = "sign_up";

/// Seconds between two events of a session, at most: well under the half hour after which a session is over.
const LONGEST_PAUSE: f64 = 1_500.0;

struct Session {
    /// The number of its first row, were the rows not sorted by time.
    number: u64,
    user: i64,
    channel: &'static str,
    device: &'static str,
    country: &'static str,
}

struct Event {
    second: i64,
    /// Which session of the chunk.
    session: usize,
    name: &'static str,
    page: &'static str,
    value: Option<f64>,
    time: Time,
    is_anonymous: bool,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let (sessions, rows) = sessions(chunk, rng);
    let of = |row: &Event| &sessions[row.session];
    DataFrame::new(
        rows.len(),
        vec![
            Column::new(
                "user_id".into(),
                rows.iter().map(|row| (!row.is_anonymous).then(|| format!("U{:07}", of(row).user))).collect::<Vec<_>>(),
            ),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("event".into(), rows.iter().map(|row| row.name).collect::<Vec<_>>()),
            Column::new("page".into(), rows.iter().map(|row| row.page).collect::<Vec<_>>()),
            Column::new("session_id".into(), rows.iter().map(|row| format!("S{:08}", of(row).number)).collect::<Vec<_>>()),
            Column::new("channel".into(), rows.iter().map(|row| of(row).channel).collect::<Vec<_>>()),
            Column::new("device".into(), rows.iter().map(|row| of(row).device).collect::<Vec<_>>()),
            Column::new("country".into(), rows.iter().map(|row| of(row).country).collect::<Vec<_>>()),
            Column::new("value".into(), rows.iter().map(|row| row.value).collect::<Vec<_>>()),
        ],
    )
}

/// The sessions of a chunk, and their events in the order of time.
fn sessions(chunk: &Chunk, rng: &mut ChaCha8Rng) -> (Vec<Session>, Vec<Event>) {
    let users = chunk.population(chunk.total / 4, 2.0);
    let mut numbers = Vec::new();
    let mut next = chunk.rows.start;
    while next < chunk.rows.end {
        numbers.push(next + 1);
        next += if rng.random_bool(0.3) { 1 } else { 2 + repeats(rng, 0.77, 22).cast_unsigned() };
    }
    let starts = chunk.seconds(rng, numbers.len() as u64);
    let mut sessions = Vec::with_capacity(numbers.len());
    let mut events = Vec::new();
    for (index, (&number, start)) in numbers.iter().zip(starts).enumerate() {
        let end = numbers.get(index + 1).copied().unwrap_or(chunk.rows.end + 1);
        let session = session(chunk.seed, rng, &users, number, start);
        walk(chunk, rng, &session, index, start, end - number, &mut events);
        sessions.push(session);
    }
    // Stable, so that events of the same second stay in their session's order.
    events.sort_by_key(|event| event.second);
    (sessions, events)
}

fn session(seed: u64, rng: &mut ChaCha8Rng, users: &Population, number: u64, start: i64) -> Session {
    let user = users.pick(rng, start);
    let habits = User::new(seed, user);
    Session {
        number,
        user,
        channel: choose(rng, &[("organic", 40), ("paid", 18), ("email", 12), ("direct", 20), ("social", 10)]),
        device: if rng.random_bool(0.9) { habits.device } else { world::device(rng) },
        country: if rng.random_bool(0.98) { habits.country } else { world::country(rng) },
    }
}

/// Adds the events of a session. One that would outlast the chunk's slice of the year starts earlier, so that the next chunk's
/// events all come later.
fn walk(chunk: &Chunk, rng: &mut ChaCha8Rng, session: &Session, index: usize, start: i64, length: u64, events: &mut Vec<Event>) {
    let pauses: Vec<i64> = (1..length).map(|_| whole(spread(rng, 70.0, 2.0).clamp(1.0, LONGEST_PAUSE))).collect();
    let (first, last) = chunk.bounds();
    let mut second = start.min(last - pauses.iter().sum::<i64>()).max(first);
    let eagerness = match (session.channel, session.device) {
        ("email", _) => 0.3,
        ("social", _) => 0.1,
        (_, "mobile") => 0.14,
        _ => 0.2,
    };
    let mut step = (PAGE_VIEW, landing_page(rng));
    for pause in std::iter::once(0).chain(pauses) {
        second = (second + pause).min(last);
        if pause > 0 {
            step = next_step(rng, step, eagerness);
        }
        let (name, page) = step;
        events.push(Event {
            second,
            session: index,
            name,
            page,
            value: (name == PURCHASE).then(|| hundredths(spread(rng, 42.0, 1.2))),
            time: Time::recorded(rng, second),
            is_anonymous: rng.random_bool(0.002),
        });
    }
}

fn landing_page(rng: &mut ChaCha8Rng) -> &'static str {
    choose(rng, &[("/", 48), ("/blog", 16), ("/products/basic", 10), ("/products/plus", 10), ("/products/pro", 6), ("/pricing", 10)])
}

fn next_step(rng: &mut ChaCha8Rng, (name, page): (&'static str, &'static str), eagerness: f64) -> (&'static str, &'static str) {
    match (name, page) {
        (PAGE_VIEW, "/products/basic" | "/products/plus" | "/products/pro") if rng.random_bool(eagerness) => (ADD_TO_CART, page),
        (ADD_TO_CART, _) => (PAGE_VIEW, "/cart"),
        (PAGE_VIEW, "/cart") if rng.random_bool(0.5) => (PURCHASE, "/checkout"),
        (PAGE_VIEW, "/sign-up") if rng.random_bool(0.4) => (SIGN_UP, page),
        _ => {
            let pages = [
                ("/", 14),
                ("/products/basic", 20),
                ("/products/plus", 20),
                ("/products/pro", 12),
                ("/pricing", 13),
                ("/blog", 9),
                ("/support", 8),
                ("/sign-up", 4),
            ];
            (PAGE_VIEW, choose(rng, &pages))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use polars::prelude::*;

    use super::super::{Table, tests};

    #[test]
    fn a_session_is_of_one_user_and_has_no_long_pause() {
        let frame = tests::sample(Table::Events);
        let users = frame.column("user_id").unwrap().str().unwrap();
        let sessions = frame.column("session_id").unwrap().str().unwrap();
        let times = frame.column("time").unwrap().cast(&DataType::Int64).unwrap();
        let mut seen = BTreeMap::new();
        let rows = users.iter().zip(sessions.iter()).zip(times.i64().unwrap().iter());
        for ((user, session), time) in rows {
            // A row without its user or its time says nothing about either.
            let (Some(user), Some(time)) = (user, time) else { continue };
            let (first_user, last_time) = seen.entry(session).or_insert((user, time));
            assert_eq!(user, *first_user);
            assert!(time - *last_time <= 2 * 1_500_000_000, "at most one unreadable time in between");
            *last_time = time;
        }
        assert!((1_300..1_700).contains(&seen.len()), "{}", seen.len());
    }

    #[test]
    fn few_events_lack_a_user_and_only_purchases_have_a_value() {
        let frame = tests::sample(Table::Events);
        let users = frame.column("user_id").unwrap().str().unwrap();
        tests::assert_few(&frame, |row| users.get(row).is_none());
        let names = frame.column("event").unwrap().str().unwrap();
        let values = frame.column("value").unwrap().f64().unwrap();
        assert!(values.len() > values.null_count());
        assert!((0..frame.height()).all(|row| (names.get(row) == Some("purchase")) == values.get(row).is_some()));
    }
}
