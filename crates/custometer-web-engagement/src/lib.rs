//! Web-engagement metrics: who comes, what they look at, and who converts.
//!
//! One file per metric; what they share of the logical tables is in [`tables`], and what makes events a session in [`sessionization`].

pub mod active_share;
pub mod active_spans;
pub mod active_users;
pub mod average_position;
pub mod bots;
pub mod bounce_rate;
pub mod click_through_rate;
pub mod conversion_rate;
pub mod conversions;
pub mod engagement_rate;
pub mod funnel;
pub mod impressions;
pub mod keyword_ranking;
mod known;
pub mod organic_clicks;
pub mod page_views;
pub mod pages_per_session;
mod refreshes;
pub mod search;
mod sequence;
pub mod session_duration;
pub mod sessionization;
pub mod sessions;
pub mod stickiness;
pub mod tables;
pub mod user_churn;
pub mod user_retention;
pub mod visitors;
