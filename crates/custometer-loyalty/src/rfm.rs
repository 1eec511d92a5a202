//! Recency, frequency, monetary value: customers by when they last bought, how often and for how much. Source: A. M. Hughes, "Strategic
//! Database Marketing" (1994).

use std::collections::HashMap;
use std::ops::RangeInclusive;

use custometer_core::prelude::*;
use custometer_core::statistics;
use custometer_core::time::CalendarUnit;
use custometer_core::value::Annotations;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::history::{Histories, PurchasePeriod, known_end};
use crate::shared::margin::Margin;
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`Rfm`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RfmParams {
    /// What customers are counted by.
    pub show: RfmShow,
    /// How many scores there are, from 2 to 10: 1 to 5 unless said.
    pub quantiles: u8,
    /// What a negative amount means.
    pub refunds: Refunds,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

impl Default for RfmParams {
    fn default() -> Self {
        Self { show: RfmShow::default(), quantiles: 5, refunds: Refunds::default(), one_order_per: OneOrderPer::default() }
    }
}

/// What customers are counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RfmShow {
    /// Ten named segments of the scores of recency and frequency.
    #[default]
    Segments,
    /// Every combination of the three scores.
    Scores,
}

/// `loyalty.rfm`: which customers are how valuable?
pub struct Rfm;

impl Metric for Rfm {
    type Params = RfmParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.rfm",
        title: "Customers by recency, frequency and monetary value",
        summary: "How many customers bought how recently, how often and for how much, as scores or as the usual segments.",
        formula: "customers per segment or combination of scores. Recency is the days from the last purchase to the bucket's last day, frequency \
            the orders and monetary value the spend so far. The score of a value is 1 + how many of the quantiles 1/5 … 4/5 over the customers \
            are below it; of recency it is turned round, so that 5 is the most recent",
        unit: Unit::Count,
        range: "0 or more; the customers of all segments, or of all scores, are all customers",
        direction: Direction::Neutral,
        edge_cases: &[
            "No customer: 0 in every segment, and every share is undefined. Nothing is known of a bucket that begins on the as-of date or \
             later.",
            "A customer counts from the first order on, with all orders up to the bucket's end, also those before the report's period. Without a \
             period, the bucket is that of the data. An order on the as-of date or later is not known yet, and left out.",
            "Customers with equal values have equal scores, so some scores may not occur: where most customers ordered once, all of them \
             have 1 and the \
             next may have 4. A quantile is the value that this share of customers do not exceed (definition 7 of Hyndman & Fan, whose \
             interpolation between two customers makes no difference to either).",
            "Scores are relative to the customers of the same group and bucket: those of different groups or buckets can't be compared.",
            "One customer has scores 5, 1 and 1.",
            "Segments are made of recency and frequency, as in the grid that is most in use. Monetary value is in the scores and in the \
             detail table.",
            "Money paid back is taken off the spend, and is not an order. Before a customer's first order it belongs to an order that is \
             not known, and is left out.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "A row without a customer or an amount is rejected; so is a negative amount, unless `refunds` says that it is money back.",
            "Each bucket has a row for every customer so far, so many buckets with many customers need much memory.",
        ],
        examples: &[
            Example {
                title: "five customers, the more recent the more frequent",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                header: "customer_id,time,amount",
                rows: &[
                    (1, "a,2025-01-02,10"),
                    (2, "b,2025-01-07,10"),
                    (3, "c,2025-01-12,10"),
                    (4, "d,2025-01-17,10"),
                    (5, "e,2025-01-22,10"),
                ],
                expected: &[
                    ("segment=champions", Some(1.0)),
                    ("segment=loyal customers", Some(1.0)),
                    ("segment=potential loyalists", Some(0.0)),
                    ("segment=new customers", Some(0.0)),
                    ("segment=promising", Some(0.0)),
                    ("segment=need attention", Some(1.0)),
                    ("segment=about to sleep", Some(0.0)),
                    ("segment=at risk", Some(0.0)),
                    ("segment=can't lose them", Some(0.0)),
                    ("segment=hibernating", Some(2.0)),
                ],
                ..Example::NONE
            },
            Example {
                title: "two scores each: all but one ordered once, for 10",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "show = \"scores\"\nquantiles = 2",
                header: "customer_id,time,amount",
                rows: &[(1, "a,2025-01-02,10"), (1, "b,2025-01-03,10"), (1, "c,2025-01-20,10"), (2, "d,2025-01-31,100")],
                expected: &[
                    ("recency=1,frequency=1,monetary=1", Some(2.0)),
                    ("recency=1,frequency=1,monetary=2", Some(0.0)),
                    ("recency=1,frequency=2,monetary=1", Some(0.0)),
                    ("recency=1,frequency=2,monetary=2", Some(0.0)),
                    ("recency=2,frequency=1,monetary=1", Some(1.0)),
                    ("recency=2,frequency=1,monetary=2", Some(0.0)),
                    ("recency=2,frequency=2,monetary=1", Some(0.0)),
                    ("recency=2,frequency=2,monetary=2", Some(1.0)),
                ],
            },
        ],
        references: &[
            "A. M. Hughes, \"Strategic Database Marketing\" (1994), for the scores",
            "R. J. Hyndman & Y. Fan, \"Sample quantiles in statistical packages\", The American Statistician 50 (1996), for the quantiles",
        ],
    };

    fn define(params: &RfmParams) -> Result<Definition, ParamError> {
        let RfmParams { show, quantiles, refunds, one_order_per } = *params;
        if !(2..=10).contains(&quantiles) {
            return Err(ParamError::new("quantiles", format!("there are 2 to 10 scores, and not {quantiles}")));
        }
        if show == RfmShow::Segments && quantiles != 5 {
            return Err(ParamError::new("quantiles", "the segments are of scores from 1 to 5")
                .help("leave it out, or count by scores: `show = \"scores\"`"));
        }
        let orders = Orders::of(refunds, one_order_per, Margin::None);
        let histories = Histories { orders, purchase_period: PurchasePeriod::Day, time_unit: CalendarUnit::Day };
        Ok(Definition::over(histories.source())
            .derive(LastPurchases(histories))
            .own_dimension("recency_days", col("recency_days"))
            .own_dimension("orders", col("orders"))
            .own_dimension("spend", col("spend"))
            .measure(count("customers"))
            .value(Value::function(Scores { show, quantiles: u64::from(quantiles) }))
            .detail(&["recency_days", "orders", "spend"])
            .note(format!("scored by {quantiles} quantiles over the customers of the group and bucket")))
    }
}

/// Orders → how long ago each customer bought last, how often and for how much so far.
#[derive(Debug)]
struct LastPurchases(Histories);

impl Derive for LastPurchases {
    fn entity(&self) -> &'static str {
        self.0.entity()
    }

    fn dimensions(&self) -> DimensionRule {
        self.0.dimensions()
    }

    fn buckets(&self) -> BucketRule {
        self.0.buckets()
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        Ok(self.0.derive(rows, context)?.with_column((col("age_days") - col("recency_days")).alias("recency_days")))
    }
}

/// Scores of recency and of frequency.
type Cells = [RangeInclusive<u64>; 2];

/// The segments, each with its cells of the grid.
const SEGMENTS: [(&str, Cells); 10] = [
    ("champions", [5..=5, 4..=5]),
    ("loyal customers", [3..=4, 4..=5]),
    ("potential loyalists", [4..=5, 2..=3]),
    ("new customers", [5..=5, 1..=1]),
    ("promising", [4..=4, 1..=1]),
    ("need attention", [3..=3, 3..=3]),
    ("about to sleep", [3..=3, 1..=2]),
    ("at risk", [1..=2, 3..=4]),
    ("can't lose them", [1..=2, 5..=5]),
    ("hibernating", [1..=2, 1..=2]),
];

/// The segment of a customer, by name.
fn segment([recency, frequency, _]: [u64; 3]) -> &'static str {
    let segment = SEGMENTS.iter().find(|(_, [recencies, frequencies])| recencies.contains(&recency) && frequencies.contains(&frequency));
    segment.map_or("", |(name, _)| name)
}

/// The quantiles of a value over customers.
struct Quantiles(Vec<f64>);

impl Quantiles {
    /// The quantiles 1/q … (q − 1)/q of values, each with how many customers have it.
    ///
    /// Of the two customers that a quantile lies between, the lower one's value is taken: either is above the one just when above the other.
    fn of(values: impl Iterator<Item = (f64, u64)>, quantiles: u64) -> Self {
        let mut counted: Vec<(f64, u64)> = values.collect();
        counted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (values, counts): (Vec<f64>, Vec<u64>) = counted.into_iter().unzip();
        let customers: u64 = counts.iter().sum();
        let rank = |quantile: u64| customers.saturating_sub(1) * quantile / quantiles + 1;
        Self((1..quantiles).filter_map(|quantile| statistics::order_statistic(&values, &counts, rank(quantile))).collect())
    }

    /// How many of them a value is above.
    fn below(&self, value: f64) -> u64 {
        self.0.iter().map(|quantile| u64::from(value > *quantile)).sum()
    }
}

/// Customers of one recency, number of orders and spend.
struct Alike<'a> {
    own: &'a [DimensionValue],
    values: [f64; 3],
    customers: u64,
}

impl<'a> Alike<'a> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count is a whole number from 0")]
    fn of(row: &'a MeasureRow) -> Option<Self> {
        let [recency, orders, spend] = [0, 1, 2].map(|own| row.dimensions[own].as_number());
        Some(Self { own: &row.dimensions, values: [recency?, orders?, spend?], customers: row.get("customers")? as u64 })
    }
}

/// Counts customers by their scores.
#[derive(Debug)]
struct Scores {
    show: RfmShow,
    quantiles: u64,
}

impl Scores {
    /// The columns that the detail table gets.
    fn annotated(&self) -> Vec<String> {
        let segment = (self.show == RfmShow::Segments).then_some("segment");
        ["recency_score", "frequency_score", "monetary_score"].into_iter().chain(segment).map(str::to_owned).collect()
    }

    /// What customers of these scores are counted by.
    fn dimensions_of(&self, scores: [u64; 3]) -> Vec<DimensionValue> {
        match self.show {
            RfmShow::Segments => vec![segment(scores).into()],
            RfmShow::Scores => scores.map(number).to_vec(),
        }
    }

    /// Everything that customers can be counted by, in the order of the result.
    fn all(&self) -> Vec<Vec<DimensionValue>> {
        match self.show {
            RfmShow::Segments => SEGMENTS.iter().map(|(name, _)| vec![(*name).into()]).collect(),
            RfmShow::Scores => {
                let scores = || 1..=self.quantiles;
                let pairs = scores().flat_map(|recency| scores().map(move |frequency| (recency, frequency)));
                pairs.flat_map(|(r, f)| scores().map(move |monetary| [r, f, monetary].map(number).to_vec())).collect()
            }
        }
    }
}

fn number(score: u64) -> DimensionValue {
    DimensionValue::Integer(i64::try_from(score).unwrap_or(i64::MAX))
}

impl Evaluate for Scores {
    fn measures(&self) -> Vec<&str> {
        vec!["customers"]
    }

    fn dimensions(&self) -> Vec<String> {
        let names: &[&str] = match self.show {
            RfmShow::Segments => &["segment"],
            RfmShow::Scores => &["recency", "frequency", "monetary"],
        };
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let customers: Vec<Alike<'_>> = group.rows.iter().filter_map(Alike::of).collect();
        let quantiles =
            [0, 1, 2].map(|own| Quantiles::of(customers.iter().map(|alike| (alike.values[own], alike.customers)), self.quantiles));
        let mut counts: HashMap<Vec<DimensionValue>, u64> = HashMap::new();
        let mut annotations = Annotations { columns: self.annotated(), rows: Vec::with_capacity(customers.len()) };
        for Alike { own, values, customers } in customers {
            let [recency, frequency, monetary] = [0, 1, 2].map(|own| quantiles[own].below(values[own]));
            let scores = [self.quantiles - recency, 1 + frequency, 1 + monetary];
            *counts.entry(self.dimensions_of(scores)).or_default() += customers;
            let segment = (self.show == RfmShow::Segments).then(|| segment(scores).into());
            annotations.rows.push((own.to_vec(), scores.map(number).into_iter().chain(segment).collect()));
        }
        let all: u64 = counts.values().sum();
        let is_known = known_end(group.bucket, context.known_until()).is_some();
        let observation = |dimensions: Vec<DimensionValue>| {
            let customers = counts.get(&dimensions).copied().unwrap_or(0) as f64;
            let share = (all > 0).then(|| 100.0 * customers / all as f64);
            Observation {
                dimensions,
                estimate: Estimate { value: is_known.then_some(customers), interval: None, n: Some(all as f64) },
                measures: [("customers", Some(customers)), ("all_customers", Some(all as f64)), ("share", share)]
                    .map(|(name, value)| (name.to_owned(), value))
                    .to_vec(),
            }
        };
        Ok(Evaluation { observations: self.all().into_iter().map(observation).collect(), annotations: Some(annotations), note: None })
    }
}

register_metric!(Rfm);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_grid_is_in_one_segment() {
        for (recency, frequency) in (1..=5).flat_map(|recency| (1..=5).map(move |frequency| (recency, frequency))) {
            let holding = SEGMENTS.iter().filter(|(_, [r, f])| r.contains(&recency) && f.contains(&frequency));
            assert_eq!(holding.count(), 1, "{recency}{frequency}");
        }
    }

    #[test]
    fn scores_are_those_of_pandas() {
        // pandas.qcut([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], 4, labels=False) + 1
        let values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8].map(f64::from);
        let quantiles = Quantiles::of(values.iter().map(|value| (*value, 1)), 4);
        assert_eq!(values.map(|value| 1 + quantiles.below(value)), [2, 1, 2, 1, 3, 4, 1, 4, 3, 2, 3, 4]);
        // Counted together they are the same.
        let counted = [(1.0, 2), (2.0, 1), (3.0, 2), (4.0, 1), (5.0, 3), (6.0, 1), (8.0, 1), (9.0, 1)];
        assert_eq!(Quantiles::of(counted.into_iter(), 4).0, quantiles.0);
        assert!(Quantiles::of(std::iter::empty(), 5).0.is_empty());
    }
}
