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

impl Formula {
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
