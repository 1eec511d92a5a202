//! Net promoter score. Source: F. Reichheld, "The one number you need to grow", Harvard Business Review, December 2003.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::survey::{self, Answers, Kind, Scale};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::recommendations;
use crate::tables::RECOMMENDATION;

/// Parameters of [`Nps`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NpsParams {
    /// Whether each answer counts as much as its column `weight` says, instead of once.
    pub weighted: bool,
    /// The scale of the answers; there is none but `[0, 10]`.
    pub scale: Option<Scale>,
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
            "On another scale, such as 1 to 5, there are no promoters: `scale = [1, 5]` is refused, and where none of 20 answers or more is above 7, \
             the note says so.",
            "With `weighted = true`, an answer without a weight, or with one below 0, is rejected; weights that sum to 0: undefined.",
            "With `weighted = true`, n stays the number of answers, and the interval is that of `effective_n` equally weighted ones.",
        ],
        examples: &[
            Example {
                title: "70 promoters, 20 passives, 10 detractors",
                header: "score",
                rows: &[(40, "10"), (30, "9"), (12, "8"), (8, "7"), (6, "6"), (4, "0")],
                expected: &[("", Some(60.0))],
                ..Example::NONE
            },
            Example { title: "passives only", header: "score", rows: &[(5, "7"), (5, "8")], expected: &[("", Some(0.0))], ..Example::NONE },
            Example {
                title: "two promoters of half an answer each, a passive, and a detractor who counts twice",
                params: "weighted = true",
                header: "score,weight",
                rows: &[(2, "10,0.5"), (1, "7,1"), (1, "0,2")],
                expected: &[("", Some(-25.0))],
                ..Example::NONE
            },
            Example { title: "no response", header: "score", rows: &[], expected: &[("", None)], ..Example::NONE },
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
        let answers = Answers::new(params.weighted);
        let kinds = Definition::over(answers.of(recommendations::answers(params.scale)?))
            .measure(answers.measure(PROMOTERS).filter(promoter))
            .measure(answers.measure(PASSIVES).filter(passive))
            .measure(answers.measure(DETRACTORS).filter(detractor));
        Ok(answers.weigh(kinds, Scope::Group).measure(count(survey::RESPONSES)).value(answers.net_promoter_score(PROMOTERS, DETRACTORS)))
    }
}

const PROMOTERS: Kind<'_> = Kind { number: "promoters", weight: "promoter_weight" };
const PASSIVES: Kind<'_> = Kind { number: "passives", weight: "passive_weight" };
const DETRACTORS: Kind<'_> = Kind { number: "detractors", weight: "detractor_weight" };

register_metric!(Nps);
