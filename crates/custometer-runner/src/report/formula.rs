//! Formulas: arithmetic over named numbers.

/// Arithmetic over named numbers: `100 * (promoters - detractors) / responses`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Formula {
    /// A number as it stands there.
    Number(f64),
    /// The number of this name.
    Name(String),
    /// The negative of a number.
    Negative(Box<Self>),
    /// Two numbers and what is done with them.
    Operation(Box<Self>, Operator, Box<Self>),
}

/// What can be done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

/// A quotient of two names, times a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quotient {
    pub(crate) factor: f64,
    /// The name above the line.
    pub(crate) of: String,
    /// The name below it.
    pub(crate) to: String,
}

/// A product of numbers and names, some of which it is divided by.
struct Product<'a> {
    factor: f64,
    above: Vec<&'a str>,
    below: Vec<&'a str>,
}

impl Formula {
    /// What it is as a quotient of two different names, such as `100 * a / b`; none for any other formula.
    pub(crate) fn quotient(&self) -> Option<Quotient> {
        let Product { factor, above, below } = self.product()?;
        match (above.as_slice(), below.as_slice()) {
            ([of], [to]) if of != to && factor.is_finite() => Some(Quotient { factor, of: (*of).to_owned(), to: (*to).to_owned() }),
            _ => None,
        }
    }

    fn product(&self) -> Option<Product<'_>> {
        match self {
            Self::Number(factor) => Some(Product { factor: *factor, above: Vec::new(), below: Vec::new() }),
            Self::Name(name) => Some(Product { factor: 1.0, above: vec![name], below: Vec::new() }),
            Self::Negative(inner) => inner.product().map(|inner| Product { factor: -inner.factor, ..inner }),
            Self::Operation(left, Operator::Times, right) => {
                let (mut left, right) = (left.product()?, right.product()?);
                left.factor *= right.factor;
                left.above.extend(right.above);
                left.below.extend(right.below);
                Some(left)
            }
            Self::Operation(left, Operator::Over, right) => {
                let (mut left, right) = (left.product()?, right.product()?);
                left.factor /= right.factor;
                left.above.extend(right.below);
                left.below.extend(right.above);
                Some(left)
            }
            Self::Operation(_, Operator::Plus | Operator::Minus, _) => None,
        }
    }

    /// The value, where every name has one and nothing is divided by zero.
    pub(crate) fn value(&self, of: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Name(name) => of(name)?,
            Self::Negative(inner) => -inner.value(of)?,
            Self::Operation(left, operator, right) => {
                let (left, right) = (left.value(of)?, right.value(of)?);
                match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::Over if right == 0.0 => return None,
                    Operator::Over => left / right,
                }
            }
        };
        Some(value).filter(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(left: Formula, right: Formula) -> Formula {
        Formula::Operation(Box::new(left), Operator::Over, Box::new(right))
    }

    fn times(left: Formula, right: Formula) -> Formula {
        Formula::Operation(Box::new(left), Operator::Times, Box::new(right))
    }

    fn name(name: &str) -> Formula {
        Formula::Name(name.to_owned())
    }

    #[test]
    fn a_quotient_is_one_however_it_is_written() {
        let hundred = || Formula::Number(100.0);
        let expected = |factor| Some(Quotient { factor, of: "a".to_owned(), to: "b".to_owned() });
        assert_eq!(over(times(hundred(), name("a")), name("b")).quotient(), expected(100.0));
        assert_eq!(over(name("a"), over(name("b"), hundred())).quotient(), expected(100.0));
        assert_eq!(over(Formula::Negative(Box::new(name("a"))), times(name("b"), hundred())).quotient(), expected(-0.01));
    }

    #[test]
    fn what_is_no_quotient_of_two_names_is_none() {
        let sum = Formula::Operation(Box::new(name("a")), Operator::Plus, Box::new(name("b")));
        let others = [
            over(name("a"), name("a")),
            over(name("a"), sum.clone()),
            over(over(name("a"), name("b")), name("c")),
            over(name("a"), Formula::Number(2.0)),
            times(over(name("a"), name("b")), Formula::Number(f64::INFINITY)),
            sum,
        ];
        for other in others {
            assert_eq!(other.quotient(), None, "{other:?}");
        }
    }
}
