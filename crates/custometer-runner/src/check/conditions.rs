//! Conditions on results: what a goal that is true or false asks, and when an alert fires.

use std::fmt;
use std::ops::Range;

use custometer_core::{Baseline, Direction};
use toml::Spanned;

use crate::check::goals::Judged;
use crate::config::diagnostics::Collector;
use crate::config::{ConditionConfig, Finite, Verdict};
use crate::result::{Comparison, ResultRow, Status};

/// Tests that all have to hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    tests: Vec<Test>,
    /// What changes are from; the first that a request is compared with unless said.
    baseline: Option<Baseline>,
}

/// One thing that is asked of a result.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    Below(Quantity, f64),
    Above(Quantity, f64),
    ChangeIs(Verdict),
    Significant(bool),
    BenchmarkIs(Verdict),
    Status(Vec<Status>),
    Undefined(bool),
}

/// A number of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Value,
    Low,
    High,
    N,
    Change,
    RelativeChange,
    Progress,
}

/// What the author of a condition has to know when it can't be asked of a result.
pub(crate) struct Obstacle {
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

impl Condition {
    /// Reads a condition; what is wrong with its form is reported.
    pub(crate) fn read(config: &Spanned<ConditionConfig>, problems: &mut Collector) -> Option<Self> {
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
            problems
                .report(unused.span(), "nothing is asked of the change")
                .help("add `change_below`, `change_is = \"worse\"` or the like");
            is_right = false;
        }
        let baseline = config.get_ref().compared_with.as_ref().map(|baseline| *baseline.get_ref());
        is_right.then(|| Self { tests: asked.into_iter().map(|(test, _)| test).collect(), baseline })
    }

    /// Why results can't be asked this, with the place in the config of what is asked in vain.
    pub(crate) fn obstacle(&self, config: &Spanned<ConditionConfig>, of: &Judged<'_>) -> Option<(Range<usize>, Obstacle)> {
        asked(config.get_ref()).into_iter().find_map(|(test, place)| Some((place, self.obstacle_to(&test, of)?)))
    }

    /// Whether it asks how a value stands to its target, which a target itself can't.
    pub(crate) fn asks_of_target(config: &ConditionConfig) -> Option<Range<usize>> {
        asked(config)
            .into_iter()
            .find(|(test, _)| matches!(test, Test::Status(_)) || test.quantity() == Some(Quantity::Progress))
            .map(|(_, at)| at)
    }

    fn obstacle_to(&self, test: &Test, of: &Judged<'_>) -> Option<Obstacle> {
        let name = of.name;
        let obstacle = |message: String, help| Some(Obstacle { message, help });
        if of.is_derived && test.is_of_evidence() {
            let help = "ask for its value or its change, or ask this of what it is made of";
            return obstacle(format!("`{name}` is derived, and has neither interval nor n nor p-value"), help);
        }
        if test.is_of_change() && of.compare.is_empty() {
            let help =
                if of.is_derived { "give all that it is made of `compare = [\"previous\"]`" } else { "give it `compare = [\"previous\"]`" };
            return obstacle(format!("`{name}` is compared with nothing"), help);
        }
        if let Some(baseline) = self.baseline.filter(|baseline| test.is_of_change() && !of.compare.contains(baseline)) {
            let help = if of.is_derived { "add it to the `compare` of all that it is made of" } else { "add it to `compare`" };
            return obstacle(format!("`{name}` is not compared with `{}`", baseline.as_str()), help);
        }
        match test {
            Test::ChangeIs(_) | Test::BenchmarkIs(_) if of.direction == Direction::Neutral => obstacle(
                format!("neither more nor less of `{name}` is better"),
                if of.is_derived {
                    "give it a `direction`, or ask whether the value or its change is below or above a number"
                } else {
                    "ask whether the value or its change is below or above a number"
                },
            ),
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

    /// Whether all of it holds; none where that can't be known. Of a result that is suppressed nothing is known.
    pub(crate) fn holds(&self, row: &ResultRow) -> Option<bool> {
        if row.suppressed {
            return None;
        }
        let comparison = self.comparison(row);
        let answers: Vec<Option<bool>> = self.tests.iter().map(|test| test.holds(row, comparison)).collect();
        if answers.contains(&Some(false)) { Some(false) } else { answers.into_iter().collect::<Option<Vec<_>>>().map(|_| true) }
    }

    /// The comparison that it asks about, or would.
    pub(crate) fn comparison<'a>(&self, row: &'a ResultRow) -> Option<&'a Comparison> {
        row.comparisons.iter().find(|comparison| self.baseline.is_none_or(|baseline| comparison.baseline == baseline))
    }
}

impl Test {
    fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Below(quantity, _) | Self::Above(quantity, _) => Some(*quantity),
            _ => None,
        }
    }

    fn is_of_change(&self) -> bool {
        matches!(self, Self::ChangeIs(_) | Self::Significant(_))
            || matches!(self.quantity(), Some(Quantity::Change | Quantity::RelativeChange))
    }

    /// Whether it asks how sure a value or a change is.
    fn is_of_evidence(&self) -> bool {
        matches!(self, Self::Significant(_)) || matches!(self.quantity(), Some(Quantity::Low | Quantity::High | Quantity::N))
    }

    fn holds(&self, row: &ResultRow, comparison: Option<&Comparison>) -> Option<bool> {
        let is =
            |verdict: Verdict, change: Option<f64>| change.map(|change| row.is_better(Some(change)) == Some(verdict == Verdict::Better));
        match self {
            Self::Below(quantity, limit) => quantity.of(row, comparison).map(|number| number < *limit),
            Self::Above(quantity, limit) => quantity.of(row, comparison).map(|number| number > *limit),
            // No change is neither better nor worse.
            Self::ChangeIs(verdict) => {
                is(*verdict, comparison?.change).map(|holds| holds && comparison.and_then(|of| of.change) != Some(0.0))
            }
            Self::BenchmarkIs(verdict) => {
                let change = row.benchmark.as_ref()?.change;
                is(*verdict, change).map(|holds| holds && change != Some(0.0))
            }
            Self::Significant(significant) => comparison?.significant.map(|is| is == *significant),
            Self::Status(any) => row.target.as_ref().map(|target| any.contains(&target.status)),
            Self::Undefined(undefined) => Some(row.value.is_none() == *undefined),
        }
    }
}

impl Quantity {
    fn of(self, row: &ResultRow, comparison: Option<&Comparison>) -> Option<f64> {
        match self {
            Self::Value => row.value,
            Self::Low => row.low,
            Self::High => row.high,
            Self::N => row.n,
            Self::Change => comparison?.change,
            Self::RelativeChange => comparison?.relative_change,
            Self::Progress => row.target.as_ref()?.progress,
        }
    }
}

/// In words, such as `value below 30 and n above 100`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |verdict: &Verdict| if *verdict == Verdict::Better { "better" } else { "worse" };
        for (position, test) in self.tests.iter().enumerate() {
            f.write_str(if position == 0 { "" } else { " and " })?;
            match test {
                Test::Below(quantity, limit) => write!(f, "{} below {limit}", quantity.as_str())?,
                Test::Above(quantity, limit) => write!(f, "{} above {limit}", quantity.as_str())?,
                Test::ChangeIs(verdict) => write!(f, "change for the {}", word(verdict))?,
                Test::BenchmarkIs(verdict) => write!(f, "{} than the benchmark", word(verdict))?,
                Test::Significant(significant) => write!(f, "change {}significant", if *significant { "" } else { "not " })?,
                Test::Status(any) => {
                    let names: Vec<String> = any.iter().map(|status| status.as_str().replace('_', " ")).collect();
                    write!(f, "target {}", names.join(" or "))?;
                }
                Test::Undefined(undefined) => f.write_str(if *undefined { "no value" } else { "a value" })?,
            }
        }
        if let Some(baseline) = self.baseline {
            write!(f, " (from {})", baseline.as_str().replace('_', " "))?;
        }
        Ok(())
    }
}

impl Quantity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Low | Self::High => "interval",
            Self::N => "n",
            Self::Change => "change",
            Self::RelativeChange => "relative change",
            Self::Progress => "progress",
        }
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
    asked.extend(config.undefined.iter().map(|undefined| (Test::Undefined(*undefined.get_ref()), undefined.span())));
    asked
}
