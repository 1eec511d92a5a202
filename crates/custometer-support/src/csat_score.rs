//! Mean satisfaction rating.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{RESPONSES, Scale, TIME};

/// Parameters of [`CsatScore`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsatScoreParams {
    /// The lowest and the highest rating.
    pub scale: Scale,
}

/// `support.csat_score`: the mean rating.
pub struct CsatScore;

impl Metric for CsatScore {
    type Params = CsatScoreParams;

    const ABOUT: &'static About = &About {
        id: "support.csat_score",
        title: "Mean satisfaction rating",
        summary: "The mean of all ratings, on the scale of the survey. Not the share of satisfied answers, which is `support.csat`.",
        formula: "Σ rating / answers",
        unit: Unit::Score,
        range: "the scale of the survey",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No response: undefined.",
            "One response, or equal ratings only: no interval.",
            "A rating off the scale is rejected; an unanswered question is no response.",
        ],
        examples: &[Example {
            title: "ratings of 5, 4, 4 and 1",
            params: "",
            header: "score",
            rows: &[(1, "5"), (2, "4"), (1, "1")],
            expected: &[("", Some(3.5))],
        }],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &CsatScoreParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(Source::table(RESPONSES).at(TIME).column(params.scale.column()?))
            .measure(sum("rating_sum", col("score")))
            .measure(count("responses"))
            .measure(variance("rating_variance", col("score")))
            .value(Value::mean("rating_sum", "responses", "rating_variance")))
    }
}

register_metric!(CsatScore);
