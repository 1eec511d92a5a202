//! Durations: the time between two instants, on the clock that a report names.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::{DataType, Expr, NULL, col, lit, when};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::quotient;

use super::opening_hours::{BusinessClock, OpeningHours};
use crate::column::Column;

/// The clock that durations are counted on, as a metric's parameter.
///
/// A report writes `"calendar"`, the name of one of its calendars, or the column that names the calendar of each row: `{ column = "schedule" }`. The
/// runner puts what the calendars say in the place of names.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Clock {
    /// The time that passes.
    #[default]
    Calendar,
    /// The time that passes within the opening hours of a calendar.
    Business {
        /// The calendar's name.
        name: String,
        /// Its hours.
        hours: Box<OpeningHours>,
    },
    /// The time that passes within the opening hours of the calendar that a row names.
    OfRow {
        /// The column that names it; `calendar` is the clock that always runs.
        column: &'static str,
        /// The calendars that it may name, with their hours.
        calendars: Vec<(String, OpeningHours)>,
    },
}

/// Which of a clock's calendars each row names, by its number. Of a clock that is the same for all rows, it is 0.
///
/// It says nothing of opening hours, so that a derivation that carries the number along is the same for all clocks that rows do not name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalendarOfRow {
    column: Option<&'static str>,
    names: Vec<String>,
}

impl CalendarOfRow {
    /// The number, a whole one; null where a row names no calendar that there is.
    pub fn number(&self) -> Expr {
        let Some(column) = self.column else { return lit(0_i64) };
        let names = std::iter::once(Clock::CALENDAR).chain(self.names.iter().map(String::as_str));
        (0_i64..).zip(names).fold(lit(NULL).cast(DataType::Int64), |otherwise, (number, name)| {
            when(col(column).eq(lit(name))).then(lit(number)).otherwise(otherwise)
        })
    }
}

/// A clock to count on one stretch of time after the other, for derivations.
#[derive(Debug, Clone)]
pub struct Counter {
    /// By the number of the calendar; none counts all of the time.
    clocks: Vec<Option<BusinessClock>>,
}

impl Counter {
    /// The microseconds between two instants by the calendar of this number, both in microseconds since 1970; below 0 where `until` is before `from`.
    /// None where opening hours are not known, before 1900 and after 2199, or where there is no such calendar.
    pub fn microseconds(&self, calendar: i64, from: i64, until: i64) -> Option<i64> {
        match self.clocks.get(usize::try_from(calendar).ok()?)? {
            None => Some(until - from),
            Some(clock) => clock.microseconds_between(from, until),
        }
    }
}

impl Clock {
    /// The name of the clock that always runs.
    pub const CALENDAR: &'static str = "calendar";

    /// The seconds between two instants; below 0 where `end` is before `start`.
    ///
    /// Both are expressions of UTC instants in microseconds. Null where either is null.
    pub fn seconds_between(&self, start: Expr, end: Expr) -> Expr {
        self.seconds_between_by(&self.of_row().number(), start, end)
    }

    /// The same where a derivation has carried along the number of each row's calendar.
    pub fn seconds_between_by(&self, calendar: &Expr, start: Expr, end: Expr) -> Expr {
        let passed = |start: Expr, end: Expr| end.cast(DataType::Int64) - start.cast(DataType::Int64);
        let open = |hours: &OpeningHours, start: Expr, end: Expr| BusinessClock::new(hours).between(start, end);
        let microseconds = match self {
            Self::Calendar => passed(start, end),
            Self::Business { hours, .. } => open(hours, start, end),
            Self::OfRow { calendars, .. } => {
                let always = when(calendar.clone().eq(lit(0))).then(passed(start.clone(), end.clone())).otherwise(lit(NULL));
                (1_i64..).zip(calendars).fold(always, |otherwise, (number, (_, hours))| {
                    when(calendar.clone().eq(lit(number))).then(open(hours, start.clone(), end.clone())).otherwise(otherwise)
                })
            }
        };
        quotient(microseconds, lit(1_000_000.0))
    }

    /// Which of its calendars each row names.
    pub fn of_row(&self) -> CalendarOfRow {
        match self {
            Self::Calendar | Self::Business { .. } => CalendarOfRow::default(),
            Self::OfRow { column, calendars } => {
                CalendarOfRow { column: Some(column), names: calendars.iter().map(|(name, _)| name.clone()).collect() }
            }
        }
    }

    /// The column that names the calendar of a row, where rows do.
    pub fn column(&self) -> Option<&'static str> {
        self.of_row().column
    }

    /// The clock, to count on one stretch after the other.
    pub fn counter(&self) -> Counter {
        let clocks = match self {
            Self::Calendar => vec![None],
            Self::Business { hours, .. } => vec![Some(BusinessClock::new(hours))],
            Self::OfRow { calendars, .. } => {
                std::iter::once(None).chain(calendars.iter().map(|(_, hours)| Some(BusinessClock::new(hours)))).collect()
            }
        };
        Counter { clocks }
    }

    /// What a reader must know of it, where it is not the usual one.
    pub fn note(&self) -> Option<String> {
        match self {
            Self::Calendar => None,
            Self::Business { name, .. } => Some(format!("business hours of `{name}`")),
            Self::OfRow { column, .. } => Some(format!("business hours of the calendar in `{column}`")),
        }
    }
}

impl Serialize for Clock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Calendar => serializer.serialize_str(Self::CALENDAR),
            Self::Business { name, .. } => serializer.serialize_str(name),
            Self::OfRow { column, .. } => serializer.collect_map([("column", column)]),
        }
    }
}

/// A calendar as the runner hands it to a metric.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCalendar {
    /// Its name.
    pub name: String,
    /// The IANA time zone.
    pub timezone: String,
    /// Per weekday, from Monday on, the stretches from opening to closing in minutes since midnight.
    pub week: [Vec<(u16, u16)>; 7],
    /// Days on which nobody works.
    pub holidays: Vec<Date>,
}

impl NamedCalendar {
    fn hours<E: serde::de::Error>(self) -> Result<(String, OpeningHours), E> {
        let zone = TimeZone::get(&self.timezone).map_err(E::custom)?;
        Ok((self.name, OpeningHours { zone, week: self.week, holidays: self.holidays.into_iter().collect() }))
    }
}

/// The calendars that rows name, as the runner hands them to a metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedByRow {
    column: String,
    #[serde(default)]
    calendars: Vec<NamedCalendar>,
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrCalendar;
        impl<'de> Visitor<'de> for NameOrCalendar {
            type Value = Clock;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`calendar` or the name of one of the report's calendars, in quotes, or `{ column = \"…\" }`")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Clock, E> {
                if name == Clock::CALENDAR { Ok(Clock::Calendar) } else { Err(E::custom(format!("there is no calendar `{name}`"))) }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Clock, A::Error> {
                let map = Json::deserialize(MapAccessDeserializer::new(map))?;
                if map.get("week").is_some() {
                    let calendar: NamedCalendar = serde_json::from_value(map).map_err(serde::de::Error::custom)?;
                    let (name, hours) = calendar.hours()?;
                    return Ok(Clock::Business { name, hours: Box::new(hours) });
                }
                let NamedByRow { column, calendars } = serde_json::from_value(map).map_err(serde::de::Error::custom)?;
                let calendars = calendars.into_iter().map(NamedCalendar::hours).collect::<Result<_, A::Error>>()?;
                Ok(Clock::OfRow { column: Column::name_from(&column), calendars })
            }
        }
        deserializer.deserialize_any(NameOrCalendar)
    }
}

impl JsonSchema for Clock {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Clock".into()
    }
    /// A text or a table, marked so that the runner knows that it may name a calendar.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let column = serde_json::json!({ "type": "string", "description": "The column that names the calendar of each row." });
        let of_row = serde_json::json!({
            "type": "object", "properties": { "column": column }, "required": ["column"], "additionalProperties": false
        });
        json_schema!({ "anyOf": [{ "type": "string" }, of_row], "x-names-calendar": true })
    }
}
