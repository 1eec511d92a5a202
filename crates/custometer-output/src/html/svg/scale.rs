//! An axis of values, with ticks at numbers that people count in.

use custometer_core::Unit;

/// Between the ticks of durations: what clocks and calendars are divided into, in seconds.
const DURATIONS: [f64; 22] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    432_000.0,
    864_000.0,
    1_728_000.0,
];

/// A linear axis.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::html) struct Scale {
    /// The value at its start, and the first tick.
    pub(in crate::html) low: f64,
    /// The value at its end, and the last tick.
    pub(in crate::html) high: f64,
    /// Between two ticks.
    pub(in crate::html) step: f64,
}

impl Scale {
    /// An axis of about `ticks` steps that all values lie on. It starts at zero where zero is not far from them, or where lengths show them.
    pub(in crate::html) fn over(values: impl IntoIterator<Item = f64>, unit: Unit, ticks: usize, with_zero: bool) -> Self {
        let (mut low, mut high) =
            values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let near = |inner: f64, outer: f64| inner >= 0.0 && inner < 0.5 * outer;
        if with_zero || near(low, high) {
            low = low.min(0.0);
        }
        if with_zero || near(-high, -low) {
            high = high.max(0.0);
        }
        if high - low < 1e-9 * high.abs().max(1.0) {
            let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = (if with_zero && low >= 0.0 { low } else { low - margin }, high + margin);
        }
        let step = step((high - low) / ticks.max(1) as f64, unit);
        let (mut start, mut end) = ((low / step).floor() * step, (high / step).ceil() * step);
        // A share has its ends.
        if unit == Unit::Percent && low >= 0.0 && high <= 100.0 {
            (start, end) = (start.max(0.0), end.min(100.0));
        }
        Self { low: start, high: end, step }
    }

    /// Where a value lies on the axis, in percent from its start.
    pub(in crate::html) fn percent(&self, value: f64) -> f64 {
        (100.0 * (value - self.low) / (self.high - self.low)).clamp(0.0, 100.0)
    }

    /// Where a value lies on a vertical axis, in percent from the top.
    pub(in crate::html) fn depth(&self, value: f64) -> f64 {
        100.0 - self.percent(value)
    }

    /// The ticks, from the start on.
    pub(in crate::html) fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step).round();
        let mut ticks = vec![self.low];
        while (ticks.len() as f64) <= count {
            ticks.push(self.low + self.step * ticks.len() as f64);
        }
        ticks
    }
}

/// The smallest round step that is at least `least`.
fn step(least: f64, unit: Unit) -> f64 {
    if unit == Unit::Seconds
        && least > 0.5
        && let Some(step) = DURATIONS.into_iter().find(|step| *step >= least)
    {
        return step;
    }
    let power = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|part| part * power).find(|step| *step >= least * 0.999_999).unwrap_or(least);
    // Half a thing is not a tick of a count.
    if unit == Unit::Count { step.max(1.0).ceil() } else { step }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: &[f64], unit: Unit) -> Vec<f64> {
        Scale::over(values.iter().copied(), unit, 4, false).ticks()
    }

    #[test]
    fn ticks_are_round_and_hold_all_values() {
        assert_eq!(ticks(&[31.0, 39.5], Unit::Points), [30.0, 32.5, 35.0, 37.5, 40.0]);
        assert_eq!(ticks(&[3.0, 97.0], Unit::Percent), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(ticks(&[-12.0, 48.0], Unit::Points), [-20.0, 0.0, 20.0, 40.0, 60.0]);
        assert_eq!(ticks(&[600.0, 5000.0], Unit::Seconds), [0.0, 1800.0, 3600.0, 5400.0]);
    }

    #[test]
    fn one_value_and_none_have_an_axis_too() {
        for values in [&[][..], &[0.0], &[42.0], &[-3.0, -3.0], &[100.0]] {
            for unit in [Unit::Percent, Unit::Count, Unit::Seconds] {
                let scale = Scale::over(values.iter().copied(), unit, 4, true);
                assert!(scale.low < scale.high && scale.ticks().len() >= 2, "{values:?} {scale:?}");
                assert!(values.iter().all(|value| (0.0..=100.0).contains(&scale.percent(*value))));
            }
        }
    }
}
