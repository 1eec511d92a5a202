//! The value of a dimension: what a breakdown or a metric's own dimension groups by.

use std::fmt;

use polars::prelude::{AnyValue, DataType, PolarsResult, Series};
use serde::{Serialize, Serializer};

/// One value of a dimension. A missing value is a group of its own.
///
/// Ordered so that results come in a stable, readable order: missing first, numbers before text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DimensionValue {
    /// The row has no value in this dimension.
    Missing,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, kept by the order of its bits.
    Number(OrderedFloat),
    /// Text, and everything that is shown as text (dates, times).
    Text(String),
}

/// A float with the total order of IEEE 754, so that it can be a key.
#[derive(Debug, Clone, Copy)]
pub struct OrderedFloat(pub f64);

impl PartialEq for OrderedFloat {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq()
    }
}
impl Eq for OrderedFloat {}
impl PartialOrd for OrderedFloat {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for OrderedFloat {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl std::hash::Hash for OrderedFloat {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl From<i64> for DimensionValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}
impl From<&str> for DimensionValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<f64> for DimensionValue {
    /// A whole number is the same group however the file typed it.
    #[expect(clippy::cast_possible_truncation, reason = "guarded: the float is whole and exactly representable")]
    fn from(value: f64) -> Self {
        if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            Self::Integer(value as i64)
        } else {
            Self::Number(OrderedFloat(value))
        }
    }
}

impl From<Option<f64>> for DimensionValue {
    /// Nothing, and what is not a finite number, is missing.
    fn from(value: Option<f64>) -> Self {
        value.filter(|value| value.is_finite()).map_or(Self::Missing, Self::from)
    }
}

impl DimensionValue {
    /// The value as a number, where it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Number(value) => Some(value.0),
            Self::Missing | Self::Boolean(_) | Self::Text(_) => None,
        }
    }
}

impl fmt::Display for DimensionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => value.0.fmt(f),
            Self::Text(value) => f.write_str(value),
        }
    }
}

impl Serialize for DimensionValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_none(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Number(value) => serializer.serialize_f64(value.0),
            Self::Text(value) => serializer.serialize_str(value),
        }
    }
}

/// The values of one key column of a finished table.
pub fn from_series(series: &Series) -> PolarsResult<Vec<DimensionValue>> {
    let series = match series.dtype() {
        DataType::Date | DataType::Datetime(..) | DataType::Duration(_) | DataType::Decimal(..) | DataType::UInt64 | DataType::Int128 => {
            series.cast(&DataType::String)?
        }
        _ => series.clone(),
    };
    series
        .iter()
        .map(|value| {
            Ok(match value {
                AnyValue::Null => DimensionValue::Missing,
                AnyValue::Boolean(value) => DimensionValue::Boolean(value),
                AnyValue::String(value) => DimensionValue::Text(value.to_owned()),
                AnyValue::StringOwned(value) => DimensionValue::Text(value.to_string()),
                AnyValue::Float32(value) => f64::from(value).into(),
                AnyValue::Float64(value) => value.into(),
                AnyValue::Int8(value) => i64::from(value).into(),
                AnyValue::Int16(value) => i64::from(value).into(),
                AnyValue::Int32(value) => i64::from(value).into(),
                AnyValue::Int64(value) => value.into(),
                AnyValue::UInt8(value) => i64::from(value).into(),
                AnyValue::UInt16(value) => i64::from(value).into(),
                AnyValue::UInt32(value) => i64::from(value).into(),
                other => DimensionValue::Text(other.to_string()),
            })
        })
        .collect()
}
