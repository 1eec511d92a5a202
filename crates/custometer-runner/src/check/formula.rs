//! Formulas of a config: arithmetic over names, each with its place.

use std::ops::Range;

use toml::Spanned;

use crate::config::diagnostics::Collector;
use crate::report::formula::{Formula, Operator};

/// A formula as it is written, with the places of its names.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) formula: Formula,
    /// Every name, in the order of the text, with its place in the whole of the config.
    pub(crate) names: Vec<(String, Range<usize>)>,
}

/// What is wrong with a formula.
#[derive(Debug, PartialEq)]
struct Mistake {
    message: String,
    place: Range<usize>,
}

/// Reads a formula, and reports what is wrong with it.
pub(crate) fn parse(written: &Spanned<String>, problems: &mut Collector) -> Option<Written> {
    let text = written.get_ref();
    match Parser::new(text).and_then(Parser::formula) {
        Ok((formula, names)) => {
            let names = names.into_iter().map(|(name, place)| (name, problems.place_in(written, place))).collect();
            Some(Written { formula, names })
        }
        Err(Mistake { message, place }) => {
            let place = problems.place_in(written, place);
            problems
                .report(place, format!("not a formula: {message}"))
                .help("write it with names, numbers, `+`, `-`, `*`, `/` and brackets, such as `100 * part / whole`");
            None
        }
    }
}

/// More nested brackets than anyone means to write.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Sign(char),
}

/// Names with their places in the formula.
type Names = Vec<(String, Range<usize>)>;

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    depth: usize,
    names: Names,
    end: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, Mistake> {
        let mut tokens = Vec::new();
        let mut rest = text.char_indices().peekable();
        while let Some((start, first)) = rest.next() {
            let mut take = |belongs: &dyn Fn(char) -> bool| {
                let mut end = start + first.len_utf8();
                while let Some((at, next)) = rest.next_if(|(_, next)| belongs(*next)) {
                    end = at + next.len_utf8();
                }
                start..end
            };
            match first {
                _ if first.is_whitespace() => {}
                '+' | '-' | '*' | '/' | '(' | ')' => tokens.push((Token::Sign(first), start..start + 1)),
                '0'..='9' | '.' => {
                    let place = take(&|next| next.is_ascii_alphanumeric() || next == '.' || next == '_');
                    let number = text[place.clone()].replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite());
                    let number = number
                        .ok_or_else(|| Mistake { message: format!("`{}` is not a number", &text[place.clone()]), place: place.clone() })?;
                    tokens.push((Token::Number(number), place));
                }
                '"' | '`' => {
                    let inside = take(&|next| next != first);
                    if rest.next().is_none() {
                        return Err(Mistake { message: format!("a name begins with {first} and does not end"), place: inside });
                    }
                    tokens.push((Token::Name(text[inside.start + 1..inside.end].to_owned()), inside.start..inside.end + 1));
                }
                _ if first.is_alphabetic() || first == '_' => {
                    // The names of requests may have points in them, as the ids of metrics do.
                    let place = take(&|next| next.is_alphanumeric() || next == '_' || next == '.');
                    tokens.push((Token::Name(text[place.clone()].to_owned()), place));
                }
                other => return Err(Mistake { message: format!("`{other}` has no meaning here"), place: start..start + other.len_utf8() }),
            }
        }
        Ok(Self { tokens, next: 0, depth: 0, names: Vec::new(), end: text.len() })
    }

    fn formula(mut self) -> Result<(Formula, Names), Mistake> {
        let formula = self.sum()?;
        match self.tokens.get(self.next) {
            None => Ok((formula, self.names)),
            Some((_, place)) => Err(Mistake { message: "an operator is missing before this".to_owned(), place: place.clone() }),
        }
    }

    /// The operator that comes next, if it is one of these.
    fn operator(&mut self, known: &[(char, Operator)]) -> Option<Operator> {
        let Some((Token::Sign(sign), _)) = self.tokens.get(self.next) else { return None };
        let found = known.iter().find(|(known, _)| known == sign).map(|(_, operator)| *operator)?;
        self.next += 1;
        Some(found)
    }

    fn sum(&mut self) -> Result<Formula, Mistake> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&[('+', Operator::Plus), ('-', Operator::Minus)]) {
            left = Formula::Operation(Box::new(left), operator, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Formula, Mistake> {
        let mut left = self.factor()?;
        while let Some(operator) = self.operator(&[('*', Operator::Times), ('/', Operator::Over)]) {
            left = Formula::Operation(Box::new(left), operator, Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Formula, Mistake> {
        let Some((token, place)) = self.tokens.get(self.next).cloned() else {
            return Err(Mistake { message: "a name or a number is missing at its end".to_owned(), place: self.end..self.end });
        };
        self.next += 1;
        match token {
            Token::Number(number) => Ok(Formula::Number(number)),
            Token::Name(name) => {
                self.names.push((name.clone(), place));
                Ok(Formula::Name(name))
            }
            Token::Sign('-' | '(') if self.depth == DEEPEST => Err(Mistake { message: "it has too many brackets".to_owned(), place }),
            Token::Sign(sign @ ('-' | '(')) => {
                self.depth += 1;
                let inner = if sign == '-' { Formula::Negative(Box::new(self.factor()?)) } else { self.sum()? };
                self.depth -= 1;
                if sign == '(' {
                    match self.tokens.get(self.next) {
                        Some((Token::Sign(')'), _)) => self.next += 1,
                        _ => return Err(Mistake { message: "this bracket is not closed".to_owned(), place }),
                    }
                }
                Ok(inner)
            }
            Token::Sign(_) => Err(Mistake { message: "a name or a number is missing before this".to_owned(), place }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<f64> {
        let (formula, _) = Parser::new(text).and_then(Parser::formula).unwrap();
        formula.value(&|name| match name {
            "a" => Some(6.0),
            "b" | "loyalty.nps" | "with blanks" => Some(2.0),
            "zero" => Some(0.0),
            _ => None,
        })
    }

    fn mistake(text: &str) -> (String, &str) {
        let Mistake { message, place } = Parser::new(text).and_then(Parser::formula).unwrap_err();
        (message, &text[place])
    }

    #[test]
    fn arithmetic_is_what_it_is_at_school() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("100 * a / b", 300.0),
            ("a - b - 1", 3.0),
            ("a / b / 3", 1.0),
            ("-a * -(b + 1)", 18.0),
            ("1_000.5 / loyalty.nps", 500.25),
            ("a/\"with blanks\" - `b`", 1.0),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_is_undefined() {
        for text in ["a / zero", "a / (b - 2)", "unknown + 1", "0 * (1 / zero)", "zero / zero"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        assert_eq!(mistake("a b"), ("an operator is missing before this".to_owned(), "b"));
        assert_eq!(mistake("a * / b"), ("a name or a number is missing before this".to_owned(), "/"));
        assert_eq!(mistake("(a + b"), ("this bracket is not closed".to_owned(), "("));
        assert_eq!(mistake("a ^ 2"), ("`^` has no meaning here".to_owned(), "^"));
        assert_eq!(mistake("2x"), ("`2x` is not a number".to_owned(), "2x"));
        assert_eq!(mistake("a +"), ("a name or a number is missing at its end".to_owned(), ""));
        assert_eq!(mistake("a + \"b"), ("a name begins with \" and does not end".to_owned(), "\"b"));
        assert_eq!(mistake(&"(".repeat(100)).0, "it has too many brackets");
    }
}
