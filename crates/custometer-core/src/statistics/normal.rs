//! The normal distribution.

use statrs::distribution::{ContinuousCDF, Normal};

/// The two-sided standard normal quantile for a confidence level: 1.959964 for 0.95.
pub fn normal_quantile(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + confidence / 2.0)
}
