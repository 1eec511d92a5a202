//! Files, cells and columns: what an export holds, before a report says what it means.

#[cfg(feature = "workbooks")]
mod archive;
mod arrow;
pub(crate) mod cell_faults;
pub(crate) mod cell_format;
pub(crate) mod column;
mod columnar;
pub(crate) mod container;
pub(crate) mod currency;
mod durations;
pub(crate) mod elements;
pub(crate) mod ends;
pub(crate) mod fault;
pub(crate) mod files;
pub(crate) mod format;
pub(crate) mod guard;
pub(crate) mod keyed;
pub(crate) mod lookup;
mod money;
mod ndjson;
pub(crate) mod number;
mod parquet;
pub(crate) mod paths;
pub(crate) mod scan;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time_format;
mod time_names;
mod time_pattern;
pub(crate) mod values;
#[cfg(not(feature = "workbooks"))]
mod without_workbooks;
#[cfg(feature = "workbooks")]
mod workbook;

#[cfg(not(feature = "workbooks"))]
use without_workbooks::{archive, workbook};
