//! The plan of a report: as few lazy plans as its requests allow, fused over one scan per table.
//!
//! What is equal is built once, at every step: typed columns and buckets per table, checked rows per source, derived rows per derivation,
//! and one aggregation per set of keys that no larger one covers. Smaller breakdowns are rolled up from the larger one's states.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::measure::{Measure, Scope};
use custometer_core::time::BUCKET;
use custometer_core::{
    Aggregation, Buckets, ColumnType, Definition, Derive, DeriveContext, DimensionRule, Domain, Grain, NullRule, Source,
};
use polars::prelude::{DataType, Expr, LazyFrame, NULL, PolarsResult, col, len, lit, when};

use crate::report::{Report, Request, polars_zone};
use crate::table::Table;

const REASON: &str = "__reason";
const DIMENSION: &str = "__by:";
/// The number of a reason for which rows are left out without being rejected.
const SKIPPED: i32 = -1;

/// Everything that is computed from one table.
pub(crate) struct TablePlan {
    /// The position of the table in the report.
    pub(crate) table: usize,
    /// Counts the rows of the files.
    pub(crate) rows_read: LazyFrame,
    /// Counts those that `where` keeps.
    pub(crate) rows_kept: LazyFrame,
    pub(crate) inputs: Vec<InputPlan>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) parts: Vec<Part>,
}

/// The rows of a table that one source can use, and why it can't use the others.
pub(crate) struct InputPlan {
    key: InputKey,
    pub(crate) requests: Vec<usize>,
    /// The reasons, by their number less one.
    pub(crate) reasons: Vec<String>,
    /// Counts rejected rows by the number of their reason.
    pub(crate) rejected: LazyFrame,
    usable: LazyFrame,
}

#[derive(Clone, PartialEq)]
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
    own: Vec<Expr>,
    pub(crate) groupings: Vec<Grouping>,
    rows: Option<LazyFrame>,
}

#[derive(Clone, PartialEq)]
struct NodeKey {
    input: usize,
    grain: Grain,
    running: bool,
    derivation: Option<String>,
    /// The breakdown, where each group derives by itself.
    group: Option<Vec<String>>,
}

/// One aggregation, and the sets of keys that it serves.
pub(crate) struct Grouping {
    keys: Vec<String>,
    measures: Vec<Measure>,
    pub(crate) served: Vec<Vec<String>>,
}

/// One breakdown of one request, with the place of each of its measures.
pub(crate) struct Part {
    pub(crate) request: usize,
    pub(crate) breakdown: Vec<String>,
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

/// The buckets of every grain that requests use.
pub(crate) type BucketsByGrain = BTreeMap<&'static str, Arc<Buckets>>;

/// Plans all requests of a report, table by table.
pub(crate) fn plan(report: &Report, buckets: &BucketsByGrain) -> PolarsResult<Vec<TablePlan>> {
    (0..report.tables.len())
        .filter(|&table| report.requests.iter().any(|request| request.table == table))
        .map(|table| TablePlan::new(report, table, buckets))
        .collect()
}

impl TablePlan {
    fn new(report: &Report, position: usize, buckets: &BucketsByGrain) -> PolarsResult<Self> {
        let table = &report.tables[position];
        let requests: Vec<(usize, &Request)> =
            report.requests.iter().enumerate().filter(|(_, request)| request.table == position).collect();
        // What several plans go on from is cached by name: Polars finds equal plans only where they are equal to their ends. In the
        // streaming engine a cache is no store, but a point from which each batch goes several ways.
        let all = table.rows.clone().cache();
        let kept = match &table.condition {
            Some(condition) => all.clone().filter(condition.clone()).cache(),
            None => all.clone(),
        };
        let base = with_typed_columns(report, table, &requests, kept.clone(), buckets)?.cache();
        // Rows are counted by a column that is read anyway: a bare count would add the file's first one to the scan.
        let reads = requests.iter().find_map(|(_, request)| {
            let source = &request.definition.source;
            let first =
                source.columns.first().map(|column| column.name).or(source.time.filter(|_| !buckets[request.grain.as_str()].is_timeless()));
            first.map(|name| request.column(name)).or(request.by.iter().flatten().next().map(String::as_str))
        });
        let rows = || reads.map_or_else(len, |column| col(column).len());
        let mut plan = Self {
            table: position,
            rows_read: all.select([rows()]),
            rows_kept: kept.select([rows()]),
            inputs: Vec::new(),
            nodes: Vec::new(),
            parts: Vec::new(),
        };
        for (index, request) in requests {
            plan.add(index, request, table, &base, &buckets[request.grain.as_str()])?;
        }
        for node in &mut plan.nodes {
            node.finish(&plan.inputs)?;
        }
        Ok(plan)
    }

    /// Adds the parts of one request, sharing what is there.
    fn add(&mut self, index: usize, request: &Request, table: &Table, base: &LazyFrame, buckets: &Arc<Buckets>) -> PolarsResult<()> {
        let definition = &request.definition;
        let running = definition.measures.iter().any(|measure| measure.running);
        let timed = !buckets.is_timeless() && definition.source.time.is_some();
        let key = InputKey {
            source: definition.source.clone(),
            columns: request.columns.clone(),
            timed,
            history: running || definition.derivation.is_some(),
        };
        let input = if let Some(input) = self.inputs.iter().position(|input| input.key == key) {
            input
        } else {
            self.inputs.push(InputPlan::new(key, table, base, buckets)?);
            self.inputs.len() - 1
        };
        self.inputs[input].requests.push(index);
        for breakdown in &request.by {
            let by_group = definition.derivation.as_ref().is_some_and(|derivation| derivation.dimensions() == DimensionRule::PartOfEntity);
            let key = NodeKey {
                input,
                grain: request.grain,
                running,
                derivation: definition.derivation.as_ref().map(|derivation| format!("{derivation:?}")),
                group: by_group.then(|| breakdown.clone()),
            };
            let node = self.nodes.iter().position(|node| node.key == key).unwrap_or_else(|| {
                self.nodes.push(Node {
                    key,
                    input,
                    derivation: definition.derivation.clone(),
                    dimensions: BTreeSet::new(),
                    buckets: Arc::clone(buckets),
                    own: Vec::new(),
                    groupings: Vec::new(),
                    rows: None,
                });
                self.nodes.len() - 1
            });
            self.parts.push(self.nodes[node].add(index, node, definition, breakdown));
        }
        // Larger breakdowns first would be found by looking at all; moving smaller ones over is simpler.
        for node in 0..self.nodes.len() {
            self.merge_covered(node);
        }
        Ok(())
    }

    /// Moves groupings whose keys are among another's into that one, to be rolled up from its states.
    fn merge_covered(&mut self, node: usize) {
        let groupings = &mut self.nodes[node].groupings;
        while let Some((small, large)) = covered(groupings) {
            let Grouping { measures, served, .. } = groupings.remove(small);
            let target_index = if large > small { large - 1 } else { large };
            let target = &mut groupings[target_index];
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

/// A grouping all of whose keys are among another's.
fn covered(groupings: &[Grouping]) -> Option<(usize, usize)> {
    let within =
        |small: &Grouping, large: &Grouping| small.keys.len() < large.keys.len() && small.keys.iter().all(|key| large.keys.contains(key));
    (0..groupings.len()).find_map(|small| {
        let large = (0..groupings.len()).find(|&large| within(&groupings[small], &groupings[large]))?;
        Some((small, large))
    })
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

    /// The measures.
    pub(crate) fn measures(&self) -> &[Measure] {
        &self.measures
    }
}

impl InputKey {
    /// The table's name for one of the source's columns.
    fn actual<'a>(&'a self, logical: &'a str) -> &'a str {
        self.columns.get(logical).map_or(logical, String::as_str)
    }

    /// The column that holds the bucket of a row, where rows are placed by time.
    fn bucket(&self, grain: Grain) -> Option<Expr> {
        let time = self.source.time.filter(|_| self.timed)?;
        Some(col(bucket_name(self.actual(time), grain)))
    }

    /// The columns that are read, each once, with their types and rules: the time first.
    fn reads(&self) -> Vec<(&'static str, ColumnType, NullRule, Domain)> {
        let time = self.source.time.filter(|_| self.timed).map(|time| (time, ColumnType::Time, NullRule::Reject, Domain::Any));
        let columns = self.source.columns.iter().map(|column| (column.name, column.kind, column.nulls, column.domain));
        let mut seen = BTreeSet::new();
        time.into_iter().chain(columns).filter(|(name, ..)| seen.insert(*name)).collect()
    }
}

impl Node {
    /// Adds one breakdown of a request.
    fn add(&mut self, request: usize, position: usize, definition: &Definition, breakdown: &[String]) -> Part {
        self.dimensions.extend(breakdown.iter().cloned());
        let own: Vec<String> = definition.own_dimensions.iter().map(|own| self.own_key(&own.value)).collect();
        let keys_of = |scope: Scope| -> Vec<String> {
            let dimensions = if scope == Scope::Bucket { &[] } else { breakdown };
            let own: &[String] = if scope == Scope::Group { &own } else { &[] };
            std::iter::once(BUCKET.to_owned())
                .chain(dimensions.iter().map(|name| dimension_name(name)))
                .chain(own.iter().cloned())
                .collect()
        };
        let main = self.place(keys_of(Scope::Group));
        let measures = definition.measures.iter().map(|measure| {
            let place = self.place(keys_of(measure.scope));
            (place, self.groupings[place.grouping].measure(measure.clone()))
        });
        let measures = measures.collect();
        Part { request, breakdown: breakdown.to_vec(), node: position, main, measures }
    }

    /// The column that holds an own dimension; equal ones share it.
    fn own_key(&mut self, value: &Expr) -> String {
        let position = self.own.iter().position(|known| known == value).unwrap_or_else(|| {
            self.own.push(value.clone());
            self.own.len() - 1
        });
        own_name(position)
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

    /// Plans the rows, once all that is asked of them is known.
    fn finish(&mut self, inputs: &[InputPlan]) -> PolarsResult<()> {
        let mut rows = inputs[self.input].usable.clone();
        let bucket = inputs[self.input].key.bucket(self.buckets.grain()).unwrap_or_else(|| lit(0_i32));
        rows = rows.with_column(bucket.alias(BUCKET));
        if let Some(derivation) = &self.derivation {
            let dimensions = self.dimensions.iter().map(|dimension| dimension_name(dimension)).collect();
            let context = DeriveContext { buckets: Arc::clone(&self.buckets), dimensions };
            rows = derivation.derive(rows, &context)?;
        }
        let count = i32::try_from(self.buckets.as_slice().len()).unwrap_or(i32::MAX);
        let before = if self.key.running { -1 } else { 0 };
        rows = rows.filter(col(BUCKET).gt_eq(lit(before)).and(col(BUCKET).lt(lit(count))));
        let own = self.own.iter().enumerate().map(|(position, value)| value.clone().alias(own_name(position)));
        self.rows = Some(rows.with_columns(own.collect::<Vec<_>>()).cache());
        Ok(())
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &LazyFrame {
        self.rows.as_ref().expect("a node is finished before it is used")
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
        let position = |value: &Expr| self.own.iter().position(|known| known == value);
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

fn bucket_name(time: &str, grain: Grain) -> String {
    format!("{BUCKET}:{time}:{}", grain.as_str())
}

/// The rows of a table with every column that its requests read, typed, the dimensions they break down by, and the bucket of every row:
/// each computed once.
fn with_typed_columns(
    report: &Report,
    table: &Table,
    requests: &[(usize, &Request)],
    rows: LazyFrame,
    buckets: &BucketsByGrain,
) -> PolarsResult<LazyFrame> {
    let zone = polars_zone(&report.zone);
    let mut typed: BTreeMap<String, Expr> = BTreeMap::new();
    let mut placed: BTreeMap<String, Expr> = BTreeMap::new();
    for (_, request) in requests {
        let source = &request.definition.source;
        let buckets = &buckets[request.grain.as_str()];
        let time = source.time.filter(|_| !buckets.is_timeless());
        let columns = source.columns.iter().map(|column| (column.name, column.kind)).chain(time.map(|time| (time, ColumnType::Time)));
        for (name, kind) in columns {
            let name = request.column(name);
            let column = table.typed(name, kind, &zone).map_err(|reason| polars::prelude::polars_err!(ComputeError: "{reason}"))?;
            typed.insert(typed_name(name, kind), column.value);
        }
        if let Some(time) = time {
            let time = request.column(time);
            placed.insert(bucket_name(time, request.grain), buckets.index_of(col(typed_name(time, ColumnType::Time))));
        }
    }
    let dimensions: BTreeSet<&str> = requests.iter().flat_map(|(_, request)| request.by.iter().flatten().map(String::as_str)).collect();
    let dimensions = dimensions.into_iter().map(|name| {
        let value = col(name);
        // A blank, and what is no number, are missing values in every format.
        let value = match table.schema.get(name) {
            Some(DataType::String) => when(value.clone().neq(lit(""))).then(value).otherwise(lit(NULL)),
            Some(DataType::Float32 | DataType::Float64) => when(value.clone().is_finite()).then(value).otherwise(lit(NULL)),
            _ => value,
        };
        (dimension_name(name), value)
    });
    typed.extend(dimensions);
    let named = |columns: BTreeMap<String, Expr>| columns.into_iter().map(|(name, value)| value.alias(name)).collect::<Vec<_>>();
    Ok(rows.with_columns(named(typed)).with_columns(named(placed)))
}

impl InputPlan {
    fn new(key: InputKey, table: &Table, base: &LazyFrame, buckets: &Arc<Buckets>) -> PolarsResult<Self> {
        let source = &key.source;
        // The zone decides how a value is read, not whether it is missing or what it should have been.
        let utc = polars::prelude::TimeZone::UTC;
        let mut reasons: Vec<String> = Vec::new();
        let mut checks: Vec<(i32, Expr)> = Vec::new();
        let mut check = |reason: String, fails: Expr, reasons: &mut Vec<String>| {
            reasons.push(reason);
            checks.push((i32::try_from(reasons.len()).unwrap_or(i32::MAX), fails));
        };
        for (reason, fails) in &table.checks {
            check(reason.clone(), fails.clone(), &mut reasons);
        }
        let mut skips: Vec<Expr> = Vec::new();
        let reads = key.reads();
        for &(name, kind, nulls, domain) in &reads {
            let name = key.actual(name);
            let typed = table.typed(name, kind, &utc).map_err(|reason| polars::prelude::polars_err!(ComputeError: "{reason}"))?;
            let value = col(typed_name(name, kind));
            match nulls {
                NullRule::Reject => check(format!("`{name}` is missing"), typed.missing.clone(), &mut reasons),
                NullRule::Skip => skips.push(typed.missing.clone()),
                NullRule::Keep => {}
            }
            let unreadable = typed.missing.clone().not().and(value.clone().is_null());
            check(format!("`{name}` is not {}", typed.expected), unreadable, &mut reasons);
            match domain {
                Domain::Between { min, max } => {
                    let outside = value.clone().lt(lit(min)).or(value.gt(lit(max)));
                    check(format!("`{name}` is not {domain}"), outside, &mut reasons);
                }
                Domain::Whole { min, max } => {
                    let whole = value.clone().cast(DataType::Int64).cast(DataType::Float64);
                    let broken = value.clone().cast(DataType::Float64).neq(whole);
                    let outside = value.clone().lt(lit(min)).or(value.gt(lit(max))).or(broken);
                    check(format!("`{name}` is not {domain}"), outside, &mut reasons);
                }
                _ => {}
            }
        }
        let typed: BTreeMap<&str, String> = reads.iter().map(|&(name, kind, ..)| (name, typed_name(key.actual(name), kind))).collect();
        for rule in &source.rules {
            // A rule speaks of the metric's own names, which the typed columns get only where they are usable.
            let holds = rule.holds.clone().map_expr(|part| match &part {
                Expr::Column(name) => typed.get(name.as_str()).map_or_else(|| part.clone(), |typed| col(typed.as_str())),
                _ => part,
            });
            check(rule.reason.clone(), holds.not(), &mut reasons);
        }
        let names: Vec<Expr> = typed.iter().map(|(&name, typed)| col(typed.as_str()).alias(name)).collect();
        let mut reason = skips.into_iter().fold(lit(0_i32), |reason, skip| when(skip).then(lit(SKIPPED)).otherwise(reason));
        for (number, fails) in checks.into_iter().rev() {
            reason = when(fails.fill_null(lit(false))).then(lit(number)).otherwise(reason);
        }
        let judged = base.clone().with_column(reason.alias(REASON)).cache();
        let mut rejected = judged.clone().filter(col(REASON).gt(lit(0)));
        if let Some(bucket) = key.bucket(buckets.grain()).filter(|_| !key.history) {
            // A bad row of another period is that period's; one without a readable time may be anyone's.
            let count = i32::try_from(buckets.as_slice().len()).unwrap_or(i32::MAX);
            rejected = rejected.filter(bucket.clone().is_null().or(bucket.clone().gt_eq(lit(0)).and(bucket.lt(lit(count)))));
        }
        let usable = judged.filter(col(REASON).eq(lit(0))).with_columns(names).cache();
        let rejected = rejected.group_by([col(REASON)]).agg([len().alias("rows")]);
        Ok(Self { key, requests: Vec::new(), reasons, rejected, usable })
    }

    /// The columns that the source reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        self.key.reads().iter().map(|&(name, ..)| self.key.actual(name)).collect()
    }
}
