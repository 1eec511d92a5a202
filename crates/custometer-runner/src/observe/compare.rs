//! Comparison with earlier times: changes, each with the p-value of none.

use custometer_core::measure::Stock;
use custometer_core::{Baseline, Group, Observation};

use crate::report::Request;
use crate::report::basis::GroupSize;
use crate::result::Comparison;
use crate::result::words::{relative, shown};

/// What is compared: a bucket of a group, and the observation in it.
pub(crate) struct Side<'a> {
    pub(crate) group: Group<'a>,
    pub(crate) observation: Option<&'a Observation>,
}

/// The change of an observation from a baseline. `known_since` is the first instant of the data, in microseconds since 1970, and `data_begin` that of
/// the bucket that it is in.
pub(crate) fn comparison(
    baseline: Baseline,
    request: &Request,
    now: &Side<'_>,
    before: &Side<'_>,
    (known_since, data_begin): (Option<i64>, Option<i64>),
) -> Comparison {
    let bucket = before.group.bucket;
    // Nothing is known of a time before the data begin: that there are no rows then does not mean that nothing happened.
    let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(|edge| edge.timestamp().as_microsecond());
    let known = known_since.zip(instant(&bucket.end)).is_some_and(|(since, end)| since < end) && !bucket.is_empty();
    // A window that reaches back to before the data is not the like of one that doesn't.
    let is_cut = request.window.is_some() && instant(&bucket.start) < data_begin;
    if !known || is_cut {
        return Comparison::unknown(baseline);
    }
    let observed = before.observation;
    let (then, value) = (observed.and_then(|observed| observed.estimate.value), now.observation.and_then(|now| now.estimate.value));
    let change = value.zip(then).map(|(value, then)| value - then);
    // A closing stock contains the earlier one, and the tests need samples that have nothing in common. What happens to an opening stock in
    // one bucket is independent of what happens to it in another.
    let apart = !request.definition.measures.iter().any(|measure| measure.stock == Stock::Closing);
    // Neither have windows that overlap nothing in common.
    let apart = apart && instant(&bucket.end) <= instant(&now.group.bucket.start);
    let p_value = match (now.observation, observed) {
        (Some(observation), Some(_)) if change.is_some() && apart => {
            request.definition.value.p_value(&observation.dimensions, &now.group, &before.group)
        }
        _ => None,
    };
    Comparison {
        baseline,
        start: bucket.start.clone(),
        end: bucket.end.clone(),
        value: shown(then),
        n: shown(
            observed.and_then(|observed| GroupSize::in_results_of(&request.definition).among(observed.estimate.n, &observed.measures)),
        ),
        change: shown(change),
        relative_change: shown(change.zip(then).and_then(|(change, then)| relative(change, then, request.unit()))),
        p_value: shown(p_value),
        significant: None,
    }
}
