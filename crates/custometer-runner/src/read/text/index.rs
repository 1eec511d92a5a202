//! The index of a text file: its hash, its rows, and chunks that can be parsed apart.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bytes::{Hashing, text_of};
use super::error::TextError;
use super::format::{Delimiter, TextFormat};
use super::head::{BYTE_ORDER_MARK, Head, Last};
use super::records::{Found, is_blank, record, values};
use crate::read::source::{Source, Text};
use crate::read::watch::Watch;

/// How much text one task parses.
const CHUNK: usize = 4 << 20;
/// How much is read at once.
const BLOCK: usize = 1 << 20;
/// A quoted value longer than this is a quote that was never closed.
const LONGEST_VALUE: usize = 16 << 20;
/// What exports call the row that adds up the others.
const TOTALS: [&str; 22] = [
    "total",
    "totals",
    "total général",
    "total general",
    "grand total",
    "subtotal",
    "sub-total",
    "sub total",
    "sum",
    "sums",
    "summary",
    "i alt",
    "ialt",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "totaal",
    "totalt",
    "summa",
    "totale",
    "suma",
];

/// A run of whole rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chunk {
    /// Where it starts, in bytes of unpacked text.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) length: usize,
    /// How many of the file's rows come before it.
    pub(crate) rows_before: u64,
}

/// What going through a file once tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileIndex {
    /// Its size on disk.
    pub(crate) bytes: u64,
    /// BLAKE3 hash of its content.
    pub(crate) hash: String,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// Its rows, in order and without gaps.
    pub(crate) chunks: Vec<Chunk>,
    /// Rows of the header beyond its first, and header lines that come again.
    pub(crate) headers: u64,
    /// Lines that are comments.
    pub(crate) comments: u64,
    /// Rows of the footer.
    pub(crate) footers: u64,
    /// The rows that have a total in them and nothing that says of what: the number of the first one, from 0, and how many there are.
    pub(crate) totals: Option<(u64, u64)>,
    /// Where rows are in a sheet: of each run of rows that follow each other, the first one, from 0, and the sheet's row, from 1.
    pub(crate) places: Vec<(u64, u64)>,
}

impl FileIndex {
    /// The number of a row as people count: from 1, and in a workbook that of the sheet.
    pub(crate) fn place(&self, row: u64) -> u64 {
        let run = self.places.partition_point(|(first, _)| *first <= row).checked_sub(1).and_then(|run| self.places.get(run));
        run.map_or(row + 1, |(first, place)| place + (row - first))
    }
}

/// Goes through a file once.
pub(crate) fn index(source: &Arc<Source>, head: &Head, watch: &Watch) -> Result<FileIndex, TextError> {
    let hashing = Hashing::new(source.reader());
    let sums = hashing.sums();
    let (compression, mut text) = text_of(source, hashing)?;
    let mut unpacked = 0;
    let mut skipped = Vec::new();
    if let Err(error) = text.by_ref().take(head.rows_at).read_to_end(&mut skipped) {
        return Err(compression.failed(error, unpacked));
    }
    unpacked += head.rows_at;
    let mut rows = Rows::new(head);
    // The part of the last block that is not a whole record yet, and the block after it.
    let mut buffer: Vec<u8> = Vec::new();
    loop {
        watch.check().map_err(std::io::Error::other)?;
        let left = buffer.len();
        let read = text.by_ref().take(BLOCK as u64).read_to_end(&mut buffer).map_err(|error| compression.failed(error, unpacked))?;
        unpacked += read as u64;
        let whole = buffer.len() - left < BLOCK;
        let taken = rows.take(&buffer, whole)?;
        buffer.drain(..taken);
        if whole {
            break;
        }
    }
    rows.close();
    // A decoder may stop before the file does. The cells of a workbook were read before.
    let (hash, bytes) = if matches!(source.text(), Text::Sheet(_)) { (super::bytes::hash(source)?, source.bytes()) } else { sums() };
    Ok(FileIndex { bytes, hash, ..rows.without_footer() })
}

/// Rows as they are found.
struct Rows<'a> {
    head: &'a Head,
    found: FileIndex,
    /// The line of the next record.
    line: u64,
    /// Where the open chunk starts.
    at: u64,
    /// How long it is so far.
    open: usize,
    /// How many rows come before it.
    rows_before: u64,
    last: Last<u64>,
}

impl<'a> Rows<'a> {
    fn new(head: &'a Head) -> Self {
        let found = FileIndex { headers: head.headers, comments: head.comments, ..FileIndex::default() };
        let last = Last::new(head.format.footer_lines);
        Self { head, found, line: head.first_line, at: head.rows_at, open: 0, rows_before: 0, last }
    }

    /// Takes the whole records of a buffer, and says how much that is.
    fn take(&mut self, bytes: &[u8], whole: bool) -> Result<usize, TextError> {
        let format = &self.head.format;
        let lines = |bytes: &[u8]| memchr::memchr_iter(format.line_end, bytes).count() as u64;
        let mut at = 0;
        while at < bytes.len() {
            let found = match record(bytes, at, whole, format) {
                Found::Record(found) => found,
                Found::Unfinished(Some(opened)) if whole || bytes.len() - opened > LONGEST_VALUE => {
                    let what = format!("a quote opens here and is never closed; {}", quotes_may_be_plain(format));
                    return Err(TextError::Quoting { line: self.line + lines(&bytes[at..opened]), what });
                }
                Found::Unfinished(_) => break,
                Found::Malformed { opened, closed } => {
                    let end = self.line + lines(&bytes[at..closed]);
                    let what = format!(
                        "a quote opens here, and what closes it on line {end} is not at a value's end; {}",
                        quotes_may_be_plain(format)
                    );
                    return Err(TextError::Quoting { line: self.line + lines(&bytes[at..opened]), what });
                }
            };
            let raw = &bytes[at..found.end];
            if found.is_comment {
                self.found.comments += 1;
            } else if is_header(raw, self.head.header.as_deref()) {
                self.found.headers += 1;
            } else if !is_blank(raw, format) {
                if is_total(raw, format) {
                    let (_, count) = self.found.totals.get_or_insert((self.found.rows, 0));
                    *count += 1;
                }
                self.last.push(self.at + self.open as u64);
                if format.is_of_sheet() && self.found.place(self.found.rows) != self.line {
                    self.found.places.push((self.found.rows, self.line));
                }
                self.found.rows += 1;
            }
            self.line += if found.quoted { lines(&bytes[at..found.next]) } else { 1 };
            self.open += found.next - at;
            at = found.next;
            if self.open >= CHUNK {
                self.close();
            }
        }
        Ok(at)
    }

    /// Ends the open chunk.
    fn close(&mut self) {
        if self.found.rows > self.rows_before {
            self.found.chunks.push(Chunk { offset: self.at, length: self.open, rows_before: self.rows_before });
        }
        self.at += self.open as u64;
        self.open = 0;
        self.rows_before = self.found.rows;
    }

    fn without_footer(self) -> FileIndex {
        let Self { mut found, last, .. } = self;
        if let Some(start) = last.start() {
            found.footers = last.len();
            found.rows -= found.footers;
            found.chunks.retain(|chunk| chunk.rows_before < found.rows);
            if let Some(chunk) = found.chunks.last_mut() {
                chunk.length = chunk.length.min(usize::try_from(start - chunk.offset).unwrap_or(usize::MAX));
            }
            found.totals = found.totals.filter(|(first, _)| *first < found.rows);
        }
        found
    }
}

/// Whether a record is the header line once more, as in files that were put together.
pub(super) fn is_header(raw: &[u8], header: Option<&[u8]>) -> bool {
    header.is_some_and(|header| raw == header || raw.len() > header.len() && raw.strip_prefix(BYTE_ORDER_MARK) == Some(header))
}

/// Whether a record is called a total, and has nothing in it but numbers.
fn is_total(raw: &[u8], format: &TextFormat) -> bool {
    let Delimiter::Byte(delimiter) = format.delimiter else { return false };
    let first = raw.iter().find(|byte| ![delimiter, b'"', b' '].contains(byte));
    if !first.is_some_and(|first| b"TtSsGgIiZz".contains(first)) {
        return false;
    }
    let content: Cow<'_, [u8]> = format.encoding.to_utf8(raw);
    let Ok(content) = std::str::from_utf8(&content) else { return false };
    let (mut called, mut others, mut numbers) = (None, true, 0);
    let quoted = format.quote.is_some_and(|quote| raw.contains(&quote));
    let each = |_: usize, value: Cow<'_, str>| {
        let value = value.trim();
        if value.is_empty() {
        } else if called.is_none() {
            let name = value.trim_end_matches([':', '.']).trim_end().to_lowercase();
            called = Some(TOTALS.contains(&name.as_str()));
        } else {
            numbers += 1;
            others &= value.starts_with(|first: char| !first.is_alphabetic()) && value.contains(|digit: char| digit.is_ascii_digit());
        }
    };
    values(content, quoted, format, usize::MAX, usize::MAX, each).is_ok() && called == Some(true) && others && numbers > 0
}

fn quotes_may_be_plain(format: &TextFormat) -> String {
    let quote = format.quote.map_or('"', char::from);
    format!("mend the line, or say `quote = \"\"` if `{quote}` is a character like any other in this file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_called_one_and_has_nothing_but_numbers() {
        let semicolon = TextFormat { delimiter: Delimiter::Byte(b';'), ..TextFormat::default() };
        let is = |text: &str| is_total(text.as_bytes(), &semicolon);
        assert!(is("Total;;1 284,50"));
        assert!(is(";;\"Grand total:\";12;-3.5"));
        assert!(is("i alt;$12"));
        assert!(!is("Total Wine;;12"));
        assert!(!is("total;North;12"));
        assert!(!is("Total;;"));
        assert!(!is("North;;12"));
    }
}
