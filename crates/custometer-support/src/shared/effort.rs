//! Ratings of effort: which end of their scale is the easy one.

use custometer_core::Direction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use custometer_core::survey::Scale;

/// Which end of the scale is the easy one. Both are in use, and are opposites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffortDirection {
    /// The highest rating is the easiest: "the company made it easy for me", from strongly disagree to strongly agree.
    HighIsEasy,
    /// The highest rating is the hardest: "how much effort did it take you", from very low to very high.
    HighIsEffort,
}

impl EffortDirection {
    /// Which change of a mean rating is good news.
    pub fn good(self) -> Direction {
        match self {
            Self::HighIsEasy => Direction::HigherIsBetter,
            Self::HighIsEffort => Direction::LowerIsBetter,
        }
    }

    /// What a reader must know of a survey.
    pub fn note(self, scale: Scale) -> String {
        let means = match self {
            Self::HighIsEasy => "easy",
            Self::HighIsEffort => "much effort",
        };
        format!("on a scale from {} to {}, where high is {means}", scale.0, scale.1)
    }
}
