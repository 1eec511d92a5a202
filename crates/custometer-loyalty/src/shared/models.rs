//! Statistical models of customers: when they buy, whether they are still there, what they spend and what they will be worth.
//!
//! Pure functions over plain numbers. Customers who are alike are one row that says how many they are; a result depends neither on the order
//! of the rows, nor on how they are counted together, nor on the number of threads. A fit that is not one is an error, never a value.

pub mod bg_nbd;
pub mod gamma_gamma;
mod hypergeometric;
pub mod lifetime_value;
mod maximum_likelihood;
#[cfg(test)]
mod simulation;

use thiserror::Error;

pub use bg_nbd::{BgNbd, PurchaseHistory, PurchaseModel};
pub use gamma_gamma::{GammaGamma, Spend};
pub use lifetime_value::Horizon;

/// A model and how it was reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit<M> {
    /// The model with the parameters of the greatest likelihood.
    pub model: M,
    /// The standard error of each parameter, from the observed information.
    pub standard_errors: M,
    /// The logarithm of that likelihood.
    pub log_likelihood: f64,
    /// How many customers the model was fitted to.
    pub customers: f64,
    /// How many steps the search took.
    pub iterations: usize,
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FitError {
    /// Customers who never came back tell little of a habit.
    #[error("{found} customers bought again, and at least {needed} must have for the model to be fitted")]
    TooFewRepeatBuyers {
        /// How many customers bought again.
        found: f64,
        /// How many are needed.
        needed: f64,
    },
    /// The likelihood has no maximum that the data determine.
    #[error("the fit did not converge: {0}")]
    NotConverged(&'static str),
    /// Numbers that no customer can have.
    #[error("{0}")]
    Impossible(&'static str),
}

#[cfg(test)]
mod tests {
    pub(super) fn close(found: f64, expected: f64, relative: f64) {
        assert!((found - expected).abs() <= relative * expected.abs(), "{found} is not {expected}");
    }
}
