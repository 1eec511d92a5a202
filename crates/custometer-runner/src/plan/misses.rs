//! The rows of a table that find nothing in another one.

use polars::prelude::{DataType, Expr, LazyFrame, col, concat_str, lit};

use crate::plan::input::{count_rows, first_of_each};
use crate::plan::names::{FATE, FAULTY};
use crate::read::keyed::Miss;
use crate::read::lookup::{Lookup, place_name};
use crate::read::scan::ROW;

/// The rows of a table that one of its lookups finds nothing for.
pub(crate) struct MissesPlan {
    pub(crate) lookup: String,
    /// Counts rows by why they find none.
    pub(crate) counts: LazyFrame,
    /// The first ones of each reason in every part, each with its key.
    pub(crate) examples: LazyFrame,
}

impl MissesPlan {
    /// Its plans: the counts, then the examples.
    pub(crate) fn frames(&self) -> [LazyFrame; 2] {
        [self.counts.clone(), self.examples.clone()]
    }

    /// Which of some rows find none.
    pub(crate) fn new(lookup: &Lookup, rows: &LazyFrame) -> Self {
        let names: Vec<String> = (0..lookup.keys.len()).map(|position| format!("__key{position}")).collect();
        let mut columns = vec![Miss::numbers(&col(place_name(&lookup.name))).alias(FATE), col(ROW)];
        columns.extend(lookup.keys.iter().zip(&names).map(|(key, name)| key.clone().alias(name.as_str())));
        let misses = rows.clone().select(columns).cache();
        let counts = misses.clone().group_by([col(FATE)]).agg([count_rows().alias("rows")]);
        // Keys are written for rows that find none alone.
        let texts: Vec<Expr> = names.iter().map(|name| col(name.as_str()).cast(DataType::String)).collect();
        let missed = misses.filter(col(FATE).gt(lit(0))).select([col(FATE), col(ROW), concat_str(texts, ", ", true).alias(FAULTY)]);
        Self { lookup: lookup.name.clone(), counts, examples: first_of_each(missed) }
    }
}
