//! Rows that a host gives are read as those of a file are.

use std::sync::Arc;

use custometer_runner::{Event, GivenRows, RunError};
use custometer_testkit::Case;
use polars::prelude::{
    ArrowField, Column, CompatLevel, DataFrame, DataType, IntoColumn as _, NamedFrom as _, ParquetWriter, SchemaExt as _, Series, TimeUnit,
};
use serde_json::Value as Json;

const REPORT: &str = "
[tables.responses]
path = \"PATH\"
[[metrics]]
metric = \"loyalty.nps\"
table = \"responses\"
grain = \"month\"
by = [[], [\"region\"]]
";

/// Some rows of columns as data frames have them.
fn frame() -> DataFrame {
    let rows = 60;
    let of = |name: &str, values: Vec<i64>| Series::new(name.into(), values);
    let days = of("time", (0..rows).map(|row| 1_735_689_600_000 + row * 86_400_000).collect());
    let time = days.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
    let score = of("score", (0..rows).map(|row| row * 7 % 12).collect()).cast(&DataType::UInt8).unwrap();
    let regions: Vec<Option<&str>> = [Some("north"), Some("south"), None].into_iter().cycle().take(60).collect();
    let columns: Vec<Column> = vec![time.into_column(), score.into_column(), Series::new("region".into(), regions).into_column()];
    DataFrame::new(60, columns).unwrap()
}

fn given(frame: &DataFrame) -> Arc<GivenRows> {
    let level = CompatLevel::newest();
    let fields: Vec<ArrowField> = frame.schema().iter_fields().map(|field| field.to_arrow(level)).collect();
    let batch = |from: i64, rows: usize| {
        let part = frame.slice(from, rows);
        part.columns().iter().map(|column| column.as_materialized_series().rechunk().to_arrow(0, level)).collect::<Vec<_>>()
    };
    GivenRows::new("table responses", &fields, vec![batch(0, 25), batch(25, 0), batch(25, 35)]).unwrap()
}

/// All but the hash and the size.
fn plain(mut json: Json) -> Json {
    json["manifest"]["config_hash"].take();
    json["manifest"]["tables"][0]["files"].take();
    for rejected in json["rejected"].as_array_mut().unwrap() {
        for example in rejected["examples"].as_array_mut().unwrap() {
            example["file"].take();
        }
    }
    json
}

#[test]
fn results_are_those_of_a_file() {
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut frame()).unwrap();
    let case = Case::new().file("responses.parquet", parquet).given(&given(&frame())).set("report.max_rejected_percent=50");
    let of_file = case.json(&REPORT.replace("PATH", "responses.parquet")).unwrap();
    let of_rows = case.json(&REPORT.replace("PATH", "table responses")).unwrap();
    // Scores of 11 are rejected in both, at the same rows.
    assert_eq!(of_rows["rejected"][0]["examples"][0]["file"], "table responses");
    assert_eq!(of_rows["rejected"][0]["rows"], 5);
    assert_eq!(of_rows["manifest"]["tables"][0]["files"][0]["path"], "table responses");
    assert_eq!(plain(of_rows), plain(of_file));
}

#[test]
fn what_describes_text_is_refused() {
    let case = Case::new().given(&given(&frame()));
    let refused = case.load(&REPORT.replace("path = \"PATH\"", "path = \"table responses\"\ndelimiter = \";\"")).err().unwrap();
    assert!(refused.contains("delimiter"), "{refused}");
}

#[test]
fn a_run_that_is_stopped_says_so_and_tells_how_far_it_is() {
    let case = Case::new().given(&given(&frame()));
    let report = case.load(&REPORT.replace("PATH", "table responses")).unwrap();
    custometer_runner::run(&report, case.path(), &|_| ()).unwrap();
    assert!(report.watch().rows() >= 60);
    let stop = |event: Event<'_>| {
        if let Event::Reading { rows, .. } = event {
            assert_eq!(rows, 60);
            report.watch().stop();
        }
    };
    assert!(matches!(custometer_runner::run(&report, case.path(), &stop), Err(RunError::Stopped)));
}
