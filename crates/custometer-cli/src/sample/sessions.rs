//! Visits that the web analytics counted itself: the same people as in `events`, and a third of them see one page only.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{self, Chunk, Population, Time, User, choose, repeats, spread, whole};

struct Session {
    /// Missing for the few visitors that nobody could tell from others.
    user: Option<i64>,
    started: Time,
    duration_seconds: i64,
    page_views: i64,
    conversions: i64,
    channel: &'static str,
    device: &'static str,
    country: &'static str,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let users = chunk.population(chunk.total, 2.0);
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Session> = seconds.into_iter().map(|second| session(chunk.seed, rng, &users, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("session_id".into(), chunk.rows.clone().map(|row| format!("W{:08}", row + 1)).collect::<Vec<_>>()),
            Column::new("user_id".into(), rows.iter().map(|row| row.user.map(|id| format!("U{id:07}"))).collect::<Vec<_>>()),
            chunk.time_column("started_at", rows.iter().map(|row| row.started))?,
            Column::new("duration_seconds".into(), rows.iter().map(|row| row.duration_seconds).collect::<Vec<_>>()),
            Column::new("page_views".into(), rows.iter().map(|row| row.page_views).collect::<Vec<_>>()),
            Column::new("conversions".into(), rows.iter().map(|row| row.conversions).collect::<Vec<_>>()),
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
            Column::new("device".into(), rows.iter().map(|row| row.device).collect::<Vec<_>>()),
            Column::new("country".into(), rows.iter().map(|row| row.country).collect::<Vec<_>>()),
        ],
    )
}

fn session(seed: u64, rng: &mut ChaCha8Rng, users: &Population, second: i64) -> Session {
    let id = users.pick(rng, second);
    let habits = User::new(seed, id);
    let device = if rng.random_bool(0.9) { habits.device } else { world::device(rng) };
    let (channel, eagerness) =
        choose(rng, &[(("organic", 1.0), 40), (("paid", 0.9), 18), (("email", 1.8), 12), (("direct", 1.2), 20), (("social", 0.4), 10)]);
    let page_views = if rng.random_bool(0.32) { 1 } else { 2 + repeats(rng, 0.72, 60) };
    let reading: i64 = (1..page_views).map(|_| whole(spread(rng, 55.0, 2.0)).max(1)).sum();
    // It takes some pages to buy, and a small screen is not the place for it.
    let ease = if device == "mobile" { 0.6 } else { 1.0 };
    let chance = if page_views > 2 { 0.07 * eagerness * ease } else { 0.0 };
    Session {
        user: rng.random_bool(0.997).then_some(id),
        started: Time::recorded(rng, second),
        // Two clocks that disagree: over before it began.
        duration_seconds: if rng.random_bool(0.004) { -1 - reading } else { reading },
        page_views,
        conversions: repeats(rng, chance, 3),
        channel,
        device,
        country: if rng.random_bool(0.98) { habits.country } else { world::country(rng) },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Table, tests};

    #[test]
    fn few_sessions_lack_a_user_or_are_over_before_they_begin() {
        let frame = tests::sample(Table::Sessions);
        let users = frame.column("user_id").unwrap().str().unwrap();
        let durations = frame.column("duration_seconds").unwrap().i64().unwrap();
        tests::assert_few(&frame, |row| users.get(row).is_none());
        tests::assert_few(&frame, |row| durations.get(row) < Some(0));
    }

    #[test]
    fn most_visitors_are_those_of_the_events() {
        let users = |table| {
            let frame = tests::sample(table);
            frame.column("user_id").unwrap().str().unwrap().iter().flatten().map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let (events, sessions) = (users(Table::Events), users(Table::Sessions));
        let both = sessions.intersection(&events).count();
        assert!(both * 2 > sessions.len(), "{both} of {}", sessions.len());
    }

    #[test]
    fn conversions_take_more_than_two_pages() {
        let frame = tests::sample(Table::Sessions);
        let whole = |name: &str| frame.column(name).unwrap().i64().unwrap().clone();
        let (views, conversions) = (whole("page_views"), whole("conversions"));
        assert!((0..frame.height()).all(|row| conversions.get(row) == Some(0) || views.get(row) > Some(2)));
        let converted = conversions.iter().flatten().filter(|&count| count > 0).count() as f64 / frame.height() as f64;
        assert!((0.02..0.06).contains(&converted), "{converted}");
    }
}
