//! Measures as a config writes them: one SQL aggregate of a closed set, with an optional filter.

use custometer_core::{Aggregate, Measure, Scope, measure::Stock};
use polars::lazy::dsl::{BooleanFunction, FunctionExpr};
use polars::prelude::{Expr, Operator, lit};
use sqlparser::ast::{self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArguments};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use crate::check::sql;

/// An aggregate as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) kind: Kind,
    /// Which rows take part.
    pub(super) filter: Option<Expr>,
}

/// What is aggregated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Rows; of an expression, those where it is not missing.
    Count(Option<Expr>),
    CountDistinct(Expr),
    Sum(Expr),
    Min(Expr),
    Max(Expr),
    Mean(Expr),
    Variance(Expr),
    /// The square root of the variance.
    Deviation(Expr),
    Quantile(Expr, f64),
}

/// Why an aggregate can't be one of a definition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The word of the text that it is about.
    pub(super) word: Option<String>,
}

impl Refused {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, word: None }
    }
    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
    fn at(self, word: &str) -> Self {
        Self { word: Some(word.to_owned()), ..self }
    }
}

const ONE_AGGREGATE: &str = "a measure is one of `count(*)`, `count(x)`, `count(distinct x)`, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, \
    `variance(x)`, `stddev(x)`, `median(x)` and `quantile(x, 0.9)`, each with an optional `filter (where …)`";

impl Written {
    /// Reads an aggregate.
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let syntax = |error: sqlparser::parser::ParserError| {
            Refused::new(format!("not an SQL aggregate: {}", error.to_string().trim_start_matches("sql parser error: ")))
                .help(ONE_AGGREGATE)
        };
        let mut parser = Parser::new(&GenericDialect).try_with_sql(text).map_err(syntax)?;
        let parsed = parser.parse_expr().map_err(syntax)?;
        let rest = parser.peek_token().token;
        if rest != sqlparser::tokenizer::Token::EOF {
            return Err(Refused::new(format!("`{rest}` has no meaning after an aggregate")).help(ONE_AGGREGATE).at(&rest.to_string()));
        }
        let ast::Expr::Function(function) = parsed else {
            return Err(Refused::new("this is not an aggregate")
                .help(format!("{ONE_AGGREGATE}; what is calculated with several of them belongs in `value`")));
        };
        Self::of(&function)
    }

    fn of(function: &ast::Function) -> Result<Self, Refused> {
        let written = function.name.to_string();
        let name = written.to_lowercase();
        if function.over.is_some() {
            return Err(Refused::new("a measure is taken over all rows of its group, and has no window").at("over"));
        }
        let list = match &function.args {
            FunctionArguments::List(list) => Some(list),
            _ => None,
        };
        let plain_clauses = list.is_none_or(|list| list.clauses.is_empty()) && function.null_treatment.is_none();
        if !plain_clauses || !matches!(function.parameters, FunctionArguments::None) {
            return Err(Refused::new(format!("`{written}` has clauses that mean nothing here")).help(ONE_AGGREGATE).at(&written));
        }
        let args: Vec<&FunctionArg> = list.iter().flat_map(|list| &list.args).collect();
        let distinct = list.is_some_and(|list| list.duplicate_treatment == Some(DuplicateTreatment::Distinct));
        if distinct && name != "count" {
            return Err(Refused::new(format!("`{written}` of distinct values can't be put together from parts"))
                .help("only `count` may have `distinct`")
                .at("distinct"));
        }
        let wrong = |expected: &str| Refused::new(format!("`{written}` takes {expected}")).at(&written);
        let of = |arg: &FunctionArg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(of)) => row_expression(&of.to_string()).map(Some),
            _ => Ok(None),
        };
        let one = || match args.as_slice() {
            [arg] => of(arg)?.ok_or_else(|| wrong("one value")),
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
                _ => Kind::Count(Some(one()?).filter(|of| !of.clone().meta().root_names().is_empty())),
            },
            "sum" => Kind::Sum(one()?),
            "min" => Kind::Min(one()?),
            "max" => Kind::Max(one()?),
            "avg" | "mean" => Kind::Mean(one()?),
            "variance" | "var_samp" => Kind::Variance(one()?),
            "stddev" | "stddev_samp" => Kind::Deviation(one()?),
            "median" => Kind::Quantile(one()?, 0.5),
            "percentile_cont" => match (args.as_slice(), within) {
                ([at], Some(of)) => Kind::Quantile(row_expression(&of.to_string())?, level(at)?),
                _ => return Err(wrong("a level and what to order by: `percentile_cont(0.9) within group (order by x)`")),
            },
            "quantile" | "quantile_cont" | "percentile" => match args.as_slice() {
                [arg, at] => Kind::Quantile(of(arg)?.ok_or_else(|| wrong("a value and a level"))?, level(at)?),
                _ => return Err(wrong("a value and a level from 0 to 1, such as `quantile(x, 0.9)`")),
            },
            "var_pop" | "stddev_pop" => {
                return Err(Refused::new(format!("`{written}` is of a whole population, and a report's rows are a sample"))
                    .help("take `variance` or `stddev`")
                    .at(&written));
            }
            _ => {
                return Err(Refused::new(format!(
                    "`{written}` can't be a measure: what it says of parts does not tell what it says of the whole"
                ))
                .help(ONE_AGGREGATE)
                .at(&written));
            }
        };
        let filter = function.filter.as_ref().map(|filter| row_expression(&filter.to_string())).transpose()?;
        Ok(Self { kind, filter })
    }

    /// What is aggregated, where it is more than rows.
    pub(super) fn of_what(&self) -> Option<&Expr> {
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

    /// Its expressions, each after a change.
    pub(super) fn map(self, change: &mut dyn FnMut(Expr) -> Expr) -> Self {
        let kind = match self.kind {
            Kind::Count(of) => Kind::Count(of.map(&mut *change)),
            Kind::CountDistinct(of) => Kind::CountDistinct(change(of)),
            Kind::Sum(of) => Kind::Sum(change(of)),
            Kind::Min(of) => Kind::Min(change(of)),
            Kind::Max(of) => Kind::Max(change(of)),
            Kind::Mean(of) => Kind::Mean(change(of)),
            Kind::Variance(of) => Kind::Variance(change(of)),
            Kind::Deviation(of) => Kind::Deviation(change(of)),
            Kind::Quantile(of, level) => Kind::Quantile(change(of), level),
        };
        Self { kind, filter: self.filter.map(change) }
    }

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

/// An expression over a single row.
pub(super) fn row_expression(of: &str) -> Result<Expr, Refused> {
    let expression = sql::expression(of).map_err(|reason| Refused::new(format!("`{of}` is not an SQL expression: {reason}")))?;
    if (&expression).into_iter().any(sql::is_aggregate) {
        return Err(Refused::new(format!("`{of}` looks at more than one row")).help("an aggregate is of what single rows say"));
    }
    Ok(sql::forgiving(expression))
}

fn level(at: &FunctionArg) -> Result<f64, Refused> {
    let written = at.to_string();
    let level = written.parse::<f64>().ok().filter(|level| (0.0..=1.0).contains(level));
    level.ok_or_else(|| Refused::new(format!("`{written}` is not a level from 0 to 1, such as 0.9")).at(&written))
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
