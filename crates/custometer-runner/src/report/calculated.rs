//! Results that are calculated from those of requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use custometer_core::{Baseline, Direction, Grain, Unit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::formula::{Formula, Quotient};
use crate::report::goal::Goal;
use crate::report::judged::Judged;
use crate::result::Benchmark;

/// A result that is calculated, checked.
#[derive(Debug, Clone)]
pub struct Calculated {
    /// Its name in the results.
    pub name: String,
    /// The formula, as the config has it.
    pub written: String,
    /// The unit of its values.
    pub unit: Unit,
    /// Which change of them is good news.
    pub direction: Direction,
    pub(crate) summary: Option<String>,
    pub(crate) formula: Formula,
    /// The results it is made of, in the order of the formula.
    pub(crate) inputs: Vec<String>,
    /// What its intervals are made of; none where it has none.
    pub(crate) quotient: Option<(Quotient, Parts)>,
    pub(crate) form: Form,
    pub(crate) target: Option<Goal>,
    pub(crate) benchmark: Option<Arc<Benchmark>>,
    /// Where it stands among the others in the config. They are kept in the order in which they can be computed.
    pub(crate) position: usize,
}

/// How the parts of a quotient vary together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Parts {
    /// They have no observations in common.
    Independent,
    /// What is counted below the line holds all that is counted above it.
    Subset,
}

/// What rows a result has.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) grain: Grain,
    /// Whether its rows are not placed in time.
    pub(crate) is_timeless: bool,
    /// The breakdowns, as the columns come.
    pub(crate) by: Vec<Vec<String>>,
    /// The metric's own dimensions.
    pub(crate) own: Vec<String>,
    pub(crate) compare: Vec<Baseline>,
    /// Why there are no process limits of them, if there are none.
    pub(crate) no_limits: Option<&'static str>,
}

impl Calculated {
    /// What result rows have in the place of a metric's id.
    pub(crate) const METRIC: &'static str = "derived";

    /// What judging must know of it.
    pub(crate) fn judged(&self) -> Judged<'_> {
        Judged {
            name: &self.name,
            unit: self.unit,
            direction: self.direction,
            by: &self.form.by,
            own: self.form.own.clone(),
            compare: &self.form.compare,
            target: self.target.as_ref(),
            benchmark: self.benchmark.as_ref(),
            is_calculated: true,
            no_limits: self.form.no_limits,
            has_interval: self.quotient.is_some(),
        }
    }
}

impl Form {
    /// The columns of each breakdown.
    pub(crate) fn breakdowns(&self) -> Vec<BTreeSet<&String>> {
        self.by.iter().map(|by| by.iter().collect()).collect()
    }
}
