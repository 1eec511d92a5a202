//! `CAST` and `TRY_CAST`: values of one kind as values of another. What a cell holds is read, or its row is at fault.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use polars::prelude::arity::unary_elementwise;
use polars::prelude::{DataType, Expr, Field, Int64Chunked, IntoColumn, RoundMode, coalesce, lit, when};
use sqlparser::ast::{self, ExactNumberInfo};

use super::elementwise::numbers;
use super::kind::Kind;
use super::mistake::Mistake;
use super::times;
use super::translator::Translator;
use super::value::Value;
use super::written::words;
use crate::read::column;
use crate::read::number::NumberStyle;
use custometer_core::time::INSTANT;

/// What a value is converted to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    /// Whole numbers of so many bits.
    Whole(u32),
    Number,
    /// Numbers with so many digits after the point, and all in all.
    Decimal {
        digits: i32,
        after: u32,
    },
    Text,
    Boolean,
    Date,
    Time,
}

impl Target {
    fn of(written: &ast::DataType) -> Result<Self, Mistake> {
        use ast::DataType as T;
        let decimal = |info: &ExactNumberInfo| {
            let (digits, after) = match info {
                ExactNumberInfo::None => (18, 3),
                ExactNumberInfo::Precision(digits) => (*digits, 0),
                ExactNumberInfo::PrecisionAndScale(digits, after) => (*digits, *after),
            };
            match (i32::try_from(digits), u32::try_from(after)) {
                (Ok(digits @ 1..=38), Ok(after)) if i64::from(after) <= i64::from(digits) => Ok(Self::Decimal { digits, after }),
                _ => Err(Mistake::new(format!("there is no `{written}`"))
                    .help("a decimal has up to 38 digits, some of them after the point: `DECIMAL(18, 2)`")),
            }
        };
        Ok(match written {
            T::TinyInt(_) => Self::Whole(8),
            T::SmallInt(_) | T::Int2(_) | T::Int16 => Self::Whole(16),
            T::Int(_) | T::Integer(_) | T::Int4(_) | T::Int32 | T::MediumInt(_) | T::Signed | T::SignedInteger => Self::Whole(32),
            T::BigInt(_) | T::Int8(_) | T::Int64 => Self::Whole(64),
            T::Decimal(info) | T::Numeric(info) | T::Dec(info) => decimal(info)?,
            T::Float(_) | T::Float4 | T::Float8 | T::Float32 | T::Float64 | T::Real | T::Double(_) | T::DoublePrecision => Self::Number,
            T::Varchar(_)
            | T::Char(_)
            | T::Character(_)
            | T::CharacterVarying(_)
            | T::CharVarying(_)
            | T::Nvarchar(_)
            | T::Text
            | T::String(_) => Self::Text,
            T::Bool | T::Boolean => Self::Boolean,
            T::Date => Self::Date,
            T::Timestamp(..) | T::Datetime(_) => Self::Time,
            T::Custom(name, _) if name.to_string().eq_ignore_ascii_case("timestamptz") => Self::Time,
            _ => {
                return Err(Mistake::new(format!("there is no type `{written}` to convert to"))
                    .help("there are INTEGER, BIGINT, DOUBLE, DECIMAL(18, 2), VARCHAR, BOOLEAN, DATE and TIMESTAMP"));
            }
        })
    }

    fn kind(self) -> Kind {
        match self {
            Self::Whole(_) => Kind::Integer,
            Self::Number | Self::Decimal { .. } => Kind::Float,
            Self::Text => Kind::Text,
            Self::Boolean => Kind::Boolean,
            Self::Date => Kind::Date,
            Self::Time => Kind::Time,
        }
    }

    /// What a value that can't be converted is not.
    fn expected(self) -> String {
        match self {
            Self::Whole(8) => "a whole number that `TINYINT` holds".to_owned(),
            Self::Whole(16) => "a whole number that `SMALLINT` holds".to_owned(),
            Self::Whole(32) => "a whole number that `INTEGER` holds".to_owned(),
            Self::Whole(_) => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Decimal { digits, after } => format!("a number of {digits} digits, {after} of them after the point"),
            Self::Text => "text".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Date => "a date".to_owned(),
            Self::Time => "a time".to_owned(),
        }
    }
}

/// What is written in a column that had no value in the first rows, as one of a kind, and what it is not where it can't be read; none of a kind that
/// no text is read as.
pub(super) fn told(translator: &Translator<'_>, text: &Expr, kind: &Kind) -> Option<(Expr, &'static str)> {
    let numbers = translator.scope.style.numbers;
    Some(match kind {
        Kind::Integer => (whole_number(text.clone(), numbers, 64), "a whole number"),
        Kind::Float => (numbers.read(text.clone()), "a number"),
        Kind::Boolean => (column::boolean(text.clone()), "true or false"),
        Kind::Date => (iso(text.clone(), Iso::Day).cast(DataType::Date), "a date such as 2025-01-31"),
        Kind::Time => (time(translator, text.clone()), "a time such as 2025-01-31 or 2025-01-31T09:30:00"),
        _ => return None,
    })
}

/// `CAST(of AS type)`; where it `may_fail`, what can't be converted is missing.
pub(super) fn cast(
    translator: &mut Translator<'_>,
    of: &ast::Expr,
    written: &ast::DataType,
    may_fail: bool,
    part: &ast::Expr,
) -> Option<Value> {
    let target = match Target::of(written) {
        Ok(target) => target,
        Err(mistake) => return translator.wrong(part, mistake),
    };
    let (value, is_read) = operand(translator, of, target, may_fail)?;
    let value = translator.elapsed(value, of)?;
    let value = if value.kind == Kind::Untold { translator.as_kind(value, &Kind::Text) } else { value };
    let Some((expr, always)) = converted(translator, &value, target, is_read) else {
        let mistake = Mistake::new(format!("`{}` is {}, and can't become {}", value.words, value.kind, target.expected()));
        let is_of_epoch = value.kind.is_number() && matches!(target, Target::Time | Target::Date);
        let mistake =
            if is_of_epoch { mistake.help(format!("seconds since 1970 are a time with `to_timestamp({})`", value.words)) } else { mistake };
        return translator.wrong(part, mistake);
    };
    // What the cell is not stands in its reason; the conversion is named where something was computed.
    let why = format!("`{}` is not {}", value.words, target.expected());
    if may_fail || always {
        return Some(Translator::made(expr, target.kind(), &[&value], words(part)));
    }
    Some(translator.made_or_fault(expr, target.kind(), &[&value], words(part), why))
}

/// What is converted, and whether it is read off a cell or a text, so that it must fit as it is. A column that holds text is taken as text
/// unless it is known how it is read.
fn operand(translator: &mut Translator<'_>, of: &ast::Expr, target: Target, may_fail: bool) -> Option<(Value, bool)> {
    let mut inner = of;
    while let ast::Expr::Nested(nested) = inner {
        inner = nested;
    }
    let ast::Expr::Identifier(name) = inner else {
        let value = translator.value(of)?;
        let is_read = matches!(value.kind, Kind::Text | Kind::Untold);
        return Some((value, is_read));
    };
    let Ok(leaf) = (translator.scope.column)(&name.value) else { return translator.value(of).map(|value| (value, true)) };
    let is_known = matches!(
        (&leaf.kind, target),
        (Kind::Float, Target::Whole(_) | Target::Number | Target::Decimal { .. })
            | (Kind::Boolean, Target::Boolean)
            | (Kind::Date | Kind::Time, Target::Date | Target::Time | Target::Text)
    );
    let Some(text) = leaf.text.clone().filter(|_| !is_known) else {
        let mut value = translator.value(of)?;
        if may_fail && leaf.unreadable.is_some() && leaf.carried.is_none() {
            value.fault = None;
        }
        return Some((value, true));
    };
    let (fault, value) = (translator.carried(leaf.carried), Value::new(text, Kind::Text, name.value.clone()));
    Some((Value { fault, origin: leaf.origin, ..value }, true))
}

/// The converted values, and whether every one can be; none where the kinds do not go together.
fn converted(translator: &Translator<'_>, value: &Value, target: Target, is_read: bool) -> Option<(Expr, bool)> {
    let numbers_style = translator.scope.style.numbers;
    let expr = || value.expr.clone();
    let as_number = |expr: Expr, target: Target| match target {
        Target::Decimal { digits, after } => decimal(expr, digits, after),
        _ => expr,
    };
    Some(match (&value.kind, target) {
        (Kind::Nothing, _) => (target.kind().missing(), true),
        (Kind::Integer, Target::Whole(64))
        | (Kind::Float, Target::Number)
        | (Kind::Text, Target::Text)
        | (Kind::Boolean, Target::Boolean)
        | (Kind::Date, Target::Date)
        | (Kind::Time, Target::Time) => (expr(), true),
        (Kind::Integer | Kind::Float, Target::Whole(bits)) => (rounded(expr(), bits, is_read), false),
        (Kind::Integer, Target::Number) | (Kind::Boolean, Target::Number | Target::Decimal { .. }) => {
            (expr().cast(DataType::Float64), true)
        }
        (Kind::Integer | Kind::Float, Target::Decimal { .. }) => (as_number(expr().cast(DataType::Float64), target), false),
        (Kind::Integer | Kind::Float | Kind::Boolean, Target::Text) => (expr().cast(DataType::String), true),
        (Kind::Integer | Kind::Float, Target::Boolean) => (expr().neq(lit(0)), true),
        (Kind::Boolean, Target::Whole(_)) => (expr().cast(DataType::Int64), true),
        (Kind::Text, Target::Whole(bits)) => (whole_number(expr(), numbers_style, bits), false),
        (Kind::Text, Target::Number | Target::Decimal { .. }) => (as_number(numbers_style.read(expr()), target), false),
        (Kind::Text, Target::Boolean) => (column::boolean(expr()), false),
        (Kind::Text, Target::Time) => (time(translator, expr()), false),
        (Kind::Text, Target::Date) => (date(translator, expr()), false),
        (Kind::Date, Target::Time) => (translator.scope.shown.clock.start_of_day(expr().cast(INSTANT)), true),
        (Kind::Time, Target::Date) => (times::day(translator, value), true),
        (Kind::Date | Kind::Time, Target::Text) => (times::as_text(translator, value), true),
        _ => return None,
    })
}

fn fits(whole: i64, bits: u32) -> Option<i64> {
    let most = if bits >= 64 { i64::MAX } else { (1_i64 << (bits - 1)) - 1 };
    (-most - 1..=most).contains(&whole).then_some(whole)
}

/// A finite number as a whole one; what is read off a cell must be whole as it is.
#[expect(clippy::cast_possible_truncation, reason = "what is beyond 63 bits is left out before")]
fn rounded(number: Expr, bits: u32, is_read: bool) -> Expr {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let convert = move |number: f64| {
        let whole = if is_read { Some(number).filter(|number| number.fract() == 0.0)? } else { number.round() };
        (-BEYOND..BEYOND).contains(&whole).then_some(whole as i64).and_then(|whole| fits(whole, bits))
    };
    number.cast(DataType::Float64).map_with_fmt_str(
        move |column| {
            let numbers = column.f64()?;
            let wholes: Int64Chunked = unary_elementwise(numbers, |number: Option<f64>| convert(number?));
            Ok(wholes.into_column().with_name(column.name().clone()))
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Int64)),
        "whole_number",
    )
}

/// Texts as whole numbers.
#[expect(clippy::cast_possible_truncation, reason = "what is beyond 53 bits is left out before")]
fn whole_number(text: Expr, style: NumberStyle, bits: u32) -> Expr {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let convert = move |text: &str| {
        let plain = (style == NumberStyle::default()).then(|| text.trim().parse::<i64>().ok()).flatten();
        let read = || style.parse(text).filter(|number| number.fract() == 0.0 && number.abs() <= EXACT).map(|number| number as i64);
        fits(plain.or_else(read)?, bits)
    };
    text.map_with_fmt_str(
        move |column| {
            let texts = column.str()?;
            let wholes: Int64Chunked = unary_elementwise(texts, |text: Option<&str>| convert(text?));
            Ok(wholes.into_column().with_name(column.name().clone()))
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Int64)),
        "whole_number",
    )
}

/// A number with so many digits; none where it has too many before the point.
fn decimal(number: Expr, digits: i32, after: u32) -> Expr {
    let before = digits - i32::try_from(after).unwrap_or(digits);
    let rounded = number.round(after, RoundMode::HalfAwayFromZero);
    numbers(rounded, lit(10_f64.powi(before)), |number, limit| Some(number).filter(|number| number.abs() < limit))
}

/// What of a text of ISO 8601 is wanted.
#[derive(Clone, Copy, PartialEq)]
enum Iso {
    /// Midnight of a day without a time.
    Day,
    /// What a clock showed.
    Local,
    /// An instant with its offset.
    Instant,
}

/// Texts of ISO 8601 of one of three sorts, in microseconds since 1970; null for all others.
fn iso(text: Expr, sort: Iso) -> Expr {
    let micros = |local: DateTime| local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|instant| instant.timestamp().as_microsecond());
    let convert = move |text: &str| {
        let text = text.trim();
        let day: Date = text.get(..10).filter(|day| day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-')?.parse().ok()?;
        let rest = text.get(10..)?;
        match sort {
            Iso::Day => rest.is_empty().then(|| micros(day.to_datetime(jiff::civil::Time::midnight())))?,
            Iso::Instant => rest.starts_with([' ', 'T']).then(|| text.parse::<Timestamp>().ok())?.map(Timestamp::as_microsecond),
            Iso::Local => {
                let is_plain = rest.len() > 1 && rest[1..].bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
                (is_plain && rest.starts_with([' ', 'T'])).then(|| text.parse::<DateTime>().ok())?.and_then(micros)
            }
        }
    };
    text.map_with_fmt_str(
        move |column| {
            let texts = column.str()?;
            let times: Int64Chunked = unary_elementwise(texts, |text: Option<&str>| convert(text?));
            times.into_column().with_name(column.name().clone()).cast(&INSTANT)
        },
        |_, field| Ok(Field::new(field.name().clone(), INSTANT)),
        "iso_8601",
    )
}

fn time(translator: &Translator<'_>, text: Expr) -> Expr {
    let style = translator.scope.style;
    let local = style.clock.to_utc(iso(text.clone(), Iso::Local), style.rule);
    coalesce(&[iso(text.clone(), Iso::Instant), local, style.clock.start_of_day(iso(text, Iso::Day))])
}

fn date(translator: &Translator<'_>, text: Expr) -> Expr {
    let style = translator.scope.style;
    let instant = coalesce(&[iso(text.clone(), Iso::Instant), style.clock.to_utc(iso(text.clone(), Iso::Local), style.rule)]);
    let day = translator.scope.shown.clock.to_local(instant);
    let midnight = iso(text, Iso::Day);
    when(midnight.clone().is_not_null()).then(midnight).otherwise(day).cast(DataType::Date)
}
