//! Support metrics: are customers satisfied, and how long do they wait?
//!
//! One file per metric; what they share of the logical tables is in [`tables`].

pub mod ces;
pub mod ces_easy_share;
pub mod channel_preference;
pub mod contact_rate;
pub mod csat;
pub mod csat_score;
pub mod effort;
pub mod feedback_response_rate;
pub mod first_response_time;
pub mod mention_topics;
pub mod mention_volume;
pub mod quality_score;
pub mod ratings;
pub mod sentiment;
pub mod share_of_voice;
pub mod shares;
pub mod tables;
pub mod ticket_volume;
pub mod words;
