//! Failures: what went wrong, in words, and the exit code that a batch job reads.

use std::error::Error;
use std::io::IsTerminal;

use custometer_runner::Problems;
use custometer_runner::result::harmless;
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
    /// Done, and something is not as it should be.
    Done(Vec<Shortcoming>),
    /// Of several reports, those with a failure, each with its name.
    Several(Vec<(String, Failure)>),
}

/// Exit codes, the gravest first.
const GRAVEST_FIRST: [u8; 5] = [2, 1, 3, 5, 4];

/// What is not as it should be of a run that is done. The first of these decides the exit code, and all of them are said.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shortcoming {
    /// An alert could not be delivered: exit code 1.
    Delivery(String),
    /// Targets are missed, and that was asked for: exit code 3.
    Target(String),
    /// Alerts fired, and that was asked for: exit code 5.
    Alert(String),
    /// More rows were rejected than the report allows: exit code 4.
    Rejected(String),
    /// Values of two runs differ, and that was asked for: exit code 6.
    Changed(String),
}

impl Shortcoming {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Delivery(_) => 1,
            Self::Target(_) => 3,
            Self::Alert(_) => 5,
            Self::Rejected(_) => 4,
            Self::Changed(_) => 6,
        }
    }

    fn render(&self) -> String {
        match self {
            Self::Delivery(what) => format!("error: {what}"),
            Self::Target(what) | Self::Alert(what) | Self::Rejected(what) | Self::Changed(what) => format!("warning: {what}"),
        }
    }
}

impl Failure {
    pub(crate) fn run(error: impl Into<Box<dyn Error>>) -> Self {
        Self::Run(error.into())
    }

    pub(crate) fn usage(error: impl Into<Box<dyn Error>>) -> Self {
        Self::Usage(error.into())
    }

    /// What came of several reports, in the words of the only one where there is no other.
    pub(crate) fn of_reports(several: bool, mut failures: Vec<(String, Self)>) -> Result<(), Self> {
        match failures.pop() {
            None => Ok(()),
            Some((_, failure)) if !several => Err(failure),
            Some(last) => Err(Self::Several(failures.into_iter().chain([last]).collect())),
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Run(_) => 1,
            Self::Usage(_) | Self::Report(_) => 2,
            Self::Done(shortcomings) => shortcomings.iter().min().map_or(0, Shortcoming::exit_code),
            Self::Several(failures) => {
                let codes = failures.iter().map(|(_, failure)| failure.exit_code());
                codes.min_by_key(|code| GRAVEST_FIRST.iter().position(|known| known == code)).unwrap_or(0)
            }
        }
    }

    /// The failure as it is shown, with its causes.
    pub(crate) fn render(&self) -> String {
        self.rendered(shows_colors(&std::io::stderr()))
    }

    /// The failure as it is shown where there are no colours.
    pub(crate) fn render_plain(&self) -> String {
        self.rendered(false)
    }

    fn rendered(&self, colors: bool) -> String {
        match self {
            Self::Done(shortcomings) => {
                harmless::lines(&shortcomings.iter().map(Shortcoming::render).collect::<Vec<_>>().join("\n")).into_owned()
            }
            Self::Several(failures) => {
                let told =
                    failures.iter().map(|(name, failure)| format!("{}:\n{}", harmless::line(name), failure.rendered(colors).trim_end()));
                told.collect::<Vec<_>>().join("\n")
            }
            Self::Run(error) | Self::Usage(error) => format!("error: {}", error_text(error.as_ref())),
            Self::Report(problems) => problems_text(problems, colors),
        }
    }
}

/// An error with its causes, as the program says it after `error: `.
pub fn error_text(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}\n  because: {cause}"));
    harmless::lines(&text).into_owned()
}

/// The problems of a report as the program shows them, each underlined in its text.
pub fn problems_text(problems: &Problems, colors: bool) -> String {
    let theme = if colors { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    let rendered = GraphicalReportHandler::new_themed(theme).with_width(110).render_report(&mut text, problems);
    rendered.map_or_else(|_| problems.to_string(), |()| text)
}

/// Whether what is written there may be in colours: it is a terminal, and nobody said no.
pub(crate) fn shows_colors(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
