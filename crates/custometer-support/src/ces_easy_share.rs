//! The share of customers who found it easy.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::effort::EffortDirection;
use crate::shared::ratings;
use custometer_core::survey::Scale;

/// Parameters of [`CesEasyShare`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CesEasyShareParams {
    /// The lowest and the highest rating. Both `[1, 5]` and `[1, 7]` are in use, so there is no default.
    pub scale: Scale,
    /// Which end of the scale is the easy one.
    pub direction: EffortDirection,
    /// The rating nearest the hard end that is still easy. Unless given, all beyond the middle of the scale are: 5 to 7 of 1 to 7 where high
    /// is easy, 1 to 3 where high is effort.
    #[serde(default)]
    pub easy_from: Option<i64>,
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    #[serde(default)]
    pub weighted: bool,
}

/// `support.ces_easy_share`: how many found it easy?
pub struct CesEasyShare;

impl Metric for CesEasyShare {
    type Params = CesEasyShareParams;

    const ABOUT: &'static About = &About {
        id: "support.ces_easy_share",
        title: "Share of easy experiences",
        summary: "The share of answers on the easy side of the scale. The mean rating is `support.ces`.",
        formula: "100 · answers on the easy side / answers. Weighted: the sums of their weights instead of their numbers",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No response: undefined.",
            "Without `scale` or `direction` the report is refused: the same ratings mean opposite things.",
            "The rating in the middle, such as 4 of 1 to 7, is not easy.",
            "A rating off the scale is rejected; an unanswered question is not a response.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example {
                title: "ratings of 7, 5, 4 and 1, where 7 is easy",
                params: "scale = [1, 7]\ndirection = \"high_is_easy\"",
                header: "score",
                rows: &[(1, "7"), (1, "5"), (1, "4"), (1, "1")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "the same, where 7 is much effort",
                params: "scale = [1, 7]\ndirection = \"high_is_effort\"",
                header: "score",
                rows: &[(1, "7"), (1, "5"), (1, "4"), (1, "1")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "the same, where only 1 and 2 are easy, and the 1 counts twice",
                params: "scale = [1, 7]\ndirection = \"high_is_effort\"\neasy_from = 2\nweighted = true",
                header: "score,weight",
                rows: &[(1, "7,1"), (1, "5,1"), (1, "4,1"), (1, "1,2")],
                expected: &[("", Some(40.0))],
                ..Example::NONE
            },
        ],
        references: &[
            "E. B. Wilson, JASA 22 (1927), for the interval",
            "L. Kish, \"Survey Sampling\" (1965), section 11.7, for the effective size of weighted answers",
        ],
    };

    fn define(params: &CesEasyShareParams) -> Result<Definition, ParamError> {
        let from = easy_from(params)?;
        let is_easy = match params.direction {
            EffortDirection::HighIsEasy => col("score").gt_eq(lit(from)),
            EffortDirection::HighIsEffort => col("score").lt_eq(lit(from)),
        };
        Ok(ratings::share(params.scale, params.weighted, "easy", is_easy)?.note(params.direction.note(params.scale)))
    }
}

/// The rating nearest the hard end that is easy.
fn easy_from(params: &CesEasyShareParams) -> Result<i64, ParamError> {
    let Scale(min, max) = params.scale.checked()?;
    let ends = min.saturating_add(max);
    let (hard_end, beyond_the_middle) = match params.direction {
        EffortDirection::HighIsEasy => (min, ends.div_euclid(2) + 1),
        EffortDirection::HighIsEffort => (max, (ends - 1).div_euclid(2)),
    };
    match params.easy_from {
        None => Ok(beyond_the_middle),
        Some(from) if (min..=max).contains(&from) && from != hard_end => Ok(from),
        Some(from) => Err(ParamError::new("easy_from", format!("{from} does not divide a scale from {min} to {max}"))),
    }
}

register_metric!(CesEasyShare);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_easy_side_is_beyond_the_middle_or_as_said() {
        use EffortDirection::{HighIsEasy, HighIsEffort};
        let with =
            |scale, direction, easy_from| super::easy_from(&CesEasyShareParams { scale, direction, easy_from, weighted: false }).ok();
        assert_eq!(with(Scale(1, 7), HighIsEasy, None), Some(5));
        assert_eq!(with(Scale(1, 7), HighIsEffort, None), Some(3));
        assert_eq!(with(Scale(1, 5), HighIsEasy, None), Some(4));
        assert_eq!(with(Scale(1, 5), HighIsEffort, None), Some(2));
        // No rating is the middle one.
        assert_eq!(with(Scale(1, 10), HighIsEasy, None), Some(6));
        assert_eq!(with(Scale(1, 10), HighIsEffort, None), Some(5));
        assert_eq!(with(Scale(-3, 3), HighIsEasy, None), Some(1));
        assert_eq!(with(Scale(-3, 3), HighIsEffort, None), Some(-1));
        assert_eq!(with(Scale(1, 7), HighIsEasy, Some(6)), Some(6));
        assert_eq!(with(Scale(1, 7), HighIsEffort, Some(1)), Some(1));
        // All or none of the ratings would be easy.
        assert_eq!(with(Scale(1, 7), HighIsEasy, Some(1)), None);
        assert_eq!(with(Scale(1, 7), HighIsEasy, Some(8)), None);
        assert_eq!(with(Scale(1, 7), HighIsEffort, Some(7)), None);
        assert_eq!(with(Scale(1, 7), HighIsEffort, Some(0)), None);
    }
}
