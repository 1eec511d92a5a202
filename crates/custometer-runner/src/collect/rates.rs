//! The exchange rates of a report, read from their table before any amount is.
//!
//! A rate that can't be read is no row to do without: amounts would get an older one. So it ends the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use custometer_core::{ColumnType, CurrencyCode};
use polars::prelude::{DataFrame, DataType, Engine, Expr, LazyFrame, PolarsError, PolarsResult, col, lit, when};

use crate::collect::ledger::Files;
use crate::collect::{collect, count};
use crate::error::RunError;
use crate::plan::input::{count_rows, count_rows_of_files};
use crate::plan::kept::Kept;
use crate::plan::rates::{Rates, date_of};
use crate::read::fault::Check;
use crate::read::lookup::Found as LookedUp;
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
    /// Rows of the files, those that are made of them, those of these that repeat no others, and those that have a rate.
    pub(crate) rows_of_files: u64,
    pub(crate) rows_made: u64,
    pub(crate) rows_once: u64,
    pub(crate) rows_used: u64,
}

/// The exchange rates of a report; none where it converts nothing.
///
/// # Errors
///
/// When the table can't be read to its end, or has rows that are no rates.
pub(crate) fn rates(report: &Report, indices: &[Vec<FileIndex>], kept: &[Kept], folder: &Path) -> Result<Option<RatesRead>, RunError> {
    let Some(conversion) = &report.conversion else { return Ok(None) };
    let RatesFrom::Table(of) = &conversion.rates else {
        let rates = Arc::new(Rates::new(report, conversion, []));
        return Ok(Some(RatesRead { rates, rows_of_files: 0, rows_made: 0, rows_once: 0, rows_used: 0 }));
    };
    let Some(position) = report.tables.iter().position(|table| table.name == of.table) else {
        return Err(RunError::Rates(vec![format!("there is no table `{}` with exchange rates", of.table)]));
    };
    let table = &report.tables[position];
    let failed = |source| RunError::Table { table: table.name.clone(), source };
    let (checks, frame, [rows_of_files, rows_made, rows_once]) = rows(table, of, &indices[position], &kept[position]).map_err(failed)?;
    let found = Found::of(&frame, table, &checks, of, &Files::of(table, &indices[position], folder)).map_err(failed)?;
    if !found.faults.is_empty() {
        let more = found.faults.len().saturating_sub(MOST_FAULTS);
        let faults = found.faults.into_iter().take(MOST_FAULTS).chain((more > 0).then(|| format!("and {more} more")));
        return Err(RunError::Rates(faults.collect()));
    }
    let rates = found.rates.into_iter().map(|((currency, day), rate)| (currency, day, rate));
    let rates = Arc::new(Rates::new(report, conversion, rates));
    Ok(Some(RatesRead { rates, rows_of_files, rows_made, rows_once, rows_used: frame.height() as u64 }))
}

/// The rows of the table, what may be wrong with them beside their values, and how many there were of the files, made of them, and once.
fn rows(table: &Table, of: &RatesTable, indices: &[FileIndex], kept: &Kept) -> PolarsResult<(Vec<Check>, DataFrame, [u64; 3])> {
    let names = [&of.currency, &of.date, &of.rate];
    let met = table.rows(indices, (&LookedUp::default(), kept.ends()), names.into_iter().cloned().collect::<BTreeSet<String>>())?.cache();
    let once = kept.of(met.clone()).cache();
    let counts = [met.clone().select([count_rows_of_files(table)]), met.select([count_rows()]), once.clone().select([count_rows()])];
    let rows = table.condition.iter().cloned().fold(once, LazyFrame::filter);
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
    let plans = counts.into_iter().chain([rows.select(columns)]).collect();
    let mut frames = collect(plans, Engine::Streaming)?.into_iter();
    let mut counted = || count(&frames.next().unwrap_or_default(), 0);
    let counts = [counted()?, counted()?, counted()?];
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
