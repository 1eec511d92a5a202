//! JSON: one document with the manifest, the results, the alerts and the rejected rows; and what webhooks are told.
//!
//! Whole numbers are written as integers, undefined ones as `null`. `start` and `end` are RFC 3339 with offset.

use custometer_core::time::Name;
use custometer_core::{About, Baseline, CurrencyCode, DimensionValue, Direction, Grain, Picture, Unit};
use custometer_runner::Locale;
use custometer_runner::result::{
    AgainstBenchmark, Alert, Asked, Comparison, Contributions, GroupComparison, GroupContribution, Judgement, Manifest, Method, Note,
    ProcessLimits, Rejection, ResultRow, RunResult, SCHEMA_VERSION, Severity, Status,
};
use jiff::Zoned;
use serde::{Serialize, Serializer};

use crate::chat::Message;
use crate::tidy::{Measures, instant, number};

/// The whole document.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    results: Rows<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contributions: Vec<Explained<'a>>,
    alerts: Alerts<'a>,
    rejected: &'a [Rejection],
    requests: Vec<Request<'a>>,
    notes: &'a [Note],
    locale: Locale,
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<u8>,
}

/// What a reader must know of a request.
#[derive(Serialize)]
struct Request<'a> {
    name: &'a str,
    picture: Option<Picture>,
    metric: Described,
}

/// What a metric means.
#[derive(Serialize)]
struct Described {
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    formula: &'static str,
    unit: Unit,
    range: &'static str,
    direction: Direction,
    edge_cases: &'static [&'static str],
    references: &'static [&'static str],
}

impl<'a> From<&'a Asked> for Request<'a> {
    fn from(asked: &'a Asked) -> Self {
        let About { id, title, summary, formula, unit, range, direction, edge_cases, references, .. } = *asked.about;
        let metric = Described { id, title, summary, formula, unit, range, direction, edge_cases, references };
        Self { name: &asked.name, picture: asked.picture, metric }
    }
}

/// The alerts alone.
pub(crate) fn alerts(result: &RunResult) -> serde_json::Result<String> {
    serde_json::to_string(&Alerts(&result.alerts))
}

/// The results, turned into JSON one at a time.
struct Rows<'a>(&'a [ResultRow]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Row::from))
    }
}

/// One result.
#[derive(Serialize)]
struct Row<'a> {
    request: &'a str,
    metric: &'a str,
    grain: Grain,
    start: Option<String>,
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_start: Option<String>,
    partial: bool,
    dimensions: Dimensions<'a>,
    breakdown: usize,
    value: DimensionValue,
    unit: Unit,
    currency: Option<CurrencyCode>,
    direction: Direction,
    low: DimensionValue,
    high: DimensionValue,
    n: DimensionValue,
    measures: Measures<'a>,
    suppressed: bool,
    comparisons: Vec<Change>,
    group_comparison: Option<Difference<'a>>,
    target: Option<Judged<'a>>,
    benchmark: Option<Against<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_limits: Option<&'a ProcessLimits>,
    note: Option<&'a str>,
}

impl<'a> From<&'a ResultRow> for Row<'a> {
    fn from(row: &'a ResultRow) -> Self {
        Self {
            request: &row.request,
            metric: row.metric,
            grain: row.grain,
            start: row.start.as_ref().map(written),
            end: row.end.as_ref().map(written),
            period: row.period,
            window_start: row.window_start.as_ref().map(written),
            partial: row.partial,
            dimensions: Dimensions(&row.dimensions),
            breakdown: row.breakdown,
            value: number(row.value),
            unit: row.unit,
            currency: row.currency,
            direction: row.direction,
            low: number(row.low),
            high: number(row.high),
            n: number(row.n),
            measures: Measures(&row.measures),
            suppressed: row.suppressed,
            comparisons: row.comparisons.iter().map(|comparison| Change::of(comparison, row)).collect(),
            group_comparison: row.group_comparison.as_deref().map(|beside| Difference::of(beside, row)),
            target: row.target.as_ref().map(Judged::from),
            benchmark: row.benchmark.as_ref().map(|against| Against::of(against, row)),
            process_limits: row.process_limits.as_ref(),
            note: row.note.as_deref(),
        }
    }
}

/// The change from a baseline.
#[derive(Serialize)]
struct Change {
    baseline: Baseline,
    start: Option<String>,
    end: Option<String>,
    value: DimensionValue,
    change: DimensionValue,
    relative_change: DimensionValue,
    p_value: DimensionValue,
    significant: Option<bool>,
    better: Option<bool>,
}

impl Change {
    fn of(comparison: &Comparison, row: &ResultRow) -> Self {
        Self {
            baseline: comparison.baseline,
            start: comparison.start.as_ref().map(written),
            end: comparison.end.as_ref().map(written),
            value: number(comparison.value),
            change: number(comparison.change),
            relative_change: number(comparison.relative_change),
            p_value: number(comparison.p_value),
            significant: comparison.significant,
            better: row.is_better(comparison.change),
        }
    }
}

/// The difference from another group.
#[derive(Serialize)]
struct Difference<'a> {
    by: &'a str,
    with: &'a DimensionValue,
    value: DimensionValue,
    difference: DimensionValue,
    low: DimensionValue,
    high: DimensionValue,
    relative_difference: DimensionValue,
    p_value: DimensionValue,
    significant: Option<bool>,
    better: Option<bool>,
}

impl<'a> Difference<'a> {
    fn of(beside: &'a GroupComparison, row: &ResultRow) -> Self {
        Self {
            by: &beside.by,
            with: &beside.with,
            value: number(beside.value),
            difference: number(beside.difference),
            low: number(beside.low),
            high: number(beside.high),
            relative_difference: number(beside.relative_difference),
            p_value: number(beside.p_value),
            significant: beside.significant,
            better: row.is_better(beside.difference),
        }
    }
}

/// A target, and how the value stands to it.
#[derive(Serialize)]
struct Judged<'a> {
    at_least: DimensionValue,
    at_most: DimensionValue,
    warn_below: DimensionValue,
    warn_above: DimensionValue,
    start: DimensionValue,
    by_interval: bool,
    holds: Option<&'a str>,
    status: Status,
    progress: DimensionValue,
    decides: bool,
}

impl<'a> From<&'a Judgement> for Judged<'a> {
    fn from(judgement: &'a Judgement) -> Self {
        let target = &judgement.target;
        Self {
            at_least: number(target.at_least),
            at_most: number(target.at_most),
            warn_below: number(target.warn_below),
            warn_above: number(target.warn_above),
            start: number(target.start),
            by_interval: target.by_interval,
            holds: target.holds.as_deref(),
            status: judgement.status,
            progress: number(judgement.progress),
            decides: judgement.decides,
        }
    }
}

/// A benchmark, and how the value stands to it.
#[derive(Serialize)]
struct Against<'a> {
    value: DimensionValue,
    source: &'a str,
    change: DimensionValue,
    relative_change: DimensionValue,
    better: Option<bool>,
}

impl<'a> Against<'a> {
    fn of(against: &'a AgainstBenchmark, row: &ResultRow) -> Self {
        Self {
            value: number(Some(against.benchmark.value)),
            source: &against.benchmark.source,
            change: number(against.change),
            relative_change: number(against.relative_change),
            better: row.is_better(against.change),
        }
    }
}

/// What each group adds to the change of a total.
#[derive(Serialize)]
struct Explained<'a> {
    request: &'a str,
    baseline: Baseline,
    start: Option<String>,
    end: Option<String>,
    by: &'a [String],
    method: Method,
    change: DimensionValue,
    mix: DimensionValue,
    rate: DimensionValue,
    groups: Vec<Contribution<'a>>,
}

#[derive(Serialize)]
struct Contribution<'a> {
    dimensions: Dimensions<'a>,
    contribution: DimensionValue,
    mix: DimensionValue,
    rate: DimensionValue,
    before: DimensionValue,
    now: DimensionValue,
    share_before: DimensionValue,
    share_now: DimensionValue,
}

impl<'a> From<&'a Contributions> for Explained<'a> {
    fn from(of: &'a Contributions) -> Self {
        Self {
            request: &of.request,
            baseline: of.baseline,
            start: of.start.as_ref().map(written),
            end: of.end.as_ref().map(written),
            by: &of.by,
            method: of.method,
            change: number(Some(of.change)),
            mix: number(of.mix),
            rate: number(of.rate),
            groups: of.groups.iter().map(Contribution::from).collect(),
        }
    }
}

impl<'a> From<&'a GroupContribution> for Contribution<'a> {
    fn from(group: &'a GroupContribution) -> Self {
        Self {
            dimensions: Dimensions(&group.dimensions),
            contribution: number(Some(group.contribution)),
            mix: number(group.mix),
            rate: number(group.rate),
            before: number(group.before),
            now: number(group.now),
            share_before: number(group.share_before),
            share_now: number(group.share_now),
        }
    }
}

/// The alerts; each names the result it fired on by its position.
pub(crate) struct Alerts<'a>(pub(crate) &'a [Alert]);

impl Serialize for Alerts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|alert| Fired {
            name: &alert.name,
            severity: alert.severity,
            message: &alert.message,
            result: alert.row,
            webhook: alert.webhook.as_deref(),
        }))
    }
}

/// An alert in the document.
#[derive(Serialize)]
struct Fired<'a> {
    name: &'a str,
    severity: Severity,
    message: &'a str,
    result: usize,
    webhook: Option<&'a str>,
}

/// What a webhook is told of one alert.
#[derive(Serialize)]
struct Payload<'a> {
    schema_version: u32,
    alert: Said<'a>,
    report: Report<'a>,
    result: Row<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    name: &'a str,
    severity: Severity,
    message: &'a str,
}

#[derive(Serialize)]
struct Report<'a> {
    title: Option<&'a str>,
    version: &'a str,
    config_hash: &'a str,
    as_of: Option<jiff::civil::Date>,
}

/// What a webhook is told of some alerts, by their positions: a message for each.
pub(crate) fn messages(result: &RunResult, alerts: &[usize]) -> serde_json::Result<Vec<Message>> {
    let alerts = alerts.iter().filter_map(|position| result.alerts.get(*position));
    let message = |alert: &Alert| Some(payload(result, alert)?.map(|body| Message { alerts: vec![alert.name.clone()], body }));
    alerts.filter_map(message).collect()
}

/// What a webhook is told of an alert: it, the report, and the result it fired on, as the document has it. None for an alert of another run.
fn payload(result: &RunResult, alert: &Alert) -> Option<serde_json::Result<Vec<u8>>> {
    let row = result.results.get(alert.row).filter(|row| !row.suppressed)?;
    let manifest = &result.manifest;
    let report =
        Report { title: manifest.title.as_deref(), version: &manifest.version, config_hash: &manifest.config_hash, as_of: manifest.as_of };
    let said = Said { name: &alert.name, severity: alert.severity, message: &alert.message };
    Some(serde_json::to_vec(&Payload { schema_version: SCHEMA_VERSION, alert: said, report, result: row.into() }))
}

fn written(at: &Zoned) -> String {
    instant(at).to_string()
}

/// The group of a result, as an object in the order of its dimensions.
struct Dimensions<'a>(&'a [(String, DimensionValue)]);

impl Serialize for Dimensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The result as indented JSON with a line end after it.
pub(crate) fn render(result: &RunResult) -> serde_json::Result<Vec<u8>> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        manifest: &result.manifest,
        results: Rows(&result.results),
        contributions: result.contributions.iter().map(Explained::from).collect(),
        alerts: Alerts(&result.alerts),
        rejected: &result.rejected,
        requests: result.requests.iter().map(Request::from).collect(),
        notes: &result.notes,
        locale: result.locale,
        digits: result.digits,
    };
    let mut json = serde_json::to_vec_pretty(&document)?;
    json.push(b'\n');
    Ok(json)
}

#[cfg(test)]
mod tests {
    use custometer_runner::result::Alert;
    use serde_json::{Value, json};

    use super::{payload, render};
    use crate::fixture;

    fn rendered() -> String {
        String::from_utf8(render(&fixture::result()).unwrap()).unwrap()
    }

    #[test]
    fn a_row_has_every_field_in_a_fixed_order() {
        let expected = r#"
    {
      "request": "NPS",
      "metric": "loyalty.nps",
      "grain": "month",
      "start": "2025-01-01T00:00:00+01:00",
      "end": "2025-02-01T00:00:00+01:00",
      "partial": false,
      "dimensions": {
        "region": "Nordics",
        "year": 2024
      },
      "breakdown": 0,
      "value": 41.3,
      "unit": "points",
      "currency": null,
      "direction": "higher_is_better",
      "low": 35,
      "high": 47.5,
      "n": 1204,
      "measures": {
        "promoters": 600,
        "detractors": null
      },
      "suppressed": false,
      "comparisons": [
        {
          "baseline": "previous",
          "start": "2024-12-01T00:00:00+01:00",
          "end": "2025-01-01T00:00:00+01:00",
          "value": 36.5,
          "change": 4.8,
          "relative_change": null,
          "p_value": 0.0125,
          "significant": true,
          "better": true
        },
        {
          "baseline": "year_ago",
          "start": null,
          "end": null,
          "value": null,
          "change": null,
          "relative_change": null,
          "p_value": null,
          "significant": null,
          "better": null
        }
      ],
      "group_comparison": null,
      "target": {
        "at_least": 40,
        "at_most": null,
        "warn_below": 30,
        "warn_above": null,
        "start": 0,
        "by_interval": false,
        "holds": null,
        "status": "met",
        "progress": 103.25,
        "decides": false
      },
      "benchmark": {
        "value": 32,
        "source": "our 2024 average",
        "change": 9.3,
        "relative_change": null,
        "better": true
      },
      "note": null
    },"#;
        assert!(rendered().contains(expected), "{}", rendered());
    }

    #[test]
    fn the_document_parses_back() {
        let document: Value = serde_json::from_str(&rendered()).unwrap();
        let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["schema_version", "manifest", "results", "alerts", "rejected", "requests", "notes", "locale"]);
        assert_eq!(document["schema_version"], json!(2));
        assert_eq!(document["manifest"]["timezone"], json!("Europe/Copenhagen"));
        assert_eq!(document["manifest"]["period"], json!({ "from": "2025-01-01", "until": "2025-03-01" }));
        assert_eq!(document["results"].as_array().unwrap().len(), fixture::result().results.len());
        let alert = json!({ "name": "dropped", "severity": "critical", "message": "NPS fell to -5 <b>", "result": 0, "webhook": "team" });
        assert_eq!(document["alerts"], json!([alert]));
        let rejection = json!({
            "table": "responses",
            "reason": "`score` is above 10",
            "rows": 1500,
            "requests": ["NPS", "CSAT"],
            "examples": [
                { "file": "responses.csv", "row": 17, "column": "score", "value": "11", "looked_up_in": null },
                { "file": "responses.csv", "row": 18, "column": "score", "value": "=1\u{1b}[31m", "looked_up_in": null },
            ],
        });
        assert_eq!(document["rejected"][0], rejection);
    }

    #[test]
    fn a_webhook_is_told_the_alert_the_report_and_the_result() {
        let result = fixture::result();
        let told: Value = serde_json::from_slice(&payload(&result, &result.alerts[0]).unwrap().unwrap()).unwrap();
        let document: Value = serde_json::from_str(&rendered()).unwrap();
        assert_eq!(told["schema_version"], json!(2));
        assert_eq!(told["alert"], json!({ "name": "dropped", "severity": "critical", "message": "NPS fell to -5 <b>" }));
        assert_eq!(
            told["report"],
            json!({ "title": "Customer metrics", "version": "0.1.0", "config_hash": "c0ffee", "as_of": "2025-02-10" })
        );
        assert_eq!(told["result"], document["results"][0]);
        // Of what is suppressed nothing is told, whoever asks.
        let suppressed = result.results.iter().position(|row| row.suppressed).unwrap();
        assert!(payload(&result, &Alert { row: suppressed, ..result.alerts[0].clone() }).is_none());
        assert!(payload(&result, &Alert { row: 99, ..result.alerts[0].clone() }).is_none());
    }

    #[test]
    fn the_manifest_accounts_for_every_row() {
        let document: Value = serde_json::from_str(&rendered()).unwrap();
        assert_eq!(
            (&document["manifest"]["compare"], &document["manifest"]["min_group_size"]),
            (&json!(["previous", "year_ago"]), &json!(5))
        );
        let table = &document["manifest"]["tables"][0];
        let count = |object: &Value, names: &[&str]| names.iter().map(|name| object[*name].as_u64().unwrap()).sum::<u64>();
        for used in table["uses"].as_array().unwrap() {
            let others = count(used, &["rows_used", "rows_left_out", "rows_outside_period", "rows_without_answer", "rows_rejected"]);
            assert_eq!(
                count(table, &["rows_filtered", "rows_deduplicated", "rows_without_span"])
                    + count(&table["rows_no_data"], &["headers", "comments", "footers", "skipped"])
                    + others,
                count(table, &["rows_read"]),
                "{used}"
            );
        }
    }

    #[test]
    fn what_is_undefined_or_missing_is_null() {
        let document: Value = serde_json::from_str(&rendered()).unwrap();
        let row = &document["results"][2];
        assert_eq!(row["dimensions"], json!({ "region": null, "year": 2024 }));
        assert_eq!((&row["value"], &row["low"], &row["high"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!(row["n"], json!(0));
        let suppressed = &document["results"][3];
        assert_eq!((&suppressed["suppressed"], &suppressed["value"], &suppressed["n"]), (&json!(true), &Value::Null, &Value::Null));
        let timeless = document["results"].as_array().unwrap().last().unwrap();
        assert_eq!((&timeless["start"], &timeless["end"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn whole_numbers_have_no_fraction_and_the_text_ends_in_one_line_end() {
        let json = rendered();
        assert!(!json.contains(".0,"), "{json}");
        assert!(json.ends_with("}\n") && !json.ends_with("\n\n"));
    }
}
