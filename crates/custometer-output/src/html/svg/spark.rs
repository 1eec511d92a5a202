//! A line as small as a word: how a value came to where it is.

use std::fmt::Write as _;

use serde::Serialize;

use super::place::Place;

/// A line over periods without an axis. What is undefined is a gap.
#[derive(Debug, Serialize)]
pub(in crate::html) struct Spark {
    path: String,
    last: Option<[Place; 2]>,
}

impl Spark {
    /// The line of some values; none where fewer than two are defined.
    pub(in crate::html) fn of(values: &[Option<f64>]) -> Option<Self> {
        let defined = || values.iter().flatten().copied();
        if defined().count() < 2 {
            return None;
        }
        let (low, high) = defined().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let range = if high > low { high - low } else { 1.0 };
        let place = |(at, value): (usize, f64)| {
            [96.0 * at as f64 / (values.len() - 1) as f64 + 2.0, 18.0 - 16.0 * (value - low) / range].map(|at| Place(at.round()))
        };
        let mut path = String::new();
        let mut before = false;
        let mut last = None;
        for (at, value) in values.iter().enumerate() {
            if let Some(value) = value {
                let [x, y] = place((at, *value));
                // Writing to a text does not fail. A point alone is a line of no length, which has round ends.
                let alone = !before && values.get(at + 1).copied().flatten().is_none();
                let _ = write!(path, "{}{x} {y}{}", if before { "L" } else { "M" }, if alone { "h0" } else { "" });
                last = Some([x, y]);
            }
            before = value.is_some();
        }
        Some(Self { path, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_ends_the_line() {
        let spark = Spark::of(&[Some(1.0), Some(2.0), None, Some(3.0)]).unwrap();
        assert_eq!(spark.path, "M2 18L34 10M98 2h0");
    }

    #[test]
    fn one_value_is_no_line() {
        assert!(Spark::of(&[None, Some(2.0)]).is_none());
    }
}
