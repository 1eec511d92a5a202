//! Values: formulas over finished measures, with their uncertainty.

use std::fmt::Debug;
use std::sync::Arc;

use crate::aggregation::Measured;
use crate::dimension::DimensionValue;
use crate::statistics;
use crate::time::{Bucket, Buckets};

/// What the result of a metric is. Runs on a few rows, after aggregation.
#[derive(Debug, Clone)]
pub enum Value {
    /// A measure as it is.
    Measure {
        /// The measure.
        measure: String,
        /// The measure that counts the observations; the measure itself unless said.
        n: Option<String>,
    },
    /// 100 · part / whole, with Wilson's interval. n is the whole.
    Proportion {
        /// Observations of the kind asked for.
        part: String,
        /// All observations.
        whole: String,
    },
    /// numerator / denominator, without an interval. n is the denominator.
    Ratio {
        /// What is divided.
        numerator: String,
        /// What it is divided by.
        denominator: String,
    },
    /// sum / count, with Student's t interval. n is the count.
    Mean {
        /// Sum of the values.
        sum: String,
        /// How many there are.
        count: String,
        /// Their sample variance.
        variance: String,
    },
    /// A quantile measure, with its order-statistic interval.
    Quantile {
        /// The measure.
        measure: String,
    },
    /// 100 · (promoters − detractors) / responses, with its delta-method interval.
    NetPromoterScore {
        /// Who would recommend.
        promoters: String,
        /// Who would not.
        detractors: String,
        /// All who answered.
        responses: String,
    },
    /// A function of all measure rows of a group: fits, triangles, curves.
    Function(Arc<dyn Evaluate>),
}

impl Value {
    /// A measure as it is; `n` is the measure itself.
    pub fn measure(measure: &str) -> Self {
        Self::Measure { measure: measure.into(), n: None }
    }
    /// A measure as it is, over the observations that another measure counts.
    pub fn measure_of(measure: &str, n: &str) -> Self {
        Self::Measure { measure: measure.into(), n: Some(n.into()) }
    }
    /// 100 · part / whole.
    pub fn proportion(part: &str, whole: &str) -> Self {
        Self::Proportion { part: part.into(), whole: whole.into() }
    }
    /// numerator / denominator.
    pub fn ratio(numerator: &str, denominator: &str) -> Self {
        Self::Ratio { numerator: numerator.into(), denominator: denominator.into() }
    }
    /// sum / count.
    pub fn mean(sum: &str, count: &str, variance: &str) -> Self {
        Self::Mean { sum: sum.into(), count: count.into(), variance: variance.into() }
    }
    /// A quantile measure.
    pub fn quantile(measure: &str) -> Self {
        Self::Quantile { measure: measure.into() }
    }
    /// 100 · (promoters − detractors) / responses.
    pub fn net_promoter_score(promoters: &str, detractors: &str, responses: &str) -> Self {
        Self::NetPromoterScore { promoters: promoters.into(), detractors: detractors.into(), responses: responses.into() }
    }
    /// A function of all measure rows of a group.
    pub fn function(function: impl Evaluate + 'static) -> Self {
        Self::Function(Arc::new(function))
    }

    /// The measures that the formula names.
    pub fn measures(&self) -> Vec<&str> {
        match self {
            Self::Measure { measure, n } => std::iter::once(measure.as_str()).chain(n.as_deref()).collect(),
            Self::Proportion { part, whole } => vec![part, whole],
            Self::Ratio { numerator, denominator } => vec![numerator, denominator],
            Self::Mean { sum, count, variance } => vec![sum, count, variance],
            Self::Quantile { measure } => vec![measure],
            Self::NetPromoterScore { promoters, detractors, responses } => vec![promoters, detractors, responses],
            Self::Function(function) => function.measures(),
        }
    }

    /// The observations of one group.
    pub fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        if let Self::Function(function) = self {
            return function.evaluate(group, context);
        }
        let observe = |row: &MeasureRow| Observation {
            dimensions: row.dimensions.clone(),
            estimate: self.estimate(row, context.confidence),
            measures: row.measures.iter().map(|(name, measured)| (name.clone(), measured.value)).collect(),
        };
        Ok(Evaluation { observations: group.rows.iter().map(observe).collect(), annotations: None })
    }

    /// The value of one measure row.
    fn estimate(&self, row: &MeasureRow, confidence: f64) -> Estimate {
        let get = |name: &str| row.get(name);
        match self {
            Self::Measure { measure, n } => Estimate { value: get(measure), interval: None, n: get(n.as_deref().unwrap_or(measure)) },
            Self::Proportion { part, whole } => {
                let (part, whole) = (get(part).unwrap_or(0.0), get(whole).unwrap_or(0.0));
                let percent = |share: f64| 100.0 * share;
                Estimate {
                    value: divide(100.0 * part, whole),
                    interval: statistics::wilson(part, whole, confidence).map(|(low, high)| (percent(low), percent(high))),
                    n: Some(whole),
                }
            }
            Self::Ratio { numerator, denominator } => {
                let denominator = get(denominator);
                Estimate { value: get(numerator).zip(denominator).and_then(|(a, b)| divide(a, b)), interval: None, n: denominator }
            }
            Self::Mean { sum, count, variance } => {
                let n = get(count).unwrap_or(0.0);
                let value = get(sum).and_then(|sum| divide(sum, n));
                let interval = value.zip(get(variance)).and_then(|(mean, variance)| statistics::mean(mean, variance, n, confidence));
                Estimate { value, interval, n: Some(n) }
            }
            Self::Quantile { measure } => {
                let measured = row.measured(measure);
                Estimate {
                    value: measured.and_then(|measured| measured.value),
                    interval: measured.and_then(|measured| measured.interval),
                    n: Some(measured.and_then(|measured| measured.n).unwrap_or(0.0)),
                }
            }
            Self::NetPromoterScore { promoters, detractors, responses } => {
                let [promoters, detractors, responses] = [promoters, detractors, responses].map(|name| get(name).unwrap_or(0.0));
                Estimate {
                    value: divide(100.0 * (promoters - detractors), responses),
                    interval: statistics::net_promoter_score(promoters, detractors, responses, confidence),
                    n: Some(responses),
                }
            }
            Self::Function(_) => Estimate::undefined(),
        }
    }
}

/// A quotient, undefined where the denominator is 0.
fn divide(numerator: f64, denominator: f64) -> Option<f64> {
    let quotient = numerator / denominator;
    (denominator != 0.0 && quotient.is_finite()).then_some(quotient)
}

/// A value with its uncertainty and the number of observations behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// The value; none where the data can't support one.
    pub value: Option<f64>,
    /// The interval at the report's confidence, where a textbook has one.
    pub interval: Option<(f64, f64)>,
    /// The number of observations.
    pub n: Option<f64>,
}

impl Estimate {
    /// Nothing can be said.
    pub fn undefined() -> Self {
        Self::default()
    }
}

/// The finished measures of one combination of a metric's own dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureRow {
    /// The values of the definition's own dimensions, in its order.
    pub dimensions: Vec<DimensionValue>,
    /// The measures by name, in the definition's order.
    pub measures: Vec<(String, Measured)>,
}

impl MeasureRow {
    /// The value of a measure; none when it is undefined.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.measured(name).and_then(|measured| measured.value)
    }

    fn measured(&self, name: &str) -> Option<&Measured> {
        self.measures.iter().find(|(known, _)| known == name).map(|(_, measured)| measured)
    }
}

/// One bucket of one group of a breakdown.
#[derive(Debug)]
pub struct Group<'a> {
    /// The index of the bucket.
    pub index: usize,
    /// The bucket.
    pub bucket: &'a Bucket,
    /// One row per combination of the metric's own dimensions, in their order.
    pub rows: &'a [MeasureRow],
}

/// What a value may know beside the measures.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateContext<'a> {
    /// The confidence of intervals, 0.95 unless the report says otherwise.
    pub confidence: f64,
    /// The report's buckets.
    pub buckets: &'a Buckets,
    /// The instant up to which the data are known, in microseconds since 1970.
    pub as_of: Option<i64>,
}

/// A function of all measure rows of a group, for values that are no formula: fits, triangles, curves.
pub trait Evaluate: Debug + Send + Sync {
    /// The measures it uses.
    fn measures(&self) -> Vec<&str>;

    /// The names of its observations' dimensions, which need not be those that the measures were grouped by.
    fn dimensions(&self) -> Vec<String>;

    /// The observations of one group.
    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError>;
}

/// What a group's measures come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// The rows of the result.
    pub observations: Vec<Observation>,
    /// What the detail table learns from the value, such as a fitted model's prediction.
    pub annotations: Option<Annotations>,
}

/// One row of a result, without its bucket and breakdown group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// The values of the metric's own dimensions.
    pub dimensions: Vec<DimensionValue>,
    /// The value with its uncertainty.
    pub estimate: Estimate,
    /// The evidence, by name.
    pub measures: Vec<(String, Option<f64>)>,
}

/// Columns for the detail table, one row per combination of the definition's own dimensions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    /// The names of the new columns.
    pub columns: Vec<String>,
    /// Own dimensions → the new columns' values.
    pub rows: Vec<(Vec<DimensionValue>, Vec<Option<f64>>)>,
}

/// Why a value can't be had, such as a fit that did not converge. The group is reported as undefined, with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvaluateError(pub String);
