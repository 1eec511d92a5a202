//! Refunds: what a negative amount among orders means.

use custometer_core::Column;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::AMOUNT;

/// What a negative amount among orders means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refunds {
    /// A mistake: the row is rejected and counted.
    #[default]
    Reject,
    /// A refund: it takes from what was spent, and is not a purchase.
    Net,
}

impl Refunds {
    /// The amount of a purchase, with the values that it may have.
    pub fn amount(self) -> Column {
        match self {
            Self::Reject => AMOUNT.between(0.0, f64::INFINITY),
            Self::Net => AMOUNT,
        }
    }

    /// Whether a row is a purchase, and not money back.
    pub fn is_purchase() -> Expr {
        col(AMOUNT.name).gt_eq(lit(0.0))
    }
}
