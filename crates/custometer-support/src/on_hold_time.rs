//! On-hold time: how long a case waits for somebody else. Source: Zendesk's "on-hold time", the time that a ticket is on hold.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic};
use crate::shared::history::Reopened;
use crate::shared::status_times::{ON_HOLD, Waits};

/// Parameters of [`OnHoldTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OnHoldTimeParams {
    /// The statuses in which an agent is to act. `new` and `open` unless said.
    pub open_statuses: Option<Vec<String>>,
    /// The statuses in which the customer is to answer; `pending` unless said.
    pub pending_statuses: Option<Vec<String>>,
    /// The statuses in which somebody else is to act; `hold` and `on-hold` unless said.
    pub on_hold_statuses: Option<Vec<String>>,
    /// The statuses that mean solved; `solved` and `closed` unless said.
    pub solved_statuses: Option<Vec<String>>,
    /// What a ticket is that is reopened.
    pub reopened: Reopened,
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

/// `support.on_hold_time`: how long do cases wait for others?
pub struct OnHoldTime;

impl Metric for OnHoldTime {
    type Params = OnHoldTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.on_hold_time",
        title: "On-hold time",
        summary: "The time that a case waits for somebody who is neither its customer nor an agent, all together, from its creation to its last solution.",
        formula: "mean, median or another quantile of Σ time in `on_hold_statuses`, over the solved tickets that were created in the bucket; or the share \
            of those that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Tickets that are not solved are left out and counted as `open`; what happened on or after the as-of date is not known yet.",
            "No solved ticket: undefined. One ticket: no interval. A solved ticket that was never on hold counts with 0 seconds.",
            "The sums of `open_seconds`, `pending_seconds`, `on_hold_seconds` and `solved_seconds` are all time from creation to the last solution; the \
             last of them is the time between a solution and a reopening.",
            "A ticket of which a row is rejected, such as one with a status of none of the lists, is rejected as a whole: how long it waited is not known.",
            "A ticket that is solved in its first row has no known creation: it is left out and counted as `began_solved`. Of changes at one \
             instant, the last in the order open, pending, on hold, solved is what lasts.",
            "With `reopened = \"starts_anew\"`, each reopening begins a case of its own, in the bucket and groups of the row that reopens it.",
            "A stretch of time counts on the calendar of the row that it begins with.",
        ],
        examples: &[Example {
            title: "two hours new, a day on hold, an hour open, then solved; and a ticket that was never on hold",
            header: "ticket_id,time,status",
            rows: &[
                (1, "a,2025-01-06 09:00:00,new"),
                (1, "a,2025-01-06 11:00:00,hold"),
                (1, "a,2025-01-07 11:00:00,open"),
                (1, "a,2025-01-07 12:00:00,solved"),
                (1, "b,2025-01-06 09:00:00,new"),
                (1, "b,2025-01-06 10:00:00,solved"),
                (1, "c,2025-01-06 09:00:00,hold"),
            ],
            expected: &[("", Some(12.0 * 3600.0))],
            ..Example::NONE
        }],
        references: &[
            "Zendesk, \"About native Support time duration metrics\", support.zendesk.com, for what it calls on-hold time",
            MEAN_INTERVAL,
            QUANTILE_INTERVAL,
            QUANTILE,
            SHARE_INTERVAL,
        ],
    };

    fn define(params: &OnHoldTimeParams) -> Result<Definition, ParamError> {
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
        waits.definition(&col(ON_HOLD))
    }
}

register_metric!(OnHoldTime);
