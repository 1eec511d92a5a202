//! The `custometer` program.

fn main() -> std::process::ExitCode {
    custometer::main()
}
