//! Loyalty metrics: who recommends, who buys again, and for how much.
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod acquisition_source;
mod activity;
mod average_lifetime_value;
pub mod average_order_value;
pub mod breakage_rate;
mod buyers;
pub mod clv;
pub mod clv_forecast;
pub mod clv_historic;
pub mod clv_predicted;
pub mod customers;
pub mod customers_at_risk;
pub mod engagement_score;
pub mod history;
pub mod margin;
pub mod models;
pub mod nps;
pub mod nps_distribution;
pub mod orders;
mod points;
pub mod positive_reviews;
pub mod program_participation;
pub mod purchase_frequency;
pub mod ratings;
pub mod redemption_rate;
pub mod referral_conversion;
pub mod referral_rate;
pub mod refunds;
pub mod repeat_purchase_rate;
pub mod review_rating;
pub mod rfm;
pub mod tables;
pub mod training_participation;
