//! Ratings of public reviews, and their scale.

use custometer_core::Column;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{REVIEWS, TIME};

/// The column of the rating.
pub const RATING: &str = "rating";

/// The lowest and the highest rating that can be given, such as `[1, 5]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scale(pub i64, pub i64);

impl Default for Scale {
    fn default() -> Self {
        Self(1, 5)
    }
}

impl Scale {
    /// Reviews with a rating on this scale, half stars too. A review without one is not a rating.
    pub fn reviews(self) -> Result<Source, ParamError> {
        let Self(min, max) = self;
        if min >= max {
            return Err(ParamError::new("scale", format!("a scale from {min} to {max} has no room")).help("write `scale = [1, 5]`"));
        }
        let rating = Column::number(RATING)
            .also_called(
                "stars, star rating, review rating, review score, stjerner, anmeldelse, bedoemmelse, karakter, vurdering, \
             stjaernor, betyg, sterne, bewertung",
            )
            .between(min as f64, max as f64)
            .nulls(NullRule::Skip);
        Ok(Source::table(REVIEWS).at(TIME).column(rating.describe("stars, on the scale given by `scale`; missing: no rating")))
    }
}
