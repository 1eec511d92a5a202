//! What is known of a table before its rows are gone through.

use std::ops::Range;

use polars::prelude::LazyFrame;

use super::kept::Kept;
use super::lookup::Found;
use super::text::FileIndex;

/// What is known of a table before its rows are gone through; nothing of it has to be known where nothing is run.
#[derive(Clone, Default)]
pub(crate) struct Known<'a> {
    /// By file.
    pub(crate) indices: &'a [FileIndex],
    /// The rows of its files, where one scan has those of several tables.
    pub(crate) files: Option<LazyFrame>,
    /// The numbers of the rows that are gone through; all where it is none.
    pub(crate) only: Option<Range<u64>>,
    /// Which rows are kept, as far as that is known.
    pub(crate) kept: Kept,
    /// What its lookups find.
    pub(crate) found: Found,
    /// The same of the tables that it is a union of.
    pub(crate) sources: Vec<Known<'a>>,
}
