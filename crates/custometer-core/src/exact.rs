//! Sums that do not depend on the order of rows.
//!
//! Floats added in another order, or by other threads, give other last digits. So a number is cut into four parts: multiples of 2³², the
//! other wholes, the fraction in steps of 2⁻³², and the rest below that. The first three are whole numbers, whose sums are exact in any
//! order; the rest is so small that the rounding of its sum shows in no digit that is kept.

use polars::prelude::{DataType, Expr, LazyFrame, col, lit, when};

/// The parts of a number, as suffixes of its column's name.
pub(crate) const PARTS: [&str; 4] = ["big", "whole", "fraction", "rest"];

const STEP: f64 = 4_294_967_296.0;
/// Beyond this, and for what is no number, the rest is all of it.
const LIMIT: f64 = 4_611_686_018_427_387_904.0;

/// Adds the parts of each of the named float columns.
pub(crate) fn cut(rows: LazyFrame, columns: &[String]) -> LazyFrame {
    let part = |column: &String, of: usize| col(format!("{column}.{}", PARTS[of]));
    let float = |part: Expr| part.cast(DataType::Float64);
    // Each part is what is left of the ones before it; subtracting them loses nothing.
    let left = |column: &String, parts: usize| {
        let steps = [STEP, 1.0, 1.0 / STEP];
        (0..parts).fold(col(column.as_str()), |left, of| left - float(part(column, of)) * lit(steps[of]))
    };
    let is_cut = |column: &String| col(column.as_str()).abs().lt(lit(LIMIT));
    let level = |of: usize| {
        let of_column = move |column: &String| {
            let value = match of {
                0 => (left(column, 0) / lit(STEP)).cast(DataType::Int64),
                1 => left(column, 1).cast(DataType::Int64),
                2 => (left(column, 2) * lit(STEP)).cast(DataType::Int64),
                _ => left(column, 3),
            };
            let otherwise = if of == 3 { col(column.as_str()) } else { lit(0_i64) };
            when(is_cut(column)).then(value).otherwise(otherwise).alias(format!("{column}.{}", PARTS[of]))
        };
        columns.iter().map(of_column).collect::<Vec<_>>()
    };
    (0..PARTS.len()).fold(rows, |rows, of| rows.with_columns(level(of)))
}

/// Adds the square of each of the named float columns, and by how much it was rounded.
///
/// Source: T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18 (1971), 224–242.
pub(crate) fn square(rows: LazyFrame, columns: &[String]) -> LazyFrame {
    const SPLIT: f64 = 134_217_729.0;
    let high = |column: &String| {
        let large = || col(column.as_str()) * lit(SPLIT);
        (large() - (large() - col(column.as_str()))).alias(format!("{column}.high"))
    };
    let squared = |column: &String| (col(column.as_str()) * col(column.as_str())).alias(format!("{column}.square"));
    let rounded = |column: &String| {
        let [high, square] = ["high", "square"].map(|of| col(format!("{column}.{of}")));
        let low = col(column.as_str()) - high.clone();
        let error = ((high.clone() * high.clone() - square) + lit(2.0) * high * low.clone()) + low.clone() * low;
        error.alias(format!("{column}.rounded"))
    };
    let first: Vec<Expr> = columns.iter().map(high).chain(columns.iter().map(squared)).collect();
    rows.with_columns(first).with_columns(columns.iter().map(rounded).collect::<Vec<_>>())
}

/// A sum, from the sums of its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ExactSum {
    /// In steps of 2⁻³².
    fixed: i128,
    rest: f64,
}

impl ExactSum {
    pub(crate) fn new(big: i64, whole: i64, fraction: i64, rest: f64) -> Self {
        Self { fixed: (i128::from(big) << 64) + (i128::from(whole) << 32) + i128::from(fraction), rest }
    }

    pub(crate) fn value(self) -> f64 {
        self.fixed as f64 / STEP + self.rest
    }

    /// The sum of squares about the mean of `n` numbers, from their sum (`self`), that of their squares, and what rounding the squares lost.
    ///
    /// The squares of large numbers that lie near each other are equal in almost all digits; they are subtracted as whole numbers. None
    /// where even so nothing but rounding would be left: numbers beyond some 2·10⁹, or below 10⁻⁵, that are equal in all but their last digits.
    pub(crate) fn squares_about_mean(self, n: i64, squares: Self, lost: f64) -> Option<f64> {
        const LEAST_DIGITS: f64 = 1e6;
        let count = i128::from(n);
        // The mean, to a step of 2⁻³², as wholes and steps; what is left of the sum beyond it.
        let mean = self.fixed.div_euclid(count);
        let left = (self.fixed - count * mean) as f64 / STEP + self.rest;
        let (wholes, steps) = (mean >> 32, mean & 0xffff_ffff);
        let tail = count * steps * steps;
        let square_of_mean = wholes.checked_mul(wholes).and_then(|square| square.checked_mul(count << 32));
        let square_of_mean = square_of_mean.and_then(|square| square.checked_add(2 * count * wholes * steps + (tail >> 32)));
        let mean = mean as f64 / STEP;
        let (about_mean, floating) = match square_of_mean {
            Some(square) => ((squares.fixed - square) as f64 / STEP - (tail & 0xffff_ffff) as f64 / STEP / STEP, squares.rest),
            None => (squares.fixed as f64 / STEP - n as f64 * mean * mean, n as f64 * mean * mean),
        };
        let sum = about_mean + squares.rest + lost - 2.0 * mean * left - left * left / n as f64;
        let rounding = 4.0 * f64::EPSILON * floating.abs();
        (sum.is_finite() && sum > LEAST_DIGITS * rounding).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{DataFrame, IntoLazy, df};

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
    fn sums(numbers: &[f64]) -> (i64, ExactSum, ExactSum, f64) {
        let rows = df!("x" => numbers).unwrap().lazy();
        let (x, square) = (String::from("x"), String::from("x.square"));
        let rows = cut(super::square(rows, std::slice::from_ref(&x)), &[x, square]);
        let sum: DataFrame = rows.select([polars::prelude::all().as_expr().sum()]).collect().unwrap();
        let whole = |column: String| sum.column(&column).unwrap().i64().unwrap().get(0).unwrap();
        let float = |column: String| sum.column(&column).unwrap().f64().unwrap().get(0).unwrap();
        let exact = |of: &str| {
            let [big, wholes, fraction, rest] = PARTS.map(|part| format!("{of}.{part}"));
            ExactSum::new(whole(big), whole(wholes), whole(fraction), float(rest))
        };
        (numbers.len().try_into().unwrap(), exact("x"), exact("x.square"), float("x.rounded".to_owned()))
    }

    fn variance(numbers: &[f64]) -> f64 {
        let (n, sum, squares, lost) = sums(numbers);
        sum.squares_about_mean(n, squares, lost).unwrap() / (n - 1) as f64
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exactly these")]
    fn sums_are_those_of_exact_arithmetic() {
        // float(sum(Fraction(x) for x in numbers)) in Python; a plain float sum gives 0.9999999999999999 and 0.0.
        assert_eq!(sums(&[0.1; 10]).1.value(), 1.0);
        assert_eq!(sums(&[1e16, 1.0, -1e16, 0.25]).1.value(), 1.25);
        assert_eq!(sums(&[-1.5, 1e-30, 3e9, -7.25]).1.value(), 2_999_999_991.25);
        assert!(sums(&[1.0, f64::NAN]).1.value().is_nan());
    }

    #[test]
    fn variances_are_those_of_exact_arithmetic() {
        // statistics.variance of Fractions in Python.
        let close = |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-13 * expected, "{found} is not {expected}");
        close(variance(&[1e9, 1e9 + 1.0, 1e9 + 2.0]), 1.0);
        close(variance(&[0.1, 0.2, 0.4]), 0.023_333_333_333_333_334);
        close(variance(&[1e-5, 3e-5]), 2e-10);
        close(variance(&[12.34, 56.78, -90.12, 1e6]), 250_003_503_795.869_48);
        close(variance(&[1e12, 3e12]), 2e24);
    }

    #[test]
    fn a_variance_that_would_be_rounding_is_none() {
        let (n, sum, squares, lost) = sums(&[1e12, 1e12 + 1.0, 1e12 + 2.0]);
        assert_eq!(sum.squares_about_mean(n, squares, lost), None);
        let (n, sum, squares, lost) = sums(&[f64::INFINITY, 1.0]);
        assert_eq!(sum.squares_about_mean(n, squares, lost), None);
    }
}
