//! Why a result could not be rendered or written.

use std::error::Error;
use std::path::PathBuf;

use polars::prelude::PolarsError;

use crate::format::Format;

/// Why a result could not be rendered or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
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
    /// Something that a run does not replace is where a file or folder has to be. Nothing was changed.
    #[error("`{}` is a {what}, and a {wanted} has to be there: move it away; nothing was written", path.display())]
    InTheWay {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What has to be there.
        wanted: &'static str,
    },
    /// Another run kept on writing into the folder. Nothing was changed.
    #[error(
        "another run has been writing into `{}` for {seconds} seconds: wait until it is done, or end it; nothing was written", path.display()
    )]
    Busy {
        /// The folder.
        path: PathBuf,
        /// How long this run waited.
        seconds: u64,
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
