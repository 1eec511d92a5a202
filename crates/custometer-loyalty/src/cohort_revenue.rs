//! Cohort revenue: who came at the same time, and what they have brought since.

use std::collections::HashMap;

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use custometer_core::{
    DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation, statistics,
};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::ages::Ages;
use crate::shared::margin::Margin;
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::tables::{BOUGHT, CUSTOMER_ID, TIME};

const REVENUE: &str = "revenue";
const SQUARES: &str = "squares";
const CUMULATIVE_SQUARES: &str = "cumulative_squares";
const CUSTOMERS: &str = "customers";
/// What tells the rows of a customer apart: −1 for the one that puts them into their cohort, and from 0 on ages.
const CELL: &str = "cell";

/// Parameters of [`CohortRevenue`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CohortRevenueParams {
    /// Which revenue of the cohort is divided by its customers.
    pub kind: RevenueKind,
    /// The last age that is shown; as many as the period has unless said.
    pub max_age: Option<u32>,
    /// What a negative amount means.
    pub refunds: Refunds,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

/// Which revenue of the cohort is divided by its customers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevenueKind {
    /// That of the bucket of exactly this age.
    #[default]
    AtAge,
    /// That of all buckets up to this age: what a customer has brought so far.
    Cumulative,
}

/// `loyalty.cohort_revenue`: what do those who came together bring, and when?
pub struct CohortRevenue;

impl Metric for CohortRevenue {
    type Params = CohortRevenueParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.cohort_revenue",
        title: "Cohort revenue",
        summary: "What the customers who first ordered in a bucket bring so many buckets later, per customer of the cohort: at each age, or \
            all that they have brought up to it.",
        formula: "Σ amounts of the cohort's customers at the age / customers of the cohort; with `kind = \"cumulative\"`, Σ amounts at all ages up \
            to it. The cohort is the bucket of the first order, the age the distance from it in buckets",
        unit: Unit::Currency,
        range: "any amount",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer in the cohort: undefined. One customer, or customers of one value: no interval.",
            "Divided by all customers of the cohort, also by those who bought nothing at the age.",
            "A cell whose bucket is beyond the period, or has not ended by the as-of date, is undefined, not 0.",
            "Customers who first ordered before the period belong to no cohort.",
            "In a breakdown, a customer has a cohort in every group they ordered in, by their orders in it.",
            "With `refunds = \"net\"`, money back is taken off in the bucket in which it was paid back. Before a customer's first order it belongs to \
             an order that is not known, and is left out.",
            "With `one_order_per = \"order_id\"`, a line may be without an amount; each line is in the bucket of its own time. Without it, every row \
             is an order, and the note says so where an `order_id` comes in several rows.",
            "A row without a customer or an amount is rejected; so is a negative amount, unless `refunds` says that it is money back.",
        ],
        examples: &[
            Example {
                title: "a and b come in January and bring 30 together, then a brings 10; c comes in February",
                report: QUARTER,
                header: "customer_id,time,amount",
                rows: ORDERED,
                expected: &[
                    ("2025-01-01 age=0", Some(15.0)),
                    ("2025-01-01 age=1", Some(5.0)),
                    ("2025-01-01 age=2", Some(0.0)),
                    ("2025-02-01 age=0", Some(7.0)),
                    ("2025-02-01 age=1", Some(0.0)),
                    ("2025-02-01 age=2", None),
                    ("2025-03-01 age=0", None),
                    ("2025-03-01 age=1", None),
                    ("2025-03-01 age=2", None),
                ],
                ..Example::NONE
            },
            Example {
                title: "the same up to each age",
                report: QUARTER,
                params: "kind = \"cumulative\"\nmax_age = 1",
                header: "customer_id,time,amount",
                rows: ORDERED,
                expected: &[
                    ("2025-01-01 age=0", Some(15.0)),
                    ("2025-01-01 age=1", Some(20.0)),
                    ("2025-02-01 age=0", Some(7.0)),
                    ("2025-02-01 age=1", Some(7.0)),
                    ("2025-03-01 age=0", None),
                    ("2025-03-01 age=1", None),
                ],
            },
            Example {
                title: "6 of a's 20 are paid back in February; what b got back before the first order is of another",
                report: QUARTER,
                params: "kind = \"cumulative\"\nmax_age = 1\nrefunds = \"net\"",
                header: "customer_id,time,amount",
                rows: &[(1, "a,2025-01-05,20"), (1, "a,2025-02-05,-6"), (1, "b,2025-01-03,-50"), (1, "b,2025-01-06,10")],
                expected: &[
                    ("2025-01-01 age=0", Some(15.0)),
                    ("2025-01-01 age=1", Some(12.0)),
                    ("2025-02-01 age=0", None),
                    ("2025-02-01 age=1", None),
                    ("2025-03-01 age=0", None),
                    ("2025-03-01 age=1", None),
                ],
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &CohortRevenueParams) -> Result<Definition, ParamError> {
        let orders = Orders::of(params.refunds, params.one_order_per, Margin::None);
        let definition = Definition::over(orders.source().always_at(TIME).column(BOUGHT))
            .derive(Purses)
            .own_dimension(CELL, col(CELL))
            .measure(sum(REVENUE, col(REVENUE)))
            .measure(sum(SQUARES, col(SQUARES)))
            .measure(sum(CUMULATIVE_SQUARES, col(CUMULATIVE_SQUARES)))
            .measure(count(CUSTOMERS).filter(col(CELL).eq(lit(-1))).scope(Scope::OwnDimensions))
            .value(Value::function(Triangle { kind: params.kind, max_age: params.max_age }))
            .picture(Picture::Cohorts);
        let definition = match params.kind {
            RevenueKind::AtAge => definition,
            RevenueKind::Cumulative => definition.note("all that the cohort has brought up to the age"),
        };
        Ok(match params.refunds {
            Refunds::Reject => definition,
            Refunds::Net => definition.note("refunds are taken off"),
        })
    }
}

const QUARTER: &str = "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"";
const ORDERED: &[(usize, &str)] = &[(1, "a,2025-01-05,20"), (1, "b,2025-01-06,10"), (1, "a,2025-02-05,10"), (1, "c,2025-02-08,7")];

/// Orders → customers, with what they bring at each age at which they bring anything.
///
/// | column | what it is |
/// |---|---|
/// | `revenue` | amounts of the age |
/// | `squares` | their square |
/// | `cumulative_squares` | by how much the square of all amounts so far grows with them; most customers buy seldom, and between two purchases it stays |
#[derive(Debug)]
struct Purses;

impl Derive for Purses {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::InSequence
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let time = || col(TIME).cast(DataType::Int64);
        let known = rows.filter(time().lt(lit(context.known_until())));
        let ages = Ages::new(&context.buckets);
        let orders = Entities::in_groups(known, CUSTOMER_ID, context).integers([time(), col(BUCKET)]).numbers([Orders::amount()]);
        Ok(orders.derive("purses", [BUCKET, CELL], [REVENUE, SQUARES, CUMULATIVE_SQUARES], move |customer, derived| {
            let ([times, buckets], [amounts]) = (customer.integers(), customer.numbers());
            let Some(first) = amounts.iter().position(|amount| *amount >= 0.0) else { return };
            // What is paid back at the instant of the first order comes before it in this order, and is of it.
            let first = times.partition_point(|time| *time < times[first]);
            let cohort = buckets[first];
            let Some(end) = ages.between(cohort, i64::MAX).filter(|end| *end > 0) else { return };
            derived.push(customer, [cohort, -1], [0.0; 3]);
            let (mut row, mut so_far) = (first, 0.0);
            for of_bucket in buckets[first..].chunk_by(|one, next| one == next) {
                let revenue: f64 = amounts[row..row + of_bucket.len()].iter().sum();
                row += of_bucket.len();
                let Some(age) = ages.between(cohort, of_bucket[0]).filter(|age| *age < end) else { break };
                let total = so_far + revenue;
                derived.push(customer, [cohort, age], [revenue, revenue * revenue, total * total - so_far * so_far]);
                so_far = total;
            }
        }))
    }
}

/// Revenue per customer by age: 0 where nobody bought, undefined where nobody could have yet.
#[derive(Debug)]
struct Triangle {
    kind: RevenueKind,
    max_age: Option<u32>,
}

/// What a cohort has brought.
#[derive(Debug, Clone, Copy, Default)]
struct Brought {
    at_age: f64,
    squares: f64,
    so_far: f64,
    squares_so_far: f64,
}

impl Triangle {
    /// What the cohort has brought at each age, without end.
    fn ages(group: &Group<'_>) -> impl Iterator<Item = Brought> {
        let sums = |row: &MeasureRow| {
            let sums = [REVENUE, SQUARES, CUMULATIVE_SQUARES].map(|name| row.get(name).unwrap_or(0.0));
            Some((row.dimensions.first()?.clone(), sums))
        };
        let by_age: HashMap<DimensionValue, [f64; 3]> = group.rows.iter().filter_map(sums).collect();
        (0_i64..).scan(Brought::default(), move |brought, age| {
            let [at_age, squares, growth] = by_age.get(&DimensionValue::Integer(age)).copied().unwrap_or_default();
            *brought = Brought { at_age, squares, so_far: brought.so_far + at_age, squares_so_far: brought.squares_so_far + growth };
            Some(*brought)
        })
    }

    /// The mean over the cohort's customers, its sample variance, and their number.
    fn sample(&self, brought: &Brought, customers: f64) -> Option<(f64, f64, f64)> {
        let (sum, squares) = match self.kind {
            RevenueKind::AtAge => (brought.at_age, brought.squares),
            RevenueKind::Cumulative => (brought.so_far, brought.squares_so_far),
        };
        Some((sum / customers, statistics::weighted_variance(customers, customers, sum, squares)?, customers))
    }

    /// The same at the age that dimensions say.
    fn sample_at(&self, dimensions: &[DimensionValue], group: &Group<'_>) -> Option<(f64, f64, f64)> {
        let DimensionValue::Integer(age) = dimensions.first()? else { return None };
        let brought = Self::ages(group).nth(usize::try_from(*age).ok()?)?;
        self.sample(&brought, customers(group))
    }
}

fn customers(group: &Group<'_>) -> f64 {
    group.rows.first().and_then(|row| row.get(CUSTOMERS)).unwrap_or(0.0)
}

impl Evaluate for Triangle {
    fn measures(&self) -> Vec<&str> {
        vec![REVENUE, SQUARES, CUMULATIVE_SQUARES, CUSTOMERS]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![Ages::NAME.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let (known, customers) = (Ages::known(group, context), customers(group));
        let observations = Self::ages(group).zip(0_i64..).zip(0_usize..).take(Ages::shown(self.max_age, context));
        let observations = observations.map(|((brought, age), number)| {
            let brought = Some(brought).filter(|_| number < known);
            let revenue = brought.map(|brought| if self.kind == RevenueKind::AtAge { brought.at_age } else { brought.so_far });
            let sample = brought.and_then(|brought| self.sample(&brought, customers));
            let estimate = Estimate {
                value: revenue.filter(|_| customers > 0.0).map(|revenue| revenue / customers),
                interval: sample.and_then(|(mean, variance, n)| statistics::mean(mean, variance, n, context.confidence)),
                n: Some(customers),
            };
            let measures = [
                (REVENUE, brought.map(|brought| brought.at_age)),
                ("cumulative_revenue", brought.map(|brought| brought.so_far)),
                (CUSTOMERS, Some(customers)),
            ];
            let measures = measures.map(|(name, value)| (name.to_owned(), value)).to_vec();
            Observation { dimensions: vec![DimensionValue::Integer(age)], estimate, measures }
        });
        Ok(Evaluation { observations: observations.collect(), ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        statistics::welch(self.sample_at(dimensions, now)?, self.sample_at(dimensions, before)?)
    }
}

register_metric!(CohortRevenue);
