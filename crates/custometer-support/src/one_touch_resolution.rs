//! One-touch resolution: cases that exactly one answer settles. Source: Zendesk's "one-touch tickets".

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::SHARE_INTERVAL;
use crate::shared::messages::{self, REPLY, Visibility};
use crate::tables::{AGENT_REPLIES, CREATED, CREATED_AT, SOLVED, SOLVED_AT, TICKET_ID, TICKETS, TIME, solved_after_creation};

/// Parameters of [`OneTouchResolution`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OneTouchResolutionParams {
    /// Where the table says how often agents replied.
    pub basis: TouchBasis,
    /// Which messages customers see; with `basis = "messages"` only.
    pub visibility: Visibility,
}

/// Where it stands how often agents replied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TouchBasis {
    /// In the column `agent_replies` of a table of tickets.
    #[default]
    Tickets,
    /// In a table of messages, each with the `solved_at` of its ticket, such as from a lookup.
    Messages,
}

/// `support.one_touch_resolution`: how many cases does exactly one answer settle?
pub struct OneTouchResolution;

impl Metric for OneTouchResolution {
    type Params = OneTouchResolutionParams;

    const ABOUT: &'static About = &About {
        id: "support.one_touch_resolution",
        title: "One-touch resolution",
        summary: "The share of solved tickets in which an agent replied exactly once.",
        formula: "100 · tickets solved with exactly one public agent reply / solved tickets, by the bucket of creation; of messages, by that of the \
                  first message",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No solved ticket: undefined.",
            "Tickets that nobody replied to are in the base only, and counted as `without_reply`: `support.first_contact_resolution` takes them for \
             settled, and this does not.",
            "A reopened ticket counts when it is solved again; a reply after that counts too.",
            "With `basis = \"messages\"`, bots and internal notes are no replies, and tickets without a message are not in the table.",
            "With `basis = \"messages\"`, a ticket is in the groups of its first message, and one whose rows say different times of its solution is rejected.",
            "A solution before the ticket's creation, and a number of replies that is missing or below 0, are rejected.",
        ],
        examples: &[
            Example {
                title: "one of three solved ones: another took two replies, the third none",
                header: "created_at,solved_at,agent_replies",
                rows: &[
                    (1, "2025-01-06,2025-01-07,1"),
                    (1, "2025-01-06,2025-01-07,2"),
                    (1, "2025-01-06,2025-01-07,0"),
                    (1, "2025-01-06,,1"),
                ],
                expected: &[("", Some(100.0 / 3.0))],
                ..Example::NONE
            },
            Example {
                title: "one of two, since a note is no reply; a third is not solved",
                params: "basis = \"messages\"",
                header: "ticket_id,time,author,is_public,solved_at",
                rows: &[
                    (1, "a,2025-01-06 09:00:00,customer,yes,2025-01-07"),
                    (1, "a,2025-01-06 09:05:00,agent,no,2025-01-07"),
                    (1, "a,2025-01-06 09:10:00,agent,yes,2025-01-07"),
                    (1, "b,2025-01-06 09:00:00,customer,yes,2025-01-08"),
                    (1, "b,2025-01-06 09:10:00,agent,yes,2025-01-08"),
                    (1, "b,2025-01-06 09:20:00,agent,yes,2025-01-08"),
                    (1, "c,2025-01-06 09:00:00,customer,yes,"),
                    (1, "c,2025-01-06 09:10:00,agent,yes,"),
                ],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &["Zendesk, \"Explore recipes\" and its metric \"one-touch tickets\", support.zendesk.com", SHARE_INTERVAL],
    };

    fn define(params: &OneTouchResolutionParams) -> Result<Definition, ParamError> {
        let (definition, replies) = match params.basis {
            TouchBasis::Tickets if params.visibility != Visibility::default() => {
                return Err(ParamError::new("visibility", "tickets are not messages").help("leave it out, or take `basis = \"messages\"`"));
            }
            TouchBasis::Tickets => {
                let source = Source::table(TICKETS).at(CREATED_AT).column(CREATED).column(SOLVED).column(AGENT_REPLIES);
                (Definition::over(solved_after_creation(source)), AGENT_REPLIES.name)
            }
            TouchBasis::Messages => {
                let one_solution = col(SOLVED_AT).n_unique().over([col(TICKET_ID)]).expect("a window with a partition").eq(lit(1));
                let source = messages::source(params.visibility).column(SOLVED);
                let source = source.rule_of(SOLVED_AT, "`solved_at` differs between the rows of the ticket", one_solution);
                (Definition::over(source).derive(Touches { visibility: params.visibility }), REPLIES)
            }
        };
        let is_solved = || col(SOLVED_AT).is_not_null();
        Ok(definition
            .measure(count("one_touch").filter(is_solved().and(col(replies).eq(lit(1)))))
            .measure(count("without_reply").filter(is_solved().and(col(replies).eq(lit(0)))))
            .measure(count("solved").filter(is_solved()))
            .value(Value::proportion("one_touch", "solved")))
    }
}

const REPLIES: &str = "replies";

/// Messages → one row per ticket, in the bucket and with the attributes of its first message.
#[derive(Debug)]
struct Touches {
    visibility: Visibility,
}

impl Derive for Touches {
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
        let is_reply = messages::kind(self.visibility).eq(lit(REPLY));
        let messages =
            Entities::with_attributes(rows, TICKET_ID, context).integers([col(TIME).cast(DataType::Int64), col(BUCKET), is_reply]);
        let messages = messages.numbers([col(SOLVED_AT).cast(DataType::Int64).cast(DataType::Float64).fill_null(lit(f64::NAN))]);
        Ok(messages.derive("touches", [BUCKET, REPLIES], [SOLVED_AT], |ticket, derived| {
            let ([_, buckets, replies], [solved]) = (ticket.integers(), ticket.numbers());
            derived.push(ticket, [buckets[0], replies.iter().sum()], [solved[0]]);
        }))
    }
}

register_metric!(OneTouchResolution);
