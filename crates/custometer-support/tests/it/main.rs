//! Reports with the metrics of support: from files to results.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test fails by panicking, and compares exact figures exactly")]

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer_support as _;

mod surveys;
mod tickets;
mod waits;
