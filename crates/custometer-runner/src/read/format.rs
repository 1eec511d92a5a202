//! The formats that tables are read from.

use schemars::JsonSchema;
use serde::Deserialize;

/// A format that tables are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FileFormat {
    /// Values separated by a delimiter, one row per line.
    Csv,
    /// The same, separated by tabs.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// A JSON array of objects, or a document that has one: `rows` says where.
    Json,
    /// A sheet of a workbook: `.xlsx`, `.xlsb`, `.ods` or `.xls`.
    Workbook,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow's file format.
    Arrow,
}

impl FileFormat {
    /// The name in configs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Workbook => "workbook",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Whether its values are text, in a dialect that a config may describe.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv)
    }

    /// Whether it has rows of values under a header, each of which may be damaged by itself.
    pub fn has_records(self) -> bool {
        self.is_text() || self == Self::Workbook
    }

    /// Whether its rows are JSON objects.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Ndjson | Self::Json)
    }
}
