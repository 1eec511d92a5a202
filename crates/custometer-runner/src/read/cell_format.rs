//! Formats of cells that a config declares: money, percentages, durations, numbers among words, flags, lists.
//!
//! One table of kinds drives the reader, the messages, the schema, the docs and `inspect`. A cell that does not fit is rejected with its
//! text, and never read halfway.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use custometer_core::suggest::nearest;
use custometer_core::{ColumnType, quotient};
use polars::prelude::{DataType, Expr, NULL, TimeUnit, lit, when};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::durations;
use super::money;
use super::number::{NumberStyle, numbers_of};
use super::values::{finite, trimmed};

/// How the cells of a column are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CellFormat {
    /// Numbers of a kind.
    Number(&'static NumberKind),
    /// Amounts in one currency.
    Currency(String),
    /// Words for true and for false, in small letters.
    Flag { yes: Vec<String>, no: Vec<String> },
    /// Values with this between them.
    List(String),
}

/// A way to write a number.
pub(crate) struct NumberKind {
    /// What configs call it.
    pub(crate) name: &'static str,
    /// What a cell is, for messages.
    what: &'static str,
    /// What it reads, for the docs.
    about: &'static str,
    /// Texts with the numbers that they are, for docs and tests.
    examples: &'static [(&'static str, f64)],
    of_text: fn(&str, NumberStyle) -> Option<f64>,
    /// What a number that is stored as one is multiplied with; none where such a number does not say what it is.
    factor: Option<f64>,
}

/// The kinds, as `inspect` tries them.
pub(crate) static KINDS: [NumberKind; 10] = [
    NumberKind {
        name: "percent",
        what: "a percentage such as `2.5 %`",
        about: "a number with `%`",
        examples: &[("2.5 %", 2.5), ("83%", 83.0), ("-0.5%", -0.5)],
        of_text: percent,
        factor: None,
    },
    NumberKind {
        name: "money",
        what: "an amount of money such as `$1,234.50`",
        about: "an amount with or without its currency, negative in parentheses or with a minus before or after it",
        examples: &[("$1,234.50", 1234.5), ("1 234.50 kr", 1234.5), ("(12.00)", -12.0), ("12.00-", -12.0), ("CHF 1'234", 1234.0)],
        of_text: |text, style| money::amount(text, style).map(|(amount, _)| amount),
        factor: Some(1.0),
    },
    NumberKind {
        name: "duration",
        what: "a duration such as `444:03:00`, `1 day 02:03:04`, `1h 05m` or `PT4H`",
        about: "hours, minutes and seconds by a clock or with their units, in seconds",
        examples: &[
            ("444:03:00", 1_598_580.0),
            ("1 day 02:03:04", 93_784.0),
            ("4 hours 32 minutes", 16_320.0),
            ("1h 05m", 3900.0),
            ("PT4H", 14_400.0),
        ],
        of_text: durations::duration,
        factor: None,
    },
    NumberKind {
        name: "hours_minutes",
        what: "hours and minutes such as `4:05`",
        about: "hours and minutes, in seconds",
        examples: &[("4:05", 14_700.0)],
        of_text: durations::hours_minutes,
        factor: None,
    },
    NumberKind {
        name: "minutes_seconds",
        what: "minutes and seconds such as `4:05`",
        about: "minutes and seconds, in seconds",
        examples: &[("4:05", 245.0)],
        of_text: durations::minutes_seconds,
        factor: None,
    },
    NumberKind {
        name: "days",
        what: "a number of days",
        about: "a number of days of 24 hours, in seconds",
        examples: &[("1.5", 129_600.0)],
        of_text: |text, style| style.parse_grouped(text).map(|days| days * 86_400.0),
        factor: Some(86_400.0),
    },
    NumberKind {
        name: "hours",
        what: "a number of hours",
        about: "a number of hours, in seconds",
        examples: &[("1.5", 5400.0)],
        of_text: |text, style| style.parse_grouped(text).map(|hours| hours * 3600.0),
        factor: Some(3600.0),
    },
    NumberKind {
        name: "minutes",
        what: "a number of minutes",
        about: "a number of minutes, in seconds",
        examples: &[("1.5", 90.0)],
        of_text: |text, style| style.parse_grouped(text).map(|minutes| minutes * 60.0),
        factor: Some(60.0),
    },
    NumberKind {
        name: "milliseconds",
        what: "a number of milliseconds",
        about: "a number of milliseconds, in seconds",
        examples: &[("1500", 1.5)],
        of_text: |text, style| style.parse_grouped(text).map(|milliseconds| milliseconds / 1000.0),
        factor: Some(0.001),
    },
    NumberKind {
        name: "number_in_text",
        what: "a text with one number in it, such as `Extremely likely - 10`",
        about: "the one number among words",
        examples: &[("Extremely likely - 10", 10.0), ("0 (Not at all)", 0.0), ("4.5 stars", 4.5), ("9", 9.0)],
        of_text: number_in_text,
        factor: Some(1.0),
    },
];

impl fmt::Debug for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for NumberKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl NumberKind {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// What it reads, with examples.
    fn described(&self) -> String {
        let examples = self.examples.iter().map(|(text, number)| format!("`{text}` is {number}"));
        format!("{}: {}", self.about, examples.collect::<Vec<_>>().join(", "))
    }

    /// The number that a text is; none where it does not fit.
    pub(crate) fn read(&self, text: &str, style: NumberStyle) -> Option<f64> {
        (self.of_text)(text.trim(), style).filter(|number| number.is_finite())
    }
}

/// Whether a text is an amount of money, with or without its currency.
pub(crate) fn is_amount(text: &str, style: NumberStyle) -> bool {
    money::amount(text, style).is_some()
}

/// The number of `2,5 %`.
fn percent(text: &str, style: NumberStyle) -> Option<f64> {
    let number = text.strip_suffix('%').or_else(|| text.strip_prefix('%'))?;
    style.parse_grouped(number.trim())
}

/// The one number in a text.
fn number_in_text(text: &str, style: NumberStyle) -> Option<f64> {
    let start = text.find(|character: char| character.is_ascii_digit())?;
    let end = text.rfind(|character: char| character.is_ascii_digit())? + 1;
    let (before, after) = (&text[..start], &text[end..]);
    // A letter beside digits makes a name of both: B2B, 10th.
    if before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric) {
        return None;
    }
    // A minus stands at the start, or is a dash between words; a dash that touches the number after a space could be either.
    let sign = match before.trim_end_matches(['-', '−']) {
        "" if before.chars().count() == 1 => -1.0,
        rest if rest.len() < before.len() && rest.ends_with(char::is_whitespace) => return None,
        _ => 1.0,
    };
    style.parse_grouped(&text[start..end]).map(|number| sign * number)
}

impl CellFormat {
    /// What the config says of a column: why values of the first rows, or the way that they are stored, can't be this; and a currency
    /// that all of them have, for amounts of money.
    ///
    /// `shows_cells` says whether messages may show a text.
    pub(crate) fn settled(&self, stored: &DataType, texts: &[String], style: NumberStyle, shows_cells: bool) -> Result<Self, String> {
        let shown = |text: &str| if shows_cells { format!(": `{}`", text.chars().take(40).collect::<String>()) } else { String::new() };
        if stored != &DataType::String {
            let fits = match self {
                Self::Number(kind) if matches!(stored, DataType::Duration(_)) => kind.name == "duration",
                Self::Number(kind) => kind.factor.is_some() && (stored.is_primitive_numeric() || matches!(stored, DataType::Decimal(..))),
                Self::Flag { .. } => stored.is_integer() || stored.is_bool(),
                Self::Currency(_) | Self::List(_) => false,
            };
            let reason = || format!("{} is text, and this column is stored as {stored}; leave it out", self.what());
            return fits.then(|| self.clone()).ok_or_else(reason);
        }
        let settled = match self {
            Self::Number(kind) if kind.name == "money" => {
                let currencies: BTreeSet<String> =
                    texts.iter().filter_map(|text| money::amount(text, style)?.1).map(str::to_owned).collect();
                if currencies.len() > 1 {
                    let all = currencies.iter().map(|currency| format!("`{currency}`")).collect::<Vec<_>>().join(", ");
                    return Err(format!(
                        "amounts in {all} can't be added up; make a table of each currency with `where`, or say the one that counts: \
                         `{{ money = \"{}\" }}`",
                        currencies.first().map(String::as_str).unwrap_or_default()
                    ));
                }
                currencies.into_iter().next().map_or_else(|| self.clone(), Self::Currency)
            }
            other => other.clone(),
        };
        if !texts.is_empty() && !texts.iter().any(|text| settled.fits(text, style)) {
            let near = KINDS.iter().find(|kind| texts.iter().all(|text| kind.read(text, style).is_some()));
            let near = near.map(|kind| format!("; say `\"{}\"`", kind.name)).unwrap_or_default();
            return Err(format!("no value of the first rows is {}{}{near}", settled.what(), shown(&texts[0])));
        }
        Ok(settled)
    }

    fn fits(&self, text: &str, style: NumberStyle) -> bool {
        match self {
            Self::Number(kind) => kind.read(text, style).is_some(),
            Self::Currency(currency) => money::in_currency(text, style, currency).is_some(),
            Self::Flag { yes, no } => {
                let text = text.trim().to_lowercase();
                yes.contains(&text) || no.contains(&text)
            }
            Self::List(_) => true,
        }
    }

    /// What a cell is, for messages.
    pub(crate) fn what(&self) -> Cow<'static, str> {
        match self {
            Self::Number(kind) => Cow::Borrowed(kind.what),
            Self::Currency(currency) => Cow::Owned(format!("an amount in `{currency}`")),
            Self::Flag { yes, no } => {
                let words: Vec<String> = yes.iter().chain(no).map(|word| format!("`{word}`")).collect();
                Cow::Owned(format!("one of {}", words.join(", ")))
            }
            Self::List(separator) => Cow::Owned(format!("a list with `{separator}` between values")),
        }
    }

    /// The type that SQL expressions see.
    pub(crate) fn looks_like(&self) -> DataType {
        match self {
            Self::Number(_) | Self::Currency(_) => DataType::Float64,
            Self::Flag { .. } => DataType::Boolean,
            Self::List(_) => DataType::List(Box::new(DataType::String)),
        }
    }

    /// Whether a metric's column of this type can be read from such cells. Texts and ids are taken as they are written.
    pub(crate) fn is_read_as(&self, kind: ColumnType) -> bool {
        match self {
            Self::Number(_) | Self::Currency(_) => kind == ColumnType::Number,
            Self::Flag { .. } => kind == ColumnType::Boolean,
            Self::List(_) => false,
        }
    }

    /// The values; null where they do not fit.
    pub(crate) fn read(&self, raw: Expr, stored: &DataType, style: NumberStyle) -> Expr {
        let is_text = stored == &DataType::String;
        match self {
            Self::Number(_) if let DataType::Duration(unit) = stored => seconds(raw, *unit),
            Self::Number(kind) if !is_text => finite(raw.cast(DataType::Float64) * lit(kind.factor.unwrap_or(f64::NAN))),
            Self::Number(kind) => {
                let kind: &'static NumberKind = kind;
                numbers_of(raw, move |text| kind.read(text, style))
            }
            Self::Currency(currency) => {
                let currency = currency.clone();
                numbers_of(raw, move |text| money::in_currency(text, style, &currency))
            }
            Self::Flag { yes, no } => {
                let text = if is_text { trimmed(raw) } else { raw.cast(DataType::String) }.str().to_lowercase();
                let is_one = |words: &[String]| {
                    let any = words.iter().map(|word| text.clone().eq(lit(word.as_str()))).reduce(Expr::or);
                    any.unwrap_or_else(|| lit(false))
                };
                when(is_one(yes)).then(lit(true)).when(is_one(no)).then(lit(false)).otherwise(lit(NULL))
            }
            Self::List(separator) => raw.str().split(lit(separator.as_str())),
        }
    }
}

/// What a config may say of a column that is stored as time spans.
pub(crate) fn seconds(duration: Expr, unit: TimeUnit) -> Expr {
    let per_second = match unit {
        TimeUnit::Nanoseconds => 1e9,
        TimeUnit::Microseconds => 1e6,
        TimeUnit::Milliseconds => 1e3,
    };
    quotient(duration.cast(DataType::Int64), lit(per_second))
}

impl<'de> Deserialize<'de> for CellFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> serde::de::Visitor<'de> for Written {
            type Value = CellFormat;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a format of cells, such as \"money\" or { true = [\"ja\"], false = [\"nej\"] }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<CellFormat, E> {
                NumberKind::named(name).map(CellFormat::Number).ok_or_else(|| {
                    let names = KINDS.iter().map(|kind| kind.name);
                    let help = nearest(name, names.clone()).map_or_else(
                        || format!("expected one of {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    );
                    E::custom(format!("`{name}` is not a format of cells, {help}"))
                })
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<CellFormat, A::Error> {
                let (mut yes, mut no, mut money, mut list) = (None, None, None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "true" => yes = Some(map.next_value::<Vec<String>>()?),
                        "false" => no = Some(map.next_value::<Vec<String>>()?),
                        "money" => money = Some(map.next_value::<String>()?),
                        "list" => list = Some(map.next_value::<String>()?),
                        other => {
                            return Err(A::Error::custom(format!(
                                "unknown key `{other}`, expected `true` and `false`, `money`, or `list`"
                            )));
                        }
                    }
                }
                match (yes, no, money, list) {
                    (Some(yes), Some(no), None, None) => flag(&yes, &no).map_err(A::Error::custom),
                    (Some(_), None, None, None) => Err(A::Error::custom("the words for false are missing: write `false = [\"…\"]`")),
                    (None, Some(_), None, None) => Err(A::Error::custom("the words for true are missing: write `true = [\"…\"]`")),
                    (None, None, Some(currency), None) => {
                        money::known(&currency).map(|known| CellFormat::Currency(known.to_owned())).ok_or_else(|| {
                            A::Error::custom(format!("`{currency}` is not a currency that is known; write it such as \"$\" or \"DKK\""))
                        })
                    }
                    (None, None, None, Some(separator)) if !separator.is_empty() => Ok(CellFormat::List(separator)),
                    (None, None, None, Some(_)) => {
                        Err(A::Error::custom("what stands between the values of a list is missing, such as `list = \";\"`"))
                    }
                    _ => Err(A::Error::custom("a format is one thing: words for `true` and `false`, `money` with a currency, or a `list`")),
                }
            }
        }
        deserializer.deserialize_any(Written)
    }
}

fn flag(yes: &[String], no: &[String]) -> Result<CellFormat, String> {
    let small = |words: &[String]| words.iter().map(|word| word.trim().to_lowercase()).collect::<Vec<_>>();
    let (yes, no) = (small(yes), small(no));
    if let Some(both) = yes.iter().find(|word| no.contains(word)) {
        return Err(format!("`{both}` can't mean true and false"));
    }
    if yes.is_empty() || no.is_empty() {
        return Err("a flag has words for true and for false: write `{ true = [\"ja\"], false = [\"nej\"] }`".to_owned());
    }
    Ok(CellFormat::Flag { yes, no })
}

impl JsonSchema for CellFormat {
    fn schema_name() -> Cow<'static, str> {
        "CellFormat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let kinds: Vec<_> = KINDS.iter().map(|kind| serde_json::json!({ "const": kind.name, "description": kind.described() })).collect();
        let words = serde_json::json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
        let mut any = kinds;
        any.push(serde_json::json!({
            "type": "object",
            "description": "words for true and for false, whatever their case",
            "properties": { "true": words, "false": words },
            "required": ["true", "false"],
            "additionalProperties": false
        }));
        let one = |key: &str, about: &str| {
            serde_json::json!({
                "type": "object",
                "description": about,
                "properties": { key: { "type": "string" } },
                "required": [key],
                "additionalProperties": false
            })
        };
        any.push(one("money", "amounts in this currency; those in others are rejected"));
        any.push(one("list", "values with this between them, for expressions"));
        json_schema!({ "description": "How cells are written, where they are not plain numbers, flags or times.", "anyOf": any })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_its_examples() {
        for kind in &KINDS {
            assert!(!kind.examples.is_empty());
            for (text, number) in kind.examples {
                assert_eq!(kind.read(text, NumberStyle::default()), Some(*number), "{}: {text}", kind.name);
                assert_eq!(kind.read(&format!(" {text}\u{a0}"), NumberStyle::default()), Some(*number), "{}: {text}", kind.name);
            }
            for text in ["", "x", "NaN", "inf", "1e999", "%", "$"] {
                assert_eq!(kind.read(text, NumberStyle::default()), None, "{}: {text}", kind.name);
            }
        }
    }

    #[test]
    fn percentages_have_their_sign() {
        let comma = NumberStyle { decimal_comma: true, thousands: None };
        for (text, number) in
            [("2,5 %", Some(2.5)), ("0,83\u{a0}%", Some(0.83)), ("%25", Some(25.0)), ("−3 %", Some(-3.0)), ("1.200 %", None)]
        {
            assert_eq!(percent(text, comma), number, "{text}");
        }
        for text in ["5", "0.05", "5%%", "5% off", "5 ‰", "1,2 %"] {
            assert_eq!(percent(text, NumberStyle::default()), None, "{text}");
        }
    }

    #[test]
    fn one_number_among_words_is_read_and_none_of_two() {
        for (text, number) in [
            ("Extremely likely - 10", Some(10.0)),
            ("Not at all likely-0", Some(0.0)),
            ("0 (Not at all)", Some(0.0)),
            ("(7) rather good", Some(7.0)),
            ("-1: worse", Some(-1.0)),
            ("4.5★", Some(4.5)),
            ("Score: 9.", Some(9.0)),
            ("9", Some(9.0)),
            ("10/10", None),
            ("4 of 5", None),
            ("B2B", None),
            ("10th", None),
            ("likely -10", None),
            ("Q1 - 10", None),
            ("no", None),
        ] {
            assert_eq!(number_in_text(text, NumberStyle::default()), number, "{text}");
        }
        assert_eq!(number_in_text("4,5 stjerner", NumberStyle { decimal_comma: true, thousands: None }), Some(4.5));
        assert_eq!(number_in_text("4,5 stjerner", NumberStyle::default()), None);
    }

    #[test]
    fn amounts_in_several_currencies_are_refused() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let settled = |values: &[&str]| {
            CellFormat::Number(NumberKind::named("money").unwrap()).settled(&DataType::String, &texts(values), NumberStyle::default(), true)
        };
        assert_eq!(settled(&["$5", "7", "$1.50"]), Ok(CellFormat::Currency("$".to_owned())));
        assert!(settled(&["$5", "€7"]).unwrap_err().contains("`$`, `€`"));
        assert!(settled(&["5 %", "7 %"]).unwrap_err().contains("say `\"percent\"`"));
    }
}
