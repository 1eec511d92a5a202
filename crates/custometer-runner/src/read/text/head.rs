//! The head of a text file: its columns, where its rows start, and its first rows.

use std::collections::{BTreeSet, VecDeque};
use std::io::Read;
use std::sync::Arc;

use super::bytes::open;
use super::error::TextError;
use super::format::{Encoding, RECORD_END, TextFormat};
use super::records::{Found, is_blank, record, values};
use crate::read::source::{Source, Text};

/// How much of a file is looked at beforehand.
const LOOKED_AT: u64 = 1 << 20;
pub(super) const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The start of a file.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// How its lines are to be read, down to what ends them in this file.
    pub(crate) format: TextFormat,
    /// The names in the header line, or those that the config gives; those that come again with a number: `Labels`, `Labels_2`.
    pub(crate) names: Vec<String>,
    /// The header line as it stands in the file.
    pub(crate) header: Option<Vec<u8>>,
    /// How many rows of the header stand after its first one, and how many comments before the first row.
    pub(crate) headers: u64,
    pub(crate) comments: u64,
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
    /// How many rows of a sheet come before it; none where it is no sheet.
    pub(crate) sheet: Option<u64>,
}

impl Start {
    /// What ends its lines: a carriage return, where there is no line feed.
    pub(crate) fn line_end(&self) -> u8 {
        if self.sheet.is_some() {
            return RECORD_END;
        }
        let line_feed = memchr::memchr(b'\n', &self.bytes).is_some();
        if !line_feed && memchr::memchr(b'\r', &self.bytes).is_some() { b'\r' } else { b'\n' }
    }
}

/// Reads the first bytes of a file.
pub(crate) fn start(source: &Arc<Source>) -> Result<Start, TextError> {
    let (compression, text) = open(source)?;
    let mut bytes = Vec::new();
    if let Err(error) = text.take(LOOKED_AT).read_to_end(&mut bytes) {
        return Err(compression.failed(error, bytes.len() as u64));
    }
    if let Text::Sheet(sheet) = source.text() {
        return Ok(Start { whole: (bytes.len() as u64) < LOOKED_AT, bytes, at: 0, sheet: Some(sheet.rows_before) });
    }
    let looked_at = &bytes[..bytes.len().min(1 << 12)];
    let zeros = |first: usize| looked_at.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let is_binary = [&b"PAR1"[..], b"ARROW1", b"PK\x03\x04"].iter().any(|magic| bytes.starts_with(magic));
    let may_be_pairs = bytes.len().is_multiple_of(2);
    if !is_binary && may_be_pairs && zeros(0).max(zeros(1)) * 4 > looked_at.len() && zeros(0).min(zeros(1)) * 16 <= looked_at.len() {
        return Err(TextError::Utf16);
    }
    let at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    Ok(Start { whole: (bytes.len() as u64) < LOOKED_AT, bytes, at, sheet: None })
}

/// Reads the head of a file.
pub(crate) fn head(source: &Arc<Source>, format: &TextFormat) -> Result<Head, TextError> {
    let start = start(source)?;
    let format = TextFormat { line_end: start.line_end(), ..format.clone() };
    let Start { bytes: start, whole, mut at, sheet } = start;
    let mut line = 1 + sheet.unwrap_or(0);
    for _ in 0..format.skip_lines {
        let length = memchr::memchr(format.line_end, &start[at..]).ok_or(TextError::Empty)?;
        at += length + 1;
        line += 1;
    }
    let mut names = format.column_names.clone();
    let (mut header, mut headers, mut comments) = (None, 0, 0);
    let mut left = format.header_lines.unwrap_or(u64::from(names.is_none()));
    while left > 0 {
        let found = match record(&start, at, whole, &format) {
            Found::Record(_) if at >= start.len() => return Err(TextError::Empty),
            Found::Record(found) => found,
            Found::Unfinished(_) | Found::Malformed { .. } => {
                return Err(TextError::Quoting { line, what: "a quote opens in the header line and is not closed".to_owned() });
            }
        };
        let raw = &start[at..found.end];
        line += memchr::memchr_iter(format.line_end, &start[at..found.next]).count() as u64;
        at = found.next;
        if found.is_comment {
            comments += 1;
        } else if !is_blank(raw, &format) {
            left -= 1;
            if names.is_some() {
                headers += 1;
                continue;
            }
            let content = String::from_utf8(format.encoding.to_utf8(raw).into_owned());
            let content = content.map_err(|_| TextError::Header(format.encoding.as_str()))?;
            names = Some(made_different(names_in(&content, found.quoted, &format, line - 1)?));
            header = Some(raw.to_vec());
        }
    }
    let rows_end = rows_end(&start[at..], whole, &format);
    let rows = start[at..at + rows_end].to_vec();
    Ok(Head { format, names: names.unwrap_or_default(), header, headers, comments, rows_at: at as u64, first_line: line, rows })
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

/// Names, with a number after each that has come before: `Labels`, `Labels_2`.
pub(super) fn made_different(names: Vec<String>) -> Vec<String> {
    let given: BTreeSet<String> = names.iter().cloned().collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let different = names.into_iter().map(|name| {
        let is_free = |name: &String| !taken.contains(name);
        let numbered = (2..).map(|number| format!("{name}_{number}")).filter(|numbered| !given.contains(numbered));
        let different = std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name.clone());
        taken.insert(different.clone());
        different
    });
    different.collect()
}

/// Where the last whole row of a buffer ends, those of the footer left out where the buffer has them.
fn rows_end(bytes: &[u8], whole: bool, format: &TextFormat) -> usize {
    let mut at = 0;
    let mut last = Last::new(format.footer_lines);
    while at < bytes.len() {
        match record(bytes, at, whole, format) {
            Found::Record(found) => {
                if !found.is_comment && !is_blank(&bytes[at..found.end], format) {
                    last.push(at);
                }
                at = found.next;
            }
            _ => break,
        }
    }
    last.start().filter(|_| whole).unwrap_or(at)
}

/// The starts of the last rows: as many as the footer has.
pub(super) struct Last<T> {
    most: u64,
    starts: VecDeque<T>,
}

impl<T: Copy> Last<T> {
    pub(super) fn new(most: u64) -> Self {
        Self { most, starts: VecDeque::new() }
    }

    pub(super) fn push(&mut self, start: T) {
        if self.most > 0 {
            if self.starts.len() as u64 == self.most {
                self.starts.pop_front();
            }
            self.starts.push_back(start);
        }
    }

    /// Where the first of them starts.
    pub(super) fn start(&self) -> Option<T> {
        self.starts.front().copied()
    }

    pub(super) fn len(&self) -> u64 {
        self.starts.len() as u64
    }
}

/// The line of the first byte among a file's first ones that is not UTF-8, where nobody says that the file is.
pub(crate) fn first_line_not_utf8(head: &Head) -> Option<u64> {
    if head.format.encoding != Encoding::Utf8 || head.format.is_encoding_said {
        return None;
    }
    let error = std::str::from_utf8(&head.rows).err()?;
    // A character that the end of what was looked at cuts is not a mistake.
    error.error_len()?;
    Some(head.first_line + memchr::memchr_iter(head.format.line_end, &head.rows[..error.valid_up_to()]).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::made_different;

    #[test]
    fn names_that_come_again_get_a_number_that_is_free() {
        let different = |names: &[&str]| made_different(names.iter().map(ToString::to_string).collect());
        assert_eq!(different(&["a", "b", "a", "a"]), ["a", "b", "a_2", "a_3"]);
        assert_eq!(different(&["a", "a", "a_2"]), ["a", "a_3", "a_2"]);
    }
}
