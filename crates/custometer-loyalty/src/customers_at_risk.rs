//! Customers at risk: those who have probably left. Source: P. S. Fader, B. G. S. Hardie & K. L. Lee, "“Counting your customers” the easy way:
//! an alternative to the Pareto/NBD model", Marketing Science 24 (2005).

use custometer_core::prelude::*;
use custometer_core::statistics;
use custometer_core::time::CalendarUnit;
use custometer_core::value::Annotations;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::buyers::{Buyers, MODIFIED, definition, observation};
use crate::shared::history::{Histories, PurchasePeriod};
use crate::shared::models::PurchaseModel;
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`CustomersAtRisk`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CustomersAtRiskParams {
    /// Below this probability of being still there, a customer is at risk: 0.5 unless said.
    pub threshold: f64,
    /// After which purchases a customer may leave.
    pub model: PurchaseModel,
    /// Orders within one of these are one purchase.
    pub purchase_period: PurchasePeriod,
    /// The unit of recency and T, and of the model's parameter alpha.
    pub time_unit: CalendarUnit,
    /// What a negative amount means: a mistake unless said. Amounts are read where the table has them, and tell money back from purchases.
    pub refunds: Option<Refunds>,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

impl Default for CustomersAtRiskParams {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            model: PurchaseModel::default(),
            purchase_period: PurchasePeriod::default(),
            time_unit: CalendarUnit::Week,
            refunds: None,
            one_order_per: OneOrderPer::default(),
        }
    }
}

/// `loyalty.customers_at_risk`: how many customers have probably left?
pub struct CustomersAtRisk;

impl Metric for CustomersAtRisk {
    type Params = CustomersAtRiskParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.customers_at_risk",
        title: "Customers at risk",
        summary: "The share of customers who have probably left, by how often and how recently each of them bought.",
        formula: "100 · customers with P(alive) < threshold / customers; P(alive) by BG/NBD or MBG/NBD of frequency, recency and T, \
                  fitted by maximum likelihood",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No customer: undefined.",
            "Fewer than 40 customers who bought again, or a fit that does not converge: undefined, with the reason in the note.",
            "BG/NBD assumes that customers leave only after a repeat purchase. So somebody who bought once has a P(alive) of 1, \
             however long ago that was, and is never at risk: `repeat_customers` says how many can be. With `model = \"mbg_nbd\"`, customers may leave \
             after any purchase, and who bought once can be at risk too.",
            "Orders of a customer within one `purchase_period` are one purchase. Frequency is the purchase periods after the first, recency the time \
             from the first to the last, T the time from the first to the one that the bucket ends in.",
            "All orders up to the bucket's end count, also those before the report's period. Without a period, the bucket is that of the data. An \
             order on the as-of date or later is not known yet, and left out.",
            "Every bucket and group is fitted for itself, and has a row for every customer so far.",
            "The interval is that of a share of customers, and leaves out how sure the model is. There is no test of a change, since the \
             customers of an earlier bucket are among those of a later one.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "Money back is not a purchase: a negative amount is rejected, and with `refunds = \"net\"` left out. Where the table has no amounts, every \
             row is a purchase.",
            "With `one_order_per = \"order_id\"`, an order was made when its first line was. Without it, every row is an order, and the note says so \
             where an `order_id` comes in several rows.",
            "A row without a customer is rejected; with `one_order_per = \"order_id\"`, so is one without an id.",
        ],
        examples: &[Example {
            title: "too few customers for a fit",
            header: "customer_id,time",
            rows: &[(1, "a,2025-01-05"), (1, "a,2025-02-05"), (30, "b{i},2025-02-07")],
            expected: &[("", None)],
            ..Example::NONE
        }],
        references: &[
            "P. S. Fader, B. G. S. Hardie & K. L. Lee, \"“Counting your customers” the easy way: an alternative to the Pareto/NBD model\", \
             Marketing Science 24 (2005), 275–284",
            MODIFIED,
            "E. B. Wilson, JASA 22 (1927), for the interval",
        ],
    };

    fn define(params: &CustomersAtRiskParams) -> Result<Definition, ParamError> {
        let CustomersAtRiskParams { threshold, model, purchase_period, time_unit, refunds, one_order_per } = *params;
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(ParamError::new("threshold", format!("a probability to be below is above 0 and at most 1, and not {threshold}")));
        }
        let orders = Orders::counted(refunds, one_order_per);
        Ok(definition(Histories { orders, purchase_period, time_unit })
            .value(Value::function(ShareAtRisk { model, days: time_unit.days(), threshold }))
            .detail(&["frequency", "recency", "T"])
            .note(format!("at risk below a P(alive) of {threshold} by {}", model.title())))
    }
}

#[derive(Debug)]
struct ShareAtRisk {
    model: PurchaseModel,
    /// The days of a unit of time.
    days: f64,
    threshold: f64,
}

impl Evaluate for ShareAtRisk {
    fn measures(&self) -> Vec<&str> {
        vec!["customers"]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let buyers = Buyers::all(group.rows, self.days);
        let customers = Buyers::sum(&buyers, |_| 1.0);
        let fit = Buyers::fit(self.model, &buyers);
        let note = fit.as_ref().err().map(ToString::to_string);
        let fit = fit.ok();
        let alive: Option<Vec<f64>> = fit.as_ref().map(|fit| buyers.iter().map(|buyers| buyers.probability_alive(&fit.model)).collect());
        let is_at_risk = |p_alive: f64| f64::from(u8::from(p_alive < self.threshold));
        let sum = |of: &dyn Fn(f64) -> f64| {
            let each = buyers.iter().zip(alive.as_ref()?).map(|(buyers, p_alive)| buyers.history.customers * of(*p_alive));
            Some(each.sum::<f64>())
        };
        let at_risk = sum(&is_at_risk);
        let percent = |(low, high): (f64, f64)| (100.0 * low, 100.0 * high);
        let estimate = Estimate {
            value: at_risk.map(|at_risk| 100.0 * at_risk / customers),
            interval: at_risk.and_then(|at_risk| statistics::wilson(at_risk, customers, context.confidence)).map(percent),
            n: Some(customers),
        };
        let mut evidence = vec![("customers_at_risk", at_risk)];
        evidence.extend(Buyers::evidence(&buyers, fit.as_ref()));
        evidence.push(("mean_p_alive", sum(&|p_alive| p_alive).map(|sum| sum / customers)));
        let told = |(buyers, p_alive): (&Buyers<'_>, &f64)| {
            (buyers.own.to_vec(), [*p_alive, is_at_risk(*p_alive)].map(DimensionValue::from).to_vec())
        };
        let rows = alive.iter().flat_map(|alive| buyers.iter().zip(alive).map(told)).collect();
        Ok(Evaluation {
            observations: vec![observation(estimate, evidence)],
            annotations: Some(Annotations { columns: vec!["p_alive".to_owned(), "at_risk".to_owned()], rows }),
            note,
        })
    }
}

register_metric!(CustomersAtRisk);
