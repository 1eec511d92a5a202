//! Files: found by glob, opened lazily, their columns known before any row is streamed.
//!
//! CSV and NDJSON are read as text, and every column is turned into what it is used as, so that a value which does not fit is seen and
//! counted instead of becoming null or ending the run.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{
    DataType, LazyCsvReader, LazyFileListReader, LazyFrame, LazyJsonLineReader, PlRefPath, PolarsError, PolarsResult, ScanArgsParquet,
    Schema, col,
};

use crate::column::{StoredColumn, stored_column};
use crate::config::FileFormat;

/// From how many rows of each file, and of how many files, it is told what columns look like.
pub(crate) const SAMPLE_ROWS: u32 = 1000;
const SAMPLE_FILES: usize = 16;

/// A table's files, opened but not read.
#[derive(Clone)]
pub struct Opened {
    /// The files, sorted by path.
    pub files: Vec<PathBuf>,
    /// Their format.
    pub format: FileFormat,
    /// The rows.
    pub rows: LazyFrame,
    /// The columns as they are stored, in the file's order.
    pub columns: Vec<StoredColumn>,
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
    /// Two files of one table differ.
    #[error("`{other}` has other columns than `{first}`: {difference}")]
    Columns {
        /// The first file.
        first: String,
        /// A file unlike it.
        other: String,
        /// In what they differ.
        difference: String,
    },
    /// A column comes twice.
    #[error("`{file}` has two columns called `{column}`")]
    TwoColumns {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// The file is empty.
    #[error("`{0}` is empty: it has not even a header line")]
    Empty(String),
    /// The file can't be read.
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
    let paths = glob::glob(&escaped).map_err(|error| OpenError::Pattern { pattern: pattern.to_owned(), reason: error.msg.to_owned() })?;
    let mut files = Vec::new();
    for path in paths {
        let path =
            path.map_err(|error| OpenError::Unreadable { file: error.path().display().to_string(), reason: error.error().to_string() })?;
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(OpenError::NoFile(pattern.to_owned())) } else { Ok(files) }
}

/// Opens the files of a table and looks at their columns.
pub(crate) fn open(files: Vec<PathBuf>, format: Option<FileFormat>) -> Result<Opened, OpenError> {
    let first = &files[0];
    let format = match format {
        Some(format) => format,
        None => format_of(first).ok_or_else(|| OpenError::Format(first.display().to_string()))?,
    };
    let mut schema = schema_of(first, format)?;
    for other in &files[1..] {
        let same = schema_of(other, format)?;
        if let Some(difference) = difference(&schema, &same) {
            return Err(OpenError::Columns { first: first.display().to_string(), other: other.display().to_string(), difference });
        }
    }
    let samples = files.iter().take(SAMPLE_FILES).map(|file| {
        let rows = scan(std::slice::from_ref(file), format, &schema)?.limit(SAMPLE_ROWS);
        #[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
        rows.collect()
    });
    let samples = samples.collect::<PolarsResult<Vec<_>>>().map_err(|error| unreadable(first, &error))?;
    let columns = (0..schema.len()).map(|position| {
        let parts = samples.iter().map(|sample| sample.columns()[position].as_materialized_series());
        let values = parts.cloned().reduce(|mut all, part| {
            // Parts of one schema always unite.
            let _ = all.append(&part);
            all
        });
        stored_column(&values.unwrap_or_default())
    });
    let columns = columns.collect();
    let mut rows = scan(&files, format, &schema).map_err(|error| unreadable(first, &error))?;
    // A dictionary is a way to store text, and no other kind of value.
    let dictionaries: Vec<_> =
        schema.iter().filter(|(_, stored)| stored.is_categorical() || stored.is_enum()).map(|(name, _)| name.clone()).collect();
    for name in dictionaries {
        rows = rows.with_column(col(name.clone()).cast(DataType::String));
        schema.insert(name, DataType::String);
    }
    // A line without anything in it is no row. Where there are several columns, it is one without values, which metrics reject.
    if let (FileFormat::Csv, [only]) = (format, schema.iter_names().collect::<Vec<_>>().as_slice()) {
        rows = rows.filter(col((*only).clone()).is_not_null());
    }
    Ok(Opened { files, format, rows, columns })
}

fn format_of(path: &Path) -> Option<FileFormat> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let extension = name.rsplit('.').next()?;
    match extension {
        "csv" | "txt" => Some(FileFormat::Csv),
        "ndjson" | "jsonl" => Some(FileFormat::Ndjson),
        "parquet" | "pq" => Some(FileFormat::Parquet),
        _ => None,
    }
}

fn unreadable(file: &Path, error: &PolarsError) -> OpenError {
    OpenError::Unreadable { file: file.display().to_string(), reason: error.to_string() }
}

fn paths(files: &[PathBuf]) -> Vec<PlRefPath> {
    files.iter().map(|file| PlRefPath::new(file.to_string_lossy().as_ref())).collect()
}

/// The lazy rows of files that share a schema.
fn scan(files: &[PathBuf], format: FileFormat, schema: &Schema) -> PolarsResult<LazyFrame> {
    let (paths, schema) = (paths(files).into(), Some(Arc::new(schema.clone())));
    match format {
        FileFormat::Csv => LazyCsvReader::new_paths(paths).with_schema(schema).with_glob(false).finish(),
        FileFormat::Ndjson => LazyJsonLineReader::new_paths(paths).with_schema(schema).finish(),
        FileFormat::Parquet => {
            LazyFrame::scan_parquet_files(paths, ScanArgsParquet { glob: false, cache: false, ..ScanArgsParquet::default() })
        }
    }
}

/// The columns of a file and how they are read: those of CSV and the plain values of NDJSON as text.
fn schema_of(file: &Path, format: FileFormat) -> Result<Schema, OpenError> {
    if std::fs::metadata(file).is_ok_and(|file| file.len() == 0) {
        return Err(OpenError::Empty(file.display().to_string()));
    }
    let failed = |error: PolarsError| unreadable(file, &error);
    let one = || paths(&[file.to_path_buf()]).into();
    match format {
        FileFormat::Csv => {
            // Polars renames a repeated header: it must not be read as if it were one of its own.
            #[expect(clippy::disallowed_methods, reason = "a header line is no row")]
            let header = LazyCsvReader::new_paths(one())
                .with_has_header(false)
                .with_infer_schema_length(Some(0))
                .with_truncate_ragged_lines(true)
                .with_n_rows(Some(1))
                .with_glob(false)
                .finish()
                .and_then(LazyFrame::collect)
                .map_err(failed)?;
            let mut schema = Schema::default();
            for (position, column) in header.columns().iter().enumerate() {
                let name = column.str().map_err(failed)?.get(0).unwrap_or_default();
                let name = if name.is_empty() { format!("column_{}", position + 1) } else { name.to_owned() };
                if schema.insert(name.as_str().into(), DataType::String).is_some() {
                    return Err(OpenError::TwoColumns { file: file.display().to_string(), column: name });
                }
            }
            Ok(schema)
        }
        FileFormat::Ndjson => {
            let mut rows =
                LazyJsonLineReader::new_paths(one()).with_infer_schema_length(NonZeroUsize::new(usize::MAX)).finish().map_err(failed)?;
            let schema = rows.collect_schema().map_err(failed)?;
            let as_text = |stored: &DataType| if stored.is_nested() { stored.clone() } else { DataType::String };
            Ok(schema.iter().map(|(name, stored)| (name.clone(), as_text(stored))).collect())
        }
        FileFormat::Parquet => {
            let mut rows =
                LazyFrame::scan_parquet_files(one(), ScanArgsParquet { glob: false, ..ScanArgsParquet::default() }).map_err(failed)?;
            Ok(rows.collect_schema().map_err(failed)?.as_ref().clone())
        }
    }
}

fn difference(first: &Schema, other: &Schema) -> Option<String> {
    if first == other {
        return None;
    }
    let missing = first.iter_names().find(|&name| !other.contains(name));
    let added = other.iter_names().find(|&name| !first.contains(name));
    let retyped = first.iter().find_map(|(name, dtype)| other.get(name).filter(|&found| found != dtype).map(|found| (name, dtype, found)));
    Some(match (missing, added, retyped) {
        (Some(name), ..) => format!("`{name}` is missing there"),
        (_, Some(name), _) => format!("`{name}` is only there"),
        (.., Some((name, dtype, found))) => format!("`{name}` is {found} there and not {dtype}"),
        _ => "their order differs".to_owned(),
    })
}
