//! The index of a text file: its hash, its rows, and chunks that can be parsed apart.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::TextError;
use super::bytes::{Compression, Hashing};
use super::format::TextFormat;
use super::head::Head;
use super::records::{Found, is_blank, record};

/// How much text one task parses.
const CHUNK: usize = 4 << 20;
/// How much is read at once.
const BLOCK: usize = 1 << 20;
/// A quoted value longer than this is a quote that was never closed.
const LONGEST_VALUE: usize = 16 << 20;

/// A run of whole rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Where it starts, in bytes of unpacked text.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) length: usize,
    /// How many of the file's rows come before it.
    pub(crate) rows_before: u64,
}

/// What going through a file once tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileIndex {
    /// Its size on disk.
    pub(crate) bytes: u64,
    /// BLAKE3 hash of its content.
    pub(crate) hash: String,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// Its rows, in order and without gaps.
    pub(crate) chunks: Vec<Chunk>,
}

/// Goes through a file once.
pub(crate) fn index(path: &Path, head: &Head, format: &TextFormat) -> Result<FileIndex, TextError> {
    let compression = Compression::of(path)?;
    let hashing = Hashing::new(File::open(path)?);
    let sums = hashing.sums();
    let mut text = compression.unpack(hashing)?;
    let mut unpacked = 0;
    let mut skipped = Vec::new();
    if let Err(error) = text.by_ref().take(head.rows_at).read_to_end(&mut skipped) {
        return Err(compression.failed(error, unpacked));
    }
    unpacked += head.rows_at;
    let mut rows = Rows { chunks: Vec::new(), rows: 0, line: head.first_line, at: head.rows_at, open: 0, rows_before: 0 };
    // What of the last block is no whole record yet, and the block after it.
    let mut buffer: Vec<u8> = Vec::new();
    loop {
        let left = buffer.len();
        let read = text.by_ref().take(BLOCK as u64).read_to_end(&mut buffer).map_err(|error| compression.failed(error, unpacked))?;
        unpacked += read as u64;
        let whole = buffer.len() - left < BLOCK;
        let taken = rows.take(&buffer, whole, format)?;
        buffer.drain(..taken);
        if whole {
            break;
        }
    }
    rows.close();
    // A decoder may stop before the file does.
    let (hash, bytes) = sums();
    Ok(FileIndex { bytes, hash, rows: rows.rows, chunks: rows.chunks })
}

/// Rows as they are found.
struct Rows {
    chunks: Vec<Chunk>,
    rows: u64,
    /// The line of the next record.
    line: u64,
    /// Where the open chunk starts.
    at: u64,
    /// How long it is so far.
    open: usize,
    /// How many rows come before it.
    rows_before: u64,
}

impl Rows {
    /// Takes the whole records of a buffer, and says how much that is.
    fn take(&mut self, bytes: &[u8], whole: bool, format: &TextFormat) -> Result<usize, TextError> {
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
            self.rows += u64::from(!is_blank(&bytes[at..found.end], format));
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
        if self.rows > self.rows_before {
            self.chunks.push(Chunk { offset: self.at, length: self.open, rows_before: self.rows_before });
        }
        self.at += self.open as u64;
        self.open = 0;
        self.rows_before = self.rows;
    }
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn quotes_may_be_plain(format: &TextFormat) -> String {
    let quote = format.quote.map_or('"', char::from);
    format!("mend the line, or say `quote = \"\"` if `{quote}` is a character like any other in this file")
}
