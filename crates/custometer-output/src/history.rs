//! A memory of runs: what they came to is kept in a folder, and two of them can be told apart cause by cause.
//!
//! A run is a folder `run=<name>` of Parquet files that are never changed again:
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `results.parquet` | result | those of the Parquet format, and `dimensions`, a JSON object |
//! | `alerts.parquet` | alert that is on, or was just resolved | `alert`, `request`, `group`, `severity`, `standing`, `message`, `since`, `told_on` |
//! | `files.parquet` | input file | `table`, `path`, `bytes`, `hash` |
//! | `settings.parquet` | setting of the config | `key`, `value` |
//! | `manifest.parquet` | run | `on`, `as_of`, `version`, `config_hash`, `schema_version`, `manifest`, a JSON object |
//!
//! Such folders are partitions as DuckDB and Polars know them: `SELECT * FROM read_parquet('state/*/results.parquet', union_by_name = true)` has a
//! column `run`.

pub mod alerts;
pub mod diff;
mod error;
mod recorded;
mod state;

pub use error::HistoryError;
pub use recorded::{Recorded, RecordedValue, ValueKey};
pub use state::{Kept, State};
