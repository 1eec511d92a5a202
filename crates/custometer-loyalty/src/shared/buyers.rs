//! Buyers: customers of equal purchase histories, counted once, as the models of purchases take them.

use custometer_core::prelude::*;
use custometer_core::{DimensionValue, MeasureRow, Observation};

use crate::shared::history::Histories;
use crate::shared::models::{BgNbd, Fit, FitError, PurchaseHistory, PurchaseModel};

/// Where the modified model comes from, for the references of metrics that offer it.
pub(crate) const MODIFIED: &str = "E. P. Batislam, M. Denizel & A. Filiztekin, \"Empirical validation and comparison of models for customer base \
     analysis\", International Journal of Research in Marketing 24 (2007), 201–209, for MBG/NBD; its expectations by U. Wagner & D. Hoppe, \"Erratum on \
     the MBG/NBD model\", the same 25 (2008), 225–226";

/// A definition whose own dimensions are what a model of purchases knows of customers, and that counts the customers of each.
pub(crate) fn definition(histories: Histories) -> Definition {
    Definition::over(histories.source())
        .derive(histories)
        .own_dimension("frequency", col("frequency"))
        .own_dimension("recency_days", col("recency_days"))
        .own_dimension("age_days", col("age_days"))
        .measure(count("customers"))
}

/// Customers of one history.
pub(crate) struct Buyers<'a> {
    /// Their own dimensions.
    pub(crate) own: &'a [DimensionValue],
    pub(crate) history: PurchaseHistory,
}

impl<'a> Buyers<'a> {
    /// All customers of a group, with times in units of so many days.
    pub(crate) fn all(rows: &'a [MeasureRow], days: f64) -> Vec<Self> {
        let of = |row: &'a MeasureRow| {
            let [frequency, recency, age] = [0, 1, 2].map(|own| row.dimensions[own].as_number());
            let history =
                PurchaseHistory { frequency: frequency?, recency: recency? / days, age: age? / days, customers: row.get("customers")? };
            Some(Self { own: &row.dimensions, history })
        };
        rows.iter().filter_map(of).collect()
    }

    /// The model of when they buy.
    pub(crate) fn fit(model: PurchaseModel, all: &[Self]) -> Result<Fit<BgNbd>, FitError> {
        let histories: Vec<PurchaseHistory> = all.iter().map(|buyers| buyers.history).collect();
        BgNbd::fit(model, &histories)
    }

    /// The probability that they have not left.
    pub(crate) fn probability_alive(&self, model: &BgNbd) -> f64 {
        let PurchaseHistory { frequency, recency, age, .. } = self.history;
        model.probability_alive(frequency, recency, age)
    }

    /// A sum over all customers.
    pub(crate) fn sum(all: &[Self], of: impl Fn(&Self) -> f64) -> f64 {
        // The sum of nothing is -0.
        0.0 + all.iter().map(|buyers| buyers.history.customers * of(buyers)).sum::<f64>()
    }

    /// How many there are, how many of them bought again, and what was fitted to them.
    pub(crate) fn evidence(all: &[Self], fit: Option<&Fit<BgNbd>>) -> Vec<(&'static str, Option<f64>)> {
        let repeat = Self::sum(all, |buyers| f64::from(u8::from(buyers.history.frequency > 0.0)));
        let model = fit.map(|fit| fit.model);
        vec![
            ("customers", Some(Self::sum(all, |_| 1.0))),
            ("repeat_customers", Some(repeat)),
            ("r", model.map(|model| model.r)),
            ("alpha", model.map(|model| model.alpha)),
            ("a", model.map(|model| model.a)),
            ("b", model.map(|model| model.b)),
            ("log_likelihood", fit.map(|fit| fit.log_likelihood)),
        ]
    }
}

/// An observation without dimensions, with its evidence.
pub(crate) fn observation(estimate: custometer_core::Estimate, evidence: Vec<(&'static str, Option<f64>)>) -> Observation {
    let measures = evidence.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Observation { dimensions: Vec::new(), estimate, measures }
}
