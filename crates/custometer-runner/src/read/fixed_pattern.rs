//! Times of a fixed shape, read without a general parser: most columns are of one pattern, and hold millions.

use custometer_core::time::INSTANT;
use polars::prelude::{Expr, Field, Int64Chunked, IntoColumn, arity::unary_elementwise};

/// A pattern all of whose parts have a fixed width: `%Y %m %d %H %M %S` and what stands between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FixedPattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Exactly(u8),
}

impl Token {
    fn width(self) -> usize {
        match self {
            Self::Year => 4,
            Self::Exactly(_) => 1,
            _ => 2,
        }
    }
}

impl FixedPattern {
    /// The pattern, where it is of a fixed shape.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut bytes = pattern.bytes();
        while let Some(byte) = bytes.next() {
            let added: &[Token] = match byte {
                b'%' => match bytes.next()? {
                    b'Y' => &[Token::Year],
                    b'm' => &[Token::Month],
                    b'd' => &[Token::Day],
                    b'H' => &[Token::Hour],
                    b'M' => &[Token::Minute],
                    b'S' => &[Token::Second],
                    b'F' => &[Token::Year, Token::Exactly(b'-'), Token::Month, Token::Exactly(b'-'), Token::Day],
                    b'T' => &[Token::Hour, Token::Exactly(b':'), Token::Minute, Token::Exactly(b':'), Token::Second],
                    b'R' => &[Token::Hour, Token::Exactly(b':'), Token::Minute],
                    _ => return None,
                },
                byte if byte.is_ascii_graphic() || byte == b' ' => &[Token::Exactly(byte)],
                _ => return None,
            };
            tokens.extend_from_slice(added);
        }
        let once = |token: Token| tokens.iter().filter(|other| **other == token).count() == 1;
        (once(Token::Year) && once(Token::Month) && once(Token::Day)).then_some(Self(tokens))
    }

    /// The microseconds since 1970 that a text says; none where it is not of this shape, or no such time exists.
    fn parse(&self, text: &str) -> Option<i64> {
        let mut rest = text.trim().as_bytes();
        let (mut year, mut month, mut day, mut seconds) = (0, 0, 0, 0);
        for token in &self.0 {
            let (part, after) = rest.split_at_checked(token.width())?;
            rest = after;
            if let Token::Exactly(byte) = token {
                if part[0] != *byte {
                    return None;
                }
                continue;
            }
            let mut number = 0;
            for byte in part {
                number = number * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
            }
            match token {
                Token::Year => year = number,
                Token::Month => month = number,
                Token::Day => day = number,
                Token::Hour if number < 24 => seconds += number * 3600,
                Token::Minute if number < 60 => seconds += number * 60,
                Token::Second if number < 60 => seconds += number,
                _ => return None,
            }
        }
        // A year of the first thousand is a day or a month that was taken for one.
        let fits = rest.is_empty() && year >= 1000 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        fits.then(|| (days_since_1970(year, month, day) * 86_400 + seconds) * 1_000_000)
    }

    /// Texts as [`INSTANT`]s, without a zone; null where they do not fit.
    pub(crate) fn read(&self, text: Expr) -> Expr {
        let pattern = self.clone();
        text.map_with_fmt_str(
            move |column| {
                let texts = column.as_materialized_series().str()?;
                let times: Int64Chunked = unary_elementwise(texts, |text: Option<&str>| text.and_then(|text| pattern.parse(text)));
                times.into_column().with_name(column.name().clone()).cast(&INSTANT)
            },
            |_, field| Ok(Field::new(field.name().clone(), INSTANT)),
            "time",
        )
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a date of the Gregorian calendar: years are counted from March, so that a leap day ends one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE_1970: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let days_in_full_months = (153 * since_march + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_in_full_months + day - 1 - BEFORE_1970
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_day_of_a_thousand_years_is_the_calendars() {
        let pattern = FixedPattern::of("%d.%m.%Y %H:%M:%S").unwrap();
        let mut day = date(1600, 1, 1);
        while day < date(2600, 1, 1) {
            let expected = day.at(23, 59, 58, 0).in_tz("UTC").unwrap().timestamp().as_microsecond();
            assert_eq!(pattern.parse(&day.strftime("%d.%m.%Y 23:59:58").to_string()), Some(expected), "{day}");
            day = day.checked_add(1.day()).unwrap();
        }
    }

    #[test]
    fn what_is_no_time_of_this_shape_is_none() {
        let pattern = FixedPattern::of("%Y-%m-%d").unwrap();
        for text in [
            "2025-02-29",
            "1900-02-29",
            "2025-00-10",
            "2025-13-01",
            "2025-04-31",
            "2025-1-01",
            "2025-01-01x",
            "25-01-01",
            "",
            "２025-01-01",
        ] {
            assert_eq!(pattern.parse(text), None, "{text}");
        }
        assert_eq!(pattern.parse(" 2000-02-29 "), Some(951_782_400_000_000));
        let clock = FixedPattern::of("%F %R").unwrap();
        assert_eq!(clock.parse("2025-01-01 24:00"), None);
        assert_eq!(clock.parse("2025-01-01 23:60"), None);
    }

    #[test]
    fn only_fixed_shapes_are_read_so() {
        for pattern in ["%Y-%m", "%d %b %Y", "%y%m%d", "%Y-%m-%dT%H:%M:%S%.f", "%d-%m-%Y %I:%M %p", "%Y-%m-%d%z"] {
            assert_eq!(FixedPattern::of(pattern), None, "{pattern}");
        }
        assert!(FixedPattern::of("%Y%m%d").is_some() && FixedPattern::of("%Y-%m-%dT%H:%M:%SZ").is_some());
    }
}
