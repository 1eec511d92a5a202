//! Buckets by name: `2025-01` for a month, `2025 Q1` for a quarter.
//!
//! A result row knows where its bucket starts and ends, not the grain that cut it. The grain is inferred from all the buckets of a
//! request together, because one that the period cuts short does not tell.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::Grain;
use custometer_runner::result::ResultRow;
use jiff::{ToSpan, Zoned};

/// The grains that have names, finest first.
const NAMED: [Grain; 6] = [Grain::Hour, Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year];

/// A bucket of a request.
struct Bucket<'a> {
    start: &'a Zoned,
    end: &'a Zoned,
    partial: bool,
}

/// The grain that the buckets of `rows` were cut by: the report's if it fits, else the finest that does, else the total.
pub(crate) fn grain_of(rows: &[ResultRow], report: Grain) -> Grain {
    let buckets: BTreeMap<_, _> = rows
        .iter()
        .filter_map(|row| {
            let (start, end) = (row.start.as_ref()?, row.end.as_ref()?);
            Some((start.timestamp(), Bucket { start, end, partial: row.partial }))
        })
        .collect();
    let buckets: Vec<Bucket<'_>> = buckets.into_values().collect();
    let fits = |grain: &Grain| match grain {
        Grain::Total => buckets.len() < 2,
        _ => all_named(&buckets, *grain),
    };
    [report].into_iter().chain(NAMED).find(fits).unwrap_or(Grain::Total)
}

/// The bucket's name, or its first and last day where the grain gives it none.
pub(crate) fn label(start: &Zoned, end: &Zoned, grain: Grain) -> String {
    name(start, grain).unwrap_or_else(|| format!("{} – {}", start.date(), before(end).date()))
}

/// Whether each bucket is one of the grain, or a part of one, and has a name of its own.
fn all_named(buckets: &[Bucket<'_>], grain: Grain) -> bool {
    let mut names = BTreeSet::new();
    buckets.iter().all(|bucket| {
        let own = name(bucket.start, grain);
        let inside = name(&before(bucket.end), grain) == own;
        let whole = name(&before(bucket.start), grain) != own && name(bucket.end, grain) != own;
        inside && (whole || bucket.partial) && names.insert(own)
    })
}

/// The last instant before one.
fn before(at: &Zoned) -> Zoned {
    at.saturating_sub(1.nanosecond())
}

/// The name of the grain's bucket around an instant. Weeks are those of ISO 8601; others go by their dates.
fn name(at: &Zoned, grain: Grain) -> Option<String> {
    Some(match grain {
        // An hour that the clock repeats is told apart by its offset.
        Grain::Hour if at.time_zone().to_ambiguous_timestamp(at.datetime()).is_ambiguous() => at.strftime("%Y-%m-%d %H:00 %:z").to_string(),
        Grain::Hour => at.strftime("%Y-%m-%d %H:00").to_string(),
        Grain::Day => at.date().to_string(),
        Grain::Week => {
            let week = at.date().iso_week_date();
            format!("{} W{:02}", week.year(), week.week())
        }
        Grain::Month => at.strftime("%Y-%m").to_string(),
        Grain::Quarter => format!("{} Q{}", at.year(), (at.month() + 2) / 3),
        Grain::Year => at.year().to_string(),
        Grain::Total => return None,
    })
}

#[cfg(test)]
mod tests {
    use custometer_core::{Buckets, Calendar, Period};
    use jiff::civil::{Date, Weekday, date};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::fixture;

    /// The labels of a period cut by `grain`, in a report whose own grain is another.
    fn labels(from: Date, until: Date, grain: Grain, week_start: Weekday, report: Grain) -> Vec<String> {
        let calendar = Calendar { zone: TimeZone::get("Europe/Copenhagen").unwrap(), week_start, ..Calendar::default() };
        let buckets = Buckets::new(Period { from, until }, grain, &calendar, None).unwrap();
        let rows: Vec<ResultRow> = buckets
            .as_slice()
            .iter()
            .map(|bucket| ResultRow {
                start: bucket.start.clone(),
                end: bucket.end.clone(),
                partial: bucket.partial,
                ..fixture::result().results[0].clone()
            })
            .collect();
        let grain = grain_of(&rows, report);
        rows.iter().map(|row| label(row.start.as_ref().unwrap(), row.end.as_ref().unwrap(), grain)).collect()
    }

    #[test]
    fn every_grain_has_its_names_whatever_the_report_says() {
        let cases = [
            (Grain::Day, date(2025, 1, 7), "2025-01-06"),
            (Grain::Week, date(2025, 1, 20), "2025 W02"),
            (Grain::Month, date(2025, 3, 15), "2025-01"),
            (Grain::Quarter, date(2025, 7, 1), "2025 Q1"),
            (Grain::Year, date(2027, 1, 1), "2025"),
        ];
        for (grain, until, expected) in cases {
            for report in [grain, Grain::Month] {
                assert_eq!(labels(date(2025, 1, 6), until, grain, Weekday::Monday, report)[0], expected, "{grain:?} in {report:?}");
            }
        }
    }

    #[test]
    fn a_total_is_named_by_its_first_and_last_day() {
        let total = |from, until| labels(from, until, Grain::Total, Weekday::Monday, Grain::Total);
        assert_eq!(total(date(2025, 1, 1), date(2026, 1, 1)), ["2025-01-01 – 2025-12-31"]);
        let within_months = labels(date(2025, 1, 10), date(2025, 2, 10), Grain::Total, Weekday::Monday, Grain::Month);
        assert_eq!(within_months, ["2025-01-10 – 2025-02-09"]);
    }

    #[test]
    fn a_month_cut_at_both_ends_is_still_a_month() {
        let months = labels(date(2025, 1, 10), date(2025, 3, 20), Grain::Month, Weekday::Monday, Grain::Total);
        assert_eq!(months, ["2025-01", "2025-02", "2025-03"]);
    }

    #[test]
    fn weeks_that_start_on_sunday_go_by_their_dates() {
        let weeks = labels(date(2025, 1, 5), date(2025, 1, 19), Grain::Week, Weekday::Sunday, Grain::Week);
        assert_eq!(weeks, ["2025-01-05 – 2025-01-11", "2025-01-12 – 2025-01-18"]);
    }

    #[test]
    fn a_repeated_hour_shows_its_offset() {
        let hours = labels(date(2025, 10, 26), date(2025, 10, 27), Grain::Hour, Weekday::Monday, Grain::Total);
        assert_eq!(hours[1..5], ["2025-10-26 01:00", "2025-10-26 02:00 +02:00", "2025-10-26 02:00 +01:00", "2025-10-26 03:00"]);
    }
}
