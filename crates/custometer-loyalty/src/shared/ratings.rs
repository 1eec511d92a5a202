//! Ratings of public reviews.

use custometer_core::prelude::*;
use custometer_core::survey::Scale;

use crate::tables::{REVIEWS, TIME};

/// The column of the rating.
pub(crate) const RATING: &str = "rating";

/// Reviews with a rating on a scale, half stars too. A review without one is not a rating.
pub(crate) fn reviews(scale: Scale) -> Result<Source, ParamError> {
    let Scale(min, max) = scale.checked()?;
    let rating = Column::number(RATING)
        .also_called(
            "stars, star rating, review rating, review score, stjerner, anmeldelse, bedoemmelse, karakter, vurdering, \
             stjaernor, betyg, sterne, bewertung",
        )
        .between(min as f64, max as f64)
        .nulls(NullRule::Skip);
    Ok(Source::table(REVIEWS).at(TIME).column(rating.describe("stars, on the scale given by `scale`; missing: no rating")))
}
