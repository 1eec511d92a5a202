//! Units of the calendar: what things are counted per, and how long they are.

use jiff::{Unit, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::ParamError;

/// A length of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarUnit {
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month; as a length, 30.436875 days, a twelfth of the calendar's mean year.
    Month,
    /// Three calendar months.
    Quarter,
    /// A calendar year; as a length, 365.2425 days.
    Year,
}

impl CalendarUnit {
    /// The name in configs and notes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Its mean length in days.
    pub fn days(self) -> f64 {
        const PER_MONTH: f64 = 30.436_875;
        match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => PER_MONTH,
            Self::Quarter => 3.0 * PER_MONTH,
            Self::Year => 12.0 * PER_MONTH,
        }
    }

    /// How many of these lie between two instants: a calendar year is exactly one year, and February exactly one month. What is left is a part
    /// of the one that it is in. None where nothing lies between them.
    pub fn between(self, start: &Zoned, end: &Zoned) -> Option<f64> {
        let (unit, each) = match self {
            Self::Year => (Unit::Year, 1.0),
            Self::Quarter => (Unit::Month, 3.0),
            Self::Month => (Unit::Month, 1.0),
            Self::Week => (Unit::Week, 1.0),
            Self::Day => (Unit::Day, 1.0),
        };
        let length = start.until((unit, end)).and_then(|length| length.total((unit, start))).ok()?;
        Some(length / each).filter(|length| *length > 0.0)
    }
}

/// As long as anything about a customer lasts: a hundred years.
pub const LONGEST_DAYS: u32 = 36_525;

/// A number of days that a parameter gives, if it is from 1 to [`LONGEST_DAYS`].
pub fn checked_days(param: &str, days: u32) -> Result<u32, ParamError> {
    if (1..=LONGEST_DAYS).contains(&days) {
        return Ok(days);
    }
    Err(ParamError::new(param, format!("{days} is not from 1 to {LONGEST_DAYS} days")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_that_of_the_calendar() {
        let at = |date: &str| format!("{date}[Europe/Copenhagen]").parse::<Zoned>().unwrap();
        let length = |unit: CalendarUnit, start, end| unit.between(&at(start), &at(end)).unwrap();
        for (start, end) in [("2023-01-01", "2024-01-01"), ("2024-01-01", "2025-01-01"), ("2024-02-29", "2025-02-28")] {
            assert_eq!(length(CalendarUnit::Year, start, end).to_bits(), 1.0_f64.to_bits(), "{start}");
        }
        for (start, end) in [("2024-02-01", "2024-03-01"), ("2025-03-01", "2025-04-01"), ("2025-10-01", "2025-11-01")] {
            assert_eq!(length(CalendarUnit::Month, start, end).to_bits(), 1.0_f64.to_bits(), "{start}");
        }
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        close(length(CalendarUnit::Quarter, "2025-01-01", "2026-01-01"), 4.0);
        close(length(CalendarUnit::Quarter, "2025-01-01", "2025-02-01"), 1.0 / 3.0);
        // A day of 23 hours is one.
        close(length(CalendarUnit::Day, "2025-03-30", "2025-03-31"), 1.0);
        close(length(CalendarUnit::Week, "2025-03-24", "2025-04-07"), 2.0);
        // A part of a year is of the year that it is in: 2024 has 366 days.
        close(length(CalendarUnit::Year, "2024-01-01", "2024-03-01"), 60.0 / 366.0);
        close(length(CalendarUnit::Year, "2025-01-01", "2025-03-01"), 59.0 / 365.0);
        // April, and 14 of May's 31 days.
        close(length(CalendarUnit::Month, "2025-04-01", "2025-05-15"), 1.0 + 14.0 / 31.0);
    }
}
