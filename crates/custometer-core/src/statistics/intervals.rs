//! Confidence intervals.

use super::clusters::Clusters;
use super::normal::normal_quantile;
use super::students_t;

/// A confidence interval, low to high.
pub type Interval = (f64, f64);

/// Wilson score interval of a proportion, as fractions of one.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209–212. For weighted
/// answers, with their effective size: C. Franco, R. J. A. Little, T. A. Louis & E. V. Slud, "Comparative study of confidence intervals for
/// proportions in complex sample surveys", Journal of Survey Statistics and Methodology 7 (2019), 334–364.
pub fn wilson(successes: f64, trials: f64, confidence: f64) -> Option<Interval> {
    if trials <= 0.0 || successes < 0.0 || successes > trials {
        return None;
    }
    let z = normal_quantile(confidence);
    let (p, z2) = (successes / trials, z * z);
    let center = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    let half = z / (1.0 + z2 / trials) * (p * (1.0 - p) / trials + z2 / (4.0 * trials * trials)).sqrt();
    if !half.is_finite() {
        return None;
    }
    // The product of both ends is p²/(1 + z²/n): where p is small, the difference of center and half would be their rounding.
    let low = (p * p / (1.0 + z2 / trials) / (center + half)).min(p);
    // At the end the formula is exact, its rounding is not.
    let high = if successes >= trials { 1.0 } else { (center + half).clamp(p, 1.0) };
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
    let half = students_t::quantile(n - 1.0, confidence)? * (sample_variance / n).sqrt();
    Some((mean - half, mean + half))
}

/// Delta-method interval of a net promoter score, in points.
///
/// The score is the mean of a variable that is 100 for promoters, 0 for passives and −100 for detractors, so its variance is
/// 100²·(p + d − (p − d)²)/n. None when all answers are of one kind: the estimated variance is zero and says nothing.
///
/// Source: B. Rocks, "Interval estimation for the net promoter score", The American Statistician 70 (2016), 365–372 (the Wald form).
pub fn net_promoter_score(promoters: f64, detractors: f64, responses: f64, confidence: f64) -> Option<Interval> {
    let (score, variance) = score_and_variance(promoters, detractors, responses)?;
    let half = normal_quantile(confidence) * variance.sqrt();
    Some(((score - half).max(-100.0), (score + half).min(100.0)))
}

/// A net promoter score and its variance; none when there is no spread.
pub(super) fn score_and_variance(promoters: f64, detractors: f64, responses: f64) -> Option<(f64, f64)> {
    let (p, d) = (promoters / responses, detractors / responses);
    let variance = (p + d - (p - d).powi(2)) / responses;
    (responses > 0.0 && variance > 0.0).then_some((100.0 * (p - d), 100.0 * 100.0 * variance))
}

/// Delta-method interval of a ratio of means, Σx/Σy over clusters, with Student's t for one degree of freedom less than there are clusters.
///
/// None for fewer than two clusters, when x is proportional to y, or when the mean of y can't be told from 0.
///
/// Source: W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), chapter 6.
pub fn ratio_of_means(clusters: &Clusters, confidence: f64) -> Option<Interval> {
    let t = students_t::quantile(clusters.count - 1.0, confidence)?;
    let half = t * clusters.variance_of_ratio(t)?.sqrt();
    Some((clusters.ratio() - half, clusters.ratio() + half))
}

/// Interval of a ratio of two independent estimates, each with its own interval: `(value, low, high)`, where an exact number has itself for
/// both ends.
///
/// Each limit is the ratio at which the interval of `part − ratio · whole` has zero for its end. None where a part may be negative or the
/// whole can't be told from 0.
///
/// Source: A. Donner & G. Y. Zou, "Closed-form confidence intervals for functions of the normal mean and standard deviation", Statistical
/// Methods in Medical Research 21 (2012), 347–359, for the method of variance estimates recovery (MOVER); R. G. Newcombe, "MOVER-R confidence
/// intervals for ratios and products of two independently estimated quantities", ibid. 25 (2016), 1774–1778.
pub fn ratio_of_independent(part: (f64, f64, f64), whole: (f64, f64, f64)) -> Option<Interval> {
    let ((of, of_low, of_high), (to, to_low, to_high)) = (part, whole);
    let in_order = [of_low, of, of_high].is_sorted() && [to_low, to, to_high].is_sorted();
    if !in_order || of_low < 0.0 || to_low <= 0.0 {
        return None;
    }
    // Both limits are roots of a · ratio² − 2 · of · to · ratio + c.
    let root = |a: f64, c: f64| (of * to).mul_add(of * to, -a * c).max(0.0).sqrt();
    let (a, c) = (to_high * (2.0 * to - to_high), of_low * (2.0 * of - of_low));
    let below = of * to + root(a, c);
    let low = if below > 0.0 { c / below } else { 0.0 };
    let (a, c) = (to_low * (2.0 * to - to_low), of_high * (2.0 * of - of_high));
    let high = (of * to + root(a, c)) / a;
    (low.is_finite() && high.is_finite()).then_some((low, high))
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
    fn no_share_is_below_its_own_lower_bound() {
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-12, "{found} is not {expected}");
        // The formula in Python's decimals, of 200 digits.
        let (low, high) = wilson(1e-26, 10.0, 0.95).unwrap();
        near(low, 2.603_177_716_270_056_6e-54);
        near(high, 0.277_532_799_862_889_26);
        let (low, high) = wilson(1.0, 1e12, 0.95).unwrap();
        near(low, 1.765_245_549_351_747_3e-13);
        near(high, 5.664_934_265_736_511_6e-12);
        let (low, high) = wilson(20.0, 20.0, 0.95).unwrap();
        near(low, 20.0 / (20.0 + 3.841_458_820_694_124));
        near(high, 1.0);
        let (low, high) = wilson(1e20, 1e40, 0.95).unwrap();
        assert!(low <= 1e-20 && high >= 1e-20, "{low}, {high}");
        assert_eq!(wilson(1e-310, 1e-309, 0.95), None);
    }

    #[test]
    fn wilson_takes_effective_sizes() {
        // statsmodels.stats.proportion.proportion_confint(0.6 * n, n, method="wilson") for n = 64/16.5.
        let n = 64.0 / 16.5;
        close(wilson(0.6 * n, n, 0.95), 0.201_106_176_112_147_26, 0.899_377_345_458_429_5, 1e-12);
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
        assert_eq!(net_promoter_score(0.0, 0.0, 0.0, 0.95), None);
    }

    #[test]
    fn ratio_of_means_is_that_of_linearised_residuals() {
        // The ten cities of A. C. Davison & D. V. Hinkley, "Bootstrap Methods and Their Application" (1997), table 2.1: populations of 1930
        // and 1920. The interval is 1.5203125 ± t(0.975; 9) · √0.0360975, with the variance from NumPy as Σ((x − r·y)/ȳ)² / (n·(n − 1)).
        let cities = Clusters {
            sum_x: 973.0,
            sum_y: 640.0,
            count: 10.0,
            variance_x: 4_241.344_444_444_444,
            variance_y: 3_160.222_222_222_222,
            variance_x_plus_y: 14_023.344_444_444_445,
        };
        close(ratio_of_means(&cities, 0.95), 1.090_517_629_694_030_7, 1.950_107_370_305_969_3, 1e-11);
        assert_eq!(ratio_of_means(&Clusters { count: 1.0, ..cities }, 0.95), None);
    }

    #[test]
    fn a_ratio_without_spread_or_without_a_sure_denominator_has_no_interval() {
        let proportional =
            Clusters { sum_x: 30.0, sum_y: 10.0, count: 5.0, variance_x: 9.0 / 7.0, variance_y: 1.0 / 7.0, variance_x_plus_y: 16.0 / 7.0 };
        assert_eq!(ratio_of_means(&proportional, 0.95), None);
        // The mean of y is 0.1 with a standard error of 0.1.
        let unsure = Clusters { sum_x: 50.0, sum_y: 1.0, count: 10.0, variance_x: 1.0, variance_y: 0.1, variance_x_plus_y: 1.2 };
        assert_eq!(ratio_of_means(&unsure, 0.95), None);
        assert_eq!(ratio_of_means(&Clusters { sum_y: 0.0, variance_y: 0.0, ..unsure }, 0.95), None);
    }

    #[test]
    fn ratios_of_independent_estimates_are_what_their_equations_say() {
        // Roots of the equations of the method, found by bisection (scipy, brentq).
        let wilson = |successes: f64, trials: f64| {
            let (low, high) = super::wilson(successes, trials, 0.95).unwrap();
            (successes / trials, low, high)
        };
        close(ratio_of_independent(wilson(56.0, 70.0), wilson(48.0, 80.0)), 1.078_294_613_24, 1.662_919_966_51, 1e-9);
        close(ratio_of_independent((60.0, 50.0, 72.0), (10.0, 8.0, 13.0)), 4.354_774_858_520_51, 8.0, 1e-12);
        // An exact whole divides, an exact part is divided.
        close(ratio_of_independent((60.0, 50.0, 72.0), (10.0, 10.0, 10.0)), 5.0, 7.2, 1e-12);
        close(ratio_of_independent((60.0, 60.0, 60.0), (10.0, 6.0, 21.0)), 60.0 / 21.0, 10.0, 1e-12);
        close(ratio_of_independent((0.0, 0.0, 3.0), (10.0, 8.0, 13.0)), 0.0, 0.306_186_217_848, 1e-12);
    }

    #[test]
    fn no_ratio_to_what_may_be_zero() {
        assert_eq!(ratio_of_independent((6.0, 5.0, 7.0), (1.0, 0.0, 2.0)), None);
        assert_eq!(ratio_of_independent((6.0, -1.0, 7.0), (1.0, 0.5, 2.0)), None);
        assert_eq!(ratio_of_independent((6.0, 7.0, 8.0), (1.0, 0.5, 2.0)), None);
    }
}
