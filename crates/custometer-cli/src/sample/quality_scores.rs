//! Reviewed cases, a row for each criterion: some agents are better than others, and some mistakes spoil the whole case.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, Time};

struct Criterion {
    category: &'static str,
    weight: i64,
    min: i64,
    max: i64,
    is_critical: bool,
    /// How many of the points the best agents get.
    ease: f64,
}

const CRITERIA: [Criterion; 5] = [
    Criterion { category: "tone", weight: 15, min: 1, max: 5, is_critical: false, ease: 0.95 },
    Criterion { category: "language", weight: 10, min: 1, max: 5, is_critical: false, ease: 0.97 },
    Criterion { category: "solution", weight: 40, min: 0, max: 10, is_critical: true, ease: 0.92 },
    Criterion { category: "process", weight: 25, min: 0, max: 10, is_critical: false, ease: 0.88 },
    Criterion { category: "data_protection", weight: 10, min: 0, max: 1, is_critical: true, ease: 1.0 },
];
const PER_REVIEW: u64 = CRITERIA.len() as u64;
const AGENTS: i64 = 24;

struct Score {
    review: u64,
    time: Time,
    agent: i64,
    criterion: &'static Criterion,
    /// Missing where it was not judged.
    score: Option<i64>,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let reviews = chunk.of(|rows| rows.div_ceil(PER_REVIEW));
    let mut rows = Vec::new();
    for (review, second) in reviews.rows.clone().zip(reviews.seconds(rng, reviews.rows.end - reviews.rows.start)) {
        let agent = rng.random_range(0..AGENTS);
        rows.extend(CRITERIA.iter().map(|criterion| score(rng, review + 1, second, agent, criterion)));
    }
    rows.truncate(usize::try_from(chunk.rows.end - chunk.rows.start).unwrap_or(usize::MAX));
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("review_id".into(), rows.iter().map(|row| format!("Q{:07}", row.review)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("agent".into(), rows.iter().map(|row| format!("A{:02}", row.agent + 1)).collect::<Vec<_>>()),
            Column::new("category".into(), rows.iter().map(|row| row.criterion.category).collect::<Vec<_>>()),
            Column::new("score".into(), rows.iter().map(|row| row.score).collect::<Vec<_>>()),
            Column::new("weight".into(), rows.iter().map(|row| row.criterion.weight).collect::<Vec<_>>()),
            Column::new("min".into(), rows.iter().map(|row| row.criterion.min).collect::<Vec<_>>()),
            Column::new("max".into(), rows.iter().map(|row| row.criterion.max).collect::<Vec<_>>()),
            Column::new("is_critical".into(), rows.iter().map(|row| row.criterion.is_critical).collect::<Vec<_>>()),
        ],
    )
}

fn score(rng: &mut ChaCha8Rng, review: u64, second: i64, agent: i64, criterion: &'static Criterion) -> Score {
    let Criterion { min, max, ease, .. } = *criterion;
    // The numbers of good and bad agents are mixed.
    let skill = ease * (1.0 - 0.25 * (agent * 7 % AGENTS) as f64 / AGENTS as f64);
    let points = (min..max).map(|_| i64::from(rng.random_bool(skill))).sum::<i64>();
    let score = if rng.random_bool(0.003) { max + 1 } else { min + points };
    Score { review, time: Time::recorded(rng, second), agent, criterion, score: rng.random_bool(0.996).then_some(score) }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_scores_are_missing_or_more_than_the_most() {
        let frame = tests::sample(Table::QualityScores);
        let whole = |name: &str| frame.column(name).unwrap().i64().unwrap().clone();
        let (scores, min, max) = (whole("score"), whole("min"), whole("max"));
        tests::assert_few(&frame, |row| scores.get(row).is_none());
        tests::assert_few(&frame, |row| scores.get(row) > max.get(row));
        assert!((0..frame.height()).all(|row| scores.get(row).is_none() || scores.get(row) >= min.get(row)));
    }

    #[test]
    fn a_review_has_each_criterion_once() {
        let frame = tests::sample(Table::QualityScores);
        let reviews = frame.column("review_id").unwrap().str().unwrap();
        let categories = frame.column("category").unwrap().str().unwrap();
        for row in 0..frame.height() {
            assert_eq!(reviews.get(row), Some(format!("Q{:07}", row / 5 + 1).as_str()));
            assert_eq!(categories.get(row), Some(super::CRITERIA[row % 5].category));
        }
    }
}
