//! Why rows are rejected, and which.

use polars::prelude::{Expr, col, lit};

/// Why a row is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) text: String,
    /// The column at fault, where it is one.
    pub(crate) origin: Option<Origin>,
    /// The lookup that found the row of another table that is at fault, where it is that.
    pub(crate) lookup: Option<String>,
}

impl Reason {
    /// A reason that is this table's own.
    pub(crate) fn new(text: String, origin: Option<Origin>) -> Self {
        Self { text, origin, lookup: None }
    }
}

/// The column of the file that a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Its name.
    pub(crate) column: String,
    /// The column that has its text as it is written: another one where something derived has its name.
    pub(crate) written_in: String,
}

impl Origin {
    /// A column that shows itself.
    pub(crate) fn itself(column: &str) -> Self {
        Self { column: column.to_owned(), written_in: column.to_owned() }
    }
}

/// A reason, and which rows it holds for.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) reason: Reason,
    pub(crate) fails: Expr,
}

/// The column that says for which reason an expression fails.
pub(crate) fn fault_name(derived: &str) -> String {
    format!("__fault:{derived}")
}

/// Which rows an expression fails for, by the number that stands in the column of its fault, and why.
pub(crate) fn checks_by_number(made: &str, reasons: &[Reason]) -> Vec<Check> {
    let of = |(reason, number): (&Reason, i32)| {
        let fails = col(fault_name(made)).eq(lit(number)).fill_null(lit(false));
        Check { reason: reason.clone(), fails }
    };
    reasons.iter().zip(1..).map(of).collect()
}

/// The columns that an expression names.
pub(crate) fn roots(expression: &Expr) -> Vec<String> {
    expression.clone().meta().root_names().into_iter().map(|name| name.to_string()).collect()
}
