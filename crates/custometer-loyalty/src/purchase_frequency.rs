//! Purchase frequency: how often customers buy.

use custometer_core::prelude::*;
use custometer_core::time::CalendarUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::activity::Activity;
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`PurchaseFrequency`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PurchaseFrequencyParams {
    /// What orders are counted per: a bucket's are divided by its length in the calendar. Without it, orders per bucket.
    pub per: Option<CalendarUnit>,
    /// What a negative amount means: a mistake unless said. Amounts are read where the table has them, and tell money back from purchases.
    pub refunds: Option<Refunds>,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

/// `loyalty.purchase_frequency`: how often do customers buy?
pub struct PurchaseFrequency;

impl Metric for PurchaseFrequency {
    type Params = PurchaseFrequencyParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.purchase_frequency",
        title: "Purchase frequency",
        summary: "How many orders a customer makes, in a bucket or per length of the calendar.",
        formula: "orders / customers who ordered; with `per` also / length of the bucket",
        unit: Unit::Ratio,
        range: "1 or more; with `per` above 0",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No order: undefined.",
            "One customer, or customers of as many orders each: no interval.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "With `per`, a year is exactly one year and a month one month, however many days they have; a bucket that the period cuts, or that is \
             not over yet, is as long as it is known, and a part of a year or month is so many of its days. Without a period, the bucket is that \
             of the data.",
            "With `per`, an order on the as-of date or later is not known yet, and left out.",
            "Customers who did not order in the bucket are not in it: a shorter bucket has more frequent customers.",
            "Money back is not a purchase: a negative amount is rejected, and with `refunds = \"net\"` left out. Where the table has no amounts, every \
             row is a purchase.",
            "With `one_order_per = \"order_id\"`, an order is in the bucket of its first line. Without it, every row is an order, and the note says so \
             where an `order_id` comes in several rows.",
            "A row without a customer is rejected; with `one_order_per = \"order_id\"`, so is one without an id.",
        ],
        examples: &[
            Example {
                title: "two customers, who made one order and three",
                header: "customer_id",
                rows: &[(1, "a"), (3, "b")],
                expected: &[("", Some(2.0))],
                ..Example::NONE
            },
            Example {
                title: "the same in a quarter, per quarter",
                report: "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"quarter\"",
                params: "per = \"quarter\"",
                header: "customer_id,time",
                rows: &[(1, "a,2025-01-05"), (3, "b,2025-03-31")],
                expected: &[("2025-01-01", Some(2.0))],
            },
            Example {
                title: "orders of a February and of half an April, per month",
                report: "from = 2025-02-01\nuntil = 2025-04-16\nas_of = 2025-04-16\ngrain = \"month\"",
                params: "per = \"month\"",
                header: "customer_id,time",
                rows: &[(2, "a,2025-02-28"), (3, "b,2025-04-02")],
                expected: &[("2025-02-01", Some(2.0)), ("2025-03-01", None), ("2025-04-01", Some(6.0))],
            },
            Example {
                title: "an order of three lines, and one that was paid back",
                params: "one_order_per = \"order_id\"\nrefunds = \"net\"",
                header: "customer_id,order_id,amount",
                rows: &[(3, "a,1,10"), (1, "a,2,25"), (1, "a,2,-25")],
                expected: &[("", Some(2.0))],
                ..Example::NONE
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval of a mean over customers"],
    };

    fn define(params: &PurchaseFrequencyParams) -> Result<Definition, ParamError> {
        let PurchaseFrequencyParams { per, refunds, one_order_per } = *params;
        let activity = Activity { orders: Orders::counted(refunds, one_order_per), per, inactive_after_days: None };
        let definition = Definition::over(activity.source())
            .derive(activity)
            .measure(sum("orders", col("orders")))
            .measure(count("customers").filter(Activity::ordered()));
        Ok(match per {
            None => definition.measure(variance("orders_variance", col("orders")).filter(Activity::ordered())).value(Value::mean(
                "orders",
                "customers",
                "orders_variance",
            )),
            Some(per) => definition
                .measure(max("bucket_length", col("length")))
                .measure(sum("orders_by_length", col("orders_per")))
                .measure(variance("orders_by_length_variance", col("orders_per")).filter(Activity::ordered()))
                .value(Value::mean("orders_by_length", "customers", "orders_by_length_variance"))
                .note(format!("per {}, by the length of the bucket in the calendar", per.as_str())),
        })
    }
}

register_metric!(PurchaseFrequency);
