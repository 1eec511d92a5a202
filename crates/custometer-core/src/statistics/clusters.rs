//! Sums over clusters, and the variance of their ratio.

use super::rounding::remainder;

/// Two numbers x and y of each cluster, such as the pages and the sessions of each user, summed up over the clusters.
///
/// The clusters are independent of each other; what is in one of them need not be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clusters {
    /// Σx.
    pub sum_x: f64,
    /// Σy.
    pub sum_y: f64,
    /// The number of clusters.
    pub count: f64,
    /// Sample variance of x.
    pub variance_x: f64,
    /// Sample variance of y.
    pub variance_y: f64,
    /// Sample variance of x + y, from which the covariance follows.
    pub variance_x_plus_y: f64,
}

impl Clusters {
    /// Σx/Σy; not finite when Σy is 0.
    pub(super) fn ratio(&self) -> f64 {
        self.sum_x / self.sum_y
    }

    /// The variance of Σx/Σy by the delta method: (s²x − 2·r·sxy + r²·s²y) / (n·ȳ²).
    ///
    /// None without spread, and when the mean of y is not at least `quantile` standard errors from 0: no ratio can then be ruled out
    /// (E. C. Fieller, "Some problems in interval estimation", JRSS B 16 (1954), 175–185).
    pub(super) fn variance_of_ratio(&self, quantile: f64) -> Option<f64> {
        let (n, ratio, mean_y) = (self.count, self.ratio(), self.sum_y / self.count);
        let is_sure = mean_y * mean_y > quantile * quantile * self.variance_y / n;
        if n < 2.0 || !is_sure {
            return None;
        }
        let twice_covariance = self.variance_x_plus_y - self.variance_x - self.variance_y;
        let of_residuals = self.variance_x - ratio * twice_covariance + ratio * ratio * self.variance_y;
        let all = self.variance_x + self.variance_y + self.variance_x_plus_y;
        let size = self.variance_x + ratio.abs() * all + ratio * ratio * self.variance_y;
        Some(remainder(of_residuals, size)? / (n * mean_y * mean_y))
    }
}
