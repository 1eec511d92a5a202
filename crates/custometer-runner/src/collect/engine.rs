//! The engine that goes through rows.

use polars::lazy::prelude::OptFlags;
use polars::prelude::{DataFrame, Engine, LazyFrame, PolarsResult};

/// Polars asks for more stack too late for its own functions, which take much of it without optimization.
const STACK: usize = 16 << 20;

/// All plans in one pass; the only place where rows are gone through.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn collect(plans: Vec<LazyFrame>, engine: Engine) -> PolarsResult<Vec<DataFrame>> {
    let plans = plans.into_iter().map(|plan| plan.logical_plan).collect();
    stacker::grow(STACK, || LazyFrame::collect_all_with_engine(plans, engine, optimizations()))
}

/// Optimised plans, as they are run.
pub(crate) fn explained(plans: Vec<LazyFrame>) -> PolarsResult<String> {
    LazyFrame::explain_all(plans.into_iter().map(|plan| plan.logical_plan).collect(), optimizations())
}

fn optimizations() -> OptFlags {
    OptFlags::default() | OptFlags::STREAMING
}
