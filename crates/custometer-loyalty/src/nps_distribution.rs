//! Distribution of the answers behind the net promoter score.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;

use crate::tables::{RECOMMENDATION, RESPONSES, TIME};

/// `loyalty.nps_distribution`: how the answers spread over the scale.
pub struct NpsDistribution;

impl Metric for NpsDistribution {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.nps_distribution",
        title: "Distribution of recommendation scores",
        summary: "The share of responses at each score from 0 to 10, the shape that one net promoter score hides.",
        formula: "100 · responses at the score / responses, for each of the eleven scores",
        unit: Unit::Percent,
        range: "0 to 100; the eleven shares sum to 100",
        direction: Direction::Neutral,
        edge_cases: &[
            "All eleven scores appear, those that nobody gave with 0.",
            "No response: all eleven shares are undefined.",
            "A score that is not a whole number from 0 to 10 is rejected; an unanswered question is no response.",
        ],
        examples: &[Example {
            title: "two nines, a seven and a zero",
            params: "",
            header: "score",
            rows: &[(2, "9"), (1, "7"), (1, "0")],
            expected: &[
                ("score=0", Some(25.0)),
                ("score=1", Some(0.0)),
                ("score=2", Some(0.0)),
                ("score=3", Some(0.0)),
                ("score=4", Some(0.0)),
                ("score=5", Some(0.0)),
                ("score=6", Some(0.0)),
                ("score=7", Some(25.0)),
                ("score=8", Some(0.0)),
                ("score=9", Some(50.0)),
                ("score=10", Some(0.0)),
            ],
        }],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals of the shares"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let scores = (0..=10_i64).map(Into::into).collect();
        Ok(Definition::over(Source::table(RESPONSES).at(TIME).column(RECOMMENDATION))
            .own_dimension_over("score", col(RECOMMENDATION.name), scores)
            .measure(count("responses_at_score"))
            .measure(count("responses").scope(Scope::OwnDimensions))
            .value(Value::proportion("responses_at_score", "responses")))
    }
}

register_metric!(NpsDistribution);
