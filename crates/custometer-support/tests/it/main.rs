//! Reports with the metrics of support: from files to results.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer_support as _;

mod surveys;
mod tickets;
