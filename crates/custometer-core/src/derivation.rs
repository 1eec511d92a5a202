//! Derivations: rows to other rows, as a lazy plan that never lets one entity's rows influence another's.

use std::fmt::Debug;
use std::sync::Arc;

use polars::prelude::{Expr, LazyFrame, PolarsResult};

use crate::time::Buckets;

/// Turns a source's rows into the rows that measures are taken over: events into sessions, orders into purchase histories.
///
/// **Law: entity-local.** The derived rows of one entity depend on that entity's rows alone, so rows may be split by entity and each
/// part derived by itself. The testkit checks it.
///
/// Two derivations with equal `Debug` output are one: it must show every parameter, as a derived `Debug` does.
pub trait Derive: Debug + Send + Sync {
    /// The column that names the entity.
    fn entity(&self) -> &'static str;

    /// How breakdown dimensions meet the entity.
    fn dimensions(&self) -> DimensionRule;

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

/// What a derivation may know beside its rows.
#[derive(Debug, Clone)]
pub struct DeriveContext {
    /// The report's buckets.
    pub buckets: Arc<Buckets>,
    /// The breakdown columns to keep.
    pub dimensions: Vec<String>,
}

impl DeriveContext {
    /// The bucket of an instant.
    pub fn bucket_of(&self, time: Expr) -> Expr {
        self.buckets.index_of(time)
    }

    /// The dimensions as columns, to group or select by.
    pub fn dimension_columns(&self) -> Vec<Expr> {
        self.dimensions.iter().map(|name| polars::prelude::col(name.as_str())).collect()
    }
}
