//! The plan of a report: as few lazy plans as its requests allow, fused over one scan per table.
//!
//! What is equal is built once, at every step: typed columns and buckets per table, checked rows per source, derived rows per derivation,
//! and one aggregation per set of keys that no larger one covers. Smaller breakdowns are rolled up from the larger one's states.

pub(crate) mod codes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::measure::{Measure, Scope};
use custometer_core::time::{BUCKET, LocalClock, index_between};
use custometer_core::{
    Aggregation, Baseline, Buckets, Column, ColumnType, Condition, Definition, Derive, DeriveContext, DimensionRule, Domain, Grain,
    NullRule, Source,
};
use polars::prelude::{
    AllowedOptimizations, BooleanChunked, DataFrame, DataType, Expr, LazyFrame, NULL, PlSmallStr, PolarsResult, UniqueKeepStrategy, col,
    len, lit, when,
};

use crate::check::tables::Table;
use crate::config::Keep;
use crate::plan::codes::{Coded, Codes};
use crate::read::column::Typed;
use crate::read::files::ROW;
use crate::read::text::{FAULT, FileIndex};
use crate::report::{Report, Request};

/// The column that says what became of a row: 0 for used, one of the numbers below, or that of the reason it is rejected for.
pub(crate) const FATE: &str = "__fate";
/// What is wrong in a rejected row, as it is written.
pub(crate) const FAULTY: &str = "__faulty";
/// How many of a group's local times clocks showed twice.
pub(crate) const AMBIGUOUS: &str = "__ambiguous";
/// The first instant of a group.
pub(crate) const FIRST: &str = "__first";
const DIMENSION: &str = "__by:";
const ALONE: &str = "__alone";
/// The row is no observation.
pub(crate) const SKIPPED: i32 = -1;
/// The row is of another time.
pub(crate) const OUTSIDE: i32 = -2;
/// How many rejected rows of each reason are shown.
pub(crate) const EXAMPLES: usize = 3;

/// Everything that is computed from one table.
pub(crate) struct TablePlan {
    /// The position of the table in the report.
    pub(crate) table: usize,
    /// What its ids and dimensions are numbered by.
    codes: Codes,
    /// Counts the rows of the files.
    pub(crate) rows_read: LazyFrame,
    /// Counts those that `where` keeps.
    pub(crate) rows_kept: LazyFrame,
    /// Counts those of them that repeat no other's key, where the table has one.
    pub(crate) rows_unique: Option<LazyFrame>,
    pub(crate) inputs: Vec<InputPlan>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) parts: Vec<Part>,
}

/// The rows of a table that one source can use, and why it can't use the others.
pub(crate) struct InputPlan {
    key: InputKey,
    pub(crate) requests: Vec<usize>,
    /// The reasons, by their number less one.
    pub(crate) reasons: Vec<Reason>,
    /// Counts rows by what became of them.
    pub(crate) fates: LazyFrame,
    /// Rejected rows: the first ones of each reason in every part of the table, or all.
    pub(crate) rejected: LazyFrame,
    pub(crate) usable: LazyFrame,
}

/// Why rows are rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) text: String,
    /// The column at fault, where it is one.
    pub(crate) column: Option<String>,
}

#[derive(Clone)]
struct InputKey {
    source: Source,
    /// The table's names for the source's columns, where they differ.
    columns: BTreeMap<String, String>,
    timed: bool,
    /// Whether rows outside the period matter, too.
    history: bool,
}

/// Rows that measures are taken over: an input's own, or derived ones.
pub(crate) struct Node {
    key: NodeKey,
    input: usize,
    derivation: Option<Arc<dyn Derive>>,
    dimensions: BTreeSet<String>,
    buckets: Arc<Buckets>,
    /// The metrics' own dimensions, each with how many values it has, where that is known.
    own: Vec<(Expr, Option<usize>)>,
    pub(crate) groupings: Vec<Grouping>,
    /// What a derivation is told; none until all that is asked of it is known.
    context: Option<DeriveContext>,
}

#[derive(Clone, PartialEq)]
struct NodeKey {
    input: usize,
    axis: Axis,
    stocks: bool,
    derivation: Option<String>,
    /// The breakdown, where each group derives by itself.
    group: Option<Vec<String>>,
}

/// One aggregation, and the sets of keys that it serves. A set without the bucket is of totals.
pub(crate) struct Grouping {
    keys: Vec<String>,
    measures: Vec<Measure>,
    pub(crate) served: Vec<Vec<String>>,
}

/// So many groups cost less to keep than rows to go through once more.
const FEW_GROUPS: f64 = 50_000.0;

/// One breakdown of one request, with the place of each of its measures.
pub(crate) struct Part {
    pub(crate) request: usize,
    /// The earlier time that it is taken at; none for the report's own.
    pub(crate) baseline: Option<Baseline>,
    pub(crate) breakdown: Vec<String>,
    pub(crate) buckets: Arc<Buckets>,
    pub(crate) node: usize,
    /// Where the group's own rows are.
    pub(crate) main: Place,
    /// Where each measure of the definition is, in its order.
    pub(crate) measures: Vec<(Place, usize)>,
}

/// A finished table: the grouping of the part's node, and the set of keys among those it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) grouping: usize,
    pub(crate) served: usize,
}

/// What rows are placed in: the buckets of a grain, at the report's own time or at an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Axis {
    /// The name of the grain.
    pub(crate) grain: &'static str,
    /// Whether a total is of the data's period, where the report has none.
    is_timed_total: bool,
    pub(crate) baseline: Option<Baseline>,
}

impl Axis {
    /// The axes of a request, its own first.
    pub(crate) fn of(request: &Request) -> impl Iterator<Item = Self> {
        let grain = request.grain.as_str();
        let is_timed_total = request.grain == Grain::Total && request.definition.source.is_always_timed;
        std::iter::once(None).chain(request.compare.iter().copied().map(Some)).map(move |baseline| Self { grain, is_timed_total, baseline })
    }
}

/// The buckets of every axis that requests use.
pub(crate) type Axes = BTreeMap<Axis, Arc<Buckets>>;

/// Plans all requests of a report, table by table. `indices` are those of each table's files.
pub(crate) fn plan(report: &Report, axes: &Axes, indices: &[Vec<FileIndex>]) -> PolarsResult<Vec<TablePlan>> {
    (0..report.tables.len())
        .filter(|&table| report.requests.iter().any(|request| request.table == table))
        .map(|table| TablePlan::new(report, table, axes, indices.get(table).map_or(&[], Vec::as_slice)))
        .collect()
}

impl TablePlan {
    fn new(report: &Report, position: usize, axes: &Axes, indices: &[FileIndex]) -> PolarsResult<Self> {
        let table = &report.tables[position];
        let requests: Vec<(usize, &Request)> =
            report.requests.iter().enumerate().filter(|(_, request)| request.table == position).collect();
        let used = requests.iter().flat_map(|(_, request)| {
            let source = &request.definition.source;
            let time = source.time.filter(|_| Axis::of(request).any(|axis| !axes[&axis].is_timeless()));
            let columns = source.columns.iter().map(|column| column.name).chain(time).map(|name| request.column(name));
            columns.chain(request.by.iter().flatten().map(String::as_str)).map(str::to_owned).collect::<Vec<_>>()
        });
        // What several plans go on from is cached by name: Polars finds equal plans only where they are equal to their ends. In the
        // streaming engine a cache is no store, but a point from which each batch goes several ways.
        let all = table.rows(indices, used.collect())?.cache();
        let kept = match &table.condition {
            Some(condition) => all.clone().filter(condition.clone()).cache(),
            None => all.clone(),
        };
        let unique = table.deduplicate.as_ref().map(|(by, keep)| unique(&kept, by, *keep, table.opened.format.is_text()).cache());
        let dimensions = requests.iter().flat_map(|(_, request)| request.by.iter().flatten().map(String::as_str));
        let codes = Codes::new(dimensions.filter(|name| table.schema.get(name) == Some(&DataType::String)));
        let base = with_typed_columns(table, &requests, unique.clone().unwrap_or_else(|| kept.clone()), axes, &codes)?.cache();
        let rows = || col(ROW).len();
        let mut plan = Self {
            table: position,
            codes,
            rows_read: all.select([rows()]),
            rows_kept: kept.select([rows()]),
            rows_unique: unique.map(|unique| unique.select([rows()])),
            inputs: Vec::new(),
            nodes: Vec::new(),
            parts: Vec::new(),
        };
        let mut keys: Vec<InputKey> = Vec::new();
        let inputs: Vec<usize> = requests
            .iter()
            .map(|(_, request)| {
                let key = InputKey::of(request, axes);
                let joined = keys.iter().enumerate().find_map(|(input, known)| Some((input, known.joined(&key)?)));
                if let Some((input, both)) = joined {
                    keys[input] = both;
                    return input;
                }
                keys.push(key);
                keys.len() - 1
            })
            .collect();
        for (input, key) in keys.into_iter().enumerate() {
            let alike = requests.iter().zip(&inputs).filter(|(_, other)| **other == input).map(|(request, _)| request);
            let all_axes: Vec<&Arc<Buckets>> = alike.clone().flat_map(|(_, request)| Axis::of(request)).map(|axis| &axes[&axis]).collect();
            let alike = alike.map(|(index, _)| *index).collect();
            plan.inputs.push(InputPlan::new(key, alike, table, &base, &all_axes, report.rejected_rows)?);
        }
        for ((index, request), &input) in requests.iter().zip(&inputs) {
            // A total is rolled up from the buckets of a grain that is wanted anyway.
            let alike =
                requests.iter().zip(&inputs).filter(|((_, other), of)| **of == input && other.is_plain() && other.grain != Grain::Total);
            let coarsest = alike.filter_map(|((_, other), _)| Axis::of(other).next()).min_by_key(|axis| axes[axis].as_slice().len());
            for axis in Axis::of(request) {
                let total = request.is_plain() && request.grain == Grain::Total && axis.baseline.is_none();
                let placed = coarsest.filter(|_| total).unwrap_or(axis);
                plan.add(*index, request, input, axis, placed, axes);
            }
        }
        // Larger breakdowns first would be found by looking at all; moving smaller ones over is simpler.
        for node in 0..plan.nodes.len() {
            plan.merge(node, table);
        }
        for node in &mut plan.nodes {
            node.finish(report, &plan.codes);
        }
        Ok(plan)
    }

    /// Adds the parts of one request on one axis, sharing what is there. Rows are `placed` in the buckets of that axis, or of a finer one.
    fn add(&mut self, index: usize, request: &Request, input: usize, axis: Axis, placed: Axis, axes: &Axes) {
        let definition = &request.definition;
        for breakdown in &request.by {
            let by_group = definition.derivation.as_ref().is_some_and(|derivation| derivation.dimensions() == DimensionRule::PartOfEntity);
            let key = NodeKey {
                input,
                axis: placed,
                stocks: has_stocks(definition),
                derivation: definition.derivation.as_ref().map(|derivation| format!("{derivation:?}")),
                group: by_group.then(|| breakdown.clone()),
            };
            let node = self.nodes.iter().position(|node| node.key == key).unwrap_or_else(|| {
                self.nodes.push(Node {
                    key,
                    input,
                    derivation: definition.derivation.clone(),
                    dimensions: BTreeSet::new(),
                    buckets: Arc::clone(&axes[&placed]),
                    own: Vec::new(),
                    groupings: Vec::new(),
                    context: None,
                });
                self.nodes.len() - 1
            });
            let (main, measures) = self.nodes[node].add(definition, breakdown, placed == axis);
            let (baseline, breakdown, buckets) = (axis.baseline, breakdown.clone(), Arc::clone(&axes[&axis]));
            self.parts.push(Part { request: index, baseline, breakdown, buckets, node, main, measures });
        }
    }

    /// Moves groupings into another one of the node, to be rolled up from its states: those whose keys are among the other's, and those
    /// that with it make few groups.
    fn merge(&mut self, node: usize, table: &Table) {
        let sizes = self.nodes[node].key_sizes(table);
        let groupings = &mut self.nodes[node].groupings;
        while let Some((small, large)) = mergeable(groupings, &sizes) {
            let Grouping { keys, measures, served } = groupings.remove(small);
            let target_index = if large > small { large - 1 } else { large };
            let target = &mut groupings[target_index];
            let added: Vec<String> = keys.into_iter().filter(|key| !target.keys.contains(key)).collect();
            target.keys.extend(added);
            let served_from = target.served.len();
            target.served.extend(served);
            let moved: Vec<usize> = measures.into_iter().map(|measure| target.measure(measure)).collect();
            let relocate = |place: &mut Place| {
                if place.grouping == small {
                    *place = Place { grouping: target_index, served: place.served + served_from };
                    return true;
                }
                if place.grouping > small {
                    place.grouping -= 1;
                }
                false
            };
            for part in self.parts.iter_mut().filter(|part| part.node == node) {
                relocate(&mut part.main);
                for (place, measure) in &mut part.measures {
                    if relocate(place) {
                        *measure = moved[*measure];
                    }
                }
            }
        }
    }
}

/// Two groupings of which the first is better served by the second.
fn mergeable(groupings: &[Grouping], sizes: &BTreeMap<String, Option<usize>>) -> Option<(usize, usize)> {
    let within =
        |small: &Grouping, large: &Grouping| small.keys.len() < large.keys.len() && small.keys.iter().all(|key| large.keys.contains(key));
    let few = |small: &Grouping, large: &Grouping| {
        let keys: BTreeSet<&String> = small.keys.iter().chain(&large.keys).collect();
        let groups = keys.into_iter().map(|key| sizes.get(key).copied().flatten().map_or(f64::INFINITY, |size| size as f64));
        groups.product::<f64>() <= FEW_GROUPS
    };
    let pair = |fits: &dyn Fn(&Grouping, &Grouping) -> bool| {
        (0..groupings.len()).find_map(|small| {
            let large = (0..groupings.len()).find(|&large| large != small && fits(&groupings[small], &groupings[large]))?;
            Some((small, large))
        })
    };
    pair(&within).or_else(|| pair(&few))
}

impl Grouping {
    /// The position of a measure, computed once however many ask for it.
    fn measure(&mut self, measure: Measure) -> usize {
        let same = |known: &Measure| known.aggregate == measure.aggregate && known.filter == measure.filter;
        self.measures.iter().position(same).unwrap_or_else(|| {
            self.measures.push(measure);
            self.measures.len() - 1
        })
    }

    /// The aggregation over all its measures.
    pub(crate) fn aggregation(&self) -> Aggregation {
        Aggregation::new(self.keys.clone(), self.measures.clone())
    }

    /// The keys without the engine's own, for people.
    pub(crate) fn shown_keys(&self) -> Vec<&str> {
        self.keys.iter().filter(|key| *key != BUCKET).map(|key| key.strip_prefix(DIMENSION).unwrap_or(key)).collect()
    }

    /// Whether its groups are of buckets, and not of the whole period.
    pub(crate) fn is_by_bucket(&self) -> bool {
        self.keys.iter().any(|key| key == BUCKET)
    }

    /// How many sets of keys are rolled up from a larger one.
    pub(crate) fn rolled_up(&self) -> usize {
        self.served.iter().filter(|served| served.len() < self.keys.len()).count()
    }

    /// The measures.
    pub(crate) fn measures(&self) -> &[Measure] {
        &self.measures
    }
}

/// Whether a definition's values include all that was before.
fn has_stocks(definition: &Definition) -> bool {
    definition.measures.iter().any(Measure::is_stock)
}

/// Of rows that share a key, one. A row without a part of it, or one that is damaged, shares it with none.
fn unique(rows: &LazyFrame, by: &[String], keep: Keep, text: bool) -> LazyFrame {
    let keyless = by.iter().map(|name| col(name.as_str()).is_null()).chain(text.then(|| col(FAULT).is_not_null())).reduce(Expr::or);
    let alone = keyless.map_or(lit(NULL), |keyless| when(keyless).then(col(ROW)).otherwise(lit(NULL)));
    let keys: Vec<PlSmallStr> = by.iter().map(|name| name.as_str().into()).chain([ALONE.into()]).collect();
    let keep = if keep == Keep::Last { UniqueKeepStrategy::Last } else { UniqueKeepStrategy::First };
    rows.clone().with_column(alone.alias(ALONE)).unique_generic(Some(keys.into_iter().map(col).collect()), keep)
}

impl InputKey {
    fn of(request: &Request, axes: &Axes) -> Self {
        let definition = &request.definition;
        let timed = definition.source.time.is_some() && Axis::of(request).any(|axis| !axes[&axis].is_timeless());
        let history = !request.is_plain();
        Self { source: definition.source.clone(), columns: request.columns.clone(), timed, history }
    }

    /// One key for both, where they reject the same rows: then they differ at most in columns that reject none.
    fn joined(&self, other: &Self) -> Option<Self> {
        let rejects = |column: &&Column| {
            let any_text = matches!(column.kind, ColumnType::Text | ColumnType::Identifier) && column.domain == Domain::Any;
            let any_value = any_text || Condition::is_name(column.name);
            column.nulls != NullRule::Keep || !any_value
        };
        let same = |one: &Column, another: &Column| one == another && self.actual(one.name) == other.actual(another.name);
        let (mine, theirs) = (self.source.columns.iter().filter(rejects), other.source.columns.iter().filter(rejects));
        let alike = mine.clone().count() == theirs.clone().count() && mine.zip(theirs).all(|(one, another)| same(one, another));
        let time = |key: &Self| key.time().map(str::to_owned);
        if !alike
            || time(self) != time(other)
            || self.source.time_domain != other.source.time_domain
            || self.history != other.history
            || self.source.rules != other.source.rules
        {
            return None;
        }
        let mut both = self.clone();
        for column in other.source.columns.iter().filter(|column| !rejects(column)) {
            match self.source.columns.iter().find(|known| known.name == column.name) {
                Some(known) if same(known, column) => {}
                Some(_) => return None,
                None => {
                    both.source.columns.push(column.clone());
                    both.columns.extend(other.columns.get_key_value(column.name).map(|(name, actual)| (name.clone(), actual.clone())));
                }
            }
        }
        Some(both)
    }

    /// The table's name for one of the source's columns.
    fn actual<'a>(&'a self, logical: &'a str) -> &'a str {
        self.columns.get(logical).map_or(logical, String::as_str)
    }

    /// The column that places rows by time, where they are.
    fn time(&self) -> Option<&str> {
        self.source.time.filter(|_| self.timed).map(|time| self.actual(time))
    }

    /// The columns that are read, each once, with their types and rules: the time first.
    fn reads(&self) -> Vec<(&'static str, ColumnType, NullRule, Domain)> {
        let time = self.source.time.filter(|_| self.timed).map(|time| (time, ColumnType::Time, NullRule::Reject, self.source.time_domain));
        let columns = self.source.columns.iter().map(|column| (column.name, column.kind, column.nulls, column.domain));
        let mut seen = BTreeSet::new();
        time.into_iter().chain(columns).filter(|(name, ..)| seen.insert(*name)).collect()
    }
}

impl Node {
    /// Adds one breakdown of a definition, by bucket or as a total of all: where its groups are, and where its measures.
    fn add(&mut self, definition: &Definition, breakdown: &[String], by_bucket: bool) -> (Place, Vec<(Place, usize)>) {
        self.dimensions.extend(breakdown.iter().cloned());
        let own = definition.own_dimensions.iter().map(|own| self.own_key(&own.value, own.domain.as_ref().map(Vec::len)));
        let own: Vec<String> = own.collect();
        let keys_of = |scope: Scope| -> Vec<String> {
            let dimensions = if scope == Scope::Bucket { &[] } else { breakdown };
            let own: &[String] = if scope == Scope::Group { &own } else { &[] };
            let bucket = by_bucket.then(|| BUCKET.to_owned());
            bucket.into_iter().chain(dimensions.iter().map(|name| dimension_name(name))).chain(own.iter().cloned()).collect()
        };
        let main = self.place(keys_of(Scope::Group));
        let measures = definition.measures.iter().map(|measure| {
            let place = self.place(keys_of(measure.scope));
            (place, self.groupings[place.grouping].measure(measure.clone()))
        });
        (main, measures.collect())
    }

    /// The column that holds an own dimension; equal ones share it.
    fn own_key(&mut self, value: &Expr, size: Option<usize>) -> String {
        let position = self.own.iter().position(|(known, _)| known == value).unwrap_or_else(|| {
            self.own.push((value.clone(), size));
            self.own.len() - 1
        });
        own_name(position)
    }

    /// How many values each key has, as far as that can be told beforehand.
    fn key_sizes(&self, table: &Table) -> BTreeMap<String, Option<usize>> {
        let dimensions = self.dimensions.iter().map(|name| (dimension_name(name), table.distinct(name)));
        let own = self.own.iter().enumerate().map(|(position, (_, size))| (own_name(position), *size));
        let bucket = (BUCKET.to_owned(), Some(self.buckets.as_slice().len() + usize::from(self.key.stocks)));
        dimensions.chain(own).chain([bucket]).collect()
    }

    /// The finished table for a set of keys.
    fn place(&mut self, keys: Vec<String>) -> Place {
        let same_set = |known: &Vec<String>| known.len() == keys.len() && keys.iter().all(|key| known.contains(key));
        for (grouping, known) in self.groupings.iter_mut().enumerate() {
            if let Some(served) = known.served.iter().position(|served| *served == keys) {
                return Place { grouping, served };
            }
            if same_set(&known.keys) {
                known.served.push(keys);
                return Place { grouping, served: known.served.len() - 1 };
            }
        }
        self.groupings.push(Grouping { keys: keys.clone(), measures: Vec::new(), served: vec![keys] });
        Place { grouping: self.groupings.len() - 1, served: 0 }
    }

    /// Says what a derivation is told, once all that is asked of it is known.
    fn finish(&mut self, report: &Report, codes: &Codes) {
        let dimensions = self.dimensions.iter().map(|dimension| dimension_name(dimension)).collect();
        let texts = self.dimensions.iter().filter_map(|name| Some((dimension_name(name), codes.texts(name)?))).collect();
        let (clock, as_of) = (LocalClock::new(&report.calendar.zone), report.known_until(&self.buckets, self.key.axis.baseline));
        self.context = Some(DeriveContext { buckets: Arc::clone(&self.buckets), dimensions, texts, clock, as_of });
    }

    /// Plans the rows, from those of its input or from some entities of theirs.
    pub(crate) fn rows(&self, of_input: LazyFrame, input: &InputPlan) -> PolarsResult<LazyFrame> {
        let bucket = self.bucket(input).map_or_else(|| lit(0_i32), col);
        let mut rows = of_input.with_column(bucket.alias(BUCKET));
        if let (Some(derivation), Some(context)) = (&self.derivation, &self.context) {
            rows = derivation.derive(rows, context)?;
        }
        let count = i32::try_from(self.buckets.as_slice().len()).unwrap_or(i32::MAX);
        let before = if self.key.stocks { -1 } else { 0 };
        rows = rows.filter(col(BUCKET).gt_eq(lit(before)).and(col(BUCKET).lt(lit(count))));
        let own = self.own.iter().enumerate().map(|(position, (value, _))| value.clone().alias(own_name(position)));
        Ok(rows.with_columns(own.collect::<Vec<_>>()).cache())
    }

    /// The column of the input that has its buckets, where rows are placed in time.
    fn bucket(&self, input: &InputPlan) -> Option<String> {
        Some(bucket_name(input.key.time()?, self.key.axis))
    }

    /// The column that names the entity of its derivation, where it has one.
    pub(crate) fn entity(&self) -> Option<&'static str> {
        self.derivation.as_ref().map(|derivation| derivation.entity())
    }

    /// The columns of the input that its derivation may read.
    pub(crate) fn columns(&self, input: &InputPlan) -> impl Iterator<Item = String> {
        let dimensions = self.dimensions.iter().map(|dimension| dimension_name(dimension));
        let read = input.key.reads().into_iter().map(|(name, ..)| name.to_owned());
        read.chain(dimensions).chain(self.bucket(input))
    }

    /// What the codes in one of its columns stand for; none where it has no codes.
    pub(crate) fn coded<'p>(&self, column: &str, plan: &'p TablePlan, report: &Report) -> Option<Coded<'p>> {
        if let Some(dimension) = column.strip_prefix(DIMENSION) {
            return plan.codes.dimension(dimension);
        }
        // An own dimension may be an id as it is.
        let own = (0..).zip(&self.own).find(|(position, _)| own_name(*position) == column).map(|(_, (value, _))| value);
        let name = match own {
            Some(Expr::Column(name)) => name.as_str(),
            Some(_) => return None,
            None => column,
        };
        let input = &plan.inputs[self.input].key;
        let is_id = input.reads().iter().any(|(known, kind, ..)| *known == name && *kind == ColumnType::Identifier);
        let schema = &report.tables[plan.table].schema;
        is_id.then(|| {
            plan.codes.ids(schema.get(input.actual(name)).filter(|stored| stored.is_integer()).cloned().unwrap_or(DataType::String))
        })
    }

    /// The buckets the rows are placed in.
    pub(crate) fn buckets(&self) -> &Arc<Buckets> {
        &self.buckets
    }

    /// The derivation and whether it is made for one breakdown only, for people.
    pub(crate) fn derivation(&self) -> Option<(&str, Option<&[String]>)> {
        self.key.derivation.as_deref().map(|name| (name, self.key.group.as_deref()))
    }

    /// The position of its input.
    pub(crate) fn input(&self) -> usize {
        self.input
    }

    /// The columns that hold the own dimensions of a definition.
    pub(crate) fn own_columns(&self, definition: &Definition) -> Vec<String> {
        let position = |value: &Expr| self.own.iter().position(|(known, _)| known == value);
        definition.own_dimensions.iter().filter_map(|own| position(&own.value).map(own_name)).collect()
    }
}

/// The column that holds a breakdown's dimension: apart from the metric's own columns, which may be called the same.
pub(crate) fn dimension_name(column: &str) -> String {
    format!("{DIMENSION}{column}")
}

fn own_name(position: usize) -> String {
    format!("__own{position}")
}

fn typed_name(column: &str, kind: ColumnType) -> String {
    format!("__{column}:{}", kind.as_str())
}

fn bucket_name(time: &str, axis: Axis) -> String {
    let timed = if axis.is_timed_total { ":timed" } else { "" };
    format!("{BUCKET}:{time}:{}{timed}:{}", axis.grain, axis.baseline.map_or("", Baseline::as_str))
}

fn ambiguous_name(time: &str) -> String {
    format!("{AMBIGUOUS}:{time}")
}

/// The rows of a table with every column that its requests read, typed, the dimensions they break down by, and the bucket of every row:
/// each computed once.
fn with_typed_columns(
    table: &Table,
    requests: &[(usize, &Request)],
    rows: LazyFrame,
    axes: &Axes,
    codes: &Codes,
) -> PolarsResult<LazyFrame> {
    let mut typed: BTreeMap<String, Expr> = BTreeMap::new();
    let mut placed: BTreeMap<String, Expr> = BTreeMap::new();
    for (_, request) in requests {
        let source = &request.definition.source;
        let timed: Vec<Axis> = Axis::of(request).filter(|axis| !axes[axis].is_timeless()).collect();
        let time = source.time.filter(|_| !timed.is_empty());
        let columns = source.columns.iter().map(|column| (column.name, column.kind)).chain(time.map(|time| (time, ColumnType::Time)));
        for (name, kind) in columns {
            let name = request.column(name);
            let column = typed_column(table, name, kind)?;
            let value = if kind == ColumnType::Identifier { codes.of_ids(col(name)) } else { column.value };
            typed.insert(typed_name(name, kind), value);
            typed.extend(column.ambiguous.map(|ambiguous| (ambiguous_name(name), ambiguous.fill_null(lit(false)))));
        }
        if let Some(time) = time.map(|time| request.column(time)) {
            for axis in timed {
                placed.insert(bucket_name(time, axis), axes[&axis].index_of(col(typed_name(time, ColumnType::Time))));
            }
        }
    }
    let dimensions: BTreeSet<&str> = requests.iter().flat_map(|(_, request)| request.by.iter().flatten().map(String::as_str)).collect();
    let dimensions = dimensions.into_iter().map(|name| {
        let value = col(name);
        // A blank, and what is no number, are missing values in every format.
        let value = match table.schema.get(name) {
            Some(DataType::Float32 | DataType::Float64) => when(value.clone().is_finite()).then(value).otherwise(lit(NULL)),
            _ => value,
        };
        (dimension_name(name), codes.of_dimension(name, value))
    });
    typed.extend(dimensions);
    let named = |columns: BTreeMap<String, Expr>| columns.into_iter().map(|(name, value)| value.alias(name)).collect::<Vec<_>>();
    Ok(rows.with_columns(named(typed)).with_columns(named(placed)))
}

fn typed_column(table: &Table, name: &str, kind: ColumnType) -> PolarsResult<Typed> {
    table.typed(name, kind).map_err(|reason| polars::prelude::polars_err!(ComputeError: "{reason}"))
}

/// Whether an instant is of these years, the first and the last included, by UTC.
pub(crate) fn in_years(instant: Expr, from: i16, until: i16) -> Expr {
    let start = |year| jiff::civil::date(year, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).map(|start| start.timestamp().as_microsecond());
    let instant = instant.cast(DataType::Int64);
    instant.clone().gt_eq(lit(start(from).unwrap_or(i64::MIN))).and(instant.lt(lit(start(until + 1).unwrap_or(i64::MAX))))
}

/// What a source asks of a row: the reasons to reject it, each with when it holds.
#[derive(Default)]
struct Checks {
    reasons: Vec<Reason>,
    fails: Vec<(i32, Expr)>,
}

impl Checks {
    fn add(&mut self, text: String, column: Option<&str>, fails: Expr) {
        self.reasons.push(Reason { text, column: column.map(str::to_owned) });
        self.fails.push((i32::try_from(self.reasons.len()).unwrap_or(i32::MAX), fails.fill_null(lit(false))));
    }

    /// The number of the first reason so far that holds, or `otherwise`. Reasons that are added later are asked for apart.
    fn first(&mut self, otherwise: Expr) -> Expr {
        self.fails.drain(..).rev().fold(otherwise, |later, (number, fails)| when(fails).then(lit(number)).otherwise(later))
    }
}

impl InputPlan {
    fn new(
        key: InputKey,
        requests: Vec<usize>,
        table: &Table,
        base: &LazyFrame,
        axes: &[&Arc<Buckets>],
        all_rejected: bool,
    ) -> PolarsResult<Self> {
        let mut checks = Checks::default();
        for (reason, fails) in &table.checks {
            let column = fails.clone().meta().root_names().into_iter().find(|name| !name.starts_with("__"));
            checks.add(reason.clone(), column.as_deref(), fails.clone());
        }
        let of_table = std::mem::take(&mut checks.fails);
        let mut skips: Vec<Expr> = Vec::new();
        let reads = key.reads();
        for &(name, kind, nulls, domain) in &reads {
            let name = key.actual(name);
            let typed = typed_column(table, name, kind)?;
            let value = col(typed_name(name, kind));
            // An id that is there can be read.
            let missing = if kind == ColumnType::Identifier { value.clone().is_null() } else { typed.missing };
            match nulls {
                NullRule::Reject => checks.add(format!("`{name}` is missing"), None, missing.clone()),
                NullRule::Skip => skips.push(missing.clone()),
                NullRule::Keep => {}
            }
            let unreadable = missing.not().and(value.clone().is_null());
            checks.add(format!("`{name}` is not {}", typed.expected), Some(name), unreadable);
            match domain {
                Domain::Years { from, until } => {
                    checks.add(format!("`{name}` is not {domain}"), Some(name), in_years(value, from, until).not());
                }
                Domain::Between { min, max } => {
                    let outside = value.clone().lt(lit(min)).or(value.gt(lit(max)));
                    checks.add(format!("`{name}` is not {domain}"), Some(name), outside);
                }
                Domain::OneOf(words) => {
                    // Of an id, `value` is a code.
                    let known = words.iter().map(|word| typed.value.clone().eq(lit(*word))).reduce(Expr::or).unwrap_or_else(|| lit(false));
                    checks.add(format!("`{name}` is not {domain}"), Some(name), known.not());
                }
                Domain::Whole { min, max } => {
                    let whole = value.clone().cast(DataType::Int64).cast(DataType::Float64);
                    let broken = value.clone().cast(DataType::Float64).neq(whole);
                    let outside = value.clone().lt(lit(min)).or(value.gt(lit(max))).or(broken);
                    checks.add(format!("`{name}` is not {domain}"), Some(name), outside);
                }
                _ => {}
            }
        }
        let typed: BTreeMap<&str, String> = reads.iter().map(|&(name, kind, ..)| (name, typed_name(key.actual(name), kind))).collect();
        for rule in &key.source.rules {
            let sees_others = rule.holds.into_iter().any(|part| matches!(part, Expr::Over { .. }));
            let failed = of_table.iter().chain(&checks.fails).map(|(_, fails)| fails.clone()).chain(skips.iter().cloned());
            let failed = failed.reduce(Expr::or).filter(|_| sees_others && !rule.sees_rejected);
            // A rule speaks of the metric's own names, which the typed columns get only where they are usable.
            let column = |name: &str| {
                let typed = col(typed.get(name)?.as_str());
                // What is no row of its entity says nothing of the others.
                Some(failed.iter().fold(typed, |typed, failed| when(failed.clone()).then(lit(NULL)).otherwise(typed)))
            };
            checks.add(rule.reason.clone(), None, with_columns(rule.holds.clone(), &column).not());
        }
        // A survey without an answer is no observation, whatever else it lacks; but a damaged row may have had one.
        let fate = checks.first(lit(0_i32));
        let fate = skips.into_iter().fold(fate, |fate, skip| when(skip).then(lit(SKIPPED)).otherwise(fate));
        checks.fails = of_table;
        let mut fate = checks.first(fate);
        let reasons = checks.reasons;
        let time = key.time().map(|time| col(typed_name(time, ColumnType::Time)));
        if let Some(time) = time.clone().filter(|_| !key.history) {
            // A row of another time is that time's, good or bad; one without a time that is possible may be anyone's.
            let possible = match key.source.time_domain {
                Domain::Years { from, until } => in_years(time.clone(), from, until),
                _ => lit(true),
            };
            let outside = (index_between(time, Arc::new(edges(axes))) % lit(2)).neq(lit(0)).and(possible).fill_null(lit(false));
            fate = when(outside).then(lit(OUTSIDE)).otherwise(fate);
        }
        let judged = base.clone().with_column(fate.alias(FATE)).cache();
        let twice = key.time().map(ambiguous_name).filter(|_| key.time().is_some_and(|time| is_ambiguous(table, time)));
        let twice = twice.map_or_else(|| lit(0_u32).first(), |name| col(name).sum().cast(DataType::UInt32));
        let first = time.map_or_else(|| lit(NULL).cast(DataType::Int64).first(), |time| time.min().cast(DataType::Int64));
        let fates = judged.clone().group_by([col(FATE)]).agg([len().alias("rows"), twice.alias(AMBIGUOUS), first.alias(FIRST)]);

        let at_fault = reasons.iter().zip(1_i32..).filter_map(|(reason, number)| Some((reason.column.as_deref()?, number)));
        let faulty = at_fault.fold(lit(NULL).cast(DataType::String), |others, (column, number)| {
            when(col(FATE).eq(lit(number))).then(col(column).cast(DataType::String)).otherwise(others)
        });
        let rejected = judged.clone().filter(col(FATE).gt(lit(0))).select([col(FATE), col(ROW), faulty.alias(FAULTY)]);
        let rejected = if all_rejected { rejected } else { first_of_each(rejected) };
        let names: Vec<Expr> = typed.iter().map(|(&name, typed)| col(typed.as_str()).alias(name)).collect();
        let usable = judged.filter(col(FATE).eq(lit(0))).with_columns(names).cache();
        Ok(Self { key, requests, reasons, fates, rejected, usable })
    }

    /// The columns that the source reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        self.key.reads().iter().map(|&(name, ..)| self.key.actual(name)).collect()
    }
}

/// An expression with other columns in the place of its own, where there are any.
fn with_columns(expression: Expr, column: &dyn Fn(&str) -> Option<Expr>) -> Expr {
    expression.map_expr(|part| match part {
        Expr::Column(name) => column(&name).unwrap_or(Expr::Column(name)),
        // Polars goes into all parts of a window but its order.
        Expr::Over { function, partition_by, order_by: Some((order, options)), mapping } => {
            let order = with_columns((*order).clone(), column);
            Expr::Over { function, partition_by, order_by: Some((Arc::new(order), options)), mapping }
        }
        other => other,
    })
}

fn is_ambiguous(table: &Table, time: &str) -> bool {
    table.typed(time, ColumnType::Time).is_ok_and(|typed| typed.ambiguous.is_some())
}

/// The edges of the times that any of these buckets report: an instant after an even number of them is in none.
fn edges(axes: &[&Arc<Buckets>]) -> Vec<i64> {
    let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(|edge| edge.timestamp().as_microsecond());
    let reported =
        axes.iter().flat_map(|buckets| buckets.reported()).filter_map(|(_, bucket)| instant(&bucket.start).zip(instant(&bucket.end)));
    let mut spans: Vec<(i64, i64)> = reported.filter(|(start, end)| start < end).collect();
    spans.sort_unstable();
    let mut edges: Vec<i64> = Vec::new();
    for (start, end) in spans {
        match edges.last_mut() {
            Some(last) if start <= *last => *last = end.max(*last),
            _ => edges.extend([start, end]),
        }
    }
    edges
}

/// The first rows of each reason in every batch: few, however many are rejected.
fn first_of_each(rejected: LazyFrame) -> LazyFrame {
    let few = |rows: DataFrame| {
        let mut seen: BTreeMap<Option<i32>, usize> = BTreeMap::new();
        let mut first = |reason: Option<i32>| {
            let count = seen.entry(reason).or_default();
            *count += 1;
            *count <= EXAMPLES
        };
        let kept: BooleanChunked = rows.column(FATE)?.i32()?.iter().map(&mut first).collect();
        rows.filter(&kept)
    };
    rejected.map(few, AllowedOptimizations::STREAMING, None, Some("first of each reason"))
}
