//! Conversion rate.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{EVENT, EVENTS, SESSION, TIME, USER};

/// Parameters of [`ConversionRate`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversionRateParams {
    /// The events that are conversions.
    pub events: Vec<String>,
    /// What converts.
    #[serde(default)]
    pub base: Base,
}

/// What converts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Users: each converts once, however often they do it.
    #[default]
    Visitors,
    /// Visits, by the session id of the data.
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
            "Who converts twice has converted once.",
            "An event without a user (or a session) is rejected.",
        ],
        examples: &[
            Example {
                title: "50 of 500 visitors, one of them twice",
                report: "",
                params: "events = [\"purchase\"]",
                header: "user_id,event",
                rows: &[(500, "u{i},page_view"), (50, "u{i},purchase"), (1, "u{i},purchase")],
                expected: &[("", Some(10.0))],
            },
            Example {
                title: "one of two visits of the same user",
                report: "",
                params: "events = [\"purchase\"]\nbase = \"sessions\"",
                header: "session_id,event",
                rows: &[(2, "s{i},page_view"), (1, "s{i},purchase")],
                expected: &[("", Some(50.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &ConversionRateParams) -> Result<Definition, ParamError> {
        if params.events.is_empty() {
            return Err(ParamError::new("events", "no event would convert").help("name the converting events: `events = [\"purchase\"]`"));
        }
        let (base, column) = match params.base {
            Base::Visitors => ("visitors", USER),
            Base::Sessions => ("sessions", SESSION),
        };
        let id = col(column.name);
        let converted = count_distinct("converted", id.clone()).filter(is_one_of(EVENT.name, &params.events));
        Ok(Definition::over(Source::table(EVENTS).at(TIME).column(column).column(EVENT))
            .measure(converted)
            .measure(count_distinct(base, id))
            .value(Value::proportion("converted", base)))
    }
}

/// Whether a text column is one of some names. Not for missing ones.
pub(crate) fn is_one_of(column: &str, names: &[String]) -> Expr {
    names.iter().map(|name| col(column).eq(lit(name.as_str()))).reduce(Expr::or).unwrap_or_else(|| lit(false))
}

register_metric!(ConversionRate);
