//! Bounce rate.

use custometer_core::prelude::*;

use crate::shared::engagement::EngagementParams;

/// `web.bounce_rate`: how many visits end before they have begun?
pub struct BounceRate;

impl Metric for BounceRate {
    type Params = EngagementParams;

    const ABOUT: &'static About = &About {
        id: "web.bounce_rate",
        title: "Bounce rate",
        summary: "The share of visits that are not engaged: short, of one page, and without a key event.",
        formula: "100 − engagement rate",
        unit: Unit::Percent,
        range: "0 to 100; with the engagement rate it sums to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No session: undefined.",
            "A session of exactly 10 seconds is not longer than that.",
            "Older tools call every session of a single event a bounce: `longer_than_seconds` far above the timeout comes near that.",
            "An event without a user or a time is rejected.",
        ],
        examples: &[Example {
            title: "one of two sessions",
            params: "sessions = { view_events = [] }",
            header: "user_id,time",
            rows: &[(1, "a,2025-01-01 10:00:00"), (1, "b,2025-01-01 10:00:00"), (1, "b,2025-01-01 10:00:02")],
            expected: &[("", Some(50.0))],
            ..Example::NONE
        }],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &EngagementParams) -> Result<Definition, ParamError> {
        params.share(false)
    }
}

register_metric!(BounceRate);
