//! Lookups: columns that a table takes from the row of another one that has the same key.
//!
//! A row finds one row of the other table or none, so no row is ever multiplied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use polars::prelude::{Column, DataType, Expr, Field, IntoColumn, LazyFrame, NULL, coalesce, lit, when};

use crate::read::column::Style;
use crate::read::fault::{Check, Reason, checks_by_number, fault_name, roots};
use crate::read::keyed::{KeyedRows, Order};

/// A rule by which rows find one of another table.
#[derive(Clone)]
pub(crate) struct Lookup {
    /// Its name in the config.
    pub(crate) name: String,
    /// The table that is looked up.
    pub(crate) table: String,
    /// The columns of the key: this table's, and the other's.
    pub(crate) on: Vec<(String, String)>,
    /// The values of this table's.
    pub(crate) keys: Vec<Expr>,
    /// Where rows of the other table hold for a time.
    pub(crate) validity: Option<Validity>,
    pub(crate) columns: Vec<LookedUp>,
    /// How many derived columns are made before it.
    pub(crate) after: usize,
    /// The number of the reason for which it can't be told which row is meant, from 1; null where it can.
    pub(crate) fault: Option<Expr>,
    /// Why not; and last, that the row which is meant is rejected.
    pub(crate) reasons: Vec<Reason>,
}

/// From when until when rows of the other table hold, and when it is asked.
#[derive(Clone)]
pub(crate) struct Validity {
    /// This table's column of the time that it is asked for.
    pub(crate) at: String,
    /// The instant.
    pub(crate) instant: Expr,
    /// The other table's columns of the first instant and of the end, exclusive. Where one is not named, rows of one key follow each other.
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
}

/// A column that is looked up.
#[derive(Clone)]
pub(crate) struct LookedUp {
    pub(crate) name: String,
    /// The other table's name for it, and for the column that has its values.
    pub(crate) column: String,
    pub(crate) held_in: String,
    pub(crate) stored: DataType,
    /// How the other table's texts are written.
    pub(crate) style: Style,
    /// Whether an expression made it.
    pub(crate) is_derived: bool,
    /// What that expression fails for.
    pub(crate) reasons: Vec<Reason>,
    /// How many values it has there, to go by the first rows; none where they are too few to tell.
    pub(crate) distinct: Option<usize>,
}

/// The column that says which row a lookup finds, or why it finds none.
pub(crate) fn place_name(lookup: &str) -> String {
    format!("__lookup:{lookup}")
}

impl Lookup {
    /// The rows with the columns that are looked up, as far as they are found.
    pub(crate) fn over(&self, rows: LazyFrame, found: &Found) -> LazyFrame {
        let place = place_name(&self.name);
        let Some(keyed) = found.0.get(&self.name) else {
            let nothing = |(name, stored): (String, &DataType)| lit(NULL).cast(stored.clone()).alias(name);
            let columns = self.columns.iter().map(|column| (column.name.clone(), &column.stored));
            let faults = self.columns.iter().map(|column| fault_name(&column.name));
            let place = std::iter::once((place, &DataType::UInt32));
            return rows
                .with_columns(place.chain(columns).chain(faults.map(|name| (name, &DataType::Int32))).map(nothing).collect::<Vec<_>>());
        };
        let mut asked = self.keys.clone();
        asked.extend(self.validity.as_ref().map(|validity| validity.instant.clone().cast(DataType::Int64)));
        let places = {
            let keyed = Arc::clone(keyed);
            let first = asked.remove(0);
            let find = move |columns: &mut [Column]| Ok(keyed.places(columns)?.into_column());
            first.map_many(find, &asked, |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::UInt32)))
        };
        let columns = self.columns.iter().flat_map(|column| {
            let value = keyed.value(&column.held_in, &place, &column.stored).alias(column.name.as_str());
            [value, self.fault_of(column, keyed, &place).alias(fault_name(&column.name))]
        });
        rows.with_column(places.alias(place.as_str())).with_columns(columns.collect::<Vec<_>>())
    }

    /// The number of the reason for which a column fails: the lookup's own come first.
    fn fault_of(&self, column: &LookedUp, keyed: &Arc<KeyedRows>, place: &str) -> Expr {
        let own = i32::try_from(self.reasons.len()).unwrap_or(i32::MAX);
        let none = || lit(NULL).cast(DataType::Int32);
        let doubt = keyed.has_doubts().then(|| when(keyed.is_doubtful(place)).then(lit(own)).otherwise(none()));
        let of_column = (!column.reasons.is_empty()).then(|| keyed.value(&fault_name(&column.held_in), place, &DataType::Int32) + lit(own));
        let faults: Vec<Expr> = self.fault.clone().into_iter().chain(doubt).chain(of_column).collect();
        if faults.is_empty() { none() } else { coalesce(&faults) }
    }

    /// Whether a column of it can be at fault, with what is found.
    pub(crate) fn may_fail(&self, column: &LookedUp, found: &Found) -> bool {
        let has_doubts = found.0.get(&self.name).is_some_and(|keyed| keyed.has_doubts());
        has_doubts || self.fault.is_some() || !column.reasons.is_empty()
    }

    /// Why a column of it can't be used.
    pub(crate) fn reasons_of(&self, column: &LookedUp) -> Vec<Reason> {
        self.reasons.iter().chain(&column.reasons).cloned().collect()
    }

    /// Which rows can't use a column, and why.
    pub(crate) fn checks_of(&self, column: &LookedUp) -> Vec<Check> {
        checks_by_number(&column.name, &self.reasons_of(column))
    }

    /// The columns of this table that it needs.
    pub(crate) fn roots(&self) -> BTreeSet<String> {
        let instant = self.validity.as_ref().map(|validity| &validity.instant);
        self.keys.iter().chain(instant).chain(&self.fault).flat_map(roots).collect()
    }

    /// The columns of the other table that are read for those of this one, with those that say why they fail.
    pub(crate) fn read(&self, used: &BTreeSet<String>) -> BTreeSet<String> {
        let is_used = |column: &&LookedUp| used.contains(&column.name) || used.contains(&fault_name(&column.name));
        let read = self
            .columns
            .iter()
            .filter(is_used)
            .flat_map(|column| [Some(column.held_in.clone()), (!column.reasons.is_empty()).then(|| fault_name(&column.held_in))]);
        read.flatten().collect()
    }

    /// Whether any of these columns is of it.
    pub(crate) fn gives(&self, used: &BTreeSet<String>) -> bool {
        used.contains(&place_name(&self.name))
            || self.columns.iter().any(|column| used.contains(&column.name) || used.contains(&fault_name(&column.name)))
    }

    /// How rows of one key are told apart.
    pub(crate) fn order(&self) -> Order {
        match &self.validity {
            None => Order::One,
            Some(Validity { from: Some(_), until: Some(_), .. }) => Order::Both,
            Some(Validity { from: Some(_), .. }) => Order::From,
            Some(_) => Order::Until,
        }
    }
}

/// What the lookups of a table find, by their names; nothing of those whose columns nobody reads.
#[derive(Clone, Default)]
pub(crate) struct Found(pub(crate) BTreeMap<String, Arc<KeyedRows>>);
