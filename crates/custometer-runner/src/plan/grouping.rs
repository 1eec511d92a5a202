//! Groupings: one aggregation each, and the smaller ones that are rolled up from it.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::Aggregation;
use custometer_core::measure::{Measure, Stock};
use custometer_core::time::BUCKET;

use crate::plan::names::DIMENSION;

/// One aggregation, and the sets of keys that it serves. A set without the bucket is of totals.
pub(crate) struct Grouping {
    pub(crate) keys: Vec<String>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) served: Vec<Served>,
}

/// Measures by some keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Served {
    pub(crate) keys: Vec<String>,
    /// Of the rows of a bucket or window, or of those before it begins or ends.
    pub(crate) stock: Stock,
    /// The positions of the measures that are asked for.
    pub(crate) measures: BTreeSet<usize>,
}

/// Keeping this many groups costs less than going through the rows once more.
const FEW_GROUPS: f64 = 50_000.0;

/// A pair of groupings, the first of which is better served by the second.
pub(crate) fn mergeable(groupings: &[Grouping], sizes: &BTreeMap<String, Option<usize>>) -> Option<(usize, usize)> {
    let within =
        |small: &Grouping, large: &Grouping| small.keys.len() < large.keys.len() && small.keys.iter().all(|key| large.keys.contains(key));
    let few = |small: &Grouping, large: &Grouping| {
        let keys: BTreeSet<&String> = small.keys.iter().chain(&large.keys).collect();
        let groups = keys.into_iter().map(|key| sizes.get(key).copied().flatten().map_or(f64::INFINITY, |size| size as f64));
        groups.product::<f64>() <= FEW_GROUPS
    };
    let pair = |fits: &dyn Fn(&Grouping, &Grouping) -> bool| {
        (0..groupings.len()).find_map(|small| {
            let large = (0..groupings.len()).find(|&large| large != small && fits(&groupings[small], &groupings[large]))?;
            Some((small, large))
        })
    };
    pair(&within).or_else(|| pair(&few))
}

impl Grouping {
    /// The position of a measure, computed once however many ask for it.
    pub(crate) fn measure(&mut self, measure: Measure) -> usize {
        let same = |known: &Measure| known.aggregate == measure.aggregate && known.filter == measure.filter;
        self.measures.iter().position(same).unwrap_or_else(|| {
            self.measures.push(measure);
            self.measures.len() - 1
        })
    }

    /// The aggregation over all its measures.
    pub(crate) fn aggregation(&self) -> Aggregation {
        Aggregation::new(self.keys.clone(), self.measures.clone())
    }

    /// The keys without the engine's own, for people.
    pub(crate) fn shown_keys(&self) -> Vec<&str> {
        self.keys.iter().filter(|key| *key != BUCKET).map(|key| key.strip_prefix(DIMENSION).unwrap_or(key)).collect()
    }

    /// Whether its groups are of buckets, and not of the whole period.
    pub(crate) fn is_by_bucket(&self) -> bool {
        self.keys.iter().any(|key| key == BUCKET)
    }

    /// How many sets of keys are rolled up from a larger one.
    pub(crate) fn rolled_up(&self) -> usize {
        self.served.iter().filter(|served| served.keys.len() < self.keys.len()).count()
    }

    /// The measures.
    pub(crate) fn measures(&self) -> &[Measure] {
        &self.measures
    }
}
