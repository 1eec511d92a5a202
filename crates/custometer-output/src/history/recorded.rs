//! A run as it was kept, or as a file of results tells it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use custometer_core::DimensionValue;
use custometer_runner::result::{ResultRow, RunResult};
use jiff::{Timestamp, Zoned};
use polars::prelude::{Column, DataFrame, DataType, ParquetReader, PolarsError, PolarsResult, SerReader as _};
use serde_json::{Map, Value as Json};

use super::error::HistoryError;
use crate::tidy::defined;

/// A run as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// What it is called: the name of the run, or of the file.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// The hash of its config.
    pub config_hash: String,
    /// The date up to which the data were known, where one was given.
    pub as_of: Option<String>,
    /// The settings of its config, where they were kept.
    pub settings: Option<BTreeMap<String, String>>,
    /// The hash of each input file, by table and path.
    pub files: BTreeMap<(String, String), String>,
    /// The tables whose rows each request is made of.
    pub tables: BTreeMap<String, Vec<String>>,
    /// Its values.
    pub values: BTreeMap<ValueKey, RecordedValue>,
}

/// What a value is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueKey {
    /// The request.
    pub request: String,
    /// The grain.
    pub grain: String,
    /// The first instant of the bucket; none where there is no time.
    pub start: Option<Timestamp>,
    /// The group: a JSON object of dimensions, in their order.
    pub group: String,
}

/// What a run said of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedValue {
    /// The end of the bucket, exclusive.
    pub end: Option<Timestamp>,
    /// Whether more was to come.
    pub partial: bool,
    /// Whether it was hidden.
    pub suppressed: bool,
    /// The value.
    pub value: Option<f64>,
    /// The number of observations behind it.
    pub n: Option<f64>,
}

/// Dimensions as one JSON object, in their order.
pub(super) fn group(dimensions: &[(String, DimensionValue)]) -> String {
    let value = |value: &DimensionValue| if *value == DimensionValue::Missing { Json::Null } else { Json::String(value.to_string()) };
    let object: Map<String, Json> = dimensions.iter().map(|(name, of)| (name.clone(), value(of))).collect();
    Json::Object(object).to_string()
}

impl Recorded {
    /// A run that was just made, with the settings of its config.
    pub fn of_result(result: &RunResult, settings: &BTreeMap<String, String>) -> Self {
        let manifest = serde_json::to_value(&result.manifest).unwrap_or_default();
        let instant = |edge: &Option<Zoned>| edge.as_ref().map(Zoned::timestamp);
        let of_row = |row: &ResultRow| {
            let (request, grain) = (row.request.clone(), row.grain.as_str().to_owned());
            let key = ValueKey { request, grain, start: instant(&row.start), group: group(&row.dimensions) };
            let (partial, suppressed) = (row.partial, row.suppressed);
            (key, RecordedValue { end: instant(&row.end), partial, suppressed, value: defined(row.value), n: defined(row.n) })
        };
        let values = result.results.iter().map(of_row).collect();
        Self { settings: Some(settings.clone()), values, ..Self::of_manifest("this run".to_owned(), &manifest) }
    }

    /// The run that a folder holds.
    pub(super) fn of_folder(folder: &Path, name: &str) -> Result<Self, HistoryError> {
        let read = |file: &str| -> Result<DataFrame, HistoryError> {
            let path = folder.join(file);
            let opened = File::open(&path).map_err(|source| HistoryError::File { what: "read", path: path.clone(), source })?;
            ParquetReader::new(opened).finish().map_err(|source| HistoryError::Parquet { what: "read", path, source })
        };
        let failed = |source| HistoryError::Parquet { what: "read", path: folder.to_owned(), source };
        let manifest = read("manifest.parquet")?;
        let first = |column: &str| -> Result<Option<String>, HistoryError> {
            Ok(texts(&manifest, column).map_err(failed)?.into_iter().next().flatten())
        };
        let json = first("manifest")?.unwrap_or_default();
        let parsed: Json = serde_json::from_str(&json)
            .map_err(|error| HistoryError::NoResult { path: folder.join("manifest.parquet"), reason: error.to_string() })?;
        let settings = read("settings.parquet")?;
        let keys = texts(&settings, "key").map_err(failed)?.into_iter().zip(texts(&settings, "value").map_err(failed)?);
        let settings = keys.filter_map(|(key, value)| key.zip(value)).collect();
        let values = values(&read("results.parquet")?).map_err(failed)?;
        Ok(Self { settings: Some(settings), values, ..Self::of_manifest(name.to_owned(), &parsed) })
    }

    /// The run that a file of results as JSON tells of.
    ///
    /// # Errors
    ///
    /// When it can't be read, or is something else.
    pub fn of_file(path: &Path) -> Result<Self, HistoryError> {
        let text = fs::read(path).map_err(|source| HistoryError::File { what: "read", path: path.to_owned(), source })?;
        let wrong = |reason: String| HistoryError::NoResult { path: path.to_owned(), reason };
        let document: Json = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let (Some(results), Some(manifest)) = (document["results"].as_array(), document.get("manifest")) else {
            return Err(wrong("it has no `results` and `manifest`".to_owned()));
        };
        let mut values = BTreeMap::new();
        for row in results {
            let instant = |name: &str| row[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let written = |value: &Json| match value {
                Json::Null => Json::Null,
                Json::String(text) => Json::String(text.clone()),
                other => Json::String(other.to_string()),
            };
            let group: Map<String, Json> =
                row["dimensions"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), written(value))).collect();
            let key = ValueKey {
                request: text("request"),
                grain: text("grain"),
                start: instant("start"),
                group: Json::Object(group).to_string(),
            };
            let flag = |name: &str| row[name].as_bool().unwrap_or(false);
            let value = RecordedValue {
                end: instant("end"),
                partial: flag("partial"),
                suppressed: flag("suppressed"),
                value: row["value"].as_f64(),
                n: row["n"].as_f64(),
            };
            values.insert(key, value);
        }
        Ok(Self { values, ..Self::of_manifest(path.display().to_string(), manifest) })
    }

    /// What a manifest tells.
    fn of_manifest(name: String, manifest: &Json) -> Self {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let mut files = BTreeMap::new();
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for table in manifest["tables"].as_array().into_iter().flatten() {
            let of = text(&table["table"]);
            for file in table["files"].as_array().into_iter().flatten() {
                files.insert((of.clone(), text(&file["path"])), text(&file["hash"]));
            }
            let uses = table["uses"].as_array().into_iter().flatten();
            for request in uses.flat_map(|used| used["requests"].as_array().into_iter().flatten()) {
                tables.entry(text(request)).or_default().push(of.clone());
            }
        }
        Self {
            name,
            version: text(&manifest["version"]),
            config_hash: text(&manifest["config_hash"]),
            as_of: manifest["as_of"].as_str().map(str::to_owned),
            settings: None,
            files,
            tables,
            values: BTreeMap::new(),
        }
    }
}

/// The values of a table of results.
fn values(rows: &DataFrame) -> PolarsResult<BTreeMap<ValueKey, RecordedValue>> {
    let (requests, grains, groups) = (texts(rows, "request")?, texts(rows, "grain")?, texts(rows, "dimensions")?);
    let instants = |name: &str| -> PolarsResult<Vec<Option<Timestamp>>> {
        let microseconds = rows.column(name)?.cast(&DataType::Int64)?;
        Ok(microseconds.i64()?.iter().map(|at| Timestamp::from_microsecond(at?).ok()).collect())
    };
    let numbers = |name: &str| -> PolarsResult<Vec<Option<f64>>> { Ok(rows.column(name)?.f64()?.iter().collect()) };
    let flags = |name: &str| -> PolarsResult<Vec<bool>> { Ok(rows.column(name)?.bool()?.iter().map(|flag| flag == Some(true)).collect()) };
    let (starts, ends, values, counts) = (instants("start")?, instants("end")?, numbers("value")?, numbers("n")?);
    let (partial, suppressed) = (flags("partial")?, flags("suppressed")?);
    let of_row = |row: usize| {
        let text = |column: &[Option<String>]| column[row].clone().unwrap_or_default();
        let key = ValueKey { request: text(&requests), grain: text(&grains), start: starts[row], group: text(&groups) };
        let value =
            RecordedValue { end: ends[row], partial: partial[row], suppressed: suppressed[row], value: values[row], n: counts[row] };
        (key, value)
    };
    Ok((0..rows.height()).map(of_row).collect())
}

/// The texts of a column.
pub(super) fn texts(rows: &DataFrame, column: &str) -> Result<Vec<Option<String>>, PolarsError> {
    let column: &Column = rows.column(column)?;
    Ok(column.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}
