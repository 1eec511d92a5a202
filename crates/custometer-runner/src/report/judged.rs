//! What judging must know of results, whether they are asked for or calculated.

use std::sync::Arc;

use custometer_core::{Baseline, Direction, Unit};

use crate::report::goal::Goal;
use crate::result::Benchmark;

/// What judging must know of a request, or of a derived result.
pub(crate) struct Judged<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit: Unit,
    pub(crate) direction: Direction,
    pub(crate) by: &'a [Vec<String>],
    /// The dimensions that its rows have beside those of the breakdown.
    pub(crate) own: Vec<String>,
    pub(crate) compare: &'a [Baseline],
    pub(crate) target: Option<&'a Goal>,
    pub(crate) benchmark: Option<&'a Arc<Benchmark>>,
    /// Whether it is derived. Then its changes are not tested, and its breakdowns and baselines are those of its inputs.
    pub(crate) is_calculated: bool,
    /// Why its values have no process limits, if they have none.
    pub(crate) no_limits: Option<&'static str>,
    /// Whether its values may have an interval and an n.
    pub(crate) has_interval: bool,
}
