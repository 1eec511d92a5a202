//! A column that a metric reads: its type, unit, possible values, and what a missing one means.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::unit::Unit;

/// One column of a source.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each says a thing of its own, which authors write as one word")]
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
    /// Whether it is an amount of money that is due again and again while its row lasts, so that no day is its own.
    pub is_recurring: bool,
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
            is_recurring: false,
            description: "",
            also_called: "",
        }
    }

    /// An identifier of a customer, user, order or ticket: text or a whole number, only ever compared with others of its table. Expressions see
    /// a number in its place, which no other id has, and which is not what is written.
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

    /// An amount of money that is due again and again while its row lasts, such as what is paid for a month.
    #[must_use]
    pub const fn recurring(mut self) -> Self {
        self.is_recurring = true;
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
