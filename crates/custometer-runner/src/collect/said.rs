//! What tables say of a report, read before there are buckets: its own periods, holidays, and targets.

use std::borrow::Cow;
use std::sync::Arc;

use custometer_core::time::{Name, NamedPeriod};
use custometer_core::{Calendar, Period};

use crate::collect::counts::Counts;
use crate::collect::targets::targets;
use crate::collect::whole::{As, Reading, Whole};
use crate::error::RunError;
use crate::report::Report;
use crate::report::named::{HolidaysTable, PeriodsTable, holidays, periods};

/// The positions of tables that were read whole, each with how many rows it has.
pub(crate) type ReadWhole = Vec<(usize, Counts)>;

/// The report with all that its tables say of it, the times that it names and its targets, and the tables that were read for it, each with how many rows
/// it has.
///
/// # Errors
///
/// When a table can't be read to its end, or has rows that are no such times or targets.
pub(crate) fn with_read_tables(reading: Reading<'_>) -> Result<(Cow<'_, Report>, ReadWhole), RunError> {
    let report = reading.report;
    if report.is_whole() {
        return Ok((Cow::Borrowed(report), Vec::new()));
    }
    let mut named = (*report.calendar.named).clone();
    let mut read = Vec::new();
    for (grain, of) in &report.named_tables.periods {
        let (position, found, counts) = read_periods(reading, of)?;
        named.periods.insert(*grain, found);
        read.push((position, counts));
    }
    for (list, of) in &report.named_tables.holidays {
        let (position, whole) = reading.whole(&of.table, &[(&of.name, As::Text), (&of.date, As::Day)], "no holiday")?;
        named.holidays.insert(*list, read_holidays(&whole, of)?);
        read.push((position, whole.counts));
    }
    let calendar = Calendar { named: Arc::new(named), ..report.calendar.clone() };
    let mut whole = Report { calendar, ..report.clone() };
    for request in &mut whole.requests {
        let Some((of, found)) = request.target.as_mut().and_then(|goal| goal.table.as_mut()) else { continue };
        let (position, read_targets, counts) = targets(reading, of, request.grain, &whole.calendar)?;
        *found = Arc::new(read_targets);
        read.push((position, counts));
    }
    Ok((Cow::Owned(whole), read))
}

fn read_periods(reading: Reading<'_>, of: &PeriodsTable) -> Result<(usize, Vec<NamedPeriod>, Counts), RunError> {
    let mut columns = vec![(of.name.as_str(), As::Text), (of.from.as_str(), As::Day), (of.until.as_str(), As::Day)];
    columns.extend(of.year_ago.as_deref().map(|year_ago| (year_ago, As::Text)));
    let (position, whole) = reading.whole(&of.table, &columns, "no period")?;
    let (mut found, mut rows, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for row in &whole.rows {
        if let Some(fault) = &row.fault {
            faults.push(whole.wrong(row, fault));
            continue;
        }
        let (Some(name), Some(from), Some(until)) = (row.text(0), row.day(1), row.day(2)) else {
            let what = [
                row.text(0).is_none().then(|| format!("`{}` is missing", of.name)),
                row.day(1).is_none().then(|| format!("`{}` is not a date", of.from)),
                row.day(2).is_none().then(|| format!("`{}` is not a date", of.until)),
            ];
            faults.push(whole.wrong(row, &what.into_iter().flatten().collect::<Vec<_>>().join(", and ")));
            continue;
        };
        let year_ago = row.text(3).map(Name::new);
        found.push(NamedPeriod { name: Name::new(name), days: Period { from, until }, year_ago });
        rows.push(row);
    }
    let (all, wrong) = periods(&found);
    // What is missing of a wrong row would make others wrong.
    if faults.is_empty() {
        faults.extend(wrong.into_iter().map(|(position, what)| whole.wrong(rows[position], &what)));
    }
    Whole::checked(faults)?;
    Ok((position, all, whole.counts))
}

fn read_holidays(whole: &Whole<'_>, of: &HolidaysTable) -> Result<std::collections::BTreeMap<jiff::civil::Date, Name>, RunError> {
    let (mut found, mut rows, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for row in &whole.rows {
        let (name, date) = (row.text(0), row.day(1));
        let fault = row.fault.clone().or_else(|| name.is_none().then(|| format!("`{}` is missing", of.name)));
        let fault = fault.or_else(|| date.is_none().then(|| format!("`{}` is not a date", of.date)));
        match (fault, name, date) {
            (None, Some(name), Some(date)) => {
                found.push((date, Name::new(name)));
                rows.push(row);
            }
            (fault, ..) => faults.push(whole.wrong(row, &fault.unwrap_or_default())),
        }
    }
    let (all, wrong) = holidays(&found);
    if faults.is_empty() {
        faults.extend(wrong.into_iter().map(|(position, what)| whole.wrong(rows[position], &what)));
    }
    Whole::checked(faults)?;
    Ok(all)
}
