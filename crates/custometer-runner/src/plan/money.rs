//! Amounts of money as the report has them: in whole units of a currency, and in the report's own where it has one.
//!
//! What is due again and again, such as what is paid for a month, has no day whose rate is its own. It stays in its currency where rates have days,
//! and the metric is told what each currency is worth as buckets open and close ([`Exchange`]).

use std::collections::HashMap;
use std::sync::Arc;

use custometer_core::exchange;
use custometer_core::{Buckets, Column as SourceColumn, ColumnType, CurrencyCode, Exchange, Lasting, Unit};
use jiff::civil::Date;
use polars::prelude::{Column, DataType, Expr, Field, NULL, PolarsResult, col, lit, when};

use crate::plan::axes::{Axes, Axis};
use crate::plan::names::{bucket_name, typed_name};
use crate::plan::rates::{Edge, Rates, date_of, number_of};
use crate::read::currency::{MinorUnits, RowCurrency};
use crate::read::fault::{Check, Origin, Reason};
use crate::read::union::SOURCE;
use crate::read::values::trimmed;
use crate::report::{Report, Request};

/// The currency of a row, in capital letters.
const CURRENCY: &str = "__currency";
/// How many of its smallest units the currency of a row has.
const PER_UNIT: &str = "__minor_units";

/// How the amounts that a request reads become money of the report.
#[derive(Debug, Clone)]
pub(crate) struct Money {
    currency: RowCurrency,
    /// By source, where they differ.
    minor_units: Vec<Option<MinorUnits>>,
    rates: Option<(Arc<Rates>, When)>,
    /// What is to be said where an early rate stands for a later one.
    note: Option<String>,
}

/// Whose rates amounts have.
#[derive(Debug, Clone, PartialEq)]
enum When {
    /// Those of one day.
    Always,
    /// Those of the row's day, which this column says.
    OfRow(String),
    /// Those of the edges of buckets, as long as the row lasts.
    OfBuckets(OfBuckets),
}

/// What there is to know of amounts that stay in their currencies.
#[derive(Debug, Clone, PartialEq)]
struct OfBuckets {
    /// What tells the columns of these buckets from others.
    name: String,
    /// The columns of the first instant and of the one after the last, by the table's names.
    from: String,
    until: String,
    lasting: Lasting,
    edges: Vec<Edge>,
    /// From when on nothing is known, in microseconds since 1970.
    as_of: Option<i64>,
}

impl PartialEq for Money {
    /// A report has the same rates for all.
    fn eq(&self, other: &Self) -> bool {
        let when = |money: &Self| money.rates.as_ref().map(|(_, when)| when.clone());
        (&self.currency, &self.minor_units, when(self)) == (&other.currency, &other.minor_units, when(other))
    }
}

/// Whether a column holds amounts.
fn is_amount(column: &SourceColumn) -> bool {
    column.unit == Some(Unit::Currency) && column.kind == ColumnType::Number
}

impl Money {
    /// What is done to a request's amounts; none where they are taken as they are.
    pub(crate) fn of(report: &Report, request: &Request, rates: Option<&Arc<Rates>>, axes: &Axes) -> Option<Self> {
        if !request.sums_money() {
            return None;
        }
        let table = &report.tables[request.table];
        let currency = table.currency.clone()?;
        let rates = rates.filter(|rates| currency != RowCurrency::All(rates.currency()));
        let rates = rates.map(|rates| (Arc::clone(rates), When::of(report, request, rates, axes)));
        let mut minor_units = table.minor_units.clone();
        if minor_units.iter().all(|units| Some(units) == minor_units.first()) {
            minor_units.truncate(1);
        }
        let note = rates.as_ref().and_then(|(rates, when)| when.early(report, request, rates, axes));
        let money = Self { currency, minor_units, rates, note };
        (money.is_converted() || money.is_minor()).then_some(money)
    }

    /// What is done to amounts, in words.
    pub(crate) fn steps(&self) -> String {
        let whose = if self.minor_units.iter().all(Option::is_some) { "" } else { " where their source says so" };
        let minor = self.is_minor().then(|| format!("taken as minor units{whose}"));
        let converted = self.rates.as_ref().map(|(rates, when)| match when {
            When::OfBuckets(_) => format!("converted to {} {}", rates.currency(), rates.whose_of_buckets()),
            _ => format!("converted to {} {}", rates.currency(), rates.whose()),
        });
        minor.into_iter().chain(converted).collect::<Vec<_>>().join(", ")
    }

    /// What is to be said of the rates.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether some are counted in the smallest units of their currencies.
    fn is_minor(&self) -> bool {
        self.minor_units.iter().any(Option::is_some)
    }

    /// How many of its units the currency of a row has, where amounts are counted so.
    fn per_unit(&self, minor_units: &MinorUnits) -> Expr {
        match &self.currency {
            RowCurrency::All(code) => number(minor_units.per_unit(*code)),
            RowCurrency::Column(_) => {
                let minor_units = minor_units.clone();
                numbers_of(col(CURRENCY), lit(0_i64), move |code, _| minor_units.per_unit(CurrencyCode::new(code)?))
            }
        }
    }

    /// Whether amounts are converted.
    pub(crate) fn is_converted(&self) -> bool {
        self.rates.is_some()
    }

    /// The column whose day decides on the rate of a row.
    pub(crate) fn time(&self) -> Option<&str> {
        match &self.rates {
            Some((_, When::OfRow(time))) => Some(time),
            _ => None,
        }
    }

    fn of_buckets(&self) -> Option<(&Arc<Rates>, &OfBuckets)> {
        match &self.rates {
            Some((rates, When::OfBuckets(of))) => Some((rates, of)),
            _ => None,
        }
    }

    /// What amounts that stay in their currencies are worth at the edges of buckets; none where amounts are converted here.
    pub(crate) fn exchange(&self, buckets: &Buckets, known_until: Option<i64>) -> Option<Exchange> {
        self.of_buckets().map(|(rates, _)| rates.exchange(&rates.edges(buckets, known_until)))
    }

    /// Columns of the rows that a derivation reads beside those of the source.
    pub(crate) fn columns(&self) -> Option<String> {
        self.of_buckets().map(|_| exchange::CURRENCY.to_owned())
    }

    /// The column that has the values of one of a source's columns, which the table calls `actual`, where it holds amounts.
    pub(crate) fn held(&self, column: &SourceColumn, actual: &str) -> Option<String> {
        is_amount(column).then(|| self.named(&format!("amount:{actual}")))
    }

    /// A column that is the same wherever rates are taken by the same time.
    fn named(&self, what: &str) -> String {
        let by = match &self.rates {
            None => "",
            Some((_, When::Always)) => "converted",
            Some((_, When::OfRow(time))) => time,
            Some((_, When::OfBuckets(of))) => &of.name,
        };
        format!("__{what}:{by}")
    }

    fn worth_column(&self) -> String {
        self.named("worth")
    }

    fn unrated_column(&self) -> String {
        self.named("unrated")
    }

    /// The code of each row's currency.
    fn code(&self) -> Expr {
        match &self.currency {
            RowCurrency::All(code) => lit(code.as_str().to_owned()),
            RowCurrency::Column(_) => col(CURRENCY),
        }
    }

    /// The currency of each row.
    pub(crate) fn of_rows(&self) -> Option<(String, Expr)> {
        let code = trimmed(col(self.currency.column()?).cast(DataType::String)).str().to_uppercase();
        Some((CURRENCY.to_owned(), when(code.clone().eq(lit(""))).then(lit(NULL)).otherwise(code).cast(DataType::String)))
    }

    /// What amounts are multiplied and divided by, over typed columns.
    pub(crate) fn factors(&self) -> Vec<(String, Expr)> {
        let mut factors = Vec::new();
        if self.is_minor() {
            let per_unit = |units: &Option<MinorUnits>| units.as_ref().map_or_else(|| lit(1.0), |units| self.per_unit(units));
            let of_sources = self.minor_units.iter().zip(0_u32..).map(|(units, source)| (source, per_unit(units)));
            let by_source = |otherwise: (u32, Expr), (source, units): (u32, Expr)| {
                (source, when(col(SOURCE).eq(lit(source))).then(units).otherwise(otherwise.1))
            };
            factors.extend(of_sources.reduce(by_source).map(|(_, per_unit)| (PER_UNIT.to_owned(), per_unit)));
        }
        if let Some((rates, of)) = self.of_buckets() {
            let code = self.code();
            let numbers: HashMap<String, i64> =
                rates.currencies().into_iter().map(|code| (code.as_str().to_owned(), rates.number(code))).collect();
            let number = made_of(std::slice::from_ref(&code), DataType::Int64, move |columns| {
                let number = |code: Option<&str>| code.and_then(|code| numbers.get(code)).copied().unwrap_or(-1);
                Ok(Column::new(columns[0].name().clone(), columns[0].str()?.iter().map(number).collect::<Vec<i64>>()))
            });
            factors.extend([(exchange::CURRENCY.to_owned(), number), (self.unrated_column(), of.unrated(code, rates))]);
        } else if let Some((rates, _)) = &self.rates {
            let day = self.time().map(|time| rates.clock.days_since_1970(col(typed_name(time, ColumnType::Time))));
            let (worth, unrated) = match (&self.currency, day) {
                (RowCurrency::All(code), None) => {
                    let worth = rates.worth(*code, 0);
                    (number(worth), lit(code.as_str().to_owned()))
                }
                (_, day) => {
                    let code = self.code();
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
        let units = if self.is_minor() { units / col(PER_UNIT) } else { units };
        if self.is_converted() && self.of_buckets().is_none() { units * col(self.worth_column()) } else { units }
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
            if self.is_minor() {
                let unknown = col(PER_UNIT).is_null().and(missing().not());
                add(
                    format!("`{column}` is no currency whose minor units are known (`minor_digits` can say them)"),
                    Some(Origin::itself(column)),
                    unknown,
                );
            }
        }
        if let Some((rates, when)) = &self.rates {
            let (time, has_no_rate) = match when {
                When::Always => (None, col(self.worth_column()).is_null()),
                When::OfRow(time) => (Some(time), col(self.worth_column()).is_null()),
                When::OfBuckets(of) => (Some(&of.from), col(self.unrated_column()).is_not_null()),
            };
            let column = self.currency.column().or(time.map(String::as_str));
            let origin = column.map(|column| Origin { column: column.to_owned(), written_in: self.unrated_column() });
            let has_code = self.currency.column().map_or_else(|| lit(true), |_| col(CURRENCY).is_not_null());
            add(format!("there is no exchange rate to {}", rates.currency()), origin, has_code.and(has_no_rate));
        }
        checks
    }
}

impl When {
    fn of(report: &Report, request: &Request, rates: &Rates, axes: &Axes) -> Self {
        let source = &request.definition.source;
        let actual = |name: &str| request.column(name).to_owned();
        match (rates.is_dated(), source.in_own_currencies, source.time) {
            (true, Some(lasting), Some(time)) => Self::OfBuckets(OfBuckets {
                name: std::iter::once(format!("{}:{}", actual(lasting.until), lasting.through_last_day))
                    .chain(
                        Axis::of(request)
                            .flat_map(|axis| (0..axes[&axis].lines.len()).map(move |line| bucket_name(request.column(time), axis, line))),
                    )
                    .collect::<Vec<_>>()
                    .join(","),
                from: actual(lasting.from),
                until: actual(lasting.until),
                lasting,
                edges: Axis::of(request)
                    .flat_map(|axis| axes[&axis].lines.iter().map(move |line| (axis, &line.buckets)))
                    .flat_map(|(axis, buckets)| rates.edges(buckets, report.known_until(buckets, axis.baseline)))
                    .collect(),
                as_of: report.as_of_instant(),
            }),
            (true, _, Some(time)) => Self::OfRow(actual(time)),
            _ => Self::Always,
        }
    }

    /// What is to be said where the last rate that there is stands for a later one that would be too late for it.
    fn early(&self, report: &Report, request: &Request, rates: &Rates, axes: &Axes) -> Option<String> {
        let own = Axis::of(request).next().and_then(|axis| axes.get(&axis))?;
        let last = own.reported.as_slice().last().and_then(|bucket| bucket.end.as_ref());
        let last = last.and_then(|end| end.date().yesterday().ok()).map(number_of);
        let said = |end: Date, what: &str| format!("exchange rates end on {end}, and those of that day stand for {what}");
        match self {
            Self::OfBuckets(_) => {
                let as_of = report.as_of.and_then(|as_of| as_of.yesterday().ok()).map(number_of);
                let wanted = last.into_iter().chain(as_of).min()?;
                Some(said(rates.early(wanted)?, "the end of the bucket that it is in"))
            }
            Self::OfRow(_) => Some(said(rates.early_in_month(last)?, "the end of its month")),
            Self::Always => None,
        }
    }
}

impl OfBuckets {
    /// The currency and the day of the first rate that a row lacks: as long as it lasts, and where it ends within a bucket as that closes.
    fn unrated(&self, code: Expr, rates: &Rates) -> Expr {
        let instant = |name: &str| col(typed_name(name, ColumnType::Time));
        // What is to end later has not ended yet.
        let until = match self.as_of {
            Some(as_of) => {
                let until = instant(&self.until);
                when(until.clone().cast(DataType::Int64).lt(lit(as_of))).then(until).otherwise(lit(NULL))
            }
            None => instant(&self.until),
        };
        let columns = [code, instant(&self.from).cast(DataType::Int64), self.lasting.end(until, &rates.clock)];
        let lacking = |code: CurrencyCode| self.edges.iter().filter(|edge| rates.worth(code, edge.day).is_none()).copied().collect();
        let known: HashMap<String, Vec<Edge>> =
            rates.currencies().into_iter().map(|code| (code.as_str().to_owned(), lacking(code))).collect();
        let all = self.edges.clone();
        made_of(&columns, DataType::String, move |columns| {
            let first = |(code, (from, until)): (Option<&str>, (Option<i64>, Option<i64>))| {
                let (code, from, until) = (code?, from?, until.unwrap_or(i64::MAX));
                let lasts = |edge: i64| from < edge && edge <= until;
                let lacks = |edge: &&Edge| lasts(edge.at) || edge.before.is_some_and(lasts);
                let edge = known.get(code).unwrap_or(&all).iter().find(lacks)?;
                Some(date_of(edge.day).map_or_else(|| code.to_owned(), |day| format!("{code} on {day}")))
            };
            let times = columns[1].i64()?.iter().zip(columns[2].i64()?.iter());
            Ok(Column::new(columns[0].name().clone(), columns[0].str()?.iter().zip(times).map(first).collect::<Vec<Option<String>>>()))
        })
    }
}

fn number(number: Option<f64>) -> Expr {
    number.map_or_else(|| lit(NULL).cast(DataType::Float64), lit)
}

/// What codes and days come to.
fn each<T>(columns: &[Column], of: impl Fn(&str, i64) -> Option<T>) -> PolarsResult<Vec<Option<T>>> {
    Ok(columns[0].str()?.iter().zip(columns[1].i64()?.iter()).map(|(code, day)| of(code?, day?)).collect())
}

fn numbers_of(code: Expr, day: Expr, of: impl Fn(&str, i64) -> Option<f64> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &[Column]| Ok(Column::new(columns[0].name().clone(), each(columns, &of)?));
    made_of(&[code, day.cast(DataType::Int64)], DataType::Float64, both)
}

fn texts_of(code: Expr, day: Expr, of: impl Fn(&str, i64) -> Option<String> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &[Column]| Ok(Column::new(columns[0].name().clone(), each(columns, &of)?));
    made_of(&[code, day.cast(DataType::Int64)], DataType::String, both)
}

/// What columns come to, all of them as long as the longest; the first of them holds texts.
fn made_of(columns: &[Expr], kind: DataType, of: impl Fn(&[Column]) -> PolarsResult<Column> + Send + Sync + 'static) -> Expr {
    let all = move |columns: &mut [Column]| {
        let longest = columns.iter().map(Column::len).max().unwrap_or(0);
        let length = if columns.iter().any(Column::is_empty) { 0 } else { longest };
        let long = |column: &Column| if column.len() == 1 && length != 1 { column.new_from_index(0, length) } else { column.clone() };
        of(&columns.iter().map(long).collect::<Vec<_>>())
    };
    let [first, rest @ ..] = columns else { return lit(NULL) };
    first.clone().cast(DataType::String).map_many(all, rest, move |_, fields| Ok(Field::new(fields[0].name().clone(), kind.clone())))
}
