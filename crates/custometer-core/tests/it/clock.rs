//! Local clocks: what they showed, checked against Python's zoneinfo and against jiff, one value at a time.

use custometer_core::time::{AmbiguousTimes, ClockRule, LocalClock, NonexistentTimes};
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use polars::prelude::{DataType, IntoLazy, TimeUnit, col, df};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};

use self::Reading::{Never, Once, Twice};
use crate::engine::collect;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Once,
    Twice,
    Never,
}

/// Zone, local time, its instants in UTC with `fold=0` and `fold=1`, and whether the first of them is shown as the local time again, and
/// equals the second: by zoneinfo of Python 3.11 with tzdata 2025b. `fold=0` of a skipped time is read with the offset before the change.
const ZONEINFO: [(&str, &str, &str, &str, Reading); 43] = [
    ("Europe/Copenhagen", "2025-03-30T01:59:59", "2025-03-30T00:59:59", "2025-03-30T00:59:59", Once),
    ("Europe/Copenhagen", "2025-03-30T02:00:00", "2025-03-30T01:00:00", "2025-03-30T00:00:00", Never),
    ("Europe/Copenhagen", "2025-03-30T02:30:00", "2025-03-30T01:30:00", "2025-03-30T00:30:00", Never),
    ("Europe/Copenhagen", "2025-03-30T03:00:00", "2025-03-30T01:00:00", "2025-03-30T01:00:00", Once),
    ("Europe/Copenhagen", "2025-10-26T01:59:59", "2025-10-25T23:59:59", "2025-10-25T23:59:59", Once),
    ("Europe/Copenhagen", "2025-10-26T02:00:00", "2025-10-26T00:00:00", "2025-10-26T01:00:00", Twice),
    ("Europe/Copenhagen", "2025-10-26T02:59:59", "2025-10-26T00:59:59", "2025-10-26T01:59:59", Twice),
    ("Europe/Copenhagen", "2025-10-26T03:00:00", "2025-10-26T02:00:00", "2025-10-26T02:00:00", Once),
    ("Europe/Copenhagen", "2199-07-01T12:00:00", "2199-07-01T10:00:00", "2199-07-01T10:00:00", Once),
    ("Europe/Copenhagen", "2199-03-31T02:30:00", "2199-03-31T01:30:00", "2199-03-31T00:30:00", Never),
    ("Africa/Cairo", "2024-04-25T23:59:59", "2024-04-25T21:59:59", "2024-04-25T21:59:59", Once),
    ("Africa/Cairo", "2024-04-26T00:00:00", "2024-04-25T22:00:00", "2024-04-25T21:00:00", Never),
    ("Africa/Cairo", "2024-04-26T00:59:59", "2024-04-25T22:59:59", "2024-04-25T21:59:59", Never),
    ("Africa/Cairo", "2024-04-26T01:00:00", "2024-04-25T22:00:00", "2024-04-25T22:00:00", Once),
    ("Africa/Cairo", "2024-10-31T23:30:00", "2024-10-31T20:30:00", "2024-10-31T21:30:00", Twice),
    ("Africa/Cairo", "2024-11-01T00:00:00", "2024-10-31T22:00:00", "2024-10-31T22:00:00", Once),
    ("Australia/Lord_Howe", "2025-04-06T01:29:59", "2025-04-05T14:29:59", "2025-04-05T14:29:59", Once),
    ("Australia/Lord_Howe", "2025-04-06T01:30:00", "2025-04-05T14:30:00", "2025-04-05T15:00:00", Twice),
    ("Australia/Lord_Howe", "2025-04-06T02:00:00", "2025-04-05T15:30:00", "2025-04-05T15:30:00", Once),
    ("Australia/Lord_Howe", "2025-10-05T02:00:00", "2025-10-04T15:30:00", "2025-10-04T15:00:00", Never),
    ("Australia/Lord_Howe", "2025-10-05T02:29:59", "2025-10-04T15:59:59", "2025-10-04T15:29:59", Never),
    ("Australia/Lord_Howe", "2025-10-05T02:30:00", "2025-10-04T15:30:00", "2025-10-04T15:30:00", Once),
    ("Pacific/Apia", "2011-12-29T23:59:59", "2011-12-30T09:59:59", "2011-12-30T09:59:59", Once),
    ("Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00", "2011-12-29T10:00:00", Never),
    ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00", "2011-12-29T22:00:00", Never),
    ("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00", "2011-12-30T10:00:00", Once),
    ("America/Toronto", "1919-03-30T23:29:59", "1919-03-31T04:29:59", "1919-03-31T04:29:59", Once),
    ("America/Toronto", "1919-03-30T23:30:00", "1919-03-31T04:30:00", "1919-03-31T03:30:00", Never),
    ("America/Toronto", "1919-03-31T00:00:00", "1919-03-31T05:00:00", "1919-03-31T04:00:00", Never),
    ("America/Toronto", "1919-03-31T00:30:00", "1919-03-31T04:30:00", "1919-03-31T04:30:00", Once),
    ("America/St_Johns", "2006-10-29T00:00:00", "2006-10-29T02:30:00", "2006-10-29T03:30:00", Twice),
    ("America/St_Johns", "2006-10-28T23:01:00", "2006-10-29T01:31:00", "2006-10-29T02:31:00", Twice),
    ("America/St_Johns", "2006-10-29T00:01:00", "2006-10-29T03:31:00", "2006-10-29T03:31:00", Once),
    ("America/Havana", "2024-11-03T00:00:00", "2024-11-03T04:00:00", "2024-11-03T05:00:00", Twice),
    ("America/Havana", "2024-11-03T00:59:59", "2024-11-03T04:59:59", "2024-11-03T05:59:59", Twice),
    ("America/Havana", "2024-11-03T01:00:00", "2024-11-03T06:00:00", "2024-11-03T06:00:00", Once),
    ("Asia/Kathmandu", "2025-01-01T00:00:00", "2024-12-31T18:15:00", "2024-12-31T18:15:00", Once),
    ("Asia/Kathmandu", "1985-12-31T23:59:59", "1985-12-31T18:29:59", "1985-12-31T18:29:59", Once),
    ("Asia/Kathmandu", "1986-01-01T00:10:00", "1985-12-31T18:40:00", "1985-12-31T18:25:00", Never),
    ("Africa/Casablanca", "2025-02-23T02:30:00", "2025-02-23T01:30:00", "2025-02-23T02:30:00", Twice),
    ("Africa/Casablanca", "2025-04-06T02:30:00", "2025-04-06T02:30:00", "2025-04-06T01:30:00", Never),
    ("Etc/GMT+5", "2025-06-01T00:00:00", "2025-06-01T05:00:00", "2025-06-01T05:00:00", Once),
    ("UTC", "2025-03-30T02:30:00", "2025-03-30T02:30:00", "2025-03-30T02:30:00", Once),
];

const RULES: [ClockRule; 3] = [
    ClockRule { ambiguous: AmbiguousTimes::Earliest, nonexistent: NonexistentTimes::ShiftForward },
    ClockRule { ambiguous: AmbiguousTimes::Latest, nonexistent: NonexistentTimes::ShiftForward },
    ClockRule { ambiguous: AmbiguousTimes::Reject, nonexistent: NonexistentTimes::Reject },
];

/// What a clock says of local times.
#[derive(Debug, PartialEq)]
struct Said {
    /// By the rules above.
    utc: [Vec<Option<i64>>; 3],
    ambiguous: Vec<Option<bool>>,
    start_of_day: Vec<Option<i64>>,
}

fn said(zone: &TimeZone, local: &[Option<i64>]) -> Said {
    let clock = LocalClock::new(zone);
    let time = || col("t").cast(DataType::Datetime(TimeUnit::Microseconds, None));
    let mut columns: Vec<_> = (0..).zip(RULES).map(|(rule, by)| clock.to_utc(time(), by).alias(format!("{rule}"))).collect();
    columns.push(clock.is_ambiguous(time()).alias("ambiguous"));
    columns.push(clock.start_of_day(col("t")).alias("start"));
    let mut plan = df!("t" => local).unwrap().lazy().select(columns);
    let schema = plan.collect_schema().unwrap();
    let found = &collect(vec![plan])[0];
    assert_eq!(*schema, **found.schema());
    let instants = |name: &str| found.column(name).unwrap().datetime().unwrap().physical().iter().collect();
    Said {
        utc: ["0", "1", "2"].map(instants),
        ambiguous: found.column("ambiguous").unwrap().bool().unwrap().iter().collect(),
        start_of_day: instants("start"),
    }
}

fn microseconds(written: &str) -> i64 {
    Offset::UTC.to_timestamp(written.parse().unwrap()).unwrap().as_microsecond()
}

#[test]
fn local_times_are_read_as_zoneinfo_reads_them() {
    for (zone, local, first, second, reading) in ZONEINFO {
        let said = said(&TimeZone::get(zone).unwrap(), &[Some(microseconds(local)), None]);
        let latest = if reading == Never { first } else { second };
        let strict = (reading == Once).then(|| microseconds(first));
        let expected = [Some(microseconds(first)), Some(microseconds(latest)), strict];
        assert_eq!(said.utc.map(|utc| (utc[0], utc[1])), expected.map(|utc| (utc, None)), "{local} in {zone}");
        assert_eq!(said.ambiguous, [Some(reading == Twice), None], "{local} in {zone}");
    }
}

#[test]
fn a_clock_without_changes_only_adds_its_offset() {
    for (zone, offset) in [(TimeZone::UTC, 0), (TimeZone::fixed(Offset::constant(-5)), -18_000_000_000)] {
        for local in [i64::from(i32::MIN) * 1_000_000, 0, 250_000_000_000_000_000] {
            let said = said(&zone, &[Some(local)]);
            assert_eq!(said.utc, std::array::from_fn(|_| vec![Some(local - offset)]));
            assert_eq!((said.ambiguous, said.start_of_day), (vec![Some(false)], vec![Some(local - offset)]));
        }
    }
}

#[test]
fn times_after_the_calendars_end_are_null_in_zones_that_go_on_changing() {
    let said = said(&TimeZone::get("Europe/Copenhagen").unwrap(), &[Some(i64::MAX), Some(0)]);
    assert_eq!((&said.utc[0], &said.ambiguous), (&vec![None, Some(-3_600_000_000)], &vec![None, Some(false)]));
}

/// Zones, and in each local times of the years 1800 to 2250: anywhere, around clock changes, and missing ones.
fn local_times() -> impl Strategy<Value = (TimeZone, Vec<Option<i64>>)> {
    // jiff 0.2 takes the hour before Nuuk's change of rules on 2023-10-29, when clocks did not change, for one that was shown twice.
    let nuuk = ["America/Nuuk", "America/Godthab"];
    let zones = jiff::tz::db().available().map(|zone| zone.to_string()).filter(|zone| !nuuk.contains(&zone.as_str()));
    let zones: Vec<String> = zones.collect();
    let place = prop_oneof![
        (-5_364_662_400_000_000..8_835_955_200_000_000_i64).prop_map(|local| (None, local)),
        (any::<Index>(), -90_000_000_000..90_000_000_000_i64).prop_map(|(change, after)| (Some(change), after)),
        (any::<Index>(), select(vec![-86_400, -3600, -1800, 0, 1800, 3600, 86_400]), -1..=1_i64)
            .prop_map(|(change, seconds, more)| (Some(change), seconds * 1_000_000 + more)),
    ];
    (select(zones), vec(weighted(0.95, place), 1..200)).prop_map(|(zone, places)| {
        let zone = TimeZone::get(&zone).unwrap();
        let last = Timestamp::from_second(8_800_000_000).unwrap();
        let changes: Vec<_> = zone.following(Timestamp::MIN).take_while(|change| change.timestamp() < last).collect();
        let local = |(change, after): (Option<Index>, i64)| match change {
            Some(change) if !changes.is_empty() => {
                let change = change.get(&changes);
                change.timestamp().as_microsecond() + i64::from(change.offset().seconds()) * 1_000_000 + after
            }
            _ => after,
        };
        let times = places.into_iter().map(|place| place.map(local)).collect();
        (zone, times)
    })
}

fn shown(local: i64) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_microsecond(local).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn local_times_are_read_as_jiff_reads_them((zone, times) in local_times()) {
        let read = |local: i64| zone.to_ambiguous_timestamp(shown(local));
        let all = |to: &dyn Fn(i64) -> Option<Timestamp>| -> Vec<Option<i64>> {
            times.iter().map(|local| local.and_then(to).map(Timestamp::as_microsecond)).collect()
        };
        let twice = |local: i64| matches!(read(local).offset(), AmbiguousOffset::Fold { .. });
        let said = said(&zone, &times);
        let expected = [
            all(&|local| read(local).compatible().ok()),
            all(&|local| read(local).later().ok()),
            all(&|local| read(local).unambiguous().ok()),
        ];
        assert_eq!(said.utc, expected, "{zone:?}");
        assert_eq!(said.ambiguous, times.iter().map(|local| local.map(twice)).collect::<Vec<_>>(), "{zone:?}");
    }

    #[test]
    fn a_day_starts_when_clocks_first_show_its_date((zone, times) in local_times()) {
        let midnight = |local: i64| {
            let midnight = shown(local).date().to_datetime(Time::midnight());
            Offset::UTC.to_timestamp(midnight).unwrap().as_microsecond()
        };
        let times: Vec<_> = times.into_iter().map(|local| local.map(midnight)).collect();
        for (midnight, start) in times.iter().zip(said(&zone, &times).start_of_day) {
            assert_eq!(midnight.is_some(), start.is_some());
            let Some((midnight, start)) = midnight.zip(start) else { continue };
            let day = shown(midnight).date();
            let start = Timestamp::from_microsecond(start).unwrap();
            let date = |at: Timestamp| zone.to_datetime(at).date();
            assert!(date(start - 1.microsecond()) < day, "{start} is not the start of {day} in {zone:?}");
            let skipped = zone.to_ambiguous_timestamp(day.at(12, 0, 0, 0)).is_ambiguous();
            assert!(date(start) == day || skipped && date(start) > day, "{start} is not the start of {day} in {zone:?}");
        }
    }
}
