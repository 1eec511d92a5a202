//! Loyalty metrics: who recommends, who buys again, and for how much.
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod average_order_value;
pub mod churn_rate;
pub mod cohort_retention;
pub mod customer_lifespan;
mod formula;
pub mod gross_revenue_retention;
pub mod models;
pub mod mrr;
pub mod mrr_movement;
pub mod net_revenue_retention;
pub mod nps;
pub mod nps_distribution;
pub mod quick_ratio;
pub mod refunds;
pub mod repeat_purchase_rate;
pub mod retention_rate;
pub mod revenue;
pub mod revenue_churn_rate;
pub mod spans;
pub mod survival;
pub mod tables;
