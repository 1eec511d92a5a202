//! Engagement score: signals of how much customers do, each put on one scale, and weighed.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Bucket};
use custometer_core::value::Annotations;
use custometer_core::{
    Column, DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation, statistics,
};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::customers;
use crate::shared::history::known_end;
use crate::tables::{CREATED_AT, CUSTOMER_ID};

/// Parameters of [`EngagementScore`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementScoreParams {
    /// The columns that tell how engaged a customer is, each with its weight and how it is put on a scale from 0 to 1:
    /// `{ weight = 2.0, normalise = "minmax" }` or `{ weight = 1.0, range = [0, 10] }`.
    pub signals: BTreeMap<String, Signal>,
    /// What is reported of the scores.
    #[serde(default)]
    pub show: Show,
}

/// One signal of engagement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// How much it counts beside the others, more than 0.
    pub weight: f64,
    /// How the values of all customers decide the scale.
    #[serde(default)]
    pub normalise: Option<Normalise>,
    /// Which value becomes 0 and which becomes 1; values outside count as the nearer of the two. Instead of `normalise`.
    #[serde(default)]
    pub range: Option<[f64; 2]>,
}

/// How a signal is put on a scale from 0 to 1 by the values of all customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normalise {
    /// The least value is 0, the greatest 1.
    Minmax,
    /// 0 is 0, the 90th percentile and all above is 1.
    P90,
}

/// What is reported of the scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// Their mean.
    #[default]
    Mean,
    /// The share of customers in each band of ten, called by its lower end; 100 is in the last.
    Distribution,
}

/// `loyalty.engagement_score`: how engaged are customers?
pub struct EngagementScore;

impl Metric for EngagementScore {
    type Params = EngagementScoreParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.engagement_score",
        title: "Engagement score",
        summary: "A weighted composite of what customers do, from 0 to 100: its mean, or how the customers spread over it. Its detail table \
                  has every customer's score and the signals that it is made of.",
        formula: "100 · Σ weight · signal / Σ weight, each signal from 0 to 1: minmax (x − min) / (max − min), p90 min(x / p90, 1), range \
                  (x − low) / (high − low) cut at 0 and 1; then the mean over the customers at the bucket's end",
        unit: Unit::Score,
        range: "0 to 100; the shares of a distribution sum to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: undefined; a distribution has all ten bands all the same.",
            "One customer, or equal scores only: no interval.",
            "Weights and normalisation are given, never assumed.",
            "A signal that is the same for all customers tells nothing under `minmax`, and neither does one whose 90th percentile is 0 under \
             `p90`: the score is undefined, and the note says why.",
            "Least, greatest and 90th percentile are those of all customers of the bucket, whatever the breakdown: scores of different \
             groups are on one scale.",
            "Customers at a bucket's end are all that were created before, with their signals as the table has them now.",
            "A bucket that begins on the as-of date or later is undefined, since nothing is known of it.",
            "A customer without a value of every signal is rejected; so is one below 0 under `p90`.",
            "A row without a customer is rejected, and so is every row of a customer who has several.",
            "Takes one row of memory per customer and bucket; a coarse grain is cheaper.",
        ],
        examples: &[
            Example {
                title: "logins count twice as much as a recommendation from 0 to 10: scores of 33.3, 50 and 66.7",
                params: "signals.logins = { weight = 2, normalise = \"minmax\" }\nsignals.nps = { weight = 1, range = [0, 10] }",
                header: "customer_id,logins,nps",
                rows: &[(1, "a,2,10"), (1, "b,7,5"), (1, "c,12,0")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "how the same spread",
                params: "signals.logins = { weight = 2, normalise = \"minmax\" }\nsignals.nps = { weight = 1, range = [0, 10] }\n\
                         show = \"distribution\"",
                header: "customer_id,logins,nps",
                rows: &[(1, "a,2,10"), (1, "b,7,5"), (1, "c,12,0")],
                expected: &[
                    ("score=0", Some(0.0)),
                    ("score=10", Some(0.0)),
                    ("score=20", Some(0.0)),
                    ("score=30", Some(33.333_333_333_3)),
                    ("score=40", Some(0.0)),
                    ("score=50", Some(33.333_333_333_3)),
                    ("score=60", Some(33.333_333_333_3)),
                    ("score=70", Some(0.0)),
                    ("score=80", Some(0.0)),
                    ("score=90", Some(0.0)),
                ],
                ..Example::NONE
            },
            Example {
                title: "nine customers with 10 orders and one with 1000: the 90th percentile is 109",
                params: "signals.orders = { weight = 1, normalise = \"p90\" }",
                header: "customer_id,orders",
                rows: &[(9, "a{i},10"), (1, "b,1000")],
                expected: &[("", Some(18.256_880_733_9))],
                ..Example::NONE
            },
            Example {
                title: "all are the same",
                params: "signals.orders = { weight = 1, normalise = \"minmax\" }",
                header: "customer_id,orders",
                rows: &[(9, "a{i},10")],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &[
            "OECD & JRC, \"Handbook on Constructing Composite Indicators: Methodology and User Guide\" (2008), for normalising and weighing",
            "R. J. Hyndman & Y. Fan, The American Statistician 50 (1996), definition 7, for the 90th percentile",
            "Student, Biometrika 6 (1908), for the interval of the mean; E. B. Wilson, JASA 22 (1927), for those of the shares",
        ],
    };

    fn define(params: &EngagementScoreParams) -> Result<Definition, ParamError> {
        let signals = params.signals()?;
        let names: Vec<&'static str> = signals.iter().map(|signal| signal.name).collect();
        let source = signals.iter().fold(customers::source().at(CREATED_AT), |source, signal| source.column(signal.column()));
        let mut definition =
            Definition::over(source).derive(CustomersAtEnd { signals: names.clone() }).measure(count("customers")).detail(&names);
        for signal in &signals {
            // Apart from the columns, by which a report may break down.
            definition = definition.own_dimension(&format!("signal {}", signal.name), col(signal.name).cast(DataType::Float64));
            definition = signal.measures().into_iter().fold(definition, Definition::measure);
        }
        let unit = if params.show == Show::Mean { Unit::Score } else { Unit::Percent };
        Ok(definition
            .value(Value::function(Scoring { signals, show: params.show }))
            .unit(unit)
            .note("signals are as the table has them now"))
    }
}

impl EngagementScoreParams {
    /// The signals, with how each is normalised.
    fn signals(&self) -> Result<Vec<NormalisedSignal>, ParamError> {
        if self.signals.is_empty() {
            let help = "name columns: `signals = { logins = { weight = 1, normalise = \"minmax\" } }`";
            return Err(ParamError::new("signals", "a score needs a signal").help(help));
        }
        let mut taken: BTreeSet<String> = [CUSTOMER_ID, CREATED_AT, SCORE].map(str::to_owned).into();
        let mut signals = Vec::new();
        for (name, signal) in &self.signals {
            let wrong = |key: Option<&str>, message: String| {
                let path = ["signals", name].into_iter().chain(key).map(str::to_owned).collect();
                ParamError { path, message, help: None }
            };
            if !(signal.weight > 0.0 && signal.weight.is_finite()) {
                return Err(wrong(Some("weight"), format!("a weight of {} weighs nothing", signal.weight)));
            }
            let scale = match (signal.normalise, signal.range) {
                (Some(Normalise::Minmax), None) => Bounds::MinMax { least: format!("least_{name}"), greatest: format!("greatest_{name}") },
                (Some(Normalise::P90), None) => Bounds::P90(format!("p90_{name}")),
                (None, Some([low, high])) if low < high && (high - low).is_finite() => Bounds::Range(low, high),
                (None, Some([low, high])) => return Err(wrong(Some("range"), format!("a range from {low} to {high} has no room"))),
                (Some(_), Some(_)) => {
                    return Err(wrong(Some("range"), "a signal with a range is normalised by it".to_owned())
                        .help("leave out `range` or `normalise`"));
                }
                (None, None) => {
                    return Err(wrong(None, format!("how is `{name}` put on a scale from 0 to 1?"))
                        .help("say `normalise = \"minmax\"`, `normalise = \"p90\"` or `range = [0, 10]`"));
                }
            };
            let signal = NormalisedSignal { name: Column::name_from(name), weight: signal.weight, scale };
            if !taken.insert(name.clone()) || !taken.insert(signal.normalised()) {
                return Err(wrong(None, format!("a signal can't be called `{name}` here"))
                    .help("map another name to the column: `columns = { … }`"));
            }
            signals.push(signal);
        }
        Ok(signals)
    }
}

/// The column of the detail table that has the score.
const SCORE: &str = "engagement_score";

/// A signal, and how it is put on a scale from 0 to 1.
#[derive(Debug, Clone)]
struct NormalisedSignal {
    name: &'static str,
    weight: f64,
    scale: Bounds,
}

/// Where 0 and 1 are.
#[derive(Debug, Clone)]
enum Bounds {
    /// At the values of two measures.
    MinMax { least: String, greatest: String },
    /// At 0 and the value of a measure.
    P90(String),
    /// At given values.
    Range(f64, f64),
}

impl NormalisedSignal {
    fn column(&self) -> Column {
        let column = Column::number(self.name).describe("a signal of engagement");
        if matches!(self.scale, Bounds::P90(_)) { column.between(0.0, f64::INFINITY) } else { column }
    }

    /// What all customers of a bucket have, on whose scale every group is.
    fn measures(&self) -> Vec<Measure> {
        let values = || col(self.name).cast(DataType::Float64);
        match &self.scale {
            Bounds::MinMax { least, greatest } => {
                vec![min(least, values()).scope(Scope::Bucket), max(greatest, values()).scope(Scope::Bucket)]
            }
            Bounds::P90(p90) => vec![quantile(p90, values(), 0.9).scope(Scope::Bucket)],
            Bounds::Range(..) => Vec::new(),
        }
    }

    /// The values that are 0 and 1.
    fn bounds(&self, row: &MeasureRow) -> Result<(f64, f64), EvaluateError> {
        let measured = |name: &String| row.get(name).unwrap_or(f64::NAN);
        let (low, high, useless) = match &self.scale {
            Bounds::MinMax { least, greatest } => (measured(least), measured(greatest), "is the same for all customers: minmax"),
            Bounds::P90(p90) => (0.0, measured(p90), "is 0 for nine of ten customers: p90"),
            Bounds::Range(low, high) => (*low, *high, "has an empty range: it"),
        };
        if low < high { Ok((low, high)) } else { Err(EvaluateError(format!("`{}` {useless} makes no signal of it", self.name))) }
    }

    /// Its column in the detail table.
    fn normalised(&self) -> String {
        format!("normalised_{}", self.name)
    }
}

/// Customers → the same, in every bucket at whose end they are there, as far as buckets are known.
#[derive(Debug)]
struct CustomersAtEnd {
    signals: Vec<&'static str>,
}

impl Derive for CustomersAtEnd {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::AtEnd
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let signals = self.signals.iter().map(|&signal| signal.to_owned());
        // Kept as they are, like dimensions.
        let kept = DeriveContext { dimensions: context.dimensions.iter().cloned().chain(signals).collect(), ..context.clone() };
        let is_known = |bucket: &Bucket| context.buckets.is_timeless() || known_end(bucket, context.as_of).is_some();
        let known = context.buckets.reported().filter(|(_, bucket)| is_known(bucket));
        let known: Vec<i64> = known.filter_map(|(index, _)| i64::try_from(index).ok()).collect();
        let customers = Entities::with_attributes(rows, CUSTOMER_ID, &kept).integers([col(BUCKET)]);
        Ok(customers.derive("customers_at_end", [BUCKET], [], move |customer, derived| {
            let [joined] = customer.integers();
            let from = known.partition_point(|bucket| *bucket < joined[0]);
            known[from..].iter().for_each(|bucket| derived.push(customer, [*bucket], []));
        }))
    }
}

/// Signals of equal customers, counted once → scores.
#[derive(Debug)]
struct Scoring {
    signals: Vec<NormalisedSignal>,
    show: Show,
}

/// Customers with the same signals.
struct Scored<'a> {
    row: &'a MeasureRow,
    customers: f64,
    normalised: Vec<f64>,
    score: f64,
}

impl Scoring {
    fn scores<'a>(&self, group: &Group<'a>) -> Result<Vec<Scored<'a>>, EvaluateError> {
        let Some(first) = group.rows.first() else { return Ok(Vec::new()) };
        let bounds: Vec<(f64, f64)> = self.signals.iter().map(|signal| signal.bounds(first)).collect::<Result<_, _>>()?;
        let total: f64 = self.signals.iter().map(|signal| signal.weight).sum();
        let scored = group.rows.iter().filter_map(|row| {
            let values: Vec<f64> = row.dimensions.iter().map(DimensionValue::as_number).collect::<Option<_>>()?;
            let normalised = values.iter().zip(&bounds).map(|(value, (low, high))| ((value - low) / (high - low)).clamp(0.0, 1.0));
            let normalised: Vec<f64> = normalised.collect();
            let weighed: f64 = self.signals.iter().zip(&normalised).map(|(signal, value)| signal.weight * value).sum();
            Some(Scored { row, customers: row.get("customers")?, normalised, score: 100.0 * weighed / total })
        });
        Ok(scored.collect())
    }

    /// The mean, with what it is made of.
    fn mean(&self, scores: &[Scored<'_>], confidence: f64) -> Observation {
        let customers: f64 = scores.iter().map(|scored| scored.customers).sum();
        let sum: f64 = scores.iter().map(|scored| scored.customers * scored.score).sum();
        let mean = (customers > 0.0).then(|| sum / customers);
        let variance = mean.filter(|_| customers > 1.0).map(|mean| {
            let squares: f64 = scores.iter().map(|scored| scored.customers * (scored.score - mean).powi(2)).sum();
            squares / (customers - 1.0)
        });
        let interval = mean.zip(variance).and_then(|(mean, variance)| statistics::mean(mean, variance, customers, confidence));
        let own = [("customers", Some(customers)), ("score_sum", Some(sum)), ("score_variance", variance)];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let names = self.signals.iter().flat_map(NormalisedSignal::measures).map(|measure| measure.name);
        let of_signals = names.map(|name| (name.clone(), scores.first().and_then(|scored| scored.row.get(&name))));
        Observation {
            dimensions: Vec::new(),
            estimate: Estimate { value: mean, interval, n: Some(customers) },
            measures: own.into_iter().chain(of_signals).collect(),
        }
    }
}

/// The share of customers in each band.
fn distribution(scores: &[Scored<'_>], confidence: f64) -> Vec<Observation> {
    let customers: f64 = scores.iter().map(|scored| scored.customers).sum();
    let mut in_band = [0.0; 10];
    for scored in scores {
        in_band[band(scored.score)] += scored.customers;
    }
    let percent = |(low, high)| (100.0 * low, 100.0 * high);
    let observe = |(band, part): (i64, f64)| Observation {
        dimensions: vec![(10 * band).into()],
        estimate: Estimate {
            value: (customers > 0.0).then(|| 100.0 * part / customers),
            interval: statistics::wilson(part, customers, confidence).map(percent),
            n: Some(customers),
        },
        measures: vec![("customers_in_band".to_owned(), Some(part)), ("customers".to_owned(), Some(customers))],
    };
    (0..).zip(in_band).map(observe).collect()
}

/// The band of a score, counted from 0. A score that is an edge but for its last digits is that edge, as results show it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is from 0 to 100")]
fn band(score: f64) -> usize {
    (((score * 1e9).round() / 1e10) as usize).min(9)
}

impl Evaluate for Scoring {
    fn measures(&self) -> Vec<&str> {
        let of_signals = self.signals.iter().flat_map(|signal| match &signal.scale {
            Bounds::MinMax { least, greatest } => vec![least.as_str(), greatest.as_str()],
            Bounds::P90(p90) => vec![p90.as_str()],
            Bounds::Range(..) => Vec::new(),
        });
        std::iter::once("customers").chain(of_signals).collect()
    }

    fn dimensions(&self) -> Vec<String> {
        match self.show {
            Show::Mean => Vec::new(),
            Show::Distribution => vec!["score".to_owned()],
        }
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let scores = self.scores(group)?;
        let observations = match self.show {
            Show::Mean => vec![self.mean(&scores, context.confidence)],
            Show::Distribution => distribution(&scores, context.confidence),
        };
        let told = |scored: &Scored<'_>| {
            let values = scored.normalised.iter().copied().chain([scored.score]).map(DimensionValue::from).collect();
            (scored.row.dimensions.clone(), values)
        };
        let annotations = Annotations {
            columns: self.signals.iter().map(NormalisedSignal::normalised).chain([SCORE.to_owned()]).collect(),
            rows: scores.iter().map(told).collect(),
        };
        Ok(Evaluation { observations, annotations: Some(annotations), note: None })
    }
}

register_metric!(EngagementScore);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_their_lower_end_and_the_last_one_hundred() {
        let scores = [0.0, 9.999, 10.0, 80.0_f64.next_down(), 99.9, 100.0];
        assert_eq!(scores.map(band), [0, 0, 1, 8, 9, 9]);
    }

    #[test]
    fn signals_are_told_in_full_or_not_at_all() {
        let of = |signals: &[(&str, Signal)]| {
            let signals = signals.iter().map(|(name, signal)| ((*name).to_owned(), signal.clone())).collect();
            let params = EngagementScoreParams { signals, show: Show::Mean };
            params.signals().map(|signals| signals.len()).map_err(|error| error.path.join("."))
        };
        let by = |normalise| Signal { weight: 1.0, normalise: Some(normalise), range: None };
        let within = |low, high| Signal { weight: 0.5, normalise: None, range: Some([low, high]) };
        let (minmax, p90) = (by(Normalise::Minmax), by(Normalise::P90));
        assert_eq!(of(&[("a", minmax.clone()), ("b", within(0.0, 10.0))]), Ok(2));
        let wrong = |signals: &[_]| of(signals).unwrap_err();
        assert_eq!(wrong(&[]), "signals");
        assert_eq!(wrong(&[("a", Signal { weight: 0.0, ..p90.clone() })]), "signals.a.weight");
        assert_eq!(wrong(&[("a", Signal { weight: -1.0, ..p90.clone() })]), "signals.a.weight");
        assert_eq!(wrong(&[("a", Signal { normalise: None, ..p90.clone() })]), "signals.a");
        assert_eq!(wrong(&[("a", Signal { range: Some([0.0, 1.0]), ..p90 })]), "signals.a.range");
        assert_eq!(wrong(&[("a", within(1.0, 1.0))]), "signals.a.range");
        assert_eq!(wrong(&[("a", within(-1e308, 1e308))]), "signals.a.range");
        assert_eq!(wrong(&[("customer_id", minmax.clone())]), "signals.customer_id");
        assert_eq!(wrong(&[("a", minmax.clone()), ("normalised_a", minmax)]), "signals.normalised_a");
    }
}
