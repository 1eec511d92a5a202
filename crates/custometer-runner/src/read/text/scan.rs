//! A lazy frame over text files, parsed chunk by chunk on all threads.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{
    AllowedOptimizations, Column, DataFrame, DataType, IdxSize, IntoColumn, LazyFileListReader, LazyFrame, LazyJsonLineReader, NamedFrom,
    NewChunkedArray, PolarsError, PolarsResult, Scalar, ScanSources, Schema, SchemaRef, Series, StringChunkedBuilder,
};

use super::bytes::{Compression, open};
use super::format::{ShortRows, TextFormat};
use super::index::{Chunk, FileIndex};
use super::records::{Fault, Found, is_blank, record, values};
use crate::read::files::ROW;

/// The column that says what is wrong with a row as a whole: the code of a [`Fault`], or null.
pub(crate) const FAULT: &str = "__fault";
const CHUNK: &str = "chunk";

/// Where a file's values go: for each value of a line, the column of the table.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The table's columns, in the order of this file's header.
    pub(crate) columns: Vec<String>,
}

/// Text files that make one table.
pub(crate) struct TextScan {
    format: TextFormat,
    files: Vec<TextFile>,
    /// Each chunk with its file and the number of its first row in the table.
    chunks: Vec<(usize, Chunk, u64)>,
    schema: SchemaRef,
    wanted: BTreeSet<String>,
}

struct TextFile {
    path: PathBuf,
    layout: Layout,
    compression: Compression,
    /// Its chunks, in order.
    chunks: Vec<Chunk>,
    /// Where a packed file has been unpacked up to.
    unpacking: Mutex<Unpacking>,
}

/// A packed file can only be read from its start on: chunks that come before the one that is asked for are kept until they are.
#[derive(Default)]
struct Unpacking {
    stream: Option<Box<dyn Read + Send>>,
    at: u64,
    /// The chunk that is unpacked next.
    next: usize,
    kept: HashMap<u64, Vec<u8>>,
}

impl TextScan {
    /// A scan over files with their indices. Only the `wanted` columns are parsed; the others are there, and empty.
    pub(crate) fn new(
        format: TextFormat,
        files: &[(PathBuf, Layout)],
        indices: &[FileIndex],
        schema: &Schema,
        wanted: BTreeSet<String>,
    ) -> PolarsResult<Self> {
        let mut chunks = Vec::new();
        let mut rows = 0;
        for (file, index) in indices.iter().enumerate() {
            chunks.extend(index.chunks.iter().map(|chunk| (file, *chunk, rows + chunk.rows_before)));
            rows += index.rows;
        }
        let files = files.iter().zip(indices).map(|((path, layout), index)| {
            let (path, layout, chunks) = (path.clone(), layout.clone(), index.chunks.clone());
            let compression = Compression::of(&path)?;
            Ok(TextFile { path, layout, compression, chunks, unpacking: Mutex::default() })
        });
        Ok(Self { format, files: files.collect::<PolarsResult<_>>()?, chunks, schema: Arc::new(schema.clone()), wanted })
    }

    /// The rows as a lazy frame.
    ///
    /// The engine has no source that calls a function for rows. But it hands on what it reads file by file, and a map may give other
    /// rows than it takes: so every chunk is a small file in memory with its number, and the map parses it.
    pub(crate) fn lazy(self) -> PolarsResult<LazyFrame> {
        let seed = |chunk: &dyn std::fmt::Display| format!("{{\"{CHUNK}\":{chunk}}}\n").into_bytes().into();
        // A plan that nobody runs, and a table without rows, are scans as well.
        let none = self.chunks.is_empty().then(|| seed(&"null"));
        let seeds = (0..self.chunks.len()).map(|chunk| seed(&chunk)).chain(none);
        let number = Schema::from_iter([(CHUNK.into(), DataType::UInt64)]);
        let sources = ScanSources::Buffers(seeds.collect());
        let seeds = LazyJsonLineReader::new_with_sources(sources).with_schema(Some(Arc::new(number))).finish()?;
        let schema = Arc::clone(&self.schema);
        let parse = move |seeds: DataFrame| {
            let mut parsed: Option<DataFrame> = None;
            for chunk in seeds.column(CHUNK)?.u64()?.iter().flatten() {
                let chunk = usize::try_from(chunk).ok().and_then(|chunk| self.chunks.get(chunk));
                let (file, chunk, row) = chunk.ok_or_else(|| PolarsError::ComputeError("there is no such chunk".into()))?;
                let rows = self.parse(*file, *chunk, *row)?;
                parsed = Some(match parsed {
                    Some(before) => before.vstack(&rows)?,
                    None => rows,
                });
            }
            Ok(parsed.unwrap_or_else(|| DataFrame::empty_with_schema(&self.schema)))
        };
        let optimizations = AllowedOptimizations::STREAMING;
        Ok(seeds.map(parse, optimizations, Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&schema)))), Some("text")))
    }

    fn parse(&self, file: usize, chunk: Chunk, row: u64) -> PolarsResult<DataFrame> {
        let file = &self.files[file];
        let bytes = file.read(chunk).map_err(|error| {
            let reason = format!("`{}` can't be read: {error}; has it changed while it was read?", file.path.display());
            PolarsError::ComputeError(reason.into())
        })?;
        frame(&bytes, row, &file.layout, &self.format, &self.schema, &self.wanted)
    }
}

impl TextFile {
    fn read(&self, chunk: Chunk) -> std::io::Result<Vec<u8>> {
        if self.compression == Compression::None {
            let mut bytes = vec![0; chunk.length];
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(chunk.offset))?;
            file.read_exact(&mut bytes)?;
            return Ok(bytes);
        }
        self.unpacking.lock().unwrap_or_else(PoisonError::into_inner).read(&self.path, &self.chunks, chunk)
    }
}

impl Unpacking {
    fn read(&mut self, path: &Path, chunks: &[Chunk], wanted: Chunk) -> std::io::Result<Vec<u8>> {
        if let Some(bytes) = self.kept.remove(&wanted.offset) {
            return Ok(bytes);
        }
        // A second run over the file starts again.
        if self.stream.is_none() || self.at > wanted.offset {
            *self = Self { stream: Some(open(path)?.1), ..Self::default() };
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

/// Parses whole rows. The frame has all columns of `schema`, of which only the `wanted` ones are filled.
pub(crate) fn frame(
    bytes: &[u8],
    first_row: u64,
    layout: &Layout,
    format: &TextFormat,
    schema: &Schema,
    wanted: &BTreeSet<String>,
) -> PolarsResult<DataFrame> {
    let width = layout.columns.len();
    let mut builders: Vec<StringChunkedBuilder> = Vec::new();
    let mut builder_of: Vec<Option<usize>> = vec![None; width];
    let capacity = bytes.len() / (8 * width.max(1));
    for (position, name) in layout.columns.iter().enumerate().filter(|(_, name)| wanted.contains(*name)) {
        builder_of[position] = Some(builders.len());
        builders.push(StringChunkedBuilder::new(name.as_str().into(), capacity));
    }
    let last_wanted = builder_of.iter().rposition(Option::is_some).map_or(0, |last| last + 1);

    let bytes: Cow<'_, [u8]> = format.encoding.to_utf8(bytes);
    let whole = std::str::from_utf8(&bytes).ok();
    let mut faults: Vec<(usize, Fault)> = Vec::new();
    let (mut at, mut rows) = (0, 0);
    while at < bytes.len() {
        let Found::Record(found) = record(&bytes, at, true, format) else {
            return Err(PolarsError::ComputeError("a file has changed while it was read".into()));
        };
        let raw = &bytes[at..found.end];
        let content = whole.map_or_else(|| std::str::from_utf8(raw), |text| Ok(&text[at..found.end]));
        at = found.next;
        if is_blank(raw, format) {
            continue;
        }
        let mut filled = 0;
        let count = content.map_err(|_| Fault::NotUtf8).and_then(|content| {
            values(content, found.quoted, format, last_wanted, width, |position, value| {
                let Some(builder) = builder_of.get(position).copied().flatten() else { return };
                filled = builder + 1;
                if value.trim_ascii_start().is_empty() { builders[builder].append_null() } else { builders[builder].append_value(value) }
            })
        });
        builders[filled..].iter_mut().for_each(StringChunkedBuilder::append_null);
        let fault = match count {
            Ok(count) if count > width => Some(Fault::TooManyValues),
            Ok(count) if count < width && format.short_rows == ShortRows::Reject => Some(Fault::TooFewValues),
            Ok(_) => None,
            Err(fault) => Some(fault),
        };
        faults.extend(fault.map(|fault| (rows, fault)));
        rows += 1;
    }

    let mut filled: HashMap<String, Column> =
        builders.into_iter().map(|builder| builder.finish().into_column()).map(|column| (column.name().to_string(), column)).collect();
    let fault = if faults.is_empty() {
        Column::new_scalar(FAULT.into(), Scalar::null(DataType::Int32), rows)
    } else {
        let mut codes: Vec<Option<i32>> = vec![None; rows];
        for (row, fault) in faults {
            codes[row] = Some(fault.code());
        }
        Series::new(FAULT.into(), codes).into_column()
    };
    let columns = schema.iter().map(|(name, stored)| match name.as_str() {
        FAULT => fault.clone(),
        ROW => numbered(first_row, rows),
        other => filled.remove(other).unwrap_or_else(|| Column::new_scalar(name.clone(), Scalar::null(stored.clone()), rows)),
    });
    DataFrame::new(rows, columns.collect())
}

/// The numbers of consecutive rows, from 0.
fn numbered(first: u64, rows: usize) -> Column {
    let first = IdxSize::try_from(first).unwrap_or(IdxSize::MAX);
    let rows = IdxSize::try_from(rows).unwrap_or(IdxSize::MAX);
    polars::prelude::IdxCa::from_iter_values(ROW.into(), first..first.saturating_add(rows)).into_column()
}
