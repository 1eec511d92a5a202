//! Numbers as people write them: with a decimal comma, and with digits in groups.

use polars::prelude::{DataType, Expr, Field, Float64Chunked, IntoColumn, arity::unary_elementwise};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// How the texts of a table write numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NumberStyle {
    /// 1,5 instead of 1.5.
    pub(crate) decimal_comma: bool,
    /// What stands between groups of three digits; none where nothing does.
    pub(crate) thousands: Option<Thousands>,
}

/// What stands between groups of three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thousands(pub(crate) char);

impl<'de> Deserialize<'de> for Thousands {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "." | "," | "'" | " " => Ok(Self(text.chars().next().unwrap_or('.'))),
            _ => Err(D::Error::custom(format!("`{text}` does not separate thousands: write it \".\", \",\", \"'\" or \" \""))),
        }
    }
}

impl Thousands {
    fn is(self, character: char) -> bool {
        // A space between digits is often one that no line breaks at, and an apostrophe a typographic one.
        match self.0 {
            ' ' => matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'),
            '\'' => matches!(character, '\'' | '’'),
            mark => character == mark,
        }
    }
}

impl NumberStyle {
    /// The number that a text writes; none where it writes none, or none that is finite.
    pub(crate) fn parse(self, text: &str) -> Option<f64> {
        let text = text.trim();
        if self == Self::default() {
            return text.parse().ok().filter(|number: &f64| number.is_finite());
        }
        let (negative, digits) = match text.strip_prefix(['-', '−']) {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(digits, exponent)| (digits, Some(exponent)));
        let point = if self.decimal_comma { ',' } else { '.' };
        let (whole, fraction) = digits.split_once(point).map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut plain = String::with_capacity(text.len());
        plain.extend(negative.then_some('-'));
        self.push_whole(whole, &mut plain)?;
        for (mark, part) in [('.', fraction), ('e', exponent)] {
            if let Some(part) = part {
                plain.push(mark);
                plain.push_str(part);
            }
        }
        let written = |part: Option<&str>| part.is_none_or(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if !written(fraction) || whole.is_empty() && fraction.is_none_or(str::is_empty) {
            return None;
        }
        plain.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The number that a text writes, also with groups of three digits that can be meant in one way only: what stands between them is
    /// declared, a space or an apostrophe; or it is the mark that is not the decimal one, and comes twice or before the decimal one.
    pub(crate) fn parse_grouped(self, text: &str) -> Option<f64> {
        let point = if self.decimal_comma { ',' } else { '.' };
        let (whole, has_fraction) = text.split_once(point).map_or((text, false), |(whole, _)| (whole, true));
        let mut marks = whole.chars().filter(|character| !character.is_ascii_digit() && !"+-−".contains(*character));
        let thousands = match marks.next() {
            None => return self.parse(text),
            Some(mark) if [' ', '\''].into_iter().any(|known| Thousands(known).is(mark)) => {
                if Thousands(' ').is(mark) {
                    Thousands(' ')
                } else {
                    Thousands('\'')
                }
            }
            Some(mark @ ('.' | ',')) if has_fraction || marks.next() == Some(mark) || self.thousands == Some(Thousands(mark)) => {
                Thousands(mark)
            }
            Some(_) => return None,
        };
        Self { thousands: Some(thousands), ..self }.parse(text)
    }

    /// Adds the digits before the decimal point. Groups of more or fewer than three digits are refused: 1.5 is not 15.
    fn push_whole(self, whole: &str, plain: &mut String) -> Option<()> {
        let mut groups = whole.split(|character| self.thousands.is_some_and(|thousands| thousands.is(character)));
        let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
        let first = groups.next().filter(|first| digits(first))?;
        plain.push_str(first);
        let mut grouped = false;
        for group in groups {
            if group.len() != 3 || !digits(group) {
                return None;
            }
            plain.push_str(group);
            grouped = true;
        }
        (!grouped || (1..=3).contains(&first.len())).then_some(())
    }

    /// Texts as finite numbers; null where they are not finite numbers.
    pub(crate) fn read(self, text: Expr) -> Expr {
        numbers_of(text, move |text| self.parse(text))
    }
}

/// Texts as the numbers that they are read as; null where they are not numbers.
pub(crate) fn numbers_of(text: Expr, read: impl Fn(&str) -> Option<f64> + Clone + Send + Sync + 'static) -> Expr {
    text.map_with_fmt_str(
        move |column| {
            let texts = column.as_materialized_series().str()?;
            let numbers: Float64Chunked = unary_elementwise(texts, |text: Option<&str>| text.and_then(&read));
            Ok(numbers.into_column().with_name(column.name().clone()))
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Float64)),
        "number",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(decimal_comma: bool, thousands: Option<char>) -> NumberStyle {
        NumberStyle { decimal_comma, thousands: thousands.map(Thousands) }
    }

    #[test]
    fn nordic_numbers_are_read() {
        let danish = style(true, Some('.'));
        for (text, number) in [
            ("1.234,50", 1234.5),
            (" -0,5 ", -0.5),
            ("1234,5", 1234.5),
            ("−1.234.567", -1_234_567.0),
            ("12", 12.0),
            (",5", 0.5),
            ("1,5E3", 1500.0),
        ] {
            assert_eq!(danish.parse(text), Some(number), "{text}");
        }
        assert_eq!(style(true, Some(' ')).parse("1\u{a0}234\u{202f}567,25"), Some(1_234_567.25));
        assert_eq!(style(false, Some('\'')).parse("1'234.5"), Some(1234.5));
    }

    #[test]
    fn groups_that_can_be_meant_in_one_way_need_no_declaration() {
        let (point, comma) = (style(false, None), style(true, None));
        for (style, text, number) in [
            (point, "1,234.50", Some(1234.5)),
            (point, "1,234,567", Some(1_234_567.0)),
            (point, "1'234.5", Some(1234.5)),
            (point, "1’234", Some(1234.0)),
            (point, "1\u{202f}234.5", Some(1234.5)),
            (point, "-12.5", Some(-12.5)),
            // One comma could be the decimal one of another country.
            (point, "1,234", None),
            (style(false, Some(',')), "1,234", Some(1234.0)),
            (point, "1.234,50", None),
            (point, "1,23.5", None),
            (point, "1,234 567.5", None),
            (comma, "1.234,50", Some(1234.5)),
            (comma, "1 234,50", Some(1234.5)),
            (comma, "1.234", None),
            (comma, "1.234.567", Some(1_234_567.0)),
            (comma, "1,234.50", None),
            (comma, "", None),
        ] {
            assert_eq!(style.parse_grouped(text), number, "{text}");
        }
    }

    #[test]
    fn what_could_be_another_number_is_none() {
        let danish = style(true, Some('.'));
        for text in ["1.5", "1.23,4", "1234.567", "1,2,3", "12.34.567", "", ",", "-", ".123", "1.234.", "kr. 5", "1,-5", "NaN", "inf"] {
            assert_eq!(danish.parse(text), None, "{text}");
        }
        assert_eq!(style(true, None).parse("1.234,5"), None);
        assert_eq!(style(false, Some(',')).parse("1,5"), None);
        for text in ["NaN", "inf", "-Infinity", "1e999", "1,5", "0x10"] {
            assert_eq!(NumberStyle::default().parse(text), None, "{text}");
        }
    }
}
