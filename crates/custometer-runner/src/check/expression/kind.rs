//! Kinds of values: what expressions tell apart, and how each is stored and computed.

use std::fmt;

use polars::prelude::{DataType, Expr, NULL, TimeUnit, TimeZone as PolarsZone, lit};

use custometer_core::time::INSTANT;

use crate::read::values::finite;

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Missing, whatever it might have been.
    Nothing,
    /// Of a column without a value in the first rows: text that is read as what an expression asks for, once there is one.
    Untold,
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Float,
    Text,
    /// A day of the calendar.
    Date,
    /// An instant, computed in UTC and shown by the report's clocks.
    Time,
    /// A length of time, computed in microseconds.
    Interval,
    List(DataType),
    Struct(DataType),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "missing",
            Self::Untold => "without a value in the first rows",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Interval => "an interval",
            Self::List(_) => "a list",
            Self::Struct(_) => "a record",
        })
    }
}

impl Kind {
    /// What values of a stored type are; none where expressions can't read them.
    pub(crate) fn of(stored: &DataType) -> Option<Self> {
        Some(match stored {
            DataType::Null => Self::Nothing,
            DataType::Boolean => Self::Boolean,
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Self::Text,
            DataType::Date => Self::Date,
            DataType::Datetime(..) => Self::Time,
            DataType::Duration(_) => Self::Interval,
            DataType::Decimal(..) => Self::Float,
            stored if stored.is_integer() => Self::Integer,
            stored if stored.is_float() => Self::Float,
            DataType::List(_) => Self::List(stored.clone()),
            DataType::Struct(_) => Self::Struct(stored.clone()),
            _ => return None,
        })
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }

    /// The type that it is stored in.
    pub(crate) fn stored(&self) -> DataType {
        match self {
            Self::Time => DataType::Datetime(TimeUnit::Microseconds, Some(PolarsZone::UTC)),
            Self::Interval => DataType::Duration(TimeUnit::Microseconds),
            other => other.type_computed(),
        }
    }

    /// The type that it is computed in.
    pub(super) fn type_computed(&self) -> DataType {
        match self {
            Self::Nothing => DataType::Null,
            Self::Boolean => DataType::Boolean,
            Self::Integer | Self::Interval => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Text | Self::Untold => DataType::String,
            Self::Date => DataType::Date,
            Self::Time => INSTANT,
            Self::List(stored) | Self::Struct(stored) => stored.clone(),
        }
    }

    /// Values that are computed, as they are stored.
    pub(super) fn to_stored(&self, computed: Expr) -> Expr {
        match self {
            Self::Time => computed.cast(DataType::Int64).cast(self.stored()),
            Self::Interval => computed.cast(self.stored()),
            _ => computed,
        }
    }

    /// Values as expressions store them, to compute with.
    pub(super) fn computed(&self, stored: Expr) -> Expr {
        match self {
            Self::Time => stored.cast(DataType::Int64).cast(INSTANT),
            Self::Interval => stored.cast(DataType::Int64),
            _ => stored,
        }
    }

    /// A missing value.
    pub(super) fn missing(&self) -> Expr {
        lit(NULL).cast(self.type_computed())
    }
}

/// Values of any stored type as they are computed with; null also where they can't be computed with.
pub(super) fn from_any(raw: Expr, stored: &DataType) -> Expr {
    match stored {
        DataType::Float32 | DataType::Float64 => finite(raw.cast(DataType::Float64)),
        DataType::Decimal(..) => raw.cast(DataType::Float64),
        DataType::Duration(_) => raw.cast(DataType::Duration(TimeUnit::Microseconds)).cast(DataType::Int64),
        DataType::Datetime(..) => raw.cast(DataType::Datetime(TimeUnit::Microseconds, None)),
        DataType::Categorical(..) | DataType::Enum(..) => raw.cast(DataType::String),
        stored if stored.is_integer() => raw.cast(DataType::Int64),
        _ => raw,
    }
}
