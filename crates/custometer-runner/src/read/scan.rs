//! A lazy frame over files, read part by part on all threads.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{
    AllowedOptimizations, Column, DataFrame, DataType, IntoColumn, LazyFileListReader, LazyFrame, LazyJsonLineReader, NewChunkedArray,
    PolarsError, PolarsResult, ScanSources, Schema, SchemaRef, Series, StringChunked, UInt64Chunked,
};

use super::guard::guarded;
use super::source::Source;
use super::text::{Chunk, is_plain, open};

/// The column that numbers the rows of a table from 0, through all its files.
pub(crate) const ROW: &str = "__row";
const PART: &str = "part";

/// Rows that are read at once: a part of one file.
pub(crate) trait Parts: Send + Sync + 'static {
    /// How many there are.
    fn count(&self) -> usize;

    /// The file of one.
    fn source(&self, part: usize) -> &Source;

    /// Its rows.
    fn rows(&self, part: usize) -> PolarsResult<DataFrame>;
}

/// The rows of all parts as a lazy frame with the columns of `schema`.
///
/// The engine has no source that calls a function for rows. But it hands on what it reads file by file, and a map may give other
/// rows than it takes: so every part is a small file in memory with its number, and the map reads it.
pub(crate) fn scan(parts: impl Parts, schema: SchemaRef) -> PolarsResult<LazyFrame> {
    let seed = |part: &dyn std::fmt::Display| format!("{{\"{PART}\":{part}}}\n").into_bytes().into();
    // A plan that nobody runs, and a table without rows, are scans as well.
    let none = (parts.count() == 0).then(|| seed(&"null"));
    let seeds = (0..parts.count()).map(|part| seed(&part)).chain(none);
    let number = Schema::from_iter([(PART.into(), DataType::UInt64)]);
    let sources = ScanSources::Buffers(seeds.collect());
    let seeds = LazyJsonLineReader::new_with_sources(sources).with_schema(Some(Arc::new(number))).finish()?;
    let of_rows = Arc::clone(&schema);
    let read = move |seeds: DataFrame| {
        let mut read: Option<DataFrame> = None;
        for part in seeds.column(PART)?.u64()?.iter().flatten() {
            let part = usize::try_from(part).unwrap_or(usize::MAX);
            if part >= parts.count() {
                return Err(PolarsError::ComputeError("there is no such part".into()));
            }
            let rows = guarded(|| parts.rows(part)).map_err(|error| in_file(parts.source(part), &error))?;
            read = Some(match read {
                Some(before) => before.vstack(&rows)?,
                None => rows,
            });
        }
        Ok(read.unwrap_or_else(|| DataFrame::empty_with_schema(&schema)))
    };
    let optimizations = AllowedOptimizations::STREAMING;
    Ok(seeds.map(read, optimizations, Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&of_rows)))), Some("files")))
}

fn in_file(source: &Source, error: &PolarsError) -> PolarsError {
    let error = error.to_string();
    let reason = error.lines().next().unwrap_or_default();
    PolarsError::ComputeError(format!("`{}` can't be read: {reason}", source.path().display()).into())
}

/// The numbers of consecutive rows.
pub(crate) fn numbered(first: u64, rows: usize) -> Column {
    UInt64Chunked::from_iter_values(ROW.into(), first..first + rows as u64).into_column()
}

/// Whether a text says nothing: a missing value, in every format.
pub(crate) fn is_missing(text: &str) -> bool {
    // Most texts show it in their first byte.
    !text.as_bytes().first().is_some_and(|first| (0x21..0x80).contains(first)) && text.trim_start().is_empty()
}

/// Texts, of which those that say nothing are null.
pub(crate) fn without_missing(texts: Series) -> PolarsResult<Series> {
    if texts.dtype() != &DataType::String || !texts.str()?.iter().flatten().any(is_missing) {
        return Ok(texts);
    }
    let kept: StringChunked = texts.str()?.iter().map(|text| text.filter(|text| !is_missing(text))).collect();
    Ok(Series::from(kept.with_name(texts.name().clone())))
}

/// The text of a file, chunk by chunk.
pub(crate) struct Chunks {
    source: Arc<Source>,
    is_plain: bool,
    /// In order.
    chunks: Vec<Chunk>,
    /// Where a text that can only be read from its start on has been read up to.
    unpacking: Mutex<Unpacking>,
}

/// Chunks that come before the one that is asked for are kept until they are.
#[derive(Default)]
struct Unpacking {
    stream: Option<Box<dyn Read + Send>>,
    at: u64,
    /// The chunk that is unpacked next.
    next: usize,
    kept: HashMap<u64, Vec<u8>>,
}

impl Chunks {
    pub(crate) fn new(source: &Arc<Source>, chunks: &[Chunk]) -> std::io::Result<Self> {
        let is_plain = is_plain(source)?;
        Ok(Self { source: Arc::clone(source), is_plain, chunks: chunks.to_vec(), unpacking: Mutex::default() })
    }

    pub(crate) fn read(&self, chunk: Chunk) -> std::io::Result<Vec<u8>> {
        if self.is_plain {
            return self.source.part(chunk.offset, chunk.length);
        }
        self.unpacking.lock().unwrap_or_else(PoisonError::into_inner).read(&self.source, &self.chunks, chunk)
    }
}

impl Unpacking {
    fn read(&mut self, source: &Arc<Source>, chunks: &[Chunk], wanted: Chunk) -> std::io::Result<Vec<u8>> {
        if let Some(bytes) = self.kept.remove(&wanted.offset) {
            return Ok(bytes);
        }
        // A second run over the file starts again.
        if self.stream.is_none() || self.at > wanted.offset {
            *self = Self { stream: Some(open(source).map_err(std::io::Error::other)?.1), ..Self::default() };
        }
        while let (Some(stream), Some(&chunk)) = (&mut self.stream, chunks.get(self.next)) {
            std::io::copy(&mut stream.by_ref().take(chunk.offset - self.at), &mut std::io::sink())?;
            let mut bytes = vec![0; chunk.length];
            stream.read_exact(&mut bytes)?;
            self.at = chunk.offset + chunk.length as u64;
            self.next += 1;
            if chunk == wanted {
                return Ok(bytes);
            }
            self.kept.insert(chunk.offset, bytes);
        }
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}
