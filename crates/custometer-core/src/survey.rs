//! Surveys: the scale of a rating, and answers that count once each or by a weight.

use polars::prelude::{Expr, col};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::definition::Definition;
use crate::measure::{Measure, Scope, count, sum};
use crate::params::ParamError;
use crate::source::Source;
use crate::value::{Value, Weights};

/// The lowest and the highest rating that can be given, such as `[1, 5]`.
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
        let Self(min, max) = self;
        if min < max {
            return Ok(self);
        }
        Err(ParamError::new("scale", format!("a scale from {min} to {max} has no room")).help("write `scale = [1, 5]`"))
    }
}

/// How much an answer counts, where a report asks for weights.
pub const WEIGHT: Column = Column::number("weight")
    .between(0.0, f64::INFINITY)
    .describe("how much the answer counts, 0 or more; read with `weighted = true`")
    .also_called(
        "weighting, weights, weight factor, sample weight, importance, share, vaegt, vaegtning, vekt, vekting, vikt, viktning, \
         gewicht, gewichtung",
    );

const TOTAL_WEIGHT: &str = "total_weight";
const SQUARED_WEIGHTS: &str = "squared_weights";
/// The measure that counts all answers.
pub const RESPONSES: &str = "responses";

/// How the answers of a survey count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Each once.
    Once,
    /// Each as much as its column `weight` says.
    Weighted,
}

/// What answers of a kind are called in the result: their number, and the sum of their weights.
#[derive(Debug, Clone, Copy)]
pub struct Kind<'a> {
    /// The measure that counts them.
    pub number: &'a str,
    /// The measure that sums their weights.
    pub weight: &'a str,
}

impl Answers {
    /// What the parameter `weighted` says.
    pub fn new(weighted: bool) -> Self {
        if weighted { Self::Weighted } else { Self::Once }
    }

    /// The weight of an answer, as an expression.
    pub fn weight() -> Expr {
        col(WEIGHT.name)
    }

    /// The source with all that is read of an answer.
    pub fn of(self, source: Source) -> Source {
        match self {
            Self::Once => source,
            Self::Weighted => source.column(WEIGHT),
        }
    }

    /// How much the answers of a kind count; those of which kind, a filter says.
    pub fn measure(self, kind: Kind<'_>) -> Measure {
        match self {
            Self::Once => count(kind.number),
            Self::Weighted => sum(kind.weight, Self::weight()),
        }
    }

    /// Adds the sums of the weights and of their squares, where answers have weights.
    pub fn weigh(self, definition: Definition, scope: Scope) -> Definition {
        match self {
            Self::Once => definition,
            Self::Weighted => definition
                .measure(sum(TOTAL_WEIGHT, Self::weight()).scope(scope))
                .measure(sum(SQUARED_WEIGHTS, Self::weight() * Self::weight()).scope(scope)),
        }
    }

    /// The share of the answers of a kind, of all that [`RESPONSES`] counts.
    pub fn proportion(self, kind: Kind<'_>) -> Value {
        match self {
            Self::Once => Value::proportion(kind.number, RESPONSES),
            Self::Weighted => Value::weighted_proportion(kind.weight, TOTAL_WEIGHT, Self::weights()),
        }
    }

    /// 100 · (promoters − detractors) / all that [`RESPONSES`] counts.
    pub fn net_promoter_score(self, promoters: Kind<'_>, detractors: Kind<'_>) -> Value {
        match self {
            Self::Once => Value::difference_of_shares(promoters.number, detractors.number, RESPONSES),
            Self::Weighted => Value::weighted_difference_of_shares(promoters.weight, detractors.weight, TOTAL_WEIGHT, Self::weights()),
        }
    }

    /// The mean of weighted answers, of the measures Σwx and Σwx².
    pub fn weighted_mean(sum: &str, squares: &str) -> Value {
        Value::weighted_mean(sum, squares, TOTAL_WEIGHT, Self::weights())
    }

    fn weights() -> Weights {
        Weights::new(SQUARED_WEIGHTS, RESPONSES)
    }
}
