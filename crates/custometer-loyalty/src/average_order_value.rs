//! Average order value.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::margin::Margin;
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::tables::{AMOUNT, ORDER_ID, ORDERS, TIME};

/// Parameters of [`AverageOrderValue`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AverageOrderValueParams {
    /// What a negative amount means.
    pub refunds: Refunds,
    /// What one order is.
    pub one_order_per: OneOrderPer,
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
            "With `one_order_per = \"order_id\"`, the amount of an order is that of its lines together; a line may be without one, and an order \
             none of whose lines has one is rejected. The order is in the bucket of its first line.",
            "Without it, every row is an order, and the note says so where an `order_id` comes in several rows.",
        ],
        examples: &[
            Example {
                title: "orders of 10, 20 and 60",
                header: "amount",
                rows: &[(1, "10"), (1, "20"), (1, "60")],
                expected: &[("", Some(30.0))],
                ..Example::NONE
            },
            Example {
                title: "the same, and 30 of them paid back",
                params: "refunds = \"net\"",
                header: "amount",
                rows: &[(1, "10"), (1, "20"), (1, "60"), (1, "-30")],
                expected: &[("", Some(20.0))],
                ..Example::NONE
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &AverageOrderValueParams) -> Result<Definition, ParamError> {
        let AverageOrderValueParams { refunds, one_order_per } = *params;
        let orders = Orders::of(refunds, one_order_per, Margin::None);
        let source = orders.amounts(Source::table(ORDERS).at(TIME), &[ORDER_ID.name]);
        let (definition, amount, is_order) = match one_order_per {
            OneOrderPer::Row => (Definition::over(source), AMOUNT.name, Refunds::is_purchase()),
            OneOrderPer::OrderId => (Definition::over(source).derive(OrderAmounts), ORDER_AMOUNT, col(IS_ORDER).eq(lit(1))),
        };
        let definition = definition.measure(sum("revenue", col(amount))).measure(count("orders").filter(is_order.clone()));
        Ok(match refunds {
            Refunds::Reject => definition.measure(variance("amount_variance", col(amount)).filter(is_order)).value(Value::mean(
                "revenue",
                "orders",
                "amount_variance",
            )),
            Refunds::Net => definition.value(Value::ratio("revenue", "orders")).note("refunds are taken off"),
        })
    }
}

const ORDER_AMOUNT: &str = "order_amount";
const IS_ORDER: &str = "is_order";

/// Lines → orders: a row for each bucket that an order has lines in, with their amounts. It is an order in the first of them.
#[derive(Debug)]
struct OrderAmounts;

impl Derive for OrderAmounts {
    fn entity(&self) -> &'static str {
        ORDER_ID.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let lines = Entities::in_groups(rows, ORDER_ID.name, context).integers([col(BUCKET)]).numbers([Orders::amount()]);
        Ok(lines.derive("order_amounts", [BUCKET, IS_ORDER], [ORDER_AMOUNT], |order, derived| {
            let ([buckets], [amounts]) = (order.integers(), order.numbers());
            let mut is_first = true;
            let mut from = 0;
            for lines in buckets.chunk_by(|one, next| one == next) {
                let amounts = &amounts[from..from + lines.len()];
                from += lines.len();
                let begins = is_first && amounts.iter().any(|amount| *amount >= 0.0);
                is_first &= !begins;
                derived.push(order, [lines[0], i64::from(begins)], [amounts.iter().sum()]);
            }
        }))
    }
}

register_metric!(AverageOrderValue);
