//! Axes: what rows are placed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer_core::{Baseline, Buckets, Grain, Period};

use crate::error::RunError;
use crate::report::size::TooMany;
use crate::report::{Report, Request};

/// What rows are placed in: the buckets of a grain, at the report's own time or at an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Axis {
    /// The name of the grain.
    pub(crate) grain: &'static str,
    /// Whether a total is of the data's period, where the report has none.
    pub(crate) is_timed_total: bool,
    pub(crate) baseline: Option<Baseline>,
}

impl Axis {
    /// The axes of a request, its own first.
    pub(crate) fn of(request: &Request) -> impl Iterator<Item = Self> {
        let grain = request.grain.as_str();
        let is_timed_total = request.grain == Grain::Total && request.definition.source.is_always_timed;
        std::iter::once(None).chain(request.compare.iter().copied().map(Some)).map(move |baseline| Self { grain, is_timed_total, baseline })
    }
}

/// The buckets of every axis that requests use.
pub(crate) type Axes = BTreeMap<Axis, Arc<Buckets>>;

/// More buckets than this come from a mistake: a row of the year 1, or hours over centuries.
const MAX_BUCKETS: usize = 100_000;

/// Refuses a request that comes to more results than can be held, with so many groups.
pub(crate) fn check_size(report: &Report, request: &Request, buckets: &Buckets, groups: usize) -> Result<(), RunError> {
    match report.too_many(request, buckets, groups) {
        Some(TooMany { cells, buckets, each, groups }) => {
            Err(RunError::Cells { request: request.name.clone(), cells, buckets, each, groups })
        }
        None => Ok(()),
    }
}

/// The buckets of every axis that the report uses. Without a period, the data's own is found first.
pub(crate) fn axes(report: &Report, period: Option<Period>) -> Result<Axes, RunError> {
    let mut axes = Axes::new();
    for request in &report.requests {
        let timeless = report.period.is_none() && request.is_timeless_without_period();
        let own = match period.filter(|_| !timeless) {
            Some(period) => Buckets::new(period, request.grain, &report.calendar, report.over_until).map_err(RunError::Period)?,
            None if timeless => Buckets::timeless(),
            None => Buckets::none(request.grain),
        };
        if own.as_slice().len() > MAX_BUCKETS {
            return Err(RunError::Buckets { grain: request.grain.as_str(), count: own.as_slice().len() });
        }
        // Each breakdown has a group at least.
        check_size(report, request, &own, request.by.len())?;
        for axis in Axis::of(request) {
            let buckets = match axis.baseline {
                Some(baseline) => own.baseline(baseline, &report.calendar, report.over_until).map_err(RunError::Period)?,
                None => own.clone(),
            };
            axes.entry(axis).or_insert_with(|| Arc::new(buckets));
        }
    }
    Ok(axes)
}

/// The edges of the times that any of these buckets report: an instant after an even number of them is in none.
pub(crate) fn edges(axes: &[&Arc<Buckets>]) -> Vec<i64> {
    let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(|edge| edge.timestamp().as_microsecond());
    let reported =
        axes.iter().flat_map(|buckets| buckets.reported()).filter_map(|(_, bucket)| instant(&bucket.start).zip(instant(&bucket.end)));
    let mut spans: Vec<(i64, i64)> = reported.filter(|(start, end)| start < end).collect();
    spans.sort_unstable();
    let mut edges: Vec<i64> = Vec::new();
    for (start, end) in spans {
        match edges.last_mut() {
            Some(last) if start <= *last => *last = end.max(*last),
            _ => edges.extend([start, end]),
        }
    }
    edges
}
