//! `[tables.NAME.lookup]`: columns from the row of another table that has the same key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use custometer_core::ColumnType;
use polars::prelude::{DataType, Expr, NULL, coalesce, col, lit, when};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::check::expression::columns_there_are;
use crate::config::diagnostics::Collector;
use crate::read::column::{StoredColumn, Style, Typed};
use crate::read::fault::{Origin, Reason, fault_name};
use crate::read::lookup::{LookedUp, Lookup, Validity};
use crate::read::table::Table;
use crate::read::union::looks_name;

/// Columns from the one row of another table that has the same key. Rows are never multiplied: one without a match stays, with missing values.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupConfig {
    /// The table that is looked up. The one that is called as the lookup unless said.
    #[schemars(with = "Option<String>")]
    pub table: Option<Spanned<String>>,
    /// The column of the key, or several, which no two rows of the other table share: `"customer_id"`, or `{ agent_id = "id" }` where the
    /// other table calls it `id`.
    #[schemars(with = "Names")]
    pub on: Spanned<Names>,
    /// The columns that are taken: `["segment"]`, or `{ agent_kind = "kind" }` where the other table calls it `kind`.
    #[schemars(with = "Names")]
    pub columns: Spanned<Names>,
    /// The other table's column with the time from which on a row holds. Without one, a row holds from the end of the one before on.
    #[schemars(with = "Option<String>")]
    pub valid_from: Option<Spanned<String>>,
    /// The other table's column with the time at which a row no longer holds. Without one, a row holds until the next one does.
    #[schemars(with = "Option<String>")]
    pub valid_until: Option<Spanned<String>>,
    /// The time of the row at which the other table's is to hold, such as `created_at`.
    #[schemars(with = "Option<String>")]
    pub at: Option<Spanned<String>>,
}

impl LookupConfig {
    /// The table that is looked up.
    pub(crate) fn table<'a>(&'a self, name: &'a Spanned<String>) -> &'a Spanned<String> {
        self.table.as_ref().unwrap_or(name)
    }

    /// The columns of its own table that it needs.
    pub(super) fn uses(&self) -> BTreeSet<&str> {
        self.on.get_ref().here().chain(self.at.iter().map(|at| at.get_ref().as_str())).collect()
    }

    /// The columns that it gives.
    pub(super) fn gives(&self) -> BTreeSet<&str> {
        self.columns.get_ref().here().collect()
    }
}

/// Names of columns, here and in another table.
#[derive(Debug, Clone)]
pub(crate) enum Names {
    One(String),
    Several(Vec<Spanned<String>>),
    /// The names here, each with the other table's.
    Renamed(Vec<(Spanned<String>, Spanned<String>)>),
}

/// A name here and in the other table, each with its place.
struct Pair<'a> {
    here: (&'a str, Range<usize>),
    there: (&'a str, Range<usize>),
}

impl Names {
    fn here(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::One(name) => Box::new(std::iter::once(name.as_str())),
            Self::Several(names) => Box::new(names.iter().map(|name| name.get_ref().as_str())),
            Self::Renamed(names) => Box::new(names.iter().map(|(here, _)| here.get_ref().as_str())),
        }
    }

    fn pairs(written: &Spanned<Self>) -> Vec<Pair<'_>> {
        let at = |name: &'_ Spanned<String>| name.span();
        match written.get_ref() {
            Self::One(name) => vec![Pair { here: (name, written.span()), there: (name, written.span()) }],
            Self::Several(names) => {
                names.iter().map(|name| Pair { here: (name.get_ref(), at(name)), there: (name.get_ref(), at(name)) }).collect()
            }
            Self::Renamed(names) => {
                names.iter().map(|(here, there)| Pair { here: (here.get_ref(), at(here)), there: (there.get_ref(), at(there)) }).collect()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> serde::de::Visitor<'de> for Written {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, a list of them, or { here = \"there\" }")
            }
            fn visit_str<E>(self, name: &str) -> Result<Names, E> {
                Ok(Names::One(name.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Names, A::Error> {
                let mut columns = Vec::new();
                while let Some(name) = names.next_element()? {
                    columns.push(name);
                }
                Ok(Names::Several(columns))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut names: A) -> Result<Names, A::Error> {
                let mut columns = Vec::new();
                while let Some(renamed) = names.next_entry()? {
                    columns.push(renamed);
                }
                Ok(Names::Renamed(columns))
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A column, several, or names here, each with the other table's name for it.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                { "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 }
            ]
        })
    }
}

/// The number of the reason for which a column fails, and the reasons.
pub(super) type Carried = (Expr, Vec<Reason>);

/// The table that looks something up, as far as its columns are known.
pub(super) struct Here<'a> {
    pub(super) table: &'a str,
    /// The columns that a lookup may go by.
    pub(super) columns: &'a [String],
    /// All names that are taken.
    pub(super) taken: &'a BTreeSet<String>,
    pub(super) broken: &'a BTreeSet<String>,
    pub(super) typed: &'a dyn Fn(&str, ColumnType) -> Result<Typed, String>,
    /// What a column's own expression fails for.
    pub(super) faults: &'a dyn Fn(&str) -> Option<Carried>,
    /// How many derived columns there are.
    pub(super) after: usize,
}

/// The other tables of a report.
pub(super) struct Others<'a, T> {
    /// Those that are opened; none for one that is wrong.
    pub(super) opened: &'a BTreeMap<&'a str, Option<Table>>,
    /// All of them, by name.
    pub(super) names: &'a BTreeMap<String, T>,
}

/// Reads a lookup, with what the first rows say of its columns. None where it is wrong, or rests on something that is.
pub(super) fn read<T>(
    (name, config): (&Spanned<String>, &LookupConfig),
    here: &Here<'_>,
    others: &Others<'_, T>,
    problems: &mut Collector,
) -> Option<(Lookup, Vec<StoredColumn>)> {
    let other = other((name, config), here, others, problems)?;
    let before = problems.len();
    let mut reasons: Vec<Reason> = Vec::new();
    let mut faults: Vec<Expr> = Vec::new();
    let mut carry = |column: &str| {
        if let Some((fault, carried)) = (here.faults)(column) {
            let earlier = i32::try_from(reasons.len()).unwrap_or(i32::MAX);
            reasons.extend(carried);
            faults.push(fault + lit(earlier));
        }
    };
    let (mut on, mut keys, mut rests_on_broken) = (Vec::new(), Vec::new(), false);
    for Pair { here: (mine, mine_at), there: (theirs, theirs_at) } in Names::pairs(&config.on) {
        rests_on_broken |= here.broken.contains(mine) || other.broken.contains(theirs);
        let key = column_of(here, (mine, &mine_at), ColumnType::Identifier, problems);
        check_other(other, (theirs, &theirs_at), ColumnType::Identifier, problems);
        if let Some(key) = key {
            carry(mine);
            keys.push(key.value);
            on.push((mine.to_owned(), theirs.to_owned()));
        }
    }
    let mut instant = None;
    if let Some(at) = &config.at {
        rests_on_broken |= here.broken.contains(at.get_ref());
        instant = column_of(here, (at.get_ref(), &at.span()), ColumnType::Time, problems);
        if instant.is_some() {
            carry(at.get_ref());
        }
    }
    for end in config.valid_from.iter().chain(&config.valid_until) {
        rests_on_broken |= other.broken.contains(end.get_ref());
        check_other(other, (end.get_ref(), &end.span()), ColumnType::Time, problems);
    }
    let holds = config.valid_from.is_some() || config.valid_until.is_some();
    match &config.at {
        None if holds => {
            let message = format!("rows of `{}` hold for a time, and nothing says at which time this table's rows ask", other.name);
            problems.report(name.span(), message).help("add `at`, the column with the time of the row, such as `at = \"created_at\"`");
        }
        Some(at) if !holds => {
            problems
                .report(at.span(), format!("nothing says from when until when rows of `{}` hold", other.name))
                .help("add `valid_from`, `valid_until` or both, or leave `at` out");
        }
        _ => {}
    }
    if let (Some(at), Some(typed)) = (&config.at, &instant) {
        let number = i32::try_from(reasons.len() + 1).unwrap_or(i32::MAX);
        let unreadable = typed.missing.clone().not().and(typed.value.clone().is_null());
        reasons.push(Reason::new(format!("`{}` is not {}", at.get_ref(), typed.expected), Some(Origin::itself(at.get_ref()))));
        faults.push(when(unreadable).then(lit(number)).otherwise(lit(NULL).cast(DataType::Int32)));
    }
    let rejected = Reason::new(format!("the row of `{}` with its key is rejected", other.name), None);
    reasons.push(Reason { lookup: Some(name.get_ref().clone()), ..rejected });
    let (columns, looks) = taken((name.get_ref(), config), here, other, problems);
    if problems.len() > before || rests_on_broken {
        return None;
    }
    let validity = config.at.as_ref().zip(instant).map(|(at, instant)| Validity {
        at: at.get_ref().clone(),
        instant: instant.value,
        from: config.valid_from.as_ref().map(|from| from.get_ref().clone()),
        until: config.valid_until.as_ref().map(|until| until.get_ref().clone()),
    });
    let fault = (!faults.is_empty()).then(|| if let [only] = faults.as_slice() { only.clone() } else { coalesce(&faults) });
    let lookup =
        Lookup { name: name.get_ref().clone(), table: other.name.clone(), on, keys, validity, columns, after: here.after, fault, reasons };
    Some((lookup, looks))
}

/// The table that is looked up; none where it can't be, or is wrong itself.
fn other<'a, T>(
    (name, config): (&Spanned<String>, &LookupConfig),
    here: &Here<'_>,
    others: &Others<'a, T>,
    problems: &mut Collector,
) -> Option<&'a Table> {
    let table = config.table(name);
    let asked = table.get_ref().as_str();
    if let Some(opened) = others.opened.get(asked) {
        return opened.as_ref();
    }
    if asked == here.table {
        problems
            .report(table.span(), format!("`{asked}` can't look something up in itself"))
            .help("describe the same files as a table of another name, and look it up there");
    } else if others.names.contains_key(asked) {
        problems
            .report(table.span(), format!("`{asked}` looks something up in a table that looks it up here, in a circle"))
            .help("describe the files of one of them as a table of another name, without its lookups");
    } else {
        problems.report(table.span(), format!("there is no table `{asked}`")).suggest(asked, others.names.keys(), || {
            if config.table.is_none() {
                format!("name the table that is looked up: `lookup.{asked} = {{ table = \"…\", … }}`, or describe it: `[tables.{asked}]`")
            } else {
                format!("describe it: `[tables.{asked}]` with its `path`")
            }
        });
    }
    None
}

/// A column of this table, as what a lookup needs of it.
fn column_of(here: &Here<'_>, (name, place): (&str, &Range<usize>), kind: ColumnType, problems: &mut Collector) -> Option<Typed> {
    if here.broken.contains(name) {
        return None;
    }
    if !here.columns.iter().any(|known| known == name) {
        problems
            .report(place.clone(), format!("there is no column `{name}`"))
            .suggest(name, here.columns, || columns_there_are(here.columns));
        return None;
    }
    match (here.typed)(name, kind) {
        Ok(typed) => Some(typed),
        Err(reason) => {
            problems.report(place.clone(), format!("nothing can be looked up by `{name}`: {reason}"));
            None
        }
    }
}

/// Reports what is wrong with a column of the other table.
fn check_other(other: &Table, (name, place): (&str, &Range<usize>), kind: ColumnType, problems: &mut Collector) {
    if other.broken.contains(name) {
        return;
    }
    let known = other.columns();
    if !known.iter().any(|known| known == name) {
        let message = format!("there is no column `{name}` in `{}`", other.name);
        problems.report(place.clone(), message).suggest(name, &known, || columns_there_are(&known));
    } else if let Err(reason) = other.typed(name, kind) {
        problems.report(place.clone(), format!("`{}` can't be looked up by `{name}`: {reason}", other.name));
    }
}

/// The columns that are taken, with what the first rows say of them.
fn taken(
    (lookup, config): (&str, &LookupConfig),
    here: &Here<'_>,
    other: &Table,
    problems: &mut Collector,
) -> (Vec<LookedUp>, Vec<StoredColumn>) {
    let pairs = Names::pairs(&config.columns);
    if pairs.is_empty() {
        problems.report(config.columns.span(), "the lookup takes no column").help("name those that are taken: `columns = [\"…\"]`");
    }
    if Names::pairs(&config.on).is_empty() {
        problems.report(config.on.span(), "the lookup goes by no column").help("name the column of the key: `on = \"…\"`");
    }
    let known = other.columns();
    let (mut columns, mut looks, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for Pair { here: (name, name_at), there: (column, column_at) } in pairs {
        if !known.iter().any(|known| known == column) {
            if !other.broken.contains(column) {
                let message = format!("there is no column `{column}` in `{}`", other.name);
                problems.report(column_at, message).suggest(column, &known, || columns_there_are(&known));
            }
            continue;
        }
        if name.starts_with("__") {
            problems.report(name_at, format!("`{name}` is not a name that a report can use")).help("give it another");
        } else if here.taken.contains(name) || !names.insert(name) {
            let other_name = format!("{}_{name}", other.name);
            problems
                .report(name_at, format!("`{name}` is a column of `{}` already", here.table))
                .help(format!("give it another name: `columns = {{ {other_name} = \"{column}\" }}`"));
        }
        let Some(stored) = other.schema.get(column).cloned() else { continue };
        let (style, is_derived, mut reasons) = made(other, column);
        // Of the sources of a union each reads its own texts, and what they come to is what is taken.
        let united = other.columns.united.get(column).filter(|_| !is_derived);
        let (held_in, stored) = match united.map(|united| united.looks.clone()) {
            None => (column.to_owned(), stored),
            Some(Ok(stored)) => (looks_name(column), stored),
            Some(Err(reason)) => {
                problems.report(column_at, reason);
                continue;
            }
        };
        let is_derived = is_derived || united.is_some();
        for reason in &mut reasons {
            reason.lookup = Some(lookup.to_owned());
        }
        let distinct = other.distinct(column);
        columns.push(LookedUp { name: name.to_owned(), column: column.to_owned(), held_in, stored, style, is_derived, reasons, distinct });
        looks.extend(other.looks.get(column).filter(|_| united.is_none()).map(|looks| looks.named(name)));
    }
    (columns, looks)
}

/// How a column's texts are written, whether an expression made it, and what that fails for.
fn made(table: &Table, column: &str) -> (Style, bool, Vec<Reason>) {
    // The columns at fault are the other table's.
    let in_table = |reason: &Reason| Reason::new(format!("{} in `{}`", reason.text, table.name), None);
    if let Some((lookup, column)) = table.columns.looked_up(column) {
        let reasons = lookup.reasons.iter().map(in_table).chain(column.reasons.iter().cloned()).collect();
        return (column.style.clone(), column.is_derived, reasons);
    }
    if let Some(united) = table.columns.united.get(column).filter(|_| table.looks.contains_key(column)) {
        return (table.style.clone(), false, united.unlike.iter().map(in_table).collect());
    }
    let derived = table.columns.derived.iter().find(|derived| derived.name == column);
    let reasons = derived.filter(|derived| derived.fault.is_some()).map(|derived| derived.reasons.iter().map(in_table).collect());
    (table.style.clone(), derived.is_some_and(|derived| derived.value.is_some()), reasons.unwrap_or_default())
}

/// The fault of a derived or looked-up column, where it may have one.
pub(super) fn carried(name: &str, reasons: Vec<Reason>) -> Option<Carried> {
    (!reasons.is_empty()).then(|| (col(fault_name(name)), reasons))
}
