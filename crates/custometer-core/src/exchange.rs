//! Exchange: what amounts that keep their currency are worth as buckets open and close.
//!
//! What is due again and again has no day whose rate is its own. A stock of it is worth what the rates of its instant say, so it changes with
//! them, and a derivation has to know by how much.

use polars::prelude::{DataType, Expr, lit};

use crate::time::{INSTANT, LocalClock};

/// The column that has the number of a row's currency in [`Exchange`]: a whole number, and never missing.
pub const CURRENCY: &str = "__currency_number";

/// What one of each currency is worth in that of the report, at every edge of the buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    own: i64,
    /// By the number of the currency, then by the edge.
    worth: Vec<Vec<Option<f64>>>,
}

impl Exchange {
    /// The currency of the number `own` is that of the report. `worth` has, by the number of each currency, what one of it is worth at each
    /// edge; none where no rate is known.
    pub fn new(own: i64, worth: Vec<Vec<Option<f64>>>) -> Self {
        Self { own, worth }
    }

    /// Whether this is the number of the report's own currency, which is always worth itself.
    pub fn is_own(&self, currency: i64) -> bool {
        currency == self.own
    }

    /// What one of a currency is worth at an edge, by its number. It is known at the edge that closes each bucket into which a usable row with
    /// an amount in that currency reaches.
    pub fn worth(&self, currency: i64, edge: usize) -> Option<f64> {
        self.worth.get(usize::try_from(currency).ok()?)?.get(edge).copied()?
    }
}

/// From when until when the amounts of a row are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// The column of the first instant.
    pub from: &'static str,
    /// The column of the instant after the last, missing while it goes on.
    pub until: &'static str,
    /// Whether it lasts through the local day of that instant.
    pub through_last_day: bool,
}

impl Lasting {
    /// The instant after the last one, in microseconds since 1970, of values of the column `until`; null where it goes on.
    pub fn end(&self, until: Expr, clock: &LocalClock) -> Expr {
        const DAY: i64 = 86_400_000_000;
        if !self.through_last_day {
            return until.cast(DataType::Int64);
        }
        let next_day = clock.days_since_1970(until).cast(DataType::Int64) + lit(1);
        clock.start_of_day((next_day * lit(DAY)).cast(INSTANT)).cast(DataType::Int64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_worth_nothing_that_can_be_told() {
        let exchange = Exchange::new(1, vec![vec![Some(0.5), None], vec![Some(1.0), Some(1.0)]]);
        assert_eq!(
            [(0, 0), (0, 1), (0, 2), (1, 1), (2, 0), (-1, 0)].map(|(currency, edge)| exchange.worth(currency, edge)),
            [Some(0.5), None, None, Some(1.0), None, None]
        );
        assert!(exchange.is_own(1) && !exchange.is_own(0));
    }
}
