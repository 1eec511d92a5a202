//! How the texts of a column may be read: as numbers, as times in one format or in several, as truths, or as no more than text.

use std::sync::LazyLock;

use custometer_core::time::INSTANT;
use polars::prelude::{DataType, Expr, NULL, NonExistent, TimeZone as PolarsZone, col, lit, when};

use super::words;
use crate::read::cell_format::{CellFormat, KINDS, NumberKind, is_amount};
use crate::read::column::{boolean, is_flag};
use crate::read::number::{NumberStyle, Thousands};
use crate::read::time_format::{TimeFormat, found_in};
use crate::read::values::finite;

/// How many of a hundred values must be readable for a column to be taken for what they are.
const MOST: usize = 90;
/// How many values are looked at when there are many ways to read them.
const FEW: usize = 20;
/// Times outside of these years are codes that look like times.
const YEARS: std::ops::Range<i64> = 1900..2100;

/// Texts that mean a missing value where all others are numbers or times.
pub(super) const MISSING: [&str; 24] = [
    "NULL",
    "null",
    "Null",
    "(null)",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "None",
    "none",
    "\\N",
    "Blank",
    "blank",
    "(blank)",
    "Missing",
    "missing",
    "-",
    "--",
    ".",
    "?",
    "0000-00-00",
    "0000-00-00 00:00:00",
];

/// Words for true and for false that have to be declared, in small letters.
const FLAGS: [(&str, &str); 9] = [
    ("ja", "nej"),
    ("ja", "nein"),
    ("ja", "nei"),
    ("ja", "nee"),
    ("oui", "non"),
    ("sí", "no"),
    ("si", "no"),
    ("sim", "não"),
    ("on", "off"),
];
/// So many different texts are answers of a scale with words, and no more.
const MOST_ANSWERS: usize = 22;

/// A way to read the values of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    /// Stored as what it is.
    Stored(DataType),
    Boolean,
    Number,
    /// Times, in formats of which each reads what those before it do not; and what the config says of them, where it must.
    Time {
        formats: Vec<TimeFormat>,
        declared: Option<String>,
    },
    /// Cells in a format, and what the config says of them.
    Cells {
        format: CellFormat,
        declared: String,
    },
}

impl Reading {
    /// The values: whole numbers, numbers, truths, or microseconds as clocks showed them; null where they can't be read.
    pub(super) fn values(&self, name: &str, numbers: NumberStyle) -> Expr {
        let raw = col(name);
        match self {
            Self::Boolean => boolean(raw),
            Self::Number => numbers.read(raw),
            Self::Cells { format, .. } => format.read(raw, &DataType::String, numbers),
            Self::Time { formats, .. } => {
                let read = formats.iter().rev().map(|format| format.local(&raw));
                let read = read.reduce(|later, first| when(first.clone().is_null()).then(later).otherwise(first));
                read.unwrap_or_else(|| lit(NULL).cast(INSTANT)).cast(DataType::Int64)
            }
            Self::Stored(DataType::Datetime(_, Some(_))) => {
                let utc = raw.dt().convert_time_zone(PolarsZone::UTC);
                utc.dt().replace_time_zone(None, lit("raise"), NonExistent::Raise).cast(INSTANT).cast(DataType::Int64)
            }
            Self::Stored(DataType::Datetime(..) | DataType::Date) => raw.cast(INSTANT).cast(DataType::Int64),
            Self::Stored(DataType::Boolean) => raw,
            Self::Stored(other) if other.is_integer() => raw.cast(DataType::Int64),
            Self::Stored(_) => finite(raw.cast(DataType::Float64)),
        }
    }
}

/// The ways to read a column that a file stores as something other than text.
pub(super) fn of_stored(stored: &DataType) -> Vec<Reading> {
    let readable = stored.is_primitive_numeric()
        || matches!(stored, DataType::Decimal(..) | DataType::Boolean | DataType::Date | DataType::Datetime(..));
    if readable { vec![Reading::Stored(stored.clone())] } else { Vec::new() }
}

/// The ways to read texts: none where they are no more than text, and several where times could be meant in several ways.
pub(super) fn of_texts(name: &str, texts: &[String], numbers: NumberStyle) -> Vec<Reading> {
    let texts: Vec<String> = texts.iter().filter(|text| !MISSING.contains(&text.as_str())).cloned().collect();
    if texts.is_empty() {
        return Vec::new();
    }
    let most = |fits: &dyn Fn(&str) -> bool| is_most(texts.iter().filter(|text| fits(text)).count(), texts.len());
    if most(&|text| numbers.parse(text).is_some()) {
        let times = if most(&|text| [8, 12, 14].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())) {
            declared(&texts)
        } else if words::are_of_time(name) {
            counts(name, &texts)
        } else {
            Vec::new()
        };
        return match () {
            () if !times.is_empty() => times,
            () if texts.iter().any(|text| is_code(text)) => Vec::new(),
            () => vec![Reading::Number],
        };
    }
    if texts.iter().all(|text| is_flag(text)) {
        return vec![Reading::Boolean];
    }
    let iso = found_in(&texts);
    if is_most(iso.iter().map(|(fitting, _)| fitting).sum(), texts.len()) {
        return vec![Reading::Time { formats: iso.into_iter().map(|(_, format)| format).collect(), declared: None }];
    }
    let times = declared(&texts);
    // What a clock shows is not a duration.
    if times.is_empty() && !are_clocks(name, &texts) { cells(&texts, numbers).into_iter().collect() } else { times }
}

/// Whether texts are what clocks show, to go by their column's name.
pub(super) fn are_clocks(name: &str, texts: &[String]) -> bool {
    words::are_of_clock(name) && !texts.is_empty() && clock_format(texts).is_some()
}

/// How the clocks of texts are written.
pub(super) fn clock_format(texts: &[String]) -> Option<&'static str> {
    ["%H:%M", "%H:%M:%S", "%H.%M", "%I:%M %p", "%I:%M:%S %p"].into_iter().find(|clock| {
        let format = TimeFormat::declared(&format!("%F {clock}"), None).ok();
        format.is_some_and(|format| texts.iter().all(|text| format.read(&format!("2000-01-01 {text}")).is_some()))
    })
}

/// The format of cells that texts are in, where they are in one.
fn cells(texts: &[String], numbers: NumberStyle) -> Option<Reading> {
    let mut different: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    different.sort_unstable();
    different.dedup();
    for (yes, no) in FLAGS {
        let mut both = [yes, no];
        both.sort_unstable();
        if different == both {
            let format = CellFormat::Flag { yes: vec![yes.to_owned()], no: vec![no.to_owned()] };
            return Some(Reading::Cells { format, declared: format!("{{ true = [\"{yes}\"], false = [\"{no}\"] }}") });
        }
    }
    let fits = |kind: &NumberKind| match kind.name {
        // Plain numbers do not say that they are these, and a clock of two parts does not say which.
        "days" | "hours" | "minutes" | "milliseconds" | "hours_minutes" | "minutes_seconds" => false,
        "number_in_text" => {
            // Codes such as `cus_1` have no words.
            let is_answer = |text: &String| {
                let is_labelled = text.contains(' ') || numbers.parse(text).is_some();
                is_labelled && kind.read(text, numbers).is_some_and(|number| (0.0..=10.0).contains(&number))
            };
            // Names with numbers in them are of one row each.
            different.len() < texts.len().min(MOST_ANSWERS + 1)
                && texts.iter().all(is_answer)
                && texts.iter().any(|text| numbers.parse(text).is_none())
        }
        _ => is_most(texts.iter().filter(|text| kind.read(text, numbers).is_some()).count(), texts.len()),
    };
    let kind = KINDS.iter().find(|kind| fits(kind))?;
    let format = CellFormat::Number(kind).settled(&DataType::String, texts, numbers, true).ok()?;
    Some(Reading::Cells { format, declared: format!("\"{}\"", kind.name) })
}

/// The number in a percentage or an amount with its currency, as it is written; any other text whole.
fn without_unit(text: &str) -> &str {
    let digit = |character: char| character.is_ascii_digit();
    let (Some(start), Some(end)) = (text.find(digit), text.rfind(digit)) else { return text };
    let (before, number, after) = (&text[..start], &text[start..=end], &text[end + 1..]);
    // What stands around a number is the same however the number is written.
    let around = format!("{before}1{after}");
    let has_unit = around.contains('%') || around.len() > 1 && is_amount(&around, NumberStyle::default());
    if has_unit { number } else { text }
}

/// Whether a text is digits that are not a number to compute with: with leading zeros, or more of them than a float holds.
pub(super) fn is_code(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    whole && (digits.len() > 15 || digits.len() > 1 && digits.starts_with('0'))
}

/// Whether a text is a number or a time in any of the ways that are known, and so no name of a column.
pub(super) fn is_data(text: &str) -> bool {
    if !text.contains(|character: char| character.is_ascii_digit()) {
        return false;
    }
    styles().any(|style| style.parse(text).is_some())
        || TimeFormat::iso().iter().chain(patterns().map(|(_, format)| format)).any(|format| format.read(text).is_some())
}

fn is_most(fitting: usize, all: usize) -> bool {
    fitting > 0 && fitting * 100 >= all * MOST
}

/// The number of the decimal point and thousands that a person may mean, the plain one first.
pub(super) fn styles() -> impl Iterator<Item = NumberStyle> {
    [(false, None), (true, None), (true, Some('.')), (true, Some(' ')), (false, Some(',')), (false, Some(' ')), (false, Some('\''))]
        .into_iter()
        .map(|(decimal_comma, thousands)| NumberStyle { decimal_comma, thousands: thousands.map(Thousands) })
}

/// The style that reads the numbers of most columns, and another that would read the same texts as other numbers, where there is one.
pub(super) fn number_style(columns: &[Vec<String>]) -> (NumberStyle, Option<NumberStyle>) {
    let marks = |text: &str| text.contains(['.', ',', '\'', ' ', '\u{a0}', '\u{202f}']);
    let like_number = |text: &str| {
        text.contains(|character: char| character.is_ascii_digit())
            && text.chars().all(|character| character.is_ascii_digit() || "+-−., '\u{a0}\u{202f}".contains(character))
    };
    let telling: Vec<Vec<&str>> = columns
        .iter()
        .map(|texts| texts.iter().map(|text| without_unit(text)).filter(|text| !MISSING.contains(text)).collect::<Vec<_>>())
        .filter(|texts| texts.iter().any(|text| marks(text)))
        .filter(|texts| is_most(texts.iter().filter(|text| like_number(text)).count(), texts.len()))
        .collect();
    let fits = |style: NumberStyle, texts: &[&str]| is_most(texts.iter().filter(|text| style.parse(text).is_some()).count(), texts.len());
    let votes = |style: NumberStyle| telling.iter().filter(|texts| fits(style, texts)).count();
    let most = styles().map(votes).max().unwrap_or(0);
    let mut best = styles().filter(|style| votes(*style) == most);
    let Some(style) = best.next().filter(|_| most > 0) else { return (NumberStyle::default(), None) };
    let rival = best.find(|rival| {
        let differs = |text: &&str| rival.parse(text).zip(style.parse(text)).is_some_and(|(one, other)| (one - other).abs() > 1e-9);
        // Nothing is grouped after a zero: 0.125 has a decimal point.
        telling.iter().all(|texts| !texts.iter().any(|text| text.trim_start_matches(['-', '+', '−']).starts_with('0') && marks(text)))
            && telling.iter().flatten().any(differs)
    });
    (style, rival)
}

/// The formats, of those that have to be declared, that texts are written in.
fn declared(texts: &[String]) -> Vec<Reading> {
    if texts.iter().any(|text| text.len() > 40) && !texts.iter().any(|text| text.len() <= 40) {
        return Vec::new();
    }
    let few = &texts[..texts.len().min(FEW)];
    let mut readings = Vec::new();
    for (pattern, format) in patterns() {
        let likely = few.iter().filter(|text| format.read(text).is_some()).count();
        if likely * 2 < few.len() {
            continue;
        }
        let plausible = texts.iter().filter(|text| format.read(text).is_some_and(|time| YEARS.contains(&year(time)))).count();
        if is_most(plausible, texts.len()) {
            readings.push((plausible, Reading::Time { formats: vec![format.clone()], declared: Some(pattern.clone()) }));
        }
    }
    // The sort is stable: of equally good ones the first stays the first.
    readings.sort_by_key(|(fitting, _)| std::cmp::Reverse(*fitting));
    readings.into_iter().map(|(_, reading)| reading).collect()
}

/// Numbers that count from a time on, where they come to plausible years.
fn counts(name: &str, texts: &[String]) -> Vec<Reading> {
    // Years that are not long ago: small numbers are counts of anything else.
    let is_recent = |format: &TimeFormat, text: &String| format.read(text).is_some_and(|time| (1990..2100).contains(&year(time)));
    // Five digits are many things: days of a spreadsheet are told by a name of dates, or by their fractions.
    let are_days = || words::are_of_date(name) || texts.iter().filter(|text| text.contains(['.', ','])).count() * 2 > texts.len();
    let fitting = TimeFormat::counts().filter(|name| *name != "excel_serial" || are_days()).find_map(|name| {
        let format = TimeFormat::declared(name, None).ok()?;
        let fitting = texts.iter().filter(|text| is_recent(&format, text)).count();
        is_most(fitting, texts.len()).then(|| Reading::Time { formats: vec![format], declared: Some(name.to_owned()) })
    });
    fitting.into_iter().collect()
}

/// The year of microseconds since 1970.
fn year(micros: i64) -> i64 {
    let time = jiff::Timestamp::from_microsecond(micros).ok();
    time.map_or(0, |time| i64::from(time.to_zoned(jiff::tz::TimeZone::UTC).year()))
}

/// Formats that exports are written in and that ISO 8601 does not know; day first before month first.
fn patterns() -> impl Iterator<Item = &'static (String, TimeFormat)> {
    static PATTERNS: LazyLock<Vec<(String, TimeFormat)>> = LazyLock::new(|| {
        let read = all_patterns().into_iter().map(|pattern| (TimeFormat::declared(&pattern, None).ok(), pattern));
        read.filter_map(|(format, pattern)| Some((pattern, format?))).collect()
    });
    PATTERNS.iter()
}

fn all_patterns() -> Vec<String> {
    const DAYS: [&str; 23] = [
        "%d-%m-%Y",
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%m-%d-%Y",
        "%m.%d.%Y",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%Y-%m-%d",
        "%d-%m-%y",
        "%d/%m/%y",
        "%d.%m.%y",
        "%m/%d/%y",
        "%m-%d-%y",
        "%y-%m-%d",
        "%y/%m/%d",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d. %b %Y",
        "%b %d, %Y",
        "%d/%b/%Y",
        "%d-%b-%y",
        "%d/%b/%y",
    ];
    const CLOCKS: [&str; 16] = [
        "",
        " %H:%M",
        " %H:%M:%S",
        "T%H:%M",
        " %H.%M",
        " %H.%M.%S",
        " %I:%M %p",
        " %I:%M:%S %p",
        " %I:%M%p",
        ", %H:%M",
        ", %I:%M %p",
        " %H:%M:%S%.f",
        " %H:%M %Z",
        " %H:%M:%S%.f %Z",
        " %H:%M:%S %z",
        ":%H:%M:%S %z",
    ];
    const ISO: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S %z"];
    const OTHERS: [&str; 9] = [
        "%Y%m%d",
        "%d%m%Y",
        "%m%d%Y",
        "%Y%m%d%H%M",
        "%Y%m%d%H%M%S",
        "%Y%m%dT%H%M%S",
        "%a, %d %b %Y %H:%M:%S %z",
        "%a, %d %b %Y %H:%M:%S %Z",
        "%a %b %d %H:%M:%S %Y",
    ];
    let combined = DAYS.into_iter().flat_map(|day| CLOCKS.into_iter().map(move |clock| format!("{day}{clock}")));
    combined.filter(|pattern| !ISO.contains(&pattern.as_str())).chain(OTHERS.into_iter().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A year of days at changing times, as another library writes them.
    fn written(pattern: &str) -> Vec<String> {
        let start = jiff::civil::date(2024, 1, 1).at(0, 7, 30, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        let moment = |day: i64| start.checked_add(jiff::Span::new().days(day).minutes(day * 61 % 1440)).unwrap();
        (0..366).step_by(5).map(|day| jiff::fmt::strtime::format(pattern, &moment(day)).unwrap()).collect()
    }

    fn formats(name: &str, texts: &[String]) -> Vec<String> {
        let readings = of_texts(name, texts, NumberStyle::default());
        readings
            .iter()
            .map(|reading| if let Reading::Time { declared: Some(format), .. } = reading { format.clone() } else { format!("{reading:?}") })
            .collect()
    }

    #[test]
    fn every_format_is_found_in_what_it_writes() {
        for (pattern, _) in patterns() {
            let found = formats("x", &written(pattern));
            // What is written alike, such as months by their first letters, is read alike.
            let reads_alike = |other: &String| other.starts_with('%') && written(other) == written(pattern);
            // ISO 8601 in its full digits is read as it is.
            let is_iso = found_in(&written(pattern)).first().is_some_and(|(fitting, _)| *fitting == written(pattern).len());
            assert!(is_iso || found.iter().any(|other| other == pattern || reads_alike(other)), "{pattern}: {found:?}");
        }
    }

    #[test]
    fn day_and_month_change_places_only_where_every_value_lets_them() {
        assert_eq!(formats("x", &written("%d/%m/%Y")), ["%d/%m/%Y"]);
        assert_eq!(formats("x", &written("%m/%d/%Y %H:%M")), ["%m/%d/%Y %H:%M"]);
        let early: Vec<String> = written("%d/%m/%Y").into_iter().filter(|text| text.starts_with('0')).collect();
        assert_eq!(formats("x", &early), ["%d/%m/%Y", "%m/%d/%Y"]);
        // The 24 of the year could be a day, and days could be years.
        assert_eq!(formats("x", &written("%d-%m-%y")), ["%d-%m-%y", "%y-%m-%d"]);
    }

    #[test]
    fn numbers_are_times_where_their_name_or_their_form_says_so() {
        assert_eq!(formats("number", &written("%Y%m%d")), ["%Y%m%d"]);
        assert_eq!(formats("created_at", &written("%s")), ["epoch_seconds"]);
        assert_eq!(of_texts("phone", &written("%s"), NumberStyle::default()), [Reading::Number]);
        let counts: Vec<String> = (1..90).map(|count| count.to_string()).collect();
        assert_eq!(of_texts("time", &counts, NumberStyle::default()), [Reading::Number]);
        // Eight digits of which most are not days.
        let phones: Vec<String> = (0..90).map(|number| (20_131_500 + number * 7).to_string()).collect();
        assert_eq!(of_texts("phone", &phones, NumberStyle::default()), [Reading::Number]);
    }

    #[test]
    fn codes_and_words_are_no_numbers() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<String>>();
        let of = |values: &[&str]| of_texts("x", &texts(values), NumberStyle::default());
        assert_eq!(of(&["007", "12"]), []);
        assert_eq!(of(&["12345678901234567", "1"]), []);
        assert_eq!(of(&["0", "0.5", "1e-7", "41.30434782608695"]), [Reading::Number]);
        assert_eq!(of(&["1", "NULL", "2"]), [Reading::Number]);
        assert_eq!(of(&["yes", "No", "n/a"]), [Reading::Boolean]);
        assert_eq!(of(&["yes", "perhaps"]), []);
        assert_eq!(of(&["NULL"]), []);
    }

    #[test]
    fn one_style_of_numbers_is_found_for_all_columns() {
        let style = |columns: &[&[&str]]| {
            let columns: Vec<Vec<String>> = columns.iter().map(|texts| texts.iter().map(ToString::to_string).collect()).collect();
            let (style, rival) = number_style(&columns);
            let shown = |style: NumberStyle| (style.decimal_comma, style.thousands.map(|thousands| thousands.0));
            (shown(style), rival.map(shown))
        };
        let plain = (false, None);
        assert_eq!(style(&[&["1", "2"], &["x"]]), (plain, None));
        assert_eq!(style(&[&["1.5", "12.25"]]), (plain, None));
        assert_eq!(style(&[&["1,5", "12,25"]]), ((true, None), None));
        assert_eq!(style(&[&["1.234,5", "0,25"], &["3.000"]]), ((true, Some('.')), None));
        assert_eq!(style(&[&["1 234,5", "2\u{a0}000,25"]]), ((true, Some(' ')), None));
        assert_eq!(style(&[&["1,234.5", "200.25"]]), ((false, Some(',')), None));
        assert_eq!(style(&[&["1'234.5", "200.25"]]), ((false, Some('\'')), None));
        // Nothing tells one from the other here, until another column does.
        assert_eq!(style(&[&["1.234", "2.500"]]), (plain, Some((true, Some('.')))));
        assert_eq!(style(&[&["1,234", "2,500"]]), ((true, None), Some((false, Some(',')))));
        assert_eq!(style(&[&["1.234", "2.500"], &["0.5"]]), (plain, None));
        assert_eq!(style(&[&["1,234", "2,500"], &["0.5"]]), ((false, Some(',')), None));
        // Dates, addresses and names are not numbers.
        assert_eq!(style(&[&["31.12.2024"], &["83.149.9.216"], &["1, 2"]]), (plain, None));
    }
}
