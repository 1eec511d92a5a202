//! Axes: what rows are placed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer_core::{Baseline, Buckets, EvaluateContext, Grain, Group, Period};

use crate::error::RunError;
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

/// More results of a request than these can neither be held nor read: a row takes about a thousand bytes.
const MAX_CELLS: u64 = 4_000_000;

/// Refuses a request that comes to more results than can be held, by its buckets, the values of the metric's own dimension that are known
/// beforehand, and so many groups.
pub(crate) fn check_size(report: &Report, request: &Request, buckets: &Buckets, groups: usize) -> Result<(), RunError> {
    let Some((index, bucket)) = buckets.reported().last() else { return Ok(()) };
    let (as_of, confidence) = (report.known_until(buckets, None), report.confidence);
    let context = EvaluateContext { confidence, buckets, as_of, reach: None, known_since: None };
    // What a bucket without rows comes to, every bucket comes to.
    let alone = request.definition.value.evaluate(&Group { index, bucket, rows: &[] }, &context);
    let alone = alone.map_or(1, |evaluation| evaluation.observations.len());
    let domains = request.definition.own_dimensions.iter().filter_map(|own| own.domain.as_ref());
    let known: usize = domains.map(Vec::len).product();
    let [buckets, each, groups] = [buckets.reported().count(), alone.max(known), groups].map(|count| count.max(1) as u64);
    let cells = buckets.saturating_mul(each).saturating_mul(groups);
    if cells > MAX_CELLS {
        return Err(RunError::Cells { request: request.name.clone(), cells, buckets, each, groups });
    }
    Ok(())
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
