//! The functions of expressions: one closed list, from which calls are translated, suggested and documented.

use jiff::tz::TimeZone;

use polars::prelude::{DataType, Expr, NULL, RoundMode, concat_list, concat_str, lit, when};
use regex::Regex;
use serde_json::Value as Json;
use sqlparser::ast::{self, Value as Literal, ValueWithSpan};

use super::elementwise::{booleans, float, numbers, pairs, text_and_whole, texts, whole, whole_of};
use super::kind::{Kind, from_any};
use super::mistake::Mistake;
use super::times;
use super::translator::Translator;
use super::value::{Value, first};
use super::written::{words, written_number, written_text};
use crate::read::time_format::TimeFormat;

/// A function.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Other names that SQL dialects have for it.
    pub(crate) also: &'static [&'static str],
    /// How a call looks.
    pub(crate) usage: &'static str,
    pub(crate) summary: &'static str,
    /// Calls and what they give, as the book shows them.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// The fewest and the most arguments.
    pub(super) takes: (usize, usize),
    pub(super) make: fn(&mut Translator<'_>, &Call<'_>) -> Option<Value>,
}

/// A call of a function.
pub(super) struct Call<'a> {
    pub(super) name: &'static str,
    pub(super) arguments: &'a [&'a ast::Expr],
    pub(super) part: &'a ast::Expr,
}

/// No text is made longer than this.
const LONGEST_TEXT: i64 = 10_000;
const MANY: usize = 64;

/// The functions of one subject.
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) functions: &'static [Entry],
}

pub(crate) static CHAPTERS: [Chapter; 5] = [
    Chapter { title: "Choosing", functions: CHOOSING },
    Chapter { title: "Numbers", functions: NUMBERS },
    Chapter { title: "Texts", functions: TEXTS },
    Chapter { title: "Dates and times", functions: TIMES },
    Chapter { title: "Lists, records and JSON", functions: NESTED },
];

macro_rules! entry {
    ($name:literal $(, also $also:expr)?, $usage:literal, $takes:expr, $summary:literal, [$($example:expr),* $(,)?], $make:expr) => {
        Entry { name: $name, also: entry!(@also $($also)?), usage: $usage, summary: $summary, examples: &[$($example),*], takes: $takes, make: $make }
    };
    (@also) => { &[] };
    (@also $also:expr) => { &$also };
}

const CHOOSING: &[Entry] = &[
    entry!("coalesce", also ["ifnull", "nvl"], "coalesce(x, y, …)", (1, MANY), "the first value that is not missing; what fails in a later one does not matter",
        [("coalesce(NULL, 2, 3)", "2")], |t, call| t.first_there(call.arguments, call.part)),
    entry!(
        "nullif",
        "nullif(x, y)",
        (2, 2),
        "missing where both are equal, else the first",
        [("nullif(0, 0)", "NULL"), ("nullif('a', 'b')", "'a'")],
        nullif
    ),
    entry!(
        "if",
        also["iif"],
        "if(condition, x, y)",
        (2, 3),
        "`x` where the condition is true, else `y`; short for `CASE`",
        [("if(1 < 2, 'yes', 'no')", "'yes'")],
        choose
    ),
    entry!(
        "greatest",
        "greatest(x, y, …)",
        (1, MANY),
        "the largest value that is not missing",
        [("greatest(1, 3, 2)", "3"), ("greatest(1, NULL)", "1")],
        |t, call| extreme(t, call, Expr::gt)
    ),
    entry!("least", "least(x, y, …)", (1, MANY), "the smallest value that is not missing", [("least(1, 3, 2)", "1")], |t, call| extreme(
        t,
        call,
        Expr::lt
    )),
];

const NUMBERS: &[Entry] = &[
    entry!("abs", "abs(x)", (1, 1), "the number without its sign", [("abs(-2.5)", "2.5")], |t, call| {
        by_kind(t, call, |x| whole(x, lit(0_i64), |x, _| x.checked_abs()), |x| float(x, |x| Some(x.abs())))
    }),
    entry!("ceil", also["ceiling"], "ceil(x)", (1, 1), "the next whole number upwards", [("ceil(2.1)", "3.0")], |t, call| by_kind(
        t,
        call,
        |x| x,
        |x| float(x, |x| Some(x.ceil()))
    )),
    entry!("floor", "floor(x)", (1, 1), "the next whole number downwards", [("floor(-2.1)", "-3.0")], |t, call| by_kind(
        t,
        call,
        |x| x,
        |x| float(x, |x| Some(x.floor()))
    )),
    entry!(
        "round",
        "round(x, digits)",
        (1, 2),
        "rounded, half away from zero; to whole numbers unless it says how many digits after the point",
        [("round(2.5)", "3.0"), ("round(-1.25, 1)", "-1.3")],
        round
    ),
    entry!("trunc", "trunc(x)", (1, 1), "without what is after the point", [("trunc(-2.7)", "-2.0")], |t, call| by_kind(
        t,
        call,
        |x| x,
        |x| float(x, |x| Some(x.trunc()))
    )),
    entry!("sign", "sign(x)", (1, 1), "-1, 0 or 1", [("sign(-3)", "-1")], |t, call| {
        let number = number(t, call, 0)?;
        let is_below = number.expr.clone().lt(lit(0));
        let sign = when(is_below)
            .then(lit(-1_i64))
            .when(number.expr.clone().gt(lit(0)))
            .then(lit(1_i64))
            .when(number.expr.clone().is_not_null())
            .then(lit(0_i64))
            .otherwise(lit(NULL));
        Some(Translator::made(sign, Kind::Integer, &[&number], call.words()))
    }),
    entry!(
        "mod",
        "mod(x, y)",
        (2, 2),
        "the rest of a division, with the sign of `x`; also `x % y`",
        [("mod(-7, 3)", "-1"), ("7.5 % 2", "1.5")],
        |t, call| { divide(t, call, i64::checked_rem, |x, y| Some(x % y).filter(|_| y != 0.0)) }
    ),
    entry!(
        "div",
        "div(x, y)",
        (2, 2),
        "the whole number of times that `y` is in `x`; also `x // y`",
        [("div(7, 2)", "3"), ("-7 // 2", "-3")],
        |t, call| { divide(t, call, i64::checked_div, |x, y| Some((x / y).trunc()).filter(|_| y != 0.0)) }
    ),
    entry!("power", also["pow"], "power(x, y)", (2, 2), "`x` to the power of `y`", [("power(2, 10)", "1024.0")], |t, call| {
        let (x, y) = (number(t, call, 0), number(t, call, 1));
        let (x, y) = (x?, y?);
        let expr = numbers(x.expr.clone().cast(DataType::Float64), y.expr.clone().cast(DataType::Float64), |x, y| Some(x.powf(y)));
        Some(t.made_or_fault(expr, Kind::Float, &[&x, &y], call.words(), format!("`{}` is not a finite number", call.words())))
    }),
    entry!("sqrt", "sqrt(x)", (1, 1), "the square root", [("sqrt(9)", "3.0")], |t, call| always_float(t, call, f64::sqrt)),
    entry!("exp", "exp(x)", (1, 1), "e to the power of `x`", [("exp(0)", "1.0")], |t, call| always_float(t, call, f64::exp)),
    entry!("ln", "ln(x)", (1, 1), "the natural logarithm", [("ln(1)", "0.0")], |t, call| always_float(t, call, f64::ln)),
    entry!("log10", also["log"], "log10(x)", (1, 1), "the logarithm to the base of 10", [("log10(1000)", "3.0")], |t, call| always_float(
        t,
        call,
        f64::log10
    )),
    entry!("log2", "log2(x)", (1, 1), "the logarithm to the base of 2", [("log2(8)", "3.0")], |t, call| always_float(t, call, f64::log2)),
];

const TEXTS: &[Entry] = &[
    entry!("lower", also["lcase"], "lower(text)", (1, 1), "in small letters", [("lower('ÅB')", "'åb'")], |t, call| of_text(
        t,
        call,
        Kind::Text,
        |x| x.str().to_lowercase()
    )),
    entry!("upper", also["ucase"], "upper(text)", (1, 1), "in capitals", [("upper('åb')", "'ÅB'")], |t, call| of_text(
        t,
        call,
        Kind::Text,
        |x| x.str().to_uppercase()
    )),
    entry!("length", also ["len", "char_length", "character_length"], "length(text)", (1, 1), "how many characters it has; of a list, how many elements", [("length('æble')", "4")], length),
    entry!(
        "trim",
        also["btrim"],
        "trim(text, characters)",
        (1, 2),
        "without the characters at both ends; blanks unless said",
        [("trim('  a ')", "'a'"), ("trim('xxay', 'xy')", "'a'")],
        |t, call| trim(t, call, true, true)
    ),
    entry!("ltrim", "ltrim(text, characters)", (1, 2), "without those at its start", [("ltrim('  a ')", "'a '")], |t, call| trim(
        t, call, true, false
    )),
    entry!("rtrim", "rtrim(text, characters)", (1, 2), "without those at its end", [("rtrim('  a ')", "'  a'")], |t, call| trim(
        t, call, false, true
    )),
    entry!(
        "substr",
        also["substring"],
        "substr(text, from, length)",
        (2, 3),
        "characters from the one of this number on, all unless said; a number below zero counts from the end",
        [("substr('abcd', 2, 2)", "'bc'"), ("substr('abcd', -2)", "'cd'")],
        substr
    ),
    entry!(
        "left",
        "left(text, n)",
        (2, 2),
        "the first characters; with a number below zero, all but the last",
        [("left('abcd', 2)", "'ab'"), ("left('abcd', -1)", "'abc'")],
        |t, call| cut(t, call, true)
    ),
    entry!(
        "right",
        "right(text, n)",
        (2, 2),
        "the last characters; with a number below zero, all but the first",
        [("right('abcd', 2)", "'cd'")],
        |t, call| cut(t, call, false)
    ),
    entry!(
        "replace",
        "replace(text, what, with)",
        (3, 3),
        "every occurrence replaced",
        [("replace('a-b-c', '-', '+')", "'a+b+c'")],
        |t, call| {
            let of = text(t, call, 0)?;
            let (what, with) = (written(t, call, 1)?, written(t, call, 2)?);
            let expr = texts(of.expr.clone(), move |text| Some(if what.is_empty() { text.to_owned() } else { text.replace(&what, &with) }));
            Some(Translator::made(expr, Kind::Text, &[&of], call.words()))
        }
    ),
    entry!(
        "concat",
        "concat(x, y, …)",
        (1, MANY),
        "all joined; what is missing is left out, where `||` is missing then",
        [("concat('a', NULL, 1)", "'a1'")],
        concat
    ),
    entry!(
        "concat_ws",
        "concat_ws(separator, x, y, …)",
        (2, MANY),
        "all joined with a separator between; what is missing is left out",
        [("concat_ws('-', 'a', NULL, 'b')", "'a-b'")],
        concat
    ),
    entry!(
        "starts_with",
        also["prefix"],
        "starts_with(text, start)",
        (2, 2),
        "whether it starts so",
        [("starts_with('abc', 'ab')", "TRUE")],
        |t, call| holds(t, call, |x, y| x.starts_with(y))
    ),
    entry!(
        "ends_with",
        also["suffix"],
        "ends_with(text, end)",
        (2, 2),
        "whether it ends so",
        [("ends_with('abc', 'bc')", "TRUE")],
        |t, call| holds(t, call, |x, y| x.ends_with(y))
    ),
    entry!(
        "contains",
        "contains(text, part)",
        (2, 2),
        "whether the part is in it, written just so",
        [("contains('abc', 'B')", "FALSE")],
        |t, call| holds(t, call, |x, y| x.contains(y))
    ),
    entry!(
        "strpos",
        also["instr"],
        "strpos(text, part)",
        (2, 2),
        "the number of the first character of a part, from 1; 0 where it is not there",
        [("strpos('abc', 'c')", "3"), ("strpos('abc', 'x')", "0")],
        |t, call| {
            let (of, part) = (text(t, call, 0), text(t, call, 1));
            let (of, part) = (of?, part?);
            let expr = pairs::<i64>(of.expr.clone(), part.expr.clone(), |text, part| {
                Some(text.find(part).map_or(0, |at| i64::try_from(text[..at].chars().count()).unwrap_or(i64::MAX - 1) + 1))
            });
            Some(Translator::made(expr, Kind::Integer, &[&of, &part], call.words()))
        }
    ),
    entry!(
        "split_part",
        "split_part(text, separator, n)",
        (3, 3),
        "the part of this number, from 1, or from the end below zero; missing where there are fewer",
        [("split_part('a-b-c', '-', 2)", "'b'"), ("split_part('a-b-c', '-', -1)", "'c'"), ("split_part('a-b', '-', 3)", "NULL")],
        split_part
    ),
    entry!(
        "lpad",
        "lpad(text, n, characters)",
        (2, 3),
        "as long as that, filled at its start; cut where it is longer",
        [("lpad('7', 3, '0')", "'007'")],
        |t, call| pad(t, call, true)
    ),
    entry!(
        "rpad",
        "rpad(text, n, characters)",
        (2, 3),
        "as long as that, filled at its end; cut where it is longer",
        [("rpad('ab', 4, 'xy')", "'abxy'")],
        |t, call| pad(t, call, false)
    ),
    entry!("reverse", "reverse(text)", (1, 1), "from the end to the start", [("reverse('abc')", "'cba'")], |t, call| of_text(
        t,
        call,
        Kind::Text,
        |x| texts(x, |text| Some(text.chars().rev().collect()))
    )),
    entry!("repeat", "repeat(text, n)", (2, 2), "so many times", [("repeat('ab', 2)", "'abab'")], |t, call| {
        let of = text(t, call, 0)?;
        let times = usize::try_from(written_whole(t, call, 1, 0..=1000)?).unwrap_or(0);
        Some(Translator::made(texts(of.expr.clone(), move |text| Some(text.repeat(times))), Kind::Text, &[&of], call.words()))
    }),
    entry!("regexp_like", also ["regexp_matches", "regexp_contains"], "regexp_like(text, pattern)", (2, 2), "whether a part of it matches", [("regexp_like('abc', '^a.c$')", "TRUE")], |t, call| {
        let of = text(t, call, 0)?;
        let regex = pattern(t, call, 1)?;
        let expr = of.expr.clone().str().contains(lit(regex.as_str().to_owned()), true);
        Some(Translator::made(expr, Kind::Boolean, &[&of], call.words()))
    }),
    entry!(
        "regexp_extract",
        also["regexp_substr"],
        "regexp_extract(text, pattern, group)",
        (2, 3),
        "the first match, or a group of it; missing where nothing matches",
        [
            ("regexp_extract('order 12, 13', '[0-9]+')", "'12'"),
            ("regexp_extract('a=1', '(.)=(.)', 2)", "'1'"),
            ("regexp_extract('abc', '[0-9]+')", "NULL")
        ],
        regexp_extract
    ),
    entry!(
        "regexp_replace",
        "regexp_replace(text, pattern, with, 'g')",
        (3, 4),
        "the first match replaced, with 'g' every one; `\\1` is what a group matched",
        [("regexp_replace('1 234 567', ' ', '', 'g')", "'1234567'"), ("regexp_replace('aaa', 'a', 'b')", "'baa'")],
        regexp_replace
    ),
    entry!("string_split", also ["str_split", "split", "string_to_array"], "string_split(text, separator)", (2, 2), "the list of the parts between separators", [("string_split('a,b', ',')[2]", "'b'")], |t, call| {
        let of = text(t, call, 0)?;
        let separator = written(t, call, 1)?;
        let expr = of.expr.clone().str().split(lit(separator));
        Some(Translator::made(expr, Kind::List(DataType::List(Box::new(DataType::String))), &[&of], call.words()))
    }),
];

const TIMES: &[Entry] = &[
    entry!(
        "date_part",
        also["datepart"],
        "date_part('part', time)",
        (2, 2),
        "as `EXTRACT(part FROM time)`",
        [("date_part('hour', TIMESTAMP '2025-01-31 09:30')", "9")],
        |t, call| {
            let name = written(t, call, 0)?;
            times::extract(t, &name, call.arguments[1], call.part)
        }
    ),
    entry!(
        "year",
        "year(time)",
        (1, 1),
        "as `EXTRACT(YEAR FROM time)`; there are also `quarter`, `month`, `week`, `day`, `dayofweek`, `dayofyear`, `hour`, `minute` and `second`",
        [("year(DATE '2025-01-31')", "2025")],
        part_of
    ),
    entry!("quarter", "quarter(time)", (1, 1), "the quarter, from 1", [("quarter(DATE '2025-05-01')", "2")], part_of),
    entry!("month", "month(time)", (1, 1), "the month, from 1", [("month(DATE '2025-05-01')", "5")], part_of),
    entry!("week", also["weekofyear"], "week(time)", (1, 1), "the week of ISO 8601", [("week(DATE '2025-12-29')", "1")], part_of),
    entry!("day", also["dayofmonth"], "day(time)", (1, 1), "the day of the month", [("day(DATE '2025-05-17')", "17")], part_of),
    entry!(
        "dayofweek",
        also["weekday"],
        "dayofweek(time)",
        (1, 1),
        "the day of the week, Sunday is 0",
        [("dayofweek(DATE '2025-12-28')", "0")],
        part_of
    ),
    entry!("dayofyear", "dayofyear(time)", (1, 1), "the day of the year, from 1", [("dayofyear(DATE '2025-02-01')", "32")], part_of),
    entry!("hour", "hour(time)", (1, 1), "the hour, from 0", [("hour(TIMESTAMP '2025-01-31 09:30')", "9")], part_of),
    entry!("minute", "minute(time)", (1, 1), "the minute", [("minute(TIMESTAMP '2025-01-31 09:30')", "30")], part_of),
    entry!("second", "second(time)", (1, 1), "the second", [("second(TIMESTAMP '2025-01-31 09:30:15')", "15")], part_of),
    entry!(
        "epoch",
        "epoch(interval)",
        (1, 1),
        "the seconds of an interval, or those of a time since 1970 in UTC",
        [("epoch(INTERVAL '90 minutes')", "5400.0")],
        |t, call| times::extract(t, "epoch", call.arguments[0], call.part)
    ),
    entry!(
        "to_timestamp",
        also["from_unixtime"],
        "to_timestamp(seconds)",
        (1, 1),
        "the time of so many seconds since 1970 in UTC",
        [("to_timestamp(0) = TIMESTAMP '1970-01-01 00:00:00Z'", "TRUE")],
        |t, call| {
            let seconds = number(t, call, 0)?;
            let expr = times::from_seconds(seconds.expr.clone());
            let why = format!("`{}` is not in the calendar", call.words());
            Some(t.made_or_fault(expr, Kind::Time, &[&seconds], call.words(), why))
        }
    ),
    entry!(
        "date_trunc",
        also["datetrunc"],
        "date_trunc('unit', time)",
        (2, 2),
        "the start of the year, quarter, month, week (from Monday) or day, a date; or of the hour, minute or second, a time",
        [
            ("date_trunc('month', DATE '2025-01-31')", "DATE '2025-01-01'"),
            ("date_trunc('hour', TIMESTAMP '2025-01-31 09:30')", "TIMESTAMP '2025-01-31 09:00'")
        ],
        |t, call| {
            let unit = unit(t, call, 0)?;
            let value = moment(t, call, 1)?;
            Some(times::truncated(t, unit, &value, call.part))
        }
    ),
    entry!(
        "date_diff",
        also["datediff"],
        "date_diff('unit', from, until)",
        (3, 3),
        "how many starts of the unit lie between two times; days and longer units are of the clocks, shorter ones are elapsed",
        [
            ("date_diff('month', DATE '2025-01-31', DATE '2025-02-01')", "1"),
            ("date_diff('minute', TIMESTAMP '2025-01-01 10:00', TIMESTAMP '2025-01-01 11:30')", "90")
        ],
        |t, call| {
            let unit = unit(t, call, 0)?;
            let (from, until) = (moment(t, call, 1), moment(t, call, 2));
            let (from, until) = (from?, until?);
            Some(times::difference(t, unit, &from, &until, call.part))
        }
    ),
    entry!(
        "strftime",
        also["date_format"],
        "strftime(time, pattern)",
        (2, 2),
        "the time as text, with the directives below",
        [("strftime(TIMESTAMP '2025-01-31 09:30', '%d/%m/%Y %H:%M')", "'31/01/2025 09:30'")],
        strftime
    ),
    entry!(
        "strptime",
        "strptime(text, pattern)",
        (2, 2),
        "the time that a text writes, as `time_formats` of a table reads it; without an offset it is read by the table's clocks",
        [("strptime('31/01/2025 09:30', '%d/%m/%Y %H:%M')", "TIMESTAMP '2025-01-31 09:30'")],
        |t, call| strptime(t, call, false)
    ),
    entry!(
        "try_strptime",
        "try_strptime(text, pattern)",
        (2, 2),
        "the same; missing where the text is not such a time",
        [("try_strptime('soon', '%d/%m/%Y')", "NULL")],
        |t, call| strptime(t, call, true)
    ),
    entry!(
        "last_day",
        "last_day(time)",
        (1, 1),
        "the last day of its month",
        [("last_day(DATE '2025-02-03')", "DATE '2025-02-28'")],
        |t, call| {
            let value = moment(t, call, 0)?;
            let start = times::local(t, &value).dt().truncate(lit("1mo")).cast(DataType::Date).cast(DataType::Int32);
            let days = times::local(t, &value).dt().days_in_month().cast(DataType::Int32);
            Some(Translator::made((start + days - lit(1)).cast(DataType::Date), Kind::Date, &[&value], call.words()))
        }
    ),
];

const NESTED: &[Entry] = &[
    entry!("list_contains", also ["array_contains", "list_has"], "list_contains(list, x)", (2, 2), "whether an element is equal", [("list_contains(string_split('a,b', ','), 'b')", "TRUE")], |t, call| {
        let list = list(t, call, 0)?;
        let inner = inner(&list.kind)?;
        let kind = Kind::of(&inner)?;
        let value = argument(t, call, 1)?;
        if value.kind != kind && !(value.kind.is_number() && kind.is_number()) {
            return t.wrong(call.part, Mistake::new(format!("`{}` has elements that are {kind}, and `{}` is {}", list.words, value.words, value.kind)));
        }
        let value = Value { expr: value.expr.clone().cast(inner), ..value };
        let expr = list.expr.clone().list().contains(value.expr.clone(), false);
        Some(Translator::made(expr, Kind::Boolean, &[&list, &value], call.words()))
    }),
    entry!("list_extract", also ["array_get", "element_at"], "list_extract(list, n)", (2, 2), "the element of this number, from 1, or from the end below zero; missing where there are fewer; also `list[n]`", [("list_extract(string_split('a,b', ','), -1)", "'b'")], |t, call| {
        let list = list(t, call, 0)?;
        let index = argument(t, call, 1)?;
        element(t, &list, &index, call.part)
    }),
    entry!("list_length", also ["array_length", "cardinality"], "list_length(list)", (1, 1), "how many elements it has", [("list_length(string_split('a,b', ','))", "2")], length),
    entry!(
        "array_to_string",
        also["list_to_string"],
        "array_to_string(list, separator)",
        (2, 2),
        "its texts, joined",
        [("array_to_string(string_split('a,b', ','), '+')", "'a+b'")],
        |t, call| {
            let list = list(t, call, 0)?;
            let separator = written(t, call, 1)?;
            if inner(&list.kind) != Some(DataType::String) {
                return t.wrong(call.part, Mistake::new(format!("`{}` has elements that are not texts", list.words)));
            }
            Some(Translator::made(list.expr.clone().list().join(lit(separator), true), Kind::Text, &[&list], call.words()))
        }
    ),
    entry!(
        "json_extract",
        "json_extract(text, path)",
        (2, 2),
        "what is at a path such as '$.user.id' or '$.items[0]' of a JSON text, as JSON; missing where there is nothing",
        [("json_extract('{\"a\": {\"b\": [1, 2]}}', '$.a.b')", "'[1,2]'")],
        |t, call| json(t, call, false)
    ),
    entry!(
        "json_extract_string",
        also["json_value"],
        "json_extract_string(text, path)",
        (2, 2),
        "the same, of a text without its quotes; also `text ->> path`",
        [("json_extract_string('{\"a\": \"x\"}', '$.a')", "'x'"), ("json_extract_string('{\"a\": 1}', '$.b')", "NULL")],
        |t, call| json(t, call, true)
    ),
];

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.name == name || entry.also.contains(&name))
}

fn all() -> impl Iterator<Item = &'static Entry> {
    CHAPTERS.iter().flat_map(|chapter| chapter.functions)
}

/// Every name that a function has.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    all().flat_map(|entry| std::iter::once(entry.name).chain(entry.also.iter().copied()))
}

/// Whether a function of SQL looks at more than one row.
pub(super) fn is_aggregate(name: &str) -> bool {
    const AGGREGATES: [&str; 27] = [
        "sum",
        "count",
        "avg",
        "mean",
        "min",
        "max",
        "median",
        "quantile",
        "quantile_cont",
        "quantile_disc",
        "percentile_cont",
        "percentile_disc",
        "variance",
        "var_samp",
        "var_pop",
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "first",
        "last",
        "array_agg",
        "list",
        "string_agg",
        "mode",
        "row_number",
        "lag",
        "lead",
    ];
    AGGREGATES.contains(&name)
}

/// What to write for a function that others have.
pub(super) fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "now" | "current_timestamp" | "current_date" | "today" | "getdate" => {
            "a report does not read the clock: write the date, or give `as_of`"
        }
        "date" | "to_date" => "write `CAST(x AS DATE)`, or `strptime(x, '%d/%m/%Y')` for a text that is no ISO 8601",
        "timestamp" | "datetime" => "write `CAST(x AS TIMESTAMP)`, or `strptime(x, '%d/%m/%Y %H:%M')`",
        "to_char" => "write `strftime(time, '%Y-%m-%d')`",
        "to_number" => "write `CAST(x AS DOUBLE)`",
        "dateadd" | "date_add" => "write `time + INTERVAL '1 day'`",
        "datesub" | "date_sub" => "write `time - INTERVAL '1 day'`",
        "age" => "write `until - from`, or `date_diff('day', from, until)`",
        "timestampdiff" => "write `date_diff('minute', from, until)`",
        "isnull" => "write `x IS NULL`",
        "decode" => "write `CASE x WHEN … THEN … END`",
        "initcap" => "there are `upper` and `lower`",
        "random" | "rand" | "uuid" => "the same input gives the same report",
        "regexp_count" | "regexp_split" => "there are `regexp_like`, `regexp_extract` and `regexp_replace`",
        _ => return None,
    })
}

/// A call of the function of a name.
pub(super) fn call(translator: &mut Translator<'_>, name: &str, arguments: &[&ast::Expr], part: &ast::Expr) -> Option<Value> {
    let entry = find(name)?;
    let (least, most) = entry.takes;
    if !(least..=most).contains(&arguments.len()) {
        let takes = match (least, most) {
            (least, MANY) => format!("{least} or more values"),
            (1, 1) => "1 value".to_owned(),
            (least, most) if least == most => format!("{least} values"),
            (least, most) => format!("{least} to {most} values"),
        };
        let message = format!("`{name}` takes {takes}, and has {}", arguments.len());
        return translator.wrong(part, Mistake::new(message).help(format!("write `{}`", entry.usage)));
    }
    (entry.make)(translator, &Call { name: entry.name, arguments, part })
}

/// An argument, whatever it is.
fn argument(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Value> {
    translator.value(call.arguments[position])
}

/// An argument that is a number.
fn number(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Value> {
    let value = argument(translator, call, position)?;
    match value.kind {
        Kind::Integer | Kind::Float => Some(value),
        Kind::Untold => Some(translator.as_kind(value, &Kind::Float)),
        Kind::Nothing => Some(Value { expr: Kind::Float.missing(), kind: Kind::Float, ..value }),
        _ => {
            let mistake = Mistake::new(format!("`{}` takes a number, and `{}` is {}", call.name, value.words, value.kind));
            let is_text = value.kind == Kind::Text;
            let mistake = if is_text { mistake.help(format!("read it: `CAST({} AS DOUBLE)`", value.words)) } else { mistake };
            translator.wrong(call.arguments[position], mistake)
        }
    }
}

/// An argument that is text.
fn text(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Value> {
    text_of(translator, call.arguments[position], call.name)
}

/// A part that is text. A column that is stored as text is taken as it is written.
fn text_of(translator: &mut Translator<'_>, part: &ast::Expr, what: &str) -> Option<Value> {
    if let Some(text) = column_text(translator, part) {
        return Some(text);
    }
    let value = translator.value(part)?;
    match value.kind {
        Kind::Text => Some(value),
        Kind::Untold => Some(translator.as_kind(value, &Kind::Text)),
        Kind::Nothing => Some(Value { expr: Kind::Text.missing(), kind: Kind::Text, ..value }),
        _ => {
            let mistake = Mistake::new(format!("`{what}` takes text, and `{}` is {}", value.words, value.kind));
            let is_moment = matches!(value.kind, Kind::Date | Kind::Time);
            let help = if is_moment {
                format!("write it as text: `strftime({}, '%Y-%m-%d')`", value.words)
            } else {
                format!("write it as text: `CAST({} AS VARCHAR)`", value.words)
            };
            translator.wrong(part, mistake.help(help))
        }
    }
}

/// The text of a column that is stored as text, and looks like numbers or flags.
fn column_text(translator: &mut Translator<'_>, part: &ast::Expr) -> Option<Value> {
    let ast::Expr::Identifier(name) = part else { return None };
    let leaf = (translator.scope.column)(&name.value).ok()?;
    let is_moment = matches!(leaf.kind, Kind::Date | Kind::Time);
    let text = leaf.text.filter(|_| !is_moment)?;
    let fault = translator.carried(leaf.carried);
    Some(Value { fault, origin: leaf.origin, ..Value::new(text, Kind::Text, name.value.clone()) })
}

/// An argument that is written out as a text.
fn written(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<String> {
    let part = call.arguments[position];
    match written_text(part) {
        Some(text) => Some(text.to_owned()),
        None => translator.wrong(
            part,
            Mistake::new(format!("`{}` takes a text in single quotes here", call.name)).help(format!("write `{}`", find(call.name)?.usage)),
        ),
    }
}

/// An argument that is written out as a whole number.
fn written_whole(translator: &mut Translator<'_>, call: &Call<'_>, position: usize, within: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let part = call.arguments[position];
    #[expect(clippy::cast_possible_truncation, reason = "the range is small")]
    let found = written_number(part).filter(|number| number.fract() == 0.0 && number.abs() < 1e15).map(|number| number as i64);
    match found.filter(|number| within.contains(number)) {
        Some(number) => Some(number),
        None => translator
            .wrong(part, Mistake::new(format!("`{}` takes a whole number from {} to {} here", call.name, within.start(), within.end()))),
    }
}

/// An argument that is a regular expression.
fn pattern(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Regex> {
    let written = written(translator, call, position)?;
    match Regex::new(&written) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            translator.wrong(call.arguments[position], Mistake::new(format!("`{written}` is not a regular expression: {reason}")))
        }
    }
}

/// An argument that is a date or a time.
fn moment(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Value> {
    let part = call.arguments[position];
    if let Some(text) = written_text(part) {
        return times::moment(translator, text, part);
    }
    let value = translator.value(part)?;
    times::is_moment(translator, value, part, call.name)
}

/// An argument that names a unit of time.
fn unit(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<&'static str> {
    let written = written(translator, call, position)?.to_lowercase();
    let singular = written.strip_suffix('s').unwrap_or(&written);
    match times::CUTS.into_iter().find(|unit| *unit == written || *unit == singular) {
        Some(unit) => Some(unit),
        None => translator.wrong(
            call.arguments[position],
            Mistake::new(format!("`{written}` is not a unit of time here")).help(format!("there are {}", times::CUTS.join(", "))),
        ),
    }
}

/// An argument that is a list.
fn list(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Value> {
    let value = argument(translator, call, position)?;
    match value.kind {
        Kind::List(_) => Some(value),
        _ => translator.wrong(
            call.arguments[position],
            Mistake::new(format!("`{}` takes a list, and `{}` is {}", call.name, value.words, value.kind))
                .help(format!("a text becomes a list with `string_split({}, ',')`", value.words)),
        ),
    }
}

fn inner(list: &Kind) -> Option<DataType> {
    match list {
        Kind::List(DataType::List(inner)) => Some((**inner).clone()),
        _ => None,
    }
}

/// An element of a list, by its number from 1, or from the end below zero.
pub(super) fn element(translator: &mut Translator<'_>, list: &Value, index: &Value, part: &ast::Expr) -> Option<Value> {
    let Some(inner) = inner(&list.kind) else {
        return translator.wrong(part, Mistake::new(format!("`{}` is {}, and has no elements", list.words, list.kind)));
    };
    let Some(kind) = Kind::of(&inner).filter(|_| index.kind == Kind::Integer) else {
        return translator
            .wrong(part, Mistake::new(format!("`{}` has no element `{}`", list.words, index.words)).help("elements have numbers, from 1"));
    };
    // Elements are numbered from 1; there is none of the number 0.
    let position = whole(index.expr.clone(), lit(0_i64), |index, _| match index {
        0 => None,
        1.. => Some(index - 1),
        below => Some(below),
    });
    let expr = from_any(list.expr.clone().list().get(position, true), &inner);
    Some(Translator::made(expr, kind, &[list, index], words(part)))
}

/// A list that is written out.
pub(super) fn array(translator: &mut Translator<'_>, items: &[ast::Expr], part: &ast::Expr) -> Option<Value> {
    let values: Vec<Option<(Value, &ast::Expr)>> = items.iter().map(|item| Some((translator.value(item)?, item))).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    let values = translator.one_kind(values, part)?;
    let Some(kind) = values.first().map(|value| value.kind.clone()) else {
        return translator.wrong(part, Mistake::new("a list without elements has no kind"));
    };
    let made = concat_list(values.iter().map(|value| value.expr.clone()).collect::<Vec<_>>()).ok()?;
    Some(Translator::made(
        made,
        Kind::List(DataType::List(Box::new(kind.type_computed()))),
        &values.iter().collect::<Vec<_>>(),
        words(part),
    ))
}

fn nullif(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let (value, other) = (argument(translator, call, 0), argument(translator, call, 1));
    let (value, other) = (value?, other?);
    let (one, another) = translator.alike(value.clone(), call.arguments[0], other, call.arguments[1], call.part)?;
    let expr = when(one.expr.clone().eq_missing(another.expr.clone())).then(lit(NULL)).otherwise(value.expr.clone());
    Some(Translator::made(expr, value.kind.clone(), &[&value, &another], call.words()))
}

fn choose(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let branch = ast::CaseWhen { condition: call.arguments[0].clone(), result: call.arguments[1].clone() };
    translator.case(None, &[branch], call.arguments.get(2).copied(), call.part)
}

fn extreme(translator: &mut Translator<'_>, call: &Call<'_>, is_beyond: fn(Expr, Expr) -> Expr) -> Option<Value> {
    let values: Vec<Option<(Value, &ast::Expr)>> = call.arguments.iter().map(|part| Some((translator.value(part)?, *part))).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    let mut values = translator.one_kind(values, call.part)?;
    if values.len() > 1 && values.first()?.kind == Kind::Untold {
        values = translator.untold(values);
    }
    let kind = values.first()?.kind.clone();
    let best = values
        .iter()
        .map(|value| value.expr.clone())
        .reduce(|best, next| when(best.clone().is_null().or(is_beyond(next.clone(), best.clone()))).then(next).otherwise(best))?;
    Some(Translator::made(best, kind, &values.iter().collect::<Vec<_>>(), call.words()))
}

/// A function of one number that is whole for whole ones.
fn by_kind(translator: &mut Translator<'_>, call: &Call<'_>, of_whole: fn(Expr) -> Expr, of_float: fn(Expr) -> Expr) -> Option<Value> {
    let value = number(translator, call, 0)?;
    let expr = if value.kind == Kind::Integer { of_whole(value.expr.clone()) } else { of_float(value.expr.clone()) };
    let why = format!("`{}` is too large", call.words());
    Some(translator.made_or_fault(expr, value.kind.clone(), &[&value], call.words(), why))
}

fn always_float(translator: &mut Translator<'_>, call: &Call<'_>, of: fn(f64) -> f64) -> Option<Value> {
    let value = number(translator, call, 0)?;
    let expr = float(value.expr.clone().cast(DataType::Float64), move |number| Some(of(number)));
    let why = format!("`{}` is not a finite number", call.words());
    Some(translator.made_or_fault(expr, Kind::Float, &[&value], call.words(), why))
}

fn round(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let digits = match call.arguments.len() {
        1 => 0,
        _ => u32::try_from(written_whole(translator, call, 1, 0..=15)?).unwrap_or(0),
    };
    let value = number(translator, call, 0)?;
    let expr = if value.kind == Kind::Integer { value.expr.clone() } else { value.expr.clone().round(digits, RoundMode::HalfAwayFromZero) };
    Some(Translator::made(expr, value.kind.clone(), &[&value], call.words()))
}

fn divide(
    translator: &mut Translator<'_>,
    call: &Call<'_>,
    of_wholes: fn(i64, i64) -> Option<i64>,
    of_floats: fn(f64, f64) -> Option<f64>,
) -> Option<Value> {
    let (x, y) = (number(translator, call, 0), number(translator, call, 1));
    let (x, y) = (x?, y?);
    let why = format!("`{}` divides by zero", call.words());
    if x.kind == Kind::Integer && y.kind == Kind::Integer {
        let expr = whole(x.expr.clone(), y.expr.clone(), of_wholes);
        return Some(translator.made_or_fault(expr, Kind::Integer, &[&x, &y], call.words(), why));
    }
    let expr = numbers(x.expr.clone().cast(DataType::Float64), y.expr.clone().cast(DataType::Float64), of_floats);
    Some(translator.made_or_fault(expr, Kind::Float, &[&x, &y], call.words(), why))
}

fn of_text(translator: &mut Translator<'_>, call: &Call<'_>, kind: Kind, of: impl Fn(Expr) -> Expr) -> Option<Value> {
    let value = text(translator, call, 0)?;
    Some(Translator::made(of(value.expr.clone()), kind, &[&value], call.words()))
}

fn length(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let is_list = column_text(translator, call.arguments[0]).is_none();
    if is_list
        && let Some(value) = argument(translator, call, 0)
        && matches!(value.kind, Kind::List(_))
    {
        return Some(Translator::made(value.expr.clone().list().len().cast(DataType::Int64), Kind::Integer, &[&value], call.words()));
    }
    of_text(translator, call, Kind::Integer, |text| text.str().len_chars().cast(DataType::Int64))
}

fn trim(translator: &mut Translator<'_>, call: &Call<'_>, start: bool, end: bool) -> Option<Value> {
    let characters = if call.arguments.len() > 1 { lit(written(translator, call, 1)?) } else { lit(NULL).cast(DataType::String) };
    of_text(translator, call, Kind::Text, |text| match (start, end) {
        (true, true) => text.str().strip_chars(characters.clone()),
        (true, false) => text.str().strip_chars_start(characters.clone()),
        _ => text.str().strip_chars_end(characters.clone()),
    })
}

/// The characters of a text from a number on, counted from 1 or from the end below zero.
fn part_of_text(text: &str, from: i64, length: Option<i64>) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let first = if from < 0 { count.saturating_add(from).saturating_add(1) } else { from };
    let after = length.map_or(i64::MAX, |length| first.saturating_add(length.max(0)));
    let (first, after) = (first.max(1), after.min(count.saturating_add(1)));
    let taken = usize::try_from(after.saturating_sub(first)).unwrap_or(0);
    text.chars().skip(usize::try_from(first - 1).unwrap_or(0)).take(taken).collect()
}

fn substr(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let from = whole_argument(translator, call, 1)?;
    match (call.arguments.get(1).and_then(|part| written_number(part)), call.arguments.get(2)) {
        (Some(_), Some(length)) if written_number(length).is_some() => {
            let (from, length) =
                (written_whole(translator, call, 1, -1_000_000..=1_000_000)?, written_whole(translator, call, 2, 0..=1_000_000)?);
            let expr = texts(of.expr.clone(), move |text| Some(part_of_text(text, from, Some(length))));
            Some(Translator::made(expr, Kind::Text, &[&of], call.words()))
        }
        (_, None) => {
            let expr = text_and_whole(of.expr.clone(), from.expr.clone(), |text, from| Some(part_of_text(text, from, None)));
            Some(Translator::made(expr, Kind::Text, &[&of, &from], call.words()))
        }
        (_, Some(_)) => {
            let length = whole_argument(translator, call, 2)?;
            let start = text_and_whole(of.expr.clone(), from.expr.clone(), |text, from| Some(part_of_text(text, from, None)));
            let expr = text_and_whole(start, length.expr.clone(), |text, length| Some(part_of_text(text, 1, Some(length))));
            Some(Translator::made(expr, Kind::Text, &[&of, &from, &length], call.words()))
        }
    }
}

/// An argument that is a whole number.
fn whole_argument(translator: &mut Translator<'_>, call: &Call<'_>, position: usize) -> Option<Value> {
    let value = number(translator, call, position)?;
    if value.kind == Kind::Integer {
        return Some(value);
    }
    let expr = whole_of(numbers(value.expr.clone(), lit(1.0), |number, _| Some(number).filter(|number| number.fract() == 0.0)));
    let why = format!("`{}` is not a whole number", value.words);
    let words = value.words.clone();
    Some(translator.made_or_fault(expr, Kind::Integer, &[&value], words, why))
}

fn cut(translator: &mut Translator<'_>, call: &Call<'_>, is_left: bool) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let many = whole_argument(translator, call, 1)?;
    let left = |text: &str, many: i64| {
        let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        Some(part_of_text(text, 1, Some(if many < 0 { count.saturating_add(many) } else { many })))
    };
    let right = |text: &str, many: i64| {
        let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let taken = if many < 0 { count.saturating_add(many) } else { many.min(count) };
        Some(if taken <= 0 { String::new() } else { part_of_text(text, count - taken + 1, None) })
    };
    let expr = if is_left {
        text_and_whole(of.expr.clone(), many.expr.clone(), left)
    } else {
        text_and_whole(of.expr.clone(), many.expr.clone(), right)
    };
    Some(Translator::made(expr, Kind::Text, &[&of, &many], call.words()))
}

/// Values as texts to join.
fn as_text(translator: &mut Translator<'_>, part: &ast::Expr) -> Option<Value> {
    if let Some(text) = column_text(translator, part) {
        return Some(text);
    }
    let value = translator.value(part)?;
    let expr = match value.kind {
        Kind::Text => return Some(value),
        Kind::Untold => return Some(translator.as_kind(value, &Kind::Text)),
        Kind::Integer | Kind::Float | Kind::Boolean => value.expr.clone().cast(DataType::String),
        Kind::Nothing => Kind::Text.missing(),
        Kind::Date | Kind::Time => times::as_text(translator, &value),
        _ => return translator.wrong(part, Mistake::new(format!("`{}` is {}, and can't be joined to a text", value.words, value.kind))),
    };
    Some(Value { expr, kind: Kind::Text, ..value })
}

/// `x || y`: missing where one of them is.
pub(super) fn joined(translator: &mut Translator<'_>, parts: &[&ast::Expr], part: &ast::Expr) -> Option<Value> {
    let values: Vec<Option<Value>> = parts.iter().map(|part| as_text(translator, part)).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    let all: Vec<Expr> = values.iter().map(|value| value.expr.clone()).collect();
    Some(Translator::made(concat_str(all, "", false), Kind::Text, &values.iter().collect::<Vec<_>>(), words(part)))
}

fn concat(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let is_separated = call.name == "concat_ws";
    let separator = if is_separated { written(translator, call, 0)? } else { String::new() };
    let parts = &call.arguments[usize::from(is_separated)..];
    let values: Vec<Option<Value>> = parts.iter().map(|part| as_text(translator, part)).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    let all: Vec<Expr> = values.iter().map(|value| value.expr.clone()).collect();
    Some(Translator::made(concat_str(all, &separator, true), Kind::Text, &values.iter().collect::<Vec<_>>(), call.words()))
}

fn holds(translator: &mut Translator<'_>, call: &Call<'_>, holds: fn(&str, &str) -> bool) -> Option<Value> {
    let (of, part) = (text(translator, call, 0), text(translator, call, 1));
    let (of, part) = (of?, part?);
    let expr = pairs::<bool>(of.expr.clone(), part.expr.clone(), move |text, part| Some(holds(text, part)));
    Some(Translator::made(expr, Kind::Boolean, &[&of, &part], call.words()))
}

fn split_part(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let separator = written(translator, call, 1)?;
    let position = written_whole(translator, call, 2, -10_000..=10_000)?;
    if position == 0 || separator.is_empty() {
        let wrong = call.arguments[if position == 0 { 2 } else { 1 }];
        return translator.wrong(wrong, Mistake::new("parts have numbers from 1 on, and something between them"));
    }
    let expr = texts(of.expr.clone(), move |text| {
        let nth = usize::try_from(position.abs() - 1).ok()?;
        if position > 0 { text.split(separator.as_str()).nth(nth) } else { text.rsplit(separator.as_str()).nth(nth) }.map(str::to_owned)
    });
    Some(Translator::made(expr, Kind::Text, &[&of], call.words()))
}

fn pad(translator: &mut Translator<'_>, call: &Call<'_>, at_start: bool) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let length = usize::try_from(written_whole(translator, call, 1, 0..=LONGEST_TEXT)?).unwrap_or(0);
    let filling: Vec<char> = if call.arguments.len() > 2 { written(translator, call, 2)?.chars().collect() } else { vec![' '] };
    if filling.is_empty() {
        return translator.wrong(call.arguments[2], Mistake::new(format!("`{}` has nothing to fill with", call.name)));
    }
    let expr = texts(of.expr.clone(), move |text| {
        let kept: String = text.chars().take(length).collect();
        let missing = length - kept.chars().count();
        let added: String = filling.iter().cycle().take(missing).collect();
        Some(if at_start { added + &kept } else { kept + &added })
    });
    Some(Translator::made(expr, Kind::Text, &[&of], call.words()))
}

fn regexp_extract(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let regex = pattern(translator, call, 1)?;
    let group = if call.arguments.len() > 2 { usize::try_from(written_whole(translator, call, 2, 0..=99)?).unwrap_or(0) } else { 0 };
    if group >= regex.captures_len() {
        let message = format!("the pattern has {} groups, and no group {group}", regex.captures_len() - 1);
        return translator.wrong(call.arguments[2], Mistake::new(message).help("a group is what stands in round brackets"));
    }
    let expr = texts(of.expr.clone(), move |text| match group {
        0 => regex.find(text).map(|found| found.as_str().to_owned()),
        group => Some(regex.captures(text)?.get(group)?.as_str().to_owned()),
    });
    Some(Translator::made(expr, Kind::Text, &[&of], call.words()))
}

fn regexp_replace(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let regex = pattern(translator, call, 1)?;
    let with = written(translator, call, 2)?;
    let all = match call.arguments.get(3).map(|part| written_text(part)) {
        None => false,
        Some(Some("g")) => true,
        Some(_) => return translator.wrong(call.arguments[3], Mistake::new("the only option of `regexp_replace` is 'g', for every match")),
    };
    let with = replacement(&with);
    let expr = texts(of.expr.clone(), move |text| {
        Some(if all { regex.replace_all(text, with.as_str()) } else { regex.replace(text, with.as_str()) }.into_owned())
    });
    Some(Translator::made(expr, Kind::Text, &[&of], call.words()))
}

/// What replaces a match: `\1` is its first group, and a dollar is one.
fn replacement(with: &str) -> String {
    let mut made = String::new();
    let mut letters = with.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('$', _) => made.push_str("$$"),
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                made.extend(["${", digit.encode_utf8(&mut [0; 4]), "}"]);
                letters.next();
            }
            ('\\', Some('\\')) => {
                made.push('\\');
                letters.next();
            }
            _ => made.push(letter),
        }
    }
    made
}

/// `text LIKE pattern`: `%` is any text, `_` any character.
pub(super) fn like(
    translator: &mut Translator<'_>,
    of: &ast::Expr,
    pattern: &ast::Expr,
    escape: Option<&ValueWithSpan>,
    any_case: bool,
    negated: bool,
    part: &ast::Expr,
) -> Option<Value> {
    let value = text_of(translator, of, "LIKE")?;
    let Some(written) = written_text(pattern) else {
        return translator.wrong(pattern, Mistake::new("the pattern of `LIKE` is a text in single quotes"));
    };
    let escape = match escape.map(|escape| &escape.value) {
        None => None,
        Some(Literal::SingleQuotedString(escape)) if escape.chars().count() == 1 => escape.chars().next(),
        Some(_) => return translator.wrong(part, Mistake::new("what escapes in `LIKE` is one character")),
    };
    let mut regex = format!("(?s{}:^", if any_case { "i" } else { "" });
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        match letter {
            _ if Some(letter) == escape => match letters.next() {
                Some(plain) => regex.push_str(&regex::escape(&plain.to_string())),
                None => return translator.wrong(pattern, Mistake::new("the pattern ends with what escapes, and nothing after it")),
            },
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            plain => regex.push_str(&regex::escape(&plain.to_string())),
        }
    }
    regex.push_str("$)");
    let is_plain = escape.is_none() && !any_case && !written.trim_matches('%').contains(['%', '_']);
    let inner = written.trim_matches('%').to_owned();
    let (starts, ends) = (written.starts_with('%'), written.ends_with('%'));
    let expr = || value.expr.clone();
    let holds = match (starts, ends) {
        // The plain ones need no pattern.
        (true, true) if is_plain && !inner.is_empty() => expr().str().contains_literal(lit(inner)),
        (false, true) if is_plain && !inner.is_empty() => expr().str().starts_with(lit(inner)),
        (true, false) if is_plain && !inner.is_empty() => expr().str().ends_with(lit(inner)),
        _ => expr().str().contains(lit(regex), true),
    };
    let holds = if negated { holds.not() } else { holds };
    Some(Translator::made(holds, Kind::Boolean, &[&value], words(part)))
}

fn part_of(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    times::extract(translator, call.name, call.arguments[0], call.part)
}

fn strftime(translator: &mut Translator<'_>, call: &Call<'_>) -> Option<Value> {
    // Dialects have the two in either order.
    let (first, second) = if written_text(call.arguments[0]).is_some() { (1, 0) } else { (0, 1) };
    let value = moment(translator, call, first)?;
    let written = written(translator, call, second)?;
    match times::pattern(&written) {
        Ok(pattern) => {
            Some(Translator::made(times::local(translator, &value).dt().to_string(&pattern), Kind::Text, &[&value], call.words()))
        }
        Err(directive) => {
            let known: Vec<&str> = times::DIRECTIVES.iter().map(|(known, ..)| *known).collect();
            let mistake = Mistake::new(format!("`strftime` has no directive `{directive}`"));
            translator.wrong(call.arguments[second], mistake.help(format!("there are {}, %F, %T and %R", known.join(", "))))
        }
    }
}

impl Call<'_> {
    /// How messages call the call.
    pub(super) fn words(&self) -> String {
        words(self.part)
    }
}

fn strptime(translator: &mut Translator<'_>, call: &Call<'_>, may_fail: bool) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let pattern = written(translator, call, 1)?;
    let zone = translator.scope.style.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
    let format = match TimeFormat::declared(&pattern, zone.as_ref()) {
        Ok(format) => format,
        Err(reason) => return translator.wrong(call.arguments[1], Mistake::new(reason)),
    };
    let (expr, _) = crate::read::column::read_time(&format, &of.expr, translator.scope.style);
    if may_fail {
        return Some(Translator::made(expr, Kind::Time, &[&of], call.words()));
    }
    let why = format!("`{}` is not a time like `{}`", of.words, format.example);
    Some(translator.made_or_fault(expr, Kind::Time, &[&of], call.words(), why))
}

fn json(translator: &mut Translator<'_>, call: &Call<'_>, plain: bool) -> Option<Value> {
    let of = text(translator, call, 0)?;
    let written = written(translator, call, 1)?;
    let Some(path) = json_path(&written) else {
        return translator.wrong(
            call.arguments[1],
            Mistake::new(format!("`{written}` is not a path in JSON")).help("write it such as '$.user.id' or '$.items[0]'"),
        );
    };
    let expr = texts(of.expr.clone(), move |text| {
        let json: Json = serde_json::from_str(text).ok()?;
        let found = path.iter().try_fold(&json, |json, step| match step {
            Ok(name) => json.get(name.as_str()),
            Err(position) => json.get(*position),
        })?;
        match found {
            Json::Null => None,
            Json::String(text) if plain => Some(text.clone()),
            other => Some(other.to_string()),
        }
    });
    // What is not there is missing; what is not JSON is a fault.
    let is_json = booleans(of.expr.clone(), |text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    let fails = of.expr.clone().is_not_null().and(is_json.not());
    let fault = translator.fault(fails, format!("`{}` is not JSON", of.words), of.origin.clone());
    let value = Translator::made(expr, Kind::Text, &[&of], call.words());
    Some(Value { fault: first([value.fault, Some(fault)]), ..value })
}

/// The names and numbers of a path in JSON.
fn json_path(written: &str) -> Option<Vec<Result<String, usize>>> {
    let mut rest = written.strip_prefix('$').map_or_else(|| format!(".{written}"), str::to_owned);
    let mut path = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(names) = rest.strip_prefix('.') {
            let end = names.find(['.', '[']).unwrap_or(names.len());
            let (name, after) = names.split_at(end);
            (Ok(name.trim_matches('"').to_owned()), after.to_owned())
        } else {
            let (position, after) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = position.trim_matches(['\'', '"']);
            (if quoted.len() < position.len() { Ok(quoted.to_owned()) } else { Err(position.parse().ok()?) }, after.to_owned())
        };
        if step.as_ref().is_ok_and(String::is_empty) {
            return None;
        }
        path.push(step);
        rest = after;
    }
    Some(path)
}
