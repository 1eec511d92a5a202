//! A bar in the cell of a table, with its interval as a whisker.

use serde::Serialize;

use super::place::Place;
use super::scale::Scale;

/// A horizontal bar from zero to its value.
#[derive(Debug, Serialize)]
pub(in crate::html) struct Bar {
    start: Place,
    length: Place,
    zero: Option<Place>,
    whisker: Option<[Place; 2]>,
    reference: Option<Place>,
}

impl Bar {
    /// The bar of a value on an axis that holds zero.
    pub(in crate::html) fn new(value: f64, interval: Option<(f64, f64)>, reference: Option<f64>, scale: &Scale) -> Self {
        let (zero, end) = (scale.percent(0.0), scale.percent(value));
        Self {
            start: Place(zero.min(end)),
            length: Place((end - zero).abs()),
            zero: (scale.low < 0.0).then_some(Place(zero)),
            whisker: interval.map(|(low, high)| [low, high].map(|bound| Place(scale.percent(bound)))),
            reference: reference.map(|value| Place(scale.percent(value))),
        }
    }
}
