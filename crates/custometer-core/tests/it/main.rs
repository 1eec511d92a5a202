//! The laws that a total, an incremental run and a cluster rest on, tried on random rows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aggregation;
mod aside;
mod baseline;
mod buckets;
mod clock;
mod edges;
mod engine;
mod naive;
mod rows;
