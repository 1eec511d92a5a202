//! The rows of a table with every column that its requests read, typed, the dimensions they break down by, and the bucket of every row.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::ColumnType;
use polars::prelude::{DataType, Expr, LazyFrame, NULL, PolarsResult, TimeUnit, col, lit, when};

use crate::plan::axes::{Axes, Axis};
use crate::plan::codes::Codes;
use crate::plan::money::Money;
use crate::plan::names::{ambiguous_name, bucket_name, dimension_name, typed_name};
use crate::plan::words;
use crate::read::column::Typed;
use crate::read::table::Table;
use crate::report::Request;
use custometer_core::time::INSTANT;

/// The rows of a table with every column that its requests read, typed, the dimensions they break down by, and the bucket of every row:
/// each computed once.
pub(crate) fn with_typed_columns(
    table: &Table,
    (requests, money): (&[(usize, &Request)], &[Option<Money>]),
    rows: LazyFrame,
    axes: &Axes,
    codes: &Codes,
) -> PolarsResult<LazyFrame> {
    let mut typed: BTreeMap<String, Expr> = BTreeMap::new();
    let mut placed: BTreeMap<String, Expr> = BTreeMap::new();
    let mut amounts: BTreeMap<String, Expr> = BTreeMap::new();
    for ((_, request), money) in requests.iter().zip(money) {
        let source = &request.definition.source;
        let timed: Vec<Axis> = Axis::of(request).filter(|axis| !axes[axis].is_timeless()).collect();
        let is_dated = money.as_ref().is_some_and(|money| money.time().is_some());
        let time = source.time.filter(|_| is_dated || !timed.is_empty());
        let columns = source.columns.iter().map(|column| (column.name, column.kind)).chain(time.map(|time| (time, ColumnType::Time)));
        for (name, kind) in columns {
            let name = request.column(name);
            let column = typed_column(table, name, kind)?;
            let value = match kind {
                ColumnType::Identifier => codes.of_ids(col(name)),
                ColumnType::Text => words::spelled(table, requests, name, column.value),
                _ => column.value,
            };
            typed.insert(typed_name(name, kind), value);
            typed.extend(column.ambiguous.map(|ambiguous| (ambiguous_name(name), ambiguous.fill_null(lit(false)))));
        }
        if let Some(money) = money {
            typed.extend(money.of_rows());
            placed.extend(money.factors());
            amounts.extend(source.columns.iter().filter_map(|column| {
                let name = request.column(column.name);
                Some((money.held(column, name)?, money.amount(col(typed_name(name, column.kind)))))
            }));
        }
        if let Some(time) = time.map(|time| request.column(time)) {
            for axis in timed {
                for (number, line) in axes[&axis].lines.iter().enumerate() {
                    let time_of_row = col(typed_name(time, ColumnType::Time));
                    placed.insert(bucket_name(time, axis, number), line.buckets.index_of(time_of_row));
                }
            }
        }
    }
    let dimensions: BTreeSet<&str> = requests.iter().flat_map(|(_, request)| request.by.iter().flatten().map(String::as_str)).collect();
    let dimensions = dimensions.into_iter().map(|name| {
        let value = col(name);
        // A blank, and what is not a number, are missing values in every format.
        let value = match table.schema.get(name) {
            Some(DataType::Float32 | DataType::Float64) => when(value.clone().is_finite()).then(value).otherwise(lit(NULL)),
            // An instant is shown by the report's clocks.
            Some(DataType::Datetime(TimeUnit::Microseconds, Some(_))) => {
                table.shown.clock.to_local(value.cast(DataType::Int64).cast(INSTANT))
            }
            _ => value,
        };
        (dimension_name(name), codes.of_dimension(name, value))
    });
    typed.extend(dimensions);
    let named = |columns: BTreeMap<String, Expr>| columns.into_iter().map(|(name, value)| value.alias(name)).collect::<Vec<_>>();
    let rows = rows.with_columns(named(typed)).with_columns(named(placed));
    Ok(if amounts.is_empty() { rows } else { rows.with_columns(named(amounts)) })
}

pub(crate) fn typed_column(table: &Table, name: &str, kind: ColumnType) -> PolarsResult<Typed> {
    table.typed(name, kind).map_err(|reason| polars::prelude::polars_err!(ComputeError: "{reason}"))
}
