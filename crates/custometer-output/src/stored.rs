//! Stored results: the JSON of a run, read back.
//!
//! What the JSON has is read to the last key: a key that is not known here is a mistake, since what it says would be left out of what is shown.

use std::sync::Arc;

use custometer_core::time::Name;
use custometer_core::{About, Baseline, CurrencyCode, DimensionValue, Direction, Grain, Picture, Unit};
use custometer_runner::Locale;
use custometer_runner::result::{
    AgainstBenchmark, Alert, Asked, Benchmark, Comparison, Contributions, GroupComparison, GroupContribution, Judgement, Manifest, Method,
    Note, ProcessLimits, Rejection, ResultRow, RunResult, SCHEMA_VERSION, Severity, Status, Target, rounded,
};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// Why stored results can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// They are of another version of the schema.
    #[error("the results are of schema version {found}, and this program reads {SCHEMA_VERSION}: {}", remedy(*found))]
    Version {
        /// Their version.
        found: u64,
    },
    /// They are not the JSON of a run.
    #[error("these are not the results of a run in JSON, as `custometer run --format json` writes them: {0}")]
    NotResults(String),
}

fn remedy(found: u64) -> &'static str {
    if found > u64::from(SCHEMA_VERSION) { "it is older than the one that wrote them, and needs an update" } else { "run the report again" }
}

/// Reads the results of a run that are stored as JSON. Detail tables and single rejected rows are files of their own, and not there.
///
/// # Errors
///
/// When the text is not the JSON of a run, or is of another version of its schema.
pub fn stored(text: &str) -> Result<RunResult, StoredError> {
    let document: Json = serde_json::from_str(text).map_err(|error| StoredError::NotResults(error.to_string()))?;
    let version = document.get("schema_version").and_then(Json::as_u64);
    match version {
        None => return Err(StoredError::NotResults("they have no `schema_version`".to_owned())),
        Some(found) if found != u64::from(SCHEMA_VERSION) => return Err(StoredError::Version { found }),
        Some(_) => {}
    }
    if document.get("requests").is_none() {
        return Err(StoredError::NotResults("they have no `requests`, as an earlier version wrote them: run the report again".to_owned()));
    }
    let document: Document = serde_json::from_value(document).map_err(|error| StoredError::NotResults(error.to_string()))?;
    let zone = TimeZone::get(&document.manifest.timezone).map_err(|error| StoredError::NotResults(error.to_string()))?;
    let results = document.results.into_iter().map(|row| row.row(&zone)).collect::<Result<Vec<_>, String>>();
    let mut results = results.map_err(StoredError::NotResults)?;
    for row in &mut results {
        row.digits = document.digits;
    }
    if let Some(alert) = document.alerts.iter().find(|alert| alert.result >= results.len()) {
        return Err(StoredError::NotResults(format!("the alert `{}` is of a result that is not there", alert.name)));
    }
    let contributions = document.contributions.into_iter().map(|of| of.contributions(&zone)).collect::<Result<Vec<_>, String>>();
    Ok(RunResult {
        manifest: document.manifest,
        results,
        contributions: contributions.map_err(StoredError::NotResults)?,
        alerts: document.alerts.into_iter().map(Alert::from).collect(),
        rejected: document.rejected,
        rejected_rows: None,
        details: Vec::new(),
        requests: document.requests.into_iter().map(Asked::from).collect(),
        notes: document.notes,
        locale: document.locale,
        digits: document.digits,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema_version")]
    _schema_version: u32,
    manifest: Manifest,
    results: Vec<Row>,
    #[serde(default)]
    contributions: Vec<Explained>,
    alerts: Vec<Fired>,
    rejected: Vec<Rejection>,
    requests: Vec<Request>,
    notes: Vec<Note>,
    locale: Locale,
    #[serde(default)]
    digits: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    request: String,
    metric: String,
    grain: Grain,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    #[serde(default)]
    period: Option<Name>,
    #[serde(default)]
    window_start: Option<Timestamp>,
    partial: bool,
    dimensions: Map<String, Json>,
    breakdown: usize,
    value: Option<f64>,
    unit: Unit,
    currency: Option<String>,
    direction: Direction,
    low: Option<f64>,
    high: Option<f64>,
    n: Option<f64>,
    measures: Map<String, Json>,
    suppressed: bool,
    comparisons: Vec<Change>,
    group_comparison: Option<Difference>,
    target: Option<Judged>,
    benchmark: Option<Against>,
    #[serde(default)]
    process_limits: Option<ProcessLimits>,
    note: Option<String>,
}

impl Row {
    fn row(self, zone: &TimeZone) -> Result<ResultRow, String> {
        let zoned = |at: Option<Timestamp>| at.map(|at| at.to_zoned(zone.clone()));
        let number = |value: Option<f64>| value.map(rounded);
        let currency = |code: String| CurrencyCode::new(&code).ok_or_else(|| format!("`{code}` is not the code of a currency"));
        let dimensions = self.dimensions.into_iter().map(|(name, value)| dimension(value).map(|value| (name, value)));
        Ok(ResultRow {
            request: self.request,
            metric: kept(self.metric),
            start: zoned(self.start),
            end: zoned(self.end),
            period: self.period,
            window_start: zoned(self.window_start),
            partial: self.partial,
            grain: self.grain,
            dimensions: dimensions.collect::<Result<_, String>>()?,
            breakdown: self.breakdown,
            value: number(self.value),
            unit: self.unit,
            currency: self.currency.map(currency).transpose()?,
            digits: None,
            direction: self.direction,
            low: number(self.low),
            high: number(self.high),
            n: number(self.n),
            measures: self.measures.into_iter().map(|(name, value)| (name, number(value.as_f64()))).collect(),
            note: self.note,
            suppressed: self.suppressed,
            comparisons: self.comparisons.into_iter().map(|change| change.comparison(&zoned)).collect(),
            group_comparison: self.group_comparison.map(Difference::comparison).transpose()?.map(Box::new),
            target: self.target.map(Judgement::from),
            benchmark: self.benchmark.map(AgainstBenchmark::from),
            process_limits: self.process_limits,
            parts: None,
        })
    }
}

/// The value of a dimension.
fn dimension(value: Json) -> Result<DimensionValue, String> {
    match value {
        Json::Null => Ok(DimensionValue::Missing),
        Json::Bool(truth) => Ok(DimensionValue::Boolean(truth)),
        Json::String(text) => Ok(DimensionValue::Text(text)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(DimensionValue::Integer(whole)),
            (None, Some(number)) => Ok(DimensionValue::from(number)),
            (None, None) => Err(format!("{number} is not the value of a group")),
        },
        other => Err(format!("{other} is not the value of a group")),
    }
}

/// A text for as long as the program runs: metrics are known by such. There are few, and results are read once.
fn kept(text: String) -> &'static str {
    text.leak()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    request: String,
    baseline: Baseline,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    by: Vec<String>,
    method: Method,
    change: f64,
    mix: Option<f64>,
    rate: Option<f64>,
    groups: Vec<Contribution>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contribution {
    dimensions: Map<String, Json>,
    contribution: f64,
    mix: Option<f64>,
    rate: Option<f64>,
    before: Option<f64>,
    now: Option<f64>,
    share_before: Option<f64>,
    share_now: Option<f64>,
}

impl Explained {
    fn contributions(self, zone: &TimeZone) -> Result<Contributions, String> {
        let zoned = |at: Option<Timestamp>| at.map(|at| at.to_zoned(zone.clone()));
        Ok(Contributions {
            request: self.request,
            baseline: self.baseline,
            start: zoned(self.start),
            end: zoned(self.end),
            by: self.by,
            method: self.method,
            change: rounded(self.change),
            mix: self.mix.map(rounded),
            rate: self.rate.map(rounded),
            groups: self.groups.into_iter().map(Contribution::group).collect::<Result<_, String>>()?,
        })
    }
}

impl Contribution {
    fn group(self) -> Result<GroupContribution, String> {
        let dimensions = self.dimensions.into_iter().map(|(name, value)| dimension(value).map(|value| (name, value)));
        Ok(GroupContribution {
            dimensions: dimensions.collect::<Result<_, String>>()?,
            contribution: rounded(self.contribution),
            mix: self.mix.map(rounded),
            rate: self.rate.map(rounded),
            before: self.before.map(rounded),
            now: self.now.map(rounded),
            share_before: self.share_before.map(rounded),
            share_now: self.share_now.map(rounded),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    baseline: Baseline,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    value: Option<f64>,
    change: Option<f64>,
    relative_change: Option<f64>,
    p_value: Option<f64>,
    significant: Option<bool>,
    #[serde(rename = "better")]
    _better: Option<bool>,
}

impl Change {
    fn comparison(self, zoned: &dyn Fn(Option<Timestamp>) -> Option<Zoned>) -> Comparison {
        Comparison {
            baseline: self.baseline,
            start: zoned(self.start),
            end: zoned(self.end),
            value: self.value.map(rounded),
            n: None,
            change: self.change.map(rounded),
            relative_change: self.relative_change.map(rounded),
            p_value: self.p_value.map(rounded),
            significant: self.significant,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    by: String,
    with: Json,
    value: Option<f64>,
    difference: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    relative_difference: Option<f64>,
    p_value: Option<f64>,
    significant: Option<bool>,
    #[serde(rename = "better")]
    _better: Option<bool>,
}

impl Difference {
    fn comparison(self) -> Result<GroupComparison, String> {
        Ok(GroupComparison {
            by: self.by,
            with: dimension(self.with)?,
            value: self.value.map(rounded),
            difference: self.difference.map(rounded),
            low: self.low.map(rounded),
            high: self.high.map(rounded),
            relative_difference: self.relative_difference.map(rounded),
            p_value: self.p_value.map(rounded),
            significant: self.significant,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    at_least: Option<f64>,
    at_most: Option<f64>,
    warn_below: Option<f64>,
    warn_above: Option<f64>,
    start: Option<f64>,
    by_interval: bool,
    holds: Option<String>,
    status: Status,
    progress: Option<f64>,
    decides: bool,
}

impl From<Judged> for Judgement {
    fn from(judged: Judged) -> Self {
        let Judged { at_least, at_most, warn_below, warn_above, start, by_interval, holds, status, progress, decides } = judged;
        let target = Target { at_least, at_most, warn_below, warn_above, start, by_interval, holds };
        Self { target: Arc::new(target), status, progress: progress.map(rounded), decides }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Against {
    value: f64,
    source: String,
    change: Option<f64>,
    relative_change: Option<f64>,
    #[serde(rename = "better")]
    _better: Option<bool>,
}

impl From<Against> for AgainstBenchmark {
    fn from(against: Against) -> Self {
        let benchmark = Arc::new(Benchmark { value: against.value, source: against.source });
        Self { benchmark, change: against.change.map(rounded), relative_change: against.relative_change.map(rounded) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fired {
    name: String,
    severity: Severity,
    message: String,
    result: usize,
    webhook: Option<String>,
}

impl From<Fired> for Alert {
    fn from(fired: Fired) -> Self {
        let Fired { name, severity, message, result, webhook } = fired;
        Self { name, severity, message, row: result, webhook }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    name: String,
    picture: Option<Picture>,
    metric: Described,
}

/// What a metric means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    id: String,
    title: String,
    summary: String,
    formula: String,
    unit: Unit,
    range: String,
    direction: Direction,
    edge_cases: Vec<String>,
    references: Vec<String>,
}

impl From<Request> for Asked {
    fn from(request: Request) -> Self {
        let texts = |texts: Vec<String>| -> &'static [&'static str] { texts.into_iter().map(kept).collect::<Vec<_>>().leak() };
        let Described { id, title, summary, formula, unit, range, direction, edge_cases, references } = request.metric;
        let about = About {
            id: kept(id),
            title: kept(title),
            summary: kept(summary),
            formula: kept(formula),
            unit,
            range: kept(range),
            direction,
            edge_cases: texts(edge_cases),
            examples: &[],
            references: texts(references),
        };
        Self { name: request.name, about: Box::leak(Box::new(about)), picture: request.picture }
    }
}

#[cfg(test)]
mod tests {
    use custometer_runner::result::RunResult;

    use super::{StoredError, stored};
    use crate::{Format, fixture, render};

    #[test]
    fn stored_results_come_to_the_same_bytes_in_every_format() {
        let result = RunResult { rejected_rows: None, details: Vec::new(), ..fixture::result() };
        let text = String::from_utf8(render(&result, Format::Json, None).unwrap()).unwrap();
        let read = stored(&text).unwrap();
        for format in Format::ALL {
            assert!(render(&read, format, None).unwrap() == render(&result, format, None).unwrap(), "{format}");
        }
    }

    #[test]
    fn decimals_are_stored_with_what_they_are_of() {
        let mut result = RunResult { digits: Some(3), rejected_rows: None, details: Vec::new(), ..fixture::result() };
        for row in &mut result.results {
            row.digits = result.digits;
        }
        let text = String::from_utf8(render(&result, Format::Json, None).unwrap()).unwrap();
        let shown = |result: &RunResult| String::from_utf8(render(result, Format::Markdown, None).unwrap()).unwrap();
        assert!(shown(&result).contains("+41.300"), "{}", shown(&result));
        assert_eq!(shown(&stored(&text).unwrap()), shown(&result));
    }

    #[test]
    fn results_of_another_version_are_refused_by_its_number() {
        let text = String::from_utf8(render(&fixture::result(), Format::Json, None).unwrap()).unwrap();
        let version = |number: u32| {
            stored(&text.replacen("\"schema_version\": 2", &format!("\"schema_version\": {number}"), 1)).unwrap_err().to_string()
        };
        assert_eq!(
            version(3),
            "the results are of schema version 3, and this program reads 2: it is older than the one that wrote them, and needs an update"
        );
        assert_eq!(version(1), "the results are of schema version 1, and this program reads 2: run the report again");
        assert!(matches!(stored("{}"), Err(StoredError::NotResults(_))) && matches!(stored("no"), Err(StoredError::NotResults(_))));
    }

    #[test]
    fn what_is_not_known_is_not_left_out_without_a_word() {
        let text = String::from_utf8(render(&fixture::result(), Format::Json, None).unwrap()).unwrap();
        let more = text.replacen("\"partial\": false", "\"partial\": false, \"mood\": \"fine\"", 1);
        assert!(stored(&more).unwrap_err().to_string().contains("unknown field `mood`"));
    }
}
