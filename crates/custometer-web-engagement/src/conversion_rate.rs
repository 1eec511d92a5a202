//! Conversion rate.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::sessionization::{Reads, Sessionization, SessionsFrom};
use crate::tables::{EVENT, USER, events};

/// Parameters of [`ConversionRate`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversionRateParams {
    /// The events that are conversions. A table of sessions counts its own, and needs none.
    #[serde(default)]
    pub events: Vec<String>,
    /// What converts.
    #[serde(default)]
    pub base: Base,
    /// What a session is. It matters only where sessions convert, and not where visitors do. The key events are `events`, whatever it
    /// names.
    #[serde(default)]
    pub sessions: Sessionization,
}

/// What converts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Users: each converts once, however often they do it.
    #[default]
    Visitors,
    /// Visits.
    Sessions,
}

/// `web.conversion_rate`: how many of those who come do what we hope for?
pub struct ConversionRate;

impl Metric for ConversionRate {
    type Params = ConversionRateParams;

    const ABOUT: &'static About = &About {
        id: "web.conversion_rate",
        title: "Conversion rate",
        summary: "The share of visitors, or of visits, with a converting event.",
        formula: "100 · distinct users (or sessions) with one of `events` / distinct users (or sessions)",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No visitor: undefined.",
            "Somebody who converts twice counts once.",
            "A session converts in the bucket, and in the group of every breakdown, that it begins in.",
            "An event without a user is rejected; where `session_id` tells sessions apart, an event without it is.",
        ],
        examples: &[
            Example {
                title: "50 of 500 visitors, one of them twice",
                params: "events = [\"purchase\"]",
                header: "user_id,event",
                rows: &[(500, "u{i},page_view"), (50, "u{i},purchase"), (1, "u{i},purchase")],
                expected: &[("", Some(10.0))],
                ..Example::NONE
            },
            Example {
                title: "one of two visits of the same user",
                params: "events = [\"purchase\"]\nbase = \"sessions\"",
                header: "user_id,time,event",
                rows: &[
                    (1, "a,2025-01-01 10:00:00,page_view"),
                    (1, "a,2025-01-01 12:00:00,page_view"),
                    (1, "a,2025-01-01 12:05:00,purchase"),
                ],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "one of two sessions of the data's own",
                params: "events = [\"purchase\"]\nbase = \"sessions\"\nsessions = { from = \"session_id\" }",
                header: "session_id,time,event",
                rows: &[(2, "s{i},2025-01-01 10:00:00,page_view"), (1, "s{i},2025-01-01 10:00:00,purchase")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "three of four rows of a table of sessions",
                params: "base = \"sessions\"\nsessions = { from = \"rows\" }",
                header: "session_id,conversions",
                rows: &[(3, "s{i},2"), (1, "s4,0")],
                expected: &[("", Some(75.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &ConversionRateParams) -> Result<Definition, ParamError> {
        let told_by_rows = params.base == Base::Sessions && params.sessions.from == SessionsFrom::Rows;
        if params.events.is_empty() && !told_by_rows {
            return Err(ParamError::new("events", "no event would convert").help("name the converting events: `events = [\"purchase\"]`"));
        }
        if params.base == Base::Visitors {
            let user = || col(USER.name);
            return Ok(Definition::over(events().column(USER).column(EVENT))
                .expects(EVENT.name, "events", &params.events)
                .measure(count_distinct("converted", user()).filter(is_one_of(EVENT.name, &params.events)))
                .measure(count_distinct("visitors", user()))
                .value(Value::proportion("converted", "visitors")));
        }
        if told_by_rows && !params.events.is_empty() {
            return Err(ParamError::new("events", "a table of sessions does not say which events converted").help("leave it out"));
        }
        let sessionization = Sessionization { key_events: params.events.clone(), ..params.sessions.clone() };
        let sessions = sessionization.sessions("sessions", &[Reads::KeyEvents])?;
        Ok(sessions
            .definition
            .measure(count("converted").filter(sessions.key_events.gt(lit(0))))
            .measure(count("sessions"))
            .value(Value::proportion("converted", "sessions"))
            .note(sessionization.note()))
    }
}

register_metric!(ConversionRate);
