//! A search console's export, so many queries a day: a few are asked every day and thousands now and then, and in September some
//! pages change places.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{CHANGE, Chunk, DAY, HOUR, Time, YEAR, hundredths, spread, whole};

const DAYS: u64 = 365;
/// The queries that are asked every day, and where they lead.
const DAILY: [(&str, &str); 4] = [("acme", "/"), ("acme login", "/sign-in"), ("acme price", "/pricing"), ("acme support", "/support")];
/// What the others are about, and where they lead.
const SUBJECTS: [(&str, &str); 8] = [
    ("basic plan", "/products/basic"),
    ("plus plan", "/products/plus"),
    ("pro plan", "/products/pro"),
    ("loyalty points", "/loyalty"),
    ("subscription", "/pricing"),
    ("delivery time", "/support"),
    ("return policy", "/support"),
    ("customer survey", "/blog"),
];
const WORDS: [&str; 6] = ["", " review", " price", " compared", " how to", " cancel"];
/// How many queries there are for each that is asked on a day, but for the daily ones.
const CHOICE: u64 = 4;

struct Row {
    date: Time,
    /// Missing where so few asked it that it is kept secret.
    query: Option<String>,
    page: &'static str,
    clicks: i64,
    impressions: i64,
    position: f64,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let rows: Vec<Row> = chunk.rows.clone().map(|row| self::row(chunk, rng, row)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            chunk.date_column("date", rows.iter().map(|row| row.date))?,
            Column::new("query".into(), rows.iter().map(|row| row.query.as_deref()).collect::<Vec<_>>()),
            Column::new("page".into(), rows.iter().map(|row| row.page).collect::<Vec<_>>()),
            Column::new("clicks".into(), rows.iter().map(|row| row.clicks).collect::<Vec<_>>()),
            Column::new("impressions".into(), rows.iter().map(|row| row.impressions).collect::<Vec<_>>()),
            Column::new("position".into(), rows.iter().map(|row| row.position).collect::<Vec<_>>()),
        ],
    )
}

fn row(chunk: &Chunk, rng: &mut ChaCha8Rng, row: u64) -> Row {
    let day = row * DAYS / chunk.total;
    let noon = YEAR.start + whole(day as f64 * DAY + 12.0 * HOUR);
    let place = row - (day * chunk.total).div_ceil(DAYS);
    let daily = DAILY.len() as u64;
    let rank = if place < daily { place } else { daily + CHOICE * (place - daily) + rng.random_range(0..CHOICE) };
    let (query, page) = query(rank);
    // Every query has its usual place, and two of five move in September.
    let usual = if rank < daily { 1.1 } else { 1.5 + (rank * 37 % 97) as f64 * 0.35 };
    let moved = match rank % 5 {
        2 if noon >= CHANGE => 0.5,
        4 if noon >= CHANGE => 1.7,
        _ => 1.0,
    };
    let position = spread(rng, usual * moved, 0.15).max(1.0);
    let impressions = whole(spread(rng, 900.0 * chunk.calendar.busyness(noon) / (1.0 + 0.4 * rank as f64), 0.5)) + 1;
    let click_through = spread(rng, 0.34 / (0.4 + 0.8 * position), 0.4).min(1.0);
    let clicks = whole(impressions as f64 * click_through + rng.random::<f64>()).min(impressions);
    Row {
        date: Time::recorded(rng, noon),
        query: rng.random_bool(0.985).then_some(query),
        page,
        // A day that was exported twice, and only half of it added up.
        clicks: if rng.random_bool(0.002) { clicks + impressions } else { clicks },
        impressions,
        // No place at all, though places start with one.
        position: if rng.random_bool(0.002) { 0.0 } else { hundredths(position) },
    }
}

/// The query of a rank, from 0, and the page that it leads to.
fn query(rank: u64) -> (String, &'static str) {
    let below = |count: usize, number: u64| usize::try_from(number % count as u64).unwrap_or(0);
    let Some(number) = rank.checked_sub(DAILY.len() as u64) else {
        let (query, page) = DAILY[below(DAILY.len(), rank)];
        return (query.to_owned(), page);
    };
    let (subject, page) = SUBJECTS[below(SUBJECTS.len(), number)];
    let number = number / SUBJECTS.len() as u64;
    let word = WORDS[below(WORDS.len(), number)];
    let number = number / WORDS.len() as u64;
    (if number == 0 { format!("{subject}{word}") } else { format!("{subject}{word} {number}") }, page)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Table, tests};

    #[test]
    fn few_rows_have_no_position_or_more_clicks_than_impressions() {
        let frame = tests::sample(Table::Search);
        let positions = frame.column("position").unwrap().f64().unwrap();
        let whole = |name: &str| frame.column(name).unwrap().i64().unwrap().clone();
        let (clicks, impressions) = (whole("clicks"), whole("impressions"));
        tests::assert_few(&frame, |row| positions.get(row) < Some(1.0));
        tests::assert_few(&frame, |row| clicks.get(row) > impressions.get(row));
        assert!(impressions.iter().flatten().all(|count| count > 0));
    }

    #[test]
    fn a_day_has_each_query_once() {
        let frame = tests::sample(Table::Search);
        let (dates, queries) = (tests::seconds(&frame, "date"), frame.column("query").unwrap().str().unwrap());
        let mut seen = BTreeSet::new();
        for (date, query) in dates.iter().zip(queries.iter()) {
            let (Some(date), Some(query)) = (date, query) else { continue };
            assert!(seen.insert((date, query)), "{query} twice");
        }
        let (days, distinct): (BTreeSet<_>, BTreeSet<_>) = seen.into_iter().unzip();
        assert_eq!((days.len(), distinct.len()), (365, 28));
    }
}
