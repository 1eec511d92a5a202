//! custometer's engine: a report config is read and checked as a whole, planned as few lazy scans, streamed once, and comes to results.
//!
//! The library never prints. [`load`] finds everything that is wrong before a row is read, [`run`] computes, [`explain`] shows how,
//! and [`inspect()`] says of files what a config needs to say.
//!
//! Data go one way down through the rooms of this crate; ARCHITECTURE.md walks through them, and a test reads their imports.

#![cfg_attr(not(feature = "config"), expect(dead_code, unused_imports, reason = "files are opened by a config's tables"))]

#[cfg(feature = "config")]
mod check;
mod collect;
#[cfg(feature = "config")]
mod config;
mod error;
mod explain;
#[cfg(feature = "config")]
pub mod init;
#[cfg(feature = "config")]
pub mod inspect;
mod judge;
mod memory;
mod observe;
#[cfg(feature = "config")]
pub mod packs;
mod plan;
mod read;
mod report;
pub mod result;
mod run;
pub mod stages;

#[cfg(feature = "config")]
pub use check::expression::page::page as expressions_page;
#[cfg(feature = "config")]
pub use check::own_schema::schema_for;
#[cfg(feature = "config")]
pub use check::schema::schema;
#[cfg(feature = "config")]
pub use check::{Input, files_of, load};
#[cfg(feature = "config")]
pub use config::diagnostics::{PlacedProblem, Problem, Problems};
pub use error::RunError;
pub use explain::explain;
#[cfg(feature = "config")]
pub use inspect::{Inspection, inspect};
pub use memory::{MemoryError, MemoryLimit};
pub use read::format::FileFormat;
pub use read::given::{GivenError, GivenRows};
pub use read::guard::is_guarded;
pub use read::table::Table;
pub use read::watch::Watch;
pub use report::calculated::Calculated;
pub use report::ids::{IdHasher, SecretTooShort};
pub use report::mail::{Mail, MailReport, MailSecurity, MailWhen};
pub use report::webhook::{Secret, Webhook, WebhookStyle};
pub use report::{Report, Request, Restated};
pub use result::locale::{self, Locale};
pub use result::{
    Alert, Asked, Detail, LookupManifest, Manifest, Note, Rejection, ResultRow, RowCount, RowsNoData, RunResult, SCHEMA_VERSION,
    TableManifest,
};
pub use run::{Event, run};
