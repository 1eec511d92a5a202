//! Backlog: open cases at the end of each bucket.

use custometer_core::Entity;
use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, CalendarOfRow, Clock};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{CALENDAR, QUANTILE, QUANTILE_INTERVAL, noted, on_clock};
use crate::shared::history;
use crate::tables::{CREATED, CREATED_AT, SOLVED, SOLVED_AT, TICKET, TICKET_ID, TICKETS, TIME, TicketBasis, solved_after_creation};

/// Parameters of [`Backlog`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BacklogParams {
    /// What is told of the open tickets.
    pub show: Show,
    /// From which age on, exclusive, a ticket is old; with `show = "older_than"` only.
    pub older_than_hours: Option<f64>,
    /// Where the table says when tickets were open.
    pub basis: TicketBasis,
    /// The statuses that mean solved; with `basis = "history"` only. `solved` and `closed` unless said.
    pub solved_statuses: Option<Vec<String>>,
    /// Which time ages count: `calendar` for all of it, or the name of one of the report's calendars for its opening hours.
    pub clock: Clock,
    /// Whether a quantile of ages may be off by 0.4 %, to take less memory on many tickets.
    pub approximate: bool,
}

/// What is told of the open tickets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// How many there are.
    #[default]
    Open,
    /// How many of them are older than `older_than_hours`.
    OlderThan,
    /// The age that half of them do not exceed.
    AgeMedian,
    /// The age that nine of ten do not exceed.
    AgeP90,
}

/// What a movement of the backlog is.
const MOVEMENT: &str = "movement";
const IS_CREATED: i64 = 0;
const IS_SOLVED: i64 = 1;
const IS_REOPENED: i64 = 2;
/// When the backlog was looked at.
const AT: &str = "at";

const TWO_MONTHS: &str = "from = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01\ngrain = \"month\"";

const FOUR_TICKETS: &[(usize, &str)] = &[
    (1, "a,2024-12-31 00:00:00,2025-02-10"),
    (1, "b,2025-01-10 00:00:00,2025-01-20"),
    (1, "c,2025-01-30 00:00:00,"),
    (1, "d,2025-02-27 12:00:00,"),
];

/// `support.backlog`: how much waits to be done?
pub struct Backlog;

impl Metric for Backlog {
    type Params = BacklogParams;

    const ABOUT: &'static About = &About {
        id: "support.backlog",
        title: "Backlog",
        summary: "The tickets that are open at the end of a bucket: how many, how many of them are old, or how old they are.",
        formula: "opening + created − solved + reopened; tickets older than `older_than_hours`; the median or the 90th percentile of the ages",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No open ticket: their number is 0, their age undefined.",
            "Tickets from before the report's period are open until they are solved. A report without a period has that of its data, and nothing \
             is open before it.",
            "A backlog is a stock: the backlog of a year is the one at its end, and not the sum over its months.",
            "A ticket that is created or solved at the instant a bucket ends belongs to the next one.",
            "What happened on or after the as-of date is not known yet. In a bucket that is not over by then, the backlog and the ages \
             are those on the as-of date; later buckets have no open ticket with an age.",
            "A table of tickets has their last solution only, so a ticket that was reopened counts as open all the time until then; with \
             `basis = \"history\"`, it is open from its first row until it is solved, and from each reopening until it is solved again.",
            "A ticket's age is counted from its creation, also when it was reopened.",
            "A ticket is in the groups of its first row. A solution before its creation is rejected.",
            "Ages need memory for one row per ticket and bucket at whose end it is open.",
        ],
        examples: &[
            Example {
                title: "two open tickets at the end of January, two at the end of February",
                report: TWO_MONTHS,
                header: "ticket_id,created_at,solved_at",
                rows: FOUR_TICKETS,
                expected: &[("2025-01-01", Some(2.0)), ("2025-02-01", Some(2.0))],
                ..Example::NONE
            },
            Example {
                title: "those of them that are older than 48 hours: one of just 48 hours is not",
                report: TWO_MONTHS,
                params: "show = \"older_than\"\nolder_than_hours = 48",
                header: "ticket_id,created_at,solved_at",
                rows: FOUR_TICKETS,
                expected: &[("2025-01-01", Some(1.0)), ("2025-02-01", Some(1.0))],
            },
            Example {
                title: "their median age: between 32 and 2 days, and between 30 and 1.5 days",
                report: TWO_MONTHS,
                params: "show = \"age_median\"",
                header: "ticket_id,created_at,solved_at",
                rows: FOUR_TICKETS,
                expected: &[("2025-01-01", Some(17.0 * 86_400.0)), ("2025-02-01", Some(15.75 * 86_400.0))],
            },
            Example {
                title: "a ticket that is solved in January and reopened in February",
                report: TWO_MONTHS,
                params: "basis = \"history\"",
                header: "ticket_id,time,status",
                rows: &[(1, "a,2025-01-10,open"), (1, "a,2025-01-11,solved"), (1, "a,2025-02-01,open")],
                expected: &[("2025-01-01", Some(0.0)), ("2025-02-01", Some(1.0))],
            },
        ],
        references: &[QUANTILE_INTERVAL, QUANTILE],
    };

    fn define(params: &BacklogParams) -> Result<Definition, ParamError> {
        check(params)?;
        let (source, solved_statuses) = match params.basis {
            TicketBasis::Tickets => {
                history::no_statuses(params.solved_statuses.as_ref())?;
                let source = Source::table(TICKETS).always_at(CREATED_AT).column(TICKET).column(CREATED).column(SOLVED);
                (on_clock(solved_after_creation(source), &params.clock, &[CREATED_AT]), None)
            }
            TicketBasis::History => {
                let solved_statuses = history::statuses(params.solved_statuses.as_ref())?;
                (on_clock(history::source().always_at(TIME), &params.clock, &[TIME]), Some(solved_statuses))
            }
        };
        let mut definition = Definition::over(source);
        if solved_statuses.is_some() {
            definition = history::expecting(definition, params.solved_statuses.as_ref());
        }
        let definition =
            definition.derive(OpenTickets { solved_statuses, looked_at: params.show != Show::Open, calendar: params.clock.of_row() });
        let age = params.clock.seconds_between_by(&col(CALENDAR), col(CREATED_AT), col(AT));
        let level = match params.show {
            Show::Open => {
                let is = |movement: i64| col(MOVEMENT).eq(lit(movement));
                let change = when(is(IS_SOLVED)).then(lit(-1)).otherwise(lit(1));
                return Ok(definition
                    .measure(sum("opening", change.clone()).opening())
                    .measure(count("created").filter(is(IS_CREATED)))
                    .measure(count("solved").filter(is(IS_SOLVED)))
                    .measure(count("reopened").filter(is(IS_REOPENED)))
                    .measure(sum("open", change).closing())
                    .value(Value::measure("open")));
            }
            Show::OlderThan => {
                let hours = params.older_than_hours.unwrap_or_default();
                let definition = definition
                    .measure(count("older").filter(age.gt(lit(hours * 3600.0))))
                    .measure(count("open"))
                    .value(Value::measure_of("older", "open"))
                    .note(format!("older than {hours} hours"));
                return Ok(noted(definition, &params.clock));
            }
            Show::AgeMedian => 0.5,
            Show::AgeP90 => 0.9,
        };
        let ages = if params.approximate { binned(age) } else { age };
        let definition = definition.measure(quantile("age_quantile", ages, level)).measure(count("open"));
        let definition = if params.approximate { definition.note("approximate: off by at most 0.4 %") } else { definition };
        Ok(noted(definition.value(Value::quantile("age_quantile")).unit(Unit::Seconds), &params.clock))
    }
}

/// Refuses parameters that what is shown does not use.
fn check(params: &BacklogParams) -> Result<(), ParamError> {
    let has_quantile = matches!(params.show, Show::AgeMedian | Show::AgeP90);
    match (params.show, params.older_than_hours) {
        (Show::OlderThan, None) => {
            return Err(ParamError::new("show", "from which age on is a ticket old?").help("give it: `older_than_hours = 48`"));
        }
        (Show::OlderThan, Some(hours)) if hours < 0.0 || !hours.is_finite() => {
            return Err(ParamError::new("older_than_hours", format!("{hours} hours is not an age")));
        }
        (Show::Open | Show::AgeMedian | Show::AgeP90, Some(_)) => {
            return Err(
                ParamError::new("older_than_hours", "nothing is told of old tickets").help("leave it out, or take `show = \"older_than\"`")
            );
        }
        _ => {}
    }
    if params.approximate && !has_quantile {
        return Err(ParamError::new("approximate", "only quantiles are approximated").help("leave it out: anything else is exact and fast"));
    }
    if params.clock != Clock::Calendar && params.show == Show::Open {
        return Err(ParamError::new("clock", "a number of tickets is counted on no clock").help("leave it out, or show their ages"));
    }
    Ok(())
}

/// Tickets, or their history, → the movements of the backlog, or its tickets as each bucket ends.
#[derive(Debug)]
struct OpenTickets {
    /// The statuses that mean solved, where the rows are of the tickets' history.
    solved_statuses: Option<Vec<String>>,
    /// Whether the backlog is looked at as each bucket ends.
    looked_at: bool,
    /// Which calendar counts ages: that of the ticket's first row.
    calendar: CalendarOfRow,
}

impl Derive for OpenTickets {
    fn entity(&self) -> &'static str {
        TICKET_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        if self.looked_at { BucketRule::AtEnd } else { BucketRule::Nothing }
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let tickets = if let Some(statuses) = &self.solved_statuses {
            history::changes(rows, statuses, &self.calendar, context)
        } else {
            let solved_at = col(SOLVED_AT).cast(DataType::Int64).fill_null(lit(i64::MAX));
            Entities::with_attributes(rows, TICKET_ID, context).integers([
                col(CREATED_AT).cast(DataType::Int64),
                solved_at,
                self.calendar.number(),
            ])
        };
        let stretches = if self.solved_statuses.is_some() { stretches_of_history } else { stretches_of_tickets };
        let edges = context.buckets.edges().to_vec();
        let known_until = context.known_until();
        // How many buckets begin by an instant: the one that it is in is the last of them.
        let begun = |edges: &[i64], instant: i64| edges.partition_point(|edge| *edge <= instant);
        if self.looked_at {
            return Ok(tickets.derive("open_tickets", [BUCKET, CREATED_AT, AT, CALENDAR], [], move |ticket, derived| {
                for Stretch { row, created, opened, solved, calendar } in stretches(ticket) {
                    let first = begun(&edges, opened).saturating_sub(1);
                    for (bucket, bounds) in (0_i64..).zip(edges.windows(2)).skip(first) {
                        let at = bounds[1].min(known_until);
                        if solved < at || bounds[0] >= known_until {
                            break;
                        }
                        if opened < at {
                            derived.push_like(ticket, row, [bucket, created, at, calendar], []);
                        }
                    }
                }
            }));
        }
        Ok(tickets.derive("backlog_movements", [BUCKET, MOVEMENT], [], move |ticket, derived| {
            let mut push = |row, instant, movement| {
                if instant < known_until {
                    let bucket = i64::try_from(begun(&edges, instant)).unwrap_or(i64::MAX) - 1;
                    derived.push_like(ticket, row, [bucket, movement], []);
                }
            };
            for Stretch { row, created, opened, solved, .. } in stretches(ticket) {
                push(row, opened, if opened == created { IS_CREATED } else { IS_REOPENED });
                push(row, solved, IS_SOLVED);
            }
        }))
    }
}

/// A time in which a ticket was open.
struct Stretch {
    /// The row that its attributes are of.
    row: usize,
    /// When the ticket was created.
    created: i64,
    /// When it was created or reopened.
    opened: i64,
    /// When it was solved; never, while it is open.
    solved: i64,
    /// The number of the calendar that its age is counted on.
    calendar: i64,
}

fn stretches_of_tickets(ticket: &Entity<'_>) -> Vec<Stretch> {
    let [created, solved, calendars] = ticket.integers();
    let stretch = |row: usize| Stretch { row, created: created[row], opened: created[row], solved: solved[row], calendar: calendars[row] };
    (0..ticket.len()).map(stretch).collect()
}

fn stretches_of_history(ticket: &Entity<'_>) -> Vec<Stretch> {
    let [times, is_solved, _, calendars] = ticket.integers();
    let stretch = |(opens, solves): (usize, Option<usize>)| Stretch {
        row: 0,
        created: times[0],
        calendar: calendars[0],
        opened: times[opens],
        solved: solves.map_or(i64::MAX, |row| times[row]),
    };
    history::open_stretches(is_solved).into_iter().map(stretch).collect()
}

register_metric!(Backlog);
