//! Files, cells and columns: what an export holds, before a report says what it means.

pub(crate) mod column;
pub(crate) mod files;
mod fixed_pattern;
pub(crate) mod format;
pub(crate) mod number;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time_format;
