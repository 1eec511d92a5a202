//! A run's result, rendered: as a terminal table, Markdown, JSON, CSV, Parquet or HTML.
//!
//! [`render`] makes the bytes of one format; [`write_all`] puts files into a folder, each one whole or not at all. Nothing here
//! prints, and the same result always comes to the same bytes.

mod csv;
mod html;
mod human;
mod json;
mod locale;
mod markdown;
mod parquet;
mod period;
mod sections;
mod sparkline;
mod table;
mod tidy;
mod write;

#[cfg(test)]
mod fixture;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use custometer_runner::result::{Alert, ResultRow, RunResult};
use polars::prelude::PolarsError;

pub use write::{write_all, write_dated};

/// A way to render a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Tables for a terminal, with values rounded for reading.
    Table,
    /// The same for pull requests and wikis.
    Markdown,
    /// One document: the manifest, the results, the alerts and the rejected rows.
    Json,
    /// One tidy file, a row per result.
    Csv,
    /// The columns of the CSV, typed.
    Parquet,
    /// One page with charts, to be read, printed and passed on.
    Html,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::Table, Self::Markdown, Self::Json, Self::Csv, Self::Parquet, Self::Html];

    /// The name on the command line and in configs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Html => "html",
        }
    }

    /// The extension of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = OutputError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| OutputError::UnknownFormat { name: name.to_owned() })
    }
}

/// Why a result could not be rendered or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No format has this name.
    #[error("unknown format `{name}`; the formats are {}", Format::ALL.map(Format::as_str).join(", "))]
    UnknownFormat {
        /// What was asked for.
        name: String,
    },
    /// The results do not fit the format.
    #[error("could not render the results as {format}")]
    Render {
        /// The format.
        format: Format,
        /// The encoder's error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A detail table could not be written as Parquet.
    #[error("could not write the details of `{request}` to `{}`", path.display())]
    Detail {
        /// The name of the request.
        request: String,
        /// Where they would have gone.
        path: PathBuf,
        /// The encoder's error.
        source: PolarsError,
    },
    /// The rejected rows could not be turned into text.
    #[error("could not write the rejected rows to `{}`", path.display())]
    Rejected {
        /// Where they would have gone.
        path: PathBuf,
        /// The encoder's error.
        source: PolarsError,
    },
    /// A file or folder could not be made; an earlier file of this name is still there.
    #[error("could not {what} `{}`", path.display())]
    File {
        /// What was tried, such as "create the folder".
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// What a table is shown on: a file, unless said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// How many characters fit on a line; any number where it is not said.
    pub width: Option<u16>,
    /// Whether it shows colours.
    pub colors: bool,
}

/// The result in one format. Tables keep within the terminal, where there is one; the other formats have no use for it.
pub fn render(result: &RunResult, format: Format, terminal: Option<Terminal>) -> Result<Vec<u8>, OutputError> {
    let rendered = match format {
        Format::Table => Ok(table::render(result, terminal.unwrap_or_default()).into_bytes()),
        Format::Markdown => Ok(markdown::render(result).into_bytes()),
        Format::Json => json::render(result).map_err(Into::into),
        Format::Csv => csv::render(result).map_err(Into::into),
        Format::Parquet => parquet::render(result),
        Format::Html => html::render(result).map_err(Into::into),
    };
    rendered.map_err(|source| OutputError::Render { format, source })
}

/// What a webhook is told of an alert, as JSON: `schema_version`, the `alert`, the `report`, and the `result` it fired on as in the JSON
/// output. None where the result has no such row, or has it suppressed.
pub fn payload(result: &RunResult, alert: &Alert) -> Option<Result<Vec<u8>, OutputError>> {
    Some(json::payload(result, alert)?.map_err(|error| OutputError::Render { format: Format::Json, source: error.into() }))
}

/// The rejected rows by reason, with examples, as a terminal table: what goes beside a format that has no room for them.
pub fn rejected(result: &RunResult, terminal: Terminal) -> String {
    table::rejected(&result.rejected, terminal) + "\n"
}

/// The alerts, a line each, the gravest first: what goes beside a format that has no room for them.
pub fn alerts(result: &RunResult) -> Vec<String> {
    sections::alerts(&result.alerts).into_iter().map(|line| line.text).collect()
}

/// A result on one line, such as `nps (region: north), 2025-12: +28.5, target at least +40.0`.
pub fn line(row: &ResultRow, result: &RunResult) -> String {
    let target = row.target.as_ref().map(|judgement| format!(", target {}", sections::goal(&judgement.target, row.unit)));
    sections::standing(row, &result.manifest) + &target.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Terminal = Terminal { width: Some(80), colors: false };

    #[test]
    fn a_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse::<Format>().unwrap(), format);
        }
    }

    #[test]
    fn an_unknown_format_is_told_the_known_ones() {
        let error = "xlsx".parse::<Format>().unwrap_err();
        assert_eq!(error.to_string(), "unknown format `xlsx`; the formats are table, markdown, json, csv, parquet, html");
    }

    #[test]
    fn the_same_result_comes_to_the_same_bytes() {
        for format in Format::ALL {
            let render = || render(&fixture::result(), format, Some(WIDE)).unwrap();
            assert_eq!(render(), render(), "{format}");
        }
    }

    #[test]
    fn a_result_without_rows_renders() {
        for format in Format::ALL {
            assert!(!render(&fixture::empty(), format, Some(WIDE)).unwrap().is_empty(), "{format}");
        }
    }
}
