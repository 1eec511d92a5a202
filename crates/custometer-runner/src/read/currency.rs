//! In which currency amounts are, and in which of its units.

use std::collections::BTreeMap;

use custometer_core::CurrencyCode;

/// In which currency a row's amounts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowCurrency {
    /// In this one, as those of all rows.
    All(CurrencyCode),
    /// In the one that this column says.
    Column(String),
}

impl RowCurrency {
    /// The column that says it.
    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::All(_) => None,
            Self::Column(column) => Some(column),
        }
    }
}

/// Amounts in the smallest units of their currencies, such as cents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MinorUnits {
    /// How many digits a currency has where the table has others than ISO 4217.
    pub(crate) digits: BTreeMap<CurrencyCode, u32>,
}

impl MinorUnits {
    /// How many of its smallest units a currency has; none where that is not known.
    pub(crate) fn per_unit(&self, currency: CurrencyCode) -> Option<f64> {
        let digits = self.digits.get(&currency).copied().or_else(|| currency.digits())?;
        Some(10_f64.powi(i32::try_from(digits).ok()?))
    }
}
