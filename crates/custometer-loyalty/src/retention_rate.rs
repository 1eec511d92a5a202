//! Retention rate: customers who stay. Source: P. W. Farris et al., "Marketing Metrics", 2nd ed. (2010), section 5.1.

use custometer_core::prelude::*;
use custometer_core::row_formula::percent;
use custometer_core::{MeasureRow, statistics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::shared::spans::{Amounts, Changes, CustomerBasis, Ends, Overlaps, SpanRules, Spans};

/// How many customers there were as the bucket opened.
const START: &str = "customers_at_start";
/// How many came in the bucket and are there as it closes.
const NEW: &str = "new_customers";
/// How many were there as the bucket opened, and are not as it closes.
const LOST: &str = "lost_customers";

/// Parameters of [`RetentionRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionRateParams {
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
    /// Which of two definitions is used.
    pub definition: RetentionDefinition,
}

/// Which of two definitions of retention is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetentionDefinition {
    /// The share of the customers at the start who are still there at the end.
    #[default]
    Classic,
    /// Customers at the end in percent of customers at the start, new ones among them: growth, which hides who left.
    EndOverStart,
}

/// `loyalty.retention_rate`: do customers stay?
pub struct RetentionRate;

impl Metric for RetentionRate {
    type Params = RetentionRateParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.retention_rate",
        title: "Retention rate",
        summary: "The share of the customers at the start of a bucket who are still there at its end.",
        formula: "100 · (E − N) / S: S customers at the start, E at the end, N of them new in between. \
            With `definition = \"end_over_start\"`: 100 · E / S",
        unit: Unit::Percent,
        range: "0 to 100; with `definition = \"end_over_start\"`, 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer at the start: undefined.",
            "A customer who joins and leaves within the bucket is in neither S nor E.",
            "A customer who leaves and comes back within the bucket stayed; one who left in an earlier bucket and comes back is new.",
            "A span that ends at the instant a bucket begins ends in that bucket. A span that ends at the instant it begins makes nobody \
             a customer.",
            "With a grain, each bucket has its own start and end, so the retention of a quarter does not follow from that of its months.",
            "In a breakdown, a customer belongs to every group they have spans in, and is retained in a group by staying in it.",
            "With `basis = \"activity\"`, a customer is gone `inactive_after_days` local days after an order, unless another order came \
             by then. Whether one comes after the as-of date is not known yet.",
            "An end before its start, a row without a customer, and a span that overlaps another of its customer are rejected; \
                with `overlaps = \"unite\"`, somebody is a customer while any span goes on.",
        ],
        examples: &[
            Example {
                title: "150 customers, of whom 7 leave, and 50 new ones",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at",
                rows: &[(143, "a{i},2024-06-01,"), (7, "b{i},2024-06-01,2025-01-20"), (50, "c{i},2025-01-10,")],
                expected: &[("", Some(95.333_333_333_333_33))],
                ..Example::NONE
            },
            Example {
                title: "200 customers, of whom 20 leave, 20 new ones, and 5 who come and go",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at",
                rows: &[
                    (180, "a{i},2024-06-01,"),
                    (20, "b{i},2024-06-01,2025-01-20"),
                    (20, "c{i},2025-01-10,"),
                    (5, "d{i},2025-01-10,2025-01-20"),
                ],
                expected: &[("", Some(90.0))],
                ..Example::NONE
            },
            Example {
                title: "the first, naively",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "definition = \"end_over_start\"",
                header: "customer_id,started_at,ended_at",
                rows: &[(143, "a{i},2024-06-01,"), (7, "b{i},2024-06-01,2025-01-20"), (50, "c{i},2025-01-10,")],
                expected: &[("", Some(128.666_666_666_666_67))],
            },
            Example {
                title: "the second, naively",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "definition = \"end_over_start\"",
                header: "customer_id,started_at,ended_at",
                rows: &[(180, "a{i},2024-06-01,"), (20, "b{i},2024-06-01,2025-01-20"), (20, "c{i},2025-01-10,")],
                expected: &[("", Some(100.0))],
            },
            Example {
                title: "three of four customers order again within 30 days of their last order",
                report: "from = 2025-02-01\nuntil = 2025-03-01",
                params: "basis = \"activity\"\ninactive_after_days = 30",
                header: "customer_id,time",
                rows: &[(4, "a{i},2025-01-20"), (3, "a{i},2025-02-19")],
                expected: &[("", Some(75.0))],
            },
        ],
        references: &[
            "P. W. Farris, N. T. Bendle, P. E. Pfeifer & D. J. Reibstein, \"Marketing Metrics\", 2nd ed. (2010), section 5.1",
            "E. B. Wilson, JASA 22 (1927), for the interval",
        ],
    };

    fn define(params: &RetentionRateParams) -> Result<Definition, ParamError> {
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        let orders = Orders::counted(params.refunds, params.one_order_per);
        let spans = Spans::of(params.basis, params.inactive_after_days, rules, orders)?;
        let definition = Definition::over(spans.source())
            .derive(Changes { spans, amounts: Amounts::Ignored })
            .measure(Changes::customers_at_start(START))
            .measure(count(NEW).filter(Changes::came()))
            .measure(count(LOST).filter(Changes::left()));
        let naive = params.definition == RetentionDefinition::EndOverStart;
        let formula = RowFormula::of(&[START, NEW, LOST], move |row, _, context| {
            let customers @ Customers { start, new, lost } = Customers::of(row);
            let interval = statistics::wilson(customers.kept(), start, context.confidence).filter(|_| !naive);
            let estimate = Estimate {
                value: percent(if naive { customers.at_end() } else { customers.kept() }, start),
                interval: interval.map(|(low, high)| (100.0 * low, 100.0 * high)),
                n: Some(start),
            };
            Found::new(
                estimate,
                vec![(START, Some(start)), ("customers_at_end", Some(customers.at_end())), (NEW, Some(new)), (LOST, Some(lost))],
            )
        });
        Ok(match params.definition {
            RetentionDefinition::Classic => definition.value(formula.tested(no_change).value()),
            RetentionDefinition::EndOverStart => {
                definition.value(formula.value()).note("customers at the end per customers at the start, new ones among them")
            }
        })
    }
}

/// The test of equal shares of customers who stay.
fn no_change(now: &MeasureRow, before: &MeasureRow) -> Option<f64> {
    let [now, before] = [now, before].map(Customers::of);
    statistics::two_proportions((now.kept(), now.start), (before.kept(), before.start))
}

/// The customers of a bucket.
#[derive(Clone, Copy)]
struct Customers {
    start: f64,
    new: f64,
    lost: f64,
}

impl Customers {
    fn of(row: &MeasureRow) -> Self {
        let [start, new, lost] = [START, NEW, LOST].map(|name| row.get(name).unwrap_or(0.0));
        Self { start, new, lost }
    }

    /// Those at the start who are still there at the end.
    fn kept(self) -> f64 {
        self.start - self.lost
    }

    fn at_end(self) -> f64 {
        self.kept() + self.new
    }
}

register_metric!(RetentionRate);
