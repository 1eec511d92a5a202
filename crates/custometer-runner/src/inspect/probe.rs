//! A look at one file: what it is packed in, its format, and its dialect.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::PolarsError;

use super::dialect::{Header, TextDialect};
use super::inspection::Unreadable;
use super::looks;
use crate::read::container;
use crate::read::files;
use crate::read::format::FileFormat;
use crate::read::given::GivenRows;
use crate::read::kind::{self, Found};
use crate::read::open_error::OpenError;
use crate::read::source::{self, Sheet, Source};
use crate::read::text::{Compression, Delimiter, Encoding, Guess, Letters, TextError, TextFormat};
use crate::read::{elements, text};

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
            OpenError::Container { what, .. } | OpenError::Within { what, .. } => Self::Other(what),
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

/// What can't be inspected, and why.
pub(super) struct Unread {
    pub(super) path: PathBuf,
    pub(super) error: FileError,
}

impl Unread {
    fn of(path: &Path, error: FileError) -> Self {
        Self { path: path.to_owned(), error }
    }

    /// What is told of it.
    pub(super) fn told(self) -> Unreadable {
        Unreadable { path: self.path.display().to_string(), reason: self.error.to_string() }
    }
}

/// The arrays of objects in the start of a document, each by the keys that lead to it.
fn arrays_of(source: &Arc<Source>) -> Vec<String> {
    let mut start = Vec::new();
    // What is damaged is said when it is read.
    let _ = text::open(source).map(|(_, text)| text.take(1 << 20).read_to_end(&mut start));
    elements::arrays(&start)
}

/// What a look at a file's start, and at its letters, says.
pub(super) struct Probe {
    pub(super) path: PathBuf,
    pub(super) source: Arc<Source>,
    /// The keys that lead to the rows of a JSON document, where it is no array itself.
    pub(super) rows: Option<String>,
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
    /// What is read of a file: itself, the members of an archive, the sheets of a workbook, the arrays of a document.
    pub(super) fn all_of(path: &Path) -> Vec<Result<Self, Unread>> {
        match Source::open(path) {
            Ok(source) => Self::all_in(&source),
            Err(error) => vec![Err(Unread::of(path, error.into()))],
        }
    }

    /// Rows that a host gives.
    pub(super) fn of_host(rows: &Arc<GivenRows>) -> Result<Self, Unread> {
        Self::read(&Source::of_host(rows), FileFormat::Arrow, None)
    }

    fn all_in(source: &Arc<Source>) -> Vec<Result<Self, Unread>> {
        let failed = |error: FileError| vec![Err(Unread::of(source.path(), error))];
        match kind::kind_of(source, None, false) {
            Ok(Some(Found::Archive(members))) if members.is_empty() => {
                failed(FileError::Other("is an archive without a file in it".to_owned()))
            }
            Ok(Some(Found::Archive(members))) => members.into_iter().flat_map(|member| Self::all_in(&source.with_member(member))).collect(),
            Ok(Some(Found::Table(FileFormat::Workbook))) => match container::all_sheets(source) {
                Ok(sheets) if sheets.is_empty() => failed(FileError::Other("is a workbook with nothing in it".to_owned())),
                Ok(sheets) => sheets.iter().map(|sheet| Self::read(sheet, FileFormat::Workbook, None)).collect(),
                Err(error) => failed(error.into()),
            },
            Ok(Some(Found::Table(FileFormat::Json))) => vec![Self::elements(source, "")],
            Ok(Some(Found::Table(format))) => vec![Self::read(source, format, None)],
            Ok(None) => vec![Self::read(source, FileFormat::Csv, None)],
            // A document has its rows in one of its arrays, or in several.
            Err(OpenError::Within { key: "rows", .. }) if !arrays_of(source).is_empty() => {
                arrays_of(source).iter().map(|keys| Self::elements(source, keys)).collect()
            }
            Err(error) => failed(error.into()),
        }
    }

    fn elements(source: &Arc<Source>, keys: &str) -> Result<Self, Unread> {
        let rows = (!keys.is_empty()).then(|| keys.to_owned());
        Self::read(&source.with_text(source::Text::Elements(container::keys(keys))), FileFormat::Json, rows)
    }

    fn read(source: &Arc<Source>, format: FileFormat, rows: Option<String>) -> Result<Self, Unread> {
        Self::of(source, format, rows).map_err(|error| Unread::of(source.path(), error))
    }

    /// The sheet that it is.
    pub(super) fn sheet(&self) -> Option<&Sheet> {
        if let source::Text::Sheet(sheet) = self.source.text() { Some(sheet) } else { None }
    }

    fn of(source: &Arc<Source>, format: FileFormat, rows: Option<String>) -> Result<Self, FileError> {
        let path = source.path();
        let compression = Compression::of(source)?;
        let mut probe =
            Self { path: path.to_owned(), source: Arc::clone(source), rows, format, compression, text: None, columns: BTreeSet::new() };
        if !format.has_records() {
            let opened = files::open_sources(vec![(Arc::clone(source), format)], |_| TextFormat::default())?;
            probe.columns = opened.schema.iter_names().map(ToString::to_string).collect();
            return Ok(probe);
        }
        let start = text::start(source)?;
        if start.bytes[start.at..].trim_ascii().is_empty() && start.whole {
            return Err(TextError::Empty.into());
        }
        let is_sheet = format == FileFormat::Workbook;
        let letters = if is_sheet { Letters::of_utf8() } else { text::letters(source)? };
        if letters.encoding == Encoding::Utf8 && letters.lines_other > 0 {
            let (right, wrong, first) = (letters.lines_utf8, letters.lines_other, letters.first_other);
            return Err(FileError::Other(format!(
                "is UTF-8 in {right} lines with letters beyond ASCII and something else in {wrong}, the first of which is line {first}: \
                 mend them, or save it as UTF-8"
            )));
        }
        let mut guess = text::guess(&start, letters.encoding, &looks::is_data);
        if guess.width == 1 && !is_sheet && kind::format_of(path).is_none() {
            return Err(FileError::Other("is not a table: neither its name nor its lines say what stands between two values".to_owned()));
        }
        if guess.has_header {
            probe.columns = text::head(source, &guess.format)?.names.into_iter().collect();
        } else {
            let names: Vec<String> = (1..=guess.width).map(|position| format!("column_{position}")).collect();
            probe.columns = names.iter().cloned().collect();
            guess.format.column_names = Some(names);
        }
        let is_utf16 = !is_sheet && text::is_utf16(source)?;
        probe.text = Some(Text { guess, letters, byte_order_mark: start.at > 0, is_utf16 });
        Ok(probe)
    }

    /// Whether two files make one table.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        let dialect = |probe: &Self| probe.text.as_ref().map(|text| text.guess.format.clone());
        self.format == other.format && self.rows == other.rows && self.columns == other.columns && dialect(self) == dialect(other)
    }
}
