//! Predicted customer lifetime value. Source: P. S. Fader, B. G. S. Hardie & K. L. Lee, "“Counting your customers” the easy way: an alternative to
//! the Pareto/NBD model", Marketing Science 24 (2005); P. S. Fader & B. G. S. Hardie, "The gamma-gamma model of monetary value" (2013).

use std::collections::HashMap;

use custometer_core::prelude::*;
use custometer_core::time::CalendarUnit;
use custometer_core::value::Annotations;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::buyers::{Buyers, MODIFIED, definition, observation};
use crate::shared::history::{Histories, PurchasePeriod};
use crate::shared::margin::{Margin, MarginFrom};
use crate::shared::models::gamma_gamma::{DOUBTFUL_CORRELATION, spend_frequency_correlation};
use crate::shared::models::{BgNbd, Fit, GammaGamma, Horizon, PurchaseHistory, PurchaseModel, Spend};
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`ClvPredicted`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClvPredictedParams {
    /// How many months ahead purchases are predicted: 12 unless said.
    pub horizon_months: u32,
    /// How much less money is worth when it comes a year later, 0.1 for 10 %: nothing unless said.
    pub discount_rate_per_year: f64,
    /// The gross margin of all orders, 0.2 for 20 %. Without one, the value is in revenue.
    pub margin_rate: Option<f64>,
    /// After which purchases a customer may leave.
    pub model: PurchaseModel,
    /// Orders within one of these are one purchase.
    pub purchase_period: PurchasePeriod,
    /// The unit of recency and T, and of the model's parameter alpha.
    pub time_unit: CalendarUnit,
    /// What a negative amount means.
    pub refunds: Refunds,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

impl Default for ClvPredictedParams {
    fn default() -> Self {
        Self {
            horizon_months: 12,
            discount_rate_per_year: 0.0,
            margin_rate: None,
            model: PurchaseModel::default(),
            purchase_period: PurchasePeriod::default(),
            time_unit: CalendarUnit::Week,
            refunds: Refunds::default(),
            one_order_per: OneOrderPer::default(),
        }
    }
}

/// As far ahead as anyone can mean: fifty years.
const MOST_MONTHS: u32 = 600;

/// `loyalty.clv_predicted`: what will each customer be worth?
pub struct ClvPredicted;

impl Metric for ClvPredicted {
    type Params = ClvPredictedParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.clv_predicted",
        title: "Predicted customer lifetime value",
        summary: "What customers are expected to bring within the next months, as the mean over customers. Each is predicted from their \
         own purchases, with models that are fitted to all.",
        formula: "mean over customers of P(alive) · Σ over months of expected purchases in the month / (1 + monthly discount rate)^month · expected \
            mean spend · margin. Purchases and P(alive) by BG/NBD or MBG/NBD of frequency, recency and T; spend by Gamma–Gamma of frequency and mean spend per \
            repeat purchase; both by maximum likelihood",
        unit: Unit::Currency,
        range: "0 or more, with a margin of 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: undefined.",
            "Fewer than 40 customers who bought again, fewer than 30 who spent anything on them, or a fit that does not converge: \
             undefined, with the reason in the note.",
            "Orders of a customer within one `purchase_period` are one purchase. Frequency is the purchase periods after the first, recency the time \
             from the first to the last, T the time from the first to the one that the bucket ends in, mean spend that of the periods after the \
             first.",
            "All orders up to the bucket's end count, also those before the report's period. Without a period, the bucket is that of the data. An \
             order on the as-of date or later is not known yet, and left out.",
            "Every bucket and group is fitted for itself, and has a row for every customer so far.",
            "BG/NBD assumes that customers leave only after a repeat purchase. So somebody who bought once has a P(alive) of 1, \
             however long ago that was. With `model = \"mbg_nbd\"`, customers may leave after any purchase, and who bought once can be gone.",
            "The model assumes that spend does not depend on frequency. Where the two correlate by 0.3 or more, up or down, the note says \
             so.",
            "Customers who bought once are expected to spend what all customers do. Where the model has no finite mean for that (q of 1 \
             or less), the value is undefined.",
            "Money paid back is taken from its period, or, where nothing was bought in that, from the purchase period before; before a \
             customer's first order it belongs to one that is not known, and is left out. Customers who got back all of their repeat \
             purchases take no part in the fit of spend, and are predicted with a mean of 0.",
            "A month is 30.436875 days, and its purchases count at its end. No textbook gives an interval for a value of so many \
             estimates, so there is none.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "A row without a customer or an amount is rejected; so is a negative amount, unless `refunds` says that it is money back.",
        ],
        examples: &[Example {
            title: "too few customers for a fit",
            header: "customer_id,time,amount",
            rows: &[(1, "a,2025-01-05,50"), (1, "a,2025-02-05,70")],
            expected: &[("", None)],
            ..Example::NONE
        }],
        references: &[
            "P. S. Fader, B. G. S. Hardie & K. L. Lee, \"“Counting your customers” the easy way: an alternative to the Pareto/NBD model\", \
             Marketing Science 24 (2005), 275–284",
            MODIFIED,
            "P. S. Fader & B. G. S. Hardie, \"The gamma-gamma model of monetary value\" (2013), brucehardie.com/notes/025",
            "P. S. Fader, B. G. S. Hardie & K. L. Lee, \"RFM and CLV: using iso-value curves for customer base analysis\", Journal of Marketing \
             Research 42 (2005), 415–430",
        ],
    };

    fn define(params: &ClvPredictedParams) -> Result<Definition, ParamError> {
        let ClvPredictedParams {
            horizon_months,
            discount_rate_per_year,
            margin_rate,
            model,
            purchase_period,
            time_unit,
            refunds,
            one_order_per,
        } = *params;
        if !(1..=MOST_MONTHS).contains(&horizon_months) {
            return Err(ParamError::new("horizon_months", format!("{horizon_months} is not from 1 to {MOST_MONTHS} months")));
        }
        if !(0.0..=1.0).contains(&discount_rate_per_year) {
            let message = format!("a discount rate is from 0 to 1, and not {discount_rate_per_year}");
            return Err(ParamError::new("discount_rate_per_year", message).help("write 10 % as `0.1`"));
        }
        let margin = Margin::new(MarginFrom::Given, margin_rate)?;
        let horizon = Horizon {
            months: horizon_months,
            units_per_month: CalendarUnit::Month.days() / time_unit.days(),
            monthly_discount_rate: Horizon::monthly_rate(discount_rate_per_year),
        };
        let discounted = match discount_rate_per_year {
            0.0 => "undiscounted".to_owned(),
            rate => format!("discounted by {} % a year", 100.0 * rate),
        };
        let by = match model {
            PurchaseModel::BgNbd => String::new(),
            PurchaseModel::MbgNbd => format!("; purchases by {}", model.title()),
        };
        Ok(definition(Histories { orders: Orders::of(refunds, one_order_per, Margin::None), purchase_period, time_unit })
            .own_dimension("mean_spend", col("mean_spend"))
            .value(Value::function(PredictedValue { model, days: time_unit.days(), horizon, margin: margin.factor() }))
            .detail(&["frequency", "recency", "T", "mean_spend"])
            .note(format!("over {horizon_months} months, {discounted}; {}{by}", margin.note())))
    }
}

#[derive(Debug)]
struct PredictedValue {
    model: PurchaseModel,
    /// The days of a unit of time.
    days: f64,
    horizon: Horizon,
    margin: f64,
}

/// What is expected of customers of one history.
struct Prediction {
    p_alive: f64,
    purchases: f64,
    /// None where it is infinite.
    spend: Option<f64>,
    value: Option<f64>,
}

impl PredictedValue {
    fn predict<'a>(&self, buyers: &[Buyers<'a>], purchases: &BgNbd, spend: &GammaGamma) -> Vec<Prediction> {
        let horizon = f64::from(self.horizon.months) * self.horizon.units_per_month;
        // By frequency and T: the expected purchases of who is alive, discounted and not.
        let mut if_alive: HashMap<[&'a DimensionValue; 2], [f64; 2]> = HashMap::new();
        let predict = |buyers: &Buyers<'a>| {
            let PurchaseHistory { frequency, age, .. } = buyers.history;
            let [discounted, all] = *if_alive.entry([0, 2].map(|own| &buyers.own[own])).or_insert_with(|| {
                let discounted = self.horizon.discounted_purchases_if_alive(purchases, frequency, age);
                [discounted, purchases.expected_purchases_if_alive(horizon, frequency, age)]
            });
            let p_alive = buyers.probability_alive(purchases);
            let spend = spend.expected_mean_spend(frequency, mean_spend(buyers).unwrap_or(0.0).max(0.0));
            Prediction { p_alive, purchases: p_alive * all, spend, value: spend.map(|spend| self.margin * spend * p_alive * discounted) }
        };
        buyers.iter().map(predict).collect()
    }
}

/// What customers spend in a repeat purchase period; none of who bought once.
fn mean_spend(buyers: &Buyers<'_>) -> Option<f64> {
    buyers.own[3].as_number()
}

impl Evaluate for PredictedValue {
    fn measures(&self) -> Vec<&str> {
        vec!["customers"]
    }

    fn evaluate(&self, group: &Group<'_>, _: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let buyers = Buyers::all(group.rows, self.days);
        let spent = |buyers: &Buyers<'_>| {
            let mean = mean_spend(buyers).filter(|mean| *mean > 0.0)?;
            Some(Spend { frequency: buyers.history.frequency, mean, customers: buyers.history.customers })
        };
        let spends: Vec<Spend> = buyers.iter().filter_map(spent).collect();
        let correlation = spend_frequency_correlation(&spends);
        let (purchases, spend) = (Buyers::fit(self.model, &buyers), GammaGamma::fit(&spends));
        let mut notes: Vec<String> = correlation
            .filter(|correlation| correlation.abs() >= DOUBTFUL_CORRELATION)
            .map(|correlation| {
                format!("how often customers buy and what they spend correlate ({correlation:.2}), which the model takes not to be")
            })
            .into_iter()
            .collect();
        notes.extend(purchases.as_ref().err().map(|error| format!("purchases: {error}")));
        notes.extend(spend.as_ref().err().map(|error| format!("spend: {error}")));
        let (purchases, spend) = (purchases.ok(), spend.ok());
        let predictions = match (&purchases, &spend) {
            (Some(purchases), Some(spend)) => self.predict(&buyers, &purchases.model, &spend.model),
            _ => Vec::new(),
        };
        let customers = Buyers::sum(&buyers, |_| 1.0);
        // None where any customer has none.
        let mean = |of: fn(&Prediction) -> Option<f64>| {
            let each = buyers.iter().zip(&predictions).map(|(buyers, prediction)| Some(buyers.history.customers * of(prediction)?));
            each.sum::<Option<f64>>().filter(|_| !predictions.is_empty()).map(|sum| sum / customers)
        };
        let value = mean(|prediction| prediction.value);
        if value.is_none() && !predictions.is_empty() {
            notes.push("spend: the model gives who bought once no finite mean".to_owned());
        }
        let mut evidence = Buyers::evidence(&buyers, purchases.as_ref());
        evidence.extend(spend_evidence(&spends, spend.as_ref()));
        evidence.extend([
            ("spend_frequency_correlation", correlation),
            ("mean_p_alive", mean(|prediction| Some(prediction.p_alive))),
            ("mean_expected_purchases", mean(|prediction| Some(prediction.purchases))),
            ("mean_expected_spend", mean(|prediction| prediction.spend)),
        ]);
        let told = |(buyers, prediction): (&Buyers<'_>, &Prediction)| {
            let Prediction { p_alive, purchases, spend, value } = *prediction;
            (buyers.own.to_vec(), [Some(p_alive), Some(purchases), spend, value].map(DimensionValue::from).to_vec())
        };
        let columns = ["p_alive", "expected_purchases", "expected_spend", "clv"].map(str::to_owned).to_vec();
        Ok(Evaluation {
            observations: vec![observation(Estimate { value, interval: None, n: Some(customers) }, evidence)],
            annotations: Some(Annotations { columns, rows: buyers.iter().zip(&predictions).map(told).collect() }),
            note: Some(notes.join("; ")).filter(|note| !note.is_empty()),
        })
    }
}

/// How many customers the spend is of, and what was fitted to them.
fn spend_evidence(spends: &[Spend], fit: Option<&Fit<GammaGamma>>) -> [(&'static str, Option<f64>); 5] {
    let model = fit.map(|fit| fit.model);
    [
        ("spend_customers", Some(spends.iter().map(|spend| spend.customers).sum())),
        ("p", model.map(|model| model.p)),
        ("q", model.map(|model| model.q)),
        ("v", model.map(|model| model.v)),
        ("spend_log_likelihood", fit.map(|fit| fit.log_likelihood)),
    ]
}

register_metric!(ClvPredicted);
