//! Session duration.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::sessionization::{Reads, Sessionization, SessionsFrom};

/// Parameters of [`SessionDuration`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionDurationParams {
    /// What a session is.
    pub sessions: Sessionization,
    /// What is reported of the durations.
    pub statistic: Statistic,
    /// Whether sessions of a single event are left out, since nobody knows how long they took. Otherwise they count as 0 seconds.
    pub exclude_single: bool,
}

/// What is reported of durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Their mean.
    #[default]
    Mean,
    /// The duration that half of them do not exceed.
    Median,
    /// The duration that nine of ten do not exceed.
    P90,
}

/// `web.session_duration`: how long do visits take?
pub struct SessionDuration;

impl Metric for SessionDuration {
    type Params = SessionDurationParams;

    const ABOUT: &'static About = &About {
        id: "web.session_duration",
        title: "Session duration",
        summary: "The time from a visit's first event to its last.",
        formula: "mean, median or 90th percentile of last − first event, of the sessions that begin in the bucket",
        unit: Unit::Seconds,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No session: undefined.",
            "A session of a single event counts as 0 seconds, or is left out with `exclude_single`; in a table of sessions, one of a single view.",
            "How long the last page was looked at is not known, and not counted.",
            "An event without a user or a time is rejected.",
        ],
        examples: &[
            Example {
                title: "ten minutes, and a single event",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 10:00:00"), (1, "a,2025-01-01 10:10:00"), (1, "b,2025-01-01 10:00:00")],
                expected: &[("", Some(300.0))],
                ..Example::NONE
            },
            Example {
                title: "the same without the single event",
                params: "exclude_single = true",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 10:00:00"), (1, "a,2025-01-01 10:10:00"), (1, "b,2025-01-01 10:00:00")],
                expected: &[("", Some(600.0))],
                ..Example::NONE
            },
            Example {
                title: "the median of a table of sessions",
                params: "sessions = { from = \"rows\" }\nstatistic = \"median\"",
                header: "session_id,duration_seconds",
                rows: &[(1, "s1,10"), (1, "s2,20"), (1, "s3,600")],
                expected: &[("", Some(20.0))],
                ..Example::NONE
            },
        ],
        references: &[
            "Student, Biometrika 6 (1908), for the interval of a mean",
            "R. J. Hyndman & Y. Fan, The American Statistician 50 (1996), definition 7, for the quantile",
            "W. J. Conover, \"Practical Nonparametric Statistics\", 3rd ed. (1999), section 3.2, for the interval of a quantile",
        ],
    };

    fn define(params: &SessionDurationParams) -> Result<Definition, ParamError> {
        let counts_views = params.exclude_single && params.sessions.from == SessionsFrom::Rows;
        let reads: &[Reads] = if counts_views { &[Reads::Duration, Reads::Views] } else { &[Reads::Duration] };
        let sessions = params.sessions.sessions("sessions", reads)?;
        let only = |measure: Measure| if params.exclude_single { measure.filter(sessions.goes_on.clone()) } else { measure };
        let level = match params.statistic {
            Statistic::Mean => None,
            Statistic::Median => Some(0.5),
            Statistic::P90 => Some(0.9),
        };
        let counted = sessions.definition.measure(only(count("sessions")));
        let defined = match level {
            Some(level) => {
                counted.measure(only(quantile("seconds_quantile", sessions.seconds, level))).value(Value::quantile("seconds_quantile"))
            }
            None => counted
                .measure(only(sum("seconds", sessions.seconds.clone())))
                .measure(only(variance("seconds_variance", sessions.seconds)))
                .value(Value::mean("seconds", "sessions", "seconds_variance")),
        };
        let noted = defined.note(params.sessions.note());
        Ok(if params.exclude_single { noted.note("without sessions of a single event") } else { noted })
    }
}

register_metric!(SessionDuration);
