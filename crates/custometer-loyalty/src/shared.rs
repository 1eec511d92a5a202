//! What the metrics share: orders and spans as rows of customers, and the models that are fitted to them.

pub(crate) mod activity;
pub(crate) mod ages;
pub(crate) mod average_lifetime_value;
pub(crate) mod buyers;
pub(crate) mod changes;
pub(crate) mod customers;
pub(crate) mod history;
pub(crate) mod margin;
pub mod models;
pub(crate) mod orders;
pub(crate) mod points;
pub(crate) mod ratings;
pub(crate) mod recommendations;
pub(crate) mod refunds;
pub(crate) mod revenue;
pub(crate) mod spans;
