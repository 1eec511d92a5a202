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
    ///
    /// As lifetimes' `_customer_lifetime_value`, which has no margin, and takes 4.345 weeks or 30 days for a month.
    pub fn lifetime_value(&self, model: &BgNbd, frequency: f64, recency: f64, age: f64, mean_spend: f64, margin: f64) -> f64 {
        let discounted = self.discounted_purchases_if_alive(model, frequency, age);
        margin * mean_spend * model.probability_alive(frequency, recency, age) * discounted
    }

    /// How many purchases a customer of this history is expected to make who is known not to have left yet, each discounted. It does not depend
    /// on when the last purchase was, so customers who differ in nothing else share it.
    pub fn discounted_purchases_if_alive(&self, model: &BgNbd, frequency: f64, age: f64) -> f64 {
        let purchases = |month: u32| model.expected_purchases_if_alive(f64::from(month) * self.units_per_month, frequency, age);
        let (mut before, mut discount, mut discounted) = (0.0, 1.0, 0.0);
        for month in 1..=self.months {
            let so_far = purchases(month);
            discount /= 1.0 + self.monthly_discount_rate;
            discounted += discount * (so_far - before);
            before = so_far;
        }
        discounted
    }
}

#[cfg(test)]
mod tests {
    use super::super::PurchaseModel;
    use super::super::tests::close;
    use super::*;

    const MODEL: BgNbd = BgNbd { kind: PurchaseModel::BgNbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };

    #[test]
    fn values_are_those_of_lifetimes() {
        // lifetimes 0.11.3: _customer_lifetime_value over 12 months at 0.01, for customers who spend 35 a time; with freq "W", "M" and "D".
        let expected = [
            ([2.0, 30.43, 38.86], [51.497_612_808_499_575, 13.939_706_919_111_62, 198.850_076_484_673_76]),
            ([1.0, 1.71, 38.86], [8.579_932_464_179_077, 2.274_860_049_131_722_6, 35.044_583_645_197_57]),
            ([0.0, 0.0, 27.0], [10.981_138_831_432_176, 2.890_587_367_759_619_7, 47.110_563_675_381_435]),
            ([26.0, 30.86, 31.0], [852.907_928_041_169_6, 253.459_114_145_066_54, 2_756.731_426_525_933_3]),
            ([3.0, 0.86, 35.29], [0.855_976_598_850_151_8, 0.237_482_624_847_972, 3.131_436_455_983_156_5]),
        ];
        for ([frequency, recency, age], values) in expected {
            for (units_per_month, expected) in [4.345, 1.0, 30.0].into_iter().zip(values) {
                let horizon = Horizon { months: 12, units_per_month, monthly_discount_rate: 0.01 };
                close(horizon.lifetime_value(&MODEL, frequency, recency, age, 35.0, 1.0), expected, 1e-9);
                close(horizon.lifetime_value(&MODEL, frequency, recency, age, 70.0, 0.25), expected / 2.0, 1e-9);
            }
        }
    }

    #[test]
    fn without_discount_it_is_all_expected_purchases() {
        let horizon = Horizon { months: 24, units_per_month: 4.345, monthly_discount_rate: 0.0 };
        let purchases = MODEL.expected_purchases(24.0 * 4.345, 2.0, 30.43, 38.86);
        close(horizon.lifetime_value(&MODEL, 2.0, 30.43, 38.86, 1.0, 1.0), purchases, 1e-12);
        close(Horizon { months: 0, ..horizon }.lifetime_value(&MODEL, 2.0, 30.43, 38.86, 1.0, 1.0), 0.0, 0.0);
    }

    #[test]
    fn twelve_months_make_the_yearly_rate() {
        close((1.0 + Horizon::monthly_rate(0.1)).powi(12), 1.1, 1e-14);
        close(Horizon::monthly_rate(0.0), 0.0, 0.0);
    }
}
