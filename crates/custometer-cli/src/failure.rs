//! Failures: what went wrong, in words, and the exit code that a batch job reads.

use std::error::Error;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use custometer_runner::Problems;
use miette::{GraphicalReportHandler, GraphicalTheme};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The run failed: exit code 1.
    Run(Box<dyn Error>),
    /// The command line or the program is wrong: exit code 2.
    Usage(Box<dyn Error>),
    /// The report or its files' columns are wrong: exit code 2.
    Report(Problems),
    /// Done, but more rows were rejected than the report allows: exit code 4.
    Rejected(String),
}

impl Failure {
    pub(crate) fn run(error: impl Into<Box<dyn Error>>) -> Self {
        Self::Run(error.into())
    }

    pub(crate) fn usage(error: impl Into<Box<dyn Error>>) -> Self {
        Self::Usage(error.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Run(_) => 1,
            Self::Usage(_) | Self::Report(_) => 2,
            Self::Rejected(_) => 4,
        })
    }

    /// The failure as it is shown, with its causes.
    pub(crate) fn render(&self) -> String {
        match self {
            Self::Rejected(what) => format!("warning: {what}"),
            Self::Run(error) | Self::Usage(error) => {
                let causes = std::iter::successors(error.source(), |cause| (*cause).source());
                causes.fold(format!("error: {error}"), |text, cause| format!("{text}\n  because: {cause}"))
            }
            Self::Report(problems) => {
                let colored = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
                let theme = if colored { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
                let mut text = String::new();
                let rendered = GraphicalReportHandler::new_themed(theme).with_width(110).render_report(&mut text, problems);
                rendered.map_or_else(|_| problems.to_string(), |()| text)
            }
        }
    }
}
