//! Web-engagement metrics: who comes, what they look at, and who converts.
//!
//! One file per metric; what they share of the logical tables is in [`tables`], and what makes events a session in [`sessionization`].

pub mod active_share;
pub mod active_spans;
pub mod active_users;
pub mod bots;
pub mod bounce_rate;
pub mod conversion_rate;
pub mod conversions;
pub mod engagement_rate;
pub mod page_views;
pub mod pages_per_session;
mod refreshes;
pub mod session_duration;
pub mod sessionization;
pub mod sessions;
pub mod stickiness;
pub mod tables;
pub mod visitors;
