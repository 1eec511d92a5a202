//! Conditions on results: what a goal that is true or false asks, and when an alert fires.

use std::fmt;

use custometer_core::Baseline;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::result::{Comparison, ResultRow, Status};

/// Tests that all have to hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) tests: Vec<Test>,
    /// What changes are from; the first that a request is compared with unless said.
    pub(crate) baseline: Option<Baseline>,
}

/// One thing that is asked of a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Below(Quantity, f64),
    Above(Quantity, f64),
    ChangeIs(Verdict),
    Significant(bool),
    BenchmarkIs(Verdict),
    Status(Vec<Status>),
    Undefined(bool),
    Unusual(bool),
}

/// A number of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Value,
    Low,
    High,
    N,
    Change,
    RelativeChange,
    Progress,
}

/// Better or worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Good news.
    Better,
    /// Bad news.
    Worse,
}

impl Condition {
    /// Whether all of it holds; none where that can't be known, as for a suppressed result.
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
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Below(quantity, _) | Self::Above(quantity, _) => Some(*quantity),
            _ => None,
        }
    }

    pub(crate) fn is_of_change(&self) -> bool {
        matches!(self, Self::ChangeIs(_) | Self::Significant(_))
            || matches!(self.quantity(), Some(Quantity::Change | Quantity::RelativeChange))
    }

    /// Whether it asks how sure a value or a change is.
    pub(crate) fn is_of_evidence(&self) -> bool {
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
            Self::Unusual(unusual) => row.process_limits.as_ref().map(|limits| limits.unusual.is_empty() != *unusual),
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
                Test::Unusual(unusual) => f.write_str(if *unusual { "unusual" } else { "as usual" })?,
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
