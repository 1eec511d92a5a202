//! What became of the rows of tables that others look something up in.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::collect::counts::Counts;
use crate::collect::misses::Example;
use crate::read::fault::Reason;

/// Rows that can't be found for one reason, with those that are shown.
pub(crate) struct Unfit {
    pub(crate) reason: Reason,
    pub(crate) rows: u64,
    pub(crate) examples: Vec<Example>,
}

/// What became of the rows of a table that is looked up.
pub(crate) struct LookedUp {
    /// The table that looks something up, the position of its lookup, and the table that it is looked up in.
    pub(crate) by: usize,
    pub(crate) lookup: usize,
    pub(crate) table: usize,
    /// The requests that read what is looked up.
    pub(crate) requests: BTreeSet<usize>,
    /// How many rows there were.
    pub(crate) counts: Arc<Counts>,
    /// Rows that may be found.
    pub(crate) rows_keyed: u64,
    /// Rows that can't be.
    pub(crate) unfit: Vec<Unfit>,
}
