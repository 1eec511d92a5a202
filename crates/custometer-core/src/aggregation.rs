//! Aggregation: the measures of a table as mergeable partial states.
//!
//! Two pure steps. [`Aggregation::partial`] turns rows into state rows; states of other rows can be [united](Aggregation::unite) with
//! them in any order, and onto fewer keys. [`Aggregation::finish`] turns states into the values of measures. The runner composes the
//! two in one streaming plan; an engine that shuffles between machines runs them apart.
//!
//! States are tables, one per kind:
//!
//! | state | one row per | columns |
//! |---|---|---|
//! | scalars | group | `rows`, and per measure a count, min or max, or sums in exact parts: Σx, and (n, Σx, Σx²) |
//! | set | group and distinct key | per measure, whether a row of the filter had the key |
//! | multiset | group and value | how often the value came |

use std::collections::HashMap;

use polars::prelude::{DataFrame, DataType, Expr, LazyFrame, NULL, PolarsResult, UnionArgs, col, concat, len, lit, when};

use crate::dimension::{self, DimensionValue};
use crate::exact::{self, ExactSum, PARTS};
use crate::measure::{Aggregate, Measure};
use crate::statistics;

const ROWS: &str = "__rows";
const KEY: &str = "__key";
const TIMES: &str = "__times";
const LOWEST: &str = "lowest";
const HIGHEST: &str = "highest";

/// Measures over the rows of each combination of key columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    keys: Vec<String>,
    measures: Vec<Measure>,
    states: Vec<State>,
}

/// One table of partial states, with the measures (by position) that it serves.
#[derive(Debug, Clone, PartialEq)]
enum State {
    Scalars(Vec<usize>),
    Set { key: Expr, measures: Vec<usize> },
    Multiset { value: Expr, filter: Option<Expr>, measures: Vec<usize> },
}

impl Aggregation {
    /// Measures grouped by `keys`. Measures over the same distinct key, or the same values, share one state.
    pub fn new(keys: Vec<String>, measures: Vec<Measure>) -> Self {
        let mut states: Vec<State> = vec![State::Scalars(Vec::new())];
        for (index, measure) in measures.iter().enumerate() {
            match &measure.aggregate {
                Aggregate::CountDistinct(of) => {
                    let shared = states.iter_mut().find_map(|state| match state {
                        State::Set { key, measures } if key == of => Some(measures),
                        _ => None,
                    });
                    match shared {
                        Some(measures) => measures.push(index),
                        None => states.push(State::Set { key: of.clone(), measures: vec![index] }),
                    }
                }
                Aggregate::Quantile(of, _) => {
                    let shared = states.iter_mut().find_map(|state| match state {
                        State::Multiset { value, filter, measures } if value == of && *filter == measure.filter => Some(measures),
                        _ => None,
                    });
                    match shared {
                        Some(measures) => measures.push(index),
                        None => states.push(State::Multiset { value: of.clone(), filter: measure.filter.clone(), measures: vec![index] }),
                    }
                }
                _ => {
                    if let State::Scalars(measures) = &mut states[0] {
                        measures.push(index);
                    }
                }
            }
        }
        Self { keys, measures, states }
    }

    /// The columns that groups are made of.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// How many tables [`partial`](Self::partial), [`unite`](Self::unite) and [`finish`](Self::finish) each give.
    pub fn table_count(&self) -> usize {
        self.states.len()
    }

    /// The measures, each under a name of its own.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The plans of the partial states of `rows`: one table per kind of state, always in the same order.
    ///
    /// The first one counts the rows that were seen in each group, so that a part which was lost or came twice is noticed.
    pub fn partial(&self, rows: &LazyFrame) -> Vec<LazyFrame> {
        let keys = columns(&self.keys);
        let plan = |state: &State| match state {
            State::Scalars(measures) => {
                let mut columns = vec![len().cast(DataType::Int64).alias(ROWS)];
                columns.extend(measures.iter().flat_map(|&index| scalar_state(index, &self.measures[index])));
                self.with_parts(rows.clone(), measures).group_by(&keys).agg(columns)
            }
            State::Set { key, measures } => {
                let by: Vec<Expr> = keys.iter().cloned().chain([key.clone().alias(KEY)]).collect();
                let filters: Vec<Option<&Expr>> = measures.iter().map(|&index| self.measures[index].filter.as_ref()).collect();
                // When every measure is filtered, rows that no filter takes need not enter the set.
                let wanted = filters.iter().copied().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().cloned().reduce(Expr::or));
                let rows = wanted.into_iter().fold(rows.clone(), LazyFrame::filter);
                let flags = measures.iter().zip(filters).map(|(&index, filter)| match filter {
                    Some(filter) => holds(filter).max().alias(name(index)),
                    None => lit(1_i32).first().alias(name(index)),
                });
                rows.filter(key.clone().is_not_null()).group_by(by).agg(flags.collect::<Vec<_>>())
            }
            State::Multiset { value, filter, .. } => {
                let value = value.clone().cast(DataType::Float64);
                let by: Vec<Expr> = keys.iter().cloned().chain([value.clone().alias(KEY)]).collect();
                let rows = filter.iter().cloned().fold(rows.clone(), LazyFrame::filter);
                rows.filter(value.is_not_null()).group_by(by).agg([len().cast(DataType::Int64).alias(TIMES)])
            }
        };
        self.states.iter().map(plan).collect()
    }

    /// Rows with the exact parts of every number that is summed.
    fn with_parts(&self, rows: LazyFrame, measures: &[usize]) -> LazyFrame {
        let of = |index: &&usize| summed(&self.measures[**index]);
        let numbers: Vec<Expr> = measures.iter().filter_map(|index| Some(of(&index)?.alias(name(*index)))).collect();
        let sums: Vec<String> = measures.iter().filter(|index| of(index).is_some()).map(|&index| name(index)).collect();
        let squares: Vec<String> = measures
            .iter()
            .filter(|&&index| matches!(self.measures[index].aggregate, Aggregate::Variance(_)))
            .map(|&index| name(index))
            .collect();
        let summed: Vec<String> = sums.iter().cloned().chain(squares.iter().map(|column| format!("{column}.square"))).collect();
        if summed.is_empty() {
            return rows;
        }
        exact::cut(exact::square(rows.with_columns(numbers), &squares), &summed)
    }

    /// Unites the states of several parts, onto all keys or onto some of them.
    ///
    /// `parts` are outcomes of [`partial`](Self::partial) or of this function. Any order and any split give the same.
    pub fn unite(&self, parts: &[Vec<LazyFrame>], keys: &[String]) -> PolarsResult<Vec<LazyFrame>> {
        self.states
            .iter()
            .enumerate()
            .map(|(position, state)| {
                let all: Vec<LazyFrame> = parts.iter().map(|part| part[position].clone()).collect();
                let all = if let [only] = all.as_slice() { only.clone() } else { concat(all, UnionArgs::default())? };
                let mut by = columns(keys);
                Ok(match state {
                    State::Scalars(measures) => {
                        let mut united = vec![col(ROWS).sum()];
                        united.extend(measures.iter().flat_map(|&index| unite_scalar(index, &self.measures[index])));
                        all.group_by(by).agg(united)
                    }
                    State::Set { measures, .. } => {
                        by.push(col(KEY));
                        all.group_by(by).agg(measures.iter().map(|&index| col(name(index)).max()).collect::<Vec<_>>())
                    }
                    State::Multiset { .. } => {
                        by.push(col(KEY));
                        all.group_by(by).agg([col(TIMES).sum()])
                    }
                })
            })
            .collect()
    }

    /// The plans that turn united states into finished measures, to be collected and handed to [`table`](Self::table).
    pub fn finish(&self, states: &[LazyFrame], keys: &[String]) -> Vec<LazyFrame> {
        let keys = columns(keys);
        self.states
            .iter()
            .zip(states)
            .map(|(state, frame)| match state {
                State::Scalars(_) => frame.clone(),
                State::Set { measures, .. } => {
                    let counted = measures.iter().map(|&index| col(name(index)).cast(DataType::Int64).sum());
                    frame.clone().group_by(&keys).agg(counted.collect::<Vec<_>>())
                }
                State::Multiset { .. } => frame.clone().group_by(&keys).agg([col(KEY), col(TIMES)]),
            })
            .collect()
    }

    /// The measures of every group, from the collected frames of [`finish`](Self::finish).
    ///
    /// `confidence` is that of the quantiles' intervals.
    pub fn table(&self, finished: &[DataFrame], keys: &[String], confidence: f64) -> PolarsResult<MeasureTable> {
        let mut groups: HashMap<Vec<DimensionValue>, Vec<Measured>> = HashMap::new();
        let nothing: Vec<Measured> = self.measures.iter().map(Measured::of_nothing).collect();
        for (state, frame) in self.states.iter().zip(finished) {
            let group_of = group_keys(frame, keys)?;
            let mut put = |row: usize, index: usize, measured: Measured| {
                let group = groups.entry(group_of[row].clone()).or_insert_with(|| nothing.clone());
                group[index] = measured;
            };
            match state {
                State::Scalars(measures) => {
                    for &index in measures {
                        let values = finished_scalar(frame, index, &self.measures[index])?;
                        values.into_iter().enumerate().for_each(|(row, value)| put(row, index, Measured::number(value)));
                    }
                    // A group whose rows no measure counts is a group all the same.
                    for group in &group_of {
                        if !groups.contains_key(group) {
                            groups.insert(group.clone(), nothing.clone());
                        }
                    }
                }
                State::Set { measures, .. } => {
                    for &index in measures {
                        let values = floats(frame, &name(index))?;
                        values.into_iter().enumerate().for_each(|(row, value)| put(row, index, Measured::number(value)));
                    }
                }
                State::Multiset { measures, .. } => {
                    let (values, times) = (frame.column(KEY)?.list()?, frame.column(TIMES)?.list()?);
                    for row in 0..frame.height() {
                        let (Some(values), Some(times)) = (values.get_as_series(row), times.get_as_series(row)) else { continue };
                        let (values, counts) = sorted(values.f64()?.iter().flatten().zip(times.i64()?.iter().flatten()));
                        for &index in measures {
                            if let Aggregate::Quantile(_, level) = self.measures[index].aggregate {
                                put(row, index, Measured::quantile(&values, &counts, level, confidence));
                            }
                        }
                    }
                }
            }
        }
        Ok(MeasureTable { groups, nothing })
    }
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

    fn quantile(values: &[f64], counts: &[u64], level: f64, confidence: f64) -> Self {
        let n: u64 = counts.iter().sum();
        let at = |rank| statistics::order_statistic(values, counts, rank);
        let interval = statistics::quantile_ranks(level, n, confidence).and_then(|(low, high)| at(low).zip(at(high)));
        let value = statistics::quantile(values, counts, level).filter(|value| value.is_finite());
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

    /// The groups that have rows, in no order.
    pub fn groups(&self) -> impl Iterator<Item = &Vec<DimensionValue>> {
        self.groups.keys()
    }
}

fn columns(names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| col(name.as_str())).collect()
}

fn name(index: usize) -> String {
    format!("m{index}")
}

/// 1 where a filter holds, 0 where it does not or can't be known.
fn holds(filter: &Expr) -> Expr {
    filter.clone().fill_null(lit(false)).cast(DataType::Int32)
}

fn masked(of: &Expr, filter: Option<&Expr>) -> Expr {
    match filter {
        Some(filter) => when(filter.clone()).then(of.clone()).otherwise(lit(NULL)),
        None => of.clone(),
    }
}

/// The number that a measure sums, if it sums one.
fn summed(measure: &Measure) -> Option<Expr> {
    match &measure.aggregate {
        Aggregate::Sum(of) | Aggregate::Mean(of) | Aggregate::Variance(of) => {
            Some(masked(of, measure.filter.as_ref()).cast(DataType::Float64))
        }
        _ => None,
    }
}

/// The columns of a measure's state that are sums.
fn sums_of_state(index: usize, measure: &Measure) -> Vec<String> {
    let parts = |column: String| PARTS.map(|part| format!("{column}.{part}"));
    let mut columns = match measure.aggregate {
        Aggregate::Count => return vec![name(index)],
        Aggregate::Sum(_) => parts(name(index)).to_vec(),
        Aggregate::Mean(_) | Aggregate::Variance(_) => [parts(name(index)).as_slice(), &[format!("{}.n", name(index))]].concat(),
        _ => Vec::new(),
    };
    if matches!(measure.aggregate, Aggregate::Variance(_)) {
        columns.extend(parts(format!("{}.square", name(index))));
        columns.push(format!("{}.rounded", name(index)));
    }
    columns
}

/// The columns of a variance's state that hold its ends: equal values have no variance, whatever their sums round to.
fn ends(index: usize, measure: &Measure) -> Option<[String; 2]> {
    matches!(measure.aggregate, Aggregate::Variance(_)).then(|| [LOWEST, HIGHEST].map(|end| format!("{}.{end}", name(index))))
}

fn scalar_state(index: usize, measure: &Measure) -> Vec<Expr> {
    let filter = measure.filter.as_ref();
    match &measure.aggregate {
        Aggregate::Count => vec![match filter {
            Some(filter) => holds(filter).cast(DataType::Int64).sum().alias(name(index)),
            None => len().cast(DataType::Int64).alias(name(index)),
        }],
        Aggregate::Min(of) => vec![masked(of, filter).min().alias(name(index))],
        Aggregate::Max(of) => vec![masked(of, filter).max().alias(name(index))],
        _ => {
            let n = format!("{}.n", name(index));
            let sum = |column: String| {
                if column == n { col(name(index)).count().cast(DataType::Int64).alias(column) } else { col(column).sum() }
            };
            let sums = sums_of_state(index, measure).into_iter().map(sum);
            let value = || col(name(index));
            let ends = ends(index, measure).map(|[lowest, highest]| [value().min().alias(lowest), value().max().alias(highest)]);
            sums.chain(ends.into_iter().flatten()).collect()
        }
    }
}

fn unite_scalar(index: usize, measure: &Measure) -> Vec<Expr> {
    match &measure.aggregate {
        Aggregate::Min(_) => vec![col(name(index)).min()],
        Aggregate::Max(_) => vec![col(name(index)).max()],
        _ => {
            let sums = sums_of_state(index, measure).into_iter().map(|column| col(column).sum());
            let ends = ends(index, measure).map(|[lowest, highest]| [col(lowest).min(), col(highest).max()]);
            sums.chain(ends.into_iter().flatten()).collect()
        }
    }
}

fn finished_scalar(frame: &DataFrame, index: usize, measure: &Measure) -> PolarsResult<Vec<Option<f64>>> {
    if !matches!(measure.aggregate, Aggregate::Sum(_) | Aggregate::Mean(_) | Aggregate::Variance(_)) {
        return floats(frame, &name(index));
    }
    let sums = exact_sums(frame, &name(index))?;
    if matches!(measure.aggregate, Aggregate::Sum(_)) {
        return Ok(sums.into_iter().map(|sum| Some(sum.value())).collect());
    }
    let n = integers(frame, &format!("{}.n", name(index)))?;
    if matches!(measure.aggregate, Aggregate::Mean(_)) {
        return Ok(n.into_iter().zip(sums).map(|(n, sum)| (n > 0).then(|| sum.value() / n as f64)).collect());
    }
    let column = |of: &str| format!("{}.{of}", name(index));
    let (squares, rounded) = (exact_sums(frame, &column("square"))?, floats(frame, &column("rounded"))?);
    let (lowest, highest) = (floats(frame, &column(LOWEST))?, floats(frame, &column(HIGHEST))?);
    let variance = |row: usize| match (lowest[row], highest[row]) {
        _ if n[row] < 2 => None,
        (Some(low), Some(high)) if low.total_cmp(&high).is_eq() && low.is_finite() => Some(0.0),
        _ => Some(sums[row].squares_about_mean(n[row], &squares[row], rounded[row].unwrap_or(0.0))? / (n[row] - 1) as f64),
    };
    Ok((0..frame.height()).map(variance).collect())
}

fn exact_sums(frame: &DataFrame, column: &str) -> PolarsResult<Vec<ExactSum>> {
    let [wholes @ .., rest] = PARTS.map(|part| format!("{column}.{part}"));
    let wholes = wholes.iter().map(|part| integers(frame, part)).collect::<PolarsResult<Vec<_>>>()?;
    let rest = floats(frame, &rest)?;
    let sum = |row: usize| ExactSum::new(std::array::from_fn(|part| wholes[part][row]), rest[row].unwrap_or(0.0));
    Ok((0..frame.height()).map(sum).collect())
}

/// A column of sums, of which those of nothing are 0.
fn integers(frame: &DataFrame, column: &str) -> PolarsResult<Vec<i64>> {
    Ok(frame.column(column)?.i64()?.iter().map(Option::unwrap_or_default).collect())
}

fn floats(frame: &DataFrame, column: &str) -> PolarsResult<Vec<Option<f64>>> {
    let values = frame.column(column)?.cast(&DataType::Float64)?;
    Ok(values.f64()?.iter().collect())
}

fn sorted(counted: impl Iterator<Item = (f64, i64)>) -> (Vec<f64>, Vec<u64>) {
    let mut counted: Vec<(f64, i64)> = counted.collect();
    counted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    counted.into_iter().map(|(value, times)| (value, times.unsigned_abs())).unzip()
}

/// The key of every row of a finished frame.
fn group_keys(frame: &DataFrame, keys: &[String]) -> PolarsResult<Vec<Vec<DimensionValue>>> {
    let mut groups = vec![Vec::with_capacity(keys.len()); frame.height()];
    for key in keys {
        let values = dimension::from_series(frame.column(key)?.as_materialized_series())?;
        groups.iter_mut().zip(values).for_each(|(group, value)| group.push(value));
    }
    Ok(groups)
}
