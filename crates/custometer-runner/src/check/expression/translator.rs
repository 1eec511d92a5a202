//! What a translation has found so far: reasons for which rows fail, and mistakes.

use polars::prelude::{Expr, lit, when};
use sqlparser::ast;

use super::kind::Kind;
use super::mistake::Mistake;
use super::scope::Scope;
use super::syntax;
use super::value::{Value, first, none};
use crate::read::fault::{Origin, Reason};

/// Translates an expression, part by part.
pub(super) struct Translator<'s> {
    pub(super) scope: &'s Scope<'s>,
    pub(super) text: &'s str,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) reasons: Vec<Reason>,
}

impl Translator<'_> {
    /// Says what is wrong with a part.
    pub(super) fn wrong<T>(&mut self, part: &ast::Expr, mistake: Mistake) -> Option<T> {
        let mistake = mistake.at(syntax::place(self.text, part));
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
        None
    }

    pub(super) fn place(&self, span: sqlparser::tokenizer::Span) -> Option<std::ops::Range<usize>> {
        syntax::bytes(self.text, span)
    }

    /// The number of a reason, where it holds.
    pub(super) fn fault(&mut self, fails: Expr, text: String, origin: Option<Origin>) -> Expr {
        let reason = Reason::new(text, origin);
        let position = self.reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        });
        when(fails).then(lit(i32::try_from(position + 1).unwrap_or(i32::MAX))).otherwise(none())
    }

    /// The number of the reason for which a column's own expression fails, among those of this one.
    pub(super) fn carried(&mut self, carried: Option<(Expr, Vec<Reason>)>) -> Option<Expr> {
        let (number, reasons) = carried?;
        let before = i32::try_from(self.reasons.len()).unwrap_or(i32::MAX);
        self.reasons.extend(reasons);
        Some(number + lit(before))
    }

    /// What is made of values that are all looked at.
    pub(super) fn made(expr: Expr, kind: Kind, of: &[&Value], words: String) -> Value {
        let fault = first(of.iter().map(|value| value.fault.clone()));
        let origin = of.iter().find_map(|value| value.origin.clone());
        Value { fault, origin, ..Value::new(expr, kind, words) }
    }

    /// The same where nothing may come of values that are there: then the row is at fault.
    pub(super) fn made_or_fault(&mut self, expr: Expr, kind: Kind, of: &[&Value], words: String, why: String) -> Value {
        let there = of.iter().map(|value| value.expr.clone().is_not_null()).reduce(Expr::and);
        let mut value = Self::made(expr, kind, of, words);
        if let Some(there) = there {
            let fault = self.fault(there.and(value.expr.clone().is_null()), why, value.origin.clone());
            value.fault = first([value.fault, Some(fault)]);
        }
        value
    }
}
