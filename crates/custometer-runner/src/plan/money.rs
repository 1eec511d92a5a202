//! Amounts of money as the report has them: in whole units of a currency, and in the report's own where it has one.

use std::sync::Arc;

use custometer_core::{Column as SourceColumn, ColumnType, CurrencyCode, Unit};
use polars::prelude::{Column, DataType, Expr, Field, NULL, PolarsResult, col, lit, when};

use crate::plan::names::typed_name;
use crate::plan::rates::{Rates, date_of};
use crate::read::currency::{MinorUnits, RowCurrency};
use crate::read::fault::{Check, Origin, Reason};
use crate::read::table::Table;
use crate::read::values::trimmed;
use crate::report::Request;

/// The currency of a row, in capital letters.
const CURRENCY: &str = "__currency";
/// How many of its smallest units the currency of a row has.
const PER_UNIT: &str = "__minor_units";

/// How the amounts that a request reads become money of the report.
#[derive(Debug, Clone)]
pub(crate) struct Money {
    currency: RowCurrency,
    minor_units: Option<MinorUnits>,
    /// The rates, and the column whose day decides, where days differ.
    rates: Option<(Arc<Rates>, Option<String>)>,
}

impl PartialEq for Money {
    /// A report has the same rates for all.
    fn eq(&self, other: &Self) -> bool {
        let time = |money: &Self| money.rates.as_ref().map(|(_, time)| time.clone());
        (&self.currency, &self.minor_units, time(self)) == (&other.currency, &other.minor_units, time(other))
    }
}

/// Whether a column holds amounts.
fn is_amount(column: &SourceColumn) -> bool {
    column.unit == Some(Unit::Currency) && column.kind == ColumnType::Number
}

impl Money {
    /// What is done to a request's amounts; none where they are taken as they are.
    pub(crate) fn of(table: &Table, request: &Request, rates: Option<&Arc<Rates>>) -> Option<Self> {
        if !request.sums_money() {
            return None;
        }
        let currency = table.currency.clone()?;
        let rates = rates.filter(|rates| currency != RowCurrency::All(rates.currency())).map(|rates| {
            let time = request.definition.source.time.filter(|_| rates.is_dated());
            (Arc::clone(rates), time.map(|time| request.column(time).to_owned()))
        });
        let minor_units = table.minor_units.clone();
        (rates.is_some() || minor_units.is_some()).then_some(Self { currency, minor_units, rates })
    }

    /// What is done to amounts, in words.
    pub(crate) fn steps(&self) -> String {
        let minor = self.minor_units.as_ref().map(|_| "taken as minor units".to_owned());
        let converted = self.rates.as_ref().map(|(rates, _)| format!("converted to {} {}", rates.currency(), rates.whose()));
        minor.into_iter().chain(converted).collect::<Vec<_>>().join(", ")
    }

    /// Whether amounts are converted.
    pub(crate) fn is_converted(&self) -> bool {
        self.rates.is_some()
    }

    /// The column whose day decides on the rate of a row.
    pub(crate) fn time(&self) -> Option<&str> {
        self.rates.as_ref().and_then(|(_, time)| time.as_deref())
    }

    /// The column that has the values of one of a source's columns, which the table calls `actual`, where it holds amounts.
    pub(crate) fn held(&self, column: &SourceColumn, actual: &str) -> Option<String> {
        is_amount(column).then(|| self.named(&format!("amount:{actual}")))
    }

    /// A column that is the same wherever rates are taken by the same time.
    fn named(&self, what: &str) -> String {
        let by = match (&self.rates, self.time()) {
            (None, _) => "",
            (Some(_), None) => "converted",
            (Some(_), Some(time)) => time,
        };
        format!("__{what}:{by}")
    }

    fn worth_column(&self) -> String {
        self.named("worth")
    }

    fn unrated_column(&self) -> String {
        self.named("unrated")
    }

    /// The currency of each row.
    pub(crate) fn of_rows(&self) -> Option<(String, Expr)> {
        let code = trimmed(col(self.currency.column()?).cast(DataType::String)).str().to_uppercase();
        Some((CURRENCY.to_owned(), when(code.clone().eq(lit(""))).then(lit(NULL)).otherwise(code).cast(DataType::String)))
    }

    /// What amounts are multiplied and divided by, over typed columns.
    pub(crate) fn factors(&self) -> Vec<(String, Expr)> {
        let mut factors = Vec::new();
        if let Some(minor_units) = self.minor_units.clone() {
            let per_unit = match &self.currency {
                RowCurrency::All(code) => number(minor_units.per_unit(*code)),
                RowCurrency::Column(_) => {
                    numbers_of(col(CURRENCY), lit(0_i64), move |code, _| minor_units.per_unit(CurrencyCode::new(code)?))
                }
            };
            factors.push((PER_UNIT.to_owned(), per_unit));
        }
        if let Some((rates, time)) = &self.rates {
            let day = time.as_ref().map(|time| rates.clock.days_since_1970(col(typed_name(time, ColumnType::Time))));
            let (worth, unrated) = match (&self.currency, day) {
                (RowCurrency::All(code), None) => {
                    let worth = rates.worth(*code, 0);
                    (number(worth), lit(code.as_str().to_owned()))
                }
                (currency, day) => {
                    let code = match currency {
                        RowCurrency::All(code) => lit(code.as_str().to_owned()),
                        RowCurrency::Column(_) => col(CURRENCY),
                    };
                    let is_dated = day.is_some();
                    let day = day.unwrap_or_else(|| lit(0_i64));
                    let (of_worth, of_text) = (Arc::clone(rates), Arc::clone(rates));
                    let worth = move |code: &str, day: i64| of_worth.worth(CurrencyCode::new(code)?, day);
                    let unrated = move |code: &str, day: i64| {
                        let has_rate = CurrencyCode::new(code).is_some_and(|code| of_text.worth(code, day).is_some());
                        let on = of_text.day_for(day).and_then(date_of).filter(|_| is_dated);
                        (!has_rate).then(|| on.map_or_else(|| code.to_owned(), |on| format!("{code} on {on}")))
                    };
                    (numbers_of(code.clone(), day.clone(), worth), texts_of(code, day, unrated))
                }
            };
            factors.extend([(self.worth_column(), worth), (self.unrated_column(), unrated)]);
        }
        factors
    }

    /// The amounts of a column, over its typed values and the factors.
    pub(crate) fn amount(&self, typed: Expr) -> Expr {
        let units = typed.cast(DataType::Float64);
        let units = if self.minor_units.is_some() { units / col(PER_UNIT) } else { units };
        if self.is_converted() { units * col(self.worth_column()) } else { units }
    }

    /// Why an amount that can be read is no money of the report: `typed` is what is read.
    pub(crate) fn checks(&self, typed: &Expr) -> Vec<Check> {
        let given = || typed.clone().is_not_null();
        let mut checks = Vec::new();
        let mut add = |text: String, origin: Option<Origin>, fails: Expr| {
            checks.push(Check { reason: Reason::new(text, origin), fails: given().and(fails) });
        };
        if let Some(column) = self.currency.column() {
            let missing = || col(CURRENCY).is_null();
            add(format!("`{column}` is missing, which says the currency"), Some(Origin::itself(column)), missing());
            if self.minor_units.is_some() {
                let unknown = col(PER_UNIT).is_null().and(missing().not());
                add(
                    format!("`{column}` is no currency whose minor units are known (`minor_digits` can say them)"),
                    Some(Origin::itself(column)),
                    unknown,
                );
            }
        }
        if let Some((rates, time)) = &self.rates {
            let column = self.currency.column().or(time.as_deref());
            let origin = column.map(|column| Origin { column: column.to_owned(), written_in: self.unrated_column() });
            let has_code = self.currency.column().map_or_else(|| lit(true), |_| col(CURRENCY).is_not_null());
            add(format!("there is no exchange rate to {}", rates.currency()), origin, has_code.and(col(self.worth_column()).is_null()));
        }
        checks
    }
}

fn number(number: Option<f64>) -> Expr {
    number.map_or_else(|| lit(NULL).cast(DataType::Float64), lit)
}

/// What codes and days come to, as long as the longer of them.
fn each<T>(columns: &[Column], of: impl Fn(&str, i64) -> Option<T>) -> PolarsResult<Vec<Option<T>>> {
    let (codes, days) = (columns[0].cast(&DataType::String)?, columns[1].cast(&DataType::Int64)?);
    let length = if codes.is_empty() || days.is_empty() { 0 } else { codes.len().max(days.len()) };
    let long = |column: Column| if column.len() == 1 && length != 1 { column.new_from_index(0, length) } else { column };
    let (codes, days) = (long(codes), long(days));
    Ok(codes.str()?.iter().zip(days.i64()?.iter()).map(|(code, day)| of(code?, day?)).collect())
}

fn numbers_of(code: Expr, day: Expr, of: impl Fn(&str, i64) -> Option<f64> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &mut [Column]| Ok(Column::new(columns[0].name().clone(), each(columns, &of)?));
    code.map_many(both, &[day], |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Float64)))
}

fn texts_of(code: Expr, day: Expr, of: impl Fn(&str, i64) -> Option<String> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &mut [Column]| Ok(Column::new(columns[0].name().clone(), each(columns, &of)?));
    code.map_many(both, &[day], |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::String)))
}
