//! Repeat purchase rate: customers who come back.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::tables::{CUSTOMER_ID, TIME};

/// Parameters of [`RepeatPurchaseRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepeatPurchaseRateParams {
    /// Over which time a customer's orders are counted.
    pub scope: OrderScope,
    /// What a negative amount means: a mistake unless said. Amounts are read where the table has them, and tell money back from purchases.
    pub refunds: Option<Refunds>,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

/// Over which time a customer's orders are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderScope {
    /// Those of the bucket: of its customers, who ordered twice in it.
    #[default]
    Period,
    /// All up to the end of the bucket, also those before the report's period: of all customers so far, who ordered twice.
    Lifetime,
}

/// `loyalty.repeat_purchase_rate`: do customers come back?
pub struct RepeatPurchaseRate;

impl Metric for RepeatPurchaseRate {
    type Params = RepeatPurchaseRateParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.repeat_purchase_rate",
        title: "Repeat purchase rate",
        summary: "The share of customers who bought more than once.",
        formula: "100 · customers with at least 2 orders / customers with at least 1",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: undefined.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "Money back is not a purchase: a negative amount is rejected, and with `refunds = \"net\"` left out. Where the table has no amounts, every \
             row is a purchase.",
            "With `one_order_per = \"order_id\"`, an order is in the bucket of its first line. Without it, every row is an order, and the note says so \
             where an `order_id` comes in several rows.",
            "An order without a customer is rejected.",
        ],
        examples: &[
            Example {
                title: "1000 customers, 200 of whom ordered twice",
                header: "customer_id",
                rows: &[(1000, "c{i}"), (200, "c{i}")],
                expected: &[("", Some(20.0))],
                ..Example::NONE
            },
            Example {
                title: "the same over their lifetime",
                params: "scope = \"lifetime\"",
                header: "customer_id",
                rows: &[(1000, "c{i}"), (200, "c{i}")],
                expected: &[("", Some(20.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &RepeatPurchaseRateParams) -> Result<Definition, ParamError> {
        let counted = |name| match params.scope {
            OrderScope::Period => count(name),
            // A customer becomes one once, and a repeat one once.
            OrderScope::Lifetime => count(name).closing(),
        };
        let repeat = counted("repeat_customers").filter(col("is_repeat").eq(lit(1)));
        let customers = match params.scope {
            OrderScope::Period => counted("customers"),
            OrderScope::Lifetime => counted("customers").filter(col("is_repeat").eq(lit(0))),
        };
        let orders = Orders::counted(params.refunds, params.one_order_per);
        Ok(Definition::over(orders.source().at(TIME))
            .derive(RepeatCustomers { scope: params.scope, orders })
            .measure(repeat)
            .measure(customers)
            .value(Value::proportion("repeat_customers", "customers")))
    }
}

/// Orders → customers, each in the bucket in which they became one, and became a repeat one.
#[derive(Debug)]
struct RepeatCustomers {
    scope: OrderScope,
    orders: Orders,
}

impl Derive for RepeatCustomers {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        match self.scope {
            OrderScope::Period => BucketRule::EachAnew,
            OrderScope::Lifetime => BucketRule::Nothing,
        }
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let scope = self.scope;
        let purchases = self.orders.purchases(rows, context, [BUCKET]);
        let orders = Entities::in_groups(purchases, CUSTOMER_ID, context).integers([col(BUCKET)]);
        Ok(orders.derive("repeat_customers", [BUCKET, "is_repeat"], [], move |customer, derived| {
            let [buckets] = customer.integers();
            match scope {
                OrderScope::Period => {
                    for orders in buckets.chunk_by(|one, next| one == next) {
                        derived.push(customer, [orders[0], i64::from(orders.len() >= 2)], []);
                    }
                }
                OrderScope::Lifetime => {
                    for (bucket, is_repeat) in buckets.iter().zip([0, 1]) {
                        derived.push(customer, [*bucket, is_repeat], []);
                    }
                }
            }
        }))
    }
}

register_metric!(RepeatPurchaseRate);
