//! How the language of a report writes numbers, dates and its fixed words.
//!
//! All outputs round alike ([`human`]); only the signs and words around the digits are the language's. Months, separators and the order
//! of a date's parts are those of the Unicode CLDR.

mod words;

use custometer_core::{Baseline, CurrencyCode, Grain, Period, Unit};
use custometer_runner::Locale;
use custometer_runner::result::ResultRow;
use jiff::Zoned;
use jiff::civil::Date;

pub(crate) use words::{Words, filled};

use crate::human::{self, Rounded, Suffix};
use crate::period;
use crate::quantity::Quantity;

/// A space that no line breaks at.
const GLUE: char = '\u{a0}';

/// A language, ready to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language {
    /// Which one it is.
    pub(crate) locale: Locale,
    /// Its fixed words.
    pub(crate) words: &'static Words,
}

impl Language {
    /// The language of a locale.
    pub(crate) fn of(locale: Locale) -> Self {
        Self { locale, words: Words::of(locale) }
    }

    /// A value in its unit.
    pub(crate) fn value(self, value: f64, quantity: impl Into<Quantity>) -> String {
        let quantity = quantity.into();
        self.written(value, &without_cents(Rounded::value(value, quantity), value, quantity))
    }

    /// A change with its sign; that of a percentage is in percentage points.
    pub(crate) fn change(self, change: f64, quantity: impl Into<Quantity>) -> String {
        let quantity = quantity.into();
        self.written(change, &without_cents(Rounded::change(change, quantity), change, quantity))
    }

    /// A relative change: a percentage with its sign.
    pub(crate) fn relative(self, percent: f64) -> String {
        self.written(percent, &Rounded::relative(percent))
    }

    /// A number of things.
    pub(crate) fn count(self, count: f64) -> String {
        self.digits(&human::count(count))
    }

    /// A measure, which has no unit: whole, or with four digits that mean something.
    pub(crate) fn measure(self, value: f64) -> String {
        let decimals = if value.fract() == 0.0 {
            0
        } else {
            [1000.0, 100.0, 10.0, 1.0, 0.1, 0.01].iter().filter(|limit| value.abs() < **limit).count()
        };
        self.digits(&human::fixed(value, decimals))
    }

    /// A whole number of things.
    pub(crate) fn whole(self, count: u64) -> String {
        self.count(count as f64)
    }

    /// The number of a dimension, with the digits that it has: 2024 may be a year.
    pub(crate) fn plain(self, number: f64) -> String {
        self.digits(&number.to_string())
    }

    /// A number on an axis whose ticks are `step` apart: no more digits than tell them apart.
    pub(crate) fn tick(self, value: f64, step: f64, quantity: impl Into<Quantity>) -> String {
        let unit = quantity.into().unit;
        let fraction = |decimals: i32| (step * 10_f64.powi(decimals)).fract();
        let decimals =
            (0..4).find(|decimals| fraction(*decimals).min(1.0 - fraction(*decimals)) < 1e-6).unwrap_or(4).unsigned_abs() as usize;
        match unit {
            Unit::Seconds => self
                .digits(&human::value(value, unit).replace(".0 s", " s").replace(" 00 min", "").replace(" 00 s", "").replace(" 0 h", "")),
            Unit::Percent => self.written(value, &Rounded { digits: human::fixed(value, decimals), suffix: Suffix::Percent }),
            _ => self.digits(&human::fixed(value, decimals)),
        }
    }

    /// Both ends of an interval, or the one there is; nothing for none.
    pub(crate) fn interval(self, low: Option<f64>, high: Option<f64>, quantity: impl Into<Quantity>) -> String {
        let quantity = quantity.into();
        let show = |bound| self.value(bound, quantity);
        match (low, high) {
            (Some(low), Some(high)) => {
                // What stands after a percentage or an amount stands once, after the higher end.
                let is_after = quantity == Unit::Percent || quantity.currency.is_some() && self.locale != Locale::En;
                let low =
                    if is_after { self.digits(&without_cents(Rounded::value(low, quantity), low, quantity).digits) } else { show(low) };
                format!("{low}{GLUE}–{GLUE}{}", show(high))
            }
            (Some(low), None) => format!("≥{GLUE}{}", show(low)),
            (None, Some(high)) => format!("≤{GLUE}{}", show(high)),
            (None, None) => String::new(),
        }
    }

    /// A day, such as "3 Jan 2025".
    pub(crate) fn date(self, date: Date) -> String {
        format!("{}{GLUE}{}", self.day(date), date.year())
    }

    /// A day without its year.
    fn day(self, date: Date) -> String {
        let dot = if matches!(self.locale, Locale::Da | Locale::Nb) { "." } else { "" };
        format!("{}{dot}{GLUE}{}", date.day(), self.month(date.month()))
    }

    fn month(self, month: i8) -> &'static str {
        usize::try_from(month - 1).ok().and_then(|month| self.words.months.get(month)).copied().unwrap_or_default()
    }

    /// The first and the last day of a period.
    pub(crate) fn period(self, period: Period) -> String {
        format!("{} – {}", self.date(period.from), self.date(period.until.yesterday().unwrap_or(period.until)))
    }

    /// What each row calls its bucket; nothing where it has none.
    pub(crate) fn buckets(self, rows: &[ResultRow], fiscal_year_start: i8) -> Vec<Bucket> {
        let named = period::are_named(rows, fiscal_year_start);
        rows.iter()
            .map(|row| {
                row.start.as_ref().zip(row.end.as_ref()).map(|(start, end)| self.bucket(row, (start, end), named)).unwrap_or_default()
            })
            .collect()
    }

    fn bucket(self, row: &ResultRow, (start, end): (&Zoned, &Zoned), named: bool) -> Bucket {
        let (first, last) = (start.date(), period::before(end).date());
        let year = start.year().to_string();
        if let Some(own) = row.period {
            let name = human::line(own.as_str());
            return Bucket { long: format!("{name} ({} – {})", self.date(first), self.date(last)), short: name, year };
        }
        let named = named.then(|| match row.grain {
            Grain::Hour => {
                let repeated = start.time_zone().to_ambiguous_timestamp(start.datetime()).is_ambiguous();
                let clock = start.strftime(if repeated { "%H:%M %:z" } else { "%H:%M" }).to_string();
                Some(Bucket { long: format!("{}{GLUE}{clock}", self.date(first)), short: clock, year: self.day(first) })
            }
            Grain::Day => Some(Bucket { long: self.date(first), short: self.day(first), year }),
            Grain::Week => {
                let week = first.iso_week_date();
                let name = format!("{}{GLUE}{}", self.words.week, week.week());
                Some(Bucket { long: format!("{name} {}", week.year()), short: name, year: week.year().to_string() })
            }
            Grain::Month => {
                let month = self.month(first.month()).to_owned();
                Some(Bucket { long: format!("{month}{GLUE}{year}"), short: month, year })
            }
            Grain::Quarter => {
                let name = self.words.quarter.replace("{}", &((first.month() + 2) / 3).to_string());
                Some(Bucket { long: format!("{name}{GLUE}{year}"), short: name, year })
            }
            Grain::Year => Some(Bucket { long: year.clone(), short: year, year: String::new() }),
            Grain::Total | Grain::Named(_) => None,
        });
        named.flatten().unwrap_or_else(|| {
            let long = format!("{} – {}", self.date(first), self.date(last));
            Bucket { long, short: self.day(first), year: first.year().to_string() }
        })
    }

    /// How a baseline is called.
    pub(crate) fn baseline(self, baseline: Baseline) -> String {
        match baseline {
            Baseline::Previous => self.words.previous.to_owned(),
            Baseline::YearAgo => self.words.year_ago.to_owned(),
            Baseline::Named(name) => human::line(name.as_str()),
        }
    }

    /// How what is compared with a baseline is called.
    pub(crate) fn versus(self, baseline: Baseline) -> String {
        match baseline {
            Baseline::Previous => self.words.versus_previous.to_owned(),
            Baseline::YearAgo => self.words.versus_year_ago.to_owned(),
            Baseline::Named(name) => filled(self.words.versus, &[&human::line(name.as_str())]),
        }
    }

    /// What stands before and after an amount of a currency.
    pub(crate) fn around_money(self, code: CurrencyCode) -> (String, String) {
        let written = self.money("0", code);
        written.split_once('0').map(|(before, after)| (before.to_owned(), after.to_owned())).unwrap_or_default()
    }

    /// What stands after the digits of a percentage.
    pub(crate) fn percent(self) -> &'static str {
        if self.locale == Locale::En { "%" } else { "\u{a0}%" }
    }

    /// A number that was rounded, as the language writes it.
    fn written(self, number: f64, rounded: &Rounded) -> String {
        let digits = self.digits(&rounded.digits);
        let counted = |[one, more]: [&'static str; 2]| if (number.abs() - 1.0).abs() < f64::EPSILON { one } else { more };
        let suffix = match rounded.suffix {
            Suffix::None => return digits,
            Suffix::Percent => return digits + self.percent(),
            Suffix::PercentagePoints => self.words.percentage_points,
            Suffix::Days => counted(self.words.days),
            Suffix::Months => counted(self.words.in_months),
            Suffix::Years => counted(self.words.years),
            Suffix::Currency(code) => return self.money(&digits, code),
        };
        format!("{digits}{GLUE}{suffix}")
    }

    /// An amount with its currency, where the language has it: by a sign that means no other currency there, or by its code.
    fn money(self, digits: &str, code: CurrencyCode) -> String {
        let sign = match (code.as_str(), self.locale) {
            ("EUR", _) => "€",
            ("GBP", _) => "£",
            ("DKK", Locale::Da) => "kr.",
            ("NOK", Locale::Nb) | ("SEK", Locale::Sv) => "kr",
            (code, _) => code,
        };
        if self.locale != Locale::En {
            return format!("{digits}{GLUE}{sign}");
        }
        let glue = if sign.chars().count() > 1 { "\u{a0}" } else { "" };
        let number = digits.trim_start_matches(['+', '−']);
        format!("{}{sign}{glue}{number}", &digits[..digits.len() - number.len()])
    }

    /// What stands before a number's fraction.
    pub(crate) fn decimal(self) -> char {
        if self.locale == Locale::En { '.' } else { ',' }
    }

    /// Digits with the language's separators, a true minus, and spaces that no line breaks at.
    fn digits(self, text: &str) -> String {
        let (thousands, decimal) = match self.locale {
            Locale::Da => ('.', ','),
            Locale::Nb | Locale::Sv => (GLUE, ','),
            _ => (',', '.'),
        };
        let written = |character| match character {
            human::THOUSANDS => thousands,
            '.' => decimal,
            '-' => '−',
            ' ' => GLUE,
            other => other,
        };
        text.chars().map(written).collect()
    }
}

/// Money as people read it: cents of thousands say nothing.
fn without_cents(rounded: Rounded, number: f64, quantity: Quantity) -> Rounded {
    if quantity.unit != Unit::Currency || number.abs() < 1000.0 {
        return rounded;
    }
    let sign = if rounded.digits.starts_with('+') { "+" } else { "" };
    Rounded { digits: format!("{sign}{}", human::count(number.round())), ..rounded }
}

/// The names of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bucket {
    /// The whole name.
    pub(crate) long: String,
    /// The name within its year, or its day.
    pub(crate) short: String,
    /// What the short name leaves out.
    pub(crate) year: String,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn in_each(of: impl Fn(Language) -> String) -> [String; 4] {
        Locale::ALL.map(|locale| of(Language::of(locale)))
    }

    /// What ICU 75 writes by the CLDR, save that a minus is always the true one.
    #[test]
    fn numbers_and_dates_are_those_of_the_language() {
        let glued = |text: &str| text.replace(' ', "\u{a0}");
        assert_eq!(
            in_each(|language| language.count(-1_234_567.5)),
            ["−1,234,567.5", "−1.234.567,5", "−1 234 567,5", "−1 234 567,5"].map(glued)
        );
        assert_eq!(in_each(|language| language.value(12.3, Unit::Percent)), ["12.3%", "12,3 %", "12,3 %", "12,3 %"].map(glued));
        let day = date(2025, 3, 3);
        assert_eq!(in_each(|language| language.date(day)), ["3 Mar 2025", "3. mar. 2025", "3. mars 2025", "3 mars 2025"].map(glued));
        let months = |language: Language| language.words.months.join(" ");
        assert_eq!(
            in_each(months),
            [
                "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
                "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.",
                "jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.",
                "jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.",
            ]
        );
    }

    /// What ICU 75 writes by the CLDR with the narrowest sign that means no other currency, save that a minus is always the true one.
    #[test]
    fn amounts_are_written_in_the_way_of_the_language() {
        let of = |code: &str| Quantity { currency: CurrencyCode::new(code), ..Unit::Currency.into() };
        let glued = |text: &str| text.replace(' ', "\u{a0}");
        let shown = |number: f64, code: &str| in_each(|language| language.value(number, of(code)));
        assert_eq!(shown(-234.5, "EUR"), ["−€234.50", "−234,50 €", "−234,50 €", "−234,50 €"].map(glued));
        assert_eq!(shown(234.5, "DKK"), ["DKK 234.50", "234,50 kr.", "234,50 DKK", "234,50 DKK"].map(glued));
        assert_eq!(shown(41_234.5, "SEK"), ["SEK 41,235", "41.235 SEK", "41 235 SEK", "41 235 kr"].map(glued));
        assert_eq!(shown(88.6, "JPY"), ["JPY 89", "89 JPY", "89 JPY", "89 JPY"].map(glued));
        let changed = in_each(|language| language.change(12.0, of("USD")));
        assert_eq!(changed, ["+USD 12.00", "+12,00 USD", "+12,00 USD", "+12,00 USD"].map(glued));
        let between = in_each(|language| language.interval(Some(1.0), Some(2.0), of("EUR")));
        assert_eq!(between, ["€1.00 – €2.00", "1,00 – 2,00 €", "1,00 – 2,00 €", "1,00 – 2,00 €"].map(glued));
    }

    #[test]
    fn units_are_words_of_the_language() {
        let language = Language::of(Locale::Da);
        let shown = [
            language.value(1.0, Unit::Days),
            language.value(20.37, Unit::Months),
            language.change(-1.25, Unit::Percent),
            language.relative(12.0),
            language.value(7505.0, Unit::Seconds),
            language.value(41_234.56, Unit::Currency),
            language.change(1500.4, Unit::Currency),
            language.value(34.56, Unit::Currency),
            language.interval(Some(35.0), Some(47.5), Unit::Percent),
            language.interval(Some(35.0), None, Unit::Points),
        ];
        let expected =
            ["1,0 dag", "20,4 måneder", "−1,2 pp.", "+12,0 %", "2 h 05 min", "41.235", "+1.500", "34,56", "35,0 – 47,5 %", "≥ +35,0"];
        assert_eq!(shown.map(|text| text.replace('\u{a0}', " ")), expected);
    }

    #[test]
    fn ticks_have_no_more_digits_than_tell_them_apart() {
        let language = Language::of(Locale::En);
        let ticks = [(50.0, 25.0, Unit::Percent), (2.5, 2.5, Unit::Score), (0.1, 0.05, Unit::Ratio), (7200.0, 3600.0, Unit::Seconds)];
        let shown = ticks.map(|(value, step, unit)| language.tick(value, step, unit).replace('\u{a0}', " "));
        assert_eq!(shown, ["50%", "2.5", "0.10", "2 h"]);
    }

    #[test]
    fn a_measure_keeps_the_digits_that_mean_something() {
        let language = Language::of(Locale::En);
        assert_eq!(
            [0.242_593, 4.413_6, 122.456, 66_705.25, 790.0, 0.0].map(|measure| language.measure(measure)),
            ["0.2426", "4.414", "122.5", "66,705", "790", "0"]
        );
    }
}
