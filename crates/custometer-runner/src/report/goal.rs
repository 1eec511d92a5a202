//! Goals: what the values of a request are to be.

use std::sync::Arc;

use custometer_core::Calendar;

use crate::report::condition::Condition;
use crate::report::targets::{Sought, Targets, TargetsTable};
use crate::result::{ResultRow, Target};

/// A target that is judged.
#[derive(Debug, Clone)]
pub(crate) struct Goal {
    /// What all values are to be; of a table's targets, what they have in common.
    pub(crate) target: Arc<Target>,
    /// Of a goal that is true or false: what has to hold.
    pub(crate) holds: Option<Condition>,
    /// Whether each group decides, and not the total alone.
    pub(crate) groups: bool,
    /// The table that has a target for each date and group, and what was read of it.
    pub(crate) table: Option<(Arc<TargetsTable>, Arc<Targets>)>,
}

impl Goal {
    /// The target of a row.
    pub(crate) fn target_of(&self, row: &ResultRow, calendar: &Calendar) -> Sought<'_> {
        match &self.table {
            Some((of, targets)) => targets.of(row, &of.time, calendar),
            None => Sought::Target(&self.target),
        }
    }
}
