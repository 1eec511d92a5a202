//! Ages of cohorts: how many reported buckets lie between the one that a customer came in and another.

use custometer_core::time::Buckets;
use custometer_core::{EvaluateContext, Group};

/// The reported buckets of a report, to count ages in: between those of a baseline there may be others.
#[derive(Debug)]
pub(crate) struct Ages {
    /// For each bucket, and for the end after the last, how many reported ones come before it.
    reported_before: Vec<i64>,
}

impl Ages {
    /// The dimension that ages are in.
    pub(crate) const NAME: &'static str = "age";

    pub(crate) fn new(buckets: &Buckets) -> Self {
        let mut reported_before = vec![0];
        for (bucket, before) in buckets.as_slice().iter().zip(0..) {
            reported_before.push(reported_before[before] + i64::from(bucket.reported));
        }
        Self { reported_before }
    }

    /// The age in a bucket of who came in another; in one after the period, the first age that the period has not. None before the period.
    pub(crate) fn between(&self, cohort: i64, bucket: i64) -> Option<i64> {
        let at = |bucket: i64| usize::try_from(bucket).ok().and_then(|at| self.reported_before.get(at).or(self.reported_before.last()));
        Some(at(bucket)? - at(cohort)?)
    }

    /// How many ages of a cohort are known as a whole: those of buckets that have ended.
    pub(crate) fn known(group: &Group<'_>, context: &EvaluateContext<'_>) -> usize {
        let ends = context.buckets.reported().filter(|(index, _)| *index >= group.index).filter_map(|(_, bucket)| bucket.end.as_ref());
        ends.take_while(|end| context.known_until().is_none_or(|until| end.timestamp().as_microsecond() <= until)).count()
    }

    /// How many ages of each cohort are shown: as many as the period has, or those up to the last that is asked for.
    pub(crate) fn shown(max_age: Option<u32>, context: &EvaluateContext<'_>) -> usize {
        max_age.map_or(usize::MAX, |age| age as usize + 1).min(context.buckets.reported().count())
    }
}
