//! Numbers that are equal but for rounding.

use std::fmt::Debug;

use serde_json::Value as Json;

/// What may be compared as a number: one, a missing one, or what a result says as JSON.
pub trait Number: Debug {
    /// The number, where there is one.
    fn number(&self) -> Option<f64>;
}

impl Number for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Number for Option<f64> {
    fn number(&self) -> Option<f64> {
        *self
    }
}

impl Number for Json {
    fn number(&self) -> Option<f64> {
        self.as_f64()
    }
}

impl<T: Number> Number for &T {
    fn number(&self) -> Option<f64> {
        (*self).number()
    }
}

/// Whether two numbers are the same to nine digits, or both missing.
pub fn is_close(found: impl Number, expected: impl Number) -> bool {
    match (found.number(), expected.number()) {
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        (found, expected) => found.is_none() && expected.is_none(),
    }
}

/// Asserts that two numbers are the same to nine digits, or both missing.
///
/// # Panics
///
/// When they are not.
#[track_caller]
pub fn assert_close(found: impl Number, expected: impl Number) {
    assert!(is_close(&found, &expected), "{found:?} is not {expected:?}");
}
