//! Feedback that came in, and whether somebody answered: nearly always by email, seldom in the store.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, DAY, HOUR, Time, YEAR, choose, spread, whole};

struct Feedback {
    received: Time,
    /// Missing while there is no answer.
    responded: Option<i64>,
    channel: &'static str,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Feedback> = seconds.into_iter().map(|second| feedback(rng, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("feedback_id".into(), chunk.rows.clone().map(|row| format!("B{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("received_at", rows.iter().map(|row| row.received))?,
            chunk.time_column("responded_at", rows.iter().map(|row| row.responded.into()))?,
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
        ],
    )
}

fn feedback(rng: &mut ChaCha8Rng, second: i64) -> Feedback {
    let ways =
        [(("email", 0.88, 9.0 * HOUR), 35), (("web", 0.7, 1.5 * DAY), 30), (("app", 0.55, 2.5 * DAY), 25), (("store", 0.3, 5.0 * DAY), 10)];
    let (channel, answered, median) = choose(rng, &ways);
    // What has not happened by the end of the year is not known yet.
    let responded = Some(second + whole(spread(rng, median, 1.8))).filter(|&end| end < YEAR.end && rng.random_bool(answered));
    // Two systems whose clocks disagree: the answer comes before the question.
    let early = second - rng.random_range(60..7_200);
    let clocks_disagree = rng.random_bool(0.005);
    Feedback { received: Time::recorded(rng, second), responded: responded.map(|end| if clocks_disagree { early } else { end }), channel }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_answers_precede_their_feedback_and_most_feedback_is_answered() {
        let frame = tests::sample(Table::Feedback);
        let (received, responded) = (tests::seconds(&frame, "received_at"), tests::seconds(&frame, "responded_at"));
        tests::assert_few(&frame, |row| {
            received.get(row).zip(responded.get(row)).is_some_and(|(received, responded)| responded < received)
        });
        let answered = 1.0 - responded.null_count() as f64 / frame.height() as f64;
        assert!((0.6..0.8).contains(&answered), "{answered}");
    }
}
