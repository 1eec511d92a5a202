//! A small result for the tests, with everything that is hard to render.

use std::sync::Arc;

use custometer_core::{Baseline, DimensionValue, Direction, Grain, Period, Unit};
use custometer_runner::Locale;
use custometer_runner::result::{
    AgainstBenchmark, Alert, Benchmark, Comparison, Detail, FileManifest, Judgement, Manifest, RejectedRow, Rejection, ResultRow,
    RowsNoData, RunResult, Severity, Status, TableManifest, TableUse, Target,
};
use jiff::Zoned;
use jiff::civil::date;
use polars::prelude::df;

/// Two requests: one over two months with groups that are missing, undefined and suppressed, one without time and with hostile text.
pub(crate) fn result() -> RunResult {
    let january = nps(1, 2);
    let nordics = vec![("region".to_owned(), "Nordics".into()), ("year".to_owned(), 2024.into())];
    let missing = vec![("region".to_owned(), DimensionValue::Missing), ("year".to_owned(), 2024.into())];
    let few = vec![("region".to_owned(), "Iceland".into()), ("year".to_owned(), 2024.into())];
    let results = vec![
        ResultRow {
            value: Some(-5.0),
            low: Some(-12.25),
            high: Some(2.0),
            n: Some(1310.0),
            comparisons: vec![change(-1.5, Some(-42.0), 0.4), Comparison::unknown(Baseline::YearAgo)],
            target: Some(judged(Status::Missed, Some(-12.5), true)),
            benchmark: Some(against(Some(-37.0))),
            ..january.clone()
        },
        ResultRow {
            dimensions: nordics,
            value: Some(41.3),
            low: Some(35.0),
            high: Some(47.5),
            n: Some(1204.0),
            measures: vec![("promoters".to_owned(), Some(600.0)), ("detractors".to_owned(), None)],
            comparisons: vec![change(4.8, None, 0.0125), Comparison::unknown(Baseline::YearAgo)],
            target: Some(judged(Status::Met, Some(103.25), false)),
            benchmark: Some(against(Some(9.3))),
            ..january
        },
        ResultRow {
            partial: true,
            dimensions: missing,
            n: Some(0.0),
            note: Some("no rows".to_owned()),
            target: Some(judged(Status::Unknown, None, false)),
            benchmark: Some(against(None)),
            ..nps(2, 3)
        },
        ResultRow {
            partial: true,
            dimensions: few,
            suppressed: true,
            comparisons: vec![Comparison::unknown(Baseline::Previous), Comparison::unknown(Baseline::YearAgo)],
            target: Some(judged(Status::Unknown, None, false)),
            benchmark: Some(against(None)),
            ..nps(2, 3)
        },
        ResultRow {
            request: "=Time".to_owned(),
            metric: "support.first_response_time",
            start: None,
            end: None,
            grain: Grain::Total,
            dimensions: vec![("region".to_owned(), r#"=HYPERLINK("http://x","y")"#.into()), ("year".to_owned(), (-3).into())],
            value: Some(7505.0),
            unit: Unit::Seconds,
            direction: Direction::LowerIsBetter,
            n: Some(12.5),
            note: Some("two\nlines, \"quoted\"".to_owned()),
            ..nps(1, 2)
        },
    ];
    let alerts = vec![Alert {
        name: "dropped".to_owned(),
        severity: Severity::Critical,
        message: "NPS fell to -5 <b>".to_owned(),
        row: 0,
        webhook: Some("team".to_owned()),
    }];
    RunResult {
        results,
        alerts,
        rejected: vec![Rejection {
            table: "responses".to_owned(),
            reason: "`score` is above 10".to_owned(),
            rows: 1500,
            requests: vec!["NPS".to_owned(), "CSAT".to_owned()],
            examples: vec![rejected(17, "11"), rejected(18, "=1\u{1b}[31m")],
        }],
        rejected_rows: Some(
            df!("file" => ["responses.csv"; 2], "row" => [17, 18], "=score" => ["11", "=1\u{1b}[31m"], "amount" => [Some(-2.5), None])
                .unwrap(),
        ),
        notes: Vec::new(),
        details: vec![Detail { request: "NPS".to_owned(), frame: df!("customer" => ["a", "b"], "score" => [9, 3]).unwrap() }],
        ..empty()
    }
}

/// A run that came to nothing.
pub(crate) fn empty() -> RunResult {
    RunResult {
        manifest: manifest(),
        results: Vec::new(),
        contributions: Vec::new(),
        alerts: Vec::new(),
        rejected: Vec::new(),
        notes: Vec::new(),
        details: Vec::new(),
        rejected_rows: None,
        requests: Vec::new(),
        locale: Locale::En,
        digits: None,
    }
}

/// A target of 40, from 0.
fn judged(status: Status, progress: Option<f64>, decides: bool) -> Judgement {
    let target = Target {
        at_least: Some(40.0),
        at_most: None,
        warn_below: Some(30.0),
        warn_above: None,
        start: Some(0.0),
        by_interval: false,
        holds: None,
    };
    Judgement { target: Arc::new(target), status, progress, decides }
}

fn against(change: Option<f64>) -> AgainstBenchmark {
    let benchmark = Benchmark { value: 32.0, source: "our 2024 average".to_owned() };
    AgainstBenchmark { benchmark: Arc::new(benchmark), change, relative_change: None }
}

/// A comparison with the December before.
fn change(change: f64, relative_change: Option<f64>, p_value: f64) -> Comparison {
    Comparison {
        start: Some(date(2024, 12, 1).in_tz("Europe/Copenhagen").unwrap()),
        end: Some(first_of(1)),
        value: Some(36.5),
        n: Some(1100.0),
        change: Some(change),
        relative_change,
        p_value: Some(p_value),
        significant: Some(p_value < 0.05),
        ..Comparison::unknown(Baseline::Previous)
    }
}

fn rejected(row: u64, score: &str) -> RejectedRow {
    RejectedRow {
        file: "responses.csv".to_owned(),
        row,
        column: Some("score".to_owned()),
        value: Some(score.to_owned()),
        looked_up_in: None,
    }
}

/// A row of the first request, without a value.
fn nps(from: i8, until: i8) -> ResultRow {
    ResultRow {
        request: "NPS".to_owned(),
        metric: "loyalty.nps",
        start: Some(first_of(from)),
        end: Some(first_of(until)),
        period: None,
        window_start: None,
        partial: false,
        grain: Grain::Month,
        dimensions: Vec::new(),
        breakdown: 0,
        value: None,
        unit: Unit::Points,
        currency: None,
        digits: None,
        direction: Direction::HigherIsBetter,
        low: None,
        high: None,
        n: None,
        measures: Vec::new(),
        note: None,
        suppressed: false,
        comparisons: Vec::new(),
        group_comparison: None,
        target: None,
        benchmark: None,
        process_limits: None,
        parts: None,
    }
}

fn first_of(month: i8) -> Zoned {
    date(2025, month, 1).in_tz("Europe/Copenhagen").unwrap()
}

fn manifest() -> Manifest {
    Manifest {
        title: Some("Customer metrics".to_owned()),
        version: "0.1.0".to_owned(),
        config_hash: "c0ffee".to_owned(),
        timezone: "Europe/Copenhagen".to_owned(),
        period: Some(Period { from: date(2025, 1, 1), until: date(2025, 3, 1) }),
        grain: Grain::Month,
        fiscal_year_start: 1,
        as_of: Some(date(2025, 2, 10)),
        confidence: 0.95,
        compare: vec![Baseline::Previous, Baseline::YearAgo],
        min_group_size: Some(5),
        tables: vec![TableManifest {
            table: "responses".to_owned(),
            files: vec![FileManifest { path: "responses.csv".to_owned(), bytes: 1024, hash: "beef".to_owned() }],
            rows_read: 12_034.into(),
            rows_no_data: RowsNoData::default(),
            rows_made: None,
            rows_filtered: 34,
            rows_deduplicated: 20,
            rows_without_span: 0,
            uses: vec![
                TableUse {
                    requests: vec!["NPS".to_owned()],
                    rows_used: 10_000.into(),
                    rows_outside_period: 480,
                    rows_left_out: 0,
                    rows_without_answer: 0,
                    rows_rejected: 1500,
                    ambiguous_times: 3,
                    data_until: None,
                },
                TableUse {
                    requests: vec!["CSAT".to_owned()],
                    rows_used: 10_400.into(),
                    rows_outside_period: 0,
                    rows_left_out: 0,
                    rows_without_answer: 80,
                    rows_rejected: 1500,
                    ambiguous_times: 0,
                    data_until: None,
                },
            ],
            lookups: Vec::new(),
            sources: Vec::new(),
            notes: Vec::new(),
        }],
    }
}
