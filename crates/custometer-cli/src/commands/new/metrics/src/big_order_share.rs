//! Share of big orders.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of [`BigOrderShare`].
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BigOrderShareParams {
    /// The smallest amount that is big.
    pub from_amount: f64,
}

/// `{{domain}}.big_order_share`: how many orders are big?
pub struct BigOrderShare;

impl Metric for BigOrderShare {
    type Params = BigOrderShareParams;

    const ABOUT: &'static About = &About {
        id: "{{domain}}.big_order_share",
        title: "Share of big orders",
        summary: "The share of orders of at least a given amount.",
        formula: "100 · orders of at least `from_amount` / orders",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No order: undefined.",
            "An order of exactly `from_amount` is big.",
            "An order without an amount is rejected.",
        ],
        examples: &[
            Example {
                title: "one of four",
                params: "from_amount = 100",
                header: "amount",
                rows: &[(3, "20"), (1, "100")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "no order",
                params: "from_amount = 100",
                header: "amount",
                rows: &[],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &BigOrderShareParams) -> Result<Definition, ParamError> {
        if params.from_amount <= 0.0 {
            let error = ParamError::new("from_amount", "every order is at least that big");
            return Err(error.help("give an amount above 0"));
        }
        let orders = Source::table("orders")
            .at("time")
            // What exports call it, so that `inspect` finds it in them.
            .column(Column::number("amount").describe("what was paid").also_called("order total, total, price"));
        let is_big = col("amount").gt_eq(lit(params.from_amount));
        Ok(Definition::over(orders)
            .measure(count("big_orders").filter(is_big))
            .measure(count("orders"))
            .value(Value::proportion("big_orders", "orders")))
    }
}

register_metric!(BigOrderShare);

#[cfg(test)]
mod tests {
    use custometer_testkit::Case;

    const REPORT: &str = r#"
        [tables.orders]
        path = "orders.csv"

        [[metrics]]
        metric = "{{domain}}.big_order_share"
        table = "orders"
        params = { from_amount = 100 }
    "#;

    /// What somebody else has published: 81 of 263, and 0.2553 to 0.3662 by the score method, in
    /// R. G. Newcombe, Statistics in Medicine 17 (1998), table I.
    #[test]
    fn the_interval_is_the_published_one() {
        let orders = ["amount\n", &"150\n".repeat(81), &"50\n".repeat(182)].concat();
        let result = Case::new().file("orders.csv", orders).run(REPORT).unwrap();
        let row = &result.results[0];
        assert_eq!(row.n, Some(263.0));
        assert!((row.low.unwrap() - 25.53).abs() < 0.005, "{:?}", row.low);
        assert!((row.high.unwrap() - 36.62).abs() < 0.005, "{:?}", row.high);
    }

    #[test]
    fn an_order_without_an_amount_is_rejected() {
        let orders = "order_id,amount\na,100\nb,\n";
        let result = Case::new().file("orders.csv", orders).run(REPORT).unwrap();
        assert_eq!(result.results[0].value, Some(100.0));
        assert_eq!(result.rejected[0].rows, 1);
    }

    #[test]
    fn a_size_that_every_order_has_is_refused() {
        let report = REPORT.replace("from_amount = 100", "from_amount = 0");
        let problems = Case::new().file("orders.csv", "amount\n20\n").load(&report);
        assert!(problems.err().unwrap().contains("give an amount above 0"));
    }
}
