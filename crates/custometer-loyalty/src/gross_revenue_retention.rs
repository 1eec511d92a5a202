//! Gross revenue retention: what is left of what customers paid.

use custometer_core::prelude::*;
use custometer_core::row_formula::percent;
use custometer_core::statistics;

use crate::shared::revenue::{self, Cohort, Movements, Rates, RevenueParams};

/// `loyalty.gross_revenue_retention`: how much of the revenue stays without any expansion?
pub struct GrossRevenueRetention;

impl Metric for GrossRevenueRetention {
    type Params = RevenueParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.gross_revenue_retention",
        title: "Gross revenue retention",
        summary: "What is left at the end of a bucket of what its customers paid at the start, whatever others pay more.",
        formula: "100 · (opening MRR − contraction − churn) / opening MRR, of the customers at the start only",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No revenue at the start: undefined.",
            "Nobody leaves or pays less: 100, without an interval.",
            "What a customer pays more than before does not make up for another who pays less.",
            "A customer is somebody who pays: a span with the amount 0 makes nobody a customer.",
            "The interval is about the customers at the start, taken as a sample. It does not go beyond 0 and 100.",
            "In a breakdown, a customer who moves to another group is lost from the one and new in the other.",
            "Amounts that are converted by dated rates: at constant rates. What was paid at the start is taken at the rates of the bucket's end, as is \
             what is paid there, so that exchange is neither kept nor lost.",
            "An end before its start, a negative or missing amount, a row without a customer, and a span that overlaps another of its \
                customer are rejected; with `overlaps = \"unite\"`, a customer pays the sum of their spans.",
        ],
        examples: &[
            Example {
                title: "10.0 at the start, of which 0.6 leave, 0.9 are taken off, and 1.8 are added",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[
                    (1, "stays,2024-06-01,,5.5"),
                    (1, "leaves,2024-06-01,2025-01-15,0.6"),
                    (1, "takes off,2024-06-01,2025-01-15,1.9"),
                    (1, "takes off,2025-01-15,,1.0"),
                    (1, "adds,2024-06-01,2025-01-15,2.0"),
                    (1, "adds,2025-01-15,,3.8"),
                    (1, "new,2025-01-15,,7.0"),
                ],
                expected: &[("", Some(85.0))],
                ..Example::NONE
            },
            Example {
                title: "a customer who takes a second contract pays no more than before",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "overlaps = \"unite\"",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[(1, "a,2024-06-01,,50"), (1, "a,2025-01-15,,20")],
                expected: &[("", Some(100.0))],
            },
        ],
        references: &[
            "W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval of a ratio of sums over customers",
        ],
    };

    fn define(params: &RevenueParams) -> Result<Definition, ParamError> {
        Ok(Rates::both(|rates| {
            let formula = RowFormula::of(&Cohort::measures(rates), move |row, _, context| {
                let movements = Movements::of(row, rates);
                let clusters = Cohort::Gross.clusters(row, rates);
                let interval = clusters.and_then(|clusters| statistics::ratio_of_means(&clusters, context.confidence));
                let estimate = Estimate {
                    value: percent(movements.kept(), movements.base()),
                    interval: interval.map(|(low, high)| (100.0 * low.max(0.0), 100.0 * high.min(1.0))),
                    n: Some(movements.customers_at_start),
                };
                Found::new(estimate, movements.evidence_of_opening())
            });
            let formula = formula.tested(move |now, before| Cohort::Gross.no_change((now, before), rates));
            let definition = revenue::definition(params.rules(), rates);
            rates.noted(Cohort::Gross.measured(definition, rates).value(formula.value()))
        }))
    }
}

register_metric!(GrossRevenueRetention);
