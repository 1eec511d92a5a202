//! Targets and benchmarks: how finished rows stand to what they are to be.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::report::Report;
use crate::report::goal::Goal;
use crate::report::judged::Judged;
use crate::report::targets::{Group, Sought};
use crate::result::words::{group, relative, shown};
use crate::result::{AgainstBenchmark, Judgement, Note, ResultRow, Status, Target};

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
        row.target = judged.target.and_then(|goal| {
            let Sought::Target(target) = goal.target_of(row, &report.calendar) else { return None };
            let decides = headlines.is_latest(row) && (goal.groups || headlines.is_total(row));
            let (status, progress) = (goal.status(target, row), shown(goal.progress(target, row)));
            Some(Judgement { target: Arc::clone(target), status, progress, decides })
        });
    }
}

/// So many values and groups are named.
const MOST_NAMED: usize = 3;

/// What there is to say of targets that tables have: values without one, and groups that no value is of. Each with its request and its table.
pub(crate) fn notes(rows: &[ResultRow], report: &Report) -> Vec<Note> {
    let mut notes = Vec::new();
    for judged in report.judged() {
        let Some((of, targets)) = judged.target.and_then(|goal| goal.table.as_ref()) else { continue };
        let own = || rows.iter().filter(|row| row.request == judged.name);
        let mut note = |text: String| notes.push(Note { table: of.table.clone(), requests: vec![judged.name.to_owned()], text });
        let missing: Vec<String> = own()
            .filter(|row| matches!(targets.of(row, &of.time, &report.calendar), Sought::Missing))
            .map(|row| format!("`{}`", value(row)))
            .collect();
        if !missing.is_empty() {
            let (count, has) =
                if missing.len() == 1 { ("1 value".to_owned(), "has") } else { (format!("{} values", missing.len()), "have") };
            note(format!("{count} {has} no target in `{}`: {}", of.table, first(&missing)));
        }
        let group = |group: &Group| group.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        let unknown: Vec<String> =
            targets.without_rows(own()).into_iter().filter(|of| !of.is_empty()).map(|of| format!("`{}`", group(of))).collect();
        if !unknown.is_empty() {
            note(format!("`{}` has targets of groups that there are not: {}", of.table, first(&unknown)));
        }
    }
    notes
}

/// A value by its group and bucket.
fn value(row: &ResultRow) -> String {
    let group = (!row.dimensions.is_empty()).then(|| group(row));
    let bucket = row.period.map(|period| period.to_string()).or_else(|| Some(row.start.as_ref()?.date().to_string()));
    group.into_iter().chain(bucket).collect::<Vec<_>>().join(", ")
}

/// The first of some, and how many more there are.
fn first(all: &[String]) -> String {
    let more = all.len().saturating_sub(MOST_NAMED);
    all.iter().take(MOST_NAMED).cloned().chain((more > 0).then(|| format!("{more} more"))).collect::<Vec<_>>().join(", ")
}

impl Goal {
    fn status(&self, target: &Target, row: &ResultRow) -> Status {
        if let Some(condition) = &self.holds {
            return condition.holds(row).map_or(Status::Unknown, |holds| if holds { Status::Met } else { Status::Missed });
        }
        let Some(value) = row.value.filter(|_| !row.suppressed) else { return Status::Unknown };
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

    fn progress(&self, target: &Target, row: &ResultRow) -> Option<f64> {
        if let Some(condition) = &self.holds {
            return condition.holds(row).map(|holds| if holds { 100.0 } else { 0.0 });
        }
        let (start, end) = target.start.zip(target.at_least.or(target.at_most))?;
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
