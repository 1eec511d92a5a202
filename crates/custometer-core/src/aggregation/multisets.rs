//! Counted multisets of (group, value), for quantiles.

use std::cell::RefCell;
use std::collections::BTreeSet;

use polars::prelude::{DataFrame, Float64Chunked, IntoColumn, PolarsResult, UInt32Chunked, UInt64Chunked};

use super::aside::Shelf;
use crate::parallel;
use crate::statistics;

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
    /// How many were put aside.
    aside: u64,
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

    /// How many bytes the values have.
    pub(super) fn bytes(&self) -> usize {
        let of = |values: &Values| values.counted.capacity() * size_of::<(f64, u64)>() + values.fresh.capacity() * size_of::<f64>();
        self.0.iter().map(of).sum()
    }

    /// How many values each group has, with those that were put aside.
    pub(super) fn sizes(&self) -> Vec<u64> {
        let size = |values: &Values| values.aside + values.held();
        self.0.iter().map(size).collect()
    }

    /// Puts all values aside, in parts of values near each other.
    pub(super) fn put_aside(&mut self, shelf: Shelf<'_>) -> PolarsResult<()> {
        let sizes = self.0.iter_mut().map(|values| {
            values.aside += values.held();
            values.aside
        });
        let sizes: Vec<u64> = sizes.collect();
        let nothing = sizes.into_iter().map(|aside| Values { aside, ..Values::default() }).collect();
        let counted = Self(std::mem::replace(&mut self.0, nothing)).counted();
        let mut next = vec![0; counted.len()];
        let number = |group: usize, at: usize| counted[group].get(at).map(|(value, _)| part_of(*value));
        let numbers: BTreeSet<u32> = counted.iter().flatten().map(|(value, _)| part_of(*value)).collect();
        for wanted in numbers {
            let (mut groups, mut values, mut times) = (Vec::new(), Vec::new(), Vec::new());
            for group in 0..counted.len() {
                while number(group, next[group]) == Some(wanted) {
                    let (value, came) = counted[group][next[group]];
                    groups.push(u32::try_from(group).unwrap_or(u32::MAX));
                    values.push(value);
                    times.push(came);
                    next[group] += 1;
                }
            }
            let columns = vec![
                UInt32Chunked::from_vec(GROUP.into(), groups).into_column(),
                Float64Chunked::from_vec(VALUE.into(), values).into_column(),
                UInt64Chunked::from_vec(TIMES.into(), times).into_column(),
            ];
            shelf.put(wanted, DataFrame::new_infer_height(columns)?)?;
        }
        Ok(())
    }

    /// Takes back what was put aside.
    pub(super) fn take_back(&mut self, shelf: Shelf<'_>) -> PolarsResult<()> {
        for (number, _) in shelf.parts() {
            self.read(shelf, number, |_| true)?;
        }
        self.0.iter_mut().for_each(|values| values.aside = 0);
        Ok(())
    }

    /// Adds some of the values of a part that was put aside.
    fn read(&mut self, shelf: Shelf<'_>, number: u32, is_wanted: impl Fn(f64) -> bool) -> PolarsResult<()> {
        for rows in shelf.get(number) {
            let rows = rows?;
            let mut counted: Vec<Vec<(f64, u64)>> = vec![Vec::new(); self.0.len()];
            let (groups, values, times) = (rows.column(GROUP)?.u32()?, rows.column(VALUE)?.f64()?, rows.column(TIMES)?.u64()?);
            for ((group, value), times) in groups.iter().zip(values.iter()).zip(times.iter()) {
                if let (Some(group), Some(value), Some(times)) = (group, value.filter(|value| is_wanted(*value)), times) {
                    counted[group as usize].push((value, times));
                }
            }
            counted
                .into_iter()
                .enumerate()
                .filter(|(_, values)| !values.is_empty())
                .for_each(|(group, values)| self.add_counted(group, values));
        }
        Ok(())
    }

    /// Goes through all values in order, in steps of as many as there is room for: those of each group that are in the step, each with the number of
    /// those up to it there.
    pub(super) fn each_run(mut self, shelf: Shelf<'_>, mut see: impl FnMut(&[Vec<(f64, u64)>])) -> PolarsResult<()> {
        if shelf.parts().is_empty() {
            see(&self.ranked());
            return Ok(());
        }
        self.put_aside(shelf)?;
        let groups = self.0.len();
        let most = shelf.room() / ROW;
        let step = || {
            let mut step = Self::default();
            step.resize(groups);
            step
        };
        let (mut of_step, mut rows_of_step) = (step(), 0);
        for (number, rows) in shelf.parts() {
            if rows_of_step > 0 && rows_of_step + rows > most {
                see(&std::mem::replace(&mut of_step, step()).ranked());
                rows_of_step = 0;
            }
            // What is too much by itself is gone through by finer parts, a range of them at a time.
            let ranges = u32::try_from(rows.div_ceil(most.max(1))).unwrap_or(FINER).clamp(1, FINER);
            for range in 0..ranges {
                of_step.read(shelf, number, |value| finer_part_of(value) * ranges / FINER == range)?;
                if ranges > 1 {
                    see(&std::mem::replace(&mut of_step, step()).ranked());
                }
            }
            rows_of_step += if ranges > 1 { 0 } else { rows };
        }
        see(&of_step.ranked());
        Ok(())
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
    /// How many there are here.
    fn held(&self) -> u64 {
        self.counted.iter().map(|(_, times)| times).sum::<u64>() + self.fresh.len() as u64
    }

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

/// The values of some ranks among all that a group has, found as its values are gone through in order.
pub(super) struct Ranks {
    /// How many values there are.
    size: u64,
    /// How many were gone through.
    before: u64,
    /// In order.
    wanted: Vec<u64>,
    /// The values of the first of these.
    found: Vec<f64>,
}

impl Ranks {
    /// Those that quantiles of these levels and their intervals are made of.
    pub(super) fn of_quantiles(size: u64, levels: &[f64], confidence: f64) -> Self {
        let mut wanted = Vec::new();
        for level in levels {
            wanted.extend(statistics::quantile_ranks(*level, size, confidence).into_iter().flat_map(|(low, high)| [low, high]));
            let ranks = RefCell::new(&mut wanted);
            statistics::quantile_by_rank(*level, size, |rank| {
                ranks.borrow_mut().push(rank);
                Some(0.0)
            });
        }
        wanted.sort_unstable();
        wanted.dedup();
        Self { size, before: 0, wanted, found: Vec::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.size
    }

    /// What is found among the values that come next, and how many these are.
    pub(super) fn among(&self, values: &Ranked<'_>) -> (Vec<f64>, u64) {
        let size = values.len();
        let left = self.wanted[self.found.len()..].iter().take_while(|rank| **rank <= self.before + size);
        (left.filter_map(|rank| values.at(rank - self.before)).collect(), size)
    }

    pub(super) fn add(&mut self, (found, size): (Vec<f64>, u64)) {
        self.found.extend(found);
        self.before += size;
    }

    /// The value of a rank, once all values were gone through.
    pub(super) fn at(&self, rank: u64) -> Option<f64> {
        self.found.get(self.wanted.binary_search(&rank).ok()?).copied()
    }
}

/// Values whose positions have so many bits in common are one part when they are put aside: some 16 parts for each power of two.
const COMMON: u32 = 16;
/// So many finer parts are in each.
const FINER: u32 = 256;
/// What a value takes while it is read.
const ROW: usize = 48;
/// The columns of values that are put aside.
const GROUP: &str = "group";
const VALUE: &str = "value";
const TIMES: &str = "times";

fn part_of(value: f64) -> u32 {
    u32::try_from(position(value) >> (u64::BITS - COMMON)).unwrap_or(u32::MAX)
}

fn finer_part_of(value: f64) -> u32 {
    u32::try_from(position(value) >> (u64::BITS - COMMON - FINER.ilog2())).unwrap_or(u32::MAX) % FINER
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
