//! Click-through rate.

use custometer_core::prelude::*;

use crate::shared::search::{CLICKS, IMPOSSIBLE, IMPRESSIONS, clicks_and_impressions};

/// `web.click_through_rate`: of those who see us in search, how many come?
pub struct ClickThroughRate;

impl Metric for ClickThroughRate {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "web.click_through_rate",
        title: "Click-through rate",
        summary: "The share of the impressions of unpaid search results that were clicked.",
        formula: "100 · Σ clicks / Σ impressions; never a mean of rates",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &["No impression: undefined.", IMPOSSIBLE],
        examples: &[Example {
            title: "3 % of 1000 and 5 % of 100, which is not 4 %",
            header: "date,clicks,impressions",
            rows: &[(1, "2025-01-01,30,1000"), (1, "2025-01-02,5,100")],
            expected: &[("", Some(3500.0 / 1100.0))],
            ..Example::NONE
        }],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(clicks_and_impressions())
            .measure(sum("clicks", col(CLICKS.name)))
            .measure(sum("impressions", col(IMPRESSIONS.name)))
            .value(Value::proportion("clicks", "impressions")))
    }
}

register_metric!(ClickThroughRate);
