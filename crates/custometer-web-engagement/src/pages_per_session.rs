//! Pages per session.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::sessionization::{Reads, Sessionization};

/// Parameters of [`PagesPerSession`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PagesPerSessionParams {
    /// What a session is, and which events are page views.
    pub sessions: Sessionization,
}

/// `web.pages_per_session`: how far do visits go?
pub struct PagesPerSession;

impl Metric for PagesPerSession {
    type Params = PagesPerSessionParams;

    const ABOUT: &'static About = &About {
        id: "web.pages_per_session",
        title: "Pages per session",
        summary: "Page views per visit.",
        formula: "page views / sessions, of the sessions that begin in the bucket",
        unit: Unit::Ratio,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No session: undefined.",
            "A session without a page view counts as 0.",
            "Views after the bucket's end belong to the session that began in it.",
            "An event without a user or a time is rejected.",
        ],
        examples: &[
            Example {
                title: "three views of two sessions, and a purchase",
                params: "sessions = { view_events = [\"page_view\"] }",
                header: "user_id,time,event",
                rows: &[
                    (1, "a,2025-01-01 10:00:00,page_view"),
                    (1, "a,2025-01-01 10:05:00,page_view"),
                    (1, "a,2025-01-01 10:06:00,purchase"),
                    (1, "b,2025-01-01 10:00:00,page_view"),
                ],
                expected: &[("", Some(1.5))],
                ..Example::NONE
            },
            Example {
                title: "a page that is loaded again is viewed once",
                params: "sessions = { view_events = [], refresh_seconds = 10 }",
                header: "user_id,time,page",
                rows: &[
                    (1, "a,2025-01-01 10:00:00,/"),
                    (1, "a,2025-01-01 10:00:10,/"),
                    (1, "a,2025-01-01 10:00:15,/about"),
                    (1, "a,2025-01-01 10:00:20,/"),
                    (1, "a,2025-01-01 10:00:31,/"),
                ],
                expected: &[("", Some(3.0))],
                ..Example::NONE
            },
            Example {
                title: "a table of sessions",
                params: "sessions = { from = \"rows\" }",
                header: "session_id,page_views",
                rows: &[(1, "s1,1"), (1, "s2,4")],
                expected: &[("", Some(2.5))],
                ..Example::NONE
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval: sessions are the observations"],
    };

    fn define(params: &PagesPerSessionParams) -> Result<Definition, ParamError> {
        let sessions = params.sessions.sessions("sessions", &[Reads::Views])?;
        Ok(sessions
            .definition
            .measure(sum("views", sessions.views.clone()))
            .measure(count("sessions"))
            .measure(variance("views_variance", sessions.views))
            .value(Value::mean("views", "sessions", "views_variance"))
            .note(params.sessions.note()))
    }
}

register_metric!(PagesPerSession);
