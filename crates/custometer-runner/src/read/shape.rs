//! Rows of another shape than those of the files: columns that become rows, and lists that do.
//!
//! It stands between the files and all that is said of their columns: what comes after has the made rows as if the files held them. Each of
//! them has the number of the row that it is made of, so that a rejected one is shown where it stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::{
    AllowedOptimizations, BooleanChunked, Column, DataFrame, DataType, ExplodeOptions, IdxCa, IdxSize, IntoColumn, LazyFrame,
    NewChunkedArray, PlSmallStr, PolarsResult, Schema, StringChunked, UInt64Chunked,
};

use super::cell_faults::cell_fault;
use super::ends::{self, Ends};
use super::scan::{PART, is_missing, without_missing};
use super::text::FAULT;

/// The file's column that a row's value comes from.
pub(crate) const MADE_OF: &str = "__made_of";
/// The column that says that a cell is not the list that it should be.
pub(crate) const NO_LIST: &str = "__no_list";

/// How a table's rows are made of those of its files; as they are, unless something is said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    pub(crate) unpivot: Option<Unpivot>,
    pub(crate) explode: Option<Explode>,
    /// The column with the end of each row, where each lasts until the next one of its entity.
    pub(crate) end: Option<String>,
}

/// Columns that become rows.
#[derive(Debug, Clone)]
pub(crate) struct Unpivot {
    /// The file's columns, in the order of the made rows.
    pub(crate) columns: Vec<String>,
    /// The column that has their names.
    pub(crate) name: String,
    /// The column that has their values, and its type.
    pub(crate) value: String,
    pub(crate) stored: DataType,
}

/// A column of lists, of which each value becomes a row.
#[derive(Debug, Clone)]
pub(crate) struct Explode {
    pub(crate) column: String,
    pub(crate) lists: Lists,
}

/// How lists are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lists {
    /// As such, by Parquet, Arrow and NDJSON.
    Stored,
    /// As text, with this between two values.
    Separated(String),
    /// As text, in JSON.
    Json,
}

impl Shape {
    /// Whether the rows are those of the files.
    pub(crate) fn is_plain(&self) -> bool {
        self.unpivot.is_none() && self.explode.is_none()
    }

    /// The made rows, with their ends as far as these are known.
    pub(crate) fn over(&self, mut rows: LazyFrame, ends: Option<&Ends>) -> LazyFrame {
        if let Some(unpivot) = self.unpivot.clone() {
            rows = mapped(rows, "unpivot", unpivot, Unpivot::rows, Unpivot::schema);
        }
        if let Some(explode) = self.explode.clone() {
            rows = mapped(rows, "explode", explode, Explode::rows, Explode::schema);
        }
        self.end.iter().fold(rows, |rows, end| rows.with_column(ends.map_or_else(Ends::unknown, Ends::column).alias(end.as_str())))
    }

    /// The columns of the made rows, where the files have these.
    pub(crate) fn schema(&self, of_files: &Schema) -> Schema {
        let long = self.unpivot.as_ref().map_or_else(|| of_files.clone(), |unpivot| unpivot.schema(of_files));
        let mut schema = self.explode.as_ref().map_or_else(|| long.clone(), |explode| explode.schema(&long));
        schema.retain(|name, _| of_files.contains(name) || !name.starts_with("__"));
        schema.extend(self.end.iter().map(|end| (end.as_str().into(), ends::STORED)));
        schema
    }

    /// The files' columns that these are made of.
    pub(crate) fn read(&self, mut used: BTreeSet<String>) -> BTreeSet<String> {
        // How many rows there are depends on it, whoever reads it.
        used.extend(self.explode.iter().map(|explode| explode.column.clone()));
        let is_used = |unpivot: &&Unpivot| used.contains(&unpivot.value) || used.contains(&cell_fault(&unpivot.value));
        if let Some(unpivot) = self.unpivot.as_ref().filter(is_used) {
            used.extend(unpivot.columns.iter().cloned());
        }
        used
    }

    /// The columns in which a cell has no value that can be relied on, where those of the files are these.
    pub(crate) fn faulty(&self, of_files: &BTreeSet<String>) -> BTreeSet<String> {
        let made = |name: &String| match &self.unpivot {
            Some(unpivot) if unpivot.is_unpivoted(name) => unpivot.value.clone(),
            _ => name.clone(),
        };
        of_files.iter().map(made).collect()
    }

    /// The columns that differ between the rows that are made of one.
    pub(crate) fn made(&self) -> BTreeSet<&str> {
        let long = self.unpivot.iter().flat_map(|unpivot| [unpivot.name.as_str(), unpivot.value.as_str()]);
        long.chain(self.explode.iter().map(|explode| explode.column.as_str())).collect()
    }

    /// What it does, in words.
    pub(crate) fn steps(&self) -> Vec<String> {
        let long = self.unpivot.iter().map(|unpivot| {
            let (columns, name, value) = (unpivot.columns.len(), &unpivot.name, &unpivot.value);
            format!("`unpivot` ({columns} columns become rows of `{name}` and `{value}`)")
        });
        long.chain(self.explode.iter().map(|explode| format!("`explode` (each value of `{}` becomes a row)", explode.column))).collect()
    }
}

/// Rows that a step makes of others, batch by batch.
fn mapped<S: Clone + Send + Sync + 'static>(
    rows: LazyFrame,
    name: &'static str,
    step: S,
    made: fn(&S, &DataFrame) -> PolarsResult<DataFrame>,
    schema: fn(&S, &Schema) -> Schema,
) -> LazyFrame {
    let of_schema = step.clone();
    let schema = move |of: &Schema| Ok(Arc::new(schema(&of_schema, of)));
    rows.map(move |rows| made(&step, &rows), AllowedOptimizations::STREAMING, Some(Arc::new(schema)), Some(name))
}

/// Whether a row is damaged as a whole: one row is made of it, so that it is rejected once.
fn damaged(rows: &DataFrame) -> Vec<bool> {
    match rows.column(FAULT) {
        Ok(faults) => faults.as_materialized_series().is_not_null().iter().map(|is| is == Some(true)).collect(),
        Err(_) => vec![false; rows.height()],
    }
}

fn index(position: usize) -> IdxSize {
    IdxSize::try_from(position).unwrap_or(IdxSize::MAX)
}

impl Unpivot {
    fn is_unpivoted(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name)
    }

    /// The columns that the made rows do not have: they are unpivoted, or say why cells of such a one have no value.
    fn taken(&self) -> BTreeSet<String> {
        self.columns.iter().flat_map(|column| [column.clone(), cell_fault(column)]).collect()
    }

    /// Whether it is said of any of the columns why cells have no value.
    fn has_faults(&self, is_there: impl Fn(&str) -> bool) -> bool {
        self.columns.iter().any(|column| is_there(&cell_fault(column)))
    }

    fn schema(&self, of: &Schema) -> Schema {
        let taken = self.taken();
        let mut schema: Schema =
            of.iter().filter(|(name, _)| !taken.contains(name.as_str())).map(|(name, stored)| (name.clone(), stored.clone())).collect();
        schema.insert(self.name.as_str().into(), DataType::String);
        schema.insert(self.value.as_str().into(), self.stored.clone());
        if self.has_faults(|name| of.contains(name)) {
            schema.insert(cell_fault(&self.value).into(), DataType::String);
        }
        schema.insert(MADE_OF.into(), DataType::String);
        schema.insert(PART.into(), DataType::UInt64);
        schema
    }

    fn rows(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        let height = rows.height();
        let (mut of, mut at, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for (row, is_damaged) in damaged(rows).into_iter().enumerate() {
            for part in 0..if is_damaged { 1 } else { self.columns.len() } {
                of.push(index(row));
                at.push(index(part * height + row));
                parts.push(part);
            }
        }
        let at = IdxCa::from_vec(PlSmallStr::EMPTY, at);
        // All values one column after the other, of which each made row takes its own.
        let stacked = |made: &str, stored: &DataType, of: &dyn Fn(&str) -> PolarsResult<Column>| -> PolarsResult<Column> {
            let mut values = Column::new_empty(made.into(), stored);
            for name in &self.columns {
                values.append(&of(name)?.cast(stored)?.with_name(made.into()))?;
            }
            values.take(&at)
        };
        let values = stacked(&self.value, &self.stored, &|name| rows.column(name).cloned())?;
        let names = StringChunked::from_iter_values(self.name.as_str().into(), parts.iter().map(|part| self.columns[*part].as_str()));
        let made_of = names.clone().with_name(MADE_OF.into()).into_column();
        let numbers = UInt64Chunked::from_iter_values(PART.into(), parts.iter().map(|part| *part as u64)).into_column();
        let mut made = vec![names.into_column(), values];
        if self.has_faults(|name| rows.column(name).is_ok()) {
            let none = || Column::full_null(PlSmallStr::EMPTY, height, &DataType::String);
            let faults = |name: &str| Ok(rows.column(&cell_fault(name)).cloned().unwrap_or_else(|_| none()));
            made.push(stacked(&cell_fault(&self.value), &DataType::String, &faults)?);
        }
        made.extend([made_of, numbers]);
        let taken = self.taken();
        let kept: Vec<Column> = rows.columns().iter().filter(|column| !taken.contains(column.name().as_str())).cloned().collect();
        let kept = DataFrame::new(height, kept)?.take(&IdxCa::from_vec(PlSmallStr::EMPTY, of))?;
        kept.hstack(&made)
    }
}

impl Explode {
    /// What a value of the list is.
    fn stored(&self, of: &Schema) -> DataType {
        match of.get(&self.column) {
            Some(DataType::List(inner)) if self.lists == Lists::Stored => inner.as_ref().clone(),
            _ => DataType::String,
        }
    }

    fn schema(&self, of: &Schema) -> Schema {
        let mut schema = of.clone();
        schema.insert(self.column.as_str().into(), self.stored(of));
        if self.lists == Lists::Json {
            schema.insert(NO_LIST.into(), DataType::Boolean);
        }
        schema.insert(PART.into(), DataType::UInt64);
        schema
    }

    fn rows(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        let lists = rows.column(&self.column)?;
        let mut counts: Vec<usize> = Vec::with_capacity(rows.height());
        let mut no_list: Vec<bool> = Vec::new();
        let values = if self.lists == Lists::Stored {
            // A missing list is a missing value, and so is an empty one: the row stays.
            counts.extend(lists.list()?.amortized_iter().map(|list| list.map_or(0, |list| list.as_ref().len()).max(1)));
            let values = lists.as_materialized_series().explode(ExplodeOptions { empty_as_null: true, keep_nulls: true })?;
            without_missing(values)?.into_column()
        } else {
            let mut values: Vec<Option<String>> = Vec::new();
            for (cell, is_damaged) in lists.str()?.iter().zip(damaged(rows)) {
                let (of_cell, is_list) = match cell.filter(|_| !is_damaged) {
                    None => (Vec::new(), true),
                    Some(cell) => self.values_of(cell).map_or_else(|| (vec![Some(cell.to_owned())], false), |values| (values, true)),
                };
                counts.push(of_cell.len().max(1));
                values.extend(if of_cell.is_empty() { vec![None] } else { of_cell });
                no_list.extend(std::iter::repeat_n(!is_list, counts.last().copied().unwrap_or(1)));
            }
            values.into_iter().collect::<StringChunked>().into_column()
        };
        let of: Vec<IdxSize> = counts.iter().enumerate().flat_map(|(row, count)| std::iter::repeat_n(index(row), *count)).collect();
        let before = rows.column(PART).ok().map(|parts| parts.u64().cloned()).transpose()?;
        let before = |row: usize| before.as_ref().and_then(|parts| parts.get(row)).unwrap_or(0);
        let parts = counts.iter().enumerate().flat_map(|(row, count)| (0..*count as u64).map(move |part| (row, part)));
        let parts = UInt64Chunked::from_iter_values(PART.into(), parts.map(|(row, part)| (before(row) << 32) | part));
        let mut made = rows.take(&IdxCa::from_vec(PlSmallStr::EMPTY, of))?;
        made.with_column(values.with_name(self.column.as_str().into()))?;
        if self.lists == Lists::Json {
            made.with_column(no_list.into_iter().collect::<BooleanChunked>().with_name(NO_LIST.into()).into_column())?;
        }
        made.with_column(parts.into_column())?;
        Ok(made)
    }

    /// The values of a text; none where it is no such list.
    fn values_of(&self, cell: &str) -> Option<Vec<Option<String>>> {
        let there = |text: &str| (!is_missing(text)).then(|| text.trim().to_owned());
        if let Lists::Separated(separator) = &self.lists {
            return Some(cell.split(separator.as_str()).filter_map(there).map(Some).collect());
        }
        let values: Vec<serde_json::Value> = serde_json::from_str(cell).ok()?;
        let text = |value: serde_json::Value| match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => there(&text),
            other => Some(other.to_string()),
        };
        Some(values.into_iter().map(text).collect())
    }
}
