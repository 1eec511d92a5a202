//! What becomes of finished rows before anyone sees them.

pub mod privacy;
