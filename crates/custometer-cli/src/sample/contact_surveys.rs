//! Answers to a short survey after each contact with the support desk: a chat takes the least effort, and many who call would rather chat.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, Time, choose};

struct Survey {
    time: Time,
    channel: &'static str,
    /// Missing where the question was skipped.
    preferred_channel: Option<&'static str>,
    /// How easy it was, from 1 to 7, unless the question was skipped.
    ease: Option<i64>,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Survey> = seconds.into_iter().map(|second| survey(rng, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("survey_id".into(), chunk.rows.clone().map(|row| format!("A{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
            Column::new("preferred_channel".into(), rows.iter().map(|row| row.preferred_channel).collect::<Vec<_>>()),
            Column::new("ease".into(), rows.iter().map(|row| row.ease).collect::<Vec<_>>()),
        ],
    )
}

fn survey(rng: &mut ChaCha8Rng, second: i64) -> Survey {
    const CHAT: &[(i64, u32)] = &[(1, 3), (2, 4), (3, 6), (4, 10), (5, 20), (6, 32), (7, 25)];
    const EMAIL: &[(i64, u32)] = &[(1, 5), (2, 8), (3, 12), (4, 17), (5, 25), (6, 22), (7, 11)];
    const PHONE: &[(i64, u32)] = &[(1, 10), (2, 12), (3, 16), (4, 18), (5, 20), (6, 16), (7, 8)];
    let (channel, ease, preferred) = choose(
        rng,
        &[
            (("email", EMAIL, [("email", 60), ("chat", 25), ("phone", 15)]), 58),
            (("chat", CHAT, [("chat", 85), ("email", 8), ("phone", 7)]), 22),
            (("phone", PHONE, [("phone", 45), ("chat", 40), ("email", 15)]), 20),
        ],
    );
    let (preferred, ease) = (choose(rng, &preferred), choose(rng, ease));
    // An older survey had ten points.
    let ease = if rng.random_bool(0.003) { 10 } else { ease };
    Survey {
        time: Time::recorded(rng, second),
        channel,
        preferred_channel: rng.random_bool(0.9).then_some(preferred),
        ease: rng.random_bool(0.97).then_some(ease),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_answers_are_off_the_scale_and_some_are_missing() {
        let frame = tests::sample(Table::ContactSurveys);
        let ease = frame.column("ease").unwrap().i64().unwrap();
        tests::assert_few(&frame, |row| ease.get(row) == Some(10));
        assert!((20..80).contains(&ease.null_count()), "{}", ease.null_count());
        assert!(ease.iter().flatten().all(|ease| (1..=7).contains(&ease) || ease == 10));
    }

    #[test]
    fn more_prefer_chat_than_come_by_it() {
        let frame = tests::sample(Table::ContactSurveys);
        let share = |name: &str| {
            let channels = frame.column(name).unwrap().str().unwrap();
            let known = frame.height() - channels.null_count();
            channels.iter().filter(|channel| *channel == Some("chat")).count() as f64 / known as f64
        };
        assert!(share("preferred_channel") > share("channel") + 0.1);
    }
}
