//! Topics of mentions.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::prelude::*;
use custometer_core::words;
use custometer_core::{DimensionValue, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation, statistics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{MENTIONS, TIME};

/// Parameters of [`MentionTopics`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MentionTopicsParams {
    /// What stands between the topics of a mention that has several, such as `";"`. Without it, what stands in the column is one topic.
    pub separator: Option<String>,
    /// Topics that always have a row. Any other has one where a mention is about it.
    pub topics: Vec<String>,
}

const CATEGORY: &str = "category";
const TOPIC: &str = "topic";

/// `support.mention_topics`: what are mentions about?
pub struct MentionTopics;

impl Metric for MentionTopics {
    type Params = MentionTopicsParams;

    const ABOUT: &'static About = &About {
        id: "support.mention_topics",
        title: "Topics of mentions",
        summary: "The share of mentions that are about each topic: technical, answered by what is there to read, a suggestion, a competitor. A \
                  mention that is about several counts in each.",
        formula: "100 · mentions about the topic / mentions with a topic",
        unit: Unit::Percent,
        range: "0 to 100; the shares sum to 100 where no mention has two topics, and to more where some have",
        direction: Direction::Neutral,
        edge_cases: &[
            "No mention with a topic, and `topics` is not given: one undefined row, without a topic.",
            "A mention without a topic is left out and counted as `uncategorised`.",
            "A topic that comes twice in one mention counts once. Blanks around a topic are not part of it, and nothing between two separators \
             is not a topic.",
            "A topic that nobody mentions in a bucket has no row there, unless it is among `topics`.",
        ],
        examples: &[
            Example {
                title: "five mentions, two of which are about two topics, and one about none",
                params: "separator = \";\"",
                header: "mention_id,category",
                rows: &[
                    (1, "a,technical; suggestion"),
                    (1, "b,suggestion;technical;suggestion"),
                    (1, "c,technical"),
                    (1, "d,competitor;"),
                    (1, "e,;"),
                ],
                expected: &[("topic=competitor", Some(25.0)), ("topic=suggestion", Some(50.0)), ("topic=technical", Some(75.0))],
                ..Example::NONE
            },
            Example {
                title: "one topic each, and one that always has a row",
                params: "topics = [\"competitor\"]",
                header: "mention_id,category",
                rows: &[(3, "a{i},technical"), (1, "b,how; why")],
                expected: &[("topic=competitor", Some(0.0)), ("topic=how; why", Some(25.0)), ("topic=technical", Some(75.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals"],
    };

    fn define(params: &MentionTopicsParams) -> Result<Definition, ParamError> {
        words::refuse_ambiguous(&[("topics", &params.topics)])?;
        if params.separator.as_deref().is_some_and(str::is_empty) {
            return Err(ParamError::new("separator", "nothing separates topics").help("write what does, such as `separator = \";\"`"));
        }
        let category = Column::text(CATEGORY)
            .also_called(
                "categories, topic, topics, theme, themes, tag, tags, label, labels, subject, kategori, kategorier, emne, emner, \
             tema, aemne, aemnen, kategorie, kategorien, thema, themen",
            )
            .nulls(NullRule::Keep)
            .describe("what the mention is about; missing: not categorised");
        // Mentions that have the same in the column are about the same, so that what stands there is taken apart once.
        let definition = Definition::over(Source::table(MENTIONS).at(TIME).column(category))
            .own_dimension(CATEGORY, col(CATEGORY))
            .measure(count("mentions"))
            .value(Value::function(Topics { params: params.clone() }));
        Ok(match params.separator {
            Some(_) => definition.note("a mention about several topics counts in each, so that the shares may sum to more than 100"),
            None => definition,
        })
    }
}

/// Mentions by what stands in the column → mentions by topic.
#[derive(Debug)]
struct Topics {
    params: MentionTopicsParams,
}

/// How many mentions are about each topic.
#[derive(Default)]
struct Counts {
    topics: BTreeMap<String, f64>,
    categorised: f64,
    uncategorised: f64,
}

impl Topics {
    /// The topics of a mention, each once.
    fn of<'a>(&self, category: &'a DimensionValue) -> BTreeSet<&'a str> {
        let DimensionValue::Text(text) = category else { return BTreeSet::new() };
        let parts: Vec<&str> = match &self.params.separator {
            Some(separator) => text.split(separator.as_str()).collect(),
            None => vec![text],
        };
        parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    fn count(&self, group: &Group<'_>) -> Counts {
        let mut counts = Counts::default();
        for row in group.rows {
            let mentions = row.get("mentions").unwrap_or(0.0);
            let topics = self.of(&row.dimensions[0]);
            *(if topics.is_empty() { &mut counts.uncategorised } else { &mut counts.categorised }) += mentions;
            for topic in topics {
                *counts.topics.entry(topic.to_owned()).or_default() += mentions;
            }
        }
        counts
    }
}

impl Evaluate for Topics {
    fn measures(&self) -> Vec<&str> {
        vec!["mentions"]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![TOPIC.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let Counts { mut topics, categorised, uncategorised } = self.count(group);
        for topic in &self.params.topics {
            topics.entry(topic.clone()).or_default();
        }
        let observation = |topic: DimensionValue, mentions: f64| Observation {
            dimensions: vec![topic],
            estimate: Estimate::share(mentions, categorised, context.confidence),
            measures: vec![
                ("mentions".to_owned(), Some(mentions)),
                ("categorised".to_owned(), Some(categorised)),
                ("uncategorised".to_owned(), Some(uncategorised)),
            ],
        };
        let mut observations: Vec<Observation> =
            topics.into_iter().map(|(topic, mentions)| observation(DimensionValue::Text(topic), mentions)).collect();
        if observations.is_empty() {
            observations.push(observation(DimensionValue::Missing, 0.0));
        }
        Ok(Evaluation { observations, ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        let Some(DimensionValue::Text(topic)) = dimensions.first() else { return None };
        let share = |group| {
            let counts = self.count(group);
            (counts.topics.get(topic).copied().unwrap_or(0.0), counts.categorised)
        };
        statistics::two_proportions(share(now), share(before))
    }
}

register_metric!(MentionTopics);
