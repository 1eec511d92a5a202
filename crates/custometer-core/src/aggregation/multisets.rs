//! Counted multisets of (group, value), for quantiles.

use crate::parallel;

/// The values that came in each group, with how often each did.
#[derive(Debug, Clone, Default)]
pub(super) struct Multisets(Vec<Values>);

/// The values of a group.
#[derive(Debug, Clone, Default)]
struct Values {
    /// In order, each with how often it came.
    counted: Vec<(f64, u64)>,
    /// Those that came since, in none.
    fresh: Vec<f64>,
}

/// Fewer values than these are kept as they come.
const FEW: usize = 4_096;

impl Multisets {
    /// Makes room for so many groups.
    pub(super) fn resize(&mut self, groups: usize) {
        self.0.resize(groups, Values::default());
    }

    pub(super) fn add(&mut self, group: usize, value: f64) {
        self.0[group].push(value);
    }

    /// Adds counted values, in any order.
    pub(super) fn add_counted(&mut self, group: usize, values: Vec<(f64, u64)>) {
        self.0[group].merge(values);
    }

    /// Adds the values of others, each of whose groups is one of `groups` here.
    pub(super) fn unite(&mut self, others: Self, groups: &[u32]) {
        for (other, group) in others.0.into_iter().zip(groups) {
            let values = &mut self.0[*group as usize];
            values.merge(other.counted);
            other.fresh.into_iter().for_each(|value| values.push(value));
        }
    }

    /// The values of each group in order, each with the number of those up to it.
    pub(super) fn ranked(self) -> Vec<Vec<(f64, u64)>> {
        let mut runs = self.counted();
        for run in &mut runs {
            run.iter_mut().fold(0, |before, (_, count)| {
                *count += before;
                *count
            });
        }
        runs
    }

    /// The values of each group in order, with how often each came.
    pub(super) fn counted(mut self) -> Vec<Vec<(f64, u64)>> {
        // Large groups first, so that no core is left alone with one.
        let mut values: Vec<&mut Values> = self.0.iter_mut().collect();
        values.sort_by_key(|values| std::cmp::Reverse(values.fresh.len()));
        parallel::fold(values, || (), |(), values| values.settle());
        self.0.into_iter().map(|values| values.counted).collect()
    }
}

impl Values {
    fn push(&mut self, value: f64) {
        // What is gone through again has doubled since.
        if self.fresh.len() >= FEW.max(self.counted.len()) {
            self.settle();
        }
        // One zero.
        self.fresh.push(value + 0.0);
    }

    fn settle(&mut self) {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_unstable_by(f64::total_cmp);
        let same = |one: &f64, other: &f64| one.total_cmp(other).is_eq();
        self.merge(fresh.chunk_by(same).map(|values| (values[0], values.len() as u64)).collect());
    }

    fn merge(&mut self, others: Vec<(f64, u64)>) {
        self.counted.extend(others);
        // A stable sort finds the two runs that are in order, and merges them.
        self.counted.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        self.counted.dedup_by(|(value, times), (before, all)| {
            let same = value.total_cmp(before).is_eq();
            *all += if same { *times } else { 0 };
            same
        });
    }
}

/// Values as order statistics: any number of runs in order, each value with the number of those up to it.
pub(super) struct Ranked<'a>(Vec<&'a [(f64, u64)]>);

impl<'a> Ranked<'a> {
    pub(super) fn new(runs: Vec<&'a Vec<(f64, u64)>>) -> Self {
        Self(runs.into_iter().map(Vec::as_slice).filter(|run| !run.is_empty()).collect())
    }

    pub(super) fn len(&self) -> u64 {
        self.0.iter().filter_map(|run| Some(run.last()?.1)).sum()
    }

    /// The value of a rank, counted from 1: the least one that so many are up to, found by halving the numbers there are.
    pub(super) fn at(&self, rank: u64) -> Option<f64> {
        let mut low = self.0.iter().filter_map(|run| Some(position(run.first()?.0))).min()?;
        let mut high = self.0.iter().filter_map(|run| Some(position(run.last()?.0))).max()?;
        while low < high {
            let middle = low + (high - low) / 2;
            let value = value_at(middle);
            let up_to = |run: &&[(f64, u64)]| {
                let count = run.partition_point(|(other, _)| other.total_cmp(&value).is_le());
                count.checked_sub(1).map_or(0, |last| run[last].1)
            };
            if self.0.iter().map(up_to).sum::<u64>() >= rank { high = middle } else { low = middle + 1 }
        }
        (rank <= self.len()).then(|| value_at(low))
    }
}

const SIGN: u64 = 1 << 63;

/// The position of a number among all there are.
fn position(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn value_at(position: u64) -> f64 {
    f64::from_bits(if position & SIGN == 0 { !position } else { position & !SIGN })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::*;

    proptest! {
        #[test]
        fn the_value_of_a_rank_is_that_of_all_values_in_order(runs in vec(vec(any::<f64>(), 0..20), 0..5)) {
            let mut multisets = Multisets::default();
            multisets.resize(runs.len());
            for (group, values) in runs.iter().enumerate() {
                for value in values {
                    multisets.add(group, *value);
                }
            }
            let ranks = multisets.ranked();
            let ranked = Ranked::new(ranks.iter().collect());
            let mut all: Vec<f64> = runs.concat().into_iter().map(|value| value + 0.0).collect();
            all.sort_unstable_by(f64::total_cmp);
            assert_eq!(ranked.len(), all.len() as u64);
            for (rank, value) in (1..).zip(&all) {
                assert_eq!(ranked.at(rank).map(f64::to_bits), Some(value.to_bits()), "{rank}");
            }
            assert_eq!(ranked.at(all.len() as u64 + 1), None);
        }
    }

    #[test]
    fn values_that_come_again_are_kept_once_however_many_they_are() {
        let mut multisets = Multisets::default();
        multisets.resize(1);
        (0..1_000_000_u32).for_each(|number| multisets.add(0, f64::from(number % 100)));
        assert!(multisets.0[0].fresh.len() <= FEW && multisets.0[0].counted.len() == 100);
        assert_eq!(multisets.counted(), [(0..100_u32).map(|value| (f64::from(value), 10_000)).collect::<Vec<_>>()]);
    }
}
