//! What became of the cases of `tickets`, all changes of a case in a row: new, then with the agents, the customer or somebody else, solved, and closed
//! some days later.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::table::Table;
use super::tickets::{self, Ticket};
use super::world::{self, Chunk, DAY, Time, YEAR, choose, repeats, whole};

const PER_TICKET: u64 = 4;

struct Change {
    /// Which ticket of the chunk.
    ticket: usize,
    second: i64,
    status: &'static str,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let cases = chunk.of(|rows| rows.div_ceil(PER_TICKET));
    // The tickets are those of the table of tickets, as long as one chunk holds all of either.
    let tickets = tickets::tickets(&cases, &mut world::stream(chunk.seed, Table::Tickets as u64, cases.rows.start));
    let rows = changes(rng, &tickets, chunk.rows.end - chunk.rows.start);
    let ids: Vec<String> = rows.iter().map(|row| format!("T{:07}", cases.rows.start + row.ticket as u64 + 1)).collect();
    let times: Vec<Time> = rows.iter().map(|row| Time::recorded(rng, row.second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("ticket_id".into(), ids),
            chunk.time_column("time", times.into_iter())?,
            Column::new("status".into(), rows.iter().map(|row| row.status).collect::<Vec<_>>()),
            Column::new("channel".into(), rows.iter().map(|row| tickets[row.ticket].channel).collect::<Vec<_>>()),
        ],
    )
}

/// So many changes, by ticket and time: those that every case has, and for the rest updates after which nothing is different.
fn changes(rng: &mut ChaCha8Rng, tickets: &[Ticket], count: u64) -> Vec<Change> {
    let mut rows = Vec::new();
    for (index, ticket) in tickets.iter().enumerate() {
        story(rng, ticket, index, &mut rows);
    }
    while (rows.len() as u64) < count {
        let index = rng.random_range(0..tickets.len());
        rows.push(Change { ticket: index, second: tickets[index].second, status: "new" });
    }
    // Stable, so that what a ticket becomes in the second of another change stays behind it.
    rows.sort_by_key(|row| (row.ticket, row.second));
    rows.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    rows
}

/// Whose turn it is, in turn, until the ticket is solved, as often as it says.
fn story(rng: &mut ChaCha8Rng, ticket: &Ticket, index: usize, rows: &mut Vec<Change>) {
    let mut becomes = |status, second| rows.push(Change { ticket: index, second, status });
    becomes("new", ticket.second);
    let Some(first) = ticket.first_replied.map(|first| first.max(ticket.second)) else { return };
    becomes(choose(rng, &[("pending", 6), ("open", 3), ("hold", 1)]), first);
    let Some(solved) = ticket.solved else { return };
    let waits = repeats(rng, 0.3, 3);
    let mut turns: Vec<i64> =
        (0..waits + 2 * ticket.reopens).map(|_| first + whole((solved - first) as f64 * rng.random::<f64>())).collect();
    turns.sort_unstable();
    let reopenings = turns.split_off(usize::try_from(waits).unwrap_or_default());
    for turn in turns {
        becomes(choose(rng, &[("open", 5), ("pending", 3), ("hold", 2)]), turn);
    }
    for (turn, status) in reopenings.into_iter().zip(["solved", "open"].into_iter().cycle()) {
        becomes(status, turn);
    }
    becomes("solved", solved);
    if let Some(closed) = Some(solved + 4 * whole(DAY)).filter(|closed| YEAR.contains(closed)) {
        becomes("closed", closed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Table, tests};

    #[test]
    fn tickets_are_solved_when_their_table_says() {
        let (tickets, history) = (tests::sample(Table::Tickets), tests::sample(Table::TicketHistory));
        let (cases, statuses) = (history.column("ticket_id").unwrap().str().unwrap(), history.column("status").unwrap().str().unwrap());
        let times = tests::seconds(&history, "time");
        let mut solved: BTreeMap<&str, Option<i64>> = BTreeMap::new();
        for row in (0..history.height()).filter(|&row| statuses.get(row) == Some("solved")) {
            solved.insert(cases.get(row).unwrap(), times.get(row));
        }
        let (ids, told) = (tickets.column("ticket_id").unwrap().str().unwrap(), tests::seconds(&tickets, "solved_at"));
        let agrees = |row: &usize| solved.get(ids.get(*row).unwrap()).copied().flatten() == told.get(*row);
        let agreeing = (0..tickets.height()).filter(agrees).count();
        // All but those whose row is damaged, and the last, whose rows are cut off.
        assert!(agreeing * 100 > tickets.height() * 95 && agreeing < tickets.height(), "{agreeing} of {}", tickets.height());
    }
}
