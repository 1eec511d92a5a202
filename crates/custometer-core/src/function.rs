//! Functions that the SQL expressions of a report may call beside those of SQL.
//!
//! A crate registers its own, as it does its metrics.

use polars::prelude::Expr;

/// A function of one row's values.
pub struct Function {
    /// The name, in small letters.
    pub name: &'static str,
    /// One sentence for the documentation.
    pub summary: &'static str,
    /// How many arguments it takes.
    pub arguments: usize,
    /// The call as an expression; it gets as many arguments as it takes.
    pub call: fn(&[Expr]) -> Expr,
}

inventory::collect!(Function);

/// Registers a [`Function`].
#[macro_export]
macro_rules! register_function {
    ($function:expr) => {
        $crate::__private::inventory::submit! { $function }
    };
}

impl Function {
    /// All linked functions, by name.
    pub fn linked() -> Vec<&'static Self> {
        let mut functions: Vec<&'static Self> = inventory::iter::<Self>().collect();
        functions.sort_by_key(|function| function.name);
        functions
    }
}
