//! Goals: what the values of a request are to be.

use std::sync::Arc;

use crate::report::condition::Condition;
use crate::result::Target;

/// A target that is judged.
#[derive(Debug, Clone)]
pub(crate) struct Goal {
    pub(crate) target: Arc<Target>,
    /// Of a goal that is true or false: what has to hold.
    pub(crate) holds: Option<Condition>,
    /// Whether each group decides, and not the total alone.
    pub(crate) groups: bool,
}
