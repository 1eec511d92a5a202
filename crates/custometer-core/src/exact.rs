//! Sums that do not depend on the order of rows.
//!
//! Floats added in another order, or by other threads, give other last digits. So a number is added in parts: its whole, its fraction in
//! steps of 2⁻⁶⁴, and the rest below that. All but the last are whole numbers, whose sums are exact in any order; the rest is so small that
//! the rounding of its sum shows in no digit that is kept.

use num_bigint::BigInt;
use num_traits::ToPrimitive;

const STEP: f64 = 4_294_967_296.0;
/// Whole numbers below this are all floats, and fit into 64 bits.
const PLAIN: f64 = 9_007_199_254_740_992.0;
/// Beyond this, and for what is not a number, the rest is all of it. 2⁹⁴, the square of 10¹⁴.
const LIMIT: f64 = STEP * STEP * 1_073_741_824.0;

/// A sum.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ExactSum {
    /// Of wholes.
    whole: i128,
    /// Of fractions, in steps of 2⁻⁶⁴.
    fraction: i128,
    rest: f64,
}

impl ExactSum {
    #[expect(clippy::cast_possible_truncation, reason = "what is cut off is added as the next part")]
    pub(crate) fn add(&mut self, number: f64) {
        if number.abs() < PLAIN {
            let whole = number as i64;
            self.whole += i128::from(whole);
            let left = (number - whole as f64) * STEP;
            if left != 0.0 {
                let coarse = left as i64;
                let left = (left - coarse as f64) * STEP;
                let fine = left as i64;
                self.fraction += (i128::from(coarse) << 32) + i128::from(fine);
                self.rest += (left - fine as f64) / STEP / STEP;
            }
        } else if number.abs() < LIMIT {
            self.whole += number as i128;
        } else {
            self.rest += number;
        }
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        self.whole += other.whole;
        self.fraction += other.fraction;
        self.rest += other.rest;
    }

    /// The sum in numbers that tables hold.
    #[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
    pub(crate) fn parts(&self) -> ([i64; 4], f64) {
        let halves = |part: i128| [(part >> 64) as i64, part as i64];
        let ([a, b], [c, d]) = (halves(self.whole), halves(self.fraction));
        ([a, b, c, d], self.rest)
    }

    pub(crate) fn of_parts([a, b, c, d]: [i64; 4], rest: f64) -> Self {
        let whole = |high: i64, low: i64| i128::from(high) << 64 | i128::from(low.cast_unsigned());
        Self { whole: whole(a, b), fraction: whole(c, d), rest }
    }

    /// In steps of 2⁻⁶⁴, without the rest.
    fn fixed(&self) -> BigInt {
        (BigInt::from(self.whole) << 64) + self.fraction
    }

    pub(crate) fn value(&self) -> f64 {
        float(&self.fixed()) / STEP / STEP + self.rest
    }

    /// The sum of squares about the mean of `n` numbers, from their sum (`self`), that of their squares, and what rounding the squares lost.
    ///
    /// The squares of large numbers that lie near each other are equal in almost all digits; they are subtracted as whole numbers. None
    /// where even so nothing but rounding would be left: numbers beyond 10¹⁴, or below 10⁻⁷, that are equal in all but their last digits.
    pub(crate) fn squares_about_mean(&self, n: u64, squares: &Self, lost: f64) -> Option<f64> {
        const LEAST_DIGITS: f64 = 1e9;
        let n_floating = n as f64;
        let fixed = self.fixed();
        // n·Σx² − (Σx)², in steps of 2⁻¹²⁸.
        let about_mean = ((squares.fixed() * n) << 64) - &fixed * &fixed;
        let about_mean = float(&about_mean) / (STEP * STEP) / (STEP * STEP) / n_floating;
        let twice_mean = 2.0 * float(&fixed) / STEP / STEP / n_floating;
        let rests = [squares.rest, -twice_mean * self.rest, -self.rest * self.rest / n_floating];
        let sum = about_mean + lost + rests.iter().sum::<f64>();
        let rounding = 4.0 * f64::EPSILON * rests.iter().map(|rest| rest.abs()).sum::<f64>();
        (sum.is_finite() && sum > LEAST_DIGITS * rounding).then_some(sum)
    }
}

/// The square of a number, and by how much it was rounded.
///
/// Source: T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18 (1971), 224–242.
pub(crate) fn square(number: f64) -> (f64, f64) {
    const SPLIT: f64 = 134_217_729.0;
    let square = number * number;
    let large = number * SPLIT;
    let high = large - (large - number);
    let low = number - high;
    (square, ((high * high - square) + 2.0 * high * low) + low * low)
}

fn float(number: &BigInt) -> f64 {
    number.to_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::*;

    fn sum(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add(*number);
        }
        sum
    }

    fn sums(numbers: &[f64]) -> (u64, ExactSum, ExactSum, f64) {
        let (squares, lost): (Vec<f64>, Vec<f64>) = numbers.iter().map(|number| square(*number)).unzip();
        (numbers.len() as u64, sum(numbers), sum(&squares), lost.iter().sum())
    }

    proptest! {
        #[test]
        fn sums_survive_in_tables(numbers in vec(any::<f64>(), 0..20)) {
            let sum = sum(&numbers);
            let (parts, rest) = sum.parts();
            let again = ExactSum::of_parts(parts, rest);
            assert_eq!((again.whole, again.fraction, again.rest.to_bits()), (sum.whole, sum.fraction, sum.rest.to_bits()));
        }

        #[test]
        fn parts_that_are_cut_off_are_not_lost(number in any::<f64>()) {
            assert_eq!(sum(&[number]).value().to_bits(), (number + 0.0).to_bits());
        }
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
