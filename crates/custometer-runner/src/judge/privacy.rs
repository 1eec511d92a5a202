//! Privacy: groups too small to be shown, and those that would tell of them.
//!
//! # What suppression protects
//!
//! A group is all requests on one table, in one bucket, with one combination of breakdown values; it is shown or hidden as a whole, so
//! that one metric never tells what another hides. Groups of fewer observations than the least size are hidden, and then as many others as
//! it takes so that **no hidden count follows from one group less the groups it is made of, nor is known more closely than the least size**:
//! there are always two or more hidden groups, and so many observations in them that each of them, if every other had one, could have any of
//! as many sizes. A group is made of
//!
//! - the groups of every breakdown that adds columns to its own,
//! - the same group in the buckets of every finer grain that fit into its bucket, in a row and without a gap,
//! - both at once, over all requests on the table, and over the baselines that values are compared with.
//!
//! The ledger tells how many rows a request used, so the sum of all its groups over all buckets counts as shown, and is hidden like a group where
//! too little else is left to hide: the ledger of that table is withheld. A sum that is not shown counts as
//! shown where two breakdowns have it in common: the regions and the products of a month have the same
//! total. The total of a bucket counts as shown where shares of it are, since each share tells it. All counts are taken to add up; where
//! they do not (a customer who buys in two regions), more is hidden than has to be.
//!
//! Each of these sums is protected by itself first, which is quick and enough for most reports. Then all that are true of the counts are
//! solved together, as linear equations, and one more group is hidden beside each that they tell too closely, until they tell none.
//!
//! # What it does not
//!
//! - More than 1 000 hidden counts that all hang together are not solved: each sum is protected by itself only.
//! - The size of a group is its number of observations, as the metric counts them in `n`, not of people: one person with many orders
//!   is a large group.
//! - A metric's own dimensions, such as the scores of a distribution, are shown in full for a group that is shown.
//! - Tables over different files are taken for different data; those over the same ones have the same rows, or the check refuses them.
//! - Grains that do not fit into each other, as weeks and months, are not subtracted from each other; nor are days between the report's own periods
//!   told from these and what holds both.
//! - Only result rows are touched: examples of rejected rows and detail tables are the caller's to withhold.

mod equations;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use custometer_core::time::Name;
use custometer_core::{DimensionValue, Grain};
use jiff::{Timestamp, Zoned};

use crate::judge::privacy::equations::{Equation, Unknown};
use crate::report::basis::Basis;
use crate::result::{Comparison, ResultRow};

/// Hides groups of fewer than `min_group_size` observations, and those that would reveal them; see the [module](self).
///
/// `basis_of` gives what there is to know of a request, by its name. A hidden group is left as one row, since the values of a metric's own dimensions would tell of it too: without value, interval, n, measures and
/// comparisons, and with the note that all rows of its request have. A baseline that is hidden takes the change from it along.
///
/// The size of a group is the largest of its rows. A group of size 0 is empty, and stays. A group that shows something, but does not say
/// how large it is, is hidden. A least size of 0 or 1 hides nothing.
///
pub(crate) fn suppress(rows: &mut Vec<ResultRow>, min_group_size: u64, basis_of: impl Fn(&str) -> Basis) -> Suppressed {
    if min_group_size <= 1 {
        return Suppressed::default();
    }
    let (mut groups, places) = Groups::of(rows, basis_of);
    groups.hide(min_group_size as f64);
    let hidden = |group: usize| groups.all[group].hidden;

    let mut notes: HashMap<usize, Option<String>> = HashMap::new();
    for (row, place) in rows.iter().zip(&places).filter(|(row, place)| !hidden(place.group) && row.value.is_some()) {
        notes.entry(place.request).or_insert_with(|| row.note.clone());
    }
    // What tells the difference from a group that is hidden tells of that group.
    let hidden_rows = rows.iter().zip(&places).filter(|(_, place)| hidden(place.group)).map(|(row, _)| row);
    let gone: HashSet<_> = hidden_rows.map(|row| (row.request.clone(), row.start.clone(), values(row, None))).collect();
    for row in rows.iter_mut() {
        let other = row.group_comparison.as_deref().map(|beside| values(row, Some((&beside.by, &beside.with))));
        if other.is_some_and(|other| gone.contains(&(row.request.clone(), row.start.clone(), other))) {
            row.group_comparison = None;
        }
    }
    let mut left = HashSet::new();
    let mut places = places.into_iter();
    rows.retain_mut(|row| {
        let Some(place) = places.next() else { return true };
        if hidden(place.group) {
            hide(row, notes.get(&place.request).cloned().flatten());
            return left.insert((place.request, place.group));
        }
        for (at, (comparison, baseline)) in row.comparisons.iter_mut().zip(place.baselines).enumerate() {
            // A baseline from before the data has no bucket, and nothing to show.
            if baseline.is_none_or(hidden) {
                hide_comparison(comparison);
                if let Some(before) = row.parts.as_mut().and_then(|parts| parts.before.get_mut(at)) {
                    *before = None;
                }
            }
        }
        true
    });
    Suppressed { withheld: groups.withheld(), unsolved: groups.unsolved }
}

/// What there is to say of tables with hidden groups, as numbers of their [`Basis`].
#[derive(Debug, Default)]
pub(crate) struct Suppressed {
    /// Those whose ledger must not tell how many rows were used.
    pub(crate) withheld: BTreeSet<usize>,
    /// Those with more hidden counts than are solved together.
    pub(crate) unsolved: BTreeSet<usize>,
}

/// The group of a row, with another value in one of its dimensions.
fn values(row: &ResultRow, other: Option<(&str, &DimensionValue)>) -> Vec<DimensionValue> {
    let value = |(name, value): &(String, DimensionValue)| match other {
        Some((by, with)) if by == name => with.clone(),
        _ => value.clone(),
    };
    row.dimensions[..row.breakdown].iter().map(value).collect()
}

fn hide(row: &mut ResultRow, note: Option<String>) {
    row.dimensions.truncate(row.breakdown);
    (row.value, row.low, row.high, row.n) = (None, None, None, None);
    row.measures.iter_mut().for_each(|(_, measure)| *measure = None);
    row.comparisons.iter_mut().for_each(hide_comparison);
    row.group_comparison = None;
    row.parts = None;
    row.note = note;
    row.suppressed = true;
}

fn hide_comparison(comparison: &mut Comparison) {
    (comparison.value, comparison.n, comparison.change, comparison.relative_change) = (None, None, None, None);
    (comparison.p_value, comparison.significant) = (None, None);
}

/// The edges of a bucket; none for one that holds every row. Ordered by its start.
type Edges = Option<(Timestamp, Timestamp)>;

/// How a table is cut in time. Ordered from fine to coarse, as far as one fits into the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Cut {
    rank: u8,
    /// The periods of the report's own.
    own: Option<Name>,
}

/// Not at all: all rows that a request used, whatever their buckets.
const ALL: Cut = Cut { rank: u8::MAX, own: None };

impl Cut {
    fn of(grain: Grain) -> Self {
        let (rank, own) = match grain {
            Grain::Hour => (0, None),
            Grain::Day => (1, None),
            Grain::Week => (2, None),
            Grain::Month => (3, None),
            Grain::Quarter => (4, None),
            Grain::Year => (5, None),
            Grain::Named(own) => (6, Some(own)),
            Grain::Total => (7, None),
        };
        Self { rank, own }
    }

    /// Whether its buckets may be parts of those of another. Where periods of the report's own are, only their days tell.
    fn refines(self, other: Self) -> bool {
        self <= other || self.own.is_some() || other.own.is_some()
    }
}

/// What a group is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    table: usize,
    grain: Cut,
    bucket: Edges,
    /// By column. Values are compared as they are written: a request may show the same ones as numbers or as text.
    values: BTreeMap<String, Option<String>>,
}

impl Key {
    fn level(&self) -> Level {
        Level { table: self.table, grain: self.grain, columns: self.values.keys().cloned().collect() }
    }
}

/// A table cut one way: by a grain and the columns of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Level {
    table: usize,
    grain: Cut,
    columns: BTreeSet<String>,
}

impl Level {
    /// Whether its groups may be parts of the groups of another.
    fn refines(&self, other: &Self) -> bool {
        self != other && self.table == other.table && self.grain.refines(other.grain) && self.columns.is_superset(&other.columns)
    }

    /// The finest level that both refine.
    fn common(&self, other: &Self) -> Self {
        let columns = self.columns.intersection(&other.columns).cloned().collect();
        Self { table: self.table, grain: self.grain.max(other.grain), columns }
    }
}

/// How large a group is for one request.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    n: f64,
    /// Whether anyone is in it, as far as can be told.
    occupied: bool,
}

#[derive(Debug)]
struct Group {
    key: Key,
    /// By request.
    sizes: BTreeMap<usize, Size>,
    /// Whether its rows tell the total of their bucket.
    tells_bucket: bool,
    /// Whether the result has rows of it. The others are baselines from before the period, whose rows the ledger does not count as used.
    has_rows: bool,
    hidden: bool,
}

impl Group {
    /// Takes in one row of a request: how many observations it tells of, or whether it shows anything.
    fn count(&mut self, request: usize, n: Option<f64>, shows: bool) {
        let size = self.sizes.entry(request).or_default();
        match n.filter(|n| n.is_finite()) {
            Some(n) => {
                size.n = size.n.max(n);
                size.occupied |= n > 0.0;
            }
            None => size.occupied |= shows,
        }
    }

    /// Its size for a request that has someone in it.
    fn occupied(&self, request: usize) -> Option<f64> {
        self.sizes.get(&request).filter(|size| size.occupied).map(|size| size.n)
    }
}

/// The values that a hidden group is known to be able to have, by request and group.
type Seen = HashMap<(usize, usize), (f64, f64)>;

/// A group, and the groups of one level that it is made of.
struct Sum {
    whole: usize,
    parts: Vec<usize>,
}

/// Where a result row belongs.
struct Place {
    request: usize,
    group: usize,
    /// The group of each comparison's baseline, where it has a bucket.
    baselines: Vec<Option<usize>>,
}

/// All groups of a result.
#[derive(Default)]
struct Groups {
    all: Vec<Group>,
    by_key: HashMap<Key, usize>,
    /// The tables with more hidden counts than are solved together.
    unsolved: BTreeSet<usize>,
}

impl Groups {
    /// The groups of the rows and of their baselines, and which row belongs where.
    fn of(rows: &[ResultRow], basis_of: impl Fn(&str) -> Basis) -> (Self, Vec<Place>) {
        let mut groups = Self::default();
        let mut requests: HashMap<&str, (usize, Basis)> = HashMap::new();
        let mut places = Vec::with_capacity(rows.len());
        for row in rows {
            let count = requests.len();
            let (request, basis) = requests.entry(&row.request).or_insert_with(|| (count, basis_of(&row.request)));
            let request = *request;
            let values = row.dimensions.iter().take(row.breakdown).map(|(column, value)| (column.clone(), written(value))).collect();
            let key = Key { table: basis.table, grain: Cut::of(row.grain), bucket: edges(row.start.as_ref(), row.end.as_ref()), values };
            let mut baselines = Vec::with_capacity(row.comparisons.len());
            for comparison in &row.comparisons {
                let bucket = edges(comparison.start.as_ref(), comparison.end.as_ref());
                let baseline = bucket.map(|_| groups.find(Key { bucket, ..key.clone() }));
                if let Some(baseline) = baseline {
                    groups.all[baseline].count(request, comparison.n, comparison.value.is_some());
                }
                baselines.push(baseline);
            }
            let group = groups.find(key);
            let shows = row.value.is_some() || row.measures.iter().any(|(_, measure)| measure.is_some_and(|measure| measure != 0.0));
            groups.all[group].count(request, basis.size.of(row), shows);
            groups.all[group].tells_bucket |= basis.tells_bucket;
            groups.all[group].has_rows = true;
            places.push(Place { request, group, baselines });
        }
        (groups, places)
    }

    /// The group with this key; a new and empty one where there was none.
    fn find(&mut self, key: Key) -> usize {
        let all = &mut self.all;
        *self.by_key.entry(key).or_insert_with_key(|key| {
            all.push(Group { key: key.clone(), sizes: BTreeMap::new(), tells_bucket: false, has_rows: false, hidden: false });
            all.len() - 1
        })
    }

    /// Hides what is too small, and then what would reveal it, until nothing does.
    fn hide(&mut self, least: f64) {
        for group in &mut self.all {
            group.hidden = group.sizes.values().any(|size| size.occupied && size.n < least);
        }
        if self.all.iter().all(|group| !group.hidden) {
            return;
        }
        let sums = self.sums();
        let mut seen = Seen::new();
        // Each round hides a group or is the last one.
        let mut changed = true;
        while changed {
            changed = false;
            for sum in &sums {
                changed |= self.protect(sum, least);
            }
            if !changed {
                changed = self.protect_together(&sums, &mut seen, least);
            }
        }
    }

    /// The tables whose sum over all rows is hidden.
    fn withheld(&self) -> BTreeSet<usize> {
        self.all.iter().filter(|group| group.hidden && group.key.grain == ALL).map(|group| group.key.table).collect()
    }

    /// Hides one more group near those that all sums together tell too closely. Whether anything was hidden.
    fn protect_together(&mut self, sums: &[Sum], seen: &mut Seen, least: f64) -> bool {
        let requests: BTreeSet<(usize, usize)> =
            self.all.iter().flat_map(|group| group.sizes.keys().map(|request| (group.key.table, *request))).collect();
        let mut known = HashSet::new();
        let mut told = BTreeSet::new();
        for (table, request) in requests {
            let counts = self.counts(table, request);
            // Requests that count the same tell the same.
            if known.insert(counts.iter().map(|(group, n)| (*group, n.to_bits())).collect::<Vec<_>>()) {
                let (closely, is_whole) = self.told((table, request), &counts, sums, seen, least);
                told.extend(closely);
                if !is_whole {
                    self.unsolved.insert(table);
                }
            }
        }
        let mut is_hidden = false;
        // What is hidden for one group helps those beside it.
        let mut helped = BTreeSet::new();
        for group in told {
            if !helped.contains(&group) {
                is_hidden |= self.hide_near(group, sums, &mut helped);
            }
        }
        is_hidden
    }

    /// How many observations each group of a table has for a request, or for another where it has none.
    fn counts(&self, table: usize, request: usize) -> BTreeMap<usize, f64> {
        let count = |group: &Group| group.sizes.get(&request).or_else(|| group.sizes.values().next()).map(|size| size.n);
        let of_table = self.all.iter().enumerate().filter(|(_, group)| group.key.table == table);
        of_table.filter_map(|(position, group)| count(group).map(|n| (position, n))).collect()
    }

    /// The hidden groups that can have fewer than `least` sizes, going by all sums that are true of these counts, and whether all were solved.
    fn told(
        &self,
        (table, request): (usize, usize),
        counts: &BTreeMap<usize, f64>,
        sums: &[Sum],
        seen: &mut Seen,
        least: f64,
    ) -> (Vec<usize>, bool) {
        let mut unknowns: Vec<Unknown> = Vec::new();
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        let hidden = counts.iter().filter(|(group, _)| self.all[**group].hidden);
        for (&group, &value) in hidden {
            numbers.insert(group, unknowns.len());
            // What a solution showed stays possible when more is hidden.
            let seen = seen.get(&(request, group)).copied().unwrap_or((value, value));
            unknowns.push(Unknown { at_least: value.min(1.0), seen, guarded: true });
        }
        let mut equations = Vec::new();
        // The sums that a reader knows without seeing a row of them.
        let mut unseen: BTreeMap<usize, f64> = BTreeMap::new();
        for sum in sums.iter().filter(|sum| self.all[sum.whole].key.table == table) {
            let parts: Vec<(usize, f64)> = sum.parts.iter().filter_map(|part| counts.get(part).map(|n| (*part, *n))).collect();
            let all: f64 = parts.iter().map(|(_, n)| n).sum();
            let mut equation = Equation { terms: Vec::new(), sum: 0.0 };
            for (part, n) in &parts {
                match numbers.get(part) {
                    Some(number) => equation.terms.push((*number, 1.0)),
                    None => equation.sum -= n,
                }
            }
            let of_ledger = self.all[sum.whole].key.grain == ALL && !self.all[sum.whole].hidden;
            let tells = of_ledger || sum.parts.iter().any(|&part| self.all[part].tells_bucket && !self.all[part].hidden);
            let is_true = |whole: f64| (whole - all).abs() <= 1e-6 * all.max(1.0);
            // Several levels of one sum have it in common.
            let whole = counts.get(&sum.whole).copied().unwrap_or_else(|| *unseen.entry(sum.whole).or_insert(all));
            if !is_true(whole) {
                continue;
            }
            if tells || (counts.contains_key(&sum.whole) && !numbers.contains_key(&sum.whole)) {
                equation.sum += all;
            } else {
                let number = *numbers.entry(sum.whole).or_insert_with(|| {
                    unknowns.push(Unknown { at_least: 0.0, seen: (all, all), guarded: false });
                    unknowns.len() - 1
                });
                equation.terms.push((number, -1.0));
            }
            if !equation.terms.is_empty() {
                equations.push(equation);
            }
        }
        let groups: BTreeMap<usize, usize> = numbers.iter().map(|(group, number)| (*number, *group)).collect();
        let (told, is_whole) = equations::told(&mut unknowns, &equations, least);
        seen.extend(groups.iter().map(|(number, group)| ((request, *group), unknowns[*number].seen)));
        (told.into_iter().map(|number| groups[&number]).collect(), is_whole)
    }

    /// Hides the smallest group beside one, or else one that it is part of, or one beside those. Whether there was any.
    fn hide_near(&mut self, group: usize, sums: &[Sum], helped: &mut BTreeSet<usize>) -> bool {
        let mut near = BTreeSet::from([group]);
        loop {
            let touched: Vec<&Sum> =
                sums.iter().filter(|sum| near.contains(&sum.whole) || sum.parts.iter().any(|part| near.contains(part))).collect();
            let parts = touched.iter().flat_map(|sum| sum.parts.iter().copied());
            let wholes = touched.iter().map(|sum| sum.whole);
            if let Some(smallest) = self.smallest_shown(parts).or_else(|| self.smallest_shown(wholes)) {
                self.all[smallest].hidden = true;
                helped.extend(sums.iter().filter(|sum| sum.parts.contains(&smallest)).flat_map(|sum| sum.parts.iter().copied()));
                return true;
            }
            let before = near.len();
            let around: Vec<usize> = touched.iter().flat_map(|sum| sum.parts.iter().copied().chain([sum.whole])).collect();
            near.extend(around);
            if near.len() == before {
                // Nothing but the ledger is left.
                let of_ledger = near.into_iter().find(|&group| self.all[group].key.grain == ALL && !self.all[group].hidden);
                let Some(group) = of_ledger else { return false };
                self.all[group].hidden = true;
                return true;
            }
        }
    }

    fn smallest_shown(&self, groups: impl Iterator<Item = usize>) -> Option<usize> {
        let size = |group: usize| {
            let sizes = self.all[group].sizes.values().filter(|size| size.occupied).map(|size| size.n);
            sizes.min_by(f64::total_cmp)
        };
        let shown = groups.filter(|&group| !self.all[group].hidden).filter_map(|group| size(group).map(|size| (size, group)));
        let key = |group: usize| (&self.all[group].key.values, self.all[group].key.bucket);
        shown.min_by(|&(a, left), &(b, right)| a.total_cmp(&b).then_with(|| key(left).cmp(&key(right)))).map(|(_, group)| group)
    }

    /// Every sum that is shown, or that two levels have in common, by each level that refines it.
    fn sums(&mut self) -> Vec<Sum> {
        let mut levels: BTreeMap<Level, Vec<usize>> = BTreeMap::new();
        let mut buckets: BTreeMap<(usize, Cut), BTreeSet<Edges>> = BTreeMap::new();
        for (position, group) in self.all.iter().enumerate() {
            levels.entry(group.key.level()).or_default().push(position);
            buckets.entry((group.key.table, group.key.grain)).or_default().insert(group.key.bucket);
        }
        let mut wholes: BTreeSet<Level> = levels.keys().cloned().collect();
        let told = levels.iter().filter(|(_, groups)| groups.iter().any(|&group| self.all[group].tells_bucket));
        wholes.extend(told.map(|(level, _)| Level { columns: BTreeSet::new(), ..level.clone() }));
        for level in levels.keys() {
            wholes.extend(levels.keys().filter(|other| other.table == level.table).map(|other| level.common(other)));
        }
        // What the ledger tells.
        let tables: BTreeSet<usize> = levels.keys().map(|level| level.table).collect();
        for table in tables {
            wholes.insert(Level { table, grain: ALL, columns: BTreeSet::new() });
            buckets.insert((table, ALL), BTreeSet::from([None]));
        }
        let mut sums: BTreeMap<(Level, Key), Vec<usize>> = BTreeMap::new();
        for whole in &wholes {
            for (level, groups) in levels.iter().filter(|(level, _)| level.refines(whole)) {
                let around =
                    around(&buckets[&(level.table, level.grain)], &buckets[&(whole.table, whole.grain)], level.grain == whole.grain);
                for &position in groups.iter().filter(|&&group| whole.grain != ALL || self.all[group].has_rows) {
                    let part = &self.all[position].key;
                    for &bucket in around.get(&part.bucket).into_iter().flatten() {
                        let values = part.values.iter().filter(|(column, _)| whole.columns.contains(*column));
                        let values = values.map(|(column, value)| (column.clone(), value.clone())).collect();
                        let key = Key { table: whole.table, grain: whole.grain, bucket, values };
                        sums.entry((level.clone(), key)).or_default().push(position);
                    }
                }
            }
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        // Coarse parts first: a group that is hidden for a larger sum needs no other hidden to protect its own parts.
        sums.sort_by_key(|((level, _), _)| (level.columns.len(), Reverse(level.grain)));
        sums.into_iter().map(|((_, key), parts)| Sum { whole: self.find(key), parts }).collect()
    }

    /// Hides parts of a sum until those that are hidden can't be had from it, or else the whole. Whether anything was hidden.
    fn protect(&mut self, sum: &Sum, least: f64) -> bool {
        let requests: BTreeSet<usize> = sum.parts.iter().flat_map(|&part| self.all[part].sizes.keys().copied()).collect();
        let mut changed = false;
        for request in requests {
            let occupied = sum.parts.iter().filter_map(|&part| self.all[part].occupied(request).map(|size| (size, part)));
            let (hidden, mut shown): (Vec<_>, Vec<_>) = occupied.partition(|&(_, part)| self.all[part].hidden);
            let (mut count, mut together) = (hidden.len(), hidden.iter().map(|(size, _)| size).sum::<f64>());
            let key = |part: usize| (&self.all[part].key.values, self.all[part].key.bucket);
            // The smallest last, from where they are taken.
            shown.sort_by(|&(a, left), &(b, right)| b.total_cmp(&a).then_with(|| key(right).cmp(&key(left))));
            // A hidden whole is had from its parts when all of them are shown. A shown one tells what the hidden parts are together: each of them
            // has at least one, and at most what the others leave.
            let safe = |whole_hidden: bool, count: usize, together: f64| {
                if whole_hidden { count > 0 } else { count == 0 || (count > 1 && together - count as f64 >= least) }
            };
            while !safe(self.all[sum.whole].hidden, count, together) {
                if let Some((size, part)) = shown.pop() {
                    self.all[part].hidden = true;
                    (count, together) = (count + 1, together + size);
                } else if !self.all[sum.whole].hidden {
                    self.all[sum.whole].hidden = true;
                } else {
                    // Nobody is in it for this request.
                    break;
                }
                changed = true;
            }
        }
        let whole = &self.all[sum.whole];
        if whole.hidden && whole.key.values.is_empty() {
            let grain = whole.key.grain;
            // Each share that is shown would tell the total of its bucket.
            for &part in &sum.parts {
                let part = &mut self.all[part];
                if part.tells_bucket && part.key.grain == grain && !part.hidden {
                    (part.hidden, changed) = (true, true);
                }
            }
        }
        changed
    }
}

/// For each bucket of a grain, the buckets of a coarser one (or of `the_same`) that it and others fill without a gap.
fn around(fine: &BTreeSet<Edges>, coarse: &BTreeSet<Edges>, the_same: bool) -> HashMap<Edges, Vec<Edges>> {
    let mut around: HashMap<Edges, Vec<Edges>> = HashMap::new();
    for &bucket in coarse {
        let inside: Vec<Edges> = match bucket {
            _ if the_same => vec![bucket],
            None => fine.iter().copied().collect(),
            Some((start, end)) => {
                let from_start = fine.range(Some((start, Timestamp::MIN))..).copied().flatten();
                let inside: Vec<_> = from_start.take_while(|edges| edges.0 < end).filter(|edges| edges.1 <= end).collect();
                let whole = inside.first().is_some_and(|first| first.0 == start) && inside.last().is_some_and(|last| last.1 == end);
                let filled = whole && inside.windows(2).all(|pair| pair[0].1 == pair[1].0);
                inside.into_iter().filter(|_| filled).map(Some).collect()
            }
        };
        for part in inside {
            around.entry(part).or_default().push(bucket);
        }
    }
    around
}

fn edges(start: Option<&Zoned>, end: Option<&Zoned>) -> Edges {
    Some((start?.timestamp(), end?.timestamp()))
}

/// A value as it is written; none where it is missing, which is not the empty text.
fn written(value: &DimensionValue) -> Option<String> {
    (*value != DimensionValue::Missing).then(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use custometer_core::measure::count;
    use custometer_core::{Baseline, Definition, Direction, Scope, Source, Unit, Value};
    use jiff::civil::date;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::report::basis::GroupSize;

    /// Group values by column.
    type Values<'a> = &'a [(&'a str, &'a str)];

    fn first_of(month: i8) -> Zoned {
        date(2025, month, 1).in_tz("Europe/Copenhagen").unwrap()
    }

    /// A row of a request by region, product or both, over the months `[from, until)`, with everything filled in.
    fn over(request: &str, grain: Grain, (from, until): (i8, i8), values: Values<'_>, n: f64) -> ResultRow {
        ResultRow {
            request: request.to_owned(),
            metric: "test.metric",
            start: Some(first_of(from)),
            end: Some(first_of(until)),
            period: None,
            window_start: None,
            partial: false,
            grain,
            breakdown: values.len(),
            dimensions: values.iter().map(|(column, value)| ((*column).to_owned(), (*value).into())).collect(),
            value: Some(n * 10.0),
            unit: Unit::Count,
            currency: None,
            digits: None,
            direction: Direction::Neutral,
            low: Some(n * 9.0),
            high: Some(n * 11.0),
            n: Some(n),
            measures: vec![("orders".to_owned(), Some(n))],
            note: Some("as defined".to_owned()),
            suppressed: false,
            comparisons: Vec::new(),
            group_comparison: None,
            target: None,
            benchmark: None,
            process_limits: None,
            parts: None,
        }
    }

    fn january(values: Values<'_>, n: f64) -> ResultRow {
        over("orders", Grain::Month, (1, 2), values, n)
    }

    /// The rows as they are left, with a least size of 5 and all requests on one table.
    fn suppressed_alone(mut rows: Vec<ResultRow>) -> Vec<ResultRow> {
        suppress(&mut rows, 5, |_| plain(0));
        rows
    }

    /// The same beside a small group of another month, which is what goes first for the ledger's sake.
    fn suppressed(mut rows: Vec<ResultRow>) -> Vec<ResultRow> {
        rows.push(over("orders", Grain::Month, (9, 10), &[("region", "@")], 5.0));
        let mut rows = suppressed_alone(rows);
        rows.pop();
        rows
    }

    fn plain(table: usize) -> Basis {
        Basis { table, size: GroupSize::N, tells_bucket: false }
    }

    /// The groups that are hidden, as text.
    fn hidden(rows: Vec<ResultRow>) -> Vec<String> {
        let text = |row: &ResultRow| row.dimensions.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" ");
        suppressed(rows).iter().filter(|row| row.suppressed).map(text).collect()
    }

    fn regions(sizes: &[(&str, f64)]) -> Vec<ResultRow> {
        sizes.iter().map(|(region, n)| january(&[("region", region)], *n)).collect()
    }

    fn nothing_is_left(row: &ResultRow) -> bool {
        let bare = [row.value, row.low, row.high, row.n].iter().chain(row.measures.iter().map(|(_, measure)| measure)).all(Option::is_none);
        let compared = row.comparisons.iter().all(|comparison| {
            [comparison.value, comparison.n, comparison.change, comparison.relative_change, comparison.p_value].iter().all(Option::is_none)
                && comparison.significant.is_none()
        });
        bare && compared && row.dimensions.len() == row.breakdown
    }

    #[test]
    fn the_ledger_does_not_count_what_is_before_the_period() {
        // 43 rows were used, of which 40 are February's; January, which it is compared with, is none of them.
        let mut february = over("orders", Grain::Month, (2, 3), &[], 40.0);
        february.comparisons = vec![Comparison {
            start: Some(first_of(1)),
            end: Some(first_of(2)),
            value: Some(30.0),
            n: Some(30.0),
            ..Comparison::unknown(Baseline::Previous)
        }];
        let rows = suppressed_alone(vec![february, over("orders", Grain::Month, (3, 4), &[], 3.0)]);
        assert_eq!(rows.iter().map(|row| row.suppressed).collect::<Vec<_>>(), [true, true]);
    }

    #[test]
    fn the_ledger_tells_the_sum_of_all_groups() {
        let sizes = |rows: Vec<ResultRow>| suppressed_alone(rows).iter().map(|row| row.suppressed).collect::<Vec<_>>();
        // 103 rows used, of which 100 are North's.
        assert_eq!(sizes(regions(&[("North", 100.0), ("South", 3.0)])), [true, true]);
        // Over months, too, and the smallest other group goes.
        let month = |from: i8, n| over("orders", Grain::Month, (from, from + 1), &[("region", "A")], n);
        assert_eq!(sizes(vec![month(1, 20.0), month(2, 3.0), month(3, 30.0)]), [true, true, false]);
        // Five people in five groups are one in each.
        let five =
            [vec![january(&[], 105.0)], regions(&[("A", 1.0), ("B", 1.0), ("C", 1.0), ("D", 1.0), ("E", 1.0), ("F", 100.0)])].concat();
        assert_eq!(sizes(five), [false, true, true, true, true, true, true]);
    }

    #[test]
    fn a_small_group_alone_is_hidden_alone() {
        let before = regions(&[("A", 4.0), ("B", 5.0), ("C", 0.0)]);
        let after = suppressed(before.clone());
        assert!(after[0].suppressed && nothing_is_left(&after[0]), "{:?}", after[0]);
        assert_eq!(after[0].note.as_deref(), Some("as defined"));
        assert_eq!(after[1..], before[1..]);
    }

    #[test]
    fn the_smallest_other_group_goes_too_where_the_total_is_shown() {
        let with_total = |sizes: &[(&str, f64)]| {
            let total = sizes.iter().map(|(_, n)| n).sum();
            hidden([vec![january(&[], total)], regions(sizes)].concat())
        };
        assert_eq!(with_total(&[("A", 3.0), ("B", 30.0), ("C", 20.0)]), ["A", "C"]);
        // Among equals the first by name; empty groups hide nobody.
        assert_eq!(with_total(&[("A", 3.0), ("D", 20.0), ("C", 20.0), ("B", 0.0)]), ["A", "C"]);
        // Two that are small together still are.
        assert_eq!(with_total(&[("A", 2.0), ("B", 2.0), ("C", 20.0), ("D", 30.0)]), ["A", "B", "C"]);
        assert_eq!(with_total(&[("A", 4.0), ("B", 3.0), ("C", 20.0)]), ["A", "B"]);
        // Of five together, one has from one to four: closer than the least size.
        assert_eq!(with_total(&[("A", 2.0), ("B", 3.0), ("C", 20.0)]), ["A", "B", "C"]);
        assert_eq!(with_total(&[("A", 20.0), ("B", 30.0)]), [""; 0]);
    }

    #[test]
    fn a_total_of_one_group_is_that_group() {
        // The total of a table with one, small region; by product, one of the two has to go for the total to be hidden.
        let rows = vec![
            january(&[], 50.0),
            january(&[("region", "A")], 50.0),
            january(&[("region", "A"), ("product", "P")], 47.0),
            january(&[("region", "A"), ("product", "Q")], 3.0),
        ];
        assert_eq!(hidden(rows), ["A P", "A Q"]);
        let small =
            vec![january(&[("region", "A")], 60.0), january(&[("region", "B")], 3.0), january(&[("region", "B"), ("product", "P")], 3.0)];
        assert_eq!(hidden(small), ["B", "B P"]);
        // A region of which only a small product is counted as occupied can't be shown either.
        let mut odd = vec![january(&[("region", "A")], 60.0), january(&[("region", "A"), ("product", "P")], 3.0)];
        assert_eq!(hidden(odd.clone()), ["A", "A P"]);
        odd.push(january(&[("region", "A"), ("product", "Q")], 0.0));
        assert_eq!(hidden(odd), ["A", "A P"]);
    }

    #[test]
    fn what_is_hidden_in_one_sum_is_protected_in_the_others() {
        // (A, P) is small. (A, Q) hides it among A's, (B, P) among P's, and then (B, Q) hides those two.
        let cell = |region, product, n| january(&[("region", region), ("product", product)], n);
        let rows = vec![
            january(&[], 133.0),
            january(&[("region", "A")], 33.0),
            january(&[("region", "B")], 100.0),
            january(&[("product", "P")], 43.0),
            january(&[("product", "Q")], 90.0),
            cell("A", "P", 3.0),
            cell("A", "Q", 30.0),
            cell("B", "P", 40.0),
            cell("B", "Q", 60.0),
        ];
        assert_eq!(hidden(rows), ["A P", "A Q", "B P", "B Q"]);
    }

    #[test]
    fn a_hidden_total_is_not_the_sum_of_groups_that_are_shown() {
        // B is hidden for A's sake, so its products must not add up to it; those of A and C hide each other.
        let mut rows = regions(&[("A", 3.0), ("B", 20.0), ("C", 40.0)]);
        rows.insert(0, january(&[], 63.0));
        for (region, product, n) in [("A", "P", 3.0), ("B", "P", 8.0), ("B", "Q", 12.0), ("C", "P", 36.0), ("C", "R", 4.0)] {
            rows.push(january(&[("region", region), ("product", product)], n));
        }
        assert_eq!(hidden(rows), ["A", "B", "A P", "B P", "C P", "C R"]);
    }

    #[test]
    fn two_breakdowns_have_their_total_in_common() {
        // The products add up to what the regions add up to, although no row shows it.
        let products = ["P", "Q"].map(|product| january(&[("product", product)], 30.0));
        let rows = [regions(&[("A", 3.0), ("B", 37.0), ("C", 20.0)]), products.to_vec()].concat();
        assert_eq!(hidden(rows), ["A", "C"]);
    }

    #[test]
    fn months_add_up_to_their_quarter() {
        let month = |from: i8, n| over("orders", Grain::Month, (from, from + 1), &[("region", "A")], n);
        let mut rows = vec![month(1, 20.0), month(2, 3.0), month(3, 30.0), month(4, 10.0)];
        let months = |rows: Vec<ResultRow>| -> Vec<i8> {
            let shown = suppressed(rows);
            shown.iter().filter(|row| row.suppressed).map(|row| row.start.as_ref().unwrap().month()).collect()
        };
        assert_eq!(months(rows.clone()), [2]);
        // The same when another request has the quarter, and not by region.
        rows.push(over("by_quarter", Grain::Quarter, (1, 4), &[("region", "A")], 53.0));
        assert_eq!(months(rows.clone()), [1, 2]);
        let last = rows.last_mut().unwrap();
        last.dimensions.clear();
        last.breakdown = 0;
        assert_eq!(months(rows.clone()), [1, 2]);
        // Four months do not fit into a period of three and a half.
        rows.last_mut().unwrap().end = Some(date(2025, 4, 15).in_tz("Europe/Copenhagen").unwrap());
        assert_eq!(months(rows.clone()), [2]);
        // A total without edges holds them all.
        let last = rows.last_mut().unwrap();
        (last.start, last.end, last.grain) = (None, None, Grain::Total);
        let hidden: Vec<bool> = suppressed_alone(rows).iter().map(|row| row.suppressed).collect();
        assert_eq!(hidden, [false, true, false, true, false]);
    }

    #[test]
    fn requests_on_one_table_hide_the_same_groups() {
        let of = |request: &str, region, n| over(request, Grain::Month, (1, 2), &[("region", region)], n);
        let rows = vec![of("nps", "A", 20.0), of("nps", "B", 20.0), of("csat", "A", 4.0), of("csat", "B", 20.0), of("orders", "A", 20.0)];
        let hidden_with = |table_of: fn(&str) -> usize| {
            let mut rows = rows.clone();
            suppress(&mut rows, 5, |request| plain(table_of(request)));
            rows.iter().map(|row| row.suppressed).collect::<Vec<_>>()
        };
        assert_eq!(hidden_with(|request| usize::from(request == "orders")), [true, true, true, true, false]);
        assert_eq!(hidden_with(str::len), [false, false, true, true, false]);
    }

    #[test]
    fn a_group_is_safe_for_each_request_by_itself() {
        // B has nobody for csat: it does not hide A there, so C has to.
        let of = |request: &str, region, n| over(request, Grain::Month, (1, 2), &[("region", region)], n);
        let rows = vec![
            over("nps", Grain::Month, (1, 2), &[], 43.0),
            of("nps", "A", 3.0),
            of("nps", "B", 10.0),
            of("nps", "C", 30.0),
            of("csat", "A", 3.0),
            of("csat", "B", 0.0),
            of("csat", "C", 30.0),
        ];
        assert_eq!(hidden(rows), ["A", "B", "C", "A", "B", "C"]);
    }

    #[test]
    fn values_are_the_same_as_numbers_and_as_text() {
        let mut number = over("csat", Grain::Month, (1, 2), &[("year", "2024")], 30.0);
        number.dimensions[0].1 = 2024.into();
        let rows = suppressed(vec![january(&[("year", "2024")], 3.0), number]);
        assert!(rows.iter().all(|row| row.suppressed));
        // What is missing is not the empty text.
        let mut missing = january(&[("region", "")], 3.0);
        missing.dimensions[0].1 = DimensionValue::Missing;
        let rows = suppressed(vec![missing, january(&[("region", "")], 30.0)]);
        assert_eq!(rows.iter().map(|row| row.suppressed).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn own_dimensions_of_a_hidden_group_are_not_listed() {
        let score = |region, score: i64, n| {
            let mut row = january(&[("region", region)], n);
            row.dimensions.push(("score".to_owned(), score.into()));
            row
        };
        let rows = suppressed(vec![score("A", 3, 2.0), score("A", 9, 4.0), score("B", 3, 1.0), score("B", 9, 6.0)]);
        assert_eq!(rows.len(), 3);
        assert!(rows[0].suppressed && nothing_is_left(&rows[0]), "{:?}", rows[0]);
        // The largest of its rows decides about a group.
        assert_eq!(rows[1..], [score("B", 3, 1.0), score("B", 9, 6.0)]);
    }

    #[test]
    fn a_group_that_shows_something_has_to_say_of_how_many() {
        let bare =
            |value, measure, n| ResultRow { value, n, measures: vec![("orders".to_owned(), measure)], ..january(&[("region", "A")], 0.0) };
        let is_hidden = |row: ResultRow| suppressed(vec![row])[0].suppressed;
        assert!(is_hidden(bare(Some(1.0), None, None)));
        assert!(is_hidden(bare(Some(1.0), None, Some(f64::NAN))));
        assert!(is_hidden(bare(None, Some(2.0), None)));
        assert!(!is_hidden(bare(None, Some(0.0), None)));
        assert!(!is_hidden(bare(None, None, None)));
        assert!(!is_hidden(bare(None, Some(0.0), Some(0.0))));
    }

    #[test]
    fn a_share_is_as_large_as_its_part_and_tells_the_whole() {
        let table = || Definition::over(Source::table("tickets")).measure(count("tickets")).measure(count("all").scope(Scope::Bucket));
        let share = table().value(Value::proportion("tickets", "all"));
        let basis = Basis::of(0, &share);
        assert_eq!(basis, Basis { table: 0, size: GroupSize::Measure("tickets".to_owned()), tells_bucket: true });
        assert_eq!(Basis::of(0, &table().value(Value::measure("tickets"))), Basis { size: GroupSize::N, ..basis.clone() });
        let counted = Definition::over(Source::table("tickets")).measure(count("tickets")).value(Value::measure("tickets"));
        assert_eq!(Basis::of(0, &counted), plain(0));

        let of = |bucket, region, tickets, all| {
            let mut row = over("share", Grain::Month, bucket, &[("region", region)], all);
            row.measures = vec![("tickets".to_owned(), Some(tickets)), ("all".to_owned(), Some(all))];
            row
        };
        let hidden = |mut rows: Vec<ResultRow>| {
            suppress(&mut rows, 5, |request| if request == "share" { basis.clone() } else { plain(0) });
            rows.iter().map(|row| row.suppressed).collect::<Vec<_>>()
        };
        // Its n is 40, but A has three of them; what is left of the 40 is A's without C.
        let first = [("A", 3.0), ("B", 27.0), ("C", 10.0)].map(|(region, tickets)| of((1, 2), region, tickets, 40.0));
        assert_eq!(hidden(first.to_vec()), [true, false, true]);
        // March is hidden with February, so no share of it may tell how many there were.
        let months = [(1, 40.0), (2, 3.0), (3, 20.0)].map(|(from, n)| over("orders", Grain::Month, (from, from + 1), &[], n));
        let quarter = over("orders", Grain::Quarter, (1, 4), &[], 63.0);
        let march = [("B", 10.0), ("C", 10.0)].map(|(region, tickets)| of((3, 4), region, tickets, 20.0));
        let rows = [months.to_vec(), vec![quarter.clone()], march.to_vec()].concat();
        assert_eq!(hidden(rows), [false, true, true, false, true, true]);
        let february = [("B", 2.0), ("C", 1.0)].map(|(region, tickets)| of((2, 3), region, tickets, 3.0));
        let january = [("B", 25.0), ("C", 15.0)].map(|(region, tickets)| of((1, 2), region, tickets, 40.0));
        let rows = [months.to_vec(), vec![quarter], january.to_vec(), february.to_vec(), march.to_vec()].concat();
        assert_eq!(hidden(rows), [false, true, true, false, false, false, true, true, true, true]);
    }

    #[test]
    fn the_note_of_a_hidden_row_tells_nothing_of_it() {
        let mut rows = regions(&[("A", 3.0), ("B", 30.0)]);
        rows[0].note = Some("the fit needs customers who came back".to_owned());
        assert_eq!(suppressed(rows)[0].note.as_deref(), Some("as defined"));
    }

    /// A comparison of a row with the month from `from` on, or with nothing.
    fn compared(row: ResultRow, from: Option<i8>, n: f64) -> ResultRow {
        let comparison = Comparison {
            baseline: Baseline::Previous,
            start: from.map(first_of),
            end: from.map(|from| first_of(from + 1)),
            value: from.map(|_| n * 10.0),
            n: Some(n),
            change: Some(1.0),
            relative_change: Some(2.0),
            p_value: Some(0.5),
            significant: Some(false),
        };
        ResultRow { comparisons: vec![comparison], ..row }
    }

    #[test]
    fn a_small_baseline_is_hidden_with_the_change_from_it() {
        let before = [4.0, 5.0].map(|n| compared(over("orders", Grain::Month, (3, 4), &[], 30.0), Some(2), n));
        // A small month beside them goes for the ledger's sake.
        let may = over("orders", Grain::Month, (5, 6), &[], 5.0);
        let after = before.clone().map(|row| suppressed(vec![row, may.clone()])[0].clone());
        let comparison = &after[0].comparisons[0];
        assert_eq!((comparison.value, comparison.change, comparison.p_value, comparison.significant), (None, None, None, None));
        assert_eq!(comparison.start, before[0].comparisons[0].start);
        assert_eq!(after[0].value, before[0].value);
        assert!(!after[0].suppressed);
        assert_eq!(after[1], before[1]);
        let none = suppressed(vec![compared(january(&[], 30.0), None, 0.0)]);
        assert_eq!(none[0].comparisons[0].change, None);
    }

    #[test]
    fn a_baseline_that_hides_another_is_hidden() {
        // In January B is hidden for A's sake; February must not tell of it.
        let february = |values: Values<'_>, n, before| compared(over("orders", Grain::Month, (2, 3), values, n), Some(1), before);
        let mut rows = vec![january(&[], 53.0)];
        rows.extend(regions(&[("A", 3.0), ("B", 20.0), ("C", 30.0)]));
        let names = ["A", "B", "C"];
        rows.extend(names.iter().zip([3.0, 20.0, 30.0]).map(|(region, n)| february(&[("region", region)], 50.0, n)));
        let changes = |rows: &[ResultRow]| {
            rows.iter().flat_map(|row| &row.comparisons).map(|comparison| comparison.change.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(changes(&suppressed(rows.clone())), [false, false, true]);
        // The same where January is not in the report, and is only compared with.
        let mut later = rows.split_off(4);
        later.push(february(&[], 150.0, 53.0));
        assert_eq!(changes(&suppressed(later)), [false, false, true, true]);
    }

    /// One observation, with its values of region and product, its month, and whether it counts for the second metric.
    type Observed = (u8, u8, i8, bool);

    /// The ways to cut: two grains by four breakdowns.
    fn levels() -> Vec<(Grain, Vec<&'static str>)> {
        let breakdowns = [vec![], vec!["region"], vec!["product"], vec!["region", "product"]];
        [Grain::Month, Grain::Quarter]
            .into_iter()
            .flat_map(|grain| breakdowns.clone().into_iter().map(move |names| (grain, names)))
            .collect()
    }

    fn value_of((region, product, ..): Observed, column: &str) -> String {
        if column == "region" { format!("R{region}") } else { format!("P{product}") }
    }

    /// The rows of a request over the levels chosen, in every bucket for every group that there is.
    fn report(request: &str, seen: &[Observed], chosen: &[bool], counts: impl Fn(&Observed) -> bool) -> Vec<ResultRow> {
        let mut rows = Vec::new();
        for ((grain, columns), _) in levels().into_iter().zip(chosen).filter(|(_, chosen)| **chosen) {
            let group = |observed: &Observed| columns.iter().map(|column| value_of(*observed, column)).collect::<Vec<_>>();
            let groups: BTreeSet<Vec<String>> = seen.iter().map(group).collect();
            let buckets = if grain == Grain::Month { vec![(1, 2), (2, 3), (3, 4)] } else { vec![(1, 4)] };
            for bucket in buckets {
                for values in &groups {
                    let inside =
                        |observed: &&Observed| counts(observed) && group(observed) == *values && (bucket.0..bucket.1).contains(&observed.2);
                    let named: Vec<(&str, &str)> = columns.iter().copied().zip(values.iter().map(String::as_str)).collect();
                    rows.push(over(request, grain, bucket, &named, seen.iter().filter(inside).count() as f64));
                }
            }
        }
        rows
    }

    /// Whether a row's group is a part of another's, or the same.
    fn is_part(part: &ResultRow, whole: &ResultRow) -> bool {
        part.start >= whole.start && part.end <= whole.end && whole.dimensions.iter().all(|value| part.dimensions.contains(value))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_hidden_count_follows_from_a_total_and_the_parts_that_are_shown(
            seen in vec((0..4_u8, 0..3_u8, 1..4_i8, any::<bool>()), 0..90),
            [first, second, third] in [vec(any::<bool>(), 8), vec(any::<bool>(), 8), vec(any::<bool>(), 8)],
            least in 2..9_u64,
        ) {
            let every = |_: &Observed| true;
            let before = [report("all", &seen, &first, every), report("again", &seen, &second, every), report("some", &seen, &third, |observed| observed.3)].concat();
            let mut after = before.clone();
            suppress(&mut after, least, |_| plain(0));
            let least = least as f64;

            // What is shown is as it was, what is hidden tells nothing, and nothing small is shown.
            prop_assert_eq!(after.len(), before.len());
            for (row, original) in after.iter().zip(&before) {
                if row.suppressed {
                    prop_assert!(nothing_is_left(row));
                } else {
                    prop_assert_eq!(row, original);
                    let n = original.n.unwrap();
                    prop_assert!(n == 0.0 || n >= least);
                }
            }
            if before.iter().all(|row| row.n.is_some_and(|n| n == 0.0 || n >= least)) {
                prop_assert_eq!(&after, &before);
            }

            // Someone who counts: each whole is known where it is shown, or where all its parts at some level are.
            for counted in [vec!["all", "again"], vec!["some"]] {
                let known: Vec<(&ResultRow, f64)> = after.iter().zip(&before).map(|(row, original)| (row, original.n.unwrap()))
                    .filter(|(row, _)| counted.contains(&row.request.as_str())).collect();
                for whole in report("any", &seen, &[true; 8], |_| true) {
                    let levels_below: Vec<Vec<&(&ResultRow, f64)>> = levels().iter().map(|(grain, columns)| {
                        let at_level = |row: &ResultRow| row.grain == *grain && row.dimensions.iter().map(|(name, _)| name.as_str()).eq(columns.iter().copied());
                        known.iter().filter(|(row, _)| at_level(row) && is_part(row, &whole)).collect()
                    }).filter(|parts: &Vec<_>| !parts.is_empty()).collect();
                    let told = levels_below.iter().find(|parts| parts.iter().all(|(row, _)| !row.suppressed));
                    let Some(told) = told else { continue };
                    for parts in &levels_below {
                        // Both requests of the first kind may have the level, with the same groups.
                        let of_one = |parts: &[&(&ResultRow, f64)]| parts.iter().filter(|(row, _)| row.request == parts[0].0.request).map(|part| (part.0.suppressed, part.1)).collect::<Vec<_>>();
                        let total: f64 = of_one(told).iter().map(|(_, n)| n).sum();
                        let parts = of_one(parts);
                        let shown: f64 = parts.iter().filter(|(suppressed, _)| !suppressed).map(|(_, n)| n).sum();
                        let people_hidden = parts.iter().filter(|(suppressed, n)| *suppressed && *n > 0.0).count();
                        prop_assert!(people_hidden != 1, "one group of {whole:?} is hidden");
                        prop_assert!(people_hidden == 0 || total - shown >= least, "{} are hidden in {whole:?}", total - shown);
                    }
                }
            }
        }

        #[test]
        fn a_least_size_of_one_hides_nothing(seen in vec((0..4_u8, 0..3_u8, 1..4_i8, any::<bool>()), 0..30), least in 0..2_u64) {
            let before = report("all", &seen, &[true; 8], |_| true);
            let mut after = before.clone();
            suppress(&mut after, least, |_| plain(0));
            prop_assert_eq!(after, before);
        }
    }
}
