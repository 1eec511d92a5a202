//! Share of voice: how much of what is said of us and our competitors is said of us.

use custometer_core::prelude::*;
use custometer_core::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{MENTIONS, TIME};

/// Parameters of [`ShareOfVoice`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareOfVoiceParams {
    /// Our own brands, as they are written in the column `brand`.
    pub own: Vec<String>,
    /// The brands that we are compared with. The share depends on them, so there is no default.
    pub competitors: Vec<String>,
}

const BRAND: &str = "brand";

/// `support.share_of_voice`: how much is said of us, and how much of the others?
pub struct ShareOfVoice;

impl Metric for ShareOfVoice {
    type Params = ShareOfVoiceParams;

    const ABOUT: &'static About = &About {
        id: "support.share_of_voice",
        title: "Share of voice",
        summary: "The share of our own brands among the mentions of them and of the competitors that are named.",
        formula: "100 · mentions of own brands / mentions of own brands and of `competitors`",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No mention of an own brand or a competitor: undefined.",
            "Without `own` or `competitors` the report is refused: there is no share without a whole.",
            "A mention of another brand is left out and counted as `others`, one without a brand as `unbranded`.",
            "Brands are compared as they are written: name every way of writing one.",
        ],
        examples: &[Example {
            title: "three mentions of us, five of two competitors, and two of somebody else",
            params: "own = [\"Acme\"]\ncompetitors = [\"Globex\", \"Initech\"]",
            header: "mention_id,brand",
            rows: &[(3, "a{i},Acme"), (4, "b{i},Globex"), (1, "c,Initech"), (2, "d{i},Umbrella"), (1, "e,")],
            expected: &[("", Some(37.5))],
            ..Example::NONE
        }],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &ShareOfVoiceParams) -> Result<Definition, ParamError> {
        let ShareOfVoiceParams { own, competitors } = params;
        words::require("own", own)?;
        words::require("competitors", competitors)?;
        words::refuse_ambiguous(&[("own", own), ("competitors", competitors)])?;
        let compared = [own.as_slice(), competitors].concat();
        let brand = Column::text(BRAND)
            .also_called(
                "brand name, company, competitor, about brand, account name, maerke, brand navn, varemaerke, firma, virksomhed, \
             merke, merkevare, varumaerke, foeretag, marke, firmenname",
            )
            .nulls(NullRule::Keep)
            .describe("whom the mention is about; missing: nobody that is known");
        Ok(Definition::over(Source::table(MENTIONS).at(TIME).column(brand))
            .expects(BRAND, "own", &params.own)
            .expects(BRAND, "competitors", &params.competitors)
            .measure(count("own").filter(is_one_of(BRAND, own)))
            .measure(count("own_and_competitors").filter(is_one_of(BRAND, &compared)))
            .measure(count("others").filter(is_one_of(BRAND, &compared).not()))
            .measure(count("unbranded").filter(col(BRAND).is_null()))
            .value(Value::proportion("own", "own_and_competitors"))
            .note(format!("beside {}", competitors.join(", "))))
    }
}

register_metric!(ShareOfVoice);
