//! Values as a person reads them: rounded, in their unit, with thousands set apart.

use std::fmt;

use custometer_core::{CurrencyCode, Unit};
use custometer_runner::result::harmless;

use crate::quantity::Quantity;

/// Between groups of three digits: a thin space.
pub(crate) const THOUSANDS: char = '\u{2009}';

/// What stands after a number. Each language has its own word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suffix {
    None,
    Percent,
    PercentagePoints,
    Days,
    Months,
    Years,
    Currency(CurrencyCode),
}

/// A number rounded for reading, and what stands after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rounded {
    /// The digits with their sign. The units of a duration, which has two, are among them.
    pub(crate) digits: String,
    pub(crate) suffix: Suffix,
}

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.suffix {
            Suffix::None => "",
            Suffix::Percent => " %",
            Suffix::PercentagePoints => " pp",
            Suffix::Days => " d",
            Suffix::Months => " mo",
            Suffix::Years => " y",
            Suffix::Currency(code) => return write!(f, "{} {code}", self.digits),
        };
        write!(f, "{}{suffix}", self.digits)
    }
}

/// A p-value: to two digits, or that it is tiny.
pub(crate) fn p_value(p_value: f64) -> String {
    let decimals = 2 + [0.1, 0.01, 0.001].into_iter().filter(|below| p_value < *below).count();
    if p_value < 0.0001 { "< 0.0001".to_owned() } else { fixed(p_value, decimals) }
}

impl Rounded {
    /// A value, such as `12.3 %`, `+41.3` or `2 h 05 min`.
    pub(crate) fn value(value: f64, quantity: impl Into<Quantity>) -> Self {
        let Quantity { unit, currency, digits } = quantity.into();
        let precise = |value: f64, decimals: usize| digits.map_or_else(|| precise(value, decimals), |digits| fixed(value, digits.into()));
        let tenths = digits.map_or(1, usize::from);
        let (digits, suffix) = match unit {
            Unit::Percent => (precise(value, 1), Suffix::Percent),
            Unit::Points if value > 0.0 => (format!("+{}", fixed(value, tenths)), Suffix::None),
            Unit::Points => (fixed(value, tenths), Suffix::None),
            Unit::Seconds => (duration(value, tenths), Suffix::None),
            Unit::Count => (count(value), Suffix::None),
            Unit::Currency => {
                let digits = currency.and_then(CurrencyCode::digits).unwrap_or(2);
                (fixed(value, digits as usize), currency.map_or(Suffix::None, Suffix::Currency))
            }
            Unit::Days => (precise(value, 1), Suffix::Days),
            Unit::Months => (precise(value, 1), Suffix::Months),
            Unit::Years => (precise(value, 1), Suffix::Years),
            // Scores, ratios, and units that are yet to come.
            _ => (precise(value, 2), Suffix::None),
        };
        Self { digits, suffix }
    }

    /// A change with its sign. That of a percentage is in percentage points, so that nobody reads it as a share.
    pub(crate) fn change(change: f64, quantity: impl Into<Quantity>) -> Self {
        let quantity = quantity.into();
        let rounded = Self::value(change, quantity).signed(change);
        if quantity == Unit::Percent { Self { suffix: Suffix::PercentagePoints, ..rounded } } else { rounded }
    }

    /// A relative change: a percentage with its sign.
    pub(crate) fn relative(percent: f64) -> Self {
        Self::value(percent, Unit::Percent).signed(percent)
    }

    /// With a plus before a positive number, unless it has one or is rounded to zero.
    fn signed(self, number: f64) -> Self {
        let is_signed = number <= 0.0 || self.digits.starts_with('+') || !is_above_zero(&self.digits);
        if is_signed { self } else { Self { digits: format!("+{}", self.digits), ..self } }
    }
}

/// A value in its unit, such as `12.3 %`, `+41.3` or `2 h 05 min`.
pub(crate) fn value(value: f64, quantity: impl Into<Quantity>) -> String {
    Rounded::value(value, quantity).to_string()
}

/// A change of a value in its unit, with its sign.
pub(crate) fn change(change: f64, quantity: impl Into<Quantity>) -> String {
    Rounded::change(change, quantity).to_string()
}

/// A relative change: a percentage with its sign.
pub(crate) fn relative(percent: f64) -> String {
    Rounded::relative(percent).to_string()
}

/// Whether any digit of a number is not zero.
fn is_above_zero(digits: &str) -> bool {
    digits.contains(|digit| ('1'..='9').contains(&digit))
}

/// A number of things: whole, unless it is weighted.
pub(crate) fn count(value: f64) -> String {
    fixed(value, usize::from(value.fract() != 0.0))
}

/// Text on one line that can't drive the terminal, from data or a config.
pub(crate) fn line(text: &str) -> String {
    harmless::line(text).into_owned()
}

/// As many of a text's characters as fit, in the units of UTF-16, which those who limit texts count in.
pub(crate) fn within(text: &str, longest: usize) -> &str {
    let mut length = 0;
    let end = text.char_indices().find(|(_, character)| {
        length += character.len_utf16();
        length > longest
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// Below so many seconds, minutes would hide what matters.
const SECONDS: f64 = 100.0;

/// Seconds as the two largest units that matter; few of them with so many decimals.
fn duration(seconds: f64, decimals: usize) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let seconds = seconds.abs();
    let few = fixed(seconds, decimals);
    // Rounded before each choice, so that 3599.7 s comes to 1 h 00 min and not to 60 min.
    let (whole, minutes, hours) = (seconds.round(), (seconds / 60.0).round(), (seconds / 3600.0).round());
    let text = if seconds == 0.0 {
        "0 s".to_owned()
    } else if (seconds * 1000.0).round() < 1000.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if few.parse::<f64>().is_ok_and(|shown| shown < SECONDS) {
        format!("{few} s")
    } else if whole < 3600.0 {
        format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0)
    } else if minutes < 1440.0 {
        format!("{:.0} h {:02.0} min", (minutes / 60.0).floor(), minutes % 60.0)
    } else {
        format!("{} d {:.0} h", fixed((hours / 24.0).floor(), 0), hours % 24.0)
    };
    format!("{sign}{text}")
}

/// At least `decimals` decimals; more where a small value would lose its two leading digits, up to five.
fn precise(value: f64, decimals: usize) -> String {
    let below = [1.0, 0.1, 0.01, 0.001].into_iter().filter(|limit| value != 0.0 && value.abs() < *limit).count();
    fixed(value, if below == 0 { decimals } else { decimals.max(below + 1) })
}

/// A number with so many decimals and its thousands set apart.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let rounded = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let mut text = String::new();
    // What rounds to zero has no sign.
    if value < 0.0 && is_above_zero(&rounded) {
        text.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(THOUSANDS);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_their_unit() {
        for (number, unit, expected) in [
            (12.34, Unit::Percent, "12.3 %"),
            (0.042, Unit::Percent, "0.042 %"),
            (0.0, Unit::Percent, "0.0 %"),
            (100.0, Unit::Percent, "100.0 %"),
            (41.27, Unit::Points, "+41.3"),
            (-0.01, Unit::Points, "0.0"),
            (-41.27, Unit::Points, "-41.3"),
            (4.2, Unit::Score, "4.20"),
            (1.0, Unit::Ratio, "1.00"),
            (0.0032, Unit::Ratio, "0.0032"),
            (12.0, Unit::Days, "12.0 d"),
            (20.37, Unit::Months, "20.4 mo"),
            (0.5, Unit::Years, "0.50 y"),
            (999.0, Unit::Count, "999"),
            (1_234_567.0, Unit::Count, "1\u{2009}234\u{2009}567"),
            (12.5, Unit::Count, "12.5"),
            (-1234.5, Unit::Currency, "-1\u{2009}234.50"),
            (0.999, Unit::Currency, "1.00"),
        ] {
            assert_eq!(value(number, unit), expected);
        }
    }

    #[test]
    fn p_values_have_two_digits() {
        assert_eq!([0.028_5, 0.45, 1.0, 0.000_123, 0.000_01].map(p_value), ["0.029", "0.45", "1.00", "0.00012", "< 0.0001"]);
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let shown = [("EUR", 1234.5), ("JPY", 26_400.4), ("KWD", -0.0004), ("XAU", 2.0)].map(|(code, number)| {
            let quantity = Quantity { currency: CurrencyCode::new(code), ..Unit::Currency.into() };
            (value(number, quantity), change(number, quantity))
        });
        let expected = [
            ("1\u{2009}234.50 EUR", "+1\u{2009}234.50 EUR"),
            ("26\u{2009}400 JPY", "+26\u{2009}400 JPY"),
            ("0.000 KWD", "0.000 KWD"),
            ("2.00 XAU", "+2.00 XAU"),
        ];
        assert_eq!(shown, expected.map(|(value, change)| (value.to_owned(), change.to_owned())));
    }

    #[test]
    fn durations_are_shown_in_their_two_largest_units_and_few_seconds_in_tenths() {
        for (seconds, expected) in [
            (0.0, "0 s"),
            (0.35, "350 ms"),
            (0.9999, "1.0 s"),
            (1.54, "1.5 s"),
            (9.96, "10.0 s"),
            (45.0, "45.0 s"),
            (67.5, "67.5 s"),
            (99.94, "99.9 s"),
            (99.96, "1 min 40 s"),
            (725.0, "12 min 05 s"),
            (3599.6, "1 h 00 min"),
            (7505.0, "2 h 05 min"),
            (86_399.0, "1 d 0 h"),
            (273_600.0, "3 d 4 h"),
            (-7505.0, "-2 h 05 min"),
            (86_400_000.0, "1\u{2009}000 d 0 h"),
        ] {
            assert_eq!(value(seconds, Unit::Seconds), expected);
        }
    }

    #[test]
    fn a_report_says_how_many_decimals_there_are() {
        let of = |number: f64, unit: Unit, digits: u8| value(number, Quantity { digits: Some(digits), ..unit.into() });
        for (number, unit, digits, expected) in [
            (12.345, Unit::Percent, 2, "12.35 %"),
            (0.042, Unit::Percent, 0, "0 %"),
            (41.27, Unit::Points, 0, "+41"),
            (4.2, Unit::Score, 3, "4.200"),
            (20.375, Unit::Months, 2, "20.38 mo"),
            (67.53, Unit::Seconds, 2, "67.53 s"),
            (67.53, Unit::Seconds, 0, "68 s"),
            (7505.0, Unit::Seconds, 2, "2 h 05 min"),
            // Things are counted, and amounts have the digits of their currency.
            (1234.0, Unit::Count, 2, "1\u{2009}234"),
            (1234.5, Unit::Currency, 0, "1\u{2009}234.50"),
        ] {
            assert_eq!(of(number, unit, digits), expected);
        }
    }

    #[test]
    fn changes_have_their_sign() {
        for (number, unit, expected) in [
            (1.25, Unit::Percent, "+1.2 pp"),
            (-0.04, Unit::Percent, "-0.040 pp"),
            (4.3, Unit::Points, "+4.3"),
            (-300.0, Unit::Seconds, "-5 min 00 s"),
            (300.0, Unit::Seconds, "+5 min 00 s"),
            (1500.0, Unit::Count, "+1\u{2009}500"),
            (0.004, Unit::Currency, "0.00"),
            (0.0, Unit::Ratio, "0.00"),
        ] {
            assert_eq!(change(number, unit), expected);
        }
        assert_eq!([relative(12.0), relative(-3.0), relative(0.0)], ["+12.0 %", "-3.0 %", "0.0 %"]);
    }
}
