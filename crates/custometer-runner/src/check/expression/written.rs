//! What stands in an expression as it is written.

use sqlparser::ast::{self, UnaryOperator, Value as Literal};

/// The text that is written there.
pub(super) fn written_text(part: &ast::Expr) -> Option<&str> {
    match part {
        ast::Expr::Nested(inner) => written_text(inner),
        ast::Expr::Value(literal) => match &literal.value {
            Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The number that is written there.
pub(super) fn written_number(part: &ast::Expr) -> Option<f64> {
    match part {
        ast::Expr::Nested(inner) => written_number(inner),
        ast::Expr::UnaryOp { op: UnaryOperator::Minus, expr } => written_number(expr).map(|number| -number),
        ast::Expr::Value(literal) => match &literal.value {
            Literal::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// How messages call a part: as it is written, if it is short.
pub(super) fn words(part: &ast::Expr) -> String {
    match part {
        ast::Expr::Nested(inner) => words(inner),
        ast::Expr::Identifier(name) => name.value.clone(),
        part => shortened(&part.to_string()),
    }
}

pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain("…".chars()).collect() }
}
