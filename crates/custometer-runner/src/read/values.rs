//! Small expressions over the values of a column.

use polars::prelude::{Expr, NULL, lit, when};

/// Texts without white space around them.
pub(crate) fn trimmed(text: Expr) -> Expr {
    text.str().strip_chars(lit(NULL))
}

/// Infinities and NaN can't be computed with.
pub(crate) fn finite(number: Expr) -> Expr {
    when(number.clone().is_finite()).then(number).otherwise(lit(NULL))
}
