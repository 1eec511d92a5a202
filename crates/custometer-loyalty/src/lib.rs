//! Loyalty metrics: who recommends, who buys again, and for how much.
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

mod activity;
mod average_lifetime_value;
pub mod average_order_value;
mod buyers;
pub mod clv;
pub mod clv_forecast;
pub mod clv_historic;
pub mod clv_predicted;
pub mod customers_at_risk;
pub mod history;
pub mod margin;
pub mod models;
pub mod nps;
pub mod nps_distribution;
pub mod orders;
pub mod purchase_frequency;
pub mod refunds;
pub mod repeat_purchase_rate;
pub mod rfm;
pub mod tables;
