//! Times that a report names: its own periods, holidays, and earlier times to compare with.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::name::Name;
use super::period::{Last, Period};

/// The times that a report names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedTimes {
    /// Periods that are a grain, by its name: in the order of their days, none overlapping another. There may be days between them.
    pub periods: BTreeMap<Name, Vec<NamedPeriod>>,
    /// Holidays, by the name of their list and by day.
    pub holidays: BTreeMap<Name, BTreeMap<Date, Name>>,
    /// What the report compares with beside what it always can.
    pub earlier: BTreeMap<Name, Earlier>,
}

/// A period with a name, such as one of a 4-4-5 calendar, or a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedPeriod {
    /// Its name.
    pub name: Name,
    /// Its days.
    pub days: Period,
    /// The period that it is compared with as that of a year ago.
    pub year_ago: Option<Name>,
}

/// An earlier time that buckets are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// A range of days: a total with all of it, other buckets with those that are as far from its first day.
    Range(Period),
    /// So many units of the calendar before.
    Back(Last),
    /// Holidays with the same holiday before, and other days with those so many units before; with nothing where that is not said, or where one of
    /// both days is a holiday and the other is not.
    Holidays {
        /// The list of holidays.
        of: Name,
        /// How far before other days are.
        otherwise: Option<Last>,
    },
}

impl NamedTimes {
    /// The periods of a grain; none where it has no such name.
    pub fn periods_of(&self, grain: Name) -> &[NamedPeriod] {
        self.periods.get(&grain).map_or(&[], Vec::as_slice)
    }

    /// The last day before `day` that is the same holiday.
    pub(super) fn holiday_before(&self, list: Name, day: Date) -> Option<Date> {
        let list = self.holidays.get(&list)?;
        let name = list.get(&day)?;
        list.range(..day).rev().find(|(_, other)| *other == name).map(|(before, _)| *before)
    }

    /// Whether a day is a holiday.
    pub(super) fn is_holiday(&self, list: Name, day: Date) -> bool {
        self.holidays.get(&list).is_some_and(|list| list.contains_key(&day))
    }
}
