//! How many results a request comes to, as far as it is known before any row is read.

use custometer_core::{Buckets, EvaluateContext, Group};

use crate::report::{Report, Request};

/// More results of a request than these can neither be held nor read: a row takes about a thousand bytes.
const MAX_CELLS: u64 = 4_000_000;

/// More results than can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) cells: u64,
    /// The buckets of its grain.
    pub(crate) buckets: u64,
    /// Values of the metric's own dimension, known beforehand.
    pub(crate) each: u64,
    /// Groups of its breakdowns, as far as they are known.
    pub(crate) groups: u64,
}

impl Report {
    /// How many results a request comes to where they are more than can be held, by its buckets, the values of the metric's own dimension
    /// that are known beforehand, and so many groups.
    pub(crate) fn too_many(&self, request: &Request, buckets: &Buckets, groups: usize) -> Option<TooMany> {
        let (index, bucket) = buckets.reported().last()?;
        let (as_of, confidence) = (self.known_until(buckets, None), self.confidence);
        let context = EvaluateContext { confidence, buckets, as_of, reach: None, known_since: None };
        // What a bucket without rows comes to, every bucket comes to.
        let alone = request.definition.value.evaluate(&Group { index, bucket, rows: &[] }, &context);
        let alone = alone.map_or(1, |evaluation| evaluation.observations.len());
        let domains = request.definition.own_dimensions.iter().filter_map(|own| own.domain.as_ref());
        let known: usize = domains.map(Vec::len).product();
        let [buckets, each, groups] = [buckets.reported().count(), alone.max(known), groups].map(|count| count.max(1) as u64);
        let cells = buckets.saturating_mul(each).saturating_mul(groups);
        (cells > MAX_CELLS).then_some(TooMany { cells, buckets, each, groups })
    }
}
