//! What the metrics share: calls, messages and the history of tickets as rows to measure, and how durations, ratings and shares are reported.

pub(crate) mod as_of;
pub(crate) mod calls;
pub(crate) mod conversations;
pub(crate) mod durations;
pub(crate) mod effort;
pub(crate) mod history;
pub(crate) mod messages;
pub(crate) mod ratings;
pub(crate) mod status_times;
