//! Files, cells and columns: what an export holds, before a report says what it means.

mod arrow;
pub(crate) mod column;
mod columnar;
pub(crate) mod files;
mod fixed_pattern;
pub(crate) mod format;
pub(crate) mod guard;
mod ndjson;
pub(crate) mod number;
mod parquet;
mod paths;
pub(crate) mod scan;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time_format;
