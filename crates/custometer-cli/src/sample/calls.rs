//! Calls in a queue: around noon and on Mondays they wait longer, and who waits too long hangs up.

use jiff::civil::Weekday;
use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{self, CHANGE, Chunk, Time, choose, spread, whole};

/// Who hangs up before has hardly waited.
const SHORT_SECONDS: i64 = 10;

struct Call {
    queued: Time,
    queue: &'static str,
    wait_seconds: i64,
    is_answered: bool,
    is_short_abandon: bool,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Call> = seconds.into_iter().map(|second| call(rng, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("call_id".into(), chunk.rows.clone().map(|row| format!("K{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("queued_at", rows.iter().map(|row| row.queued))?,
            Column::new("queue".into(), rows.iter().map(|row| row.queue).collect::<Vec<_>>()),
            Column::new("wait_seconds".into(), rows.iter().map(|row| row.wait_seconds).collect::<Vec<_>>()),
            Column::new("is_answered".into(), rows.iter().map(|row| row.is_answered).collect::<Vec<_>>()),
            Column::new("is_short_abandon".into(), rows.iter().map(|row| row.is_short_abandon).collect::<Vec<_>>()),
        ],
    )
}

fn call(rng: &mut ChaCha8Rng, second: i64) -> Call {
    let (queue, median) = choose(rng, &[(("support", 60.0), 55), (("billing", 45.0), 25), (("sales", 25.0), 20)]);
    let local = world::local(second);
    let noon = if (10..14).contains(&local.hour()) { 1.8 } else { 1.0 };
    let monday = if local.weekday() == Weekday::Monday { 1.5 } else { 1.0 };
    let shortage = if queue == "support" && second >= CHANGE { 1.8 } else { 1.0 };
    // Where somebody is free the phone rings once.
    let wait = if rng.random_bool(0.5) { 1.0 + 6.0 * rng.random::<f64>() } else { spread(rng, median * noon * monday * shortage, 2.0) };
    // Some notice at once that they have the wrong number.
    let patience = if rng.random_bool(0.05) { SHORT_SECONDS as f64 * rng.random::<f64>() } else { spread(rng, 300.0, 2.0) };
    let is_answered = wait <= patience;
    let wait_seconds = whole(wait.min(patience));
    Call {
        queued: Time::recorded(rng, second),
        queue,
        // Two systems whose clocks disagree: answered before it rang.
        wait_seconds: if rng.random_bool(0.003) { -1 - wait_seconds } else { wait_seconds },
        is_answered,
        // Counted as both now and then.
        is_short_abandon: if is_answered { rng.random_bool(0.002) } else { wait_seconds < SHORT_SECONDS },
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_calls_wait_less_than_nothing_or_are_answered_and_abandoned() {
        let frame = tests::sample(Table::Calls);
        let waits = frame.column("wait_seconds").unwrap().i64().unwrap();
        let (answered, short) =
            (frame.column("is_answered").unwrap().bool().unwrap(), frame.column("is_short_abandon").unwrap().bool().unwrap());
        tests::assert_few(&frame, |row| waits.get(row) < Some(0));
        tests::assert_few(&frame, |row| answered.get(row) == Some(true) && short.get(row) == Some(true));
    }

    #[test]
    fn most_calls_are_answered_soon_and_some_are_abandoned() {
        let frame = tests::sample(Table::Calls);
        let waits = frame.column("wait_seconds").unwrap().i64().unwrap();
        let (answered, short) =
            (frame.column("is_answered").unwrap().bool().unwrap(), frame.column("is_short_abandon").unwrap().bool().unwrap());
        let share = |of: &dyn Fn(usize) -> bool| (0..frame.height()).filter(|&row| of(row)).count() as f64 / frame.height() as f64;
        let soon = share(&|row| answered.get(row) == Some(true) && waits.get(row) <= Some(20));
        let (abandoned, short) = (share(&|row| answered.get(row) == Some(false)), share(&|row| short.get(row) == Some(true)));
        assert!(
            (0.5..0.7).contains(&soon) && (0.08..0.2).contains(&abandoned) && (0.01..0.05).contains(&short),
            "{soon} {abandoned} {short}"
        );
    }
}
