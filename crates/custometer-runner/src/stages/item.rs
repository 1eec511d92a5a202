//! What parcels hold.

use serde::{Deserialize, Serialize};

/// What the rows of a parcel are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Item {
    /// What is counted as rows come by, by the number of the plan.
    Counted { plan: usize },
    /// The words of a column.
    Words { column: usize },
    /// Rows of a split, for derivations.
    Rows { split: usize },
    /// The last instant of the rows of a split's input.
    Last { split: usize },
    /// What is kept of groups, but for the members of sets and multisets.
    Scalars { of: Of },
    /// Members of one of the sets of a state, by its number among sets and multisets.
    Members { of: Of, apart: usize },
    /// Values of one of the multisets, for one of the choices of what they are finished by.
    Values { of: Of, apart: usize, choice: usize },
    /// What sets and multisets come to.
    Finished { of: Of, apart: usize, choice: usize },
    /// Rows of a detail table.
    Detail { part: usize },
    /// How many entities are in several groups of a request.
    Shared { request: usize },
    /// What a task got and sent.
    Account,
}

/// What a state is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Of {
    Node {
        node: usize,
        grouping: usize,
    },
    /// The doubts of an input.
    Doubts {
        input: usize,
    },
}

/// What the rows of a parcel are, and of which table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) table: usize,
    pub(super) item: Item,
    /// Columns that are codes where they are worked with.
    pub(super) coded: Vec<String>,
}
