//! What rounding leaves of a difference.

/// What is left of terms as large as `size` after subtraction; none where rounding leaves it fewer than some five digits.
pub(super) fn remainder(difference: f64, size: f64) -> Option<f64> {
    const LEAST_DIGITS: f64 = 1e6;
    (difference > LEAST_DIGITS * f64::EPSILON * size).then_some(difference)
}
