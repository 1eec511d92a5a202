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

/// Whether a column's name says that it has the currencies of amounts.
pub(crate) fn is_of_currencies(name: &str) -> bool {
    const NAMES: [&str; 9] =
        ["currency", "currencycode", "currencyiso", "presentmentcurrency", "ccy", "valuta", "valutakode", "valutakod", "währung"];
    let letters: String = name.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
    NAMES.contains(&letters.as_str())
}
