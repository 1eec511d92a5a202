//! What an expression may name, and what comes of it.

use custometer_core::ColumnType;
use polars::prelude::{DataType, Expr, NULL, col, lit, when};

use super::kind::{Kind, from_any};
use crate::read::column::{self, StoredColumn, Style};
use crate::read::fault::{Origin, Reason};
use crate::read::table::Shown;
use crate::read::values::trimmed;

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
        stored(column, written_in, style)
    }

    /// A column that was derived as `kind`.
    pub(crate) fn derived(name: &str, kind: &Kind, carried: Option<(Expr, Vec<Reason>)>, origin: Option<Origin>) -> Self {
        let value = kind.computed(col(name));
        Self { kind: kind.clone(), value, text: None, unreadable: None, carried, origin }
    }
}

/// A column of a file as expressions see it, or why they can't.
fn stored(column: &StoredColumn, written_in: &str, style: &Style) -> Result<Leaf, String> {
    let name = column.name.as_str();
    let origin = Some(Origin { column: name.to_owned(), written_in: written_in.to_owned() });
    let written =
        |raw: Expr| if column.blank_is_null { raw } else { when(trimmed(raw.clone()).neq(lit(""))).then(raw).otherwise(lit(NULL)) };
    if column.is_untold() {
        let value = written(col(name).cast(DataType::String)).cast(DataType::String);
        return Ok(Leaf { kind: Kind::Untold, text: Some(value.clone()), value, unreadable: None, carried: None, origin });
    }
    let kind = Kind::of(&column.looks_like).ok_or_else(|| format!("`{name}` is {}, which expressions can't read", column.stored))?;
    let raw = col(name);
    let is_text = column.stored == DataType::String;
    let (value, unreadable) = match &kind {
        Kind::Time => {
            let typed = column::typed(name, &column.stored, Some(column), ColumnType::Time, style)?;
            let unreadable = typed.missing.not().and(typed.value.clone().is_null());
            (typed.value, Some((unreadable, format!("`{name}` is not {}", typed.expected))))
        }
        Kind::Text if is_text && !column.blank_is_null => {
            (when(trimmed(raw.clone()).eq(lit(""))).then(lit(NULL)).otherwise(raw.clone()).cast(DataType::String), None)
        }
        _ if column.looks_like != column.stored => {
            (column.as_it_looks(style), column.looks_different(style).map(|(reason, fails)| (fails, reason)))
        }
        _ => {
            let value = from_any(raw.clone(), &column.stored);
            let may_fail = column.stored.is_float() || column.stored == DataType::UInt64;
            let unreadable =
                may_fail.then(|| (raw.clone().is_not_null().and(value.clone().is_null()), format!("`{name}` is not a number")));
            (value, unreadable)
        }
    };
    let text = is_text.then(|| written(raw));
    Ok(Leaf { kind, value, text, unreadable, carried: None, origin })
}
