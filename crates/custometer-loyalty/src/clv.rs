//! Customer lifetime value from averages.

use custometer_core::prelude::*;
use custometer_core::time::CalendarUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::average_lifetime_value::{Counted, Lifespan, definition};
use crate::shared::margin::{Margin, MarginFrom};
use crate::shared::orders::{OneOrderPer, Orders};
use crate::shared::refunds::Refunds;

/// Parameters of [`Clv`]: `lifespan_years` or `inactive_after_days` must be given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClvParams {
    /// How many years a customer stays.
    pub lifespan_years: Option<f64>,
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

/// `loyalty.clv`: what is a customer worth?
pub struct Clv;

impl Metric for Clv {
    type Params = ClvParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.clv",
        title: "Customer lifetime value",
        summary: "What a customer is worth over the time they stay, from averages: what an order is worth, how often one is made, how long \
            customers stay.",
        formula: "average order value × purchase frequency per year × lifespan in years × margin = Σ amount / orders × orders / customers / years of \
            the bucket × lifespan × margin",
        unit: Unit::Currency,
        range: "any amount",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No order: undefined. No customer gone yet, with `inactive_after_days`: undefined.",
            "Orders and customers are those of the bucket, and years are those of its length in the calendar, as far as it is known. Without a \
             period, the bucket is that of the data. An order on the as-of date or later is not known yet, and left out.",
            "With `inactive_after_days`, a customer is gone when so many days have passed since an order without another one. Somebody \
             who comes back later is a new customer. The lifespan is the mean over all who are gone by the bucket's end, in years of \
             365.2425 days. While \
             most are still there, it is too short.",
            "Averages hide that few customers make most of the revenue; `loyalty.clv_predicted` tells customers apart.",
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
                title: "50 an order, 5 orders a year, 3 years",
                report: "from = 2025-01-01\nuntil = 2026-01-01\nas_of = 2026-01-01",
                params: "lifespan_years = 3",
                header: "customer_id,time,amount",
                rows: &[(4, "a,2025-02-01,40"), (5, "b,2025-11-30,60"), (1, "b,2025-12-31,40")],
                expected: &[("", Some(750.0))],
            },
            Example {
                title: "50 an order, 4 orders a year, 5 years",
                report: "from = 2025-01-01\nuntil = 2026-01-01\nas_of = 2026-01-01",
                params: "lifespan_years = 5",
                header: "customer_id,time,amount",
                rows: &[(4, "a,2025-02-01,50")],
                expected: &[("", Some(1000.0))],
            },
            Example {
                title: "the first at a margin of 20 %",
                report: "from = 2025-01-01\nuntil = 2026-01-01\nas_of = 2026-01-01",
                params: "lifespan_years = 3\nmargin_rate = 0.2",
                header: "customer_id,time,amount",
                rows: &[(5, "a,2025-02-01,50")],
                expected: &[("", Some(150.0))],
            },
            Example {
                title: "the second at a mean margin of 20 %, each order with its own",
                report: "from = 2025-01-01\nuntil = 2026-01-01\nas_of = 2026-01-01",
                params: "lifespan_years = 5\nmargin = \"column\"",
                header: "customer_id,time,amount,margin_rate",
                rows: &[(2, "a,2025-02-01,40,0.35"), (2, "a,2025-03-01,60,0.1")],
                expected: &[("", Some(200.0))],
            },
            Example {
                title: "one order, whose customer is gone after 90 days",
                report: "from = 2024-01-01\nuntil = 2025-01-01\nas_of = 2025-01-01",
                params: "inactive_after_days = 90",
                header: "customer_id,time,amount",
                rows: &[(1, "a,2024-02-01,10")],
                expected: &[("", Some(2.464_116_306_289_657))],
            },
        ],
        references: &["W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval"],
    };

    fn define(params: &ClvParams) -> Result<Definition, ParamError> {
        let lifespan = Lifespan::new("lifespan_years", params.lifespan_years, params.inactive_after_days)?;
        let margin = Margin::new(params.margin, params.margin_rate)?;
        let orders = Orders::of(params.refunds, params.one_order_per, margin);
        Ok(definition(orders, &BY_YEAR, lifespan))
    }
}

const BY_YEAR: Counted = Counted { per: CalendarUnit::Year, frequency: "orders_per_year", lifespan: "lifespan_years" };

register_metric!(Clv);
