//! Organic clicks.

use custometer_core::prelude::*;

use crate::shared::search::{CLICKS, IMPOSSIBLE, clicks_and_impressions};

/// `web.organic_clicks`: how many come by search?
pub struct OrganicClicks;

impl Metric for OrganicClicks {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "web.organic_clicks",
        title: "Organic clicks",
        summary: "Clicks on unpaid search results.",
        formula: "Σ clicks",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &["No row: 0.", IMPOSSIBLE],
        examples: &[Example {
            title: "two days",
            header: "date,clicks,impressions",
            rows: &[(1, "2025-01-01,30,1000"), (1, "2025-01-02,5,100")],
            expected: &[("", Some(35.0))],
            ..Example::NONE
        }],
        references: &[],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(clicks_and_impressions()).measure(sum("clicks", col(CLICKS.name))).value(Value::measure("clicks")))
    }
}

register_metric!(OrganicClicks);
