//! Repeat purchase rate: customers who come back.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use polars::prelude::{JoinArgs, JoinType, UnionArgs, concat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{CUSTOMER, CUSTOMER_ID, ORDERS, TIME};

/// Parameters of [`RepeatPurchaseRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepeatPurchaseRateParams {
    /// Over which time a customer's orders are counted.
    pub scope: OrderScope,
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
            "In a breakdown, a customer belongs to every group they ordered in, and only the orders in it count there.",
            "An order without a customer is rejected.",
        ],
        examples: &[
            Example {
                title: "1000 customers, 200 of whom ordered twice",
                params: "",
                header: "customer_id",
                rows: &[(1000, "c{i}"), (200, "c{i}")],
                expected: &[("", Some(20.0))],
            },
            Example {
                title: "the same over their lifetime",
                params: "scope = \"lifetime\"",
                header: "customer_id",
                rows: &[(1000, "c{i}"), (200, "c{i}")],
                expected: &[("", Some(20.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &RepeatPurchaseRateParams) -> Result<Definition, ParamError> {
        let counted = |name| match params.scope {
            OrderScope::Period => count(name),
            // A customer becomes one once, and a repeat one once.
            OrderScope::Lifetime => count(name).running(),
        };
        let repeat = counted("repeat_customers").filter(col("is_repeat"));
        let customers = match params.scope {
            OrderScope::Period => counted("customers"),
            OrderScope::Lifetime => counted("customers").filter(col("is_repeat").not()),
        };
        Ok(Definition::over(Source::table(ORDERS).at(TIME).column(CUSTOMER))
            .derive(RepeatCustomers { scope: params.scope })
            .measure(repeat)
            .measure(customers)
            .value(Value::proportion("repeat_customers", "customers")))
    }
}

/// Orders → customers, each in the bucket in which they became one, and became a repeat one.
#[derive(Debug)]
struct RepeatCustomers {
    scope: OrderScope,
}

impl Derive for RepeatCustomers {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let customer = || [context.dimension_columns(), vec![col(CUSTOMER_ID)]].concat();
        let per_bucket = rows.group_by([customer(), vec![col(BUCKET)]].concat()).agg([len().alias("orders")]);
        let twice = col("orders").gt_eq(lit(2));
        match self.scope {
            OrderScope::Period => Ok(per_bucket.with_column(twice.alias("is_repeat"))),
            OrderScope::Lifetime => {
                let per_bucket = per_bucket.cache();
                // The second order is in the first bucket with two of them, or in the one after the first.
                let first_twice = when(twice).then(col(BUCKET)).otherwise(lit(NULL)).min();
                let firsts =
                    per_bucket.clone().group_by(customer()).agg([col(BUCKET).min().alias("first"), first_twice.alias("at_once")]).cache();
                let same_customer = JoinArgs { nulls_equal: true, ..JoinArgs::new(JoinType::Inner) };
                let later = per_bucket.join(firsts.clone(), customer(), customer(), same_customer.clone());
                let later = later.filter(col(BUCKET).gt(col("first"))).group_by(customer()).agg([col(BUCKET).min().alias("later")]);
                let history = firsts.join(later, customer(), customer(), JoinArgs { how: JoinType::Left, ..same_customer });
                let (at_once, later) = (|| col("at_once"), || col("later"));
                let second = when(later().is_null().or(at_once().lt_eq(later()))).then(at_once()).otherwise(later());
                let history = history.with_column(second.alias("second")).cache();
                let became = |bucket: &str, is_repeat: bool| {
                    let columns = [customer(), vec![col(bucket).alias(BUCKET), lit(is_repeat).alias("is_repeat")]].concat();
                    history.clone().filter(col(bucket).is_not_null()).select(columns)
                };
                let movements = [became("first", false), became("second", true)];
                concat(movements, UnionArgs::default())
            }
        }
    }
}

register_metric!(RepeatPurchaseRate);
