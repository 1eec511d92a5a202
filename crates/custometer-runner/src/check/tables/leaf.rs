//! The columns of a table before it is whole: as expressions and lookups see them.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::ColumnType;
use polars::prelude::{Schema, col};

use super::lookup::{Carried, carried};
use crate::check::expression::{Kind, Leaf};
use crate::read::column::{self, StoredColumn, Style, Typed};
use crate::read::fault::{Origin, fault_name};
use crate::read::table::{Columns, written_name};
use crate::read::union::looks_name;

/// The columns of a table as expressions see them: those derived so far, of the types in `kinds`, and those of the file.
pub(super) fn leaf<'a>(
    columns: &'a Columns,
    kinds: &'a Schema,
    looks: &'a BTreeMap<String, StoredColumn>,
    broken: &'a BTreeSet<String>,
    style: &'a Style,
) -> impl Fn(&str) -> Result<Leaf, Option<String>> + 'a {
    move |name| {
        if broken.contains(name) {
            return Err(None);
        }
        if let Some(plain) = name.strip_prefix("__") {
            return Err(Some(format!(
                "`{name}` is not a name that a report can use; give it another: `columns = {{ {plain} = \"{name}\" }}`"
            )));
        }
        if let Some(derived) = columns.derived.iter().find(|derived| derived.name == name && derived.value.is_some()) {
            let kind = if derived.is_untold { Kind::Untold } else { kinds.get(name).and_then(Kind::of).ok_or(None)? };
            let carried = derived.fault.is_some().then(|| (col(fault_name(name)), derived.reasons.clone()));
            return Ok(Leaf::derived(name, &kind, carried, derived.origin.clone()));
        }
        if let Some((lookup, taken)) = columns.looked_up(name) {
            let carried = carried(name, lookup.reasons_of(taken));
            let stored = looks.get(name).filter(|_| !taken.is_derived);
            let Some(stored) = stored else {
                let kind = Kind::of(&taken.stored).ok_or(None)?;
                return Ok(Leaf::derived(name, &kind, carried, Some(Origin::itself(name))));
            };
            return Ok(Leaf { carried, ..Leaf::stored(stored, name, &taken.style).map_err(Some)? });
        }
        let column = looks.get(name).ok_or(None)?;
        let written_in = if columns.kept.iter().any(|kept| kept == name) { written_name(name) } else { name.to_owned() };
        if let Some(united) = columns.united.get(name) {
            let made = looks_name(name);
            let stored = united.looks.as_ref().map_err(|reason| Some(reason.clone()))?;
            let kind = if united.is_untold { Kind::Untold } else { Kind::of(stored).ok_or(None)? };
            let carried = (!united.unlike.is_empty()).then(|| (col(fault_name(&made)), united.unlike.clone()));
            return Ok(Leaf::derived(&made, &kind, carried, Some(Origin { column: name.to_owned(), written_in })));
        }
        let cells = columns.derived.iter().find(|told| told.value.is_none() && told.name == written_in);
        let carried = cells.map(|told| (col(fault_name(&told.name)), told.reasons.clone()));
        Leaf::stored(column, &written_in, style).map(|leaf| Leaf { carried, ..leaf }).map_err(Some)
    }
}

/// A column as an input, before there is a table: of the file, looked up, or derived.
pub(super) fn input(
    name: &str,
    kind: ColumnType,
    (columns, kinds, looks): (&Columns, &Schema, &BTreeMap<String, StoredColumn>),
    style: &Style,
) -> Result<Typed, String> {
    let looked_up = columns.looked_up(name).map(|(_, column)| column);
    let derived = kinds.get(name).or(looked_up.map(|column| &column.stored));
    // What is derived is no longer what the file holds under its name.
    let looks = looks.get(name).filter(|_| !kinds.contains(name));
    if let (None, Some(looks), Some(united)) = (derived, looks, columns.united.get(name)) {
        return united.typed(looks, kind, style);
    }
    let stored = derived.or(looks.map(|column| &column.stored)).ok_or_else(|| format!("there is no column `{name}`"))?;
    column::typed(name, stored, looks, kind, looked_up.map_or(style, |column| &column.style))
}

/// What a column's own expression, or its lookup, fails for.
pub(super) fn faults_of(columns: &Columns, name: &str) -> Option<Carried> {
    let derived = columns.derived.iter().find(|derived| derived.name == name && derived.fault.is_some());
    let looked_up = columns.looked_up(name).map(|(lookup, column)| lookup.reasons_of(column));
    let united = || columns.united.get(name).map(|united| united.fails.clone());
    carried(name, derived.map(|derived| derived.reasons.clone()).or(looked_up).or_else(united).unwrap_or_default())
}
