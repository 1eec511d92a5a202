//! A lazy frame over files, read part by part on all threads.

use std::sync::Arc;

use polars::prelude::{
    AllowedOptimizations, Column, DataFrame, DataType, IntoColumn, LazyFileListReader, LazyFrame, LazyJsonLineReader, NewChunkedArray,
    PolarsError, PolarsResult, ScanSources, Schema, SchemaRef, Series, StringChunked, UInt64Chunked,
};

use super::guard::guarded;
use super::source::Source;

/// The column that numbers the rows of a table from 0, through all its files.
pub(crate) const ROW: &str = "__row";
/// The column that tells apart the rows that are made of one: 0 for the first.
pub(crate) const PART: &str = "__part";
const SEED: &str = "part";

/// Whether a name is one that columns of ours may have beside those of the files. A file's column of such a name is not read.
pub(crate) fn is_ours(name: &str) -> bool {
    /// Some have a number after them.
    const OURS: &str = "age alone ambiguous bucket condition fate fault faulty first fits gone integer key last made_of no_list number own part read \
                        row rows";
    let is_named = |name: &str| OURS.split(' ').any(|ours| ours == name.trim_end_matches(|last: char| last.is_ascii_digit()));
    name.strip_prefix("__").is_some_and(|name| name.contains(':') || is_named(name))
}

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
    let seed = |part: &dyn std::fmt::Display| format!("{{\"{SEED}\":{part}}}\n").into_bytes().into();
    // A plan that nobody runs, and a table without rows, are scans as well.
    let none = (parts.count() == 0).then(|| seed(&"null"));
    let seeds = (0..parts.count()).map(|part| seed(&part)).chain(none);
    let number = Schema::from_iter([(SEED.into(), DataType::UInt64)]);
    let sources = ScanSources::Buffers(seeds.collect());
    let seeds = LazyJsonLineReader::new_with_sources(sources).with_schema(Some(Arc::new(number))).finish()?;
    let of_rows = Arc::clone(&schema);
    let read = move |seeds: DataFrame| {
        let mut read: Option<DataFrame> = None;
        for part in seeds.column(SEED)?.u64()?.iter().flatten() {
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
