//! What a table's plans come to.
//!
//! The files are gone through once, in batches, which end in counts and in the states of aggregations. For derivations, rows are kept
//! beside that: few, narrow columns, split by entity. Each part is then derived by itself, so that only one part per core is in memory in
//! all the forms that its derivations give it.

pub(crate) mod accumulate;
pub(crate) mod counted;
pub(crate) mod counts;
pub(crate) mod doubts;
pub(crate) mod ends;
pub(crate) mod engine;
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
pub(crate) mod split;
pub(crate) mod targets;
pub(crate) mod whole;
pub(crate) mod words;

use std::collections::HashMap;
use std::sync::Arc;
use std::vec::IntoIter;

use custometer_core::aggregation::MeasureTable;
use custometer_core::time::BUCKET;
use custometer_core::{DimensionValue, dimension, parallel};
use polars::prelude::{Column, DataFrame, DataType, Engine, IntoLazy, PlSmallStr, PolarsError, PolarsResult, Series};

use crate::collect::counted::Counted;
use crate::collect::ends::{Derived, Ends, SplitEnd};
use crate::collect::engine::{collect, explained};
use crate::collect::words::Words;
use crate::memory::Memory;
use crate::plan::node::Place;
use crate::plan::{Part, TablePlan};
use crate::report::Report;

/// What the rows of one table come to.
pub(crate) struct Collected {
    pub(crate) counted: Counted,
    /// By column whose words are asked for.
    pub(crate) words: Vec<Words>,
    /// What there is reason to doubt of the rows, by input.
    pub(crate) doubts: Vec<Vec<&'static str>>,
    /// By node and place.
    pub(crate) measures: HashMap<(usize, Place), MeasureTable>,
    pub(crate) derived: Derived,
}

impl Collected {
    /// What plans of one scan come to, each by itself.
    pub(crate) fn of_scan(plans: &[&TablePlan], report: &Report, memory: &Arc<Memory>) -> PolarsResult<Vec<Self>> {
        let ends: Vec<Ends> = plans.iter().map(|plan| Ends::of(plan, report, memory)).collect();
        let frames = plans.iter().zip(&ends).map(|(plan, ends)| plan.frames(report, ends)).collect::<PolarsResult<Vec<_>>>()?;
        let sizes: Vec<usize> = frames.iter().map(Vec::len).collect();
        let mut frames = collect(frames.into_iter().flatten().collect(), Engine::Streaming)?.into_iter();
        let plans = plans.iter().zip(ends).zip(sizes);
        let of_plan = |((plan, ends), size): ((&&TablePlan, Ends), usize)| {
            let (counted, mut derived) = plan.taken_apart(report, &mut frames.by_ref().take(size).collect::<Vec<_>>().into_iter())?;
            derived.extend(derive(plan, report, &ends, &counted.last)?)?;
            Self::of(plan, report, &ends, (counted, derived, Finished::of(plan, report, &ends)?))
        };
        plans.map(of_plan).collect()
    }

    /// What one plan comes to, of all that ends where its rows end.
    pub(crate) fn of(
        plan: &TablePlan,
        report: &Report,
        ends: &Ends,
        (counted, mut derived, finished): (Counted, Derived, Finished),
    ) -> PolarsResult<Self> {
        let words = ends.vocabularies.iter().map(|vocabulary| vocabulary.take()).collect();
        let doubts = plan.inputs.iter().zip(&finished.doubts).map(|(input, measured)| doubts::notes(input, report, measured.as_ref()));
        let doubts = doubts.collect();
        for (index, part, _) in plan.detailed(report) {
            if let Some(rows) = derived.details.get_mut(&index) {
                *rows = plan.decoded(report, part, rows)?;
            }
        }
        Ok(Self { counted, words, doubts, measures: finished.measures, derived })
    }
}

/// Finished measures.
pub(crate) struct Finished {
    /// By node and place.
    pub(crate) measures: HashMap<(usize, Place), MeasureTable>,
    /// What is measured for the doubts of each input.
    pub(crate) doubts: Vec<Option<MeasureTable>>,
}

impl Finished {
    /// Of the states in which rows ended. None are left.
    pub(crate) fn of(plan: &TablePlan, report: &Report, ends: &Ends) -> PolarsResult<Self> {
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
        let doubts = ends.doubts.iter().map(|doubts| doubts.as_ref().map(|doubts| doubts::measured(doubts, report)).transpose());
        Ok(Self { measures, doubts: doubts.collect::<PolarsResult<_>>()? })
    }
}

/// What is derived from the rows of splits, each part of them by itself.
fn derive(plan: &TablePlan, report: &Report, ends: &Ends, last: &[Option<i64>]) -> PolarsResult<Derived> {
    let mut all = Derived::default();
    for (number, of) in ends.splits.iter().enumerate() {
        let rows_of_one = of.nodes.iter().map(|node| plan.nodes[*node].rows_of_one()).max().unwrap_or(1);
        let portions = of.split.take(rows_of_one)?;
        let derived = parallel::fold(portions, Vec::new, |derived, portion| {
            let derive = |rows: DataFrame| plan.derived(report, (ends, number), &rows, last[of.input]);
            derived.push(of.split.each(portion, rows_of_one, derive, |rows| plan.too_many(report, of, rows)));
        });
        for derived in derived.into_iter().flatten() {
            for derived in derived? {
                all.extend(derived)?;
            }
        }
    }
    Ok(all)
}

impl TablePlan {
    /// Polars' optimised plans of one scan, as they will be run.
    pub(crate) fn explained(plans: &[&Self], report: &Report) -> PolarsResult<String> {
        let mut frames = Vec::new();
        let memory = Memory::new(&report.memory, report.watch());
        for plan in plans {
            let ends = Ends::of(plan, report, &memory);
            frames.extend(plan.frames(report, &ends)?);
            for (number, of) in ends.splits.iter().enumerate() {
                frames.extend(plan.frames_of_split(report, (&ends, number), &of.split.nothing()?.lazy(), None)?);
            }
        }
        explained(frames)
    }

    /// What is kept of each row until the rows of an entity are complete: for each input and entity, how many bytes, beside texts.
    pub(crate) fn kept_of_rows(&self, report: &Report) -> PolarsResult<Vec<(usize, &'static str, usize)>> {
        const ROWS: usize = 64;
        let ends = Ends::of(self, report, &Memory::new(&report.memory, report.watch()));
        let width = |kind: &DataType| Series::full_null(PlSmallStr::EMPTY, ROWS, kind).estimated_size() / ROWS;
        let kept = |of: &SplitEnd| Ok((of.input, of.entity, of.split.nothing()?.dtypes().iter().map(width).sum()));
        ends.splits.iter().map(kept).collect()
    }

    /// That an entity of a split has too many rows, of which these are some.
    pub(crate) fn too_many(&self, report: &Report, of: &SplitEnd, rows: &DataFrame) -> PolarsError {
        let whose = of.nodes.first().map_or_else(String::new, |node| self.in_words(report, *node, rows));
        of.split.refused(&report.tables[self.table].name, whose, rows)
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

    /// What is counted of the frames of its plans, and the rows of details that end with the streams.
    pub(crate) fn taken_apart(&self, report: &Report, frames: &mut IntoIter<DataFrame>) -> PolarsResult<(Counted, Derived)> {
        let counted = Counted::of(self, frames.by_ref().take(Counted::plans(self).len()).collect())?;
        let mut derived = Derived::default();
        for position in self.plain_nodes() {
            derived.details.extend(self.take_details(report, position, frames));
        }
        Ok((counted, derived))
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
