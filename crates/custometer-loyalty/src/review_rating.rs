//! Mean rating of public reviews.

use custometer_core::prelude::*;
use custometer_core::survey::Scale;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::ratings::{RATING, reviews};

/// Parameters of [`ReviewRating`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewRatingParams {
    /// The lowest and the highest rating.
    pub scale: Scale,
}

/// `loyalty.review_rating`: how many stars?
pub struct ReviewRating;

impl Metric for ReviewRating {
    type Params = ReviewRatingParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.review_rating",
        title: "Review rating",
        summary: "The mean rating of public reviews.",
        formula: "Σ rating / reviews with a rating",
        unit: Unit::Score,
        range: "the scale of the reviews",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No review with a rating: undefined.",
            "One review, or equal ratings only: no interval.",
            "A rating off the scale is rejected; half stars are on it. A review without a rating is left out.",
        ],
        examples: &[
            Example {
                title: "ratings of 5, 5, 4 and 1",
                header: "rating",
                rows: &[(2, "5"), (1, "4"), (1, "1")],
                expected: &[("", Some(3.75))],
                ..Example::NONE
            },
            Example {
                title: "a rating of 7.5 of 10, and a review without one",
                params: "scale = [0, 10]",
                header: "review_id,rating",
                rows: &[(1, "a,7.5"), (1, "b,")],
                expected: &[("", Some(7.5))],
                ..Example::NONE
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &ReviewRatingParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(reviews(params.scale)?)
            .measure(sum("rating_sum", col(RATING)))
            .measure(count("reviews"))
            .measure(variance("rating_variance", col(RATING)))
            .value(Value::mean("rating_sum", "reviews", "rating_variance")))
    }
}

register_metric!(ReviewRating);
