//! Exchange rates: what an amount of a currency is worth on a day.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use custometer_core::time::LocalClock;
use custometer_core::{Buckets, CurrencyCode, Exchange};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _, Zoned};

use crate::report::Report;
use crate::report::conversion::{Conversion, On, Quoted, RatesFrom};

/// Where one bucket closes and the next one opens, and the day whose rates stocks have there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    /// The edge before it, in microseconds since 1970.
    pub(crate) before: Option<i64>,
    /// In microseconds since 1970.
    pub(crate) at: i64,
    pub(crate) day: i64,
}

/// What one of each currency is worth in that of the report, by the day.
#[derive(Clone)]
pub(crate) struct Rates {
    into: CurrencyCode,
    base: CurrencyCode,
    on: On,
    max_age_days: i64,
    /// Whether the report has the rates itself, whatever the day.
    is_fixed: bool,
    /// The last day of which anything is known, as a number since 1970: the one before the as-of date, and the last that has a rate.
    last: Option<i64>,
    /// The last day that has a rate; none where rates have no days.
    end: Option<i64>,
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
        let is_fixed = matches!(conversion.rates, RatesFrom::Config(_));
        let end = worth.values().filter_map(|rates| rates.last()).map(|(day, _)| *day).max().filter(|_| !is_fixed);
        let known = report.as_of.and_then(|as_of| as_of.yesterday().ok()).map(number_of);
        let last = known.into_iter().chain(end).min();
        let clock = LocalClock::new(&report.calendar.zone);
        Self { into: conversion.into, base: conversion.base, on, max_age_days, is_fixed, last, end, clock, worth }
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

    /// Whose rates amounts have that stay in their currencies, in words.
    pub(crate) fn whose_of_buckets(&self) -> &'static str {
        match self.on {
            On::MonthEnd => "by the rates of the end of the month that each bucket opens and closes in",
            On::Day | On::One(_) => "by the rates of the last day before each bucket opens and closes",
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

    /// The edges of buckets, of which nothing is known from `as_of` on, in microseconds since 1970.
    ///
    /// Stocks have the rates of the last day before. Of a bucket that is not over, the last day that is known stands for it; one that begins after
    /// all rates has those of its first day, if they are not too old.
    pub(crate) fn edges(&self, buckets: &Buckets, as_of: Option<i64>) -> Vec<Edge> {
        let micros = |zoned: &Zoned| zoned.timestamp().as_microsecond();
        let day_before = |edge: &Zoned| {
            let known = as_of.map_or(micros(edge), |as_of| as_of.min(micros(edge)));
            let last = Timestamp::from_microsecond(known.saturating_sub(1)).ok()?;
            Some(number_of(last.to_zoned(edge.time_zone().clone()).date()))
        };
        let all = buckets.as_slice();
        let opening = all.first().and_then(|bucket| bucket.start.as_ref()).and_then(|start| Some((start, day_before(start)?, None)));
        let closing = all.iter().filter_map(|bucket| {
            let end = bucket.end.as_ref()?;
            Some((end, day_before(end)?, bucket.start.as_ref().map(|start| number_of(start.date()))))
        });
        let mut before = None;
        let edge = |(edge, day, first): (&Zoned, i64, Option<i64>)| {
            let first = first.unwrap_or(day).min(day);
            let day = day.min(self.last.unwrap_or(i64::MAX)).max(first);
            let at = micros(edge);
            Edge { before: before.replace(at), at, day }
        };
        opening.into_iter().chain(closing).map(edge).collect()
    }

    /// What one of each currency is worth at edges.
    pub(crate) fn exchange(&self, edges: &[Edge]) -> Exchange {
        let worth = |currency: &CurrencyCode| edges.iter().map(|edge| self.worth(*currency, edge.day)).collect();
        Exchange::new(self.number(self.into), self.currencies().iter().map(worth).collect())
    }

    /// The number of a currency in what [`exchange`](Self::exchange) says; -1 of one that has no rates.
    pub(crate) fn number(&self, currency: CurrencyCode) -> i64 {
        self.currencies().binary_search(&currency).ok().and_then(|number| i64::try_from(number).ok()).unwrap_or(-1)
    }

    /// All currencies that can be converted, in order.
    pub(crate) fn currencies(&self) -> Vec<CurrencyCode> {
        let all: BTreeSet<CurrencyCode> = self.worth.keys().copied().chain([self.into, self.base]).collect();
        all.into_iter().collect()
    }

    /// The last day that has a rate, where it stands for a later one that would be too late for it.
    pub(crate) fn early(&self, wanted: i64) -> Option<Date> {
        self.end.filter(|end| wanted - end > self.max_age_days).and_then(date_of)
    }

    /// The same where amounts of a month have the rates of its end, and there are some of the day `last`, or where that is not known.
    pub(crate) fn early_in_month(&self, last: Option<i64>) -> Option<Date> {
        let end = date_of(self.end?).filter(|_| self.on == On::MonthEnd)?;
        let (from, until) = (number_of(end.first_of_month()), number_of(end.last_of_month()));
        let known = self.last.filter(|last| *last < self.end.unwrap_or(i64::MAX));
        (known.is_none() && last.is_none_or(|last| last >= from)).then(|| self.early(until)).flatten()
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
