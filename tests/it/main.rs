//! End-to-end tests: config and data in, results and messages out.

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer as _;

mod determinism;
mod examples;
mod faulty;
mod golden;
mod real_data;
mod shapes;
mod sources;
mod time;
