//! One test for each linked metric and each thing that holds of all: its documentation, its examples, the laws, and what damaged rows do.

use std::process::ExitCode;

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer as _;

fn main() -> ExitCode {
    custometer_testkit::test_linked_metrics()
}
