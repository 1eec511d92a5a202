//! What a metric reads: a logical table, the columns it needs, and the rules over several of them.

use polars::prelude::Expr;

use crate::column::{Column, Domain};
use crate::exchange::Lasting;
use crate::measure::Measure;
use crate::table::Table;
use crate::time::LocalClock;

/// The rows a metric is computed from.
///
/// Only the columns named here (and those of breakdowns) are read from the file. Every column's rules are checked on every row;
/// rows that break one are rejected and counted by reason, never guessed at.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The logical table, such as `orders`.
    pub table: Table,
    /// The column whose instant decides the bucket of a row. Read only when a report has a period or a grain, or where it is
    /// [always](Self::always_at) read.
    pub time: Option<&'static str>,
    /// Whether rows are placed in time even where a report has neither period nor grain; the period is then that of the data.
    pub is_always_timed: bool,
    /// Which instants are possible there.
    pub time_domain: Domain,
    /// The other columns, in the order their rules are checked.
    pub columns: Vec<Column>,
    /// Optional columns that the table does not have; missing in every row.
    pub absent: Vec<Column>,
    /// Rules over several columns, checked after the columns' own.
    pub rules: Vec<Rule>,
    /// The column of ids whose rows are used all or none.
    pub all_or_none: Option<&'static str>,
    /// What the rows as a whole may give reason to doubt.
    pub doubts: Vec<Doubt>,
    /// Where amounts stay in the currency of their row, from when until when each is due.
    pub in_own_currencies: Option<Lasting>,
}

impl Source {
    /// A source over a logical table, without columns yet.
    pub fn table(table: impl Into<Table>) -> Self {
        Self {
            table: table.into(),
            time: None,
            is_always_timed: false,
            time_domain: Domain::Any,
            columns: Vec::new(),
            absent: Vec::new(),
            rules: Vec::new(),
            all_or_none: None,
            doubts: Vec::new(),
            in_own_currencies: None,
        }
    }

    /// The column whose instant decides the bucket of a row.
    #[must_use]
    pub fn at(mut self, time: &'static str) -> Self {
        self.time = Some(time);
        self
    }

    /// The column whose instant decides the bucket of a row, for metrics that mean nothing without a beginning and an end. Where a report
    /// has no period, that of the data is taken.
    #[must_use]
    pub fn always_at(mut self, time: &'static str) -> Self {
        self.is_always_timed = true;
        self.at(time)
    }

    /// Amounts stay in the currency of their row, whose number is in the column [`CURRENCY`](crate::exchange::CURRENCY), and the derivation
    /// says with [`Exchange`](crate::Exchange) what they are worth as buckets open and close. A row is rejected where no rate is known that it
    /// is due at.
    #[must_use]
    pub fn in_own_currencies(mut self, lasting: Lasting) -> Self {
        self.in_own_currencies = Some(lasting);
        self
    }

    /// Only instants of these years are possible, the first and the last included, by UTC.
    #[must_use]
    pub fn years(mut self, from: i16, until: i16) -> Self {
        self.time_domain = Domain::Years { from, until };
        self
    }

    /// Adds a column.
    #[must_use]
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Adds a rule over several columns: a row for which `holds` is false is rejected with `reason`. A null passes.
    ///
    /// It may look at the other rows of the entity (`over`), and at no others; it sees those that have passed what was checked before.
    #[must_use]
    pub fn rule(mut self, reason: impl Into<String>, holds: Expr) -> Self {
        self.rules.push(Rule { reason: reason.into(), holds, sees_rejected: false, column: None });
        self
    }

    /// The same for a rule that is about what one column holds, which is shown as it is written.
    #[must_use]
    pub fn rule_of(mut self, column: &'static str, reason: impl Into<String>, holds: Expr) -> Self {
        self.rules.push(Rule { reason: reason.into(), holds, sees_rejected: false, column: Some(column) });
        self
    }

    /// The same for a rule that looks at the other rows of the entity, and also at those of them that are rejected themselves.
    #[must_use]
    pub fn rule_among_all(mut self, reason: impl Into<String>, holds: Expr) -> Self {
        self.rules.push(Rule { reason: reason.into(), holds, sees_rejected: true, column: None });
        self
    }
}

impl Source {
    /// Uses the rows of one id all or none: where one of them is rejected, so are the others. For stories that mean something else with a gap.
    #[must_use]
    pub fn all_or_none(mut self, id: &'static str) -> Self {
        self.all_or_none = Some(id);
        self
    }

    /// Why rows are rejected that no column by itself is at fault for.
    pub fn reasons(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.reason.clone()).chain(self.all_or_none.map(Self::another_row)).collect()
    }

    /// Why a row is rejected whose id has another one that is.
    pub fn another_row(id: &str) -> String {
        format!("another row of the same `{id}` is rejected")
    }

    /// Says so with every value where `holds` is true of what the measures come to over the rows that can be used, such as that an id that should be
    /// each row's own comes in several. Measures know what clocks in the report's time zone show.
    #[must_use]
    pub fn doubt(mut self, note: &'static str, measures: fn(&LocalClock) -> Vec<Measure>, holds: fn(&[Option<f64>]) -> bool) -> Self {
        self.doubts.push(Doubt { note, measures, holds });
        self
    }
}

/// What rows that are each possible may show as a whole: that they are not what they are taken for.
#[derive(Debug, Clone, Copy)]
pub struct Doubt {
    /// What is said then, and what to do.
    pub note: &'static str,
    /// What is measured of the rows.
    pub measures: fn(&LocalClock) -> Vec<Measure>,
    /// Whether there is reason to doubt, by what the measures come to, in their order.
    pub holds: fn(&[Option<f64>]) -> bool,
}

impl PartialEq for Doubt {
    /// What says the same is the same.
    fn eq(&self, other: &Self) -> bool {
        self.note == other.note
    }
}

/// A rule over several columns of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Why a row is rejected, as the report says it.
    pub reason: String,
    /// What must not be false.
    pub holds: Expr,
    /// Whether what it says of other rows is of rejected ones, too.
    pub sees_rejected: bool,
    /// The column at fault, where it is one.
    pub column: Option<&'static str>,
}
