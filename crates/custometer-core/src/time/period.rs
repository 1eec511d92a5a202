//! Periods: local dates, given or counted back from the as-of date.

use std::num::NonZeroU16;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grain::{Grain, Step};

/// Local dates `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub until: Date,
}

impl Period {
    /// How long it is: whole months where both ends are firsts of months, else days.
    pub(super) fn length(self) -> Result<Step, jiff::Error> {
        if self.from.day() == 1 && self.until.day() == 1 {
            let number = |first: Date| 12 * i32::from(first.year()) + i32::from(first.month());
            return Ok(Step::Months(number(self.until) - number(self.from)));
        }
        self.length_in_days()
    }

    /// How many days it has.
    pub(super) fn length_in_days(self) -> Result<Step, jiff::Error> {
        Ok(Step::Days(self.from.until(self.until)?.get_days()))
    }
}

/// A number of calendar units, written such as `12 months`: days, weeks, months, quarters or years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9]+ (day|week|month|quarter|year)s?$", "examples" = ["12 months"]))]
pub struct Last {
    count: NonZeroU16,
    /// A grain that is counted in days or months.
    unit: Grain,
}

/// What is not a number of calendar units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of days, weeks, months, quarters or years: write it such as \"12 months\"")]
pub struct LastError(String);

impl Last {
    /// How many units.
    pub fn count(self) -> u16 {
        self.count.get()
    }

    /// The distance in days or months.
    pub(super) fn step(self) -> Step {
        let count = i32::from(self.count.get());
        match self.unit.step() {
            Some(Step::Days(days)) => Step::Days(days * count),
            Some(Step::Months(months)) => Step::Months(months * count),
            // No unit that can be written is counted otherwise.
            None => Step::Days(count),
        }
    }

    /// The unit: day, week, month, quarter or year.
    pub fn unit(self) -> Grain {
        self.unit
    }
}

impl FromStr for Last {
    type Err = LastError;

    fn from_str(written: &str) -> Result<Self, LastError> {
        const UNITS: [Grain; 5] = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year];
        let parsed = written.split_once(' ').and_then(|(count, unit)| {
            let unit = unit.strip_suffix('s').unwrap_or(unit);
            let unit = UNITS.into_iter().find(|grain| grain.as_str() == unit)?;
            Some(Self { count: count.parse().ok()?, unit })
        });
        parsed.ok_or_else(|| LastError(written.to_owned()))
    }
}

impl TryFrom<String> for Last {
    type Error = LastError;

    fn try_from(written: String) -> Result<Self, LastError> {
        written.parse()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;
    use crate::time::{Buckets, Calendar};

    fn last(written: &str, as_of: Date, complete_only: bool) -> (Date, Date) {
        fiscal(written, as_of, complete_only, 1)
    }

    fn fiscal(written: &str, as_of: Date, complete_only: bool, fiscal_year_start: i8) -> (Date, Date) {
        let calendar = Calendar { fiscal_year_start, week_start: Weekday::Sunday, ..Calendar::default() };
        let period = Period::last(written.parse().unwrap(), as_of, &calendar, complete_only).unwrap();
        (period.from, period.until)
    }

    #[test]
    fn the_last_unit_is_that_of_the_last_known_day() {
        assert_eq!(last("3 months", date(2025, 6, 15), false), (date(2025, 4, 1), date(2025, 6, 15)));
        assert_eq!(last("3 months", date(2025, 6, 1), false), (date(2025, 3, 1), date(2025, 6, 1)));
        assert_eq!(last("3 months", date(2025, 6, 2), false), (date(2025, 4, 1), date(2025, 6, 2)));
        assert_eq!(last("12 months", date(2025, 1, 1), false), (date(2024, 1, 1), date(2025, 1, 1)));
        assert_eq!(last("1 day", date(2024, 3, 1), false), (date(2024, 2, 29), date(2024, 3, 1)));
        // A Thursday, in weeks from Sunday.
        assert_eq!(last("2 weeks", date(2025, 5, 15), false), (date(2025, 5, 4), date(2025, 5, 15)));
        assert_eq!(last("1 quarter", date(2025, 5, 15), false), (date(2025, 4, 1), date(2025, 5, 15)));
        assert_eq!(last("2 years", date(2025, 5, 15), false), (date(2024, 1, 1), date(2025, 5, 15)));
    }

    #[test]
    fn complete_units_end_with_the_last_that_is_over() {
        assert_eq!(last("3 months", date(2025, 6, 15), true), (date(2025, 3, 1), date(2025, 6, 1)));
        assert_eq!(last("3 months", date(2025, 6, 1), true), (date(2025, 3, 1), date(2025, 6, 1)));
        assert_eq!(last("1 day", date(2025, 6, 1), true), (date(2025, 5, 31), date(2025, 6, 1)));
        assert_eq!(last("2 weeks", date(2025, 5, 17), true), (date(2025, 4, 27), date(2025, 5, 11)));
        assert_eq!(last("1 year", date(2025, 5, 15), true), (date(2024, 1, 1), date(2025, 1, 1)));
    }

    #[test]
    fn fiscal_years_and_quarters_are_counted_from_their_first_month() {
        assert_eq!(fiscal("1 year", date(2025, 5, 15), false, 7), (date(2024, 7, 1), date(2025, 5, 15)));
        assert_eq!(fiscal("1 year", date(2025, 5, 15), true, 7), (date(2023, 7, 1), date(2024, 7, 1)));
        assert_eq!(fiscal("2 quarters", date(2025, 5, 15), true, 2), (date(2024, 11, 1), date(2025, 5, 1)));
    }

    #[test]
    fn there_are_as_many_buckets_as_asked_for_and_only_the_last_may_be_partial() {
        let calendar = Calendar { week_start: Weekday::Saturday, fiscal_year_start: 5, ..Calendar::default() };
        for written in ["1 day", "30 days", "1 week", "6 weeks", "1 month", "13 months", "5 quarters", "3 years"] {
            let last: Last = written.parse().unwrap();
            for days in 0..800 {
                let as_of = date(2023, 12, 1).checked_add(jiff::Span::new().days(days)).unwrap();
                for complete_only in [false, true] {
                    let period = Period::last(last, as_of, &calendar, complete_only).unwrap();
                    let buckets = Buckets::new(period, last.unit(), &calendar, Some(as_of)).unwrap();
                    let partial: Vec<bool> = buckets.as_slice().iter().map(|bucket| bucket.partial).collect();
                    assert_eq!(partial.len(), usize::from(last.count()), "{written} before {as_of}");
                    let whole = if complete_only { partial.len() } else { partial.len() - 1 };
                    assert!(!partial[..whole].contains(&true), "{written} before {as_of}: {partial:?}");
                    assert!(period.until <= as_of, "{written} before {as_of}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_of_units_is_told_how_to_write_it() {
        for wrong in ["", "12", "months", "0 months", "-1 days", "12 moons", "6 hours", "1.5 years", "12  months", "1 total"] {
            let error = wrong.parse::<Last>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{wrong}` is not a number of days, weeks, months, quarters or years: write it such as \"12 months\"")
            );
        }
        let read: Last = serde_json::from_str("\"1 quarter\"").unwrap();
        assert_eq!((read.count(), read.unit()), (1, Grain::Quarter));
        assert!(serde_json::from_str::<Last>("\"soon\"").unwrap_err().to_string().contains("such as \"12 months\""));
    }
}
