//! The contract that every custometer metric is written against.
//!
//! A metric is four things: a [`Source`] (the columns it needs), an optional derivation ([`Derive`], rows to other rows),
//! [`Measure`]s (mergeable aggregates) and a [`Value`] (a formula over the measures, with its uncertainty). They are put together
//! in a [`Definition`]; a [`Metric`] makes one from its typed parameters, and [`register_metric!`] makes it known to every program
//! that links its crate.
//!
//! Nothing here opens a file, collects a frame or reads a clock.

pub mod aggregation;
pub mod column;
pub mod currency;
pub mod definition;
pub mod derivation;
pub mod dimension;
pub mod entities;
mod exact;
pub mod exchange;
pub mod function;
mod groups;
pub mod interner;
pub mod measure;
pub mod mending;
pub mod metric;
pub mod names;
pub mod parallel;
pub mod params;
pub mod picture;
mod quotient;
pub mod registry;
pub mod row_formula;
pub mod source;
pub mod sql_condition;
pub mod statistics;
pub mod suggest;
pub mod survey;
pub mod table;
pub mod time;
pub mod unit;
pub mod value;
pub mod words;

pub use aggregation::Aggregation;
pub use column::{Column, ColumnType, Domain, NullRule};
pub use currency::CurrencyCode;
pub use definition::{Definition, Expected, OwnDimension};
pub use derivation::{BucketRule, Derive, DeriveContext, DimensionRule};
pub use dimension::DimensionValue;
pub use entities::{Derived, Entities, Entity};
pub use exchange::{Exchange, Lasting};
pub use measure::{Aggregate, Measure, Scope, Stock};
pub use metric::{About, Example, Metric};
pub use params::{NoParams, ParamError};
pub use picture::Picture;
/// Polars as this crate has it: plans and expressions of another version, or with other features, are not these.
pub use polars;
pub use quotient::quotient;
pub use registry::{Registry, RegistryError};
pub use row_formula::{Found, RowFormula};
pub use source::{Doubt, Source};
pub use sql_condition::SqlCondition;
pub use table::Table;
pub use time::{Baseline, Buckets, Calendar, Grain, Period};
pub use unit::{Direction, Unit};
pub use value::{Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation, Value, Weights};

/// What `register_metric!` needs at its call site.
#[doc(hidden)]
pub mod __private {
    pub use inventory;
}

/// Everything a metric's file needs, in one import.
pub mod prelude {
    pub use crate::measure::{binned, count, count_distinct, max, mean, min, quantile, sum, variance};
    pub use crate::words::is_one_of;
    pub use crate::{
        About, BucketRule, Column, Definition, Derive, DeriveContext, DimensionRule, Direction, Entities, Estimate, Example, Found,
        Measure, Metric, NoParams, NullRule, ParamError, Picture, RowFormula, Source, SqlCondition, Table, Unit, Value, Weights, names,
        quotient, register_metric,
    };
    pub use polars::prelude::{Expr, IntoLazy, LazyFrame, NULL, PolarsResult, col, len, lit, when};
}
