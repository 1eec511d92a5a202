//! Positive reviews: their share, or their number.

use custometer_core::prelude::*;
use custometer_core::survey::Scale;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::ratings::{RATING, reviews};

/// Parameters of [`PositiveReviews`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PositiveReviewsParams {
    /// Whether the value is the share of positive reviews or their number.
    pub show: Show,
    /// The lowest and the highest rating.
    pub scale: Scale,
    /// The lowest rating that is positive. 4 on a scale from 1 to 5; to be given on any other.
    pub positive_from: Option<f64>,
}

/// What the value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The percentage of reviews that are positive.
    #[default]
    Share,
    /// The number of positive reviews.
    Count,
}

/// `loyalty.positive_reviews`: how many praise?
pub struct PositiveReviews;

impl Metric for PositiveReviews {
    type Params = PositiveReviewsParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.positive_reviews",
        title: "Positive reviews",
        summary: "The share of public reviews that are positive, or their number; compared with an earlier time, their growth.",
        formula: "100 · ratings of at least `positive_from` / reviews with a rating; ratings of at least `positive_from`",
        unit: Unit::Percent,
        range: "0 to 100; as a number 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No review with a rating: the share is undefined, the number 0.",
            "A rating off the scale is rejected; half stars are on it. A review without a rating is left out.",
            "On a scale other than 1–5, `positive_from` must be given.",
        ],
        examples: &[
            Example {
                title: "three of four",
                header: "rating",
                rows: &[(1, "5"), (2, "4"), (1, "3.5")],
                expected: &[("", Some(75.0))],
                ..Example::NONE
            },
            Example {
                title: "their number",
                params: "show = \"count\"",
                header: "rating",
                rows: &[(1, "5"), (2, "4"), (1, "3.5")],
                expected: &[("", Some(3.0))],
                ..Example::NONE
            },
            Example {
                title: "one of two on another scale",
                params: "scale = [0, 10]\npositive_from = 7.5",
                header: "rating",
                rows: &[(1, "7.5"), (1, "7")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &PositiveReviewsParams) -> Result<Definition, ParamError> {
        let definition = Definition::over(reviews(params.scale)?)
            .measure(count("positive_reviews").filter(col(RATING).gt_eq(lit(params.positive_from()?))))
            .measure(count("reviews"));
        Ok(match params.show {
            Show::Share => definition.value(Value::proportion("positive_reviews", "reviews")),
            Show::Count => definition.value(Value::measure_of("positive_reviews", "reviews")).unit(Unit::Count),
        })
    }
}

impl PositiveReviewsParams {
    fn positive_from(&self) -> Result<f64, ParamError> {
        let Scale(min, max) = self.scale;
        match (self.positive_from, min, max) {
            (Some(from), ..) if from > min as f64 && from <= max as f64 => Ok(from),
            (Some(from), ..) => Err(ParamError::new("positive_from", format!("{from} does not divide a scale from {min} to {max}"))),
            (None, 1, 5) => Ok(4.0),
            (None, ..) => Err(ParamError::new("scale", format!("on a scale from {min} to {max}, which reviews are positive?"))
                .help("give the lowest positive rating: `positive_from = …`")),
        }
    }
}

register_metric!(PositiveReviews);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positive_part_of_a_scale_is_known_or_asked_for() {
        let with = |scale, positive_from| PositiveReviewsParams { scale, positive_from, show: Show::Share }.positive_from().ok();
        assert_eq!(with(Scale(1, 5), None), Some(4.0));
        assert_eq!(with(Scale(1, 10), None), None);
        assert_eq!(with(Scale(1, 10), Some(7.5)), Some(7.5));
        assert_eq!(with(Scale(1, 5), Some(1.0)), None);
        assert_eq!(with(Scale(1, 5), Some(5.5)), None);
    }
}
