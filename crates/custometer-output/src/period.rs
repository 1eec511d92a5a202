//! Buckets by name: `2025-01` for a month, `2025 Q1` for a quarter, what the report calls them for its own periods.
//!
//! A name is that of a calendar unit. Weeks that do not start on Monday, and years that do not start in January, are not such a unit: their
//! buckets go by their first and last day. Whether they are is asked of all the buckets of a request together, because one that the
//! period cuts short does not tell.

use custometer_core::Grain;
use custometer_runner::result::ResultRow;
use jiff::{ToSpan, Zoned};

use crate::human;

/// What each row calls its bucket; nothing where it has none.
///
/// Where years start in another month than January, quarters and years go by their dates: a name would be taken for a calendar's.
pub(crate) fn labels(rows: &[ResultRow], fiscal_year_start: i8) -> Vec<String> {
    let named = are_named(rows, fiscal_year_start);
    let label = |row: &ResultRow| {
        let (start, end) = row.start.as_ref().zip(row.end.as_ref())?;
        let name = name(start, row.grain).filter(|_| named);
        let name = row.period.map(|own| human::line(own.as_str())).or(name);
        Some(name.unwrap_or_else(|| format!("{} – {}", start.date(), before(end).date())))
    };
    rows.iter().map(|row| label(row).unwrap_or_default()).collect()
}

/// Whether all buckets are units of the calendar, which have names.
pub(crate) fn are_named(rows: &[ResultRow], fiscal_year_start: i8) -> bool {
    let fiscal = |row: &ResultRow| fiscal_year_start != 1 && matches!(row.grain, Grain::Quarter | Grain::Year);
    rows.iter().all(|row| is_calendar_unit(row) && !fiscal(row))
}

/// Whether a row's bucket is a whole unit of the calendar, or a part of one.
fn is_calendar_unit(row: &ResultRow) -> bool {
    let Some((start, end)) = row.start.as_ref().zip(row.end.as_ref()) else { return true };
    let own = name(start, row.grain);
    let inside = name(&before(end), row.grain) == own;
    let whole = name(&before(start), row.grain) != own && name(end, row.grain) != own;
    // A window may be whole where its bucket is not.
    inside && (whole || row.partial || row.window_start.is_some())
}

/// The last instant before one.
pub(crate) fn before(at: &Zoned) -> Zoned {
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
        Grain::Total | Grain::Named(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use custometer_core::{Buckets, Calendar, Period};
    use jiff::civil::{Date, Weekday, date};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::fixture;

    /// The labels of a period cut by `grain`.
    fn labels_of(from: Date, until: Date, grain: Grain, week_start: Weekday) -> Vec<String> {
        let calendar = Calendar { zone: TimeZone::get("Europe/Copenhagen").unwrap(), week_start, ..Calendar::default() };
        let buckets = Buckets::new(Period { from, until }, grain, &calendar, None).unwrap();
        let rows = buckets.as_slice().iter().map(|bucket| row(bucket.start.clone(), bucket.end.clone(), bucket.partial, grain));
        labels(&rows.collect::<Vec<_>>(), 1)
    }

    fn row(start: Option<Zoned>, end: Option<Zoned>, partial: bool, grain: Grain) -> ResultRow {
        ResultRow { start, end, partial, grain, ..fixture::result().results[0].clone() }
    }

    #[test]
    fn every_grain_has_its_names() {
        let cases = [
            (Grain::Day, date(2025, 1, 7), "2025-01-06"),
            (Grain::Week, date(2025, 1, 20), "2025 W02"),
            (Grain::Month, date(2025, 3, 15), "2025-01"),
            (Grain::Quarter, date(2025, 7, 1), "2025 Q1"),
            (Grain::Year, date(2027, 1, 1), "2025"),
        ];
        for (grain, until, expected) in cases {
            assert_eq!(labels_of(date(2025, 1, 6), until, grain, Weekday::Monday)[0], expected, "{grain:?}");
        }
    }

    #[test]
    fn a_total_is_named_by_its_first_and_last_day() {
        let total = |from, until| labels_of(from, until, Grain::Total, Weekday::Monday);
        assert_eq!(total(date(2025, 1, 1), date(2026, 1, 1)), ["2025-01-01 – 2025-12-31"]);
        assert_eq!(total(date(2025, 1, 10), date(2025, 1, 20)), ["2025-01-10 – 2025-01-19"]);
        assert_eq!(labels(&[row(None, None, false, Grain::Total)], 1), [""]);
    }

    #[test]
    fn years_that_start_in_july_go_by_their_dates() {
        let first_of = |year, month| Some(date(year, month, 1).in_tz("Europe/Copenhagen").unwrap());
        let years =
            [row(first_of(2024, 7), first_of(2025, 7), false, Grain::Year), row(first_of(2025, 7), first_of(2025, 10), true, Grain::Year)];
        assert_eq!(labels(&years, 1), ["2024-07-01 – 2025-06-30", "2025-07-01 – 2025-09-30"]);
    }

    #[test]
    fn a_month_cut_at_both_ends_is_still_a_month() {
        let months = labels_of(date(2025, 1, 10), date(2025, 3, 20), Grain::Month, Weekday::Monday);
        assert_eq!(months, ["2025-01", "2025-02", "2025-03"]);
    }

    #[test]
    fn weeks_that_start_on_sunday_go_by_their_dates() {
        let weeks = labels_of(date(2025, 1, 5), date(2025, 1, 19), Grain::Week, Weekday::Sunday);
        assert_eq!(weeks, ["2025-01-05 – 2025-01-11", "2025-01-12 – 2025-01-18"]);
    }

    #[test]
    fn a_repeated_hour_shows_its_offset() {
        let hours = labels_of(date(2025, 10, 26), date(2025, 10, 27), Grain::Hour, Weekday::Monday);
        assert_eq!(hours[1..5], ["2025-10-26 01:00", "2025-10-26 02:00 +02:00", "2025-10-26 02:00 +01:00", "2025-10-26 03:00"]);
    }

    #[test]
    fn a_fiscal_year_that_starts_with_a_calendar_quarter_is_not_named_after_it() {
        let calendar = Calendar { fiscal_year_start: 4, ..Calendar::default() };
        let of = |grain| {
            let period = Period { from: date(2025, 4, 1), until: date(2025, 7, 1) };
            let buckets = Buckets::new(period, grain, &calendar, None).unwrap();
            let rows = buckets.as_slice().iter().map(|bucket| row(bucket.start.clone(), bucket.end.clone(), bucket.partial, grain));
            labels(&rows.collect::<Vec<_>>(), 4)
        };
        // The first quarter, and a part of the first year.
        assert_eq!(of(Grain::Quarter), ["2025-04-01 – 2025-06-30"]);
        assert_eq!(of(Grain::Year), ["2025-04-01 – 2025-06-30"]);
        assert_eq!(of(Grain::Month), ["2025-04", "2025-05", "2025-06"]);
    }
}
