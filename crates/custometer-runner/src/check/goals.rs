//! Targets and benchmarks: what values are to be, and how they stand to that.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use custometer_core::{Baseline, Direction, Unit};
use jiff::Timestamp;
use toml::Spanned;

use crate::check::conditions::Condition;
use crate::check::derived::Derived;
use crate::config::diagnostics::Collector;
use crate::config::{BenchmarkConfig, ConditionConfig, Finite, TargetConfig};
use crate::observe::compare::relative;
use crate::observe::shown;
use crate::report::{Report, Request};
use crate::result::{AgainstBenchmark, Benchmark, Judgement, ResultRow, Status, Target};

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
    /// Whether it is derived. Then it has neither interval nor n nor p-value, and its breakdowns and baselines are those of its inputs.
    pub(crate) is_derived: bool,
}

/// All that can be judged: the requests, then what is derived.
pub(crate) fn judged<'a>(requests: &'a [Request], derived: &'a [Derived]) -> impl Iterator<Item = Judged<'a>> {
    requests.iter().map(Request::judged).chain(derived.iter().map(Derived::judged))
}

/// A target that is judged.
#[derive(Debug, Clone)]
pub(crate) struct Goal {
    pub(crate) target: Arc<Target>,
    /// Of a goal that is true or false: what has to hold.
    holds: Option<Condition>,
    /// Whether each group decides, and not the total alone.
    pub(crate) groups: bool,
}

/// Reads a target, and reports what is wrong with it. One that is wrong is there all the same: what asks about it is not wrong, too.
pub(crate) fn read(config: &Spanned<TargetConfig>, of: &Judged<'_>, problems: &mut Collector) -> Goal {
    let written = config.get_ref();
    let mut wrong = Wrong(problems);
    let ends = ends(written, &mut wrong);
    if has_one_goal(config, &mut wrong) {
        check_warnings(written, ends, &mut wrong);
        check_start(written, ends, &mut wrong);
    }
    let by_interval = written.by_interval.as_ref().filter(|asked| *asked.get_ref());
    if let (Some(asked), Some(_)) = (by_interval, &written.holds) {
        wrong.at(asked.span(), "a condition has no interval", "ask for `low_above` or `high_below` in it");
    } else if let Some(asked) = by_interval.filter(|_| of.is_derived) {
        wrong.at(asked.span(), &format!("`{}` is derived, and has no interval", of.name), "leave `by_interval` out");
    }
    let groups = written.groups.as_ref().filter(|asked| *asked.get_ref());
    if let Some(asked) = groups.filter(|_| of.by.iter().all(Vec::is_empty)) {
        let help =
            if of.is_derived { "break down what it is made of: `by = [[], [\"…\"]]`" } else { "break it down: `by = [[], [\"…\"]]`" };
        wrong.at(asked.span(), &format!("`{}` has no groups", of.name), help);
    }
    let holds = written.holds.as_ref().and_then(|holds| condition(holds, of, &mut wrong));
    let (at_least, at_most) = ends;
    let target = Target {
        at_least,
        at_most,
        warn_below: number(written.warn_below.as_ref()),
        warn_above: number(written.warn_above.as_ref()),
        start: number(written.start.as_ref()),
        by_interval: by_interval.is_some(),
        holds: holds.as_ref().map(ToString::to_string),
    };
    Goal { target: Arc::new(target), holds, groups: groups.is_some() }
}

/// The least and the greatest value that meet a target.
type Ends = (Option<f64>, Option<f64>);

fn ends(written: &TargetConfig, wrong: &mut Wrong<'_>) -> Ends {
    let Some(between) = &written.between else { return (number(written.at_least.as_ref()), number(written.at_most.as_ref())) };
    match between.get_ref().as_slice() {
        [Finite(low), Finite(high)] if low < high => return (Some(*low), Some(*high)),
        [_, _] => wrong.at(between.span(), "the first number of `between` is not below the second", "write the lower one first"),
        _ => wrong.at(between.span(), "`between` needs two numbers", "write the lower and the upper end: `between = [30, 40]`"),
    }
    (None, None)
}

/// Whether a target says in one way what is to be reached.
fn has_one_goal(config: &Spanned<TargetConfig>, wrong: &mut Wrong<'_>) -> bool {
    let written = config.get_ref();
    let (at_least, at_most) = (written.at_least.as_ref().map(Spanned::span), written.at_most.as_ref().map(Spanned::span));
    let are_ends = at_least.is_some() && at_most.is_some();
    let others = [written.between.as_ref().map(Spanned::span), written.holds.as_ref().map(Spanned::span)];
    let goals: Vec<Range<usize>> = [at_least, at_most].into_iter().chain(others).flatten().collect();
    match goals.as_slice() {
        [_] => return true,
        [] if wrong.0.has_any_in(&config.span()) => {}
        [] => wrong.at(config.span(), "the target names no goal", "give it `at_least`, `at_most`, `between` or `holds`"),
        [_, last] if are_ends => wrong.at(last.clone(), "a target has one goal", "write both ends as one: `between = [30, 40]`"),
        [.., last] => wrong.at(last.clone(), "a target has one goal", "keep one of `at_least`, `at_most`, `between` and `holds`"),
    }
    false
}

fn check_warnings(written: &TargetConfig, (at_least, at_most): Ends, wrong: &mut Wrong<'_>) {
    // A target of two ends that are wrong has no ends to warn at.
    let knows_ends = written.between.is_none() || at_least.is_some();
    if let Some(warn) = written.warn_below.as_ref().filter(|_| knows_ends) {
        let help = "a value below the target is at risk down to `warn_below`, and missed below it";
        match at_least {
            None => wrong.at(warn.span(), "the target has no lower end to warn below", "a target `at_most` has `warn_above`"),
            Some(end) if warn.get_ref().0 < end => {}
            Some(end) => wrong.at(warn.span(), &format!("`warn_below` is not below the target of {end}"), help),
        }
    }
    if let Some(warn) = written.warn_above.as_ref().filter(|_| knows_ends) {
        let help = "a value above the target is at risk up to `warn_above`, and missed above it";
        match at_most {
            None => wrong.at(warn.span(), "the target has no upper end to warn above", "a target `at_least` has `warn_below`"),
            Some(end) if warn.get_ref().0 > end => {}
            Some(end) => wrong.at(warn.span(), &format!("`warn_above` is not above the target of {end}"), help),
        }
    }
}

fn check_start(written: &TargetConfig, ends: Ends, wrong: &mut Wrong<'_>) {
    let Some(start) = &written.start else { return };
    let from = start.get_ref().0;
    let no_way = |way: &str, end: f64| format!("there is no way to go from {from} {way} to {end}");
    let help = "`start` is where the target is not met yet";
    match ends {
        (Some(end), None) if from >= end => wrong.at(start.span(), &no_way("up", end), help),
        (None, Some(end)) if from <= end => wrong.at(start.span(), &no_way("down", end), help),
        (Some(_), None) | (None, Some(_)) => {}
        _ => wrong.at(start.span(), "progress needs one number to go to", "only `at_least` and `at_most` have a `start`"),
    }
}

/// The condition of a goal that is true or false.
fn condition(holds: &Spanned<ConditionConfig>, of: &Judged<'_>, wrong: &mut Wrong<'_>) -> Option<Condition> {
    if let Some(place) = Condition::asks_of_target(holds.get_ref()) {
        wrong.at(place, "a target can't be asked about itself", "ask for the value, its interval or its change");
        return None;
    }
    let condition = Condition::read(holds, wrong.0)?;
    if let Some((place, obstacle)) = condition.obstacle(holds, of) {
        wrong.at(place, &obstacle.message, obstacle.help);
    }
    Some(condition)
}

/// The benchmark as results have it.
pub(crate) fn benchmark(config: &BenchmarkConfig) -> Arc<Benchmark> {
    Arc::new(Benchmark { value: config.value.0, source: config.source.clone() })
}

/// Reports what is wrong with a target.
struct Wrong<'a>(&'a mut Collector);

impl Wrong<'_> {
    fn at(&mut self, place: Range<usize>, message: &str, help: &str) {
        self.0.report(place, message).help(help);
    }
}

fn number(written: Option<&Spanned<Finite>>) -> Option<f64> {
    written.map(|number| number.get_ref().0)
}

/// Says of every row how it stands to the target and the benchmark that its values have.
pub(crate) fn judge(rows: &mut [ResultRow], report: &Report) {
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

/// Which rows a request is known by: those of its last complete bucket, or of the last one where none is complete, and those of the total, or
/// of all groups where there is no total.
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
