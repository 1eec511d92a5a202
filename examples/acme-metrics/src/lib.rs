//! Acme's metrics: does what we ship arrive?

pub mod first_attempt_rate;
pub mod on_time_rate;
pub mod tables;
pub mod transit_time;
pub mod weibull;
