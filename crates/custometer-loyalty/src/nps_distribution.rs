//! Distribution of the answers behind the net promoter score.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::survey::{self, Answers, Kind, Scale};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::recommendations;
use crate::tables::RECOMMENDATION;

/// Parameters of [`NpsDistribution`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NpsDistributionParams {
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    pub weighted: bool,
    /// The scale of the answers; there is none but `[0, 10]`.
    pub scale: Option<Scale>,
}

/// `loyalty.nps_distribution`: how the answers spread over the scale.
pub struct NpsDistribution;

impl Metric for NpsDistribution {
    type Params = NpsDistributionParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.nps_distribution",
        title: "Distribution of recommendation scores",
        summary: "The share of responses at each score from 0 to 10, the shape that one net promoter score hides.",
        formula: "100 · responses at the score / responses, for each of the eleven scores. Weighted: the sums of their weights instead",
        unit: Unit::Percent,
        range: "0 to 100; the eleven shares sum to 100",
        direction: Direction::Neutral,
        edge_cases: &[
            "All eleven scores appear, those that nobody gave with 0.",
            "No response: all eleven shares are undefined.",
            "A score that is not a whole number from 0 to 10 is rejected; an unanswered question is not a response.",
            "On another scale, such as 1 to 5, there are no promoters: `scale = [1, 5]` is refused, and where none of 20 answers or more is above 7, \
             the note says so.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example {
                title: "two nines, a seven and a zero",
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
                ..Example::NONE
            },
            Example {
                title: "two nines of half an answer each, a seven, and a zero that counts twice",
                params: "weighted = true",
                header: "score,weight",
                rows: &[(2, "9,0.5"), (1, "7,1"), (1, "0,2")],
                expected: &[
                    ("score=0", Some(50.0)),
                    ("score=1", Some(0.0)),
                    ("score=2", Some(0.0)),
                    ("score=3", Some(0.0)),
                    ("score=4", Some(0.0)),
                    ("score=5", Some(0.0)),
                    ("score=6", Some(0.0)),
                    ("score=7", Some(25.0)),
                    ("score=8", Some(0.0)),
                    ("score=9", Some(25.0)),
                    ("score=10", Some(0.0)),
                ],
                ..Example::NONE
            },
        ],
        references: &[
            "E. B. Wilson, JASA 22 (1927), for the intervals of the shares",
            "L. Kish, \"Survey Sampling\" (1965), section 11.7, for the effective size of weighted answers",
        ],
    };

    fn define(params: &NpsDistributionParams) -> Result<Definition, ParamError> {
        let scores = (0..=10_i64).map(Into::into).collect();
        let source = recommendations::answers(params.scale)?;
        let answers = Answers::new(params.weighted);
        let by_score = Definition::over(answers.of(source)).own_dimension_over("score", col(RECOMMENDATION.name), scores);
        let by_score = match answers {
            Answers::Once => by_score,
            Answers::Weighted => answers.weigh(by_score.measure(answers.measure(AT_SCORE)), Scope::OwnDimensions),
        };
        Ok(by_score
            .measure(count(AT_SCORE.number))
            .measure(count(survey::RESPONSES).scope(Scope::OwnDimensions))
            .value(answers.proportion(AT_SCORE)))
    }
}

const AT_SCORE: Kind<'_> = Kind { number: "responses_at_score", weight: "weight_at_score" };

register_metric!(NpsDistribution);
