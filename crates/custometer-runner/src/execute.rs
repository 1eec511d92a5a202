//! Execution: the plans streamed, one pass per table, and their few finished rows turned into results.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use custometer_core::aggregation::{MeasureTable, Measured};
use custometer_core::dimension;
use custometer_core::time::BUCKET;
use custometer_core::{
    Buckets, ColumnType, Definition, DimensionValue, EvaluateContext, Evaluation, Grain, Group, MeasureRow, Observation, Period, Scope,
    Value,
};
use polars::lazy::prelude::OptFlags;
use polars::prelude::{Column, DataFrame, Engine, LazyFrame, NamedFrom, PolarsError, Series, col};

use crate::plan::{BucketsByGrain, Node, Part, Place, TablePlan, dimension_name, plan};
use crate::report::{Report, Request, polars_zone};
use crate::result::{Detail, FileManifest, Manifest, Rejection, ResultRow, RunResult, TableManifest, rounded};

/// More buckets than these are a mistake: a row of the year 1, or hours over centuries.
const MAX_BUCKETS: usize = 100_000;

/// What a run tells while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A table's files are being streamed.
    Reading {
        /// The table.
        table: &'a str,
        /// How many files it has.
        files: usize,
        /// Their size.
        bytes: u64,
    },
    /// The files are being hashed for the manifest.
    Hashing,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The engine could not go through a table.
    #[error("table `{table}` can't be read to its end")]
    Table {
        /// The table.
        table: String,
        /// What the engine said.
        #[source]
        source: PolarsError,
    },
    /// A file could not be hashed.
    #[error("`{file}` can't be read")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The period has more buckets than anyone can mean.
    #[error("by {grain}, the period has {count} buckets; give the report a period (`from`, `until`) or a coarser grain")]
    Buckets {
        /// The grain.
        grain: &'static str,
        /// How many there would be.
        count: usize,
    },
    /// The buckets of the period can't be made.
    #[error("the period can't be cut into buckets")]
    Period(#[source] jiff::Error),
}

/// Runs a report. `folder` is what paths in the manifest are relative to.
pub fn run(report: &Report, folder: &Path, progress: &dyn Fn(Event<'_>)) -> Result<RunResult, RunError> {
    let buckets = buckets(report)?;
    let plans = plan(report, &buckets).map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    let mut results: Vec<(usize, Vec<ResultRow>)> = Vec::new();
    let mut details: Vec<(usize, Detail)> = Vec::new();
    let mut rejected = Vec::new();
    let mut tables = Vec::new();
    for plan in &plans {
        let table = &report.tables[plan.table];
        let bytes = table.opened.files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum();
        progress(Event::Reading { table: &table.name, files: table.opened.files.len(), bytes });
        let failed = |source| RunError::Table { table: table.name.clone(), source };
        let collected = Collected::of(plan, report).map_err(failed)?;
        for (input, frame) in plan.inputs.iter().zip(&collected.rejected) {
            let requests: Vec<String> = input.requests.iter().map(|&request| report.requests[request].name.clone()).collect();
            rejected.extend(rejections(&table.name, &input.reasons, &requests, frame).map_err(failed)?);
        }
        for (index, part) in plan.parts.iter().enumerate() {
            let (rows, detail) = collected.observe(report, plan, index, part).map_err(failed)?;
            results.push((part.request, rows));
            details.extend(detail.map(|detail| (part.request, detail)));
        }
        tables.push((table, collected.rows_read, collected.rows_kept));
    }
    results.sort_by_key(|(request, _)| *request);
    details.sort_by_key(|(request, _)| *request);
    rejected.sort();
    progress(Event::Hashing);
    let manifest = Manifest {
        title: report.title.clone(),
        version: env!("CARGO_PKG_VERSION"),
        config_hash: report.config_hash.clone(),
        timezone: report.zone.iana_name().unwrap_or("UTC").to_owned(),
        period: report.period,
        grain: report.grain,
        as_of: report.as_of,
        confidence: report.confidence,
        compare: Vec::new(),
        min_group_size: None,
        tables: tables
            .into_iter()
            .map(|(table, read, kept)| {
                let files = table.opened.files.iter().map(|file| manifest_of(file, folder)).collect::<Result<_, _>>()?;
                Ok(TableManifest {
                    table: table.name.clone(),
                    files,
                    rows_read: read,
                    rows_filtered: read - kept,
                    rows_deduplicated: 0,
                    uses: Vec::new(),
                })
            })
            .collect::<Result<_, RunError>>()?,
    };
    Ok(RunResult {
        manifest,
        results: results.into_iter().flat_map(|(_, rows)| rows).collect(),
        rejected,
        details: details.into_iter().map(|(_, detail)| detail).collect(),
        rejected_rows: None,
    })
}

/// The optimised plans as Polars will run them, table by table.
pub fn explain_plans(report: &Report) -> Result<Vec<(String, String)>, RunError> {
    let buckets = buckets(report)?;
    let plans = plan(report, &buckets).map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    plans
        .iter()
        .map(|plan| {
            let table = report.tables[plan.table].name.clone();
            let frames = plan
                .frames(report)
                .and_then(|frames| LazyFrame::explain_all(frames.into_iter().map(|frame| frame.logical_plan).collect(), optimizations()));
            frames.map(|text| (table.clone(), text)).map_err(|source| RunError::Table { table, source })
        })
        .collect()
}

/// The buckets of every grain that the report uses. Without a period, the data's own is found first.
pub(crate) fn buckets(report: &Report) -> Result<BucketsByGrain, RunError> {
    let grains: BTreeSet<&'static str> = report.requests.iter().map(|request| request.grain.as_str()).collect();
    let needs_period = report.requests.iter().any(|request| request.grain != Grain::Total);
    let period = match report.period {
        Some(period) => Some(period),
        None if needs_period => period_of_data(report)?,
        None => None,
    };
    let calendar = report.calendar();
    let mut buckets = BucketsByGrain::new();
    for request in &report.requests {
        if !grains.contains(request.grain.as_str()) || buckets.contains_key(request.grain.as_str()) {
            continue;
        }
        let timeless = report.period.is_none() && request.grain == Grain::Total;
        let made = match period.filter(|_| !timeless) {
            Some(period) => Buckets::new(period, request.grain, &calendar, report.as_of).map_err(RunError::Period)?,
            None if timeless => Buckets::timeless(),
            None => Buckets::none(request.grain),
        };
        if made.as_slice().len() > MAX_BUCKETS {
            return Err(RunError::Buckets { grain: request.grain.as_str(), count: made.as_slice().len() });
        }
        buckets.insert(request.grain.as_str(), Arc::new(made));
    }
    Ok(buckets)
}

/// The local dates from the first row to the last, over all tables that are cut by time. None when there is no row with a time.
fn period_of_data(report: &Report) -> Result<Option<Period>, RunError> {
    let zone = polars_zone(&report.zone);
    let mut ends: Vec<i64> = Vec::new();
    for (position, table) in report.tables.iter().enumerate() {
        let timed = report.requests.iter().filter(|request| request.table == position && request.grain != Grain::Total);
        let times: BTreeSet<&str> = timed.filter_map(|request| request.definition.source.time.map(|time| request.column(time))).collect();
        let rows = table.condition.iter().cloned().fold(table.rows.clone(), LazyFrame::filter);
        let mut plans = Vec::new();
        for time in times {
            if let Ok(typed) = table.typed(time, ColumnType::Time, &zone) {
                let instant = typed.value.cast(polars::prelude::DataType::Int64);
                plans.push(rows.clone().select([instant.clone().min().alias("first"), instant.max().alias("last")]));
            }
        }
        for frame in collect(plans).map_err(|source| RunError::Table { table: table.name.clone(), source })? {
            for end in ["first", "last"] {
                ends.extend(frame.column(end).ok().and_then(|column| column.i64().ok().and_then(|values| values.get(0))));
            }
        }
    }
    let local = |instant: i64| jiff::Timestamp::from_microsecond(instant).map(|instant| instant.to_zoned(report.zone.clone()).date());
    match (ends.iter().min(), ends.iter().max()) {
        (Some(&first), Some(&last)) => {
            let from = local(first).map_err(RunError::Period)?;
            let until = local(last).and_then(jiff::civil::Date::tomorrow).map_err(RunError::Period)?;
            Ok(Some(Period { from, until }))
        }
        _ => Ok(None),
    }
}

fn optimizations() -> OptFlags {
    OptFlags::default() | OptFlags::STREAMING
}

/// All plans in one pass, by the streaming engine; the only place where rows are gone through.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
fn collect(plans: Vec<LazyFrame>) -> Result<Vec<DataFrame>, PolarsError> {
    LazyFrame::collect_all_with_engine(plans.into_iter().map(|plan| plan.logical_plan).collect(), Engine::Streaming, optimizations())
}

impl TablePlan {
    /// Every plan of the table, in the order that [`Collected::of`] takes them apart.
    fn frames(&self, report: &Report) -> Result<Vec<LazyFrame>, PolarsError> {
        let mut frames = vec![self.rows_read.clone(), self.rows_kept.clone()];
        frames.extend(self.inputs.iter().map(|input| input.rejected.clone()));
        for node in &self.nodes {
            for grouping in &node.groupings {
                let aggregation = grouping.aggregation();
                let mut states = aggregation.partial(node.rows());
                if grouping.served.len() > 1 {
                    states = states.into_iter().map(LazyFrame::cache).collect();
                }
                for keys in &grouping.served {
                    let all = keys.len() == aggregation.keys().len();
                    let states = if all { states.clone() } else { aggregation.unite(std::slice::from_ref(&states), keys)? };
                    frames.extend(aggregation.finish(&states, keys));
                }
            }
        }
        frames.extend(self.detailed(report).map(|(_, part, request)| self.detail_rows(part, request)));
        Ok(frames)
    }

    /// The parts whose detail tables are wanted: each such request's first one.
    fn detailed<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = (usize, &'a Part, &'a Request)> {
        let mut seen = BTreeSet::new();
        let parts = self.parts.iter().enumerate().map(|(index, part)| (index, part, &report.requests[part.request]));
        parts.filter(move |(_, part, request)| request.detail && seen.insert(part.request))
    }

    fn detail_rows(&self, part: &Part, request: &Request) -> LazyFrame {
        let node = &self.nodes[part.node];
        let entity = request.definition.derivation.as_ref().map(|derivation| derivation.entity());
        let shown = entity.into_iter().map(str::to_owned).chain(request.definition.detail.iter().cloned());
        let mut columns: Vec<String> = shown.chain(part.breakdown.iter().map(|name| dimension_name(name))).collect();
        columns.extend(node.own_columns(&request.definition));
        columns.push(BUCKET.to_owned());
        node.rows().clone().select(columns.into_iter().map(col).collect::<Vec<_>>())
    }
}

/// The finished frames of one table.
struct Collected {
    rows_read: u64,
    rows_kept: u64,
    rejected: Vec<DataFrame>,
    /// By node and place.
    measures: HashMap<(usize, Place), MeasureTable>,
    /// By part.
    details: HashMap<usize, DataFrame>,
}

impl Collected {
    fn of(plan: &TablePlan, report: &Report) -> Result<Self, PolarsError> {
        let mut frames = collect(plan.frames(report)?)?.into_iter();
        let mut next = || frames.next().ok_or_else(|| PolarsError::ComputeError("a plan gave no frame".into()));
        let count = |frame: &DataFrame| -> Result<u64, PolarsError> {
            let column = frame.columns().first().map(|column| column.cast(&polars::prelude::DataType::UInt64)).transpose()?;
            Ok(column.and_then(|column| column.u64().ok().and_then(|values| values.get(0))).unwrap_or(0))
        };
        let rows_read = count(&next()?)?;
        let rows_kept = count(&next()?)?;
        let rejected = plan.inputs.iter().map(|_| next()).collect::<Result<_, _>>()?;
        let mut measures = HashMap::new();
        for (position, node) in plan.nodes.iter().enumerate() {
            for (grouping, of) in node.groupings.iter().enumerate() {
                let aggregation = of.aggregation();
                for (served, keys) in of.served.iter().enumerate() {
                    let finished: Vec<DataFrame> = (0..aggregation.table_count()).map(|_| next()).collect::<Result<_, _>>()?;
                    let table = aggregation.table(&finished, keys, report.confidence)?;
                    measures.insert((position, Place { grouping, served }), table);
                }
            }
        }
        let mut details = HashMap::new();
        for (index, ..) in plan.detailed(report) {
            details.insert(index, next()?);
        }
        Ok(Self { rows_read, rows_kept, rejected, measures, details })
    }

    /// The result rows of one breakdown of one request, and its detail table where it is wanted.
    fn observe(
        &self,
        report: &Report,
        plan: &TablePlan,
        index: usize,
        part: &Part,
    ) -> Result<(Vec<ResultRow>, Option<Detail>), PolarsError> {
        let request = &report.requests[part.request];
        let node = &plan.nodes[part.node];
        let groups = Groups::of(self, part, &request.definition);
        let as_of = report.as_of.and_then(|as_of| report.calendar().start_of_day(as_of).ok());
        let as_of = as_of.map(|as_of| as_of.timestamp().as_microsecond());
        let context = EvaluateContext { confidence: report.confidence, buckets: node.buckets(), as_of };
        let mut rows = Vec::new();
        let mut annotated: HashMap<Vec<DimensionValue>, Vec<Option<f64>>> = HashMap::new();
        let mut annotations: Vec<String> = Vec::new();
        let mut stocks = Stocks::default();
        let buckets = node.buckets().as_slice();
        for (at, bucket) in std::iter::once((-1, None)).chain((0..).zip(buckets.iter().map(Some))) {
            for group in &groups.all {
                let measured = self.measure_rows(part, &request.definition, &groups, group, at, &mut stocks);
                // The rows before the first bucket, and in the gaps of a baseline, move stocks and are not reported.
                let (Some(bucket), Ok(position)) = (bucket.filter(|bucket| bucket.reported), usize::try_from(at)) else { continue };
                let evaluated = request.definition.value.evaluate(&Group { index: position, bucket, rows: &measured }, &context);
                let (evaluation, note) = match evaluated {
                    Ok(evaluation) => (evaluation, request.definition.note.clone()),
                    Err(error) => (undefined(), Some(error.to_string())),
                };
                if let Some(found) = evaluation.annotations {
                    annotations = found.columns;
                    annotated.extend(found.rows.into_iter().map(|(own, values)| (detail_key(at, &group.key, own), values)));
                }
                for observation in evaluation.observations {
                    rows.push(result_row(request, part, bucket, &group.shown, observation, note.clone()));
                }
            }
        }
        let detail = match self.details.get(&index) {
            Some(frame) => Some(Detail {
                request: request.name.clone(),
                frame: with_annotations(frame, part, node, request, &annotations, &annotated)?,
            }),
            None => None,
        };
        Ok((rows, detail))
    }

    /// The measures of one bucket of one group, a row per combination of the metric's own dimensions.
    fn measure_rows(
        &self,
        part: &Part,
        definition: &Definition,
        groups: &Groups,
        group: &KnownGroup,
        at: i64,
        stocks: &mut Stocks,
    ) -> Vec<MeasureRow> {
        let combinations = groups.combinations(definition, group, at);
        let row = |own: Vec<DimensionValue>| {
            let measures = definition.measures.iter().zip(&part.measures).enumerate().map(|(number, (measure, (place, position)))| {
                let mut key = vec![DimensionValue::Integer(at)];
                if measure.scope != Scope::Bucket {
                    key.extend(group.key.iter().cloned());
                }
                if measure.scope == Scope::Group {
                    key.extend(own.iter().cloned());
                }
                let mut measured = self.measures[&(part.node, *place)].get(&key)[*position];
                if measure.running {
                    measured = stocks.add((group.key.clone(), own.clone(), number), measured);
                }
                (measure.name.clone(), measured)
            });
            let measures = measures.collect();
            MeasureRow { dimensions: own, measures }
        };
        combinations.into_iter().map(row).collect()
    }
}

/// Running totals of stocks, from the rows before the period on.
#[derive(Default)]
struct Stocks(HashMap<(Vec<DimensionValue>, Vec<DimensionValue>, usize), f64>);

impl Stocks {
    fn add(&mut self, stock: (Vec<DimensionValue>, Vec<DimensionValue>, usize), movement: Measured) -> Measured {
        let held = self.0.entry(stock).or_default();
        *held += movement.value.unwrap_or(0.0);
        Measured::number(Some(*held))
    }
}

/// The groups of a breakdown, in the order of the result.
struct Groups {
    all: Vec<KnownGroup>,
    /// Combinations of own dimensions that have rows, by bucket and group.
    seen: HashMap<(i64, Vec<DimensionValue>), BTreeSet<Vec<DimensionValue>>>,
    /// The same over all buckets, for stocks.
    ever: HashMap<Vec<DimensionValue>, BTreeSet<Vec<DimensionValue>>>,
}

struct KnownGroup {
    /// As the engine holds it.
    key: Vec<DimensionValue>,
    /// As the result shows it.
    shown: Vec<DimensionValue>,
}

impl Groups {
    fn of(collected: &Collected, part: &Part, definition: &Definition) -> Self {
        let width = part.breakdown.len();
        let mut keys: BTreeSet<Vec<DimensionValue>> = BTreeSet::new();
        let mut seen: HashMap<_, BTreeSet<_>> = HashMap::new();
        let mut ever: HashMap<_, BTreeSet<_>> = HashMap::new();
        if width == 0 {
            keys.insert(Vec::new());
        }
        for group in collected.measures[&(part.node, part.main)].groups() {
            let (dimensions, own) = group[1..].split_at(width);
            keys.insert(dimensions.to_vec());
            if let DimensionValue::Integer(at) = group[0] {
                seen.entry((at, dimensions.to_vec())).or_default().insert(own.to_vec());
            }
            if definition.measures.iter().any(|measure| measure.running) {
                ever.entry(dimensions.to_vec()).or_default().insert(own.to_vec());
            }
        }
        let keys: Vec<Vec<DimensionValue>> = keys.into_iter().collect();
        let shown = as_one_type(&keys, width);
        let mut all: Vec<KnownGroup> = keys.into_iter().zip(shown).map(|(key, shown)| KnownGroup { key, shown }).collect();
        all.sort_by(|a, b| a.shown.cmp(&b.shown));
        Self { all, seen, ever }
    }

    /// The combinations of own dimensions that a group shows in a bucket.
    fn combinations(&self, definition: &Definition, group: &KnownGroup, at: i64) -> Vec<Vec<DimensionValue>> {
        let own = &definition.own_dimensions;
        if let Some(domains) = own.iter().map(|own| own.domain.as_ref()).collect::<Option<Vec<_>>>() {
            return domains.into_iter().fold(vec![Vec::new()], |combinations, domain| {
                let with = |combination: &Vec<DimensionValue>| {
                    let combination = combination.clone();
                    domain.iter().map(move |value| combination.iter().cloned().chain([value.clone()]).collect())
                };
                combinations.iter().flat_map(with).collect()
            });
        }
        let found = if definition.measures.iter().any(|measure| measure.running) {
            self.ever.get(&group.key)
        } else {
            self.seen.get(&(at, group.key.clone()))
        };
        found.into_iter().flatten().cloned().collect()
    }
}

/// Text dimensions that hold nothing but numbers, or nothing but true and false, shown as such: the same whatever the file's types.
fn as_one_type(groups: &[Vec<DimensionValue>], width: usize) -> Vec<Vec<DimensionValue>> {
    let mut shown = groups.to_vec();
    for column in 0..width {
        let narrowed: Option<Vec<DimensionValue>> = groups.iter().map(|group| narrowed(&group[column])).collect();
        let Some(narrowed) = narrowed else { continue };
        let all = |fits: fn(&DimensionValue) -> bool| narrowed.iter().all(|value| fits(value) || *value == DimensionValue::Missing);
        if all(|value| matches!(value, DimensionValue::Integer(_) | DimensionValue::Number(_)))
            || all(|value| matches!(value, DimensionValue::Boolean(_)))
        {
            shown.iter_mut().zip(narrowed).for_each(|(group, value)| group[column] = value);
        }
    }
    shown
}

/// A text as the number or truth value that is written just so; none when it is neither.
fn narrowed(value: &DimensionValue) -> Option<DimensionValue> {
    let DimensionValue::Text(text) = value else { return Some(value.clone()) };
    if let Ok(flag) = text.parse::<bool>() {
        return Some(DimensionValue::Boolean(flag));
    }
    let number: DimensionValue = text.parse::<f64>().ok().filter(|number| number.is_finite())?.into();
    (number.to_string() == *text).then_some(number)
}

/// What is reported of a group whose value can't be had.
fn undefined() -> Evaluation {
    Evaluation { observations: vec![Observation::default()], annotations: None }
}

fn result_row(
    request: &Request,
    part: &Part,
    bucket: &custometer_core::time::Bucket,
    group: &[DimensionValue],
    observation: Observation,
    note: Option<String>,
) -> ResultRow {
    let definition = &request.definition;
    let own: Vec<String> = match &definition.value {
        Value::Function(function) => function.dimensions(),
        _ => definition.own_dimensions.iter().map(|own| own.name.clone()).collect(),
    };
    let breakdown = part.breakdown.iter().cloned().zip(group.iter().cloned());
    let estimate = observation.estimate;
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite()).map(rounded);
    ResultRow {
        request: request.name.clone(),
        metric: request.metric.about.id,
        start: bucket.start.clone(),
        end: bucket.end.clone(),
        partial: bucket.partial,
        grain: request.grain,
        breakdown: part.breakdown.len(),
        dimensions: breakdown.chain(own.into_iter().zip(observation.dimensions)).collect(),
        value: finite(estimate.value),
        unit: definition.unit.unwrap_or(request.metric.about.unit),
        direction: request.metric.about.direction,
        low: finite(estimate.interval.map(|(low, _)| low)),
        high: finite(estimate.interval.map(|(_, high)| high)),
        n: finite(estimate.n),
        measures: observation.measures.into_iter().map(|(name, value)| (name, finite(value))).collect(),
        note,
        suppressed: false,
        comparisons: Vec::new(),
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
    annotated: &HashMap<Vec<DimensionValue>, Vec<Option<f64>>>,
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
        let values: Vec<Option<f64>> =
            keys.iter().map(|key| annotated.get(key).and_then(|values| values.get(position).copied().flatten()).map(rounded)).collect();
        columns.push(Series::new(name.as_str().into(), values).into());
    }
    let detail = DataFrame::new(frame.height(), columns)?;
    let by: Vec<String> = detail.get_column_names().iter().take(1).map(ToString::to_string).collect();
    detail.sort(by, polars::prelude::SortMultipleOptions::default())
}

fn rejections(table: &str, reasons: &[String], requests: &[String], frame: &DataFrame) -> Result<Vec<Rejection>, PolarsError> {
    let numbers = dimension::from_series(frame.column("__reason")?.as_materialized_series())?;
    let rows = dimension::from_series(frame.column("rows")?.as_materialized_series())?;
    let of = |(number, rows): (DimensionValue, DimensionValue)| match (number, rows) {
        (DimensionValue::Integer(number), DimensionValue::Integer(rows)) => Some(Rejection {
            table: table.to_owned(),
            reason: reasons.get(usize::try_from(number - 1).ok()?)?.clone(),
            rows: u64::try_from(rows).ok()?,
            requests: requests.to_vec(),
            examples: Vec::new(),
        }),
        _ => None,
    };
    Ok(numbers.into_iter().zip(rows).filter_map(of).collect())
}

fn manifest_of(file: &Path, folder: &Path) -> Result<FileManifest, RunError> {
    let failed = |source| RunError::File { file: file.display().to_string(), source };
    let mut hasher = blake3::Hasher::new();
    let mut opened = std::fs::File::open(file).map_err(failed)?;
    let bytes = io::copy(&mut opened, &mut hasher).map_err(failed)?;
    let shown = file.strip_prefix(folder).unwrap_or(file);
    Ok(FileManifest { path: shown.display().to_string(), bytes, hash: hasher.finalize().to_hex().to_string() })
}
