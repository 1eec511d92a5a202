//! Targets that a table has: by date and by group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::{Calendar, DimensionValue, Grain, Period};

use crate::result::words::last_day;
use crate::result::{ResultRow, Target};

/// A table with a target a row, and the columns that hold what is said of it.
#[derive(Debug, Clone)]
pub(crate) struct TargetsTable {
    pub(crate) table: String,
    pub(crate) time: TimeOf,
    /// The dimensions that tell groups apart. Of a row, those that it leaves empty are not broken down by.
    pub(crate) by: Vec<String>,
    pub(crate) at_least: Option<String>,
    pub(crate) at_most: Option<String>,
    pub(crate) warn_below: Option<String>,
    pub(crate) warn_above: Option<String>,
    pub(crate) by_interval: bool,
}

/// Which time a target is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimeOf {
    /// Any.
    Always,
    /// The bucket that the day in this column is in.
    Bucket(String),
    /// The buckets that are within the days from that in one column until that in another.
    Days { from: String, until: String },
}

/// The values of the dimensions of a group.
pub(crate) type Group = BTreeMap<String, String>;

/// A target with its time.
type Timed = (Option<Period>, Arc<Target>);

/// The targets of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets {
    by: BTreeMap<Group, Vec<Timed>>,
    /// The dimensions of these groups.
    dimensions: BTreeSet<BTreeSet<String>>,
}

/// What there is for a row.
pub(crate) enum Sought<'a> {
    Target(&'a Arc<Target>),
    /// Rows like it have targets, and it has none.
    Missing,
    /// No row of its breakdown has a target.
    NotMeant,
}

impl Targets {
    /// Adds the target of a group, whose time is told by the first days of buckets or by all of its days.
    ///
    /// # Errors
    ///
    /// When there is another one for the same.
    pub(crate) fn add(&mut self, group: Group, time: Option<Period>, target: Target) -> Result<(), String> {
        self.dimensions.insert(group.keys().cloned().collect());
        let of_group = self.by.entry(group).or_default();
        let is_same = |known: &Option<Period>| match (known, &time) {
            (Some(known), Some(time)) => known == time || (known.from < time.until && time.from < known.until),
            _ => true,
        };
        if let Some((known, _)) = of_group.iter().find(|(known, _)| is_same(known)) {
            let when = known.zip(time).map(|(known, time)| format!(" on {}", known.from.max(time.from))).unwrap_or_default();
            return Err(format!("there are two targets of one group{when}"));
        }
        of_group.push((time, Arc::new(target)));
        Ok(())
    }

    /// The target of a row.
    pub(crate) fn of(&self, row: &ResultRow, time: &TimeOf, calendar: &Calendar) -> Sought<'_> {
        let named: BTreeSet<String> = row.dimensions.iter().map(|(name, _)| name.clone()).collect();
        if !self.dimensions.contains(&named) {
            return Sought::NotMeant;
        }
        let targets = group_of(row).and_then(|group| self.by.get(&group));
        let found = targets.and_then(|targets| targets.iter().find(|(of, _)| is_of(row, *of, time, calendar)));
        found.map_or(Sought::Missing, |(_, target)| Sought::Target(target))
    }

    /// Those groups that none of the rows is of.
    pub(crate) fn without_rows<'a>(&self, rows: impl Iterator<Item = &'a ResultRow>) -> Vec<&Group> {
        let known: BTreeSet<Group> = rows.filter_map(group_of).collect();
        self.by.keys().filter(|group| !known.contains(*group)).collect()
    }
}

/// The group of a row. A table has no target for what is missing: where it leaves a column empty, it means all.
fn group_of(row: &ResultRow) -> Option<Group> {
    let written = |(name, value): &(String, DimensionValue)| (*value != DimensionValue::Missing).then(|| (name.clone(), value.to_string()));
    row.dimensions.iter().map(written).collect()
}

/// The first day of the bucket that a day is in, by which a target of a bucket is found; none between the report's own periods.
pub(crate) fn bucket_of(day: jiff::civil::Date, grain: Grain, calendar: &Calendar) -> Option<Period> {
    if let Grain::Named(name) = grain {
        let mut days = calendar.named.periods_of(name).iter().map(|period| period.days);
        let of_day = days.find(|days| days.from <= day && day < days.until);
        return of_day.map(|days| Period { until: days.from, ..days });
    }
    let first = calendar.floor(day, grain).ok()?;
    Some(Period { from: first, until: first })
}

fn is_of(row: &ResultRow, of: Option<Period>, time: &TimeOf, calendar: &Calendar) -> bool {
    let (Some(of), Some(start)) = (of, row.start.as_ref()) else { return of.is_none() };
    match time {
        TimeOf::Always => true,
        TimeOf::Bucket(_) => bucket_of(start.date(), row.grain, calendar) == Some(of),
        TimeOf::Days { .. } => of.from <= start.date() && last_day(row).is_some_and(|last| last < of.until),
    }
}
