//! The period of data that no report's period cuts.

use std::collections::BTreeMap;

use custometer_core::{ColumnType, Domain, Period};
use polars::prelude::{DataType, Engine, LazyFrame, NULL, lit, when};

use crate::collect::collect;
use crate::error::RunError;
use crate::plan::input::in_years;
use crate::plan::kept::Kept;
use crate::read::text::FileIndex;
use crate::report::Report;

/// Whether rows are cut by time, and the period is to be read from them.
pub(crate) fn needs_period_of_data(report: &Report) -> bool {
    report.period.is_none() && report.requests.iter().any(|request| !request.is_timeless_without_period())
}

/// The local dates from the first row to the last, over all tables that are cut by time. None when there is no row with a time.
fn period_of_data(report: &Report, indices: &[Vec<FileIndex>], kept: &[Kept]) -> Result<Option<Period>, RunError> {
    let mut ends: Vec<i64> = Vec::new();
    for (position, table) in report.tables.iter().enumerate() {
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        let timed = report.requests.iter().filter(|request| request.table == position && !request.is_timeless_without_period());
        let times = timed.filter_map(|request| Some((request.column(request.definition.source.time?), request)));
        let times: BTreeMap<&str, Domain> = times.map(|(time, request)| (time, request.definition.source.time_domain)).collect();
        if times.is_empty() {
            continue;
        }
        let rows = table.rows(&indices[position], times.keys().map(ToString::to_string).collect()).map_err(failed)?;
        let rows = kept.get(position).map_or_else(|| rows.clone(), |kept| kept.of(rows.clone()));
        let rows = table.condition.iter().cloned().fold(rows, LazyFrame::filter).cache();
        let mut plans = Vec::new();
        for (time, domain) in times {
            if let Ok(typed) = table.typed(time, ColumnType::Time) {
                let instant = match domain {
                    Domain::Years { from, until } => {
                        when(in_years(typed.value.clone(), from, until)).then(typed.value).otherwise(lit(NULL))
                    }
                    _ => typed.value,
                };
                let instant = instant.cast(DataType::Int64);
                plans.push(rows.clone().select([instant.clone().min().alias("first"), instant.max().alias("last")]));
            }
        }
        for frame in collect(plans, Engine::Streaming).map_err(failed)? {
            for end in ["first", "last"] {
                ends.extend(frame.column(end).ok().and_then(|column| column.i64().ok().and_then(|values| values.get(0))));
            }
        }
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

/// The period of a report; the data's own where it has none and rows are cut by time.
///
/// # Errors
///
/// When a table can't be read to its end.
pub(crate) fn period(report: &Report, indices: &[Vec<FileIndex>], kept: &[Kept]) -> Result<Option<Period>, RunError> {
    if needs_period_of_data(report) { period_of_data(report, indices, kept) } else { Ok(report.period) }
}
