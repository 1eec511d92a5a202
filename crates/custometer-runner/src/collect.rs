//! What a table's plans come to.
//!
//! The files are gone through once, in batches, which end in counts and in the states of aggregations. For derivations, rows are kept
//! beside that: few, narrow columns, split by entity. Each part is then derived by itself, so that only one part per core is in memory in
//! all the forms that its derivations give it.

mod accumulate;
pub(crate) mod counts;
pub(crate) mod indices;
mod keys;
pub(crate) mod ledger;
pub(crate) mod looked_up;
pub(crate) mod lookup_words;
pub(crate) mod lookups;
pub(crate) mod misses;
pub(crate) mod period;
pub(crate) mod rates;
pub(crate) mod repetition;
pub(crate) mod said;
mod spans;
mod split;
pub(crate) mod targets;
pub(crate) mod whole;
pub(crate) mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use custometer_core::aggregation::MeasureTable;
use custometer_core::time::BUCKET;
use custometer_core::{DimensionValue, dimension, parallel};
use polars::lazy::prelude::OptFlags;
use polars::prelude::{Column, DataFrame, DataType, Engine, IntoLazy, LazyFrame, PlSmallStr, PolarsError, PolarsResult, Series, col};

use crate::collect::accumulate::Accumulator;
use crate::collect::counts::{Counts, by_source, count};
use crate::collect::split::Split;
use crate::collect::words::{Vocabulary, Words};
use crate::memory::Memory;
use crate::plan::names::{FATE, FIRST, LAST, dimension_name};
use crate::plan::node::{Node, Place};
use crate::plan::{Part, TablePlan};
use crate::report::{Report, Request};

/// The finished frames of one table.
pub(crate) struct Collected {
    pub(crate) counts: Counts,
    /// By column whose words are asked for.
    pub(crate) words: Vec<Words>,
    /// What became of the rows, by input.
    pub(crate) fates: Vec<DataFrame>,
    /// Rejected rows, by input.
    pub(crate) rejected: Vec<DataFrame>,
    /// The first instant of the data in microseconds since 1970, by input; none where rows are not placed in time.
    pub(crate) known_since: Vec<Option<i64>>,
    /// The last one.
    pub(crate) last: Vec<Option<i64>>,
    /// How many rows the requests' own conditions leave out, by input and source.
    pub(crate) left_out: Vec<Vec<u64>>,
    /// How many entities are in several of the groups that a request compares.
    pub(crate) shared: BTreeMap<usize, u64>,
    /// How many rows are between the periods of the report's own that a request is by.
    pub(crate) between: BTreeMap<usize, u64>,
    /// What there is reason to doubt of the rows, by input.
    pub(crate) doubts: Vec<Vec<&'static str>>,
    /// The currencies of amounts that are summed, by input; none for an amount without one.
    pub(crate) currencies: Vec<BTreeSet<Option<String>>>,
    /// By node and place.
    pub(crate) measures: HashMap<(usize, Place), MeasureTable>,
    /// By part.
    pub(crate) details: HashMap<usize, DataFrame>,
}

/// Where rows end.
struct Ends {
    /// By node and grouping.
    accumulators: Vec<Vec<Arc<Accumulator>>>,
    /// What derivations start from, each with the nodes of these.
    splits: Vec<(Arc<Split>, Vec<usize>)>,
    /// By column whose words are asked for.
    vocabularies: Vec<Arc<Vocabulary>>,
}

impl Collected {
    /// What plans of one scan come to, each by itself.
    pub(crate) fn of_scan(plans: &[&TablePlan], report: &Report, memory: &Arc<Memory>) -> PolarsResult<Vec<Self>> {
        let ends: Vec<Ends> = plans.iter().map(|plan| Ends::of(plan, memory)).collect();
        let frames = plans.iter().zip(&ends).map(|(plan, ends)| plan.frames(report, ends)).collect::<PolarsResult<Vec<_>>>()?;
        let sizes: Vec<usize> = frames.iter().map(Vec::len).collect();
        let mut frames = collect(frames.into_iter().flatten().collect(), Engine::Streaming)?.into_iter();
        let plans = plans.iter().zip(&ends).zip(sizes);
        plans.map(|((plan, ends), size)| Self::of(plan, report, ends, frames.by_ref().take(size).collect())).collect()
    }

    /// What one plan comes to, of the frames of its plans.
    fn of(plan: &TablePlan, report: &Report, ends: &Ends, frames: Vec<DataFrame>) -> PolarsResult<Self> {
        let mut frames = frames.into_iter();
        let counts = Counts::of(&plan.counts, &mut frames)?;
        let mut next = || frames.next().ok_or_else(|| PolarsError::ComputeError("a plan gave no frame".into()));
        for _ in &ends.vocabularies {
            next()?;
        }
        let words = ends.vocabularies.iter().map(|vocabulary| vocabulary.take()).collect();
        let (mut fates, mut rejected, mut known_since, mut last) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in &plan.inputs {
            let frame = next()?;
            known_since.push(frame.column(FIRST)?.i64()?.iter().flatten().min());
            // What is wrong with a rejected row may be its time.
            let usable = frame.column(FATE)?.i32()?.iter().zip(frame.column(LAST)?.i64()?.iter()).filter(|(fate, _)| *fate <= Some(0));
            last.push(usable.filter_map(|(_, last)| last).max());
            fates.push(frame);
            rejected.push(next()?);
        }
        let mut doubts = Vec::new();
        for input in &plan.inputs {
            let frame = input.doubts.is_some().then(&mut next).transpose()?;
            doubts.push(
                input
                    .key
                    .source
                    .doubts
                    .iter()
                    .enumerate()
                    .filter(|(number, _)| holds(frame.as_ref(), *number))
                    .map(|(_, doubt)| doubt.note)
                    .collect(),
            );
        }
        let mut currencies = Vec::new();
        for input in &plan.inputs {
            let frame = input.currencies.is_some().then(&mut next).transpose()?;
            currencies.push(frame.map(|frame| texts(&frame)).transpose()?.unwrap_or_default());
        }
        let mut left_out = Vec::new();
        for input in &plan.inputs {
            left_out.push(if input.left_out.is_some() { by_source(&next()?, plan.counts.sources.len())? } else { Vec::new() });
        }
        let mut shared = BTreeMap::new();
        for (request, _) in &plan.shared {
            shared.insert(*request, count(&next()?, 0)?);
        }
        let mut between = BTreeMap::new();
        for (request, _) in &plan.between {
            between.insert(*request, count(&next()?, 0)?);
        }
        let details = details(plan, report, ends, &last, &mut frames)?;
        let mut measures = HashMap::new();
        for (position, node) in plan.nodes.iter().enumerate() {
            for ((grouping, of), accumulator) in node.groupings.iter().enumerate().zip(&ends.accumulators[position]) {
                let tables = accumulator.finish(&node.choices(of), report.confidence)?;
                for ((served, by), table) in of.served.iter().enumerate().zip(tables) {
                    let table = plan.with_decoded_keys(report, position, &by.keys, table)?;
                    measures.insert((position, Place { grouping, served }), table);
                }
            }
        }
        Ok(Self { counts, words, fates, rejected, known_since, last, left_out, shared, between, doubts, currencies, measures, details })
    }
}

/// The rows of each part that keeps rows, by part: those that end with the streams, then those derived from a split's rows.
fn details(
    plan: &TablePlan,
    report: &Report,
    ends: &Ends,
    last: &[Option<i64>],
    frames: &mut std::vec::IntoIter<DataFrame>,
) -> PolarsResult<HashMap<usize, DataFrame>> {
    let mut details: HashMap<usize, DataFrame> = HashMap::new();
    for position in plan.plain_nodes() {
        for (part, frame) in plan.take_details(report, position, frames) {
            details.insert(part, frame);
        }
    }
    for (split, nodes) in &ends.splits {
        let derive = |rows: DataFrame| {
            let rows = split.together(&rows)?.lazy();
            let of_node = |node: &usize| {
                let frames = collect(plan.frames_of_node(report, *node, &rows, ends, last[plan.nodes[*node].input()])?, Engine::InMemory)?;
                Ok(plan.take_details(report, *node, &mut frames.into_iter()))
            };
            nodes.iter().map(of_node).collect::<PolarsResult<Vec<_>>>()
        };
        let rows_of_one = nodes.iter().map(|node| plan.nodes[*node].rows_of_one()).max().unwrap_or(1);
        let of_entity = |rows: &DataFrame| nodes.first().map_or_else(String::new, |node| plan.in_words(report, *node, rows));
        let portions = split.take(rows_of_one)?;
        let derived = parallel::fold(portions, Vec::new, |derived, portion| {
            derived.push(
                split.each(portion, rows_of_one, derive, |rows| split.refused(&report.tables[plan.table].name, of_entity(rows), rows)),
            );
        });
        for derived in derived.into_iter().flatten() {
            for (part, frame) in derived?.into_iter().flatten().flatten() {
                details.entry(part).or_insert_with(|| frame.clear()).vstack_mut(&frame)?;
            }
        }
    }
    for (index, part, _) in plan.detailed(report) {
        if let Some(rows) = details.get_mut(&index) {
            *rows = plan.decoded(report, part, rows)?;
        }
    }
    Ok(details)
}

/// The texts of a frame's only column.
fn texts(frame: &DataFrame) -> PolarsResult<BTreeSet<Option<String>>> {
    let Some(column) = frame.columns().first() else { return Ok(BTreeSet::new()) };
    Ok(column.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}

/// Whether a doubt holds, by its number.
fn holds(frame: Option<&DataFrame>, number: usize) -> bool {
    let told = frame.and_then(|frame| frame.columns().get(number)?.bool().ok()?.get(0));
    told.unwrap_or(false)
}

/// Polars asks for more stack too late for its own functions, which take much of it without optimization.
const STACK: usize = 16 << 20;

/// All plans in one pass; the only place where rows are gone through.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn collect(plans: Vec<LazyFrame>, engine: Engine) -> PolarsResult<Vec<DataFrame>> {
    let plans = plans.into_iter().map(|plan| plan.logical_plan).collect();
    stacker::grow(STACK, || LazyFrame::collect_all_with_engine(plans, engine, optimizations()))
}

fn optimizations() -> OptFlags {
    OptFlags::default() | OptFlags::STREAMING
}

impl Ends {
    fn of(plan: &TablePlan, memory: &Arc<Memory>) -> Self {
        let accumulators = |node: &Node| node.groupings.iter().map(|grouping| Accumulator::new(grouping.aggregation(), memory)).collect();
        let mut derived: BTreeMap<(usize, &'static str), Vec<usize>> = BTreeMap::new();
        for (position, node) in plan.nodes.iter().enumerate() {
            if let Some(entity) = node.entity() {
                derived.entry((node.input(), entity)).or_default().push(position);
            }
        }
        let split = |((input, entity), nodes): ((usize, &str), Vec<usize>)| {
            let columns: BTreeSet<String> = nodes.iter().flat_map(|node| plan.nodes[*node].columns(&plan.inputs[input])).collect();
            (Split::new(&plan.inputs[input].usable, entity, &columns, memory), nodes)
        };
        let vocabularies = plan.words.iter().map(|asked| Vocabulary::new(asked.wanted.clone(), asked.names_others)).collect();
        Self { accumulators: plan.nodes.iter().map(accumulators).collect(), splits: derived.into_iter().map(split).collect(), vocabularies }
    }
}

impl TablePlan {
    /// Polars' optimised plans of one scan, as they will be run.
    pub(crate) fn explained(plans: &[&Self], report: &Report) -> PolarsResult<String> {
        let mut frames = Vec::new();
        let memory = Memory::new(&report.memory, report.watch());
        for plan in plans {
            let ends = Ends::of(plan, &memory);
            frames.extend(plan.frames(report, &ends)?);
            for (split, nodes) in &ends.splits {
                let rows = split.nothing()?.lazy();
                for node in nodes {
                    frames.extend(plan.frames_of_node(report, *node, &rows, &ends, None)?);
                }
            }
        }
        LazyFrame::explain_all(frames.into_iter().map(|frame| frame.logical_plan).collect(), optimizations())
    }

    /// What is kept of each row until the rows of an entity are complete: for each input and entity, how many bytes, beside texts.
    pub(crate) fn kept_of_rows(&self, report: &Report) -> PolarsResult<Vec<(usize, &'static str, usize)>> {
        const ROWS: usize = 64;
        let ends = Ends::of(self, &Memory::new(&report.memory, report.watch()));
        let kept = |(split, nodes): &(Arc<Split>, Vec<usize>)| {
            let node = nodes.first().map(|node| &self.nodes[*node]);
            let Some((node, entity)) = node.and_then(|node| Some((node, node.entity()?))) else { return Ok(None) };
            let width = |kind: &DataType| Series::full_null(PlSmallStr::EMPTY, ROWS, kind).estimated_size() / ROWS;
            Ok(Some((node.input(), entity, split.nothing()?.dtypes().iter().map(width).sum())))
        };
        ends.splits.iter().filter_map(|split| kept(split).transpose()).collect()
    }

    /// Every plan over the table's files, in the order that [`Collected::of`] takes them apart.
    fn frames(&self, report: &Report, ends: &Ends) -> PolarsResult<Vec<LazyFrame>> {
        let mut frames = self.counts.frames();
        frames.extend(ends.vocabularies.iter().zip(&self.words).map(|(vocabulary, asked)| vocabulary.sink(asked.rows.clone())));
        frames.extend(self.inputs.iter().flat_map(|input| [input.fates.clone(), input.rejected.clone()]));
        frames.extend(self.inputs.iter().filter_map(|input| input.doubts.clone()));
        frames.extend(self.inputs.iter().filter_map(|input| input.currencies.clone()));
        frames.extend(self.inputs.iter().filter_map(|input| input.left_out.clone()));
        frames.extend(self.shared.iter().chain(&self.between).map(|(_, count)| count.clone()));
        for position in self.plain_nodes() {
            let usable = &self.inputs[self.nodes[position].input()].usable;
            frames.extend(self.frames_of_node(report, position, usable, ends, None)?);
        }
        frames.extend(ends.splits.iter().map(|(split, _)| split.sink()));
        Ok(frames)
    }

    /// The nodes that have the rows of their input.
    fn plain_nodes(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].entity().is_none())
    }

    /// Whose rows these are, for a message: they are of one entity of a node's derivation.
    fn in_words(&self, report: &Report, node: usize, rows: &DataFrame) -> String {
        let Some(entity) = self.nodes[node].entity() else { return String::new() };
        let id = rows.column(entity).ok().and_then(|ids| {
            let first = ids.head(Some(1));
            let decoded = self.coded(&self.nodes[node], entity, report).map_or(Ok(first.clone()), |coded| coded.column(&first)).ok()?;
            report.shown_id(&dimension::from_series(decoded.as_materialized_series()).ok()?.first()?.to_string())
        });
        id.map_or_else(|| format!("of one `{entity}`"), |id| format!("of `{entity}` `{id}`"))
    }

    /// The plans of a node over rows of its input: those of its details first.
    fn frames_of_node(
        &self,
        report: &Report,
        node: usize,
        rows: &LazyFrame,
        ends: &Ends,
        last: Option<i64>,
    ) -> PolarsResult<Vec<LazyFrame>> {
        let reach = last.and_then(|last| report.reach(last, self.nodes[node].buckets().grain()));
        let rows = self.nodes[node].rows(rows.clone(), &self.inputs[self.nodes[node].input()], reach)?;
        let details = self.detailed(report).filter(|(_, part, _)| part.node() == node);
        let details = details.map(|(_, part, request)| self.detail_rows(&rows, part, request));
        Ok(details.chain(ends.accumulators[node].iter().map(|accumulator| accumulator.sink(rows.clone()))).collect())
    }

    /// The details of a node, from the frames of its plans, each with its part.
    fn take_details(&self, report: &Report, node: usize, frames: &mut impl Iterator<Item = DataFrame>) -> Vec<(usize, DataFrame)> {
        let parts = self.detailed(report).filter(|(_, part, _)| part.node() == node).map(|(index, ..)| index);
        let details = parts.zip(frames.by_ref()).collect();
        frames.by_ref().take(self.nodes[node].groupings.len()).for_each(drop);
        details
    }

    /// The parts whose detail tables are wanted: each such request's first one.
    fn detailed<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = (usize, &'a Part, &'a Request)> {
        let mut seen = BTreeSet::new();
        let parts = self.parts.iter().enumerate().map(|(index, part)| (index, part, &report.requests[part.request]));
        parts.filter(move |(_, part, request)| request.detail && part.baseline.is_none() && seen.insert(part.request))
    }

    fn detail_rows(&self, rows: &LazyFrame, part: &Part, request: &Request) -> LazyFrame {
        let node = &self.nodes[part.node()];
        let shown = node.entity().into_iter().map(str::to_owned).chain(request.definition.detail.iter().cloned());
        let mut columns: Vec<String> = shown.chain(part.breakdown.iter().map(|name| dimension_name(name))).collect();
        columns.extend(node.own_columns(&request.definition));
        columns.push(BUCKET.to_owned());
        rows.clone().select(columns.into_iter().map(col).collect::<Vec<_>>())
    }

    /// Detail rows with what codes in them stand for.
    fn decoded(&self, report: &Report, part: &Part, rows: &DataFrame) -> PolarsResult<DataFrame> {
        let node = &self.nodes[part.node()];
        let decoded = |column: &Column| match self.coded(node, column.name(), report) {
            Some(coded) => coded.column(column),
            None => Ok(column.clone()),
        };
        DataFrame::new(rows.height(), rows.columns().iter().map(decoded).collect::<PolarsResult<_>>()?)
    }

    /// The table of a node by some keys, with what codes in them stand for. A total is one bucket, the first.
    fn with_decoded_keys(&self, report: &Report, node: usize, keys: &[String], table: MeasureTable) -> PolarsResult<MeasureTable> {
        let values = |key: &String| self.coded(&self.nodes[node], key, report).map(|coded| coded.values()).transpose();
        let values = keys.iter().map(values).collect::<PolarsResult<Vec<_>>>()?;
        let decoded = |(value, values): (DimensionValue, &Option<Vec<DimensionValue>>)| {
            match (&value, values) {
                (DimensionValue::Integer(code), Some(values)) => usize::try_from(*code).ok().and_then(|code| values.get(code)).cloned(),
                _ => None,
            }
            .unwrap_or(value)
        };
        let total = (!keys.iter().any(|key| key == BUCKET)).then_some(DimensionValue::Integer(0));
        Ok(table.renamed(|group| total.iter().cloned().chain(group.into_iter().zip(&values).map(decoded)).collect()))
    }
}
