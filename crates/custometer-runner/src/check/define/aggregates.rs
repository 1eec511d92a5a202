//! Measures as a config writes them: one SQL aggregate of a closed set, with an optional filter.

use custometer_core::{Aggregate, Measure, Scope, measure::Stock};
use polars::lazy::dsl::{BooleanFunction, FunctionExpr};
use polars::prelude::{Expr, Operator, lit};
use sqlparser::ast::{self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArguments};

use crate::check::expression::{Mistake, Syntax};

/// An aggregate of expressions: as they are written, or as they are computed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written<E = Expr> {
    pub(super) kind: Kind<E>,
    /// Which rows take part.
    pub(super) filter: Option<E>,
}

/// What is aggregated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<E = Expr> {
    /// Rows; of an expression, those where it is not missing.
    Count(Option<E>),
    CountDistinct(E),
    Sum(E),
    Min(E),
    Max(E),
    Mean(E),
    Variance(E),
    /// The square root of the variance.
    Deviation(E),
    Quantile(E, f64),
}

const ONE_AGGREGATE: &str = "a measure is one of `count(*)`, `count(x)`, `count(distinct x)`, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, \
    `variance(x)`, `stddev(x)`, `median(x)` and `quantile(x, 0.9)`, each with an optional `filter (where …)`";

impl Written<Syntax> {
    /// Reads an aggregate.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let syntax = Syntax::parse(text).map_err(|mistake| {
            let message = mistake.message.replace("not an SQL expression", "not an SQL aggregate");
            let help = mistake.help.clone().unwrap_or_else(|| ONE_AGGREGATE.to_owned());
            Mistake { message, ..mistake }.help(help)
        })?;
        let Some(function) = syntax.call() else {
            return Err(Mistake::new("this is no aggregate")
                .help(format!("{ONE_AGGREGATE}; what is calculated with several of them belongs in `value`")));
        };
        Self::of(&syntax, function)
    }

    fn of(syntax: &Syntax, function: &ast::Function) -> Result<Self, Mistake> {
        let at = |word: &str, mistake: Mistake| mistake.at(syntax.word(word));
        let written = function.name.to_string();
        let name = written.to_lowercase();
        if function.over.is_some() {
            return Err(at("over", Mistake::new("a measure is taken over all rows of its group, and has no window")));
        }
        let list = match &function.args {
            FunctionArguments::List(list) => Some(list),
            _ => None,
        };
        let plain_clauses = list.is_none_or(|list| list.clauses.is_empty()) && function.null_treatment.is_none();
        if !plain_clauses || !matches!(function.parameters, FunctionArguments::None) {
            return Err(at(&written, Mistake::new(format!("`{written}` has clauses that mean nothing here")).help(ONE_AGGREGATE)));
        }
        let args: Vec<&FunctionArg> = list.iter().flat_map(|list| &list.args).collect();
        let distinct = list.is_some_and(|list| list.duplicate_treatment == Some(DuplicateTreatment::Distinct));
        if distinct && name != "count" {
            let mistake = Mistake::new(format!("`{written}` of distinct values can't be put together from parts"));
            return Err(at("distinct", mistake.help("only `count` may have `distinct`")));
        }
        let wrong = |expected: &str| at(&written, Mistake::new(format!("`{written}` takes {expected}")));
        let of = |arg: &FunctionArg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(of)) => Some(syntax.part(of)),
            _ => None,
        };
        let one = || match args.as_slice() {
            [arg] => of(arg).ok_or_else(|| wrong("one value")),
            _ => Err(wrong("one value")),
        };
        let within = match function.within_group.as_slice() {
            [] => None,
            [order] if order.options.asc != Some(false) => Some(&order.expr),
            _ => return Err(wrong("`within group (order by x)`, upwards")),
        };
        if within.is_some() && name != "percentile_cont" {
            return Err(wrong("no `within group`"));
        }
        let kind = match name.as_str() {
            "count" if distinct => Kind::CountDistinct(one()?),
            "count" => match args.as_slice() {
                [] | [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] => Kind::Count(None),
                _ => Kind::Count(Some(one()?).filter(|of| !of.columns().is_empty())),
            },
            "sum" => Kind::Sum(one()?),
            "min" => Kind::Min(one()?),
            "max" => Kind::Max(one()?),
            "avg" | "mean" => Kind::Mean(one()?),
            "variance" | "var_samp" => Kind::Variance(one()?),
            "stddev" | "stddev_samp" => Kind::Deviation(one()?),
            "median" => Kind::Quantile(one()?, 0.5),
            "percentile_cont" => match (args.as_slice(), within) {
                ([at], Some(of)) => Kind::Quantile(syntax.part(of), level(at, syntax)?),
                _ => return Err(wrong("a level and what to order by: `percentile_cont(0.9) within group (order by x)`")),
            },
            "quantile" | "quantile_cont" | "percentile" => match args.as_slice() {
                [arg, at] => Kind::Quantile(of(arg).ok_or_else(|| wrong("a value and a level"))?, level(at, syntax)?),
                _ => return Err(wrong("a value and a level from 0 to 1, such as `quantile(x, 0.9)`")),
            },
            "var_pop" | "stddev_pop" => {
                let mistake = Mistake::new(format!("`{written}` is of a whole population, and a report's rows are a sample"));
                return Err(at(&written, mistake.help("take `variance` or `stddev`")));
            }
            _ => {
                let mistake =
                    Mistake::new(format!("`{written}` can't be a measure: what it says of parts does not tell what it says of the whole"));
                return Err(at(&written, mistake.help(ONE_AGGREGATE)));
            }
        };
        let filter = function.filter.as_ref().map(|filter| syntax.part(filter));
        Ok(Self { kind, filter })
    }
}

impl<E> Written<E> {
    /// What is aggregated, where it is more than rows.
    pub(super) fn of_what(&self) -> Option<&E> {
        match &self.kind {
            Kind::Count(of) => of.as_ref(),
            Kind::CountDistinct(of)
            | Kind::Sum(of)
            | Kind::Min(of)
            | Kind::Max(of)
            | Kind::Mean(of)
            | Kind::Variance(of)
            | Kind::Deviation(of)
            | Kind::Quantile(of, _) => Some(of),
        }
    }

    /// Whether it needs numbers.
    pub(super) fn is_of_numbers(&self) -> bool {
        !matches!(self.kind, Kind::Count(_) | Kind::CountDistinct(_))
    }

    /// The same of other expressions: what is aggregated, and the filter. None where one of them has none.
    pub(super) fn with<F>(self, of: Option<F>, filter: Option<F>) -> Option<Written<F>> {
        let kind = match self.kind {
            Kind::Count(None) => Kind::Count(None),
            Kind::Count(Some(_)) => Kind::Count(Some(of?)),
            Kind::CountDistinct(_) => Kind::CountDistinct(of?),
            Kind::Sum(_) => Kind::Sum(of?),
            Kind::Min(_) => Kind::Min(of?),
            Kind::Max(_) => Kind::Max(of?),
            Kind::Mean(_) => Kind::Mean(of?),
            Kind::Variance(_) => Kind::Variance(of?),
            Kind::Deviation(_) => Kind::Deviation(of?),
            Kind::Quantile(_, level) => Kind::Quantile(of?, level),
        };
        (self.filter.is_some() == filter.is_some()).then_some(Written { kind, filter })
    }
}

impl Written {
    /// The measure that it is.
    pub(super) fn measure(&self, name: &str) -> Measure {
        let aggregate = match &self.kind {
            Kind::Count(_) => return self.rows(name),
            Kind::CountDistinct(of) => Aggregate::CountDistinct(of.clone()),
            Kind::Sum(of) => Aggregate::Sum(of.clone()),
            Kind::Min(of) => Aggregate::Min(of.clone()),
            Kind::Max(of) => Aggregate::Max(of.clone()),
            Kind::Mean(of) => Aggregate::Mean(of.clone()),
            Kind::Variance(of) | Kind::Deviation(of) => Aggregate::Variance(of.clone()),
            Kind::Quantile(of, level) => Aggregate::Quantile(of.clone(), *level),
        };
        measure(name, aggregate, self.filter.clone())
    }

    /// The measure that counts the rows which take part.
    pub(super) fn rows(&self, name: &str) -> Measure {
        measure(name, Aggregate::Count, self.taking_part())
    }

    /// Which rows take part; none for all.
    pub(super) fn taking_part(&self) -> Option<Expr> {
        let there = self.of_what().map(|of| of.clone().is_not_null());
        self.filter.iter().cloned().chain(there).reduce(Expr::and)
    }
}

/// A measure over the rows of its group.
pub(super) fn measure(name: &str, aggregate: Aggregate, filter: Option<Expr>) -> Measure {
    Measure { name: name.to_owned(), aggregate, filter, scope: Scope::Group, stock: Stock::Flow }
}

fn level(at: &FunctionArg, syntax: &Syntax) -> Result<f64, Mistake> {
    let written = at.to_string();
    let level = written.parse::<f64>().ok().filter(|level| (0.0..=1.0).contains(level));
    level.ok_or_else(|| Mistake::new(format!("`{written}` is no level from 0 to 1, such as 0.9")).at(syntax.word(&written)))
}

/// What a condition asks, as parts that all must hold.
pub(super) fn conjuncts(condition: Option<&Expr>) -> Vec<&Expr> {
    match condition {
        None => Vec::new(),
        Some(Expr::BinaryExpr { left, op: Operator::And | Operator::LogicalAnd, right }) => {
            let mut both = conjuncts(Some(left));
            both.extend(conjuncts(Some(right)));
            both
        }
        Some(other) => vec![other],
    }
}

/// Whether a condition can't be true where `of` is missing.
pub(super) fn needs(condition: &Expr, of: &Expr) -> bool {
    match condition {
        Expr::BinaryExpr { left, op: Operator::And | Operator::LogicalAnd, right } => needs(left, of) || needs(right, of),
        Expr::BinaryExpr { left, op: Operator::Or | Operator::LogicalOr, right } => needs(left, of) && needs(right, of),
        condition => *condition == of.clone().is_not_null() || follows(condition, of),
    }
}

/// Whether a value is missing where `of` is.
fn follows(value: &Expr, of: &Expr) -> bool {
    match value {
        value if value == of => true,
        Expr::BinaryExpr {
            op:
                Operator::And
                | Operator::LogicalAnd
                | Operator::Or
                | Operator::LogicalOr
                | Operator::Xor
                | Operator::EqValidity
                | Operator::NotEqValidity,
            ..
        } => false,
        Expr::BinaryExpr { left, right, .. } => follows(left, of) || follows(right, of),
        Expr::Cast { expr, .. } => follows(expr, of),
        Expr::Function { input, function: FunctionExpr::Boolean(BooleanFunction::IsBetween { .. } | BooleanFunction::IsIn { .. }) } => {
            input.first().is_some_and(|value| follows(value, of))
        }
        _ => false,
    }
}

/// A number that is 0 where it is missing, as sums have it.
pub(super) fn or_zero(of: &Expr) -> Expr {
    of.clone().fill_null(lit(0.0))
}
