//! Survey answers: South is less happy than the other regions, and from September on the product Plus disappoints.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{CHANGE, Chunk, Customer, PLUS, Population, SOUTH, Time, choose};

struct Response {
    time: Time,
    customer: i64,
    region: &'static str,
    product: &'static str,
    channel: &'static str,
    /// Recommendation and satisfaction, unless the survey was left unanswered.
    answer: Option<(i64, i64)>,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let customers = chunk.population(chunk.total, 0.1);
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Response> = seconds.into_iter().map(|second| response(chunk.seed, rng, &customers, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("response_id".into(), chunk.rows.clone().map(|row| format!("R{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("customer_id".into(), rows.iter().map(|row| format!("C{:07}", row.customer)).collect::<Vec<_>>()),
            Column::new("region".into(), rows.iter().map(|row| row.region).collect::<Vec<_>>()),
            Column::new("product".into(), rows.iter().map(|row| row.product).collect::<Vec<_>>()),
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
            Column::new("score".into(), rows.iter().map(|row| row.answer.map(|(score, _)| score)).collect::<Vec<_>>()),
            Column::new("satisfaction".into(), rows.iter().map(|row| row.answer.map(|(_, stars)| stars)).collect::<Vec<_>>()),
        ],
    )
}

fn response(seed: u64, rng: &mut ChaCha8Rng, customers: &Population, second: i64) -> Response {
    let id = customers.pick(rng, second);
    let Customer { region, product, .. } = Customer::new(seed, id);
    let disappointed = if product == PLUS && second >= CHANGE { 22 } else { 0 };
    let unhappy = disappointed + if region == SOUTH { 14 } else { 0 };
    Response {
        time: Time::recorded(rng, second),
        customer: id,
        region,
        product,
        channel: choose(rng, &[("email", 50), ("web", 30), ("app", 20)]),
        answer: rng.random_bool(0.98).then(|| answer(rng, unhappy)),
    }
}

/// A recommendation from 0 to 10 and a satisfaction from 1 to 5 that goes with it; `unhappy` moves so many of a hundred from
/// promoters to detractors.
fn answer(rng: &mut ChaCha8Rng, unhappy: u32) -> (i64, i64) {
    const PROMOTER: &[(i64, u32)] = &[(9, 46), (10, 54)];
    const PASSIVE: &[(i64, u32)] = &[(7, 42), (8, 58)];
    const DETRACTOR: &[(i64, u32)] = &[(0, 6), (1, 3), (2, 5), (3, 9), (4, 13), (5, 30), (6, 34)];
    let scores = choose(rng, &[(PROMOTER, 50 - unhappy), (PASSIVE, 31), (DETRACTOR, 19 + unhappy)]);
    let score = choose(rng, scores);
    let satisfaction: &[(i64, u32)] = match score {
        9.. => &[(3, 5), (4, 33), (5, 62)],
        7..9 => &[(2, 5), (3, 22), (4, 55), (5, 18)],
        _ => &[(1, 24), (2, 36), (3, 28), (4, 10), (5, 2)],
    };
    let satisfaction = choose(rng, satisfaction);
    // An eleven out of ten: praise, but no score.
    (if rng.random_bool(0.002) { 11 } else { score }, satisfaction)
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_scores_are_missing_or_out_of_range() {
        let frame = tests::sample(Table::Responses);
        let scores = frame.column("score").unwrap().i64().unwrap();
        tests::assert_few(&frame, |row| scores.get(row) == Some(11));
        assert!((30..100).contains(&scores.null_count()), "{}", scores.null_count());
        assert!(scores.iter().flatten().all(|score| (0..=11).contains(&score)));
    }

    #[test]
    fn south_recommends_less() {
        let frame = tests::sample(Table::Responses);
        let regions = frame.column("region").unwrap().str().unwrap();
        let scores = frame.column("score").unwrap().i64().unwrap();
        let promoters = |south: bool| {
            let rows = || (0..frame.height()).filter(|&row| (regions.get(row) == Some("South")) == south);
            rows().filter(|&row| scores.get(row) >= Some(9)).count() as f64 / rows().count() as f64
        };
        assert!(promoters(true) < promoters(false) - 0.05);
    }
}
