//! Spans: from when until when customers were customers, and what that changes from bucket to bucket.
//!
//! A span begins with its first instant and ends before its last: one that ends as a bucket begins is of the stock that the bucket opens
//! with, and its end is in the bucket. A span that ends as it begins was never active.

use std::sync::Arc;

use custometer_core::Lasting;
use custometer_core::exchange::CURRENCY;
use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, CalendarUnit, INSTANT, LocalClock, checked_days};
use polars::prelude::{DataType, PolarsError, SortOptions, WindowMapping};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::changes::{self, Change, OPEN};
use crate::shared::orders::Orders;
use crate::tables::{AMOUNT_PER_MONTH, BOUGHT, CUSTOMER_ID, ENDED, ENDED_AT, STARTED, STARTED_AT, SUBSCRIBER, SUBSCRIPTIONS, TIME};

/// Whether a customer was active as the bucket opened, 1 or 0.
pub(crate) const WAS_ACTIVE: &str = "was_active";
/// Whether a customer is active as the bucket closes, 1 or 0.
pub(crate) const IS_ACTIVE: &str = "is_active";
/// Whether a customer was active at any time before the bucket, 1 or 0.
pub(crate) const WAS_BEFORE: &str = "was_before";
/// What a customer paid for a month as the bucket opened.
pub(crate) const OPENING_MRR: &str = "opening_mrr";
/// What a customer pays for a month as the bucket closes.
pub(crate) const CLOSING_MRR: &str = "closing_mrr";

/// Whether a row is a change of rates alone, 1 or 0: what a customer paid as the bucket opened, by the rates of then and of its end.
pub(crate) const IS_EXCHANGE: &str = "is_exchange";

const FROM: &str = "span_from";
const UNTIL: &str = "span_until";
const AMOUNT: &str = "span_amount";

/// Where the table says when somebody was a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomerBasis {
    /// In spans with a start and an end, such as subscriptions.
    #[default]
    Spans,
    /// In orders: a customer is one from an order until `inactive_after_days` local days after it.
    Activity,
}

/// What spans of one customer that overlap mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlaps {
    /// A mistake: a span that begins before another of its customer has ended is rejected and counted. Where spans begin at one instant,
    /// none of them is the earlier one, and all are rejected.
    #[default]
    Reject,
    /// Several contracts: a customer is active while any is, and pays their sum.
    Unite,
}

/// Whether spans last through the day that they end on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// No: `ended_at` is the first instant that is no longer part of a span, so a date is the day after its last one.
    #[default]
    Exclusive,
    /// Yes: `ended_at` is a span's last day. A time of the day in it does not matter.
    Inclusive,
}

/// How rows that are spans are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SpanRules {
    pub(crate) overlaps: Overlaps,
    pub(crate) ends: Ends,
}

impl SpanRules {
    /// Refuses what is said of spans where orders are read.
    pub(crate) fn refuse_of_orders(self) -> Result<(), ParamError> {
        let given = [("overlaps", self.overlaps != Overlaps::default()), ("ends", self.ends != Ends::default())];
        given.into_iter().find(|(_, given)| *given).map_or(Ok(()), |(param, _)| {
            Err(ParamError::new(param, "orders are not spans").help("leave it out, or take spans as the basis"))
        })
    }

    /// From when until when a row lasts.
    pub(crate) fn lasting(self) -> Lasting {
        Lasting { from: STARTED_AT, until: ENDED_AT, through_last_day: self.ends == Ends::Inclusive }
    }
}

/// A day without clock changes, in microseconds.
const DAY: i64 = 86_400_000_000;

const LAST_DAYS: &str = "every `ended_at` is the last day of a month: where a span lasts through that day, say `ends = \"inclusive\"`, or it ends a day too early";

/// Whether there are ends, three or more, and all are local midnights of last days of months.
fn end_on_last_days(measured: &[Option<f64>]) -> bool {
    const MANY: f64 = 3.0;
    matches!(measured, [Some(ends), Some(on_last_days)] if on_last_days >= ends && *ends >= MANY)
}

/// How many ends there are, and how many of them are local midnights of last days of months.
fn ends_by_day(clock: &LocalClock) -> Vec<Measure> {
    let ends = || clock.to_local(col(ENDED_AT)).cast(DataType::Int64);
    let is_last = (ends() % lit(DAY)).eq(lit(0)).and((ends() + lit(DAY)).cast(INSTANT).dt().day().eq(lit(1)));
    vec![count("ends").filter(ends().is_not_null()), count("ends_on_last_days").filter(is_last)]
}

/// Where the spans of customers come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spans {
    /// From rows that are spans.
    Subscribed(SpanRules),
    /// From orders that are at most so many local days apart.
    Active {
        /// How many.
        inactive_after_days: u32,
        /// How orders are read.
        orders: Orders,
    },
}

impl Spans {
    /// What the parameters of a metric say.
    pub(crate) fn of(basis: CustomerBasis, inactive_after_days: Option<u32>, rules: SpanRules, orders: Orders) -> Result<Self, ParamError> {
        let days = |message: &str| ParamError::new("inactive_after_days", message);
        match (basis, inactive_after_days) {
            (CustomerBasis::Spans, None) => orders.refuse_of_spans().map(|()| Self::Subscribed(rules)),
            (CustomerBasis::Spans, Some(_)) => {
                Err(days("spans say themselves when they end").help("leave it out, or take orders: `basis = \"activity\"`"))
            }
            (CustomerBasis::Activity, Some(days)) => {
                rules.refuse_of_orders()?;
                Ok(Self::Active { inactive_after_days: checked_days("inactive_after_days", days)?, orders })
            }
            (CustomerBasis::Activity, None) => Err(days("`basis = \"activity\"` needs to know when a customer is gone")
                .help("say after how many days without an order, such as `inactive_after_days = 90`")),
        }
    }

    /// What is read.
    pub(crate) fn source(self) -> Source {
        let SpanRules { overlaps, ends } = match self {
            Self::Active { orders, .. } => return orders.source().always_at(TIME).column(BOUGHT),
            Self::Subscribed(rules) => rules,
        };
        let source = Source::table(SUBSCRIPTIONS).always_at(STARTED_AT).column(SUBSCRIBER).column(STARTED).column(ENDED);
        let source = source.rule("`ended_at` is before `started_at`", col(ENDED_AT).gt_eq(col(STARTED_AT)));
        let source = if ends == Ends::Exclusive { source.doubt(LAST_DAYS, ends_by_day, end_on_last_days) } else { source };
        match overlaps {
            Overlaps::Reject => source.rule(OVERLAP, is_alone(ends)),
            Overlaps::Unite => source,
        }
    }

    /// Rows with the first instant of each span and the one after its last, [`OPEN`] where it goes on.
    fn read(self, rows: LazyFrame, context: &DeriveContext) -> LazyFrame {
        let instant = |time: Expr| time.cast(DataType::Int64);
        let (rows, from, until) = match self {
            Self::Subscribed(rules) => (rows, instant(col(STARTED_AT)), rules.lasting().end(col(ENDED_AT), &context.clock)),
            Self::Active { inactive_after_days, orders } => {
                let purchases = orders.purchases(rows, context, [TIME, BUCKET]).with_column(col(TIME).cast(INSTANT));
                (purchases, instant(col(TIME)), gone(inactive_after_days, context))
            }
        };
        rows.with_columns([from.alias(FROM), until.fill_null(lit(OPEN)).alias(UNTIL)])
    }
}

/// When the customer of an order is gone if no other one comes so many local days after it, as an instant in microseconds since 1970; [`OPEN`]
/// where that can't be known yet.
pub(crate) fn gone(inactive_after_days: u32, context: &DeriveContext) -> Expr {
    let gone = context.clock.days_later(col(TIME), inactive_after_days).cast(DataType::Int64);
    let known = match context.as_of.or(context.reach) {
        Some(until) => when(gone.clone().lt(lit(until))).then(gone).otherwise(lit(OPEN)),
        None => gone,
    };
    known.fill_null(lit(OPEN))
}

/// The bucket in which a span begins.
pub(crate) const FIRST_BUCKET: &str = "first_bucket";
/// The last bucket that a span reaches into.
pub(crate) const LAST_BUCKET: &str = "last_bucket";

impl Spans {
    /// The buckets in which rows that are spans were active.
    pub(crate) fn active_buckets(rules: SpanRules, rows: LazyFrame, context: &DeriveContext) -> LazyFrame {
        let spans = Self::Subscribed(rules).read(rows, context);
        let spans = spans.filter(col(FROM).lt(col(UNTIL)).and(col(FROM).lt(lit(seen_until(context)))));
        let last = context.bucket_of(col(UNTIL) - lit(1));
        spans.with_columns([context.bucket_of(col(FROM)).alias(FIRST_BUCKET), last.alias(LAST_BUCKET)])
    }
}

/// The instant up to which spans were seen, in microseconds since 1970: the as-of instant or else the end of the period, since what a table says
/// of later ends may be no more than planned.
fn seen_until(context: &DeriveContext) -> i64 {
    context.as_of.or_else(|| context.buckets.edges().last().copied()).unwrap_or(OPEN)
}

const OVERLAP: &str = "`started_at` is before another span of the customer has ended (`overlaps = \"unite\"` counts them together)";

/// Whether no other span of the customer that begins before goes on after this one begins, nor another that begins at the same instant.
fn is_alone(ends: Ends) -> Expr {
    let start = || col(STARTED_AT).cast(DataType::Int64);
    // A span that lasts through its last day overlaps one that begins on it.
    let ended = || col(ENDED_AT).cast(DataType::Int64) + lit(i64::from(ends == Ends::Inclusive));
    let end = || when(start().is_not_null()).then(ended().fill_null(lit(OPEN))).otherwise(lit(i64::MIN));
    let is_active = || end().gt(start()).cast(DataType::Int64);
    // A span that ends as it begins comes before the one that begins then.
    let order = [start() * lit(2) + is_active()];
    let last_end = end().shift(lit(1)).cum_max(false);
    let last_end = last_end.over_with_options(Some([col(CUSTOMER_ID)]), Some((order, SortOptions::default())), WindowMapping::GroupsToRows);
    let active_then = is_active().sum().over([col(CUSTOMER_ID), start()]);
    let [last_end, active_then] = [last_end, active_then].map(|window| window.expect("a window with a partition"));
    let is_after = last_end.lt_eq(start()).fill_null(lit(true));
    is_after.and(is_active().eq(lit(0)).or(active_then.lt_eq(lit(1))))
}

/// Spans → customers, a row for each bucket in which they came, went, or paid another amount.
///
/// What a row has is of the whole bucket: who comes and leaves within it has none, and who leaves and comes back has no more than the
/// difference in what they pay. The sum of differences over all buckets so far is a stock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changes {
    /// Where the spans come from.
    pub spans: Spans,
    /// What is looked at of what is paid.
    pub amounts: Amounts,
}

/// What is looked at of what is paid. Where anything is, a span of which nothing is paid is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amounts {
    /// Nothing.
    Ignored,
    /// Amounts that are what they are at all times.
    Constant,
    /// Amounts in their own currencies. By rates that change, a row more for each bucket in which they do: see [`IS_EXCHANGE`].
    Exchanged,
}

impl Derive for Changes {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let spans = self.spans.read(rows, context);
        let spans = if self.amounts == Amounts::Ignored {
            spans.with_column(lit(0.0).alias(AMOUNT))
        } else {
            spans.filter(col(AMOUNT_PER_MONTH.name).gt(lit(0.0))).with_column(col(AMOUNT_PER_MONTH.name).alias(AMOUNT))
        };
        let edges = context.buckets.edges().to_vec();
        let exchange = match (self.amounts, &context.exchange) {
            (Amounts::Exchanged, Some(exchange)) => Some(Arc::clone(exchange)),
            (Amounts::Exchanged, None) => return Err(PolarsError::ComputeError("amounts in their own currencies have no rates".into())),
            _ => None,
        };
        let currency = if exchange.is_some() { col(CURRENCY) } else { lit(0_i64) };
        let spans = Entities::in_groups(spans, CUSTOMER_ID, context).integers([col(FROM), col(UNTIL), currency]).numbers([col(AMOUNT)]);
        let (integers, numbers) = ([BUCKET, WAS_ACTIVE, IS_ACTIVE, WAS_BEFORE, IS_EXCHANGE], [OPENING_MRR, CLOSING_MRR]);
        Ok(spans.derive("customer_changes", integers, numbers, move |customer, derived| {
            let ([from, until, currencies], [amounts]) = (customer.integers(), customer.numbers());
            let spans = || from.iter().zip(until).zip(amounts).map(|((from, until), amount)| (*from, *until, *amount));
            let abroad = exchange.as_ref().filter(|exchange| !currencies.iter().all(|currency| exchange.is_own(*currency)));
            let changes = match abroad {
                Some(exchange) => changes::by_changing_rates(spans().zip(currencies.iter().copied()), &edges, exchange),
                None => changes::changes(spans(), &edges),
            };
            let flag = |holds: bool| i64::from(holds);
            for Change { bucket, was_active, is_active, was_before, is_exchange, opening, closing } in changes {
                let flags = [was_active, is_active, was_before, is_exchange].map(flag);
                derived.push(customer, [bucket, flags[0], flags[1], flags[2], flags[3]], [opening, closing]);
            }
        }))
    }
}

impl Changes {
    /// Rows of those who were not customers as the bucket opened, and are as it closes.
    pub(crate) fn came() -> Expr {
        col(WAS_ACTIVE).eq(lit(0)).and(col(IS_ACTIVE).eq(lit(1)))
    }

    /// Rows of those who were customers as the bucket opened, and are not as it closes.
    pub(crate) fn left() -> Expr {
        col(WAS_ACTIVE).eq(lit(1)).and(col(IS_ACTIVE).eq(lit(0)))
    }

    /// Rows of customers as the bucket opened who still are as it closes.
    pub(crate) fn stayed() -> Expr {
        col(WAS_ACTIVE).eq(lit(1)).and(col(IS_ACTIVE).eq(lit(1)))
    }

    /// Counts the customers as the bucket opens.
    pub(crate) fn customers_at_start(name: &str) -> Measure {
        sum(name, col(IS_ACTIVE) - col(WAS_ACTIVE)).opening()
    }
}

/// What a lifetime is counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeUnit {
    /// Days.
    #[default]
    Days,
    /// Mean Gregorian months of 30.436875 days.
    Months,
    /// Mean Gregorian years of 365.2425 days.
    Years,
}

impl LifetimeUnit {
    /// The unit of a value.
    pub fn unit(self) -> Unit {
        match self {
            Self::Days => Unit::Days,
            Self::Months => Unit::Months,
            Self::Years => Unit::Years,
        }
    }

    /// How many days it has.
    pub fn days(self) -> f64 {
        match self {
            Self::Days => CalendarUnit::Day.days(),
            Self::Months => CalendarUnit::Month.days(),
            Self::Years => CalendarUnit::Year.days(),
        }
    }
}

/// One more or one fewer customer.
pub(crate) const CHANGE: &str = "change";
/// How many local days a lifetime had, and parts of a day; none where it begins.
pub(crate) const DAYS: &str = "days";

/// Spans → lifetimes, a row where each begins and one where it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endings {
    /// Where the spans come from.
    pub spans: Spans,
}

impl Derive for Endings {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let local = |instant: &str| context.clock.to_local(col(instant)).cast(DataType::Int64).fill_null(lit(OPEN));
        let (bucket_from, bucket_until) = (context.bucket_of(col(FROM)), context.bucket_of(col(UNTIL)));
        let spans = Entities::in_groups(self.spans.read(rows, context), CUSTOMER_ID, context);
        let spans = spans.integers([col(FROM), col(UNTIL), local(FROM), local(UNTIL), bucket_from, bucket_until]);
        Ok(spans.derive("lifetime_endings", [BUCKET, CHANGE], [DAYS], |customer, derived| {
            let [from, until, local_from, local_until, bucket_from, bucket_until] = customer.integers();
            for Lifetime { first, last } in lifetimes(from, until) {
                derived.push(customer, [bucket_from[first], 1], [f64::NAN]);
                if until[last] != OPEN {
                    let days = (local_until[last] - local_from[first]) as f64 / MICROSECONDS_PER_DAY;
                    derived.push(customer, [bucket_until[last], -1], [days]);
                }
            }
        }))
    }
}

/// How many local days a lifetime has lasted, so far or in all.
pub(crate) const DURATION: &str = "duration";
/// Whether it has ended.
pub(crate) const HAS_ENDED: &str = "has_ended";

/// Spans → lifetimes, each with how long it was seen, in the bucket in which it begins.
///
/// It is seen until it ends, or until the as-of instant; without one, until the period ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durations {
    /// Where the spans come from.
    pub spans: Spans,
}

impl Derive for Durations {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let seen = seen_until(context);
        let spans = self.spans.read(rows, context).filter(col(FROM).lt(lit(seen)));
        let last_seen = when(col(UNTIL).lt(lit(seen))).then(col(UNTIL)).otherwise(lit(seen));
        let day = |instant: Expr| context.clock.days_since_1970(instant).fill_null(lit(0));
        let (day_from, day_until) = (day(col(FROM)), day(last_seen));
        let spans = Entities::in_groups(spans, CUSTOMER_ID, context);
        let spans = spans.integers([col(FROM), col(UNTIL), day_from, day_until, context.bucket_of(col(FROM))]);
        let durations = spans.derive("lifetime_durations", [BUCKET, DURATION, HAS_ENDED], [], move |customer, derived| {
            let [from, until, day_from, day_until, buckets] = customer.integers();
            for Lifetime { first, last } in lifetimes(from, until) {
                let has_ended = i64::from(until[last] < seen);
                derived.push(customer, [buckets[first], day_until[last] - day_from[first], has_ended], []);
            }
        });
        Ok(durations.with_column(col(HAS_ENDED).eq(lit(1))))
    }
}

const MICROSECONDS_PER_DAY: f64 = 86_400_000_000.0;

/// Lifetimes: spans of a customer that adjoin or overlap are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The position of the span that it begins with.
    pub(crate) first: usize,
    /// The position of the span that ends last.
    pub(crate) last: usize,
}

/// The lifetimes in a customer's spans, which are in the order of their beginning.
pub(crate) fn lifetimes(from: &[i64], until: &[i64]) -> Vec<Lifetime> {
    let mut lifetimes: Vec<Lifetime> = Vec::new();
    for (position, (from, ends)) in from.iter().zip(until).enumerate() {
        match lifetimes.last_mut().filter(|lifetime| *from <= until[lifetime.last]) {
            Some(lifetime) if *ends > until[lifetime.last] => lifetime.last = position,
            Some(_) => {}
            None => lifetimes.push(Lifetime { first: position, last: position }),
        }
    }
    lifetimes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_end_with_the_span_that_ends_last() {
        let of = |spans: &[(i64, i64)]| -> Vec<(usize, usize)> {
            let (from, until): (Vec<i64>, Vec<i64>) = spans.iter().copied().unzip();
            lifetimes(&from, &until).into_iter().map(|lifetime| (lifetime.first, lifetime.last)).collect()
        };
        assert_eq!(of(&[(1, 9), (2, 3), (4, 5), (9, 9), (10, OPEN), (11, 12)]), [(0, 0), (4, 4)]);
        assert_eq!(of(&[(1, 3), (3, 5), (5, 7), (8, 8)]), [(0, 2), (3, 3)]);
        assert_eq!(of(&[]), []);
    }
}
