//! What a metric reads: a logical table and the columns it needs, with type, unit, domain and null rule.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use polars::prelude::Expr;

use crate::time::LocalClock;
use crate::{Table, Unit};

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
    /// What the rows as a whole may give reason to doubt.
    pub doubts: Vec<Doubt>,
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
            doubts: Vec::new(),
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
    /// Says so with every value where `holds` is true of the rows that can be used, such as that an id that should be each row's own comes in
    /// several. It is an aggregate of the source's columns, and knows what clocks in the report's time zone show.
    #[must_use]
    pub fn doubt(mut self, note: &'static str, holds: fn(&LocalClock) -> Expr) -> Self {
        self.doubts.push(Doubt { note, holds });
        self
    }
}

/// What rows that are each possible may show as a whole: that they are not what they are taken for.
#[derive(Debug, Clone, Copy)]
pub struct Doubt {
    /// What is said then, and what to do.
    pub note: &'static str,
    /// An aggregate of the rows, true where there is reason to doubt.
    pub holds: fn(&LocalClock) -> Expr,
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

/// One column of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its logical name, which the config maps to the file's.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnType,
    /// The unit of its values, where they have one.
    pub unit: Option<Unit>,
    /// Which values are possible.
    pub domain: Domain,
    /// What a missing value means.
    pub nulls: NullRule,
    /// Whether it is read only where the table has it, and is missing in every row elsewhere.
    pub is_optional: bool,
    /// Whether it is the last of several times, so that one after the as-of date leaves those before it open.
    pub is_latest: bool,
    /// Whether it may lie ahead of what the table knows, as the planned end of a contract does.
    pub is_planned: bool,
    /// One sentence for the documentation.
    pub description: &'static str,
    /// What exports call it, separated by commas.
    pub also_called: &'static str,
}

impl Column {
    /// A name that only a report's parameters know, for the columns of metrics that are told what to read. Each name is kept once, for as
    /// long as the program runs.
    pub fn name_from(params: &str) -> &'static str {
        static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(params).copied().unwrap_or_else(|| {
            let name: &'static str = params.to_owned().leak();
            names.insert(name);
            name
        })
    }

    const fn new(name: &'static str, kind: ColumnType) -> Self {
        Self {
            name,
            kind,
            unit: None,
            domain: Domain::Any,
            nulls: NullRule::Reject,
            is_optional: false,
            is_latest: false,
            is_planned: false,
            description: "",
            also_called: "",
        }
    }

    /// An identifier of a customer, user, order or ticket: text or a whole number, only ever compared with others of its table. Expressions see
    /// a number in its place, which is no other id's, and not what is written.
    pub const fn identifier(name: &'static str) -> Self {
        Self::new(name, ColumnType::Identifier)
    }

    /// A number.
    pub const fn number(name: &'static str) -> Self {
        Self::new(name, ColumnType::Number)
    }

    /// Text, compared exactly.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, ColumnType::Text)
    }

    /// An instant. Local times without an offset are read in the report's time zone.
    pub const fn time(name: &'static str) -> Self {
        Self::new(name, ColumnType::Time)
    }

    /// True or false.
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, ColumnType::Boolean)
    }

    /// Only numbers from `min` to `max`, both included.
    #[must_use]
    pub const fn between(mut self, min: f64, max: f64) -> Self {
        self.domain = Domain::Between { min, max };
        self
    }

    /// Only whole numbers from `min` to `max`, both included.
    #[must_use]
    pub const fn whole(mut self, min: i64, max: i64) -> Self {
        self.domain = Domain::Whole { min, max };
        self
    }

    /// Only these words, written just so.
    #[must_use]
    pub const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.domain = Domain::OneOf(words);
        self
    }

    /// What a missing value means; [`NullRule::Reject`] unless said.
    #[must_use]
    pub const fn nulls(mut self, rule: NullRule) -> Self {
        self.nulls = rule;
        self
    }

    /// The last of several times. One on the as-of date or later does not say that there was none before, and is kept as it is; of other times
    /// that may be missing, it is one that has not come yet.
    #[must_use]
    pub const fn latest(mut self) -> Self {
        self.is_latest = true;
        self
    }

    /// A time that may be planned, and says nothing of how far the data reach.
    #[must_use]
    pub const fn planned(mut self) -> Self {
        self.is_planned = true;
        self
    }

    /// Read only where the table has it. A missing value is kept, and so is every row of a table without the column.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.is_optional = true;
        self.nulls(NullRule::Keep)
    }

    /// The unit of the values.
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// One sentence for the documentation.
    #[must_use]
    pub const fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// What exports call it, the most telling names first and separated by commas, so that `inspect` finds it: `order total, total, beloeb`.
    /// Names are written as words in small letters of ASCII: `OrderTotal` as `order total`, `Beløb` as `beloeb`.
    #[must_use]
    pub const fn also_called(mut self, names: &'static str) -> Self {
        self.also_called = names;
        self
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// Text or a whole number, only ever compared.
    Identifier,
    /// Text.
    Text,
    /// A finite number.
    Number,
    /// True or false; `yes`, `no`, `1` and `0` are understood.
    Boolean,
    /// An instant.
    Time,
}

impl ColumnType {
    /// How messages and documentation call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "true or false",
            Self::Time => "time",
        }
    }
}

/// Which values of a column are possible. A value outside is rejected and counted.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Domain {
    /// Any value of the type.
    Any,
    /// Numbers from `min` to `max`, both included.
    Between {
        /// The smallest possible value.
        min: f64,
        /// The largest possible value.
        max: f64,
    },
    /// Whole numbers from `min` to `max`, both included.
    Whole {
        /// The smallest possible value.
        min: i64,
        /// The largest possible value.
        max: i64,
    },
    /// Instants of these years, the first and the last included, by UTC.
    Years {
        /// The first year.
        from: i16,
        /// The last year.
        until: i16,
    },
    /// These words, written just so.
    OneOf(&'static [&'static str]),
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Between { min, max } if max.is_infinite() => write!(f, "{min} or more"),
            Self::Between { min, max } => write!(f, "{min} to {max}"),
            Self::Years { from, until } => write!(f, "a time of the years {from} to {until}"),
            Self::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                write!(f, "{}", words.join(" or "))
            }
        }
    }
}

/// What a missing value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NullRule {
    /// The row is unusable: rejected and counted.
    Reject,
    /// The row is not an observation, such as a survey sent back without an answer: left out, and counted as skipped.
    Skip,
    /// The missing value has a meaning of its own, such as a ticket that has no reply yet.
    Keep,
}

impl NullRule {
    /// How documentation says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "missing: rejected",
            Self::Skip => "missing: left out",
            Self::Keep => "may be missing",
        }
    }
}
