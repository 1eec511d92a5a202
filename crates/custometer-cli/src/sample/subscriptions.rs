//! Subscriptions, all of a customer's in a row: many leave in their first months, others change their plan, some come back; from
//! September on more leave Plus.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{CHANGE, Chunk, Customer, DAY, PLUS, Profile, Time, YEAR, choose, hundredths, repeats, spread, whole};

const MONTH: f64 = 365.25 / 12.0 * DAY;
/// The plans from the smallest up, and the prices of a seat.
const PLANS: [(&str, f64); 3] = [("Basic", 19.0), (PLUS, 39.0), ("Pro", 89.0)];

/// A time with one plan and one price.
struct Span {
    /// Missing for the few that nobody can be found for.
    customer: Option<i64>,
    country: &'static str,
    plan: &'static str,
    started: Time,
    /// Missing while it goes on.
    ended: Option<i64>,
    amount_per_month: f64,
}

/// What ends a span.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    Leave,
    More,
    Less,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let people: Vec<(u64, i64)> = chunk.rows.clone().zip(chunk.joined()).collect();
    let mut rows: Vec<Span> = Vec::with_capacity(people.len());
    // A customer's number is that of their first row: those whose row another's spans took have no subscription.
    while let Some(&(row, joined)) = people.get(rows.len()) {
        life(chunk.seed, rng, row.cast_signed() + 1, joined, &mut rows);
    }
    rows.truncate(people.len());
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("customer_id".into(), rows.iter().map(|row| row.customer.map(|id| format!("C{id:07}"))).collect::<Vec<_>>()),
            chunk.time_column("started_at", rows.iter().map(|row| row.started))?,
            chunk.time_column("ended_at", rows.iter().map(|row| row.ended.into()))?,
            Column::new("plan".into(), rows.iter().map(|row| row.plan).collect::<Vec<_>>()),
            Column::new("country".into(), rows.iter().map(|row| row.country).collect::<Vec<_>>()),
            Column::new("amount_per_month".into(), rows.iter().map(|row| row.amount_per_month).collect::<Vec<_>>()),
        ],
    )
}

/// Adds the spans of a customer, up to what is known by the end of the year: one at least.
fn life(seed: u64, rng: &mut ChaCha8Rng, id: i64, joined: i64, spans: &mut Vec<Span>) {
    let product = Customer::new(seed, id).product;
    let country = Profile::new(seed, id).country;
    let discount = choose(rng, &[(1.0, 70), (0.8, 30)]);
    let mut plan = PLANS.iter().position(|&(name, _)| name == product).unwrap_or(0);
    let mut seats = if plan == 2 { 1 + repeats(rng, 0.6, 200) } else { 1 };
    let latest = (YEAR.end - joined) as f64 * rng.random::<f64>();
    let mut start = joined + whole(spread(rng, 2.0 * DAY, 2.0).min(latest));
    let mut came = start;
    loop {
        let (end, change) = next_change(rng, came, start, PLANS[plan].0);
        let (name, price) = PLANS[plan];
        spans.push(Span {
            customer: rng.random_bool(0.998).then_some(id),
            country,
            plan: name,
            started: Time::recorded(rng, start),
            ended: (end < YEAR.end).then(|| recorded_end(rng, start, end, change)),
            amount_per_month: hundredths(price * seats as f64 * discount),
        });
        start = end;
        match change {
            Change::More if plan < 2 && rng.random_bool(0.6) => plan += 1,
            Change::More => seats += 1 + repeats(rng, 0.4, 20),
            Change::Less if seats > 1 => seats -= 1,
            Change::Less if plan > 0 => plan -= 1,
            Change::Leave if rng.random_bool(0.3) => {
                start += whole(spread(rng, 2.0 * MONTH, 2.0).max(DAY));
                came = start;
            }
            _ => return,
        }
        if start >= YEAR.end {
            return;
        }
    }
}

/// When a span ends, and with what: at the end of the year or later with nothing.
fn next_change(rng: &mut ChaCha8Rng, came: i64, start: i64, plan: &str) -> (i64, Change) {
    let mut month = start;
    loop {
        let end = month + 1 + whole(rng.random::<f64>() * MONTH);
        if end >= YEAR.end {
            return (end, Change::Nothing);
        }
        let disappointment = if plan == PLUS && end >= CHANGE { 2 } else { 1 };
        let leaving = disappointment * if ((end - came) as f64) < 3.0 * MONTH { 75 } else { 30 };
        match choose(rng, &[(Change::Nothing, 970 - leaving), (Change::Leave, leaving), (Change::More, 22), (Change::Less, 8)]) {
            Change::Nothing => month += whole(MONTH),
            // Basic has nothing below it, and whoever does not want it leaves.
            change => return (end, change),
        }
    }
}

/// The end as it was written down: now and then before the start, or so late that it overlaps with what comes next.
fn recorded_end(rng: &mut ChaCha8Rng, start: i64, end: i64, change: Change) -> i64 {
    let days = whole(spread(rng, 5.0 * DAY, 1.0));
    match change {
        _ if rng.random_bool(0.005) => start - days,
        Change::More | Change::Less if rng.random_bool(0.015) => (end + days).min(YEAR.end - 1),
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use polars::prelude::*;

    use super::super::{Table, tests};

    /// The start and the end of a customer's spans, with their amount.
    type Spans = Vec<(i64, Option<i64>, f64)>;

    fn spans(frame: &DataFrame) -> BTreeMap<String, Spans> {
        let customers = frame.column("customer_id").unwrap().str().unwrap();
        let (starts, ends) = (tests::seconds(frame, "started_at"), tests::seconds(frame, "ended_at"));
        let amounts = frame.column("amount_per_month").unwrap().f64().unwrap();
        let mut spans: BTreeMap<String, Spans> = BTreeMap::new();
        for row in 0..frame.height() {
            let (Some(customer), Some(start)) = (customers.get(row), starts.get(row)) else { continue };
            spans.entry(customer.to_owned()).or_default().push((start, ends.get(row), amounts.get(row).unwrap()));
        }
        spans
    }

    #[test]
    fn few_spans_lack_a_customer_end_before_they_start_or_overlap() {
        let frame = tests::sample(Table::Subscriptions);
        let customers = frame.column("customer_id").unwrap().str().unwrap();
        tests::assert_few(&frame, |row| customers.get(row).is_none());
        let (starts, ends) = (tests::seconds(&frame, "started_at"), tests::seconds(&frame, "ended_at"));
        tests::assert_few(&frame, |row| starts.get(row).zip(ends.get(row)).is_some_and(|(start, end)| end < start));
        tests::assert_few(&frame, |row| {
            row > 0
                && customers.get(row).is_some_and(|customer| customers.get(row - 1) == Some(customer))
                && ends.get(row - 1).zip(starts.get(row)).is_some_and(|(end, start)| end > start)
        });
    }

    #[test]
    fn customers_change_their_plan_come_back_and_stay() {
        let spans = spans(&tests::sample(Table::Subscriptions));
        let pairs: Vec<_> = spans.values().flat_map(|spans| spans.windows(2)).map(|pair| (pair[0], pair[1])).collect();
        let (changes, others): (Vec<_>, Vec<_>) = pairs.iter().partition(|(before, after)| before.1 == Some(after.0));
        let up = changes.iter().filter(|(before, after)| after.2 > before.2).count();
        let down = changes.iter().filter(|(before, after)| after.2 < before.2).count();
        assert!(up > 200 && down > 50 && up > down && up + down == changes.len(), "{up} up, {down} down of {}", changes.len());
        let back = others.iter().filter(|(before, after)| before.1 < Some(after.0)).count();
        assert!(back > 100, "{back} came back");
        let open = spans.values().filter(|spans| spans.last().is_some_and(|(_, end, _)| end.is_none())).count();
        assert!((0.5..0.75).contains(&(open as f64 / spans.len() as f64)), "{open} of {} stay", spans.len());
        // Only the last span of a customer goes on.
        assert!(pairs.iter().all(|(before, _)| before.1.is_some()));
    }

    #[test]
    fn spans_start_after_the_customer_joined() {
        let customers = tests::sample(Table::Customers);
        let created = tests::seconds(&customers, "created_at");
        for (customer, spans) in spans(&tests::sample(Table::Subscriptions)) {
            let joined = created.get(customer[1..].parse::<usize>().unwrap() - 1);
            assert!(joined.is_none_or(|joined| joined <= spans[0].0), "{customer}");
        }
    }
}
