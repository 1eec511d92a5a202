//! Metrics of our own, one file each.

pub mod big_order_share;
