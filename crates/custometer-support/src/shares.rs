//! Shares that functions of measures report.

use custometer_core::{Estimate, statistics};

/// 100 · part / whole with Wilson's interval; undefined where the whole is 0.
pub fn estimate(part: f64, whole: f64, confidence: f64) -> Estimate {
    Estimate {
        value: (whole > 0.0).then(|| 100.0 * part / whole),
        interval: statistics::wilson(part, whole, confidence).map(|(low, high)| (100.0 * low, 100.0 * high)),
        n: Some(whole),
    }
}
