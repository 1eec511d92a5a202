//! A look at one file: what it is packed in, its format, and its dialect.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use polars::prelude::PolarsError;

use super::dialect::{Header, TextDialect};
use super::looks;
use crate::read::files::{self, OpenError};
use crate::read::format::FileFormat;
use crate::read::source::Source;
use crate::read::text::{self, Compression, Delimiter, Encoding, Guess, Letters, TextError, TextFormat};

/// Why a file can't be inspected.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("{0}")]
    Other(String),
}

impl From<OpenError> for FileError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Text { source, .. } => Self::Text(source),
            OpenError::NoFile(_) => Self::Other("is not a file, and no file matches it".to_owned()),
            OpenError::Encoding { line, .. } => Self::Other(format!("is not UTF-8: line {line}")),
            OpenError::Container { what, .. } => Self::Other(what),
            OpenError::Unreadable { reason, .. } => Self::Other(format!("can't be read: {reason}")),
            other => Self::Other(format!("can't be opened: {other}")),
        }
    }
}

impl From<PolarsError> for FileError {
    fn from(error: PolarsError) -> Self {
        Self::Other(format!("can't be read to its end: {}", error.to_string().lines().next().unwrap_or_default()))
    }
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        Self::Text(error.into())
    }
}

/// What a look at a file's start, and at its letters, says.
pub(super) struct Probe {
    pub(super) path: PathBuf,
    pub(super) format: FileFormat,
    pub(super) compression: Compression,
    pub(super) text: Option<Text>,
    columns: BTreeSet<String>,
}

/// The dialect of a text file.
pub(super) struct Text {
    pub(super) guess: Guess,
    letters: Letters,
    byte_order_mark: bool,
    is_utf16: bool,
}

impl Text {
    /// The dialect, for people.
    pub(super) fn dialect(&self) -> TextDialect {
        let Self { guess, letters, byte_order_mark, is_utf16 } = self;
        TextDialect {
            delimiter: match guess.format.delimiter {
                Delimiter::Byte(byte) => char::from(byte).to_string(),
                Delimiter::Spaces => "spaces".to_owned(),
            },
            values: guess.width,
            rows_agreeing: guess.agreeing,
            rows_looked_at: guess.records,
            quote: guess.format.quote.filter(|_| guess.quoted).map(char::from),
            plain_quotes: guess.format.quote.is_none(),
            encoding: match letters.lines_utf8 + letters.lines_other {
                _ if *is_utf16 => "UTF-16",
                0 => "ASCII",
                _ => letters.encoding.as_str(),
            },
            byte_order_mark: *byte_order_mark,
            words: letters.words.clone(),
            skip_lines: guess.format.skip_lines,
            header_lines: guess.format.header_lines.unwrap_or(u64::from(guess.has_header)),
            header: match (guess.has_header, guess.repeats_names) {
                (true, false) => Header::Names,
                (true, true) => Header::RepeatedNames,
                (false, _) => Header::None,
            },
        }
    }
}

impl Probe {
    pub(super) fn of(path: &Path) -> Result<Self, FileError> {
        if files::is_remote(&path.to_string_lossy()) {
            return Err(FileError::Other("is not on this machine: copy a part of it here".to_owned()));
        }
        let source = Source::open(path)?;
        let compression = Compression::of(&source)?;
        let format = files::kind_of(&source, None)?.unwrap_or(FileFormat::Csv);
        let mut probe = Self { path: path.to_owned(), format, compression, text: None, columns: BTreeSet::new() };
        if !format.is_text() {
            let opened = files::open(vec![path.to_owned()], Some(format), |_| TextFormat::default())?;
            probe.columns = opened.schema.iter_names().map(ToString::to_string).collect();
            return Ok(probe);
        }
        let start = text::start(&source)?;
        if start.bytes[start.at..].trim_ascii().is_empty() && start.whole {
            return Err(TextError::Empty.into());
        }
        let letters = text::letters(&source)?;
        if letters.encoding == Encoding::Utf8 && letters.lines_other > 0 {
            let (right, wrong, first) = (letters.lines_utf8, letters.lines_other, letters.first_other);
            return Err(FileError::Other(format!(
                "is UTF-8 in {right} lines with letters beyond ASCII and something else in {wrong}, the first of which is line {first}: \
                 mend them, or save it as UTF-8"
            )));
        }
        let mut guess = text::guess(&start, letters.encoding, &looks::is_data);
        if guess.width == 1 && files::format_of(path).is_none() {
            return Err(FileError::Other("is not a table: neither its name nor its lines say what stands between two values".to_owned()));
        }
        if guess.has_header {
            probe.columns = text::head(&source, &guess.format)?.names.into_iter().collect();
        } else {
            let names: Vec<String> = (1..=guess.width).map(|position| format!("column_{position}")).collect();
            probe.columns = names.iter().cloned().collect();
            guess.format.column_names = Some(names);
        }
        let is_utf16 = text::is_utf16(&source)?;
        probe.text = Some(Text { guess, letters, byte_order_mark: start.at > 0, is_utf16 });
        Ok(probe)
    }

    /// Whether two files make one table.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        let dialect = |probe: &Self| probe.text.as_ref().map(|text| text.guess.format.clone());
        self.format == other.format && self.columns == other.columns && dialect(self) == dialect(other)
    }
}
