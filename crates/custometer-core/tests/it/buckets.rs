//! Buckets: a period is tiled without gaps, and rows land where the local calendar says.

use custometer_core::{Buckets, Calendar, Grain, Period};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use polars::prelude::{IntoLazy, col, df};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};

use crate::engine::collect;

const ZONES: [&str; 6] = ["UTC", "Europe/Copenhagen", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"];
const GRAINS: [Grain; 7] = [Grain::Hour, Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year, Grain::Total];
const WEEK_STARTS: [Weekday; 3] = [Weekday::Monday, Weekday::Saturday, Weekday::Sunday];

/// Days around which a clock of these zones changed, among them midnights that it skipped.
const CLOCK_CHANGES: [Date; 7] =
    [date(1986, 1, 1), date(2024, 4, 26), date(2024, 11, 1), date(2025, 3, 30), date(2025, 4, 6), date(2025, 10, 5), date(2025, 11, 2)];

/// A report's time settings, and its buckets.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    pub(crate) period: Period,
    pub(crate) grain: Grain,
    pub(crate) calendar: Calendar,
    pub(crate) buckets: Buckets,
}

/// Where an instant is, relative to a period.
#[derive(Debug, Clone)]
enum Place {
    /// So many thousandths of the period after its start, and some microseconds.
    Within(i64, i64),
    /// So many microseconds after an edge.
    AtEdge(Index, i64),
}

pub(crate) fn cuts() -> impl Strategy<Value = Cut> {
    let from = prop_oneof![
        (0..25_000_i64).prop_map(|days| date(1970, 1, 2).checked_add(days.days()).unwrap()),
        (select(CLOCK_CHANGES.to_vec()), 0..20_i64).prop_map(|(day, before)| day.checked_sub(before.days()).unwrap()),
    ];
    let calendars = (select(ZONES.to_vec()), select(WEEK_STARTS.to_vec()), 1..=12_i8).prop_map(|(zone, week_start, fiscal_year_start)| {
        Calendar { zone: TimeZone::get(zone).unwrap(), week_start, fiscal_year_start, ..Calendar::default() }
    });
    (from, select(GRAINS.to_vec()), calendars).prop_flat_map(|(from, grain, calendar)| {
        let longest = if grain == Grain::Hour { 30_i64 } else { 1000 };
        (1..longest).prop_map(move |days: i64| {
            let period = Period { from, until: from.checked_add(days.days()).unwrap() };
            let buckets = Buckets::new(period, grain, &calendar, None).unwrap();
            Cut { period, grain, calendar: calendar.clone(), buckets }
        })
    })
}

fn places() -> impl Strategy<Value = Vec<Option<Place>>> {
    let place = prop_oneof![
        (-200..=1200_i64, 0..3_600_000_000_i64).prop_map(|(share, more)| Place::Within(share, more)),
        (any::<Index>(), -1..=1_i64).prop_map(|(edge, after)| Place::AtEdge(edge, after)),
    ];
    vec(weighted(0.9, place), 1..60)
}

impl Cut {
    fn instants(&self, places: &[Option<Place>]) -> Vec<Option<i64>> {
        let edges = self.buckets.edges();
        let (first, last) = (edges[0], edges[edges.len() - 1]);
        let instant = |place: &Place| match place {
            Place::Within(share, more) => first + (last - first) / 1000 * share + more,
            Place::AtEdge(edge, after) => edge.get(edges) + after,
        };
        places.iter().map(|place| place.as_ref().map(instant)).collect()
    }

    /// The buckets that the engine puts instants in.
    fn found(&self, instants: &[Option<i64>]) -> Vec<Option<i32>> {
        let placed = df!("t" => instants).unwrap().lazy().select([self.buckets.index_of(col("t"))]);
        collect(vec![placed])[0].column("t").unwrap().i32().unwrap().iter().collect()
    }

    fn local(&self, instant: i64) -> Zoned {
        Timestamp::from_microsecond(instant).unwrap().to_zoned(self.calendar.zone.clone())
    }

    /// The first day of the calendar's day, week, month, quarter or year that a day is in, in the period.
    fn first_day(&self, of: Date) -> Date {
        let quarters = [0, 3, 6, 9].map(|later| (self.calendar.fiscal_year_start - 1 + later) % 12 + 1);
        let begins = |day: &Date| match self.grain {
            Grain::Hour | Grain::Day => true,
            Grain::Week => day.weekday() == self.calendar.week_start,
            Grain::Month => day.day() == 1,
            Grain::Quarter => day.day() == 1 && quarters.contains(&day.month()),
            Grain::Year => day.day() == 1 && day.month() == quarters[0],
            Grain::Total | Grain::Named(_) => false,
        };
        let mut day = of;
        while day > self.period.from && !begins(&day) {
            day = day.yesterday().unwrap();
        }
        day
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn buckets_tile_the_period_without_gap_or_overlap(cut in cuts()) {
        let buckets = cut.buckets.as_slice();
        let starts: Vec<Zoned> = buckets.iter().map(|bucket| bucket.start.clone().unwrap()).collect();
        let ends: Vec<Zoned> = buckets.iter().map(|bucket| bucket.end.clone().unwrap()).collect();
        assert_eq!(starts[0], cut.calendar.start_of_day(cut.period.from).unwrap());
        assert_eq!(ends[ends.len() - 1], cut.calendar.start_of_day(cut.period.until).unwrap());
        assert_eq!(starts[1..], ends[..ends.len() - 1]);
        assert!(starts.iter().zip(&ends).all(|(start, end)| start < end), "{starts:?} {ends:?}");
        let edges = starts.iter().chain(ends.last()).map(|edge| edge.timestamp().as_microsecond());
        assert_eq!(edges.collect::<Vec<_>>(), cut.buckets.edges());
    }

    #[test]
    fn instants_fall_into_the_bucket_whose_start_and_end_enclose_them(cut in cuts(), places in places()) {
        let buckets = cut.buckets.as_slice();
        let instants = cut.instants(&places);
        let expected = |instant: i64| {
            let instant = Timestamp::from_microsecond(instant).unwrap();
            let started = |start: &Option<Zoned>| start.as_ref().unwrap().timestamp() <= instant;
            let position = buckets.iter().position(|bucket| started(&bucket.start) && !started(&bucket.end));
            let outside = if started(&buckets[0].start) { buckets.len() } else { return -1 };
            i32::try_from(position.unwrap_or(outside)).unwrap()
        };
        let expected: Vec<Option<i32>> = instants.iter().map(|instant| instant.map(expected)).collect();
        assert_eq!(cut.found(&instants), expected);
    }

    #[test]
    fn instants_of_the_period_fall_into_the_bucket_of_their_local_date(cut in cuts(), places in places()) {
        let instants = cut.instants(&places);
        for (instant, found) in instants.iter().zip(cut.found(&instants)) {
            let Some((instant, found)) = instant.zip(found) else { continue };
            let local = cut.local(instant);
            let within = (cut.period.from..cut.period.until).contains(&local.date());
            let bucket = usize::try_from(found).ok().and_then(|found| cut.buckets.as_slice().get(found));
            assert_eq!(within, bucket.is_some(), "{local}");
            let Some(start) = bucket.and_then(|bucket| bucket.start.as_ref()) else { continue };
            assert_eq!(start.date(), cut.first_day(local.date()), "{local} is put in the bucket that starts at {start}");
            if cut.grain == Grain::Hour {
                assert_eq!(start.hour(), local.hour(), "{local} is put in the hour that starts at {start}");
            }
        }
    }
}

#[test]
fn every_instant_falls_into_the_only_bucket_of_a_report_without_time() {
    let placed =
        df!("t" => [Some(i64::MIN), Some(0), Some(i64::MAX), None]).unwrap().lazy().select([Buckets::timeless().index_of(col("t"))]);
    let placed: Vec<Option<i32>> = collect(vec![placed])[0].column("t").unwrap().i32().unwrap().iter().collect();
    assert_eq!(placed, [Some(0), Some(0), Some(0), None]);
}

#[test]
fn a_week_whose_first_day_was_skipped_does_not_shift_the_weeks_after_it() {
    // Samoa went from Thursday, 29 December 2011, to Saturday.
    let period = Period { from: date(2011, 12, 23), until: date(2012, 1, 13) };
    let calendar = Calendar { zone: TimeZone::get("Pacific/Apia").unwrap(), week_start: Weekday::Friday, ..Calendar::default() };
    let weeks = Buckets::new(period, Grain::Week, &calendar, None).unwrap();
    let starts: Vec<Date> = weeks.as_slice().iter().map(|week| week.start.as_ref().unwrap().date()).collect();
    assert_eq!(starts, [date(2011, 12, 23), date(2011, 12, 31), date(2012, 1, 6)]);
}
