//! The formats of results.

use std::fmt;
use std::str::FromStr;

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
    /// A workbook for Excel and other spreadsheets: a sheet for each request.
    Xlsx,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] = [Self::Table, Self::Markdown, Self::Json, Self::Csv, Self::Parquet, Self::Html, Self::Xlsx];

    /// The name on the command line and in configs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Html => "html",
            Self::Xlsx => "xlsx",
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
            Self::Xlsx => "xlsx",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// No format has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; the formats are {known}", known = Format::ALL.map(Format::as_str).join(", "))]
pub struct UnknownFormat(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
    }

    #[test]
    fn an_unknown_format_is_told_the_known_ones() {
        let error = "pdf".parse::<Format>().unwrap_err();
        assert_eq!(error.to_string(), "unknown format `pdf`; the formats are table, markdown, json, csv, parquet, html, xlsx");
    }
}
