//! Aggregation: the measures of a table as mergeable partial states.
//!
//! [`Aggregation::add`] adds rows to a [`State`], batch by batch. States of different rows are [united](Aggregation::unite), in any order, and
//! [finished](Aggregation::finish) by all keys or by fewer. Where states are kept, or sent to another machine, they are
//! [tables](Aggregation::tables):
//!
//! | table | one row per | columns |
//! |---|---|---|
//! | scalars | group | the number of rows; per measure a count, both ends, or n, Σx and Σx² as exact texts |
//! | set | group and distinct key | per filter, whether a row that it keeps had the key |
//! | multiset | group and value | how often the value came |
//!
//! Groups, keys of sets and texts are small numbers here: what is kept of a row has 8 bytes, and is found without comparing texts.

mod apart;
mod aside;
mod coarser;
mod moments;
mod multisets;
mod sets;
mod tables;

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::{Column, DataFrame, DataType, Expr, NULL, PolarsResult, Series, col, lit, when};

pub use self::apart::Apart;
pub use self::aside::Aside;
use self::aside::Shelf;
pub use self::coarser::Span;
use self::coarser::{Coarser, unite_onto};
use self::moments::{Ends, Moments};
use self::multisets::{Multisets, Ranked, Ranks};
use self::sets::{Member, Sets};
pub use self::tables::KEY;
use crate::dimension::{self, DimensionValue};
use crate::groups::{Groups, Kind};
use crate::interner::Interner;
use crate::measure::{Aggregate, Measure};
use crate::statistics;
use crate::time::BUCKET;

/// Measures over the rows of each combination of key columns.
#[derive(Debug)]
pub struct Aggregation {
    keys: Vec<String>,
    measures: Vec<Measure>,
    /// What is read of each row beside the keys.
    read: Vec<Expr>,
    kept: Vec<Kept>,
    /// For each measure, the position of what it is finished from, and of its filter there.
    sources: Vec<(usize, usize)>,
    /// What texts are numbered by: those of each key, and then those of the keys of what is kept.
    interners: Vec<Interner>,
}

/// What is kept of a group's rows. What it reads of them is named by its position.
#[derive(Debug, Clone, PartialEq)]
enum Kept {
    /// Their number.
    Rows,
    /// The number of those that a filter keeps.
    Count { filter: usize },
    /// The smallest and the largest value.
    Ends { value: usize },
    /// n, Σx and, for variances, Σx².
    Moments { value: usize, squares: bool },
    /// The distinct keys of the rows that each filter keeps.
    Set { key: usize, filters: Vec<Option<usize>> },
    /// The values.
    Multiset { value: usize },
}

/// Filters of a set are bits.
const MOST_FILTERS: usize = 32;

/// What is kept of the rows so far.
#[derive(Debug, Clone)]
pub struct State {
    groups: Groups,
    /// How many rows each group has.
    rows: Vec<u64>,
    values: Vec<Values>,
}

/// What is kept, by group.
#[derive(Debug, Clone)]
enum Values {
    Counts(Vec<u64>),
    Ends(Vec<Ends>),
    Moments(Vec<Moments>),
    /// With how their keys are coded.
    Sets(Kind, Sets),
    Multisets(Multisets),
}

impl Aggregation {
    /// Measures grouped by `keys`. What several of them need is kept once.
    pub fn new(keys: Vec<String>, measures: Vec<Measure>) -> Self {
        let (mut read, mut kept) = (Vec::new(), Vec::new());
        let sources = measures.iter().map(|measure| keep(&mut kept, Kept::of(measure, &mut read))).collect();
        let interners = (0..keys.len() + kept.len()).map(|_| Interner::default()).collect();
        Self { keys, measures, read, kept, sources, interners }
    }

    /// The columns that groups are made of.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The measures, each under a name of its own.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// What [`add`](Self::add) is to be given of rows.
    pub fn columns(&self) -> Vec<Expr> {
        let read = self.read.iter().enumerate().map(|(position, read)| read.clone().alias(format!("__read{position}")));
        self.keys.iter().map(|key| col(key.as_str())).chain(read).collect()
    }

    /// The state of no rows.
    pub fn state(&self) -> State {
        let nothing = |kept: &Kept| match kept {
            Kept::Rows | Kept::Count { .. } => Values::Counts(Vec::new()),
            Kept::Ends { .. } => Values::Ends(Vec::new()),
            Kept::Moments { .. } => Values::Moments(Vec::new()),
            Kept::Set { .. } => Values::Sets(Kind::default(), Sets::default()),
            Kept::Multiset { .. } => Values::Multisets(Multisets::default()),
        };
        State { groups: Groups::new(self.keys.len()), rows: Vec::new(), values: self.kept.iter().map(nothing).collect() }
    }

    /// Adds rows, given by their [columns](Self::columns).
    pub fn add(&self, state: &mut State, rows: &DataFrame) -> PolarsResult<()> {
        let (keys, read) = rows.columns().split_at(self.keys.len());
        let (of_keys, of_kept) = self.interners.split_at(self.keys.len());
        let groups = state.groups.of_rows(keys, of_keys, rows.height())?;
        state.make_room();
        for group in &groups {
            state.rows[*group as usize] += 1;
        }
        for ((kept, values), interner) in self.kept.iter().zip(&mut state.values).zip(of_kept) {
            let group = |row: usize| groups[row] as usize;
            match (kept, values) {
                (Kept::Count { filter }, Values::Counts(counts)) => each_true(&read[*filter], |row| counts[group(row)] += 1)?,
                (Kept::Ends { value }, Values::Ends(ends)) => each_number(&read[*value], |row, value| ends[group(row)].add(value))?,
                (Kept::Moments { value, squares: false }, Values::Moments(moments)) => {
                    each_number(&read[*value], |row, value| moments[group(row)].add(value))?;
                }
                (Kept::Moments { value, squares: true }, Values::Moments(moments)) => {
                    each_number(&read[*value], |row, value| moments[group(row)].add_with_square(value))?;
                }
                (Kept::Multiset { value }, Values::Multisets(multisets)) => {
                    each_number(&read[*value], |row, value| multisets.add(group(row), value))?;
                }
                (Kept::Set { key, filters }, Values::Sets(kind, sets)) => {
                    *kind = Kind::of(read[*key].dtype());
                    let mut passed = vec![0; groups.len()];
                    for (bit, filter) in filters.iter().enumerate() {
                        match filter {
                            Some(filter) => each_true(&read[*filter], |row| passed[row] |= 1 << bit)?,
                            None => passed.iter_mut().for_each(|passed| *passed |= 1 << bit),
                        }
                    }
                    let keys = kind.codes(&read[*key], interner)?;
                    for ((key, group), filters) in keys.iter().zip(&groups).zip(passed) {
                        if let Some(key) = key {
                            sets.add(Member { group: *group, key, filters });
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds the state of other rows.
    pub fn unite(&self, state: &mut State, other: State) {
        let groups = state.groups.unite(&other.groups);
        state.make_room();
        unite_onto(&mut state.rows, &other.rows, &groups, |count, other| *count += other);
        for (values, others) in state.values.iter_mut().zip(other.values) {
            match (values, others) {
                (Values::Counts(counts), Values::Counts(others)) => unite_onto(counts, &others, &groups, |count, other| *count += other),
                (Values::Ends(ends), Values::Ends(others)) => unite_onto(ends, &others, &groups, Ends::unite),
                (Values::Moments(moments), Values::Moments(others)) => unite_onto(moments, &others, &groups, Moments::unite),
                (Values::Sets(kind, sets), Values::Sets(of_others, others)) => {
                    // Where there are no keys, nothing is known of their kind.
                    *kind = if sets.is_empty() { of_others } else { *kind };
                    sets.unite(others, &groups);
                }
                (Values::Multisets(multisets), Values::Multisets(others)) => multisets.unite(others, &groups),
                _ => {}
            }
        }
    }

    /// Puts aside what a state has of sets and multisets, which is what grows with the rows. The rest of it stays, and more can be added: rows, and
    /// other states of which nothing was put aside.
    pub fn put_aside(&self, state: &mut State, aside: &dyn Aside) -> PolarsResult<()> {
        for (position, values) in state.values.iter_mut().enumerate() {
            let shelf = Shelf { aside, position };
            match values {
                Values::Sets(_, sets) => sets.put_aside(shelf)?,
                Values::Multisets(multisets) => multisets.put_aside(shelf)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes back what was put aside of a state.
    pub fn take_back(&self, state: &mut State, aside: &dyn Aside) -> PolarsResult<()> {
        for (position, values) in state.values.iter_mut().enumerate() {
            let shelf = Shelf { aside, position };
            match values {
                Values::Sets(_, sets) => sets.take_back(shelf)?,
                Values::Multisets(multisets) => multisets.take_back(shelf)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The measures of the groups, for each choice of how to group.
    ///
    /// `confidence` is that of the quantiles' intervals.
    pub fn finish(&self, state: State, choices: &[By], confidence: f64) -> PolarsResult<Vec<MeasureTable>> {
        self.finish_with(state, &(), choices, confidence)
    }

    /// The same of a state of which parts were [put aside](Self::put_aside).
    pub fn finish_with(&self, state: State, aside: &dyn Aside, choices: &[By], confidence: f64) -> PolarsResult<Vec<MeasureTable>> {
        let position = |key: &String| self.keys.iter().position(|known| known == key);
        let at = position(&BUCKET.to_owned()).filter(|_| choices.iter().any(|by| by.spans.is_some()));
        let buckets = at.map(|at| whole_numbers(&state.groups.values(at, &self.interners[at])?)).transpose()?;
        let keys: Vec<Vec<usize>> = choices.iter().map(|by| by.lines().filter_map(position).collect()).collect();
        let mut grouped: Vec<Groups> = Vec::new();
        let mut coarser: Vec<Coarser<'_>> = Vec::new();
        for (by, keys) in choices.iter().zip(&keys) {
            let (groups, line_of) = state.groups.by(keys);
            let lines = Coarser::new(groups.len(), line_of);
            coarser.push(match by.spans.as_ref().zip(buckets.as_ref()) {
                Some((spans, buckets)) => lines.with_spans(spans, buckets),
                None => lines,
            });
            grouped.push(groups);
        }
        let nothing: Vec<Measured> = self.measures.iter().map(Measured::of_nothing).collect();
        let mut measured: Vec<Vec<Vec<Measured>>> = coarser.iter().map(|coarser| vec![nothing.clone(); coarser.len()]).collect();
        for (position, (kept, values)) in self.kept.iter().zip(state.values).enumerate() {
            let sources = self.measures.iter().zip(&self.sources).enumerate();
            let measures = sources.filter(|(_, (_, (from, _)))| *from == position);
            let measures: Vec<(usize, &Aggregate, usize)> = measures.map(|(at, (of, (_, filter)))| (at, &of.aggregate, *filter)).collect();
            let wanted = |(choice, _): &(usize, &Coarser<'_>)| measures.iter().any(|(at, ..)| choices[*choice].asks_for(*at));
            let coarser: Vec<(usize, &Coarser<'_>)> = coarser.iter().enumerate().filter(wanted).collect();
            let mut put = |choice: usize, group: usize, finished: &dyn Fn(&Aggregate, usize) -> Measured| {
                for (at, aggregate, filter) in measures.iter().filter(|(at, ..)| choices[choice].asks_for(*at)) {
                    measured[choice][group][*at] = finished(aggregate, *filter);
                }
            };
            let number = |number: u64| Measured::number(Some(number as f64));
            let shelf = Shelf { aside, position };
            match values {
                Values::Counts(counts) => {
                    let counts = if *kept == Kept::Rows { &state.rows } else { &counts };
                    for (choice, coarser) in coarser {
                        let counts = coarser.united(counts, |count, other| *count += other);
                        counts.into_iter().enumerate().for_each(|(group, count)| put(choice, group, &|_, _| number(count)));
                    }
                }
                Values::Ends(ends) => {
                    for (choice, coarser) in coarser {
                        for (group, ends) in coarser.united(&ends, Ends::unite).into_iter().enumerate() {
                            let end = |of: &Aggregate| if matches!(of, Aggregate::Min(_)) { ends.lowest } else { ends.highest };
                            put(choice, group, &|of, _| Measured::number(Some(end(of))));
                        }
                    }
                }
                Values::Moments(moments) => {
                    for (choice, coarser) in coarser {
                        for (group, moments) in coarser.united(&moments, Moments::unite).into_iter().enumerate() {
                            let moment = |of: &Aggregate| match of {
                                Aggregate::Mean(_) => moments.mean(),
                                Aggregate::Variance(_) => moments.variance(),
                                _ => Some(moments.sum()),
                            };
                            put(choice, group, &|of, _| Measured::number(moment(of)));
                        }
                    }
                }
                Values::Sets(_, sets) => {
                    let filters = if let Kept::Set { filters, .. } = kept { filters.len() } else { 1 };
                    let (choices, coarser): (Vec<usize>, Vec<&Coarser<'_>>) = coarser.into_iter().unzip();
                    for (choice, counts) in choices.into_iter().zip(sets.counts(filters, &coarser, buckets.as_deref(), shelf)?) {
                        let counts = counts.chunks(filters).enumerate();
                        counts.for_each(|(group, counts)| put(choice, group, &|_, filter| number(counts[filter])));
                    }
                }
                Values::Multisets(multisets) => {
                    let levels: Vec<f64> = measures.iter().map(|(_, of, _)| of.level()).collect();
                    let sizes = multisets.sizes();
                    let ranks = |coarser: &Coarser<'_>| -> Vec<Ranks> {
                        let sizes = coarser.united(&sizes, |size, other| *size += other);
                        sizes.into_iter().map(|size| Ranks::of_quantiles(size, &levels, confidence)).collect()
                    };
                    let mut asked: Vec<Vec<Ranks>> = coarser.iter().map(|(_, coarser)| ranks(coarser)).collect();
                    multisets.each_run(shelf, |runs| {
                        for ((_, coarser), asked) in coarser.iter().zip(&mut asked) {
                            let found = coarser.gathered(runs, |group, runs| asked[group].among(&Ranked::new(runs)));
                            asked.iter_mut().zip(found).for_each(|(ranks, found)| ranks.add(found));
                        }
                    })?;
                    for ((choice, _), asked) in coarser.into_iter().zip(asked) {
                        for (group, ranks) in asked.iter().enumerate() {
                            put(choice, group, &|of, _| Measured::quantile(ranks, of.level(), confidence));
                        }
                    }
                }
            }
        }
        let rows = buckets.is_some().then_some(state.rows.as_slice());
        let mut tables = Vec::new();
        for ((((by, keys), groups), coarser), measured) in choices.iter().zip(&keys).zip(&grouped).zip(&coarser).zip(measured) {
            let groups = self.named(by, (keys, groups), (coarser, rows), measured)?;
            tables.push(MeasureTable { groups, nothing: nothing.clone() });
        }
        Ok(tables)
    }

    /// What was measured of each group by the values of its keys; of spans those that have rows.
    fn named(
        &self,
        by: &By,
        (keys, lines): (&[usize], &Groups),
        (coarser, rows): (&Coarser<'_>, Option<&[u64]>),
        measured: Vec<Vec<Measured>>,
    ) -> PolarsResult<HashMap<Vec<DimensionValue>, Vec<Measured>>> {
        let mut combinations = vec![Vec::with_capacity(keys.len()); lines.len()];
        for (position, key) in keys.iter().enumerate() {
            let values = dimension::from_series(&lines.values(position, &self.interners[*key])?)?;
            combinations.iter_mut().zip(values).for_each(|(combination, value)| combination.push(value));
        }
        let Some((spans, rows)) = by.spans.as_ref().zip(rows) else { return Ok(combinations.into_iter().zip(measured).collect()) };
        let rows = coarser.united(rows, |count, other| *count += other);
        let place = by.keys.iter().position(|key| key == BUCKET).unwrap_or(0);
        let named = |line: &Vec<DimensionValue>, span: &Span| {
            let mut named = line.clone();
            named.insert(place, DimensionValue::Integer(span.number));
            named
        };
        let names = combinations.iter().flat_map(|line| spans.iter().map(move |span| named(line, span)));
        Ok(names.zip(measured).zip(rows).filter(|(_, rows)| *rows > 0).map(|(group, _)| group).collect())
    }
}

/// How a state's rows are grouped when it is finished, and what is asked of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct By {
    /// The keys.
    pub keys: Vec<String>,
    /// Instead of the buckets of the key [`BUCKET`], spans of them. They may overlap, and are in the order of both their ends.
    pub spans: Option<Arc<[Span]>>,
    /// The positions of the measures that are asked for; of all where it is none. Others are those of nothing.
    pub measures: Option<Vec<usize>>,
}

impl By {
    /// All measures by some of the keys.
    pub fn keys(keys: Vec<String>) -> Self {
        Self { keys, spans: None, measures: None }
    }

    /// The keys that make a line of buckets.
    pub fn lines(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().filter(|key| self.spans.is_none() || *key != BUCKET)
    }

    fn asks_for(&self, measure: usize) -> bool {
        self.measures.as_ref().is_none_or(|measures| measures.contains(&measure))
    }
}

/// The values of a column of buckets.
fn whole_numbers(series: &Series) -> PolarsResult<Vec<i64>> {
    Ok(series.cast(&DataType::Int64)?.i64()?.iter().map(|bucket| bucket.unwrap_or(i64::MAX)).collect())
}

impl Kept {
    /// What a measure needs. What it reads is added to `read` unless it is there.
    fn of(measure: &Measure, read: &mut Vec<Expr>) -> Self {
        let mut position = |wanted: Expr| {
            read.iter().position(|known| *known == wanted).unwrap_or_else(|| {
                read.push(wanted);
                read.len() - 1
            })
        };
        let filter = measure.filter.as_ref();
        let number = |of: &Expr| match filter {
            Some(filter) => when(filter.clone()).then(of.clone()).otherwise(lit(NULL)).cast(DataType::Float64),
            None => of.clone().cast(DataType::Float64),
        };
        match &measure.aggregate {
            Aggregate::Count => filter.map_or(Self::Rows, |filter| Self::Count { filter: position(filter.clone()) }),
            Aggregate::Min(of) | Aggregate::Max(of) => Self::Ends { value: position(number(of)) },
            Aggregate::Sum(of) | Aggregate::Mean(of) => Self::Moments { value: position(number(of)), squares: false },
            Aggregate::Variance(of) => Self::Moments { value: position(number(of)), squares: true },
            Aggregate::CountDistinct(of) => {
                Self::Set { key: position(of.clone()), filters: vec![filter.map(|filter| position(filter.clone()))] }
            }
            Aggregate::Quantile(of, _) => Self::Multiset { value: position(number(of)) },
        }
    }
}

/// Keeps what is wanted, beside what is there or as a part of it: its position, and that of its filter there.
fn keep(kept: &mut Vec<Kept>, wanted: Kept) -> (usize, usize) {
    for (position, known) in kept.iter_mut().enumerate() {
        match (known, &wanted) {
            (Kept::Moments { value, squares }, Kept::Moments { value: same, squares: wanted }) if value == same => {
                *squares |= wanted;
                return (position, 0);
            }
            (Kept::Set { key, filters }, Kept::Set { key: same, filters: wanted }) if key == same && filters.len() < MOST_FILTERS => {
                let filter = filters.iter().position(|known| *known == wanted[0]).unwrap_or(filters.len());
                if filter == filters.len() {
                    filters.extend(wanted);
                }
                return (position, filter);
            }
            (known, wanted) if known == wanted => return (position, 0),
            _ => {}
        }
    }
    kept.push(wanted);
    (kept.len() - 1, 0)
}

impl State {
    /// How many bytes it has that could be put aside.
    pub fn bytes(&self) -> u64 {
        let bytes = |values: &Values| match values {
            Values::Sets(_, sets) => sets.bytes(),
            Values::Multisets(multisets) => multisets.bytes(),
            _ => 0,
        };
        self.values.iter().map(|values| bytes(values) as u64).sum()
    }

    /// Makes room for all groups there are.
    fn make_room(&mut self) {
        let groups = self.groups.len();
        self.rows.resize(groups, 0);
        for values in &mut self.values {
            match values {
                Values::Counts(counts) => counts.resize(groups, 0),
                Values::Ends(ends) => ends.resize(groups, Ends::default()),
                Values::Moments(moments) => moments.resize(groups, Moments::default()),
                Values::Multisets(multisets) => multisets.resize(groups),
                Values::Sets(..) => {}
            }
        }
    }
}

/// Goes through the rows that a filter keeps. A null counts as false.
fn each_true(filter: &Column, mut see: impl FnMut(usize)) -> PolarsResult<()> {
    let mut row = 0;
    for flags in filter.as_materialized_series().bool()?.downcast_iter() {
        for flag in flags {
            if flag == Some(true) {
                see(row);
            }
            row += 1;
        }
    }
    Ok(())
}

/// Goes through the rows that have a number.
fn each_number(numbers: &Column, mut see: impl FnMut(usize, f64)) -> PolarsResult<()> {
    let mut row = 0;
    for numbers in numbers.as_materialized_series().f64()?.downcast_iter() {
        for number in numbers {
            if let Some(number) = number {
                see(row, *number);
            }
            row += 1;
        }
    }
    Ok(())
}

/// A finished measure of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Its value; none where there is nothing to measure.
    pub value: Option<f64>,
    /// A quantile's order-statistic interval.
    pub interval: Option<(f64, f64)>,
    /// The number of values behind a quantile.
    pub n: Option<f64>,
}

impl Measured {
    /// A plain number.
    pub fn number(value: Option<f64>) -> Self {
        Self { value: value.filter(|value| value.is_finite()), interval: None, n: None }
    }

    /// What a measure comes to in a group without rows.
    pub fn of_nothing(measure: &Measure) -> Self {
        let n = matches!(measure.aggregate, Aggregate::Quantile(..)).then_some(0.0);
        Self { value: measure.aggregate.of_nothing(), interval: None, n }
    }

    fn quantile(values: &Ranks, level: f64, confidence: f64) -> Self {
        let n = values.len();
        let at = |rank| values.at(rank);
        let interval = statistics::quantile_ranks(level, n, confidence).and_then(|(low, high)| at(low).zip(at(high)));
        let value = statistics::quantile_by_rank(level, n, at).filter(|value| value.is_finite());
        Self { value, interval: interval.filter(|(low, high)| low.is_finite() && high.is_finite()), n: Some(n as f64) }
    }
}

/// The finished measures of every group that has rows.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureTable {
    groups: HashMap<Vec<DimensionValue>, Vec<Measured>>,
    nothing: Vec<Measured>,
}

impl MeasureTable {
    /// The measures of a group, in the aggregation's order; those of nothing for a group without rows.
    pub fn get(&self, group: &[DimensionValue]) -> &[Measured] {
        self.groups.get(group).unwrap_or(&self.nothing)
    }

    /// The same measures of groups under other names: what `rename` makes of the values of their keys.
    #[must_use]
    pub fn renamed(self, mut rename: impl FnMut(Vec<DimensionValue>) -> Vec<DimensionValue>) -> Self {
        Self { groups: self.groups.into_iter().map(|(group, measured)| (rename(group), measured)).collect(), ..self }
    }

    /// The groups that have rows, in no order.
    pub fn groups(&self) -> impl Iterator<Item = &Vec<DimensionValue>> {
        self.groups.keys()
    }
}
