//! Engagement rate.

use custometer_core::prelude::*;

use crate::shared::engagement::EngagementParams;

/// `web.engagement_rate`: how many visits are more than a glance?
pub struct EngagementRate;

impl Metric for EngagementRate {
    type Params = EngagementParams;

    const ABOUT: &'static About = &About {
        id: "web.engagement_rate",
        title: "Engagement rate",
        summary: "The share of visits that take longer than a moment, look at several pages, or have a key event.",
        formula: "100 · engaged sessions / sessions; engaged: longer than 10 seconds, or at least 2 page views, or a key event",
        unit: Unit::Percent,
        range: "0 to 100; with the bounce rate it sums to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No session: undefined.",
            "A session of exactly 10 seconds is not longer than that.",
            "In a table of sessions, conversions are the key events.",
            "An event without a user or a time is rejected.",
        ],
        examples: &[Example {
            title: "one session too short, one of exactly 10 seconds, one longer, one of two views, one with a sign-up",
            params: "sessions = { view_events = [\"view\"], key_events = [\"sign_up\"] }",
            header: "user_id,time,event",
            rows: &[
                (1, "a,2025-01-01 10:00:00,view"),
                (1, "b,2025-01-01 10:00:00,view"),
                (1, "b,2025-01-01 10:00:10,scroll"),
                (1, "c,2025-01-01 10:00:00,view"),
                (1, "c,2025-01-01 10:00:11,scroll"),
                (1, "d,2025-01-01 10:00:00,view"),
                (1, "d,2025-01-01 10:00:05,view"),
                (1, "e,2025-01-01 10:00:00,sign_up"),
            ],
            expected: &[("", Some(60.0))],
            ..Example::NONE
        }],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &EngagementParams) -> Result<Definition, ParamError> {
        params.share(true)
    }
}

register_metric!(EngagementRate);
