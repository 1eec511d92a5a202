//! custometer's engine: a report config is read and checked as a whole, planned as few lazy scans, streamed once, and comes to results.
//!
//! The library never prints. [`load`] finds everything that is wrong before a row is read, [`run`] computes, [`explain`] shows how,
//! and [`inspect()`] says of files what a config needs to say.

mod accumulate;
mod calendars;
mod codes;
mod collected;
mod column;
mod compare;
mod config;
mod define;
mod derived;
mod diagnostics;
mod execute;
mod explain;
mod files;
mod fixed_pattern;
mod formula;
pub mod inspect;
mod ledger;
mod number;
mod observe;
mod plan;
pub mod privacy;
mod report;
pub mod result;
mod schema;
mod sql;
mod table;
mod text;
mod time_format;

pub use config::FileFormat;
pub use derived::Derived;
pub use diagnostics::{Problem, Problems};
pub use execute::{Event, RunError, run};
pub use explain::explain;
pub use inspect::{Inspection, inspect};
pub use report::{Input, Report, Request, load};
pub use result::{Detail, Manifest, Rejection, ResultRow, RunResult, SCHEMA_VERSION, TableManifest};
pub use schema::schema;
pub use table::Table;
