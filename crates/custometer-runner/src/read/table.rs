//! Tables: files with their mapped and derived columns, and the conditions that rows must meet.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::ColumnType;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, PlSmallStr, PolarsResult, Schema, col, lit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::column::{self, StoredColumn, Style, Typed};
use crate::read::files::Opened;
use crate::read::text::{FAULT, Fault, FileIndex};

/// A table of a report, ready to be planned over.
#[derive(Clone)]
pub struct Table {
    /// Its name in the config.
    pub name: String,
    /// Its files.
    pub opened: Opened,
    /// The condition that rows must meet.
    pub condition: Option<Expr>,
    /// The columns of its rows.
    pub schema: Schema,
    /// Reasons for which a row is of no use to any request.
    pub checks: Vec<(String, Expr)>,
    /// The condition as it is written.
    pub(crate) written_condition: Option<Expr>,
    /// What texts must look like, for the SQL expressions that use them.
    pub(crate) sql_checks: Checks,
    /// Which of the file's rows are none of data.
    pub(crate) skipped: Option<Expr>,
    /// Which rows repeat others, where the config says it.
    pub(crate) repetition: Option<Repetition>,
    pub(crate) style: Style,
    pub(crate) columns: Columns,
    pub(crate) looks: BTreeMap<String, StoredColumn>,
    /// Columns that are meant to be there, but whose mapping or derivation is wrong.
    pub(crate) broken: BTreeSet<String>,
}

/// How a table's columns come from those of its files: each step over the one before.
#[derive(Clone, Default)]
pub(crate) struct Columns {
    /// The file's columns without what means a missing value.
    pub(crate) cleaned: Vec<Expr>,
    pub(crate) mapped: Vec<Expr>,
    /// Which rows do not look like the first ones.
    pub(crate) checked: Vec<Expr>,
    pub(crate) derived: Vec<(String, Expr)>,
}

impl Columns {
    pub(crate) fn over(&self, files: LazyFrame) -> LazyFrame {
        // A check is of the file's own column, which a derived one may take the place of.
        let rows = files.with_columns(&self.cleaned).with_columns(&self.mapped).with_columns(&self.checked);
        self.derived.iter().fold(rows, |rows, (name, expression)| rows.with_column(expression.clone().alias(name.as_str())))
    }

    /// The file's columns that a column is made of, whatever it is called.
    pub(crate) fn origins(&self, name: &str) -> BTreeSet<String> {
        let roots = |expression: &Expr| expression.clone().meta().root_names().into_iter().map(|name| name.to_string());
        let mut origins = BTreeSet::from([name.to_owned()]);
        for (derived, expression) in self.derived.iter().rev() {
            if origins.contains(derived) {
                origins.extend(roots(expression));
            }
        }
        for mapped in &self.mapped {
            if mapped.clone().meta().output_name().is_ok_and(|name| origins.contains(name.as_str())) {
                origins.extend(roots(mapped));
            }
        }
        origins
    }

    /// The file's columns that these ones are made of.
    pub(crate) fn read(&self, used: BTreeSet<String>) -> BTreeSet<String> {
        let roots = |expression: &Expr| expression.clone().meta().root_names().into_iter().map(|name| name.to_string());
        let mut read = used;
        for (name, expression) in self.derived.iter().rev() {
            if read.contains(name) {
                read.extend(roots(expression));
            }
        }
        read.extend(self.checked.iter().flat_map(roots));
        for mapped in &self.mapped {
            if mapped.clone().meta().output_name().is_ok_and(|name| read.contains(name.as_str())) {
                read.extend(roots(mapped));
            }
        }
        read
    }
}

impl Table {
    /// A column as a metric's input.
    pub(crate) fn typed(&self, name: &str, kind: ColumnType) -> Result<Typed, String> {
        let stored = self.schema.get(name).ok_or_else(|| format!("there is no column `{name}`"))?;
        column::typed(name, stored, self.looks.get(name), kind, &self.style)
    }

    /// What the first values of a column look like; none where it is not there.
    pub(crate) fn looks_like(&self, name: &str) -> Option<ColumnType> {
        let looks = self.looks.get(name).map(|column| &column.looks_like).or(self.schema.get(name))?;
        Some(match looks {
            DataType::Boolean => ColumnType::Boolean,
            DataType::Date | DataType::Datetime(..) => ColumnType::Time,
            DataType::Decimal(..) => ColumnType::Number,
            number if number.is_primitive_numeric() => ColumnType::Number,
            _ => ColumnType::Text,
        })
    }

    /// The rows, with mapped and derived columns. Only the `used` ones are sure to be filled.
    ///
    /// # Errors
    ///
    /// When a file can't be scanned any more.
    pub(crate) fn rows(&self, indices: &[FileIndex], used: BTreeSet<String>) -> PolarsResult<LazyFrame> {
        let conditions = self.condition.iter().chain(self.checks.iter().map(|(_, fails)| fails));
        let roots = |expression: &Expr| expression.clone().meta().root_names().into_iter().map(|name| name.to_string());
        let mut read = self.columns.read(used.into_iter().chain(conditions.flat_map(roots)).collect());
        read.extend(self.skipped.iter().flat_map(roots));
        let rows = self.opened.rows(indices, read)?;
        Ok(self.columns.over(self.skipped.iter().fold(rows, |rows, skipped| rows.filter(skipped.clone().not()))))
    }

    /// Whether a column is made of one that is called an id, or that is among `ids`.
    pub(crate) fn holds_ids(&self, name: &str, ids: &BTreeSet<&str>) -> bool {
        let called_id = |name: &str| name == "id" || name.ends_with("_id");
        let known = self.schema.iter_names().map(PlSmallStr::as_str).filter(|name| called_id(name) || ids.contains(name));
        let origins = self.columns.origins(name);
        known.into_iter().any(|id| !self.columns.origins(id).is_disjoint(&origins))
    }

    /// How many values a column has, to go by the first rows; none where they are too few to tell.
    pub(crate) fn distinct(&self, name: &str) -> Option<usize> {
        let values = self.columns.over(self.opened.sample.clone().lazy()).select([col(name)]);
        let [values] = columns_of(values).try_into().ok()?;
        let distinct = values.n_unique().ok()?;
        // One more for a value that is missing.
        (distinct * 20 <= values.len()).then_some(distinct + 1)
    }

    /// Puts together why rows are rejected, once all expressions are known.
    pub(crate) fn settle(&mut self) {
        self.columns.checked = self.sql_checks.columns();
        self.checks = if self.opened.format.is_text() { faults() } else { Vec::new() };
        self.checks.extend(self.sql_checks.reasons());
        let age = self.repetition.as_ref().and_then(|repetition| repetition.age.as_ref());
        self.checks.extend(age.map(|age| (age.reason.clone(), age.unreadable.clone().fill_null(lit(false)))));
        // A row that a condition can't be told for is not left out by it, but rejected.
        let fails = self.checks.iter().map(|(_, fails)| fails.clone());
        self.condition = self.written_condition.clone().map(|condition| fails.fold(condition, Expr::or));
    }

    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).filter(|name| !name.starts_with("__")).collect()
    }
}

/// The reasons for which a row of a text file is damaged as a whole.
fn faults() -> Vec<(String, Expr)> {
    Fault::ALL.map(|fault| (fault.reason().to_owned(), col(FAULT).eq(lit(fault.code())).fill_null(lit(false)))).to_vec()
}

/// Checks that texts are what the first rows look like, for columns that SQL expressions use.
#[derive(Clone, Default)]
pub(crate) struct Checks(BTreeMap<String, Expr>);

impl Checks {
    /// An expression over text columns as one over what their texts look like.
    pub(crate) fn as_they_look(&mut self, expression: Expr, looks: &BTreeMap<String, StoredColumn>, style: &Style) -> Expr {
        expression.map_expr(|part| match &part {
            Expr::Column(name) => match looks.get(name.as_str()) {
                Some(column) => {
                    self.0.extend(column.looks_different(style));
                    column.as_it_looks(style)
                }
                None => part,
            },
            _ => part,
        })
    }

    /// Columns that say which rows fail.
    pub(crate) fn columns(&self) -> Vec<Expr> {
        self.0.values().enumerate().map(|(position, fails)| fails.clone().alias(format!("__check{position}"))).collect()
    }

    pub(crate) fn failed(&self) -> Vec<Expr> {
        (0..self.0.len()).map(|position| col(format!("__check{position}")).fill_null(lit(false))).collect()
    }

    /// The reasons, each with what says that it holds.
    pub(crate) fn reasons(&self) -> Vec<(String, Expr)> {
        self.0.keys().cloned().zip(self.failed()).collect()
    }
}

/// The columns of a few rows; none where they can't be computed.
#[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
pub(crate) fn columns_of(rows: LazyFrame) -> Vec<Column> {
    rows.collect().map(DataFrame::into_columns).unwrap_or_default()
}

/// Rows that repeat others: those that share a key.
#[derive(Clone)]
pub(crate) struct Repetition {
    /// The columns of the key.
    pub(crate) by: Vec<String>,
    pub(crate) keep: Keep,
    /// Whether the table's condition leaves out rows beforehand, and not afterwards.
    pub(crate) where_first: bool,
    /// What makes one row newer than another, where that decides.
    pub(crate) age: Option<Age>,
}

/// What makes one row newer than another.
#[derive(Clone)]
pub(crate) struct Age {
    /// An instant or a number; null where there is none.
    pub(crate) value: Expr,
    /// Whether there is one that can't be read, and what it is not.
    pub(crate) unreadable: Expr,
    pub(crate) reason: String,
}

/// Which of several rows with the same key is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keep {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// None: that there are several is an error, and the run fails.
    Error,
    /// The one with the latest time, or the greatest number, in this column; of equal ones the last.
    Newest(String),
}
