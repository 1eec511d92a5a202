//! TOML with places: sections are read without stopping at the first mistake, and what is wrong is told where it stands.
//!
//! This room knows how configs are written, and nothing of what they mean.

pub(crate) mod diagnostics;
pub(crate) mod flat;
pub(crate) mod include;
pub(crate) mod params;
pub(crate) mod section;
pub(crate) mod settings;
pub(crate) mod values;
pub(crate) mod variables;
