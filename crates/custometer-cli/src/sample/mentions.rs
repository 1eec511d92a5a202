//! Mentions of us and our competitors in public: evenings are loud, and from September on many complain about us.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{CHANGE, Chunk, Time, choose};

/// Our own brand; the others are competitors.
const OWN: &str = "Acme";

struct Mention {
    time: Time,
    platform: &'static str,
    brand: &'static str,
    /// Missing where nobody judged it.
    sentiment: Option<&'static str>,
    /// One topic or several; missing where nobody sorted it.
    category: Option<String>,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Mention> = seconds.into_iter().map(|second| mention(rng, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("mention_id".into(), chunk.rows.clone().map(|row| format!("N{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("platform".into(), rows.iter().map(|row| row.platform).collect::<Vec<_>>()),
            Column::new("brand".into(), rows.iter().map(|row| row.brand).collect::<Vec<_>>()),
            Column::new("sentiment".into(), rows.iter().map(|row| row.sentiment).collect::<Vec<_>>()),
            Column::new("category".into(), rows.iter().map(|row| row.category.as_deref()).collect::<Vec<_>>()),
        ],
    )
}

fn mention(rng: &mut ChaCha8Rng, second: i64) -> Mention {
    let brand = choose(rng, &[(OWN, 46), ("Globex", 30), ("Initech", 24)]);
    let anger = if brand == OWN && second >= CHANGE { 16 } else { 0 };
    let sentiment = choose(rng, &[("positive", 36 - anger), ("neutral", 42), ("negative", 22 + anger)]);
    Mention {
        time: Time::recorded(rng, second),
        platform: choose(rng, &[("social", 58), ("forum", 24), ("video", 11), ("news", 7)]),
        brand,
        // A judgement that says neither.
        sentiment: if rng.random_bool(0.003) { Some("mixed") } else { rng.random_bool(0.96).then_some(sentiment) },
        category: rng.random_bool(0.94).then(|| topics(rng, anger)),
    }
}

fn topics(rng: &mut ChaCha8Rng, anger: u32) -> String {
    let weighted =
        [("technical", 24 + anger), ("answerable", 22), ("price", 18), ("praise", 26 - anger), ("suggestion", 12), ("competitor", 8)];
    let mut topics = vec![choose(rng, &weighted)];
    while topics.len() < 3 && rng.random_bool(0.22) {
        let topic = choose(rng, &weighted);
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    topics.join("|")
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_sentiments_are_unknown_and_some_are_missing() {
        let frame = tests::sample(Table::Mentions);
        let sentiments = frame.column("sentiment").unwrap().str().unwrap();
        tests::assert_few(&frame, |row| sentiments.get(row) == Some("mixed"));
        assert!((40..130).contains(&sentiments.null_count()), "{}", sentiments.null_count());
    }

    #[test]
    fn some_mentions_have_several_topics_and_none_has_one_twice() {
        let frame = tests::sample(Table::Mentions);
        let mut several = 0;
        for category in frame.column("category").unwrap().str().unwrap().iter().flatten() {
            let topics: Vec<&str> = category.split('|').collect();
            let distinct: std::collections::BTreeSet<&&str> = topics.iter().collect();
            assert_eq!(topics.len(), distinct.len(), "{category}");
            several += usize::from(topics.len() > 1);
        }
        assert!((200..600).contains(&several), "{several}");
    }
}
