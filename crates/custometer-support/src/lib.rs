//! Support metrics: are customers satisfied, and how long do they wait?
//!
//! One file per metric. What they share: the logical tables' columns in [`tables`] and [`calls`], what is reported of durations in
//! [`durations`], replies in [`messages`], the stories of tickets in [`history`], and what is known at the as-of date in [`as_of`].

pub mod abandonment_rate;
pub mod as_of;
pub mod backlog;
pub mod calls;
pub mod ces;
pub mod ces_easy_share;
pub mod channel_preference;
pub mod complaint_resolution_time;
pub mod contact_rate;
pub mod csat;
pub mod csat_score;
pub mod durations;
pub mod effort;
pub mod feedback_response_rate;
pub mod first_contact_resolution;
pub mod first_response_time;
pub mod history;
pub mod mention_topics;
pub mod mention_volume;
pub mod messages;
pub mod quality_score;
pub mod ratings;
pub mod reopen_rate;
pub mod repeat_contact_rate;
pub mod resolution_rate;
pub mod resolution_time;
pub mod response_time;
pub mod sentiment;
pub mod service_level;
pub mod share_of_voice;
pub mod shares;
pub mod sla_attainment;
pub mod tables;
pub mod ticket_volume;
pub mod wait_time;
pub mod words;
