//! Expressions of a config: SQL over the columns of one row.
//!
//! The syntax is read by `sqlparser`, and translated here, by a closed list of operators ([`translate`]) and functions ([`functions`]), since
//! three things are ours and no engine's: what fails on a value that is there is a fault of its row, times are those of the report's clocks,
//! and every mistake is said in our words, at its place.

mod casts;
mod functions;
mod kind;
pub(crate) mod page;
mod syntax;
mod times;
mod translate;

use std::collections::BTreeMap;
use std::ops::Range;

use custometer_core::suggest::nearest;
use polars::prelude::{Expr, lit};
use toml::Spanned;

pub(crate) use self::kind::Kind;
pub(crate) use self::syntax::Syntax;
use crate::config::diagnostics::Collector;
use crate::read::column::{StoredColumn, Style};
pub(crate) use crate::read::table::{Origin, Reason, Shown};

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The bytes of the text that it is about; none for all of it.
    pub(crate) place: Option<Range<usize>>,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(crate) fn at(self, place: Option<Range<usize>>) -> Self {
        Self { place: place.or(self.place), ..self }
    }

    /// Reports it at its place in a written expression. `what` is how the message calls the expression; nothing where it speaks for itself.
    pub(crate) fn report(self, what: &str, written: &Spanned<String>, problems: &mut Collector) {
        let place = self.place.map_or_else(|| written.span(), |place| problems.place_in(written, place));
        problems.report(place, format!("{what}{}", self.message)).maybe_help(self.help);
    }
}

/// An expression over columns, translated.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    /// Its values, as tables store them.
    pub(crate) value: Expr,
    pub(crate) kind: Kind,
    /// The column that it is made of first.
    pub(crate) origin: Option<Origin>,
    /// The number of the reason for which it fails in a row, from 1; null where it does not. None where it never fails.
    pub(crate) fault: Option<Expr>,
    pub(crate) reasons: Vec<Reason>,
}

/// What an expression may name, and how it reads texts and times.
pub(crate) struct Scope<'a> {
    /// The column of a name, or why there is none to read; nothing where that is said elsewhere.
    pub(crate) column: &'a dyn Fn(&str) -> Result<Leaf, Option<String>>,
    /// How the table's texts are written.
    pub(crate) style: &'a Style,
    pub(crate) shown: &'a Shown,
}

/// A column as expressions see it.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) kind: Kind,
    /// Its values, of the type that the kind is computed in.
    pub(crate) value: Expr,
    /// Its texts as they are written, where it is stored as text but looks like something else.
    pub(crate) text: Option<Expr>,
    /// When a value that is there can't be read, and what to say of it.
    pub(crate) unreadable: Option<(Expr, String)>,
    /// What its own expression fails for, where it is derived.
    pub(crate) carried: Option<(Expr, Vec<Reason>)>,
    pub(crate) origin: Option<Origin>,
}

impl Leaf {
    /// A column of the file.
    pub(crate) fn stored(column: &StoredColumn, written_in: &str, style: &Style) -> Result<Self, String> {
        kind::stored(column, written_in, style)
    }

    /// A column that was derived as `kind`.
    pub(crate) fn derived(name: &str, kind: &Kind, carried: Option<(Expr, Vec<Reason>)>, origin: Option<Origin>) -> Self {
        let value = kind.computed(polars::prelude::col(name));
        Self { kind: kind.clone(), value, text: None, unreadable: None, carried, origin }
    }
}

/// Reads an expression over columns of these names, and reports all that is wrong with it.
pub(crate) fn read(written: &Spanned<String>, names: &[String], scope: &Scope<'_>, problems: &mut Collector) -> Option<Translated> {
    let syntax = match Syntax::parse(written.get_ref()) {
        Ok(syntax) => syntax,
        Err(mistake) => {
            mistake.report("", written, problems);
            return None;
        }
    };
    let has_columns = has_columns(&syntax, written, names, "", problems);
    match syntax.translate(scope) {
        Ok(translated) => Some(translated).filter(|_| has_columns),
        Err(mistakes) => {
            mistakes.into_iter().for_each(|mistake| mistake.report("", written, problems));
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
        let near = nearest(&column, names.iter().map(String::as_str));
        let help = near.map_or_else(|| columns_there_are(names), |near| format!("did you mean `{near}`?"));
        Mistake::new(format!("there is no column `{column}`{of}")).help(help).at(place).report("", written, problems);
    }
    all
}

/// The columns of a table, as help for a name that is none of them.
pub(crate) fn columns_there_are(columns: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = columns.iter().take(SHOWN).map(|column| format!("`{column}`")).collect();
    let more = columns.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("the table has {}{more}", shown.join(", "))
}

/// The first of several numbers of reasons.
fn first(faults: impl IntoIterator<Item = Option<Expr>>) -> Option<Expr> {
    let mut faults: Vec<Expr> = faults.into_iter().flatten().collect();
    match faults.len() {
        0 | 1 => faults.pop(),
        _ => Some(polars::prelude::coalesce(&faults)),
    }
}

/// The number of no reason.
fn none() -> Expr {
    lit(polars::prelude::NULL).cast(polars::prelude::DataType::Int32)
}
