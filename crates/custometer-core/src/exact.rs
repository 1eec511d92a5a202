//! Sums that do not depend on the order of rows.
//!
//! Floats added in another order, or by other threads, give other last digits. So a sum is kept as a whole number of the smallest power of two
//! that any of its numbers needs, which is exact in any order, and is rounded once, when it is read.

use std::fmt;
use std::str::FromStr;

use num_bigint::{BigInt, Sign};
use num_traits::{Num as _, ToPrimitive as _};

/// The bits of a limb. What is added to one has few more, so that 2⁶⁰ numbers find room before it is full.
const BITS: i32 = 64;

/// A sum, exact.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExactSum {
    /// Its parts: the limb at `i` counts steps of 2^(64·(`first` + `i`)). There are only those between the smallest and the largest that were
    /// needed: one or two for most numbers.
    limbs: Vec<i128>,
    first: i32,
    /// What is added that is no number or infinite.
    not_finite: f64,
}

impl ExactSum {
    pub(crate) fn add(&mut self, number: f64) {
        match Binary::of(number) {
            Some(Binary { digits, exponent, is_negative }) => self.add_digits(u128::from(digits), exponent, is_negative),
            None => self.not_finite += number,
        }
    }

    pub(crate) fn add_square(&mut self, number: f64) {
        match Binary::of(number) {
            Some(Binary { digits, exponent, .. }) => self.add_digits(u128::from(digits).pow(2), 2 * exponent, false),
            None => self.not_finite += number * number,
        }
    }

    /// Adds `digits`·2^`exponent`, less than 2¹²⁸ of them.
    #[expect(clippy::cast_possible_wrap, reason = "no part has more than 65 bits")]
    fn add_digits(&mut self, digits: u128, exponent: i32, is_negative: bool) {
        const LOW: u128 = u64::MAX as u128;
        let (limb, shift) = (exponent.div_euclid(BITS), exponent.rem_euclid(BITS));
        let (low, high) = ((digits & LOW) << shift, (digits >> BITS) << shift);
        for (limb, part) in (limb..).zip([low & LOW, (low >> BITS) + (high & LOW), high >> BITS]) {
            if part != 0 {
                *self.limb(limb) += if is_negative { -(part as i128) } else { part as i128 };
            }
        }
    }

    /// Makes room for a limb.
    #[expect(clippy::cast_sign_loss, reason = "what is before the first limb is made room for")]
    fn limb(&mut self, limb: i32) -> &mut i128 {
        if self.limbs.is_empty() {
            self.first = limb;
        } else if limb < self.first {
            let more = (self.first - limb) as usize;
            self.limbs.splice(0..0, std::iter::repeat_n(0, more));
            self.first = limb;
        }
        let place = (limb - self.first) as usize;
        if place >= self.limbs.len() {
            self.limbs.resize(place + 1, 0);
        }
        &mut self.limbs[place]
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        for (limb, part) in (other.first..).zip(&other.limbs) {
            if *part != 0 {
                *self.limb(limb) += part;
            }
        }
        self.not_finite += other.not_finite;
    }

    fn exact(&self) -> Exact {
        let whole = self.limbs.iter().rev().fold(BigInt::ZERO, |whole, part| (whole << BITS) + *part);
        Exact { whole, exponent: BITS * self.first }
    }

    pub(crate) fn value(&self) -> f64 {
        self.exact().rounded() + self.not_finite
    }

    /// The mean of `n` numbers, also where their sum is more than a float holds.
    pub(crate) fn mean(&self, n: u64) -> f64 {
        self.exact().over(n).rounded() + self.not_finite
    }

    /// The sum of squares about the mean of `n` numbers, from their sum (`self`) and that of their squares.
    pub(crate) fn squares_about_mean(&self, n: u64, squares: &Self) -> f64 {
        let (sum, squares_sum) = (self.exact(), squares.exact());
        // n·Σx² − (Σx)², in one of the two's steps.
        let exponent = squares_sum.exponent.min(2 * sum.exponent);
        let in_steps = |whole: BigInt, of: i32| whole << (of - exponent);
        let whole = in_steps(squares_sum.whole * n, squares_sum.exponent) - in_steps(&sum.whole * &sum.whole, 2 * sum.exponent);
        Exact { whole, exponent }.over(n).rounded() + squares.not_finite
    }
}

/// One text for one sum, whatever it was added from: `-1f8p-64` is −1f8₁₆·2⁻⁶⁴.
impl fmt::Display for ExactSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.not_finite != 0.0 {
            return write!(f, "{}", self.not_finite);
        }
        let Exact { whole, exponent } = self.exact();
        let zeros = whole.trailing_zeros().unwrap_or(0);
        let exponent = if whole == BigInt::ZERO { 0 } else { i64::from(exponent) + zeros.cast_signed() };
        write!(f, "{:x}p{exponent}", whole >> zeros)
    }
}

/// A text that is no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sum")]
pub(crate) struct NoSum;

impl FromStr for ExactSum {
    type Err = NoSum;

    fn from_str(text: &str) -> Result<Self, NoSum> {
        let Some((digits, exponent)) = text.split_once('p') else {
            let not_finite: f64 = text.parse().map_err(|_| NoSum)?;
            return if not_finite.is_finite() { Err(NoSum) } else { Ok(Self { not_finite, ..Self::default() }) };
        };
        let whole = BigInt::from_str_radix(digits, 16).map_err(|_| NoSum)?;
        // Beyond the squares of all floats, and of as many as there may be.
        let exponent = exponent.parse().ok().filter(|exponent: &i32| (-2200..=2200).contains(exponent)).ok_or(NoSum)?;
        let (sign, digits) = whole.to_u64_digits();
        let mut sum = Self::default();
        for (place, digit) in (0..).zip(digits) {
            sum.add_digits(digit.into(), exponent + BITS * place, sign == Sign::Minus);
        }
        Ok(sum)
    }
}

/// A finite float, as a whole number of steps of 2^`exponent`.
struct Binary {
    digits: u64,
    exponent: i32,
    is_negative: bool,
}

impl Binary {
    /// None for what is no number or infinite.
    fn of(number: f64) -> Option<Self> {
        const DIGITS: u32 = f64::MANTISSA_DIGITS - 1;
        let bits = number.to_bits();
        let (exponent, fraction) = ((bits >> DIGITS) as i32 & 0x7ff, bits & ((1 << DIGITS) - 1));
        let (digits, exponent) = match exponent {
            0x7ff => return None,
            // Numbers too small for a leading one.
            0 => (fraction, 1),
            _ => (fraction | 1 << DIGITS, exponent),
        };
        Some(Self { digits, exponent: exponent - 1075, is_negative: number.is_sign_negative() })
    }
}

/// `whole`·2^`exponent`.
struct Exact {
    whole: BigInt,
    exponent: i32,
}

impl Exact {
    /// The quotient, to more digits than a float has.
    fn over(self, n: u64) -> Self {
        const MORE: i32 = 128;
        Self { whole: (self.whole << MORE) / n, exponent: self.exponent - MORE }
    }

    /// The nearest float.
    fn rounded(self) -> f64 {
        const MOST: u64 = 128;
        let Self { mut whole, mut exponent } = self;
        // So many bits that none of those below matters, save that there is one.
        if let Some(cut) = whole.bits().checked_sub(MOST).filter(|cut| *cut > 0) {
            let is_cut = whole.trailing_zeros().is_some_and(|zeros| zeros < cut);
            whole = (whole >> cut) | BigInt::from(u8::from(is_cut));
            exponent += i32::try_from(cut).unwrap_or(i32::MAX);
        }
        let mut number = whole.to_f64().unwrap_or(f64::NAN);
        // Steps that are floats themselves.
        while exponent != 0 && number != 0.0 && number.is_finite() {
            let step = exponent.clamp(-1000, 1000);
            number *= f64::powi(2.0, step);
            exponent -= step;
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop, proptest};

    use super::*;

    fn sum(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add(*number);
        }
        sum
    }

    fn sum_of_squares(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add_square(*number);
        }
        sum
    }

    fn variance(numbers: &[f64]) -> f64 {
        let n = numbers.len() as u64;
        sum(numbers).squares_about_mean(n, &sum_of_squares(numbers)) / (n - 1) as f64
    }

    proptest! {
        #[test]
        fn sums_survive_in_tables(numbers in vec(any::<f64>(), 0..20)) {
            let sum = sum(&numbers);
            let again: ExactSum = sum.to_string().parse().unwrap();
            assert_eq!(again.to_string(), sum.to_string());
            assert_eq!(again.value().to_bits(), sum.value().to_bits());
        }

        #[test]
        fn a_sum_of_one_number_is_it(number in any::<f64>()) {
            assert_eq!(sum(&[number]).value().to_bits(), (number + 0.0).to_bits());
        }

        #[test]
        fn no_order_and_no_split_makes_a_difference(numbers in vec(any::<f64>(), 1..20), cut in 0..20_usize, order in any::<prop::sample::Index>()) {
            let mut other = numbers.clone();
            other.rotate_left(order.index(numbers.len()));
            let (one, two) = other.split_at(cut.min(other.len()));
            for of in [sum, sum_of_squares] {
                let mut united = of(one);
                united.unite(&of(two));
                assert_eq!(united.to_string(), of(&numbers).to_string());
            }
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exactly these")]
    fn sums_are_those_of_exact_arithmetic() {
        // float(sum(Fraction(x) for x in numbers)) in Python; a plain float sum gives 0.9999999999999999 and 0.0.
        assert_eq!(sum(&[0.1; 10]).value(), 1.0);
        assert_eq!(sum(&[1e25, 1.0, -1e25, 0.25]).value(), 1.25);
        assert_eq!(sum(&[-1.5, 1e-30, 3e9, -7.25]).value(), 2_999_999_991.25);
        assert_eq!(sum(&[1e308, 1e308, -1.5e308]).value(), 5e307);
        assert_eq!(sum(&[1e300, 5e-324, -1e300]).value(), 5e-324);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).value(), f64::INFINITY);
        assert!(sum(&[1.0, f64::NAN]).value().is_nan());
        assert_eq!(sum(&[f64::MAX, f64::MAX]).mean(2), f64::MAX);
        assert_eq!(sum(&[1.0, 1.0, 0.0]).mean(3), 2.0 / 3.0);
        assert_eq!(sum(&[]).value(), 0.0);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exactly these")]
    fn variances_are_those_of_exact_arithmetic() {
        // float(statistics.variance(Fraction(x) for x in numbers)) in Python.
        assert_eq!(variance(&[1e9, 1e9 + 1.0, 1e9 + 2.0]), 1.0);
        assert_eq!(variance(&[1e15, 1e15 + 1.0, 1e15 + 2.0]), 1.0);
        assert_eq!(variance(&[0.1, 0.2, 0.4]), 0.023_333_333_333_333_334);
        assert_eq!(variance(&[1e-5, 3e-5]), 2e-10);
        assert_eq!(variance(&[12.34, 56.78, -90.12, 1e6]), 250_003_503_795.869_48);
        assert_eq!(variance(&[1e12, 3e12]), 2e24);
        assert_eq!(variance(&[0.1; 7]), 0.0);
        assert_eq!(variance(&[1e-170, 3e-170]), 0.0);
        assert_eq!(variance(&[1e-150, 3e-150]), 2.000_000_000_000_000_4e-300);
        assert!(variance(&[1e200, 3e200]).is_infinite());
        assert!(variance(&[f64::INFINITY, 1.0]).is_nan() || variance(&[f64::INFINITY, 1.0]).is_infinite());
    }

    #[test]
    fn a_text_that_is_no_sum_is_refused() {
        for text in ["", "p", "1", "1p", "p1", "gp0", "1p99999999999", "1p2147483647"] {
            assert_eq!(text.parse::<ExactSum>().unwrap_err(), NoSum, "{text}");
        }
    }
}
