//! custometer's command line: parses, calls the engine, renders, and maps errors to exit codes.
//!
//! It is a library so that a team's own binary, which links the team's metrics, is three lines long.

mod args;
pub mod catalogue;
mod commands;
mod deliver;
mod description;
mod failure;
mod fault;
mod sample;
mod tell;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use failure::Failure;

pub use args::memory_size;
pub use commands::inspect::shown as inspection_text;
pub use commands::too_many_rejected;
pub use failure::{error_text, problems_text};
pub use fault::{Fault, caught};

/// Runs the command line of the program.
///
/// Exit codes: 0 done; 1 the run failed, or an alert could not be delivered; 2 the command line, the config or the data's schema is wrong;
/// 3 done, and a target is missed, with `--fail-on-target`; 4 done, but with more rejected rows than the report allows; 5 done, and an alert
/// fired, with `--fail-on-alert`. Of several, the first of 2, 1, 3, 5 and 4 counts.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

/// The same with arguments from elsewhere, the first of which is the program's name. The exit code.
///
/// What is wrong with the arguments ends the process, and so does `--help`.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    // A panic that becomes an error of a file is said as such.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !custometer_runner::is_guarded() {
            hook(panic);
        }
    }));
    let args = args::Args::parse_from(args);
    match fault::caught(|| commands::run(args)).map_err(Failure::run).flatten() {
        Ok(()) => 0,
        Err(failure) => {
            // When even stderr is gone, the exit code still says it.
            let _ = writeln!(std::io::stderr(), "{}", failure.render());
            failure.exit_code()
        }
    }
}
