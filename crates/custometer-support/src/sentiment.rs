//! Sentiment of mentions.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::words;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{MENTIONS, TIME};

/// Parameters of [`Sentiment`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SentimentParams {
    /// Whether the value is the share of each sentiment, or what is left of the positive ones less the negative.
    pub show: Show,
    /// The words for a positive mention.
    pub positive: Vec<String>,
    /// The words for a neutral mention.
    pub neutral: Vec<String>,
    /// The words for a negative mention.
    pub negative: Vec<String>,
}

impl Default for SentimentParams {
    fn default() -> Self {
        let [positive, neutral, negative] = SENTIMENTS.map(|word| vec![word.to_owned()]);
        Self { show: Show::Shares, positive, neutral, negative }
    }
}

/// What the value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The share of each sentiment.
    #[default]
    Shares,
    /// The share of positive mentions less that of negative ones.
    Net,
}

const SENTIMENTS: [&str; 3] = ["positive", "neutral", "negative"];
const SENTIMENT: &str = "sentiment";

/// `support.sentiment`: what do mentions say of us?
pub struct Sentiment;

impl Metric for Sentiment {
    type Params = SentimentParams;

    const ABOUT: &'static About = &About {
        id: "support.sentiment",
        title: "Sentiment of mentions",
        summary: "The shares of positive, neutral and negative mentions, or net sentiment: positive less negative.",
        formula: "100 · mentions of the sentiment / rated mentions; 100 · (positive − negative) / rated mentions",
        unit: Unit::Percent,
        range: "0 to 100, and the three shares sum to 100; net −100 to 100",
        direction: Direction::Neutral,
        edge_cases: &[
            "No rated mention: undefined.",
            "All three sentiments appear, those that no mention has with 0.",
            "A mention without a sentiment is left out and counted as `unrated`.",
            "Any other word than those given is rejected; words are compared as they are written.",
            "Net sentiment, for which higher is better, has no interval where all mentions are of one kind.",
        ],
        examples: &[
            Example {
                title: "five positive, three neutral and two negative mentions, and two without a sentiment",
                header: "mention_id,sentiment",
                rows: &[(5, "a{i},positive"), (3, "b{i},neutral"), (2, "c{i},negative"), (2, "d{i},")],
                expected: &[("sentiment=positive", Some(50.0)), ("sentiment=neutral", Some(30.0)), ("sentiment=negative", Some(20.0))],
                ..Example::NONE
            },
            Example {
                title: "the net sentiment of the same",
                params: "show = \"net\"",
                header: "mention_id,sentiment",
                rows: &[(5, "a{i},positive"), (3, "b{i},neutral"), (2, "c{i},negative"), (2, "d{i},")],
                expected: &[("", Some(30.0))],
                ..Example::NONE
            },
            Example {
                title: "other words",
                params: "show = \"net\"\npositive = [\"good\", \"great\"]\nneutral = []\nnegative = [\"bad\"]",
                header: "mention_id,sentiment",
                rows: &[(1, "a,good"), (2, "b{i},great"), (1, "c,bad")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &[
            "E. B. Wilson, JASA 22 (1927), for the intervals of the shares",
            "A. Agresti, \"Categorical Data Analysis\", 2nd ed. (2002), section 1.4.1, for the variance of a difference of two shares of one sample",
        ],
    };

    fn define(params: &SentimentParams) -> Result<Definition, ParamError> {
        let SentimentParams { show, positive, neutral, negative } = params;
        words::require("positive", positive)?;
        words::require("negative", negative)?;
        words::refuse_ambiguous(&[("positive", positive), ("neutral", neutral), ("negative", negative)])?;
        let known = [positive.as_slice(), neutral, negative].concat();
        let source = Source::table(MENTIONS)
            .at(TIME)
            .column(
                Column::text(SENTIMENT)
                    .also_called(
                        "sentiment label, tone, polarity, mood, attitude, overall sentiment, stemning, holdning, tone of voice, \
                 stemming, toneleie, stimmung, tonalitaet, attityd",
                    )
                    .nulls(NullRule::Keep)
                    .describe("what the mention says; missing: not rated"),
            )
            .rule("`sentiment` is not one of the words for positive, neutral or negative", is_one_of(SENTIMENT, &known));
        let is_rated = || col(SENTIMENT).is_not_null();
        let words = params.positive.iter().chain(&params.neutral).chain(&params.negative);
        let definition = Definition::over(source).expects_any(SENTIMENT, "positive`, `neutral` and `negative", words);
        Ok(match show {
            Show::Shares => {
                let sentiment = SENTIMENTS.into_iter().zip([positive, neutral, negative]);
                let sentiment = sentiment.fold(lit(NULL).cast(DataType::String), |others, (name, words)| {
                    when(is_one_of(SENTIMENT, words)).then(lit(name)).otherwise(others)
                });
                definition
                    .own_dimension_over(SENTIMENT, sentiment, SENTIMENTS.map(Into::into).to_vec())
                    .measure(count("mentions"))
                    .measure(count("rated").filter(is_rated()).scope(Scope::OwnDimensions))
                    .measure(count("unrated").filter(is_rated().not()).scope(Scope::OwnDimensions))
                    .value(Value::proportion("mentions", "rated"))
            }
            Show::Net => definition
                .measure(count("positive").filter(is_one_of(SENTIMENT, positive)))
                .measure(count("neutral").filter(is_one_of(SENTIMENT, neutral)))
                .measure(count("negative").filter(is_one_of(SENTIMENT, negative)))
                .measure(count("rated").filter(is_rated()))
                .measure(count("unrated").filter(is_rated().not()))
                .value(Value::difference_of_shares("positive", "negative", "rated"))
                .unit(Unit::Points)
                .direction(Direction::HigherIsBetter),
        })
    }
}

register_metric!(Sentiment);
