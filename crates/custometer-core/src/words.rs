//! Words of a text column that a report's parameters name.

use std::collections::BTreeSet;

use polars::prelude::{Expr, col, lit};

use crate::params::ParamError;

/// Whether a text column has one of these words, written just so. Null where the column is null.
pub fn is_one_of(column: &str, words: &[String]) -> Expr {
    words.iter().map(|word| col(column).eq(lit(word.as_str()))).reduce(Expr::or).unwrap_or_else(|| lit(false))
}

/// Refuses words that are blank, and words that come twice, in one parameter or in two.
pub fn refuse_ambiguous(params: &[(&str, &[String])]) -> Result<(), ParamError> {
    let mut seen = BTreeSet::new();
    for (param, word) in params.iter().flat_map(|(param, words)| words.iter().map(move |word| (*param, word))) {
        if word.trim().is_empty() {
            return Err(ParamError::new(param, "a word is blank").help("rows without a word are counted beside the others"));
        }
        if !seen.insert(word) {
            return Err(ParamError::new(param, format!("`{word}` comes twice")).help("let each word mean one thing"));
        }
    }
    Ok(())
}

/// Refuses a parameter without a word.
pub fn require(param: &str, words: &[String]) -> Result<(), ParamError> {
    if words.is_empty() {
        return Err(ParamError::new(param, format!("`{param}` is empty")).help("name at least one"));
    }
    Ok(())
}
