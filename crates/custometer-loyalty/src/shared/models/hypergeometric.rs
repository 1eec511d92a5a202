//! The expectation of the BG/NBD models: Gauss's hypergeometric function by a series where one is sound, and an integral elsewhere.

/// E[(1 − (1 + odds · P)^−shape) / P] for P ~ Beta(a, b): how many purchases are expected of a customer who is there, when the purchases that
/// there could be are negative binomial with `shape` and `odds`, and after each the customer leaves with the same unknown probability P.
///
/// By Gauss's function it is c / (a − 1) · (1 − (1 − z)^shape · ₂F₁(shape, b; c; z)), with c = a + b − 1 and z = odds / (1 + odds). For infinite
/// odds, E[1 / P].
pub(super) fn expected_while_present(shape: f64, odds: f64, a: f64, b: f64) -> f64 {
    if odds <= 0.0 {
        return 0.0;
    }
    if odds == f64::INFINITY {
        return if a > 1.0 { (a + b - 1.0) / (a - 1.0) } else { f64::INFINITY };
    }
    by_series(shape, odds, a, b).unwrap_or_else(|| by_integral(shape, odds, a, b))
}

/// Euler's transformation makes it c / (a − 1) · (1 − (1 − z)^(a − 1) · ₂F₁(c − shape, a − 1; c; z)). The series of this function begins with 1,
/// and all its other terms have the factor (a − 1) / c, which cancels: nothing is divided by zero where a or a + b are 1.
///
/// None where it converges slowly or loses digits.
fn by_series(shape: f64, odds: f64, a: f64, b: f64) -> Option<f64> {
    const MOST_TERMS: u32 = 1000;
    const GREATEST_LOSS: f64 = 1e3;
    let (less_one, c, z) = (a - 1.0, a + b - 1.0, odds / (1.0 + odds));
    let log_rest = -odds.ln_1p();
    let (mut sum, mut size, mut term) = (0.0, 0.0, (c - shape) * z);
    for k in (1..MOST_TERMS).map(f64::from) {
        sum += term;
        size += term.abs();
        term *= (c - shape + k) / (c + k) * (less_one + k) / (k + 1.0) * z;
        // From here on no ratio of terms is greater than this, when the first factor is not below 0 any more.
        let ratio = z * ((less_one + k) / (k + 1.0)).max(1.0);
        if c - shape + k >= 0.0 && ratio < 1.0 && term.abs() <= f64::EPSILON * (1.0 - ratio) * size {
            let growth = if less_one == 0.0 { -log_rest } else { -(less_one * log_rest).exp_m1() / less_one };
            let (all, weight) = (c * growth, (less_one * log_rest).exp());
            let value = all - weight * sum;
            return (all.abs() + weight * size <= GREATEST_LOSS * value).then_some(value);
        }
    }
    None
}

/// The expectation as an integral over the logit of P, by the trapezoidal rule, which converges exponentially for such functions. All terms
/// are positive, so that no digits are lost; beyond the ends of the sum they are geometric.
///
/// Source: L. N. Trefethen & J. A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56 (2014), 385–458.
fn by_integral(shape: f64, odds: f64, a: f64, b: f64) -> f64 {
    const WIDEST_STEP: f64 = 0.2;
    /// A logit at which P, or what is left of it to 1, is beyond the digits of a float.
    const FAR: f64 = 40.0;
    const NOTHING: f64 = 1e-20;
    let step = (0.5 * (1.0 / a + 1.0 / b).sqrt()).min(WIDEST_STEP);
    let (lowest, highest) = (-FAR - (1.0 + b + odds * (1.0 + shape)).ln(), FAR + (1.0 + a + shape).ln());
    let log_weight = |logit: f64| -a * softplus(-logit) - b * softplus(logit);
    let value = |logit: f64| {
        let p = (-softplus(-logit)).exp();
        -(-shape * (odds * p).ln_1p()).exp_m1() / p
    };
    let start = (a / b).ln().clamp(lowest, highest);
    let heaviest = log_weight(start);
    let (mut weights, mut weighted) = (1.0, value(start));
    for (step, tail) in [(-step, a), (step, b)] {
        for logit in (1_u32..).map(|i| start + f64::from(i) * step) {
            let weight = (log_weight(logit) - heaviest).exp();
            let end = !(lowest..highest).contains(&logit);
            let terms = if end { weight / -(-tail * step.abs()).exp_m1() } else { weight };
            weights += terms;
            weighted += terms * value(logit);
            if end || weight * shape * odds <= NOTHING * weighted {
                break;
            }
        }
    }
    weighted / weights
}

/// ln(1 + eˣ) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::super::tests::close;
    use super::*;

    #[test]
    fn expectations_are_those_of_mpmath() {
        // c / (a − 1) · (1 − (1 − z)^shape · hyp2f1(shape, b, c, z)) in mpmath 1.4.1 with 60 digits; where a or a + b is 1, for a greater by 1e-50.
        let expected = [
            ([0.2426, 0.5, 0.793, 2.426], 0.113_236_206_218_839_1),
            ([0.2426, 0.5, 1.0, 2.426], 0.111_827_869_597_505_92),
            ([3.2426, 0.9, 0.793, 5.426], 2.398_295_700_108_292_3),
            ([0.3, 2.0, 0.4, 0.6], 0.438_486_830_842_135_63),
            ([0.3, 2.0, 0.3, 0.2], 0.386_831_805_666_139_6),
            ([29.24, 0.9, 0.793, 31.4], 20.336_914_289_519_694),
            ([1000.2, 0.33, 0.8, 1002.4], 293.588_601_472_265_6),
            ([1.2, 1e-6, 2.0, 5.0], 1.199_999_622_857_293_7e-6),
            ([0.24, 1000.0, 0.8, 2.4], 11.103_444_551_212_805),
            ([0.05, 30.0, 60.0, 600.0], 0.703_040_139_855_833_2),
            ([2.5, 0.5, 1e-4, 3.0], 1.249_968_951_364_239),
            ([0.5, 3.0, 1.000_000_000_1, 4.0], 1.105_449_259_901_721_6),
            ([300.0, 50.0, 40.0, 2000.0], 52.282_051_282_051_285),
            ([0.01, 1e5, 0.5, 0.01], 0.299_116_445_335_065_76),
            ([7.0, 0.4, 0.999_999, 12.0], 2.504_754_746_043_275_3),
            ([1.0, 2.0, 3.0, 4.0], 1.117_247_113_823_053),
            ([2.5, 1.0, 0.02, 0.03], 1.810_362_871_880_980_6),
            ([1e4, 2.0, 0.5, 1e4], 14_640.861_455_650_418),
            ([0.001, 0.5, 20.0, 1e4], 4.997_504_239_036_124e-4),
        ];
        for ([shape, odds, a, b], expected) in expected {
            close(expected_while_present(shape, odds, a, b), expected, 1e-12);
            close(by_integral(shape, odds, a, b), expected, 1e-12);
            if let Some(value) = by_series(shape, odds, a, b) {
                close(value, expected, 1e-12);
            }
        }
    }

    #[test]
    fn series_and_integral_agree_wherever_both_are_sound() {
        let mut compared = 0;
        for shape in [0.01, 0.3, 1.0, 4.2, 40.0, 700.0] {
            for odds in [1e-3, 0.1, 1.0, 20.0] {
                for a in [0.01, 0.5, 1.0, 1.7, 9.0, 200.0] {
                    for b in [0.02, 0.8, 3.0, 50.0, 5000.0] {
                        let integral = by_integral(shape, odds, a, b);
                        // What stays is between no purchase and all that there could be.
                        assert!(integral > 0.0 && integral <= shape * odds * (1.0 + 1e-12), "{shape} {odds} {a} {b}: {integral}");
                        if let Some(series) = by_series(shape, odds, a, b) {
                            close(series, integral, 1e-11);
                            compared += 1;
                        }
                    }
                }
            }
        }
        assert!(compared > 400, "{compared}");
    }

    #[test]
    fn the_ends_of_the_horizon() {
        assert_eq!(expected_while_present(0.5, 0.0, 1.0, 2.0).to_bits(), 0);
        // E[1/P] of Beta(3, 2) is 2, and no less is come near.
        close(expected_while_present(0.5, f64::INFINITY, 3.0, 2.0), 2.0, 1e-15);
        close(expected_while_present(0.5, 1e40, 3.0, 2.0), 2.0, 1e-12);
        assert!(expected_while_present(0.5, f64::INFINITY, 1.0, 2.0).is_infinite());
        assert!(expected_while_present(0.5, 1e300, 1.0, 2.0) > 100.0);
    }
}
