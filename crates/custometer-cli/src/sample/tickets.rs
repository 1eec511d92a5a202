//! Support cases: South waits longer than the other regions, and from September on twice as long as before.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{CHANGE, Chunk, Customer, HOUR, Population, SOUTH, Time, YEAR, choose, repeats, spread, whole};

const MINUTE: f64 = 60.0;

pub(super) struct Ticket {
    /// When it was created, whatever was written down.
    pub(super) second: i64,
    created: Time,
    pub(super) first_replied: Option<i64>,
    pub(super) solved: Option<i64>,
    pub(super) channel: &'static str,
    kind: &'static str,
    priority: &'static str,
    region: &'static str,
    customer: i64,
    pub(super) agent_replies: i64,
    pub(super) reopens: i64,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let rows = tickets(chunk, rng);
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("ticket_id".into(), chunk.rows.clone().map(|row| format!("T{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("created_at", rows.iter().map(|row| row.created))?,
            chunk.time_column("first_replied_at", rows.iter().map(|row| row.first_replied.into()))?,
            chunk.time_column("solved_at", rows.iter().map(|row| row.solved.into()))?,
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
            Column::new("kind".into(), rows.iter().map(|row| row.kind).collect::<Vec<_>>()),
            Column::new("priority".into(), rows.iter().map(|row| row.priority).collect::<Vec<_>>()),
            Column::new("region".into(), rows.iter().map(|row| row.region).collect::<Vec<_>>()),
            Column::new("customer_id".into(), rows.iter().map(|row| format!("C{:07}", row.customer)).collect::<Vec<_>>()),
            Column::new("agent_replies".into(), rows.iter().map(|row| row.agent_replies).collect::<Vec<_>>()),
            Column::new("reopens".into(), rows.iter().map(|row| row.reopens).collect::<Vec<_>>()),
        ],
    )
}

/// The tickets of a chunk.
pub(super) fn tickets(chunk: &Chunk, rng: &mut ChaCha8Rng) -> Vec<Ticket> {
    let customers = chunk.population(chunk.total, 0.15);
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    seconds.into_iter().map(|second| ticket(chunk.seed, rng, &customers, second)).collect()
}

fn ticket(seed: u64, rng: &mut ChaCha8Rng, customers: &Population, created: i64) -> Ticket {
    let id = customers.pick(rng, created);
    let region = Customer::new(seed, id).region;
    let (channel, wait) = choose(rng, &[(("email", 2.5 * HOUR), 58), (("chat", 15.0 * MINUTE), 22), (("phone", 40.0 * MINUTE), 20)]);
    let (kind, work, talk) =
        choose(rng, &[(("question", 4.0 * HOUR, 0.25), 60), (("incident", 16.0 * HOUR, 0.5), 28), (("complaint", 26.0 * HOUR, 0.6), 12)]);
    let (priority, pace) = choose(rng, &[(("low", 1.5), 20), (("normal", 1.0), 55), (("high", 0.7), 18), (("urgent", 0.4), 7)]);
    let delay = match region {
        SOUTH if created >= CHANGE => 2.8,
        SOUTH => 1.4,
        _ => 1.0,
    };
    // What has not happened by the end of the year is not known yet.
    let after =
        |rng: &mut ChaCha8Rng, second: i64, median: f64| Some(second + whole(spread(rng, median, 1.5))).filter(|end| YEAR.contains(end));
    let replied = if rng.random_bool(0.94) { after(rng, created, wait * pace * delay) } else { None };
    let solved = replied.filter(|_| rng.random_bool(0.9)).and_then(|replied| after(rng, replied, work * pace));
    // Two systems whose clocks disagree: the reply comes before the question.
    let early = (created - rng.random_range(60..7_200)).max(YEAR.start);
    let clocks_disagree = rng.random_bool(0.003);
    Ticket {
        second: created,
        created: Time::recorded(rng, created),
        first_replied: replied.map(|replied| if clocks_disagree { early } else { replied }),
        solved,
        channel,
        kind,
        priority,
        region,
        customer: id,
        agent_replies: replied.map_or(0, |_| 1 + repeats(rng, talk, 11)),
        reopens: solved.map_or(0, |_| choose(rng, &[(0, 90), (1, 8), (2, 2)])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, tests};

    #[test]
    fn few_replies_precede_their_ticket_and_no_solution_precedes_its_reply() {
        let frame = tests::sample(Table::Tickets);
        let (created, replied, solved) =
            (tests::seconds(&frame, "created_at"), tests::seconds(&frame, "first_replied_at"), tests::seconds(&frame, "solved_at"));
        let both = |row| created.get(row).zip(replied.get(row));
        tests::assert_few(&frame, |row| both(row).is_some_and(|(created, replied)| replied < created));
        let pairs = (0..frame.height()).filter_map(|row| replied.get(row).zip(solved.get(row)));
        assert!(pairs.into_iter().all(|(replied, solved)| replied <= solved));
        assert!((0..frame.height()).all(|row| solved.get(row).is_none() || replied.get(row).is_some()));
    }

    #[test]
    fn unanswered_tickets_have_no_replies() {
        let frame = tests::sample(Table::Tickets);
        let replied = tests::seconds(&frame, "first_replied_at");
        let answers = frame.column("agent_replies").unwrap().i64().unwrap();
        assert!((60..240).contains(&replied.null_count()), "{}", replied.null_count());
        assert!((0..frame.height()).all(|row| replied.get(row).is_none() == (answers.get(row) == Some(0))));
    }
}
