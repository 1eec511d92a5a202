//! Mean satisfaction rating.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::ratings;
use custometer_core::survey::Scale;

/// Parameters of [`CsatScore`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsatScoreParams {
    /// The lowest and the highest rating.
    pub scale: Scale,
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    pub weighted: bool,
}

/// `support.csat_score`: the mean rating.
pub struct CsatScore;

impl Metric for CsatScore {
    type Params = CsatScoreParams;

    const ABOUT: &'static About = &About {
        id: "support.csat_score",
        title: "Mean satisfaction rating",
        summary: "The mean of all ratings, on the scale of the survey. Not the share of satisfied answers, which is `support.csat`.",
        formula: "Σ rating / answers. Weighted: Σ weight · rating / Σ weight",
        unit: Unit::Score,
        range: "the scale of the survey",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No response: undefined.",
            "One response, or equal ratings only: no interval.",
            "A rating off the scale is rejected; an unanswered question is not a response.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example {
                title: "ratings of 5, 4, 4 and 1",
                header: "score",
                rows: &[(1, "5"), (2, "4"), (1, "1")],
                expected: &[("", Some(3.5))],
                ..Example::NONE
            },
            Example {
                title: "ratings of 4 and 1, and one of 5 that counts twice",
                params: "weighted = true",
                header: "score,weight",
                rows: &[(1, "5,2"), (1, "4,1"), (1, "1,1")],
                expected: &[("", Some(3.75))],
                ..Example::NONE
            },
        ],
        references: &[
            "Student, Biometrika 6 (1908), for the interval",
            "L. Kish, \"Survey Sampling\" (1965), section 11.7, for the effective size of weighted answers",
        ],
    };

    fn define(params: &CsatScoreParams) -> Result<Definition, ParamError> {
        ratings::mean(params.scale, params.weighted)
    }
}

register_metric!(CsatScore);
