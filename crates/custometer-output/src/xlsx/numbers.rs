//! How the numbers of a request stand in cells: in which unit, and in which number format.
//!
//! A spreadsheet writes separators as its own reader does, so a format says only how many digits there are and what stands around them. Percentages
//! are fractions there, as every formula of a spreadsheet takes them to be; and durations are of one unit per request, since what is negative is no time of a clock.

use custometer_core::Unit;
use custometer_runner::result::{ResultRow, rounded};

use crate::human::Rounded;
use crate::locale::Language;
use crate::quantity::Quantity;
use crate::tidy::defined;

/// Units of durations: how many seconds they have, the sign that they have in all outputs, and up to how many seconds they serve.
const DURATIONS: [(f64, &str, f64); 4] =
    [(1.0, "s", 120.0), (60.0, "min", 7200.0), (3600.0, "h", 172_800.0), (86_400.0, "d", f64::INFINITY)];

/// The format of a whole number.
pub(super) const WHOLE: &str = "#,##0";

/// The format of a p-value.
pub(super) const P_VALUE: &str = "0.0000";

/// The format of a day.
pub(super) const DAY: &str = "yyyy-mm-dd";

/// The format of an hour.
pub(super) const HOUR: &str = "yyyy-mm-dd hh:mm";

/// A number with its format.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) format: String,
}

impl Number {
    /// About how many characters it takes.
    pub(super) fn length(&self) -> usize {
        let whole = format!("{:.0}", self.value).len();
        let around = self.format.split(';').next().unwrap_or_default().chars().filter(|character| !matches!(character, '"' | '\\')).count();
        whole + whole / 3 + around.saturating_sub(WHOLE.len() + 1)
    }
}

/// How the numbers of a request are written.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    language: Language,
    /// The seconds of the unit that durations are in, and its sign.
    duration: (f64, &'static str),
}

impl Numbers {
    /// The numbers of a request: durations are in the unit that suits the one in the middle.
    pub(super) fn of(rows: &[ResultRow], language: Language) -> Self {
        let mut values: Vec<f64> = rows.iter().filter_map(|row| defined(row.value)).map(f64::abs).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.get(values.len() / 2).copied().unwrap_or_default();
        let [first, ..] = DURATIONS;
        let (seconds, sign, _) = DURATIONS.into_iter().find(|(.., below)| middle < *below).unwrap_or(first);
        Self { language, duration: (seconds, sign) }
    }

    /// A value in its unit.
    pub(super) fn value(self, value: f64, quantity: impl Into<Quantity>) -> Number {
        let quantity = quantity.into();
        let (value, shown) = self.scaled(value, quantity);
        let pattern = self.pattern(decimals(shown, quantity), quantity);
        Number { value, format: if quantity == Unit::Points { signed(&pattern) } else { pattern } }
    }

    /// A change of a value, with its sign; that of a percentage is in percentage points.
    pub(super) fn change(self, change: f64, quantity: impl Into<Quantity>) -> Number {
        let quantity = quantity.into();
        let (value, shown) = self.scaled(change, quantity);
        if quantity == Unit::Percent {
            let pattern = digits(decimals(shown, quantity)) + &quoted(&format!("\u{a0}{}", self.language.words.percentage_points));
            return Number { value: shown, format: signed(&pattern) };
        }
        Number { value, format: signed(&self.pattern(decimals(shown, quantity), quantity)) }
    }

    /// A relative change.
    pub(super) fn relative(self, percent: f64) -> Number {
        let number = self.value(percent, Unit::Percent);
        Number { format: signed(&number.format), ..number }
    }

    /// The format of an axis whose largest number is this one.
    pub(super) fn axis(self, largest: f64, quantity: Quantity) -> String {
        let (value, shown) = self.scaled(largest, quantity);
        let shown = if quantity == Unit::Percent { shown } else { value };
        let decimals = [10.0, 1.0, 0.1, 0.01].into_iter().filter(|limit| shown.abs() < *limit).count();
        self.pattern(if quantity == Unit::Count { 0 } else { decimals }, quantity)
    }

    /// The number that a cell has, and the one whose digits are shown.
    fn scaled(self, value: f64, quantity: Quantity) -> (f64, f64) {
        match quantity.unit {
            Unit::Percent => (rounded(value / 100.0), value),
            Unit::Seconds => {
                let value = rounded(value / self.duration.0);
                (value, value)
            }
            _ => (value, value),
        }
    }

    /// A format with so many decimals, and what stands around the number.
    fn pattern(self, decimals: usize, quantity: Quantity) -> String {
        let digits = digits(decimals);
        let words = self.language.words;
        let after = |suffix: &str| format!("{digits}{}", quoted(&format!("\u{a0}{suffix}")));
        match (quantity.unit, quantity.currency) {
            // Unquoted, the sign is what makes a percentage of a fraction.
            (Unit::Percent, _) => digits + &self.language.percent().replace('\u{a0}', "\\ "),
            (Unit::Seconds, _) => after(self.duration.1),
            (Unit::Days, _) => after(words.days[1]),
            (Unit::Months, _) => after(words.in_months[1]),
            (Unit::Years, _) => after(words.years[1]),
            (Unit::Currency, Some(code)) => {
                let (before, after) = self.language.around_money(code);
                quoted(&before) + &digits + &quoted(&after)
            }
            _ => digits,
        }
    }
}

/// With how many decimals a number is shown: as all outputs show it.
fn decimals(value: f64, quantity: Quantity) -> usize {
    let quantity = if quantity == Unit::Seconds { Quantity { unit: Unit::Days, ..quantity } } else { quantity };
    Rounded::value(value, quantity).digits.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// The format of a number with so many decimals.
fn digits(decimals: usize) -> String {
    if decimals == 0 { WHOLE.to_owned() } else { format!("{WHOLE}.{}", "0".repeat(decimals)) }
}

/// A format for numbers with their sign.
fn signed(pattern: &str) -> String {
    format!("+{pattern};-{pattern};{pattern}")
}

/// A text that means nothing but itself in a format.
fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\"{}\"", text.replace('"', "")) }
}

#[cfg(test)]
mod tests {
    use custometer_core::CurrencyCode;
    use custometer_runner::Locale;

    use super::*;
    use crate::fixture;

    fn numbers(values: &[f64], locale: Locale) -> Numbers {
        let row = fixture::result().results[0].clone();
        let rows: Vec<ResultRow> = values.iter().map(|value| ResultRow { value: Some(*value), ..row.clone() }).collect();
        Numbers::of(&rows, Language::of(locale))
    }

    fn written(number: &Number) -> (f64, String) {
        (number.value, number.format.replace('\u{a0}', "_"))
    }

    #[test]
    fn a_number_has_the_format_of_its_unit() {
        let numbers = numbers(&[1.0], Locale::En);
        let of = |value: f64, unit: Unit| written(&numbers.value(value, unit));
        assert_eq!(of(12.34, Unit::Percent), (0.1234, "#,##0.0%".to_owned()));
        // As many digits as all outputs show.
        assert_eq!(of(0.042, Unit::Percent), (0.000_42, "#,##0.000%".to_owned()));
        assert_eq!(of(41.27, Unit::Points), (41.27, "+#,##0.0;-#,##0.0;#,##0.0".to_owned()));
        assert_eq!(of(4.2, Unit::Score), (4.2, "#,##0.00".to_owned()));
        assert_eq!(of(1310.0, Unit::Count), (1310.0, "#,##0".to_owned()));
        assert_eq!(of(20.37, Unit::Months), (20.37, "#,##0.0\"_months\"".to_owned()));
        assert_eq!(written(&numbers.change(-1.5, Unit::Percent)), (-1.5, "+#,##0.0\"_pp\";-#,##0.0\"_pp\";#,##0.0\"_pp\"".to_owned()));
        assert_eq!(written(&numbers.relative(-42.0)), (-0.42, "+#,##0.0%;-#,##0.0%;#,##0.0%".to_owned()));
    }

    #[test]
    fn an_amount_has_its_currency_in_the_way_of_the_language() {
        let of = |code: &str, locale: Locale| {
            let quantity = Quantity { currency: CurrencyCode::new(code), ..Unit::Currency.into() };
            written(&numbers(&[1.0], locale).value(1234.5, quantity)).1
        };
        assert_eq!(of("EUR", Locale::En), "\"€\"#,##0.00");
        assert_eq!(of("DKK", Locale::Da), "#,##0.00\"_kr.\"");
        assert_eq!(of("JPY", Locale::En), "\"JPY_\"#,##0");
        let percent = written(&numbers(&[1.0], Locale::Da).value(12.3, Unit::Percent)).1;
        assert_eq!(percent, "#,##0.0\\ %");
    }

    #[test]
    fn durations_of_a_request_are_in_the_unit_that_suits_the_one_in_the_middle() {
        let of = |values: &[f64], value: f64| written(&numbers(values, Locale::En).value(value, Unit::Seconds));
        assert_eq!(of(&[67.5], 67.5), (67.5, "#,##0.0\"_s\"".to_owned()));
        assert_eq!(of(&[600.0, 725.0, 900.0], 725.0), (12.083_333_333_3, "#,##0.0\"_min\"".to_owned()));
        assert_eq!(of(&[7505.0, 1.0, 9000.0], 7505.0), (2.084_722_222_22, "#,##0.0\"_h\"".to_owned()));
        assert_eq!(of(&[864_000.0], -864_000.0), (-10.0, "#,##0.0\"_d\"".to_owned()));
    }
}
