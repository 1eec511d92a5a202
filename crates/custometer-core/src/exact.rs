//! Sums that do not depend on the order of rows.
//!
//! Floats added in another order, or by other threads, give other last digits. So a number is cut into parts: multiples of 2⁶⁴, of 2³², the
//! other wholes, the fraction in steps of 2⁻³² and of 2⁻⁶⁴, and the rest below that. All but the last are whole numbers, whose sums are exact in any
//! order; the rest is so small that the rounding of its sum shows in no digit that is kept.

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use polars::prelude::{DataType, Expr, LazyFrame, col, lit, when};

/// The parts of a number, as suffixes of its column's name.
pub(crate) const PARTS: [&str; 6] = ["huge", "big", "whole", "fraction", "fine", "rest"];
/// The whole parts' steps. All of them are powers of two, so that cutting loses nothing.
const STEPS: [f64; 5] = [STEP * STEP, STEP, 1.0, 1.0 / STEP, 1.0 / STEP / STEP];
const STEP: f64 = 4_294_967_296.0;
/// Beyond this, and for what is no number, the rest is all of it. 2⁹⁴, the square of 10¹⁴.
const LIMIT: f64 = STEP * STEP * 1_073_741_824.0;

/// Adds the parts of each of the named float columns.
pub(crate) fn cut(rows: LazyFrame, columns: &[String]) -> LazyFrame {
    let part = |column: &String, of: usize| col(format!("{column}.{}", PARTS[of]));
    let float = |part: Expr| part.cast(DataType::Float64);
    // Each part is what is left of the ones before it; subtracting them loses nothing.
    let left =
        |column: &String, parts: usize| (0..parts).fold(col(column.as_str()), |left, of| left - float(part(column, of)) * lit(STEPS[of]));
    let is_cut = |column: &String| col(column.as_str()).abs().lt(lit(LIMIT));
    let level = |of: usize| {
        let of_column = move |column: &String| {
            let (value, otherwise) = match STEPS.get(of) {
                Some(step) => ((left(column, of) / lit(*step)).cast(DataType::Int64), lit(0_i64)),
                None => (left(column, of), col(column.as_str())),
            };
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExactSum {
    /// In steps of 2⁻⁶⁴.
    fixed: BigInt,
    rest: f64,
}

impl ExactSum {
    /// The sum whose whole parts, from the largest on, and rest are these.
    pub(crate) fn new(wholes: [i64; 5], rest: f64) -> Self {
        let fixed = wholes.into_iter().fold(BigInt::from(0), |sum, part| (sum << 32) + part);
        Self { fixed, rest }
    }

    pub(crate) fn value(&self) -> f64 {
        float(&self.fixed) / STEP / STEP + self.rest
    }

    /// The sum of squares about the mean of `n` numbers, from their sum (`self`), that of their squares, and what rounding the squares lost.
    ///
    /// The squares of large numbers that lie near each other are equal in almost all digits; they are subtracted as whole numbers. None
    /// where even so nothing but rounding would be left: numbers beyond 10¹⁴, or below 10⁻⁷, that are equal in all but their last digits.
    pub(crate) fn squares_about_mean(&self, n: i64, squares: &Self, lost: f64) -> Option<f64> {
        const LEAST_DIGITS: f64 = 1e9;
        let n_floating = n as f64;
        // n·Σx² − (Σx)², in steps of 2⁻¹²⁸.
        let about_mean = ((&squares.fixed * n) << 64) - &self.fixed * &self.fixed;
        let about_mean = float(&about_mean) / (STEP * STEP) / (STEP * STEP) / n_floating;
        let twice_mean = 2.0 * float(&self.fixed) / STEP / STEP / n_floating;
        let rests = [squares.rest, -twice_mean * self.rest, -self.rest * self.rest / n_floating];
        let sum = about_mean + lost + rests.iter().sum::<f64>();
        let rounding = 4.0 * f64::EPSILON * rests.iter().map(|rest| rest.abs()).sum::<f64>();
        (sum.is_finite() && sum > LEAST_DIGITS * rounding).then_some(sum)
    }
}

fn float(number: &BigInt) -> f64 {
    number.to_f64().unwrap_or(f64::NAN)
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
            let [huge, big, wholes, fraction, fine, rest] = PARTS.map(|part| format!("{of}.{part}"));
            ExactSum::new([huge, big, wholes, fraction, fine].map(whole), float(rest))
        };
        (numbers.len().try_into().unwrap(), exact("x"), exact("x.square"), float("x.rounded".to_owned()))
    }

    fn variance(numbers: &[f64]) -> f64 {
        let (n, sum, squares, lost) = sums(numbers);
        sum.squares_about_mean(n, &squares, lost).unwrap() / (n - 1) as f64
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exactly these")]
    fn sums_are_those_of_exact_arithmetic() {
        // float(sum(Fraction(x) for x in numbers)) in Python; a plain float sum gives 0.9999999999999999 and 0.0.
        assert_eq!(sums(&[0.1; 10]).1.value(), 1.0);
        assert_eq!(sums(&[1e25, 1.0, -1e25, 0.25]).1.value(), 1.25);
        assert_eq!(sums(&[-1.5, 1e-30, 3e9, -7.25]).1.value(), 2_999_999_991.25);
        assert!(sums(&[1.0, f64::NAN]).1.value().is_nan());
    }

    #[test]
    fn variances_are_those_of_exact_arithmetic() {
        // statistics.variance of Fractions in Python.
        let close = |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-13 * expected, "{found} is not {expected}");
        close(variance(&[1e9, 1e9 + 1.0, 1e9 + 2.0]), 1.0);
        close(variance(&[1e12, 1e12 + 1.0, 1e12 + 2.0]), 1.0);
        close(variance(&[0.1, 0.2, 0.4]), 0.023_333_333_333_333_334);
        close(variance(&[1e-5, 3e-5]), 2e-10);
        close(variance(&[12.34, 56.78, -90.12, 1e6]), 250_003_503_795.869_48);
        close(variance(&[1e12, 3e12]), 2e24);
    }

    #[test]
    fn a_variance_that_would_be_rounding_is_none() {
        let (n, sum, squares, lost) = sums(&[1e15, 1e15 + 1.0, 1e15 + 2.0]);
        assert_eq!(sum.squares_about_mean(n, &squares, lost), None);
        let (n, sum, squares, lost) = sums(&[f64::INFINITY, 1.0]);
        assert_eq!(sum.squares_about_mean(n, &squares, lost), None);
    }
}
