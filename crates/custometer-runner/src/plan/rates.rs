//! Exchange rates: what an amount of a currency is worth on a day.

use std::collections::HashMap;
use std::fmt;

use custometer_core::CurrencyCode;
use custometer_core::time::LocalClock;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use crate::report::Report;
use crate::report::conversion::{Conversion, On, Quoted, RatesFrom};

/// What one of each currency is worth in that of the report, by the day.
#[derive(Clone)]
pub(crate) struct Rates {
    into: CurrencyCode,
    base: CurrencyCode,
    on: On,
    max_age_days: i64,
    /// Whether the report has the rates itself, whatever the day.
    is_fixed: bool,
    /// The last day of which anything is known, as a number since 1970.
    last: Option<i64>,
    /// By which rows have their days.
    pub(crate) clock: LocalClock,
    /// Of each currency, what one of it is worth in the base, by the day: in the order of the days.
    worth: HashMap<CurrencyCode, Vec<(i64, f64)>>,
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rates to {}", self.into)
    }
}

impl Rates {
    /// The rates of a report: those that its config has, and these of its table, each with its day.
    pub(crate) fn new(report: &Report, conversion: &Conversion, of_table: impl IntoIterator<Item = (CurrencyCode, i64, f64)>) -> Self {
        let (on, max_age_days) = match &conversion.rates {
            RatesFrom::Config(_) => (On::One(Date::constant(1970, 1, 1)), 0),
            RatesFrom::Table(table) => (table.on, i64::from(table.max_age_days)),
        };
        let of_config = match &conversion.rates {
            RatesFrom::Config(rates) => rates.iter().map(|(currency, rate)| (*currency, 0, *rate)).collect(),
            RatesFrom::Table(_) => Vec::new(),
        };
        let mut worth: HashMap<CurrencyCode, Vec<(i64, f64)>> = HashMap::new();
        for (currency, day, rate) in of_config.into_iter().chain(of_table) {
            let rate = if conversion.quoted == Quoted::BasePerUnit { rate } else { 1.0 / rate };
            worth.entry(currency).or_default().push((day, rate));
        }
        for rates in worth.values_mut() {
            rates.sort_by_key(|(day, _)| *day);
        }
        let last = report.as_of.and_then(|as_of| as_of.yesterday().ok()).map(number_of);
        let clock = LocalClock::new(&report.calendar.zone);
        let is_fixed = matches!(conversion.rates, RatesFrom::Config(_));
        Self { into: conversion.into, base: conversion.base, on, max_age_days, is_fixed, last, clock, worth }
    }

    /// The currency of the report.
    pub(crate) fn currency(&self) -> CurrencyCode {
        self.into
    }

    /// Whose rates amounts have, in words.
    pub(crate) fn whose(&self) -> String {
        match self.on {
            On::Day => "by the rate of their day".to_owned(),
            On::MonthEnd => "by the rate of the end of their month".to_owned(),
            On::One(_) if self.is_fixed => "by a fixed rate".to_owned(),
            On::One(date) => format!("by the rate of {date}"),
        }
    }

    /// Whether amounts of different days have different rates.
    pub(crate) fn is_dated(&self) -> bool {
        !matches!(self.on, On::One(_))
    }

    /// The day whose rate the amounts of a day have.
    pub(crate) fn day_for(&self, day: i64) -> Option<i64> {
        Some(match self.on {
            On::Day => day,
            // Of a month that is not over, the last day that is known stands for its end.
            On::MonthEnd => number_of(date_of(day)?.last_of_month()).min(self.last.unwrap_or(i64::MAX)).max(day),
            On::One(date) => number_of(date),
        })
    }

    /// What one of a currency is worth for amounts of a day, counted since 1970; none where no rate is known that is not too old.
    pub(crate) fn worth(&self, currency: CurrencyCode, day: i64) -> Option<f64> {
        if currency == self.into {
            return Some(1.0);
        }
        let day = self.day_for(day)?;
        let worth = self.in_base(currency, day)? / self.in_base(self.into, day)?;
        Some(worth).filter(|worth| worth.is_finite())
    }

    fn in_base(&self, currency: CurrencyCode, day: i64) -> Option<f64> {
        if currency == self.base {
            return Some(1.0);
        }
        let rates = self.worth.get(&currency)?;
        let until = rates.partition_point(|(of, _)| *of <= day);
        let (of, worth) = rates.get(until.checked_sub(1)?)?;
        (day - of <= self.max_age_days).then_some(*worth)
    }
}

/// The number of a day since 1970.
pub(crate) fn number_of(day: Date) -> i64 {
    (day - date(1970, 1, 1)).get_days().into()
}

/// The day of a number.
pub(crate) fn date_of(number: i64) -> Option<Date> {
    date(1970, 1, 1).checked_add(number.days()).ok()
}
