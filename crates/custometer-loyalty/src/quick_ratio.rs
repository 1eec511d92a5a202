//! Quick ratio: revenue won per revenue lost. Source: the investor M. Hamid, in an interview that the references name.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::revenue::{self, Movements, Rates, is_exchange};
use crate::shared::spans::{Ends, Overlaps, SpanRules};

/// How many customers the bucket changed anything for.
const CHANGED: &str = "changed_customers";

/// Parameters of [`QuickRatio`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuickRatioParams {
    /// Whether what returning customers pay counts as won.
    pub include_reactivation: bool,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
}

/// `loyalty.quick_ratio`: is more revenue won than lost?
pub struct QuickRatio;

impl Metric for QuickRatio {
    type Params = QuickRatioParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.quick_ratio",
        title: "Quick ratio",
        summary: "How much monthly recurring revenue is won for each one that is lost.",
        formula: "(new + expansion) / (churn + contraction); with `include_reactivation = true`, (new + expansion + reactivation) / \
            (churn + contraction)",
        unit: Unit::Ratio,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No losses: undefined.",
            "Nothing won: 0.",
            "n is the number of customers who came, went, or pay another amount.",
            "Customers who come back do not count, unless `include_reactivation` says so.",
            "In a breakdown, a customer who moves to another group is lost from the one and new in the other.",
            "Amounts that are converted by dated rates: all movements are at the rates of the bucket's end, and exchange is neither won nor lost.",
            "An end before its start, a negative or missing amount, a row without a customer, and a span that overlaps another of its \
                customer are rejected; with `overlaps = \"unite\"`, a customer pays the sum of their spans.",
        ],
        examples: &[
            Example {
                title: "20 new and 8 of expansion, for 5 of churn and 3 of contraction",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[
                    (2, "n{i},2025-01-05,,10"),
                    (1, "e,2024-06-01,2025-01-05,10"),
                    (1, "e,2025-01-05,,18"),
                    (1, "l,2024-06-01,2025-01-05,5"),
                    (1, "c,2024-06-01,2025-01-05,10"),
                    (1, "c,2025-01-05,,7"),
                    (1, "r,2024-06-01,2024-07-05,4"),
                    (1, "r,2025-01-05,,4"),
                ],
                expected: &[("", Some(3.5))],
                ..Example::NONE
            },
            Example {
                title: "the same, with 4 of a customer who comes back",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "include_reactivation = true",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[
                    (2, "n{i},2025-01-05,,10"),
                    (1, "e,2024-06-01,2025-01-05,10"),
                    (1, "e,2025-01-05,,18"),
                    (1, "l,2024-06-01,2025-01-05,5"),
                    (1, "c,2024-06-01,2025-01-05,10"),
                    (1, "c,2025-01-05,,7"),
                    (1, "r,2024-06-01,2024-07-05,4"),
                    (1, "r,2025-01-05,,4"),
                ],
                expected: &[("", Some(4.0))],
            },
            Example {
                title: "no losses",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,started_at,ended_at,amount_per_month",
                rows: &[(1, "n,2025-01-05,,10")],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &["M. Hamid, in \"Measuring the SaaS revolution with Mamoon Hamid\", InsightSquared, insightsquared.com/blog"],
    };

    fn define(params: &QuickRatioParams) -> Result<Definition, ParamError> {
        let include_reactivation = params.include_reactivation;
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        Ok(Rates::both(|rates| {
            let measures = [Movements::measures(rates).as_slice(), &[CHANGED]].concat();
            let formula = RowFormula::of(&measures, move |row, _, _| {
                let movements = Movements::of(row, rates);
                let won = movements.new + movements.expansion + if include_reactivation { movements.reactivation } else { 0.0 };
                let lost = movements.churned + movements.contraction;
                let changed = row.get(CHANGED);
                let estimate = Estimate { value: (lost > 0.0).then(|| won / lost), interval: None, n: changed };
                Found::new(estimate, [movements.evidence(), vec![(CHANGED, changed)]].concat())
            });
            let changed = match rates {
                Rates::Constant => count(CHANGED),
                Rates::Changing => count(CHANGED).filter(is_exchange().not()),
            };
            let definition = Movements::measured(revenue::definition(rules, rates), rates).measure(changed).value(formula.value());
            rates.noted(if include_reactivation { definition.note("customers who come back count as won") } else { definition })
        }))
    }
}

register_metric!(QuickRatio);
