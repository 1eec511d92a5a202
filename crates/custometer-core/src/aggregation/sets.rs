//! Sets of (group, key), for distinct counts.

use std::ops::Range;

use polars::prelude::{DataFrame, IntoColumn, PolarsResult, UInt64Chunked};

use super::aside::Shelf;
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
/// The bytes of a member.
const MEMBER: usize = size_of::<u64>();
/// The column of members that are put aside.
const MEMBERS: &str = "members";
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

    /// How many bytes the members have.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.members.capacity() * MEMBER).sum()
    }

    /// Puts all members aside.
    pub(super) fn put_aside(&mut self, shelf: Shelf<'_>) -> PolarsResult<()> {
        let put = |done: &mut PolarsResult<()>, (number, mut part): (u32, Part)| {
            part.settle();
            if done.is_ok() && !part.members.is_empty() {
                *done = DataFrame::new_infer_height(vec![UInt64Chunked::from_vec(MEMBERS.into(), part.members).into_column()])
                    .and_then(|rows| shelf.put(number, rows));
            }
        };
        let parts = (0..).zip(self.parts.iter_mut().map(std::mem::take)).collect();
        parallel::fold(parts, || Ok(()), put).into_iter().collect()
    }

    /// Takes back what was put aside.
    pub(super) fn take_back(&mut self, shelf: Shelf<'_>) -> PolarsResult<()> {
        for (number, _) in shelf.parts() {
            for rows in shelf.get(number) {
                each_member(&rows?, |member| self.parts[number as usize].push(member))?;
            }
        }
        Ok(())
    }

    /// The members in a few ways to gather them, each with all that a key has: held ones, and those that were put aside in such shares that each has
    /// room.
    fn gathered(mut self, shelf: Shelf<'_>) -> PolarsResult<(Pairs, Vec<Members<'_>>)> {
        if shelf.parts().is_empty() {
            return Ok((self.places, self.parts.into_iter().map(Members::Held).collect()));
        }
        self.put_aside(shelf)?;
        let shares = |(number, rows): (u32, usize)| {
            let of = u32::try_from((rows * MEMBER).div_ceil(shelf.room())).unwrap_or(u32::MAX).max(1);
            (0..of).map(move |share| Members::Aside { shelf, number, share, of })
        };
        Ok((self.places, shelf.parts().into_iter().flat_map(shares).collect()))
    }

    /// The number of keys of each coarser group, by group and filter, for each choice of coarser groups. `buckets` are those of the groups, where
    /// they have some.
    pub(super) fn counts(
        self,
        filters: usize,
        coarser: &[&Coarser<'_>],
        buckets: Option<&[i64]>,
        shelf: Shelf<'_>,
    ) -> PolarsResult<Vec<Vec<u64>>> {
        let (of_members, members) = self.gathered(shelf)?;
        let place = |number| {
            let (group, passed) = of_members.pair(number);
            (group as usize, passed.unwrap_or(0))
        };
        // Along a line, a key comes bucket by bucket, so that what it is in already is what ends last.
        let mut order: Vec<usize> = (0..of_members.len()).collect();
        if let Some(buckets) = buckets {
            order.sort_by_key(|number| buckets[place(*number).0]);
        }
        let places: Vec<(usize, u32)> = order.iter().map(|number| place(*number)).collect();
        let mut ranks = vec![0_u64; order.len()];
        (0..).zip(&order).for_each(|(rank, number)| ranks[*number] = rank);
        let ranges: Vec<Vec<Range<usize>>> =
            coarser.iter().map(|coarser| places.iter().map(|(group, _)| coarser.groups_of(*group)).collect()).collect();
        let nothing = || -> PolarsResult<Vec<Counts>> {
            let counts = |coarser: &&Coarser<'_>| Counts {
                steps: vec![0; (coarser.len() + 1) * filters],
                seen: vec![Seen::default(); coarser.lines() * filters],
            };
            Ok(coarser.iter().map(counts).collect())
        };
        let count = |counts: &mut Vec<Counts>, mut part: Part| {
            if buckets.is_some() {
                part.members.iter_mut().for_each(|member| *member = u64::from(key_of(*member)) << 32 | ranks[place_of(*member)]);
            }
            part.settle();
            for member in part.members {
                let (key, place) = (key_of(member), place_of(member));
                let (group, passed) = places[place];
                for filter in (0..filters).filter(|filter| passed >> filter & 1 == 1) {
                    for ((counts, coarser), ranges) in counts.iter_mut().zip(coarser).zip(&ranges) {
                        let seen = &mut counts.seen[coarser.line(group) * filters + filter];
                        if let Some(Range { start, end }) = seen.see(key, ranges[place].clone()) {
                            counts.steps[start * filters + filter] += 1;
                            counts.steps[end * filters + filter] -= 1;
                        }
                    }
                }
            }
        };
        let mut all: Vec<Vec<i64>> = coarser.iter().map(|coarser| vec![0; (coarser.len() + 1) * filters]).collect();
        let count = |counts: &mut PolarsResult<Vec<Counts>>, members: Members<'_>| {
            if let Ok(all) = counts {
                match members.part() {
                    Ok(part) => count(all, part),
                    Err(error) => *counts = Err(error),
                }
            }
        };
        for counts in parallel::fold(members, nothing, count) {
            let counts = counts?;
            let steps = counts.iter().flat_map(|counts| &counts.steps);
            all.iter_mut().flatten().zip(steps).for_each(|(all, step)| *all += step);
        }
        let counts = |mut steps: Vec<i64>| -> Vec<u64> {
            for place in filters..steps.len() {
                steps[place] += steps[place - filters];
            }
            steps.truncate(steps.len() - filters);
            steps.into_iter().map(i64::cast_unsigned).collect()
        };
        Ok(all.into_iter().map(counts).collect())
    }
}

/// Members with all that their keys have.
enum Members<'a> {
    Held(Part),
    /// A share of the keys of a part.
    Aside {
        shelf: Shelf<'a>,
        number: u32,
        share: u32,
        of: u32,
    },
}

impl Members<'_> {
    fn part(self) -> PolarsResult<Part> {
        let (shelf, number, share, of) = match self {
            Self::Held(part) => return Ok(part),
            Self::Aside { shelf, number, share, of } => (shelf, number, share, of),
        };
        let mut part = Part::default();
        for rows in shelf.get(number) {
            each_member(&rows?, |member| {
                if share_of(member, of) == share {
                    part.push(member);
                }
            })?;
        }
        Ok(part)
    }
}

fn each_member(rows: &DataFrame, see: impl FnMut(u64)) -> PolarsResult<()> {
    rows.column(MEMBERS)?.u64()?.iter().flatten().for_each(see);
    Ok(())
}

/// How many keys there are, by group and filter: by how many more they are than in the group before.
struct Counts {
    steps: Vec<i64>,
    /// What is known of the last key, by line and filter.
    seen: Vec<Seen>,
}

/// The key that came last, and up to which group it is counted.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    key: Option<u32>,
    until: usize,
}

impl Seen {
    /// In which of these groups a key is new. All members of a key come one after the other, and those of a line in the order of their groups.
    fn see(&mut self, key: u32, groups: Range<usize>) -> Option<Range<usize>> {
        let from = if self.key == Some(key) { groups.start.max(self.until) } else { groups.start };
        let is_new = from < groups.end;
        let until = if self.key == Some(key) { self.until.max(groups.end) } else { groups.end };
        *self = Self { key: Some(key), until };
        is_new.then_some(from..groups.end)
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

/// The share of its part that a member is in, where there are so many.
fn share_of(member: u64, of: u32) -> u32 {
    u32::try_from(key_of(member) as usize / PARTS).unwrap_or(0) % of
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
        let coarser = [Coarser::new(5, vec![0, 1, 2, 3, 4]), Coarser::new(2, vec![0, 1, 0, 1, 0])];
        let nowhere = Shelf { aside: &(), position: 0 };
        let counts = sets.counts(2, &[&coarser[0], &coarser[1]], None, nowhere).unwrap();
        assert_eq!(counts, [vec![200; 10], vec![600, 600, 400, 400]]);
    }

    #[test]
    fn a_key_counts_once_in_a_span_however_many_of_its_buckets_it_is_in() {
        use super::super::coarser::Span;
        let mut sets = Sets::default();
        // Groups are buckets, numbered as they came: key 1 in buckets 0, 1 and 4, key 2 in bucket 4, key 3 in bucket 1.
        let buckets = [4, 0, 1];
        for (group, key) in [(1, 1), (2, 1), (0, 1), (0, 2), (2, 3), (2, 1)] {
            sets.add(Member { group, key, filters: 1 });
        }
        let spans: Vec<Span> = (0..6).map(|number| Span { number, from: number - 2, until: number + 1 }).collect();
        let windows = Coarser::new(1, vec![0; 3]).with_spans(&spans, &buckets);
        let nowhere = Shelf { aside: &(), position: 0 };
        assert_eq!(sets.counts(1, &[&windows], Some(&buckets), nowhere).unwrap(), [[1, 2, 2, 2, 2, 2]]);
    }
}
