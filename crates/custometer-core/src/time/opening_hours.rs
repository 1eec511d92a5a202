//! Opening hours: the business time between two instants.
//!
//! A desk is open when its clocks show a time of its hours on a day that is not a holiday. Where clocks are put back, they show such times twice,
//! and it is open twice; where they are put forward, it never was. Business time is the overlap with these times, so it is never negative
//! and adds up: from a to b and from b to c is from a to c.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::arity::unary_elementwise;
use polars::prelude::{DataType, Expr, Field, Int64Chunked, IntoColumn};

use super::clock::{LocalClock, MICROSECONDS_PER_DAY};

/// The days that are tabulated. Before and after them nothing is known, and business time is null.
const FIRST_DAY: Date = Date::constant(1900, 1, 1);
const LAST_DAY: Date = Date::constant(2200, 1, 1);

/// Weekly opening hours, and the days on which they do not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct OpeningHours {
    /// The time zone of the clocks on the wall.
    pub zone: TimeZone,
    /// Per weekday, from Monday on, the stretches from opening to closing in minutes since midnight, in order and apart.
    pub week: [Vec<(u16, u16)>; 7],
    /// Days on which nobody works.
    pub holidays: BTreeSet<Date>,
}

/// One uninterrupted stretch of opening hours, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// The instant of opening.
    opens: i64,
    /// The instant of closing.
    closes: i64,
    /// The business time before it.
    before: i64,
}

/// Business time since a fixed day, as a function of time: what is between two instants is the difference of two look-ups.
#[derive(Debug, Clone)]
pub struct BusinessClock {
    stretches: Arc<[Stretch]>,
    /// The instants between which it is known.
    known: (i64, i64),
}

impl BusinessClock {
    /// Tabulates opening hours.
    pub fn new(hours: &OpeningHours) -> Self {
        let clock = LocalClock::new(&hours.zone);
        let (first_day, last_day) = (days_since_1970(FIRST_DAY), days_since_1970(LAST_DAY));
        let known = (first_day * MICROSECONDS_PER_DAY, last_day * MICROSECONDS_PER_DAY);
        let holidays: BTreeSet<i64> = hours.holidays.iter().map(|day| days_since_1970(*day)).collect();
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut before = 0;
        for (from, until, offset) in clock.constant_offsets(known.0, known.1) {
            // While the offset from UTC is one and the same, local times are instants moved by it.
            let (from, until) = (from + offset, until + offset);
            for day in from.div_euclid(MICROSECONDS_PER_DAY)..=until.div_euclid(MICROSECONDS_PER_DAY) {
                if holidays.contains(&day) {
                    continue;
                }
                for &(opens, closes) in &hours.week[weekday_of(day)] {
                    let local = |minute: u16| day * MICROSECONDS_PER_DAY + i64::from(minute) * MICROSECONDS_PER_MINUTE;
                    let (opens, closes) = (local(opens).max(from) - offset, local(closes).min(until) - offset);
                    if opens < closes {
                        stretches.push(Stretch { opens, closes, before });
                        before += closes - opens;
                    }
                }
            }
        }
        Self { stretches: stretches.into(), known }
    }

    /// The business time between two instants in microseconds; below 0 where `end` is before `start`.
    ///
    /// Both are expressions of UTC instants in microseconds. Null where either is null, or before 1900 or after 2199.
    pub fn between(&self, start: Expr, end: Expr) -> Expr {
        self.since_1900(end) - self.since_1900(start)
    }

    /// The same of two instants that are known, in microseconds since 1970.
    pub(super) fn microseconds_between(&self, start: i64, end: i64) -> Option<i64> {
        Some(self.elapsed(end, &mut 0)? - self.elapsed(start, &mut 0)?)
    }

    fn since_1900(&self, instant: Expr) -> Expr {
        let clock = self.clone();
        instant.map_with_fmt_str(
            move |column| {
                let instants = column.as_materialized_series().cast(&DataType::Int64)?;
                let mut last = 0;
                let elapsed: Int64Chunked = unary_elementwise(instants.i64()?, |instant: Option<i64>| clock.elapsed(instant?, &mut last));
                Ok(elapsed.into_column().with_name(column.name().clone()))
            },
            |_, field| Ok(Field::new(field.name().clone(), DataType::Int64)),
            "business_time",
        )
    }

    /// The business time up to an instant. `last` is the position of the stretch found before, which is tried first.
    fn elapsed(&self, instant: i64, last: &mut usize) -> Option<i64> {
        if instant < self.known.0 || instant >= self.known.1 {
            return None;
        }
        let opens = |position: usize| self.stretches.get(position).is_none_or(|stretch| instant < stretch.opens);
        let here = !opens(*last) && opens(*last + 1);
        if !here {
            let after = self.stretches.partition_point(|stretch| stretch.opens <= instant);
            if after == 0 {
                return Some(0);
            }
            *last = after - 1;
        }
        let stretch = self.stretches.get(*last)?;
        Some(stretch.before + instant.min(stretch.closes) - stretch.opens)
    }
}

const MICROSECONDS_PER_MINUTE: i64 = 60_000_000;

fn days_since_1970(day: Date) -> i64 {
    let days = day - Date::constant(1970, 1, 1);
    i64::from(days.get_days())
}

/// The weekday of a day since 1970, which began on a Thursday; Monday is 0.
fn weekday_of(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date, time};
    use jiff::{Timestamp, Zoned};
    use proptest::prelude::*;

    use super::*;

    fn position_of(weekday: Weekday) -> usize {
        usize::try_from(weekday.to_monday_zero_offset()).unwrap()
    }

    fn hours(zone: &str, days: &[(Weekday, &[(u16, u16)])], holidays: &[Date]) -> OpeningHours {
        let mut week: [Vec<(u16, u16)>; 7] = Default::default();
        for (day, stretches) in days {
            week[position_of(*day)] = stretches.to_vec();
        }
        OpeningHours { zone: TimeZone::get(zone).unwrap(), week, holidays: holidays.iter().copied().collect() }
    }

    fn office(zone: &str) -> OpeningHours {
        let day: &[(u16, u16)] = &[(8 * 60, 16 * 60)];
        let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let mut hours = hours(zone, &week.map(|weekday| (weekday, day)), &[date(2025, 12, 25)]);
        hours.week[4] = vec![(8 * 60, 12 * 60), (12 * 60 + 30, 15 * 60)];
        hours
    }

    fn between(hours: &OpeningHours, start: &Zoned, end: &Zoned) -> i64 {
        let clock = BusinessClock::new(hours);
        let at = |instant: &Zoned| clock.elapsed(instant.timestamp().as_microsecond(), &mut 0).unwrap();
        at(end) - at(start)
    }

    fn at(zone: &str, day: Date, hour: i8, minute: i8) -> Zoned {
        day.to_datetime(time(hour, minute, 0, 0)).in_tz(zone).unwrap()
    }

    const MINUTE: i64 = MICROSECONDS_PER_MINUTE;

    #[test]
    fn nights_weekends_breaks_and_holidays_do_not_count() {
        let zone = "Europe/Copenhagen";
        let office = office(zone);
        let minutes = |from: (Date, i8, i8), to: (Date, i8, i8)| {
            between(&office, &at(zone, from.0, from.1, from.2), &at(zone, to.0, to.1, to.2)) / MINUTE
        };
        // Monday 15:00 to Tuesday 09:00: an hour on either day.
        assert_eq!(minutes((date(2025, 1, 6), 15, 0), (date(2025, 1, 7), 9, 0)), 120);
        // Friday 11:00 to Monday 10:00: an hour, two and a half after lunch, and two on Monday.
        assert_eq!(minutes((date(2025, 1, 10), 11, 0), (date(2025, 1, 13), 10, 0)), 60 + 150 + 120);
        // A Sunday, and a holiday on a Thursday.
        assert_eq!(minutes((date(2025, 1, 12), 0, 0), (date(2025, 1, 12), 23, 59)), 0);
        assert_eq!(minutes((date(2025, 12, 24), 12, 0), (date(2025, 12, 26), 9, 0)), 4 * 60 + 60);
    }

    #[test]
    fn hours_that_clocks_show_twice_count_twice_and_skipped_ones_never() {
        let zone = "Europe/Copenhagen";
        let night = hours(zone, &[(Weekday::Sunday, &[(60, 150)])], &[]);
        let whole_day = |day| between(&night, &at(zone, day, 0, 0), &at(zone, day, 12, 0)) / MINUTE;
        // Open from 01:00 to 02:30. In October 02:00 to 02:30 comes twice, in March not at all.
        assert_eq!(whole_day(date(2025, 10, 19)), 90);
        assert_eq!(whole_day(date(2025, 10, 26)), 120);
        assert_eq!(whole_day(date(2025, 3, 30)), 60);
    }

    #[test]
    fn always_open_is_calendar_time() {
        let always: Vec<(Weekday, &[(u16, u16)])> = Weekday::Sunday.cycle_forward().take(7).map(|day| (day, &[(0, 1440)][..])).collect();
        let always = hours("Europe/Copenhagen", &always, &[]);
        let (start, end) = (at("Europe/Copenhagen", date(2025, 3, 1), 7, 13), at("Europe/Copenhagen", date(2025, 11, 3), 1, 2));
        let calendar = end.timestamp().as_microsecond() - start.timestamp().as_microsecond();
        assert_eq!(between(&always, &start, &end), calendar);
    }

    #[test]
    fn outside_the_tabulated_years_nothing_is_known() {
        let clock = BusinessClock::new(&office("UTC"));
        let day = |day: Date| days_since_1970(day) * MICROSECONDS_PER_DAY;
        assert_eq!(clock.elapsed(day(date(1899, 12, 31)), &mut 0), None);
        assert_eq!(clock.elapsed(day(date(2200, 1, 1)), &mut 0), None);
        assert_eq!(clock.elapsed(day(date(1900, 1, 1)), &mut 0), Some(0));
    }

    fn schedules() -> impl Strategy<Value = OpeningHours> {
        let day = prop::collection::btree_set(0..=48_u16, 0..6).prop_map(|edges| {
            let edges: Vec<u16> = edges.into_iter().map(|edge| edge * 30).collect();
            edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
        });
        let zones = prop::sample::select(vec!["UTC", "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]);
        let holidays = prop::collection::btree_set((0..420_i32).prop_map(|day| date(2024, 12, 20) + jiff::Span::new().days(day)), 0..20);
        (prop::collection::vec(day, 7), zones, holidays).prop_map(|(days, zone, holidays)| OpeningHours {
            zone: TimeZone::get(zone).unwrap(),
            week: days.try_into().unwrap(),
            holidays,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn business_time_is_what_a_count_minute_by_minute_finds(hours in schedules(), from in 0..590_000_i64, length in 0..6000_i64) {
            // From 20 December 2024 on, in minutes; the clocks of all these zones change within the year after it.
            let start = days_since_1970(date(2024, 12, 20)) * MICROSECONDS_PER_DAY + from * MINUTE;
            let clock = BusinessClock::new(&hours);
            let mut last = 0;
            let found = clock.elapsed(start + length * MINUTE, &mut last).unwrap() - clock.elapsed(start, &mut last).unwrap();
            let open = (0..length).filter(|minute| {
                let local = Timestamp::from_microsecond(start + minute * MINUTE).unwrap().to_zoned(hours.zone.clone());
                let now = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
                let of_day = &hours.week[position_of(local.weekday())];
                !hours.holidays.contains(&local.date()) && of_day.iter().any(|(opens, closes)| (*opens..*closes).contains(&now))
            });
            prop_assert_eq!(found, i64::try_from(open.count()).unwrap() * MINUTE);
        }

        #[test]
        fn business_time_adds_up_and_is_never_negative(hours in schedules(), mut instants in prop::array::uniform3(0..40_000_000_000_000_i64)) {
            instants.sort_unstable();
            let start = days_since_1970(date(2024, 12, 20)) * MICROSECONDS_PER_DAY;
            let clock = BusinessClock::new(&hours);
            let [a, b, c] = instants.map(|instant| clock.elapsed(start + instant, &mut 0).unwrap());
            prop_assert!(a <= b && b <= c);
            prop_assert!(b - a <= instants[1] - instants[0]);
            prop_assert_eq!(c - a, (b - a) + (c - b));
        }
    }
}
