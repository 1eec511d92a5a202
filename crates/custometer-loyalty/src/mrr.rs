//! Monthly recurring revenue.

use custometer_core::prelude::*;
use custometer_core::statistics;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::revenue::{self, Rates};
use crate::shared::spans::{CLOSING_MRR, Ends, IS_ACTIVE, OPENING_MRR, Overlaps, SpanRules, WAS_ACTIVE};

const MRR: &str = "mrr";
const CUSTOMERS: &str = "customers";
const SQUARES: &str = "squares";

/// Parameters of [`Mrr`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MrrParams {
    /// Whether all revenue is reported, that of one customer, or the customers.
    pub show: MrrShown,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
}

/// Whether all revenue is reported, or that of one customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MrrShown {
    /// The revenue of all customers together.
    #[default]
    Total,
    /// The average revenue per customer (ARPC).
    PerCustomer,
    /// How many customers pay, such as for a rate per customer.
    Customers,
}

/// `loyalty.mrr`: what do customers pay every month?
pub struct Mrr;

impl Metric for Mrr {
    type Params = MrrParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.mrr",
        title: "Monthly recurring revenue",
        summary: "What the spans that are active at the end of a bucket bring in a month.",
        formula: "Σ amount_per_month of the spans active at the end of the bucket; per customer: divided by the customers who pay",
        unit: Unit::Currency,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: a total of 0, and per customer undefined.",
            "It is a stock: the value of a bucket is the one at its end, whatever was before, and the values of several buckets are never \
             added up.",
            "A span that ends as the next bucket begins is still active at the end of this one.",
            "A customer is somebody who pays: a span with the amount 0 makes nobody a customer.",
            "One customer, or customers who all pay the same: no interval.",
            "In a breakdown, a customer belongs to every group they have spans in, and the customers of groups may sum to more than all.",
            "Amounts that are converted by dated rates: at those of the last day of each bucket. The value changes with them; `loyalty.mrr_movement` says \
             by how much.",
            "An end before its start, a negative or missing amount, a row without a customer, and a span that overlaps another of its \
                customer are rejected; with `overlaps = \"unite\"`, a customer pays the sum of their spans.",
        ],
        examples: &[
            Example {
                title: "100 customers at 50",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[(100, "a{i},2025-01-10,,50"), (10, "b{i},2024-06-01,2025-01-31,70")],
                expected: &[("", Some(5000.0))],
                ..Example::NONE
            },
            Example {
                title: "the same per customer",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "show = \"per_customer\"",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[(100, "a{i},2025-01-10,,50"), (10, "b{i},2024-06-01,2025-01-31,70")],
                expected: &[("", Some(50.0))],
            },
            Example {
                title: "a month at 0.1 and a month at 0.3, and none after them",
                report: "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[(1, "a,2025-01-10,2025-02-10,0.1"), (1, "a,2025-02-10,2025-03-10,0.3")],
                expected: &[("2025-01-01", Some(0.1)), ("2025-02-01", Some(0.3)), ("2025-03-01", Some(0.0))],
                ..Example::NONE
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval of the average per customer"],
    };

    fn define(params: &MrrParams) -> Result<Definition, ParamError> {
        let square = |column: &str| col(column) * col(column);
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        let show = params.show;
        Ok(Rates::both(|rates| {
            let definition = revenue::definition(rules, rates)
                .measure(sum(MRR, revenue::change()).closing())
                .measure(sum(CUSTOMERS, col(IS_ACTIVE) - col(WAS_ACTIVE)).closing())
                .measure(sum(SQUARES, square(CLOSING_MRR) - square(OPENING_MRR)).closing());
            let definition = if show == MrrShown::Customers { definition.unit(Unit::Count) } else { definition };
            rates.noted_as_they_change(definition.value(formula(show).value()))
        }))
    }
}

/// What is shown of what all customers pay.
fn formula(show: MrrShown) -> RowFormula {
    RowFormula::of(&[MRR, CUSTOMERS, SQUARES], move |row, _, context| {
        let [mrr, customers, squares] = [MRR, CUSTOMERS, SQUARES].map(|name| row.get(name).unwrap_or(0.0));
        // A sum of what came and went leaves rounding where nothing is left.
        let mrr = if customers > 0.0 { mrr } else { 0.0 };
        let per_customer = (customers > 0.0).then(|| mrr / customers);
        let variance = statistics::weighted_variance(customers, customers, mrr, squares);
        let interval =
            per_customer.zip(variance).and_then(|(mean, variance)| statistics::mean(mean, variance, customers, context.confidence));
        let (value, interval) = match show {
            MrrShown::Total => (Some(mrr), None),
            MrrShown::Customers => (Some(customers), None),
            MrrShown::PerCustomer => (per_customer, interval.map(|(low, high)| (low.max(0.0), high))),
        };
        let evidence = vec![(MRR, Some(mrr)), (CUSTOMERS, Some(customers)), ("arpc", per_customer)];
        Found::new(Estimate { value, interval, n: Some(customers) }, evidence)
    })
}

register_metric!(Mrr);
