//! Sequence: buckets, each with the one before it, which for the first lies before the period.

use custometer_core::prelude::*;
use custometer_core::time::{Buckets, index_between};
use std::sync::Arc;

/// The buckets that are reported, in order, and at position 0 the one before the first of them.
///
/// That one ends where the period begins, and is as long as the grain, or for a total as the period.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    edges: Arc<Vec<i64>>,
    /// The position of what lies between two edges; none for a gap between the buckets of a baseline.
    positions: Vec<Option<usize>>,
    /// By position, the bucket's index; −1 for the one before the first.
    buckets: Vec<i64>,
    /// How many positions are of buckets that have ended.
    known: usize,
}

impl Sequence {
    pub(crate) fn of(context: &DeriveContext) -> Self {
        let buckets: &Buckets = &context.buckets;
        let edges: Vec<i64> = buckets.start_before().into_iter().chain(buckets.edges().iter().copied()).collect();
        let mut sequence = Self { edges: Arc::new(edges), positions: vec![Some(0)], buckets: vec![-1], known: 1 };
        for ((index, bucket), end) in (0..).zip(buckets.as_slice()).zip(buckets.edges().iter().skip(1)) {
            sequence.positions.push(bucket.reported.then_some(sequence.buckets.len()));
            if bucket.reported {
                sequence.buckets.push(index);
                if context.as_of.or(context.reach).is_none_or(|until| *end <= until) {
                    sequence.known = sequence.buckets.len();
                }
            }
        }
        sequence
    }

    /// Between which edges an instant lies, for [`Self::position`].
    pub(crate) fn index_of(&self, time: Expr) -> Expr {
        index_between(time, Arc::clone(&self.edges))
    }

    /// The position of what has this index.
    pub(crate) fn position(&self, index: i64) -> Option<usize> {
        usize::try_from(index).ok().and_then(|index| *self.positions.get(index)?)
    }

    /// The bucket at a position after the first one, where it has ended.
    pub(crate) fn ended_bucket(&self, position: usize) -> Option<i64> {
        (1..self.known).contains(&position).then(|| self.buckets[position])
    }
}
