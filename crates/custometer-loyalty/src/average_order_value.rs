//! Average order value.

use custometer_core::prelude::*;

use crate::tables::{AMOUNT, ORDERS, TIME};

/// `loyalty.average_order_value`: what a purchase is worth.
pub struct AverageOrderValue;

impl Metric for AverageOrderValue {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.average_order_value",
        title: "Average order value",
        summary: "What a purchase is worth on average.",
        formula: "Σ amount / orders",
        unit: Unit::Currency,
        range: "any amount",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No order: undefined.",
            "One order, or orders of one amount: no interval.",
            "An order without an amount is rejected. A negative amount counts as it stands.",
        ],
        examples: &[Example {
            title: "orders of 10, 20 and 60",
            report: "",
            params: "",
            header: "amount",
            rows: &[(1, "10"), (1, "20"), (1, "60")],
            expected: &[("", Some(30.0))],
        }],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(Source::table(ORDERS).at(TIME).column(AMOUNT))
            .measure(sum("revenue", col(AMOUNT.name)))
            .measure(count("orders"))
            .measure(variance("amount_variance", col(AMOUNT.name)))
            .value(Value::mean("revenue", "orders", "amount_variance")))
    }
}

register_metric!(AverageOrderValue);
