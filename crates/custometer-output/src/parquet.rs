//! Parquet: the columns of the CSV, typed.
//!
//! `start` and `end` are UTC instants in microseconds, numbers are doubles, dimensions are text, flags are booleans, `measures` is a
//! JSON object as text.
//! What is undefined is null. The version of the schema, the manifest, the alerts and the rejected rows, as JSON, are in the file's key-value metadata.

use std::error::Error;

use custometer_core::DimensionValue;
use custometer_runner::result::{ResultRow, RunResult, SCHEMA_VERSION};
use jiff::Zoned;
use polars::prelude::{Column, DataFrame, DataType, KeyValueMetadata, ParquetWriter, PolarsResult, TimeUnit, TimeZone};

use crate::json;
use crate::tidy::{Field, Standing, baseline_column, change_numbers, defined, dimension_column, dimension_names, measures};

/// The key of the schema's version in the file's metadata.
const VERSION_KEY: &str = "custometer.schema_version";
/// The key of the manifest in the file's metadata.
const MANIFEST_KEY: &str = "custometer.manifest";

/// The key of the alerts in the file's metadata.
const ALERTS_KEY: &str = "custometer.alerts";

/// The key of the rejected rows, by reason, in the file's metadata.
const REJECTED_KEY: &str = "custometer.rejected";

/// The result as a Parquet file.
pub(crate) fn render(result: &RunResult) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let metadata = KeyValueMetadata::from_static(vec![
        (VERSION_KEY.to_owned(), SCHEMA_VERSION.to_string()),
        (MANIFEST_KEY.to_owned(), serde_json::to_string(&result.manifest)?),
        (ALERTS_KEY.to_owned(), serde_json::to_string(&json::Alerts(&result.alerts))?),
        (REJECTED_KEY.to_owned(), serde_json::to_string(&result.rejected)?),
    ]);
    let mut file = Vec::new();
    ParquetWriter::new(&mut file).with_key_value_metadata(Some(metadata)).finish(&mut frame(result)?)?;
    Ok(file)
}

/// The rows as a frame.
pub(crate) fn frame(result: &RunResult) -> Result<DataFrame, Box<dyn Error + Send + Sync>> {
    let measures = result.results.iter().map(measures).collect::<Result<Vec<_>, _>>()?;
    let (rows, baselines) = (result.results.as_slice(), result.manifest.compare.as_slice());
    let mut columns = vec![
        text("request", rows, |row| Some(row.request.clone())),
        text("metric", rows, |row| Some(row.metric.to_owned())),
        text("grain", rows, |row| Some(row.grain.as_str().to_owned())),
        instants("start", rows, |row| row.start.as_ref())?,
        instants("end", rows, |row| row.end.as_ref())?,
        flags("partial", rows, |row| Some(row.partial)),
    ];
    for name in dimension_names(rows) {
        let filled = |row: &ResultRow| row.dimension(name).filter(|value| **value != DimensionValue::Missing).map(ToString::to_string);
        columns.push(text(&dimension_column(name), rows, filled));
    }
    columns.extend([
        numbers("value", rows, |row| row.value),
        text("unit", rows, |row| Some(row.unit.as_str().to_owned())),
        text("currency", rows, |row| row.currency.map(|currency| currency.to_string())),
        text("direction", rows, |row| Some(row.direction.as_str().to_owned())),
        numbers("low", rows, |row| row.low),
        numbers("high", rows, |row| row.high),
        numbers("n", rows, |row| row.n),
        Column::new("measures".into(), measures),
        flags("suppressed", rows, |row| Some(row.suppressed)),
    ]);
    for &baseline in baselines {
        for (position, (name, _)) in change_numbers(None).into_iter().enumerate() {
            let of = |row: &ResultRow| change_numbers(row.comparison(baseline))[position].1;
            columns.push(numbers(&baseline_column(baseline, name), rows, of));
        }
        let significant = |row: &ResultRow| row.comparison(baseline).and_then(|comparison| comparison.significant);
        columns.push(flags(&baseline_column(baseline, "significant"), rows, significant));
        let better = |row: &ResultRow| row.is_better(row.comparison(baseline).and_then(|comparison| comparison.change));
        columns.push(flags(&baseline_column(baseline, "better"), rows, better));
    }
    columns.extend(standing_columns(result));
    columns.push(text("note", rows, |row| row.note.clone()));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// What stands to targets and benchmarks, and the alerts.
fn standing_columns(result: &RunResult) -> impl Iterator<Item = Column> {
    let standing = Standing::of(result);
    let rows: Vec<Vec<(&str, Field)>> = result.results.iter().enumerate().map(|at| standing.fields(Some(at))).collect();
    let columns = standing.fields(None).into_iter().enumerate();
    columns.map(move |(position, (name, empty))| {
        let fields = rows.iter().map(|row| &row[position].1);
        match empty {
            Field::Text(_) => {
                let texts = fields.map(|field| if let Field::Text(text) = field { text.clone() } else { None });
                Column::new(name.into(), texts.collect::<Vec<Option<String>>>())
            }
            Field::Number(_) => {
                let numbers = fields.map(|field| if let Field::Number(number) = field { defined(*number) } else { None });
                Column::new(name.into(), numbers.collect::<Vec<Option<f64>>>())
            }
            Field::Flag(_) => {
                let flags = fields.map(|field| if let Field::Flag(flag) = field { *flag } else { None });
                Column::new(name.into(), flags.collect::<Vec<Option<bool>>>())
            }
        }
    })
}

fn text(name: &str, rows: &[ResultRow], cell: impl Fn(&ResultRow) -> Option<String>) -> Column {
    Column::new(name.into(), rows.iter().map(cell).collect::<Vec<Option<String>>>())
}

fn numbers(name: &str, rows: &[ResultRow], cell: impl Fn(&ResultRow) -> Option<f64>) -> Column {
    Column::new(name.into(), rows.iter().map(|row| defined(cell(row))).collect::<Vec<Option<f64>>>())
}

fn flags(name: &str, rows: &[ResultRow], cell: impl Fn(&ResultRow) -> Option<bool>) -> Column {
    Column::new(name.into(), rows.iter().map(cell).collect::<Vec<Option<bool>>>())
}

fn instants(name: &str, rows: &[ResultRow], cell: impl Fn(&ResultRow) -> Option<&Zoned>) -> PolarsResult<Column> {
    let microseconds = rows.iter().map(|row| cell(row).map(|at| at.timestamp().as_microsecond())).collect::<Vec<Option<i64>>>();
    Column::new(name.into(), microseconds).cast(&DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars::prelude::{AnyValue, ParquetReader, PlSmallStr, SerReader};

    use super::*;
    use crate::{csv, fixture};

    fn reader() -> ParquetReader<Cursor<Vec<u8>>> {
        ParquetReader::new(Cursor::new(render(&fixture::result()).unwrap()))
    }

    #[test]
    fn the_columns_are_those_of_the_csv() {
        let csv = String::from_utf8(csv::render(&fixture::result()).unwrap()).unwrap();
        let frame = reader().finish().unwrap();
        let names: Vec<&str> = frame.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
        assert_eq!(names.join(","), csv.lines().next().unwrap());
    }

    #[test]
    fn the_columns_are_typed_and_read_back() {
        let frame = reader().finish().unwrap();
        assert_eq!(frame.height(), fixture::result().results.len());
        let instant = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
        for (name, dtype) in [
            ("request", DataType::String),
            ("start", instant.clone()),
            ("end", instant),
            ("partial", DataType::Boolean),
            ("by.year", DataType::String),
            ("value", DataType::Float64),
            ("n", DataType::Float64),
            ("measures", DataType::String),
            ("suppressed", DataType::Boolean),
            ("previous.change", DataType::Float64),
            ("year_ago.significant", DataType::Boolean),
        ] {
            assert_eq!(frame.column(name).unwrap().dtype(), &dtype, "{name}");
        }
        let cell = |name: &str, row: usize| frame.column(name).unwrap().get(row).unwrap().into_static();
        assert_eq!(cell("start", 0).extract::<i64>(), Some(1_735_686_000_000_000));
        assert_eq!(cell("value", 1), AnyValue::Float64(41.3));
        assert_eq!(cell("by.year", 1), AnyValue::StringOwned("2024".into()));
        assert_eq!(cell("measures", 1), AnyValue::StringOwned(r#"{"promoters":600,"detractors":null}"#.into()));
        assert_eq!(cell("suppressed", 3), AnyValue::Boolean(true));
        assert_eq!(cell("previous.p_value", 1), AnyValue::Float64(0.0125));
        assert_eq!(cell("previous.significant", 1), AnyValue::Boolean(true));
        let nulls =
            [("by.region", 0), ("by.region", 2), ("value", 2), ("start", 4), ("note", 0), ("value", 3), ("year_ago.significant", 1)];
        for null in nulls {
            assert!(cell(null.0, null.1).is_null(), "{null:?}");
        }
    }

    #[test]
    fn the_metadata_carry_the_schema_version_and_the_manifest() {
        let mut reader = reader();
        let pairs = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
        let value = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone()).unwrap();
        assert_eq!(value(VERSION_KEY), "2");
        let manifest: serde_json::Value = serde_json::from_str(&value(MANIFEST_KEY)).unwrap();
        assert_eq!(manifest["config_hash"], "c0ffee");
        let rejected: serde_json::Value = serde_json::from_str(&value(REJECTED_KEY)).unwrap();
        assert_eq!(rejected[0]["rows"], 1500);
    }
}
