//! Recommendations: who told of us, and who became a customer because of it.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, DAY, Population, Profile, REFERRAL, Time, choose, spread, whole};

/// So many people join for each recommendation, most of them without one.
const PEOPLE: u64 = 2;

/// Whoever asks so many customers finds one that recommends us, unless there are hardly any customers yet.
const TRIES: usize = 30;

struct Referral {
    time: Time,
    /// Missing where nobody said it.
    referrer: Option<i64>,
    channel: &'static str,
    /// The customer that came of it; missing while nobody did.
    referred: Option<i64>,
    converted: Option<i64>,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let rows = referrals(chunk, rng);
    let customers = |of: fn(&Referral) -> Option<i64>| rows.iter().map(|row| of(row).map(|id| format!("C{id:07}"))).collect::<Vec<_>>();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("referral_id".into(), chunk.rows.clone().map(|row| format!("F{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("referrer_id".into(), customers(|row| row.referrer)),
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
            Column::new("referred_id".into(), customers(|row| row.referred)),
            chunk.time_column("converted_at", rows.iter().map(|row| row.converted.into()))?,
        ],
    )
}

/// One recommendation for each customer of the chunk's slice who came by one; nobody came of the others.
fn referrals(chunk: &Chunk, rng: &mut ChaCha8Rng) -> Vec<Referral> {
    let people = chunk.of(|rows| PEOPLE * rows);
    let joined = people.joined();
    let start = chunk.bounds().0;
    let mut told: Vec<(i64, Option<(i64, i64)>)> = Vec::new();
    for (&joined, row) in joined.iter().zip(people.rows.clone()) {
        let id = row.cast_signed() + 1;
        if Profile::new(chunk.seed, id).source == Some(REFERRAL) {
            // Not before the slice, so that the rows of all chunks are in order.
            let longest = (joined - start) as f64 * rng.random::<f64>();
            told.push((joined - whole(spread(rng, 4.0 * DAY, 2.0).min(longest)), Some((id, joined))));
        }
    }
    let rows = chunk.rows.end - chunk.rows.start;
    told.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    let in_vain = chunk.seconds(rng, rows - told.len() as u64);
    told.extend(in_vain.into_iter().map(|second| (second, None)));
    told.sort_by_key(|&(second, _)| second);
    let customers = |second: i64| (people.rows.start + joined.partition_point(|&joined| joined < second) as u64).cast_signed();
    told.into_iter().map(|(second, came)| referral(chunk.seed, rng, second, came, customers(second))).collect()
}

/// A recommendation by one of so many customers.
fn referral(seed: u64, rng: &mut ChaCha8Rng, second: i64, came: Option<(i64, i64)>, customers: i64) -> Referral {
    let mut tries = (0..TRIES).map(|_| Population::pick_of(rng, customers));
    let referrer = tries.find(|&id| id <= customers && Profile::new(seed, id).is_referrer);
    // Two systems whose clocks disagree: the customer is there before the recommendation.
    let early = second - rng.random_range(60..7_200);
    let clocks_disagree = rng.random_bool(0.005);
    Referral {
        time: Time::recorded(rng, second),
        referrer: referrer.filter(|_| rng.random_bool(0.998)),
        channel: choose(rng, &[("link", 55), ("email", 30), ("in_person", 15)]),
        referred: came.map(|(id, _)| id),
        converted: came.map(|(_, joined)| if clocks_disagree { early } else { joined }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Table, tests};

    #[test]
    fn few_recommendations_lack_a_referrer_or_come_after_the_customer() {
        let frame = tests::sample(Table::Referrals);
        let referrers = frame.column("referrer_id").unwrap().str().unwrap();
        tests::assert_few(&frame, |row| referrers.get(row).is_none());
        let (times, converted) = (tests::seconds(&frame, "time"), tests::seconds(&frame, "converted_at"));
        tests::assert_few(&frame, |row| times.get(row).zip(converted.get(row)).is_some_and(|(time, converted)| converted < time));
    }

    #[test]
    fn customers_who_came_by_a_recommendation_are_those_who_were_recommended() {
        let customers = tests::sample(Table::Customers);
        let ids = customers.column("customer_id").unwrap().str().unwrap();
        let sources = customers.column("source").unwrap().str().unwrap();
        let is_referrer = customers.column("is_referrer").unwrap().bool().unwrap();
        let books: BTreeMap<_, _> = ids.iter().flatten().zip(sources.iter().zip(is_referrer.iter())).collect();
        let frame = tests::sample(Table::Referrals);
        let (referrers, referred) =
            (frame.column("referrer_id").unwrap().str().unwrap(), frame.column("referred_id").unwrap().str().unwrap());
        assert!(referrers.iter().flatten().all(|id| books[id].1 == Some(true)));
        assert!(referred.iter().flatten().all(|id| books[id].0 == Some("referral")));
        let came = sources.iter().filter(|&source| source == Some("referral")).count();
        assert_eq!(frame.height() - referred.null_count(), came);
    }
}
