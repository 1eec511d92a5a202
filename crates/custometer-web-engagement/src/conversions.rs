//! Conversions.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{EVENT, VALUE, events};

/// Parameters of [`Conversions`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversionsParams {
    /// The events that are conversions.
    pub events: Vec<String>,
    /// What is reported of them.
    #[serde(default)]
    pub statistic: ConversionStatistic,
}

/// What is reported of conversions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversionStatistic {
    /// How many there are.
    #[default]
    Count,
    /// What they are worth together.
    Value,
}

/// `web.conversions`: how often was done what we hope for, and what was it worth?
pub struct Conversions;

impl Metric for Conversions {
    type Params = ConversionsParams;

    const ABOUT: &'static About = &About {
        id: "web.conversions",
        title: "Conversions",
        summary: "Converting events, each one counted, or what they are worth together.",
        formula: "rows whose event is one of `events`; or the sum of their `value`",
        unit: Unit::Count,
        range: "0 or more; a value can be less where conversions are taken back",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No conversion: 0.",
            "Somebody who converts twice has two conversions.",
            "A conversion without a value counts, and adds nothing to the value; `valued` is how many have one.",
            "Where none of the conversions has a value, their value is undefined.",
        ],
        examples: &[
            Example {
                title: "two purchases of the same user",
                params: "events = [\"purchase\"]",
                header: "event",
                rows: &[(3, "page_view"), (2, "purchase")],
                expected: &[("", Some(2.0))],
                ..Example::NONE
            },
            Example {
                title: "what three purchases are worth, one of them without a value",
                params: "events = [\"purchase\"]\nstatistic = \"value\"",
                header: "event,value",
                rows: &[(1, "page_view,5"), (1, "purchase,100"), (1, "purchase,49.5"), (1, "purchase,")],
                expected: &[("", Some(149.5))],
                ..Example::NONE
            },
            Example {
                title: "conversions of which no value is known",
                params: "events = [\"purchase\"]\nstatistic = \"value\"",
                header: "event,value",
                rows: &[(1, "page_view,5"), (1, "purchase,")],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &[],
    };

    fn define(params: &ConversionsParams) -> Result<Definition, ParamError> {
        if params.events.is_empty() {
            return Err(ParamError::new("events", "no event would convert").help("name the converting events: `events = [\"purchase\"]`"));
        }
        let converts = is_one_of(EVENT.name, &params.events);
        let conversions = count("conversions").filter(converts.clone());
        let source = events().column(EVENT);
        let expecting = |source| Definition::over(source).expects(EVENT.name, "events", &params.events);
        Ok(match params.statistic {
            ConversionStatistic::Count => expecting(source).measure(conversions).value(Value::measure("conversions")),
            ConversionStatistic::Value => expecting(source.column(VALUE))
                .measure(sum("conversion_value", col(VALUE.name)).filter(converts.clone()))
                .measure(count("valued").filter(converts.and(col(VALUE.name).is_not_null())))
                .measure(conversions)
                .value(value_of_conversions().value())
                .unit(Unit::Currency),
        })
    }
}

/// The value, where it is known of any conversion, or where there is no conversion.
fn value_of_conversions() -> RowFormula {
    RowFormula::of(&["conversion_value", "valued", "conversions"], |row, _, _| {
        let [valued, conversions] = ["valued", "conversions"].map(|name| row.get(name).unwrap_or(0.0));
        let value = row.get("conversion_value").filter(|_| valued > 0.0 || conversions == 0.0);
        Found::new(Estimate { value, interval: None, n: Some(conversions) }, row.evidence())
    })
}

register_metric!(Conversions);
