//! Files: found by glob, opened lazily, their columns known before any row is streamed.
//!
//! Text files are read by [`crate::read::text`], the others by Polars. What is text in a file stays text, and every column is turned into what
//! it is used as, so that a value which does not fit is seen and counted instead of becoming null or ending the run.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{
    DataFrame, DataType, Expr, IdxSize, IntoLazy, IpcScanOptions, LazyFileListReader, LazyFrame, LazyJsonLineReader, NULL, PlRefPath,
    PolarsError, PolarsResult, RowIndex, ScanArgsParquet, ScanSources, Schema, UnifiedScanArgs, UnionArgs, col, concat, lit,
};

use crate::read::format::FileFormat;
use crate::read::text::{self, FAULT, FileIndex, Hashing, Head, Layout, TextError, TextFormat, TextScan};

/// From how many rows of each file, and of how many files, it is told what columns look like.
pub(crate) const SAMPLE_ROWS: u32 = 1000;
const SAMPLE_FILES: usize = 16;

/// The column that numbers the rows of a table from 0, through all its files.
pub(crate) const ROW: &str = "__row";

/// A table's files, opened but not read.
#[derive(Clone)]
pub struct Opened {
    /// The files, in the order that their rows are numbered in.
    pub files: Vec<PathBuf>,
    /// Their format.
    pub format: FileFormat,
    /// The columns of all files as they are stored: those of text files, and the plain values of NDJSON, as text.
    pub schema: Schema,
    /// The first rows.
    pub sample: DataFrame,
    reader: Reader,
}

/// What reads the files.
#[derive(Clone)]
enum Reader {
    /// Ours, for text: the head of every file.
    Text(TextFormat, Vec<Head>),
    /// Polars: files that follow each other and have the same columns, with these columns.
    Polars(Vec<(usize, Schema)>),
}

/// Why a table can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OpenError {
    /// The path matches nothing.
    #[error("no file matches `{0}`")]
    NoFile(String),
    /// The path is no pattern.
    #[error("`{pattern}` is not a valid pattern: {reason}")]
    Pattern {
        /// The path as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file's name says nothing about its format.
    #[error("the format of `{0}` is not known")]
    Format(String),
    /// The files of one table store a column in ways that do not go together.
    #[error("`{column}` is {first} in some files and {other} in `{file}`")]
    Types {
        /// The column.
        column: String,
        /// How it is stored in the files before.
        first: String,
        /// How it is stored in this one.
        other: String,
        /// A file unlike those before it.
        file: String,
    },
    /// A column comes twice.
    #[error("`{file}` has two columns called `{column}`")]
    TwoColumns {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// The header is one column, but it has what looks like a delimiter.
    #[error("`{file}` has no `{delimiter}` in its header line, but {count} × `{other}`")]
    Delimiter {
        /// The file.
        file: String,
        /// The delimiter that it is read with.
        delimiter: String,
        /// What may be the delimiter.
        other: char,
        /// How often it comes.
        count: usize,
    },
    /// A text file is not in the encoding that it is read in.
    #[error("`{file}` is not UTF-8: line {line}")]
    Encoding {
        /// The file.
        file: String,
        /// The first line that is not.
        line: u64,
    },
    /// A text file can't be read.
    #[error("`{file}` {source}")]
    Text {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: TextError,
    },
    /// Another file can't be read.
    #[error("`{file}` can't be read: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the reader said.
        reason: String,
    },
}

/// The files that a path of the config names, sorted, relative to the config's folder.
pub(crate) fn files(pattern: &str, folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    if is_remote(pattern) {
        return Ok(vec![PathBuf::from(pattern)]);
    }
    let whole = folder.join(pattern);
    // The folder's own name is no pattern, whatever characters it has.
    let escaped = if Path::new(pattern).is_absolute() {
        pattern.to_owned()
    } else {
        Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join(pattern).to_string_lossy().into_owned()
    };
    if whole.is_file() {
        return Ok(vec![whole]);
    }
    let escaped = if whole.is_dir() { format!("{}/*", escaped.trim_end_matches('/')) } else { escaped };
    let paths = glob::glob(&escaped).map_err(|error| OpenError::Pattern { pattern: pattern.to_owned(), reason: error.msg.to_owned() })?;
    let mut files = Vec::new();
    for path in paths {
        let path =
            path.map_err(|error| OpenError::Unreadable { file: error.path().display().to_string(), reason: error.error().to_string() })?;
        // What a pattern finds of the system's own, such as .DS_Store, is no table.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(OpenError::NoFile(pattern.to_owned())) } else { Ok(files) }
}

/// Whether a path is an address in an object store, and none of this machine.
pub(crate) fn is_remote(path: &str) -> bool {
    path.contains("://")
}

/// Opens the files of a table and looks at their columns and first rows.
pub(crate) fn open(
    mut files: Vec<PathBuf>,
    format: Option<FileFormat>,
    text: impl Fn(FileFormat) -> TextFormat,
) -> Result<Opened, OpenError> {
    let format = match format {
        Some(format) => format,
        None => format_of(&files[0]).ok_or_else(|| OpenError::Format(files[0].display().to_string()))?,
    };
    if format.is_text() {
        return open_text(files, format, text(format));
    }
    let schemas = files.iter().map(|file| schema_of(file, format)).collect::<Result<Vec<_>, _>>()?;
    let schema = union_of(&files, &schemas)?;
    // Files of the same columns are scanned together.
    let mut order: Vec<usize> = (0..files.len()).collect();
    let same = |a: &Schema, b: &Schema| a.len() == b.len() && a.iter().all(|(name, stored)| b.get(name) == Some(stored));
    order.sort_by_key(|&file| schemas.iter().position(|schema| same(schema, &schemas[file])));
    let mut groups: Vec<(usize, Schema)> = Vec::new();
    for &file in &order {
        match groups.last_mut() {
            Some((count, schema)) if same(schema, &schemas[file]) => *count += 1,
            _ => groups.push((1, schemas[file].clone())),
        }
    }
    files = order.into_iter().map(|file| files[file].clone()).collect();
    let mut opened = Opened { files, format, schema, sample: DataFrame::default(), reader: Reader::Polars(groups) };
    opened.sample = opened.first_rows().map_err(|error| unreadable(&opened.files[0], &error))?;
    Ok(opened)
}

fn open_text(files: Vec<PathBuf>, format: FileFormat, dialect: TextFormat) -> Result<Opened, OpenError> {
    let mut heads = Vec::new();
    let mut schema = Schema::default();
    for path in &files {
        let file = path.display().to_string();
        let head = text::head(path, &dialect).map_err(|source| OpenError::Text { file: file.clone(), source })?;
        if let Some(line) = text::first_line_not_utf8(&head, &dialect) {
            return Err(OpenError::Encoding { file, line });
        }
        let mut seen = BTreeSet::new();
        for name in &head.names {
            if !seen.insert(name) {
                return Err(OpenError::TwoColumns { file, column: name.clone() });
            }
            schema.insert(name.as_str().into(), DataType::String);
        }
        other_delimiter(&file, &head, &dialect)?;
        heads.push(head);
    }
    let wanted: BTreeSet<String> = schema.iter_names().map(ToString::to_string).collect();
    let sample = heads.iter().take(SAMPLE_FILES).map(|head| {
        let layout = Layout { columns: head.names.clone() };
        Ok(text::frame(&head.rows, 0, &layout, &dialect, &schema, &wanted)?.head(Some(SAMPLE_ROWS as usize)))
    });
    let failed = |error: PolarsError| unreadable(&files[0], &error);
    let sample: Vec<DataFrame> = sample.collect::<PolarsResult<_>>().map_err(failed)?;
    let sample = sample.into_iter().try_fold(DataFrame::empty_with_schema(&schema), |all, part| all.vstack(&part)).map_err(failed)?;
    Ok(Opened { files, format, schema, sample, reader: Reader::Text(dialect, heads) })
}

/// A header of one column that holds what delimits columns elsewhere is not one of one column.
fn other_delimiter(file: &str, head: &Head, format: &TextFormat) -> Result<(), OpenError> {
    let (text::Delimiter::Byte(delimiter), [only], None) = (format.delimiter, head.names.as_slice(), &format.column_names) else {
        return Ok(());
    };
    let count = |other: char| only.chars().filter(|found| *found == other).count();
    let other = [';', '\t', ',', '|'].into_iter().max_by_key(|other| count(*other)).filter(|other| count(*other) > 0);
    other.map_or(Ok(()), |other| {
        Err(OpenError::Delimiter { file: file.to_owned(), delimiter: char::from(delimiter).to_string(), other, count: count(other) })
    })
}

/// The format that a file's name says, packed or not.
pub(crate) fn format_of(path: &Path) -> Option<FileFormat> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let name = [".gz", ".zst", ".zstd"].into_iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    match name.rsplit('.').next()? {
        "csv" | "txt" => Some(FileFormat::Csv),
        "tsv" | "tab" => Some(FileFormat::Tsv),
        "ndjson" | "jsonl" => Some(FileFormat::Ndjson),
        "parquet" | "pq" => Some(FileFormat::Parquet),
        "arrow" | "ipc" | "feather" => Some(FileFormat::Arrow),
        _ => None,
    }
}

fn unreadable(file: &Path, error: &PolarsError) -> OpenError {
    OpenError::Unreadable { file: file.display().to_string(), reason: error.to_string().lines().next().unwrap_or_default().to_owned() }
}

/// The columns of all files, each in a type that holds what every file stores.
fn union_of(files: &[PathBuf], schemas: &[Schema]) -> Result<Schema, OpenError> {
    let mut union = Schema::default();
    for (file, schema) in files.iter().zip(schemas) {
        for (name, stored) in schema.iter() {
            let together = match union.get(name) {
                None => stored.clone(),
                Some(known) if known == stored => continue,
                Some(known) => wider(known, stored).ok_or_else(|| OpenError::Types {
                    column: name.to_string(),
                    first: known.to_string(),
                    other: stored.to_string(),
                    file: file.display().to_string(),
                })?,
            };
            union.insert(name.clone(), together);
        }
    }
    Ok(union)
}

/// The type that holds the values of both: of numbers, of times, and of text in several forms.
fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    let text = |stored: &DataType| stored.is_string() || stored.is_categorical() || stored.is_enum();
    match (a, b) {
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        _ if a.is_integer() && b.is_integer() => Some(DataType::Int64),
        _ if a.is_primitive_numeric() && b.is_primitive_numeric() => Some(DataType::Float64),
        (DataType::Datetime(_, a), DataType::Datetime(_, b)) if a == b => {
            Some(DataType::Datetime(polars::prelude::TimeUnit::Microseconds, a.clone()))
        }
        _ if text(a) && text(b) => Some(DataType::String),
        _ => None,
    }
}

impl Opened {
    /// The rows, with their numbers. `indices` are those of the files, and only the `wanted` columns are sure to be filled.
    ///
    /// # Errors
    ///
    /// When a file can't be scanned any more.
    pub(crate) fn rows(&self, indices: &[FileIndex], wanted: BTreeSet<String>) -> PolarsResult<LazyFrame> {
        let rows = match &self.reader {
            Reader::Text(format, heads) => {
                let files: Vec<(PathBuf, Layout)> =
                    self.files.iter().cloned().zip(heads.iter().map(|head| Layout { columns: head.names.clone() })).collect();
                let mut schema = self.schema.clone();
                schema.insert(FAULT.into(), DataType::Int32);
                schema.insert(ROW.into(), polars::prelude::IDX_DTYPE);
                return TextScan::new(format.clone(), &files, indices, &schema, wanted)?.lazy();
            }
            Reader::Polars(groups) => {
                let (mut first, mut row) = (0, 0);
                let scans = groups.iter().map(|(count, schema)| {
                    let files = &self.files[first..first + count];
                    let rows = scan(files, self.format, schema, Some(row))?.select(self.united(schema));
                    row += indices.iter().skip(first).take(*count).map(|index| index.rows).sum::<u64>();
                    first += count;
                    Ok(rows)
                });
                scans.collect::<PolarsResult<Vec<_>>>()?
            }
        };
        if let [only] = rows.as_slice() { Ok(only.clone()) } else { concat(rows, UnionArgs::default()) }
    }

    /// No rows, with the columns that [`rows`](Self::rows) gives.
    pub(crate) fn no_rows(&self) -> LazyFrame {
        let mut schema: Schema = self.schema.iter().map(|(name, stored)| (name.clone(), as_value(stored).clone())).collect();
        if self.format.is_text() {
            schema.insert(FAULT.into(), DataType::Int32);
        }
        schema.insert(ROW.into(), polars::prelude::IDX_DTYPE);
        DataFrame::empty_with_schema(&schema).lazy()
    }

    /// Goes through a file once.
    pub(crate) fn index(&self, file: usize) -> Result<FileIndex, TextError> {
        let path = &self.files[file];
        match &self.reader {
            Reader::Text(format, heads) => text::index(path, &heads[file], format),
            Reader::Polars(_) if is_remote(&path.to_string_lossy()) => {
                Ok(FileIndex { bytes: 0, hash: String::new(), rows: 0, chunks: Vec::new() })
            }
            Reader::Polars(_) => index_of_other(path, self.format),
        }
    }

    /// The columns of a group of files as those of the table.
    fn united(&self, schema: &Schema) -> Vec<Expr> {
        let column = |(name, together): (&polars::prelude::PlSmallStr, &DataType)| match schema.get(name) {
            None => lit(NULL).cast(as_value(together).clone()).alias(name.clone()),
            Some(stored) if stored == as_value(together) => col(name.clone()),
            Some(_) => col(name.clone()).cast(as_value(together).clone()),
        };
        self.schema.iter().map(column).chain([col(ROW)]).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
    fn first_rows(&self) -> PolarsResult<DataFrame> {
        let Reader::Polars(groups) = &self.reader else { return Ok(DataFrame::default()) };
        let mut first = 0;
        let mut all: Option<DataFrame> = None;
        for (count, schema) in groups {
            for file in self.files[first..first + count].iter().take(SAMPLE_FILES) {
                let rows = scan(std::slice::from_ref(file), self.format, schema, Some(0))?.limit(SAMPLE_ROWS);
                let rows = rows.select(self.united(schema)).collect()?;
                all = Some(match all {
                    Some(before) => before.vstack(&rows)?,
                    None => rows,
                });
            }
            first += count;
        }
        all.unwrap_or_default().drop(ROW)
    }
}

/// A dictionary is a way to store text, and no other kind of value.
pub(crate) fn as_value(stored: &DataType) -> &DataType {
    if stored.is_categorical() || stored.is_enum() { &DataType::String } else { stored }
}

fn paths(files: &[PathBuf]) -> ScanSources {
    ScanSources::Paths(files.iter().map(|file| PlRefPath::new(file.to_string_lossy().as_ref())).collect())
}

/// The lazy rows of files that share a schema, numbered from `row`.
fn scan(files: &[PathBuf], format: FileFormat, schema: &Schema, row: Option<u64>) -> PolarsResult<LazyFrame> {
    let row_index = row.map(|row| RowIndex { name: ROW.into(), offset: IdxSize::try_from(row).unwrap_or(IdxSize::MAX) });
    let glob = files.iter().any(|file| is_remote(&file.to_string_lossy()));
    match format {
        FileFormat::Ndjson => LazyJsonLineReader::new_with_sources(paths(files))
            .with_schema(Some(Arc::new(schema.clone())))
            .with_row_index(row_index)
            .finish(),
        FileFormat::Arrow => LazyFrame::scan_ipc_sources(
            paths(files),
            IpcScanOptions::default(),
            UnifiedScanArgs { row_index, glob, ..UnifiedScanArgs::default() },
        ),
        _ => {
            let args = ScanArgsParquet { glob, cache: false, row_index, ..ScanArgsParquet::default() };
            LazyFrame::scan_parquet_sources(paths(files), args)
        }
    }
}

/// The columns of a file and how they are read: the plain values of NDJSON as text.
fn schema_of(file: &Path, format: FileFormat) -> Result<Schema, OpenError> {
    if std::fs::metadata(file).is_ok_and(|file| file.len() == 0) {
        return Err(OpenError::Text { file: file.display().to_string(), source: TextError::Empty });
    }
    let failed = |error: PolarsError| unreadable(file, &error);
    let one = [file.to_path_buf()];
    if format == FileFormat::Ndjson {
        let mut rows = LazyJsonLineReader::new_with_sources(paths(&one))
            .with_infer_schema_length(NonZeroUsize::new(usize::MAX))
            .finish()
            .map_err(|error| no_json(file).unwrap_or_else(|| failed(error)))?;
        let schema = rows.collect_schema().map_err(|error| no_json(file).unwrap_or_else(|| failed(error)))?;
        let as_text = |stored: &DataType| if stored.is_nested() { stored.clone() } else { DataType::String };
        return Ok(schema.iter().map(|(name, stored)| (name.clone(), as_text(stored))).collect());
    }
    let mut rows = scan(&one, format, &Schema::default(), None).map_err(failed)?;
    Ok(rows.collect_schema().map_err(failed)?.as_ref().clone())
}

/// The first line of a file that is no JSON object.
fn no_json(file: &Path) -> Option<OpenError> {
    let (_, text) = text::open(file).ok()?;
    let mut line = Vec::new();
    let mut text = BufReader::new(text);
    let file = file.display().to_string();
    for number in 1.. {
        line.clear();
        match text.read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(OpenError::Unreadable { file, reason: format!("after line {}: {error}", number - 1) }),
        }
        let content = line.trim_ascii();
        let parsed = serde_json::from_slice::<serde_json::Value>(content);
        if !content.is_empty() && !parsed.as_ref().is_ok_and(serde_json::Value::is_object) {
            let reason = match parsed {
                _ if content.starts_with(&[0xef, 0xbb, 0xbf]) => "it starts with a byte-order mark; save the file without one".to_owned(),
                Ok(_) => "it is another kind of value".to_owned(),
                // Every line is the parser's first.
                Err(error) => error.to_string().replace(" at line 1 column", ", column"),
            };
            return Some(OpenError::Unreadable { file, reason: format!("line {number} is not a JSON object: {reason}") });
        }
    }
    None
}

/// The hash of a file that is no text, and its rows.
fn index_of_other(path: &Path, format: FileFormat) -> Result<FileIndex, TextError> {
    let compression = text::Compression::of(path)?;
    let hashing = Hashing::new(File::open(path)?);
    let sums = hashing.sums();
    let mut rows = 0;
    if format == FileFormat::Ndjson {
        let mut text = compression.unpack(BufReader::with_capacity(1 << 20, hashing))?;
        rows = count_lines(&mut text).map_err(|(error, bytes)| compression.failed(error, bytes))?;
    } else {
        io::copy(&mut BufReader::with_capacity(1 << 20, hashing), &mut io::sink())?;
        rows = rows_of(path, format).unwrap_or(rows);
    }
    let (hash, bytes) = sums();
    Ok(FileIndex { bytes, hash, rows, chunks: Vec::new() })
}

/// The lines that are not blank.
fn count_lines(text: &mut impl Read) -> Result<u64, (io::Error, u64)> {
    let (mut lines, mut bytes, mut blank) = (0, 0, true);
    let mut block = vec![0; 1 << 20];
    loop {
        let read = match text.read(&mut block) {
            Ok(0) => return Ok(lines + u64::from(!blank)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err((error, bytes)),
        };
        bytes += read as u64;
        for part in block[..read].split_inclusive(|byte| *byte == b'\n') {
            blank &= part.iter().all(u8::is_ascii_whitespace);
            if part.ends_with(b"\n") {
                lines += u64::from(!blank);
                blank = true;
            }
        }
    }
}

/// How many rows a file has that says so itself.
#[expect(clippy::disallowed_methods, reason = "the count stands in the file's own metadata")]
fn rows_of(path: &Path, format: FileFormat) -> Option<u64> {
    let rows = scan(&[path.to_path_buf()], format, &Schema::default(), None).ok()?.select([polars::prelude::len()]).collect().ok()?;
    rows.columns().first()?.cast(&DataType::UInt64).ok()?.u64().ok()?.get(0)
}

/// A path, relative to the report's folder where it lies below it.
pub(crate) fn shown_path(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}
