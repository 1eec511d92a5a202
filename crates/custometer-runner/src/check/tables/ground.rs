//! What a table starts from.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::Expr;

use crate::read::column::StoredColumn;
use crate::read::currency::{MinorUnits, RowCurrency};
use crate::read::shape::Shape;
use crate::read::table::{Blank, Columns, RowsOf};

/// What a table starts from: rows, and what is known of their columns before any is looked up or derived.
pub(super) struct Ground {
    pub(super) of: RowsOf,
    pub(super) skipped: Option<Expr>,
    pub(super) shape: Shape,
    pub(super) columns: Columns,
    pub(super) broken: BTreeSet<String>,
    pub(super) blanks: Vec<Blank>,
    pub(super) looks: BTreeMap<String, StoredColumn>,
    /// What its amounts are, where that is said elsewhere: in which currency, and by source in which units.
    pub(super) money: Option<(Option<RowCurrency>, Vec<Option<MinorUnits>>)>,
}
