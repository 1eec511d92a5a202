//! Purchase histories: orders as what is known of each customer when a bucket ends.
//!
//! The terms are those of P. S. Fader & B. G. S. Hardie: *frequency* is the number of periods with a purchase after the first one, *recency*
//! the time from the first to the last, *T* the time from the first to the end of what is known.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Bucket, Buckets, CalendarUnit};
use custometer_core::{Evaluate, EvaluateContext, EvaluateError, Evaluation, Group};
use jiff::civil::{Date, Weekday, date};
use jiff::{Span, Timestamp, ToSpan};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::orders::{Lines, Orders};
use crate::tables::{BOUGHT, CUSTOMER_ID, TIME};

/// Orders of a customer within one of these are one purchase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchasePeriod {
    /// A local day.
    #[default]
    Day,
    /// A local week, from the report's first weekday on.
    Week,
    /// A local calendar month.
    Month,
}

impl PurchasePeriod {
    /// The first day of the period that a day is in, both in days since 1970.
    fn start(self, day: i64, week_start: Weekday) -> i64 {
        const EPOCH: Date = date(1970, 1, 1);
        match self {
            Self::Day => day,
            Self::Week => day - (day + i64::from(EPOCH.weekday().since(week_start))).rem_euclid(7),
            // Beyond the calendar's last year days stay what they are.
            Self::Month => {
                let date = Span::new().try_days(day).and_then(|days| EPOCH.checked_add(days));
                date.map_or(day, |date| day - i64::from(date.day() - 1))
            }
        }
    }
}

/// Orders → purchase histories: a row for each customer and reported bucket, from the one of the first purchase on, with all that happened up
/// to the bucket's end, also before the report's period.
///
/// | column | what it is |
/// |---|---|
/// | `orders` | orders so far |
/// | `frequency` | purchase periods so far, less the first |
/// | `recency_days`, `recency` | from the first purchase period to the last |
/// | `age_days`, `T` | from the first purchase period to the one that the bucket ends in |
/// | `spend`, `profit` | amounts so far, and what is left of them by each row's own margin, less what was paid back |
/// | `mean_spend` | what was spent in the purchase periods after the first, per period; null where there was no such period |
///
/// What was paid back is taken from the spend of its period, or, where nothing was bought in that, of the purchase period before; before the
/// first purchase it is of one that is not known, and left out. A bucket ends with its last instant, or with the last one that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Histories {
    /// What is read of orders.
    pub orders: Orders,
    /// Orders within one of these are one purchase.
    pub purchase_period: PurchasePeriod,
    /// The unit of recency and T.
    pub time_unit: CalendarUnit,
}

impl Histories {
    /// The columns it reads.
    pub(crate) fn source(&self) -> Source {
        self.orders.source().always_at(TIME).column(BOUGHT)
    }

    /// The reported buckets of which something is known, each with its last purchase period.
    fn ends(&self, context: &DeriveContext) -> Vec<(i64, i64)> {
        let buckets: &Buckets = &context.buckets;
        let last = |(index, bucket): (usize, &Bucket)| {
            let day = last_day(bucket, context.as_of.or(context.reach))?;
            Some((i64::try_from(index).ok()?, self.purchase_period.start(day, buckets.week_start())))
        };
        buckets.reported().filter_map(last).collect()
    }
}

impl Derive for Histories {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::AtEnd
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let (period, week_start, one_order_per) = (self.purchase_period, context.buckets.week_start(), self.orders.one_order_per);
        let (ends, unit) = (self.ends(context), self.time_unit.days());
        let orders = Entities::in_groups(known(rows, context), CUSTOMER_ID, context)
            .integers([col(BUCKET), context.clock.days_since_1970(col(TIME))])
            .numbers([Orders::amount(), self.orders.profit(), self.orders.order()]);
        let integers = [BUCKET, "orders", "frequency", "recency_days", "age_days"];
        let numbers = ["recency", "T", "spend", "profit", "mean_spend"];
        Ok(orders.derive("purchase_histories", integers, numbers, move |customer, derived| {
            let ([buckets, days], [amounts, profits, orders]) = (customer.integers(), customer.numbers());
            let mut lines = Lines::new(one_order_per);
            let mut history = History::default();
            let mut row = 0;
            for &(bucket, end) in &ends {
                while row < customer.len() && buckets[row] <= bucket {
                    let begins_order = lines.begins_order(orders[row], amounts[row]);
                    history.add(period.start(days[row], week_start), amounts[row], profits[row], begins_order);
                    row += 1;
                }
                let Some(Known { orders, frequency, recency, age, spend, profit, mean_spend }) = history.known(end) else { continue };
                let times = [recency, age].map(|days| days as f64 / unit);
                let mean_spend = mean_spend.unwrap_or(f64::NAN);
                derived.push(customer, [bucket, orders, frequency, recency, age], [times[0], times[1], spend, profit, mean_spend]);
            }
        }))
    }
}

/// The rows that any of the buckets can know of.
pub(crate) fn known(rows: LazyFrame, context: &DeriveContext) -> LazyFrame {
    let buckets = i32::try_from(context.buckets.as_slice().len()).unwrap_or(i32::MAX);
    let in_time = col(BUCKET).lt(lit(buckets));
    rows.filter(match context.as_of {
        Some(as_of) => in_time.and(col(TIME).cast(DataType::Int64).lt(lit(as_of))),
        None => in_time,
    })
}

/// The instant after the last one that is known of a bucket; none of one of which nothing is.
pub(crate) fn known_end(bucket: &Bucket, as_of: Option<i64>) -> Option<jiff::Zoned> {
    let (start, end) = (bucket.start.as_ref()?, bucket.end.as_ref()?);
    let known = match as_of {
        Some(as_of) => Timestamp::from_microsecond(as_of).ok()?.to_zoned(end.time_zone().clone()).min(end.clone()),
        None => end.clone(),
    };
    (*start < known).then_some(known)
}

/// The last local day of which something is known in a bucket, in days since 1970.
fn last_day(bucket: &Bucket, as_of: Option<i64>) -> Option<i64> {
    let last = known_end(bucket, as_of)?.checked_sub(1.microsecond()).ok()?;
    last.date().since(date(1970, 1, 1)).ok().map(|since| i64::from(since.get_days()))
}

/// What is known of one customer so far. Rows come in the order of their purchase periods.
#[derive(Debug, Default)]
struct History {
    orders: i64,
    /// How many periods have a purchase.
    periods: i64,
    first: i64,
    last: i64,
    paid: Paid,
    /// What was paid back in a period in which nothing has been bought yet, and that period.
    open: Paid,
    open_period: i64,
}

/// Money of a customer.
#[derive(Debug, Default, Clone, Copy)]
struct Paid {
    spend: f64,
    profit: f64,
    /// Of the spend, what was paid after the first purchase period.
    again: f64,
}

/// What a customer's row shows.
struct Known {
    orders: i64,
    frequency: i64,
    recency: i64,
    age: i64,
    spend: f64,
    profit: f64,
    mean_spend: Option<f64>,
}

impl History {
    /// Takes in a row, which begins an order, or adds to the money of one.
    fn add(&mut self, period: i64, amount: f64, profit: f64, begins_order: bool) {
        if period > self.open_period {
            self.close();
        }
        if begins_order {
            self.orders += 1;
            if self.periods == 0 || period > self.last {
                self.first = if self.periods == 0 { period } else { self.first };
                self.last = period;
                self.periods += 1;
            }
            self.close();
        }
        self.open_period = period;
        self.open = Paid { spend: self.open.spend + amount, profit: self.open.profit + profit, again: 0.0 };
        if self.periods > 0 && period <= self.last {
            self.close();
        }
    }

    /// Counts what is open to the last purchase period; before the first it is of a purchase that is not known.
    fn close(&mut self) {
        self.paid = self.paid_by_now();
        self.open = Paid::default();
    }

    fn paid_by_now(&self) -> Paid {
        let (paid, open) = (self.paid, self.open);
        match self.periods {
            0 => paid,
            1 => Paid { spend: paid.spend + open.spend, profit: paid.profit + open.profit, ..paid },
            _ => Paid { spend: paid.spend + open.spend, profit: paid.profit + open.profit, again: paid.again + open.spend },
        }
    }

    /// What is known when a bucket ends in this period; nothing before the first purchase.
    fn known(&self, end: i64) -> Option<Known> {
        let Paid { spend, profit, again } = self.paid_by_now();
        let frequency = self.periods - 1;
        (frequency >= 0).then(|| Known {
            orders: self.orders,
            frequency,
            recency: self.last - self.first,
            age: end.max(self.last) - self.first,
            spend,
            profit,
            mean_spend: (frequency > 0).then(|| again / frequency as f64),
        })
    }
}

/// A value of what is known when a bucket ends. What was known in an earlier one is part of it, so no test of a change applies.
#[derive(Debug)]
pub(crate) struct KnownByEnd(pub(crate) Value);

impl Evaluate for KnownByEnd {
    fn measures(&self) -> Vec<&str> {
        self.0.measures()
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        self.0.evaluate(group, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_start_where_the_calendar_says() {
        let day = |text: &str| i64::from(text.parse::<Date>().unwrap().since(date(1970, 1, 1)).unwrap().get_days());
        let start = |period: PurchasePeriod, of: &str, week_start| period.start(day(of), week_start);
        let monday = Weekday::Monday;
        assert_eq!(start(PurchasePeriod::Day, "1997-01-05", monday), day("1997-01-05"));
        // A Sunday, and the Wednesday that 1969 ended on.
        assert_eq!(start(PurchasePeriod::Week, "1997-01-05", monday), day("1996-12-30"));
        assert_eq!(start(PurchasePeriod::Week, "1997-01-05", Weekday::Sunday), day("1997-01-05"));
        assert_eq!(start(PurchasePeriod::Week, "1969-12-31", monday), day("1969-12-29"));
        assert_eq!(start(PurchasePeriod::Week, "1969-12-28", Weekday::Thursday), day("1969-12-25"));
        assert_eq!(start(PurchasePeriod::Month, "2024-02-29", monday), day("2024-02-01"));
        assert_eq!(start(PurchasePeriod::Month, "1969-12-31", monday), day("1969-12-01"));
        assert_eq!(PurchasePeriod::Month.start(i64::MAX, monday), i64::MAX);
    }

    /// The history of rows, each a period and an amount; frequency, recency, T, spend and mean spend.
    fn told(rows: &[(i64, f64)], end: i64) -> Option<(i64, i64, i64, f64, Option<f64>)> {
        let mut history = History::default();
        for &(period, amount) in rows {
            history.add(period, amount, amount, amount >= 0.0);
        }
        let known = history.known(end)?;
        assert_eq!(known.spend.to_bits(), known.profit.to_bits());
        Some((known.frequency, known.recency, known.age, known.spend, known.mean_spend))
    }

    #[test]
    fn purchases_of_one_period_are_one_and_the_first_period_is_no_repeat() {
        assert_eq!(told(&[], 9), None);
        assert_eq!(told(&[(3, 10.0), (3, 20.0)], 9), Some((0, 0, 6, 30.0, None)));
        assert_eq!(told(&[(3, 10.0), (5, 1.0), (5, 2.0), (9, 5.0)], 9), Some((2, 6, 6, 18.0, Some(4.0))));
        assert_eq!(told(&[(-2, 0.0), (0, 0.0)], 0), Some((1, 2, 2, 0.0, Some(0.0))));
    }

    #[test]
    fn money_back_is_taken_from_its_period_or_the_one_before() {
        // Before any purchase it is of one that is not known.
        assert_eq!(told(&[(1, -7.0)], 9), None);
        assert_eq!(told(&[(1, -7.0), (2, 10.0)], 9), Some((0, 0, 7, 10.0, None)));
        // In the period of the first purchase, whichever came first.
        assert_eq!(told(&[(2, -7.0), (2, 10.0)], 9), Some((0, 0, 7, 3.0, None)));
        assert_eq!(told(&[(2, 10.0), (2, -7.0)], 9), Some((0, 0, 7, 3.0, None)));
        // Between two purchases it is of the former, and in the period of the latter of that.
        assert_eq!(told(&[(2, 10.0), (4, -7.0)], 9), Some((0, 0, 7, 3.0, None)));
        assert_eq!(told(&[(2, 10.0), (4, -7.0), (5, 20.0)], 9), Some((1, 3, 7, 23.0, Some(20.0))));
        assert_eq!(told(&[(2, 10.0), (5, -7.0), (5, 20.0)], 9), Some((1, 3, 7, 23.0, Some(13.0))));
        assert_eq!(told(&[(2, 10.0), (5, 20.0), (7, -7.0), (8, -1.0)], 9), Some((1, 3, 7, 22.0, Some(12.0))));
    }
}
