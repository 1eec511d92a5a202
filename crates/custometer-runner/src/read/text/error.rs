//! Why a text file can't be read.

/// Why a text file can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TextError {
    /// The system would not read it.
    #[error("can't be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// The compressed stream ends before its end.
    #[error("is cut off: the {compression} stream ends after {bytes} bytes of text, in the middle")]
    CutOff {
        /// How it is compressed.
        compression: &'static str,
        /// How much of it could be read.
        bytes: u64,
    },
    /// The compressed stream is damaged.
    #[error("is damaged: the {compression} stream can't be read after {bytes} bytes of text ({reason})")]
    Damaged {
        /// How it is compressed.
        compression: &'static str,
        /// How much of it could be read.
        bytes: u64,
        /// What the decoder said.
        reason: String,
    },
    /// There is nothing in it.
    #[error("is empty: it has not even a header line")]
    Empty,
    /// It is in UTF-16, and does not say so.
    #[error("is in UTF-16 without a byte-order mark, which is not read; save it as UTF-8")]
    Utf16,
    /// It has bytes that no text has.
    #[error("is not text: line {line} has zero bytes")]
    NoText {
        /// The line, from 1.
        line: u64,
    },
    /// The header is not in the encoding that was said.
    #[error("has a header line that is not {0}")]
    Header(&'static str),
    /// Rows can't be told apart.
    #[error("line {line}: {what}")]
    Quoting {
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
}
