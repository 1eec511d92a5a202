//! Web-engagement metrics: who comes, what they look at, and who converts.
//!
//! One file per metric. The logical tables that they read are in [`tables`], and what else they share is in `shared`: what makes events a
//! session, for one.

pub mod active_share;
pub mod active_users;
pub mod average_position;
pub mod bounce_rate;
pub mod click_through_rate;
pub mod conversion_rate;
pub mod conversions;
pub mod engagement_rate;
pub mod funnel;
pub mod impressions;
pub mod keyword_ranking;
pub mod organic_clicks;
pub mod page_views;
pub mod pages_per_session;
pub mod session_duration;
pub mod sessions;
mod shared;
pub mod stickiness;
pub mod tables;
pub mod user_churn;
pub mod user_retention;
pub mod visitors;
