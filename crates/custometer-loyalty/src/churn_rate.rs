//! Churn rate: customers who leave. Source: P. W. Farris et al., "Marketing Metrics", 2nd ed. (2010), section 5.1.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::shared::spans::{Amounts, Changes, CustomerBasis, Ends, Overlaps, SpanRules, Spans};

/// Parameters of [`ChurnRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChurnRateParams {
    /// Where the table says when somebody was a customer.
    pub basis: CustomerBasis,
    /// After how many local days without an order a customer is gone, 1 or more; with `basis = "activity"` only.
    pub inactive_after_days: Option<u32>,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
    /// What a negative amount among orders means: a mistake unless said. With `basis = "activity"` only; amounts are read where the table has
    /// them, and tell money back from purchases.
    pub refunds: Option<Refunds>,
    /// What one order is; with `basis = "activity"` only.
    pub one_order_per: OneOrderPer,
}

/// `loyalty.churn_rate`: do customers leave?
pub struct ChurnRate;

impl Metric for ChurnRate {
    type Params = ChurnRateParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.churn_rate",
        title: "Churn rate",
        summary: "The share of the customers at the start of a bucket who are gone at its end.",
        formula: "100 · lost / S: `S` customers at the start, and how many of them are lost",
        unit: Unit::Percent,
        range: "0 to 100; with the retention rate it makes 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No customer at the start: undefined.",
            "A customer who joins and leaves within the bucket is not in S, and not lost from it.",
            "A customer who leaves and comes back within the bucket is not lost.",
            "A span that ends at the instant a bucket begins ends in that bucket. A span that ends at the instant it begins makes nobody \
             a customer.",
            "With a grain, each bucket has its own start and end, so the churn of a quarter does not follow from that of its months.",
            "In a breakdown, a customer belongs to every group they have spans in, and is lost from a group by leaving it for another.",
            "With `basis = \"activity\"`, a customer is gone `inactive_after_days` local days after an order, unless another order came \
             by then. Whether one comes after the as-of date is not known yet.",
            "An end before its start, a row without a customer, and a span that overlaps another of its customer are rejected; \
                with `overlaps = \"unite\"`, somebody is a customer while any span goes on.",
        ],
        examples: &[
            Example {
                title: "20 of 500",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at",
                rows: &[(480, "a{i},2024-06-01,"), (20, "b{i},2024-06-01,2025-01-20")],
                expected: &[("", Some(4.0))],
                ..Example::NONE
            },
            Example {
                title: "20 of 250",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at",
                rows: &[(230, "a{i},2024-06-01,"), (20, "b{i},2024-06-01,2025-01-01")],
                expected: &[("", Some(8.0))],
                ..Example::NONE
            },
            Example {
                title: "50 of 1000",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at",
                rows: &[(900, "a{i},2024-06-01,"), (50, "b{i},2024-06-01,2025-01-31 23:59:59"), (50, "c{i},2024-06-01,2025-02-01")],
                expected: &[("", Some(5.0))],
                ..Example::NONE
            },
            Example {
                title: "11 cancellations among 100 customers and new ones, one of them of a customer who joined in the same month",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at",
                rows: &[
                    (90, "a{i},2024-06-01,"),
                    (10, "b{i},2024-06-01,2025-01-20"),
                    (5, "c{i},2025-01-10,"),
                    (1, "d{i},2025-01-10,2025-01-20"),
                ],
                expected: &[("", Some(10.0))],
                ..Example::NONE
            },
            Example {
                title: "one of four customers does not order again within 30 days of the last order",
                report: "from = 2025-02-01\nuntil = 2025-03-01",
                params: "basis = \"activity\"\ninactive_after_days = 30",
                header: "customer_id,time",
                rows: &[(4, "a{i},2025-01-20"), (3, "a{i},2025-02-19")],
                expected: &[("", Some(25.0))],
            },
        ],
        references: &[
            "P. W. Farris, N. T. Bendle, P. E. Pfeifer & D. J. Reibstein, \"Marketing Metrics\", 2nd ed. (2010), section 5.1",
            "E. B. Wilson, JASA 22 (1927), for the interval",
        ],
    };

    fn define(params: &ChurnRateParams) -> Result<Definition, ParamError> {
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        let orders = Orders::counted(params.refunds, params.one_order_per);
        let spans = Spans::of(params.basis, params.inactive_after_days, rules, orders)?;
        Ok(Definition::over(spans.source())
            .derive(Changes { spans, amounts: Amounts::Ignored })
            .measure(count("lost_customers").filter(Changes::left()))
            .measure(Changes::customers_at_start("customers_at_start"))
            .value(Value::proportion("lost_customers", "customers_at_start")))
    }
}

register_metric!(ChurnRate);
