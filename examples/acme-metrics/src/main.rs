//! The custometer program, with Acme's metrics beside the built-in ones.

// The linker leaves out a crate that nothing names, and its metrics with it.
use acme_metrics as _;

fn main() -> std::process::ExitCode {
    custometer::main()
}
