//! Values: formulas over finished measures, with their uncertainty.

use std::fmt::Debug;
use std::sync::Arc;

use crate::aggregation::Measured;
use crate::dimension::DimensionValue;
use crate::statistics::{self, Clusters, Rate};
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
    /// 100 · part / whole, with Wilson's interval. n is the whole, or the number of observations that it is a sum of weights of.
    Proportion {
        /// Observations of the kind asked for, or the sum of their weights.
        part: String,
        /// All observations, or the sum of their weights.
        whole: String,
        /// What else is known of the weights, where the two above are sums of them.
        weights: Option<Weights>,
    },
    /// numerator / denominator, without an interval. n is the denominator.
    Ratio {
        /// What is divided.
        numerator: String,
        /// What it is divided by.
        denominator: String,
        /// What the quotient is multiplied by, 1 or 100.
        factor: f64,
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
    /// Σwx / Σw, with Student's t interval. n is the number of observations.
    WeightedMean {
        /// Σwx.
        sum: String,
        /// Σwx², from which the sample variance follows.
        squares: String,
        /// Σw.
        weight: String,
        /// What else is known of the weights.
        weights: Weights,
    },
    /// Σx / Σy over clusters, with its delta-method interval: pages per session where users have several. n is the number of clusters.
    RatioOfMeans {
        /// Σx.
        x: String,
        /// Σy.
        y: String,
        /// How many clusters there are.
        clusters: String,
        /// The sample variances, over the clusters, of x, of y and of x + y.
        variances: [String; 3],
    },
    /// A quantile measure, with its order-statistic interval.
    Quantile {
        /// The measure.
        measure: String,
    },
    /// 100 · (part − other) / whole, of two parts that share nothing, with its delta-method interval.
    DifferenceOfShares {
        /// What is counted.
        part: String,
        /// What is taken off.
        other: String,
        /// All.
        whole: String,
        /// What else is known of the weights, where the three above are sums of them.
        weights: Option<Weights>,
    },
    /// A function of all measure rows of a group: fits, triangles, curves.
    Function(Arc<dyn Evaluate>),
}

/// What a value is the sum or the quotient of: where those of groups add up, they make that of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Parts {
    /// The value itself.
    Sum(f64),
    /// A numerator, in the unit of the value, over a denominator.
    Quotient(Rate),
}

impl Parts {
    /// The sum, or the numerator.
    pub fn numerator(self) -> f64 {
        match self {
            Self::Sum(sum) => sum,
            Self::Quotient(rate) => rate.numerator,
        }
    }

    /// The denominator; none of a sum.
    pub fn denominator(self) -> Option<f64> {
        self.rate().map(|rate| rate.denominator)
    }

    /// As many times as much.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        match self {
            Self::Sum(sum) => Self::Sum(factor * sum),
            Self::Quotient(rate) => Self::Quotient(Rate { numerator: factor * rate.numerator, ..rate }),
        }
    }

    /// The quotient, where it is one.
    pub fn rate(self) -> Option<Rate> {
        match self {
            Self::Sum(_) => None,
            Self::Quotient(rate) => Some(rate),
        }
    }
}

/// What must be known of weights beside their sum. Intervals and tests then take Kish's effective size for the number of observations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// The measure that sums the squares of the weights.
    pub squares: String,
    /// The measure that counts the observations.
    pub observations: String,
}

impl Weights {
    /// The measures that sum the squares of the weights, and count the observations.
    pub fn new(squares: &str, observations: &str) -> Self {
        Self { squares: squares.into(), observations: observations.into() }
    }
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
        Self::Proportion { part: part.into(), whole: whole.into(), weights: None }
    }
    /// 100 · part / whole, both sums of weights.
    pub fn weighted_proportion(part: &str, whole: &str, weights: Weights) -> Self {
        Self::Proportion { part: part.into(), whole: whole.into(), weights: Some(weights) }
    }
    /// numerator / denominator.
    pub fn ratio(numerator: &str, denominator: &str) -> Self {
        Self::Ratio { numerator: numerator.into(), denominator: denominator.into(), factor: 1.0 }
    }
    /// 100 · numerator / denominator, where the one is not part of the other and may be more.
    pub fn percentage(numerator: &str, denominator: &str) -> Self {
        Self::Ratio { numerator: numerator.into(), denominator: denominator.into(), factor: 100.0 }
    }
    /// sum / count.
    pub fn mean(sum: &str, count: &str, variance: &str) -> Self {
        Self::Mean { sum: sum.into(), count: count.into(), variance: variance.into() }
    }
    /// sum / weight, of the measures Σwx, Σwx² and Σw.
    pub fn weighted_mean(sum: &str, squares: &str, weight: &str, weights: Weights) -> Self {
        Self::WeightedMean { sum: sum.into(), squares: squares.into(), weight: weight.into(), weights }
    }
    /// x / y, sums over clusters, with the variances over the clusters of x, of y and of x + y.
    pub fn ratio_of_means(x: &str, y: &str, clusters: &str, variances: [&str; 3]) -> Self {
        Self::RatioOfMeans { x: x.into(), y: y.into(), clusters: clusters.into(), variances: variances.map(Into::into) }
    }
    /// A quantile measure.
    pub fn quantile(measure: &str) -> Self {
        Self::Quantile { measure: measure.into() }
    }
    /// 100 · (part − other) / whole, of two parts that share nothing: a net promoter score of promoters and detractors, for example.
    pub fn difference_of_shares(part: &str, other: &str, whole: &str) -> Self {
        Self::DifferenceOfShares { part: part.into(), other: other.into(), whole: whole.into(), weights: None }
    }
    /// 100 · (part − other) / whole, all sums of weights.
    pub fn weighted_difference_of_shares(part: &str, other: &str, whole: &str, weights: Weights) -> Self {
        Self::DifferenceOfShares { part: part.into(), other: other.into(), whole: whole.into(), weights: Some(weights) }
    }
    /// A function of all measure rows of a group.
    pub fn function(function: impl Evaluate + 'static) -> Self {
        Self::Function(Arc::new(function))
    }

    /// The measures that the formula names.
    pub fn measures(&self) -> Vec<&str> {
        let formula: Vec<&str> = match self {
            Self::Measure { measure, n } => std::iter::once(measure.as_str()).chain(n.as_deref()).collect(),
            Self::Proportion { part, whole, .. } => vec![part, whole],
            Self::Ratio { numerator, denominator, .. } => vec![numerator, denominator],
            Self::Mean { sum, count, variance } => vec![sum, count, variance],
            Self::WeightedMean { sum, squares, weight, .. } => vec![sum, squares, weight],
            Self::RatioOfMeans { x, y, clusters, variances: [of_x, of_y, of_both] } => vec![x, y, clusters, of_x, of_y, of_both],
            Self::Quantile { measure } => vec![measure],
            Self::DifferenceOfShares { part, other, whole, .. } => vec![part, other, whole],
            Self::Function(function) => function.measures(),
        };
        let weights = self.weights().into_iter().flat_map(|(_, weights)| [weights.squares.as_str(), weights.observations.as_str()]);
        formula.into_iter().chain(weights).collect()
    }

    /// The measure that sums the weights of a weighted value, and the others of them.
    fn weights(&self) -> Option<(&str, &Weights)> {
        match self {
            Self::Proportion { whole: weight, weights, .. } | Self::DifferenceOfShares { whole: weight, weights, .. } => {
                Some((weight, weights.as_ref()?))
            }
            Self::WeightedMean { weight, weights, .. } => Some((weight, weights)),
            _ => None,
        }
    }

    /// The measures that a value is the sum or the quotient of, whose sums over groups make the value of all; none of a value that is neither.
    pub fn summed(&self) -> Option<Vec<&str>> {
        Some(match self {
            Self::Measure { measure, .. } => vec![measure],
            Self::Proportion { part, whole, .. } => vec![part, whole],
            Self::Ratio { numerator, denominator, .. } => vec![numerator, denominator],
            Self::Mean { sum, count: weight, .. } | Self::WeightedMean { sum, weight, .. } => vec![sum, weight],
            Self::RatioOfMeans { x, y, .. } => vec![x, y],
            Self::DifferenceOfShares { part, other, whole, .. } => vec![part, other, whole],
            Self::Quantile { .. } => return None,
            Self::Function(function) => return function.summed(),
        })
    }

    /// What it is the sum or the quotient of in a group; none of a value that is neither. What nothing was measured of is 0.
    pub fn parts(&self, row: &MeasureRow) -> Option<Parts> {
        let get = |name: &str| row.get(name).unwrap_or(0.0);
        let quotient = |numerator: f64, denominator: &str| Parts::Quotient(Rate { numerator, denominator: get(denominator) });
        Some(match self {
            Self::Measure { measure, .. } => Parts::Sum(get(measure)),
            Self::Proportion { part, whole, .. } => quotient(100.0 * get(part), whole),
            Self::Ratio { numerator, denominator, factor } => quotient(factor * get(numerator), denominator),
            Self::Mean { sum, count: weight, .. } | Self::WeightedMean { sum, weight, .. } => quotient(get(sum), weight),
            Self::RatioOfMeans { x, y, .. } => quotient(get(x), y),
            Self::DifferenceOfShares { part, other, whole, .. } => quotient(100.0 * (get(part) - get(other)), whole),
            Self::Quantile { .. } => return None,
            Self::Function(function) => return function.parts(row),
        })
    }

    /// The observations of one group.
    ///
    /// Those of weighted values have one more measure than was defined: `effective_n`, Kish's effective size.
    pub fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        if let Self::Function(function) = self {
            return function.evaluate(group, context);
        }
        let observe = |row: &MeasureRow| {
            let effective = self.weights().map(|(weight, weights)| ("effective_n".to_owned(), row.effective_size(weight, weights)));
            Observation {
                dimensions: row.dimensions.clone(),
                estimate: self.estimate(row, context.confidence),
                measures: row.evidence().chain(effective).collect(),
            }
        };
        Ok(Evaluation { observations: group.rows.iter().map(observe).collect(), ..Evaluation::default() })
    }

    /// The value of one measure row.
    fn estimate(&self, row: &MeasureRow, confidence: f64) -> Estimate {
        let get = |name: &str| row.get(name);
        let count = |name: &str| get(name).unwrap_or(0.0);
        match self {
            Self::Measure { measure, n } => Estimate { value: get(measure), interval: None, n: get(n.as_deref().unwrap_or(measure)) },
            Self::Proportion { part, whole, weights } => {
                let percent = |(low, high)| (100.0 * low, 100.0 * high);
                let trials = row.parts([part], whole, weights.as_ref());
                Estimate {
                    value: divide(100.0 * count(part), count(whole)),
                    interval: trials.and_then(|([part], n)| statistics::wilson(part, n, confidence)).map(percent),
                    n: Some(count(observations(whole, weights.as_ref()))),
                }
            }
            Self::Ratio { numerator, denominator, factor } => {
                let denominator = get(denominator);
                Estimate { value: get(numerator).zip(denominator).and_then(|(a, b)| divide(factor * a, b)), interval: None, n: denominator }
            }
            Self::Mean { sum, count: n, .. } | Self::WeightedMean { sum, weight: n, .. } => {
                let sample = self.sample(row);
                Estimate {
                    value: get(sum).and_then(|sum| divide(sum, count(n))),
                    interval: sample.and_then(|(mean, variance, n)| statistics::mean(mean, variance, n, confidence)),
                    n: Some(count(observations(n, self.weights().map(|(_, weights)| weights)))),
                }
            }
            Self::RatioOfMeans { x, y, clusters, .. } => Estimate {
                value: get(x).zip(get(y)).and_then(|(x, y)| divide(x, y)),
                interval: self.clusters(row).and_then(|clusters| statistics::ratio_of_means(&clusters, confidence)),
                n: Some(count(clusters)),
            },
            Self::Quantile { measure } => {
                let measured = row.measured(measure);
                Estimate {
                    value: measured.and_then(|measured| measured.value),
                    interval: measured.and_then(|measured| measured.interval),
                    n: Some(measured.and_then(|measured| measured.n).unwrap_or(0.0)),
                }
            }
            Self::DifferenceOfShares { part, other, whole, weights } => {
                let parts = row.parts([part, other], whole, weights.as_ref());
                Estimate {
                    value: divide(100.0 * (count(part) - count(other)), count(whole)),
                    interval: parts.and_then(|([part, other], n)| statistics::net_promoter_score(part, other, n, confidence)),
                    n: Some(count(observations(whole, weights.as_ref()))),
                }
            }
            Self::Function(_) => Estimate::undefined(),
        }
    }

    /// The two-sided p-value of no change in the observation with these dimensions, by the test that belongs to the value.
    ///
    /// The two groups are taken as independent samples. None where no test applies: for measures, plain ratios and quantiles, for functions
    /// that know none, where a group has no such row, and where the data can't support the test.
    pub fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        if let Self::Function(function) = self {
            return function.p_value(dimensions, now, before);
        }
        let rows = [now.row(dimensions)?, before.row(dimensions)?];
        match self {
            Self::Proportion { part, whole, weights } => {
                let [now, before] = rows.map(|row| row.parts([part], whole, weights.as_ref()).map(|([part], n)| (part, n)));
                statistics::two_proportions(now?, before?)
            }
            Self::Mean { .. } | Self::WeightedMean { .. } => {
                let [now, before] = rows.map(|row| self.sample(row));
                statistics::welch(now?, before?)
            }
            Self::RatioOfMeans { .. } => {
                let [now, before] = rows.map(|row| self.clusters(row));
                statistics::two_ratios(&now?, &before?)
            }
            Self::DifferenceOfShares { part, other, whole, weights } => {
                let parts = |row: &MeasureRow| row.parts([part, other], whole, weights.as_ref());
                let [now, before] = rows.map(|row| parts(row).map(|([part, other], n)| (part, other, n)));
                statistics::net_promoter_scores(now?, before?)
            }
            Self::Measure { .. } | Self::Ratio { .. } | Self::Quantile { .. } | Self::Function(_) => None,
        }
    }

    /// What a mean is made of: the mean, the sample variance and the size, the effective one where there are weights.
    fn sample(&self, row: &MeasureRow) -> Option<(f64, f64, f64)> {
        match self {
            Self::Mean { sum, count, variance } => {
                let n = row.get(count)?;
                Some((divide(row.get(sum)?, n)?, row.get(variance)?, n))
            }
            Self::WeightedMean { sum, squares, weight, weights } => {
                let n = row.effective_size(weight, weights)?;
                let (sum, weight) = (row.get(sum)?, row.get(weight)?);
                let variance = statistics::weighted_variance(weight, row.get(&weights.squares)?, sum, row.get(squares)?)?;
                Some((divide(sum, weight)?, variance, n))
            }
            _ => None,
        }
    }

    /// What a ratio of means is made of.
    fn clusters(&self, row: &MeasureRow) -> Option<Clusters> {
        let Self::RatioOfMeans { x, y, clusters, variances: [of_x, of_y, of_both] } = self else { return None };
        Some(Clusters {
            sum_x: row.get(x)?,
            sum_y: row.get(y)?,
            count: row.get(clusters)?,
            variance_x: row.get(of_x)?,
            variance_y: row.get(of_y)?,
            variance_x_plus_y: row.get(of_both)?,
        })
    }
}

/// The measure that counts the observations behind a whole.
fn observations<'a>(whole: &'a str, weights: Option<&'a Weights>) -> &'a str {
    weights.map_or(whole, |weights| &weights.observations)
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

    /// 100 · part / whole with Wilson's interval; undefined where the whole is 0.
    pub fn share(part: f64, whole: f64, confidence: f64) -> Self {
        Self {
            value: (whole > 0.0).then(|| 100.0 * part / whole),
            interval: statistics::wilson(part, whole, confidence).map(|(low, high)| (100.0 * low, 100.0 * high)),
            n: Some(whole),
        }
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

    /// All measures with their values.
    pub fn evidence(&self) -> impl Iterator<Item = (String, Option<f64>)> {
        self.measures.iter().map(|(name, measured)| (name.clone(), measured.value))
    }

    fn measured(&self, name: &str) -> Option<&Measured> {
        self.measures.iter().find(|(known, _)| known == name).map(|(_, measured)| measured)
    }

    /// Kish's effective size.
    fn effective_size(&self, weight: &str, weights: &Weights) -> Option<f64> {
        statistics::kish_effective_size(self.get(weight)?, self.get(&weights.squares)?)
    }

    /// The parts of a whole, and the whole, as numbers of observations; weighted ones as many as tell the same.
    fn parts<const N: usize>(&self, parts: [&str; N], whole: &str, weights: Option<&Weights>) -> Option<([f64; N], f64)> {
        let counts = parts.map(|part| self.get(part).unwrap_or(0.0));
        let all = self.get(whole)?;
        let Some(weights) = weights else { return Some((counts, all)) };
        let n = self.effective_size(whole, weights)?;
        Some((counts.map(|weight| weight / all * n), n))
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

impl Group<'_> {
    /// The measures of one combination of the metric's own dimensions.
    fn row(&self, dimensions: &[DimensionValue]) -> Option<&MeasureRow> {
        self.rows.iter().find(|row| row.dimensions == dimensions)
    }
}

/// What a value may know beside the measures.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateContext<'a> {
    /// The confidence of intervals, 0.95 unless the report says otherwise.
    pub confidence: f64,
    /// The report's buckets.
    pub buckets: &'a Buckets,
    /// The instant up to which the data are known, in microseconds since 1970; none where nobody said one.
    pub as_of: Option<i64>,
    /// The end of the local day, or by hours of the hour, of the last row, in microseconds since 1970; none where rows are not placed in time.
    pub reach: Option<i64>,
    /// The first instant of the data, in microseconds since 1970; none where rows are not placed in time.
    pub known_since: Option<i64>,
}

impl EvaluateContext<'_> {
    /// The first instant of which nothing is known, in microseconds since 1970: the as-of instant, or else where the data end.
    pub fn known_until(&self) -> Option<i64> {
        self.as_of.or(self.reach)
    }
}

/// A function of all measure rows of a group, for values that are not a formula: fits, triangles, curves.
pub trait Evaluate: Debug + Send + Sync {
    /// The measures it uses.
    fn measures(&self) -> Vec<&str>;

    /// The names of its observations' dimensions, which need not be those that the measures were grouped by; none unless said.
    fn dimensions(&self) -> Vec<String> {
        Vec::new()
    }

    /// The observations of one group.
    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError>;

    /// The measures that its value is the sum or the quotient of, where it is either; see [`Value::summed`].
    fn summed(&self) -> Option<Vec<&str>> {
        None
    }

    /// What its value is the sum or the quotient of in a group, where it is either; see [`Value::parts`].
    fn parts(&self, _row: &MeasureRow) -> Option<Parts> {
        None
    }

    /// The two-sided p-value of no change in the observation with these dimensions; none unless the function has a test of its own.
    fn p_value(&self, _dimensions: &[DimensionValue], _now: &Group<'_>, _before: &Group<'_>) -> Option<f64> {
        None
    }
}

/// What a group's measures come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// The rows of the result.
    pub observations: Vec<Observation>,
    /// What the detail table learns from the value, such as a fitted model's prediction.
    pub annotations: Option<Annotations>,
    /// What a reader must know of this group, beside the definition's own note: an assumption that its rows break.
    pub note: Option<String>,
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
    /// Own dimensions → the new columns' values. A column is of numbers, or of text where any of its values is.
    pub rows: Vec<(Vec<DimensionValue>, Vec<DimensionValue>)>,
}

/// Why a value can't be had, such as a fit that did not converge. The group is reported as undefined, with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvaluateError(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    fn row(dimension: &str, measures: &[(&str, f64)]) -> MeasureRow {
        let measures = measures.iter().map(|(name, value)| ((*name).to_owned(), Measured::number(Some(*value))));
        MeasureRow { dimensions: vec![dimension.into()], measures: measures.collect() }
    }

    fn estimate(value: &Value, measures: &[(&str, f64)]) -> Estimate {
        value.estimate(&row("a", measures), 0.95)
    }

    fn p_value(value: &Value, now: &[(&str, f64)], before: &[(&str, f64)]) -> Option<f64> {
        let buckets = Buckets::timeless();
        let bucket = &buckets.as_slice()[0];
        // The row is found by its dimensions, not by its place.
        let (now, before) = ([row("b", before), row("a", now)], [row("a", before), row("c", now)]);
        let group = |rows| Group { index: 0, bucket, rows };
        let (now, before) = (group(now.as_slice()), group(before.as_slice()));
        assert_eq!(value.p_value(&["c".into()], &now, &before), None);
        value.p_value(&["a".into()], &now, &before)
    }

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    }

    fn weights() -> Weights {
        Weights::new("squares", "n")
    }

    #[test]
    fn a_weighted_proportion_has_the_interval_of_its_effective_size() {
        let value = Value::weighted_proportion("part", "weight", weights());
        assert_eq!(value.measures(), ["part", "weight", "squares", "n"]);
        let found = estimate(&value, &[("part", 4.8), ("weight", 8.0), ("squares", 16.5), ("n", 5.0)]);
        assert_eq!(found.n, Some(5.0));
        close(found.value, 60.0);
        // statsmodels' proportion_confint(0.6 * n, n, method="wilson") for n = 64/16.5.
        let (low, high) = found.interval.unwrap();
        close(Some(low), 20.110_617_611_214_726);
        close(Some(high), 89.937_734_545_842_95);
        // All weight on one side: the interval still ends at the edge.
        let found = estimate(&value, &[("part", 0.7), ("weight", 0.7), ("squares", 0.07), ("n", 7.0)]);
        assert_eq!(found.interval.unwrap().1.to_bits(), 100.0_f64.to_bits());
    }

    #[test]
    fn a_weighted_mean_is_that_of_statsmodels() {
        // statsmodels' DescrStatsW of the values 5, 4, 4, 1, 3 with the weights 0.5, 1.5, 2, 1, 3, scaled to sum to 64/16.5.
        let value = Value::weighted_mean("sum", "sum_of_squares", "weight", weights());
        let now = [("sum", 26.5), ("sum_of_squares", 96.5), ("weight", 8.0), ("squares", 16.5), ("n", 5.0)];
        let found = estimate(&value, &now);
        assert_eq!(found.n, Some(5.0));
        close(found.value, 3.3125);
        let (low, high) = found.interval.unwrap();
        close(Some(low), 1.306_905_734_646_915_3);
        close(Some(high), 5.318_094_265_353_084);
        // CompareMeans(…).ttest_ind(usevar="unequal") with the values 2, 4, 3, 5, 4 of the weights 1, 2, 0.25, 0.75, 1.
        let before = [("sum", 18.5), ("sum_of_squares", 73.0), ("weight", 5.0), ("squares", 6.625), ("n", 5.0)];
        close(p_value(&value, &now, &before), 0.662_074_551_787_794_7);
    }

    #[test]
    fn weights_of_nothing_give_nothing() {
        let nothing = [("part", 0.0), ("weight", 0.0), ("squares", 0.0), ("n", 3.0)];
        let found = estimate(&Value::weighted_proportion("part", "weight", weights()), &nothing);
        assert_eq!(found, Estimate { value: None, interval: None, n: Some(3.0) });
        let found = estimate(&Value::weighted_mean("part", "part", "weight", weights()), &nothing);
        assert_eq!(found, Estimate { value: None, interval: None, n: Some(3.0) });
        let found = estimate(&Value::weighted_difference_of_shares("part", "part", "weight", weights()), &nothing);
        assert_eq!(found, Estimate { value: None, interval: None, n: Some(3.0) });
    }

    #[test]
    fn weighted_answers_that_are_worth_as_much_as_plain_ones_change_as_significantly() {
        let plain = Value::difference_of_shares("promoters", "detractors", "responses");
        let weighted = Value::weighted_difference_of_shares("promoters", "detractors", "responses", weights());
        let answers = |promoters: f64, detractors: f64, weight: f64| {
            // 100 answers of a weight each.
            [
                ("promoters", promoters * weight),
                ("detractors", detractors * weight),
                ("responses", 100.0 * weight),
                ("squares", 100.0 * weight * weight),
                ("n", 100.0),
            ]
        };
        // statsmodels' ztest, as in the test of the function.
        close(p_value(&plain, &answers(70.0, 10.0, 1.0), &answers(50.0, 20.0, 1.0)), 0.003_414_791_178_116_816_4);
        close(p_value(&weighted, &answers(70.0, 10.0, 0.25), &answers(50.0, 20.0, 3.0)), 0.003_414_791_178_116_816_4);
        let proportion = Value::weighted_proportion("promoters", "responses", weights());
        // statsmodels' proportions_ztest([70, 50], [100, 100]).
        close(p_value(&proportion, &answers(70.0, 10.0, 0.25), &answers(50.0, 20.0, 3.0)), 0.003_892_417_122_778_636_7);
        let (found, expected) = (estimate(&weighted, &answers(70.0, 10.0, 0.25)), estimate(&plain, &answers(70.0, 10.0, 1.0)));
        close(found.interval.map(|(low, _)| low), expected.interval.unwrap().0);
    }

    #[test]
    fn a_ratio_of_means_has_the_interval_of_its_clusters() {
        // Two ratios of 40 and 50 clusters, as in the test of the function; Student's t of 39 degrees of freedom from scipy.
        let value = Value::ratio_of_means("pages", "sessions", "users", ["of_pages", "of_sessions", "of_both"]);
        let now = [
            ("pages", 525.0),
            ("sessions", 134.0),
            ("users", 40.0),
            ("of_pages", 84.060_897_435_897_43),
            ("of_sessions", 1.823_076_923_076_923_3),
            ("of_both", 99.332_692_307_692_31),
        ];
        let before = [
            ("pages", 757.0),
            ("sessions", 154.0),
            ("users", 50.0),
            ("of_pages", 99.959_591_836_734_69),
            ("of_sessions", 1.626_122_448_979_591_8),
            ("of_both", 118.297_551_020_408_16),
        ];
        let found = estimate(&value, &now);
        close(found.value, 525.0 / 134.0);
        assert_eq!(found.n, Some(40.0));
        let (low, high) = found.interval.unwrap();
        close(Some(low), 3.182_413_622_874_115);
        close(Some(high), 4.653_407_272_648_273);
        close(p_value(&value, &now, &before), 0.047_143_469_790_973_22);
        assert_eq!(estimate(&value, &[("pages", 0.0), ("sessions", 0.0), ("users", 0.0)]).value, None);
    }

    #[test]
    fn only_tests_that_belong_to_a_value_are_made() {
        let rows = [("a", 30.0), ("b", 100.0)];
        let before = [("a", 50.0), ("b", 100.0)];
        assert_eq!(p_value(&Value::measure("a"), &rows, &before), None);
        assert_eq!(p_value(&Value::ratio("a", "b"), &rows, &before), None);
        assert_eq!(p_value(&Value::quantile("a"), &rows, &before), None);
        assert!(p_value(&Value::proportion("a", "b"), &rows, &before).is_some());
        assert_eq!(p_value(&Value::function(Named), &rows, &before), Some(0.25));
    }

    /// A function with a test of its own, which tells the observations by name.
    #[derive(Debug)]
    struct Named;

    impl Evaluate for Named {
        fn measures(&self) -> Vec<&str> {
            vec!["a"]
        }
        fn dimensions(&self) -> Vec<String> {
            vec!["name".to_owned()]
        }
        fn evaluate(&self, _: &Group<'_>, _: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
            Ok(Evaluation::default())
        }
        fn p_value(&self, dimensions: &[DimensionValue], _: &Group<'_>, _: &Group<'_>) -> Option<f64> {
            (dimensions == ["a".into()]).then_some(0.25)
        }
    }
}
