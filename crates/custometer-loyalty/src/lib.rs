//! Loyalty metrics: who recommends, who buys again, and for how much.
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod acquisition_source;
pub mod average_order_value;
pub mod breakage_rate;
pub mod customers;
pub mod engagement_score;
pub mod nps;
pub mod nps_distribution;
mod points;
pub mod positive_reviews;
pub mod program_participation;
pub mod ratings;
pub mod redemption_rate;
pub mod referral_conversion;
pub mod referral_rate;
pub mod refunds;
pub mod repeat_purchase_rate;
pub mod review_rating;
pub mod tables;
pub mod training_participation;
