//! Sessions.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::sessionization::Sessionization;

/// Parameters of [`Sessions`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsParams {
    /// What a session is.
    pub sessions: Sessionization,
}

/// `web.sessions`: how many visits were there?
pub struct Sessions;

impl Metric for Sessions {
    type Params = SessionsParams;

    const ABOUT: &'static About = &About {
        id: "web.sessions",
        title: "Sessions",
        summary: "Visits: the events of a user with no long pause between them.",
        formula: "sessions that begin in the bucket",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No session: 0.",
            "A pause of exactly the timeout still belongs to the session, and so does midnight.",
            "A session belongs to the bucket, and to the group of every breakdown, of its first event. Where several events have that \
             instant, none of them is the first. The group is then the first of their groups by number and alphabet, and missing only \
             where it is missing in all of them.",
            "Sessions that began before the period are not counted.",
            "An event without a user or a time, or with one outside the years 1990 to 2199, is rejected.",
        ],
        examples: &[
            Example {
                title: "half an hour still belongs to the session, a second more does not",
                header: "user_id,time",
                rows: &[
                    (1, "a,2025-01-01 23:45:00"),
                    (1, "a,2025-01-02 00:15:00"),
                    (1, "a,2025-01-02 00:45:01"),
                    (1, "b,2025-01-02 00:45:01"),
                ],
                expected: &[("", Some(3.0))],
                ..Example::NONE
            },
            Example {
                title: "a session is of the day that it begins on",
                report: "from = 2025-01-01\nuntil = 2025-01-03\ngrain = \"day\"",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 23:45:00"), (1, "a,2025-01-02 00:15:00")],
                expected: &[("2025-01-01", Some(1.0)), ("2025-01-02", Some(0.0))],
                ..Example::NONE
            },
            Example {
                title: "the data's own sessions",
                params: "sessions = { from = \"session_id\" }",
                header: "session_id,time",
                rows: &[(1, "s1,2025-01-01 10:00:00"), (1, "s1,2025-01-01 12:00:00"), (1, "s2,2025-01-01 12:01:00")],
                expected: &[("", Some(2.0))],
                ..Example::NONE
            },
            Example {
                title: "a table of sessions",
                params: "sessions = { from = \"rows\" }",
                header: "session_id",
                rows: &[(2, "s{i}")],
                expected: &[("", Some(2.0))],
                ..Example::NONE
            },
        ],
        references: &[],
    };

    fn define(params: &SessionsParams) -> Result<Definition, ParamError> {
        let sessions = params.sessions.sessions("sessions", &[])?;
        Ok(sessions.definition.measure(count("sessions")).value(Value::measure("sessions")).note(params.sessions.note()))
    }
}

register_metric!(Sessions);
