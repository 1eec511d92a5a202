//! Visitors.

use custometer_core::prelude::*;

use crate::tables::{USER, events};

/// `web.visitors`: how many different people came?
pub struct Visitors;

impl Metric for Visitors {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "web.visitors",
        title: "Visitors",
        summary: "Distinct users with at least one event.",
        formula: "distinct user_id",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No event: 0.",
            "Visitors of groups or of buckets do not add up: who came in two of them is one visitor of both. Totals are counted anew.",
            "An event without a user is rejected.",
        ],
        examples: &[Example {
            title: "five events of three users",
            header: "user_id",
            rows: &[(3, "u{i}"), (2, "u{i}")],
            expected: &[("", Some(3.0))],
            ..Example::NONE
        }],
        references: &[],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(events().column(USER)).measure(count_distinct("visitors", col(USER.name))).value(Value::measure("visitors")))
    }
}

register_metric!(Visitors);
