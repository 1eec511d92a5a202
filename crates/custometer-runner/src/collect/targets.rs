//! The targets of a table, read before any row is judged.

use custometer_core::{Calendar, Grain, Period};

use crate::collect::counts::Counts;
use crate::collect::whole::{As, Reading, Whole, WholeRow};
use crate::error::RunError;
use crate::report::targets::{Group, Targets, TargetsTable, TimeOf, bucket_of};
use crate::result::Target;

/// The targets of a table, for a request by a grain, with the position of the table and how many rows it has.
///
/// # Errors
///
/// When the table can't be read to its end, or has rows that are no targets.
pub(crate) fn targets(
    reading: Reading<'_>,
    of: &TargetsTable,
    grain: Grain,
    calendar: &Calendar,
) -> Result<(usize, Targets, Counts), RunError> {
    let numbers = [&of.at_least, &of.at_most, &of.warn_below, &of.warn_above];
    let mut columns: Vec<(&str, As)> = of.by.iter().map(|name| (name.as_str(), As::Text)).collect();
    let first_number = columns.len();
    columns.extend(numbers.into_iter().flatten().map(|name| (name.as_str(), As::Number)));
    let first_day = columns.len();
    match &of.time {
        TimeOf::Always => {}
        TimeOf::Bucket(date) => columns.push((date, As::Day)),
        TimeOf::Days { from, until } => columns.extend([(from.as_str(), As::Day), (until.as_str(), As::Day)]),
    }
    let (position, whole) = reading.whole(&of.table, &columns, "no target")?;
    let mut targets = Targets::default();
    let mut faults = Vec::new();
    for row in &whole.rows {
        let mut number = first_number..;
        let [at_least, at_most, warn_below, warn_above] =
            numbers.map(|column| column.as_ref().and_then(|_| row.number(number.next().unwrap_or_default())));
        let group: Group = of.by.iter().enumerate().filter_map(|(cell, name)| Some((name.clone(), row.text(cell)?.to_owned()))).collect();
        let target = Target { at_least, at_most, warn_below, warn_above, start: None, by_interval: of.by_interval, holds: None };
        let added = match (&row.fault, time(of, row, first_day, grain, calendar)) {
            (Some(fault), _) => Err(fault.clone()),
            (None, Err(fault)) => Err(fault),
            (None, Ok(time)) => is_target(&target, of).and_then(|()| targets.add(group, time, target)),
        };
        faults.extend(added.err().map(|what| whole.wrong(row, &what)));
    }
    Whole::checked(faults)?;
    Ok((position, targets, whole.counts))
}

/// Which time the target of a row is of.
fn time(of: &TargetsTable, row: &WholeRow, first: usize, grain: Grain, calendar: &Calendar) -> Result<Option<Period>, String> {
    let day = |cell: usize, column: &String| row.day(cell).ok_or_else(|| format!("`{column}` is not a date"));
    match &of.time {
        TimeOf::Always => Ok(None),
        TimeOf::Bucket(date) => {
            let day = day(first, date)?;
            bucket_of(day, grain, calendar).map(Some).ok_or_else(|| format!("{day} is in no bucket"))
        }
        TimeOf::Days { from, until } => {
            let days = Period { from: day(first, from)?, until: day(first + 1, until)? };
            if days.from < days.until { Ok(Some(days)) } else { Err(format!("`{until}` is not after `{from}`")) }
        }
    }
}

/// That what a row has is a target.
fn is_target(target: &Target, of: &TargetsTable) -> Result<(), String> {
    let Target { at_least, at_most, warn_below, warn_above, .. } = target;
    let named = |column: &Option<String>| column.clone().unwrap_or_default();
    let (low, high) = (named(&of.at_least), named(&of.at_most));
    match (at_least, at_most) {
        (None, None) => {
            let columns: Vec<String> = [&of.at_least, &of.at_most].into_iter().flatten().map(|column| format!("`{column}`")).collect();
            Err(format!("there is no number in {} (`where` can leave the row out)", columns.join(" or ")))
        }
        (Some(least), Some(most)) if least >= most => Err(format!("`{low}` is not below `{high}`")),
        _ if warn_below.is_some_and(|warn| at_least.is_none_or(|least| warn >= least)) => {
            Err(format!("`{}` is not below a number in `{low}`", named(&of.warn_below)))
        }
        _ if warn_above.is_some_and(|warn| at_most.is_none_or(|most| warn <= most)) => {
            Err(format!("`{}` is not above a number in `{high}`", named(&of.warn_above)))
        }
        _ => Ok(()),
    }
}
