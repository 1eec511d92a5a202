//! What the metrics share: events as sessions, as active users and as views, and the export of a search console.

pub(crate) mod active_spans;
pub(crate) mod bots;
pub(crate) mod engagement;
pub(crate) mod known;
pub(crate) mod refreshes;
pub(crate) mod search;
pub(crate) mod sequence;
pub(crate) mod sessionization;
