//! Time formats: the ways in which text, or a number, writes a time.

use std::borrow::Cow;

use custometer_core::time::INSTANT;
use polars::prelude::{
    BooleanChunked, ChunkAgg as _, DataFrame, DataType, Expr, Field, Int64Chunked, IntoColumn, IntoLazy, NULL, NamedFrom, NonExistent,
    Series, StrptimeOptions, TimeUnit, TimeZone as PolarsZone, arity::unary_elementwise, col, lit,
};

use crate::read::fixed_pattern::FixedPattern;

/// The start of the year 1000. The parser takes years of fewer digits, which are days or months: 31-01-25 is no day of the year 31.
const FIRST: i64 = -30_610_224_000_000_000;

/// A way to write a time that can be read in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeFormat {
    /// How it looks, for messages.
    pub example: Cow<'static, str>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A day.
    Date(Cow<'static, str>),
    /// What a clock showed.
    Local(Cow<'static, str>),
    /// With its offset from UTC.
    Offset(Cow<'static, str>),
    /// In UTC, with a Z that is no offset to the parser.
    Utc(Cow<'static, str>),
    /// So many since the start of 1970 in UTC, each of these many microseconds.
    Epoch(i64),
}

/// ISO 8601 in its usual spellings. Others, where day and month could change places, have to be declared, not guessed.
static ISO: [TimeFormat; 9] = [
    TimeFormat { kind: Kind::Utc(Cow::Borrowed("%Y-%m-%dT%H:%M:%SZ")), example: Cow::Borrowed("2025-01-31T09:30:00Z") },
    TimeFormat { kind: Kind::Local(Cow::Borrowed("%Y-%m-%d %H:%M:%S")), example: Cow::Borrowed("2025-01-31 09:30:00") },
    TimeFormat { kind: Kind::Local(Cow::Borrowed("%Y-%m-%dT%H:%M:%S")), example: Cow::Borrowed("2025-01-31T09:30:00") },
    TimeFormat { kind: Kind::Date(Cow::Borrowed("%Y-%m-%d")), example: Cow::Borrowed("2025-01-31") },
    TimeFormat { kind: Kind::Utc(Cow::Borrowed("%Y-%m-%dT%H:%M:%S%.fZ")), example: Cow::Borrowed("2025-01-31T09:30:00.000Z") },
    TimeFormat { kind: Kind::Offset(Cow::Borrowed("%Y-%m-%dT%H:%M:%S%.f%z")), example: Cow::Borrowed("2025-01-31T09:30:00+01:00") },
    TimeFormat { kind: Kind::Offset(Cow::Borrowed("%Y-%m-%d %H:%M:%S%.f%z")), example: Cow::Borrowed("2025-01-31 09:30:00+01:00") },
    TimeFormat { kind: Kind::Local(Cow::Borrowed("%Y-%m-%d %H:%M:%S%.f")), example: Cow::Borrowed("2025-01-31 09:30:00.000") },
    TimeFormat { kind: Kind::Local(Cow::Borrowed("%Y-%m-%dT%H:%M:%S%.f")), example: Cow::Borrowed("2025-01-31T09:30:00.000") },
];

impl TimeFormat {
    /// The spellings of ISO 8601 that are read without being declared.
    pub(crate) fn iso() -> &'static [Self] {
        &ISO
    }

    /// A format as a config declares it, or what is wrong with it.
    pub(crate) fn declared(written: &str) -> Result<Self, String> {
        let epoch = |microseconds: i64, example: &'static str| Self { kind: Kind::Epoch(microseconds), example: Cow::Borrowed(example) };
        match written {
            "epoch_seconds" => return Ok(epoch(1_000_000, "1738315800")),
            "epoch_milliseconds" => return Ok(epoch(1000, "1738315800000")),
            "epoch_microseconds" => return Ok(epoch(1, "1738315800000000")),
            _ => {}
        }
        let moment = jiff::civil::date(2025, 1, 31).at(9, 30, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
        let example = jiff::fmt::strtime::format(written, &moment)
            .map_err(|error| format!("`{written}` is no pattern of a time: {error}; write it such as \"%d-%m-%Y %H:%M\""))?;
        let has = |directives: &[&str]| directives.iter().any(|directive| written.contains(directive));
        let (day, clock) =
            (has(&["%d", "%e", "%j", "%D", "%F", "%x", "%c", "%s"]), has(&["%H", "%I", "%k", "%l", "%T", "%R", "%s", "%c", "%X"]));
        if !written.contains('%') || !day {
            return Err(format!("`{written}` names no day; write it such as \"%d-%m-%Y\" or \"%d-%m-%Y %H:%M\""));
        }
        let pattern: Cow<'static, str> = Cow::Owned(written.to_owned());
        let kind = match () {
            () if has(&["%z", "%:z"]) => Kind::Offset(pattern),
            () if has(&["%s"]) || clock && written.ends_with('Z') => Kind::Utc(pattern),
            () if clock => Kind::Local(pattern),
            () => Kind::Date(pattern),
        };
        Ok(Self { kind, example: Cow::Owned(example) })
    }

    /// Whether it is a day without a time.
    pub(crate) fn is_date(&self) -> bool {
        matches!(self.kind, Kind::Date(_))
    }

    /// Whether it is what a clock showed, and says nothing of where.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.kind, Kind::Local(_))
    }

    /// The type that SQL expressions see.
    pub(crate) fn looks_like(&self) -> DataType {
        if self.is_date() { DataType::Date } else { INSTANT }
    }

    /// Values as [`INSTANT`]s: of UTC where the format says so, else as clocks showed them. Null where they do not fit.
    pub(crate) fn local(&self, raw: &Expr, stored: &DataType) -> Expr {
        let is_text = stored == &DataType::String;
        let text = || if is_text { raw.clone().str().strip_chars(lit(NULL)) } else { raw.clone().cast(DataType::String) };
        let options = |pattern: &str| StrptimeOptions { format: Some(pattern.into()), strict: false, exact: true, cache: true };
        let time = |pattern: &str, zone: Option<PolarsZone>| {
            text().str().to_datetime(Some(TimeUnit::Microseconds), zone, options(pattern), lit("raise"))
        };
        let fixed = |pattern: &str| is_text.then(|| FixedPattern::of(pattern)).flatten();
        match &self.kind {
            Kind::Date(pattern) | Kind::Local(pattern) | Kind::Utc(pattern) if let Some(fixed) = fixed(pattern) => fixed.read(raw.clone()),
            Kind::Date(pattern) => in_whole_years(text().str().to_date(options(pattern)).cast(INSTANT)),
            Kind::Local(pattern) | Kind::Utc(pattern) => in_whole_years(time(pattern, None)),
            Kind::Offset(pattern) => {
                let utc = time(pattern, Some(PolarsZone::UTC)).dt().replace_time_zone(None, lit("raise"), NonExistent::Raise);
                in_whole_years(utc)
            }
            Kind::Epoch(microseconds) => {
                let number = if is_text { text() } else { raw.clone() };
                // Fractions of seconds count; floats hold every microsecond of our time.
                let exact =
                    (number.cast(DataType::Float64) * lit(*microseconds as f64)).round(0, polars::prelude::RoundMode::HalfAwayFromZero);
                exact.cast(DataType::Int64).cast(INSTANT)
            }
        }
    }

    fn fitting(&self, texts: &Series) -> Option<BooleanChunked> {
        Some(self.read(texts)?.is_not_null())
    }

    /// A few texts as [`local`](Self::local) reads them.
    #[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
    pub(crate) fn read(&self, texts: &Series) -> Option<Series> {
        let frame = DataFrame::new(texts.len(), vec![texts.clone().with_name("time".into()).into_column()]).ok()?;
        let parsed = frame.lazy().select([self.local(&col("time"), &DataType::String)]).collect().ok()?;
        Some(parsed.column("time").ok()?.as_materialized_series().clone())
    }
}

/// Times without those of years that are not four digits long.
fn in_whole_years(time: Expr) -> Expr {
    time.map_with_fmt_str(
        |column| {
            let micros = column.cast(&DataType::Int64)?;
            let micros = micros.i64()?;
            if micros.min().is_none_or(|first| first >= FIRST) {
                return Ok(column);
            }
            let whole: Int64Chunked = unary_elementwise(micros, |micros: Option<i64>| micros.filter(|micros| *micros >= FIRST));
            Ok(whole.into_column().cast(&INSTANT)?.with_name(column.name().clone()))
        },
        |_, field| Ok(Field::new(field.name().clone(), INSTANT)),
        "four_digit_year",
    )
}

/// The spellings of ISO 8601 that texts are in, those of most texts first, each with how many it fits that no earlier one does.
pub(crate) fn found_in(texts: &[String]) -> Vec<(usize, TimeFormat)> {
    let mut left = Series::new("time".into(), texts);
    let mut found = Vec::new();
    while !left.is_empty() {
        let fits = ISO.iter().map(|format| (format.fitting(&left), format));
        // The first of equally good ones: the plain spellings come first, and are read faster.
        let best = fits
            .filter_map(|(mask, format)| Some((mask.as_ref()?.sum()? as usize, mask?, format)))
            .rev()
            .max_by_key(|(fitting, ..)| *fitting);
        let Some((fitting, mask, format)) = best.filter(|(fitting, ..)| *fitting > 0) else { break };
        found.push((fitting, format.clone()));
        left = left.filter(&!mask).unwrap_or_default();
    }
    found
}
