//! Columns: how a file stores them, what their first values look like, and how they become a metric's typed input.

use std::sync::Arc;

use custometer_core::ColumnType;
use custometer_core::time::{ClockRule, INSTANT, LocalClock};
use polars::prelude::{DataType, Expr, NULL, NonExistent, Series, TimeZone as PolarsZone, col, concat_str, lit, when};

use crate::read::cell_format::{CellFormat, KINDS, seconds};
use crate::read::number::NumberStyle;
use crate::read::time_format::{TimeFormat, found_in};
use crate::read::values::{finite, trimmed};

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
    /// Whether messages may show cells: none where ids must not leave, since any column may hold some.
    pub(crate) shows_cells: bool,
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
    /// Whether the config says how its values are written.
    pub declared: bool,
    /// How its cells are written, where the config says it and they are not times.
    pub cells: Option<CellFormat>,
    /// The texts of the first rows, without blanks; empty for a column that is not stored as text.
    pub texts: Vec<String>,
    /// Whether a blank text is null already, as the reader of text files has it.
    pub blank_is_null: bool,
}

/// What a config says of how the values of a column are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Declared {
    Times(TimeFormat),
    Cells(CellFormat),
}

/// The texts of a column's first rows, without blanks; none of a column that is not stored as text.
pub(crate) fn texts_of(values: &Series) -> Vec<String> {
    let texts = values.str().map(|texts| texts.iter().flatten().map(|text| text.trim().to_owned()).collect::<Vec<_>>());
    texts.unwrap_or_default().into_iter().filter(|text| !text.is_empty()).collect()
}

impl StoredColumn {
    /// What the first rows say of a column; `declared` is how its values are written, where the config says it.
    pub(crate) fn of(values: &Series, numbers: NumberStyle, declared: Option<Declared>, blank_is_null: bool) -> Self {
        let texts = texts_of(values);
        let (name, stored) = (values.name().to_string(), values.dtype().clone());
        let is_declared = declared.is_some();
        let time = |formats: Vec<TimeFormat>| (formats[0].looks_like(), formats);
        let cells = if let Some(Declared::Cells(format)) = &declared { Some(format.clone()) } else { None };
        let (looks_like, time_formats) = match (declared, &stored) {
            (Some(Declared::Times(format)), _) => time(vec![format]),
            (Some(Declared::Cells(format)), _) => (format.looks_like(), Vec::new()),
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
        Self { name, stored, looks_like, time_formats, declared: is_declared, cells, texts, blank_is_null }
    }

    /// The same under another name.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    fn is_text(&self) -> bool {
        self.stored == DataType::String
    }

    /// Whether nothing tells what its values are: none of the first rows has one, and the config does not say how they are written.
    pub(crate) fn is_untold(&self) -> bool {
        !self.declared && (self.stored == DataType::Null || self.is_text() && self.texts.is_empty())
    }

    /// The column as what its text looks like, for SQL expressions.
    pub(crate) fn as_it_looks(&self, style: &Style) -> Expr {
        let raw = col(self.name.as_str());
        if let Some(format) = &self.cells {
            return format.read(raw, &self.stored, style.numbers);
        }
        match (&self.looks_like, self.time_formats.first()) {
            (looks_like, _) if *looks_like == self.stored => raw,
            (DataType::Date | DataType::Datetime(..), Some(format)) => format.local(&raw).cast(self.looks_like.clone()),
            (DataType::Boolean, _) => boolean(raw),
            (DataType::Float64, _) => style.numbers.read(raw),
            (looks_like, _) => trimmed(raw).cast(looks_like.clone()),
        }
    }

    /// Whether a value does not look like the first rows did. None where every one does.
    pub(crate) fn looks_different(&self, style: &Style) -> Option<(String, Expr)> {
        if self.looks_like == self.stored && self.cells.is_none() {
            return None;
        }
        let what = match (&self.looks_like, &self.cells, self.time_formats.first()) {
            (_, Some(format), _) => format.what().into_owned(),
            (_, _, Some(format)) => format!("a time like `{}`", format.example),
            (DataType::Int64, ..) => "a whole number".to_owned(),
            (DataType::Boolean, ..) => "true or false".to_owned(),
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
    let examples = || looks.filter(|_| style.shows_cells).map(|column| examples_of(&column.texts)).unwrap_or_default();
    let plain = |value: Expr, expected: &str| (value, expected.to_owned(), None);
    let cells = looks.and_then(|column| column.cells.as_ref());
    let (value, expected, ambiguous) = match kind {
        ColumnType::Number | ColumnType::Boolean | ColumnType::Time if let Some(format) = cells => {
            if !format.is_read_as(kind) {
                return Err(format!("`{name}` must be {}, and `formats` says that it is {}", kind_with_article(kind), format.what()));
            }
            plain(format.read(raw, stored, style.numbers), &format.what())
        }
        ColumnType::Identifier | ColumnType::Text if text && !may_be_blank => plain(raw, "text"),
        ColumnType::Identifier | ColumnType::Text if text => {
            plain(when(missing.clone()).then(lit(NULL)).otherwise(raw).cast(DataType::String), "text")
        }
        ColumnType::Identifier if stored.is_integer() => plain(raw, "a whole number"),
        ColumnType::Text if numeric || stored.is_bool() => plain(raw.cast(DataType::String), "text"),
        ColumnType::Number if text => {
            let texts = looks.map(|column| column.texts.as_slice()).unwrap_or_default();
            if !texts.is_empty() && !texts.iter().any(|text| style.numbers.parse(text).is_some()) {
                return Err(format!("`{name}` must be a number, and holds text{}{}", examples(), number_help(name, texts, style.numbers)));
            }
            plain(style.numbers.read(raw), "a number")
        }
        ColumnType::Number if stored.is_integer() => plain(raw.cast(DataType::Int64), "a number"),
        ColumnType::Number if numeric => plain(finite(raw.cast(DataType::Float64)), "a number"),
        ColumnType::Number if let DataType::Duration(unit) = stored => plain(seconds(raw, *unit), "a number of seconds"),
        ColumnType::Boolean if stored.is_bool() => plain(raw, "true or false"),
        ColumnType::Boolean if text => {
            let texts = looks.map(|column| column.texts.as_slice()).unwrap_or_default();
            if !texts.is_empty() && !texts.iter().any(|text| is_flag(text)) {
                return Err(format!(
                    "`{name}` must be true or false, and holds text{}; say what it means: \
                     `formats = {{ {} = {{ true = [\"…\"], false = [\"…\"] }} }}`",
                    examples(),
                    key(name)
                ));
            }
            plain(boolean(raw), FLAG)
        }
        ColumnType::Boolean if stored.is_integer() || stored.is_float() => {
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
        let read = formats.iter().rev().map(|format| read_time(format, &raw, style));
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
                let examples = if style.shows_cells { examples_of(texts) } else { String::new() };
                return Err(format!(
                    "`{name}` must be a time such as 2025-01-31 or 2025-01-31T09:30:00, and holds text{examples}; say how times are \
                     written: `time_formats = {{ {} = \"%d-%m-%Y %H:%M\" }}`",
                    key(name)
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
            "`{name}` must be a time, and is {stored}; say how times are written: `time_formats = {{ {} = \"epoch_seconds\" }}`",
            key(name)
        )),
        _ => Err(format!("`{name}` must be a time, and is {stored}")),
    }
}

/// Values in one format as UTC instants, and whether clocks showed them twice.
pub(crate) fn read_time(format: &TimeFormat, raw: &Expr, style: &Style) -> (Expr, Option<Expr>) {
    let local = format.local(raw);
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

/// A name as a key of TOML.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if bare { name.to_owned() } else { format!("{name:?}") }
}

/// What to say in the config where texts are numbers of another style, or in a format of cells.
fn number_help(name: &str, texts: &[String], style: NumberStyle) -> String {
    if let Some(kind) = KINDS.iter().find(|kind| texts.iter().all(|text| kind.read(text, style).is_some())) {
        return format!("; say `formats = {{ {} = \"{}\" }}`", key(name), kind.name);
    }
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

/// The texts of several columns with a space between them. Where some are missing, question marks stand in their place, so that a date
/// without its clock is not taken for a day.
pub(crate) fn joined(columns: &[String]) -> Expr {
    let text = |name: &String| {
        let text = trimmed(col(name.as_str()).cast(DataType::String));
        when(text.clone().eq(lit(""))).then(lit(NULL)).otherwise(text)
    };
    let all_missing = columns.iter().map(|name| text(name).is_null()).reduce(Expr::and).unwrap_or_else(|| lit(true));
    let texts: Vec<Expr> = columns.iter().map(|name| text(name).fill_null(lit("?"))).collect();
    when(all_missing).then(lit(NULL)).otherwise(concat_str(texts, " ", false)).cast(DataType::String)
}

/// Words for true and for false, in small letters, that are flags without being declared.
const TRUE: [&str; 5] = ["true", "yes", "y", "t", "1"];
const FALSE: [&str; 5] = ["false", "no", "n", "f", "0"];
/// What flags are, for messages.
const FLAG: &str = "true or false, yes or no, y or n, t or f, 1 or 0";

/// Whether a text is true or false without being declared.
pub(crate) fn is_flag(text: &str) -> bool {
    let text = text.to_lowercase();
    TRUE.contains(&text.as_str()) || FALSE.contains(&text.as_str())
}

pub(crate) fn boolean(text: Expr) -> Expr {
    let text = trimmed(text).str().to_lowercase();
    let is = |words: [&'static str; 5]| words.into_iter().map(|word| text.clone().eq(lit(word))).reduce(Expr::or).expect("five words");
    when(is(TRUE)).then(lit(true)).when(is(FALSE)).then(lit(false)).otherwise(lit(NULL))
}
