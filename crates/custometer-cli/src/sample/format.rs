//! The file formats of samples.

/// A file format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values with a header line
    Csv,
    /// Apache Parquet, compressed with Zstandard
    Parquet,
}

impl Format {
    /// The usual file extension, without the dot.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}
