//! Weighted samples.

use super::rounding::remainder;

/// How many equally weighted observations tell as much as weighted ones do: (Σw)² / Σw².
///
/// None when all weights are 0, or so small that their squares are lost.
///
/// Source: L. Kish, "Survey Sampling" (1965), section 11.7: weights that have nothing to do with the values multiply the variance
/// of a mean by n·Σw² / (Σw)².
pub fn kish_effective_size(sum_of_weights: f64, sum_of_squared_weights: f64) -> Option<f64> {
    let size = sum_of_weights * (sum_of_weights / sum_of_squared_weights);
    (sum_of_squared_weights.is_normal() && size.is_finite()).then_some(size)
}

/// Sample variance of weighted values, Σw·(x − x̄)² / (Σw − Σw²/Σw), from Σw, Σw², Σwx and Σwx².
///
/// Weights that have nothing to do with the values leave it unbiased, which is also what the effective size supposes: divided by that size,
/// it is the variance of the weighted mean. With equal weights it is the usual one, with n − 1; it does not depend on the weights' scale.
/// None without spread, for one observation, and where the values lie so near each other that rounding is all that would be left.
///
/// Source: M. Galassi et al., "GNU Scientific Library Reference Manual", "Weighted samples".
pub fn weighted_variance(weight: f64, squared_weights: f64, sum: f64, squares: f64) -> Option<f64> {
    let size = kish_effective_size(weight, squared_weights)?;
    let about_mean = remainder(squares - sum * (sum / weight), squares)?;
    Some(about_mean / (weight * remainder(1.0 - 1.0 / size, 1.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_sizes() {
        // By hand: weights 1, 2, 3 are worth 36/14 answers, equal ones as many as there are.
        assert!((kish_effective_size(6.0, 14.0).unwrap() - 36.0 / 14.0).abs() < 1e-15);
        assert_eq!(kish_effective_size(1.25, 0.3125), Some(5.0));
        assert_eq!(kish_effective_size(0.0, 0.0), None);
        assert_eq!(kish_effective_size(1e-160, 0.0), None);
        assert_eq!(kish_effective_size(f64::INFINITY, f64::INFINITY), None);
    }

    #[test]
    fn weighted_variance_is_that_of_statsmodels() {
        // statsmodels' DescrStatsW([5, 4, 4, 1, 3], weights * n / weights.sum(), ddof=1).var for weights 0.5, 1.5, 2, 1, 3 and n = 64/16.5.
        let variance = weighted_variance(8.0, 16.5, 26.5, 96.5).unwrap();
        assert!((variance - 1.468_421_052_631_579).abs() < 1e-12, "{variance}");
        // The same with weights that are ten times as large.
        let variance = weighted_variance(80.0, 1650.0, 265.0, 965.0).unwrap();
        assert!((variance - 1.468_421_052_631_579).abs() < 1e-12, "{variance}");
        // Equal weights: the values 5, 4, 4, 1 have the variance 3.
        let variance = weighted_variance(2.0, 1.0, 7.0, 29.0).unwrap();
        assert!((variance - 3.0).abs() < 1e-12, "{variance}");
    }

    #[test]
    fn what_has_no_spread_has_no_variance() {
        assert_eq!(weighted_variance(0.3, 0.05, 0.3 * 5.0, 0.3 * 25.0), None);
        assert_eq!(weighted_variance(0.1, 0.1 * 0.1, 0.3, 0.9), None);
        assert_eq!(weighted_variance(0.0, 0.0, 0.0, 0.0), None);
    }
}
