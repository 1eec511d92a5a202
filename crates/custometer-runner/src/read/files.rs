//! Files: found by glob, opened lazily, their columns known before any row is streamed.
//!
//! Text files are read by [`crate::read::text`], the others by Polars. What is text in a file stays text, and every column is turned into what
//! it is used as, so that a value which does not fit is seen and counted instead of becoming null or ending the run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{Column, DataFrame, DataType, IntoLazy, LazyFrame, PolarsError, PolarsResult, Scalar, Schema};

use super::cell_faults;
use super::columnar::{self, Group, Shared, Stored};
use super::container::{Within, sources};
use super::given::GivenRows;
use super::guard::guarded;
use super::open_error::OpenError;
use super::scan::{self, Parts, ROW, numbered, without_missing};
use super::source::{Source, Text};
use super::stores::{self, is_remote, shown_address};
use super::watch::Watch;
use super::{arrow, ndjson, parquet, paths};
use crate::read::format::FileFormat;
use crate::read::text::{self, Chunk, Chunks, FAULT, FileIndex, Head, TextError, TextFormat};

/// From how many rows of each file, and of how many files, it is told what columns look like.
pub(crate) const SAMPLE_ROWS: u32 = 1000;
const SAMPLE_FILES: usize = 16;

/// What is said of a column that is called like one of ours.
const OURS: &str = "a column with a name that custometer gives its own";

/// A table's files, opened but not read.
#[derive(Clone)]
pub(crate) struct Opened {
    /// The files, in the order that their rows are numbered in.
    pub(crate) files: Vec<PathBuf>,
    /// Their format.
    pub(crate) format: FileFormat,
    /// The columns of all files: those of text files, and the plain values of NDJSON, as text.
    pub(crate) schema: Schema,
    /// The first rows.
    pub(crate) sample: DataFrame,
    /// Columns that are not read, each with what it is instead.
    pub(crate) left_out: BTreeMap<String, String>,
    /// Columns in which a cell has no value that can be relied on.
    pub(crate) cell_faults: BTreeSet<String>,
    sources: Vec<Arc<Source>>,
    heads: Heads,
    /// What counts the rows that are read, and stops their reading.
    pub(crate) watch: Watch,
}

/// What is known of every file before its rows are read.
#[derive(Clone)]
enum Heads {
    Text(Arc<Vec<Head>>),
    Ndjson(Arc<Vec<ndjson::Head>>),
    Columnar(Arc<Vec<Columnar>>),
}

/// A file that stores values by columns.
struct Columnar {
    file: Box<dyn Group>,
    columns: Vec<Stored>,
    /// How many rows each group has.
    groups: Vec<usize>,
}

/// The files or objects that a path of the config names, in their natural order; files relative to the config's folder.
pub(crate) fn files(pattern: &str, folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let found = if is_remote(pattern) {
        stores::matching(pattern).map_err(|error| (PathBuf::from(shown_address(pattern)), error))
    } else {
        paths::matching(&folder.join(pattern))
    };
    let found = found.map_err(|(path, error)| OpenError::Unreadable { file: shown(&path), reason: error.to_string() })?;
    if found.is_empty() { Err(OpenError::NoFile(pattern.to_owned())) } else { Ok(found) }
}

/// Opens the files of a table and looks at their columns and first rows.
pub(crate) fn open(
    files: &[PathBuf],
    format: Option<FileFormat>,
    within: &Within,
    text: impl Fn(FileFormat) -> TextFormat,
) -> Result<Opened, OpenError> {
    open_sources(sources(files, format, within)?, text)
}

/// Opens the rows that a host gives.
pub(crate) fn open_given(rows: &Arc<GivenRows>) -> Result<Opened, OpenError> {
    open_sources(vec![(Source::of_host(rows), FileFormat::Arrow)], |_| TextFormat::default())
}

/// Opens what a table is read of.
pub(crate) fn open_sources(found: Vec<(Arc<Source>, FileFormat)>, text: impl Fn(FileFormat) -> TextFormat) -> Result<Opened, OpenError> {
    let Some(format) = found.first().map(|(_, format)| *format) else { return Err(OpenError::NoFile(String::new())) };
    if let Some((source, other)) = found.iter().find(|(_, other)| *other != format) {
        return Err(OpenError::Formats { file: shown(source.path()), format: other.as_str(), first: format.as_str() });
    }
    let mut sources: Vec<Arc<Source>> = found.into_iter().map(|(source, _)| source).collect();
    let files: Vec<PathBuf> = sources.iter().map(|source| source.path().to_owned()).collect();
    if format.is_text() {
        return open_text(files, sources, format, &text(format));
    }
    if format == FileFormat::Workbook {
        return open_text(files, sources, format, &text(format).of_sheet());
    }
    let (mut heads, mut schemas, mut left_out) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut lines = Vec::new();
    for source in &sources {
        let file = source.path();
        // A host's table may have no rows.
        if source.bytes() == 0 && source.given().is_none() {
            return Err(OpenError::Text { file: shown(file), source: TextError::Empty });
        }
        if format.is_json() {
            let head = ndjson::head(source, SAMPLE_ROWS as usize).map_err(|error| match error {
                ndjson::NdjsonError::Text(source) => OpenError::Text { file: shown(file), source },
                other => OpenError::Unreadable { file: shown(file), reason: other.to_string() },
            })?;
            schemas.push(head.schema.clone());
            lines.push(head);
            continue;
        }
        let failed = |error: PolarsError| unreadable(file, &error);
        let head = if let Some(given) = source.given() {
            let groups = given.groups().collect();
            Columnar { columns: given.stored().to_vec(), groups, file: Box::new(Arc::clone(given)) }
        } else if format == FileFormat::Arrow {
            let head = arrow::Head::of(source).map_err(failed)?;
            Columnar { columns: head.columns.clone(), groups: head.groups.clone(), file: Box::new(head) }
        } else {
            let head = parquet::Head::of(source).map_err(failed)?;
            Columnar { columns: head.columns.clone(), groups: head.groups(), file: Box::new(head) }
        };
        let read = head.columns.iter().filter_map(|column| Some((column.name.clone(), column.kind.as_ref().ok()?.kind.clone())));
        schemas.push(read.collect());
        let not_read =
            head.columns.iter().filter_map(|column| Some((column.name.to_string(), format!("stored as {}", column.kind.as_ref().err()?))));
        left_out.extend(not_read);
        heads.push(head);
    }
    let mut schema = union_of(&files, &schemas)?;
    left_out.extend(schema.iter_names().filter(|name| scan::is_ours(name)).map(|name| (name.to_string(), OURS.to_owned())));
    schema.retain(|name, _| !left_out.contains_key(name.as_str()));
    if schema.is_empty() {
        return Err(OpenError::Unreadable { file: shown(&files[0]), reason: "it has no column that is read".to_owned() });
    }
    let heads = if format.is_json() { Heads::Ndjson(Arc::new(lines)) } else { Heads::Columnar(Arc::new(heads)) };
    let mut opened = Opened {
        files,
        format,
        schema,
        sample: DataFrame::default(),
        left_out,
        cell_faults: BTreeSet::new(),
        sources: std::mem::take(&mut sources),
        heads,
        watch: Watch::default(),
    };
    opened.sample = opened.first_rows()?;
    Ok(opened)
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

fn open_text(files: Vec<PathBuf>, sources: Vec<Arc<Source>>, format: FileFormat, dialect: &TextFormat) -> Result<Opened, OpenError> {
    let mut given = BTreeSet::new();
    if let Some(twice) = dialect.column_names.iter().flatten().find(|name| !given.insert(*name)) {
        return Err(OpenError::TwoColumns(twice.clone()));
    }
    let (mut heads, mut left_out, mut cell_faults) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut schema = Schema::default();
    for source in &sources {
        let file = shown(source.path());
        let head = text::head(source, dialect).map_err(|source| OpenError::Text { file: file.clone(), source })?;
        if let Some(line) = text::first_line_not_utf8(&head) {
            return Err(OpenError::Encoding { file, line });
        }
        let (ours, names): (Vec<&String>, Vec<&String>) = head.names.iter().partition(|name| scan::is_ours(name));
        schema.extend(names.into_iter().map(|name| (name.as_str().into(), DataType::String)));
        left_out.extend(ours.into_iter().map(|name| (name.clone(), OURS.to_owned())));
        if let Text::Sheet(sheet) = source.text() {
            if let Some(marked) = head.names.iter().find(|name| name.as_bytes().starts_with(&cell_faults::MARK_BYTES)) {
                let what = format!("has a column without a name: {}", &marked[cell_faults::MARK_BYTES.len()..]);
                return Err(OpenError::Container { file, what });
            }
            let faulty = sheet.faulty.iter().filter_map(|position| head.names.get(*position));
            cell_faults.extend(faulty.filter(|name| !scan::is_ours(name)).cloned());
        } else {
            other_delimiter(&file, &head)?;
        }
        heads.push(head);
    }
    let wanted: BTreeSet<String> = schema.iter_names().map(ToString::to_string).collect();
    let mut with_faults = schema.clone();
    with_faults.extend(cell_faults::fields(&cell_faults).map(|(name, kind)| (name.into(), kind)));
    let sample = heads.iter().take(SAMPLE_FILES).map(|head| {
        let rows = text::frame(&head.rows, 0, head, &with_faults, &wanted)?.head(Some(SAMPLE_ROWS as usize));
        cell_faults::told_apart(rows, &cell_faults)
    });
    let failed = |error: PolarsError| unreadable(&files[0], &error);
    let sample: Vec<DataFrame> = sample.collect::<PolarsResult<_>>().map_err(failed)?;
    let sample = sample.into_iter().try_fold(DataFrame::empty_with_schema(&with_faults), |all, part| all.vstack(&part)).map_err(failed)?;
    let heads = Heads::Text(Arc::new(heads));
    Ok(Opened { files, format, schema, sample, left_out, cell_faults, sources, heads, watch: Watch::default() })
}

/// A header of one column that holds what delimits columns elsewhere is not one of one column.
fn other_delimiter(file: &str, head: &Head) -> Result<(), OpenError> {
    let format = &head.format;
    let (text::Delimiter::Byte(delimiter), [only], None) = (format.delimiter, head.names.as_slice(), &format.column_names) else {
        return Ok(());
    };
    let count = |other: char| only.chars().filter(|found| *found == other).count();
    let other = [';', '\t', ',', '|'].into_iter().max_by_key(|other| count(*other)).filter(|other| count(*other) > 0);
    other.map_or(Ok(()), |other| {
        Err(OpenError::Delimiter { file: file.to_owned(), delimiter: char::from(delimiter).to_string(), other, count: count(other) })
    })
}

fn unreadable(file: &Path, error: &PolarsError) -> OpenError {
    OpenError::Unreadable { file: file.display().to_string(), reason: error.to_string().lines().next().unwrap_or_default().to_owned() }
}

/// The columns of all files, each in a type that holds what every file stores.
fn union_of(files: &[PathBuf], schemas: &[Schema]) -> Result<Schema, OpenError> {
    let mut union = Schema::default();
    // What a file has no values of is what others have of it.
    let has_values = |name: &str| schemas.iter().any(|schema| schema.get(name).is_some_and(|stored| !stored.is_null()));
    for (file, schema) in files.iter().zip(schemas) {
        for (name, stored) in schema.iter() {
            if stored.is_null() && has_values(name) {
                continue;
            }
            let stored = as_value(stored);
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
pub(crate) fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    let text = |stored: &DataType| stored.is_string() || stored.is_categorical() || stored.is_enum();
    match (a, b) {
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
    /// The rows, with their numbers: all, or `only` those with some numbers. `indices` are those of the files, and only the `wanted` columns are sure
    /// to be filled.
    ///
    /// # Errors
    ///
    /// When a file can't be scanned any more.
    pub(crate) fn rows(&self, indices: &[FileIndex], wanted: BTreeSet<String>, only: Option<Range<u64>>) -> PolarsResult<LazyFrame> {
        let schema = Arc::new(self.row_schema());
        let parts = FileParts::new(self, indices, wanted, only)?;
        scan::scan(parts, schema)
    }

    /// The numbers of the rows that its parts begin with, each of which is read as a whole.
    pub(crate) fn starts(&self, indices: &[FileIndex]) -> PolarsResult<Vec<u64>> {
        Ok(FileParts::new(self, indices, BTreeSet::new(), None)?.parts.into_iter().map(|(_, _, first)| first).collect())
    }

    /// No rows, with the columns that [`rows`](Self::rows) gives.
    pub(crate) fn no_rows(&self) -> LazyFrame {
        DataFrame::empty_with_schema(&self.row_schema()).lazy()
    }

    fn row_schema(&self) -> Schema {
        let mut schema = self.schema.clone();
        schema.extend(cell_faults::fields(&self.cell_faults).map(|(name, kind)| (name.into(), kind)));
        if self.format.has_records() {
            schema.insert(FAULT.into(), DataType::Int32);
        }
        schema.insert(ROW.into(), DataType::UInt64);
        schema
    }

    /// Whether the other one has the same files, opened once and read in the same way, so that one scan has the rows of both.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.heads, &other.heads) {
            (Heads::Text(heads), Heads::Text(others)) => Arc::ptr_eq(heads, others),
            (Heads::Ndjson(heads), Heads::Ndjson(others)) => Arc::ptr_eq(heads, others),
            (Heads::Columnar(heads), Heads::Columnar(others)) => Arc::ptr_eq(heads, others),
            _ => false,
        }
    }

    /// What each file is read of.
    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// Goes through a file once.
    pub(crate) fn index(&self, file: usize) -> Result<FileIndex, TextError> {
        self.watch.check().map_err(std::io::Error::other)?;
        match &self.heads {
            Heads::Text(heads) => text::index(&self.sources[file], &heads[file], &self.watch),
            Heads::Ndjson(heads) => Ok(heads[file].index.clone()),
            Heads::Columnar(heads) => {
                let rows = heads[file].groups.iter().map(|rows| *rows as u64).sum();
                let source = &self.sources[file];
                let (bytes, hash) = match (source.given(), source.version()) {
                    (Some(given), _) => given.content(),
                    // Of an object whose version has a name, only the columns that are used come here.
                    (None, Some(version)) => (source.bytes(), version),
                    (None, None) => (source.bytes(), text::hash(source)?),
                };
                Ok(FileIndex { bytes, hash, rows, ..FileIndex::default() })
            }
        }
    }

    /// Whether a file is still what it was when it was opened. `index` is what going through it told.
    pub(crate) fn is_unchanged(&self, file: usize, index: &FileIndex) -> bool {
        let source = self.sources.get(file);
        source.is_none_or(|source| source.is_unchanged(&index.hash, || text::hash(source)).unwrap_or(false))
    }

    fn first_rows(&self) -> Result<DataFrame, OpenError> {
        let wanted: BTreeSet<String> = self.schema.iter_names().map(ToString::to_string).collect();
        let mut all = DataFrame::empty_with_schema(&self.schema);
        let rows = SAMPLE_ROWS as usize;
        for file in 0..self.files.len().min(SAMPLE_FILES) {
            let read = || match &self.heads {
                Heads::Text(_) => Ok(DataFrame::empty_with_schema(&self.schema)),
                Heads::Ndjson(heads) => {
                    let frame = ndjson::frame(&heads[file].start, &heads[file].schema, &wanted)?;
                    together(frame.columns().to_vec(), frame.height(), &self.schema)
                }
                Heads::Columnar(heads) => {
                    let Some(height) = heads[file].groups.first().map(|height| rows.min(*height)) else {
                        return Ok(DataFrame::empty_with_schema(&self.schema));
                    };
                    let columns = heads[file].file.columns(0, Some(rows), &wanted)?;
                    together(columns.into_iter().map(|column| column.head(Some(height))).collect(), height, &self.schema)
                }
            };
            let first = guarded(read).and_then(|first| all.vstack(&first));
            all = first.map_err(|error| unreadable(&self.files[file], &error))?;
        }
        Ok(all)
    }
}

/// The columns of a file as those of the table.
fn together(columns: Vec<Column>, rows: usize, schema: &Schema) -> PolarsResult<DataFrame> {
    let mut read: BTreeMap<String, Column> = columns.into_iter().map(|column| (column.name().to_string(), column)).collect();
    let column = |(name, kind): (&polars::prelude::PlSmallStr, &DataType)| match read.remove(name.as_str()) {
        None => Ok(Column::new_scalar(name.clone(), Scalar::null(kind.clone()), rows)),
        Some(column) if column.dtype() == kind => Ok(without_missing(column.take_materialized_series())?.into()),
        Some(column) => Ok(without_missing(column.strict_cast(kind)?.take_materialized_series())?.into()),
    };
    DataFrame::new(rows, schema.iter().map(column).collect::<PolarsResult<_>>()?)
}

/// The parts of a table's files.
struct FileParts {
    sources: Vec<Arc<Source>>,
    heads: Heads,
    schema: Schema,
    /// The same with what says of each row where it is.
    row_schema: Schema,
    wanted: BTreeSet<String>,
    cell_faults: BTreeSet<String>,
    /// The text of each file.
    chunks: Vec<Chunks>,
    /// The groups of each file.
    shared: Vec<Vec<Shared>>,
    /// Each part with its file, and the number of its first row.
    parts: Vec<(usize, Cut, u64)>,
    /// The numbers of the rows that are wanted; all where it is none.
    only: Option<Range<u64>>,
    watch: Watch,
}

/// Rows of a file that are read at once.
#[derive(Clone, Copy)]
enum Cut {
    Text(Chunk),
    /// Rows of a group.
    Rows {
        group: usize,
        from: usize,
        rows: usize,
    },
}

impl FileParts {
    fn new(opened: &Opened, indices: &[FileIndex], wanted: BTreeSet<String>, only: Option<Range<u64>>) -> PolarsResult<Self> {
        let has_any = |first: u64, rows: u64| only.as_ref().is_none_or(|only| first < only.end && only.start < first + rows);
        let (mut chunks, mut shared, mut parts, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (file, index) in indices.iter().enumerate() {
            if let Heads::Columnar(heads) = &opened.heads {
                let mut row = first;
                for (group, rows) in heads[file].groups.iter().enumerate() {
                    let cuts = (0..*rows).step_by(columnar::PART);
                    parts.extend(cuts.filter_map(|from| {
                        let (first, rows) = (row + from as u64, columnar::PART.min(rows - from));
                        has_any(first, rows as u64).then_some((file, Cut::Rows { group, from, rows }, first))
                    }));
                    row += *rows as u64;
                }
                shared.push(heads[file].groups.iter().map(|_| Shared::default()).collect());
            } else {
                let ends = index.chunks.iter().skip(1).map(|next| next.rows_before).chain([index.rows]);
                let has_any = |(chunk, end): &(&Chunk, u64)| has_any(first + chunk.rows_before, end - chunk.rows_before);
                let of_file: Vec<Chunk> = index.chunks.iter().zip(ends).filter(has_any).map(|(chunk, _)| *chunk).collect();
                parts.extend(of_file.iter().map(|chunk| (file, Cut::Text(*chunk), first + chunk.rows_before)));
                chunks.push(Chunks::new(&opened.sources[file], &of_file)?);
            }
            first += index.rows;
        }
        let (sources, heads, schema) = (opened.sources.clone(), opened.heads.clone(), opened.schema.clone());
        let cell_faults = opened.cell_faults.clone();
        let wanted = cell_faults::with_their_columns(wanted, &cell_faults);
        let (row_schema, watch) = (opened.row_schema(), opened.watch.clone());
        Ok(Self { sources, heads, schema, row_schema, wanted, cell_faults, chunks, shared, parts, only, watch })
    }
}

impl Parts for FileParts {
    fn count(&self) -> usize {
        self.parts.len()
    }

    fn source(&self, part: usize) -> &Source {
        &self.sources[self.parts[part].0]
    }

    fn rows(&self, part: usize) -> PolarsResult<DataFrame> {
        self.watch.check()?;
        let rows = self.read(part)?;
        let rows = self.only.as_ref().map_or_else(|| rows.clone(), |only| within(&rows, self.parts[part].2, only));
        self.watch.count(rows.height());
        Ok(rows)
    }
}

impl FileParts {
    fn read(&self, part: usize) -> PolarsResult<DataFrame> {
        let (file, cut, first) = self.parts[part];
        let rows = match (&self.heads, cut) {
            (Heads::Text(heads), Cut::Text(chunk)) => {
                let rows = text::frame(&self.chunks[file].read(chunk)?, first, &heads[file], &self.row_schema, &self.wanted)?;
                return cell_faults::told_apart(rows, &self.cell_faults);
            }
            (Heads::Ndjson(heads), Cut::Text(chunk)) => {
                let frame = ndjson::frame(&self.chunks[file].read(chunk)?, &heads[file].schema, &self.wanted)?;
                together(frame.columns().to_vec(), frame.height(), &self.schema)?
            }
            (Heads::Columnar(heads), Cut::Rows { group, from, rows }) => {
                let height = heads[file].groups[group];
                let whole = self.shared[file][group].rows(height.div_ceil(columnar::PART), || {
                    let columns = heads[file].file.columns(group, None, &self.wanted)?;
                    DataFrame::new(height, columns)
                })?;
                let part = whole.slice(i64::try_from(from).unwrap_or(i64::MAX), rows);
                together(part.columns().to_vec(), rows, &self.schema)?
            }
            _ => return Err(PolarsError::ComputeError("a part is of another format".into())),
        };
        rows.hstack(&[numbered(first, rows.height())])
    }
}

/// Those of a part's rows, numbered from `first`, whose numbers are among some.
fn within(rows: &DataFrame, first: u64, only: &Range<u64>) -> DataFrame {
    let at = |row: u64| row.saturating_sub(first).min(rows.height() as u64);
    let (from, until) = (at(only.start), at(only.end));
    rows.slice(i64::try_from(from).unwrap_or(i64::MAX), usize::try_from(until.saturating_sub(from)).unwrap_or(usize::MAX))
}

/// The type of a column's values: a dictionary is a way to store text, and where there are no values, text is as good as any.
pub(crate) fn as_value(stored: &DataType) -> &DataType {
    if stored.is_categorical() || stored.is_enum() || stored.is_null() { &DataType::String } else { stored }
}

/// A path, relative to the report's folder where it lies below it.
pub(crate) fn shown_path(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}
