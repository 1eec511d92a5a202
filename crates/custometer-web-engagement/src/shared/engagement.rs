//! Engagement: which sessions are more than a glance.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::sessionization::{Reads, Sessionization};

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
