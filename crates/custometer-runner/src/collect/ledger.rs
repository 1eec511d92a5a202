//! The ledger: what became of every row of every table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use custometer_core::dimension;
use polars::prelude::{Column, DataFrame, DataType, NamedFrom, PolarsError, Series};

use crate::collect::Collected;
use crate::collect::looked_up::{LookedUp, Unfit};
use crate::collect::misses::Example;
use crate::plan::TablePlan;
use crate::plan::input::InputPlan;
use crate::plan::names::{AMBIGUOUS, EXAMPLES, FATE, FAULTY, LAST, OUTSIDE, PLACE, SKIPPED};
use crate::read::fault::Reason;
use crate::read::files::shown_path;
use crate::read::scan::ROW;
use crate::read::shape::MADE_OF;
use crate::read::table::Table;
use crate::read::text::FileIndex;
use crate::read::union::SOURCE;
use crate::report::Report;
use crate::result::{FileManifest, LookedUpIn, RejectedRow, Rejection, TableUse};

/// A table's files, with the number of the first row of each.
pub(crate) struct Files {
    files: Vec<(u64, FileManifest)>,
    indices: Vec<FileIndex>,
}

impl Files {
    pub(crate) fn of(table: &Table, indices: &[FileIndex], folder: &Path) -> Self {
        let mut rows = 0;
        let files = table.files().into_iter().zip(indices).map(|(file, index)| {
            let first = rows;
            rows += index.rows;
            (first, FileManifest { path: shown_path(file, folder), bytes: index.bytes, hash: index.hash.clone() })
        });
        Self { files: files.collect(), indices: indices.to_vec() }
    }

    pub(crate) fn manifests(&self) -> Vec<FileManifest> {
        self.files.iter().map(|(_, manifest)| manifest.clone()).collect()
    }

    /// The number of the first row of a file.
    pub(crate) fn first_of(&self, file: usize) -> u64 {
        self.files.get(file).map_or(0, |(first, _)| *first)
    }

    /// The file of a row, and its number there, from 1; in a workbook, that of the sheet's row.
    pub(crate) fn place(&self, row: u64) -> (String, u64) {
        let file = self.files.partition_point(|(first, _)| *first <= row).saturating_sub(1);
        let place = self.files.get(file).zip(self.indices.get(file));
        place.map_or_else(|| (String::new(), row + 1), |((first, file), index)| (file.path.clone(), index.place(row - first)))
    }
}

/// Everything that was rejected, table by table.
#[derive(Default)]
pub(crate) struct Ledger {
    rejections: Vec<Rejection>,
    /// Every rejected row, with its reason.
    rows: Vec<(Rejection, RejectedRow)>,
}

impl Ledger {
    /// Enters the rows of a table, and says what became of them.
    pub(crate) fn add(
        &mut self,
        report: &Report,
        plan: &TablePlan,
        collected: &Collected,
        files: &Files,
        looked_up_in: &dyn Fn(&str, u32) -> Option<LookedUpIn>,
    ) -> Result<Uses, PolarsError> {
        let mut uses = Uses { all: Vec::new(), by_source: vec![Vec::new(); plan.counts.sources.len()] };
        let ends = collected.counted.fates.iter().zip(&collected.counted.rejected).zip(&collected.counted.left_out);
        for (input, ((frame, rejected), left_out)) in plan.inputs.iter().zip(ends) {
            let requests: Vec<String> = input.requests.iter().map(|&request| report.requests[request].name.clone()).collect();
            let fates = Fates::of(frame, None)?;
            let entry = |reason: &Reason, rows: u64| Rejection {
                table: report.tables[plan.table].name.clone(),
                reason: reason.text.clone(),
                rows,
                requests: requests.clone(),
                examples: Vec::new(),
            };
            let mut examples = examples(rejected, (report, &report.tables[plan.table], input), files, looked_up_in)?;
            for (reason, number) in input.reasons.iter().zip(1..) {
                let rows = fates.rows(number);
                if rows == 0 {
                    continue;
                }
                let of_reason = examples.remove(&number).unwrap_or_default();
                if report.rejected_rows {
                    self.rows.extend(of_reason.iter().map(|row| (entry(reason, rows), row.clone())));
                }
                // What is wrong with a row is wrong with all that are made of it.
                let mut seen = BTreeSet::new();
                let first = of_reason.into_iter().filter(|row| seen.insert(row.clone())).take(EXAMPLES).collect();
                self.rejections.push(Rejection { examples: first, ..entry(reason, rows) });
            }
            uses.all.push(fates.used(report, &requests, left_out.iter().sum()));
            for (of_source, source) in uses.by_source.iter_mut().zip(0_u32..) {
                let left_out = left_out.get(source as usize).copied().unwrap_or_default();
                of_source.push(Fates::of(frame, Some(source))?.used(report, &requests, left_out));
            }
        }
        Ok(uses)
    }

    /// Enters the rows of a table that others look something up in, and says what became of them.
    pub(crate) fn add_looked_up(&mut self, report: &Report, looked_up: &LookedUp, files: &Files) -> TableUse {
        let requests: Vec<String> = looked_up.requests.iter().map(|&request| report.requests[request].name.clone()).collect();
        let of_lookup = &report.tables[looked_up.by].columns.lookups[looked_up.lookup];
        let is_key = |column: &str| of_lookup.on.iter().any(|(_, there)| there == column);
        let is_id = |column: &str| is_key(column) || looked_up.requests.iter().any(|&request| report.requests[request].is_id(column));
        let hidden = report.min_group_size.is_some_and(|least| least > 1);
        for Unfit { reason, rows, examples } in &looked_up.unfit {
            let entry = Rejection {
                table: report.tables[looked_up.table].name.clone(),
                reason: reason.text.clone(),
                rows: *rows,
                requests: requests.clone(),
                examples: Vec::new(),
            };
            let column = reason.origin.as_ref().map(|origin| origin.column.clone()).filter(|_| !hidden);
            let shown = |(row, value): &Example| {
                let (file, row) = files.place(*row);
                let hasher = report.id_hasher.as_ref().filter(|_| column.as_deref().is_some_and(is_id));
                let value = value.clone().filter(|_| column.is_some());
                RejectedRow {
                    file,
                    row,
                    column: column.clone(),
                    value: value.map(|value| hasher.map_or(value.clone(), |hasher| hasher.hash(&value))),
                    looked_up_in: None,
                }
            };
            if report.rejected_rows {
                self.rows.extend(examples.iter().map(|row| (entry.clone(), shown(row))));
            }
            self.rejections.push(Rejection { examples: examples.iter().take(EXAMPLES).map(shown).collect(), ..entry });
        }
        TableUse {
            requests,
            rows_used: looked_up.rows_keyed.into(),
            rows_outside_period: 0,
            rows_without_answer: 0,
            rows_left_out: 0,
            rows_rejected: looked_up.unfit.iter().map(|unfit| unfit.rows).sum(),
            ambiguous_times: 0,
            data_until: None,
        }
    }

    /// The rejected rows by table and reason.
    pub(crate) fn rejections(self) -> Vec<Rejection> {
        let mut rejections: Vec<Rejection> = Vec::new();
        // What several requests can't use for one reason is said once.
        for rejection in self.rejections {
            let is_same = |known: &&mut Rejection| {
                (&known.table, &known.reason, known.rows, &known.examples)
                    == (&rejection.table, &rejection.reason, rejection.rows, &rejection.examples)
            };
            match rejections.iter_mut().find(is_same) {
                Some(known) => known.requests.extend(rejection.requests),
                None => rejections.push(rejection),
            }
        }
        for rejection in &mut rejections {
            let mut seen = BTreeSet::new();
            rejection.requests.retain(|request| seen.insert(request.clone()));
        }
        rejections.sort();
        rejections
    }

    /// All rejected rows as a table, where the report wants them.
    pub(crate) fn rejected_rows(&self, report: &Report) -> Option<DataFrame> {
        if !report.rejected_rows {
            return None;
        }
        let text = |name: &str, cell: &dyn Fn(&(Rejection, RejectedRow)) -> Option<String>| -> Column {
            Series::new(name.into(), self.rows.iter().map(cell).collect::<Vec<_>>()).into()
        };
        let columns = vec![
            text("table", &|(rejection, _)| Some(rejection.table.clone())),
            text("file", &|(_, row)| Some(row.file.clone())),
            Series::new("row".into(), self.rows.iter().map(|(_, row)| row.row).collect::<Vec<_>>()).into(),
            text("reason", &|(rejection, _)| Some(rejection.reason.clone())),
            text("column", &|(_, row)| row.column.clone()),
            text("value", &|(_, row)| row.value.clone()),
            text("looked_up_in", &|(_, row)| row.looked_up_in.as_ref().map(|found| format!("{}, row {}", found.file, found.row))),
            text("requests", &|(rejection, _)| Some(rejection.requests.join(", "))),
        ];
        DataFrame::new(self.rows.len(), columns).ok()
    }
}

/// An instant as clocks in the report's time zone showed it, with their offset from UTC.
fn shown_instant(instant: i64, report: &Report) -> Option<String> {
    let shown = jiff::Timestamp::from_microsecond(instant).ok()?.to_zoned(report.calendar.zone.clone());
    Some(shown.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// What became of a table's rows, for each group of requests that read the same columns.
pub(crate) struct Uses {
    pub(crate) all: Vec<TableUse>,
    /// Of a union, what became of the rows of each of its tables.
    pub(crate) by_source: Vec<Vec<TableUse>>,
}

/// How many rows met each fate.
#[derive(Default)]
struct Fates {
    rows: BTreeMap<i32, u64>,
    /// How many of the used ones have a local time that clocks showed twice.
    ambiguous: u64,
    /// The last instant of those that can be read, in microseconds since 1970.
    last: Option<i64>,
}

impl Fates {
    /// Of all rows, or of those of one source of a union.
    fn of(frame: &DataFrame, source: Option<u32>) -> Result<Self, PolarsError> {
        let counts = |column: &str| -> Result<Vec<u64>, PolarsError> {
            Ok(frame.column(column)?.cast(&DataType::UInt64)?.u64()?.iter().map(Option::unwrap_or_default).collect())
        };
        let is_of = match source {
            None => vec![true; frame.height()],
            Some(source) => frame.column(SOURCE)?.u32()?.iter().map(|of| of == Some(source)).collect(),
        };
        let rows = frame.column(FATE)?.i32()?.iter().map(Option::unwrap_or_default).zip(counts("rows")?);
        let rows = rows.zip(counts(AMBIGUOUS)?).zip(frame.column(LAST)?.i64()?.iter()).zip(is_of).filter(|(_, is_of)| *is_of);
        let mut fates = Self::default();
        for ((((fate, rows), twice), last), _) in rows {
            *fates.rows.entry(fate).or_default() += rows;
            fates.ambiguous += if fate == 0 { twice } else { 0 };
            // What is wrong with a rejected row may be its time.
            fates.last = fates.last.max(last.filter(|_| fate <= 0));
        }
        Ok(fates)
    }

    /// What it says of a table's use by requests, whose own conditions left out so many rows.
    fn used(&self, report: &Report, requests: &[String], left_out: u64) -> TableUse {
        TableUse {
            requests: requests.to_vec(),
            rows_used: self.rows(0).into(),
            rows_left_out: left_out,
            rows_outside_period: self.rows(OUTSIDE),
            rows_without_answer: self.rows(SKIPPED),
            rows_rejected: self.rejected(),
            ambiguous_times: self.ambiguous,
            data_until: self.last.and_then(|last| shown_instant(last, report)),
        }
    }

    fn rows(&self, fate: i32) -> u64 {
        self.rows.get(&fate).copied().unwrap_or(0)
    }

    fn rejected(&self) -> u64 {
        self.rows.range(1..).map(|(_, rows)| rows).sum()
    }
}

/// Rejected rows by the number of their reason, in the order of the files.
/// Where groups are hidden, the values of single rows are hidden, too. Ids are hashed where the report says so.
fn examples(
    frame: &DataFrame,
    (report, table, input): (&Report, &Table, &InputPlan),
    files: &Files,
    looked_up_in: &dyn Fn(&str, u32) -> Option<LookedUpIn>,
) -> Result<BTreeMap<i32, Vec<RejectedRow>>, PolarsError> {
    let hidden = report.min_group_size.is_some_and(|least| least > 1);
    let is_id = |column: &str| input.requests.iter().any(|&request| report.requests[request].is_id(column));
    let mut examples: BTreeMap<i32, Vec<RejectedRow>> = BTreeMap::new();
    let rows: Vec<u64> = frame.column(ROW)?.u64()?.iter().map(Option::unwrap_or_default).collect();
    let values = dimension::from_series(frame.column(FAULTY)?.as_materialized_series())?;
    let made_of = match frame.column(MADE_OF) {
        Ok(names) => names.str()?.iter().map(|name| name.map(str::to_owned)).collect(),
        Err(_) => vec![None; rows.len()],
    };
    let fates = frame.column(FATE)?.i32()?.iter().map(Option::unwrap_or_default);
    let mut found: Vec<_> = rows.into_iter().zip(fates).zip(values).zip(made_of).zip(frame.column(PLACE)?.u32()?.iter()).collect();
    found.sort();
    for ((((row, number), value), made_of), place) in found {
        let reason = usize::try_from(number - 1).ok().and_then(|position| input.reasons.get(position));
        let looked_up_in = reason.and_then(|reason| looked_up_in(table.lookup_of(reason)?, place?));
        let column = reason.and_then(|reason| reason.origin.as_ref()).map(|origin| origin.column.clone()).filter(|_| !hidden);
        // A value that stood in a column of its own is shown there.
        let column = column.map(|column| made_of.filter(|_| table.is_of_unpivoted(&column)).unwrap_or(column));
        let (file, row) = files.place(row);
        let hasher = report.id_hasher.as_ref().filter(|_| column.as_deref().is_some_and(is_id));
        let value = column.as_ref().map(|_| value.to_string());
        let value = value.map(|value| hasher.map_or(value.clone(), |hasher| hasher.hash(&value)));
        examples.entry(number).or_default().push(RejectedRow { file, row, column, value, looked_up_in });
    }
    Ok(examples)
}
