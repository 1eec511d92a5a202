//! Sample quantiles, and the order statistics that enclose them.

use statrs::distribution::{Binomial, DiscreteCDF};

/// The ranks, counted from 1, of the two order statistics that enclose a quantile with at least the given confidence.
///
/// None when the sample is too small for such an interval.
///
/// Source: W. J. Conover, "Practical Nonparametric Statistics", 3rd ed. (1999), section 3.2.
pub fn quantile_ranks(level: f64, n: u64, confidence: f64) -> Option<(u64, u64)> {
    let alpha = (1.0 - confidence) / 2.0;
    let binomial = Binomial::new(level, n).ok()?;
    let (low, high) = (binomial.inverse_cdf(alpha), binomial.inverse_cdf(1.0 - alpha) + 1);
    (low >= 1 && high <= n).then_some((low, high))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks are between 0 and n")]
fn whole(rank: f64) -> u64 {
    rank.max(0.0) as u64
}

/// A quantile of a counted multiset, `values` ascending, by linear interpolation between order statistics.
///
/// Source: R. J. Hyndman & Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996), definition 7;
/// the default of R, `NumPy` and Polars.
pub fn quantile(values: &[f64], counts: &[u64], level: f64) -> Option<f64> {
    quantile_by_rank(level, counts.iter().sum(), |rank| order_statistic(values, counts, rank))
}

/// A quantile of `n` values, of which `at` gives the one of a rank, counted from 1.
pub(crate) fn quantile_by_rank(level: f64, n: u64, at: impl Fn(u64) -> Option<f64>) -> Option<f64> {
    let position = n.checked_sub(1)? as f64 * level;
    let (below, share) = (whole(position.floor()), position.fract());
    let low = at(below + 1)?;
    if share == 0.0 {
        return Some(low);
    }
    Some(low + share * (at(below + 2)? - low))
}

/// The value of the given rank, counted from 1, in a counted multiset.
pub fn order_statistic(values: &[f64], counts: &[u64], rank: u64) -> Option<f64> {
    let mut seen = 0;
    values.iter().zip(counts).find_map(|(value, count)| {
        seen += count;
        (seen >= rank).then_some(*value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_ranks_of_ten_and_twenty_five() {
        // Conover, table A3: the 2nd and 9th of 10 enclose the median with 97.85 %, the 8th and 18th of 25 with 95.67 %.
        assert_eq!(quantile_ranks(0.5, 10, 0.95), Some((2, 9)));
        assert_eq!(quantile_ranks(0.5, 25, 0.95), Some((8, 18)));
        assert_eq!(quantile_ranks(0.5, 5, 0.95), None);
    }

    #[test]
    fn ranks_of_large_samples_are_exact() {
        // scipy.stats.binom.ppf([0.025, 0.975], n, 0.9), the second one plus 1.
        assert_eq!(quantile_ranks(0.9, 187_083, 0.95), Some((168_120, 168_630)));
        assert_eq!(quantile_ranks(0.9, 10_000_000, 0.95), Some((8_998_140, 9_001_860)));
    }

    #[test]
    fn quantiles_of_counted_values_are_those_of_the_repeated_ones() {
        // numpy.quantile([1, 1, 2, 5, 5, 5], [0.25, 0.5, 0.9]) = [1.25, 3.5, 5.0]
        let (values, counts) = ([1.0, 2.0, 5.0], [2, 1, 3]);
        assert_eq!(quantile(&values, &counts, 0.25), Some(1.25));
        assert_eq!(quantile(&values, &counts, 0.5), Some(3.5));
        assert_eq!(quantile(&values, &counts, 0.9), Some(5.0));
        assert_eq!(quantile(&[], &[], 0.5), None);
    }
}
