//! Customer lifespan: how long customers stay.

use std::time::Duration;

use custometer_core::prelude::*;
use custometer_core::statistics;
use custometer_core::time::Bucket;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::shared::spans::{Amounts, CHANGE, Changes, CustomerBasis, DAYS, Endings, Ends, LifetimeUnit, Overlaps, SpanRules, Spans};

const START: &str = "customers_at_start";
const LOST: &str = "lost_customers";

/// Parameters of [`CustomerLifespan`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerLifespanParams {
    /// How the lifespan is found.
    pub method: LifespanMethod,
    /// What it is counted in.
    pub unit: LifetimeUnit,
    /// Where the table says when somebody was a customer.
    pub basis: CustomerBasis,
    /// After how many local days without an order a customer is gone, 1 or more; with `basis = "activity"` only.
    pub inactive_after_days: Option<u32>,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
    /// What a negative amount among orders means: a mistake unless said. With `basis = "activity"` only; amounts are read where the table has
    /// them, and tell money back from purchases.
    pub refunds: Option<Refunds>,
    /// What one order is; with `basis = "activity"` only.
    pub one_order_per: OneOrderPer,
}

/// How the lifespan is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifespanMethod {
    /// As the mean of the lifetimes that ended in the bucket. Those that go on are longer, and not among them.
    #[default]
    Ended,
    /// As 1 / churn: how long customers stay on average if the share of them that left in the bucket always leaves in as much time.
    InverseChurn,
}

/// `loyalty.customer_lifespan`: how long do customers stay?
pub struct CustomerLifespan;

impl Metric for CustomerLifespan {
    type Params = CustomerLifespanParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.customer_lifespan",
        title: "Customer lifespan",
        summary: "How long customers stay on average.",
        formula: "Σ lifetimes that ended in the bucket / their number; with `method = \"inverse_churn\"`: length of the bucket · S / lost, of \
            S customers at its start",
        unit: Unit::Days,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No lifetime that ended in the bucket, or none lost of those at its start: undefined.",
            "Lifetimes that go on are not in the mean, which is therefore too short while a company grows: `open` says how many customers \
                there are at the end, and `loyalty.survival` takes them in.",
            "One lifetime, or lifetimes of one length: no interval.",
            "A lifetime is counted in local days and parts of a day; a month has 30.436875 days, a year 365.2425.",
            "Spans of a customer that adjoin are one lifetime; a customer who comes back has another one.",
            "With `method = \"inverse_churn\"`, a bucket of which a part is not known yet is as long as what is known.",
            "In a breakdown, a customer has a lifetime in every group they have spans in.",
            "An end before its start, a row without a customer, and a span that overlaps another of its customer are rejected; \
                with `overlaps = \"unite\"`, a lifetime goes on while any span does.",
        ],
        examples: &[
            Example {
                title: "lifetimes of 10, 20 and 60 days, one of them in two spans, and two that go on",
                report: "from = 2025-03-01\nuntil = 2025-04-01",
                header: "customer_id,started_at,ended_at",
                rows: &[
                    (1, "a,2025-03-01,2025-03-11"),
                    (1, "b,2025-02-28,2025-03-20"),
                    (1, "c,2025-01-10,2025-02-10"),
                    (1, "c,2025-02-10,2025-03-11"),
                    (1, "d,2025-01-10,"),
                    (1, "a,2025-03-20,"),
                ],
                expected: &[("", Some(30.0))],
                ..Example::NONE
            },
            Example {
                title: "5 of 100 customers leave in a month of 30 days",
                report: "from = 2025-04-01\nuntil = 2025-05-01",
                params: "method = \"inverse_churn\"\nunit = \"years\"",
                header: "customer_id,started_at,ended_at",
                rows: &[(95, "a{i},2024-06-01,"), (5, "b{i},2024-06-01,2025-04-20")],
                expected: &[("", Some(1.642_744_204_192_994_8))],
            },
            Example {
                title: "nobody leaves",
                report: "from = 2025-04-01\nuntil = 2025-05-01",
                params: "method = \"inverse_churn\"",
                header: "customer_id,started_at,ended_at",
                rows: &[(95, "a{i},2024-06-01,")],
                expected: &[("", None)],
            },
        ],
        references: &[
            "Student, Biometrika 6 (1908), for the interval of the mean",
            "E. B. Wilson, JASA 22 (1927), for the interval of the churn rate that 1 / churn takes over",
        ],
    };

    fn define(params: &CustomerLifespanParams) -> Result<Definition, ParamError> {
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        let orders = Orders::counted(params.refunds, params.one_order_per);
        let spans = Spans::of(params.basis, params.inactive_after_days, rules, orders)?;
        let (definition, unit) = (Definition::over(spans.source()).unit(params.unit.unit()), params.unit.days());
        Ok(match params.method {
            LifespanMethod::Ended => {
                let lifetime = || quotient(col(DAYS), lit(unit));
                definition
                    .derive(Endings { spans })
                    .measure(sum("total_lifetime", lifetime()))
                    .measure(count("ended").filter(col(CHANGE).eq(lit(-1))))
                    .measure(variance("lifetime_variance", lifetime()))
                    .measure(sum("open", col(CHANGE)).closing())
                    .value(Value::mean("total_lifetime", "ended", "lifetime_variance"))
            }
            LifespanMethod::InverseChurn => {
                let formula = RowFormula::of(&[START, LOST], move |row, group, context| {
                    let [start, lost] = [START, LOST].map(|name| row.get(name).unwrap_or(0.0));
                    let length = days(group.bucket, context.as_of).filter(|_| lost > 0.0).map(|days| days / unit);
                    let churn = statistics::wilson(lost, start, context.confidence).filter(|(low, _)| *low > 0.0);
                    let estimate = Estimate {
                        value: length.map(|length| length * start / lost),
                        interval: length.zip(churn).map(|(length, (low, high))| (length / high, length / low)),
                        n: Some(start),
                    };
                    Found::new(estimate, vec![(START, Some(start)), (LOST, Some(lost))])
                });
                definition
                    .derive(Changes { spans, amounts: Amounts::Ignored })
                    .measure(Changes::customers_at_start(START))
                    .measure(count(LOST).filter(Changes::left()))
                    .value(formula.value())
                    .note("1 / churn")
            }
        })
    }
}

/// How many local days of a bucket are known.
fn days(bucket: &Bucket, as_of: Option<i64>) -> Option<f64> {
    let (start, end) = bucket.start.as_ref().zip(bucket.end.as_ref())?;
    let known = match as_of {
        Some(as_of) => start.checked_add(Duration::from_micros(u64::try_from(as_of - start.timestamp().as_microsecond()).ok()?)).ok()?,
        None => end.clone(),
    };
    let seconds = start.datetime().duration_until(known.min(end.clone()).datetime()).as_secs_f64();
    (seconds > 0.0).then_some(seconds / 86_400.0)
}

register_metric!(CustomerLifespan);
