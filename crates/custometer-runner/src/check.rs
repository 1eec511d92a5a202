//! What was written → what is meant: one file per section of the config.

pub(crate) mod alerts;
pub(crate) mod calendars;
pub(crate) mod conditions;
pub(crate) mod define;
pub(crate) mod derived;
pub(crate) mod formula;
pub(crate) mod goals;
pub(crate) mod schema;
pub(crate) mod sql;
pub(crate) mod sql_params;
pub(crate) mod tables;
pub(crate) mod webhooks;
