//! Activity: orders as what each customer did in each bucket.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Bucket};
use jiff::Unit as Span;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::history::{known, known_end};
use crate::orders::{Lines, Orders};
use crate::tables::{CUSTOMER_ID, TIME};

/// A length of the calendar that something is counted per.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A calendar year.
    Year,
    /// Three calendar months.
    Quarter,
    /// A calendar month.
    Month,
    /// Seven days.
    Week,
    /// A day.
    Day,
}

impl Per {
    /// The name in configs and notes.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
        }
    }

    /// How many of these a bucket has, as far as it is known: a calendar year is exactly one year, and February exactly one month. What is left
    /// is a part of the one that it is in. None where nothing is known of the bucket.
    pub(crate) fn in_bucket(self, bucket: &Bucket, as_of: Option<i64>) -> Option<f64> {
        let (start, end) = (bucket.start.as_ref()?, known_end(bucket, as_of)?);
        let (unit, each) = match self {
            Self::Year => (Span::Year, 1.0),
            Self::Quarter => (Span::Month, 3.0),
            Self::Month => (Span::Month, 1.0),
            Self::Week => (Span::Week, 1.0),
            Self::Day => (Span::Day, 1.0),
        };
        let length = start.until((unit, &end)).and_then(|length| length.total((unit, start))).ok()?;
        Some(length / each).filter(|length| *length > 0.0)
    }
}

/// Orders → a row for each customer and bucket with any of theirs, and one for each span of activity that has ended.
///
/// | column | what it is |
/// |---|---|
/// | `orders` | the customer's orders in the bucket; 0 where money was only paid back |
/// | `orders_per` | the same, by the bucket's length |
/// | `length` | the bucket's length in what is counted per; 1 where nothing is |
/// | `revenue`, `profit` | amounts in the bucket, and what is left of them by each row's own margin, less what was paid back |
/// | `ended_spans` | 1 for a span that ended in the bucket, whose other columns mean nothing; 0 in other rows |
/// | `span_days` | its days |
///
/// A span lasts from an order until so many local days after the last of orders of which none is further from the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Activity {
    pub(crate) orders: Orders,
    pub(crate) per: Option<Per>,
    /// After how many days without an order a customer is gone; none where spans are not asked for.
    pub(crate) inactive_after_days: Option<u32>,
}

impl Activity {
    /// The columns it reads.
    pub(crate) fn source(&self) -> Source {
        if self.is_timed() {
            self.orders.source().always_at(TIME).column(Column::time(TIME).describe("when it was bought"))
        } else {
            self.orders.source().at(TIME)
        }
    }

    fn is_timed(&self) -> bool {
        self.per.is_some() || self.inactive_after_days.is_some()
    }

    /// The rows of customers in buckets.
    pub(crate) fn in_bucket() -> Expr {
        col("ended_spans").eq(lit(0))
    }

    /// The rows of customers who ordered in the bucket. Who was only paid something back did not.
    pub(crate) fn ordered() -> Expr {
        Self::in_bucket().and(col("orders").gt(lit(0)))
    }

    /// When an order is, when its customer is gone if it was the last, the bucket of that, and the day of the order.
    fn times(&self, context: &DeriveContext) -> [Expr; 4] {
        let Some(days) = self.inactive_after_days else { return [lit(0_i64), lit(0_i64), lit(0_i64), lit(0_i64)] };
        let instant = |time: Expr| time.cast(DataType::Int64);
        let gone = instant(context.clock.days_later(col(TIME), days));
        // Whether another order comes in time can't be known before.
        let known = context.as_of.map(|as_of| when(gone.clone().lt(lit(as_of))).then(gone.clone()).otherwise(lit(i64::MAX)));
        let gone = known.unwrap_or(gone).fill_null(lit(i64::MAX));
        [instant(col(TIME)), gone.clone(), context.bucket_of(gone), context.clock.days_since_1970(col(TIME))]
    }
}

impl Derive for Activity {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let rows = if self.is_timed() { known(rows, context) } else { rows };
        let length = |bucket| self.per.map_or(Some(1.0), |per| per.in_bucket(bucket, context.as_of));
        let lengths: Vec<Option<f64>> = context.buckets.as_slice().iter().map(length).collect();
        let one_order_per = self.orders.one_order_per;
        let [time, gone, gone_in, day] = self.times(context);
        let inactive_after_days = self.inactive_after_days.map(i64::from);
        let orders = Entities::in_groups(rows, CUSTOMER_ID, context).integers([col(BUCKET), time, gone, gone_in, day]).numbers([
            self.orders.amount(),
            self.orders.profit(),
            self.orders.order(),
        ]);
        let integers = [BUCKET, "orders", "ended_spans", "span_days"];
        let numbers = ["orders_per", "length", "revenue", "profit"];
        Ok(orders.derive("activity", integers, numbers, move |customer, derived| {
            let ([buckets, times, gone, gone_in, days], [amounts, profits, orders]) = (customer.integers(), customer.numbers());
            let mut lines = Lines::new(one_order_per);
            let begun: Vec<usize> = (0..customer.len()).filter(|row| lines.begins_order(orders[*row], amounts[*row])).collect();
            let (mut from, mut next) = (0, 0);
            for rows in buckets.chunk_by(|one, next| one == next) {
                let of_bucket = from..from + rows.len();
                from = of_bucket.end;
                let count = begun[next..].partition_point(|row| *row < from);
                next += count;
                let length = usize::try_from(rows[0]).ok().and_then(|bucket| *lengths.get(bucket)?);
                let Some(length) = length else { continue };
                let sum = |of: &[f64]| of[of_bucket.clone()].iter().sum();
                let numbers = [count as f64 / length, length, sum(amounts), sum(profits)];
                derived.push(customer, [rows[0], i64::try_from(count).unwrap_or(i64::MAX), 0, 0], numbers);
            }
            let Some(inactive_after_days) = inactive_after_days else { return };
            for span in begun.chunk_by(|one, next| times[*next] <= gone[*one]) {
                let (first, last) = (span[0], span[span.len() - 1]);
                if gone[last] < i64::MAX {
                    derived.push(customer, [gone_in[last], 0, 1, days[last] - days[first] + inactive_after_days], [f64::NAN; 4]);
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Zoned;

    use super::*;

    fn bucket(start: &str, end: &str) -> Bucket {
        let at = |date: &str| format!("{date}[Europe/Copenhagen]").parse::<Zoned>().unwrap();
        Bucket { start: Some(at(start)), end: Some(at(end)), partial: false, reported: true }
    }

    #[test]
    fn a_length_is_that_of_the_calendar() {
        let length = |per: Per, start, end| per.in_bucket(&bucket(start, end), None).unwrap();
        for (start, end) in [("2023-01-01", "2024-01-01"), ("2024-01-01", "2025-01-01"), ("2024-02-29", "2025-02-28")] {
            assert_eq!(length(Per::Year, start, end).to_bits(), 1.0_f64.to_bits(), "{start}");
        }
        for (start, end) in [("2024-02-01", "2024-03-01"), ("2025-03-01", "2025-04-01"), ("2025-10-01", "2025-11-01")] {
            assert_eq!(length(Per::Month, start, end).to_bits(), 1.0_f64.to_bits(), "{start}");
        }
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        close(length(Per::Quarter, "2025-01-01", "2026-01-01"), 4.0);
        close(length(Per::Quarter, "2025-01-01", "2025-02-01"), 1.0 / 3.0);
        // A day of 23 hours is one.
        close(length(Per::Day, "2025-03-30", "2025-03-31"), 1.0);
        close(length(Per::Week, "2025-03-24", "2025-04-07"), 2.0);
        // A part of a year is of the year that it is in: 2024 has 366 days.
        close(length(Per::Year, "2024-01-01", "2024-03-01"), 60.0 / 366.0);
        close(length(Per::Year, "2025-01-01", "2025-03-01"), 59.0 / 365.0);
        // April, and 14 of May's 31 days.
        close(length(Per::Month, "2025-04-01", "2025-05-15"), 1.0 + 14.0 / 31.0);
    }

    #[test]
    fn a_bucket_is_as_long_as_it_is_known() {
        let january = bucket("2025-01-01", "2025-02-01");
        let until = |date: &str| Some(format!("{date}[Europe/Copenhagen]").parse::<Zoned>().unwrap().timestamp().as_microsecond());
        assert_eq!(Per::Day.in_bucket(&january, until("2025-01-11")), Some(10.0));
        assert_eq!(Per::Day.in_bucket(&january, until("2025-03-11")), Some(31.0));
        assert_eq!(Per::Day.in_bucket(&january, until("2025-01-01")), None);
    }
}
