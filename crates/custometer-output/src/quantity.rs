//! What a number is a number of.

use custometer_core::{CurrencyCode, Unit};
use custometer_runner::result::ResultRow;

/// A unit, of an amount of money the currency, where it is known, and how many decimals it is shown with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// The unit.
    pub(crate) unit: Unit,
    /// The currency.
    pub(crate) currency: Option<CurrencyCode>,
    /// With how many decimals it is shown; as its unit is shown where that is not said.
    pub(crate) digits: Option<u8>,
}

impl Quantity {
    /// What all of some rows are of: amounts of several currencies have none in common.
    pub(crate) fn of_all(rows: &[ResultRow]) -> Option<Self> {
        let first = Self::from(rows.first()?);
        let is_common = rows.iter().all(|row| row.currency == first.currency);
        Some(Self { currency: first.currency.filter(|_| is_common), ..first })
    }

    /// Its name: that of the currency, or else of the unit.
    pub(crate) fn name(&self) -> &str {
        self.currency.as_ref().map_or(self.unit.as_str(), CurrencyCode::as_str)
    }
}

impl From<Unit> for Quantity {
    fn from(unit: Unit) -> Self {
        Self { unit, currency: None, digits: None }
    }
}

impl From<&ResultRow> for Quantity {
    fn from(row: &ResultRow) -> Self {
        Self { unit: row.unit, currency: row.currency, digits: row.digits }
    }
}

impl PartialEq<Unit> for Quantity {
    fn eq(&self, unit: &Unit) -> bool {
        self.unit == *unit
    }
}
