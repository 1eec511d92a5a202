//! Clocks: local times without an offset as instants.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use polars::prelude::arity::unary_elementwise;
use polars::prelude::{BooleanChunked, Column, DataType, Expr, Field, Int64Chunked, IntoColumn, PolarsResult, TimeUnit, lit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Microseconds since 1970, in UTC or on a local clock.
const MICROSECONDS: DataType = DataType::Datetime(TimeUnit::Microseconds, None);

pub(super) const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Clock changes from this instant on, 2100-01-01, are not tabulated.
const TABULATED: Timestamp = Timestamp::constant(4_102_444_800, 0);

/// What a local time that clocks showed twice means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmbiguousTimes {
    /// The first time.
    #[default]
    Earliest,
    /// The second time.
    Latest,
    /// Nothing: the value is not used.
    Reject,
}

/// What a local time that clocks never showed means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NonexistentTimes {
    /// Nothing: the value is not used.
    #[default]
    Reject,
    /// The instant as if the clock had not been changed yet: 02:30 in a skipped hour is shown as 03:30.
    ShiftForward,
}

/// How local times are read around a clock change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClockRule {
    /// Times that clocks showed twice.
    pub ambiguous: AmbiguousTimes,
    /// Times that clocks never showed.
    pub nonexistent: NonexistentTimes,
}

impl ClockRule {
    /// The instant of a local time; none where it is rejected.
    fn instant(self, local: i64, stretch: Stretch) -> Option<i64> {
        let offset = match (stretch.reading(), self) {
            (Reading::Once, _)
            | (Reading::Twice, Self { ambiguous: AmbiguousTimes::Earliest, .. })
            | (Reading::Never, Self { nonexistent: NonexistentTimes::ShiftForward, .. }) => stretch.before,
            (Reading::Twice, Self { ambiguous: AmbiguousTimes::Latest, .. }) => stretch.after,
            (Reading::Twice, Self { ambiguous: AmbiguousTimes::Reject, .. })
            | (Reading::Never, Self { nonexistent: NonexistentTimes::Reject, .. }) => return None,
        };
        local.checked_sub(offset)
    }
}

/// How often clocks showed a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Once,
    Twice,
    Never,
}

/// A stretch of local times that clocks showed equally often, up to the start of the next. All in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// The first local time, since 1970.
    start: i64,
    /// The offset from UTC before the clock change that made the stretch; outside of one, that in force.
    before: i64,
    /// The offset after it.
    after: i64,
}

impl Stretch {
    /// A clock is put back onto times that it has shown, or forward over times that it never shows.
    fn reading(self) -> Reading {
        match self.before.cmp(&self.after) {
            std::cmp::Ordering::Equal => Reading::Once,
            std::cmp::Ordering::Greater => Reading::Twice,
            std::cmp::Ordering::Less => Reading::Never,
        }
    }

    /// The first instant of the day that begins with a local midnight of the stretch.
    fn start_of_day(self, midnight: i64) -> Option<i64> {
        match self.reading() {
            Reading::Once | Reading::Twice => midnight.checked_sub(self.before),
            // The instant of the change, when clocks would have shown the first of the skipped times.
            Reading::Never => self.start.checked_sub(self.before),
        }
    }
}

/// What clocks in a time zone show, tabulated once, so that converting a local time is a look-up.
#[derive(Debug, Clone)]
pub struct LocalClock {
    zone: TimeZone,
    /// In local order; the first starts before all times.
    stretches: Arc<[Stretch]>,
    /// From this local time on the table does not say, and the zone is asked.
    tabulated_until: i64,
    /// The offset from UTC from each instant on; the first holds for all earlier ones too.
    offsets: Arc<[(i64, i64)]>,
}

impl LocalClock {
    /// Tabulates the clock changes of a zone.
    pub fn new(zone: &TimeZone) -> Self {
        let mut offset = microseconds(zone.to_offset(Timestamp::MIN));
        let mut stretches = vec![Stretch { start: i64::MIN, before: offset, after: offset }];
        let mut tabulated_until = i64::MAX;
        let mut offsets = vec![(i64::MIN, offset)];
        for change in zone.following(Timestamp::MIN) {
            let (at, after) = (change.timestamp().as_microsecond(), microseconds(change.offset()));
            let start = at + offset.min(after);
            if change.timestamp() >= TABULATED {
                tabulated_until = start;
                break;
            }
            // Some changes are of the zone's name only.
            if after != offset {
                stretches.push(Stretch { start, before: offset, after });
                stretches.push(Stretch { start: at + offset.max(after), before: after, after });
                offsets.push((at, after));
                offset = after;
            }
        }
        Self { zone: zone.clone(), stretches: stretches.into(), tabulated_until, offsets: offsets.into() }
    }

    /// Local times as UTC instants, `Datetime(Microseconds, None)`.
    ///
    /// `local` is an expression of local times without a zone, or of their microseconds since 1970. Null stays null, and a time that the
    /// rule rejects becomes null.
    pub fn to_utc(&self, local: Expr, rule: ClockRule) -> Expr {
        if self.is_utc() {
            return local.cast(MICROSECONDS);
        }
        self.instants(local, "local_to_utc", move |local, stretch| rule.instant(local, stretch))
    }

    /// UTC instants as local times, `Datetime(Microseconds, None)`.
    ///
    /// `instant` is an expression of UTC instants without a zone, or of their microseconds since 1970. Null stays null.
    pub fn to_local(&self, instant: Expr) -> Expr {
        if self.is_utc() {
            return instant.cast(MICROSECONDS);
        }
        let clock = self.clone();
        let convert = move |column: Column| {
            let instants = local_microseconds(&column)?;
            let mut last = 0;
            let local: Int64Chunked =
                unary_elementwise(&instants, |instant: Option<i64>| instant?.checked_add(clock.offset(instant?, &mut last)?));
            local.into_column().cast(&MICROSECONDS)
        };
        instant.map_with_fmt_str(convert, |_, field| Ok(Field::new(field.name().clone(), MICROSECONDS)), "utc_to_local")
    }

    /// The days since 1970 of the local dates of UTC instants, as whole numbers. Null stays null.
    pub fn days_since_1970(&self, instant: Expr) -> Expr {
        self.to_local(instant).cast(DataType::Int64).floor_div(lit(MICROSECONDS_PER_DAY))
    }

    /// The instants at which clocks show the same time so many days later, `Datetime(Microseconds, None)`: the first of two, and the one
    /// that a clock not yet changed would show where there is none.
    pub fn days_later(&self, instant: Expr, days: u32) -> Expr {
        let later = self.to_local(instant).cast(DataType::Int64) + lit(i64::from(days) * MICROSECONDS_PER_DAY);
        self.to_utc(later, ClockRule { ambiguous: AmbiguousTimes::Earliest, nonexistent: NonexistentTimes::ShiftForward })
    }

    /// The stretches of time from `from` to `until` with one offset from UTC each: first instant, instant after the last, offset. All in
    /// microseconds.
    pub(super) fn constant_offsets(&self, from: i64, until: i64) -> Vec<(i64, i64, i64)> {
        let mut changes: Vec<(i64, i64)> = self.offsets.to_vec();
        let mut at = TABULATED;
        while let Some(change) = self.zone.following(at).next().filter(|change| change.timestamp().as_microsecond() < until) {
            at = change.timestamp();
            changes.push((at.as_microsecond(), microseconds(change.offset())));
        }
        let ends = changes.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
        let stretches = changes.iter().zip(ends).map(|(&(start, offset), end)| (start.max(from), end.min(until), offset));
        stretches.filter(|(start, end, _)| start < end).collect()
    }

    /// The offset of an instant; none where the calendar ends. `last` is the position of the one found before, which is tried first.
    fn offset(&self, instant: i64, last: &mut usize) -> Option<i64> {
        if instant >= TABULATED.as_microsecond() {
            return Some(microseconds(self.zone.to_offset(Timestamp::from_microsecond(instant).ok()?)));
        }
        let here = self.offsets[*last].0 <= instant && self.offsets.get(*last + 1).is_none_or(|next| instant < next.0);
        if !here {
            *last = self.offsets.partition_point(|(from, _)| *from <= instant).saturating_sub(1);
        }
        Some(self.offsets[*last].1)
    }

    /// The first instants of local days, `Datetime(Microseconds, None)`: later than midnight where the clock skipped it, the earlier one
    /// where the clock showed two. A day that the calendar skipped starts with the day after it.
    ///
    /// `midnight` is an expression of local midnights without a zone, or of their microseconds since 1970. Null stays null.
    pub fn start_of_day(&self, midnight: Expr) -> Expr {
        if self.is_utc() {
            return midnight.cast(MICROSECONDS);
        }
        self.instants(midnight, "local_start_of_day", |midnight, stretch| stretch.start_of_day(midnight))
    }

    /// Whether clocks showed a local time twice.
    ///
    /// `local` is an expression of local times without a zone, or of their microseconds since 1970. Null stays null.
    pub fn is_ambiguous(&self, local: Expr) -> Expr {
        let clock = self.clone();
        let ambiguous = move |column: Column| {
            let local = local_microseconds(&column)?;
            let mut last = 0;
            let ambiguous: BooleanChunked =
                unary_elementwise(&local, |local: Option<i64>| Some(clock.stretch(local?, &mut last)?.reading() == Reading::Twice));
            Ok(ambiguous.into_column())
        };
        local.map_with_fmt_str(ambiguous, |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)), "local_is_ambiguous")
    }

    /// An expression that finds the stretch of every local time, and makes an instant of both.
    fn instants(&self, local: Expr, name: &str, instant: impl Fn(i64, Stretch) -> Option<i64> + Send + Sync + 'static) -> Expr {
        let clock = self.clone();
        let convert = move |column: Column| {
            let local = local_microseconds(&column)?;
            let mut last = 0;
            let instants: Int64Chunked = unary_elementwise(&local, |local: Option<i64>| instant(local?, clock.stretch(local?, &mut last)?));
            instants.into_column().cast(&MICROSECONDS)
        };
        local.map_with_fmt_str(convert, |_, field| Ok(Field::new(field.name().clone(), MICROSECONDS)), name)
    }

    /// The stretch of a local time; none where the calendar ends. `last` is the position of the one found before, which is tried first.
    fn stretch(&self, local: i64, last: &mut usize) -> Option<Stretch> {
        if local >= self.tabulated_until {
            return self.stretch_from_zone(local);
        }
        let here = self.stretches[*last].start <= local && self.stretches.get(*last + 1).is_none_or(|next| local < next.start);
        if !here {
            *last = self.stretches.partition_point(|stretch| stretch.start <= local).saturating_sub(1);
        }
        Some(self.stretches[*last])
    }

    /// What the table would say.
    fn stretch_from_zone(&self, local: i64) -> Option<Stretch> {
        let shown: DateTime = Offset::UTC.to_datetime(Timestamp::from_microsecond(local).ok()?);
        let (before, after, start) = match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset, offset, local),
            AmbiguousOffset::Fold { before, after } => (before, after, local),
            AmbiguousOffset::Gap { before, after } => {
                // Read with the offset to come, a skipped time is before the change.
                let change = self.zone.following(after.to_timestamp(shown).ok()?).next()?;
                (before, after, change.timestamp().as_microsecond() + microseconds(before))
            }
        };
        Some(Stretch { start, before: microseconds(before), after: microseconds(after) })
    }

    fn is_utc(&self) -> bool {
        matches!(*self.stretches, [Stretch { after: 0, .. }]) && self.tabulated_until == i64::MAX
    }
}

fn microseconds(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

fn local_microseconds(column: &Column) -> PolarsResult<Int64Chunked> {
    let local = column.as_materialized_series().cast(&MICROSECONDS)?.cast(&DataType::Int64)?;
    Ok(local.i64()?.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stretches_of_every_zone_are_in_order() {
        let mut changing = 0;
        for name in jiff::tz::db().available() {
            let clock = LocalClock::new(&TimeZone::get(name.as_str()).unwrap());
            let starts: Vec<i64> = clock.stretches.iter().map(|stretch| stretch.start).collect();
            assert!(starts.is_sorted_by(|a, b| a < b), "{name}: {starts:?}");
            assert!(starts.iter().all(|start| *start < clock.tabulated_until), "{name}");
            changing += usize::from(clock.tabulated_until < i64::MAX);
        }
        assert!(changing > 100, "only {changing} zones go on changing their clocks");
    }

    #[test]
    fn a_rule_is_read_from_its_names_and_has_defaults() {
        let rule = |json: &str| serde_json::from_str::<ClockRule>(json).unwrap();
        assert_eq!(rule("{}"), ClockRule { ambiguous: AmbiguousTimes::Earliest, nonexistent: NonexistentTimes::Reject });
        let other = ClockRule { ambiguous: AmbiguousTimes::Latest, nonexistent: NonexistentTimes::ShiftForward };
        assert_eq!(rule("{\"ambiguous\": \"latest\", \"nonexistent\": \"shift_forward\"}"), other);
    }
}
