//! The custometer program, with our metrics beside the built-in ones.

// The linker leaves out a crate that nothing names, and its metrics with it.
use {{library}} as _;

fn main() -> std::process::ExitCode {
    custometer::main()
}
