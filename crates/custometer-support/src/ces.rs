//! Customer effort score: the mean rating of how easy it was.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::effort::EffortDirection;
use crate::shared::ratings;
use custometer_core::survey::Scale;

/// Parameters of [`Ces`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CesParams {
    /// The lowest and the highest rating. Both `[1, 5]` and `[1, 7]` are in use, so there is no default.
    pub scale: Scale,
    /// Which end of the scale is the easy one.
    pub direction: EffortDirection,
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    #[serde(default)]
    pub weighted: bool,
}

/// `support.ces`: how easy was it?
pub struct Ces;

impl Metric for Ces {
    type Params = CesParams;

    const ABOUT: &'static About = &About {
        id: "support.ces",
        title: "Customer effort score",
        summary: "The mean of all ratings of how much effort it took, on the scale of the survey. The share of answers on the easy side is \
                  `support.ces_easy_share`.",
        formula: "Σ rating / answers. Weighted: Σ weight · rating / Σ weight",
        unit: Unit::Score,
        range: "the scale of the survey, whose better end `direction` names",
        direction: Direction::Neutral,
        edge_cases: &[
            "No response: undefined.",
            "Without `scale` or `direction` the report is refused: the same ratings mean opposite things.",
            "Higher is better with `direction = \"high_is_easy\"`, lower with `\"high_is_effort\"`.",
            "One response, or equal ratings only: no interval.",
            "A rating off the scale is rejected; an unanswered question is not a response.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example {
                title: "ratings of 7, 6, 5 and 2, where 7 is easy",
                params: "scale = [1, 7]\ndirection = \"high_is_easy\"",
                header: "score",
                rows: &[(1, "7"), (1, "6"), (1, "5"), (1, "2")],
                expected: &[("", Some(5.0))],
                ..Example::NONE
            },
            Example {
                title: "ratings of 1, 2, 2 and 5, where 5 is much effort",
                params: "scale = [1, 5]\ndirection = \"high_is_effort\"",
                header: "score",
                rows: &[(1, "1"), (2, "2"), (1, "5")],
                expected: &[("", Some(2.5))],
                ..Example::NONE
            },
            Example {
                title: "a rating of 7 that counts three times, and one of 3",
                params: "scale = [1, 7]\ndirection = \"high_is_easy\"\nweighted = true",
                header: "score,weight",
                rows: &[(1, "7,3"), (1, "3,1")],
                expected: &[("", Some(6.0))],
                ..Example::NONE
            },
        ],
        references: &[
            "M. Dixon, K. Freeman & N. Toman, \"Stop trying to delight your customers\", Harvard Business Review, July–August 2010",
            "Student, Biometrika 6 (1908), for the interval",
            "L. Kish, \"Survey Sampling\" (1965), section 11.7, for the effective size of weighted answers",
        ],
    };

    fn define(params: &CesParams) -> Result<Definition, ParamError> {
        let CesParams { scale, direction, weighted } = *params;
        Ok(ratings::mean(scale, weighted)?.direction(direction.good()).note(direction.note(scale)))
    }
}

register_metric!(Ces);
