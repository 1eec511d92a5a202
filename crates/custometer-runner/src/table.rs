//! Tables: files by glob, opened lazily, with their columns known before any row is streamed.
//!
//! CSV is read as text and every column is turned into what it is used as, so that a value which does not fit is seen and counted
//! instead of becoming null or ending the run. What SQL expressions see is guessed from the first rows.

use std::path::{Path, PathBuf};

use custometer_core::ColumnType;
use polars::prelude::{
    DataFrame, DataType, Expr, LazyCsvReader, LazyFileListReader, LazyFrame, LazyJsonLineReader, NULL, NamedFrom, PlRefPath, PolarsResult,
    ScanArgsParquet, Schema, Series, StrptimeOptions, TimeUnit, TimeZone as PolarsZone, col, lit, when,
};

use crate::config::FileFormat;

/// How many rows the types of a CSV file's columns are guessed from.
const SAMPLE_ROWS: usize = 1000;

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

/// A column as a file stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredColumn {
    /// The file's name for it.
    pub name: String,
    /// How it is stored; `String` for all of CSV.
    pub stored: DataType,
    /// What it looks like: the stored type, or for text the narrowest type that fits all of the first rows.
    pub looks_like: DataType,
    /// The format of the first rows, when the column looks like a time.
    pub time_format: Option<&'static TimeFormat>,
    /// The texts of the first rows, without blanks; empty for a column that is not stored as text.
    pub texts: Vec<String>,
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
    let unreadable = |file: &Path| {
        let file = file.display().to_string();
        move |error: polars::prelude::PolarsError| OpenError::Unreadable { file, reason: error.to_string() }
    };
    let schema = schema_of(first, format)?;
    for other in &files[1..] {
        let same = schema_of(other, format)?;
        if let Some(difference) = difference(&schema, &same) {
            return Err(OpenError::Columns { first: first.display().to_string(), other: other.display().to_string(), difference });
        }
    }
    let rows = scan(&files, format, Some(&schema)).map_err(unreadable(first))?;
    let sample = sample(first, format, &schema).map_err(unreadable(first))?;
    let columns = sample.columns().iter().map(|column| stored_column(column.as_materialized_series())).collect();
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

fn paths(files: &[PathBuf]) -> Vec<PlRefPath> {
    files.iter().map(|file| PlRefPath::new(file.to_string_lossy().as_ref())).collect()
}

/// The lazy rows of files that share a schema.
fn scan(files: &[PathBuf], format: FileFormat, schema: Option<&Schema>) -> PolarsResult<LazyFrame> {
    let paths = paths(files).into();
    match format {
        FileFormat::Csv => LazyCsvReader::new_paths(paths)
            .with_infer_schema_length(Some(0))
            .with_schema(schema.map(|schema| std::sync::Arc::new(schema.clone())))
            .with_glob(false)
            .finish(),
        FileFormat::Ndjson => LazyJsonLineReader::new_paths(paths)
            .with_infer_schema_length(std::num::NonZeroUsize::new(SAMPLE_ROWS))
            .with_schema(schema.map(|schema| std::sync::Arc::new(schema.clone())))
            .finish(),
        FileFormat::Parquet => {
            LazyFrame::scan_parquet_files(paths, ScanArgsParquet { glob: false, cache: false, ..ScanArgsParquet::default() })
        }
    }
}

fn schema_of(file: &Path, format: FileFormat) -> Result<Schema, OpenError> {
    let name = || file.display().to_string();
    if std::fs::metadata(file).is_ok_and(|file| file.len() == 0) {
        return Err(OpenError::Empty(name()));
    }
    let unreadable = |error: polars::prelude::PolarsError| OpenError::Unreadable { file: name(), reason: error.to_string() };
    let schema = scan(&[file.to_path_buf()], format, None).and_then(|mut rows| rows.collect_schema()).map_err(unreadable)?;
    // Polars renames a repeated header: it must not be read as if it were one of its own.
    let repeated = schema.iter_names().find_map(|column| column.split_once("_duplicated_").map(|(column, _)| column));
    match repeated.filter(|_| format == FileFormat::Csv) {
        Some(column) => Err(OpenError::TwoColumns { file: name(), column: column.to_owned() }),
        None => Ok(schema.as_ref().clone()),
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

#[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
fn sample(file: &Path, format: FileFormat, schema: &Schema) -> PolarsResult<DataFrame> {
    #[expect(clippy::cast_possible_truncation, reason = "a constant")]
    scan(&[file.to_path_buf()], format, Some(schema))?.limit(SAMPLE_ROWS as u32).collect()
}

fn stored_column(values: &Series) -> StoredColumn {
    let texts: Vec<String> =
        values.str().map(|texts| texts.iter().flatten().map(|text| text.trim().to_owned()).collect()).unwrap_or_default();
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let (looks_like, time_format) = match values.dtype() {
        DataType::String => looks_like(&texts),
        other => (other.clone(), None),
    };
    StoredColumn { name: values.name().to_string(), stored: values.dtype().clone(), looks_like, time_format, texts }
}

/// The narrowest type that fits all of the texts.
fn looks_like(texts: &[String]) -> (DataType, Option<&'static TimeFormat>) {
    let all = |fits: fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| fits(text));
    // A leading zero is a code, not a number: postcodes, account numbers.
    let coded = |text: &str| {
        let digits = text.trim_start_matches('-');
        digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.")
    };
    if all(|text| text.parse::<f64>().is_ok()) && texts.iter().any(|text| coded(text)) {
        (DataType::String, None)
    } else if all(|text| text.parse::<i64>().is_ok()) {
        (DataType::Int64, None)
    } else if all(|text| text.parse::<f64>().is_ok_and(f64::is_finite)) {
        (DataType::Float64, None)
    } else if all(|text| matches!(text.to_lowercase().as_str(), "true" | "false")) {
        (DataType::Boolean, None)
    } else if let Some(format) = TimeFormat::of(texts, 1.0) {
        (if format.date_only { DataType::Date } else { DataType::Datetime(TimeUnit::Microseconds, None) }, Some(format))
    } else {
        (DataType::String, None)
    }
}

/// A way to write a time that can be read in one way only.
#[derive(Debug, PartialEq, Eq)]
pub struct TimeFormat {
    pattern: &'static str,
    /// How it looks, for messages.
    pub example: &'static str,
    date_only: bool,
    /// Whether the text says its own offset from UTC.
    offset: bool,
}

/// ISO 8601 in its usual spellings. Others, where day and month could change places, have to be declared, not guessed.
static TIME_FORMATS: [TimeFormat; 9] = [
    TimeFormat { pattern: "%Y-%m-%dT%H:%M:%SZ", example: "2025-01-31T09:30:00Z", date_only: false, offset: true },
    TimeFormat { pattern: "%Y-%m-%d %H:%M:%S", example: "2025-01-31 09:30:00", date_only: false, offset: false },
    TimeFormat { pattern: "%Y-%m-%dT%H:%M:%S", example: "2025-01-31T09:30:00", date_only: false, offset: false },
    TimeFormat { pattern: "%Y-%m-%d", example: "2025-01-31", date_only: true, offset: false },
    TimeFormat { pattern: "%Y-%m-%dT%H:%M:%S%.fZ", example: "2025-01-31T09:30:00.000Z", date_only: false, offset: true },
    TimeFormat { pattern: "%Y-%m-%dT%H:%M:%S%.f%z", example: "2025-01-31T09:30:00+01:00", date_only: false, offset: true },
    TimeFormat { pattern: "%Y-%m-%d %H:%M:%S%.f%z", example: "2025-01-31 09:30:00+01:00", date_only: false, offset: true },
    TimeFormat { pattern: "%Y-%m-%d %H:%M:%S%.f", example: "2025-01-31 09:30:00.000", date_only: false, offset: false },
    TimeFormat { pattern: "%Y-%m-%dT%H:%M:%S%.f", example: "2025-01-31T09:30:00.000", date_only: false, offset: false },
];

impl TimeFormat {
    /// The format that most of the texts are in, when at least `share` of them are.
    fn of(texts: &[String], share: f64) -> Option<&'static Self> {
        let column = Series::new("time".into(), texts);
        TIME_FORMATS
            .iter()
            .map(|format| (format.fits(&column), format))
            // The first of equally good ones: the plain spellings come first, and are read faster.
            .fold(None, |best: Option<(usize, &'static Self)>, this| match best {
                Some(best) if best.0 >= this.0 => Some(best),
                _ => Some(this),
            })
            .filter(|(fitting, _)| *fitting > 0 && *fitting as f64 >= share * texts.len() as f64)
            .map(|(_, format)| format)
    }

    #[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
    fn fits(&self, texts: &Series) -> usize {
        use polars::prelude::{IntoColumn, IntoLazy};
        let Ok(frame) = DataFrame::new(texts.len(), vec![texts.clone().into_column()]) else { return 0 };
        let parsed = frame.lazy().select([self.parse(col("time"), None)]).collect();
        parsed.ok().and_then(|parsed| parsed.column("time").ok().map(|parsed| parsed.len() - parsed.null_count())).unwrap_or(0)
    }

    /// Text to a UTC instant; null where it does not fit. Local times are read in `zone`, the earlier one where the clock repeats an hour.
    fn parse(&self, text: Expr, zone: Option<&PolarsZone>) -> Expr {
        let options = StrptimeOptions { format: Some(self.pattern.into()), strict: false, exact: true, cache: true };
        if self.date_only {
            let day = text.str().to_date(options).cast(DataType::Datetime(TimeUnit::Microseconds, None));
            return in_utc(day, zone);
        }
        // A literal Z is no offset to the parser: the text is read as it stands, and is UTC.
        if self.offset && self.pattern.ends_with('Z') {
            return text.str().to_datetime(Some(TimeUnit::Microseconds), None, options, lit("raise"));
        }
        let zoned = self.offset.then(polars_utc);
        let time = text.str().to_datetime(Some(TimeUnit::Microseconds), zoned, options, lit("raise"));
        if self.offset { time.dt().replace_time_zone(None, lit("raise"), polars::prelude::NonExistent::Raise) } else { in_utc(time, zone) }
    }
}

fn polars_utc() -> PolarsZone {
    PolarsZone::UTC
}

/// A local time without an offset as a UTC instant. Null where the clock skipped it.
fn in_utc(local: Expr, zone: Option<&PolarsZone>) -> Expr {
    match zone {
        Some(zone) if *zone != PolarsZone::UTC => local
            .dt()
            .replace_time_zone(Some(zone.clone()), lit("earliest"), polars::prelude::NonExistent::Null)
            .dt()
            .convert_time_zone(PolarsZone::UTC)
            .dt()
            .replace_time_zone(None, lit("raise"), polars::prelude::NonExistent::Raise),
        _ => local,
    }
}

impl StoredColumn {
    /// The column as what its text looks like, for SQL expressions.
    pub fn as_it_looks(&self) -> Expr {
        let raw = col(self.name.as_str());
        if self.stored != DataType::String || self.looks_like == DataType::String {
            return raw;
        }
        match (&self.looks_like, self.time_format) {
            (DataType::Date, Some(format)) => format.parse(trimmed(raw), None).cast(DataType::Date),
            (_, Some(format)) => format.parse(trimmed(raw), None),
            (DataType::Boolean, _) => boolean(raw),
            (looks_like, _) => trimmed(raw).cast(looks_like.clone()),
        }
    }

    /// Whether a text does not look like the first rows did. None where every text does.
    pub fn looks_different(&self) -> Option<(String, Expr)> {
        if self.stored != DataType::String || self.looks_like == DataType::String {
            return None;
        }
        let what = match (&self.looks_like, self.time_format) {
            (_, Some(format)) => format!("a time like `{}`", format.example),
            (DataType::Int64, _) => "a whole number".to_owned(),
            (DataType::Boolean, _) => "true or false".to_owned(),
            _ => "a number".to_owned(),
        };
        let raw = col(self.name.as_str());
        let different = trimmed(raw).neq(lit("")).and(self.as_it_looks().is_null());
        Some((format!("`{}` is not {what}, as it is in the first rows", self.name), different))
    }
}

/// A stored column as a metric's input: the typed value, and when a present one could not be read.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The value; null where it is missing or can't be read.
    pub value: Expr,
    /// Whether there is nothing to read.
    pub missing: Expr,
    /// What an unreadable value is not, for the reason of its rejection.
    pub expected: String,
}

/// A column of a table as a metric's input, or why it can't be one.
///
/// `looks` is what the first rows say of text, where they were looked at.
pub(crate) fn typed(
    name: &str,
    stored: &DataType,
    looks: Option<&StoredColumn>,
    kind: ColumnType,
    zone: &PolarsZone,
) -> Result<Typed, String> {
    let raw = col(name);
    let text = stored == &DataType::String;
    let missing = if text { raw.clone().is_null().or(trimmed(raw.clone()).eq(lit(""))) } else { raw.clone().is_null() };
    let numeric = stored.is_primitive_numeric() || matches!(stored, DataType::Decimal(..));
    let examples = || looks.map(|column| examples_of(&column.texts)).unwrap_or_default();
    let (value, expected) = match kind {
        ColumnType::Identifier | ColumnType::Text if text => {
            (when(missing.clone()).then(lit(NULL)).otherwise(raw).cast(DataType::String), "text".to_owned())
        }
        ColumnType::Identifier if stored.is_integer() => (raw, "a whole number".to_owned()),
        ColumnType::Text if numeric || stored.is_bool() => (raw.cast(DataType::String), "text".to_owned()),
        ColumnType::Number if text => {
            if looks.is_some_and(|column| !column.texts.is_empty() && !any_number(&column.texts)) {
                return Err(format!("`{name}` must be a number, and holds text{}", examples()));
            }
            let number = trimmed(raw).cast(DataType::Float64);
            (finite(number), "a number".to_owned())
        }
        ColumnType::Number if stored.is_integer() => (raw.cast(DataType::Int64), "a number".to_owned()),
        ColumnType::Number if numeric => (finite(raw.cast(DataType::Float64)), "a number".to_owned()),
        ColumnType::Boolean if stored.is_bool() => (raw, "true or false".to_owned()),
        ColumnType::Boolean if text => (boolean(raw), "true or false".to_owned()),
        ColumnType::Boolean if stored.is_integer() => {
            let known = raw.clone().eq(lit(0)).or(raw.clone().eq(lit(1)));
            (when(known).then(raw.neq(lit(0))).otherwise(lit(NULL)), "0 or 1".to_owned())
        }
        ColumnType::Time => time(name, stored, looks, zone)?,
        _ => return Err(format!("`{name}` must be {}, and is {stored}{}", kind_with_article(kind), examples())),
    };
    Ok(Typed { value, missing, expected })
}

fn time(name: &str, stored: &DataType, looks: Option<&StoredColumn>, zone: &PolarsZone) -> Result<(Expr, String), String> {
    let raw = col(name);
    let instant = DataType::Datetime(TimeUnit::Microseconds, None);
    match stored {
        DataType::Datetime(_, Some(_)) => {
            let utc = raw.dt().convert_time_zone(PolarsZone::UTC);
            Ok((utc.dt().replace_time_zone(None, lit("raise"), polars::prelude::NonExistent::Raise).cast(instant), "a time".to_owned()))
        }
        DataType::Datetime(_, None) | DataType::Date => {
            Ok((in_utc(raw.cast(instant), Some(zone)), "a time that the clock shows in this time zone".to_owned()))
        }
        DataType::String => {
            let texts = looks.map(|column| column.texts.as_slice()).unwrap_or_default();
            let format = match TimeFormat::of(texts, 0.0) {
                Some(format) => format,
                // Nothing to go by: a value that comes later is read as ISO 8601, or counted.
                None if texts.is_empty() => &TIME_FORMATS[0],
                None => {
                    return Err(format!(
                        "`{name}` must be a time such as 2025-01-31 or 2025-01-31T09:30:00, and holds text{}",
                        examples_of(texts)
                    ));
                }
            };
            Ok((format.parse(trimmed(raw), Some(zone)), format!("a time like `{}`", format.example)))
        }
        _ => Err(format!("`{name}` must be a time, and is {stored}")),
    }
}

fn kind_with_article(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Identifier => "an identifier",
        ColumnType::Text => "text",
        ColumnType::Number => "a number",
        ColumnType::Boolean => "true or false",
        ColumnType::Time => "a time",
        _ => "something else",
    }
}

fn examples_of(examples: &[String]) -> String {
    if examples.is_empty() {
        return String::new();
    }
    let mut quoted: Vec<String> = Vec::new();
    for example in examples {
        let example = format!("`{}`", example.chars().take(40).collect::<String>());
        if quoted.len() < 3 && !quoted.contains(&example) {
            quoted.push(example);
        }
    }
    format!(", such as {}", quoted.join(", "))
}

fn any_number(texts: &[String]) -> bool {
    texts.iter().any(|text| text.parse::<f64>().is_ok())
}

fn trimmed(text: Expr) -> Expr {
    text.str().strip_chars(lit(NULL))
}

/// Infinities and NaN are no numbers to compute with.
fn finite(number: Expr) -> Expr {
    when(number.clone().is_finite()).then(number).otherwise(lit(NULL))
}

fn boolean(text: Expr) -> Expr {
    let text = trimmed(text).str().to_lowercase();
    let is = |words: [&'static str; 4]| words.into_iter().map(|word| text.clone().eq(lit(word))).reduce(Expr::or).expect("four words");
    when(is(["true", "yes", "1", "t"])).then(lit(true)).when(is(["false", "no", "0", "f"])).then(lit(false)).otherwise(lit(NULL))
}
