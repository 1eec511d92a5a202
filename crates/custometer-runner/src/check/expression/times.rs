//! Times in expressions: what clocks in the report's zone show, and what comes of a time and an interval.

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp};
use polars::prelude::{DataType, Expr, RoundMode, TimeUnit, lit};
use sqlparser::ast::{self, BinaryOperator};

use custometer_core::quotient;
use custometer_core::time::{AmbiguousTimes, ClockRule, NonexistentTimes};

use super::elementwise::{numbers, whole, whole_of};
use super::kind::Kind;
use super::mistake::Mistake;
use super::translator::Translator;
use super::value::{Calendar, DAY, Value, first};
use super::written::{words, written_number, written_text};
use custometer_core::time::INSTANT;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;

/// The first instant of the year 1 and that after the year 9999, in microseconds since 1970.
const CALENDAR: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;
/// An interval longer than the calendar does not count.
const LONGEST_YEARS: i64 = 10_000;

/// A unit of time that is part of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// So many microseconds.
    Elapsed(i64),
    Days(i64),
    Months(i64),
}

const UNITS: &str = "years, quarters, months, weeks, days, hours, minutes, seconds, milliseconds and microseconds";

impl Unit {
    fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        Some(match name.strip_suffix('s').filter(|singular| singular.len() > 1).unwrap_or(&name) {
            "microsecond" | "us" => Self::Elapsed(1),
            "millisecond" | "ms" => Self::Elapsed(1000),
            "second" | "sec" | "s" => Self::Elapsed(SECOND),
            "minute" | "min" => Self::Elapsed(60 * SECOND),
            "hour" | "h" => Self::Elapsed(HOUR),
            "day" | "d" => Self::Days(1),
            "week" | "w" => Self::Days(7),
            "month" | "mon" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" | "y" => Self::Months(12),
            _ => return None,
        })
    }
}

/// An interval as it is written: `INTERVAL '90 minutes'`, `INTERVAL '1' DAY`.
pub(super) fn interval(translator: &mut Translator<'_>, interval: &ast::Interval, part: &ast::Expr) -> Option<Value> {
    let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default();
    let written = match (written_text(&interval.value), written_number(&interval.value)) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => {
            return translator.wrong(part, Mistake::new("an interval is written out").help("so many of it are `n * INTERVAL '1 minute'`"));
        }
    };
    let text = format!("{written} {unit}");
    let Some(found) = parse_interval(text.trim()) else {
        let mistake = Mistake::new(format!("`{}` is not an interval", text.trim()));
        return translator.wrong(part, mistake.help(format!("write it such as `INTERVAL '90 minutes'`; there are {UNITS}")));
    };
    let (months, days, micros) = found;
    let years = months / 12 + days / 366 + micros / (366 * DAY);
    if years.abs() >= LONGEST_YEARS {
        return translator.wrong(part, Mistake::new(format!("`{}` is longer than the calendar", text.trim())));
    }
    let part_of = |amount: i64| (amount != 0).then(|| lit(amount));
    let calendar = Calendar { months: part_of(months), days: part_of(days) };
    let calendar = (months != 0 || days != 0).then_some(calendar);
    Some(Value { calendar, ..Value::new(lit(micros), Kind::Interval, words(part)) })
}

/// Months, days and microseconds of an interval.
#[expect(clippy::cast_possible_truncation, reason = "amounts are bounded before they are rounded")]
fn parse_interval(text: &str) -> Option<(i64, i64, i64)> {
    let mut found = (0_i64, 0_i64, 0_i64);
    let mut words = text.split_whitespace();
    let mut any = false;
    while let Some(word) = words.next() {
        any = true;
        if word.contains(':') {
            let (sign, clock) = word.strip_prefix('-').map_or((1, word), |clock| (-1, clock));
            let parts: Vec<&str> = clock.split(':').collect();
            let [hours, minutes, rest @ ..] = parts.as_slice() else { return None };
            let seconds: f64 = match rest {
                [] => 0.0,
                [seconds] => seconds.parse().ok().filter(|seconds| (0.0..60.0).contains(seconds))?,
                _ => return None,
            };
            let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?);
            let clock = hours.checked_mul(HOUR)?.checked_add(minutes * 60 * SECOND)?.checked_add((seconds * 1e6).round() as i64)?;
            found.2 = found.2.checked_add(sign * clock)?;
            continue;
        }
        // `1h` is one word, `1 hour` are two.
        let end = word.find(|letter: char| letter.is_alphabetic()).unwrap_or(word.len());
        let (digits, unit) = word.split_at(end);
        let unit = Unit::named(if unit.is_empty() { words.next()? } else { unit })?;
        let whole: Option<i64> = digits.parse().ok();
        let amount: f64 = digits.parse().ok().filter(|amount: &f64| amount.is_finite() && amount.abs() < 1e15)?;
        match (unit, whole) {
            (Unit::Months(months), Some(whole)) => found.0 = found.0.checked_add(whole.checked_mul(months)?)?,
            (Unit::Months(months), None) => {
                let months = amount * months as f64;
                found.0 = found.0.checked_add((months.fract() == 0.0).then_some(months as i64)?)?;
            }
            (Unit::Days(days), _) => {
                let days = amount * days as f64;
                found.1 = found.1.checked_add(days.trunc() as i64)?;
                found.2 = found.2.checked_add((days.fract() * DAY as f64).round() as i64)?;
            }
            (Unit::Elapsed(micros), Some(whole)) => found.2 = found.2.checked_add(whole.checked_mul(micros)?)?,
            (Unit::Elapsed(micros), None) => found.2 = found.2.checked_add((amount * micros as f64).round() as i64)?,
        }
    }
    any.then_some(found)
}

pub(super) fn negative(value: Value) -> Value {
    let calendar = value.calendar.map(|calendar| calendar.map(|part| lit(0_i64) - part));
    Value { expr: lit(0_i64) - value.expr, calendar, ..value }
}

/// `DATE '2025-01-31'` and `TIMESTAMP '2025-01-31 09:30'`.
pub(super) fn typed_literal(translator: &mut Translator<'_>, typed: &ast::TypedString, part: &ast::Expr) -> Option<Value> {
    let Some(text) = typed.value.value.clone().into_string() else {
        return translator.wrong(part, Mistake::new(format!("`{part}` is not supported")));
    };
    let value = moment(translator, &text, part)?;
    match (&typed.data_type, &value.kind) {
        (ast::DataType::Date, Kind::Date) | (ast::DataType::Timestamp(..) | ast::DataType::Datetime(_), Kind::Time) => Some(value),
        (ast::DataType::Timestamp(..) | ast::DataType::Datetime(_), Kind::Date) => Some(translator.as_kind(value, &Kind::Time)),
        (ast::DataType::Date, _) => {
            translator.wrong(part, Mistake::new(format!("`{text}` is not a date")).help("write it such as `DATE '2025-01-31'`"))
        }
        _ => translator.wrong(
            part,
            Mistake::new(format!("`{part}` is not supported")).help("there are `DATE '2025-01-31'` and `TIMESTAMP '2025-01-31 09:30'`"),
        ),
    }
}

/// A date or a time that is written in the expression, by the report's clocks unless it says its offset.
pub(super) fn moment(translator: &mut Translator<'_>, text: &str, part: &ast::Expr) -> Option<Value> {
    written_moment(translator, text, part).or_else(|| {
        translator.wrong(part, Mistake::new(format!("`{text}` is not a time")).help("write it such as '2025-01-31' or '2025-01-31 09:30'"))
    })
}

/// The same of a text that may be something else.
pub(super) fn written_moment(translator: &Translator<'_>, text: &str, part: &ast::Expr) -> Option<Value> {
    let trimmed = text.trim();
    let in_calendar = |micros: i64| CALENDAR.contains(&micros).then_some(micros);
    if let Some(date) = (trimmed.len() == 10).then(|| trimmed.parse::<Date>().ok()).flatten() {
        let days = (date - Date::constant(1970, 1, 1)).get_days();
        return Some(Value::new(lit(days).cast(DataType::Date), Kind::Date, words(part)));
    }
    let instant = trimmed.parse::<Timestamp>().ok().map(Timestamp::as_microsecond).or_else(|| {
        let local = trimmed.get(..10).filter(|day| day.parse::<Date>().is_ok()).and_then(|_| trimmed.parse::<DateTime>().ok())?;
        Some(translator.scope.shown.zone.to_ambiguous_zoned(local).compatible().ok()?.timestamp().as_microsecond())
    });
    instant.and_then(in_calendar).map(|instant| Value::new(lit(instant).cast(INSTANT), Kind::Time, words(part)))
}

/// Dates and times, and the intervals between them.
#[expect(clippy::option_option, reason = "no arithmetic of times, and one that is wrong, are two things")]
pub(super) fn arithmetic(
    translator: &mut Translator<'_>,
    left: &Value,
    op: &BinaryOperator,
    right: &Value,
    part: &ast::Expr,
) -> Option<Option<Value>> {
    use BinaryOperator as Op;
    let value = match (&left.kind, op, &right.kind) {
        (Kind::Date, Op::Plus, Kind::Integer) => days_later(translator, left, right, right.expr.clone(), part),
        (Kind::Integer, Op::Plus, Kind::Date) => days_later(translator, right, left, left.expr.clone(), part),
        (Kind::Date, Op::Minus, Kind::Integer) => days_later(translator, left, right, lit(0_i64) - right.expr.clone(), part),
        (Kind::Date, Op::Minus, Kind::Date) => {
            let days = |value: &Value| value.expr.clone().cast(DataType::Int32).cast(DataType::Int64);
            Translator::made(days(left) - days(right), Kind::Integer, &[left, right], words(part))
        }
        (Kind::Date | Kind::Time, Op::Minus, Kind::Date | Kind::Time) => {
            let instant =
                |translator: &mut Translator<'_>, value: &Value| translator.as_kind(value.clone(), &Kind::Time).expr.cast(DataType::Int64);
            let (one, other) = (instant(translator, left), instant(translator, right));
            let why = format!("`{}` is too long", words(part));
            translator.made_or_fault(whole(one, other, i64::checked_sub), Kind::Interval, &[left, right], words(part), why)
        }
        (Kind::Date | Kind::Time, Op::Plus, Kind::Interval) => later(translator, left, right, part),
        (Kind::Interval, Op::Plus, Kind::Date | Kind::Time) => later(translator, right, left, part),
        (Kind::Date | Kind::Time, Op::Minus, Kind::Interval) => later(translator, left, &negative(right.clone()), part),
        (Kind::Interval, Op::Plus, Kind::Interval) => both(translator, left, right, part),
        (Kind::Interval, Op::Minus, Kind::Interval) => both(translator, left, &negative(right.clone()), part),
        (Kind::Interval, Op::Multiply, Kind::Integer | Kind::Float) => times(translator, left, right, part),
        (Kind::Integer | Kind::Float, Op::Multiply, Kind::Interval) => times(translator, right, left, part),
        (Kind::Interval, Op::Divide, Kind::Integer | Kind::Float) => return Some(divided(translator, left, right, part)),
        _ => return None,
    };
    Some(Some(value))
}

fn days_later(translator: &mut Translator<'_>, date: &Value, of: &Value, days: Expr, part: &ast::Expr) -> Value {
    let expr = whole(date.expr.clone().cast(DataType::Int32).cast(DataType::Int64), days, |day, days| {
        day.checked_add(days).filter(|day| day.checked_mul(DAY).is_some_and(|micros| CALENDAR.contains(&micros)))
    });
    let why = format!("`{}` is not in the calendar", words(part));
    translator.made_or_fault(expr.cast(DataType::Int32).cast(DataType::Date), Kind::Date, &[date, of], words(part), why)
}

/// A date or a time, and an interval.
fn later(translator: &mut Translator<'_>, from: &Value, interval: &Value, part: &ast::Expr) -> Value {
    let calendar = interval.calendar.clone().unwrap_or_default();
    let clock = &translator.scope.shown.clock;
    // Months first, then days, then what has a length of its own.
    let on_calendar = |local: Expr| {
        let months = calendar.months.iter().cloned().fold(local, |local, months| whole(local, months, months_later));
        calendar.days.iter().cloned().fold(months, |local, days| {
            whole(local, days, |local, days| local.checked_add(days.checked_mul(DAY)?).filter(|local| CALENDAR.contains(local)))
        })
    };
    let moved = calendar.months.is_some() || calendar.days.is_some();
    let why = format!("`{}` is not in the calendar", words(part));
    if from.kind == Kind::Date && interval.calendar.is_some() && is_zero(&interval.expr) {
        let date = on_calendar(from.expr.clone().cast(INSTANT).cast(DataType::Int64)).cast(INSTANT).cast(DataType::Date);
        return translator.made_or_fault(date, Kind::Date, &[from, interval], words(part), why);
    }
    let instant = match (&from.kind, moved) {
        (Kind::Date, _) => clock.start_of_day(on_calendar(from.expr.clone().cast(INSTANT).cast(DataType::Int64))),
        (_, true) => {
            let local = clock.to_local(from.expr.clone()).cast(DataType::Int64);
            let rule = ClockRule { ambiguous: AmbiguousTimes::Earliest, nonexistent: NonexistentTimes::ShiftForward };
            clock.to_utc(on_calendar(local), rule)
        }
        (_, false) => from.expr.clone(),
    };
    let expr = whole(instant.cast(DataType::Int64), interval.expr.clone(), |instant, micros| {
        instant.checked_add(micros).filter(|instant| CALENDAR.contains(instant))
    });
    translator.made_or_fault(expr.cast(INSTANT), Kind::Time, &[from, interval], words(part), why)
}

fn is_zero(micros: &Expr) -> bool {
    *micros == lit(0_i64) || *micros == lit(0_i64) - lit(0_i64)
}

/// The local time so many months later, on the last day of a month that is too short.
fn months_later(local: i64, months: i64) -> Option<i64> {
    let days = local.div_euclid(DAY);
    let day = Date::constant(1970, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()?;
    let later = day.checked_add(Span::new().try_months(months).ok()?).ok()?;
    let moved = later.duration_since(day);
    local.checked_add(i64::try_from(moved.as_micros()).ok()?).filter(|local| CALENDAR.contains(local))
}

/// Two intervals, one after the other.
fn both(translator: &mut Translator<'_>, left: &Value, right: &Value, part: &ast::Expr) -> Value {
    let why = format!("`{}` is too long", words(part));
    let expr = whole(left.expr.clone(), right.expr.clone(), i64::checked_add);
    let sum = |one: Option<Expr>, other: Option<Expr>| match (one, other) {
        (Some(one), Some(other)) => Some(whole(one, other, i64::checked_add)),
        (one, other) => one.or(other),
    };
    let (one, other) = (left.calendar.clone().unwrap_or_default(), right.calendar.clone().unwrap_or_default());
    let calendar = Calendar { months: sum(one.months, other.months), days: sum(one.days, other.days) };
    let value = translator.made_or_fault(expr, Kind::Interval, &[left, right], words(part), why);
    let has_any = calendar.months.is_some() || calendar.days.is_some();
    Value { calendar: has_any.then_some(calendar), ..value }
}

/// So many intervals. A part of a day is so many hours; there is no part of a month.
fn times(translator: &mut Translator<'_>, interval: &Value, many: &Value, part: &ast::Expr) -> Value {
    let calendar = interval.calendar.clone().unwrap_or_default();
    let is_whole = many.kind == Kind::Integer;
    let number = many.expr.clone().cast(DataType::Float64);
    let product = |amount: Expr| {
        if is_whole {
            whole(amount, many.expr.clone(), i64::checked_mul)
        } else {
            whole_of(numbers(amount.cast(DataType::Float64), number.clone(), |amount, many| Some((amount * many).round())))
        }
    };
    let why = format!("`{}` is not in the calendar", words(part));
    let mut expr = product(interval.expr.clone());
    let mut scaled = Calendar::default();
    if let Some(days) = calendar.days {
        if is_whole {
            scaled.days = Some(product(days));
        } else {
            let all = numbers(days.cast(DataType::Float64), number.clone(), |days, many| Some(days * many));
            scaled.days = Some(whole_of(numbers(all.clone(), lit(1.0), |days, _| Some(days.trunc()))));
            let rest = whole_of(numbers(all, lit(1.0), |days, _| Some((days.fract() * DAY as f64).round())));
            expr = whole(expr, rest, i64::checked_add);
        }
    }
    let mut value = translator.made_or_fault(expr, Kind::Interval, &[interval, many], words(part), why.clone());
    if let Some(months) = calendar.months {
        let all = if is_whole {
            product(months)
        } else {
            whole_of(numbers(months.cast(DataType::Float64), number, |months, many| {
                Some(months * many).filter(|months| months.fract() == 0.0)
            }))
        };
        let fails = many.expr.clone().is_not_null().and(all.clone().is_null());
        let fault = translator.fault(fails, format!("`{}` is not a whole number of months", words(part)), value.origin.clone());
        value.fault = first([value.fault, Some(fault)]);
        scaled.months = Some(all);
    }
    if let Some(days) = &scaled.days {
        let fails = many.expr.clone().is_not_null().and(days.clone().is_null());
        let fault = translator.fault(fails, why, value.origin.clone());
        value.fault = first([value.fault, Some(fault)]);
    }
    let has_any = scaled.months.is_some() || scaled.days.is_some();
    Value { calendar: has_any.then_some(scaled), ..value }
}

fn divided(translator: &mut Translator<'_>, interval: &Value, by: &Value, part: &ast::Expr) -> Option<Value> {
    let interval = translator.elapsed(interval.clone(), part)?;
    let by = Value { expr: by.expr.clone().cast(DataType::Float64), ..by.clone() };
    let divided = numbers(interval.expr.clone().cast(DataType::Float64), by.expr.clone(), |micros, by| {
        Some((micros / by).round()).filter(|_| by != 0.0)
    });
    let why = format!("`{}` divides by zero, or is too long", words(part));
    Some(translator.made_or_fault(whole_of(divided), Kind::Interval, &[&interval, &by], words(part), why))
}

/// A date or a time as its clocks show it, without a zone: what parts of it are read off.
pub(super) fn local(translator: &Translator<'_>, value: &Value) -> Expr {
    if value.kind == Kind::Date { value.expr.clone().cast(INSTANT) } else { translator.scope.shown.clock.to_local(value.expr.clone()) }
}

/// The day of a date or a time.
pub(super) fn day(translator: &Translator<'_>, value: &Value) -> Expr {
    if value.kind == Kind::Date { value.expr.clone() } else { local(translator, value).cast(DataType::Date) }
}

/// The parts of a time that can be read off it, each with what it says.
pub(super) const PARTS: [(&str, &str); 18] = [
    ("year", "the year"),
    ("quarter", "the quarter, from 1"),
    ("month", "the month, from 1"),
    ("week", "the week of ISO 8601, from 1"),
    ("isoyear", "the year that this week is of"),
    ("day", "the day of the month, from 1"),
    ("dow", "the day of the week, Sunday is 0"),
    ("isodow", "the day of the week, Monday is 1 and Sunday 7"),
    ("doy", "the day of the year, from 1"),
    ("hour", "the hour, from 0"),
    ("minute", "the minute"),
    ("second", "the second"),
    ("millisecond", "the milliseconds of the minute"),
    ("microsecond", "the microseconds of the minute"),
    ("epoch", "the seconds since 1970 in UTC; of an interval, its seconds"),
    ("weekday", "as `dow`"),
    ("dayofweek", "as `dow`"),
    ("dayofyear", "as `doy`"),
];

/// `EXTRACT(part FROM time)`.
pub(super) fn extract(translator: &mut Translator<'_>, name: &str, of: &ast::Expr, part: &ast::Expr) -> Option<Value> {
    let name = name.to_lowercase();
    let singular = name.strip_suffix('s').unwrap_or(&name);
    let known = PARTS.iter().map(|(known, _)| *known).find(|known| *known == name || *known == singular);
    let Some(known) = known else {
        let near = custometer_core::suggest::did_you_mean(&name, PARTS.iter().map(|(known, _)| *known));
        let help = near.unwrap_or_else(|| format!("there are {}", PARTS.map(|(known, _)| known).join(", ")));
        return translator.wrong(part, Mistake::new(format!("there is no part `{name}` of a time")).help(help));
    };
    let value = translator.value(of)?;
    if value.kind == Kind::Interval {
        let value = translator.elapsed(value, of)?;
        if known != "epoch" {
            let mistake = Mistake::new(format!("an interval has no part `{known}`"));
            return translator
                .wrong(part, mistake.help("its seconds are `EXTRACT(EPOCH FROM …)`; divide them by 60 for minutes, by 3600 for hours"));
        }
        let seconds = quotient(value.expr.clone(), lit(SECOND as f64));
        return Some(Translator::made(seconds, Kind::Float, &[&value], words(part)));
    }
    let value = is_moment(translator, value, of, "EXTRACT")?;
    let clock = local(translator, &value);
    let whole = |expr: Expr| expr.cast(DataType::Int64);
    let of_second = |unit: i64| {
        whole((clock.clone().cast(DataType::Int64) - clock.clone().dt().truncate(lit("1m")).cast(DataType::Int64)).floor_div(lit(unit)))
    };
    let (expr, kind) = match known {
        "year" => (whole(clock.dt().year()), Kind::Integer),
        "quarter" => (whole(clock.dt().quarter()), Kind::Integer),
        "month" => (whole(clock.dt().month()), Kind::Integer),
        "week" => (whole(clock.dt().week()), Kind::Integer),
        "isoyear" => (whole(clock.dt().iso_year()), Kind::Integer),
        "day" => (whole(clock.dt().day()), Kind::Integer),
        "isodow" => (whole(clock.dt().weekday()), Kind::Integer),
        "doy" | "dayofyear" => (whole(clock.dt().ordinal_day()), Kind::Integer),
        "hour" => (whole(clock.dt().hour()), Kind::Integer),
        "minute" => (whole(clock.dt().minute()), Kind::Integer),
        "second" => (whole(clock.dt().second()), Kind::Integer),
        "millisecond" => (of_second(1000), Kind::Integer),
        "microsecond" => (of_second(1), Kind::Integer),
        "epoch" => {
            let instant = translator.as_kind(value.clone(), &Kind::Time).expr.cast(DataType::Int64);
            (quotient(instant, lit(SECOND as f64)), Kind::Float)
        }
        _ => {
            let day = whole(clock.dt().weekday());
            (polars::prelude::when(day.clone().eq(lit(7_i64))).then(lit(0_i64)).otherwise(day), Kind::Integer)
        }
    };
    Some(Translator::made(expr, kind, &[&value], words(part)))
}

/// A value that is a date or a time.
pub(super) fn is_moment(translator: &mut Translator<'_>, value: Value, part: &ast::Expr, what: &str) -> Option<Value> {
    match value.kind {
        Kind::Date | Kind::Time => Some(value),
        Kind::Untold => Some(translator.as_kind(value, &Kind::Time)),
        Kind::Nothing => Some(Value { expr: Kind::Time.missing(), kind: Kind::Time, ..value }),
        _ => {
            let mistake = Mistake::new(format!("`{what}` takes a date or a time, and `{}` is {}", value.words, value.kind));
            let is_text = value.kind == Kind::Text;
            let help = if is_text {
                format!("read it: `CAST({0} AS TIMESTAMP)`, or `strptime({0}, '%d/%m/%Y')`", value.words)
            } else {
                "a time is a column of times, or what `CAST(… AS TIMESTAMP)` and `strptime` read".to_owned()
            };
            translator.wrong(part, mistake.help(help))
        }
    }
}

/// The units that times are cut to.
pub(super) const CUTS: [&str; 8] = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/// The start of the unit that a time is in: a date for days and longer ones.
pub(super) fn truncated(translator: &mut Translator<'_>, unit: &str, value: &Value, part: &ast::Expr) -> Value {
    let every = match unit {
        "year" => "1y",
        "quarter" => "1q",
        "month" => "1mo",
        "week" => "1w",
        "day" => "1d",
        "hour" => "1h",
        "minute" => "1m",
        _ => "1s",
    };
    let clock = local(translator, value);
    let start = clock.clone().dt().truncate(lit(every));
    let is_day = matches!(unit, "year" | "quarter" | "month" | "week" | "day");
    if is_day {
        return Translator::made(start.cast(DataType::Date), Kind::Date, &[value], words(part));
    }
    // What clocks have gone since is elapsed time, also in an hour that they show twice.
    let since = clock.cast(DataType::Int64) - start.cast(DataType::Int64);
    let instant = translator.as_kind(value.clone(), &Kind::Time).expr.cast(DataType::Int64);
    Translator::made((instant - since).cast(INSTANT), Kind::Time, &[value], words(part))
}

/// How many starts of a unit lie between two times.
pub(super) fn difference(translator: &mut Translator<'_>, unit: &str, from: &Value, until: &Value, part: &ast::Expr) -> Value {
    let count = |translator: &mut Translator<'_>, value: &Value| -> Expr {
        let local = |translator: &Translator<'_>| local(translator, value);
        let instant = |translator: &mut Translator<'_>| translator.as_kind(value.clone(), &Kind::Time).expr.cast(DataType::Int64);
        let days = |translator: &Translator<'_>| local(translator).cast(DataType::Date).cast(DataType::Int32).cast(DataType::Int64);
        let months = |translator: &Translator<'_>| {
            let clock = local(translator);
            clock.clone().dt().year().cast(DataType::Int64) * lit(12_i64) + clock.dt().month().cast(DataType::Int64) - lit(1_i64)
        };
        match unit {
            "year" => months(translator).floor_div(lit(12_i64)),
            "quarter" => months(translator).floor_div(lit(3_i64)),
            "month" => months(translator),
            // The first of January 1970 was a Thursday.
            "week" => (days(translator) + lit(3_i64)).floor_div(lit(7_i64)),
            "day" => days(translator),
            "hour" => instant(translator).floor_div(lit(HOUR)),
            "minute" => instant(translator).floor_div(lit(60 * SECOND)),
            _ => instant(translator).floor_div(lit(SECOND)),
        }
    };
    let (from_count, until_count) = (count(translator, from), count(translator, until));
    Translator::made(until_count - from_count, Kind::Integer, &[from, until], words(part))
}

/// The directives of `strftime`, each with what it writes and as Polars' own parser of patterns has it.
pub(super) const DIRECTIVES: [(&str, &str, &str); 26] = [
    ("%Y", "%Y", "the year"),
    ("%y", "%y", "its last two digits"),
    ("%m", "%m", "the month, two digits"),
    ("%-m", "%-m", "the month"),
    ("%B", "%B", "the month's name"),
    ("%b", "%b", "its first three letters"),
    ("%d", "%d", "the day of the month, two digits"),
    ("%-d", "%-d", "the day of the month"),
    ("%j", "%j", "the day of the year, three digits"),
    ("%A", "%A", "the day's name"),
    ("%a", "%a", "its first three letters"),
    ("%u", "%u", "the day of the week, Monday is 1"),
    ("%w", "%w", "the day of the week, Sunday is 0"),
    ("%V", "%V", "the week of ISO 8601, two digits"),
    ("%G", "%G", "the year of that week"),
    ("%U", "%U", "the week of the year that starts on Sunday"),
    ("%W", "%W", "the week of the year that starts on Monday"),
    ("%H", "%H", "the hour, two digits"),
    ("%-H", "%-H", "the hour"),
    ("%I", "%I", "the hour of twelve, two digits"),
    ("%-I", "%-I", "the hour of twelve"),
    ("%p", "%p", "AM or PM"),
    ("%M", "%M", "the minute, two digits"),
    ("%S", "%S", "the second, two digits"),
    ("%f", "%6f", "the microseconds, six digits"),
    ("%g", "%3f", "the milliseconds, three digits"),
];

/// A pattern of `strftime`, as Polars takes it; or the directive that there is not.
pub(super) fn pattern(written: &str) -> Result<String, String> {
    let mut pattern = String::new();
    let mut rest = written;
    while let Some(at) = rest.find('%') {
        pattern.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            pattern.push_str("%%");
            rest = after;
            continue;
        }
        for (short, long) in [("%F", "%Y-%m-%d"), ("%T", "%H:%M:%S"), ("%R", "%H:%M")] {
            if let Some(after) = rest.strip_prefix(short) {
                pattern.push_str(long);
                rest = after;
            }
        }
        if !rest.starts_with('%') || rest.is_empty() {
            continue;
        }
        let Some((known, polars, _)) = DIRECTIVES.iter().find(|(known, ..)| rest.starts_with(known)) else {
            return Err(rest.chars().take(if rest[1..].starts_with('-') { 3 } else { 2 }).collect());
        };
        pattern.push_str(polars);
        rest = &rest[known.len()..];
    }
    pattern.push_str(rest);
    Ok(pattern)
}

/// Time as a text of ISO 8601 that clocks show.
pub(super) fn as_text(translator: &Translator<'_>, value: &Value) -> Expr {
    let clock = local(translator, value);
    if value.kind == Kind::Date {
        return clock.dt().to_string("%Y-%m-%d");
    }
    let fraction = clock.clone().cast(DataType::Int64) - clock.clone().dt().truncate(lit("1s")).cast(DataType::Int64);
    polars::prelude::when(fraction.eq(lit(0_i64)))
        .then(clock.clone().dt().to_string("%Y-%m-%d %H:%M:%S"))
        .otherwise(clock.dt().to_string("%Y-%m-%d %H:%M:%S%.6f"))
}

/// Seconds since 1970 as instants.
pub(super) fn from_seconds(seconds: Expr) -> Expr {
    let micros = whole_of((seconds.cast(DataType::Float64) * lit(SECOND as f64)).round(0, RoundMode::HalfAwayFromZero));
    whole(micros, lit(0_i64), |micros, _| Some(micros).filter(|micros| CALENDAR.contains(micros)))
        .cast(DataType::Datetime(TimeUnit::Microseconds, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_people_write_them() {
        for (text, expected) in [
            ("90 minutes", Some((0, 0, 90 * 60 * SECOND))),
            ("1 day 02:03:04.5", Some((0, 1, 2 * HOUR + 3 * 60 * SECOND + 4_500_000))),
            ("1 year 2 months", Some((14, 0, 0))),
            ("1.5 days", Some((0, 1, 12 * HOUR))),
            ("-2 weeks", Some((0, -14, 0))),
            ("1h 5min", Some((0, 0, HOUR + 300 * SECOND))),
            ("0.5 months", None),
            ("1", None),
            ("1 fortnight", None),
            ("", None),
            ("1e300 days", None),
        ] {
            assert_eq!(parse_interval(text), expected, "{text}");
        }
    }

    #[test]
    fn months_end_on_their_last_day() {
        let micros = |day: &str| {
            day.parse::<Date>()
                .unwrap()
                .to_datetime(jiff::civil::Time::midnight())
                .to_zoned(jiff::tz::TimeZone::UTC)
                .unwrap()
                .timestamp()
                .as_microsecond()
        };
        assert_eq!(months_later(micros("2025-01-31"), 1), Some(micros("2025-02-28")));
        assert_eq!(months_later(micros("2024-03-31") + 5, -1), Some(micros("2024-02-29") + 5));
        assert_eq!(months_later(micros("2025-01-31"), 12 * 9000), None);
        assert_eq!(jiff::SignedDuration::from_hours(24).as_micros(), i128::from(DAY));
    }
}
