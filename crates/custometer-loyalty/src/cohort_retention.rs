//! Cohort retention: who came at the same time, and how many of them are there later.

use std::collections::HashMap;

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::row_formula::percent;
use custometer_core::time::BUCKET;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation, statistics};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::ages::Ages;
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;
use crate::shared::spans::{CHANGE, Ends, FIRST_BUCKET, LAST_BUCKET, Overlaps, SpanRules, Spans};
use crate::tables::{BOUGHT, CUSTOMER_ID, TIME};

const RETAINED: &str = "retained";
const COHORT: &str = "cohort";
/// What tells the rows of a customer apart: 0 for the one that puts them into their cohort, and from 1 on ages or brackets.
const CELL: &str = "cell";

/// Parameters of [`CohortRetention`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CohortRetentionParams {
    /// What a customer is active in.
    pub basis: CohortBasis,
    /// When a customer counts as retained at an age.
    pub kind: CohortKind,
    /// First and last age of each bracket, in buckets, such as `[[1, 3], [4, 6]]`; with `kind = "bracket"` only.
    pub brackets: Vec<[u32; 2]>,
    /// The last age that is shown; as many as the period has unless said.
    pub max_age: Option<u32>,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
    /// What a negative amount means: a mistake unless said. Amounts are read where the table has them, and tell money back from purchases.
    pub refunds: Option<Refunds>,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

/// What a customer is active in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CohortBasis {
    /// In buckets in which they ordered.
    #[default]
    Orders,
    /// In all buckets that a span of theirs reaches into.
    Spans,
}

/// When a customer counts as retained at an age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CohortKind {
    /// When active in the bucket of exactly this age.
    #[default]
    Bounded,
    /// When active in it or in a later one, as far as is known.
    Unbounded,
    /// When active in any bucket of a bracket of ages.
    Bracket,
}

/// `loyalty.cohort_retention`: of those who came together, how many are there later?
pub struct CohortRetention;

impl Metric for CohortRetention {
    type Params = CohortRetentionParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.cohort_retention",
        title: "Cohort retention",
        summary: "Of the customers who were first active in a bucket, the share who are active so many buckets later.",
        formula: "100 · customers of the cohort who are active at the age / customers of the cohort; the cohort is the bucket of the first \
            activity, the age its distance in buckets",
        unit: Unit::Percent,
        range: "0 to 100; at age 0, bounded, 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer in the cohort: undefined.",
            "A cell whose bucket is beyond the period, or has not ended by the as-of date, is undefined, not 0; so is a bracket whose last \
                bucket is.",
            "Customers who were first active before the period belong to no cohort.",
            "Unbounded, the shares of the last ages are too low: who comes back after the as-of date can't be known yet.",
            "With `basis = \"spans\"`, a customer is active in every bucket that a span reaches into, the one in which it ends included; a \
                span that ends as a bucket begins does not reach into it.",
            "In a breakdown, a customer has a cohort in every group they are active in, by what they do in it.",
            "Money back is not a purchase: a negative amount is rejected, and with `refunds = \"net\"` left out. Where the table has no amounts, every \
             row is a purchase.",
            "With `one_order_per = \"order_id\"`, an order is in the bucket of its first line. Without it, every row is an order, and the note says so \
             where an `order_id` comes in several rows.",
            "A row without a customer is rejected. With spans, so is an end before its start, and a span that overlaps another of its \
                customer unless `overlaps = \"unite\"`.",
        ],
        examples: &[
            Example {
                title: "a and b come in January, c in February",
                report: "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"",
                header: "customer_id,time",
                rows: ORDERED,
                expected: &[
                    ("2025-01-01 age=0", Some(100.0)),
                    ("2025-01-01 age=1", Some(50.0)),
                    ("2025-01-01 age=2", Some(50.0)),
                    ("2025-02-01 age=0", Some(100.0)),
                    ("2025-02-01 age=1", Some(0.0)),
                    ("2025-02-01 age=2", None),
                    ("2025-03-01 age=0", None),
                    ("2025-03-01 age=1", None),
                    ("2025-03-01 age=2", None),
                ],
                ..Example::NONE
            },
            Example {
                title: "the same, unbounded",
                report: "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"",
                params: "kind = \"unbounded\"\nmax_age = 1",
                header: "customer_id,time",
                rows: ORDERED,
                expected: &[
                    ("2025-01-01 age=0", Some(100.0)),
                    ("2025-01-01 age=1", Some(100.0)),
                    ("2025-02-01 age=0", Some(100.0)),
                    ("2025-02-01 age=1", Some(0.0)),
                    ("2025-03-01 age=0", None),
                    ("2025-03-01 age=1", None),
                ],
            },
            Example {
                title: "the same in a bracket of two months",
                report: "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"",
                params: "kind = \"bracket\"\nbrackets = [[1, 2]]",
                header: "customer_id,time",
                rows: ORDERED,
                expected: &[("2025-01-01 age=1 to 2", Some(100.0)), ("2025-02-01 age=1 to 2", None), ("2025-03-01 age=1 to 2", None)],
            },
            Example {
                title: "spans: a stays until February, b goes on, c ends as March begins",
                report: "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"",
                params: "basis = \"spans\"",
                header: "customer_id,started_at,ended_at",
                rows: &[(1, "a,2025-01-10,2025-02-10"), (1, "b,2025-01-20,"), (1, "c,2025-02-10,2025-03-01"), (1, "d,2024-12-10,")],
                expected: &[
                    ("2025-01-01 age=0", Some(100.0)),
                    ("2025-01-01 age=1", Some(100.0)),
                    ("2025-01-01 age=2", Some(50.0)),
                    ("2025-02-01 age=0", Some(100.0)),
                    ("2025-02-01 age=1", Some(0.0)),
                    ("2025-02-01 age=2", None),
                    ("2025-03-01 age=0", None),
                    ("2025-03-01 age=1", None),
                    ("2025-03-01 age=2", None),
                ],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &CohortRetentionParams) -> Result<Definition, ParamError> {
        let brackets = |message: &str| ParamError::new("brackets", message);
        match params.kind {
            CohortKind::Bracket if params.brackets.is_empty() => {
                return Err(brackets("`kind = \"bracket\"` needs brackets of ages")
                    .help("say their first and last ages: `brackets = [[1, 3], [4, 6]]`"));
            }
            CohortKind::Bracket if params.max_age.is_some() => {
                return Err(ParamError::new("max_age", "brackets say themselves which age is the last").help("leave it out"));
            }
            CohortKind::Bounded | CohortKind::Unbounded if !params.brackets.is_empty() => {
                return Err(brackets("only `kind = \"bracket\"` has brackets").help("leave it out"));
            }
            _ => {}
        }
        let in_order = params.brackets.windows(2).all(|pair| pair[0][1] < pair[1][0]);
        if !in_order || params.brackets.iter().any(|[first, last]| first > last) {
            return Err(brackets("a bracket is its first and its last age, and begins after the one before has ended"));
        }
        let rules = SpanRules { overlaps: params.overlaps, ends: params.ends };
        let orders = Orders::counted(params.refunds, params.one_order_per);
        let (source, spans) = match params.basis {
            CohortBasis::Orders => {
                rules.refuse_of_orders()?;
                (orders.source().always_at(TIME).column(BOUGHT), None)
            }
            CohortBasis::Spans => {
                orders.refuse_of_spans()?;
                (Spans::Subscribed(rules).source(), Some(rules))
            }
        };
        let cells = Cells { kind: params.kind, brackets: params.brackets.clone() };
        let definition = Definition::over(source)
            .derive(Cohorts { spans, orders, cells: cells.clone() })
            .own_dimension(CELL, col(CELL))
            .measure(sum(RETAINED, col(CHANGE)))
            .measure(count(COHORT).filter(col(CELL).eq(lit(0))).scope(Scope::OwnDimensions))
            .value(Value::function(Triangle { cells, max_age: params.max_age }))
            .picture(Picture::Cohorts);
        Ok(match params.kind {
            CohortKind::Bounded => definition,
            CohortKind::Unbounded => definition.note("active at the age or later, as far as is known"),
            CohortKind::Bracket => definition.note("active at any age of the bracket"),
        })
    }
}

const ORDERED: &[(usize, &str)] =
    &[(1, "a,2025-01-05"), (1, "a,2025-02-05"), (1, "b,2025-01-06"), (1, "b,2025-03-07"), (1, "c,2025-02-08")];

/// What the cells of a cohort are: ages, or brackets of them.
#[derive(Debug, Clone)]
struct Cells {
    kind: CohortKind,
    brackets: Vec<[u32; 2]>,
}

/// Orders or spans → customers, with what they are to the cells of their cohort.
///
/// A customer who stays for a thousand buckets is one more in the cell of the first and one fewer in that after the last: what is retained
/// at an age is the sum up to its cell. Only in brackets each cell stands for itself.
#[derive(Debug)]
struct Cohorts {
    /// How spans are read; none where customers are active by orders.
    spans: Option<SpanRules>,
    orders: Orders,
    cells: Cells,
}

impl Derive for Cohorts {
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
        let active = if let Some(rules) = self.spans {
            Spans::active_buckets(rules, rows, context)
        } else {
            let known = rows.filter(col(TIME).cast(DataType::Int64).lt(lit(context.known_until())));
            let purchases = self.orders.purchases(known, context, [BUCKET]);
            purchases.with_columns([col(BUCKET).alias(FIRST_BUCKET), col(BUCKET).alias(LAST_BUCKET)])
        };
        let ages = Ages::new(&context.buckets);
        let cells = self.cells.clone();
        let is_unbounded = cells.kind == CohortKind::Unbounded;
        let buckets = i64::try_from(context.buckets.as_slice().len()).unwrap_or(i64::MAX);
        let active = Entities::in_groups(active, CUSTOMER_ID, context).integers([col(FIRST_BUCKET), col(LAST_BUCKET)]);
        Ok(active.derive("cohorts", [BUCKET, CELL, CHANGE], [], move |customer, derived| {
            let [first, last] = customer.integers();
            let cohort = first[0];
            let age = |bucket: i64| ages.between(cohort, bucket);
            let runs = first.iter().zip(last).filter_map(|(first, last)| Some((age(*first)?, age(*last + 1)?)));
            let mut runs = united(runs.filter(|(from, until)| from < until));
            let end = age(i64::MAX).unwrap_or(0);
            // Who comes back after the period is active later than any of its ages.
            if let Some((_, until)) = runs.last_mut().filter(|_| is_unbounded && last.iter().any(|bucket| *bucket >= buckets)) {
                *until = end;
            }
            if !runs.is_empty() {
                derived.push(customer, [cohort, 0, 1], []);
                cells.fill(&runs, end, |cell, change| derived.push(customer, [cohort, cell, change], []));
            }
        }))
    }
}

/// Runs of ages, each to before its end, as few as tell the same. They come in the order of their beginning.
fn united(runs: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut united: Vec<(i64, i64)> = Vec::new();
    for (from, until) in runs {
        match united.last_mut().filter(|(_, end)| from <= *end) {
            Some((_, end)) => *end = until.max(*end),
            None => united.push((from, until)),
        }
    }
    united
}

impl Cells {
    /// What runs of ages at which a customer is active add to cells. Ages from `end` on are beyond the period.
    fn fill(&self, runs: &[(i64, i64)], end: i64, mut add: impl FnMut(i64, i64)) {
        let mut add_run = |from: i64, until: i64| {
            add(from + 1, 1);
            if until < end {
                add(until + 1, -1);
            }
        };
        match self.kind {
            CohortKind::Bounded => runs.iter().for_each(|(from, until)| add_run(*from, *until)),
            CohortKind::Unbounded => runs.last().into_iter().for_each(|(_, until)| add_run(0, *until)),
            CohortKind::Bracket => {
                for (cell, [first, last]) in (1..).zip(&self.brackets) {
                    if runs.iter().any(|(from, until)| *from <= i64::from(*last) && i64::from(*first) < *until) {
                        add(cell, 1);
                    }
                }
            }
        }
    }

    /// The cells of a cohort: how each is called, its last age, and how many customers it retains.
    fn of<'a>(&'a self, group: &Group<'_>) -> Box<dyn Iterator<Item = (DimensionValue, usize, f64)> + 'a> {
        let changes = group.rows.iter().filter_map(|row| Some((row.dimensions.first()?.clone(), row.get(RETAINED)?)));
        let changes: HashMap<DimensionValue, f64> = changes.collect();
        let change = move |cell: i64| changes.get(&DimensionValue::Integer(cell)).copied().unwrap_or(0.0);
        if self.kind == CohortKind::Bracket {
            let brackets = (1..).zip(&self.brackets).map(move |(cell, [first, last])| {
                let name = if first == last { first.to_string() } else { format!("{first} to {last}") };
                (DimensionValue::Text(name), *last as usize, change(cell))
            });
            return Box::new(brackets);
        }
        let ages = (0_i64..).zip(0_usize..).scan(0.0, move |retained, (age, number)| {
            *retained += change(age + 1);
            Some((DimensionValue::Integer(age), number, *retained))
        });
        Box::new(ages)
    }
}

/// Retention by age: 0 where nobody was active, undefined where nobody could have been yet.
#[derive(Debug)]
struct Triangle {
    cells: Cells,
    max_age: Option<u32>,
}

impl Triangle {
    /// How many customers a cell retains, and how many the cohort has.
    fn cell(&self, dimensions: &[DimensionValue], group: &Group<'_>) -> Option<(f64, f64)> {
        let last = match dimensions.first()? {
            DimensionValue::Integer(age) => usize::try_from(*age).ok()?,
            _ => self.cells.brackets.len(),
        };
        let mut cells = self.cells.of(group).take(last + 1);
        let (.., retained) = cells.find(|(name, ..)| Some(name) == dimensions.first())?;
        Some((retained, group.rows.first()?.get(COHORT)?))
    }
}

impl Evaluate for Triangle {
    fn measures(&self) -> Vec<&str> {
        vec![RETAINED, COHORT]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![Ages::NAME.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let known = Ages::known(group, context);
        let cohort = group.rows.first().and_then(|row| row.get(COHORT)).unwrap_or(0.0);
        let ages = Ages::shown(self.max_age, context);
        let shown = if self.cells.kind == CohortKind::Bracket { self.cells.brackets.len() } else { ages };
        let observations = self.cells.of(group).take(shown).map(|(name, last_age, retained)| {
            let retained = Some(retained).filter(|_| last_age < known);
            let interval = retained.and_then(|retained| statistics::wilson(retained, cohort, context.confidence));
            let estimate = Estimate {
                value: retained.and_then(|retained| percent(retained, cohort)),
                interval: interval.map(|(low, high)| (100.0 * low, 100.0 * high)),
                n: Some(cohort),
            };
            let measures = vec![(RETAINED.to_owned(), retained), (COHORT.to_owned(), Some(cohort))];
            Observation { dimensions: vec![name], estimate, measures }
        });
        Ok(Evaluation { observations: observations.collect(), ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        statistics::two_proportions(self.cell(dimensions, now)?, self.cell(dimensions, before)?)
    }
}

register_metric!(CohortRetention);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_differences_between_ages() {
        let fill = |kind: CohortKind, brackets: &[[u32; 2]]| {
            let runs = united([(0, 2), (1, 3), (3, 4), (6, 9)].into_iter());
            let mut cells = Vec::new();
            Cells { kind, brackets: brackets.to_vec() }.fill(&runs, 9, |cell, change| cells.push((cell, change)));
            cells
        };
        // Active at the ages 0 to 3 and 6 to 8, of 9 that there are.
        assert_eq!(fill(CohortKind::Bounded, &[]), [(1, 1), (5, -1), (7, 1)]);
        assert_eq!(fill(CohortKind::Unbounded, &[]), [(1, 1)]);
        assert_eq!(fill(CohortKind::Bracket, &[[1, 2], [4, 5], [4, 6], [8, 20], [9, 20]]), [(1, 1), (3, 1), (4, 1)]);
    }
}
