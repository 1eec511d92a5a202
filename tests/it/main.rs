//! End-to-end tests: config and data in, results and messages out.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_cmp,
    reason = "a test fails by panicking, and compares exact figures exactly"
)]

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer as _;

mod alerts;
mod calendars;
mod cdnow;
mod compare;
mod damage;
mod define;
mod derived;
mod examples;
mod exports;
mod faulty;
mod golden;
mod inspect;
mod laws;
mod ledger;
mod loyalty_customers;
mod loyalty_orders;
mod loyalty_spans;
mod privacy;
mod real_data;
mod rows;
mod shapes;
mod sources;
mod support_surveys;
mod support_tickets;
mod targets;
mod time;
mod web_events;
mod web_funnel;
mod web_search;
mod web_sessions;
mod web_users;
