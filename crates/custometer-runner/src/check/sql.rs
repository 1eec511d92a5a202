//! SQL expressions of a config: over the columns of one row, and nothing else.

use std::ops::{ControlFlow, Range};

use custometer_core::function::Function;
use custometer_core::suggest::nearest;
use polars::chunked_array::cast::CastOptions;
use polars::lazy::dsl::{FunctionExpr, StringFunction};
use polars::prelude::{AggExpr, Expr, StrptimeOptions};
use polars::sql::sql_expr;
use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, visit_expressions_mut};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use toml::Spanned;

use crate::config::diagnostics::Collector;

/// Parses an expression, and reports what is wrong with it: its syntax, an aggregate, a column that is not there.
pub(crate) fn parse(written: &Spanned<String>, columns: &[String], problems: &mut Collector) -> Option<Expr> {
    let expression = match expression(written.get_ref()) {
        Ok(expression) => expression,
        Err(reason) => {
            problems.report(written.span(), format!("not an SQL expression: {reason}"));
            return None;
        }
    };
    if (&expression).into_iter().any(is_aggregate) {
        problems
            .report(written.span(), "an aggregate has no place in an expression over one row")
            .help("sums, counts and windows are what metrics are for");
        return None;
    }
    let mut known = true;
    for column in expression.clone().meta().root_names() {
        if columns.iter().any(|known| *known == column.as_str()) {
            continue;
        }
        known = false;
        let place = place_of(&column, written, problems);
        let near = nearest(&column, columns.iter().map(String::as_str));
        problems
            .report(place, format!("there is no column `{column}`"))
            .help(near.map_or_else(|| columns_there_are(columns), |near| format!("did you mean `{near}`?")));
    }
    known.then(|| forgiving(expression))
}

/// An expression of SQL, and of the functions that crates add to it; or why it is not one.
pub(crate) fn expression(text: &str) -> Result<Expr, String> {
    let reason = |error: polars::prelude::PolarsError| {
        let reason = error.to_string();
        reason.trim_start_matches("sql parser error: ").trim_start_matches("SQL interface error: ").to_owned()
    };
    let functions = Function::linked();
    let called = |function: &&Function| text.to_lowercase().contains(function.name);
    // What does not parse is worded by Polars.
    let parsed = || Parser::new(&GenericDialect).try_with_sql(text).and_then(|mut parser| parser.parse_expr()).ok();
    let Some(mut tree) = functions.iter().any(called).then(parsed).flatten() else { return sql_expr(text).map_err(reason) };
    let mut calls: Vec<Expr> = Vec::new();
    let wrong = visit_expressions_mut(&mut tree, |part| {
        let ast::Expr::Function(call) = part else { return ControlFlow::Continue(()) };
        let name = call.name.to_string().to_lowercase();
        let Some(function) = functions.iter().find(|function| function.name == name) else { return ControlFlow::Continue(()) };
        match arguments(function, call) {
            // Polars does not know the function: it sees a column, and that is put in its place again.
            Ok(arguments) => {
                *part = ast::Expr::Identifier(Ident::with_quote('"', call_name(calls.len())));
                calls.push((function.call)(&arguments));
                ControlFlow::Continue(())
            }
            Err(reason) => ControlFlow::Break(reason),
        }
    });
    if let ControlFlow::Break(reason) = wrong {
        return Err(reason);
    }
    let expression = sql_expr(tree.to_string()).map_err(reason)?;
    Ok(expression.map_expr(|part| match &part {
        Expr::Column(name) => {
            (0..).zip(&calls).find(|(position, _)| call_name(*position) == name.as_str()).map_or(part, |(_, call)| call.clone())
        }
        _ => part,
    }))
}

fn call_name(position: usize) -> String {
    format!("__call{position}")
}

fn arguments(function: &Function, call: &ast::Function) -> Result<Vec<Expr>, String> {
    let given = match &call.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    if given.len() != function.arguments {
        let (name, takes) = (function.name, function.arguments);
        return Err(format!("`{name}` takes {takes} argument{}, and has {}", if takes == 1 { "" } else { "s" }, given.len()));
    }
    let of = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => expression(&argument.to_string()),
        _ => Err(format!("`{}` takes values, and not `{argument}`", function.name)),
    };
    given.iter().map(of).collect()
}

/// A value that can't be converted becomes null, and its row is rejected or left out: it must not end the run.
pub(crate) fn forgiving(expression: Expr) -> Expr {
    expression.map_expr(|part| match part {
        Expr::Cast { expr, dtype, options: CastOptions::Strict } => Expr::Cast { expr, dtype, options: CastOptions::NonStrict },
        Expr::Function { input, function: FunctionExpr::StringExpr(StringFunction::Strptime(dtype, options)) } => {
            let options = StrptimeOptions { strict: false, ..options };
            Expr::Function { input, function: FunctionExpr::StringExpr(StringFunction::Strptime(dtype, options)) }
        }
        other => other,
    })
}

/// Whether a part of an expression looks at more than one row. The list of an `IN` does not, though it is made by an aggregate.
pub(crate) fn is_aggregate(part: &Expr) -> bool {
    match part {
        Expr::Agg(AggExpr::Implode { input, .. }) => !matches!(**input, Expr::Literal(_)),
        Expr::Agg(_) | Expr::Len | Expr::Over { .. } => true,
        _ => false,
    }
}

/// Where a column's name stands in a written expression; the whole of it when that can't be told.
pub(crate) fn place_of(column: &str, written: &Spanned<String>, problems: &Collector) -> Range<usize> {
    let span = written.span();
    let Some(text) = problems.text().whole.get(span.clone()) else { return span };
    let is_part = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || character == '_');
    let found = text
        .match_indices(column)
        .find(|(start, name)| !is_part(text[..*start].chars().next_back()) && !is_part(text[start + name.len()..].chars().next()));
    found.map_or(span.clone(), |(start, name)| span.start + start..span.start + start + name.len())
}

/// The columns of a table, as help for a name that is not among them.
pub(crate) fn columns_there_are(columns: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = columns.iter().take(SHOWN).map(|column| format!("`{column}`")).collect();
    let more = columns.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("the table has {}{more}", shown.join(", "))
}
