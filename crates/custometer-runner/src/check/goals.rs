//! Targets and benchmarks of requests: what values are to be.

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::conditions::{self, ConditionConfig};
use crate::config::diagnostics::Collector;
use crate::config::values::Finite;
use crate::report::condition::Condition;
use crate::report::goal::Goal;
use crate::report::judged::Judged;
use crate::result::{Benchmark, Target};

/// What values are to be, in their unit. One of `at_least`, `at_most`, `between` and `holds`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetConfig {
    /// The least value that meets it.
    #[schemars(with = "Option<f64>")]
    pub at_least: Option<Spanned<Finite>>,
    /// The greatest value that meets it.
    #[schemars(with = "Option<f64>")]
    pub at_most: Option<Spanned<Finite>>,
    /// The least and the greatest value that meet it.
    #[schemars(with = "Option<[f64; 2]>")]
    pub between: Option<Spanned<Vec<Finite>>>,
    /// A goal that is true or false: met where all of these hold.
    #[schemars(with = "Option<ConditionConfig>")]
    pub holds: Option<Spanned<ConditionConfig>>,
    /// Down to here, a value below the target is at risk and not yet missed.
    #[schemars(with = "Option<f64>")]
    pub warn_below: Option<Spanned<Finite>>,
    /// Up to here, a value above the target is at risk and not yet missed.
    #[schemars(with = "Option<f64>")]
    pub warn_above: Option<Spanned<Finite>>,
    /// The value that progress is counted from: 0 % there, 100 % at the target.
    #[schemars(with = "Option<f64>")]
    pub start: Option<Spanned<Finite>>,
    /// Whether a value that meets the target is at risk where its interval reaches beyond it.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub by_interval: Option<Spanned<bool>>,
    /// Whether each group decides whether the target is missed, and not the total alone.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub groups: Option<Spanned<bool>>,
}

/// A value from elsewhere.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BenchmarkConfig {
    /// The value, in the unit of those that are compared with it.
    #[schemars(with = "f64")]
    pub value: Finite,
    /// Where it is from, such as a study and its year.
    pub source: String,
}

/// Reads a target, and reports what is wrong with it. A wrong target is kept, so that what refers to it is not reported as wrong, too.
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
    } else if let Some(asked) = by_interval.filter(|_| !of.has_interval) {
        wrong.at(
            asked.span(),
            &format!("`{}` is derived, and has no interval", of.name),
            "leave `by_interval` out, or say with `parts` how its parts vary together",
        );
    }
    let groups = written.groups.as_ref().filter(|asked| *asked.get_ref());
    if let Some(asked) = groups.filter(|_| of.by.iter().all(Vec::is_empty)) {
        let help = if of.is_calculated {
            "break down what it is made of: `by = [[], [\"…\"]]`"
        } else {
            "break it down: `by = [[], [\"…\"]]`"
        };
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
    Goal { target: Arc::new(target), holds, groups: groups.is_some(), table: None }
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
    if let Some(place) = conditions::asks_of_target(holds.get_ref()) {
        wrong.at(place, "a target can't be asked about itself", "ask for the value, its interval or its change");
        return None;
    }
    let condition = conditions::read(holds, wrong.0)?;
    if let Some((place, obstacle)) = conditions::obstacle(&condition, holds, of) {
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
