//! Margins: what is left of an amount, said once for all orders or by each.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{HIGHEST_MARGIN, LOWEST_MARGIN};

/// Where the gross margin comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarginFrom {
    /// The parameter `margin_rate`, one for all orders.
    #[default]
    Given,
    /// The column `margin_rate`, each order's own. Means are weighted by amount.
    Column,
}

/// What is left of an amount.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Margin {
    /// Nobody said: values are in revenue.
    #[default]
    None,
    /// The same share of every amount.
    Rate(f64),
    /// The share that each row says.
    Column,
}

impl Margin {
    /// The margin that the parameters `margin` and `margin_rate` say.
    pub(crate) fn new(from: MarginFrom, rate: Option<f64>) -> Result<Self, ParamError> {
        match (from, rate) {
            (MarginFrom::Column, Some(_)) => {
                Err(ParamError::new("margin_rate", "the margin is said twice: by `margin = \"column\"`, and by this")
                    .help("leave one of them out"))
            }
            (MarginFrom::Column, None) => Ok(Self::Column),
            (MarginFrom::Given, None) => Ok(Self::None),
            (MarginFrom::Given, Some(rate)) if (LOWEST_MARGIN..=HIGHEST_MARGIN).contains(&rate) => Ok(Self::Rate(rate)),
            (MarginFrom::Given, Some(rate)) => {
                Err(ParamError::new("margin_rate", format!("a margin is a share of what was paid, from -1 to 1, and not {rate}"))
                    .help("write 20 % as `0.2`"))
            }
        }
    }

    /// What values are multiplied by once the orders are summed up; 1 where each row has its own.
    pub(crate) fn factor(self) -> f64 {
        match self {
            Self::Rate(rate) => rate,
            Self::None | Self::Column => 1.0,
        }
    }

    /// What values are in.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::None => "in revenue, since no margin is given",
            Self::Rate(_) => "in gross margin, one rate for all orders",
            Self::Column => "in gross margin, each order's own",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_said_once_and_is_a_share() {
        assert_eq!(Margin::new(MarginFrom::Given, None), Ok(Margin::None));
        assert_eq!(Margin::new(MarginFrom::Given, Some(0.2)), Ok(Margin::Rate(0.2)));
        assert_eq!(Margin::new(MarginFrom::Column, None), Ok(Margin::Column));
        for wrong in [20.0, -1.1, f64::NAN, f64::INFINITY] {
            assert!(Margin::new(MarginFrom::Given, Some(wrong)).is_err(), "{wrong}");
        }
        assert!(Margin::new(MarginFrom::Column, Some(0.2)).is_err());
    }
}
