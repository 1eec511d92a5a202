//! The head of a text file: its columns, where its rows start, and its first rows.

use std::io::Read;
use std::path::Path;

use super::TextError;
use super::bytes::open;
use super::format::{Encoding, TextFormat};
use super::records::{Found, is_blank, record, values};

/// How much of a file is looked at beforehand.
const LOOKED_AT: u64 = 1 << 20;

/// The start of a file.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The names in the header line, or those that the config gives.
    pub(crate) names: Vec<String>,
    /// Where the rows start, in bytes of unpacked text.
    pub(crate) rows_at: u64,
    /// The line that the first row may be on, from 1.
    pub(crate) first_line: u64,
    /// The first rows, whole ones, as they are in the file.
    pub(crate) rows: Vec<u8>,
}

/// The first bytes of a file's text.
pub(crate) struct Start {
    pub(crate) bytes: Vec<u8>,
    /// Whether that is all of it.
    pub(crate) whole: bool,
    /// Where the text starts: after a byte-order mark.
    pub(crate) at: usize,
}

/// Reads the first bytes of a file.
pub(crate) fn start(path: &Path) -> Result<Start, TextError> {
    let (compression, text) = open(path)?;
    let mut bytes = Vec::new();
    if let Err(error) = text.take(LOOKED_AT).read_to_end(&mut bytes) {
        return Err(compression.failed(error, bytes.len() as u64));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(TextError::Utf16);
    }
    let at = if bytes.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
    Ok(Start { whole: (bytes.len() as u64) < LOOKED_AT, bytes, at })
}

/// Reads the head of a file.
pub(crate) fn head(path: &Path, format: &TextFormat) -> Result<Head, TextError> {
    let Start { bytes: start, whole, mut at } = start(path)?;
    let mut line = 1;
    for _ in 0..format.skip_lines {
        let length = memchr::memchr(b'\n', &start[at..]).ok_or(TextError::Empty)?;
        at += length + 1;
        line += 1;
    }
    let mut names = format.column_names.clone();
    while names.is_none() {
        let (end, next, quoted) = match record(&start, at, whole, format) {
            Found::Record(_) if at >= start.len() => return Err(TextError::Empty),
            Found::Record(found) => (found.end, found.next, found.quoted),
            Found::Unfinished(_) | Found::Malformed { .. } => {
                return Err(TextError::Quoting { line, what: "a quote opens in the header line and is not closed".to_owned() });
            }
        };
        let content = format.encoding.to_utf8(&start[at..end]).into_owned();
        line += memchr::memchr_iter(b'\n', &start[at..next]).count() as u64;
        at = next;
        if is_blank(&content, format) {
            continue;
        }
        let content = String::from_utf8(content).map_err(|_| TextError::Header(format.encoding.as_str()))?;
        names = Some(names_in(&content, quoted, format, line - 1)?);
    }
    let rows_end = last_record_end(&start[at..], whole, format);
    let rows = start[at..at + rows_end].to_vec();
    Ok(Head { names: names.unwrap_or_default(), rows_at: at as u64, first_line: line, rows })
}

fn names_in(content: &str, quoted: bool, format: &TextFormat, line: u64) -> Result<Vec<String>, TextError> {
    let mut names = Vec::new();
    values(content, quoted, format, usize::MAX, usize::MAX, |position, name| {
        let name = name.trim();
        names.push(if name.is_empty() { format!("column_{}", position + 1) } else { name.to_owned() });
    })
    .map_err(|fault| TextError::Quoting { line, what: fault.reason().to_owned() })?;
    // A delimiter at the end of each line makes no column.
    while names.last().is_some_and(|name| *name == format!("column_{}", names.len())) {
        names.pop();
    }
    Ok(names)
}

/// Where the last whole record of a buffer ends.
fn last_record_end(bytes: &[u8], whole: bool, format: &TextFormat) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        match record(bytes, at, whole, format) {
            Found::Record(found) => at = found.next,
            _ => break,
        }
    }
    at
}

/// What is wrong with a file's first bytes as UTF-8: the line of the first byte that is not UTF-8.
pub(crate) fn first_line_not_utf8(head: &Head, format: &TextFormat) -> Option<u64> {
    if format.encoding != Encoding::Utf8 {
        return None;
    }
    let error = std::str::from_utf8(&head.rows).err()?;
    // A character that the end of what was looked at cuts is no mistake.
    error.error_len()?;
    Some(head.first_line + memchr::memchr_iter(b'\n', &head.rows[..error.valid_up_to()]).count() as u64)
}
