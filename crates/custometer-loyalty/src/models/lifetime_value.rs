//! What customers will be worth: expected purchases times expected spend, discounted.
//!
//! Source: P. S. Fader, B. G. S. Hardie & K. L. Lee, "RFM and CLV: using iso-value curves for customer base analysis", Journal of Marketing
//! Research 42 (2005), 415–430, with the discount of whole months.

use super::BgNbd;

/// How far one looks ahead, and what later money is worth today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Horizon {
    /// The number of months.
    pub months: u32,
    /// How many of the model's units of time make a month.
    pub units_per_month: f64,
    /// The discount rate of a month: 0.01 for one percent.
    pub monthly_discount_rate: f64,
}

impl Horizon {
    /// The discount rate of a month that makes this one of a year.
    pub fn monthly_rate(yearly_rate: f64) -> f64 {
        (yearly_rate.ln_1p() / 12.0).exp_m1()
    }

    /// The discounted value of the purchases that a customer of this history is expected to make, each worth `mean_spend · margin`. Those of a
    /// month count at its end.
    pub fn lifetime_value(&self, model: &BgNbd, frequency: f64, recency: f64, age: f64, mean_spend: f64, margin: f64) -> f64 {
        let purchases = |month: u32| model.expected_purchases_if_alive(f64::from(month) * self.units_per_month, frequency, age);
        let (mut before, mut discount, mut discounted) = (0.0, 1.0, 0.0);
        for month in 1..=self.months {
            let so_far = purchases(month);
            discount /= 1.0 + self.monthly_discount_rate;
            discounted += discount * (so_far - before);
            before = so_far;
        }
        margin * mean_spend * model.probability_alive(frequency, recency, age) * discounted
    }
}
