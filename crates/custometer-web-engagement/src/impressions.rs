//! Impressions.

use custometer_core::prelude::*;

use crate::shared::search::{IMPOSSIBLE, IMPRESSIONS, clicks_and_impressions};

/// `web.impressions`: how often does search show us?
pub struct Impressions;

impl Metric for Impressions {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "web.impressions",
        title: "Impressions",
        summary: "How often unpaid search results were shown.",
        formula: "Σ impressions",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &["No row: 0.", IMPOSSIBLE],
        examples: &[Example {
            title: "two days",
            header: "date,clicks,impressions",
            rows: &[(1, "2025-01-01,30,1000"), (1, "2025-01-02,5,100")],
            expected: &[("", Some(1100.0))],
            ..Example::NONE
        }],
        references: &[],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(clicks_and_impressions())
            .measure(sum("impressions", col(IMPRESSIONS.name)))
            .value(Value::measure("impressions")))
    }
}

register_metric!(Impressions);
