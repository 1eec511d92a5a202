//! Customer satisfaction: the share of satisfied answers.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::ratings;
use custometer_core::survey::Scale;

/// Parameters of [`Csat`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsatParams {
    /// The lowest and the highest rating.
    pub scale: Scale,
    /// The lowest rating that is satisfied. 4 on a scale from 1 to 5 and 8 on one from 1 to 10; to be given on any other.
    pub positive_from: Option<i64>,
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    pub weighted: bool,
}

/// `support.csat`: how many are satisfied?
pub struct Csat;

impl Metric for Csat {
    type Params = CsatParams;

    const ABOUT: &'static About = &About {
        id: "support.csat",
        title: "Customer satisfaction",
        summary: "The share of answers that are satisfied. Not the mean rating, which is `support.csat_score`.",
        formula: "100 · answers of at least `positive_from` / answers. Weighted: the sums of their weights instead of their numbers",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No response: undefined.",
            "A rating off the scale is rejected; an unanswered question is not a response.",
            "On a scale other than 1–5 and 1–10, `positive_from` must be given.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example { title: "20 of 50", header: "score", rows: &[(20, "4"), (30, "3")], expected: &[("", Some(40.0))], ..Example::NONE },
            Example { title: "30 of 50", header: "score", rows: &[(30, "5"), (20, "1")], expected: &[("", Some(60.0))], ..Example::NONE },
            Example {
                title: "400 of 500 on a scale from 1 to 10",
                params: "scale = [1, 10]",
                header: "score",
                rows: &[(400, "8"), (100, "7")],
                expected: &[("", Some(80.0))],
                ..Example::NONE
            },
            Example {
                title: "74 of 107",
                header: "score",
                rows: &[(74, "4"), (33, "2")],
                expected: &[("", Some(69.158_878_504_672_9))],
                ..Example::NONE
            },
            Example {
                title: "one satisfied answer that counts three times, and three others",
                params: "weighted = true",
                header: "score,weight",
                rows: &[(1, "5,3"), (3, "2,1")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &[
            "E. B. Wilson, JASA 22 (1927), for the interval",
            "L. Kish, \"Survey Sampling\" (1965), section 11.7, for the effective size of weighted answers",
        ],
    };

    fn define(params: &CsatParams) -> Result<Definition, ParamError> {
        let from = positive_from(params)?;
        ratings::share(params.scale, params.weighted, "positive", col("score").gt_eq(lit(from)))
    }
}

fn positive_from(params: &CsatParams) -> Result<i64, ParamError> {
    let Scale(min, max) = params.scale.checked()?;
    match (params.positive_from, min, max) {
        (Some(from), ..) if from > min && from <= max => Ok(from),
        (Some(from), ..) => Err(ParamError::new("positive_from", format!("{from} does not divide a scale from {min} to {max}"))),
        (None, 1, 5) => Ok(4),
        (None, 1, 10) => Ok(8),
        (None, ..) => Err(ParamError::new("scale", format!("on a scale from {min} to {max}, which answers are satisfied?"))
            .help("give the lowest satisfied rating: `positive_from = …`")),
    }
}

register_metric!(Csat);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_satisfied_part_of_a_scale_is_known_or_asked_for() {
        let with = |scale, positive_from| super::positive_from(&CsatParams { scale, positive_from, weighted: false }).ok();
        assert_eq!(with(Scale(1, 5), None), Some(4));
        assert_eq!(with(Scale(1, 10), None), Some(8));
        assert_eq!(with(Scale(1, 7), None), None);
        assert_eq!(with(Scale(1, 7), Some(6)), Some(6));
        assert_eq!(with(Scale(1, 5), Some(1)), None);
        assert_eq!(with(Scale(1, 5), Some(6)), None);
    }
}
