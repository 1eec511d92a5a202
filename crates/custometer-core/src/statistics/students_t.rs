//! Student's t distribution, also for millions of degrees of freedom.
//!
//! statrs 0.19 inverts it by an iteration that loses digits from some thousands of degrees of freedom on, is plainly wrong at ten million and
//! does not end at thirty; its tail loses digits more slowly. There, published expansions about the normal distribution take its place.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

use super::normal::normal_quantile;

/// The two-sided quantile for a confidence level: 2.262 for 9 degrees of freedom and 0.95. None below one degree.
///
/// Source of the expansion: M. Abramowitz & I. A. Stegun, "Handbook of Mathematical Functions" (1964), formula 26.7.5.
pub(super) fn quantile(degrees: f64, confidence: f64) -> Option<f64> {
    const MANY: f64 = 1000.0;
    if degrees.is_nan() || degrees < 1.0 {
        return None;
    }
    if degrees < MANY {
        return Some(StudentsT::new(0.0, 1.0, degrees).ok()?.inverse_cdf(0.5 + confidence / 2.0));
    }
    let z = normal_quantile(confidence);
    let z2 = z * z;
    let terms = [(z2 + 1.0) / 4.0, ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0, (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0];
    Some(z * (1.0 + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees)))
}

/// The probability of a value at least as far from 0 as `t`. None below one degree of freedom.
///
/// Source of the expansion: R. A. Fisher, "Expansion of Student's integral in powers of n⁻¹", Metron 5 (1925).
pub(super) fn two_sided(t: f64, degrees: f64) -> Option<f64> {
    const MANY: f64 = 1e6;
    let t = t.abs();
    if degrees.is_nan() || degrees < 1.0 || t.is_nan() {
        return None;
    }
    if degrees < MANY {
        return Some(2.0 * StudentsT::new(0.0, 1.0, degrees).ok()?.sf(t));
    }
    let normal = Normal::standard();
    let t2 = t * t;
    let terms = [(t2 + 1.0) / 4.0, (((3.0 * t2 - 7.0) * t2 - 5.0) * t2 - 3.0) / 96.0];
    Some(2.0 * (normal.sf(t) + normal.pdf(t) * t * terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn quantiles_are_those_of_scipy_for_any_number_of_degrees() {
        // scipy.stats.t.ppf(0.5 + confidence / 2, degrees) for a confidence of 0.8, 0.95 and 0.999.
        let expected = [
            (9.0, [1.383_028_738_396_632_9, 2.262_157_162_798_205, 4.780_912_585_931_217]),
            (999.9, [1.282_398_806_242_140_8, 1.962_339_318_642_608_1, 3.300_283_626_737_691_4]),
            (1000.0, [1.282_398_721_460_924_7, 1.962_339_080_826_408_3, 3.300_282_648_423_944]),
            (1e5, [1.281_560_031_449_361_4, 1.959_987_707_534_609_5, 3.290_624_031_411_913_7]),
            (1e7, [1.281_551_650_203_083_3, 1.959_964_221_767_205, 3.290_527_704_465_253_2]),
            (1e9, [1.281_551_566_391_185_2, 1.959_963_986_912_325, 3.290_526_741_221_656_3]),
        ];
        for (degrees, quantiles) in expected {
            for (confidence, expected) in [0.8, 0.95, 0.999].into_iter().zip(quantiles) {
                close(quantile(degrees, confidence).unwrap(), expected);
            }
        }
        assert_eq!(quantile(0.0, 0.95), None);
    }

    #[test]
    fn tails_are_those_of_scipy_for_any_number_of_degrees() {
        // 2 * scipy.stats.t.sf(t, degrees) for t of 0.5, 2 and 6.
        let expected = [
            (1.5, [0.680_567_110_669_94, 0.224_188_330_356_051_12, 0.050_202_456_776_324_79]),
            (1000.0, [0.617_185_080_833_874_7, 0.045_770_346_493_251_66, 2.755_369_173_377_475_2e-9]),
            (1e5, [0.617_076_177_654_417_9, 0.045_502_963_457_506_51, 1.979_929_455_601_771_8e-9]),
            (1e6, [0.617_075_187_472_371_4, 0.045_500_533_851_319_24, 1.973_849_812_354_43e-9]),
            (1e7, [0.617_075_088_454_014_8, 0.045_500_290_891_842_96, 1.973_242_733_367_782e-9]),
            (1e9, [0.617_075_077_561_994_3, 0.045_500_264_166_313_246, 1.973_175_964_498_481_3e-9]),
        ];
        for (degrees, tails) in expected {
            for (t, expected) in [0.5, 2.0, 6.0].into_iter().zip(tails) {
                close(two_sided(t, degrees).unwrap(), expected);
                close(two_sided(-t, degrees).unwrap(), expected);
            }
        }
        assert_eq!(two_sided(f64::NAN, 5.0), None);
    }
}
