//! Reports with the metrics of web engagement: from files to results.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test fails by panicking, and compares exact figures exactly")]

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer_web_engagement as _;

mod events;
mod funnel;
mod search;
mod sessions;
mod users;
