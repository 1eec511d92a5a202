//! Random numbers for tests: customers who behave as the models say.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Above 0 and at most 1.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    1.0 - random.random::<f64>()
}

pub(super) fn exponential(random: &mut ChaCha8Rng) -> f64 {
    -uniform(random).ln()
}

/// A gamma variate of rate 1.
///
/// Source: G. Marsaglia & W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000), 363–372.
pub(super) fn gamma(shape: f64, random: &mut ChaCha8Rng) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, random) * uniform(random).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let radius = (2.0 * exponential(random)).sqrt();
        let normal = radius * (std::f64::consts::TAU * uniform(random)).cos();
        let v = (1.0 + normal / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && uniform(random).ln() < normal * normal / 2.0 + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

pub(super) fn beta(a: f64, b: f64, random: &mut ChaCha8Rng) -> f64 {
    let (left, right) = (gamma(a, random), gamma(b, random));
    left / (left + right)
}
