//! custometer's engine: a report config is read and checked as a whole, planned as few lazy scans, streamed once, and comes to results.
//!
//! The library never prints. [`load`] finds everything that is wrong before a row is read, [`run`] computes, [`explain`] shows how,
//! and [`inspect()`] says of files what a config needs to say.

mod accumulate;
mod alerts;
mod calendars;
mod codes;
mod collected;
mod column;
mod compare;
mod conditions;
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
pub mod locale;
mod number;
mod observe;
mod plan;
pub mod privacy;
mod report;
pub mod result;
mod schema;
mod sql;
mod sql_params;
mod table;
mod targets;
mod text;
mod time_format;
mod webhooks;

pub use config::FileFormat;
pub use derived::Derived;
pub use diagnostics::{Problem, Problems};
pub use execute::{Event, RunError, run};
pub use explain::explain;
pub use inspect::{Inspection, inspect};
pub use locale::Locale;
pub use report::{Input, Report, Request, load};
pub use result::{Alert, Asked, Detail, Manifest, Rejection, ResultRow, RunResult, SCHEMA_VERSION, TableManifest};
pub use schema::schema;
pub use table::Table;
pub use webhooks::{Secret, Webhook};
