//! Calendars: how days are counted into weeks, months, quarters and years.

use std::sync::Arc;

use jiff::Zoned;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::grain::{Grain, Step};
use super::named::NamedTimes;
use super::period::{Last, Period};

/// How a report counts time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The time zone that days and hours are local to.
    pub zone: TimeZone,
    /// The day that weeks start on.
    pub week_start: Weekday,
    /// The month that years start with, 1 for January to 12; quarters start with it and every third month from it.
    pub fiscal_year_start: i8,
    /// The times that the report names.
    pub named: Arc<NamedTimes>,
}

impl Default for Calendar {
    /// UTC, weeks from Monday, years from January, no time with a name.
    fn default() -> Self {
        Self { zone: TimeZone::UTC, week_start: Weekday::Monday, fiscal_year_start: 1, named: Arc::default() }
    }
}

impl Calendar {
    /// The first instant of a local day: later than midnight where the clock skips it, the earlier midnight where the clock shows two.
    ///
    /// A day that the calendar skipped starts, and ends, with the day after it.
    pub fn start_of_day(&self, date: Date) -> Result<Zoned, jiff::Error> {
        let midnight = date.to_datetime(Time::midnight());
        let shown = self.zone.to_ambiguous_timestamp(midnight);
        let first = match shown.offset() {
            // Read with the offset to come, a skipped time is before the change.
            AmbiguousOffset::Gap { after, .. } => {
                let change = self.zone.following(after.to_timestamp(midnight)?).next();
                change.map_or_else(|| shown.compatible(), |change| Ok(change.timestamp()))?
            }
            _ => shown.compatible()?,
        };
        Ok(first.to_zoned(self.zone.clone()))
    }

    /// The first day of the week, month, quarter, year or period of its own that `date` is in; the day itself for other grains, and between periods.
    pub fn floor(&self, date: Date, grain: Grain) -> Result<Date, jiff::Error> {
        match (grain, grain.step()) {
            (Grain::Week, _) => Step::Days(1).from(date, -i32::from(date.weekday().since(self.week_start))),
            (Grain::Named(name), _) => {
                let periods = self.named.periods_of(name).iter().map(|period| period.days);
                Ok(periods.filter(|days| days.from <= date && date < days.until).map(|days| days.from).next().unwrap_or(date))
            }
            (_, Some(Step::Months(months))) => {
                let since_start = (i32::from(date.month()) - i32::from(self.fiscal_year_start)).rem_euclid(months);
                Step::Months(1).from(date.first_of_month(), -since_start)
            }
            _ => Ok(date),
        }
    }
}

impl Period {
    /// The last units of the calendar, as many as `last` says, that end with what is known.
    ///
    /// The data are known up to the start of `as_of`. The last unit is the one of the day before that day, and the period ends with
    /// `as_of`, so that no more than this unit is incomplete. With `complete_only` it is the last unit that is complete, and all are.
    pub fn last(last: Last, as_of: Date, calendar: &Calendar, complete_only: bool) -> Result<Self, jiff::Error> {
        let until = if complete_only { calendar.floor(as_of, last.unit())? } else { as_of };
        let newest = calendar.floor(until.yesterday()?, last.unit())?;
        let back = i32::from(last.count()) - 1;
        let from = last.unit().step().map_or(Ok(newest), |step| step.from(newest, -back))?;
        Ok(Self { from, until })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn quarters_and_years_start_with_the_fiscal_year() {
        let calendar = Calendar { fiscal_year_start: 2, ..Calendar::default() };
        let floor = |date, grain| calendar.floor(date, grain).unwrap();
        assert_eq!(floor(date(2025, 1, 31), Grain::Year), date(2024, 2, 1));
        assert_eq!(floor(date(2025, 2, 1), Grain::Year), date(2025, 2, 1));
        assert_eq!(floor(date(2025, 1, 31), Grain::Quarter), date(2024, 11, 1));
        assert_eq!(floor(date(2025, 2, 1), Grain::Quarter), date(2025, 2, 1));
        assert_eq!(floor(date(2025, 7, 31), Grain::Quarter), date(2025, 5, 1));
        assert_eq!(floor(date(2025, 7, 31), Grain::Month), date(2025, 7, 1));
    }

    #[test]
    fn weeks_start_on_the_day_the_calendar_says() {
        let floor = |week_start| Calendar { week_start, ..Calendar::default() }.floor(date(2025, 1, 1), Grain::Week).unwrap();
        assert_eq!(floor(Weekday::Monday), date(2024, 12, 30));
        assert_eq!(floor(Weekday::Wednesday), date(2025, 1, 1));
        assert_eq!(floor(Weekday::Thursday), date(2024, 12, 26));
    }

    #[test]
    fn a_day_starts_with_the_first_instant_that_clocks_showed_its_date() {
        let start = |zone: &str, date| {
            let calendar = Calendar { zone: TimeZone::get(zone).unwrap(), ..Calendar::default() };
            calendar.start_of_day(date).unwrap().strftime("%F %H:%M %:z").to_string()
        };
        assert_eq!(start("Europe/Copenhagen", date(2025, 3, 30)), "2025-03-30 00:00 +01:00");
        // From 00:00 to 01:00.
        assert_eq!(start("Africa/Cairo", date(2024, 4, 26)), "2024-04-26 01:00 +03:00");
        // From 23:30 to 00:30: the first half hour was skipped, and no more.
        assert_eq!(start("America/Toronto", date(1919, 3, 31)), "1919-03-31 00:30 -04:00");
        // From 01:00 to 00:00: midnight was shown twice.
        assert_eq!(start("America/Havana", date(2024, 11, 3)), "2024-11-03 00:00 -04:00");
        // Samoa had no 30 December.
        assert_eq!(start("Pacific/Apia", date(2011, 12, 30)), "2011-12-31 00:00 +14:00");
    }
}
