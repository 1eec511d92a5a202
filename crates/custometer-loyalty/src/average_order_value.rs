//! Average order value.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refunds::Refunds;
use crate::tables::{AMOUNT, ORDERS, TIME};

/// Parameters of [`AverageOrderValue`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AverageOrderValueParams {
    /// What a negative amount means.
    pub refunds: Refunds,
}

/// `loyalty.average_order_value`: what a purchase is worth.
pub struct AverageOrderValue;

impl Metric for AverageOrderValue {
    type Params = AverageOrderValueParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.average_order_value",
        title: "Average order value",
        summary: "What a purchase is worth on average.",
        formula: "Σ amount / orders, refunds taken off the one and not in the other",
        unit: Unit::Currency,
        range: "any amount",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No order: undefined.",
            "One order, or orders of one amount: no interval.",
            "An order without an amount is rejected. So is a negative amount, unless `refunds` says that it is money back.",
            "With `refunds = \"net\"`, there is no interval: nobody knows to which order a refund belongs.",
        ],
        examples: &[
            Example {
                title: "orders of 10, 20 and 60",
                report: "",
                params: "",
                header: "amount",
                rows: &[(1, "10"), (1, "20"), (1, "60")],
                expected: &[("", Some(30.0))],
            },
            Example {
                title: "the same, and 30 of them paid back",
                report: "",
                params: "refunds = \"net\"",
                header: "amount",
                rows: &[(1, "10"), (1, "20"), (1, "60"), (1, "-30")],
                expected: &[("", Some(20.0))],
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &AverageOrderValueParams) -> Result<Definition, ParamError> {
        let definition = Definition::over(Source::table(ORDERS).at(TIME).column(params.refunds.amount()))
            .measure(sum("revenue", col(AMOUNT.name)))
            .measure(count("orders").filter(Refunds::is_purchase()));
        Ok(match params.refunds {
            Refunds::Reject => {
                definition.measure(variance("amount_variance", col(AMOUNT.name))).value(Value::mean("revenue", "orders", "amount_variance"))
            }
            Refunds::Net => definition.value(Value::ratio("revenue", "orders")).note("refunds are taken off"),
        })
    }
}

register_metric!(AverageOrderValue);
