//! Columns: how a file stores them, what their first values look like, and how they become a metric's typed input.

use custometer_core::ColumnType;
use polars::prelude::{
    BooleanChunked, DataFrame, DataType, Expr, IntoColumn, IntoLazy, NULL, NamedFrom, NonExistent, Series, StrptimeOptions, TimeUnit,
    TimeZone as PolarsZone, col, lit, when,
};

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

/// What the first rows say of a column.
pub(crate) fn stored_column(values: &Series) -> StoredColumn {
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
    // Leading zeros, exponents and more digits than a float holds are codes, not numbers: postcodes, client ids.
    let coded = |text: &str| {
        let digits = text.trim_start_matches('-');
        let zeros = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        zeros || digits.chars().filter(char::is_ascii_digit).count() > 15 || digits.contains(['e', 'E', '+'])
    };
    if all(|text| text.parse::<f64>().is_ok()) && texts.iter().any(|text| coded(text)) {
        (DataType::String, None)
    } else if all(|text| text.parse::<i64>().is_ok()) {
        (DataType::Int64, None)
    } else if all(|text| text.parse::<f64>().is_ok_and(f64::is_finite)) {
        (DataType::Float64, None)
    } else if all(|text| matches!(text.to_lowercase().as_str(), "true" | "false")) {
        (DataType::Boolean, None)
    } else if let Some(format) = TimeFormat::of_all(texts).filter(|_| !texts.is_empty()) {
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
    /// The format that all of the texts are in.
    fn of_all(texts: &[String]) -> Option<&'static Self> {
        let found = Self::found_in(texts);
        found.into_iter().find(|(fitting, _)| *fitting == texts.len()).map(|(_, format)| format)
    }

    /// The formats that texts are in, those of most texts first, each with how many it fits that no earlier one does.
    fn found_in(texts: &[String]) -> Vec<(usize, &'static Self)> {
        let mut left = Series::new("time".into(), texts);
        let mut found = Vec::new();
        while !left.is_empty() {
            let fits = TIME_FORMATS.iter().map(|format| (format.fitting(&left), format));
            // The first of equally good ones: the plain spellings come first, and are read faster.
            let best = fits
                .filter_map(|(mask, format)| Some((mask.as_ref()?.sum()? as usize, mask?, format)))
                .rev()
                .max_by_key(|(fitting, ..)| *fitting);
            let Some((fitting, mask, format)) = best.filter(|(fitting, ..)| *fitting > 0) else { break };
            found.push((fitting, format));
            left = left.filter(&!mask).unwrap_or_default();
        }
        found
    }

    #[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
    fn fitting(&self, texts: &Series) -> Option<BooleanChunked> {
        let frame = DataFrame::new(texts.len(), vec![texts.clone().into_column()]).ok()?;
        let parsed = frame.lazy().select([self.parse(col("time"), None)]).collect().ok()?;
        Some(parsed.column("time").ok()?.is_not_null())
    }

    /// Text to a UTC instant; null where it does not fit. Local times are read in `zone`, the earlier one where the clock repeats an hour.
    fn parse(&self, text: Expr, zone: Option<&PolarsZone>) -> Expr {
        let options = StrptimeOptions { format: Some(self.pattern.into()), strict: false, exact: true, cache: true };
        if self.date_only {
            return start_of_day(text.str().to_date(options).cast(INSTANT), zone);
        }
        // A literal Z is no offset to the parser: the text is read as it stands, and is UTC.
        let zoned = (self.offset && !self.pattern.ends_with('Z')).then_some(PolarsZone::UTC);
        let time = text.str().to_datetime(Some(TimeUnit::Microseconds), zoned.clone(), options, lit("raise"));
        match (zoned, self.offset) {
            (Some(_), _) => time.dt().replace_time_zone(None, lit("raise"), NonExistent::Raise),
            (None, true) => time,
            (None, false) => in_utc(time, zone),
        }
    }
}

/// Microseconds since 1970, in UTC.
const INSTANT: DataType = DataType::Datetime(TimeUnit::Microseconds, None);

/// The first instant of a local day: where the clock skips midnight, an hour later.
fn start_of_day(midnight: Expr, zone: Option<&PolarsZone>) -> Expr {
    let hour = lit(3_600_000_000_i64);
    let first = in_utc(midnight.clone(), zone);
    let later = in_utc((midnight.cast(DataType::Int64) + hour).cast(INSTANT), zone);
    if zone.is_none_or(|zone| *zone == PolarsZone::UTC) { first } else { when(first.clone().is_null()).then(later).otherwise(first) }
}

/// A local time without an offset as a UTC instant. Null where the clock skipped it.
fn in_utc(local: Expr, zone: Option<&PolarsZone>) -> Expr {
    match zone {
        Some(zone) if *zone != PolarsZone::UTC => local
            .dt()
            .replace_time_zone(Some(zone.clone()), lit("earliest"), NonExistent::Null)
            .dt()
            .convert_time_zone(PolarsZone::UTC)
            .dt()
            .replace_time_zone(None, lit("raise"), NonExistent::Raise),
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
    let instant = INSTANT;
    let place = if *zone == PolarsZone::UTC { String::new() } else { format!(" in {zone}") };
    match stored {
        DataType::Datetime(_, Some(_)) => {
            let utc = raw.dt().convert_time_zone(PolarsZone::UTC);
            Ok((utc.dt().replace_time_zone(None, lit("raise"), NonExistent::Raise).cast(instant), "a time".to_owned()))
        }
        DataType::Datetime(_, None) => Ok((in_utc(raw.cast(instant), Some(zone)), format!("a time that clocks showed{place}"))),
        DataType::Date => Ok((start_of_day(raw.cast(instant), Some(zone)), "a date".to_owned())),
        DataType::String => {
            let texts = looks.map(|column| column.texts.as_slice()).unwrap_or_default();
            let mut formats: Vec<&TimeFormat> = TimeFormat::found_in(texts).into_iter().map(|(_, format)| format).collect();
            if formats.is_empty() && !texts.is_empty() {
                let examples = examples_of(texts);
                return Err(format!("`{name}` must be a time such as 2025-01-31 or 2025-01-31T09:30:00, and holds text{examples}"));
            }
            // Nothing to go by: a value that comes later is read as ISO 8601, or counted.
            if formats.is_empty() {
                formats.extend(&TIME_FORMATS);
            }
            let expected = match formats.as_slice() {
                [only] if only.offset || only.date_only => format!("a time like `{}`", only.example),
                [only] => format!("a time like `{}` that clocks showed{place}", only.example),
                [first, ..] => format!("a time like `{}` or the others in this column", first.example),
                [] => "a time".to_owned(),
            };
            let parsed = formats.into_iter().rev().map(|format| format.parse(trimmed(raw.clone()), Some(zone)));
            let value = parsed.reduce(|later, first| when(first.clone().is_null()).then(later).otherwise(first));
            Ok((value.unwrap_or_else(|| lit(NULL).cast(instant)), expected))
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
