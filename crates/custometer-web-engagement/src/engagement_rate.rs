//! Engagement rate.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sessionization::{Reads, Sessionization};

/// When a session is an engaged one; any of the three is enough, a key event being the third.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngagementParams {
    /// What a session is, which of its events are page views, and which are key events.
    pub sessions: Sessionization,
    /// A session that takes longer than so many seconds is engaged.
    pub longer_than_seconds: f64,
    /// A session with so many page views is engaged.
    pub views: u32,
}

impl Default for EngagementParams {
    fn default() -> Self {
        Self { sessions: Sessionization::default(), longer_than_seconds: 10.0, views: 2 }
    }
}

impl EngagementParams {
    /// The share of sessions that are engaged, or of those that are not.
    pub(crate) fn share(&self, engaged: bool) -> Result<Definition, ParamError> {
        if !self.longer_than_seconds.is_finite() || self.longer_than_seconds < 0.0 {
            return Err(ParamError::new("longer_than_seconds", format!("{} is not a duration", self.longer_than_seconds)));
        }
        if self.views == 0 {
            return Err(ParamError::new("views", "every session would be engaged").help("2 views are usual"));
        }
        let sessions = self.sessions.sessions("sessions", &[Reads::Duration, Reads::Views, Reads::KeyEvents])?;
        let is_engaged = sessions
            .seconds
            .gt(lit(self.longer_than_seconds))
            .or(sessions.views.gt_eq(lit(i64::from(self.views))))
            .or(sessions.key_events.gt(lit(0)));
        let (name, counted) = if engaged { ("engaged", is_engaged) } else { ("bounced", is_engaged.not()) };
        Ok(sessions
            .definition
            .measure(count(name).filter(counted))
            .measure(count("sessions"))
            .value(Value::proportion(name, "sessions"))
            .note(self.sessions.note()))
    }
}

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
            report: "",
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
        }],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &EngagementParams) -> Result<Definition, ParamError> {
        params.share(true)
    }
}

register_metric!(EngagementRate);
