//! Sets of (group, key), for distinct counts.

use super::coarser::Coarser;
use crate::groups::Pairs;
use crate::parallel;

/// The keys that came in each group, with the filters that held.
///
/// A member is one number: the code of its key, then that of its place, which is a group and filters. Members are spread by their keys, so
/// that sorting a part brings those of one key together, and all cores can count.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    places: Pairs,
    parts: Vec<Part>,
}

/// A group, a key and filters, the last as bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    pub(super) group: u32,
    pub(super) key: u32,
    pub(super) filters: u32,
}

#[derive(Debug, Clone, Default)]
struct Part {
    members: Vec<u64>,
    /// How many were left when those that came twice were last left out.
    distinct: usize,
}

const PARTS: usize = 64;
/// Fewer members than these are kept as they come.
const FEW: usize = 16_384;

impl Default for Sets {
    fn default() -> Self {
        Self { places: Pairs::default(), parts: vec![Part::default(); PARTS] }
    }
}

impl Sets {
    /// Adds a member, unless no filter holds.
    pub(super) fn add(&mut self, Member { group, key, filters }: Member) {
        if filters > 0 {
            let place = self.places.number(group, Some(filters));
            self.parts[key as usize % PARTS].push(u64::from(key) << 32 | u64::from(place));
        }
    }

    /// Adds the members of others, each of whose groups is one of `groups` here.
    pub(super) fn unite(&mut self, others: Self, groups: &[u32]) {
        let place = |(group, filters): (u32, Option<u32>)| self.places.number(groups[group as usize], filters);
        let places: Vec<u32> = (0..others.places.len()).map(|number| others.places.pair(number)).map(place).collect();
        for (part, other) in self.parts.iter_mut().zip(others.parts) {
            let moved = |member: u64| u64::from(key_of(member)) << 32 | u64::from(places[place_of(member)]);
            other.members.into_iter().for_each(|member| part.push(moved(member)));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.len() == 0
    }

    /// All members. Some may come twice.
    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        let member = |member: &u64| {
            let (group, filters) = self.places.pair(place_of(*member));
            Member { group, key: key_of(*member), filters: filters.unwrap_or(0) }
        };
        self.parts.iter().flat_map(|part| &part.members).map(member)
    }

    /// The number of keys of each coarser group, by group and filter, for each choice of coarser groups.
    pub(super) fn counts(self, filters: usize, coarser: &[Coarser<'_>]) -> Vec<Vec<u64>> {
        let place = |number| {
            let (group, passed) = self.places.pair(number);
            (group as usize, passed.unwrap_or(0))
        };
        let places: Vec<(usize, u32)> = (0..self.places.len()).map(place).collect();
        let nothing = || coarser.iter().map(|coarser| vec![Count::default(); coarser.count * filters]).collect::<Vec<_>>();
        let count = |counts: &mut Vec<Vec<Count>>, mut part: Part| {
            part.settle();
            for member in part.members {
                let key = key_of(member);
                let (group, passed) = places[place_of(member)];
                for filter in (0..filters).filter(|filter| passed >> filter & 1 == 1) {
                    for (counts, coarser) in counts.iter_mut().zip(coarser) {
                        counts[coarser.group_of[group] as usize * filters + filter].see(key);
                    }
                }
            }
        };
        let mut all: Vec<Vec<u64>> = coarser.iter().map(|coarser| vec![0; coarser.count * filters]).collect();
        for counts in parallel::fold(self.parts, nothing, count) {
            all.iter_mut().flatten().zip(counts.iter().flatten()).for_each(|(all, count)| *all += count.distinct);
        }
        all
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    distinct: u64,
    last: Option<u32>,
}

impl Count {
    /// Counts a key, all of whose members come one after the other.
    fn see(&mut self, key: u32) {
        if self.last != Some(key) {
            self.last = Some(key);
            self.distinct += 1;
        }
    }
}

impl Part {
    fn push(&mut self, member: u64) {
        // What is gone through again has doubled since.
        if self.members.len() >= FEW.max(2 * self.distinct) {
            self.settle();
        }
        self.members.push(member);
    }

    fn settle(&mut self) {
        self.members.sort_unstable();
        self.members.dedup();
        self.distinct = self.members.len();
    }
}

fn key_of(member: u64) -> u32 {
    u32::try_from(member >> 32).unwrap_or(u32::MAX)
}

fn place_of(member: u64) -> usize {
    usize::try_from(member & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn members_that_come_again_are_kept_once_however_many_they_are() {
        let mut sets = Sets::default();
        let member = |number: u32| Member { group: number % 5, key: number % 1_000, filters: 1 + number % 3 };
        (0..3_000_000).for_each(|number| sets.add(member(number)));
        // 1000 keys in one group each, with three sets of filters.
        assert!(sets.parts.iter().all(|part| part.members.len() <= FEW));
        let distinct: BTreeSet<_> = sets.members().map(|member| (member.group, member.key, member.filters)).collect();
        assert_eq!(distinct.len(), 3_000);
        let coarser = [Coarser { count: 5, group_of: &[0, 1, 2, 3, 4] }, Coarser { count: 2, group_of: &[0, 1, 0, 1, 0] }];
        let counts = sets.counts(2, &coarser);
        assert_eq!(counts, [vec![200; 10], vec![600, 600, 400, 400]]);
    }
}
