//! What becomes of a table's rows before any request has them: counted where they come by.

use std::collections::BTreeSet;

use polars::prelude::{DataType, LazyFrame, col, lit};

use crate::plan::input::{count_rows, counted};
use crate::plan::misses::MissesPlan;
use crate::read::scan::PART;
use crate::read::table::{Rows, Table, UnionSource};

/// Counts the rows of a table.
pub(crate) struct CountsPlan {
    /// All rows, and those of the files that they are made of.
    read: LazyFrame,
    /// Those that repeat no others; of a union by source.
    once: LazyFrame,
    /// Of these, those that `where` keeps.
    kept: LazyFrame,
    /// By lookup whose columns are read.
    pub(crate) misses: Vec<MissesPlan>,
    /// The same of the tables that it is a union of, each with the columns that are read and that it lacks.
    pub(crate) sources: Vec<(CountsPlan, Vec<String>)>,
}

impl CountsPlan {
    /// Of the rows of a table that have the `used` columns.
    pub(crate) fn new(table: &Table, rows: &Rows, used: &BTreeSet<String>) -> Self {
        let of_files = if table.is_made() { col(PART).eq(lit(0_u64)).cast(DataType::UInt64).sum() } else { count_rows() };
        let read = table.read(used.clone());
        let of_source = |(source, (rows, used)): (&UnionSource, &(Rows, BTreeSet<String>))| {
            let lacks = table.columns.united.values().filter(|column| column.is_read(&read) && source.given.lacks(&column.name));
            (Self::new(&source.table, rows, used), lacks.map(|column| column.name.clone()).collect())
        };
        Self {
            read: rows.all.clone().select([count_rows(), of_files.alias("of_files")]),
            once: counted(table, &rows.once),
            kept: counted(table, &rows.met),
            misses: table.used_lookups(used).map(|lookup| MissesPlan::new(lookup, &rows.once)).collect(),
            sources: table.sources().iter().zip(&rows.sources).map(of_source).collect(),
        }
    }

    /// Its plans, in the order in which their frames are taken.
    pub(crate) fn frames(&self) -> Vec<LazyFrame> {
        let own = [&self.read, &self.once, &self.kept].map(Clone::clone);
        let sources = self.sources.iter().flat_map(|(source, _)| source.frames());
        own.into_iter().chain(self.misses.iter().flat_map(MissesPlan::frames)).chain(sources).collect()
    }
}
