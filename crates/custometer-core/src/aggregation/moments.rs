//! The moments of a group's values.

use crate::exact::{self, ExactSum};

/// n, Σx and Σx², and what a variance needs beside them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) sum: ExactSum,
    pub(super) squares: ExactSum,
    /// By how much squares were rounded.
    pub(super) lost: f64,
    /// Equal values have no variance, whatever their sums round to.
    pub(super) ends: Ends,
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

impl Default for Moments {
    fn default() -> Self {
        Self { n: 0, sum: ExactSum::default(), squares: ExactSum::default(), lost: 0.0, ends: Ends::default() }
    }
}

impl Moments {
    pub(super) fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum.add(value);
    }

    pub(super) fn add_with_square(&mut self, value: f64) {
        self.add(value);
        let (square, lost) = exact::square(value);
        self.squares.add(square);
        self.lost += lost;
        self.ends.add(value);
    }

    pub(super) fn unite(&mut self, other: &Self) {
        self.n += other.n;
        self.sum.unite(&other.sum);
        self.squares.unite(&other.squares);
        self.lost += other.lost;
        self.ends.unite(&other.ends);
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum.value()
    }

    pub(super) fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum() / self.n as f64)
    }

    pub(super) fn variance(&self) -> Option<f64> {
        let others = self.n.checked_sub(1).filter(|others| *others > 0)?;
        let Ends { lowest, highest } = self.ends;
        if lowest.total_cmp(&highest).is_eq() && lowest.is_finite() {
            return Some(0.0);
        }
        Some(self.sum.squares_about_mean(self.n, &self.squares, self.lost)? / others as f64)
    }
}
