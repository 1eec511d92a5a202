//! Observations: finished measures evaluated bucket by bucket and group by group, compared with earlier times, as rows of the result.

pub(crate) mod compare;
mod groups;
mod known_group;
pub(crate) mod words;

use std::collections::{BTreeSet, HashMap};

use custometer_core::dimension;
use custometer_core::time::{BUCKET, Bucket};
use custometer_core::{Baseline, Definition, DimensionValue, EvaluateContext, Evaluation, Group, Measure, MeasureRow, Observation, Scope};
use polars::prelude::{Column, DataFrame, NamedFrom, PolarsError, Series};

use crate::collect::Collected;
use crate::error::RunError;
use crate::observe::compare::{Side, comparison};
use crate::observe::groups::Beside;
use crate::observe::known_group::KnownGroup;
use crate::plan::axes::check_size;
use crate::plan::names::dimension_name;
use crate::plan::node::Node;
use crate::plan::{Part, TablePlan};
use crate::report::{Report, Request};
use crate::result::words::shown;
use crate::result::{Comparison, Detail, ResultRow, RowParts, rounded};

/// What a table's measures come to: rows of the result and detail tables, each with its request.
#[derive(Default)]
pub(crate) struct Observed {
    pub(crate) rows: Vec<(usize, Vec<ResultRow>)>,
    pub(crate) details: Vec<(usize, Detail)>,
    /// What is to be said of requests.
    pub(crate) notes: Vec<(usize, String)>,
}

/// Evaluates what was measured over a table.
///
/// # Errors
///
/// When the groups that were found come to more results than can be held.
pub(crate) fn observe(collected: &Collected, report: &Report, plan: &TablePlan) -> Result<Observed, RunError> {
    let failed = |source| RunError::Table { table: report.tables[plan.table].name.clone(), source };
    let mut observed = Observed::default();
    for (index, part) in plan.parts.iter().enumerate().filter(|(_, part)| part.baseline.is_none()) {
        let request = &report.requests[part.request];
        let alike = plan.parts.iter().filter(|other| other.request == part.request && other.breakdown == part.breakdown);
        let parts: Vec<&Part> = alike.collect();
        // A group that is gone now, or that was not there before, has a change too.
        let ids: Vec<bool> = part.breakdown.iter().map(|name| request.is_id(name)).collect();
        let hasher = report.id_hasher.as_ref();
        let groups = KnownGroup::all(collected, &parts, &request.definition, |column| hasher.filter(|_| ids[column]));
        check_size(report, request, &part.buckets, groups.len())?;
        let kept = Kept {
            measured: parts.len() > 1 || request.compare_groups.is_some(),
            annotations: collected.derived.details.contains_key(&index),
        };
        let input = plan.nodes[part.node()].input();
        let known_since = collected.counted.known_since[input];
        let data_begin = report.data_begin(known_since, request.grain);
        let reach = collected.counted.last[input].and_then(|last| report.reach(last, part.buckets.grain()));
        let cells = |part| Breakdown::new(collected, part, request).cells(collected, report, (input, reach), &groups, kept);
        let mut now = cells(part);
        let before: Vec<(Baseline, Cells)> = parts.iter().filter_map(|part| Some((part.baseline?, cells(part)))).collect();
        let own_ids = request.own_ids();
        let beside = request.compare_groups.as_ref().and_then(|compared| Beside::of(compared, &part.breakdown, &groups));
        if let Some(beside) = &beside {
            let notes = beside.notes(collected.derived.shared.get(&part.request), report, request).map(|note| (part.request, note));
            // Several breakdowns may have the column.
            notes.for_each(|note| {
                if !observed.notes.contains(&note) {
                    observed.notes.push(note);
                }
            });
        }
        let mut rows = Vec::with_capacity(now.cells.iter().map(|cell| cell.evaluation.observations.len()).sum());
        for position in 0..now.cells.len() {
            // What no other group is compared with is let go of as it becomes rows: both may be millions.
            let of_cell = &mut now.cells[position].evaluation.observations;
            let observations = if beside.is_none() { std::mem::take(of_cell) } else { of_cell.clone() };
            let cell = &now.cells[position];
            // The cells of a baseline are in the same order, as far as it goes.
            let earlier: Vec<_> = before.iter().map(|(baseline, cells)| (*baseline, cells.cells.get(position))).collect();
            for observation in &observations {
                let comparisons = earlier.iter().map(|&(baseline, earlier)| match earlier {
                    Some(earlier) => {
                        comparison(baseline, request, &cell.side(observation), &earlier.side_like(observation), (known_since, data_begin))
                    }
                    None => Comparison::unknown(baseline),
                });
                let comparisons = comparisons.collect();
                let parts = request.contributions.then(|| {
                    // It has no dimensions of its own, so a cell has one row.
                    let of = |cell: &Evaluated<'_>| request.definition.value.parts(cell.measured.first()?);
                    Box::new(RowParts { now: of(cell), before: earlier.iter().map(|(_, earlier)| earlier.and_then(of)).collect() })
                });
                let other =
                    beside.as_ref().and_then(|beside| Some((beside, now.cells.get(position + beside.other(cell.group)? - cell.group)?)));
                let group_comparison = other.map(|(beside, other)| {
                    Box::new(beside.comparison(request, &groups, other.group, &cell.side(observation), &other.side_like(observation)))
                });
                let mut row = ResultRow {
                    comparisons,
                    group_comparison,
                    parts,
                    ..result_row(request, part, cell, &groups[cell.group].shown, observation)
                };
                if let Some(hasher) = hasher {
                    let own = row.dimensions.iter_mut().skip(row.breakdown).zip(&own_ids).filter(|(_, is_id)| **is_id);
                    own.for_each(|((_, value), _)| *value = hasher.hash_value(value));
                }
                rows.push(row);
            }
        }
        observed.rows.push((part.request, rows));
        if let Some(frame) = collected.derived.details.get(&index) {
            let frame = with_annotations(frame, part, &plan.nodes[part.node()], request, &now.annotations, &now.annotated);
            let frame = frame.and_then(|frame| with_hashed_ids(frame, report, part.request)).map_err(failed)?;
            observed.details.push((part.request, Detail { request: request.name.clone(), frame }));
        }
    }
    Ok(observed)
}

/// One breakdown of one request at one time, before it is evaluated.
struct Breakdown<'a> {
    part: &'a Part,
    request: &'a Request,
    definition: &'a Definition,
    /// Combinations of own dimensions that have rows, by bucket and group.
    seen: HashMap<(i64, Vec<DimensionValue>), BTreeSet<Vec<DimensionValue>>>,
    /// The same over all buckets, for stocks.
    ever: HashMap<Vec<DimensionValue>, BTreeSet<Vec<DimensionValue>>>,
}

/// What a breakdown comes to, bucket by bucket, and in each group by group.
#[derive(Default)]
struct Cells<'a> {
    cells: Vec<Evaluated<'a>>,
    /// The columns that the value adds to the detail table.
    annotations: Vec<String>,
    /// Their values, by bucket, group and own dimensions.
    annotated: HashMap<Vec<DimensionValue>, Vec<DimensionValue>>,
}

/// What is kept of an evaluation beside its rows. With own dimensions, both can be as many as there are entities.
#[derive(Clone, Copy)]
struct Kept {
    /// The measures, which changes are tested by.
    measured: bool,
    /// What the detail table learns.
    annotations: bool,
}

/// One bucket of one group.
struct Evaluated<'a> {
    index: usize,
    bucket: &'a Bucket,
    /// Whether the period cuts it, or it is not over as far as anything is known.
    partial: bool,
    /// The position of the group.
    group: usize,
    measured: Vec<MeasureRow>,
    evaluation: Evaluation,
    note: Option<String>,
}

impl Evaluated<'_> {
    fn side<'a>(&'a self, observation: &'a Observation) -> Side<'a> {
        let group = Group { index: self.index, bucket: self.bucket, rows: &self.measured };
        Side { group, observation: Some(observation) }
    }

    /// The observation of the same own dimensions as another's.
    fn side_like<'a>(&'a self, other: &Observation) -> Side<'a> {
        let group = Group { index: self.index, bucket: self.bucket, rows: &self.measured };
        let same = self.evaluation.observations.iter().find(|observation| observation.dimensions == other.dimensions);
        Side { group, observation: same }
    }
}

impl<'a> Breakdown<'a> {
    fn new(collected: &Collected, part: &'a Part, request: &'a Request) -> Self {
        let definition = &request.definition;
        let mut breakdown = Self { part, request, definition, seen: HashMap::new(), ever: HashMap::new() };
        let tables = part.lines.iter().flat_map(|line| line.tables(definition));
        for group in tables.flat_map(|table| collected.measures[&table].groups()) {
            let (dimensions, own) = group[1..].split_at(part.breakdown.len());
            if own.len() != definition.own_dimensions.len() {
                // Of a measure over all of them.
                continue;
            }
            if let DimensionValue::Integer(at) = group[0] {
                breakdown.seen.entry((at, dimensions.to_vec())).or_default().insert(own.to_vec());
            }
            if definition.measures.iter().any(Measure::is_stock) {
                breakdown.ever.entry(dimensions.to_vec()).or_default().insert(own.to_vec());
            }
        }
        breakdown
    }

    /// Every reported bucket of every group, evaluated. The data of the input end at `reach`.
    fn cells(
        &self,
        collected: &Collected,
        report: &Report,
        (input, reach): (usize, Option<i64>),
        groups: &[KnownGroup],
        kept: Kept,
    ) -> Cells<'a> {
        let (buckets, known_since) = (&self.part.buckets, collected.counted.known_since[input]);
        let as_of = report.known_until(buckets, self.part.baseline);
        let context = EvaluateContext { confidence: report.confidence, buckets, as_of, reach, known_since };
        let mut cells = Cells::default();
        let data_begin = report.data_begin(known_since, self.request.grain);
        let over_until = report.over_until_instant();
        // The gaps of a baseline are not reported.
        for ((index, bucket), at) in buckets.as_slice().iter().enumerate().zip(0..).filter(|((_, bucket), _)| bucket.reported) {
            for (number, group) in groups.iter().enumerate() {
                let measured = self.measure_rows(collected, group, at);
                let evaluated = self.definition.value.evaluate(&Group { index, bucket, rows: &measured }, &context);
                let (mut evaluation, note) = match evaluated {
                    Ok(mut evaluation) => {
                        let doubts = collected.doubts[input]
                            .iter()
                            .filter(|note| self.definition.source.doubts.iter().any(|doubt| doubt.note == **note));
                        let notes =
                            self.definition.note.iter().cloned().chain(evaluation.note.take()).chain(doubts.map(ToString::to_string));
                        let notes: Vec<String> = notes.collect();
                        (evaluation, Some(notes.join("; ")).filter(|note| !note.is_empty()))
                    }
                    Err(error) => (undefined(), Some(error.to_string())),
                };
                if let Some(found) = evaluation.annotations.take().filter(|_| kept.annotations) {
                    cells.annotations = found.columns;
                    cells.annotated.extend(found.rows.into_iter().map(|(own, values)| (detail_key(at, &group.key, own), values)));
                }
                let measured = if kept.measured { measured } else { Vec::new() };
                let is_covered = |until: i64| bucket.end.as_ref().is_none_or(|end| end.timestamp().as_microsecond() <= until);
                let begins = || bucket.start.as_ref().map(|start| start.timestamp().as_microsecond());
                let is_cut = self.request.window.is_some() && (begins() < data_begin || !over_until.is_none_or(is_covered));
                let partial = bucket.partial || is_cut || !context.known_until().is_none_or(is_covered);
                cells.cells.push(Evaluated { index, bucket, partial, group: number, measured, evaluation, note });
            }
        }
        cells
    }

    /// The measures of one bucket of one group, a row per combination of the metric's own dimensions.
    fn measure_rows(&self, collected: &Collected, group: &KnownGroup, at: i64) -> Vec<MeasureRow> {
        let Self { part, definition, .. } = self;
        let line = part.line(at);
        let row = |own: Vec<DimensionValue>| {
            let measures = definition.measures.iter().zip(&line.measures).map(|(measure, (place, position))| {
                let mut key = vec![DimensionValue::Integer(at)];
                if measure.scope != Scope::Bucket {
                    key.extend(group.key.iter().cloned());
                }
                if measure.scope == Scope::Group {
                    key.extend(own.iter().cloned());
                }
                (measure.name.clone(), collected.measures[&(line.node, *place)].get(&key)[*position])
            });
            let measures = measures.collect();
            MeasureRow { dimensions: own, measures }
        };
        self.combinations(group, at).into_iter().map(row).collect()
    }

    /// The combinations of own dimensions that a group shows in a bucket.
    fn combinations(&self, group: &KnownGroup, at: i64) -> Vec<Vec<DimensionValue>> {
        let own = &self.definition.own_dimensions;
        if let Some(domains) = own.iter().map(|own| own.domain.as_ref()).collect::<Option<Vec<_>>>() {
            return domains.into_iter().fold(vec![Vec::new()], |combinations, domain| {
                let with = |combination: &Vec<DimensionValue>| {
                    let combination = combination.clone();
                    domain.iter().map(move |value| combination.iter().cloned().chain([value.clone()]).collect())
                };
                combinations.iter().flat_map(with).collect()
            });
        }
        let found = if self.definition.measures.iter().any(Measure::is_stock) {
            self.ever.get(&group.key)
        } else {
            self.seen.get(&(at, group.key.clone()))
        };
        found.into_iter().flatten().cloned().collect()
    }
}

/// What is reported of a group whose value can't be had.
fn undefined() -> Evaluation {
    Evaluation { observations: vec![Observation::default()], ..Evaluation::default() }
}

fn result_row(request: &Request, part: &Part, cell: &Evaluated<'_>, group: &[DimensionValue], observation: &Observation) -> ResultRow {
    let definition = &request.definition;
    let breakdown = part.breakdown.iter().cloned().zip(group.iter().cloned());
    let estimate = observation.estimate;
    ResultRow {
        request: request.name.clone(),
        metric: request.metric.about.id,
        start: part.named.as_slice().get(cell.index).and_then(|bucket| bucket.start.clone()),
        end: cell.bucket.end.clone(),
        period: part.named.as_slice().get(cell.index).and_then(|bucket| bucket.name),
        window_start: cell.bucket.start.clone().filter(|_| request.window.is_some()),
        partial: cell.partial,
        grain: request.grain,
        breakdown: part.breakdown.len(),
        dimensions: breakdown.chain(definition.dimensions().into_iter().zip(observation.dimensions.iter().cloned())).collect(),
        value: shown(estimate.value),
        unit: request.unit(),
        currency: None,
        digits: None,
        direction: request.direction(),
        low: shown(estimate.interval.map(|(low, _)| low)),
        high: shown(estimate.interval.map(|(_, high)| high)),
        n: shown(estimate.n),
        measures: observation.measures.iter().map(|(name, value)| (name.clone(), shown(*value))).collect(),
        note: cell.note.clone(),
        suppressed: false,
        comparisons: Vec::new(),
        group_comparison: None,
        target: None,
        benchmark: None,
        process_limits: None,
        parts: None,
    }
}

fn detail_key(at: i64, group: &[DimensionValue], own: Vec<DimensionValue>) -> Vec<DimensionValue> {
    std::iter::once(DimensionValue::Integer(at)).chain(group.iter().cloned()).chain(own).collect()
}

/// The detail rows with what the value said of their combination of own dimensions.
fn with_annotations(
    frame: &DataFrame,
    part: &Part,
    node: &Node,
    request: &Request,
    names: &[String],
    annotated: &HashMap<Vec<DimensionValue>, Vec<DimensionValue>>,
) -> Result<DataFrame, PolarsError> {
    let own = node.own_columns(&request.definition);
    let dimensions: Vec<String> = part.breakdown.iter().map(|name| dimension_name(name)).collect();
    let mut keys: Vec<Vec<DimensionValue>> = vec![Vec::new(); frame.height()];
    for column in std::iter::once(BUCKET).chain(dimensions.iter().map(String::as_str)).chain(own.iter().map(String::as_str)) {
        let values = dimension::from_series(frame.column(column)?.as_materialized_series())?;
        keys.iter_mut().zip(values).for_each(|(key, value)| key.push(value));
    }
    let mut columns: Vec<Column> = frame.columns().iter().filter(|column| !column.name().starts_with("__")).cloned().collect();
    for (name, dimension) in part.breakdown.iter().zip(&dimensions).filter(|(name, _)| frame.column(name).is_err()) {
        columns.push(frame.column(dimension)?.clone().with_name(name.into()));
    }
    for (position, name) in names.iter().enumerate() {
        let values: Vec<&DimensionValue> =
            keys.iter().map(|key| annotated.get(key).and_then(|values| values.get(position)).unwrap_or(&DimensionValue::Missing)).collect();
        columns.push(if values.iter().any(|value| matches!(value, DimensionValue::Text(_))) {
            let text = values.into_iter().map(|value| Some(value.to_string()).filter(|_| *value != DimensionValue::Missing));
            Series::new(name.as_str().into(), text.collect::<Vec<_>>()).into()
        } else {
            let numbers = values.into_iter().map(|value| value.as_number().map(rounded));
            Series::new(name.as_str().into(), numbers.collect::<Vec<_>>()).into()
        });
    }
    DataFrame::new(frame.height(), columns)
}

/// A detail table in the order of its entities, which are hashed where the report says so.
fn with_hashed_ids(mut detail: DataFrame, report: &Report, request: usize) -> Result<DataFrame, PolarsError> {
    let names: Vec<String> = detail.get_column_names().iter().map(ToString::to_string).collect();
    for name in names.iter().filter(|name| report.requests[request].is_id(name)) {
        if let Some(hasher) = &report.id_hasher {
            let hashed = hasher.hash_column(detail.column(name)?)?;
            detail.replace(name, hashed)?;
        }
    }
    detail.sort(names, polars::prelude::SortMultipleOptions::default())
}
