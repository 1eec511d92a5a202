//! What amounts are converted to, and by which rates.

use std::collections::BTreeMap;

use custometer_core::CurrencyCode;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

/// What amounts are converted to, and by which rates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conversion {
    pub(crate) into: CurrencyCode,
    /// The currency that all rates are against.
    pub(crate) base: CurrencyCode,
    pub(crate) quoted: Quoted,
    pub(crate) rates: RatesFrom,
}

impl Conversion {
    /// Whether amounts of different days have different rates.
    pub(crate) fn is_dated(&self) -> bool {
        matches!(&self.rates, RatesFrom::Table(RatesTable { on: On::Day | On::MonthEnd, .. }))
    }
}

/// Where rates are from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RatesFrom {
    /// The config: one rate for each currency.
    Config(BTreeMap<CurrencyCode, f64>),
    Table(RatesTable),
}

/// A table with a rate a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RatesTable {
    /// Its name.
    pub(crate) table: String,
    /// The columns that hold the currency, the day and the rate.
    pub(crate) currency: String,
    pub(crate) date: String,
    pub(crate) rate: String,
    pub(crate) on: On,
    /// A rate that is older by more than so many days is none.
    pub(crate) max_age_days: u16,
}

/// The day whose rate an amount has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Its own.
    Day,
    /// The last one of its month.
    MonthEnd,
    /// This one.
    One(Date),
}

/// What a rate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Quoted {
    /// What one of the currency is worth in the base: 0.96 for a dollar, where the base is the euro.
    BasePerUnit,
    /// How many of the currency one of the base is worth: 1.04 for the dollar, where the base is the euro, as central banks write it.
    UnitsPerBase,
}
