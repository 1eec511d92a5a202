//! The moments of a group's values.

use crate::exact::ExactSum;

/// n, Σx and, for variances, Σx².
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) sum: ExactSum,
    pub(super) squares: ExactSum,
}

/// The smallest and the largest value; no numbers where there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ends {
    pub(super) lowest: f64,
    pub(super) highest: f64,
}

impl Default for Ends {
    fn default() -> Self {
        Self { lowest: f64::NAN, highest: f64::NAN }
    }
}

impl Ends {
    pub(super) fn add(&mut self, value: f64) {
        self.unite(&Self { lowest: value, highest: value });
    }

    pub(super) fn unite(&mut self, other: &Self) {
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }
}

impl Moments {
    pub(super) fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum.add(value);
    }

    pub(super) fn add_with_square(&mut self, value: f64) {
        self.add(value);
        self.squares.add_square(value);
    }

    pub(super) fn unite(&mut self, other: &Self) {
        self.n += other.n;
        self.sum.unite(&other.sum);
        self.squares.unite(&other.squares);
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum.value()
    }

    pub(super) fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum.mean(self.n))
    }

    pub(super) fn variance(&self) -> Option<f64> {
        let others = self.n.checked_sub(1).filter(|others| *others > 0)?;
        Some(self.sum.squares_about_mean(self.n, &self.squares) / others as f64)
    }
}
