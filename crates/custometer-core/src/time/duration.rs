//! Durations: the time between two instants, on the clock that a report names.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::{DataType, Expr, lit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::quotient;

use super::opening_hours::{BusinessClock, OpeningHours};

/// The clock that durations are counted on, as a metric's parameter.
///
/// A report writes `"calendar"`, or the name of one of its calendars; the runner replaces such a name by what the calendar says.
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
}

impl Clock {
    /// The name of the clock that always runs.
    pub const CALENDAR: &'static str = "calendar";

    /// The seconds between two instants; below 0 where `end` is before `start`.
    ///
    /// Both are expressions of UTC instants in microseconds. Null where either is null.
    pub fn seconds_between(&self, start: Expr, end: Expr) -> Expr {
        let microseconds = match self {
            Self::Calendar => end.cast(DataType::Int64) - start.cast(DataType::Int64),
            Self::Business { hours, .. } => BusinessClock::new(hours).between(start, end),
        };
        quotient(microseconds, lit(1_000_000.0))
    }

    /// What a reader must know of it, where it is not the usual one.
    pub fn note(&self) -> Option<String> {
        match self {
            Self::Calendar => None,
            Self::Business { name, .. } => Some(format!("business hours of `{name}`")),
        }
    }

    /// The name that a report writes.
    pub fn name(&self) -> &str {
        match self {
            Self::Calendar => Self::CALENDAR,
            Self::Business { name, .. } => name,
        }
    }
}

impl Serialize for Clock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
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

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrCalendar;
        impl<'de> Visitor<'de> for NameOrCalendar {
            type Value = Clock;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`calendar` or the name of one of the report's calendars, in quotes")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Clock, E> {
                if name == Clock::CALENDAR { Ok(Clock::Calendar) } else { Err(E::custom(format!("there is no calendar `{name}`"))) }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Clock, A::Error> {
                let calendar = NamedCalendar::deserialize(MapAccessDeserializer::new(map))?;
                let zone = TimeZone::get(&calendar.timezone).map_err(serde::de::Error::custom)?;
                let hours = OpeningHours { zone, week: calendar.week, holidays: calendar.holidays.into_iter().collect() };
                Ok(Clock::Business { name: calendar.name, hours: Box::new(hours) })
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
    /// A text, marked so that the runner knows that it may name a calendar.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-names-calendar": true })
    }
}
