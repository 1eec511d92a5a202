//! Conditions on results, as goals and alerts ask them.

use std::ops::Range;

use custometer_core::{Baseline, Direction};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::config::diagnostics::Collector;
use crate::config::values::Finite;
use crate::report::condition::{Condition, Quantity, Test, Verdict};
use crate::report::judged::Judged;
use crate::result::Status;

/// What is asked of a result. All of it has to hold; what can't be known does not.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConditionConfig {
    /// The value is below this.
    #[schemars(with = "Option<f64>")]
    pub value_below: Option<Spanned<Finite>>,
    /// The value is above this.
    #[schemars(with = "Option<f64>")]
    pub value_above: Option<Spanned<Finite>>,
    /// The whole interval is below this.
    #[schemars(with = "Option<f64>")]
    pub high_below: Option<Spanned<Finite>>,
    /// The whole interval is above this.
    #[schemars(with = "Option<f64>")]
    pub low_above: Option<Spanned<Finite>>,
    /// Fewer observations than these are behind the value.
    #[schemars(with = "Option<f64>")]
    pub n_below: Option<Spanned<Finite>>,
    /// More observations than these are behind the value.
    #[schemars(with = "Option<f64>")]
    pub n_above: Option<Spanned<Finite>>,
    /// The change, in the unit of the metric, is below this.
    #[schemars(with = "Option<f64>")]
    pub change_below: Option<Spanned<Finite>>,
    /// The change, in the unit of the metric, is above this.
    #[schemars(with = "Option<f64>")]
    pub change_above: Option<Spanned<Finite>>,
    /// The change in percent is below this.
    #[schemars(with = "Option<f64>")]
    pub relative_change_below: Option<Spanned<Finite>>,
    /// The change in percent is above this.
    #[schemars(with = "Option<f64>")]
    pub relative_change_above: Option<Spanned<Finite>>,
    /// The change is for the better or for the worse, by the metric's direction.
    #[schemars(with = "Option<Verdict>")]
    pub change_is: Option<Spanned<Verdict>>,
    /// The change is significant, or not.
    #[schemars(with = "Option<bool>")]
    pub significant: Option<Spanned<bool>>,
    /// What the change is from; the first that the request is compared with unless said.
    #[schemars(with = "Option<Baseline>")]
    pub compared_with: Option<Spanned<Baseline>>,
    /// The value is better or worse than the benchmark, by the metric's direction.
    #[schemars(with = "Option<Verdict>")]
    pub benchmark_is: Option<Spanned<Verdict>>,
    /// The target's status is one of these.
    #[schemars(with = "Option<Vec<Status>>")]
    pub status: Option<Spanned<Vec<Status>>>,
    /// The progress towards the target, in percent, is below this.
    #[schemars(with = "Option<f64>")]
    pub progress_below: Option<Spanned<Finite>>,
    /// The progress towards the target, in percent, is above this.
    #[schemars(with = "Option<f64>")]
    pub progress_above: Option<Spanned<Finite>>,
    /// There is no value, or there is one. Suppressed results are neither.
    #[schemars(with = "Option<bool>")]
    pub undefined: Option<Spanned<bool>>,
    /// The value breaks a run rule of its trend's natural process limits, or it doesn't.
    #[schemars(with = "Option<bool>")]
    pub unusual: Option<Spanned<bool>>,
}

/// What the author of a condition has to know when it can't be asked of a result.
pub(crate) struct Obstacle {
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// Reads a condition; what is wrong with its form is reported.
pub(crate) fn read(config: &Spanned<ConditionConfig>, problems: &mut Collector) -> Option<Condition> {
    let asked = asked(config.get_ref());
    let mut is_right = true;
    if asked.is_empty() && problems.has_any_in(&config.span()) {
        is_right = false;
    } else if asked.is_empty() {
        problems.report(config.span(), "the condition asks nothing").help("say what has to hold, such as `value_below = 30`");
        is_right = false;
    }
    if let Some(status) = config.get_ref().status.as_ref().filter(|status| status.get_ref().is_empty()) {
        problems.report(status.span(), "no status is one of none").help("name one or more: `status = [\"missed\"]`");
        is_right = false;
    }
    let compares = asked.iter().any(|(test, _)| test.is_of_change());
    if let Some(unused) = config.get_ref().compared_with.as_ref().filter(|_| !compares) {
        problems.report(unused.span(), "nothing is asked of the change").help("add `change_below`, `change_is = \"worse\"` or the like");
        is_right = false;
    }
    let baseline = config.get_ref().compared_with.as_ref().map(|baseline| *baseline.get_ref());
    is_right.then(|| Condition { tests: asked.into_iter().map(|(test, _)| test).collect(), baseline })
}

/// Why a condition can't be asked of results, with the place in the config of each part that can't.
pub(crate) fn obstacle(condition: &Condition, config: &Spanned<ConditionConfig>, of: &Judged<'_>) -> Option<(Range<usize>, Obstacle)> {
    asked(config.get_ref()).into_iter().find_map(|(test, place)| Some((place, obstacle_to(condition, &test, of)?)))
}

/// Whether it asks how a value stands to its target, which a target itself can't.
pub(crate) fn asks_of_target(config: &ConditionConfig) -> Option<Range<usize>> {
    asked(config)
        .into_iter()
        .find(|(test, _)| matches!(test, Test::Status(_)) || test.quantity() == Some(Quantity::Progress))
        .map(|(_, at)| at)
}

fn obstacle_to(condition: &Condition, test: &Test, of: &Judged<'_>) -> Option<Obstacle> {
    let name = of.name;
    let obstacle = |message: String, help| Some(Obstacle { message, help });
    if !of.has_interval && test.is_of_evidence() {
        let help = "ask for its value or its change, or ask this of what it is made of";
        return obstacle(format!("`{name}` is derived, and has neither interval nor n nor p-value"), help);
    }
    if of.is_calculated && matches!(test, Test::Significant(_)) {
        let help = "ask for its change, or ask this of what it is made of";
        return obstacle(format!("`{name}` is derived, and its changes are not tested"), help);
    }
    if test.is_of_change() && of.compare.is_empty() {
        let help =
            if of.is_calculated { "give all that it is made of `compare = [\"previous\"]`" } else { "give it `compare = [\"previous\"]`" };
        return obstacle(format!("`{name}` is compared with nothing"), help);
    }
    if let Some(baseline) = condition.baseline.filter(|baseline| test.is_of_change() && !of.compare.contains(baseline)) {
        let help = if of.is_calculated { "add it to the `compare` of all that it is made of" } else { "add it to `compare`" };
        return obstacle(format!("`{name}` is not compared with `{}`", baseline.as_str()), help);
    }
    match test {
        Test::ChangeIs(_) | Test::BenchmarkIs(_) if of.direction == Direction::Neutral => obstacle(
            format!("neither more nor less of `{name}` is better"),
            if of.is_calculated {
                "give it a `direction`, or ask whether the value or its change is below or above a number"
            } else {
                "ask whether the value or its change is below or above a number"
            },
        ),
        Test::Unusual(_) => of.no_limits.and_then(|reason| {
            let help = "ask it of a request by day, week or month, over the buckets themselves";
            obstacle(format!("what is usual for `{name}` can't be told: {reason}"), help)
        }),
        Test::BenchmarkIs(_) if of.benchmark.is_none() => {
            obstacle(format!("`{name}` has no benchmark"), "give it `benchmark = { value = …, source = \"…\" }`")
        }
        Test::Status(_) if of.target.is_none() => obstacle(format!("`{name}` has no target"), "give it `target = { at_least = … }`"),
        Test::Below(Quantity::Progress, _) | Test::Above(Quantity::Progress, _) => {
            let progresses = of.target.is_some_and(|goal| goal.target.start.is_some() || goal.target.holds.is_some());
            if progresses { None } else { obstacle(format!("`{name}` has no progress"), "give its target a `start`") }
        }
        _ => None,
    }
}

/// Everything that a condition asks, with its place in the config.
fn asked(config: &ConditionConfig) -> Vec<(Test, Range<usize>)> {
    use Quantity::{Change, High, Low, N, Progress, RelativeChange, Value};
    use Test::{Above, Below};
    type Limit = fn(Quantity, f64) -> Test;
    let limits: [(&Option<Spanned<Finite>>, Limit, Quantity); 12] = [
        (&config.value_below, Below, Value),
        (&config.value_above, Above, Value),
        (&config.high_below, Below, High),
        (&config.low_above, Above, Low),
        (&config.n_below, Below, N),
        (&config.n_above, Above, N),
        (&config.change_below, Below, Change),
        (&config.change_above, Above, Change),
        (&config.relative_change_below, Below, RelativeChange),
        (&config.relative_change_above, Above, RelativeChange),
        (&config.progress_below, Below, Progress),
        (&config.progress_above, Above, Progress),
    ];
    let limits = limits.into_iter().filter_map(|(limit, test, quantity)| Some((limit.as_ref()?, test, quantity)));
    let mut asked: Vec<(Test, Range<usize>)> =
        limits.map(|(limit, test, quantity)| (test(quantity, limit.get_ref().0), limit.span())).collect();
    asked.extend(config.change_is.iter().map(|verdict| (Test::ChangeIs(*verdict.get_ref()), verdict.span())));
    asked.extend(config.significant.iter().map(|significant| (Test::Significant(*significant.get_ref()), significant.span())));
    asked.extend(config.benchmark_is.iter().map(|verdict| (Test::BenchmarkIs(*verdict.get_ref()), verdict.span())));
    asked.extend(config.status.iter().map(|any| (Test::Status(any.get_ref().clone()), any.span())));
    asked.extend(config.unusual.iter().map(|unusual| (Test::Unusual(*unusual.get_ref()), unusual.span())));
    asked.extend(config.undefined.iter().map(|undefined| (Test::Undefined(*undefined.get_ref()), undefined.span())));
    asked
}
