//! Time formats: the ways in which text, or a number, writes a time.

use std::borrow::Cow;
use std::sync::LazyLock;

use custometer_core::time::INSTANT;
use jiff::tz::TimeZone;
use polars::prelude::{Column, DataType, Expr, Field, Int64Chunked, IntoColumn, PolarsResult, Series, arity::unary_elementwise};

use super::time_pattern::{IsoEnd, Tells, TimePattern};

/// A way to write a time that can be read in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeFormat {
    /// How it looks, for messages.
    pub example: Cow<'static, str>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A text of a shape.
    Pattern(TimePattern),
    /// A number that counts from some time on.
    Count(&'static Count),
}

/// Numbers that are times: so many units since a start.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    name: &'static str,
    example: &'static str,
    /// How many of the unit are a second, or less than one: how many seconds the unit is.
    scale: Scale,
    /// In microseconds since 1970.
    start: i64,
    tells: Tells,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// One unit is so many microseconds.
    Microseconds(i64),
    /// So many units are a microsecond.
    PerMicrosecond(i64),
}

const DAY: i64 = 86_400_000_000;
/// The starts of 1900 and of 2200: what a number says outside of these years it does not mean.
const PLAUSIBLE: std::ops::Range<i64> = -25_567 * DAY..84_006 * DAY;
/// Numbers that would be plausible in a greater unit come to less than these microseconds after 1970 in their own.
const GREATER_UNIT: i64 = 10_000_000_000_000;

static COUNTS: [Count; 5] = [
    epoch("epoch_seconds", "1738315800", Scale::Microseconds(1_000_000)),
    epoch("epoch_milliseconds", "1738315800000", Scale::Microseconds(1000)),
    epoch("epoch_microseconds", "1738315800000000", Scale::Microseconds(1)),
    epoch("epoch_nanoseconds", "1738315800000000000", Scale::PerMicrosecond(1000)),
    // Day 60 is a 29 February 1900 that never was; after it, days count from 30 December 1899.
    Count { name: "excel_serial", example: "45688.395833", scale: Scale::Microseconds(DAY), start: -25_569 * DAY, tells: Tells::Clock },
];

const fn epoch(name: &'static str, example: &'static str, scale: Scale) -> Count {
    Count { name, example, scale, start: 0, tells: Tells::Instant }
}

impl Count {
    fn is_plausible(&self, micros: i64) -> bool {
        let first = if self.start == 0 { PLAUSIBLE.start } else { self.start + 61 * DAY };
        let may_be_greater = self.start == 0 && self.scale != Scale::Microseconds(1_000_000);
        (first..PLAUSIBLE.end).contains(&micros) && !(may_be_greater && (-GREATER_UNIT..GREATER_UNIT).contains(&micros))
    }

    fn of_whole(&self, number: i64) -> Option<i64> {
        let micros = match self.scale {
            Scale::Microseconds(scale) => number.checked_mul(scale)?,
            Scale::PerMicrosecond(scale) => number.div_euclid(scale),
        };
        micros.checked_add(self.start).filter(|micros| self.is_plausible(*micros))
    }

    /// Fractions of the unit count. Those of days are as exact as a spreadsheet shows them.
    #[expect(clippy::cast_possible_truncation, reason = "what is far from any time is not plausible after it, either")]
    fn of_float(&self, number: f64) -> Option<i64> {
        let micros = match self.scale {
            Scale::Microseconds(DAY) => (number * 86_400_000.0).round() * 1000.0,
            Scale::Microseconds(scale) => (number * scale as f64).round(),
            Scale::PerMicrosecond(scale) => (number / scale as f64).floor(),
        };
        let micros = Some(micros).filter(|micros| micros.abs() < 1e18)? as i64;
        Some(micros + self.start).filter(|micros| self.is_plausible(*micros))
    }

    fn of_text(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        match text.parse::<i64>() {
            Ok(number) => self.of_whole(number),
            // Of two marks one would be between thousands, and these numbers have none.
            Err(_) => text.replace(',', ".").parse::<f64>().ok().and_then(|number| self.of_float(number)),
        }
    }
}

/// ISO 8601 in its usual spellings. Others, where day and month could change places, have to be declared, not guessed.
static ISO: LazyLock<[TimeFormat; 7]> = LazyLock::new(|| {
    let iso = |pattern: TimePattern, example: &'static str| TimeFormat { kind: Kind::Pattern(pattern), example: Cow::Borrowed(example) };
    [
        iso(TimePattern::iso_time('T', IsoEnd::Utc), "2025-01-31T09:30:00Z"),
        iso(TimePattern::iso_time(' ', IsoEnd::Local), "2025-01-31 09:30:00"),
        iso(TimePattern::iso_time('T', IsoEnd::Local), "2025-01-31T09:30:00"),
        iso(TimePattern::iso_day(), "2025-01-31"),
        iso(TimePattern::iso_time('T', IsoEnd::Offset), "2025-01-31T09:30:00+01:00"),
        iso(TimePattern::iso_time(' ', IsoEnd::Offset), "2025-01-31 09:30:00+01:00"),
        iso(TimePattern::iso_time(' ', IsoEnd::Utc), "2025-01-31 09:30:00 UTC"),
    ]
});

impl TimeFormat {
    /// The spellings of ISO 8601 that are read without being declared.
    pub(crate) fn iso() -> &'static [Self] {
        ISO.as_slice()
    }

    /// A format as a config declares it, or what is wrong with it. Names of zones mean what they do in `zone`.
    pub(crate) fn declared(written: &str, zone: Option<&TimeZone>) -> Result<Self, String> {
        if let Some(count) = COUNTS.iter().find(|count| count.name == written) {
            return Ok(Self { kind: Kind::Count(count), example: Cow::Borrowed(count.example) });
        }
        if let Some(near) = custometer_core::suggest::nearest(written, COUNTS.iter().map(|count| count.name)) {
            return Err(format!("`{written}` is not a time format, did you mean `{near}`?"));
        }
        let pattern = TimePattern::declared(written, zone)?;
        let moment = jiff::civil::date(2025, 1, 31).at(9, 30, 0, 0).to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
        let example = jiff::fmt::strtime::format(written, &moment).unwrap_or_else(|_| written.to_owned());
        Ok(Self { kind: Kind::Pattern(pattern), example: Cow::Owned(example) })
    }

    /// The names of numbers that are times.
    pub(crate) fn counts() -> impl Iterator<Item = &'static str> {
        COUNTS.iter().map(|count| count.name)
    }

    fn tells(&self) -> Tells {
        match &self.kind {
            Kind::Pattern(pattern) => pattern.tells(),
            Kind::Count(count) => count.tells,
        }
    }

    /// Whether it is a day without a time.
    pub(crate) fn is_date(&self) -> bool {
        self.tells() == Tells::Day
    }

    /// Whether it is what a clock showed, and says nothing of where.
    pub(crate) fn is_local(&self) -> bool {
        self.tells() == Tells::Clock
    }

    /// The type that SQL expressions see.
    pub(crate) fn looks_like(&self) -> DataType {
        if self.is_date() { DataType::Date } else { INSTANT }
    }

    /// Values as [`INSTANT`]s: of UTC where the format says so, else as clocks showed them. Null where they do not fit.
    pub(crate) fn local(&self, raw: &Expr) -> Expr {
        let kind = self.kind.clone();
        raw.clone().map_with_fmt_str(
            move |column| kind.read(&column)?.into_column().with_name(column.name().clone()).cast(&INSTANT),
            |_, field| Ok(Field::new(field.name().clone(), INSTANT)),
            "time",
        )
    }

    /// The microseconds since 1970 that one text says; none where it does not fit.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        self.kind.of_text(text)
    }

    /// For numbers that count from a time on: why these values, of a column's first rows, seem to be meant in another unit.
    ///
    /// `shows_cells` says whether the message may show a value.
    pub(crate) fn misfit(&self, values: &Series, shows_cells: bool) -> Option<String> {
        let Kind::Count(count) = &self.kind else { return None };
        let column = values.clone().into_column();
        let present = values.len() - values.null_count();
        let fitting = |count: &'static Count| {
            let read = Kind::Count(count).read(&column).ok();
            read.map_or(0, |read| read.len() - read.null_count())
        };
        if fitting(count) * 2 >= present {
            return None;
        }
        let fit = COUNTS.iter().find(|other| fitting(other) * 10 >= present * 9)?;
        let first = values.cast(&DataType::String).ok()?;
        let first = first.str().ok()?.iter().flatten().next()?.trim().to_owned();
        let first = if shows_cells { format!("`{first}`") } else { "what it holds".to_owned() };
        Some(format!("{first} is not a time in the years 1900 to 2199 as `{}`; say `{}`", count.name, fit.name))
    }
}

impl Kind {
    fn of_text(&self, text: &str) -> Option<i64> {
        match self {
            Self::Pattern(pattern) => pattern.read(text),
            Self::Count(count) => count.of_text(text),
        }
    }

    fn read(&self, column: &Column) -> PolarsResult<Int64Chunked> {
        let values = column.as_materialized_series();
        Ok(match (self, values.dtype()) {
            (Self::Count(count), stored) if stored.is_integer() => {
                let numbers = values.cast(&DataType::Int64)?;
                unary_elementwise(numbers.i64()?, |number: Option<i64>| number.and_then(|number| count.of_whole(number)))
            }
            (Self::Count(count), stored) if stored.is_primitive_numeric() => {
                let numbers = values.cast(&DataType::Float64)?;
                unary_elementwise(numbers.f64()?, |number: Option<f64>| number.and_then(|number| count.of_float(number)))
            }
            (Self::Count(_) | Self::Pattern(_), DataType::String) => {
                unary_elementwise(values.str()?, |text: Option<&str>| text.and_then(|text| self.of_text(text)))
            }
            _ => {
                let texts = values.cast(&DataType::String)?;
                unary_elementwise(texts.str()?, |text: Option<&str>| text.and_then(|text| self.of_text(text)))
            }
        })
    }
}

/// The spellings of ISO 8601 that texts are in, those of most texts first, each with how many it fits that no earlier one does.
pub(crate) fn found_in(texts: &[String]) -> Vec<(usize, TimeFormat)> {
    let mut left: Vec<&String> = texts.iter().collect();
    let mut found = Vec::new();
    while !left.is_empty() {
        let fitting = |format: &TimeFormat| left.iter().filter(|text| format.read(text).is_some()).count();
        // The first of equally good ones.
        let best = ISO.iter().map(|format| (fitting(format), format)).rev().max_by_key(|(fitting, _)| *fitting);
        let Some((fitting, format)) = best.filter(|(fitting, _)| *fitting > 0) else { break };
        found.push((fitting, format.clone()));
        left.retain(|text| format.read(text).is_none());
    }
    found
}
