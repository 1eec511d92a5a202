//! Times that a report names: which tables have them, and what makes several of them periods or holidays.

use std::collections::{BTreeMap, HashMap};

use custometer_core::time::{Name, NamedPeriod};
use jiff::civil::Date;

/// Named times that tables have.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedTables {
    /// By the name of the grain.
    pub(crate) periods: BTreeMap<Name, PeriodsTable>,
    /// By the name of the list.
    pub(crate) holidays: BTreeMap<Name, HolidaysTable>,
}

/// A table with a period a row, and the columns that hold what is said of it.
#[derive(Debug, Clone)]
pub(crate) struct PeriodsTable {
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) year_ago: Option<String>,
}

/// A table with a holiday a row.
#[derive(Debug, Clone)]
pub(crate) struct HolidaysTable {
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) date: String,
}

impl NamedTables {
    pub(crate) fn is_empty(&self) -> bool {
        self.periods.is_empty() && self.holidays.is_empty()
    }
}

/// Periods in the order of their days, and what is wrong with some, by their positions in what was found.
pub(crate) fn periods(found: &[NamedPeriod]) -> (Vec<NamedPeriod>, Vec<(usize, String)>) {
    let mut wrong = Vec::new();
    let mut named: HashMap<Name, &NamedPeriod> = HashMap::new();
    for (position, period) in found.iter().enumerate() {
        if period.days.from >= period.days.until {
            wrong.push((position, format!("`{}` is empty: its `until` is not after its `from`", period.name)));
        }
        if named.insert(period.name, period).is_some() {
            wrong.push((position, format!("two periods are called `{}`", period.name)));
        }
    }
    for (position, period) in found.iter().enumerate() {
        let Some(year_ago) = period.year_ago else { continue };
        match named.get(&year_ago) {
            None => wrong.push((position, format!("`{}` is to be compared with `{year_ago}`, and there is no such period", period.name))),
            Some(before) if before.days.from >= period.days.from => {
                wrong.push((position, format!("`{}` is to be compared with `{year_ago}`, which is not before it", period.name)));
            }
            Some(_) => {}
        }
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|position| found[*position].days.from);
    // Of one that lasts long, the next ones but one may be in it.
    let mut longest: Option<usize> = None;
    for &position in &order {
        let (period, before) = (&found[position], longest.map(|before| &found[before]));
        if let Some(before) = before.filter(|before| period.days.from < before.days.until) {
            wrong.push((position, format!("`{}` and `{}` overlap: both have {}", before.name, period.name, period.days.from)));
        }
        if before.is_none_or(|before| before.days.until < period.days.until) {
            longest = Some(position);
        }
    }
    wrong.sort();
    (order.into_iter().map(|position| found[position]).collect(), wrong)
}

/// A holiday is the same one again after so many days or more: those of the Islamic calendar come after 354.
const APART: i32 = 180;

/// Holidays by day, and what is wrong with some, by their positions in what was found.
pub(crate) fn holidays(found: &[(Date, Name)]) -> (BTreeMap<Date, Name>, Vec<(usize, String)>) {
    let mut wrong = Vec::new();
    let mut known: BTreeMap<Date, Name> = BTreeMap::new();
    let mut days: HashMap<Name, Vec<Date>> = HashMap::new();
    for (position, (date, name)) in found.iter().enumerate() {
        if let Some(other) = known.insert(*date, *name) {
            let what = format!("{date} is `{other}` and `{name}`, and can be compared with the days of one only: leave one of them out");
            wrong.push((position, what));
            continue;
        }
        let near = days.get(name).into_iter().flatten().find(|other| (*date - **other).get_days().abs() < APART);
        if let Some(near) = near {
            let what =
                format!("`{name}` is on {near} and on {date}: give each of its days a name, so that the first is compared with the first");
            wrong.push((position, what));
        }
        days.entry(*name).or_default().push(*date);
    }
    (known, wrong)
}
