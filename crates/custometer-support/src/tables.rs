//! The logical tables that support metrics read, their columns, and the scale of a rating.

use custometer_core::{Column, NullRule, ParamError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One answer to a survey question.
pub const RESPONSES: &str = "responses";
/// One support case.
pub const TICKETS: &str = "tickets";
/// One criterion of one reviewed case.
pub const QUALITY_SCORES: &str = "quality_scores";
/// A piece of feedback.
pub const FEEDBACK: &str = "feedback";
/// A mention on social media.
pub const MENTIONS: &str = "mentions";

/// When it happened.
pub const TIME: &str = "time";
/// When a ticket was created.
pub const CREATED_AT: &str = "created_at";
/// When it was first answered.
pub const FIRST_REPLIED_AT: &str = "first_replied_at";
/// When it was solved.
pub const SOLVED_AT: &str = "solved_at";

/// How much an answer counts, where a report asks for weights.
pub const WEIGHT: Column =
    Column::number("weight").between(0.0, f64::INFINITY).describe("how much the answer counts, 0 or more; read with `weighted = true`");

/// The lowest and the highest rating of a survey, such as `[1, 5]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scale(pub i64, pub i64);

impl Default for Scale {
    fn default() -> Self {
        Self(1, 5)
    }
}

impl Scale {
    /// The rating column of a survey on this scale. An unanswered question is no response.
    pub fn column(self) -> Result<Column, ParamError> {
        if self.0 >= self.1 {
            return Err(
                ParamError::new("scale", format!("a scale from {} to {} has no room", self.0, self.1)).help("write `scale = [1, 5]`")
            );
        }
        Ok(Column::number("score").whole(self.0, self.1).nulls(NullRule::Skip).describe("rating, on the scale given by `scale`"))
    }
}
