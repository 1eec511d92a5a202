//! Activity: orders as what each customer did in each bucket.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Bucket, CalendarUnit};
use polars::prelude::DataType;

use crate::shared::changes::OPEN;
use crate::shared::history::{known, known_end};
use crate::shared::orders::{Lines, Orders};
use crate::shared::spans::{Lifetime, gone, lifetimes};
use crate::tables::{BOUGHT, CUSTOMER_ID, TIME};

/// How many of a unit a bucket has, as far as it is known; none where nothing is known of the bucket.
fn length(per: CalendarUnit, bucket: &Bucket, as_of: Option<i64>) -> Option<f64> {
    per.between(bucket.start.as_ref()?, &known_end(bucket, as_of)?)
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
    pub(crate) per: Option<CalendarUnit>,
    /// After how many days without an order a customer is gone; none where spans are not asked for.
    pub(crate) inactive_after_days: Option<u32>,
}

impl Activity {
    /// The columns it reads.
    pub(crate) fn source(&self) -> Source {
        if self.is_timed() { self.orders.source().always_at(TIME).column(BOUGHT) } else { self.orders.source().at(TIME) }
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
        let gone = gone(days, context);
        [col(TIME).cast(DataType::Int64), gone.clone(), context.bucket_of(gone), context.clock.days_since_1970(col(TIME))]
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
        let length_of = |bucket| self.per.map_or(Some(1.0), |per| length(per, bucket, context.as_of.or(context.reach)));
        let lengths: Vec<Option<f64>> = context.buckets.as_slice().iter().map(length_of).collect();
        let one_order_per = self.orders.one_order_per;
        let [time, gone, gone_in, day] = self.times(context);
        let inactive_after_days = self.inactive_after_days.map(i64::from);
        let orders = Entities::in_groups(rows, CUSTOMER_ID, context).integers([col(BUCKET), time, gone, gone_in, day]).numbers([
            Orders::amount(),
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
            let [from, until] = [times, gone].map(|column| begun.iter().map(|row| column[*row]).collect::<Vec<i64>>());
            for Lifetime { first, last } in lifetimes(&from, &until) {
                let [first, last] = [first, last].map(|order| begun[order]);
                if gone[last] != OPEN {
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
        Bucket { start: Some(at(start)), end: Some(at(end)), partial: false, reported: true, name: None }
    }

    #[test]
    fn a_bucket_is_as_long_as_it_is_known() {
        let january = bucket("2025-01-01", "2025-02-01");
        let until = |date: &str| Some(format!("{date}[Europe/Copenhagen]").parse::<Zoned>().unwrap().timestamp().as_microsecond());
        assert_eq!(length(CalendarUnit::Day, &january, until("2025-01-11")), Some(10.0));
        assert_eq!(length(CalendarUnit::Day, &january, until("2025-03-11")), Some(31.0));
        assert_eq!(length(CalendarUnit::Day, &january, until("2025-01-01")), None);
    }
}
