//! What a value is measured in, and which way is good.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The unit of a value. Percentages run from 0 to 100; durations are computed in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// A share of a whole, 0–100.
    Percent,
    /// A difference of percentages, such as a net promoter score.
    Points,
    /// A rating on the scale of its survey.
    Score,
    /// A duration.
    Seconds,
    /// A number of things.
    Count,
    /// An amount of money, in the currency of the data.
    Currency,
    /// One number per another.
    Ratio,
    /// A duration in days.
    Days,
    /// A duration in months.
    Months,
    /// A duration in years.
    Years,
}

impl Unit {
    /// The name that outputs carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Points => "points",
            Self::Score => "score",
            Self::Seconds => "seconds",
            Self::Count => "count",
            Self::Currency => "currency",
            Self::Ratio => "ratio",
            Self::Days => "days",
            Self::Months => "months",
            Self::Years => "years",
        }
    }
}

/// Which change of a value is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither is.
    Neutral,
}

impl Direction {
    /// The name that outputs carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HigherIsBetter => "higher_is_better",
            Self::LowerIsBetter => "lower_is_better",
            Self::Neutral => "neutral",
        }
    }
}
