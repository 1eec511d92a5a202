//! Grains: how long buckets are, and how far it is from one to the next.

use std::borrow::Cow;

use jiff::Span;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::name::Name;

/// The length of a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Local clock hours.
    Hour,
    /// Local calendar days.
    Day,
    /// Weeks that start on the report's first weekday, Monday unless said.
    Week,
    /// Calendar months.
    Month,
    /// Quarters of the report's year, which starts in January unless said.
    Quarter,
    /// Years, from the report's first month on, January unless said.
    Year,
    /// The whole period as one bucket.
    #[default]
    Total,
    /// Periods of the report's own, by the name that it gives them: `[periods.NAME]`.
    #[serde(untagged)]
    Named(#[schemars(with = "String")] Name),
}

impl<'de> Deserialize<'de> for Grain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Cow::<str>::deserialize(deserializer)?;
        Ok(Self::CALENDAR.into_iter().find(|grain| grain.as_str() == written).unwrap_or_else(|| Self::Named(Name::new(&written))))
    }
}

impl Grain {
    /// All that every report knows.
    pub const CALENDAR: [Self; 7] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year, Self::Total];

    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Total => "total",
            Self::Named(name) => name.as_str(),
        }
    }

    /// Whether its buckets are periods of the report's own. Days may lie between them.
    pub fn is_named(self) -> bool {
        matches!(self, Self::Named(_))
    }

    /// From the first day of one bucket to that of the next. None where buckets are not counted in days: hours, the total, and the report's own.
    pub(super) fn step(self) -> Option<Step> {
        match self {
            Self::Day => Some(Step::Days(1)),
            Self::Week => Some(Step::Days(7)),
            Self::Month => Some(Step::Months(1)),
            Self::Quarter => Some(Step::Months(3)),
            Self::Year => Some(Step::Months(12)),
            Self::Hour | Self::Total | Self::Named(_) => None,
        }
    }
}

/// A distance between dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// So many days.
    Days(i32),
    /// So many calendar months.
    Months(i32),
}

impl Step {
    /// So many of these steps after `date`, or before it; the last day of a month that does not have its day.
    pub(super) fn from(self, date: Date, count: i32) -> Result<Date, jiff::Error> {
        let count = i64::from(count);
        date.checked_add(match self {
            Self::Days(days) => Span::new().try_days(count * i64::from(days))?,
            Self::Months(months) => Span::new().try_months(count * i64::from(months))?,
        })
    }
}
