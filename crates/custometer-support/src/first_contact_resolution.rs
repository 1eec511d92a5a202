//! First contact resolution: cases that one answer settles.

use std::num::NonZeroU16;

use custometer_core::prelude::*;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::as_of::{AsOf, DEADLINE, KNOWN_UNTIL, has_happened};
use crate::shared::durations::SHARE_INTERVAL;
use crate::tables::{AGENT_REPLIES, CREATED, CREATED_AT, FIRST_SOLVED, REOPENS, SOLVED, SOLVED_AT, TICKETS, solved_after_creation};

/// Parameters of [`FirstContactResolution`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstContactResolutionParams {
    /// For how many local days after its first solution a ticket must not be reopened. Without it, it must never have been.
    pub window_days: Option<NonZeroU16>,
}

const REOPENED_AT: Column = Column::time("reopened_at")
    .also_called(
        "reopened, reopen date, reopened on, reopen time, genaabnet den, genaabnet, gjenaapnet, aateroeppnad, wiedereroeffnet, \
         wiedereroeffnet am",
    )
    .nulls(NullRule::Keep)
    .describe("when it was first reopened; missing while it never was. Read with `window_days`");

/// `support.first_contact_resolution`: how many cases does one answer settle?
pub struct FirstContactResolution;

impl Metric for FirstContactResolution {
    type Params = FirstContactResolutionParams;

    const ABOUT: &'static About = &About {
        id: "support.first_contact_resolution",
        title: "First contact resolution",
        summary: "The share of solved tickets that took one answer at most and were not reopened.",
        formula: "100 · tickets solved with at most one agent reply and not reopened / solved tickets, by the bucket of creation. With \
                  `window_days`: not reopened within so many days / tickets solved so many days ago",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No solved ticket: undefined.",
            "Without `window_days`, the column `reopens` says whether a ticket was reopened, whenever that was.",
            "With `window_days`, the columns `first_solved_at` and `reopened_at` are read, and tickets whose window is not over at the as-of date \
             are left out and counted as `pending`. Without an as-of date, the end of the report's period counts, or that of the data.",
            "A reopening exactly so many days later, at the same local time, is within them.",
            "A solution before the ticket's creation, a reopening before the solution, and a number of replies that is missing or below 0 are \
             rejected.",
        ],
        examples: &[
            Example {
                title: "one of three solved ones: another took two replies, the third was reopened",
                header: "created_at,solved_at,agent_replies,reopens",
                rows: &[
                    (1, "2025-01-06,2025-01-07,1,0"),
                    (1, "2025-01-06,2025-01-07,2,0"),
                    (1, "2025-01-06,2025-01-07,1,1"),
                    (1, "2025-01-06,,0,0"),
                ],
                expected: &[("", Some(100.0 / 3.0))],
                ..Example::NONE
            },
            Example {
                title: "reopened after eight days, after seven, and solved too late to tell",
                report: "as_of = 2025-02-01",
                params: "window_days = 7",
                header: "created_at,first_solved_at,reopened_at,agent_replies",
                rows: &[
                    (1, "2025-01-06,2025-01-07,2025-01-15,1"),
                    (1, "2025-01-06,2025-01-07,2025-01-14,1"),
                    (1, "2025-01-06,2025-01-25,,1"),
                ],
                expected: &[("", Some(50.0))],
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &FirstContactResolutionParams) -> Result<Definition, ParamError> {
        let source = Source::table(TICKETS).column(CREATED).column(AGENT_REPLIES);
        let one_reply = col(AGENT_REPLIES.name).lt_eq(lit(1));
        let Some(days) = params.window_days else {
            let is_solved = || col(SOLVED_AT).is_not_null();
            return Ok(Definition::over(solved_after_creation(source.at(CREATED_AT).column(SOLVED)).column(REOPENS))
                .measure(count("first_contact").filter(is_solved().and(one_reply).and(col(REOPENS.name).eq(lit(0)))))
                .measure(count("solved").filter(is_solved()))
                .value(Value::proportion("first_contact", "solved"))
                .note("solved with at most one agent reply and never reopened"));
        };
        let source = source
            .always_at(CREATED_AT)
            .column(FIRST_SOLVED)
            .column(REOPENED_AT)
            .rule("`first_solved_at` is before `created_at`", col(FIRST_SOLVED.name).gt_eq(col(CREATED_AT)))
            .rule("`reopened_at` is before `first_solved_at`", col(REOPENED_AT.name).gt_eq(col(FIRST_SOLVED.name)));
        let is_solved = || has_happened(FIRST_SOLVED.name);
        let is_over = || col(DEADLINE).lt(col(KNOWN_UNTIL));
        let reopened_at = || col(REOPENED_AT.name).cast(DataType::Int64);
        let stays_solved = reopened_at().is_null().or(reopened_at().gt(col(DEADLINE)));
        Ok(Definition::over(source)
            .derive(AsOf { window: Some((FIRST_SOLVED.name, days.get().into())) })
            .measure(count("first_contact").filter(is_solved().and(is_over()).and(one_reply).and(stays_solved)))
            .measure(count("solved").filter(is_solved().and(is_over())))
            .measure(count("pending").filter(is_solved().and(is_over().not())))
            .value(Value::proportion("first_contact", "solved"))
            .note(format!("solved with at most one agent reply and not reopened within {days} days")))
    }
}

register_metric!(FirstContactResolution);
