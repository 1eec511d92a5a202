//! Two-sample tests: two-sided p-values of no difference between two independent samples, each given as its interval's function takes it.

use statrs::distribution::{ContinuousCDF, Normal};

use super::clusters::Clusters;
use super::intervals::score_and_variance;
use super::normal::normal_quantile;
use super::students_t;

/// How many observations of the rarer kinds each sample must be expected to have before their number is near normal.
///
/// Source: W. G. Cochran, "Some methods for strengthening the common χ² tests", Biometrics 10 (1954), 417–451.
const LEAST_EXPECTED: f64 = 5.0;

/// How many clusters a ratio of means needs before it is near normal.
///
/// Source: W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), chapter 6.
const LEAST_CLUSTERS: f64 = 30.0;

/// The pooled z test of two proportions, each as successes and trials: z = (p₁ − p₂) / √(p·(1 − p)·(1/n₁ + 1/n₂)).
///
/// None when either sample is expected to have fewer than five successes or failures: the test would see differences that are chance.
///
/// Source: A. Agresti, "Categorical Data Analysis", 2nd ed. (2002), section 3.2, where its square is Pearson's χ².
pub fn two_proportions(now: (f64, f64), before: (f64, f64)) -> Option<f64> {
    let share = (now.0 + before.0) / (now.1 + before.1);
    let least = now.1.min(before.1) * share.min(1.0 - share);
    if least.is_nan() || least < LEAST_EXPECTED {
        return None;
    }
    let variance = share * (1.0 - share) * (1.0 / now.1 + 1.0 / before.1);
    normal(now.0 / now.1 - before.0 / before.1, variance)
}

/// Welch's t test of two means, each as mean, sample variance and n, with the degrees of freedom of Welch and Satterthwaite.
///
/// None when either sample has fewer than two observations or no spread.
///
/// Source: B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
/// Biometrika 34 (1947), 28–35.
pub fn welch(now: (f64, f64, f64), before: (f64, f64, f64)) -> Option<f64> {
    let has_spread = |(_, variance, n): (f64, f64, f64)| n >= 2.0 && variance > 0.0;
    if !has_spread(now) || !has_spread(before) {
        return None;
    }
    let (a, b) = (now.1 / now.2, before.1 / before.2);
    let degrees = (a + b).powi(2) / (a * a / (now.2 - 1.0) + b * b / (before.2 - 1.0));
    students_t::two_sided((now.0 - before.0) / (a + b).sqrt(), degrees)
}

/// The z test of two net promoter scores, each as promoters, detractors and responses, with the variance of either.
///
/// None when all answers of either are of one kind, or when either is expected to have fewer than five answers that are not of the
/// commonest kind.
///
/// Source of the variances: B. Rocks, "Interval estimation for the net promoter score", The American Statistician 70 (2016), 365–372.
pub fn net_promoter_scores(now: (f64, f64, f64), before: (f64, f64, f64)) -> Option<f64> {
    let all = now.2 + before.2;
    let (promoters, detractors) = ((now.0 + before.0) / all, (now.1 + before.1) / all);
    let commonest = promoters.max(detractors).max(1.0 - promoters - detractors);
    let least = now.2.min(before.2) * (1.0 - commonest);
    if least.is_nan() || least < LEAST_EXPECTED {
        return None;
    }
    let (score_now, variance_now) = score_and_variance(now.0, now.1, now.2)?;
    let (score_before, variance_before) = score_and_variance(before.0, before.1, before.2)?;
    normal(score_now - score_before, variance_now + variance_before)
}

/// The z test of two ratios of means over clusters, with the delta-method variance of either.
///
/// None for fewer than thirty clusters in either, without spread, or when the mean of either y can't be told from 0.
///
/// Source of the variances: W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), chapter 6.
pub fn two_ratios(now: &Clusters, before: &Clusters) -> Option<f64> {
    if now.count.min(before.count) < LEAST_CLUSTERS {
        return None;
    }
    let z = normal_quantile(0.95);
    normal(now.ratio() - before.ratio(), now.variance_of_ratio(z)? + before.variance_of_ratio(z)?)
}

/// The two-sided p-value of a difference that is normal with mean 0 and this variance.
fn normal(difference: f64, variance: f64) -> Option<f64> {
    let z = difference / variance.sqrt();
    (variance > 0.0 && z.is_finite()).then(|| 2.0 * Normal::standard().sf(z.abs()))
}

/// The interval of the difference of two independent estimates, each given as its value and the ends of its interval.
///
/// Each end lies as far from the difference as the estimates' own intervals reach that way: `low = a − b − √((a − a_low)² + (b_high − b)²)`. Of
/// two proportions with Wilson's intervals it is Newcombe's.
///
/// None where an end is not finite.
///
/// Sources: R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven methods",
/// Statistics in Medicine 17 (1998), 873–890, method 10; G. Y. Zou & A. Donner, "Construction of confidence limits about effect measures:
/// a general approach", Statistics in Medicine 27 (2008), 1693–1702.
pub fn difference_interval(here: (f64, f64, f64), there: (f64, f64, f64)) -> Option<(f64, f64)> {
    let ((a, a_low, a_high), (b, b_low, b_high)) = (here, there);
    let low = a - b - (a - a_low).hypot(b_high - b);
    let high = a - b + (a_high - a).hypot(b - b_low);
    (low.is_finite() && high.is_finite()).then_some((low, high))
}

/// p-values, each from 0 to 1, corrected for their number, in the order given: p·m/rank, and no larger than that of any larger p-value.
///
/// Calling those below α significant keeps the expected share of false ones among them below α.
///
/// Source: Y. Benjamini & Y. Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995), 289–300.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut descending: Vec<usize> = (0..p_values.len()).collect();
    descending.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (larger, &position) in descending.iter().enumerate() {
        let rank = p_values.len() - larger;
        least = least.min(p_values[position] * p_values.len() as f64 / rank as f64);
        adjusted[position] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::super::intervals::wilson;
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn two_proportions_of_the_physicians_health_study() {
        // Agresti, section 2.2: heart attacks of 189 of 11 034 with placebo, 104 of 11 037 with aspirin; z = 5.00.
        // The p-value is from statsmodels.stats.proportion.proportions_ztest.
        close(two_proportions((189.0, 11_034.0), (104.0, 11_037.0)), 5.691_896_973_740_836e-7);
        close(two_proportions((20.0, 50.0), (30.0, 50.0)), 0.045_500_263_896_358_43);
        // Effective sizes.
        close(two_proportions((12.5, 40.75), (30.25, 60.5)), 0.053_519_519_308_044_56);
        assert_eq!(two_proportions((20.0, 50.0), (20.0, 50.0)), Some(1.0));
    }

    #[test]
    fn rare_kinds_support_no_test() {
        // Fisher's exact test gives 0.1 for the first of these, the z test 0.014.
        assert_eq!(two_proportions((3.0, 3.0), (0.0, 3.0)), None);
        assert_eq!(two_proportions((4.0, 10_000.0), (5.0, 10_000.0)), None);
        assert_eq!(two_proportions((0.0, 50.0), (0.0, 50.0)), None);
        assert_eq!(two_proportions((0.0, 0.0), (20.0, 50.0)), None);
        assert_eq!(net_promoter_scores((98.0, 0.0, 100.0), (97.0, 0.0, 100.0)), None);
        assert_eq!(net_promoter_scores((0.0, 0.0, 0.0), (70.0, 10.0, 100.0)), None);
    }

    #[test]
    fn the_interval_of_a_difference_of_proportions_is_newcombes() {
        // His Table II, method 10.
        let published = [
            ((56.0, 70.0), (48.0, 80.0), (0.0524, 0.3339)),
            ((9.0, 10.0), (3.0, 10.0), (0.1705, 0.8090)),
            ((6.0, 7.0), (2.0, 7.0), (0.0582, 0.8062)),
            ((5.0, 56.0), (0.0, 29.0), (-0.0381, 0.1926)),
            ((10.0, 10.0), (0.0, 20.0), (0.6791, 1.0)),
        ];
        for (here, there, expected) in published {
            let estimate = |(successes, trials): (f64, f64)| {
                let (low, high) = wilson(successes, trials, 0.95).unwrap();
                (successes / trials, low, high)
            };
            let (low, high) = difference_interval(estimate(here), estimate(there)).unwrap();
            assert!((low - expected.0).abs() < 5e-5 && (high - expected.1).abs() < 5e-5, "{low} to {high} is not {expected:?}");
        }
        assert_eq!(difference_interval((1.0, f64::NEG_INFINITY, 2.0), (1.0, 0.0, 2.0)), None);
    }

    #[test]
    fn welch_gives_the_published_value_of_the_sleep_data() {
        // Student's sleep data as in R's `t.test(extra ~ group, data = sleep)`: t = −1.8608, df = 17.776, p = 0.07939;
        // more digits from scipy.stats.ttest_ind(equal_var=False).
        close(welch((0.75, 3.200_555_555_555_555_4, 10.0), (2.33, 4.009, 10.0)), 0.079_394_140_187_358_3);
        // scipy.stats.ttest_ind_from_stats(10, 2, 4_000_000, 10.003, 3, 5_000_000, equal_var=False).
        close(welch((10.0, 4.0, 4e6), (10.003, 9.0, 5e6)), 0.072_998_080_034_668_67);
        assert_eq!(welch((1.0, 0.0, 10.0), (2.0, 4.0, 10.0)), None);
        assert_eq!(welch((1.0, 2.0, 1.0), (2.0, 4.0, 10.0)), None);
        assert_eq!(welch((1.0, f64::NAN, 5.0), (2.0, 4.0, 10.0)), None);
    }

    #[test]
    fn welch_takes_effective_sizes() {
        // statsmodels' CompareMeans(…).ttest_ind(usevar="unequal") of two DescrStatsW whose weights sum to their effective sizes.
        let now = (3.3125, 1.468_421_052_631_579, 64.0 / 16.5);
        close(welch(now, (3.7, 1.238_095_238_095_238_1, 25.0 / 6.625)), 0.662_074_551_787_794_7);
    }

    #[test]
    fn net_promoter_scores_are_means_of_minus_one_to_one() {
        // statsmodels.stats.weightstats.ztest(usevar="unequal", ddof=0) of 70, 20, 10 and 50, 30, 20 answers of 100, 0, −100.
        close(net_promoter_scores((70.0, 10.0, 100.0), (50.0, 20.0, 100.0)), 0.003_414_791_178_116_816_4);
        assert_eq!(net_promoter_scores((100.0, 0.0, 100.0), (50.0, 20.0, 100.0)), None);
    }

    #[test]
    fn two_ratios_are_those_of_linearised_residuals() {
        // 40 and 50 random clusters: z = −1.98501 from the variances of the residuals (x − r·y)/ȳ in NumPy.
        let now = Clusters {
            sum_x: 525.0,
            sum_y: 134.0,
            count: 40.0,
            variance_x: 84.060_897_435_897_43,
            variance_y: 1.823_076_923_076_923_3,
            variance_x_plus_y: 99.332_692_307_692_31,
        };
        let before = Clusters {
            sum_x: 757.0,
            sum_y: 154.0,
            count: 50.0,
            variance_x: 99.959_591_836_734_69,
            variance_y: 1.626_122_448_979_591_8,
            variance_x_plus_y: 118.297_551_020_408_16,
        };
        close(two_ratios(&now, &before), 0.047_143_469_790_973_22);
        assert_eq!(two_ratios(&Clusters { count: 29.0, ..now }, &before), None);
        assert_eq!(two_ratios(&now, &Clusters { sum_y: 0.0, ..before }), None);
    }

    #[test]
    fn adjusted_p_values_are_those_of_statsmodels() {
        // The fifteen p-values of Benjamini & Hochberg (1995), section 3.2, of which four are significant at 0.05; the adjusted
        // ones are from statsmodels' multipletests(method="fdr_bh") and scipy.stats.false_discovery_control, which agree.
        let p_values =
            [0.0201, 0.0001, 0.0004, 0.0019, 0.0095, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0];
        let expected = [
            0.0603,
            0.0015,
            0.003,
            0.0095,
            0.035_625,
            0.063_857_142_857_142_86,
            0.063_857_142_857_142_86,
            0.0645,
            0.0765,
            0.486,
            0.581_181_818_181_818_2,
            0.714_875,
            0.753_230_769_230_769_2,
            0.813_214_285_714_285_7,
            1.0,
        ];
        let adjusted = benjamini_hochberg(&p_values);
        assert_eq!(adjusted.iter().filter(|&&p| p < 0.05).count(), 4);
        for (found, expected) in adjusted.into_iter().zip(expected) {
            close(Some(found), expected);
        }
        assert_eq!(benjamini_hochberg(&[]), Vec::<f64>::new());
    }
}
