//! Resolution rate: how many cases are solved.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::as_of::{AsOf, KNOWN_UNTIL, has_happened};
use crate::shared::durations::{SHARE_INTERVAL, noted, on_clock};
use crate::tables::{CREATED, CREATED_AT, SOLVED, SOLVED_AT, TICKETS, solved_after_creation};

/// Parameters of [`ResolutionRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResolutionRateParams {
    /// How long a ticket has to be solved. Without it, until the as-of date: old tickets then have had longer than young ones.
    pub within_hours: Option<f64>,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names. With `within_hours` only.
    pub clock: Clock,
}

const FIVE_TICKETS: &[(usize, &str)] = &[
    (1, "2025-01-06 09:00:00,2025-01-07 09:00:00"),
    (1, "2025-01-06 09:00:00,2025-01-07 09:00:01"),
    (1, "2025-01-06 09:00:00,2025-02-02 09:00:00"),
    (1, "2025-01-06 09:00:00,"),
    (1, "2025-01-31 09:00:00,2025-01-31 10:00:00"),
];

/// `support.resolution_rate`: how many cases are solved?
pub struct ResolutionRate;

impl Metric for ResolutionRate {
    type Params = ResolutionRateParams;

    const ABOUT: &'static About = &About {
        id: "support.resolution_rate",
        title: "Resolution rate",
        summary: "The share of tickets that were solved.",
        formula: "100 · tickets solved by the as-of date / tickets created in the bucket. With `within_hours`: solved within so many hours / \
                  tickets that have had so many hours",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No ticket: undefined.",
            "A solution on or after the as-of date is not known yet: the ticket is not solved. Without an as-of date, the end of the data counts.",
            "A ticket that was created on or after the as-of date is not known yet either, and left out.",
            "With `within_hours`, tickets that have not had so many hours by the as-of date are left out, solved or not, and counted as \
             `pending`. A solution after exactly so many hours is within them.",
            "A solution before the ticket's creation is rejected.",
        ],
        examples: &[
            Example {
                title: "three of five by 1 February",
                report: "as_of = 2025-02-01",
                header: "created_at,solved_at",
                rows: FIVE_TICKETS,
                expected: &[("", Some(60.0))],
                ..Example::NONE
            },
            Example {
                title: "one of the four that have had a day",
                report: "as_of = 2025-02-01",
                params: "within_hours = 24",
                header: "created_at,solved_at",
                rows: FIVE_TICKETS,
                expected: &[("", Some(25.0))],
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &ResolutionRateParams) -> Result<Definition, ParamError> {
        let source = solved_after_creation(Source::table(TICKETS).always_at(CREATED_AT).column(CREATED).column(SOLVED));
        let mut is_solved = has_happened(SOLVED_AT);
        let mut is_pending = has_happened(CREATED_AT).not();
        let mut notes = Vec::new();
        if let Some(hours) = params.within_hours {
            if hours <= 0.0 || !hours.is_finite() {
                return Err(ParamError::new("within_hours", format!("{hours} is not a time to solve anything in")));
            }
            let at_most = |end: Expr| params.clock.seconds_between(col(CREATED_AT), end).lt_eq(lit(hours * 3600.0));
            is_solved = is_solved.and(at_most(col(SOLVED_AT)));
            is_pending = at_most(col(KNOWN_UNTIL));
            notes.push(format!("solved within {hours} hours, of those that have had them"));
        } else if params.clock != Clock::Calendar {
            return Err(ParamError::new("clock", "nothing is counted on a clock").help("leave it out, or give `within_hours`"));
        }
        let definition = Definition::over(on_clock(source, &params.clock, &[CREATED_AT, SOLVED_AT]))
            .derive(AsOf::default())
            .measure(count("solved").filter(is_solved.and(is_pending.clone().not())))
            .measure(count("tickets").filter(is_pending.clone().not()))
            .measure(count("pending").filter(is_pending))
            .value(Value::proportion("solved", "tickets"));
        Ok(noted(notes.into_iter().fold(definition, Definition::note), &params.clock))
    }
}

register_metric!(ResolutionRate);
