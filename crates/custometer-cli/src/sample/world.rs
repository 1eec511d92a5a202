//! The invented world behind every table: one year, its seasons, its people, and chance.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp, civil};
use polars::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::format::Format;

/// The year 2025 in Copenhagen, in seconds of UTC.
pub(super) const YEAR: Range<i64> = 1_735_686_000..1_767_222_000;
/// When people joined, up to the end of that year. It starts so much earlier than arrivals in [`Population`] that at the default sizes
/// nobody buys before joining.
pub(super) const HISTORY: Range<i64> = 1_700_262_000..YEAR.end;
/// Summer times.
const SUMMERS: [Range<i64>; 2] = [1_711_846_800..1_729_990_800, 1_743_296_400..1_761_440_400];
/// The first of September, when something changes that a report should find.
pub(super) const CHANGE: i64 = 1_756_677_600;

pub(super) const HOUR: f64 = 3_600.0;
pub(super) const DAY: f64 = 24.0 * HOUR;

/// How busy each month, weekday (from Monday) and local hour is, relative to the others.
pub(super) struct Season {
    months: [u32; 12],
    weekdays: [u32; 7],
    hours: [u32; 24],
}

const EPOCH: civil::Date = civil::date(1970, 1, 1);

const EVENINGS: [u32; 24] = [10, 5, 3, 2, 2, 4, 12, 28, 45, 55, 62, 66, 68, 64, 60, 62, 68, 75, 84, 98, 100, 88, 55, 26];
const OFFICE_HOURS: [u32; 24] = [3, 2, 1, 1, 1, 3, 12, 40, 85, 100, 98, 90, 75, 88, 90, 82, 68, 48, 38, 34, 28, 20, 12, 6];

/// When people shop: evenings, weekends, and before Christmas; in July they are away.
pub(super) const SHOPPING: Season =
    Season { months: [88, 86, 92, 94, 97, 93, 74, 92, 98, 104, 132, 150], weekdays: [98, 95, 94, 97, 106, 114, 108], hours: EVENINGS };

/// When people ask for help: on working days, most of all on Mondays.
pub(super) const SUPPORT: Season = Season {
    months: [104, 97, 98, 96, 98, 95, 78, 94, 102, 103, 112, 120],
    weekdays: [128, 114, 108, 104, 98, 46, 42],
    hours: OFFICE_HOURS,
};

/// When people answer surveys: much the same all year, but for July.
pub(super) const SURVEYS: Season =
    Season { months: [100, 98, 102, 100, 101, 97, 76, 95, 103, 104, 106, 98], weekdays: [108, 110, 108, 104, 96, 84, 90], hours: EVENINGS };

/// When people join: in the evening, before the summer rather than in it.
pub(super) const JOINING: Season = Season {
    months: [110, 104, 104, 102, 101, 96, 80, 98, 104, 104, 102, 95],
    weekdays: [104, 104, 102, 100, 100, 96, 94],
    hours: EVENINGS,
};

/// A season laid out over a period.
pub(super) struct Calendar {
    period: Range<i64>,
    /// The busyness from the period's start to each hour, and to the period's end.
    until: Vec<f64>,
}

impl Calendar {
    pub(super) fn new(season: &Season, period: Range<i64>) -> Self {
        let mut total = 0.0;
        let mut until = vec![total];
        for second in period.clone().step_by(3_600) {
            let local = local(second);
            let month = season.months[usize::from(local.month().unsigned_abs()) - 1];
            let weekday = season.weekdays[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
            let hour = season.hours[usize::from(local.hour().unsigned_abs())];
            total += f64::from(month) * f64::from(weekday) * f64::from(hour);
            until.push(total);
        }
        Self { period, until }
    }

    /// The second by which `share` of the period's busyness is over.
    fn second(&self, share: f64) -> i64 {
        let last = self.until.len() - 1;
        let target = share * self.until[last];
        let hour = self.until.partition_point(|&until| until <= target).clamp(1, last) - 1;
        let part = (target - self.until[hour]) / (self.until[hour + 1] - self.until[hour]);
        (self.period.start + whole((hour as f64 + part) * HOUR)).min(self.period.end - 1)
    }

    /// How busy the 24 hours are that `second` is in the middle of, relative to others.
    pub(super) fn busyness(&self, second: i64) -> f64 {
        let last = self.until.len() - 1;
        let until = |second: i64| self.until[usize::try_from((second - self.period.start) / 3_600).unwrap_or(0).min(last)];
        (until(second + 43_200) - until(second - 43_200)) / self.until[last] * last as f64 / 24.0
    }
}

/// What clocks show in Copenhagen.
pub(super) fn local(second: i64) -> civil::DateTime {
    let offset = if SUMMERS.iter().any(|summer| summer.contains(&second)) { 7_200 } else { 3_600 };
    EPOCH.at(0, 0, 0, 0) + SignedDuration::from_secs(second + offset)
}

/// A run of rows, and the slice of the period that is theirs because as much of its busyness falls into it.
pub(super) struct Chunk<'a> {
    /// The numbers of the rows, from 0.
    pub(super) rows: Range<u64>,
    /// The rows of the whole sample.
    pub(super) total: u64,
    /// How many people there are, where that is said.
    pub(super) people: Option<u64>,
    pub(super) seed: u64,
    pub(super) format: Format,
    pub(super) calendar: &'a Calendar,
}

impl Chunk<'_> {
    /// `count` seconds of this chunk's slice, in order.
    pub(super) fn seconds(&self, rng: &mut ChaCha8Rng, count: u64) -> Vec<i64> {
        let (start, end) = self.shares();
        let mut seconds: Vec<i64> = (0..count).map(|_| self.calendar.second(start + (end - start) * rng.random::<f64>())).collect();
        seconds.sort_unstable();
        seconds
    }

    /// The people who make so many visits: as many as are said, or so many that each makes the mean number.
    pub(super) fn population(&self, visits: u64, mean: f64) -> Population {
        Population::new(self.people.map_or(visits as f64 / mean, |people| people as f64))
    }

    /// What corresponds to this chunk in a table of another size.
    pub(super) fn of(&self, rows: impl Fn(u64) -> u64) -> Self {
        Self { rows: rows(self.rows.start)..rows(self.rows.end), total: rows(self.total), ..*self }
    }

    /// When the people joined whose numbers are those of the rows: the same in every table of as many rows.
    pub(super) fn joined(&self) -> Vec<i64> {
        self.seconds(&mut stream(self.seed, JOINED, self.rows.start), self.rows.end - self.rows.start)
    }

    /// The first and the last second of this chunk's slice.
    pub(super) fn bounds(&self) -> (i64, i64) {
        let (start, end) = self.shares();
        (self.calendar.second(start), self.calendar.second(end))
    }

    fn shares(&self) -> (f64, f64) {
        let total = self.total.max(1) as f64;
        (self.rows.start as f64 / total, self.rows.end as f64 / total)
    }

    /// A column of the local dates of times.
    pub(super) fn date_column(&self, name: &str, times: impl Iterator<Item = Time>) -> PolarsResult<Column> {
        match self.format {
            Format::Csv => Ok(Column::new(name.into(), times.map(Time::date_text).collect::<Vec<_>>())),
            Format::Parquet => Column::new(name.into(), times.map(Time::days).collect::<Vec<_>>()).cast(&DataType::Date),
        }
    }

    pub(super) fn time_column(&self, name: &str, times: impl Iterator<Item = Time>) -> PolarsResult<Column> {
        match self.format {
            Format::Csv => Ok(Column::new(name.into(), times.map(Time::text).collect::<Vec<_>>())),
            Format::Parquet => Column::new(name.into(), times.map(Time::microseconds).collect::<Vec<_>>())
                .cast(&DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))),
        }
    }
}

const NO_DATE: &str = "31-02-2025";

/// A cell of a time column.
#[derive(Clone, Copy)]
pub(super) enum Time {
    At(i64),
    Missing,
    /// A date that no calendar has. Parquet's times cannot hold one: there it is missing.
    Unreadable,
}

impl Time {
    /// When a row happened: now and then the source wrote nonsense.
    pub(super) fn recorded(rng: &mut ChaCha8Rng, second: i64) -> Self {
        if rng.random_bool(0.002) { Self::Unreadable } else { Self::At(second) }
    }

    fn text(self) -> Option<String> {
        match self {
            Self::At(second) => Some((Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)).to_string()),
            Self::Missing => None,
            Self::Unreadable => Some(NO_DATE.to_owned()),
        }
    }

    fn date_text(self) -> Option<String> {
        match self {
            Self::At(second) => Some(local(second).date().to_string()),
            Self::Missing => None,
            Self::Unreadable => Some(NO_DATE.to_owned()),
        }
    }

    fn days(self) -> Option<i32> {
        match self {
            Self::At(second) => Some((local(second).date() - EPOCH).get_days()),
            Self::Missing | Self::Unreadable => None,
        }
    }

    const fn microseconds(self) -> Option<i64> {
        match self {
            Self::At(second) => Some(second * 1_000_000),
            Self::Missing | Self::Unreadable => None,
        }
    }
}

impl From<Option<i64>> for Time {
    fn from(second: Option<i64>) -> Self {
        second.map_or(Self::Missing, Self::At)
    }
}

/// People in the order of their arrival, which began a year before the year does. Most come once, a few come often; interest
/// fades with the time since arrival.
pub(super) struct Population {
    blocks: f64,
}

impl Population {
    /// People who arrive about the same time, the regulars first.
    const BLOCK: f64 = 100.0;
    const REGULARS: f64 = 15.0;
    const VISITS_OF_OTHERS: f64 = 0.12;

    /// So many people; many of them make no visit within the year, so that the others make more than the mean.
    fn new(people: f64) -> Self {
        Self { blocks: (people / Self::BLOCK).round().max(1.0) }
    }

    /// How often a customer comes in the first year, by the place that [`Population::pick`] gives them.
    pub(super) fn visits_per_year(id: i64) -> f64 {
        let place = (id - 1) as f64 % Self::BLOCK;
        if place < Self::REGULARS { 26.0 * (1.0 - place / Self::REGULARS) / (1.0 + 0.35 * place) } else { 0.17 }
    }

    /// One of the first so many people, or of those who come next: rather a regular, and rather one who arrived not long ago.
    pub(super) fn pick_of(rng: &mut ChaCha8Rng, people: i64) -> i64 {
        let latest = people as f64 * (1.0 - rng.random::<f64>() * rng.random::<f64>());
        Self::one_of(rng, (latest / Self::BLOCK).floor())
    }

    /// Whose visit it is at `second`.
    pub(super) fn pick(&self, rng: &mut ChaCha8Rng, second: i64) -> i64 {
        let passed = (second - YEAR.start) as f64 / (YEAR.end - YEAR.start) as f64;
        let age = rng.random::<f64>() * rng.random::<f64>();
        Self::one_of(rng, (self.blocks * (passed + 1.0 - age) / 2.0).floor())
    }

    /// One of those who arrived about the same time.
    fn one_of(rng: &mut ChaCha8Rng, block: f64) -> i64 {
        let place = if rng.random_bool(Self::VISITS_OF_OTHERS) {
            Self::REGULARS + (Self::BLOCK - Self::REGULARS) * rng.random::<f64>()
        } else {
            Self::REGULARS * rng.random::<f64>() * rng.random::<f64>()
        };
        whole(block * Self::BLOCK + place) + 1
    }
}

pub(super) const SOUTH: &str = "South";
pub(super) const PLUS: &str = "Plus";

/// What is fixed about a customer, whichever table names them.
pub(super) struct Customer {
    pub(super) region: &'static str,
    pub(super) product: &'static str,
    /// How much they spend at a time, relative to others.
    pub(super) spending: f64,
}

impl Customer {
    pub(super) fn new(seed: u64, id: i64) -> Self {
        let mut rng = stream(seed, CUSTOMER, id.cast_unsigned());
        Self {
            region: choose(&mut rng, &[("North", 28), (SOUTH, 24), ("East", 22), ("West", 26)]),
            product: choose(&mut rng, &[("Basic", 45), (PLUS, 35), ("Pro", 20)]),
            spending: spread(&mut rng, 1.0, 0.8),
        }
    }
}

pub(super) const REFERRAL: &str = "referral";

/// What the books say of a customer.
pub(super) struct Profile {
    pub(super) country: &'static str,
    /// How they found us, where they said.
    pub(super) source: Option<&'static str>,
    /// Whether they are in the loyalty programme.
    pub(super) is_member: bool,
    pub(super) is_trained: bool,
    /// Whether they recommend us to others.
    pub(super) is_referrer: bool,
}

impl Profile {
    pub(super) fn new(seed: u64, id: i64) -> Self {
        let mut rng = stream(seed, PROFILE, id.cast_unsigned());
        let is_regular = Population::visits_per_year(id) > 1.0;
        let sources = [("search", 30), ("advertisement", 21), (REFERRAL, 14), ("social", 14), ("partner", 9), ("event", 5), ("other", 7)];
        Self {
            is_referrer: rng.random_bool(if is_regular { 0.4 } else { 0.1 }),
            is_member: rng.random_bool(if is_regular { 0.7 } else { 0.35 }),
            is_trained: rng.random_bool(0.22),
            country: country(&mut rng),
            source: rng.random_bool(0.98).then(|| choose(&mut rng, &sources)),
        }
    }
}

/// What is usual for a user of the web site, whatever led to the visit.
pub(super) struct User {
    pub(super) device: &'static str,
    pub(super) country: &'static str,
}

impl User {
    pub(super) fn new(seed: u64, id: i64) -> Self {
        let mut rng = stream(seed, USER, id.cast_unsigned());
        Self { device: device(&mut rng), country: country(&mut rng) }
    }
}

pub(super) fn device(rng: &mut ChaCha8Rng) -> &'static str {
    choose(rng, &[("desktop", 40), ("mobile", 52), ("tablet", 8)])
}

pub(super) fn country(rng: &mut ChaCha8Rng) -> &'static str {
    choose(rng, &[("DK", 46), ("SE", 20), ("NO", 14), ("DE", 13), ("GB", 7)])
}

/// Purposes of chance beside those of the tables.
const CUSTOMER: u64 = 4;
const USER: u64 = 5;
const PROFILE: u64 = 6;
const JOINED: u64 = 7;

/// A stream of chance of its own for each purpose and number (a chunk, a person): none depends on how much another used.
pub(super) fn stream(seed: u64, purpose: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose << 48 | number);
    rng
}

/// One of the values, in proportion to the weights.
pub(super) fn choose<T: Copy>(rng: &mut ChaCha8Rng, weighted: &[(T, u32)]) -> T {
    let mut left = rng.random_range(0..weighted.iter().map(|&(_, weight)| weight).sum());
    let mut index = 0;
    while left >= weighted[index].1 {
        left -= weighted[index].1;
        index += 1;
    }
    weighted[index].0
}

/// How often something goes on that goes on each time with the given probability, up to `most`.
pub(super) fn repeats(rng: &mut ChaCha8Rng, probability: f64, most: i64) -> i64 {
    let mut count = 0;
    while count < most && rng.random_bool(probability) {
        count += 1;
    }
    count
}

/// Around `median`, with a long tail as a log-normal has, from exact operations only: logarithms differ between machines.
pub(super) fn spread(rng: &mut ChaCha8Rng, median: f64, width: f64) -> f64 {
    (0..4).fold(median, |value, _| value * (1.0 + width * rng.random::<f64>()) / (1.0 + width * rng.random::<f64>()))
}

/// Rounded to hundredths.
pub(super) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Without the fraction.
#[expect(clippy::cast_possible_truncation, reason = "the point of it; no value here comes near the limit")]
pub(super) const fn whole(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use jiff::Zoned;

    use super::*;

    fn second(text: &str) -> i64 {
        text.parse::<Zoned>().unwrap().timestamp().as_second()
    }

    #[test]
    fn the_year_is_copenhagens() {
        assert_eq!(YEAR, second("2025-01-01T00:00[Europe/Copenhagen]")..second("2026-01-01T00:00[Europe/Copenhagen]"));
        let summers = [
            second("2024-03-31T03:00[Europe/Copenhagen]")..second("2024-10-27T02:00+01:00[Europe/Copenhagen]"),
            second("2025-03-30T03:00[Europe/Copenhagen]")..second("2025-10-26T02:00+01:00[Europe/Copenhagen]"),
        ];
        assert_eq!(SUMMERS, summers);
        assert_eq!(HISTORY.start, second("2023-11-18T00:00[Europe/Copenhagen]"));
        assert_eq!(CHANGE, second("2025-09-01T00:00[Europe/Copenhagen]"));
    }

    #[test]
    fn a_calendar_spans_its_period_in_order() {
        for (season, period) in [(SHOPPING, YEAR), (JOINING, HISTORY)] {
            let calendar = Calendar::new(&season, period.clone());
            let seconds: Vec<i64> = (0..=10_000).map(|share| calendar.second(f64::from(share) / 10_000.0)).collect();
            assert!(seconds.is_sorted());
            assert_eq!((seconds[0], seconds[10_000]), (period.start, period.end - 1));
        }
    }

    #[test]
    fn people_visit_as_often_as_is_said_of_them() {
        let population = Population::new(120_000.0 / 1.2);
        let mut rng = stream(1, 0, 0);
        let mut visits = [0.0; 100];
        for _ in 0..120_000 {
            visits[usize::try_from((population.pick(&mut rng, YEAR.end - 1) - 1) % 100).unwrap()] += 0.001;
        }
        for (id, visits) in (1..).zip(visits) {
            let said = Population::visits_per_year(id);
            assert!((said - visits).abs() < 0.2 * visits + 0.3, "{said} is not {visits} of {id}");
        }
    }

    #[test]
    fn the_spread_has_its_median() {
        let mut rng = stream(1, 0, 0);
        let below = (0..10_000).filter(|_| spread(&mut rng, 5.0, 2.0) < 5.0).count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }
}
