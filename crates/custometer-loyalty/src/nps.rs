//! Net promoter score. Source: F. Reichheld, "The one number you need to grow", Harvard Business Review, December 2003.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{RECOMMENDATION, RESPONSES, TIME, WEIGHT};

/// Parameters of [`Nps`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NpsParams {
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    pub weighted: bool,
}

/// `loyalty.nps`: would customers recommend us?
pub struct Nps;

impl Metric for Nps {
    type Params = NpsParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.nps",
        title: "Net promoter score",
        summary: "How much more likely customers are to recommend than to warn off: the share of promoters less the share of detractors.",
        formula: "100 · (promoters − detractors) / responses; promoters score 9–10, passives 7–8, detractors 0–6. \
            Weighted: the sums of their weights instead of their numbers",
        unit: Unit::Points,
        range: "−100 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No response: undefined.",
            "All passives: 0, without an interval.",
            "Answers of one kind only: no interval, since their spread says nothing of the error.",
            "A score that is not a whole number from 0 to 10 is rejected; an unanswered question is not a response.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example {
                title: "70 promoters, 20 passives, 10 detractors",
                report: "",
                params: "",
                header: "score",
                rows: &[(40, "10"), (30, "9"), (12, "8"), (8, "7"), (6, "6"), (4, "0")],
                expected: &[("", Some(60.0))],
            },
            Example {
                title: "passives only",
                report: "",
                params: "",
                header: "score",
                rows: &[(5, "7"), (5, "8")],
                expected: &[("", Some(0.0))],
            },
            Example {
                title: "two promoters of half an answer each, a passive, and a detractor who counts twice",
                report: "",
                params: "weighted = true",
                header: "score,weight",
                rows: &[(2, "10,0.5"), (1, "7,1"), (1, "0,2")],
                expected: &[("", Some(-25.0))],
            },
            Example { title: "no response", report: "", params: "", header: "score", rows: &[], expected: &[("", None)] },
        ],
        references: &[
            "F. Reichheld, \"The one number you need to grow\", Harvard Business Review, December 2003",
            "B. Rocks, \"Interval estimation for the net promoter score\", The American Statistician 70 (2016), for the interval",
            "L. Kish, \"Survey Sampling\" (1965), section 11.7, for the effective size of weighted answers",
        ],
    };

    fn define(params: &NpsParams) -> Result<Definition, ParamError> {
        let score = || col(RECOMMENDATION.name);
        let promoter = score().gt_eq(lit(9));
        let passive = score().gt_eq(lit(7)).and(score().lt(lit(9)));
        let detractor = score().lt(lit(7));
        let source = Source::table(RESPONSES).at(TIME).column(RECOMMENDATION);
        if params.weighted {
            let weight = || col(WEIGHT.name);
            return Ok(Definition::over(source.column(WEIGHT))
                .measure(sum("promoter_weight", weight()).filter(promoter))
                .measure(sum("passive_weight", weight()).filter(passive))
                .measure(sum("detractor_weight", weight()).filter(detractor))
                .measure(sum("total_weight", weight()))
                .measure(sum("squared_weights", weight() * weight()))
                .measure(count("responses"))
                .value(Value::weighted_net_promoter_score(
                    "promoter_weight",
                    "detractor_weight",
                    "total_weight",
                    Weights::new("squared_weights", "responses"),
                )));
        }
        Ok(Definition::over(source)
            .measure(count("promoters").filter(promoter))
            .measure(count("passives").filter(passive))
            .measure(count("detractors").filter(detractor))
            .measure(count("responses"))
            .value(Value::net_promoter_score("promoters", "detractors", "responses")))
    }
}

register_metric!(Nps);
