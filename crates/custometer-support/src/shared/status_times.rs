//! Ticket history → how long each ticket was in statuses of each kind, by a clock.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Clock};
use custometer_core::words;
use polars::prelude::DataType;

use crate::shared::durations::{Reported, noted, on_clock};
use crate::shared::history::{self, BEGAN_SOLVED, Reopened, STATUS, open_stretches};
use crate::tables::{TICKET_ID, TIME};

/// 1 for a case that is solved, in the rows of [`StatusTimes`]; 0 while it is open.
pub(crate) const IS_SOLVED: &str = "is_solved";
/// The seconds in statuses of each kind, until the solution, or up to now where there is none: those that wait for an agent, for the requester, for
/// somebody else, and those that mean solved before a reopening.
pub(crate) const OPEN: &str = "open_seconds";
pub(crate) const PENDING: &str = "pending_seconds";
pub(crate) const ON_HOLD: &str = "on_hold_seconds";
pub(crate) const SOLVED: &str = "solved_seconds";
/// The target of a case when it is solved, or now; missing where it has none.
pub(crate) const TARGET: &str = "target_seconds";
/// A target of a row that is known to have none.
pub(crate) const NO_TARGET: f64 = -1.0;

/// The kinds of statuses, in the order in which changes of one instant are read; all others mean that an agent is to act.
const KINDS: [&str; 4] = [OPEN, PENDING, ON_HOLD, SOLVED];
const MEANS_SOLVED: i64 = 3;

/// Which statuses mean what; any other means that an agent is to act.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statuses {
    pub(crate) pending: Vec<String>,
    pub(crate) on_hold: Vec<String>,
    pub(crate) solved: Vec<String>,
}

impl Statuses {
    /// The number of a row's kind.
    fn kind(&self) -> Expr {
        let later = (1_i64..).zip([&self.pending, &self.on_hold, &self.solved]);
        later.fold(lit(0_i64), |kind, (number, statuses)| when(is_one_of(STATUS.name, statuses)).then(lit(number)).otherwise(kind))
    }
}

/// Status changes → one row per ticket, in the bucket of its creation and with the attributes of its first row; or, where each reopening begins a
/// case of its own, one per case, in the bucket and with the attributes of the row that begins it.
///
/// A stretch of time counts on the calendar of the row that it begins with. A target holds from its row until another one has one.
#[derive(Debug)]
pub(crate) struct StatusTimes {
    pub(crate) statuses: Statuses,
    pub(crate) reopened: Reopened,
    pub(crate) clock: Clock,
    /// The target of a row in seconds, [`NO_TARGET`] where it has none; NaN where it says nothing of it.
    pub(crate) target: Option<Expr>,
}

impl Derive for StatusTimes {
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
        let integers = [col(TIME).cast(DataType::Int64), self.statuses.kind(), col(BUCKET), self.clock.of_row().number()];
        let target = self.target.clone().unwrap_or_else(|| lit(f64::NAN));
        let tickets = Entities::with_attributes(rows, TICKET_ID, context).integers(integers).numbers([target]);
        let (reopened, counter, known_until) = (self.reopened, self.clock.counter(), context.known_until());
        let numbers = [OPEN, PENDING, ON_HOLD, SOLVED, TARGET];
        Ok(tickets.derive("status_times", [BUCKET, BEGAN_SOLVED, IS_SOLVED], numbers, move |ticket, derived| {
            let ([times, kinds, buckets, calendars], [targets]) = (ticket.integers(), ticket.numbers());
            let is_solved: Vec<i64> = kinds.iter().map(|kind| i64::from(*kind == MEANS_SOLVED)).collect();
            for case in reopened.cases(&open_stretches(&is_solved)) {
                let (first, solved) = (case[0].0, case[case.len() - 1].1);
                let end = solved.unwrap_or(ticket.len());
                let mut passed = [0.0; KINDS.len()];
                for row in first..end {
                    let until = times.get(row + 1).copied().unwrap_or(known_until).max(times[row]);
                    let microseconds = counter.microseconds(calendars[row], times[row], until);
                    let kind = usize::try_from(kinds[row]).unwrap_or_default();
                    // Exact: microseconds fit a float for 285 years.
                    passed[kind] += microseconds.map_or(f64::NAN, |microseconds| microseconds as f64);
                }
                let said = targets.iter().take(end + 1).rev().find(|target| !target.is_nan());
                let target = said.copied().filter(|target| *target > NO_TARGET).unwrap_or(f64::NAN);
                let [open, pending, on_hold, solved_seconds] = passed.map(|microseconds| microseconds / 1e6);
                let integers = [buckets[first], is_solved[first], i64::from(solved.is_some())];
                derived.push_like(ticket, first, integers, [open, pending, on_hold, solved_seconds, target]);
            }
        }))
    }
}

/// What a report says of the statuses of tickets that wait, and of how their waits are counted.
#[derive(Clone, Copy)]
pub(crate) struct Waits<'a> {
    pub(crate) open_statuses: Option<&'a Vec<String>>,
    pub(crate) pending_statuses: Option<&'a Vec<String>>,
    pub(crate) on_hold_statuses: Option<&'a Vec<String>>,
    pub(crate) solved_statuses: Option<&'a Vec<String>>,
    pub(crate) reopened: Reopened,
    pub(crate) clock: &'a Clock,
    pub(crate) reported: Reported,
}

/// The statuses of a kind: the parameter that names them, what they are in Zendesk, and what is given.
struct List<'a> {
    param: &'static str,
    usual: &'static [&'static str],
    given: Option<&'a Vec<String>>,
}

impl List<'_> {
    fn statuses(&self) -> Vec<String> {
        self.given.cloned().unwrap_or_else(|| self.usual.iter().map(|&status| status.to_owned()).collect())
    }
}

const UNKNOWN: &str = "is in none of `open_statuses`, `pending_statuses`, `on_hold_statuses` and `solved_statuses`";

impl<'a> Waits<'a> {
    fn lists(&self) -> [List<'a>; 4] {
        [
            List { param: "open_statuses", usual: &["new", "open"], given: self.open_statuses },
            List { param: "pending_statuses", usual: &["pending"], given: self.pending_statuses },
            List { param: "on_hold_statuses", usual: &["hold", "on-hold", "on hold", "on_hold"], given: self.on_hold_statuses },
            List { param: "solved_statuses", usual: &history::SOLVED, given: self.solved_statuses },
        ]
    }

    /// Refuses what is said of a history where messages are read.
    pub(crate) fn refuse_of_messages(&self) -> Result<(), ParamError> {
        let statuses = self.lists().into_iter().find(|list| list.given.is_some()).map(|list| list.param);
        let reopened = (self.reopened != Reopened::GoesOn).then_some("reopened");
        statuses.or(reopened).map_or(Ok(()), |param| {
            Err(ParamError::new(param, "messages have no status").help("leave it out, or take `basis = \"history\"`"))
        })
    }

    /// The definition over histories, of these seconds of each case.
    pub(crate) fn definition(&self, waited: &Expr) -> Result<Definition, ParamError> {
        let lists = self.lists();
        let [open, pending, on_hold, solved] = lists.each_ref().map(List::statuses);
        words::require("open_statuses", &open)?;
        words::require("solved_statuses", &solved)?;
        let all = [&open, &pending, &on_hold, &solved];
        let by_param: Vec<(&str, &[String])> = lists.iter().zip(all).map(|(list, statuses)| (list.param, statuses.as_slice())).collect();
        words::refuse_ambiguous(&by_param)?;
        let known: Vec<String> = all.into_iter().flatten().cloned().collect();
        let is_known = is_one_of(STATUS.name, &known);
        let source = history::source().always_at(TIME).rule_of(STATUS.name, format!("`status` {UNKNOWN}"), is_known).all_or_none(TICKET_ID);
        let named = lists.iter().filter_map(|list| Some((list.param, list.given?)));
        let definition = named.fold(Definition::over(on_clock(source, self.clock, &[TIME])), |definition, (param, given)| {
            definition.expects(STATUS.name, param, given)
        });
        let definition = if self.solved_statuses.is_some() { definition } else { history::expecting(definition, None) };
        let times = StatusTimes {
            statuses: Statuses { pending, on_hold, solved },
            reopened: self.reopened,
            clock: self.clock.clone(),
            target: None,
        };
        let is_solved = || col(IS_SOLVED).eq(lit(1));
        let began_solved = || col(BEGAN_SOLVED).eq(lit(1));
        let counted = || is_solved().and(began_solved().not());
        let definition = definition
            .derive(times)
            .measure(count("open").filter(is_solved().not()))
            .measure(count("began_solved").filter(is_solved().and(began_solved())));
        let definition = KINDS.into_iter().fold(definition, |definition, kind| definition.measure(sum(kind, col(kind)).filter(counted())));
        let definition = history::noted(noted(definition, self.clock), self.reopened);
        self.reported.measure(definition, "wait", "solved", &when(counted()).then(waited.clone()).otherwise(lit(NULL)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_mean_one_thing_each() {
        let (twice, none) = (vec!["open".to_owned(), "wait".to_owned()], Vec::new());
        let waits = Waits {
            open_statuses: None,
            pending_statuses: None,
            on_hold_statuses: None,
            solved_statuses: None,
            reopened: Reopened::GoesOn,
            clock: &Clock::Calendar,
            reported: Reported::default(),
        };
        let refused = |waits: Waits<'_>| waits.definition(&col(OPEN)).map(|_| ()).map_err(|error| error.path.concat());
        assert_eq!(refused(Waits { pending_statuses: Some(&twice), ..waits }), Err("pending_statuses".to_owned()));
        assert_eq!(refused(Waits { open_statuses: Some(&none), ..waits }), Err("open_statuses".to_owned()));
        // A desk may put nothing on hold.
        assert_eq!(refused(Waits { on_hold_statuses: Some(&none), ..waits }), Ok(()));
        assert_eq!(refused(waits), Ok(()));
    }
}
