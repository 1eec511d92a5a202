//! Historic customer lifetime value: what customers have left so far.

use custometer_core::prelude::*;
use custometer_core::time::CalendarUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::history::{Histories, KnownByEnd, PurchasePeriod};
use crate::shared::margin::{Margin, MarginFrom};
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`ClvHistoric`]: `margin_rate`, or `margin = "column"`, must be given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClvHistoricParams {
    /// Where the gross margin comes from.
    pub margin: MarginFrom,
    /// The gross margin of all orders, 0.2 for 20 %; 1 for values in revenue.
    pub margin_rate: Option<f64>,
    /// What a negative amount means.
    pub refunds: Refunds,
    /// What one order is; it only matters to the number of orders in the detail table.
    pub one_order_per: OneOrderPer,
}

/// `loyalty.clv_historic`: what have customers been worth so far?
pub struct ClvHistoric;

impl Metric for ClvHistoric {
    type Params = ClvHistoricParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.clv_historic",
        title: "Historic customer lifetime value",
        summary: "The gross margin of everything a customer has bought so far, as the mean over customers.",
        formula: "mean over customers of Σ amount × average gross margin; with each order's own margin, Σ (amount × margin)",
        unit: Unit::Currency,
        range: "any amount",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: undefined. One customer, or customers of one value: no interval.",
            "A customer counts from the first order on, with all orders up to the bucket's end, also those before the report's period. Without a \
             period, the bucket is that of the data. An order on the as-of date or later is not known yet, and left out; so is a bucket from then \
             on.",
            "The margin is taken once: of the sum, or of each order where they have their own, whose mean is then weighted by amount.",
            "What customers have brought so far does not say how long they stay: new customers bring the mean down.",
            "Money paid back is taken off. Before a customer's first order it belongs to an order that is not known, and is left out.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "There is no test of a change, since what an earlier bucket counts is part of what a later one counts.",
            "A row without a customer or an amount is rejected; so is a negative amount, unless `refunds` says that it is money back.",
            "Each bucket has a row for every customer so far, so many buckets with many customers need much memory.",
        ],
        examples: &[
            Example {
                title: "100 and 300 bought, at a margin of 30 %",
                params: "margin_rate = 0.3",
                header: "customer_id,time,amount",
                rows: &[(2, "a,2025-01-05,50"), (3, "b,2025-01-06,100")],
                expected: &[("", Some(60.0))],
                ..Example::NONE
            },
            Example {
                title: "orders with their own margins, by the end of each month",
                report: "from = 2025-02-01\nuntil = 2025-04-01\ngrain = \"month\"",
                params: "margin = \"column\"",
                header: "customer_id,time,amount,margin_rate",
                rows: &[(1, "a,2025-01-05,50,0.2"), (1, "a,2025-02-05,100,0.5"), (1, "b,2025-03-01,10,1")],
                expected: &[("2025-02-01", Some(60.0)), ("2025-03-01", Some(35.0))],
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &ClvHistoricParams) -> Result<Definition, ParamError> {
        let margin = Margin::new(params.margin, params.margin_rate)?;
        if margin == Margin::None {
            let message = "the gross margin is not said".to_owned();
            let help = "give `margin_rate`, which is 1 for values in revenue, or read it of each order: `margin = \"column\"`".to_owned();
            return Err(ParamError { path: Vec::new(), message, help: Some(help) });
        }
        let orders = Orders::of(params.refunds, params.one_order_per, margin);
        let histories = Histories { orders, purchase_period: PurchasePeriod::Day, time_unit: CalendarUnit::Week };
        Ok(Definition::over(histories.source())
            .derive(Values(histories))
            .measure(sum("total_value", col("value")))
            .measure(count("customers"))
            .measure(variance("value_variance", col("value")))
            .measure(sum("revenue", col("spend")))
            .measure(sum("orders", col("orders")))
            .value(Value::function(KnownByEnd(Value::mean("total_value", "customers", "value_variance"))))
            .detail(&["orders", "revenue", "margin_rate", "value"])
            .note(margin.note()))
    }
}

/// Orders → what each customer has left so far.
#[derive(Debug)]
struct Values(Histories);

impl Derive for Values {
    fn entity(&self) -> &'static str {
        self.0.entity()
    }

    fn dimensions(&self) -> DimensionRule {
        self.0.dimensions()
    }

    fn buckets(&self) -> BucketRule {
        self.0.buckets()
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let value = col("profit") * lit(self.0.orders.margin.factor());
        // Who got everything back has no margin.
        let margin = when(col("spend").eq(lit(0.0))).then(lit(NULL)).otherwise(quotient(value.clone(), col("spend")));
        Ok(self.0.derive(rows, context)?.with_columns([value.alias("value"), margin.alias("margin_rate"), col("spend").alias("revenue")]))
    }
}

register_metric!(ClvHistoric);
