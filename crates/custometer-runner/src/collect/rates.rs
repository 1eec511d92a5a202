//! The exchange rates of a report, read from their table before any amount is.
//!
//! A rate that can't be read is no row to do without: amounts would get an older one. So it ends the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use custometer_core::{ColumnType, CurrencyCode};
use polars::prelude::{DataFrame, DataType, Engine, Expr, PolarsError, PolarsResult, col, lit, when};

use crate::collect::collect;
use crate::collect::counts::Counts;
use crate::collect::ledger::Files;
use crate::collect::lookups::Prepared;
use crate::error::RunError;
use crate::plan::counts::CountsPlan;
use crate::plan::rates::{Rates, date_of};
use crate::read::fault::Check;
use crate::read::known::Known;
use crate::read::scan::ROW;
use crate::read::table::Table;
use crate::read::text::FileIndex;
use crate::report::Report;
use crate::report::conversion::{RatesFrom, RatesTable};

/// So many faults are named.
const MOST_FAULTS: usize = 8;

const FAULT: &str = "__rate_fault";

/// Exchange rates, and how many rows of their table there were.
pub(crate) struct RatesRead {
    pub(crate) rates: Arc<Rates>,
    /// Of the rows of their table.
    pub(crate) counts: Counts,
}

/// The exchange rates of a report; none where it converts nothing.
///
/// # Errors
///
/// When the table can't be read to its end, or has rows that are no rates.
pub(crate) fn rates(
    report: &Report,
    indices: &[Vec<FileIndex>],
    prepared: &Prepared,
    folder: &Path,
) -> Result<Option<RatesRead>, RunError> {
    let Some(conversion) = &report.conversion else { return Ok(None) };
    let RatesFrom::Table(of) = &conversion.rates else {
        let rates = Arc::new(Rates::new(report, conversion, []));
        return Ok(Some(RatesRead { rates, counts: Counts::default() }));
    };
    let Some(position) = report.tables.iter().position(|table| table.name == of.table) else {
        return Err(RunError::Rates(vec![format!("there is no table `{}` with exchange rates", of.table)]));
    };
    let table = &report.tables[position];
    let failed = |source| RunError::Table { table: table.name.clone(), source };
    let (checks, frame, counts) = rows(table, of, &prepared.known(report, position, indices)).map_err(failed)?;
    let found = Found::of(&frame, table, &checks, of, &Files::of(table, &indices[position], folder)).map_err(failed)?;
    if !found.faults.is_empty() {
        let more = found.faults.len().saturating_sub(MOST_FAULTS);
        let faults = found.faults.into_iter().take(MOST_FAULTS).chain((more > 0).then(|| format!("and {more} more")));
        return Err(RunError::Rates(faults.collect()));
    }
    let rates = found.rates.into_iter().map(|((currency, day), rate)| (currency, day, rate));
    let rates = Arc::new(Rates::new(report, conversion, rates));
    Ok(Some(RatesRead { rates, counts }))
}

/// What may be wrong with the rows of the table beside their values, the rows, and how many there were.
fn rows(table: &Table, of: &RatesTable, known: &Known<'_>) -> PolarsResult<(Vec<Check>, DataFrame, Counts)> {
    let names = [&of.currency, &of.date, &of.rate];
    let used: BTreeSet<String> = names.into_iter().cloned().collect();
    let rows = table.rows(known, used.clone())?;
    let counts = CountsPlan::new(table, &rows, &used);
    let checks: Vec<Check> = table.checks.iter().cloned().chain(names.into_iter().flat_map(|name| table.faults_of(name))).collect();
    let typed = |name: &str, kind| table.typed(name, kind).map_err(|reason| PolarsError::ComputeError(reason.into()));
    let date = typed(&of.date, ColumnType::Time)?.value;
    let fault = (1_i32..)
        .zip(&checks)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .fold(lit(0_i32), |later, (number, check)| when(check.fails.clone().fill_null(lit(false))).then(lit(number)).otherwise(later));
    let columns: [Expr; 5] = [
        col(ROW),
        fault.alias(FAULT),
        typed(&of.currency, ColumnType::Text)?.value.alias("currency"),
        table.shown.clock.days_since_1970(date).cast(DataType::Int64).alias("day"),
        typed(&of.rate, ColumnType::Number)?.value.cast(DataType::Float64).alias("rate"),
    ];
    let plans = counts.frames().into_iter().chain([rows.met.select(columns)]).collect();
    let mut frames = collect(plans, Engine::Streaming)?.into_iter();
    let counts = Counts::of(&counts, &mut frames)?;
    Ok((checks, frames.next().unwrap_or_default(), counts))
}

/// The rates of a table, and what is wrong with its rows.
#[derive(Default)]
struct Found {
    rates: BTreeMap<(CurrencyCode, i64), f64>,
    faults: Vec<String>,
}

impl Found {
    fn of(frame: &DataFrame, table: &Table, checks: &[Check], of: &RatesTable, files: &Files) -> PolarsResult<Self> {
        let (rows, faults) = (frame.column(ROW)?.u64()?, frame.column(FAULT)?.i32()?);
        let (currencies, days, rates) = (frame.column("currency")?.str()?, frame.column("day")?.i64()?, frame.column("rate")?.f64()?);
        let values = currencies.iter().zip(days.iter()).zip(rates.iter());
        let mut rows: Vec<_> = rows.iter().flatten().zip(faults.iter().map(Option::unwrap_or_default)).zip(values).collect();
        rows.sort_by_key(|((row, _), _)| *row);
        let mut found = Self::default();
        for ((row, fault), ((currency, day), rate)) in rows {
            let mut wrong = |what: String| {
                let (file, row) = files.place(row);
                found.faults.push(format!("table `{}`: row {row} of `{file}` is no exchange rate: {what}", table.name));
            };
            if let Some(check) = usize::try_from(fault).ok().and_then(|number| checks.get(number.checked_sub(1)?)) {
                wrong(check.reason.text.clone());
                continue;
            }
            let shows_cells = table.style.shows_cells;
            let shown = |text: Option<&str>| text.filter(|_| shows_cells).map_or_else(String::new, |text| format!(", but `{text}`"));
            let code = currency.and_then(CurrencyCode::meant_by);
            let rate = rate.filter(|rate| *rate > 0.0);
            let (Some(code), Some(day), Some(rate)) = (code, day, rate) else {
                let what = [
                    code.is_none().then(|| format!("`{}` is not the code of a currency{}", of.currency, shown(currency))),
                    day.is_none().then(|| format!("`{}` is not a date", of.date)),
                    rate.is_none().then(|| format!("`{}` is not a number above 0 (`where` can leave the row out)", of.rate)),
                ];
                wrong(what.into_iter().flatten().collect::<Vec<_>>().join(", and "));
                continue;
            };
            let known = *found.rates.entry((code, day)).or_insert(rate);
            #[expect(clippy::float_cmp, reason = "the same rate twice says nothing else")]
            if known != rate {
                let on = date_of(day).map(|day| format!(" on {day}")).unwrap_or_default();
                wrong(format!("{code} has two rates{on}, {known} and {rate}"));
            }
        }
        Ok(found)
    }
}
