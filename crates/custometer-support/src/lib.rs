//! Support metrics: are customers satisfied, and how long do they wait?
//!
//! One file per metric. The logical tables that they read are in [`tables`], and what else they share is in `shared`.

pub mod abandonment_rate;
pub mod agent_wait_time;
pub mod backlog;
pub mod ces;
pub mod ces_easy_share;
pub mod channel_preference;
pub mod complaint_resolution_time;
pub mod contact_rate;
pub mod csat;
pub mod csat_score;
pub mod feedback_response_rate;
pub mod first_contact_resolution;
pub mod first_response_time;
pub mod mention_topics;
pub mod mention_volume;
pub mod on_hold_time;
pub mod one_touch_resolution;
pub mod quality_score;
pub mod reopen_rate;
pub mod repeat_contact_rate;
pub mod requester_wait_time;
pub mod resolution_rate;
pub mod resolution_time;
pub mod response_time;
pub mod sentiment;
pub mod service_level;
pub mod share_of_voice;
mod shared;
pub mod sla_attainment;
pub mod tables;
pub mod ticket_volume;
pub mod wait_time;
