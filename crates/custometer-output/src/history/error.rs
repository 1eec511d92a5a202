//! Why runs could not be kept, or read again.

use std::io;
use std::path::PathBuf;

use polars::prelude::PolarsError;

/// Why runs could not be kept, or read again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A file or folder could not be read or made.
    #[error("could not {what} `{}`", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file could not be written or read as Parquet.
    #[error("could not {what} `{}`", path.display())]
    Parquet {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The engine's error.
        source: PolarsError,
    },
    /// A file is no result of a run.
    #[error("`{}` is no result of a run as JSON: {reason}", path.display())]
    NoResult {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such run.
    #[error("there is no run `{asked}` in `{}`; {known}", folder.display())]
    NoRun {
        /// What was asked for.
        asked: String,
        /// The folder of runs.
        folder: PathBuf,
        /// What there is.
        known: String,
    },
}
