//! Web-engagement metrics: who comes, what they look at, and who converts.
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod conversion_rate;
pub mod page_views;
pub mod tables;
pub mod visitors;
