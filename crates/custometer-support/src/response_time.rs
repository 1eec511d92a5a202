//! Response time: how long customers wait for each answer.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic, noted, on_clock};
use crate::shared::messages::{self, Replies, Visibility, is_unanswered, wait};
use crate::tables::TIME;

/// Parameters of [`ResponseTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseTimeParams {
    /// What is reported of the waiting times.
    pub statistic: Statistic,
    /// The longest wait that is short enough; with `statistic = "share_within"` only.
    pub within_seconds: Option<f64>,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    pub clock: Clock,
    /// Which messages customers see.
    pub visibility: Visibility,
    /// Whether a quantile may be off by 0.4 %, to take less memory on many messages.
    pub approximate: bool,
}

const CONVERSATION: &[(usize, &str)] = &[
    (1, "a,2025-01-06 09:00:00,customer"),
    (1, "a,2025-01-06 09:05:00,customer"),
    (1, "a,2025-01-06 09:10:00,agent"),
    (1, "a,2025-01-06 09:11:00,agent"),
    (1, "a,2025-01-06 10:00:00,customer"),
    (1, "a,2025-01-06 10:00:05,bot"),
    (1, "a,2025-01-06 10:20:00,agent"),
    (1, "b,2025-01-06 12:00:00,customer"),
];

/// `support.response_time`: how long until somebody answers, each time?
pub struct ResponseTime;

impl Metric for ResponseTime {
    type Params = ResponseTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.response_time",
        title: "Response time",
        summary: "The time from a customer's message to the agent's reply, over all replies and not only the first one of each ticket.",
        formula: "mean, median or another quantile of the time from a customer's message to the public agent reply that answers it, by the \
                  bucket of the customer's message; or the share of those that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Of several customer messages in a row, the first one counts: its customer has waited longest.",
            "Bots and internal notes answer nothing. A second reply to the same message answers nothing either.",
            "Messages that wait for a reply are left out and counted as `unanswered`.",
            "No reply: undefined. One reply: no interval.",
            "A reply is in the group of its own row, so that agents can be compared; an unanswered message in that of its own.",
            "A message by anyone but `customer`, `agent` or `bot` is rejected.",
        ],
        examples: &[
            Example {
                title: "replies after 10 and after 20 minutes",
                params: "visibility = \"all_public\"",
                header: "ticket_id,time,author",
                rows: CONVERSATION,
                expected: &[("", Some(900.0))],
                ..Example::NONE
            },
            Example {
                title: "one of the two within a quarter of an hour",
                params: "visibility = \"all_public\"\nstatistic = \"share_within\"\nwithin_seconds = 900",
                header: "ticket_id,time,author",
                rows: CONVERSATION,
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &[MEAN_INTERVAL, QUANTILE_INTERVAL, QUANTILE, SHARE_INTERVAL],
    };

    fn define(params: &ResponseTimeParams) -> Result<Definition, ParamError> {
        let reported = Reported { statistic: params.statistic, within_seconds: params.within_seconds, approximate: params.approximate };
        let definition = Definition::over(on_clock(messages::source(params.visibility), &params.clock, &[TIME]))
            .derive(Replies { visibility: params.visibility, first_only: false, calendar: params.clock.of_row() })
            .measure(count("unanswered").filter(is_unanswered()));
        reported.measure(noted(definition, &params.clock), "wait", "replies", &wait(&params.clock))
    }
}

register_metric!(ResponseTime);
