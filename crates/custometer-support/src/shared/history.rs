//! Ticket history → created, first and last solved, reopened, and when each ticket was open.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, CalendarOfRow};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::CALENDAR;
use crate::tables::{CREATED_AT, REOPENS, TICKET, TICKET_HISTORY, TICKET_ID, TIME};

/// When a ticket was first solved, in the rows of [`Stories`]; missing while it never was.
pub(crate) const FIRST_SOLVED_AT: &str = "first_solved_at";
/// When it was last solved; missing while it is open.
pub(crate) const LAST_SOLVED_AT: &str = "last_solved_at";
/// 1 for a ticket whose first row means solved, so that its creation is not known; 0 for the others.
pub(crate) const BEGAN_SOLVED: &str = "began_solved";

/// What a ticket is to the clock that is solved and reopened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reopened {
    /// The same case: the clock goes on.
    #[default]
    GoesOn,
    /// A case of its own, in the bucket and groups of the row that reopens it: the clock starts anew.
    StartsAnew,
}

impl Reopened {
    /// The stretches in which a ticket is open, those of each case together.
    pub(crate) fn cases(self, stretches: &[OpenStretch]) -> Vec<&[OpenStretch]> {
        match self {
            Self::GoesOn => vec![stretches],
            Self::StartsAnew => stretches.chunks(1).collect(),
        }
    }
}

/// The position of the row that opens a ticket, and of the one that solves it.
pub(crate) type OpenStretch = (usize, Option<usize>);

/// The statuses that mean solved unless a report says others.
pub(crate) const SOLVED: [&str; 2] = ["solved", "closed"];
pub(crate) const STATUS: Column = Column::text("status")
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

/// Refuses to start a clock anew where no history is read.
pub(crate) fn no_reopening(reopened: Reopened) -> Result<(), ParamError> {
    if reopened == Reopened::GoesOn {
        return Ok(());
    }
    Err(ParamError::new("reopened", "a table of tickets does not say when they were reopened")
        .help("leave it out, or take `basis = \"history\"`"))
}

/// Says of a definition that its clock starts anew, where it does.
pub(crate) fn noted(definition: Definition, reopened: Reopened) -> Definition {
    match reopened {
        Reopened::GoesOn => definition,
        Reopened::StartsAnew => definition.note("each reopening is a case of its own"),
    }
}

/// The rows of each ticket, in order: their time, whether the status means solved, the bucket and the number of the calendar. Of rows of one
/// instant, those that mean solved come last.
pub(crate) fn changes(rows: LazyFrame, solved_statuses: &[String], calendar: &CalendarOfRow, context: &DeriveContext) -> Entities {
    let is_solved = is_one_of(STATUS.name, solved_statuses);
    Entities::with_attributes(rows, TICKET_ID, context).integers([
        col(TIME).cast(DataType::Int64),
        is_solved,
        col(BUCKET),
        calendar.number(),
    ])
}

/// The stretches in which a ticket is open. One that is created as solved is open from its first row to its first row.
pub(crate) fn open_stretches(is_solved: &[i64]) -> Vec<OpenStretch> {
    let mut stretches: Vec<OpenStretch> = vec![(0, None)];
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

/// Status changes → one row per ticket, in the bucket of its creation and with the attributes of its first row; or, where a clock starts anew with
/// each reopening, one per solution to come, in the bucket and with the attributes of the row from which on it was open.
///
/// A ticket is solved when it comes from a status that does not mean so to one that does: to be closed after that is nothing new.
#[derive(Debug)]
pub(crate) struct Stories {
    /// The statuses that mean solved.
    pub(crate) solved_statuses: Vec<String>,
    pub(crate) reopened: Reopened,
    /// Which calendar counts: that of the row from which on the ticket was open.
    pub(crate) calendar: CalendarOfRow,
}

impl Derive for Stories {
    fn entity(&self) -> &'static str {
        TICKET_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let tickets = changes(rows, &self.solved_statuses, &self.calendar, context);
        let reopened = self.reopened;
        let integers = [BUCKET, CREATED_AT, BEGAN_SOLVED, REOPENS.name, CALENDAR];
        Ok(tickets.derive("ticket_stories", integers, [FIRST_SOLVED_AT, LAST_SOLVED_AT], move |ticket, derived| {
            let [times, is_solved, buckets, calendars] = ticket.integers();
            let stretches = open_stretches(is_solved);
            // Exact: microseconds since 1970 fit a float for 285 years.
            let solved_at =
                |stretch: Option<&OpenStretch>| stretch.and_then(|(_, solved)| *solved).map_or(f64::NAN, |row| times[row] as f64);
            for case in reopened.cases(&stretches) {
                let (row, reopens) = (case[0].0, i64::try_from(case.len() - 1).unwrap_or(i64::MAX));
                let integers = [buckets[row], times[row], is_solved[row], reopens, calendars[row]];
                derived.push_like(ticket, row, integers, [solved_at(case.first()), solved_at(case.last())]);
            }
        }))
    }
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
