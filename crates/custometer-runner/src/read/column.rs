//! Columns: how a file stores them, what their first values look like, and how they become a metric's typed input.

use std::sync::Arc;

use custometer_core::ColumnType;
use custometer_core::time::{ClockRule, INSTANT, LocalClock};
use polars::prelude::{DataType, Expr, NULL, NonExistent, Series, TimeUnit, TimeZone as PolarsZone, col, lit, when};

use crate::read::number::NumberStyle;
use crate::read::time_format::{TimeFormat, found_in};

/// How the values of a table are written.
#[derive(Clone)]
pub(crate) struct Style {
    /// Numbers that are text.
    pub(crate) numbers: NumberStyle,
    /// The clock that local times are read off.
    pub(crate) clock: Arc<LocalClock>,
    /// What its changes do to them.
    pub(crate) rule: ClockRule,
    /// The clock's time zone; none for UTC.
    pub(crate) zone: Option<String>,
}

/// A column as a file stores it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredColumn {
    /// The file's name for it.
    pub name: String,
    /// How it is stored; `String` for all of CSV.
    pub stored: DataType,
    /// What it looks like: the stored type, or for text the narrowest type that fits all of the first rows.
    pub looks_like: DataType,
    /// The ways that times are written in it, those of most rows first: as declared, or as the first rows have them.
    pub time_formats: Vec<TimeFormat>,
    /// Whether the config says how times are written.
    pub declared: bool,
    /// The texts of the first rows, without blanks; empty for a column that is not stored as text.
    pub texts: Vec<String>,
    /// Whether a blank text is null already, as the reader of text files has it.
    pub blank_is_null: bool,
}

impl StoredColumn {
    /// What the first rows say of a column; `declared` is how its times are written, where the config says it.
    pub(crate) fn of(values: &Series, numbers: NumberStyle, declared: Option<TimeFormat>, blank_is_null: bool) -> Self {
        let texts: Vec<String> =
            values.str().map(|texts| texts.iter().flatten().map(|text| text.trim().to_owned()).collect()).unwrap_or_default();
        let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        let (name, stored) = (values.name().to_string(), values.dtype().clone());
        let is_declared = declared.is_some();
        let time = |formats: Vec<TimeFormat>| (formats[0].looks_like(), formats);
        let (looks_like, time_formats) = match (declared, &stored) {
            (Some(format), _) => time(vec![format]),
            (None, DataType::String) => match plain_type(&texts, numbers) {
                Some(plain) => (plain, Vec::new()),
                None => match found_in(&texts) {
                    found if found.first().is_some_and(|(fitting, _)| *fitting == texts.len()) => {
                        time(found.into_iter().map(|(_, format)| format).collect())
                    }
                    found => (DataType::String, found.into_iter().map(|(_, format)| format).collect()),
                },
            },
            (None, other) => (other.clone(), Vec::new()),
        };
        Self { name, stored, looks_like, time_formats, declared: is_declared, texts, blank_is_null }
    }

    /// The same under another name.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    fn is_text(&self) -> bool {
        self.stored == DataType::String
    }

    /// The column as what its text looks like, for SQL expressions.
    pub(crate) fn as_it_looks(&self, style: &Style) -> Expr {
        let raw = col(self.name.as_str());
        match (&self.looks_like, self.time_formats.first()) {
            (looks_like, _) if *looks_like == self.stored => raw,
            (DataType::Date | DataType::Datetime(..), Some(format)) => format.local(&raw, &self.stored).cast(self.looks_like.clone()),
            (DataType::Boolean, _) => boolean(raw),
            (DataType::Float64, _) => style.numbers.read(raw),
            (looks_like, _) => trimmed(raw).cast(looks_like.clone()),
        }
    }

    /// Whether a value does not look like the first rows did. None where every one does.
    pub(crate) fn looks_different(&self, style: &Style) -> Option<(String, Expr)> {
        if self.looks_like == self.stored {
            return None;
        }
        let what = match (&self.looks_like, self.time_formats.first()) {
            (_, Some(format)) => format!("a time like `{}`", format.example),
            (DataType::Int64, _) => "a whole number".to_owned(),
            (DataType::Boolean, _) => "true or false".to_owned(),
            _ => "a number".to_owned(),
        };
        let raw = col(self.name.as_str());
        let given = if self.is_text() && !self.blank_is_null { trimmed(raw).neq(lit("")) } else { raw.is_not_null() };
        let why = if self.declared { "" } else { ", as it is in the first rows" };
        Some((format!("`{}` is not {what}{why}", self.name), given.and(self.as_it_looks(style).is_null())))
    }
}

/// The narrowest type, times left aside, that fits all of the texts.
fn plain_type(texts: &[String], numbers: NumberStyle) -> Option<DataType> {
    let all = |fits: &dyn Fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| fits(text));
    // Leading zeros, exponents and more digits than a float holds are codes, not numbers: postcodes, client ids.
    let coded = |text: &str| {
        let digits = text.trim_start_matches('-');
        let zeros = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        zeros || digits.chars().filter(char::is_ascii_digit).count() > 15 || digits.contains(['e', 'E', '+'])
    };
    if all(&|text| numbers.parse(text).is_some()) {
        if texts.iter().any(|text| coded(text)) {
            return Some(DataType::String);
        }
        let whole = numbers.thousands.is_none() && all(&|text| text.parse::<i64>().is_ok());
        return Some(if whole { DataType::Int64 } else { DataType::Float64 });
    }
    all(&|text| matches!(text.to_lowercase().as_str(), "true" | "false")).then_some(DataType::Boolean)
}

/// A stored column as a metric's input: the typed value, and when a present one could not be read.
#[derive(Clone)]
pub(crate) struct Typed {
    /// The value; null where it is missing or can't be read.
    pub value: Expr,
    /// Whether there is nothing to read.
    pub missing: Expr,
    /// What an unreadable value is not, for the reason of its rejection.
    pub expected: String,
    /// For a local time, whether clocks showed it twice.
    pub ambiguous: Option<Expr>,
}

/// A column of a table as a metric's input, or why it can't be one.
///
/// `looks` is what the first rows say of it, where they were looked at.
pub(crate) fn typed(name: &str, stored: &DataType, looks: Option<&StoredColumn>, kind: ColumnType, style: &Style) -> Result<Typed, String> {
    let raw = col(name);
    let text = stored == &DataType::String;
    let may_be_blank = text && !looks.is_some_and(|column| column.blank_is_null);
    let missing = if may_be_blank { raw.clone().is_null().or(trimmed(raw.clone()).eq(lit(""))) } else { raw.clone().is_null() };
    let numeric = stored.is_primitive_numeric() || matches!(stored, DataType::Decimal(..));
    let examples = || looks.map(|column| examples_of(&column.texts)).unwrap_or_default();
    let plain = |value: Expr, expected: &str| (value, expected.to_owned(), None);
    let (value, expected, ambiguous) = match kind {
        ColumnType::Identifier | ColumnType::Text if text && !may_be_blank => plain(raw, "text"),
        ColumnType::Identifier | ColumnType::Text if text => {
            plain(when(missing.clone()).then(lit(NULL)).otherwise(raw).cast(DataType::String), "text")
        }
        ColumnType::Identifier if stored.is_integer() => plain(raw, "a whole number"),
        ColumnType::Text if numeric || stored.is_bool() => plain(raw.cast(DataType::String), "text"),
        ColumnType::Number if text => {
            let texts = looks.map(|column| column.texts.as_slice()).unwrap_or_default();
            if !texts.is_empty() && !texts.iter().any(|text| style.numbers.parse(text).is_some()) {
                return Err(format!("`{name}` must be a number, and holds text{}{}", examples(), number_help(texts, style.numbers)));
            }
            plain(style.numbers.read(raw), "a number")
        }
        ColumnType::Number if stored.is_integer() => plain(raw.cast(DataType::Int64), "a number"),
        // A length of time is its seconds.
        ColumnType::Number if matches!(stored, DataType::Duration(_)) => {
            let micros = raw.cast(DataType::Duration(TimeUnit::Microseconds)).cast(DataType::Int64);
            plain(micros.cast(DataType::Float64) / lit(1e6), "a number of seconds")
        }
        ColumnType::Number if numeric => plain(finite(raw.cast(DataType::Float64)), "a number"),
        ColumnType::Boolean if stored.is_bool() => plain(raw, "true or false"),
        ColumnType::Boolean if text => plain(boolean(raw), "true or false"),
        ColumnType::Boolean if stored.is_integer() => {
            let known = raw.clone().eq(lit(0)).or(raw.clone().eq(lit(1)));
            plain(when(known).then(raw.neq(lit(0))).otherwise(lit(NULL)), "0 or 1")
        }
        ColumnType::Time => time(name, stored, looks, style)?,
        _ => return Err(format!("`{name}` must be {}, and is {stored}{}", kind_with_article(kind), examples())),
    };
    Ok(Typed { value, missing, expected, ambiguous })
}

/// The instant, what it should have been, and whether clocks showed it twice.
type Time = (Expr, String, Option<Expr>);

fn time(name: &str, stored: &DataType, looks: Option<&StoredColumn>, style: &Style) -> Result<Time, String> {
    let raw = col(name);
    let place = style.zone.as_ref().map(|zone| format!(" in {zone}")).unwrap_or_default();
    let local = |local: Expr| {
        let ambiguous = style.zone.is_some().then(|| style.clock.is_ambiguous(local.clone()));
        (style.clock.to_utc(local, style.rule), ambiguous)
    };
    let of_formats = |formats: &[TimeFormat]| {
        let read = formats.iter().rev().map(|format| read_time(format, &raw, stored, style));
        let read = read.reduce(|(later, later_twice), (first, first_twice)| {
            let value = when(first.clone().is_null()).then(later).otherwise(first);
            (value, first_twice.into_iter().chain(later_twice).reduce(Expr::or))
        });
        read.unwrap_or_else(|| (lit(NULL).cast(INSTANT), None))
    };
    if let Some(column) = looks.filter(|column| column.declared) {
        let (value, ambiguous) = of_formats(&column.time_formats);
        let shown =
            if column.time_formats.iter().any(TimeFormat::is_local) { format!(" that clocks showed{place}") } else { String::new() };
        return Ok((value, format!("a time like `{}`{shown}", column.time_formats[0].example), ambiguous));
    }
    match stored {
        DataType::Datetime(_, Some(_)) => {
            let utc = raw.dt().convert_time_zone(PolarsZone::UTC);
            Ok((utc.dt().replace_time_zone(None, lit("raise"), NonExistent::Raise).cast(INSTANT), "a time".to_owned(), None))
        }
        DataType::Datetime(_, None) => {
            let (value, ambiguous) = local(raw.cast(INSTANT));
            Ok((value, format!("a time that clocks showed{place}"), ambiguous))
        }
        DataType::Date => Ok((style.clock.start_of_day(raw.cast(INSTANT)), "a date".to_owned(), None)),
        DataType::String => {
            let texts = looks.map(|column| column.texts.as_slice()).unwrap_or_default();
            let mut formats = looks.map(|column| column.time_formats.clone()).unwrap_or_default();
            if formats.is_empty() && !texts.is_empty() {
                let examples = examples_of(texts);
                return Err(format!(
                    "`{name}` must be a time such as 2025-01-31 or 2025-01-31T09:30:00, and holds text{examples}; say how times are \
                     written: `time_formats = {{ {name} = \"%d-%m-%Y %H:%M\" }}`"
                ));
            }
            // Nothing to go by: a value that comes later is read as ISO 8601, or counted.
            if formats.is_empty() {
                formats = TimeFormat::iso().to_vec();
            }
            let expected = match formats.as_slice() {
                [only] if !only.is_local() => format!("a time like `{}`", only.example),
                [only] => format!("a time like `{}` that clocks showed{place}", only.example),
                [first, ..] => format!("a time like `{}` or the others in this column", first.example),
                [] => "a time".to_owned(),
            };
            let (value, ambiguous) = of_formats(&formats);
            Ok((value, expected, ambiguous))
        }
        _ if stored.is_primitive_numeric() => Err(format!(
            "`{name}` must be a time, and is {stored}; say how times are written: `time_formats = {{ {name} = \"epoch_seconds\" }}`"
        )),
        _ => Err(format!("`{name}` must be a time, and is {stored}")),
    }
}

/// Values in one format as UTC instants, and whether clocks showed them twice.
pub(crate) fn read_time(format: &TimeFormat, raw: &Expr, stored: &DataType, style: &Style) -> (Expr, Option<Expr>) {
    let local = format.local(raw, stored);
    if format.is_date() {
        (style.clock.start_of_day(local), None)
    } else if format.is_local() {
        let twice = style.zone.is_some().then(|| style.clock.is_ambiguous(local.clone()));
        (style.clock.to_utc(local, style.rule), twice)
    } else {
        (local, None)
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

/// What to say in the config where texts are numbers of another style.
fn number_help(texts: &[String], style: NumberStyle) -> String {
    let fits = |style: NumberStyle| texts.iter().all(|text| style.parse(text).is_some());
    if !style.decimal_comma && fits(NumberStyle { decimal_comma: true, ..style }) {
        return "; say `decimal_comma = true`".to_owned();
    }
    let with =
        |thousands: char| NumberStyle { decimal_comma: thousands != ',', thousands: Some(crate::read::number::Thousands(thousands)) };
    let found = ['.', ' ', ','].into_iter().find(|&thousands| fits(with(thousands)));
    found.map_or_else(String::new, |thousands| {
        let comma = if thousands == ',' { "" } else { "`decimal_comma = true` and " };
        format!("; say {comma}`thousands = \"{thousands}\"`")
    })
}

pub(crate) fn trimmed(text: Expr) -> Expr {
    text.str().strip_chars(lit(NULL))
}

/// Infinities and NaN are no numbers to compute with.
pub(crate) fn finite(number: Expr) -> Expr {
    when(number.clone().is_finite()).then(number).otherwise(lit(NULL))
}

pub(crate) fn boolean(text: Expr) -> Expr {
    let text = trimmed(text).str().to_lowercase();
    let is = |words: [&'static str; 4]| words.into_iter().map(|word| text.clone().eq(lit(word))).reduce(Expr::or).expect("four words");
    when(is(["true", "yes", "1", "t"])).then(lit(true)).when(is(["false", "no", "0", "f"])).then(lit(false)).otherwise(lit(NULL))
}
