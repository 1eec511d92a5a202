//! Agent wait time: how long a case waits for its customer. Source: Zendesk's "agent wait time", the time that a ticket is pending.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::conversations::{self, AGENT_WAITED, WaitBasis};
use crate::shared::durations::{MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic};
use crate::shared::history::Reopened;
use crate::shared::messages::Visibility;
use crate::shared::status_times::{PENDING, Waits};

/// Parameters of [`AgentWaitTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentWaitTimeParams {
    /// Where the table says who waited for whom.
    pub basis: WaitBasis,
    /// The statuses in which an agent is to act; with `basis = "history"` only, like those below. `new` and `open` unless said.
    pub open_statuses: Option<Vec<String>>,
    /// The statuses in which the customer is to answer; `pending` unless said.
    pub pending_statuses: Option<Vec<String>>,
    /// The statuses in which somebody else is to act; `hold` and `on-hold` unless said.
    pub on_hold_statuses: Option<Vec<String>>,
    /// The statuses that mean solved; `solved` and `closed` unless said.
    pub solved_statuses: Option<Vec<String>>,
    /// What a ticket is that is reopened; with `basis = "history"` only.
    pub reopened: Reopened,
    /// Which messages customers see; with `basis = "messages"` only.
    pub visibility: Visibility,
    /// What is reported of the waiting times.
    pub statistic: Statistic,
    /// The longest wait that is short enough; with `statistic = "share_within"` only.
    pub within_seconds: Option<f64>,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    pub clock: Clock,
    /// Whether a quantile may be off by 0.4 %, to take less memory on many tickets.
    pub approximate: bool,
}

/// `support.agent_wait_time`: how long do cases wait for their customers?
pub struct AgentWaitTime;

impl Metric for AgentWaitTime {
    type Params = AgentWaitTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.agent_wait_time",
        title: "Agent wait time",
        summary: "The time that agents wait for a customer, all of a case together, from its creation to its last solution.",
        formula: "mean, median or another quantile of Σ time in `pending_statuses`, over the solved tickets that were created in the bucket; of \
            messages, Σ time from an agent's reply to the next message of the customer, over the tickets in which no customer waits; or the \
            share of those that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Tickets that are not solved are left out and counted as `open`; what happened on or after the as-of date is not known yet.",
            "No solved ticket: undefined. One ticket: no interval. A solved ticket that never waited counts with 0 seconds.",
            "The sums of `open_seconds`, `pending_seconds`, `on_hold_seconds` and `solved_seconds` are all time from creation to the last solution; the \
             last of them is the time between a solution and a reopening.",
            "A ticket of which a row is rejected, such as one with a status of none of the lists, is rejected as a whole: how long it waited is not known.",
            "A ticket that is solved in its first row has no known creation: it is left out and counted as `began_solved`. Of changes at one \
             instant, the last in the order open, pending, on hold, solved is what lasts.",
            "With `reopened = \"starts_anew\"`, each reopening begins a case of its own, in the bucket and groups of the row that reopens it.",
            "With `basis = \"messages\"`, a reply that no customer answers makes no wait, tickets whose last question is open are left out and counted as \
             `unanswered`, and a ticket is in the bucket and groups of its first customer message. Of several messages in a row, the first counts.",
            "A stretch of time counts on the calendar of the row that it begins with.",
        ],
        examples: &[
            Example {
                title: "two hours open, a day pending, an hour open, then solved; and a ticket that never waited",
                header: "ticket_id,time,status",
                rows: &[
                    (1, "a,2025-01-06 09:00:00,new"),
                    (1, "a,2025-01-06 11:00:00,pending"),
                    (1, "a,2025-01-07 11:00:00,open"),
                    (1, "a,2025-01-07 12:00:00,solved"),
                    (1, "b,2025-01-06 09:00:00,new"),
                    (1, "b,2025-01-06 10:00:00,solved"),
                    (1, "c,2025-01-06 09:00:00,pending"),
                ],
                expected: &[("", Some(12.0 * 3600.0))],
                ..Example::NONE
            },
            Example {
                title: "the customer answers after twenty minutes, and thanks are none that an agent waits for",
                params: "basis = \"messages\"\nvisibility = \"all_public\"",
                header: "ticket_id,time,author",
                rows: &[
                    (1, "a,2025-01-06 09:00:00,customer"),
                    (1, "a,2025-01-06 09:10:00,agent"),
                    (1, "a,2025-01-06 09:15:00,agent"),
                    (1, "a,2025-01-06 09:30:00,customer"),
                    (1, "a,2025-01-06 10:00:00,agent"),
                ],
                expected: &[("", Some(1200.0))],
                ..Example::NONE
            },
        ],
        references: &[
            "Zendesk, \"About native Support time duration metrics\", support.zendesk.com, for what it calls agent wait time",
            MEAN_INTERVAL,
            QUANTILE_INTERVAL,
            QUANTILE,
            SHARE_INTERVAL,
        ],
    };

    fn define(params: &AgentWaitTimeParams) -> Result<Definition, ParamError> {
        let reported = Reported { statistic: params.statistic, within_seconds: params.within_seconds, approximate: params.approximate };
        let waits = Waits {
            open_statuses: params.open_statuses.as_ref(),
            pending_statuses: params.pending_statuses.as_ref(),
            on_hold_statuses: params.on_hold_statuses.as_ref(),
            solved_statuses: params.solved_statuses.as_ref(),
            reopened: params.reopened,
            clock: &params.clock,
            reported,
        };
        match params.basis {
            WaitBasis::History => {
                conversations::refuse_of_history(params.visibility)?;
                waits.definition(&col(PENDING))
            }
            WaitBasis::Messages => {
                waits.refuse_of_messages()?;
                conversations::definition(params.visibility, &params.clock, reported, AGENT_WAITED)
            }
        }
    }
}

register_metric!(AgentWaitTime);
