//! Ticket history → created, first and last solved, reopened, and when each ticket was open.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use custometer_core::{Derived, Entity};
use polars::prelude::DataType;

use crate::tables::{CREATED_AT, REOPENS, TICKET, TICKET_HISTORY, TICKET_ID, TIME};

/// When a ticket was first solved, in the rows of [`Stories`]; missing while it never was.
pub(crate) const FIRST_SOLVED_AT: &str = "first_solved_at";
/// When it was last solved; missing while it is open.
pub(crate) const LAST_SOLVED_AT: &str = "last_solved_at";
/// 1 for a ticket whose first row means solved, so that its creation is not known; 0 for the others.
pub(crate) const BEGAN_SOLVED: &str = "began_solved";

/// The statuses that mean solved unless a report says others.
const SOLVED: [&str; 2] = ["solved", "closed"];
const STATUS: Column = Column::text("status")
    .also_called(
        "state, new status, status to, to status, new state, new value, value, stage, status efter, ny status, tilstand, \
         status etter, neuer status, zustand",
    )
    .describe("what the ticket became then");

/// The changes of tickets' statuses. Their first one is their creation.
pub(crate) fn source() -> Source {
    Source::table(TICKET_HISTORY)
        .column(TICKET)
        .column(Column::time(TIME).also_called(names::TIME).describe("when the status changed"))
        .column(STATUS)
}

/// The statuses that a report says mean solved, or the usual ones.
pub(crate) fn statuses(given: Option<&Vec<String>>) -> Result<Vec<String>, ParamError> {
    match given {
        Some(statuses) if statuses.is_empty() => {
            Err(ParamError::new("solved_statuses", "no status means solved").help("leave it out for `solved` and `closed`"))
        }
        Some(statuses) => Ok(statuses.clone()),
        None => Ok(SOLVED.map(str::to_owned).into()),
    }
}

/// A definition over histories that says so when no row has the statuses that mean solved.
pub(crate) fn expecting(definition: Definition, given: Option<&Vec<String>>) -> Definition {
    match given {
        Some(statuses) => definition.expects(STATUS.name, "solved_statuses", statuses),
        None => definition.expects_any(STATUS.name, "solved_statuses", &SOLVED.map(str::to_owned)),
    }
}

/// Refuses statuses where no history is read.
pub(crate) fn no_statuses(given: Option<&Vec<String>>) -> Result<(), ParamError> {
    given.map_or(Ok(()), |_| {
        Err(ParamError::new("solved_statuses", "a table of tickets says itself when they were solved")
            .help("leave it out, or take `basis = \"history\"`"))
    })
}

/// The rows of each ticket, in order: their time, whether the status means solved, and the bucket. Of rows of one instant, those that mean
/// solved come last.
pub(crate) fn changes(rows: LazyFrame, solved_statuses: &[String], context: &DeriveContext) -> Entities {
    let is_solved = is_one_of(STATUS.name, solved_statuses);
    Entities::with_attributes(rows, TICKET_ID, context).integers([col(TIME).cast(DataType::Int64), is_solved, col(BUCKET)])
}

/// The stretches in which a ticket is open: the position of the row that opens it, and of the one that solves it. A ticket that is created
/// as solved is open from its first row to its first row.
pub(crate) fn open_stretches(is_solved: &[i64]) -> Vec<(usize, Option<usize>)> {
    let mut stretches: Vec<(usize, Option<usize>)> = vec![(0, None)];
    for (row, solved) in is_solved.iter().enumerate() {
        let last = stretches.len() - 1;
        match (*solved != 0, stretches[last].1) {
            (true, None) => stretches[last].1 = Some(row),
            (false, Some(_)) => stretches.push((row, None)),
            _ => {}
        }
    }
    stretches
}

/// Status changes → one row per ticket, in the bucket of its creation and with the attributes of its first row.
///
/// A ticket is solved when it comes from a status that does not mean so to one that does: to be closed after that is nothing new.
#[derive(Debug)]
pub(crate) struct Stories {
    /// The statuses that mean solved.
    pub(crate) solved_statuses: Vec<String>,
}

impl Derive for Stories {
    fn entity(&self) -> &'static str {
        TICKET_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let tickets = changes(rows, &self.solved_statuses, context);
        Ok(tickets.derive("ticket_stories", [BUCKET, CREATED_AT, BEGAN_SOLVED, REOPENS.name], [FIRST_SOLVED_AT, LAST_SOLVED_AT], story))
    }
}

fn story(ticket: &Entity<'_>, derived: &mut Derived<4, 2>) {
    let [times, is_solved, buckets] = ticket.integers();
    let stretches = open_stretches(is_solved);
    // Exact: microseconds since 1970 fit a float for 285 years.
    let solved_at =
        |stretch: Option<&(usize, Option<usize>)>| stretch.and_then(|(_, solved)| *solved).map_or(f64::NAN, |row| times[row] as f64);
    let reopens = i64::try_from(stretches.len() - 1).unwrap_or(i64::MAX);
    derived.push(ticket, [buckets[0], times[0], is_solved[0], reopens], [solved_at(stretches.first()), solved_at(stretches.last())]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_open_from_its_creation_or_reopening_until_it_is_solved() {
        assert_eq!(open_stretches(&[0]), [(0, None)]);
        assert_eq!(open_stretches(&[0, 0, 1, 1]), [(0, Some(2))]);
        assert_eq!(open_stretches(&[0, 1, 0, 0, 1, 1]), [(0, Some(1)), (2, Some(4))]);
        assert_eq!(open_stretches(&[1, 0]), [(0, Some(0)), (1, None)]);
    }
}
