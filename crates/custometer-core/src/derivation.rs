//! Derivations: rows to other rows, as a lazy plan that never lets one entity's rows influence another's.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use polars::prelude::{Expr, LazyFrame, PolarsResult, col};

use crate::exchange::Exchange;
use crate::interner::Texts;
use crate::time::{Buckets, LocalClock};

/// Turns a source's rows into the rows that measures are taken over: events into sessions, orders into purchase histories.
///
/// **Law: entity-local.** The derived rows of one entity depend on that entity's rows alone, so rows may be split by entity and each
/// part derived by itself. The testkit checks it.
///
/// Two derivations with equal `Debug` output are one: it must show every parameter, as a derived `Debug` does.
pub trait Derive: Debug + Send + Sync {
    /// The column that names the entity. Where the source does not read it, every row is one by itself.
    fn entity(&self) -> &'static str;

    /// How breakdown dimensions meet the entity.
    fn dimensions(&self) -> DimensionRule;

    /// What its rows have to do with where buckets begin and end. Made anew for each unless said: that holds for any that looks at one bucket at a
    /// time.
    fn buckets(&self) -> BucketRule {
        BucketRule::EachAnew
    }

    /// The plan. It must keep the columns in `context.dimensions`, and give every row a [`BUCKET`](crate::time::BUCKET).
    ///
    /// The input has the source's columns, the breakdown dimensions and the bucket of each row. Rows before and after the period are
    /// present (bucket −1 and `len`); derived rows in these are not reported.
    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame>;
}

/// How breakdown dimensions meet the entity of a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DimensionRule {
    /// A dimension describes a derived row, as a session's channel does. One derivation serves every breakdown.
    Attribute,
    /// Each group derives by itself, as "customers with two orders in this region" must. Groups of one breakdown may then share
    /// entities, and a total is derived anew, never rolled up.
    PartOfEntity,
}

/// What derived rows have to do with where buckets begin and end: how windows can be made of them, which overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketRule {
    /// Nothing. They are the same rows whatever the buckets, each in that of an instant of its own, as sessions are. A window unites what is measured
    /// of the pieces of time in it.
    Nothing,
    /// Each bucket makes its own, of the rows in it and before it, as "customers with two orders in the month" are. Windows that overlap are derived
    /// apart.
    EachAnew,
    /// They tell of a bucket's end, and its start is nothing to them, as an age or a score as of that day. A window would change nothing.
    AtEnd,
    /// They are counted from one bucket to the next, as the ages of cohorts are. There is no next one where windows overlap.
    InSequence,
}

/// What a derivation may know beside its rows.
#[derive(Debug, Clone)]
pub struct DeriveContext {
    /// The report's buckets.
    pub buckets: Arc<Buckets>,
    /// The breakdown columns to keep.
    pub dimensions: Vec<String>,
    /// What the codes stand for in those of them that hold codes.
    pub texts: BTreeMap<String, Arc<Texts>>,
    /// What clocks in the report's time zone show.
    pub clock: LocalClock,
    /// The instant up to which the data are known, in microseconds since 1970; none where nobody said one.
    pub as_of: Option<i64>,
    /// The end of the local day, or by hours of the hour, of the last row, in microseconds since 1970; none where rows are not placed in time.
    pub reach: Option<i64>,
    /// What amounts are worth that are [in their own currencies](crate::Source::in_own_currencies); none where there are no such amounts.
    pub exchange: Option<Arc<Exchange>>,
}

impl DeriveContext {
    /// The bucket of an instant.
    pub fn bucket_of(&self, time: Expr) -> Expr {
        self.buckets.index_of(time)
    }

    /// The first instant of which nothing is known, in microseconds since 1970: the as-of instant, or else where the data end. Either may lie
    /// after the last bucket: what becomes of its rows is known then.
    pub fn known_until(&self) -> i64 {
        self.as_of.or(self.reach).or_else(|| self.buckets.edges().last().copied()).unwrap_or(i64::MAX)
    }

    /// The dimensions as columns, to group or select by.
    pub fn dimension_columns(&self) -> Vec<Expr> {
        self.dimensions.iter().map(|name| col(name.as_str())).collect()
    }
}
