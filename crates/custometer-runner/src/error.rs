//! Why a run fails.

use polars::prelude::PolarsError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The engine could not go through a table.
    #[error("table `{table}` can't be read to its end")]
    Table {
        /// The table.
        table: String,
        /// What the engine said.
        #[source]
        source: PolarsError,
    },
    /// Files are damaged.
    #[error("{}", .0.join("\n       "))]
    Files(Vec<String>),
    /// Rows of a table share values that, as its config says, no two rows share.
    #[error(
        "{rows} rows of table `{table}` repeat the `{by}` of another; mend them, or say which to keep: `keep = \"first\"`, `\"last\"` or \
         `{{ newest = \"COLUMN\" }}`"
    )]
    Repeated {
        /// The table.
        table: String,
        /// The columns of the key.
        by: String,
        /// How many rows there are beyond one of each key.
        rows: u64,
    },
    /// The period has more buckets than anyone can mean.
    #[error("by {grain}, the period has {count} buckets; give the report a period (`from`, `until`) or a coarser grain")]
    Buckets {
        /// The grain.
        grain: &'static str,
        /// How many there would be.
        count: usize,
    },
    /// The buckets of the period can't be made.
    #[error("the period can't be cut into buckets")]
    Period(#[source] jiff::Error),
}
