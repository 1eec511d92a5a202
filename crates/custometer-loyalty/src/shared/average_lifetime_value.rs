//! Lifetime value from averages: what an order is worth, times how often a customer orders, times how long one stays.

use custometer_core::MeasureRow;
use custometer_core::prelude::*;
use custometer_core::statistics::{self, Clusters};
use custometer_core::time::{CalendarUnit, checked_days};

use crate::shared::activity::Activity;
use crate::shared::margin::Margin;
use crate::shared::orders::Orders;

/// How long customers stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lifespan {
    /// So long, in the unit that orders are counted per.
    Given(f64),
    /// As long as the spans of activity that have ended.
    Observed {
        /// After how many days without an order a customer is gone.
        inactive_after_days: u32,
    },
}

impl Lifespan {
    /// What the parameters say: a lifespan, under this name, or when a customer is gone.
    pub(crate) fn new(name: &str, given: Option<f64>, inactive_after_days: Option<u32>) -> Result<Self, ParamError> {
        match (given, inactive_after_days) {
            (Some(lifespan), None) if lifespan > 0.0 && lifespan.is_finite() => Ok(Self::Given(lifespan)),
            (Some(lifespan), None) => Err(ParamError::new(name, format!("a lifespan is above 0, and not {lifespan}"))),
            (None, Some(days)) => Ok(Self::Observed { inactive_after_days: checked_days("inactive_after_days", days)? }),
            (Some(_), Some(_)) => {
                Err(ParamError::new("inactive_after_days", format!("the lifespan is said twice: by `{name}`, and by this"))
                    .help("leave one of them out"))
            }
            (None, None) => Err(ParamError {
                path: Vec::new(),
                message: "how long customers stay is not said".to_owned(),
                help: Some(format!("give `{name}`, or after how many days without an order they are gone: `inactive_after_days = 180`")),
            }),
        }
    }
}

/// The definition of a lifetime value of which orders and lifespan are counted per year or month.
pub(crate) fn definition(orders: Orders, counted: &'static Counted, lifespan: Lifespan) -> Definition {
    let inactive_after_days = match lifespan {
        Lifespan::Given(_) => None,
        Lifespan::Observed { inactive_after_days } => Some(inactive_after_days),
    };
    let activity = Activity { orders, per: Some(counted.per), inactive_after_days };
    // What was paid back to customers who did not order is taken off, too.
    let profit = || col(if orders.margin == Margin::Column { "profit" } else { "revenue" });
    let is_customer = || when(Activity::ordered()).then(lit(1.0)).otherwise(lit(0.0));
    let of_rows = |measure: Measure| measure.filter(Activity::in_bucket());
    let definition = Definition::over(activity.source())
        .derive(activity)
        .measure(of_rows(sum("orders", col("orders"))))
        .measure(count("customers").filter(Activity::ordered()))
        .measure(of_rows(sum("revenue", col("revenue"))))
        .measure(of_rows(sum("profit", profit())))
        .measure(of_rows(count("active")))
        .measure(of_rows(variance("profit_variance", profit())))
        .measure(of_rows(variance("customer_variance", is_customer())))
        .measure(of_rows(variance("both_variance", profit() + is_customer())))
        .measure(of_rows(max("bucket_length", col("length"))));
    let definition = match lifespan {
        Lifespan::Given(_) => definition,
        Lifespan::Observed { .. } => {
            definition.measure(sum("ended_spans", col("ended_spans")).closing()).measure(sum("span_days", col("span_days")).closing())
        }
    };
    let source = match lifespan {
        Lifespan::Given(_) => "over a given lifespan".to_owned(),
        Lifespan::Observed { inactive_after_days } => {
            format!("over the mean lifespan of customers who are gone, {inactive_after_days} days after their last order")
        }
    };
    let note = format!("{source}; {}", orders.margin.note());
    definition.value(AverageLifetimeValue { counted, lifespan, margin: orders.margin }.value()).note(note)
}

/// What lifespans and orders are counted per, and how the evidence is called.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) per: CalendarUnit,
    pub(crate) frequency: &'static str,
    pub(crate) lifespan: &'static str,
}

#[derive(Debug, Clone, Copy)]
struct AverageLifetimeValue {
    counted: &'static Counted,
    lifespan: Lifespan,
    margin: Margin,
}

impl AverageLifetimeValue {
    /// How long customers stay, as known by the bucket's end.
    fn lifespan(&self, row: &MeasureRow) -> Option<f64> {
        match self.lifespan {
            Lifespan::Given(lifespan) => Some(lifespan),
            Lifespan::Observed { .. } => {
                let ended = row.get("ended_spans").filter(|ended| *ended > 0.0)?;
                Some(row.get("span_days")? / ended / self.counted.per.days())
            }
        }
    }

    /// What customers leave in their lifetime, as a ratio over all who were paid, or paid back, in the bucket.
    fn clusters(&self, row: &MeasureRow) -> Option<Clusters> {
        let factor = self.margin.factor() * self.lifespan(row)? / row.get("bucket_length")?;
        let [of_profit, of_customer, of_both] = ["profit_variance", "customer_variance", "both_variance"].map(|name| row.get(name));
        let (of_profit, of_customer) = (of_profit.unwrap_or(0.0), of_customer.unwrap_or(0.0));
        let twice_covariance = of_both.unwrap_or(0.0) - of_profit - of_customer;
        Some(Clusters {
            sum_x: factor * row.get("profit")?,
            sum_y: row.get("customers")?,
            count: row.get("active")?,
            variance_x: factor * factor * of_profit,
            variance_y: of_customer,
            variance_x_plus_y: factor * factor * of_profit + of_customer + factor * twice_covariance,
        })
    }
}

impl AverageLifetimeValue {
    fn measures(&self) -> Vec<&'static str> {
        let all = [
            "orders",
            "customers",
            "revenue",
            "profit",
            "active",
            "profit_variance",
            "customer_variance",
            "both_variance",
            "bucket_length",
        ];
        let spans = ["ended_spans", "span_days"];
        let spans = if matches!(self.lifespan, Lifespan::Observed { .. }) { &spans[..] } else { &[] };
        [&all[..], spans].concat()
    }

    fn find(&self, row: &MeasureRow, confidence: f64) -> Found {
        let quotient = |a: Option<f64>, b: Option<f64>| Some(a? / b.filter(|b| *b != 0.0)?);
        let [orders, customers, revenue, profit] = ["orders", "customers", "revenue", "profit"].map(|name| row.get(name));
        let lifespan = self.lifespan(row);
        let margin = match self.margin {
            Margin::None => None,
            Margin::Rate(rate) => Some(Some(rate)),
            Margin::Column => Some(quotient(profit, revenue)),
        };
        let clusters = self.clusters(row).filter(|clusters| clusters.sum_y > 0.0);
        // How long others stay is an estimate, too, of which the interval would have to know.
        let is_sure = matches!(self.lifespan, Lifespan::Given(_));
        let estimate = Estimate {
            value: clusters.map(|clusters| clusters.sum_x / clusters.sum_y),
            interval: clusters.filter(|_| is_sure).and_then(|clusters| statistics::ratio_of_means(&clusters, confidence)),
            n: customers,
        };
        let evidence = [
            ("customers", customers),
            ("orders", orders),
            ("revenue", revenue),
            ("average_order_value", quotient(revenue, orders)),
            (self.counted.frequency, quotient(quotient(orders, customers), row.get("bucket_length"))),
            (self.counted.lifespan, lifespan),
        ];
        let margin = margin.map(|margin| ("margin_rate", margin));
        let ended = (!is_sure).then(|| ("ended_spans", row.get("ended_spans")));
        let is_without_end = customers.is_some_and(|customers| customers > 0.0) && lifespan.is_none();
        let note = is_without_end.then(|| "no customer is gone yet, so how long they stay can't be told".to_owned());
        Found::new(estimate, evidence.into_iter().chain(margin).chain(ended)).note(note)
    }

    fn value(self) -> Value {
        let formula = RowFormula::of(&self.measures(), move |row, _, context| self.find(row, context.confidence));
        formula.tested(move |now, before| statistics::two_ratios(&self.clusters(now)?, &self.clusters(before)?)).value()
    }
}
