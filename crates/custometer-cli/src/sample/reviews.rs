//! Public reviews: most people who write one are delighted or angry, and from September on more are angry with Plus.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{CHANGE, Chunk, PLUS, Time, choose};

struct Review {
    time: Time,
    product: &'static str,
    site: &'static str,
    /// Missing for a text without stars.
    rating: Option<i64>,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Review> = seconds.into_iter().map(|second| review(rng, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("review_id".into(), chunk.rows.clone().map(|row| format!("V{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("product".into(), rows.iter().map(|row| row.product).collect::<Vec<_>>()),
            Column::new("site".into(), rows.iter().map(|row| row.site).collect::<Vec<_>>()),
            Column::new("rating".into(), rows.iter().map(|row| row.rating).collect::<Vec<_>>()),
        ],
    )
}

fn review(rng: &mut ChaCha8Rng, second: i64) -> Review {
    let product = choose(rng, &[("Basic", 40), (PLUS, 38), ("Pro", 22)]);
    let angry = if product == PLUS && second >= CHANGE { 22 } else { 0 };
    let rating = choose(rng, &[(1, 13 + angry), (2, 6), (3, 9), (4, 20), (5, 52 - angry)]);
    Review {
        time: Time::recorded(rng, second),
        product,
        site: choose(rng, &[("marketplace", 55), ("app store", 30), ("map", 15)]),
        // Stars that were never given, on a scale that starts with one.
        rating: if rng.random_bool(0.003) { Some(0) } else { rng.random_bool(0.99).then_some(rating) },
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_ratings_are_missing_or_out_of_range() {
        let frame = tests::sample(Table::Reviews);
        let ratings = frame.column("rating").unwrap().i64().unwrap();
        tests::assert_few(&frame, |row| ratings.get(row) == Some(0));
        assert!((5..40).contains(&ratings.null_count()), "{}", ratings.null_count());
        assert!(ratings.iter().flatten().all(|rating| (0..=5).contains(&rating)));
    }

    #[test]
    fn plus_is_rated_worse_from_september_on() {
        let frame = tests::sample(Table::Reviews);
        let (times, products) = (tests::seconds(&frame, "time"), frame.column("product").unwrap().str().unwrap());
        let ratings = frame.column("rating").unwrap().i64().unwrap();
        let mean = |from_september: bool| {
            let rows = (0..frame.height()).filter(|&row| products.get(row) == Some("Plus"));
            let rows = rows.filter(|&row| times.get(row).is_some_and(|time| (time >= super::CHANGE) == from_september));
            let ratings: Vec<i64> = rows.filter_map(|row| ratings.get(row)).collect();
            ratings.iter().sum::<i64>() as f64 / ratings.len() as f64
        };
        assert!(mean(true) < mean(false) - 0.4, "{} after {}", mean(true), mean(false));
    }
}
