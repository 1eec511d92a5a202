//! Baselines: the buckets that a report's own are compared with.

use std::collections::HashMap;

use jiff::Zoned;
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::buckets::{Buckets, day_edges, hour_edges};
use super::calendar::{Calendar, Grain, Step};
use super::period::Period;

/// As many days as a year has whole weeks: the same weekday a year before.
const YEAR_OF_WEEKS: Step = Step::Days(364);

/// An earlier time that values are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The bucket before; for a total, the period of the same length before.
    Previous,
    /// The bucket a year before: of the same weekday for hours, days and weeks, of the same dates otherwise.
    YearAgo,
}

impl Baseline {
    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::YearAgo => "year_ago",
        }
    }

    /// How far back the baseline of days or longer buckets is.
    fn step(self, period: Period, grain: Grain) -> Result<Step, jiff::Error> {
        match (self, grain.step()) {
            (Self::Previous, Some(step)) => Ok(step),
            (Self::Previous, None) => period.length(),
            (Self::YearAgo, Some(Step::Days(_))) => Ok(YEAR_OF_WEEKS),
            (Self::YearAgo, _) => Ok(Step::Months(12)),
        }
    }
}

impl Buckets {
    /// The buckets that these are compared with, in their order: the first reported one is for the first of these, and so on.
    ///
    /// Like is compared with like. A bucket that the period cuts, or that is known only up to the start of `as_of`, is compared with
    /// the same days of the earlier one: 1 to 14 June with 1 to 14 May, 1 to 30 March with all of February. Buckets of which nothing is
    /// known yet have no baseline, so there may be fewer. A baseline may be empty ([`Bucket::is_empty`](super::Bucket::is_empty)):
    /// there was no such day or hour.
    ///
    /// A clock change a year before does not shift the hours after it. An hour that was skipped then is an empty baseline; of an hour
    /// that was shown twice, the first is the baseline. An hour that is itself shown for the second time is compared with such a second
    /// hour, or an empty baseline.
    ///
    /// Buckets without a period have no baseline. Whether a baseline's buckets are partial is not told.
    pub fn baseline(&self, baseline: Baseline, calendar: &Calendar, as_of: Option<Date>) -> Result<Self, jiff::Error> {
        let Some(period) = self.period() else { return Ok(Self::none(self.grain())) };
        let known = as_of.map_or(period.until, |as_of| as_of.min(period.until));
        let spans = match (self.grain(), baseline) {
            (Grain::Hour, Baseline::Previous) => self.hours_before(period, known, calendar)?,
            (Grain::Hour, Baseline::YearAgo) => self.hours_a_year_before(period, known, calendar)?,
            (grain, _) => days_before(baseline.step(period, grain)?, &day_edges(period, grain, calendar)?, period.from, known, calendar)?,
        };
        Ok(Self::with_gaps(self.grain(), calendar.week_start, spans))
    }

    /// The start and end of every bucket of which something is known.
    fn known_hours(&self, known: Date, calendar: &Calendar) -> Result<Vec<(Zoned, Zoned)>, jiff::Error> {
        let known = calendar.start_of_day(known)?;
        let hours = self.as_slice().iter().filter_map(|hour| hour.start.clone().zip(hour.end.clone()));
        Ok(hours.take_while(|(start, _)| *start < known).collect())
    }

    /// For every hour the one that went before it.
    fn hours_before(&self, period: Period, known: Date, calendar: &Calendar) -> Result<Vec<(Zoned, Zoned)>, jiff::Error> {
        let hours = self.known_hours(known, calendar)?;
        let first = calendar.start_of_day(period.from)?;
        // Two days, since the calendar may have skipped one.
        let before = hour_edges(&calendar.start_of_day(Step::Days(2).from(period.from, -1)?)?, &first)?;
        let before = before.into_iter().rfind(|hour| *hour < first).map(|hour| (hour, first));
        Ok(before.into_iter().chain(hours.iter().cloned()).take(hours.len()).collect())
    }

    /// For every hour the one that clocks showed 364 days before.
    fn hours_a_year_before(&self, period: Period, known: Date, calendar: &Calendar) -> Result<Vec<(Zoned, Zoned)>, jiff::Error> {
        let day = |date| YEAR_OF_WEEKS.from(date, -1).and_then(|day| calendar.start_of_day(day));
        let edges = hour_edges(&day(period.from)?, &day(period.until)?)?;
        let mut shown = HashMap::new();
        for (position, hour) in edges.iter().enumerate() {
            shown.insert(clock_hour(hour)?, position);
        }
        let mut next = 0;
        let mut spans = Vec::new();
        for (start, _) in self.known_hours(known, calendar)? {
            let (hour, repeated) = clock_hour(&start)?;
            let hour = YEAR_OF_WEEKS.from(hour.date(), -1)?.to_datetime(hour.time());
            let found = shown.get(&(hour, repeated)).copied().filter(|found| *found >= next && found + 1 < edges.len());
            let until = found.map_or(next, |found| found + 1);
            spans.push((edges[found.unwrap_or(next)].clone(), edges[until].clone()));
            next = until;
        }
        Ok(spans)
    }
}

/// The full hour that clocks show, and whether they show it for the second time.
fn clock_hour(at: &Zoned) -> Result<(DateTime, bool), jiff::Error> {
    let shown = at.datetime();
    let repeated = at.time_zone().to_ambiguous_zoned(shown).earlier()? < *at;
    Ok((shown.date().at(shown.hour(), 0, 0, 0), repeated))
}

/// For every span of days between two edges, as far as it is from `first` on and known, the days a step before.
fn days_before(step: Step, edges: &[Date], first: Date, known: Date, calendar: &Calendar) -> Result<Vec<(Zoned, Zoned)>, jiff::Error> {
    let mut spans = Vec::new();
    for pair in edges.windows(2) {
        let (from, until) = (pair[0].max(first), pair[1].min(known));
        // A span without an instant is not known yet, or is a day that the calendar skipped and that has no bucket.
        if calendar.start_of_day(from)? < calendar.start_of_day(until)? {
            spans.push((calendar.start_of_day(step.from(from, -1)?)?, calendar.start_of_day(end_before(step, until)?)?));
        }
    }
    Ok(spans)
}

/// The day after the last one, a step before: where the earlier month does not have this day, it is taken to its end.
fn end_before(step: Step, until: Date) -> Result<Date, jiff::Error> {
    let end = step.from(until, -1)?;
    match step {
        Step::Months(_) if end.day() < until.day() => end.tomorrow(),
        _ => Ok(end),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};
    use jiff::tz::TimeZone;

    use super::*;

    fn calendar(zone: &str) -> Calendar {
        Calendar { zone: TimeZone::get(zone).unwrap(), ..Calendar::default() }
    }

    /// The first and last day of every reported bucket of a baseline, in UTC.
    fn days(period: (Date, Date), grain: Grain, baseline: Baseline, as_of: Option<Date>) -> Vec<(Date, Date)> {
        let period = Period { from: period.0, until: period.1 };
        let buckets = Buckets::new(period, grain, &Calendar::default(), as_of).unwrap();
        let baseline = buckets.baseline(baseline, &Calendar::default(), as_of).unwrap();
        let dates = baseline.reported().map(|(_, bucket)| (bucket.start.as_ref().unwrap().date(), bucket.end.as_ref().unwrap().date()));
        dates.map(|(start, end)| (start, end.yesterday().unwrap())).collect()
    }

    #[test]
    fn a_bucket_is_compared_with_the_one_before() {
        let previous = |from, until, grain| days((from, until), grain, Baseline::Previous, None);
        let (january, march) = (date(2024, 1, 1), date(2024, 3, 1));
        assert_eq!(
            previous(january, march, Grain::Month),
            [(date(2023, 12, 1), date(2023, 12, 31)), (date(2024, 1, 1), date(2024, 1, 31))]
        );
        assert_eq!(previous(march, date(2024, 3, 2), Grain::Day), [(date(2024, 2, 29), date(2024, 2, 29))]);
        assert_eq!(previous(january, date(2024, 1, 8), Grain::Week), [(date(2023, 12, 25), date(2023, 12, 31))]);
        assert_eq!(previous(january, date(2024, 4, 1), Grain::Quarter), [(date(2023, 10, 1), date(2023, 12, 31))]);
        assert_eq!(previous(january, date(2025, 1, 1), Grain::Year), [(date(2023, 1, 1), date(2023, 12, 31))]);
    }

    #[test]
    fn a_total_is_compared_with_a_period_of_the_same_length_before() {
        let previous = |from, until, as_of| days((from, until), Grain::Total, Baseline::Previous, as_of);
        // By months, of which these two have 59 days, and those before 61.
        assert_eq!(previous(date(2025, 1, 1), date(2025, 3, 1), None), [(date(2024, 11, 1), date(2024, 12, 31))]);
        assert_eq!(previous(date(2025, 1, 1), date(2025, 3, 1), Some(date(2025, 1, 11))), [(date(2024, 11, 1), date(2024, 11, 10))]);
        // By days.
        assert_eq!(previous(date(2025, 1, 2), date(2025, 3, 1), None), [(date(2024, 11, 5), date(2025, 1, 1))]);
        assert_eq!(previous(date(2025, 1, 2), date(2025, 3, 1), Some(date(2025, 1, 4))), [(date(2024, 11, 5), date(2024, 11, 6))]);
    }

    #[test]
    fn a_year_before_has_the_same_weekdays_or_the_same_dates() {
        let year_ago = |from, until, grain| days((from, until), grain, Baseline::YearAgo, None);
        let weeks = year_ago(date(2025, 6, 2), date(2025, 6, 16), Grain::Week);
        assert_eq!(weeks, [(date(2024, 6, 3), date(2024, 6, 9)), (date(2024, 6, 10), date(2024, 6, 16))]);
        let day = year_ago(date(2025, 6, 2), date(2025, 6, 3), Grain::Day)[0].0;
        assert_eq!((day, day.weekday()), (date(2024, 6, 3), date(2025, 6, 2).weekday()));
        assert_eq!(year_ago(date(2025, 2, 1), date(2025, 3, 1), Grain::Month), [(date(2024, 2, 1), date(2024, 2, 29))]);
        assert_eq!(year_ago(date(2024, 2, 1), date(2024, 3, 1), Grain::Month), [(date(2023, 2, 1), date(2023, 2, 28))]);
        assert_eq!(year_ago(date(2025, 1, 10), date(2025, 3, 20), Grain::Total), [(date(2024, 1, 10), date(2024, 3, 19))]);
    }

    #[test]
    fn the_29th_of_february_is_compared_with_the_28th() {
        let year_ago = |from, until, grain| days((from, until), grain, Baseline::YearAgo, None);
        assert_eq!(
            year_ago(date(2024, 2, 29), date(2024, 4, 1), Grain::Month),
            [(date(2023, 2, 28), date(2023, 2, 28)), (date(2023, 3, 1), date(2023, 3, 31))]
        );
        // 1 to 28 February of both years, although the day after is another.
        assert_eq!(year_ago(date(2024, 2, 1), date(2024, 2, 29), Grain::Total), [(date(2023, 2, 1), date(2023, 2, 28))]);
        // Until 28 February 2025, of which the same date a year before is not the month's last.
        assert_eq!(year_ago(date(2025, 2, 1), date(2025, 2, 28), Grain::Total), [(date(2024, 2, 1), date(2024, 2, 27))]);
    }

    #[test]
    fn what_is_known_of_a_bucket_is_compared_with_as_much_of_the_other() {
        let previous = |from, until, as_of| days((from, until), Grain::Month, Baseline::Previous, Some(as_of));
        assert_eq!(
            previous(date(2025, 5, 1), date(2025, 8, 1), date(2025, 6, 15)),
            [(date(2025, 4, 1), date(2025, 4, 30)), (date(2025, 5, 1), date(2025, 5, 14))]
        );
        // Known up to the 30th, the 29th and the 28th of March.
        let february = |day| previous(date(2025, 3, 1), date(2025, 4, 1), date(2025, 3, day))[0].1;
        assert_eq!([31, 30, 29, 28].map(february), [date(2025, 2, 28), date(2025, 2, 28), date(2025, 2, 28), date(2025, 2, 27)]);
        // Nothing of February is known: it has no baseline.
        assert_eq!(previous(date(2025, 1, 1), date(2025, 3, 1), date(2025, 2, 1)), [(date(2024, 12, 1), date(2024, 12, 31))]);
        assert_eq!(previous(date(2025, 1, 1), date(2025, 3, 1), date(2025, 1, 1)), []);
    }

    #[test]
    fn what_the_period_cuts_is_compared_with_the_same_days() {
        let months = days((date(2025, 1, 31), date(2025, 3, 6)), Grain::Month, Baseline::Previous, None);
        assert_eq!(
            months,
            [(date(2024, 12, 31), date(2024, 12, 31)), (date(2025, 1, 1), date(2025, 1, 31)), (date(2025, 2, 1), date(2025, 2, 5))]
        );
        // February has no 30th: its last day stands for those that it lacks.
        let march = days((date(2025, 3, 30), date(2025, 4, 1)), Grain::Month, Baseline::Previous, None);
        assert_eq!(march, [(date(2025, 2, 28), date(2025, 2, 28))]);
        let quarter = days((date(2025, 4, 1), date(2025, 5, 31)), Grain::Quarter, Baseline::Previous, None);
        assert_eq!(quarter, [(date(2025, 1, 1), date(2025, 2, 28))]);
    }

    #[test]
    fn fiscal_quarters_are_compared_with_fiscal_quarters() {
        let calendar = Calendar { fiscal_year_start: 2, week_start: Weekday::Sunday, ..Calendar::default() };
        let period = Period { from: date(2025, 2, 1), until: date(2025, 5, 1) };
        let quarter = Buckets::new(period, Grain::Quarter, &calendar, None).unwrap();
        let baseline = quarter.baseline(Baseline::Previous, &calendar, None).unwrap();
        let (start, end) = (baseline.as_slice()[0].start.as_ref().unwrap(), baseline.as_slice()[0].end.as_ref().unwrap());
        assert_eq!((start.date(), end.date()), (date(2024, 11, 1), date(2025, 2, 1)));
    }

    #[test]
    fn buckets_without_a_period_have_no_baseline() {
        let baseline = |buckets: Buckets| buckets.baseline(Baseline::Previous, &Calendar::default(), None).unwrap();
        assert!(baseline(Buckets::timeless()).as_slice().is_empty());
        assert!(baseline(Buckets::none(Grain::Day)).as_slice().is_empty());
    }

    /// The reported hours of a day's baseline as clocks showed them, `-` for an empty one, and how many gaps there are.
    fn hours(zone: &str, day: Date, baseline: Baseline) -> (Vec<String>, usize) {
        let calendar = calendar(zone);
        let day = Buckets::new(Period { from: day, until: day.tomorrow().unwrap() }, Grain::Hour, &calendar, None).unwrap();
        let baseline = day.baseline(baseline, &calendar, None).unwrap();
        let shown = baseline.reported().map(|(_, hour)| match (&hour.start, &hour.end) {
            (Some(start), Some(end)) if start < end => start.strftime("%d %H %:::z").to_string(),
            _ => "-".to_owned(),
        });
        let shown: Vec<String> = shown.collect();
        assert_eq!(shown.len(), day.as_slice().len());
        let gaps = baseline.as_slice().len() - shown.len();
        (shown, gaps)
    }

    #[test]
    fn the_hour_before_is_the_one_that_went_before_whatever_the_clock_did() {
        let (spring, gaps) = hours("Europe/Copenhagen", date(2025, 3, 30), Baseline::Previous);
        assert_eq!((spring.len(), gaps), (23, 0));
        assert_eq!(spring[..4], ["29 23 +01", "30 00 +01", "30 01 +01", "30 03 +02"]);
        let (autumn, gaps) = hours("Europe/Copenhagen", date(2025, 10, 26), Baseline::Previous);
        assert_eq!((autumn.len(), gaps), (25, 0));
        assert_eq!(autumn[1..5], ["26 00 +02", "26 01 +02", "26 02 +02", "26 02 +01"]);
    }

    #[test]
    fn a_clock_change_does_not_shift_the_hours_a_year_before() {
        // Both days are that of the change, as the last Sundays of March 2025 and 2024 are.
        let (both, gaps) = hours("Europe/Copenhagen", date(2025, 3, 30), Baseline::YearAgo);
        assert_eq!((both.len(), gaps), (23, 0));
        assert_eq!(both[..3], ["31 00 +01", "31 01 +01", "31 03 +02"]);
        // 31 March 2024 lacks an hour, and the day 364 days before, 2 April 2023, has it.
        let (now, gaps) = hours("Europe/Copenhagen", date(2024, 3, 31), Baseline::YearAgo);
        assert_eq!((now.len(), gaps), (23, 1));
        assert_eq!(now[..3], ["02 00 +02", "02 01 +02", "02 03 +02"]);
        // 24 March 2024 has an hour that the day 364 days before, 26 March 2023, lacks.
        let (then, gaps) = hours("Europe/Copenhagen", date(2024, 3, 24), Baseline::YearAgo);
        assert_eq!((then.len(), gaps), (24, 0));
        assert_eq!(then[..4], ["26 00 +01", "26 01 +01", "-", "26 03 +02"]);
    }

    #[test]
    fn an_hour_that_is_shown_twice_is_compared_with_a_first_and_a_second_hour() {
        // Both days are that of the change.
        let (both, gaps) = hours("Europe/Copenhagen", date(2025, 10, 26), Baseline::YearAgo);
        assert_eq!((both.len(), gaps), (25, 0));
        assert_eq!(both[1..5], ["27 01 +02", "27 02 +02", "27 02 +01", "27 03 +01"]);
        // 31 October 2021 has two of them, and the day 364 days before, 1 November 2020, has one.
        let (now, gaps) = hours("Europe/Copenhagen", date(2021, 10, 31), Baseline::YearAgo);
        assert_eq!((now.len(), gaps), (25, 0));
        assert_eq!(now[1..5], ["01 01 +01", "01 02 +01", "-", "01 03 +01"]);
        // 24 October 2021 has one of them, and the day 364 days before, 25 October 2020, has two.
        let (then, gaps) = hours("Europe/Copenhagen", date(2021, 10, 24), Baseline::YearAgo);
        assert_eq!((then.len(), gaps), (24, 1));
        assert_eq!(then[1..4], ["25 01 +02", "25 02 +02", "25 03 +01"]);
    }

    #[test]
    fn a_day_that_the_calendar_skipped_is_an_empty_baseline() {
        // Samoa had no 30 December 2011, and the buckets of its last days of that year are the 29th and the 31st.
        let calendar = calendar("Pacific/Apia");
        let days = Buckets::new(Period { from: date(2011, 12, 29), until: date(2012, 1, 2) }, Grain::Day, &calendar, None).unwrap();
        let baseline = days.baseline(Baseline::Previous, &calendar, None).unwrap();
        let first_days: Vec<_> = baseline.as_slice().iter().map(|day| (day.start.as_ref().unwrap().date().day(), day.reported)).collect();
        assert_eq!(first_days, [(28, true), (29, false), (31, true), (31, true)]);
        assert_eq!(baseline.reported().map(|(_, day)| day.is_empty()).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(days.as_slice().len(), 3);
    }
}
