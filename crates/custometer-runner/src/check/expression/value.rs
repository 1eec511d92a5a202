//! A value on its way through an expression.

use polars::prelude::{DataType, Expr, NULL, coalesce, lit};

use super::elementwise::whole;
use super::kind::Kind;
use crate::read::fault::Origin;

/// A day of 24 hours, in microseconds.
pub(super) const DAY: i64 = 86_400_000_000;

/// A value on its way.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) expr: Expr,
    pub(super) kind: Kind,
    /// The number of the reason for which it fails in a row.
    pub(super) fault: Option<Expr>,
    /// Whether it may have left the finite numbers.
    pub(super) open: bool,
    /// Of an interval, what the calendar decides how long it is.
    pub(super) calendar: Option<Calendar>,
    pub(super) origin: Option<Origin>,
    /// How messages call it.
    pub(super) words: String,
}

impl Value {
    pub(super) fn new(expr: Expr, kind: Kind, words: impl Into<String>) -> Self {
        Self { expr, kind, fault: None, open: false, calendar: None, origin: None, words: words.into() }
    }
}

/// The parts of an interval whose length the calendar decides, as whole numbers. Months and days are those that clocks go through: a day may
/// have 23 hours.
#[derive(Debug, Clone, Default)]
pub(super) struct Calendar {
    pub(super) months: Option<Expr>,
    pub(super) days: Option<Expr>,
}

impl Calendar {
    /// The whole interval in microseconds, with days of 24 hours; none where it has months. `rest` is what it has beside the calendar's part.
    pub(super) fn elapsed(&self, rest: &Expr) -> Option<Expr> {
        match (&self.months, &self.days) {
            (Some(_), _) => None,
            (None, Some(days)) => Some(whole(days.clone(), rest.clone(), |days, rest| days.checked_mul(DAY)?.checked_add(rest))),
            (None, None) => Some(rest.clone()),
        }
    }

    pub(super) fn map(self, change: impl Fn(Expr) -> Expr) -> Self {
        Self { months: self.months.map(&change), days: self.days.map(&change) }
    }
}

/// The first of several numbers of reasons.
pub(super) fn first(faults: impl IntoIterator<Item = Option<Expr>>) -> Option<Expr> {
    let mut faults: Vec<Expr> = faults.into_iter().flatten().collect();
    match faults.len() {
        0 | 1 => faults.pop(),
        _ => Some(coalesce(&faults)),
    }
}

/// The number of no reason.
pub(super) fn none() -> Expr {
    lit(NULL).cast(DataType::Int32)
}

/// All parts put together two by two, so that the whole is only as deep as it must be.
pub(super) fn balanced(mut parts: Vec<Expr>, join: impl Fn(Expr, Expr) -> Expr + Copy) -> Expr {
    if parts.len() > 1 {
        let rest = parts.split_off(parts.len() / 2);
        return join(balanced(parts, join), balanced(rest, join));
    }
    parts.pop().unwrap_or_else(|| lit(false))
}
