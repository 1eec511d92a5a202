//! Lookups: the rows of a table as others find them, and which rows find none.

use std::collections::BTreeSet;

use custometer_core::ColumnType;
use polars::prelude::{DataType, Expr, LazyFrame, NULL, PolarsResult, col, concat_str, lit};

use crate::plan::input::{Checks, count_rows, count_rows_of_files, first_of_each, rejected};
use crate::plan::kept::Kept;
use crate::plan::names::{FATE, FAULTY};
use crate::plan::typed::typed_column;
use crate::read::currency::RowCurrency;
use crate::read::fault::{Check, Origin, Reason};
use crate::read::keyed::Miss;
use crate::read::lookup::{Found, Lookup, place_name};
use crate::read::scan::ROW;
use crate::read::table::{Repetition, Table};
use crate::read::text::FAULT;
use crate::report::Request;

/// A table that is looked up: its rows, and what each lookup finds of them.
pub(crate) struct LookedUpPlan {
    pub(crate) rows_read: LazyFrame,
    pub(crate) rows_once: LazyFrame,
    pub(crate) rows_kept: LazyFrame,
    /// What the rows themselves look up.
    pub(crate) misses: Vec<MissesPlan>,
    pub(crate) lookups: Vec<LookupPlan>,
}

/// The rows of a looked-up table: those that are found, and why others can't be.
pub(crate) struct LookupPlan {
    /// The reasons, by their number less one.
    pub(crate) reasons: Vec<Reason>,
    /// Counts rows by what became of them.
    pub(crate) fates: LazyFrame,
    pub(crate) rejected: LazyFrame,
    /// The rows with a key: their number, whether they may be found, the key, from when until when they hold, and the values.
    pub(crate) keyed: LazyFrame,
    /// The columns of the values.
    pub(crate) values: Vec<(String, DataType)>,
}

/// The rows of a table that one of its lookups finds nothing for.
pub(crate) struct MissesPlan {
    pub(crate) lookup: String,
    /// Counts rows by why they find none.
    pub(crate) counts: LazyFrame,
    /// The first ones of each reason in every part, each with its key.
    pub(crate) examples: LazyFrame,
}

/// The columns of a looked-up table that are used where these are read by its lookups.
pub(crate) fn used_of<'a>(table: &Table, lookups: impl Iterator<Item = (&'a Lookup, &'a BTreeSet<String>)>) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = lookups.flat_map(|(lookup, read)| asked_of(lookup, read)).collect();
    used.extend(used_lookups(table, &used).map(|lookup| place_name(&lookup.name)));
    used
}

impl LookedUpPlan {
    /// The plan of the rows of `table` that each of the `lookups` finds, with the columns that are read by it. The rows of its `files` have the
    /// `used` columns.
    pub(crate) fn new(
        table: &Table,
        lookups: &[(&Lookup, &BTreeSet<String>)],
        (files, used): (LazyFrame, &BTreeSet<String>),
        (found, kept): (&Found, &Kept),
        all_rejected: bool,
    ) -> PolarsResult<Self> {
        let all = table.over(files, (found, kept.ends())).cache();
        let once = kept.of(all.clone());
        let met = table.condition.iter().fold(once.clone(), |rows, condition| rows.filter(condition.clone())).cache();
        let lookups = lookups.iter().map(|(lookup, read)| LookupPlan::new(table, lookup, read, &met, all_rejected));
        Ok(Self {
            rows_read: all.select([count_rows(), count_rows_of_files(table).alias("of_files")]),
            rows_once: once.clone().select([count_rows()]),
            rows_kept: met.clone().select([count_rows()]),
            misses: used_lookups(table, used).map(|lookup| MissesPlan::new(lookup, &once)).collect(),
            lookups: lookups.collect::<PolarsResult<_>>()?,
        })
    }
}

impl LookupPlan {
    /// The plan of those of a table's rows that `lookup` finds, with the `read` columns.
    fn new(table: &Table, lookup: &Lookup, read: &BTreeSet<String>, met: &LazyFrame, all_rejected: bool) -> PolarsResult<Self> {
        let validity = lookup.validity.as_ref();
        let (from, until) = (validity.and_then(|validity| validity.from.as_ref()), validity.and_then(|validity| validity.until.as_ref()));
        let mut checks = Checks::default();
        let keys = lookup.on.iter().map(|(_, there)| there);
        for check in table.checks.iter().cloned().chain(keys.clone().chain(from).chain(until).flat_map(|name| table.faults_of(name))) {
            checks.add_check(check);
        }
        let is_sure = col(FATE).eq(lit(0));
        // Of a damaged row nobody knows the key.
        let mut has_no_key = if table.opened.format.is_text() { col(FAULT).is_not_null() } else { lit(false) };
        let mut columns = vec![col(ROW), is_sure.clone().alias("__sure")];
        for (position, name) in keys.enumerate() {
            let key = typed_column(table, name, ColumnType::Identifier)?;
            checks.add(format!("`{name}` is missing"), None, key.missing.clone());
            has_no_key = has_no_key.or(key.missing);
            columns.push(key.value.alias(format!("__key{position}")));
        }
        let mut instant = |name: Option<&String>| -> PolarsResult<Expr> {
            let Some(name) = name else { return Ok(lit(NULL).cast(DataType::Int64)) };
            let time = typed_column(table, name, ColumnType::Time)?;
            checks.add(format!("`{name}` is not {}", time.expected), Some(name), time.missing.not().and(time.value.clone().is_null()));
            Ok(time.value.cast(DataType::Int64))
        };
        let (begins, ends) = (instant(from)?, instant(until)?);
        if let (Some(from), Some(until)) = (from, until) {
            let reason = Reason::new(format!("`{until}` is before `{from}`"), Some(Origin::itself(until)));
            checks.add_check(Check { reason, fails: ends.clone().lt(begins.clone()) });
        }
        let judged = met.clone().with_column(checks.first(lit(0_i32)).alias(FATE)).cache();
        columns.extend([begins.alias("__from"), ends.alias("__until")]);
        let stored = |name: &String| table.schema.get(name).cloned().unwrap_or(DataType::Int32);
        let values: Vec<(String, DataType)> = read.iter().map(|name| (name.clone(), stored(name))).collect();
        columns.extend(read.iter().enumerate().map(|(position, name)| col(name.as_str()).alias(format!("__value{position}"))));
        Ok(Self {
            fates: judged.clone().group_by([col(FATE)]).agg([count_rows().alias("rows")]),
            rejected: rejected(table, &judged, &checks.reasons, all_rejected),
            reasons: checks.reasons,
            keyed: judged.filter(is_sure.or(has_no_key.not())).select(columns),
            values,
        })
    }
}

impl MissesPlan {
    /// Its plans: the counts, then the examples.
    pub(crate) fn frames(&self) -> [LazyFrame; 2] {
        [self.counts.clone(), self.examples.clone()]
    }

    /// Which of some rows find none.
    pub(crate) fn new(lookup: &Lookup, rows: &LazyFrame) -> Self {
        let names: Vec<String> = (0..lookup.keys.len()).map(|position| format!("__key{position}")).collect();
        let mut columns = vec![Miss::numbers(&col(place_name(&lookup.name))).alias(FATE), col(ROW)];
        columns.extend(lookup.keys.iter().zip(&names).map(|(key, name)| key.clone().alias(name.as_str())));
        let misses = rows.clone().select(columns).cache();
        let counts = misses.clone().group_by([col(FATE)]).agg([count_rows().alias("rows")]);
        // Keys are written for rows that find none alone.
        let texts: Vec<Expr> = names.iter().map(|name| col(name.as_str()).cast(DataType::String)).collect();
        let missed = misses.filter(col(FATE).gt(lit(0))).select([col(FATE), col(ROW), concat_str(texts, ", ", true).alias(FAULTY)]);
        Self { lookup: lookup.name.clone(), counts, examples: first_of_each(missed) }
    }
}

/// The columns of a looked-up table that are asked of it.
pub(crate) fn asked_of(lookup: &Lookup, read: &BTreeSet<String>) -> BTreeSet<String> {
    let times = lookup.validity.iter().flat_map(|validity| validity.from.iter().chain(&validity.until));
    read.iter().chain(lookup.on.iter().map(|(_, there)| there)).chain(times).cloned().collect()
}

/// The lookups of a table that give any of the columns which are read where these ones are used.
pub(crate) fn used_lookups<'a>(table: &'a Table, used: &BTreeSet<String>) -> impl Iterator<Item = &'a Lookup> + use<'a> {
    let read = table.read(used.clone());
    table.columns.lookups.iter().filter(move |lookup| lookup.gives(&read))
}

/// The columns that a request, and the rules of its table, may read.
pub(crate) fn columns_of(request: &Request, table: &Table) -> BTreeSet<String> {
    let source = &request.definition.source;
    let columns = source.columns.iter().map(|column| column.name).chain(source.time).map(|name| request.column(name));
    let columns = columns.chain(request.by.iter().flatten().chain(&request.conditions).map(String::as_str)).map(str::to_owned);
    let currency = table.currency.as_ref().and_then(RowCurrency::column).filter(|_| request.sums_money());
    columns.chain(currency.map(str::to_owned)).chain(table.repetition.iter().flat_map(Repetition::reads)).collect()
}
