//! The logical tables that support metrics read, their columns, and the scale of a rating.

use custometer_core::{Column, NullRule, ParamError, Source};
use polars::prelude::col;
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
/// One message of a support case.
pub const MESSAGES: &str = "messages";
/// One change of a support case's status.
pub const TICKET_HISTORY: &str = "ticket_history";

/// When it happened.
pub const TIME: &str = "time";
/// When a ticket was created.
pub const CREATED_AT: &str = "created_at";
/// When it was first answered.
pub const FIRST_REPLIED_AT: &str = "first_replied_at";
/// When it was solved.
pub const SOLVED_AT: &str = "solved_at";

/// Which ticket it is.
pub const TICKET_ID: &str = "ticket_id";

/// The ticket of a row.
pub const TICKET: Column = Column::identifier(TICKET_ID).describe("which ticket it is");
/// When a ticket was created, as a column.
pub const CREATED: Column = Column::time(CREATED_AT).describe("when the ticket was created");
/// When it was first answered, as a column.
pub const FIRST_REPLIED: Column =
    Column::time(FIRST_REPLIED_AT).nulls(NullRule::Keep).describe("when it was first answered; missing while it is not");
/// When it was solved, as a column.
pub const SOLVED: Column = Column::time(SOLVED_AT).nulls(NullRule::Keep).describe("when it was solved, last; missing while it is not");

/// When it was solved for the first time, as a column.
pub const FIRST_SOLVED: Column =
    Column::time("first_solved_at").nulls(NullRule::Keep).describe("when it was first solved; missing while it never was");

/// How often a ticket was reopened.
pub const REOPENS: Column = Column::number("reopens").whole(0, 1_000_000).describe("how often it was reopened");

/// Where it stands when tickets were solved and reopened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// In the columns of a table of tickets, one row each.
    #[default]
    Tickets,
    /// In a table of their history: one row per change of a ticket's status, the first of them its creation.
    History,
}

/// A source whose ticket is not solved before it is created.
pub fn solved_after_creation(source: Source) -> Source {
    source.rule("`solved_at` is before `created_at`", col(SOLVED_AT).gt_eq(col(CREATED_AT)))
}

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
    /// The scale, if it is one.
    pub fn checked(self) -> Result<Self, ParamError> {
        if self.0 >= self.1 {
            return Err(
                ParamError::new("scale", format!("a scale from {} to {} has no room", self.0, self.1)).help("write `scale = [1, 5]`")
            );
        }
        Ok(self)
    }

    /// The rating column of a survey on this scale. An unanswered question is no response.
    pub fn column(self) -> Result<Column, ParamError> {
        let Self(min, max) = self.checked()?;
        Ok(Column::number("score").whole(min, max).nulls(NullRule::Skip).describe("rating, on the scale given by `scale`"))
    }
}
