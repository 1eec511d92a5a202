//! The plan of a report: as few lazy plans as its requests allow, fused over one scan per table.
//!
//! What is equal is built once, at every step: typed columns and buckets per table, checked rows per source, derived rows per derivation,
//! and one aggregation per set of keys that no larger one covers. Smaller breakdowns are rolled up from the larger one's states.

pub(crate) mod axes;
pub(crate) mod codes;
pub(crate) mod counts;
pub(crate) mod grouping;
pub(crate) mod input;
pub(crate) mod lookup;
pub(crate) mod misses;
pub(crate) mod money;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod rates;
pub(crate) mod scan;
pub(crate) mod shared_groups;
mod typed;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use custometer_core::measure::{Measure, Scope};
use custometer_core::{Baseline, Buckets, ColumnType, Definition, DimensionRule, Grain};
use polars::prelude::{DataType, Expr, LazyFrame, PolarsResult};

use crate::plan::axes::{Axes, Axis, Placed};
use crate::plan::codes::{Coded, Codes};
use crate::plan::counts::CountsPlan;
use crate::plan::grouping::{Grouping, Served, mergeable};
use crate::plan::input::{InputKey, InputPlan};
use crate::plan::money::Money;
use crate::plan::names::{DIMENSION, own_name};
use crate::plan::node::{Node, NodeKey, Place};
use crate::plan::rates::Rates;
use crate::plan::scan::scans;
use crate::plan::shared_groups::SharedGroups;
use crate::plan::typed::with_typed_columns;
use crate::plan::words::AskedWords;
use crate::read::currency::RowCurrency;
use crate::read::known::Known;
use crate::read::table::Table;
use crate::read::text::FileIndex;
use crate::report::{Report, Request};

/// Everything that is computed from one table.
pub(crate) struct TablePlan {
    /// The position of the table in the report.
    pub(crate) table: usize,
    /// The first table that its files are scanned for: all plans of one scan are run together.
    pub(crate) scan: usize,
    /// What its ids and dimensions are numbered by.
    codes: Codes,
    /// Counts the rows that requests have.
    pub(crate) counts: CountsPlan,
    pub(crate) inputs: Vec<InputPlan>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) parts: Vec<Part>,
    /// Columns whose words are asked for.
    pub(crate) words: Vec<AskedWords>,
    /// Which requests compare groups that entities may be in several of.
    pub(crate) shared: Vec<SharedGroups>,
    /// Counts, for requests by the report's own periods, the rows that are between these.
    pub(crate) between: Vec<(usize, LazyFrame)>,
}

/// Some rows of the files that one scan goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SomeRows {
    /// The first table that is read of them.
    pub(crate) scan: usize,
    /// Their numbers; all where it is none.
    pub(crate) rows: Option<Range<u64>>,
}

/// One breakdown of one request, with the place of each of its measures.
pub(crate) struct Part {
    pub(crate) request: usize,
    /// The earlier time that it is taken at; none for the report's own.
    pub(crate) baseline: Option<Baseline>,
    pub(crate) breakdown: Vec<String>,
    /// The buckets of the grain.
    pub(crate) named: Arc<Buckets>,
    /// What its values are of: these, or the windows that end with them.
    pub(crate) buckets: Arc<Buckets>,
    /// For each line of its axis, where its measures are.
    pub(crate) lines: Vec<PartLine>,
    /// The line of each value; all are on the first where it is empty.
    line_of: Vec<usize>,
}

/// Where the measures of a breakdown are on one line of its axis.
pub(crate) struct PartLine {
    pub(crate) node: usize,
    /// Where the group's own rows are.
    pub(crate) main: Place,
    /// Where each measure of the definition is, in its order.
    pub(crate) measures: Vec<(Place, usize)>,
}

impl PartLine {
    /// The tables that tell which groups there are: of rows in its buckets or windows, and of those before them that move stocks.
    pub(crate) fn tables(&self, definition: &Definition) -> Vec<(usize, Place)> {
        let measures = definition.measures.iter().zip(&self.measures);
        let stocks = measures.filter(|(measure, _)| measure.is_stock() && measure.scope != Scope::Bucket);
        std::iter::once(self.main).chain(stocks.map(|(_, (place, _))| *place)).map(|place| (self.node, place)).collect()
    }
}

impl Part {
    /// The node of its first line: all lines have the same rows of the same input.
    pub(crate) fn node(&self) -> usize {
        self.lines[0].node
    }

    /// The line that the value of a bucket or window is on.
    pub(crate) fn line(&self, at: i64) -> &PartLine {
        let number = usize::try_from(at).ok().and_then(|at| self.line_of.get(at)).copied().unwrap_or(0);
        &self.lines[number]
    }
}

/// Plans all requests of a report, table by table, or those of one scan over some rows. `known` is what is known of each, and amounts are converted by
/// the `rates`.
pub(crate) fn plan<'a>(
    report: &Report,
    axes: &Axes,
    indices: &[Vec<FileIndex>],
    known: &dyn Fn(usize) -> Known<'a>,
    rates: Option<&Arc<Rates>>,
    some: Option<&SomeRows>,
) -> PolarsResult<Vec<TablePlan>> {
    let tables = (0..report.tables.len()).filter(|&table| report.requests.iter().any(|request| request.table == table));
    let tables = tables.filter(|&table| some.is_none_or(|some| report.first_of_scan(table) == some.scan));
    let asked: Vec<Asked> = tables.map(|table| Asked::of(report, table, axes, rates)).collect();
    let only = some.and_then(|some| some.rows.clone());
    let scans = scans(report, indices, asked.iter().map(|asked| (asked.table, asked.used.clone())), only.as_ref())?;
    let plan = |asked: Asked| {
        let known = Known { files: scans.get(&asked.table).cloned(), only: only.clone(), ..known(asked.table) };
        TablePlan::new(report, asked, axes, &known)
    };
    asked.into_iter().map(plan).collect()
}

/// What is asked of a table.
struct Asked<'a> {
    table: usize,
    requests: Vec<(usize, &'a Request)>,
    /// What is done to the amounts of each request.
    money: Vec<Option<Money>>,
    /// The columns that are used.
    used: BTreeSet<String>,
}

impl<'a> Asked<'a> {
    fn of(report: &'a Report, position: usize, axes: &Axes, rates: Option<&Arc<Rates>>) -> Self {
        let table = &report.tables[position];
        let requests: Vec<(usize, &Request)> =
            report.requests.iter().enumerate().filter(|(_, request)| request.table == position).collect();
        let money: Vec<Option<Money>> = requests.iter().map(|(_, request)| Money::of(report, request, rates, axes)).collect();
        let used: BTreeSet<String> = requests
            .iter()
            .zip(&money)
            .flat_map(|((_, request), money)| {
                let source = &request.definition.source;
                let is_dated = money.as_ref().is_some_and(|money| money.time().is_some());
                let time = source.time.filter(|_| is_dated || Axis::of(request).any(|axis| !axes[&axis].is_timeless()));
                let columns = source.columns.iter().map(|column| column.name).chain(time).map(|name| request.column(name));
                columns
                    .chain(request.by.iter().flatten().chain(&request.conditions).map(String::as_str))
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .chain(
                table
                    .currency
                    .as_ref()
                    .and_then(RowCurrency::column)
                    .map(str::to_owned)
                    .filter(|_| requests.iter().any(|(_, request)| request.sums_money())),
            )
            .collect();
        Self { table: position, requests, money, used: table.with_places(used) }
    }
}

impl TablePlan {
    /// The plan of what is asked of a table.
    fn new(report: &Report, Asked { table: position, requests, money, used }: Asked, axes: &Axes, known: &Known<'_>) -> PolarsResult<Self> {
        let table = &report.tables[position];
        // What several plans go on from is cached by name: Polars finds equal plans only where they are equal to their ends.
        let rows = table.rows(known, used.clone())?;
        let dimensions = requests.iter().flat_map(|(_, request)| request.by.iter().flatten().map(String::as_str));
        let codes = Codes::new(dimensions.filter(|name| table.schema.get(name) == Some(&DataType::String)));
        let base = with_typed_columns(table, (&requests, &money), rows.met.clone(), axes, &codes)?.cache();
        let mut plan = Self {
            table: position,
            scan: report.first_of_scan(position),
            codes,
            counts: CountsPlan::new(table, &rows, &used),
            inputs: Vec::new(),
            nodes: Vec::new(),
            parts: Vec::new(),
            words: words::asked(table, &requests, used, &rows.all, &base),
            shared: Vec::new(),
            between: Vec::new(),
        };
        plan.words.extend(words::asked_by_sources(table, &rows));
        let mut keys: Vec<InputKey> = Vec::new();
        let inputs: Vec<usize> = requests
            .iter()
            .zip(money)
            .map(|((_, request), money)| {
                let key = InputKey::of(request, axes, table, (&known.found, money));
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
            let all_axes = alike.clone().flat_map(|(_, request)| Axis::of(request)).flat_map(|axis| &axes[&axis].lines);
            let all_axes: Vec<&Arc<Buckets>> = all_axes.map(|line| &line.buckets).collect();
            let sums_money = alike.clone().any(|(_, request)| request.sums_money());
            let alike = alike.map(|(index, _)| *index).collect();
            let asked = (report.as_of_instant(), report.rejected_rows, sums_money);
            plan.inputs.push(InputPlan::new(key, alike, table, &base, &all_axes, asked)?);
        }
        for ((index, request), &input) in requests.iter().zip(&inputs) {
            plan.shared.extend(SharedGroups::of(*index, request, input, &plan.inputs[input]));
            let own = Axis::of(request).next().and_then(|axis| axes.get(&axis));
            let between = own.and_then(|own| plan.inputs[input].between_periods(request, &own.reported, report.as_of_instant()));
            plan.between.extend(between.map(|count| (*index, count)));
            // A total is rolled up from the buckets of a grain that is wanted anyway, and that has no gaps.
            let is_cut =
                |other: &Request| other.is_plain() && other.grain != Grain::Total && !other.grain.is_named() && other.window.is_none();
            let alike = requests.iter().zip(&inputs).filter(|((_, other), of)| **of == input && is_cut(other));
            let coarsest =
                alike.filter_map(|((_, other), _)| Axis::of(other).next()).min_by_key(|axis| axes[axis].reported.as_slice().len());
            for axis in Axis::of(request) {
                let is_total = request.is_plain() && request.grain == Grain::Total && request.window.is_none();
                let total = is_total && axis.baseline.is_none();
                let placed = coarsest.filter(|_| total).unwrap_or(axis);
                plan.add(*index, request, input, axis, placed, axes);
            }
        }
        // Larger breakdowns first would be found by looking at all; moving smaller ones over is simpler.
        for node in 0..plan.nodes.len() {
            plan.merge(node, table);
        }
        for node in &mut plan.nodes {
            let money = plan.inputs[node.input].money();
            node.finish(report, &plan.codes, money);
        }
        Ok(plan)
    }

    /// Adds the parts of one request on one axis, sharing what is there. Rows are `placed` in the buckets of that axis, or of a finer one.
    fn add(&mut self, index: usize, request: &Request, input: usize, axis: Axis, placed: Axis, axes: &Axes) {
        let definition = &request.definition;
        for breakdown in &request.by {
            let by_group = definition.derivation.as_ref().is_some_and(|derivation| derivation.dimensions() == DimensionRule::PartOfEntity);
            let mut lines = Vec::new();
            for (number, line) in axes[&placed].lines.iter().enumerate() {
                let key = NodeKey {
                    input,
                    axis: placed,
                    line: number,
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
                        buckets: Arc::clone(&line.buckets),
                        spans: line.spans.clone(),
                        own: Vec::new(),
                        groupings: Vec::new(),
                        context: None,
                    });
                    self.nodes.len() - 1
                });
                let (main, measures) = self.nodes[node].add(definition, breakdown, placed == axis);
                lines.push(PartLine { node, main, measures });
            }
            let Placed { named, reported, .. } = &axes[&axis];
            let several = (0..).take(if lines.len() > 1 { reported.as_slice().len() } else { 0 });
            let line_of = several.map(|at| axes[&placed].line_of(at)).collect();
            let (baseline, breakdown, named, buckets) = (axis.baseline, breakdown.clone(), Arc::clone(named), Arc::clone(reported));
            self.parts.push(Part { request: index, baseline, breakdown, named, buckets, lines, line_of });
        }
    }

    /// What is to be said of the rates of amounts, each with the requests that it concerns.
    pub(crate) fn notes_of_rates(&self) -> impl Iterator<Item = (Vec<usize>, String)> {
        self.inputs.iter().filter_map(|input| Some((input.requests.clone(), input.money()?.note()?.to_owned())))
    }

    /// What the codes in a column of a node stand for; none where it has no codes.
    pub(crate) fn coded(&self, node: &Node, column: &str, report: &Report) -> Option<Coded<'_>> {
        // An own dimension may be an id as it is.
        let own = (0..).zip(&node.own).find(|(position, _)| own_name(*position) == column).map(|(_, (value, _))| value);
        match own {
            Some(Expr::Column(name)) => self.coded_in(node.input, name, report),
            Some(_) => None,
            None => self.coded_in(node.input, column, report),
        }
    }

    /// What the codes in a column of an input stand for; none where it has no codes.
    pub(crate) fn coded_in(&self, input: usize, name: &str, report: &Report) -> Option<Coded<'_>> {
        if let Some(dimension) = name.strip_prefix(DIMENSION) {
            return self.codes.dimension(dimension);
        }
        let input = &self.inputs[input].key;
        let is_id = input.reads().iter().any(|(known, kind, ..)| *known == name && *kind == ColumnType::Identifier);
        let schema = &report.tables[self.table].schema;
        is_id.then(|| {
            self.codes.ids(schema.get(input.actual(name)).filter(|stored| stored.is_integer()).cloned().unwrap_or(DataType::String))
        })
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
            let moved: Vec<usize> = measures.into_iter().map(|measure| target.measure(measure)).collect();
            target.served.extend(served.into_iter().map(|served| {
                let measures = served.measures.iter().map(|measure| moved[*measure]).collect();
                Served { measures, ..served }
            }));
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
            for line in self.parts.iter_mut().flat_map(|part| &mut part.lines).filter(|line| line.node == node) {
                relocate(&mut line.main);
                for (place, measure) in &mut line.measures {
                    if relocate(place) {
                        *measure = moved[*measure];
                    }
                }
            }
        }
    }
}

/// Whether a definition's values include all that was before.
fn has_stocks(definition: &Definition) -> bool {
    definition.measures.iter().any(Measure::is_stock)
}
