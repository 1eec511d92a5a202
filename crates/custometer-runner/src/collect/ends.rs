//! Where the rows of a table end: in the states of aggregations, in words, and split by entity for derivations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use custometer_core::time::BUCKET;
use polars::prelude::{DataFrame, Engine, IntoLazy, LazyFrame, PolarsResult, col};

use crate::collect::accumulate::Accumulator;
use crate::collect::counted::Counted;
use crate::collect::counts::count;
use crate::collect::doubts;
use crate::collect::engine::collect;
use crate::collect::split::Split;
use crate::collect::words::Vocabulary;
use crate::memory::Memory;
use crate::plan::names::dimension_name;
use crate::plan::node::Node;
use crate::plan::{Part, TablePlan};
use crate::report::{Report, Request};

/// Where the rows of a table end.
pub(crate) struct Ends {
    /// By node and grouping.
    pub(crate) accumulators: Vec<Vec<Arc<Accumulator>>>,
    /// What is measured for the doubts of each input.
    pub(crate) doubts: Vec<Option<Arc<Accumulator>>>,
    pub(crate) splits: Vec<SplitEnd>,
    /// By column whose words are asked for.
    pub(crate) vocabularies: Vec<Arc<Vocabulary>>,
}

/// What derivations of one entity start from.
pub(crate) struct SplitEnd {
    pub(crate) split: Arc<Split>,
    pub(crate) input: usize,
    pub(crate) entity: &'static str,
    /// The nodes that are derived from its rows.
    pub(crate) nodes: Vec<usize>,
}

/// What is made of rows beside states.
#[derive(Default)]
pub(crate) struct Derived {
    /// The rows of details, by part.
    pub(crate) details: HashMap<usize, DataFrame>,
    /// How many entities are in several of the groups that a request compares.
    pub(crate) shared: BTreeMap<usize, u64>,
}

impl Derived {
    /// Adds what is made of other rows, which have none of these entities.
    pub(crate) fn extend(&mut self, other: Self) -> PolarsResult<()> {
        for (part, frame) in other.details {
            self.details.entry(part).or_insert_with(|| frame.clear()).vstack_mut(&frame)?;
        }
        for (request, entities) in other.shared {
            *self.shared.entry(request).or_default() += entities;
        }
        Ok(())
    }
}

impl Ends {
    pub(crate) fn of(plan: &TablePlan, report: &Report, memory: &Arc<Memory>) -> Self {
        let accumulators = |node: &Node| node.groupings.iter().map(|grouping| Accumulator::new(grouping.aggregation(), memory)).collect();
        let mut derived: BTreeMap<(usize, &'static str), Vec<usize>> = BTreeMap::new();
        for (position, node) in plan.nodes.iter().enumerate() {
            if let Some(entity) = node.entity() {
                derived.entry((node.input(), entity)).or_default().push(position);
            }
        }
        let split = |((input, entity), nodes): ((usize, &'static str), Vec<usize>)| {
            let columns: BTreeSet<String> = nodes.iter().flat_map(|node| plan.nodes[*node].columns(&plan.inputs[input])).collect();
            SplitEnd { split: Split::new(&plan.inputs[input].usable, entity, &columns, memory), input, entity, nodes }
        };
        Self {
            accumulators: plan.nodes.iter().map(accumulators).collect(),
            doubts: plan.inputs.iter().map(|input| doubts::accumulator(input, report, memory)).collect(),
            splits: derived.into_iter().map(split).collect(),
            vocabularies: plan.words.iter().map(|asked| Vocabulary::new(asked.wanted.clone(), asked.names_others)).collect(),
        }
    }
}

impl TablePlan {
    /// Every plan over the table's files, in the order in which [`taken_apart`](Self::taken_apart) has their frames: what is counted, then the
    /// nodes that have the rows of their input, then what gives no rows.
    pub(crate) fn frames(&self, report: &Report, ends: &Ends) -> PolarsResult<Vec<LazyFrame>> {
        let mut frames = Counted::plans(self);
        for position in self.plain_nodes() {
            let usable = &self.inputs[self.nodes[position].input()].usable;
            frames.extend(self.frames_of_node(report, position, usable, ends, None)?);
        }
        frames.extend(ends.vocabularies.iter().zip(&self.words).map(|(vocabulary, asked)| vocabulary.sink(asked.rows.clone())));
        let doubts = self.inputs.iter().zip(&ends.doubts);
        frames.extend(doubts.filter_map(|(input, doubts)| Some(doubts.as_ref()?.sink(input.usable.clone()))));
        frames.extend(ends.splits.iter().map(|of| of.split.sink()));
        Ok(frames)
    }

    /// The nodes that have the rows of their input.
    pub(crate) fn plain_nodes(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].entity().is_none())
    }

    /// What is made of some rows of a split, all those of each of their entities. The data end at `last`.
    pub(crate) fn derived(&self, report: &Report, of: (&Ends, usize), rows: &DataFrame, last: Option<i64>) -> PolarsResult<Derived> {
        let (ends, number) = of;
        let of_split = &ends.splits[number];
        let rows = of_split.split.together(rows)?.lazy();
        let mut derived = Derived::default();
        for node in &of_split.nodes {
            let frames = collect(self.frames_of_node(report, *node, &rows, ends, last)?, Engine::InMemory)?;
            derived.details.extend(self.take_details(report, *node, &mut frames.into_iter()));
        }
        for shared in self.shared.iter().filter(|shared| shared.input == of_split.input && shared.entity == of_split.entity) {
            let counted = collect(vec![shared.count(rows.clone())], Engine::InMemory)?;
            derived.shared.insert(shared.request, counted.first().map(|frame| count(frame, 0)).transpose()?.unwrap_or(0));
        }
        Ok(derived)
    }

    /// The plans over rows of a split.
    pub(crate) fn frames_of_split(
        &self,
        report: &Report,
        (ends, number): (&Ends, usize),
        rows: &LazyFrame,
        last: Option<i64>,
    ) -> PolarsResult<Vec<LazyFrame>> {
        let nodes = ends.splits[number].nodes.iter().map(|node| self.frames_of_node(report, *node, rows, ends, last));
        Ok(nodes.collect::<PolarsResult<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The plans of a node over rows of its input: those of its details first.
    pub(crate) fn frames_of_node(
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
    pub(crate) fn take_details(
        &self,
        report: &Report,
        node: usize,
        frames: &mut impl Iterator<Item = DataFrame>,
    ) -> Vec<(usize, DataFrame)> {
        let parts = self.detailed(report).filter(|(_, part, _)| part.node() == node).map(|(index, ..)| index);
        let details = parts.zip(frames.by_ref()).collect();
        frames.by_ref().take(self.nodes[node].groupings.len()).for_each(drop);
        details
    }

    /// The parts whose detail tables are wanted: each such request's first one.
    pub(crate) fn detailed<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = (usize, &'a Part, &'a Request)> {
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
}
