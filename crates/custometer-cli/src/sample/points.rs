//! Movements of the loyalty programme: points come with purchases, and those that nobody redeems expire after a year.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, Customer, Population, Profile, Time, YEAR, choose, spread, whole};

struct Movement {
    time: Time,
    /// Missing for the few that nobody can be found for.
    customer: Option<i64>,
    country: &'static str,
    kind: &'static str,
    points: i64,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    // As many people as there are for so many orders.
    let customers = chunk.population(chunk.total, 1.2);
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Movement> = seconds.into_iter().map(|second| movement(chunk.seed, rng, &customers, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("movement_id".into(), chunk.rows.clone().map(|row| format!("P{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("customer_id".into(), rows.iter().map(|row| row.customer.map(|id| format!("C{id:07}"))).collect::<Vec<_>>()),
            Column::new("country".into(), rows.iter().map(|row| row.country).collect::<Vec<_>>()),
            Column::new("kind".into(), rows.iter().map(|row| row.kind).collect::<Vec<_>>()),
            Column::new("points".into(), rows.iter().map(|row| row.points).collect::<Vec<_>>()),
        ],
    )
}

fn movement(seed: u64, rng: &mut ChaCha8Rng, customers: &Population, second: i64) -> Movement {
    // What expires was earned a year ago, and the programme is no more than a year older than this one.
    let passed = (second - YEAR.start) as f64 / (YEAR.end - YEAR.start) as f64;
    let (kind, since) = if rng.random_bool(0.15 * passed) {
        ("expire", second - (YEAR.end - YEAR.start))
    } else {
        (choose(rng, &[("earn", 87), ("redeem", 13)]), second)
    };
    let (id, country) = loop {
        let id = customers.pick(rng, since);
        let Profile { is_member, country, .. } = Profile::new(seed, id);
        if id > 0 && is_member {
            break (id, country);
        }
    };
    let points = match kind {
        "earn" => whole(spread(rng, 42.0 * Customer::new(seed, id).spending, 1.0)).max(1),
        "redeem" => choose(rng, &[(100, 45), (200, 30), (300, 10), (500, 10), (1_000, 5)]),
        _ => whole(spread(rng, 60.0, 1.5)).max(1),
    };
    Movement {
        time: Time::recorded(rng, second),
        customer: rng.random_bool(0.998).then_some(id),
        country,
        // A kind that nobody explained.
        kind: if rng.random_bool(0.002) { "adjust" } else { kind },
        // A correction, booked where it does not belong.
        points: if rng.random_bool(0.002) { -points } else { points },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Table, tests};

    #[test]
    fn few_movements_lack_a_customer_a_sign_or_a_kind() {
        let frame = tests::sample(Table::Points);
        let customers = frame.column("customer_id").unwrap().str().unwrap();
        let (kinds, points) = (frame.column("kind").unwrap().str().unwrap(), frame.column("points").unwrap().i64().unwrap());
        tests::assert_few(&frame, |row| customers.get(row).is_none());
        tests::assert_few(&frame, |row| points.get(row) < Some(0));
        tests::assert_few(&frame, |row| !["earn", "redeem", "expire"].contains(&kinds.get(row).unwrap()));
    }

    #[test]
    fn most_points_are_redeemed_and_some_expire() {
        let frame = tests::sample(Table::Points);
        let (kinds, points) = (frame.column("kind").unwrap().str().unwrap(), frame.column("points").unwrap().i64().unwrap());
        let sum = |kind: &str| {
            let rows = (0..frame.height()).filter(|&row| kinds.get(row) == Some(kind));
            rows.filter_map(|row| points.get(row)).sum::<i64>() as f64
        };
        let (redeemed, expired) = (sum("redeem") / sum("earn"), sum("expire") / sum("earn"));
        assert!((0.5..0.8).contains(&redeemed) && (0.05..0.2).contains(&expired), "{redeemed} and {expired}");
    }

    #[test]
    fn only_members_have_points() {
        let customers = tests::sample(Table::Customers);
        let ids = customers.column("customer_id").unwrap().str().unwrap();
        let is_member: BTreeMap<_, _> = ids.iter().flatten().zip(customers.column("is_member").unwrap().bool().unwrap().iter()).collect();
        let frame = tests::sample(Table::Points);
        let customers = frame.column("customer_id").unwrap().str().unwrap();
        assert!(customers.iter().flatten().all(|customer| is_member[customer] == Some(true)));
    }
}
