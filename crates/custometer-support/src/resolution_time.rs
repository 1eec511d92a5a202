//! Resolution time: how long until a case is solved.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{
    CALENDAR, MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic, noted, on_clock,
};
use crate::shared::history::{self, BEGAN_SOLVED, FIRST_SOLVED_AT, LAST_SOLVED_AT, Reopened, Stories};
use crate::tables::{CREATED, CREATED_AT, FIRST_SOLVED, SOLVED, SOLVED_AT, TICKETS, TIME, TicketBasis, solved_after_creation};

/// Parameters of [`ResolutionTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResolutionTimeParams {
    /// Up to which solution of a ticket the time is counted.
    pub which: Which,
    /// Where it stands when tickets were solved.
    pub basis: TicketBasis,
    /// The statuses that mean solved; with `basis = "history"` only. `solved` and `closed` unless said.
    pub solved_statuses: Option<Vec<String>>,
    /// What a ticket is that is reopened; with `basis = "history"` only.
    pub reopened: Reopened,
    /// What is reported of the times.
    pub statistic: Statistic,
    /// The longest time that is short enough; with `statistic = "share_within"` only.
    pub within_seconds: Option<f64>,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    pub clock: Clock,
    /// Whether a quantile may be off by 0.4 %, to take less memory on many tickets.
    pub approximate: bool,
}

/// Up to which solution of a ticket the time is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The last one, so that what came after reopening is in it. A ticket that was reopened and not solved again is open.
    #[default]
    Full,
    /// The first one, whatever came after it. Of a table of tickets, the column `first_solved_at` is read.
    First,
}

const STORIES: &[(usize, &str)] = &[
    (1, "a,2025-01-06 09:00:00,new"),
    (1, "a,2025-01-06 11:00:00,solved"),
    (1, "a,2025-01-07 09:00:00,open"),
    (1, "a,2025-01-07 10:00:00,solved"),
    (1, "a,2025-01-20 10:00:00,closed"),
    (1, "b,2025-01-06 12:00:00,new"),
];

/// `support.resolution_time`: how long until a case is solved?
pub struct ResolutionTime;

impl Metric for ResolutionTime {
    type Params = ResolutionTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.resolution_time",
        title: "Resolution time",
        summary: "The time from a ticket's creation to its solution.",
        formula: "mean, median or another quantile of solved_at − created_at over the tickets created in the bucket; or the share of those \
                  that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Tickets that are not solved are left out and counted as `open`; a solution on or after the as-of date is not known yet.",
            "No solved ticket: undefined. One ticket: no interval.",
            "A solution before the ticket's creation is rejected.",
            "With `basis = \"history\"`, a ticket that is solved in its first row has no known creation: it is left out and counted as \
             `began_solved`. Of changes at one instant, those to a solved status come last.",
            "With `basis = \"history\"`, a ticket is created with its first row, and is in the groups of that row. A ticket that comes from one \
             solved status to another, as from `solved` to `closed`, was solved the first time.",
            "With `reopened = \"starts_anew\"`, each reopening begins a case of its own, which is solved or open, in the bucket and groups of the row that \
             reopens it; the one before it stays solved.",
            "In opening hours, a time outside of them is 0 seconds long. With `clock = { column = \"…\" }`, a row that names no calendar of the report is \
             rejected; of a history, the calendar of the row counts from which on the ticket was open.",
        ],
        examples: &[
            Example {
                title: "solved after 2 and after 4 hours, and one that is open",
                header: "created_at,solved_at",
                rows: &[
                    (1, "2025-01-06 09:00:00,2025-01-06 11:00:00"),
                    (1, "2025-01-06 09:00:00,2025-01-06 13:00:00"),
                    (1, "2025-01-06 09:00:00,"),
                ],
                expected: &[("", Some(10_800.0))],
                ..Example::NONE
            },
            Example {
                title: "solved, reopened and solved again after 25 hours; a second one is open",
                params: "basis = \"history\"",
                header: "ticket_id,time,status",
                rows: STORIES,
                expected: &[("", Some(90_000.0))],
                ..Example::NONE
            },
            Example {
                title: "the first solution of the same",
                params: "basis = \"history\"\nwhich = \"first\"",
                header: "ticket_id,time,status",
                rows: STORIES,
                expected: &[("", Some(7_200.0))],
                ..Example::NONE
            },
            Example {
                title: "the same by a clock that starts anew: two hours, then one",
                params: "basis = \"history\"\nreopened = \"starts_anew\"",
                header: "ticket_id,time,status",
                rows: STORIES,
                expected: &[("", Some(5_400.0))],
                ..Example::NONE
            },
        ],
        references: &[MEAN_INTERVAL, QUANTILE_INTERVAL, QUANTILE, SHARE_INTERVAL],
    };

    fn define(params: &ResolutionTimeParams) -> Result<Definition, ParamError> {
        let (definition, solved_at) = match params.basis {
            TicketBasis::Tickets => {
                history::no_statuses(params.solved_statuses.as_ref())?;
                history::no_reopening(params.reopened)?;
                let source = Source::table(TICKETS).at(CREATED_AT).column(CREATED);
                let (source, solved_at) = match params.which {
                    Which::Full => (solved_after_creation(source.column(SOLVED)), SOLVED_AT),
                    Which::First => {
                        let in_order = col(FIRST_SOLVED.name).gt_eq(col(CREATED_AT));
                        (source.column(FIRST_SOLVED).rule("`first_solved_at` is before `created_at`", in_order), FIRST_SOLVED.name)
                    }
                };
                (Definition::over(on_clock(source, &params.clock, &[CREATED_AT, solved_at])), solved_at)
            }
            TicketBasis::History => {
                if (params.which, params.reopened) == (Which::First, Reopened::StartsAnew) {
                    let message = "a case of its own is solved once: its first solution is its last";
                    return Err(ParamError::new("which", message).help("leave one of `which` and `reopened` out"));
                }
                let solved_statuses = history::statuses(params.solved_statuses.as_ref())?;
                let stories = Stories { solved_statuses, reopened: params.reopened, calendar: params.clock.of_row() };
                let source = on_clock(history::source().at(TIME), &params.clock, &[TIME]);
                let solved_at = if params.which == Which::First { FIRST_SOLVED_AT } else { LAST_SOLVED_AT };
                (history::expecting(Definition::over(source), params.solved_statuses.as_ref()).derive(stories), solved_at)
            }
        };
        let (created, solved) = (col(CREATED_AT), col(solved_at).cast(DataType::Int64));
        let mut seconds = match params.basis {
            TicketBasis::Tickets => params.clock.seconds_between(created, solved),
            TicketBasis::History => params.clock.seconds_between_by(&col(CALENDAR), created, solved),
        };
        let mut definition = definition.measure(count("open").filter(col(solved_at).is_null()));
        if params.basis == TicketBasis::History {
            let began_solved = col(BEGAN_SOLVED).eq(lit(1));
            seconds = when(began_solved.clone()).then(lit(NULL)).otherwise(seconds);
            definition = definition.measure(count("began_solved").filter(began_solved.and(col(solved_at).is_not_null())));
        }
        let definition = noted(definition, &params.clock);
        let definition = if params.which == Which::First { definition.note("up to the first solution") } else { definition };
        let definition = history::noted(definition, params.reopened);
        let reported = Reported { statistic: params.statistic, within_seconds: params.within_seconds, approximate: params.approximate };
        reported.measure(definition, "resolution", "solved", &seconds)
    }
}

register_metric!(ResolutionTime);
