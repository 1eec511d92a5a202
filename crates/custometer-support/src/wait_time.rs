//! Wait time: how long callers are in the queue.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::calls::CallBasis;
use crate::shared::durations::{MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic};

/// Parameters of [`WaitTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WaitTimeParams {
    /// Where the table says how long a call waited.
    pub basis: CallBasis,
    /// What is reported of the waiting times.
    pub statistic: Statistic,
    /// The longest wait that is short enough; with `statistic = "share_within"` only.
    pub within_seconds: Option<f64>,
    /// Whether a quantile may be off by 0.4 %, to take less memory on many calls.
    pub approximate: bool,
}

/// `support.wait_time`: how long until somebody picks up?
pub struct WaitTime;

impl Metric for WaitTime {
    type Params = WaitTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.wait_time",
        title: "Wait time",
        summary: "The time that answered calls and chats spent in the queue; also called the average speed of answer.",
        formula: "Σ wait / answered calls; their median or another quantile, or the share of those that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Abandoned calls are left out and counted as `abandoned`.",
            "No answered call: undefined. One answered call: no interval.",
            "A negative wait, an answered call without one, and an answer before the call came are rejected.",
        ],
        examples: &[
            Example {
                title: "500 minutes over 200 calls, whatever the abandoned ones waited",
                header: "is_answered,wait_seconds",
                rows: &[(100, "yes,60"), (100, "yes,240"), (50, "no,900")],
                expected: &[("", Some(150.0))],
                ..Example::NONE
            },
            Example {
                title: "waits of 20 and 40 seconds, and one call that was abandoned",
                params: "basis = \"answered_at\"",
                header: "queued_at,answered_at",
                rows: &[
                    (1, "2025-01-06 09:00:00,2025-01-06 09:00:20"),
                    (1, "2025-01-06 09:00:00,2025-01-06 09:00:40"),
                    (1, "2025-01-06 09:00:00,"),
                ],
                expected: &[("", Some(30.0))],
                ..Example::NONE
            },
        ],
        references: &[MEAN_INTERVAL, QUANTILE_INTERVAL, QUANTILE, SHARE_INTERVAL],
    };

    fn define(params: &WaitTimeParams) -> Result<Definition, ParamError> {
        let abandoned = count("abandoned").filter(params.basis.is_answered().not());
        let definition = Definition::over(params.basis.source_with_waits()).measure(abandoned);
        let reported = Reported { statistic: params.statistic, within_seconds: params.within_seconds, approximate: params.approximate };
        reported.measure(definition, "wait", "answered", &params.basis.wait())
    }
}

register_metric!(WaitTime);
