//! Support metrics: are customers satisfied, and how long do they wait?
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod as_of;
pub mod backlog;
pub mod complaint_resolution_time;
pub mod csat;
pub mod csat_score;
pub mod durations;
pub mod first_contact_resolution;
pub mod first_response_time;
pub mod history;
pub mod messages;
pub mod reopen_rate;
pub mod repeat_contact_rate;
pub mod resolution_rate;
pub mod resolution_time;
pub mod response_time;
pub mod sla_attainment;
pub mod tables;
pub mod ticket_volume;
