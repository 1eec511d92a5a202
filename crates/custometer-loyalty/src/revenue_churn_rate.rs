//! Revenue churn rate: what leaves of the revenue.

use custometer_core::prelude::*;
use custometer_core::row_formula::percent;
use custometer_core::statistics;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::revenue::{self, Cohort, Movements, Rates};
use crate::shared::spans::{Ends, Overlaps, SpanRules};

/// Parameters of [`RevenueChurnRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RevenueChurnRateParams {
    /// Whether what is won is set against what is lost.
    pub kind: RevenueChurnKind,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
}

/// Whether what is won is set against what is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevenueChurnKind {
    /// Churn and contraction, whatever else is won.
    #[default]
    Gross,
    /// Churn and contraction less expansion and reactivation: below 0 where more is won back than lost.
    Net,
}

/// `loyalty.revenue_churn_rate`: how much of the revenue leaves?
pub struct RevenueChurnRate;

impl Metric for RevenueChurnRate {
    type Params = RevenueChurnRateParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.revenue_churn_rate",
        title: "Revenue churn rate",
        summary: "What customers who leave or pay less take from the monthly recurring revenue, in percent of what it was at the start.",
        formula: "gross: 100 · (churn + contraction) / opening MRR; net: 100 · (churn + contraction − expansion − reactivation) / opening MRR",
        unit: Unit::Percent,
        range: "gross: 0 to 100; net: 100 or less",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No revenue at the start: undefined.",
            "Gross and the gross revenue retention make 100.",
            "Net counts customers who come back, whom the net revenue retention leaves out; neither counts new ones.",
            "Net has no interval, since those who come back belong to no sample that is known. Gross has none where nobody leaves or pays \
             less.",
            "A customer is somebody who pays: a span with the amount 0 makes nobody a customer.",
            "In a breakdown, a customer who moves to another group is lost from the one and new in the other.",
            "Amounts that are converted by dated rates: at constant rates. What was paid at the start is taken at the rates of the bucket's end, as is \
             what is lost, so that exchange is no churn.",
            "An end before its start, a negative or missing amount, a row without a customer, and a span that overlaps another of its \
                customer are rejected; with `overlaps = \"unite\"`, a customer pays the sum of their spans.",
        ],
        examples: &[
            Example {
                title: "of 10 000, customers who paid 1500 leave, and others pay 500 less",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[
                    (75, "a{i},2024-06-01,,100"),
                    (15, "b{i},2024-06-01,2025-01-10,100"),
                    (10, "c{i},2024-06-01,2025-01-10,100"),
                    (10, "c{i},2025-01-10,,50"),
                ],
                expected: &[("", Some(20.0))],
                ..Example::NONE
            },
            Example {
                title: "net, with 300 of expansion and 200 of customers who come back",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "kind = \"net\"",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[
                    (72, "a{i},2024-06-01,,100"),
                    (3, "d{i},2024-06-01,2025-01-10,100"),
                    (3, "d{i},2025-01-10,,200"),
                    (15, "b{i},2024-06-01,2025-01-10,100"),
                    (10, "c{i},2024-06-01,2025-01-10,100"),
                    (10, "c{i},2025-01-10,,50"),
                    (2, "e{i},2024-06-01,2024-12-10,100"),
                    (2, "e{i},2025-01-10,,100"),
                ],
                expected: &[("", Some(15.0))],
            },
        ],
        references: &[
            "W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval of a ratio of sums over customers",
        ],
    };

    fn define(params: &RevenueChurnRateParams) -> Result<Definition, ParamError> {
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        Ok(Rates::both(|rates| {
            let definition = revenue::definition(rules, rates);
            rates.noted(match params.kind {
                RevenueChurnKind::Gross => gross(definition, rates),
                RevenueChurnKind::Net => net(definition, rates),
            })
        }))
    }
}

/// Churn and contraction, of the revenue at the start.
fn gross(definition: Definition, rates: Rates) -> Definition {
    let formula = RowFormula::of(&Cohort::measures(rates), move |row, _, context| {
        let movements = Movements::of(row, rates);
        let clusters = Cohort::Gross.clusters(row, rates);
        let kept = clusters.and_then(|clusters| statistics::ratio_of_means(&clusters, context.confidence));
        let estimate = Estimate {
            value: percent(movements.base() - movements.kept(), movements.base()),
            interval: kept.map(|(low, high)| (100.0 * (1.0 - high).max(0.0), 100.0 * (1.0 - low).min(1.0))),
            n: Some(movements.customers_at_start),
        };
        Found::new(estimate, movements.evidence_of_opening())
    });
    let formula = formula.tested(move |now, before| Cohort::Gross.no_change((now, before), rates));
    Cohort::Gross.measured(definition, rates).value(formula.value())
}

/// The same less what is won back of the customers that there were.
fn net(definition: Definition, rates: Rates) -> Definition {
    let formula = RowFormula::of(&Movements::measures(rates), move |row, _, _| {
        let movements = Movements::of(row, rates);
        let lost = movements.churned + movements.contraction - movements.expansion - movements.reactivation;
        let value = percent(lost, movements.base());
        Found::new(Estimate { value, interval: None, n: Some(movements.customers_at_start) }, movements.evidence())
    });
    Movements::measured(definition, rates).value(formula.value()).note("net of expansion and reactivation")
}

register_metric!(RevenueChurnRate);
