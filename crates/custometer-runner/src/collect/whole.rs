//! Tables that are read whole before any amount or bucket is: those of exchange rates, of named times and of targets.
//!
//! A row of theirs that can't be read is no row to do without: what it says would be missing without a word. So it ends the run.

use std::collections::BTreeSet;
use std::path::Path;

use custometer_core::{ColumnType, DimensionValue, dimension};
use jiff::civil::{Date, date};
use polars::prelude::{DataType, Engine, Expr, PolarsError, PolarsResult, col, lit, when};

use crate::collect::counts::Counts;
use crate::collect::engine::collect;
use crate::collect::ledger::Files;
use crate::collect::lookups::Prepared;
use crate::error::RunError;
use crate::plan::counts::CountsPlan;
use crate::read::fault::Check;
use crate::read::scan::ROW;
use crate::read::text::FileIndex;
use crate::report::Report;

/// So many faults are named.
const MOST_FAULTS: usize = 8;

const FAULT: &str = "__whole_fault";

/// What there is to read tables by.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) report: &'a Report,
    pub(crate) indices: &'a [Vec<FileIndex>],
    pub(crate) prepared: &'a Prepared,
    pub(crate) folder: &'a Path,
}

/// What a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    Text,
    /// The local day of a time, as its number since 1970.
    Day,
    Number,
}

/// All rows of a table.
pub(crate) struct Whole<'a> {
    /// What they are not where something is wrong with them, such as `no exchange rate`.
    what: &'static str,
    table: &'a str,
    /// Whether messages may show what is in them.
    pub(crate) shows_cells: bool,
    pub(crate) rows: Vec<WholeRow>,
    pub(crate) counts: Counts,
}

/// A row with its place.
pub(crate) struct WholeRow {
    file: String,
    row: u64,
    /// What is wrong with it as the table's own settings have it.
    pub(crate) fault: Option<String>,
    /// By column that is asked for; missing where it can't be read.
    pub(crate) cells: Vec<DimensionValue>,
}

impl<'a> Reading<'a> {
    /// All rows of a table by some columns, in the order of its files. `what` they are not where they are wrong.
    pub(crate) fn whole(self, table: &str, columns: &[(&str, As)], what: &'static str) -> Result<(usize, Whole<'a>), RunError> {
        let report = self.report;
        let Some(position) = report.position(table) else {
            return Err(RunError::Rows(vec![format!("there is no table `{table}`")]));
        };
        let table = &report.tables[position];
        let (rows, counts) = self.rows(position, columns).map_err(|source| RunError::Table { table: table.name.clone(), source })?;
        Ok((position, Whole { what, table: &table.name, shows_cells: table.style.shows_cells, rows, counts }))
    }

    fn rows(self, position: usize, columns: &[(&str, As)]) -> PolarsResult<(Vec<WholeRow>, Counts)> {
        let (table, files) = (&self.report.tables[position], &self.indices[position]);
        let used: BTreeSet<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let rows = table.rows(&self.prepared.known(self.report, position, self.indices), used.clone())?;
        let counts = CountsPlan::new(table, &rows, &used);
        let checks: Vec<Check> = table.checks.iter().cloned().chain(columns.iter().flat_map(|(name, _)| table.faults_of(name))).collect();
        let numbered: Vec<(i32, &Check)> = (1_i32..).zip(&checks).collect();
        let fault = numbered
            .into_iter()
            .rev()
            .fold(lit(0_i32), |later, (number, check)| when(check.fails.clone().fill_null(lit(false))).then(lit(number)).otherwise(later));
        let typed = |name: &str, kind| table.typed(name, kind).map_err(|reason| PolarsError::ComputeError(reason.into()));
        let mut selected: Vec<Expr> = vec![col(ROW), fault.alias(FAULT)];
        for (number, (name, read_as)) in columns.iter().enumerate() {
            let value = match read_as {
                As::Text => typed(name, ColumnType::Text)?.value.cast(DataType::String),
                As::Day => table.shown.clock.days_since_1970(typed(name, ColumnType::Time)?.value).cast(DataType::Int64),
                As::Number => typed(name, ColumnType::Number)?.value.cast(DataType::Float64),
            };
            selected.push(value.alias(number.to_string()));
        }
        let plans = counts.frames().into_iter().chain([rows.met.select(selected)]).collect();
        let mut frames = collect(plans, Engine::Streaming)?.into_iter();
        let counts = Counts::of(&counts, &mut frames)?;
        let frame = frames.next().unwrap_or_default();
        let files = Files::of(table, files, self.folder);
        let faults = frame.column(FAULT)?.i32()?.iter().map(|fault| usize::try_from(fault.unwrap_or_default()).unwrap_or_default());
        let mut found: Vec<(u64, WholeRow)> = Vec::with_capacity(frame.height());
        for (row, fault) in frame.column(ROW)?.u64()?.iter().flatten().zip(faults) {
            let (file, place) = files.place(row);
            let fault = fault.checked_sub(1).and_then(|number| checks.get(number)).map(|check| check.reason.text.clone());
            found.push((row, WholeRow { file, row: place, fault, cells: Vec::with_capacity(columns.len()) }));
        }
        for number in 0..columns.len() {
            let cells = dimension::from_series(frame.column(&number.to_string())?.as_materialized_series())?;
            found.iter_mut().zip(cells).for_each(|((_, row), cell)| row.cells.push(cell));
        }
        found.sort_by_key(|(row, _)| *row);
        Ok((found.into_iter().map(|(_, row)| row).collect(), counts))
    }
}

impl Whole<'_> {
    /// What is wrong with one of the rows, with its place.
    pub(crate) fn wrong(&self, row: &WholeRow, what: &str) -> String {
        format!("table `{}`: row {} of `{}` is {}: {what}", self.table, row.row, row.file, self.what)
    }

    /// What a cell has, where messages may show it.
    pub(crate) fn shown(&self, cell: &DimensionValue) -> String {
        match cell {
            DimensionValue::Text(text) if self.shows_cells => format!(", but `{text}`"),
            _ => String::new(),
        }
    }

    /// That the rows have no faults, or the first of these.
    pub(crate) fn checked(faults: Vec<String>) -> Result<(), RunError> {
        if faults.is_empty() {
            return Ok(());
        }
        let more = faults.len().saturating_sub(MOST_FAULTS);
        Err(RunError::Rows(faults.into_iter().take(MOST_FAULTS).chain((more > 0).then(|| format!("and {more} more"))).collect()))
    }
}

impl WholeRow {
    pub(crate) fn text(&self, cell: usize) -> Option<&str> {
        match self.cells.get(cell)? {
            DimensionValue::Text(text) => Some(text).map(|text| text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    pub(crate) fn number(&self, cell: usize) -> Option<f64> {
        self.cells.get(cell)?.as_number()
    }

    /// A day, as its number since 1970.
    pub(crate) fn day_number(&self, cell: usize) -> Option<i64> {
        match self.cells.get(cell)? {
            DimensionValue::Integer(day) => Some(*day),
            _ => None,
        }
    }

    pub(crate) fn day(&self, cell: usize) -> Option<Date> {
        date(1970, 1, 1).checked_add(jiff::ToSpan::days(self.day_number(cell)?)).ok()
    }
}
