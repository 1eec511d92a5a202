//! Why a table's files can't be opened.

use super::text::TextError;

/// Why a table can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OpenError {
    /// The path matches nothing.
    #[error("no file matches `{0}`")]
    NoFile(String),
    /// The file's name says nothing about its format.
    #[error("the format of `{0}` is not known")]
    Format(String),
    /// The files of one table store a column in ways that do not go together.
    #[error("`{column}` is {first} in some files and {other} in `{file}`")]
    Types {
        /// The column.
        column: String,
        /// How it is stored in the files before.
        first: String,
        /// How it is stored in this one.
        other: String,
        /// A file unlike those before it.
        file: String,
    },
    /// The files of one table are of several formats.
    #[error("`{file}` is {format}, and the files before it are {first}")]
    Formats {
        /// The file.
        file: String,
        /// Its format.
        format: &'static str,
        /// That of the others.
        first: &'static str,
    },
    /// A file holds something else than rows that can be read.
    #[error("`{file}` {what}")]
    Container {
        /// The file.
        file: String,
        /// What it is, and what to do.
        what: String,
    },
    /// What a config says of where in a file its rows are is not there, or is needed.
    #[error("`{file}` {what}")]
    Within {
        /// The file.
        file: String,
        /// The key that says it.
        key: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A name for a column is given twice.
    #[error("`column_names` has `{0}` twice")]
    TwoColumns(String),
    /// The header is one column, but it has what looks like a delimiter.
    #[error("`{file}` has no `{delimiter}` in its header line, but {count} × `{other}`")]
    Delimiter {
        /// The file.
        file: String,
        /// The delimiter that it is read with.
        delimiter: String,
        /// What may be the delimiter.
        other: char,
        /// How often it comes.
        count: usize,
    },
    /// A text file is not in the encoding that it is read in.
    #[error("`{file}` is not UTF-8: line {line}")]
    Encoding {
        /// The file.
        file: String,
        /// The first line that is not.
        line: u64,
    },
    /// A text file can't be read.
    #[error("`{file}` {source}")]
    Text {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: TextError,
    },
    /// Another file can't be read.
    #[error("`{file}` can't be read: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the reader said.
        reason: String,
    },
}
