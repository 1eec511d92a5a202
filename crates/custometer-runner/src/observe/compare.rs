//! Comparison with earlier times: changes, whether they are significant, and what many of them at once do to that.

use custometer_core::measure::Stock;
use custometer_core::{Baseline, Group, Observation, Unit, statistics};

use crate::config::MultipleComparisons;
use crate::judge::privacy::Basis;
use crate::observe::shown;
use crate::report::{Report, Request};
use crate::result::{Comparison, ResultRow};

/// What is compared: a bucket of a group, and the observation in it.
pub(crate) struct Side<'a> {
    pub(crate) group: Group<'a>,
    pub(crate) observation: Option<&'a Observation>,
}

/// The change of an observation from a baseline. `known_since` is the first instant of the data, in microseconds since 1970.
pub(crate) fn comparison(baseline: Baseline, request: &Request, now: &Side<'_>, before: &Side<'_>, known_since: Option<i64>) -> Comparison {
    let bucket = before.group.bucket;
    // Nothing is known of a time before the data begin: no rows then does not mean that nothing happened.
    let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(|edge| edge.timestamp().as_microsecond());
    let known = known_since.zip(instant(&bucket.end)).is_some_and(|(since, end)| since < end) && !bucket.is_empty();
    if !known {
        return Comparison::unknown(baseline);
    }
    let observed = before.observation;
    let (then, value) = (observed.and_then(|observed| observed.estimate.value), now.observation.and_then(|now| now.estimate.value));
    let change = value.zip(then).map(|(value, then)| value - then);
    // What a stock closed with then is part of what it closes with now, and the tests are of samples that have nothing in common. What
    // happens to an opening stock in one bucket is apart from what happens to it in another.
    let apart = !request.definition.measures.iter().any(|measure| measure.stock == Stock::Closing);
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
        n: shown(observed.and_then(|observed| Basis::of((), &request.definition).size.among(observed.estimate.n, &observed.measures))),
        change: shown(change),
        relative_change: shown(change.zip(then).and_then(|(change, then)| relative(change, then, request.unit()))),
        p_value: shown(p_value),
        significant: None,
    }
}

/// A change in percent of what was. Scores and points have no zero to be so much more than, and below it there is no more either.
pub(crate) fn relative(change: f64, before: f64, unit: Unit) -> Option<f64> {
    (before > 0.0 && !matches!(unit, Unit::Points | Unit::Score)).then(|| 100.0 * change / before)
}

/// Says which changes are significant, over all that the report shows.
pub(crate) fn judge(rows: &mut [ResultRow], report: &Report) {
    let level = 1.0 - report.confidence;
    let mut tested: Vec<&mut Comparison> =
        rows.iter_mut().flat_map(|row| &mut row.comparisons).filter(|comparison| comparison.p_value.is_some()).collect();
    if report.multiple_comparisons == MultipleComparisons::BenjaminiHochberg {
        let p_values: Vec<f64> = tested.iter().filter_map(|comparison| comparison.p_value).collect();
        let corrected = statistics::benjamini_hochberg(&p_values);
        tested.iter_mut().zip(corrected).for_each(|(comparison, corrected)| comparison.p_value = shown(Some(corrected)));
    }
    for comparison in tested {
        comparison.significant = comparison.p_value.map(|p_value| p_value < level);
    }
}
