//! The period of data that no report's period cuts.

use std::collections::BTreeMap;

use custometer_core::{ColumnType, Domain, Period};
use polars::prelude::{DataType, Engine, LazyFrame, NULL, col, lit, when};

use crate::collect::engine::collect;
use crate::collect::lookups::Prepared;
use crate::error::RunError;
use crate::plan::input::in_years;
use crate::plan::scan::scans;
use crate::read::column::Typed;
use crate::read::known::Known;
use crate::read::text::FileIndex;
use crate::report::Report;

/// Whether rows are cut by time, and the period is to be read from them.
pub(crate) fn needs_period_of_data(report: &Report) -> bool {
    report.period.is_none() && report.requests.iter().any(|request| !request.is_timeless_without_period())
}

/// The columns that place rows of a table in time where they are cut by it, each with the years that are possible.
fn times_of(report: &Report, table: usize) -> BTreeMap<&str, Domain> {
    let timed = report.requests.iter().filter(|request| request.table == table && !request.is_timeless_without_period());
    let times = timed.filter_map(|request| Some((request.column(request.definition.source.time?), request)));
    times.map(|(time, request)| (time, request.definition.source.time_domain)).collect()
}

/// The first and the last instant of each year, and how many rows it has.
fn ends_of(rows: &LazyFrame, typed: Typed, domain: Domain) -> LazyFrame {
    let instant = match domain {
        Domain::Years { from, until } => when(in_years(typed.value.clone(), from, until)).then(typed.value).otherwise(lit(NULL)),
        _ => typed.value,
    };
    let times = rows.clone().select([instant.clone().dt().year().alias("year"), instant.cast(DataType::Int64).alias("at")]);
    // A count of Polars' own has 32 bits.
    let rows = col("at").is_not_null().cast(DataType::UInt64).sum().alias("rows");
    let ends = [col("at").min().alias("first"), col("at").max().alias("last"), rows];
    times.filter(col("at").is_not_null()).group_by([col("year")]).agg(ends)
}

/// The local dates from the first row to the last, over all tables that are cut by time. None when there is no row with a time.
fn period_of_data(report: &Report, indices: &[Vec<FileIndex>], prepared: &Prepared) -> Result<Option<Period>, RunError> {
    let mut ends: Vec<i64> = Vec::new();
    let mut years: BTreeMap<i32, u64> = BTreeMap::new();
    let timed: Vec<(usize, BTreeMap<&str, Domain>)> = (0..report.tables.len()).map(|table| (table, times_of(report, table))).collect();
    let timed: Vec<_> = timed.into_iter().filter(|(_, times)| !times.is_empty()).collect();
    let read = timed.iter().map(|(table, times)| (*table, times.keys().map(ToString::to_string).collect()));
    let scans = scans(report, indices, read, None).map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    let mut plans: BTreeMap<usize, Vec<LazyFrame>> = BTreeMap::new();
    for (position, times) in timed {
        let table = &report.tables[position];
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        let known = Known { files: scans.get(&position).cloned(), ..prepared.known(report, position, indices) };
        let rows = table.rows(&known, times.keys().map(ToString::to_string).collect()).map_err(failed)?.met;
        let ends = times.into_iter().filter_map(|(time, domain)| Some(ends_of(&rows, table.typed(time, ColumnType::Time).ok()?, domain)));
        plans.entry(report.first_of_scan(position)).or_default().extend(ends);
    }
    for (table, plans) in plans {
        let failed = |source| RunError::Table { table: report.tables[table].name.clone(), source };
        for frame in collect(plans, Engine::Streaming).map_err(failed)? {
            for end in ["first", "last"] {
                ends.extend(frame.column(end).map_err(failed)?.i64().map_err(failed)?.iter().flatten());
            }
            let (year, rows) = (frame.column("year").map_err(failed)?, frame.column("rows").map_err(failed)?);
            let counts = year.i32().map_err(failed)?.iter().zip(rows.u64().map_err(failed)?.iter());
            for (year, rows) in counts.filter_map(|(year, rows)| year.zip(rows)) {
                *years.entry(year).or_default() += rows;
            }
        }
    }
    if let Some(gap) = gap(&years) {
        return Err(gap);
    }
    let zone = &report.calendar.zone;
    let local = |instant: i64| jiff::Timestamp::from_microsecond(instant).map(|instant| instant.to_zoned(zone.clone()).date());
    match (ends.iter().min(), ends.iter().max()) {
        (Some(&first), Some(&last)) => {
            let from = local(first).map_err(RunError::Period)?;
            let until = local(last).and_then(jiff::civil::Date::tomorrow).map_err(RunError::Period)?;
            Ok(Some(Period { from, until }))
        }
        _ => Ok(None),
    }
}

/// One in so many rows is few.
const FEW: u64 = 20;

/// What is wrong with the rows of these years as a period: most of its years are in one gap, and on one side of the gap there are few
/// rows. A date that was never filled in, such as 1970-01-01, is like that.
fn gap(years: &BTreeMap<i32, u64>) -> Option<RunError> {
    let (first, last) = (*years.keys().next()?, *years.keys().next_back()?);
    let (before, after) = years.keys().zip(years.keys().skip(1)).max_by_key(|(before, after)| *after - *before)?;
    let (gap, all) = (after - before - 1, years.values().sum::<u64>());
    let early: u64 = years.range(..after).map(|(_, rows)| rows).sum();
    let (few, side, year) = if early <= all / 2 { (early, "before", *after) } else { (all - early, "after", *before) };
    (gap > 2 && 2 * gap > last - first + 1 && few * FEW <= all).then_some(RunError::Gap { few, all, side, year, gap })
}

/// The period of a report; the data's own where it has none and rows are cut by time.
///
/// # Errors
///
/// When a table can't be read to its end, and when a few rows far from all others would make the data's own period.
pub(crate) fn period(report: &Report, indices: &[Vec<FileIndex>], prepared: &Prepared) -> Result<Option<Period>, RunError> {
    if needs_period_of_data(report) { period_of_data(report, indices, prepared) } else { Ok(report.period) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_rows_far_from_the_others_make_no_period() {
        let said = |years: &[(i32, u64)]| gap(&years.iter().copied().collect()).map(|error| error.to_string());
        for fine in [
            &[][..],
            &[(2025, 1)],
            // Half of the rows are not few, nor are some in a period without a gap.
            &[(1970, 1), (2025, 1)],
            &[(2019, 1), (2020, 1000), (2025, 1000)],
            &[(2023, 1), (2025, 1000)],
        ] {
            assert_eq!(said(fine), None, "{fine:?}");
        }
        let of_1970 = said(&[(1970, 2), (2024, 40), (2025, 40)]).unwrap();
        assert!(of_1970.contains("2 of 82 rows lie before 2024, and no row in the 53 years between"), "{of_1970}");
        let of_2203 = said(&[(2024, 400), (2025, 400), (2203, 1)]).unwrap();
        assert!(of_2203.contains("1 of 801 rows lie after 2025, and no row in the 177 years between"), "{of_2203}");
    }
}
