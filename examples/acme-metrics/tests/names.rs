//! Ids are those of the whole program: one that is taken by a built-in metric stops it, and says who has it.

use custometer as _;

use custometer_core::Registry;
use custometer_core::prelude::*;

struct Nps;

impl Metric for Nps {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.nps",
        title: "Another net promoter score",
        summary: "Counts answers.",
        formula: "answers",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::Neutral,
        edge_cases: &[],
        examples: &[],
        references: &[],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let answers = Source::table("responses");
        Ok(Definition::over(answers).measure(count("answers")).value(Value::measure("answers")))
    }
}

register_metric!(Nps);

#[test]
fn an_id_that_is_taken_names_both_crates() {
    assert_eq!(
        Registry::linked().unwrap_err().to_string(),
        "two metrics are called `loyalty.nps`: one in crate `acme-metrics`, one in crate `custometer-loyalty`; rename one of them"
    );
}
