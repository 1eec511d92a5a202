//! What is written: its syntax, the columns that it names, and where each part stands.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{self, Spanned as _, visit_expressions};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, Tokenizer};

use super::mistake::Mistake;

/// More operators than anyone writes by hand; each costs the plan of the run.
const MOST_OPERATORS: usize = 500;

/// So deep may calls with a syntax of their own stand in each other. The parser tries each of them in two ways, and all that is in it as often:
/// a mistake behind forty of them would never be found.
const DEEPEST: usize = 10;

/// An expression as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Syntax {
    /// All of the text that it stands in.
    pub(super) text: String,
    pub(super) tree: ast::Expr,
}

impl Syntax {
    /// Reads an expression.
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let tree = tree(text)?;
        Ok(Self { text: text.to_owned(), tree })
    }

    /// A part of it.
    pub(crate) fn part(&self, tree: &ast::Expr) -> Self {
        Self { text: self.text.clone(), tree: tree.clone() }
    }

    /// The call of a function that it is.
    pub(crate) fn call(&self) -> Option<&ast::Function> {
        match &self.tree {
            ast::Expr::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The column that it is.
    pub(crate) fn column(&self) -> Option<&str> {
        match &self.tree {
            ast::Expr::Identifier(name) => Some(&name.value),
            _ => None,
        }
    }

    /// Where a word first stands in its text, in letters of any case.
    pub(crate) fn word(&self, word: &str) -> Option<Range<usize>> {
        let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        let (text, word) = (self.text.to_ascii_lowercase(), word.to_ascii_lowercase());
        let alone = |start: usize| !is_part(text[..start].chars().next_back()) && !is_part(text[start + word.len()..].chars().next());
        text.match_indices(&word).map(|(start, _)| start).find(|start| alone(*start)).map(|start| start..start + word.len())
    }

    /// Every column that it names, each time it does, with its place in the text.
    pub(crate) fn columns(&self) -> Vec<(String, Option<Range<usize>>)> {
        let mut columns = Vec::new();
        // The names after the points of `list[1].field.part` are fields.
        let mut fields = Vec::new();
        let _ = visit_expressions(&self.tree, |part| {
            if let ast::Expr::CompoundFieldAccess { access_chain, .. } = part {
                fields.extend(access_chain.iter().filter_map(|access| match access {
                    ast::AccessExpr::Dot(ast::Expr::Identifier(name)) => Some(name.span),
                    _ => None,
                }));
            }
            let name = match part {
                ast::Expr::Identifier(name) if fields.contains(&name.span) => None,
                ast::Expr::Identifier(name) => Some(name),
                ast::Expr::CompoundIdentifier(names) => names.first(),
                _ => None,
            };
            if let Some(name) = name {
                columns.push((name.value.clone(), bytes(&self.text, name.span)));
            }
            ControlFlow::<()>::Continue(())
        });
        columns
    }

    /// Whether a column is used for its text alone: it stands in conversions, and nowhere else.
    pub(crate) fn reads_text_of(&self, column: &str) -> bool {
        let mut converted = 0;
        let _ = visit_expressions(&self.tree, |part| {
            if let ast::Expr::Cast { expr, .. } = part
                && matches!(&**expr, ast::Expr::Identifier(name) if name.value == column)
            {
                converted += 1;
            }
            ControlFlow::<()>::Continue(())
        });
        converted > 0 && converted == self.columns().iter().filter(|(name, _)| name == column).count()
    }
}

/// The tree of a text, or what is wrong with it.
pub(crate) fn tree(text: &str) -> Result<ast::Expr, Mistake> {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize_with_location().map_err(|error| {
        let place = bytes(text, Span::new(error.location, error.location));
        Mistake::new(format!("not an SQL expression: {}", plain(&error.message))).at(place)
    })?;
    let operators = tokens.iter().filter(|token| is_operator(&token.token)).count();
    if operators > MOST_OPERATORS {
        return Err(Mistake::new(format!("an expression of {operators} operators is too long; {MOST_OPERATORS} are read"))
            .help("a value among many is written `x IN ('a', 'b', …)`"));
    }
    if depth(tokens.iter().map(|token| &token.token)) > DEEPEST {
        return Err(Mistake::new(format!("`CASE`, `CAST` and the like can't be read more than {DEEPEST} deep in each other"))
            .help("derive a column of what is within, and name it here"));
    }
    if tokens.iter().all(|token| matches!(token.token, Token::Whitespace(_) | Token::EOF)) {
        return Err(Mistake::new("not an SQL expression: it is empty"));
    }
    let mut parser = Parser::new(&GenericDialect).with_tokens_with_locations(tokens);
    let tree = parser.parse_expr().map_err(|error| not_sql(&error, text))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(Mistake::new(format!("`{}` has no meaning here", rest.token)).at(bytes(text, rest.span)));
    }
    Ok(tree)
}

/// How many of the calls that the parser tries in two ways stand in each other at most.
fn depth<'a>(tokens: impl Iterator<Item = &'a Token>) -> usize {
    let of_its_own = |token: &Token| {
        use Keyword::{
            ARRAY, CAST, CEIL, CONVERT, CURRENT_DATE, CURRENT_TIME, CURRENT_TIMESTAMP, EXISTS, EXTRACT, FLOOR, INTERVAL, LOCALTIME,
            LOCALTIMESTAMP, MAP, MATCH, NOT, OVERLAY, POSITION, PRIOR, SAFE_CAST, STRUCT, SUBSTR, SUBSTRING, TRIM, TRY_CAST, TRY_CONVERT,
        };
        const WORDS: [Keyword; 26] = [
            ARRAY,
            CAST,
            CEIL,
            CONVERT,
            CURRENT_DATE,
            CURRENT_TIME,
            CURRENT_TIMESTAMP,
            EXISTS,
            EXTRACT,
            FLOOR,
            INTERVAL,
            LOCALTIME,
            LOCALTIMESTAMP,
            MAP,
            MATCH,
            NOT,
            OVERLAY,
            POSITION,
            PRIOR,
            SAFE_CAST,
            STRUCT,
            SUBSTR,
            SUBSTRING,
            TRIM,
            TRY_CAST,
            TRY_CONVERT,
        ];
        match token {
            // What is in it is tried in two ways once more.
            Token::Word(word) if word.keyword == POSITION => 2,
            Token::Word(word) if WORDS.contains(&word.keyword) => 1,
            _ => 0,
        }
    };
    let mut brackets = Vec::new();
    let (mut cases, mut deepest, mut after_such) = (0_usize, 0, 0);
    for token in tokens.filter(|token| !matches!(token, Token::Whitespace(_))) {
        match token {
            Token::LParen => brackets.push(after_such),
            Token::RParen => drop(brackets.pop()),
            Token::Word(word) if word.keyword == Keyword::CASE => cases += 1,
            Token::Word(word) if word.keyword == Keyword::END => cases = cases.saturating_sub(1),
            _ => {}
        }
        after_such = of_its_own(token);
        deepest = deepest.max(cases + brackets.iter().sum::<usize>());
    }
    deepest
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            word.quote_style.is_none() && matches!(word.value.to_ascii_lowercase().as_str(), "and" | "or" | "not" | "when")
        }
        other => matches!(
            other,
            Token::Plus
                | Token::Minus
                | Token::Mul
                | Token::Div
                | Token::DuckIntDiv
                | Token::Mod
                | Token::StringConcat
                | Token::Eq
                | Token::Neq
                | Token::Lt
                | Token::Gt
                | Token::LtEq
                | Token::GtEq
                | Token::LParen
                | Token::DoubleColon
        ),
    }
}

fn not_sql(error: &ParserError, text: &str) -> Mistake {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.clone(),
        ParserError::RecursionLimitExceeded => return Mistake::new("an expression with so many brackets in brackets can't be read"),
    };
    // The parser puts the place at the end of its message.
    let (message, place) = message.rsplit_once(" at Line: ").map_or((message.as_str(), None), |(message, place)| (message, Some(place)));
    let place = place.and_then(|place| {
        let (line, column) = place.split_once(", Column: ")?;
        let location = Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? };
        bytes(text, Span::new(location, location))
    });
    Mistake::new(format!("not an SQL expression: {}", plain(message))).at(place)
}

/// A message of the parser, as ours begin.
fn plain(message: &str) -> String {
    let message = message.trim_start_matches("Expected: ");
    if message.contains(", found: ") {
        format!("expected {}", message.replace(", found: ", ", and found ").replace("found EOF", "found the end"))
    } else {
        message.to_lowercase()
    }
}

/// Where a part of a tree stands in its text.
pub(super) fn place(text: &str, part: &ast::Expr) -> Option<Range<usize>> {
    // The place of a long row of operators is found by recursion, and it is as good as that of the whole.
    const LONGEST: usize = 32;
    let operators = std::iter::successors(Some(part), |part| match part {
        ast::Expr::BinaryOp { left, .. } => Some(left),
        _ => None,
    });
    (operators.take(LONGEST + 1).count() <= LONGEST).then(|| bytes(text, part.span())).flatten()
}

/// Lines and columns as bytes; none for a place that is not known.
pub(super) fn bytes(text: &str, span: Span) -> Option<Range<usize>> {
    let offset = |location: Location| {
        let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let in_line = text.get(start..)?.split('\n').next()?;
        Some(start + in_line.char_indices().nth(column).map_or(in_line.len(), |(at, _)| at))
    };
    let (start, end) = (offset(span.start)?, offset(span.end)?);
    // An end stands after the last character, but for a place that is a single one.
    let next = text.get(start..)?.chars().next().map_or(0, char::len_utf8);
    Some(start..end.max(start + next))
}
