//! Reports with the metrics of loyalty: from files to results.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test fails by panicking, and compares exact figures exactly")]

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer_loyalty as _;

mod customers;
mod orders;
mod orders_as_exported;
mod recommendations;
mod spans;
