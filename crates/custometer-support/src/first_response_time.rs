//! First response time: how long customers wait for the first answer.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic, noted, on_clock};
use crate::shared::messages::{self, Replies, Visibility};
use crate::tables::{CREATED, CREATED_AT, FIRST_REPLIED, FIRST_REPLIED_AT, SOLVED, SOLVED_AT, TICKETS, TIME, solved_after_creation};

/// Parameters of [`FirstResponseTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstResponseTimeParams {
    /// Where the table says when tickets were answered.
    pub basis: ReplyBasis,
    /// What is reported of the waiting times.
    pub statistic: Statistic,
    /// The longest wait that is short enough; with `statistic = "share_within"` only.
    pub within_seconds: Option<f64>,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    pub clock: Clock,
    /// What the mean is taken over.
    pub denominator: Denominator,
    /// Which messages customers see; with `basis = "messages"` only.
    pub visibility: Visibility,
    /// Whether a quantile may be off by 0.4 %, to take less memory on many tickets.
    pub approximate: bool,
}

/// Where the table says when tickets were answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyBasis {
    /// In the columns `created_at` and `first_replied_at` of a table of tickets.
    #[default]
    Tickets,
    /// In a table of messages: a ticket's wait is from its first customer message to the first public reply of an agent after it.
    Messages,
}

/// What the mean is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Denominator {
    /// Tickets that were answered.
    #[default]
    Responded,
    /// Tickets that were solved, as some help desks count. Only for the mean, and only on the basis of tickets.
    Resolved,
}

const THREE_WAITS: &[(usize, &str)] = &[
    (1, "2025-01-06 09:00:00,2025-01-06 09:01:00"),
    (1, "2025-01-06 09:00:00,2025-01-06 09:02:00"),
    (1, "2025-01-06 09:00:00,2025-01-06 09:09:00"),
    (1, "2025-01-06 09:00:00,"),
];

/// `support.first_response_time`: how long until somebody answers?
pub struct FirstResponseTime;

impl Metric for FirstResponseTime {
    type Params = FirstResponseTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.first_response_time",
        title: "First response time",
        summary: "The time from a ticket's creation to the first public reply of an agent.",
        formula: "mean, median or another quantile of first_replied_at − created_at over the tickets created in the bucket; or the share of \
                  those that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Tickets without a reply are left out and counted as `unanswered`. A reply on or after the as-of date is not known yet.",
            "No answered ticket: undefined. One ticket: no interval.",
            "A reply before the ticket's creation is rejected.",
            "With `denominator = \"resolved\"`, the waiting times are divided by the number of solved tickets, and there is no interval. A solution before \
             the ticket's creation is rejected, too.",
            "With `basis = \"messages\"`, a ticket begins with its first customer message. Bots and internal notes are not replies, and \
             neither is what agents write before the customer does.",
            "With `basis = \"messages\"`, an answered ticket is in the group of its reply, an unanswered one in that of its first customer message.",
            "In opening hours, a wait outside of them is 0 seconds long.",
        ],
        examples: &[
            Example {
                title: "waits of 1, 2 and 9 minutes, and one ticket without a reply",
                header: "created_at,first_replied_at",
                rows: THREE_WAITS,
                expected: &[("", Some(240.0))],
                ..Example::NONE
            },
            Example {
                title: "the median of the same",
                params: "statistic = \"median\"",
                header: "created_at,first_replied_at",
                rows: THREE_WAITS,
                expected: &[("", Some(120.0))],
                ..Example::NONE
            },
            Example {
                title: "two of the three waits are at most two minutes",
                params: "statistic = \"share_within\"\nwithin_seconds = 120",
                header: "created_at,first_replied_at",
                rows: THREE_WAITS,
                expected: &[("", Some(200.0 / 3.0))],
                ..Example::NONE
            },
            Example {
                title: "a bot and an internal note come before the reply to a customer who wrote twice",
                params: "basis = \"messages\"",
                header: "ticket_id,time,author,is_public",
                rows: &[
                    (1, "a,2025-01-06 09:00:00,customer,yes"),
                    (1, "a,2025-01-06 09:00:01,bot,yes"),
                    (1, "a,2025-01-06 09:05:00,customer,yes"),
                    (1, "a,2025-01-06 09:06:00,agent,no"),
                    (1, "a,2025-01-06 09:10:00,agent,yes"),
                    (1, "a,2025-01-06 10:00:00,customer,yes"),
                    (1, "a,2025-01-06 12:00:00,agent,yes"),
                ],
                expected: &[("", Some(600.0))],
                ..Example::NONE
            },
        ],
        references: &[MEAN_INTERVAL, QUANTILE_INTERVAL, QUANTILE, SHARE_INTERVAL],
    };

    fn define(params: &FirstResponseTimeParams) -> Result<Definition, ParamError> {
        let reported = Reported { statistic: params.statistic, within_seconds: params.within_seconds, approximate: params.approximate };
        match (params.basis, params.denominator) {
            (ReplyBasis::Tickets, _) if params.visibility != Visibility::default() => {
                Err(ParamError::new("visibility", "tickets are not messages").help("leave it out, or take `basis = \"messages\"`"))
            }
            (ReplyBasis::Tickets, Denominator::Responded) => reported.measure(tickets(params, source()), "wait", "answered", &wait(params)),
            (ReplyBasis::Tickets, Denominator::Resolved) if params.statistic == Statistic::Mean && !params.approximate => {
                Ok(tickets(params, solved_after_creation(source().column(SOLVED)))
                    .measure(count("answered").filter(col(FIRST_REPLIED_AT).is_not_null()))
                    .measure(sum("wait_seconds", wait(params)))
                    .measure(count("solved").filter(col(SOLVED_AT).is_not_null()))
                    .value(Value::ratio("wait_seconds", "solved"))
                    .note("divided by solved tickets, not by answered ones"))
            }
            (ReplyBasis::Tickets, Denominator::Resolved) => {
                Err(ParamError::new("denominator", "only a mean has a denominator").help("leave it out, or take `statistic = \"mean\"`"))
            }
            (ReplyBasis::Messages, Denominator::Resolved) => {
                Err(ParamError::new("denominator", "messages do not say what was solved")
                    .help("leave it out, or take `basis = \"tickets\"`"))
            }
            (ReplyBasis::Messages, Denominator::Responded) => {
                let source = on_clock(messages::source(params.visibility), &params.clock, &[TIME]);
                let definition = Definition::over(source)
                    .derive(Replies { visibility: params.visibility, first_only: true, calendar: params.clock.of_row() })
                    .measure(count("unanswered").filter(messages::is_unanswered()));
                reported.measure(noted(definition, &params.clock), "wait", "answered", &messages::wait(&params.clock))
            }
        }
    }
}

fn source() -> Source {
    let replied_after_creation = col(FIRST_REPLIED_AT).gt_eq(col(CREATED_AT));
    Source::table(TICKETS)
        .at(CREATED_AT)
        .column(CREATED)
        .column(FIRST_REPLIED)
        .rule("`first_replied_at` is before `created_at`", replied_after_creation)
}

fn wait(params: &FirstResponseTimeParams) -> Expr {
    params.clock.seconds_between(col(CREATED_AT), col(FIRST_REPLIED_AT))
}

fn tickets(params: &FirstResponseTimeParams, source: Source) -> Definition {
    let source = on_clock(source, &params.clock, &[CREATED_AT, FIRST_REPLIED_AT]);
    noted(Definition::over(source).measure(count("unanswered").filter(col(FIRST_REPLIED_AT).is_null())), &params.clock)
}

register_metric!(FirstResponseTime);
