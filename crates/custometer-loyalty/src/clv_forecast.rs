//! Customer lifetime value from monthly averages.

use custometer_core::prelude::*;
use custometer_core::time::CalendarUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::average_lifetime_value::{Counted, Lifespan, definition};
use crate::shared::margin::{Margin, MarginFrom};
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`ClvForecast`]: `lifespan_months` or `inactive_after_days` must be given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClvForecastParams {
    /// How many months a customer stays.
    pub lifespan_months: Option<f64>,
    /// After how many days without an order a customer is gone. The lifespan is then the mean over those who are gone.
    pub inactive_after_days: Option<u32>,
    /// Where the gross margin comes from.
    pub margin: MarginFrom,
    /// The gross margin of all orders, 0.2 for 20 %. Without one, the value is in revenue.
    pub margin_rate: Option<f64>,
    /// What a negative amount means.
    pub refunds: Refunds,
    /// What one order is.
    pub one_order_per: OneOrderPer,
}

/// `loyalty.clv_forecast`: what will a customer be worth, at the rate of late?
pub struct ClvForecast;

impl Metric for ClvForecast {
    type Params = ClvForecastParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.clv_forecast",
        title: "Customer lifetime value, forecast from monthly averages",
        summary: "What a customer will be worth if orders go on as in the bucket: orders a month, times what one is worth, times the months \
            that customers stay.",
        formula: "average monthly transactions × average order value × average lifespan in months, × margin if given; average monthly transactions \
            are those of a customer: orders / customers who ordered / months of the bucket",
        unit: Unit::Currency,
        range: "any amount",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No order: undefined. No customer gone yet, with `inactive_after_days`: undefined.",
            "Orders and customers are those of the bucket, and months are those of its length in the calendar, as far as it is known. Without a \
             period, the bucket is that of the data. An order on the as-of date or later is not known yet, and left out.",
            "Over one month, a customer has at least one order a month; a longer bucket tells the rate better.",
            "With `inactive_after_days`, a customer is gone when so many days have passed since an order without another one. Somebody \
             who comes back later is a new customer. The lifespan is the mean over all who are gone by the bucket's end, in months of \
             30.436875 days. While \
             most are still there, it is too short.",
            "Without `margin_rate` or `margin = \"column\"`, the value is in revenue, and the note says so. A column's margins are weighted by \
             amount.",
            "With `refunds = \"net\"`, all that was paid back in the bucket is taken off, also what was paid back to customers who did \
             not order in it.",
            "The interval is that of what customers spend. Where the lifespan is estimated, too, there is no interval.",
            "In a breakdown, a customer belongs to every group they ordered in, and in each group only the orders in it count.",
            "A row without a customer or an amount is rejected; so is a negative amount, unless `refunds` says that it is money back.",
        ],
        examples: &[
            Example {
                title: "two orders of 30 in two months, by a customer who stays for 10",
                report: "from = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01",
                params: "lifespan_months = 10",
                header: "customer_id,time,amount",
                rows: &[(1, "a,2025-01-05,20"), (1, "a,2025-02-05,40")],
                expected: &[("", Some(300.0))],
            },
            Example {
                title: "the same, at a margin of 20 %",
                report: "from = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01",
                params: "lifespan_months = 10\nmargin_rate = 0.2",
                header: "customer_id,time,amount",
                rows: &[(1, "a,2025-01-05,20"), (1, "a,2025-02-05,40")],
                expected: &[("", Some(60.0))],
            },
            Example {
                title: "nobody gone yet",
                report: "from = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01",
                params: "inactive_after_days = 90",
                header: "customer_id,time,amount",
                rows: &[(1, "a,2025-01-05,20")],
                expected: &[("", None)],
            },
        ],
        references: &["W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval"],
    };

    fn define(params: &ClvForecastParams) -> Result<Definition, ParamError> {
        let lifespan = Lifespan::new("lifespan_months", params.lifespan_months, params.inactive_after_days)?;
        let margin = Margin::new(params.margin, params.margin_rate)?;
        let orders = Orders::of(params.refunds, params.one_order_per, margin);
        Ok(definition(orders, &BY_MONTH, lifespan))
    }
}

const BY_MONTH: Counted = Counted { per: CalendarUnit::Month, frequency: "orders_per_month", lifespan: "lifespan_months" };

register_metric!(ClvForecast);
