//! Average position.

use custometer_core::prelude::*;

use crate::shared::search::{DATE, IMPRESSIONS, POSITION, SEARCH, with_positions};

/// `web.average_position`: how far up does search show us?
pub struct AveragePosition;

impl Metric for AveragePosition {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "web.average_position",
        title: "Average position",
        summary: "The mean position of the impressions of unpaid search results, 1 for the topmost.",
        formula: "Σ position · impressions / Σ impressions",
        unit: Unit::Score,
        range: "1 or more",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No impression: undefined.",
            "n is the number of rows with impressions. The interval takes each row as one observation, and needs two of them.",
            "A row without impressions has no position and changes nothing; one with impressions and without a position is rejected.",
            "A position below 1, and a number of impressions that is not whole or below 0, are rejected.",
        ],
        examples: &[Example {
            title: "300 impressions in second place and 100 in tenth",
            header: "date,impressions,position",
            rows: &[(1, "2025-01-01,300,2"), (1, "2025-01-02,100,10"), (1, "2025-01-03,0,")],
            expected: &[("", Some(4.0))],
            ..Example::NONE
        }],
        references: &["W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval of a ratio over rows"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let impressions = || col(IMPRESSIONS.name);
        let positions = || col(POSITION.name) * impressions();
        let shown = |measure: Measure| measure.filter(impressions().gt(lit(0)));
        Ok(Definition::over(with_positions(Source::table(SEARCH).at(DATE)))
            .measure(shown(sum("sum_of_positions", positions())))
            .measure(shown(sum("impressions", impressions())))
            .measure(shown(count("rows")))
            .measure(shown(variance("variance_of_positions", positions())))
            .measure(shown(variance("variance_of_impressions", impressions())))
            .measure(shown(variance("variance_of_both", positions() + impressions())))
            .value(Value::ratio_of_means(
                "sum_of_positions",
                "impressions",
                "rows",
                ["variance_of_positions", "variance_of_impressions", "variance_of_both"],
            )))
    }
}

register_metric!(AveragePosition);
