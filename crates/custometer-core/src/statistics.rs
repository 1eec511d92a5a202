//! Textbook intervals, each with its source and a published value in its test.
//!
//! Every function returns `None` where the data can't support an interval, never a number that looks like one.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

/// A confidence interval, low to high.
pub type Interval = (f64, f64);

/// The two-sided standard normal quantile for a confidence level: 1.959964 for 0.95.
pub fn normal_quantile(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + confidence / 2.0)
}

/// Wilson score interval of a proportion, as fractions of one.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209–212.
pub fn wilson(successes: f64, trials: f64, confidence: f64) -> Option<Interval> {
    if trials <= 0.0 || successes < 0.0 || successes > trials {
        return None;
    }
    let z = normal_quantile(confidence);
    let (p, z2) = (successes / trials, z * z);
    let center = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    let half = z / (1.0 + z2 / trials) * (p * (1.0 - p) / trials + z2 / (4.0 * trials * trials)).sqrt();
    // At the ends the formula is exact, its rounding is not.
    let low = if successes <= 0.0 { 0.0 } else { center - half };
    let high = if successes >= trials { 1.0 } else { center + half };
    Some((low, high))
}

/// Student's t interval of a mean, from the sample variance.
///
/// None for fewer than two observations or without any spread: a sample of equal values says nothing of its error.
///
/// Source: Student, "The probable error of a mean", Biometrika 6 (1908), 1–25.
pub fn mean(mean: f64, sample_variance: f64, n: f64, confidence: f64) -> Option<Interval> {
    if n < 2.0 || sample_variance.is_nan() || sample_variance <= 0.0 {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(0.5 + confidence / 2.0);
    let half = t * (sample_variance / n).sqrt();
    Some((mean - half, mean + half))
}

/// Delta-method interval of a net promoter score, in points.
///
/// The score is the mean of a variable that is 100 for promoters, 0 for passives and −100 for detractors, so its variance is
/// 100²·(p + d − (p − d)²)/n. None when all answers are of one kind: the estimated variance is zero and says nothing.
///
/// Source: B. Rocks, "Interval estimation for the net promoter score", The American Statistician 70 (2016), 365–372 (the Wald form).
pub fn net_promoter_score(promoters: f64, detractors: f64, responses: f64, confidence: f64) -> Option<Interval> {
    if responses <= 0.0 {
        return None;
    }
    let (p, d) = (promoters / responses, detractors / responses);
    let variance = (p + d - (p - d).powi(2)) / responses;
    if variance <= 0.0 {
        return None;
    }
    let (score, half) = (100.0 * (p - d), 100.0 * normal_quantile(confidence) * variance.sqrt());
    Some(((score - half).max(-100.0), (score + half).min(100.0)))
}

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
    let n: u64 = counts.iter().sum();
    if n == 0 {
        return None;
    }
    let position = (n - 1) as f64 * level;
    let (below, share) = (whole(position.floor()), position.fract());
    let low = order_statistic(values, counts, below + 1)?;
    if share == 0.0 {
        return Some(low);
    }
    let high = order_statistic(values, counts, below + 2)?;
    Some(low + share * (high - low))
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

    fn close(found: Option<Interval>, low: f64, high: f64, tolerance: f64) {
        let (l, h) = found.unwrap();
        assert!((l - low).abs() < tolerance && (h - high).abs() < tolerance, "({l}, {h}) is not ({low}, {high})");
    }

    #[test]
    fn wilson_gives_newcombes_published_values() {
        // R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
        close(wilson(81.0, 263.0, 0.95), 0.2553, 0.3662, 5e-5);
        close(wilson(15.0, 148.0, 0.95), 0.0624, 0.1605, 5e-5);
        close(wilson(0.0, 20.0, 0.95), 0.0, 0.1611, 5e-5);
        close(wilson(1.0, 29.0, 0.95), 0.0061, 0.1718, 5e-5);
        assert_eq!(wilson(0.0, 0.0, 0.95), None);
    }

    #[test]
    fn mean_interval_uses_the_t_table() {
        // t(0.975; 9) = 2.262 in every printed table.
        close(mean(10.0, 10.0, 10.0, 0.95), 10.0 - 2.262, 10.0 + 2.262, 5e-4);
        assert_eq!(mean(1.0, 0.0, 1.0, 0.95), None);
        assert_eq!(mean(1.0, 0.0, 5.0, 0.95), None);
    }

    #[test]
    fn net_promoter_score_of_the_catalogue() {
        // 70 promoters, 20 passives, 10 detractors: half-width 13.0 at 95 %.
        close(net_promoter_score(70.0, 10.0, 100.0, 0.95), 47.0, 73.0, 0.01);
        assert_eq!(net_promoter_score(0.0, 0.0, 10.0, 0.95), None);
    }

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
