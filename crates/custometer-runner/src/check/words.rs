//! Words that SQL compares columns with.

use std::ops::ControlFlow;

use sqlparser::ast::{self, BinaryOperator, visit_expressions};

use crate::check::expression::tree;

/// The words that an expression compares columns with, each after its column: of `status = 'open' OR status IN ('new')` both.
pub(crate) fn words_of(text: &str) -> Vec<(String, String)> {
    let Ok(tree) = tree(text) else { return Vec::new() };
    let mut words = Vec::new();
    let column = |expression: &ast::Expr| if let ast::Expr::Identifier(name) = expression { Some(name.value.clone()) } else { None };
    let word = |expression: &ast::Expr| match expression {
        ast::Expr::Value(value) => value.value.clone().into_string(),
        _ => None,
    };
    let _: ControlFlow<()> = visit_expressions(&tree, |part| {
        match part {
            ast::Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => {
                words.extend(column(left).zip(word(right)));
                words.extend(column(right).zip(word(left)));
            }
            ast::Expr::InList { expr, list, .. } => {
                words.extend(
                    column(expr).into_iter().flat_map(|column| list.iter().filter_map(word).map(move |word| (column.clone(), word))),
                );
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_a_column_is_compared_with_them() {
        let of = |text: &str| words_of(text).into_iter().map(|(column, word)| format!("{column}={word}")).collect::<Vec<_>>().join(" ");
        assert_eq!(of("status = 'open' OR status IN ('new', 'it''s')"), "status=open status=new status=it's");
        assert_eq!(of("'a' <> \"Order type\" AND NOT (x = 1)"), "Order type=a");
        assert_eq!(of("count(*) FILTER (WHERE event = 'buy')"), "event=buy");
        assert_eq!(of("LOWER(status) = 'open'"), "");
        assert_eq!(of("status ="), "");
    }
}
