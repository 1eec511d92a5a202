//! Values of single keys: numbers that are finite, dates, time zones, and values that may be written as text or as numbers.

use std::fmt;

use custometer_core::suggest::nearest;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A number that is one: TOML has `nan` and `inf` too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finite(pub f64);

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(D::Error::custom(format!("{value} is not a number that a value can be compared with: write a finite one")))
        }
    }
}

/// A value as text, however the config writes it: 11 and "11" are the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain(pub String);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;
        impl serde::de::Visitor<'_> for AnyValue {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain(text.to_owned()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
                Ok(Plain(value.to_string()))
            }
        }
        deserializer.deserialize_any(AnyValue)
    }
}

/// The file's columns that a column is: one, or several that are read as one.
#[derive(Debug, Clone)]
pub(crate) struct FileColumns(pub Vec<String>);

impl<'de> Deserialize<'de> for FileColumns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> serde::de::Visitor<'de> for Written {
            type Value = FileColumns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, name: &str) -> Result<FileColumns, E> {
                Ok(FileColumns(vec![name.to_owned()]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<FileColumns, A::Error> {
                let mut columns = Vec::new();
                while let Some(name) = names.next_element()? {
                    columns.push(name);
                }
                if columns.is_empty() {
                    return Err(A::Error::custom("a column is made of at least one of the file's: write `[\"Date\", \"Clock\"]`"));
                }
                Ok(FileColumns(columns))
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl JsonSchema for FileColumns {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileColumns".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The file's name for a column, or those of several that are read as one, with a space between their texts.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }]
        })
    }
}

/// A local date.
#[derive(Debug, Clone, Copy, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Day(#[schemars(with = "String", extend("format" = "date"))] pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = toml::value::Datetime::deserialize(deserializer)
            .map_err(|_| D::Error::custom("not a date: write it without quotes, such as 2025-01-31"))?;
        match (written.date, written.time) {
            (Some(_), None) => written.to_string().parse().map(Self).map_err(D::Error::custom),
            _ => Err(D::Error::custom(format!("`{written}` is not a date: write it such as 2025-01-31, without a time"))),
        }
    }
}

/// An IANA time zone.
#[derive(Debug, Clone)]
pub(crate) struct ZoneName(pub TimeZone);

impl Default for ZoneName {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // Both must know it: one makes the buckets, the other reads local times.
        let known_to_polars = polars::prelude::TimeZone::opt_try_new(Some(name.as_str())).is_ok();
        TimeZone::get(&name).ok().filter(|_| known_to_polars).map(Self).ok_or_else(|| {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_owned();
            let near = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned).or_else(|| {
                let cities: Vec<String> = known.iter().map(|zone| city(zone)).collect();
                let near = nearest(&city(&name), cities.iter().map(String::as_str))?;
                known.iter().find(|zone| city(zone) == near).cloned()
            });
            D::Error::custom(match near {
                Some(near) => format!("unknown time zone `{name}`, did you mean `{near}`?"),
                None => format!("unknown time zone `{name}`, expected an IANA name such as `Europe/Copenhagen`"),
            })
        })
    }
}
