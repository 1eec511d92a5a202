//! Windows: the time up to the end of a bucket, which may be longer than the bucket and overlap the window of the next.

use std::ops::Range;

use jiff::civil::Date;
use jiff::{ToSpan, Zoned};

use super::buckets::{Bucket, Buckets};
use super::calendar::Calendar;
use super::grain::Grain;
use super::period::Last;

/// What a value at the end of a bucket is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// So many units of the calendar that end with the bucket.
    Trailing(Last),
    /// The week, month, quarter or year so far that the bucket's last instant is in.
    ToDate(Grain),
}

impl Window {
    /// The window in words: `over the 90 days that end with the bucket`.
    pub fn in_words(self) -> String {
        match self {
            Self::Trailing(last) if last.count() == 1 => format!("over the {} that ends with the bucket", last.unit().as_str()),
            Self::Trailing(last) => format!("over the {} {}s that end with the bucket", last.count(), last.unit().as_str()),
            Self::ToDate(unit) => format!("over the {} so far", unit.as_str()),
        }
    }

    /// The first instant of the window that ends at an instant.
    ///
    /// As many days or months earlier, on the same clock time; the last day of a month that does not have the day.
    pub fn start(self, end: &Zoned, calendar: &Calendar) -> Result<Zoned, jiff::Error> {
        match self {
            Self::ToDate(unit) => {
                let last = end.checked_sub(1.microsecond())?;
                calendar.start_of_day(calendar.floor(last.date(), unit)?)
            }
            Self::Trailing(last) => {
                let step = last.unit().step();
                let back = |date: Date| step.map_or(Ok(date), |step| step.from(date, -i32::from(last.count())));
                if calendar.start_of_day(end.date())? == *end {
                    return calendar.start_of_day(back(end.date())?);
                }
                let time = end.time();
                calendar.zone.to_ambiguous_zoned(back(end.date())?.to_datetime(time)).compatible()
            }
        }
    }
}

/// Spans of time, and the position of the window that each is.
type Line = (Vec<(Zoned, Zoned)>, Vec<usize>);

/// The windows that end with buckets, and the pieces of time that they are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// The windows, in the order of their ends. No row can be placed in them: they overlap.
    pub windows: Buckets,
    /// The time between all their edges, cut at each of them; what is in no window is not reported.
    pub pieces: Buckets,
    /// Which of the pieces each window is made of.
    pub made_of: Vec<Range<usize>>,
}

impl Buckets {
    /// The windows that end with each reported bucket. `known` are the same buckets as far as they are known, where that is less: the
    /// windows start as if the buckets were whole, and end where these do.
    pub fn windows(&self, window: Window, calendar: &Calendar, known: &Self) -> Result<Windows, jiff::Error> {
        let mut windows = Vec::new();
        for ((_, whole), (_, known)) in self.reported().zip(known.reported()) {
            let Some((end, known_end)) = whole.end.as_ref().zip(known.end.as_ref()) else { continue };
            // Where there is no such time, there is no window that ends with it.
            let start = if known.is_empty() { known_end.clone() } else { window.start(end, calendar)?.min(known_end.clone()) };
            windows.push(Bucket { start: Some(start), end: Some(known_end.clone()), partial: false, reported: true, name: None });
        }
        let bounds = |window: &Bucket| window.start.clone().zip(window.end.clone());
        let mut edges: Vec<Zoned> = windows.iter().filter_map(bounds).flat_map(|(start, end)| [start, end]).collect();
        edges.sort_by_key(Zoned::timestamp);
        edges.dedup_by_key(|edge| edge.timestamp());
        let at = |edge: &Zoned| edges.partition_point(|known| known.timestamp() < edge.timestamp());
        let made_of: Vec<Range<usize>> = windows.iter().filter_map(bounds).map(|(start, end)| at(&start)..at(&end)).collect();
        let mut covered = vec![false; edges.len().saturating_sub(1)];
        let mut until = 0;
        for range in &made_of {
            covered[range.start.max(until).min(range.end)..range.end].fill(true);
            until = until.max(range.end);
        }
        let pieces = edges.windows(2).zip(covered).map(|(pair, reported)| Bucket {
            start: Some(pair[0].clone()),
            end: Some(pair[1].clone()),
            partial: false,
            reported,
            name: None,
        });
        let pieces = Self::of(self.grain(), self.week_start(), None, pieces.collect());
        Ok(Windows { windows: Self::of(self.grain(), self.week_start(), None, windows), pieces, made_of })
    }
}

impl Buckets {
    /// Buckets that overlap, or are not in order, as few lines in which none overlaps another, with gaps between them: each with the position of the
    /// one that its reported buckets are.
    pub fn apart(&self) -> Vec<(Self, Vec<usize>)> {
        let mut lines: Vec<Line> = Vec::new();
        for (position, bucket) in self.as_slice().iter().enumerate() {
            let Some((start, end)) = bucket.start.clone().zip(bucket.end.clone()) else { continue };
            let free = lines.iter_mut().find(|(spans, _)| spans.last().is_none_or(|(_, before)| *before <= start));
            match free {
                Some((spans, positions)) => {
                    spans.push((start, end));
                    positions.push(position);
                }
                None => lines.push((vec![(start, end)], vec![position])),
            }
        }
        let line = |(spans, positions): Line| (Self::with_gaps(self.grain(), self.week_start(), spans), positions);
        lines.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::time::{Baseline, Period};

    fn calendar() -> Calendar {
        Calendar { zone: TimeZone::get("Europe/Copenhagen").unwrap(), ..Calendar::default() }
    }

    fn windows(window: Window, (from, until): (Date, Date), grain: Grain) -> Windows {
        let buckets = Buckets::new(Period { from, until }, grain, &calendar(), None).unwrap();
        buckets.windows(window, &calendar(), &buckets).unwrap()
    }

    fn shown(buckets: &Buckets) -> Vec<String> {
        let instant = |edge: &Option<Zoned>| edge.as_ref().unwrap().strftime("%F %H").to_string().replace(" 00", "");
        buckets.reported().map(|(_, bucket)| format!("{} {}", instant(&bucket.start), instant(&bucket.end))).collect()
    }

    fn trailing(written: &str) -> Window {
        Window::Trailing(written.parse().unwrap())
    }

    #[test]
    fn a_window_ends_with_its_bucket_and_starts_so_many_units_before() {
        let days = windows(trailing("3 days"), (date(2024, 2, 29), date(2024, 3, 3)), Grain::Day);
        assert_eq!(shown(&days.windows), ["2024-02-27 2024-03-01", "2024-02-28 2024-03-02", "2024-02-29 2024-03-03"]);
        assert_eq!(days.made_of, [0..3, 1..4, 2..5]);
        assert_eq!(days.pieces.as_slice().len(), 5);
        // A day of 23 hours is a day, and 31 May less three months is the last of February.
        let spring = windows(trailing("1 day"), (date(2025, 3, 30), date(2025, 3, 31)), Grain::Hour);
        assert_eq!(
            shown(&spring.windows)[..4],
            ["2025-03-29 01 2025-03-30 01", "2025-03-29 03 2025-03-30 03", "2025-03-29 04 2025-03-30 04", "2025-03-29 05 2025-03-30 05"]
        );
        let months = windows(trailing("3 months"), (date(2025, 5, 29), date(2025, 6, 2)), Grain::Day);
        assert_eq!(
            shown(&months.windows),
            ["2025-02-28 2025-05-30", "2025-02-28 2025-05-31", "2025-03-01 2025-06-01", "2025-03-02 2025-06-02"]
        );
    }

    #[test]
    fn a_year_to_date_starts_with_the_year_of_the_calendar() {
        let weeks = windows(Window::ToDate(Grain::Year), (date(2024, 12, 23), date(2025, 1, 13)), Grain::Week);
        assert_eq!(shown(&weeks.windows), ["2024-01-01 2024-12-30", "2025-01-01 2025-01-06", "2025-01-01 2025-01-13"]);
        let fiscal = Calendar { fiscal_year_start: 7, ..calendar() };
        let buckets = Buckets::new(Period { from: date(2025, 6, 1), until: date(2025, 8, 1) }, Grain::Month, &fiscal, None).unwrap();
        let windows = buckets.windows(Window::ToDate(Grain::Year), &fiscal, &buckets).unwrap();
        assert_eq!(shown(&windows.windows), ["2024-07-01 2025-07-01", "2025-07-01 2025-08-01"]);
    }

    #[test]
    fn what_is_in_no_window_is_not_reported() {
        let weeks = windows(trailing("2 days"), (date(2025, 1, 6), date(2025, 1, 20)), Grain::Week);
        assert_eq!(shown(&weeks.pieces), ["2025-01-11 2025-01-13", "2025-01-18 2025-01-20"]);
        assert_eq!((weeks.pieces.as_slice().len(), weeks.made_of), (3, vec![0..1, 2..3]));
    }

    #[test]
    fn windows_are_laid_out_in_as_few_lines_as_overlap() {
        let days = windows(trailing("3 days"), (date(2025, 1, 4), date(2025, 1, 11)), Grain::Day);
        let apart = days.windows.apart();
        assert_eq!(apart.iter().map(|(_, positions)| positions.clone()).collect::<Vec<_>>(), [vec![0, 3, 6], vec![1, 4], vec![2, 5]]);
        assert_eq!(shown(&apart[1].0), ["2025-01-03 2025-01-06", "2025-01-06 2025-01-09"]);
    }

    #[test]
    fn the_window_of_a_baseline_starts_as_if_its_bucket_were_whole() {
        let (period, as_of) = (Period { from: date(2025, 5, 1), until: date(2025, 7, 1) }, Some(date(2025, 6, 15)));
        let months = Buckets::new(period, Grain::Month, &calendar(), as_of).unwrap();
        let whole = months.baseline(Baseline::YearAgo, &calendar(), None).unwrap();
        let known = months.baseline(Baseline::YearAgo, &calendar(), as_of).unwrap();
        let windows = whole.windows(trailing("3 months"), &calendar(), &known).unwrap();
        assert_eq!(shown(&windows.windows), ["2024-03-01 2024-06-01", "2024-04-01 2024-06-15"]);
    }
}
