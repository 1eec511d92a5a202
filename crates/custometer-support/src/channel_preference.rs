//! Channel preference: where customers say they would rather be served, beside where they are.

use std::collections::BTreeMap;

use custometer_core::prelude::*;
use custometer_core::words;
use custometer_core::{DimensionValue, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation, statistics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{RESPONSES, TIME};

/// Parameters of [`ChannelPreference`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelPreferenceParams {
    /// Whether the value is the stated share or the observed one. The other is beside it.
    pub show: Show,
    /// Channels that always have a row. Any other has one where somebody prefers or uses it.
    pub channels: Vec<String>,
}

/// What the value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The share of answers that prefer the channel.
    #[default]
    Stated,
    /// The share of contacts that came by it.
    Observed,
}

const CHANNEL: &str = "channel";
const PREFERRED_CHANNEL: &str = "preferred_channel";

/// `support.channel_preference`: do customers come by the channel they prefer?
pub struct ChannelPreference;

impl Metric for ChannelPreference {
    type Params = ChannelPreferenceParams;

    const ABOUT: &'static About = &About {
        id: "support.channel_preference",
        title: "Channel preference",
        summary: "For each channel, the share of customers who say that they prefer it, beside the share of contacts that came by it. One row of \
                  the table is one contact: `channel` is how it came, and `preferred_channel` what was answered in its survey, if \
                   anything was. Where contacts and answers are in two tables, put both into one, each with the other's column blank.",
        formula: "100 · answers that prefer the channel / answers; 100 · contacts by the channel / contacts",
        unit: Unit::Percent,
        range: "0 to 100; the stated shares sum to 100, and so do the observed ones",
        direction: Direction::Neutral,
        edge_cases: &[
            "No answer: every stated share is undefined. No contact: every observed share is undefined.",
            "Neither answers nor contacts, and `channels` is not given: one undefined row, without a channel.",
            "A contact without an answer is in the observed share only, and counted as `unstated`; an answer without a contact's channel is \
             in the stated share only, and counted as `unobserved`.",
            "The shares describe the contacts of the table. A survey that few answered says little of those who did not.",
            "With `by = [[\"channel\"]]`, only contacts by that channel are in the group: what its users prefer.",
        ],
        examples: &[
            Example {
                title: "four contacts, three of them with an answer",
                header: "channel,preferred_channel",
                rows: &[(1, "phone,chat"), (1, "phone,phone"), (1, "email,chat"), (1, "email,")],
                expected: &[("channel=chat", Some(200.0 / 3.0)), ("channel=email", Some(0.0)), ("channel=phone", Some(100.0 / 3.0))],
                ..Example::NONE
            },
            Example {
                title: "how the same contacts came",
                params: "show = \"observed\"",
                header: "channel,preferred_channel",
                rows: &[(1, "phone,chat"), (1, "phone,phone"), (1, "email,chat"), (1, "email,")],
                expected: &[("channel=chat", Some(0.0)), ("channel=email", Some(50.0)), ("channel=phone", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "a channel that always has a row, and no answer",
                params: "channels = [\"chat\"]",
                header: "channel,preferred_channel",
                rows: &[(1, "phone,")],
                expected: &[("channel=chat", None), ("channel=phone", None)],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals"],
    };

    fn define(params: &ChannelPreferenceParams) -> Result<Definition, ParamError> {
        words::refuse_ambiguous(&[("channels", &params.channels)])?;
        let kept = |name, description| Column::text(name).nulls(NullRule::Keep).describe(description);
        let source = Source::table(RESPONSES)
            .at(TIME)
            .column(kept(CHANNEL, "how the contact came; missing: only an answer is known").also_called(
                "via, via channel, contact channel, source channel, medium, source, kanal, kontaktkanal, henvendelseskanal, \
                 kontaktweg",
            ))
            .column(kept(PREFERRED_CHANNEL, "the channel that the customer prefers; missing: not asked or not answered").also_called(
                "preferred contact channel, preferred contact, contact preference, channel preference, preference, favourite \
                 channel, favorite channel, foretrukken kanal, oensket kanal, foretrukket kanal, oenskad kanal, bevorzugter \
                 kanal, wunschkanal",
            ));
        Ok(Definition::over(source)
            .own_dimension(CHANNEL, col(CHANNEL))
            .own_dimension(PREFERRED_CHANNEL, col(PREFERRED_CHANNEL))
            .measure(count("rows"))
            .value(Value::function(Preference { params: params.clone() })))
    }
}

/// Contacts by channel and preferred channel → what is stated and what is observed of each.
#[derive(Debug)]
struct Preference {
    params: ChannelPreferenceParams,
}

/// How many state, and how many use each channel.
#[derive(Default)]
struct Counts {
    channels: BTreeMap<DimensionValue, (f64, f64)>,
    rows: f64,
    stated: f64,
    observed: f64,
}

impl Counts {
    fn of(group: &Group<'_>) -> Self {
        let mut counts = Self::default();
        for row in group.rows {
            let rows = row.get("rows").unwrap_or(0.0);
            let [channel, preferred] = [0, 1].map(|position| row.dimensions[position].clone());
            counts.rows += rows;
            if preferred != DimensionValue::Missing {
                counts.stated += rows;
                counts.channels.entry(preferred).or_default().0 += rows;
            }
            if channel != DimensionValue::Missing {
                counts.observed += rows;
                counts.channels.entry(channel).or_default().1 += rows;
            }
        }
        counts
    }

    /// How many prefer a channel or come by it, of how many.
    fn share(&self, channel: &DimensionValue, show: Show) -> (f64, f64) {
        let (stated, observed) = self.channels.get(channel).copied().unwrap_or_default();
        match show {
            Show::Stated => (stated, self.stated),
            Show::Observed => (observed, self.observed),
        }
    }
}

impl Evaluate for Preference {
    fn measures(&self) -> Vec<&str> {
        vec!["rows"]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![CHANNEL.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let mut counts = Counts::of(group);
        for channel in &self.params.channels {
            counts.channels.entry(channel.as_str().into()).or_default();
        }
        if counts.channels.is_empty() {
            counts.channels.insert(DimensionValue::Missing, (0.0, 0.0));
        }
        let observation = |channel: &DimensionValue| {
            let [stated, observed] = [Show::Stated, Show::Observed].map(|show| counts.share(channel, show));
            let [of_stated, of_observed] = [stated, observed].map(|(part, whole)| Estimate::share(part, whole, context.confidence));
            let measures = [
                ("stated", Some(stated.0)),
                ("all_stated", Some(stated.1)),
                ("unstated", Some(counts.rows - stated.1)),
                ("stated_share", of_stated.value),
                ("observed", Some(observed.0)),
                ("all_observed", Some(observed.1)),
                ("unobserved", Some(counts.rows - observed.1)),
                ("observed_share", of_observed.value),
            ];
            Observation {
                dimensions: vec![channel.clone()],
                estimate: if self.params.show == Show::Stated { of_stated } else { of_observed },
                measures: measures.map(|(name, value)| (name.to_owned(), value)).into(),
            }
        };
        Ok(Evaluation { observations: counts.channels.keys().map(observation).collect(), ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        let channel = dimensions.first()?;
        let [now, before] = [now, before].map(|group| Counts::of(group).share(channel, self.params.show));
        statistics::two_proportions(now, before)
    }
}

register_metric!(ChannelPreference);
