//! Movements of monthly recurring revenue: from what it was to what it is.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation};

use crate::shared::revenue::{self, Rates, RevenueParams, is_exchange};
use crate::shared::spans::{Changes, IS_ACTIVE, WAS_ACTIVE, WAS_BEFORE};

const MOVEMENT: &str = "movement";
const CHANGE: &str = "change";
const CUSTOMERS: &str = "customers";
const OPENING: &str = "opening_mrr";
const AT_START: &str = "customers_at_start";
const COME: &str = "customers_more";

/// What adds to the revenue comes first, and what no customer does last.
const MOVEMENTS: [&str; 6] = ["new", "expansion", "reactivation", "contraction", "churn", EXCHANGE];
const EXCHANGE: &str = "exchange";

/// `loyalty.mrr_movement`: where does the change of the revenue come from?
pub struct MrrMovement;

impl Metric for MrrMovement {
    type Params = RevenueParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.mrr_movement",
        title: "Movements of monthly recurring revenue",
        summary: "What new customers, other amounts, returns and departures add to the monthly recurring revenue in a bucket, or take from it.",
        formula: "opening MRR + new + expansion + reactivation − contraction − churn = closing MRR, each movement an amount of 0 or more; by dated \
            rates: opening MRR + new + expansion + reactivation − contraction − churn + exchange = closing MRR",
        unit: Unit::Currency,
        range: "0 or more; exchange below 0 where rates fall",
        direction: Direction::Neutral,
        edge_cases: &[
            "No movement of a kind: 0. All five kinds appear in every bucket, and beside each stand the opening and the closing MRR.",
            "Each customer moves once in a bucket, by the difference of what they pay at its end and at its start.",
            "New: pays, and never did before the bucket. Reactivation: pays, did so at some time before, and did not as the bucket opened.",
            "Churn: paid as the bucket opened, and pays nothing as it closes. Expansion and contraction: pays more, or less, as it closes \
             than as it opened.",
            "A customer who joins and leaves within a bucket makes no movement in it, and counts as one who comes back when they pay \
             again.",
            "A customer is somebody who pays. Somebody who goes on to a span with the amount 0 has churned.",
            "A difference below a billionth of what is paid comes from rounding, and is not a movement.",
            "In a breakdown, a customer who moves to another group is churn in the one and new in the other.",
            "Amounts that are converted by dated rates: a movement more, `exchange`. MRR is at the rates of the last day before it is opened or closed; \
             exchange is the opening MRR at the rates of the bucket's end less the opening MRR, and what customers do is at the rates of the \
             bucket's end. n is how many customers' amounts were worth another one.",
            "An end before its start, a negative or missing amount, a row without a customer, and a span that overlaps another of its \
                customer are rejected; with `overlaps = \"unite\"`, a customer pays the sum of their spans.",
        ],
        examples: &[Example {
            title: "one customer of each movement in January; a and d leave in February",
            report: "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"",
            header: "customer_id,started_at,ended_at,amount_per_month",
            rows: &[
                (1, "a,2025-01-10,2025-02-01,20"),
                (1, "b,2024-06-01,2025-01-10,10"),
                (1, "b,2025-01-10,,18"),
                (1, "c,2024-06-01,2024-09-01,4"),
                (1, "c,2025-01-31,,6"),
                (1, "d,2024-06-01,2025-01-10,10"),
                (1, "d,2025-01-10,2025-02-10,7"),
                (1, "e,2024-06-01,2025-01-10,5"),
            ],
            expected: &[
                ("2025-01-01 movement=new", Some(20.0)),
                ("2025-01-01 movement=expansion", Some(8.0)),
                ("2025-01-01 movement=reactivation", Some(6.0)),
                ("2025-01-01 movement=contraction", Some(3.0)),
                ("2025-01-01 movement=churn", Some(5.0)),
                ("2025-02-01 movement=new", Some(0.0)),
                ("2025-02-01 movement=expansion", Some(0.0)),
                ("2025-02-01 movement=reactivation", Some(0.0)),
                ("2025-02-01 movement=contraction", Some(0.0)),
                ("2025-02-01 movement=churn", Some(27.0)),
            ],
            ..Example::NONE
        }],
        references: &[],
    };

    fn define(params: &RevenueParams) -> Result<Definition, ParamError> {
        Ok(Rates::both(|rates| {
            let [new, expansion, reactivation, contraction, churn, exchange] = MOVEMENTS.map(lit);
            let came = when(col(WAS_BEFORE).eq(lit(1))).then(reactivation).otherwise(new);
            let stayed = when(revenue::change().gt(lit(0.0))).then(expansion).otherwise(contraction);
            let movement = when(Changes::came()).then(came).when(Changes::left()).then(churn).otherwise(stayed);
            let (movement, kinds) = match rates {
                Rates::Constant => (movement, &MOVEMENTS[..5]),
                Rates::Changing => (when(is_exchange()).then(exchange).otherwise(movement), MOVEMENTS.as_slice()),
            };
            let more = || col(IS_ACTIVE) - col(WAS_ACTIVE);
            let definition = revenue::definition(params.rules(), rates)
                .own_dimension_over(MOVEMENT, movement, kinds.iter().copied().map(DimensionValue::from).collect())
                .measure(sum(CHANGE, revenue::change()))
                .measure(count(CUSTOMERS))
                .measure(sum(OPENING, revenue::change()).opening().scope(Scope::OwnDimensions))
                .measure(sum(AT_START, more()).opening().scope(Scope::OwnDimensions))
                .measure(sum(COME, more()).scope(Scope::OwnDimensions))
                .value(Value::function(Walk));
            rates.noted_as_they_change(definition)
        }))
    }
}

/// The way from the opening to the closing revenue.
#[derive(Debug)]
struct Walk;

impl Evaluate for Walk {
    fn measures(&self) -> Vec<&str> {
        vec![CHANGE, CUSTOMERS, OPENING, AT_START, COME]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![MOVEMENT.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, _: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let of_group = |name: &str| group.rows.first().and_then(|row| row.get(name)).unwrap_or(0.0);
        // A sum of what came and went leaves rounding where nothing is left.
        let where_any = |customers: f64, amount: f64| if customers > 0.0 { amount } else { 0.0 };
        let opening = where_any(of_group(AT_START), of_group(OPENING));
        let changes = group.rows.iter().filter_map(|row| row.get(CHANGE));
        let closing = where_any(of_group(AT_START) + of_group(COME), opening + changes.sum::<f64>());
        let observations = group.rows.iter().map(|row| {
            let customers = row.get(CUSTOMERS);
            // Rates go up and down; all else is an amount that its name says the direction of.
            let is_signed = row.dimensions.last() == Some(&DimensionValue::from(EXCHANGE));
            let value = row.get(CHANGE).map(|change| if is_signed { change } else { change.abs() });
            let estimate = Estimate { value, interval: None, n: customers };
            let evidence = [(OPENING, Some(opening)), ("closing_mrr", Some(closing)), (CUSTOMERS, customers)];
            let measures = evidence.map(|(name, value)| (name.to_owned(), value)).to_vec();
            Observation { dimensions: row.dimensions.clone(), estimate, measures }
        });
        Ok(Evaluation { observations: observations.collect(), ..Evaluation::default() })
    }
}

register_metric!(MrrMovement);
