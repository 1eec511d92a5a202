//! Lookups: the rows of a table as others find them, and which rows find none.

use std::collections::BTreeSet;

use custometer_core::ColumnType;
use polars::prelude::{DataType, Expr, LazyFrame, NULL, PolarsResult, col, lit};

use crate::plan::counts::CountsPlan;
use crate::plan::input::{Checks, count_rows, rejected};
use crate::plan::names::FATE;
use crate::plan::typed::typed_column;
use crate::read::currency::RowCurrency;
use crate::read::fault::{Check, Origin, Reason};
use crate::read::known::Known;
use crate::read::lookup::Lookup;
use crate::read::scan::ROW;
use crate::read::table::{Repetition, Table};
use crate::read::text::FAULT;
use crate::report::Request;

/// A table that is looked up: its rows, and what each lookup finds of them.
pub(crate) struct LookedUpPlan {
    /// Counts the rows.
    pub(crate) counts: CountsPlan,
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

/// The columns of a looked-up table that are used where these are read by its lookups.
pub(crate) fn used_of<'a>(table: &Table, lookups: impl Iterator<Item = (&'a Lookup, &'a BTreeSet<String>)>) -> BTreeSet<String> {
    table.with_places(lookups.flat_map(|(lookup, read)| asked_of(lookup, read)).collect())
}

impl LookedUpPlan {
    /// The plan of the rows of `table` that each of the `lookups` finds, with the columns that are read by it. The rows of its `files` have the
    /// `used` columns.
    pub(crate) fn new(
        table: &Table,
        lookups: &[(&Lookup, &BTreeSet<String>)],
        (known, used): (&Known<'_>, &BTreeSet<String>),
        all_rejected: bool,
    ) -> PolarsResult<Self> {
        let rows = table.rows(known, used.clone())?;
        let lookups = lookups.iter().map(|(lookup, read)| LookupPlan::new(table, lookup, read, &rows.met, all_rejected));
        Ok(Self { counts: CountsPlan::new(table, &rows, used), lookups: lookups.collect::<PolarsResult<_>>()? })
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
        let mut has_no_key = if table.has_records() { col(FAULT).is_not_null() } else { lit(false) };
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

/// The columns of a looked-up table that are asked of it.
pub(crate) fn asked_of(lookup: &Lookup, read: &BTreeSet<String>) -> BTreeSet<String> {
    let times = lookup.validity.iter().flat_map(|validity| validity.from.iter().chain(&validity.until));
    read.iter().chain(lookup.on.iter().map(|(_, there)| there)).chain(times).cloned().collect()
}

/// The columns that a request, and the rules of its table, may read.
pub(crate) fn columns_of(request: &Request, table: &Table) -> BTreeSet<String> {
    let source = &request.definition.source;
    let columns = source.columns.iter().map(|column| column.name).chain(source.time).map(|name| request.column(name));
    let columns = columns.chain(request.by.iter().flatten().chain(&request.conditions).map(String::as_str)).map(str::to_owned);
    let currency = table.currency.as_ref().and_then(RowCurrency::column).filter(|_| request.sums_money());
    columns.chain(currency.map(str::to_owned)).chain(table.repetition.iter().flat_map(Repetition::reads)).collect()
}
