//! The expectation of the BG/NBD model: Gauss's hypergeometric function by a series where one is sound, and an integral elsewhere.

/// E[(1 − (1 + odds · P)^−shape) / P] for P ~ Beta(a, b): how many purchases are expected of a customer who is there, when the purchases that
/// there could be are negative binomial with `shape` and `odds`, and after each the customer leaves with the same unknown probability P.
///
/// By Gauss's function it is c / (a − 1) · (1 − (1 − z)^shape · ₂F₁(shape, b; c; z)), with c = a + b − 1 and z = odds / (1 + odds).
pub(super) fn expected_while_present(shape: f64, odds: f64, a: f64, b: f64) -> f64 {
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
    let (mut sum, mut term) = (0.0, (c - shape) * z);
    for k in (1..MOST_TERMS).map(f64::from) {
        sum += term;
        term *= (c - shape + k) / (c + k) * (less_one + k) / (k + 1.0) * z;
        // From here on no ratio of terms is greater than this, when the first factor is not below 0 any more.
        let ratio = z * ((less_one + k) / (k + 1.0)).max(1.0);
        if c - shape + k >= 0.0 && ratio < 1.0 && term.abs() <= f64::EPSILON * (1.0 - ratio) * sum.abs() {
            let growth = if less_one == 0.0 { -log_rest } else { -(less_one * log_rest).exp_m1() / less_one };
            let (all, lost) = (c * growth, (less_one * log_rest).exp() * sum);
            let value = all - lost;
            return (all.abs() + lost.abs() <= GREATEST_LOSS * value).then_some(value);
        }
    }
    None
}

/// The expectation as an integral over the logit of P, by the trapezoidal rule, which converges exponentially for such functions. All terms
/// are positive, so that no digits are lost; beyond the ends of the sum they are geometric.
///
/// Source: L. N. Trefethen & J. A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56 (2014), 385–458.
fn by_integral(shape: f64, odds: f64, a: f64, b: f64) -> f64 {
    const WIDEST_STEP: f64 = 0.25;
    /// A logit at which P, or what is left of it to 1, is beyond the digits of a float.
    const FAR: f64 = 40.0;
    const NOTHING: f64 = 1e-20;
    let step = (0.7 * (1.0 / a + 1.0 / b).sqrt()).min(WIDEST_STEP);
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
