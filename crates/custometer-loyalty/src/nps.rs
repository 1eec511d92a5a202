//! Net promoter score. Source: F. Reichheld, "The one number you need to grow", Harvard Business Review, December 2003.

use custometer_core::prelude::*;

use crate::tables::{RECOMMENDATION, RESPONSES, TIME};

/// `loyalty.nps`: would customers recommend us?
pub struct Nps;

impl Metric for Nps {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.nps",
        title: "Net promoter score",
        summary: "How much more likely customers are to recommend than to warn off: the share of promoters less the share of detractors.",
        formula: "100 · (promoters − detractors) / responses; promoters score 9–10, passives 7–8, detractors 0–6",
        unit: Unit::Points,
        range: "−100 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No response: undefined.",
            "All passives: 0, without an interval.",
            "Answers of one kind only: no interval, since their spread says nothing of the error.",
            "A score that is not a whole number from 0 to 10 is rejected; an unanswered question is no response.",
        ],
        examples: &[
            Example {
                title: "70 promoters, 20 passives, 10 detractors",
                params: "",
                header: "score",
                rows: &[(40, "10"), (30, "9"), (12, "8"), (8, "7"), (6, "6"), (4, "0")],
                expected: &[("", Some(60.0))],
            },
            Example { title: "passives only", params: "", header: "score", rows: &[(5, "7"), (5, "8")], expected: &[("", Some(0.0))] },
            Example { title: "no response", params: "", header: "score", rows: &[], expected: &[("", None)] },
        ],
        references: &[
            "F. Reichheld, \"The one number you need to grow\", Harvard Business Review, December 2003",
            "B. Rocks, \"Interval estimation for the net promoter score\", The American Statistician 70 (2016), for the interval",
        ],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let score = || col(RECOMMENDATION.name);
        Ok(Definition::over(Source::table(RESPONSES).at(TIME).column(RECOMMENDATION))
            .measure(count("promoters").filter(score().gt_eq(lit(9))))
            .measure(count("passives").filter(score().gt_eq(lit(7)).and(score().lt(lit(9)))))
            .measure(count("detractors").filter(score().lt(lit(7))))
            .measure(count("responses"))
            .value(Value::net_promoter_score("promoters", "detractors", "responses")))
    }
}

register_metric!(Nps);
