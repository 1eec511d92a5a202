//! Expressions of a config: SQL over the columns of one row.
//!
//! The syntax is read by `sqlparser`, and translated here, by a closed list of operators ([`translate`]) and functions ([`functions`]), since
//! three things are ours and no engine's: what fails on a value that is there is a fault of its row, times are those of the report's clocks,
//! and every mistake is said in our words, at its place.

mod by_key;
mod casts;
mod elementwise;
mod functions;
mod kind;
mod mistake;
pub(crate) mod page;
mod scope;
mod syntax;
mod times;
mod translate;
mod translator;
mod value;
mod written;

use std::collections::BTreeMap;
use std::ops::Range;

use custometer_core::suggest::did_you_mean;
use toml::Spanned;

pub(crate) use self::kind::Kind;
pub(crate) use self::mistake::Mistake;
pub(crate) use self::scope::{Leaf, Scope, Translated};
pub(crate) use self::syntax::{Syntax, tree};
use crate::config::diagnostics::Collector;

/// Reads an expression over columns of these names, and reports all that is wrong with it. What is not told in it is read as `kind`.
pub(crate) fn read(
    (written, kind): (&Spanned<String>, Option<&Kind>),
    names: &[String],
    scope: &Scope<'_>,
    problems: &mut Collector,
) -> Option<Translated> {
    let syntax = match Syntax::parse(written.get_ref()) {
        Ok(syntax) => syntax,
        Err(mistake) => {
            mistake.report("", written, problems);
            return None;
        }
    };
    let has_columns = has_columns(&syntax, written, names, "", problems);
    match syntax.translate(kind, scope) {
        Ok(translated) => Some(translated).filter(|_| has_columns),
        Err(mistakes) => {
            for mistake in mistakes {
                mistake.report("", written, problems);
            }
            None
        }
    }
}

/// Whether all columns that are named are there. Those that are not are reported, each once; `of` says whose columns they would be.
pub(crate) fn has_columns(syntax: &Syntax, written: &Spanned<String>, names: &[String], of: &str, problems: &mut Collector) -> bool {
    let mut unknown: BTreeMap<String, Option<Range<usize>>> = BTreeMap::new();
    for (column, place) in syntax.columns() {
        if !names.contains(&column) {
            unknown.entry(column).or_insert(place);
        }
    }
    let all = unknown.is_empty();
    for (column, place) in unknown {
        let help = did_you_mean(&column, names.iter().map(String::as_str)).unwrap_or_else(|| columns_there_are(names));
        Mistake::new(format!("there is no column `{column}`{of}")).help(help).at(place).report("", written, problems);
    }
    all
}

/// The columns of a table, as help for a name that is not one of them.
pub(crate) fn columns_there_are(columns: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = columns.iter().take(SHOWN).map(|column| format!("`{column}`")).collect();
    let more = columns.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("the table has {}{more}", shown.join(", "))
}
