//! The Weibull distribution, fitted by maximum likelihood.

/// A Weibull distribution of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weibull {
    /// k: below 1 where what has taken long takes longer still, above 1 where it is about to end.
    pub shape: f64,
    /// λ: the time that 63.2 % do not exceed.
    pub scale: f64,
}

impl Weibull {
    /// The distribution with the greatest likelihood, given times above 0 and how often each came; none unless two of them differ.
    ///
    /// The scale that fits best is known for each shape, so that the derivative of the likelihood by the shape alone is left:
    ///
    /// Σ n tᵏ ln t / Σ n tᵏ − 1/k − Σ n ln t / Σ n
    ///
    /// It grows with k, from below 0 to above, and is 0 at the greatest likelihood.
    pub fn fit(times: &[(f64, f64)]) -> Option<Self> {
        let longest = times.iter().map(|(time, _)| *time).fold(0.0, f64::max);
        // Relative to the longest time, no power of one is too large for a float.
        let logs: Vec<(f64, f64)> = times.iter().map(|(time, n)| ((time / longest).ln(), *n)).collect();
        let all: f64 = logs.iter().map(|(_, n)| n).sum();
        let mean_log = logs.iter().map(|(log, n)| n * log).sum::<f64>() / all;
        if mean_log.is_nan() || mean_log >= 0.0 {
            return None;
        }
        let powers = |shape: f64| logs.iter().map(|(log, n)| n * (shape * log).exp()).sum::<f64>();
        let slope = |shape: f64| {
            let weighted: f64 = logs.iter().map(|(log, n)| n * (shape * log).exp() * log).sum();
            weighted / powers(shape) - 1.0 / shape - mean_log
        };
        let (mut low, mut high) = (0.0, 1.0);
        while slope(high) < 0.0 {
            (low, high) = (high, 2.0 * high);
        }
        // Halved as often as a float has digits.
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            if slope(middle) < 0.0 { low = middle } else { high = middle }
        }
        let shape = f64::midpoint(low, high);
        Some(Self { shape, scale: longest * (powers(shape) / all).powf(1.0 / shape) })
    }

    /// The time that a share of all does not exceed.
    pub fn quantile(&self, level: f64) -> f64 {
        self.scale * (-(-level).ln_1p()).powf(1.0 / self.shape)
    }
}
