//! Baselines: the buckets that a report's own are compared with.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Zoned;
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::buckets::{Buckets, day_spans, hour_edges};
use super::calendar::Calendar;
use super::grain::{Grain, Step};
use super::name::Name;
use super::named::{Earlier, NamedPeriod};
use super::period::{Last, Period};

/// As many days as a year has whole weeks: the same weekday a year before.
const YEAR_OF_WEEKS: Step = Step::Days(364);

/// An earlier time that values are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The bucket before; for a total, the period of the same length before.
    Previous,
    /// The bucket a year before: of the same weekday for hours, days and weeks, of the same dates otherwise. For the report's own periods, the
    /// one that each names.
    YearAgo,
    /// A time of the report's own, by the name that it gives it.
    #[serde(untagged)]
    Named(#[schemars(with = "String")] Name),
}

impl<'de> Deserialize<'de> for Baseline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|written| Self::called(&written))
    }
}

impl Baseline {
    /// Those that every report knows.
    pub const CALENDAR: [Self; 2] = [Self::Previous, Self::YearAgo];

    /// The one that is called so.
    pub fn called(name: &str) -> Self {
        Self::CALENDAR.into_iter().find(|known| known.as_str() == name).unwrap_or_else(|| Self::Named(Name::new(name)))
    }

    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::YearAgo => "year_ago",
            Self::Named(name) => name.as_str(),
        }
    }
}

/// The days of a bucket that are compared, and the bucket that they are of.
struct Compared {
    days: Period,
    whole: Period,
    name: Option<Name>,
}

/// What is earlier, as far as it is told by days.
#[derive(Clone, Copy)]
enum Rule {
    /// So far before.
    Step(Step),
    /// So far before, within these days.
    Within(Step, Period),
    /// These days.
    All(Period),
    /// The same holiday before; on other days so far before, where that is said.
    Holiday(Name, Option<Step>),
    /// The report's own period before.
    PeriodBefore,
    /// The one that a period names.
    PeriodNamed,
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
    /// Times that the report names may overlap, or come in another order ([`are_in_order`](Self::are_in_order)).
    ///
    /// Buckets without a period have no baseline. Whether a baseline's buckets are partial is not told.
    pub fn baseline(&self, baseline: Baseline, calendar: &Calendar, as_of: Option<Date>) -> Result<Self, jiff::Error> {
        let Some(period) = self.period() else { return Ok(Self::none(self.grain())) };
        let known = as_of.map_or(period.until, |as_of| as_of.min(period.until));
        let rule = rule(baseline, period, self.grain(), calendar)?;
        let spans = match (self.grain(), rule) {
            (Grain::Hour, _) if baseline == Baseline::Previous => self.hours_before(period, known, calendar)?,
            (Grain::Hour, Rule::Step(step)) => self.hours_a_step_before(step, period, known, calendar)?,
            (Grain::Hour, Rule::Within(step, days)) => {
                let (from, until) = (calendar.start_of_day(days.from)?, calendar.start_of_day(days.until)?);
                let hours = self.hours_a_step_before(step, period, known, calendar)?.into_iter();
                hours.map(|(start, end)| (start.clamp(from.clone(), until.clone()), end.clamp(from.clone(), until.clone()))).collect()
            }
            // Holidays are days.
            (Grain::Hour, _) => self.known_hours(known, calendar)?.into_iter().map(|(start, _)| (start.clone(), start)).collect(),
            (grain, rule) => days_before(rule, grain, period, known, calendar)?,
        };
        let is_in_order = spans.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        let (grain, week_start) = (self.grain(), calendar.week_start);
        Ok(if is_in_order { Self::with_gaps(grain, week_start, spans) } else { Self::without_gaps(grain, week_start, spans) })
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

    /// For every hour the one that clocks showed a step before, which is counted in days.
    fn hours_a_step_before(
        &self,
        step: Step,
        period: Period,
        known: Date,
        calendar: &Calendar,
    ) -> Result<Vec<(Zoned, Zoned)>, jiff::Error> {
        let day = |date| step.from(date, -1).and_then(|day| calendar.start_of_day(day));
        let edges = hour_edges(&day(period.from)?, &day(period.until)?)?;
        let mut shown = HashMap::new();
        for (position, hour) in edges.iter().enumerate() {
            shown.insert(clock_hour(hour)?, position);
        }
        let mut next = 0;
        let mut spans = Vec::new();
        for (start, _) in self.known_hours(known, calendar)? {
            let (hour, repeated) = clock_hour(&start)?;
            let hour = step.from(hour.date(), -1)?.to_datetime(hour.time());
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

/// What a baseline is for the buckets of a grain.
fn rule(baseline: Baseline, period: Period, grain: Grain, calendar: &Calendar) -> Result<Rule, jiff::Error> {
    let earlier = match baseline {
        Baseline::Previous if grain.is_named() => return Ok(Rule::PeriodBefore),
        Baseline::YearAgo if grain.is_named() => return Ok(Rule::PeriodNamed),
        Baseline::Previous => return Ok(Rule::Step(grain.step().map_or_else(|| period.length(), Ok)?)),
        Baseline::YearAgo => {
            let is_by_weekday = matches!(grain.step(), Some(Step::Days(_))) || grain == Grain::Hour;
            return Ok(Rule::Step(if is_by_weekday { YEAR_OF_WEEKS } else { Step::Months(12) }));
        }
        Baseline::Named(name) => calendar.named.earlier.get(&name).copied(),
    };
    Ok(match earlier {
        Some(Earlier::Back(back)) => Rule::Step(back.step()),
        Some(Earlier::Range(days)) if grain == Grain::Total => Rule::All(days),
        Some(Earlier::Range(days)) => {
            let by_months = matches!(grain.step(), Some(Step::Months(_)));
            let apart = Period { from: days.from, until: period.from };
            let step = if by_months { apart.length()? } else { apart.length_in_days()? };
            Rule::Within(step, days)
        }
        Some(Earlier::Holidays { of, otherwise }) => Rule::Holiday(of, otherwise.map(Last::step)),
        // A report names no time that it does not have.
        None => Rule::Within(YEAR_OF_WEEKS, Period { from: period.from, until: period.from }),
    })
}

/// For every bucket of days, as far as it is known, the days before that it is compared with.
fn days_before(rule: Rule, grain: Grain, period: Period, known: Date, calendar: &Calendar) -> Result<Vec<(Zoned, Zoned)>, jiff::Error> {
    let mut found: Vec<(Zoned, Option<(Zoned, Zoned)>)> = Vec::new();
    for (whole, name) in day_spans(period, grain, calendar)? {
        let days = Period { from: whole.from.max(period.from), until: whole.until.min(known) };
        let start = calendar.start_of_day(days.from)?;
        // A span without an instant is not known yet, or is a day that the calendar skipped and that has no bucket.
        if start < calendar.start_of_day(days.until)? {
            let before = rule.days(&Compared { days, whole, name }, grain, calendar)?;
            let instants =
                |days: Period| -> Result<_, jiff::Error> { Ok((calendar.start_of_day(days.from)?, calendar.start_of_day(days.until)?)) };
            found.push((start, before.map(instants).transpose()?));
        }
    }
    // What there is nothing before is an empty time beside those that there are.
    let mut last: Option<Zoned> = None;
    let mut spans = Vec::new();
    for (position, (start, before)) in found.iter().enumerate() {
        let next = || found[position..].iter().find_map(|(_, before)| before.as_ref().map(|(from, _)| from.clone()));
        let span = before.clone().unwrap_or_else(|| {
            let nowhere = last.clone().or_else(next).unwrap_or_else(|| start.clone());
            (nowhere.clone(), nowhere)
        });
        last = Some(span.1.clone());
        spans.push(span);
    }
    Ok(spans)
}

impl Rule {
    /// The days that some are compared with; none where there are none.
    fn days(self, compared: &Compared, grain: Grain, calendar: &Calendar) -> Result<Option<Period>, jiff::Error> {
        let Compared { days, whole, name } = *compared;
        let back = |step: Step| -> Result<Period, jiff::Error> {
            Ok(Period { from: step.from(days.from, -1)?, until: end_before(step, days.until)? })
        };
        Ok(match self {
            Self::Step(step) => Some(back(step)?),
            Self::Within(step, range) => {
                let back = back(step)?;
                let within = Period { from: back.from.max(range.from), until: back.until.min(range.until) };
                Some(within).filter(|within| within.from < within.until)
            }
            Self::All(range) => Some(like(days, whole, range)?),
            Self::Holiday(..) if grain != Grain::Day => None,
            Self::Holiday(list, otherwise) => match calendar.named.holiday_before(list, days.from) {
                Some(before) => Some(Period { from: before, until: before.tomorrow()? }),
                None if calendar.named.is_holiday(list, days.from) => None,
                None => {
                    let before = otherwise.map(back).transpose()?;
                    before.filter(|before| !calendar.named.is_holiday(list, before.from))
                }
            },
            Self::PeriodBefore | Self::PeriodNamed => {
                let Grain::Named(grain) = grain else { return Ok(None) };
                let all = calendar.named.periods_of(grain);
                let at = all.iter().position(|own| own.days == whole && Some(own.name) == name);
                let before = at.and_then(|at| {
                    if matches!(self, Self::PeriodBefore) { all.get(at.checked_sub(1)?) } else { named(all, all[at].year_ago?) }
                });
                before.map(|before| like(days, whole, before.days)).transpose()?
            }
        })
    }
}

fn named(all: &[NamedPeriod], name: Name) -> Option<&NamedPeriod> {
    all.iter().find(|own| own.name == name)
}

/// As many of `range` as there are days of a whole, counted from its start: all of them where these are all.
fn like(days: Period, whole: Period, range: Period) -> Result<Period, jiff::Error> {
    let after = |date: Date| -> Result<Date, jiff::Error> {
        let offset = Period { from: whole.from, until: date }.length_in_days()?;
        Ok(offset.from(range.from, 1)?.min(range.until))
    };
    let until = if days.until == whole.until { range.until } else { after(days.until)? };
    Ok(Period { from: after(days.from)?.min(until), until })
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
    use std::sync::Arc;

    use jiff::civil::{Weekday, date};
    use jiff::tz::TimeZone;

    use super::super::named::NamedTimes;
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

    /// Two terms and a camp between them, each as long as it is, in a calendar that compares with what `earlier` says as `x`.
    fn own(earlier: Option<Earlier>) -> Calendar {
        let own = |name, from, until, year_ago: Option<&str>| NamedPeriod {
            name: Name::new(name),
            days: Period { from, until },
            year_ago: year_ago.map(Name::new),
        };
        let periods = vec![
            own("spring", date(2025, 1, 6), date(2025, 3, 29), None),
            own("camp", date(2025, 3, 29), date(2025, 4, 1), None),
            own("summer", date(2025, 4, 22), date(2025, 6, 28), Some("spring")),
        ];
        let feast = |day| (day, Name::new("feast"));
        let named = NamedTimes {
            periods: [(Name::new("terms"), periods)].into(),
            holidays: [(
                Name::new("feasts"),
                [feast(date(2024, 4, 1)), feast(date(2025, 4, 21)), (date(2025, 4, 15), Name::new("fair"))].into(),
            )]
            .into(),
            earlier: earlier.map(|earlier| (Name::new("x"), earlier)).into_iter().collect(),
        };
        Calendar { zone: TimeZone::get("Europe/Copenhagen").unwrap(), named: Arc::new(named), ..Calendar::default() }
    }

    const TERMS: fn() -> Grain = || Grain::Named(Name::new("terms"));

    fn shown(buckets: &Buckets) -> Vec<String> {
        let bucket = |bucket: &super::super::Bucket| match (&bucket.start, &bucket.end) {
            (Some(start), Some(end)) if start < end => format!("{} {}", start.strftime("%m-%d"), end.strftime("%m-%d")),
            _ => "-".to_owned(),
        };
        buckets.reported().map(|(_, own)| bucket(own)).collect()
    }

    fn compared(earlier: Earlier, (from, until): (Date, Date), grain: Grain, as_of: Option<Date>) -> (Vec<String>, bool) {
        let calendar = own(Some(earlier));
        let buckets = Buckets::new(Period { from, until }, grain, &calendar, as_of).unwrap();
        let baseline = buckets.baseline(Baseline::Named(Name::new("x")), &calendar, as_of).unwrap();
        (shown(&baseline), baseline.are_in_order())
    }

    #[test]
    fn periods_of_the_reports_own_have_days_between_them_and_are_compared_with_the_one_before() {
        let calendar = own(None);
        let terms = |from, until, as_of| Buckets::new(Period { from, until }, TERMS(), &calendar, as_of).unwrap();
        let all = terms(date(2025, 1, 1), date(2026, 1, 1), None);
        assert_eq!(shown(&all), ["01-06 03-29", "03-29 04-01", "04-22 06-28"]);
        assert_eq!(
            all.as_slice().iter().map(|bucket| (bucket.reported, bucket.partial)).collect::<Vec<_>>(),
            [(true, false), (true, false), (false, false), (true, false)]
        );
        assert_eq!(all.reported().map(|(_, own)| own.name.unwrap().as_str()).collect::<Vec<_>>(), ["spring", "camp", "summer"]);
        let previous = |own: &Buckets, as_of| shown(&own.baseline(Baseline::Previous, &calendar, as_of).unwrap());
        // There is none before the first.
        assert_eq!(previous(&all, None), ["-", "01-06 03-29", "03-29 04-01"]);
        assert_eq!(shown(&all.baseline(Baseline::YearAgo, &calendar, None).unwrap()), ["-", "-", "01-06 03-29"]);
        // The period cuts the first at both of its ends, and is known up to a day within the last.
        let cut = terms(date(2025, 3, 30), date(2025, 6, 1), None);
        assert_eq!((shown(&cut), cut.as_slice()[0].partial), (vec!["03-30 04-01".to_owned(), "04-22 06-01".to_owned()], true));
        let as_of = Some(date(2025, 4, 24));
        let known = terms(date(2025, 3, 30), date(2025, 6, 1), as_of);
        // The whole rest of the camp with the whole rest of the term; two days with two days.
        assert_eq!(previous(&known, as_of), ["01-07 03-29", "03-29 03-31"]);
    }

    #[test]
    fn a_range_is_compared_as_a_whole_or_day_by_day() {
        let range = Earlier::Range(Period { from: date(2025, 3, 24), until: date(2025, 4, 1) });
        let period = (date(2025, 10, 20), date(2025, 10, 31));
        assert_eq!(compared(range, period, Grain::Total, None).0, ["03-24 04-01"]);
        assert_eq!(compared(range, period, Grain::Total, Some(date(2025, 10, 23))).0, ["03-24 03-27"]);
        let (days, is_in_order) = compared(range, period, Grain::Day, None);
        assert_eq!(
            (days[0].as_str(), days[7].as_str(), &days[8..], is_in_order),
            ("03-24 03-25", "03-31 04-01", &["-"; 3].map(str::to_owned)[..], true)
        );
        let months = Earlier::Range(Period { from: date(2023, 2, 1), until: date(2023, 5, 1) });
        let two = (date(2025, 1, 1), date(2025, 3, 1));
        assert_eq!(compared(months, two, Grain::Month, None).0, ["02-01 03-01", "03-01 04-01"]);
        let hours = compared(range, (date(2025, 10, 25), date(2025, 10, 27)), Grain::Hour, None).0;
        // The day of the change in autumn has two hours from 2 on, and none like the second there.
        assert_eq!((hours.len(), hours[24 + 3].as_str()), (49, "-"));
    }

    #[test]
    fn so_far_back_may_be_the_same_days_twice() {
        let back = |written: &str| Earlier::Back(written.parse().unwrap());
        let (days, is_in_order) = compared(back("1 month"), (date(2025, 3, 28), date(2025, 4, 2)), Grain::Day, None);
        // The last days of March have the last of February, each.
        assert_eq!(days, ["02-28 03-01", "02-28 03-01", "02-28 03-01", "02-28 03-01", "03-01 03-02"]);
        assert!(!is_in_order);
        let weeks = compared(back("52 weeks"), (date(2025, 6, 2), date(2025, 6, 4)), Grain::Day, None);
        assert_eq!(weeks, (vec!["06-03 06-04".to_owned(), "06-04 06-05".to_owned()], true));
        assert_eq!(compared(back("1 year"), (date(2025, 6, 2), date(2025, 6, 9)), Grain::Total, None).0, ["06-02 06-09"]);
        assert_eq!(compared(back("1 week"), (date(2025, 4, 20), date(2025, 6, 30)), TERMS(), None).0, ["04-15 06-21"]);
    }

    #[test]
    fn a_holiday_is_compared_with_the_same_one_and_never_with_another_day() {
        let of = Name::new("feasts");
        let holidays = Earlier::Holidays { of, otherwise: Some("1 week".parse().unwrap()) };
        let (days, is_in_order) = compared(holidays, (date(2025, 4, 20), date(2025, 4, 23)), Grain::Day, None);
        // The day after has the fair a week before.
        assert_eq!((days, is_in_order), (vec!["04-13 04-14".to_owned(), "04-01 04-02".to_owned(), "-".to_owned()], false));
        let alone = Earlier::Holidays { of, otherwise: None };
        assert_eq!(compared(alone, (date(2025, 4, 20), date(2025, 4, 23)), Grain::Day, None).0, ["-", "04-01 04-02", "-"]);
        assert_eq!(compared(alone, (date(2024, 4, 1), date(2024, 4, 2)), Grain::Day, None).0, ["-"]);
    }
}
