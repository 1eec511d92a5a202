//! Operators: the tree of an expression as a plan over columns, with what it fails for.

use custometer_core::function::Function;
use custometer_core::quotient;
use custometer_core::suggest::did_you_mean;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, NULL, NamedFrom, Series, coalesce, col, lit, when};
use sqlparser::ast::{self, AccessExpr, BinaryOperator, CastKind, Subscript, UnaryOperator, Value as Literal};

use super::by_key::{by_key, by_key_in_json, has_keys_in_json, value_type};
use super::functions;
use super::kind::{Kind, from_any};
use super::mistake::Mistake;
use super::scope::{Scope, Translated};
use super::syntax::Syntax;
use super::translator::Translator;
use super::value::{Value, balanced, first, none};
use super::written::{shortened, words, written_number, written_text};
use super::{casts, elementwise, times};

/// More operators in each other than anyone can mean.
const DEEPEST: usize = 100;

impl Syntax {
    /// The expression over the columns of a scope, or all that is wrong with it. Nothing where it rests on a column that is wrong itself. Where
    /// nothing tells what its values are, they are read as `kind`.
    pub(crate) fn translate(&self, kind: Option<&Kind>, scope: &Scope<'_>) -> Result<Translated, Vec<Mistake>> {
        let mut translator = Translator { scope, text: &self.text, mistakes: Vec::new(), reasons: Vec::new() };
        let value = translator.value(&self.tree).and_then(|value| translator.elapsed(value, &self.tree));
        let value = value.map(|value| match kind {
            Some(kind) if value.kind == Kind::Untold => translator.as_kind(value, kind),
            _ => value,
        });
        match value.filter(|_| translator.mistakes.is_empty()) {
            Some(Value { expr, kind, fault, origin, .. }) => {
                Ok(Translated { value: kind.to_stored(expr), kind, origin, fault, reasons: translator.reasons })
            }
            None => Err(translator.mistakes),
        }
    }
}

impl Translator<'_> {
    /// A part, as a finite value.
    pub(super) fn value(&mut self, part: &ast::Expr) -> Option<Value> {
        let value = self.open(part)?;
        Some(self.closed(value))
    }

    fn closed(&mut self, mut value: Value) -> Value {
        if value.open {
            let fails = value.expr.clone().is_finite().not();
            let fault = self.fault(fails, format!("`{}` is not a finite number", value.words), value.origin.clone());
            value.fault = first([value.fault, Some(fault)]);
            value.open = false;
        }
        value
    }

    /// An interval as one that is as long at all times; a value of another kind as it is.
    pub(super) fn elapsed(&mut self, value: Value, part: &ast::Expr) -> Option<Value> {
        let Some(calendar) = value.calendar.clone() else { return Some(value) };
        match calendar.elapsed(&value.expr) {
            Some(expr) => {
                let (words, why) = (value.words.clone(), format!("`{}` is too long", value.words));
                Some(self.made_or_fault(expr, Kind::Interval, &[&value], words, why))
            }
            None => self.wrong(
                part,
                Mistake::new("months and years are not always as long").help("add them to a date or a time, or say it in days or hours"),
            ),
        }
    }

    /// A part; a number may have left the finite ones.
    fn open(&mut self, part: &ast::Expr) -> Option<Value> {
        use ast::Expr as E;
        match part {
            E::Nested(inner) => self.open(inner),
            E::Identifier(name) => self.column(&name.value, part),
            E::CompoundIdentifier(names) => {
                let (record, fields) = names.split_first()?;
                let record = self.column(&record.value, part)?;
                fields.iter().try_fold(record, |record, field| self.field(&record, &field.value, part))
            }
            E::CompoundFieldAccess { root, access_chain } => {
                let root = self.value(root)?;
                access_chain.iter().try_fold(root, |value, access| self.access(&value, access, part))
            }
            E::Value(literal) => self.literal(&literal.value, part),
            E::TypedString(typed) => times::typed_literal(self, typed, part),
            E::Interval(interval) => times::interval(self, interval, part),
            E::UnaryOp { op, expr } => self.unary(*op, expr, part),
            E::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => self.chain(part, op),
            E::BinaryOp { left, op, right } => {
                if spine(part) > DEEPEST {
                    return self.wrong(part, Mistake::new(format!("more than {DEEPEST} operators in a row are too many")));
                }
                self.binary(left, op, right, part)
            }
            E::IsNull(inner) => self.tested(inner, part, Expr::is_null),
            E::IsNotNull(inner) => self.tested(inner, part, Expr::is_not_null),
            E::IsTrue(inner) => self.tested_boolean(inner, part, |value| value.fill_null(lit(false))),
            E::IsNotTrue(inner) => self.tested_boolean(inner, part, |value| value.fill_null(lit(false)).not()),
            E::IsFalse(inner) => self.tested_boolean(inner, part, |value| value.not().fill_null(lit(false))),
            E::IsNotFalse(inner) => self.tested_boolean(inner, part, |value| value.fill_null(lit(true))),
            E::IsUnknown(inner) => self.tested_boolean(inner, part, Expr::is_null),
            E::IsNotUnknown(inner) => self.tested_boolean(inner, part, Expr::is_not_null),
            E::IsDistinctFrom(left, right) => self.compared(left, right, part, Expr::neq_missing),
            E::IsNotDistinctFrom(left, right) => self.compared(left, right, part, Expr::eq_missing),
            E::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            E::Between { expr, negated, low, high } => self.between(expr, low, high, *negated, part),
            E::Like { negated, any: false, expr, pattern, escape_char } => {
                functions::like(self, expr, pattern, escape_char.as_ref(), false, *negated, part)
            }
            E::ILike { negated, any: false, expr, pattern, escape_char } => {
                functions::like(self, expr, pattern, escape_char.as_ref(), true, *negated, part)
            }
            E::Case { operand, conditions, else_result, .. } => self.case(operand.as_deref(), conditions, else_result.as_deref(), part),
            E::Cast { kind, expr, data_type, array: false, format: None } => {
                let may_fail = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                casts::cast(self, expr, data_type, may_fail, part)
            }
            E::Extract { field, expr, .. } => times::extract(self, &field.to_string(), expr, part),
            E::AtTimeZone { .. } => self.wrong(
                part,
                Mistake::new("`AT TIME ZONE` is not supported: times are shown by the report's clocks")
                    .help("say where the files' clocks are: `timezone = \"…\"` of the table; or the report's: `timezone` of `[report]`"),
            ),
            E::Array(array) => functions::array(self, &array.elem, part),
            _ => self.as_call(part),
        }
    }

    /// What has a syntax of its own in SQL, as the call that it is.
    fn as_call(&mut self, part: &ast::Expr) -> Option<Value> {
        use ast::Expr as E;
        match part {
            E::Function(function) => self.call(function, part),
            E::Ceil { expr, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                functions::call(self, "ceil", &[expr], part)
            }
            E::Floor { expr, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                functions::call(self, "floor", &[expr], part)
            }
            E::Position { expr, r#in } => functions::call(self, "strpos", &[r#in, expr], part),
            E::Substring { expr, substring_from, substring_for, .. } => {
                let one = ast::Expr::Value(Literal::Number("1".to_owned(), false).into());
                let from = substring_from.as_deref().unwrap_or(&one);
                let all: Vec<&ast::Expr> = [&**expr, from].into_iter().chain(substring_for.as_deref()).collect();
                functions::call(self, "substr", &all, part)
            }
            E::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    None | Some(ast::TrimWhereField::Both) => "trim",
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                };
                let what = trim_what.as_deref().into_iter().chain(trim_characters.iter().flatten());
                let all: Vec<&ast::Expr> = std::iter::once(&**expr).chain(what).collect();
                functions::call(self, name, &all, part)
            }
            E::Subquery(_) | E::InSubquery { .. } | E::Exists { .. } => self.wrong(
                part,
                Mistake::new("a query has no place in an expression over one row").help("another table's values come with a lookup"),
            ),
            E::SimilarTo { .. } | E::RLike { .. } => {
                self.wrong(part, Mistake::new("there is no such operator here").help("write `regexp_like(text, 'pattern')`"))
            }
            _ => self.wrong(
                part,
                Mistake::new(format!("`{}` is not supported", shortened(&part.to_string())))
                    .help("the operators and functions that there are stand in the book, under `Expressions`"),
            ),
        }
    }

    fn call(&mut self, function: &ast::Function, part: &ast::Expr) -> Option<Value> {
        let name = function.name.to_string().to_lowercase();
        let place = function.name.0.first().and_then(|name| name.as_ident()).and_then(|name| self.place(name.span));
        let list = match &function.args {
            ast::FunctionArguments::List(list) => list.args.as_slice(),
            _ => &[],
        };
        if function.over.is_some() || function.filter.is_some() || functions::is_aggregate(&name) {
            let mistake = Mistake::new("an aggregate has no place in an expression over one row").at(place.clone());
            let mistake = mistake.help("sums, counts and windows are what metrics are for");
            self.mistakes.push(Mistake { place: place.or(mistake.place.clone()), ..mistake });
            return None;
        }
        let mut arguments: Vec<&ast::Expr> = Vec::new();
        for argument in list {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) => arguments.push(argument),
                other => return self.wrong(part, Mistake::new(format!("`{name}` takes values, and not `{other}`"))),
            }
        }
        if let Some(linked) = Function::linked().into_iter().find(|linked| linked.name == name) {
            return self.linked(linked, &arguments, part);
        }
        if functions::find(&name).is_none() {
            let linked = Function::linked();
            let known: Vec<&str> = functions::names().chain(linked.iter().map(|function| function.name)).collect();
            let help = functions::instead(&name).map(str::to_owned);
            let near = || did_you_mean(&name, known.iter().copied());
            let help = help.or_else(near).unwrap_or_else(|| "those that there are stand in the book, under `Expressions`".to_owned());
            self.mistakes.push(Mistake::new(format!("there is no function `{name}`")).help(help).at(place));
            return None;
        }
        functions::call(self, &name, &arguments, part)
    }

    /// A function that a crate has added.
    fn linked(&mut self, function: &Function, arguments: &[&ast::Expr], part: &ast::Expr) -> Option<Value> {
        if arguments.len() != function.arguments {
            let (name, takes) = (function.name, function.arguments);
            let message = format!("`{name}` takes {takes} argument{}, and has {}", if takes == 1 { "" } else { "s" }, arguments.len());
            return self.wrong(part, Mistake::new(message));
        }
        let values: Vec<Value> = arguments.iter().map(|argument| self.value(argument)).collect::<Option<_>>()?;
        let values: Vec<Value> =
            values.into_iter().map(|value| if value.kind == Kind::Untold { self.as_kind(value, &Kind::Text) } else { value }).collect();
        let expr = (function.call)(&values.iter().map(|value| value.expr.clone()).collect::<Vec<_>>());
        let Some(stored) = type_of(function, &values) else {
            let kinds: Vec<String> = values.iter().map(|value| value.kind.to_string()).collect();
            let mistake = Mistake::new(format!("`{}` can't be of {}", function.name, kinds.join(" and ")));
            return self.wrong(part, mistake.help(format!("it says {}", function.summary)));
        };
        let Some(kind) = Kind::of(&stored) else {
            return self.wrong(part, Mistake::new(format!("`{}` gives {stored}, which expressions can't use", function.name)));
        };
        Some(Self::made(from_any(expr, &stored), kind, &values.iter().collect::<Vec<_>>(), words(part)))
    }

    fn column(&mut self, name: &str, part: &ast::Expr) -> Option<Value> {
        let leaf = match (self.scope.column)(name) {
            Ok(leaf) => leaf,
            Err(reason) => return reason.and_then(|reason| self.wrong(part, Mistake::new(reason))),
        };
        let mut faults = Vec::new();
        if let Some((fails, reason)) = leaf.unreadable {
            faults.push(Some(self.fault(fails, reason, leaf.origin.clone())));
        }
        faults.push(self.carried(leaf.carried));
        Some(Value { fault: first(faults), origin: leaf.origin, ..Value::new(leaf.value, leaf.kind, name) })
    }

    fn field(&mut self, record: &Value, name: &str, part: &ast::Expr) -> Option<Value> {
        let Kind::Struct(DataType::Struct(fields)) = &record.kind else {
            let message = format!("`{}` is {}, and has no field `{name}`", record.words, record.kind);
            let mistake = Mistake::new(message);
            let of_list =
                "a list has elements by number, such as `list[1]`, and by key where they are records with a text `key` and a `value`";
            return self.wrong(part, if matches!(record.kind, Kind::List(_)) { mistake.help(of_list) } else { mistake });
        };
        let Some(field) = fields.iter().find(|field| field.name() == name) else {
            let near = did_you_mean(name, fields.iter().map(|field| field.name().as_str()));
            let help = near.unwrap_or_else(|| {
                format!("it has {}", fields.iter().map(|field| format!("`{}`", field.name())).collect::<Vec<_>>().join(", "))
            });
            return self.wrong(part, Mistake::new(format!("`{}` has no field `{name}`", record.words)).help(help));
        };
        let Some(kind) = Kind::of(field.dtype()) else {
            return self.wrong(part, Mistake::new(format!("`{}.{name}` is {}, which expressions can't read", record.words, field.dtype())));
        };
        let expr = from_any(record.expr.clone().struct_().field_by_name(name), field.dtype());
        let words = format!("{}.{name}", record.words);
        Some(Self::made(expr, kind, &[record], words))
    }

    /// The value of a key, in a list of keys and values.
    fn of_key(&mut self, list: &Value, key: &str, stored: &DataType, part: &ast::Expr) -> Option<Value> {
        let words = format!("{}['{key}']", list.words);
        let Some(kind) = Kind::of(stored) else {
            return self.wrong(part, Mistake::new(format!("`{words}` is {stored}, which expressions can't read")));
        };
        let expr = from_any(by_key(list.expr.clone(), key, stored), stored);
        Some(Self::made(expr, kind, &[list], words))
    }

    /// The value of a key, in a text of JSON. A text that is none is a fault.
    fn of_key_in_json(&mut self, text: &Value, key: &str) -> Value {
        let fails = text.expr.clone().is_not_null().and(elementwise::booleans(text.expr.clone(), has_keys_in_json).not());
        let why = format!("`{}` is not an object of JSON, or a list of keys and values", text.words);
        let fault = self.fault(fails, why, text.origin.clone());
        let asked = key.to_owned();
        let expr = elementwise::texts(text.expr.clone(), move |text| by_key_in_json(text, &asked));
        let value = Self::made(expr, Kind::Text, &[text], format!("{}['{key}']", text.words));
        Value { fault: first([value.fault, Some(fault)]), ..value }
    }

    fn access(&mut self, value: &Value, access: &AccessExpr, part: &ast::Expr) -> Option<Value> {
        match access {
            AccessExpr::Dot(ast::Expr::Identifier(name)) => self.field(value, &name.value, part),
            AccessExpr::Subscript(Subscript::Index { index }) => match index {
                ast::Expr::Value(literal) if let Literal::SingleQuotedString(name) = &literal.value => match &value.kind {
                    Kind::List(list) if let Some(stored) = value_type(list) => self.of_key(value, name, stored, part),
                    Kind::Text => Some(self.of_key_in_json(value, name)),
                    Kind::Untold => {
                        let text = self.as_kind(value.clone(), &Kind::Text);
                        Some(self.of_key_in_json(&text, name))
                    }
                    _ => self.field(value, name, part),
                },
                index => {
                    let index = self.value(index)?;
                    functions::element(self, value, &index, part)
                }
            },
            _ => self.wrong(part, Mistake::new("a list has single elements, such as `list[1]`")),
        }
    }

    fn literal(&mut self, literal: &Literal, part: &ast::Expr) -> Option<Value> {
        let words = words(part);
        Some(match literal {
            Literal::Number(digits, _) => match (digits.parse::<i64>(), digits.parse::<f64>()) {
                (Ok(whole), _) => Value::new(lit(whole), Kind::Integer, words),
                (_, Ok(number)) if number.is_finite() => Value::new(lit(number), Kind::Float, words),
                _ => return self.wrong(part, Mistake::new(format!("`{digits}` is not a number"))),
            },
            Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => Value::new(lit(text.clone()), Kind::Text, words),
            Literal::Boolean(value) => Value::new(lit(*value), Kind::Boolean, words),
            Literal::Null => Value::new(lit(NULL), Kind::Nothing, words),
            _ => return self.wrong(part, Mistake::new(format!("`{part}` is not supported")).help("a text stands in single quotes")),
        })
    }

    fn unary(&mut self, op: UnaryOperator, inner: &ast::Expr, part: &ast::Expr) -> Option<Value> {
        match op {
            UnaryOperator::Not => self.tested_boolean(inner, part, Expr::not),
            UnaryOperator::Plus | UnaryOperator::Minus => {
                let value = self.open(inner)?;
                let value = if value.kind == Kind::Untold { self.as_kind(value, &Kind::Float) } else { value };
                let negative = matches!(op, UnaryOperator::Minus);
                match (&value.kind, &value.calendar) {
                    (Kind::Integer | Kind::Float | Kind::Interval, _) if !negative => Some(value),
                    (Kind::Float, _) => {
                        Some(Value { open: value.open, ..Self::made(lit(0.0) - value.expr.clone(), Kind::Float, &[&value], words(part)) })
                    }
                    (Kind::Integer, _) => {
                        let expr = elementwise::whole(lit(0_i64), value.expr.clone(), i64::checked_sub);
                        Some(self.made_or_fault(expr, Kind::Integer, &[&value], words(part), format!("`{}` is too large", words(part))))
                    }
                    (Kind::Interval, _) => Some(times::negative(value)),
                    (kind, _) => {
                        let message = format!("`{}` is {kind}, and no number to change the sign of", value.words);
                        self.wrong(part, Mistake::new(message))
                    }
                }
            }
            _ => self.wrong(part, Mistake::new(format!("the operator `{op}` is not supported"))),
        }
    }

    fn tested(&mut self, inner: &ast::Expr, part: &ast::Expr, test: impl Fn(Expr) -> Expr) -> Option<Value> {
        let value = self.value(inner)?;
        Some(Self::made(test(value.expr.clone()), Kind::Boolean, &[&value], words(part)))
    }

    fn tested_boolean(&mut self, inner: &ast::Expr, part: &ast::Expr, test: impl Fn(Expr) -> Expr) -> Option<Value> {
        let value = self.boolean(inner)?;
        Some(Self::made(test(value.expr.clone()), Kind::Boolean, &[&value], words(part)))
    }

    /// A part that is true or false.
    pub(super) fn boolean(&mut self, part: &ast::Expr) -> Option<Value> {
        let value = self.value(part)?;
        match value.kind {
            Kind::Boolean => Some(value),
            Kind::Untold => Some(self.as_kind(value, &Kind::Boolean)),
            Kind::Nothing => Some(Value { expr: Kind::Boolean.missing(), kind: Kind::Boolean, ..value }),
            _ => {
                let message = format!("`{}` is {}, and not true or false", value.words, value.kind);
                self.wrong(part, Mistake::new(message))
            }
        }
    }

    /// `AND` and `OR`. What fails does not matter where another part decides.
    fn chain(&mut self, part: &ast::Expr, op: &BinaryOperator) -> Option<Value> {
        let mut parts = Vec::new();
        let mut rest = part;
        while let ast::Expr::BinaryOp { left, op: same, right } = rest
            && same == op
        {
            parts.push(&**right);
            rest = left;
        }
        parts.push(rest);
        parts.reverse();
        let values: Vec<Option<Value>> = parts.into_iter().map(|part| self.boolean(part)).collect();
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        let is_and = matches!(op, BinaryOperator::And);
        let fault = first(values.iter().map(|value| value.fault.clone())).map(|fault| {
            let decides = |value: &Value| {
                let decided = if is_and { value.expr.clone().not() } else { value.expr.clone() }.fill_null(lit(false));
                value.fault.iter().cloned().fold(decided, |decided, fault| decided.and(fault.is_null()))
            };
            let decided = balanced(values.iter().map(decides).collect(), Expr::or);
            when(decided).then(none()).otherwise(fault)
        });
        let origin = values.iter().find_map(|value| value.origin.clone());
        let expr = balanced(values.into_iter().map(|value| value.expr).collect(), if is_and { Expr::and } else { Expr::or });
        Some(Value { fault, origin, ..Value::new(expr, Kind::Boolean, "this condition") })
    }

    fn binary(&mut self, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr, part: &ast::Expr) -> Option<Value> {
        match op {
            BinaryOperator::Eq => self.compared(left, right, part, Expr::eq),
            BinaryOperator::NotEq => self.compared(left, right, part, Expr::neq),
            BinaryOperator::Lt => self.compared(left, right, part, Expr::lt),
            BinaryOperator::LtEq => self.compared(left, right, part, Expr::lt_eq),
            BinaryOperator::Gt => self.compared(left, right, part, Expr::gt),
            BinaryOperator::GtEq => self.compared(left, right, part, Expr::gt_eq),
            BinaryOperator::Spaceship => self.compared(left, right, part, Expr::eq_missing),
            BinaryOperator::StringConcat => functions::joined(self, &[left, right], part),
            BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Divide => {
                let (left, right) = (self.open(left), self.open(right));
                self.arithmetic(left?, op, right?, part)
            }
            BinaryOperator::Modulo => functions::call(self, "mod", &[left, right], part),
            BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => functions::call(self, "div", &[left, right], part),
            BinaryOperator::LongArrow => functions::call(self, "json_extract_string", &[left, right], part),
            BinaryOperator::Arrow => functions::call(self, "json_extract", &[left, right], part),
            BinaryOperator::PGRegexMatch => functions::call(self, "regexp_like", &[left, right], part),
            _ => self.wrong(part, Mistake::new(format!("the operator `{op}` is not supported"))),
        }
    }

    fn arithmetic(&mut self, left: Value, op: &BinaryOperator, right: Value, part: &ast::Expr) -> Option<Value> {
        let left = typed_nothing(left, &right.kind);
        let right = typed_nothing(right, &left.kind);
        let (of_left, of_right) = (told_beside(&left.kind, op, &right.kind, true), told_beside(&right.kind, op, &left.kind, false));
        let (left, right) = (self.as_kind(left, &of_left), self.as_kind(right, &of_right));
        if left.kind.is_number() && right.kind.is_number() {
            return Some(self.numbers(&left, op, &right, part));
        }
        if let Some(value) = times::arithmetic(self, &left, op, &right, part) {
            return value;
        }
        let message = format!("`{}` is {} and `{}` is {}: there is no `{op}` of them", left.words, left.kind, right.words, right.kind);
        let mistake = Mistake::new(message);
        let texts = [&left, &right].into_iter().find(|value| value.kind == Kind::Text);
        let moments = [&left, &right].iter().any(|value| matches!(value.kind, Kind::Date | Kind::Time));
        self.wrong(
            part,
            match texts {
                Some(text) if left.kind == right.kind && matches!(op, BinaryOperator::Plus) => {
                    mistake.help(format!("texts are joined by `||`: `{} || …`", text.words))
                }
                Some(text) if text.origin.is_some() => mistake.help(format!("say what the text is: `CAST({} AS DOUBLE)`", text.words)),
                _ if moments => mistake.help("an interval is written `INTERVAL '90 minutes'`, and so many of it `n * INTERVAL '1 minute'`"),
                _ => mistake,
            },
        )
    }

    fn numbers(&mut self, left: &Value, op: &BinaryOperator, right: &Value, part: &ast::Expr) -> Value {
        let words = words(part);
        if matches!(op, BinaryOperator::Divide) {
            let by = right.expr.clone().cast(DataType::Float64);
            let mut value = Self::made(quotient(left.expr.clone(), by.clone()), Kind::Float, &[left, right], words.clone());
            // What is divided by something infinite is zero, and would tell nothing of it.
            let never = if right.open { by.clone().eq(lit(0.0)).or(by.is_finite().not()) } else { by.eq(lit(0.0)) };
            let fails = left.expr.clone().is_not_null().and(never);
            let is_constant = right.origin.is_none() && matches!(part, ast::Expr::BinaryOp { right, .. } if is_nonzero(right));
            if !is_constant {
                let fault = self.fault(fails, format!("`{words}` divides by zero"), right.origin.clone().or_else(|| left.origin.clone()));
                value.fault = first([value.fault, Some(fault)]);
            }
            return Value { open: true, ..value };
        }
        if left.kind == Kind::Integer && right.kind == Kind::Integer {
            let checked = match op {
                BinaryOperator::Plus => i64::checked_add,
                BinaryOperator::Minus => i64::checked_sub,
                _ => i64::checked_mul,
            };
            let expr = elementwise::whole(left.expr.clone(), right.expr.clone(), checked);
            let why = format!("`{words}` is too large");
            return self.made_or_fault(expr, Kind::Integer, &[left, right], words, why);
        }
        let (left_number, right_number) = (as_float(left), as_float(right));
        let expr = match op {
            BinaryOperator::Plus => left_number + right_number,
            BinaryOperator::Minus => left_number - right_number,
            _ => left_number * right_number,
        };
        Value { open: true, ..Self::made(expr, Kind::Float, &[left, right], words) }
    }

    fn compared(&mut self, left: &ast::Expr, right: &ast::Expr, part: &ast::Expr, compare: impl Fn(Expr, Expr) -> Expr) -> Option<Value> {
        let is_of_missing = matches!(
            part,
            ast::Expr::BinaryOp { op: BinaryOperator::Spaceship, .. } | ast::Expr::IsDistinctFrom(..) | ast::Expr::IsNotDistinctFrom(..)
        );
        let (one, other) = (self.value(left), self.value(right));
        let (one, other) = (one?, other?);
        if !is_of_missing && (one.kind == Kind::Nothing || other.kind == Kind::Nothing) {
            return self
                .wrong(part, Mistake::new("nothing is equal to `NULL`, or before or after it").help("write `IS NULL` or `IS NOT NULL`"));
        }
        let (one, other) = self.alike(one, left, other, right, part)?;
        Some(Self::made(compare(one.expr.clone(), other.expr.clone()), Kind::Boolean, &[&one, &other], words(part)))
    }

    /// Two values as ones of one kind that can be compared.
    pub(super) fn alike(
        &mut self,
        left: Value,
        left_part: &ast::Expr,
        right: Value,
        right_part: &ast::Expr,
        part: &ast::Expr,
    ) -> Option<(Value, Value)> {
        let left = self.elapsed(left, left_part)?;
        let right = self.elapsed(right, right_part)?;
        // A text that is written in the expression may be a time.
        let (left, right) = match (&left.kind, &right.kind) {
            (Kind::Date | Kind::Time, Kind::Text) if let Some(text) = written_text(right_part) => {
                (left, times::moment(self, text, right_part)?)
            }
            (Kind::Text, Kind::Date | Kind::Time) if let Some(text) = written_text(left_part) => {
                (times::moment(self, text, left_part)?, right)
            }
            (Kind::Untold, Kind::Text) => {
                let moment = written_text(right_part).and_then(|text| times::written_moment(self, text, right_part));
                (left, moment.unwrap_or(right))
            }
            (Kind::Text, Kind::Untold) => {
                let moment = written_text(left_part).and_then(|text| times::written_moment(self, text, left_part));
                (moment.unwrap_or(left), right)
            }
            _ => (left, right),
        };
        match joined(&left.kind, &right.kind) {
            Some(Kind::Untold) => {
                let mut values = self.untold(vec![left, right]).into_iter();
                Some((values.next()?, values.next()?))
            }
            Some(kind) if !matches!(kind, Kind::Struct(_)) => Some((self.as_kind(left, &kind), self.as_kind(right, &kind))),
            _ => {
                let message = format!("`{}` is {} and `{}` is {}: they can't be compared", left.words, left.kind, right.words, right.kind);
                let help = help_for(&left, &right);
                self.wrong(part, Mistake { help, ..Mistake::new(message) })
            }
        }
    }

    /// A value as one of a kind that its own can be joined with.
    pub(super) fn as_kind(&mut self, value: Value, kind: &Kind) -> Value {
        let expr = match (&value.kind, kind) {
            (from, to) if from == to => return value,
            (Kind::Untold, Kind::Text) => value.expr.clone(),
            (Kind::Untold, to) => {
                let Some((expr, what)) = casts::told(self, &value.expr, to) else { return value };
                let why = format!("`{}` is not {what}", value.words);
                let words = value.words.clone();
                return self.made_or_fault(expr, to.clone(), &[&value], words, why);
            }
            (Kind::Integer, Kind::Float) => value.expr.clone().cast(DataType::Float64),
            (Kind::Date, Kind::Time) => self.scope.shown.clock.start_of_day(value.expr.clone().cast(custometer_core::time::INSTANT)),
            (_, to) => to.missing(),
        };
        Value { expr, kind: kind.clone(), ..value }
    }

    /// Values of which nothing tells what they are, to be compared with each other: as numbers, texts or times they would come in other orders, so
    /// a row that has several of them is at fault.
    pub(super) fn untold(&mut self, values: Vec<Value>) -> Vec<Value> {
        let values: Vec<Value> = values.into_iter().map(|value| self.as_kind(value, &Kind::Text)).collect();
        let there = |value: &Value| value.expr.clone().is_not_null().cast(DataType::Int64);
        let Some(several) = values.iter().map(there).reduce(|one, next| one + next).map(|there| there.gt(lit(1))) else { return values };
        let names: Vec<String> = values.iter().map(|value| format!("`{}`", value.words)).collect();
        let why = format!(
            "{} have no values in the first rows, which would say what they are; say it, such as `CAST({} AS DOUBLE)`",
            names.join(" and "),
            values.first().map_or("", |value| value.words.as_str()),
        );
        let origin = values.iter().find_map(|value| value.origin.clone());
        let fault = self.fault(several, why, origin);
        values.into_iter().map(|value| Value { fault: first([value.fault.clone(), Some(fault.clone())]), ..value }).collect()
    }

    fn between(&mut self, of: &ast::Expr, low: &ast::Expr, high: &ast::Expr, negated: bool, part: &ast::Expr) -> Option<Value> {
        let (value, least, most) = (self.value(of), self.value(low), self.value(high));
        let (value, least, most) = (value?, least?, most?);
        let (above, least) = self.alike(value.clone(), of, least, low, part)?;
        let (below, most) = self.alike(value, of, most, high, part)?;
        let within = if above.kind == below.kind {
            above.expr.clone().is_between(least.expr.clone(), most.expr.clone(), polars::prelude::ClosedInterval::Both)
        } else {
            above.expr.clone().gt_eq(least.expr.clone()).and(below.expr.clone().lt_eq(most.expr.clone()))
        };
        let within = if negated { within.not() } else { within };
        Some(Self::made(within, Kind::Boolean, &[&above, &least, &most], words(part)))
    }

    fn in_list(&mut self, of: &ast::Expr, list: &[ast::Expr], negated: bool) -> Option<Value> {
        let value = self.value(of)?;
        let mut equal: Vec<Expr> = Vec::new();
        let mut values = vec![value.clone()];
        let mut plain = Plain::default();
        for item in list {
            let found = self.value(item)?;
            if found.kind == Kind::Nothing {
                return self.wrong(item, Mistake::new("nothing is equal to `NULL`").help("write `x IN (…) OR x IS NULL`"));
            }
            let (one, other) = self.alike(value.clone(), of, found, item, item)?;
            let is_read = one.kind != value.kind;
            if is_read || !plain.add(item, &value.kind) {
                equal.push(one.expr.clone().eq(other.expr.clone()));
            }
            values.extend([other].into_iter().chain(is_read.then_some(one)));
        }
        equal.extend(plain.values().map(|values| value.expr.clone().is_in(values, false)));
        let within = balanced(equal, Expr::or);
        let within = if negated { within.not() } else { within };
        Some(Self::made(within, Kind::Boolean, &values.iter().collect::<Vec<_>>(), format!("{} IN (…)", words(of))))
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
        part: &ast::Expr,
    ) -> Option<Value> {
        let subject = match operand {
            Some(operand) => Some((self.value(operand)?, operand)),
            None => None,
        };
        let mut asked: Vec<Option<Value>> = Vec::new();
        let mut results: Vec<(Option<Value>, &ast::Expr)> = Vec::new();
        for branch in conditions {
            let condition = match &subject {
                None => self.boolean(&branch.condition),
                Some((subject, operand)) => self.value(&branch.condition).and_then(|value| {
                    let (one, other) = self.alike(subject.clone(), operand, value, &branch.condition, &branch.condition)?;
                    let equal = one.expr.clone().eq(other.expr.clone());
                    Some(Self::made(equal, Kind::Boolean, &[&one, &other], words(&branch.condition)))
                }),
            };
            asked.push(condition);
            results.push((self.value(&branch.result), &branch.result));
        }
        let nothing = ast::Expr::Value(Literal::Null.into());
        let last = otherwise.unwrap_or(&nothing);
        results.push((self.value(last), last));
        let asked: Vec<Value> = asked.into_iter().collect::<Option<_>>()?;
        let results = results.into_iter().map(|(value, part)| Some((value?, part))).collect::<Option<Vec<_>>>()?;
        let results = self.one_kind(results, part)?;
        let kind = results[0].kind.clone();
        let origin = results.iter().chain(&asked).find_map(|value| value.origin.clone());
        let (mut otherwise, rest) = results.split_last().map(|(last, rest)| (last.clone(), rest.to_vec()))?;
        let fails = asked.iter().chain(&rest).chain([&otherwise]).any(|value| value.fault.is_some());
        let no_fault = |value: &Value| value.fault.clone().unwrap_or_else(none);
        let mut fault = no_fault(&otherwise);
        for (condition, result) in asked.into_iter().zip(rest).rev() {
            fault = when(condition.expr.clone()).then(no_fault(&result)).otherwise(fault);
            fault = first([condition.fault.clone(), Some(fault)]).unwrap_or_else(none);
            otherwise.expr = when(condition.expr).then(result.expr).otherwise(otherwise.expr);
        }
        Some(Value { fault: fails.then_some(fault), origin, ..Value::new(otherwise.expr, kind, "this CASE") })
    }

    /// Values of which each row has one, as ones of one kind.
    pub(super) fn one_kind(&mut self, values: Vec<(Value, &ast::Expr)>, part: &ast::Expr) -> Option<Vec<Value>> {
        let mut plain = Vec::new();
        for (value, of) in values {
            plain.push(self.elapsed(value, of)?);
        }
        let mut kind = Kind::Nothing;
        for value in &plain {
            if let Some(both) = joined(&kind, &value.kind) {
                kind = both;
                continue;
            }
            let before =
                plain.iter().find(|value| joined(&kind, &value.kind).is_some()).map_or_else(String::new, |value| value.words.clone());
            let message = format!("`{before}` is {kind} and `{}` is {}: a column has one kind of values", value.words, value.kind);
            return self.wrong(part, Mistake::new(message).help("say what both are: `CAST(… AS VARCHAR)`"));
        }
        Some(plain.into_iter().map(|value| self.as_kind(value, &kind)).collect())
    }

    /// The first of several values that is not missing. What fails in a later one does not matter.
    pub(super) fn first_there(&mut self, parts: &[&ast::Expr], part: &ast::Expr) -> Option<Value> {
        let values: Vec<Option<Value>> = parts.iter().map(|part| self.value(part)).collect();
        let values = values.into_iter().zip(parts).map(|(value, part)| Some((value?, *part))).collect::<Option<Vec<_>>>()?;
        let values = self.one_kind(values, part)?;
        let kind = values.first()?.kind.clone();
        let origin = values.iter().find_map(|value| value.origin.clone());
        let mut fault: Option<Expr> = None;
        for value in values.iter().rev() {
            let later = fault.map(|fault| when(value.expr.clone().is_null()).then(fault).otherwise(none()));
            fault = first([value.fault.clone(), later]);
        }
        let all: Vec<Expr> = values.into_iter().map(|value| value.expr).collect();
        Some(Value { fault, origin, ..Value::new(coalesce(&all), kind, words(part)) })
    }
}

/// The kind of values of two kinds together; none where they have nothing in common.
fn joined(one: &Kind, other: &Kind) -> Option<Kind> {
    Some(match (one, other) {
        (same, other) if same == other => same.clone(),
        (Kind::Nothing, kind) | (kind, Kind::Nothing) => kind.clone(),
        (Kind::Integer | Kind::Untold, Kind::Float | Kind::Integer) | (Kind::Float | Kind::Integer, Kind::Integer | Kind::Untold) => {
            Kind::Float
        }
        (Kind::Date | Kind::Untold, Kind::Time | Kind::Date) | (Kind::Time | Kind::Date, Kind::Date | Kind::Untold) => Kind::Time,
        (Kind::Untold, Kind::Text) | (Kind::Text, Kind::Untold) => Kind::Text,
        (Kind::Untold, Kind::Boolean) | (Kind::Boolean, Kind::Untold) => Kind::Boolean,
        _ => return None,
    })
}

fn help_for(left: &Value, right: &Value) -> Option<String> {
    let (text, other) = match (&left.kind, &right.kind) {
        (Kind::Text, _) => (left, right),
        (_, Kind::Text) => (right, left),
        _ => return None,
    };
    let is_written = text.origin.is_none();
    Some(match &other.kind {
        Kind::Integer | Kind::Float if is_written => {
            format!("a column of numbers is compared with text: write the number without quotes, or `CAST({} AS VARCHAR)`", other.words)
        }
        Kind::Integer | Kind::Float => format!("say what the text is: `CAST({} AS DOUBLE)`, or write the number in quotes", text.words),
        Kind::Boolean => format!("write `{}` or `NOT {}`", other.words, other.words),
        Kind::Date => format!("say what the text is: `CAST({} AS DATE)`", text.words),
        Kind::Time => format!("say what the text is: `CAST({} AS TIMESTAMP)`", text.words),
        _ => return None,
    })
}

/// Written values of one type, which are looked up together.
#[derive(Default)]
struct Plain {
    texts: Vec<String>,
    wholes: Vec<i64>,
    numbers: Vec<f64>,
}

impl Plain {
    /// Adds what is written, where it is of the kind of the values that are looked up.
    fn add(&mut self, item: &ast::Expr, kind: &Kind) -> bool {
        let ast::Expr::Value(literal) = item else { return false };
        match (&literal.value, kind) {
            (Literal::SingleQuotedString(text), Kind::Text) => self.texts.push(text.clone()),
            (Literal::Number(digits, _), Kind::Integer) if let Ok(whole) = digits.parse() => self.wholes.push(whole),
            (Literal::Number(digits, _), Kind::Float) if let Ok(number) = digits.parse() => self.numbers.push(number),
            _ => return false,
        }
        true
    }

    fn values(self) -> impl Iterator<Item = Expr> {
        let texts = (!self.texts.is_empty()).then(|| Series::new("".into(), self.texts));
        let wholes = (!self.wholes.is_empty()).then(|| Series::new("".into(), self.wholes));
        let numbers = (!self.numbers.is_empty()).then(|| Series::new("".into(), self.numbers));
        texts.into_iter().chain(wholes).chain(numbers).map(|series| lit(series).implode(true))
    }
}

fn is_nonzero(part: &ast::Expr) -> bool {
    written_number(part).is_some_and(|number| number != 0.0)
}

fn as_float(value: &Value) -> Expr {
    if value.kind == Kind::Float { value.expr.clone() } else { value.expr.clone().cast(DataType::Float64) }
}

/// What one side of an operator is, whose other side is of the kind `beside`; its own kind where it is told.
fn told_beside(own: &Kind, op: &BinaryOperator, beside: &Kind, is_left: bool) -> Kind {
    match (own, op, beside) {
        (Kind::Untold, BinaryOperator::Plus, Kind::Date) => Kind::Integer,
        (Kind::Untold, BinaryOperator::Minus, Kind::Date) => Kind::Date,
        (Kind::Untold, BinaryOperator::Minus, Kind::Time) | (Kind::Untold, BinaryOperator::Plus, Kind::Interval) => Kind::Time,
        (Kind::Untold, BinaryOperator::Minus, Kind::Interval) if is_left => Kind::Time,
        (Kind::Untold, _, Kind::Text | Kind::Time | Kind::Boolean | Kind::List(_) | Kind::Struct(_)) => Kind::Text,
        (Kind::Untold, ..) => Kind::Float,
        _ => own.clone(),
    }
}

/// A missing value of the kind that is wanted.
fn typed_nothing(value: Value, kind: &Kind) -> Value {
    match value.kind {
        Kind::Nothing if *kind != Kind::Nothing => Value { expr: kind.missing(), kind: kind.clone(), ..value },
        _ => value,
    }
}

/// How many operators follow each other to the left.
fn spine(part: &ast::Expr) -> usize {
    let (mut part, mut length) = (part, 0);
    while let ast::Expr::BinaryOp { left, .. } = part {
        part = left;
        length += 1;
    }
    length
}

/// The type of what a crate's function gives for such values; none where it can't be given them.
#[expect(clippy::disallowed_methods, reason = "an empty frame has no rows to go through")]
fn type_of(function: &Function, values: &[Value]) -> Option<DataType> {
    let name = |position: usize| format!("a{position}");
    let columns: Vec<Column> = values
        .iter()
        .enumerate()
        .map(|(position, value)| Series::new_empty(name(position).as_str().into(), &value.kind.type_computed()).into())
        .collect();
    let arguments: Vec<Expr> = (0..values.len()).map(|position| col(name(position))).collect();
    let nothing = DataFrame::new(0, columns).ok()?.lazy().select([(function.call)(&arguments).alias("result")]).collect().ok()?;
    (nothing.height() == 0 || values.is_empty()).then(|| nothing.column("result").ok().map(|result| result.dtype().clone())).flatten()
}
