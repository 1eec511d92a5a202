//! A look at one file: what it is packed in, its format, and its dialect.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use polars::prelude::PolarsError;

use super::{Header, TextDialect, looks};
use crate::read::files::{self, OpenError};
use crate::read::format::FileFormat;
use crate::read::text::{self, Compression, Delimiter, Encoding, Guess, Letters, TextError, TextFormat};

/// What to say of a file that holds all its rows in one value.
const ONE_DOCUMENT: &str = "is one JSON document; one object per line is read: `jq -c '.[]'` makes such lines of an array";

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
}

impl Text {
    /// The dialect, for people.
    pub(super) fn dialect(&self) -> TextDialect {
        let Self { guess, letters, byte_order_mark } = self;
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
            encoding: if letters.lines_utf8 + letters.lines_other == 0 { "ASCII" } else { letters.encoding.as_str() },
            byte_order_mark: *byte_order_mark,
            words: letters.words.clone(),
            skip_lines: guess.format.skip_lines,
            header: match (guess.has_header, &guess.renamed) {
                (true, None) => Header::Names,
                (true, Some(_)) => Header::RepeatedNames,
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
        let compression = Compression::of(path)?;
        let start = text::start(path)?;
        let format = format_of(path, &start)?;
        let mut probe = Self { path: path.to_owned(), format, compression, text: None, columns: BTreeSet::new() };
        if !format.is_text() {
            let opened = files::open(vec![path.to_owned()], Some(format), |_| TextFormat::default())?;
            probe.columns = opened.schema.iter_names().map(ToString::to_string).collect();
            return Ok(probe);
        }
        if start.bytes[start.at..].trim_ascii().is_empty() && start.whole {
            return Err(TextError::Empty.into());
        }
        let letters = text::letters(path)?;
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
        if guess.has_header && guess.renamed.is_none() {
            probe.columns = text::head(path, &guess.format)?.names.into_iter().collect();
        } else {
            let numbered = (1..=guess.width).map(|position| format!("column_{position}")).collect();
            let names: Vec<String> = guess.renamed.clone().unwrap_or(numbered);
            probe.columns = names.iter().cloned().collect();
            guess.format.column_names = Some(names);
        }
        probe.text = Some(Text { guess, letters, byte_order_mark: start.at > 0 });
        Ok(probe)
    }

    /// Whether two files make one table.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        let dialect = |probe: &Self| probe.text.as_ref().map(|text| text.guess.format.clone());
        self.format == other.format && self.columns == other.columns && dialect(self) == dialect(other)
    }
}

/// The format that a file's first bytes say, or else its name; a text with rows where neither does.
fn format_of(path: &Path, start: &text::Start) -> Result<FileFormat, FileError> {
    let bytes = &start.bytes[start.at..];
    let refused = |what: &str| Err(FileError::Other(what.to_owned()));
    if bytes.starts_with(b"PAR1") {
        return Ok(FileFormat::Parquet);
    }
    if bytes.starts_with(b"ARROW1") {
        return Ok(FileFormat::Arrow);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return refused("is a workbook or an archive: save its sheet as CSV");
    }
    let content = bytes.trim_ascii_start();
    let is_object = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| value.is_object());
    let by_name = files::format_of(path);
    match (by_name, content.first()) {
        (Some(FileFormat::Parquet | FileFormat::Arrow), _) => refused("is not what its name says: it does not start like such a file"),
        (_, Some(b'{')) if content.split(|byte| *byte == b'\n').next().is_some_and(is_object) => Ok(FileFormat::Ndjson),
        (Some(FileFormat::Ndjson) | None, Some(b'[')) | (None, Some(b'{')) => refused(ONE_DOCUMENT),
        (Some(format), _) => Ok(format),
        (None, _) => Ok(FileFormat::Csv),
    }
}
