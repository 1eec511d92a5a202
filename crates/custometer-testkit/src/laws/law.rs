//! What every metric promises, and what is said of one that does not keep it.

use std::fmt;

/// What every metric promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Law {
    /// Its examples have the values that they are documented with.
    ExamplesHold,
    /// It says what it is, of what, by which formula, and what happens in unusual cases.
    IsDocumented,
    /// Its parameters mean the same when they are written out and read again, and unknown ones are refused.
    ParametersRoundTrip,
    /// Every input has a result: none, one row, nothing but missing values, zeros, rows that come twice.
    AlwaysHasAResult,
    /// What can't be known is undefined: never zero, infinite or no number.
    NothingIsSilentlyZero,
    /// A value lies in its own interval.
    IntervalsHoldTheirValue,
    /// The order of rows changes nothing.
    OrderOfRowsIsNothing,
    /// Neither does how rows are split into files.
    SplitOfFilesIsNothing,
    /// Neither does how much memory there is.
    MemoryIsNothing,
    /// What is derived of an entity does not change with the rows of others.
    EntitiesAreApart,
    /// What is measured of parts unites to what is measured of the whole.
    PartsUnite,
    /// What is said to add up over groups does, and breaking down changes no total.
    GroupsAddUp,
    /// A run in stages, cut and shuffled at chance as machines of a cluster would have it, gives the bytes of a run.
    StagesAreOneRun,
    /// A value over a window that overlaps others is that of a period as long as it.
    WindowsArePeriods,
    /// A damaged row is rejected and told with its place and text, and changes no value.
    NothingWrongGetsIn,
}

impl Law {
    /// The law in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExamplesHold => "the documented examples hold",
            Self::IsDocumented => "it is documented",
            Self::ParametersRoundTrip => "parameters mean the same when written and read again, and unknown ones are refused",
            Self::AlwaysHasAResult => "every input has a result",
            Self::NothingIsSilentlyZero => "what can't be known is undefined, and nothing is infinite",
            Self::IntervalsHoldTheirValue => "an interval holds its value",
            Self::OrderOfRowsIsNothing => "the order of rows changes nothing",
            Self::SplitOfFilesIsNothing => "how rows are split into files changes nothing",
            Self::MemoryIsNothing => "how much memory there is changes nothing",
            Self::EntitiesAreApart => "the rows of one entity never influence those of another",
            Self::PartsUnite => "measures of parts unite to those of the whole",
            Self::GroupsAddUp => "groups add up to their total where they are said to, and breaking down changes no total",
            Self::StagesAreOneRun => "a run in stages, however it is cut, gives the bytes of a run",
            Self::WindowsArePeriods => "a value over a window is that of a period as long as it",
            Self::NothingWrongGetsIn => "a damaged row is rejected and told, and changes no value",
        }
    }
}

/// A law that a metric breaks, with the input that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: Law,
    /// The metric's id.
    pub metric: String,
    /// The parameters, as TOML.
    pub params: String,
    /// The input that shows it, where it takes one.
    pub input: Option<String>,
    /// What should have been.
    pub expected: String,
    /// What was instead.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` breaks a law: {}", self.metric, self.law.as_str())?;
        if !self.params.is_empty() {
            write!(f, "\n  with {}", self.params.replace('\n', ", "))?;
        }
        if let Some(input) = &self.input {
            write!(f, "\n  over\n{}", indented(input))?;
        }
        write!(f, "\n  expected: {}\n  found: {}", self.expected, self.found)
    }
}

fn indented(text: &str) -> String {
    const LINES: usize = 45;
    let lines: Vec<String> = text.trim_end().lines().take(LINES).map(|line| format!("    {line}")).collect();
    let more = text.trim_end().lines().count().saturating_sub(LINES);
    lines.join("\n") + &if more > 0 { format!("\n    and {more} more") } else { String::new() }
}
