//! Web-engagement metrics: who comes, what they look at, and who converts.
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod average_position;
pub mod click_through_rate;
pub mod conversion_rate;
pub mod funnel;
pub mod impressions;
pub mod keyword_ranking;
mod known;
pub mod organic_clicks;
pub mod page_views;
pub mod search;
mod sequence;
pub mod tables;
pub mod user_churn;
pub mod user_retention;
pub mod visitors;
