//! Reopen rate: cases that were not settled after all.

use custometer_core::prelude::*;
use custometer_core::time::CalendarOfRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::SHARE_INTERVAL;
use crate::shared::history::{self, FIRST_SOLVED_AT, Reopened, Stories};
use crate::tables::{CREATED, CREATED_AT, REOPENS, SOLVED, SOLVED_AT, TICKETS, TIME, TicketBasis, solved_after_creation};

/// Parameters of [`ReopenRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReopenRateParams {
    /// Where it stands when tickets were solved and reopened.
    pub basis: TicketBasis,
    /// The statuses that mean solved; with `basis = "history"` only. `solved` and `closed` unless said.
    pub solved_statuses: Option<Vec<String>>,
}

/// `support.reopen_rate`: how many cases come back?
pub struct ReopenRate;

impl Metric for ReopenRate {
    type Params = ReopenRateParams;

    const ABOUT: &'static About = &About {
        id: "support.reopen_rate",
        title: "Reopen rate",
        summary: "The share of solved tickets that were reopened.",
        formula: "100 · tickets reopened at least once / tickets solved at least once, by the bucket of creation",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No solved ticket: undefined.",
            "A ticket that is reopened and not solved again was solved once: it is in both numbers.",
            "A ticket counts once, however often it was reopened.",
            "With `basis = \"history\"`, a ticket is reopened when it comes from a status that means solved to one that does not.",
            "A solution before the ticket's creation, and a number of reopenings that is missing or below 0, are rejected.",
        ],
        examples: &[
            Example {
                title: "two of four: one of them is open again",
                header: "created_at,solved_at,reopens",
                rows: &[(2, "2025-01-06,2025-01-07,0"), (1, "2025-01-06,2025-01-07,2"), (1, "2025-01-06,,1"), (3, "2025-01-06,,0")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "one of two; closing what is solved is not a reopening",
                params: "basis = \"history\"",
                header: "ticket_id,time,status",
                rows: &[
                    (1, "a,2025-01-06,open"),
                    (1, "a,2025-01-07,solved"),
                    (1, "a,2025-01-08,open"),
                    (1, "b,2025-01-06,open"),
                    (1, "b,2025-01-07,solved"),
                    (1, "b,2025-01-08,closed"),
                    (1, "c,2025-01-06,open"),
                ],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &ReopenRateParams) -> Result<Definition, ParamError> {
        let reopened = col(REOPENS.name).gt(lit(0));
        let (definition, is_solved) = match params.basis {
            TicketBasis::Tickets => {
                history::no_statuses(params.solved_statuses.as_ref())?;
                let source = Source::table(TICKETS).at(CREATED_AT).column(CREATED).column(SOLVED).column(REOPENS);
                (Definition::over(solved_after_creation(source)), col(SOLVED_AT).is_not_null().or(reopened.clone()))
            }
            TicketBasis::History => {
                let stories = Stories {
                    solved_statuses: history::statuses(params.solved_statuses.as_ref())?,
                    reopened: Reopened::GoesOn,
                    calendar: CalendarOfRow::default(),
                };
                (
                    history::expecting(Definition::over(history::source().at(TIME)), params.solved_statuses.as_ref()).derive(stories),
                    col(FIRST_SOLVED_AT).is_not_null(),
                )
            }
        };
        Ok(definition
            .measure(count("reopened").filter(reopened))
            .measure(count("solved").filter(is_solved))
            .value(Value::proportion("reopened", "solved")))
    }
}

register_metric!(ReopenRate);
