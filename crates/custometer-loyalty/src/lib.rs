//! Loyalty metrics: who recommends, who buys again, and for how much.
//!
//! One file per metric. The logical tables that they read are in [`tables`], and what else they share is in `shared`.

pub mod acquisition_source;
pub mod average_order_value;
pub mod breakage_rate;
pub mod churn_rate;
pub mod clv;
pub mod clv_forecast;
pub mod clv_historic;
pub mod clv_predicted;
pub mod cohort_retention;
pub mod cohort_revenue;
pub mod customer_lifespan;
pub mod customers_at_risk;
pub mod engagement_score;
pub mod gross_revenue_retention;
pub mod mrr;
pub mod mrr_movement;
pub mod net_revenue_retention;
pub mod nps;
pub mod nps_distribution;
pub mod positive_reviews;
pub mod program_participation;
pub mod purchase_frequency;
pub mod quick_ratio;
pub mod redemption_rate;
pub mod referral_conversion;
pub mod referral_rate;
pub mod repeat_purchase_rate;
pub mod retention_rate;
pub mod revenue_churn_rate;
pub mod review_rating;
pub mod rfm;
mod shared;
pub mod survival;
pub mod tables;
pub mod training_participation;

pub use shared::models;
