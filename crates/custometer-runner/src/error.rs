//! Why a run fails.

use polars::prelude::PolarsError;

use crate::memory::MemoryError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The host stopped it.
    #[error("the run was stopped")]
    Stopped,
    /// The engine could not go through a table.
    #[error("table `{table}` can't be read to its end")]
    Table {
        /// The table.
        table: String,
        /// What the engine said.
        #[source]
        source: PolarsError,
    },
    /// What it takes does not fit into memory, or not beyond it.
    #[error(transparent)]
    Memory(MemoryError),
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
    /// A key that is looked up has several rows.
    #[error("{}", .0.join("\n       "))]
    SeveralRows(Vec<String>),
    /// Changes of one entity at one instant, of which nobody says which is the last.
    #[error(
        "table `{table}` has several changes of one `{of}` at one instant of `{at}`: {places}; say which of them lasts: \
         `spans = {{ …, keep = \"last\" }}` or `\"first\"` in the order of files and rows, or `{{ newest = \"COLUMN\" }}`"
    )]
    SameInstant {
        /// The table.
        table: String,
        /// The columns that tell whose changes they are.
        of: String,
        /// The column of their times.
        at: String,
        /// The files and rows of some, and how many more there are.
        places: String,
    },
    /// Amounts of several currencies would be one sum.
    #[error(
        "table `{table}` has amounts in several currencies, {currencies}, which {requests} would sum; keep one of them: \
         `where = \"{column} = '…'\"`, or break down by it: `by = [[\"{column}\"]]`, or convert \
         them: `currency` in `[report]` and `[report.rates]`; where `{column}` says something else, say the currency of all \
         amounts: `currency = \"EUR\"`"
    )]
    Currencies {
        /// The table.
        table: String,
        /// The column that says the currency.
        column: String,
        /// The currencies, in words.
        currencies: String,
        /// The requests, in words.
        requests: String,
    },
    /// Rows of a table that is read whole, as that of exchange rates is, are not what they are to be.
    #[error("{}", .0.join("\n       "))]
    Rows(Vec<String>),
    /// None of the report's own periods is in the report's period.
    #[error("none of the periods `{name}` is in the period of the report, {from} to {until}")]
    NoPeriods {
        /// What they are called.
        name: &'static str,
        /// The first day of the report's period.
        from: jiff::civil::Date,
        /// The day after its last one.
        until: jiff::civil::Date,
    },
    /// A range that values are compared with is not earlier.
    #[error("`{name}` begins on {from}, and no earlier than what is compared with it, which begins on {begins}")]
    NotEarlier {
        /// What the report calls it.
        name: &'static str,
        /// Its first day.
        from: jiff::civil::Date,
        /// The first day of the period.
        begins: jiff::civil::Date,
    },
    /// What the tasks of a run in stages sent each other is not whole, or not of this run.
    #[error("{0}")]
    Parcels(String),
    /// The period has more buckets than anyone can mean.
    #[error("by {grain}, the period has {count} buckets; give the report a period (`from`, `until`) or a coarser grain")]
    Buckets {
        /// The grain.
        grain: &'static str,
        /// How many there would be.
        count: usize,
    },
    /// A request would have more results than can be held or read.
    #[error(
        "`{request}` comes to {cells} results, more than can be held: {buckets} buckets, {each} values in each, {groups} groups or more; ask \
         for a coarser grain, a shorter period or fewer breakdowns"
    )]
    Cells {
        /// The request.
        request: String,
        /// How many results there would be.
        cells: u64,
        /// The buckets of its grain.
        buckets: u64,
        /// Values of the metric's own dimension, known beforehand.
        each: u64,
        /// Groups of its breakdowns, as far as they are known.
        groups: u64,
    },
    /// The data's own period would be made by a few rows that are far from all others.
    #[error(
        "the report has no period, and that of the data would be mostly empty: {few} of {all} rows lie {side} {year}, and no row in the \
         {gap} years between these and the others; mend those rows, or give `[report]` a period: `from` and `until`"
    )]
    Gap {
        /// The rows that are far from the others.
        few: u64,
        /// All rows with a time.
        all: u64,
        /// Whether they are before or after the others.
        side: &'static str,
        /// The first or last year of the others.
        year: i32,
        /// The years without a row.
        gap: i32,
    },
    /// The buckets of the period can't be made.
    #[error("the period can't be cut into buckets")]
    Period(#[source] jiff::Error),
}
