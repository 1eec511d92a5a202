//! Targets and benchmarks: how finished rows stand to what they are to be.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::report::Report;
use crate::report::goal::Goal;
use crate::report::judged::Judged;
use crate::result::words::{relative, shown};
use crate::result::{AgainstBenchmark, Judgement, ResultRow, Status};

/// Says of every row how it stands to the target and the benchmark that its values have.
pub(crate) fn assess(rows: &mut [ResultRow], report: &Report) {
    let headlines = Headlines::of(rows);
    let judged: HashMap<&str, Judged<'_>> = report.judged().map(|judged| (judged.name, judged)).collect();
    for row in rows {
        let Some(judged) = judged.get(row.request.as_str()) else { continue };
        // A goal may ask about the benchmark.
        row.benchmark = judged.benchmark.map(|benchmark| {
            let change = row.value.map(|value| value - benchmark.value);
            let relative_change = change.and_then(|change| relative(change, benchmark.value, row.unit));
            AgainstBenchmark { benchmark: Arc::clone(benchmark), change: shown(change), relative_change: shown(relative_change) }
        });
        row.target = judged.target.map(|goal| {
            let decides = headlines.is_latest(row) && (goal.groups || headlines.is_total(row));
            Judgement { target: Arc::clone(&goal.target), status: goal.status(row), progress: shown(goal.progress(row)), decides }
        });
    }
}

impl Goal {
    fn status(&self, row: &ResultRow) -> Status {
        if let Some(condition) = &self.holds {
            return condition.holds(row).map_or(Status::Unknown, |holds| if holds { Status::Met } else { Status::Missed });
        }
        let Some(value) = row.value.filter(|_| !row.suppressed) else { return Status::Unknown };
        let target = &self.target;
        let is_below = |number: Option<f64>, limit: Option<f64>| number.zip(limit).is_some_and(|(number, limit)| number < limit);
        let is_above = |number: Option<f64>, limit: Option<f64>| number.zip(limit).is_some_and(|(number, limit)| number > limit);
        let warned = |is_near: bool| if is_near { Status::AtRisk } else { Status::Missed };
        if is_below(Some(value), target.at_least) {
            warned(target.warn_below.is_some_and(|warn| value >= warn))
        } else if is_above(Some(value), target.at_most) {
            warned(target.warn_above.is_some_and(|warn| value <= warn))
        } else if target.by_interval && (is_below(row.low, target.at_least) || is_above(row.high, target.at_most)) {
            Status::AtRisk
        } else {
            Status::Met
        }
    }

    fn progress(&self, row: &ResultRow) -> Option<f64> {
        if let Some(condition) = &self.holds {
            return condition.holds(row).map(|holds| if holds { 100.0 } else { 0.0 });
        }
        let (start, end) = self.target.start.zip(self.target.at_least.or(self.target.at_most))?;
        row.value.filter(|_| !row.suppressed).map(|value| 100.0 * (value - start) / (end - start))
    }
}

/// The rows that stand for a request: in its last complete bucket, or else its last one, the total, or else all groups.
pub(crate) struct Headlines(HashMap<String, Headline>);

#[derive(Default)]
struct Headline {
    /// Whether the latest bucket is complete, and when it starts.
    latest: (bool, Option<Timestamp>),
    has_total: bool,
}

impl Headlines {
    pub(crate) fn of(rows: &[ResultRow]) -> Self {
        let mut requests: HashMap<String, Headline> = HashMap::new();
        for row in rows {
            // A row's request is mostly that of the row before, and known.
            if !requests.contains_key(&row.request) {
                requests.insert(row.request.clone(), Headline::default());
            }
            if let Some(headline) = requests.get_mut(&row.request) {
                headline.latest = headline.latest.max((!row.partial, start(row)));
                headline.has_total |= row.breakdown == 0;
            }
        }
        Self(requests)
    }

    /// Whether a row is of its request's last complete bucket.
    pub(crate) fn is_latest(&self, row: &ResultRow) -> bool {
        self.0.get(&row.request).is_some_and(|headline| headline.latest == (!row.partial, start(row)))
    }

    /// Whether a row is of the total, or of a request that has none.
    pub(crate) fn is_total(&self, row: &ResultRow) -> bool {
        row.breakdown == 0 || self.0.get(&row.request).is_some_and(|headline| !headline.has_total)
    }
}

fn start(row: &ResultRow) -> Option<Timestamp> {
    row.start.as_ref().map(jiff::Zoned::timestamp)
}
