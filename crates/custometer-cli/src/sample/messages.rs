//! Messages in the cases of `tickets`, all of a case in a row: customers ask, bots answer chats at once, agents reply and leave notes
//! for each other.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::table::Table;
use super::tickets::{self, Ticket};
use super::world::{self, Chunk, DAY, HOUR, Time, YEAR, spread, whole};

const PER_TICKET: u64 = 4;

const CUSTOMER: &str = "customer";
const AGENT: &str = "agent";
const BOT: &str = "bot";

struct Message {
    /// Which ticket of the chunk.
    ticket: usize,
    second: i64,
    author: &'static str,
    is_public: bool,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let cases = chunk.of(|rows| rows.div_ceil(PER_TICKET));
    // The tickets are those of the table of tickets, as long as one chunk holds all of either.
    let tickets = tickets::tickets(&cases, &mut world::stream(chunk.seed, Table::Tickets as u64, cases.rows.start));
    let rows = messages(rng, &tickets, chunk.rows.end - chunk.rows.start);
    let numbers = rows.iter().map(|row| cases.rows.start + row.ticket as u64 + 1);
    // A message that was found without its case, and one of a system that nobody has heard of.
    let ids: Vec<Option<String>> = numbers.map(|number| rng.random_bool(0.998).then(|| format!("T{number:07}"))).collect();
    let authors: Vec<&str> = rows.iter().map(|row| if rng.random_bool(0.002) { "gateway" } else { row.author }).collect();
    let times: Vec<Time> = rows.iter().map(|row| Time::recorded(rng, row.second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("message_id".into(), chunk.rows.clone().map(|row| format!("M{:07}", row + 1)).collect::<Vec<_>>()),
            Column::new("ticket_id".into(), ids),
            chunk.time_column("time", times.into_iter())?,
            Column::new("author".into(), authors),
            Column::new("is_public".into(), rows.iter().map(|row| row.is_public).collect::<Vec<_>>()),
            Column::new("channel".into(), rows.iter().map(|row| tickets[row.ticket].channel).collect::<Vec<_>>()),
        ],
    )
}

/// So many messages, by ticket and time: those that every case has, and for the rest notes and second thoughts.
fn messages(rng: &mut ChaCha8Rng, tickets: &[Ticket], count: u64) -> Vec<Message> {
    let mut rows = Vec::new();
    for (index, ticket) in tickets.iter().enumerate() {
        conversation(rng, ticket, index, &mut rows);
    }
    while (rows.len() as u64) < count {
        let index = rng.random_range(0..tickets.len());
        let ticket = &tickets[index];
        rows.push(if rng.random_bool(0.7) {
            let work = (last(ticket) - ticket.second) as f64 * rng.random::<f64>();
            Message { ticket: index, second: ticket.second + whole(work), author: AGENT, is_public: false }
        } else {
            let second = (ticket.second + whole(spread(rng, 0.2 * HOUR, 2.0))).min(YEAR.end - 1);
            Message { ticket: index, second, author: CUSTOMER, is_public: true }
        });
    }
    // Stable, so that an answer in the same second stays behind its question.
    rows.sort_by_key(|row| (row.ticket, row.second));
    rows.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    rows
}

/// Question and answer in turn, as many as the ticket says.
fn conversation(rng: &mut ChaCha8Rng, ticket: &Ticket, index: usize, rows: &mut Vec<Message>) {
    let mut say = |author, second| rows.push(Message { ticket: index, second, author, is_public: true });
    say(CUSTOMER, ticket.second);
    if ticket.channel == "chat" && rng.random_bool(0.7) {
        say(BOT, (ticket.second + rng.random_range(1..8)).min(YEAR.end - 1));
    }
    let Some(first) = ticket.first_replied else { return };
    say(AGENT, first);
    let talk = (last(ticket) - first.max(ticket.second)) as f64;
    let mut turns: Vec<i64> =
        (1..2 * ticket.agent_replies - 1).map(|_| first.max(ticket.second) + whole(talk * rng.random::<f64>())).collect();
    turns.sort_unstable();
    for (&turn, author) in turns.iter().zip([CUSTOMER, AGENT].into_iter().cycle()) {
        say(author, turn);
    }
}

/// The last second in which there is something to say.
fn last(ticket: &Ticket) -> i64 {
    let replied = ticket.first_replied.map_or(ticket.second, |first| first.max(ticket.second));
    ticket.solved.unwrap_or(replied + whole(DAY)).min(YEAR.end - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Table, tests};

    #[test]
    fn few_messages_lack_a_ticket_or_have_an_unknown_author() {
        let frame = tests::sample(Table::Messages);
        let (tickets, authors) = (frame.column("ticket_id").unwrap().str().unwrap(), frame.column("author").unwrap().str().unwrap());
        tests::assert_few(&frame, |row| tickets.get(row).is_none());
        tests::assert_few(&frame, |row| !["customer", "agent", "bot"].contains(&authors.get(row).unwrap()));
    }

    #[test]
    fn the_first_public_reply_of_an_agent_is_the_tickets_own() {
        let (tickets, messages) = (tests::sample(Table::Tickets), tests::sample(Table::Messages));
        let (cases, authors) = (messages.column("ticket_id").unwrap().str().unwrap(), messages.column("author").unwrap().str().unwrap());
        let (times, public) = (tests::seconds(&messages, "time"), messages.column("is_public").unwrap().bool().unwrap());
        let mut replies: BTreeMap<&str, Vec<Option<i64>>> = BTreeMap::new();
        for row in (0..messages.height()).filter(|&row| authors.get(row) == Some("agent") && public.get(row) == Some(true)) {
            if let Some(case) = cases.get(row) {
                replies.entry(case).or_default().push(times.get(row));
            }
        }
        let ids = tickets.column("ticket_id").unwrap().str().unwrap();
        let (replied, count) = (tests::seconds(&tickets, "first_replied_at"), tickets.column("agent_replies").unwrap().i64().unwrap());
        let mut agreeing = 0;
        for row in 0..tickets.height() {
            let replies = replies.get(ids.get(row).unwrap()).map_or(&[][..], Vec::as_slice);
            let first = replies.iter().flatten().min().copied();
            agreeing += usize::from(replies.len() as u64 == count.get(row).unwrap().cast_unsigned() && first == replied.get(row));
        }
        // All but those of which a message is damaged.
        assert!(agreeing * 100 > tickets.height() * 98 && agreeing < tickets.height(), "{agreeing} of {}", tickets.height());
    }
}
