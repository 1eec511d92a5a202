//! Files, cells and columns: what an export holds, before a report says what it means.

pub(crate) mod cell_format;
pub(crate) mod column;
mod durations;
pub(crate) mod files;
pub(crate) mod format;
mod money;
pub(crate) mod number;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time_format;
mod time_names;
mod time_pattern;
pub(crate) mod values;
