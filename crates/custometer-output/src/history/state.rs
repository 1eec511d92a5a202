//! The folder of runs: each is added whole or not at all, and none is changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use custometer_runner::result::{RunResult, SCHEMA_VERSION};
use jiff::civil::Date;
use polars::prelude::{Column, DataFrame, ParquetWriter, PolarsError};

use super::alerts::Told;
use super::error::HistoryError;
use super::recorded::Recorded;
use crate::parquet::frame;

/// What the folder of a run is called before its name.
const PREFIX: &str = "run=";

/// What is kept of a run beside its result.
pub struct Kept<'a> {
    /// The day it was made on.
    pub on: Date,
    /// The settings of its config, by their keys.
    pub settings: &'a BTreeMap<String, String>,
    /// Its alerts, and what became of those before.
    pub alerts: &'a [Told],
}

/// A folder of runs.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
}

impl State {
    /// A folder of runs, which need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The names of the runs, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// When the folder can't be read.
    pub fn runs(&self) -> Result<Vec<String>, HistoryError> {
        let failed = |source| HistoryError::File { what: "read the folder", path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            runs.extend(name.to_str().and_then(|name| name.strip_prefix(PREFIX)).map(str::to_owned));
        }
        // Several of one day are numbered.
        runs.sort_by_key(|name| (name.get(..10).map(str::to_owned), name.get(11..).and_then(|number| number.parse::<u32>().ok())));
        Ok(runs)
    }

    /// The last run, if there is one.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn last(&self) -> Result<Option<Recorded>, HistoryError> {
        self.runs()?.last().map(|name| self.read(name)).transpose()
    }

    /// The run of a name, or the last one of a day.
    ///
    /// # Errors
    ///
    /// When there is none, or it can't be read.
    pub fn find(&self, asked: &str) -> Result<Recorded, HistoryError> {
        let runs = self.runs()?;
        let of_day = || runs.iter().rev().find(|name| name.get(..10) == Some(asked));
        let Some(name) = runs.iter().find(|name| *name == asked && name.len() > 10).or_else(of_day) else {
            let known = match runs.as_slice() {
                [] => "no run is kept there: add `--state DIR` to `custometer run`".to_owned(),
                [first, .., last] => format!("the {} there are from `{first}` to `{last}`", runs.len()),
                [only] => format!("the only one is `{only}`"),
            };
            return Err(HistoryError::NoRun { asked: asked.to_owned(), folder: self.folder.clone(), known });
        };
        self.read(name)
    }

    fn read(&self, name: &str) -> Result<Recorded, HistoryError> {
        Recorded::of_folder(&self.folder.join(format!("{PREFIX}{name}")), name)
    }

    /// What was told of alerts by the last run.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn told(&self) -> Result<Vec<Told>, HistoryError> {
        let Some(name) = self.runs()?.pop() else { return Ok(Vec::new()) };
        let path = self.folder.join(format!("{PREFIX}{name}")).join("alerts.parquet");
        Told::read(&path)
    }

    /// Adds a run: its name.
    ///
    /// # Errors
    ///
    /// When it can't be written. Then nothing was added.
    pub fn add(&self, result: &RunResult, kept: &Kept<'_>) -> Result<String, HistoryError> {
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| HistoryError::File { what, path, source }
        };
        fs::create_dir_all(&self.folder).map_err(failed("create the folder", &self.folder))?;
        let staged = tempfile::Builder::new().prefix(".run-").tempdir_in(&self.folder).map_err(failed("write into", &self.folder))?;
        for (name, frame) in
            frames(result, kept).map_err(|source| HistoryError::Parquet { what: "keep", path: self.folder.clone(), source })?
        {
            write(&staged.path().join(format!("{name}.parquet")), frame)?;
        }
        let staged = staged.keep();
        for number in 1.. {
            let name = if number == 1 { kept.on.to_string() } else { format!("{}-{number}", kept.on) };
            let path = self.folder.join(format!("{PREFIX}{name}"));
            if path.exists() {
                continue;
            }
            // A folder that has something in it is never replaced, so that of two runs at once each finds its own name.
            match fs::rename(&staged, &path) {
                Ok(()) => return Ok(name),
                Err(_) if path.exists() => {}
                Err(source) => {
                    let _ = fs::remove_dir_all(&staged);
                    return Err(HistoryError::File { what: "add the run", path, source });
                }
            }
        }
        unreachable!("numbers do not end")
    }
}

fn write(path: &Path, mut frame: DataFrame) -> Result<(), HistoryError> {
    let file = File::create(path).map_err(|source| HistoryError::File { what: "create", path: path.to_owned(), source })?;
    let written = ParquetWriter::new(&file).finish(&mut frame);
    written.map_err(|source| HistoryError::Parquet { what: "write", path: path.to_owned(), source })?;
    file.sync_all().map_err(|source| HistoryError::File { what: "write", path: path.to_owned(), source })
}

/// The files of a run, by name.
fn frames(result: &RunResult, kept: &Kept<'_>) -> Result<[(&'static str, DataFrame); 5], PolarsError> {
    let json = |error: serde_json::Error| PolarsError::ComputeError(error.to_string().into());
    let mut results = frame(result).map_err(|error| PolarsError::ComputeError(error.to_string().into()))?;
    let groups: Vec<String> = result.results.iter().map(|row| super::recorded::group(&row.dimensions)).collect();
    results.with_column(Column::new("dimensions".into(), groups))?;
    let files: Vec<_> = result.manifest.tables.iter().flat_map(|table| table.files.iter().map(move |file| (&table.table, file))).collect();
    let of_files = |of: fn(&(&String, &custometer_runner::result::FileManifest)) -> String| files.iter().map(of).collect::<Vec<_>>();
    let files_frame = DataFrame::new(
        files.len(),
        vec![
            Column::new("table".into(), of_files(|(table, _)| (*table).clone())),
            Column::new("path".into(), of_files(|(_, file)| file.path.clone())),
            Column::new("bytes".into(), files.iter().map(|(_, file)| file.bytes).collect::<Vec<u64>>()),
            Column::new("hash".into(), of_files(|(_, file)| file.hash.clone())),
        ],
    )?;
    let (keys, values): (Vec<&str>, Vec<&str>) = kept.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).unzip();
    let settings = DataFrame::new(keys.len(), vec![Column::new("key".into(), &keys), Column::new("value".into(), &values)])?;
    let manifest = &result.manifest;
    let text = |name: &str, value: Option<String>| Column::new(name.into(), [value]);
    let manifest = DataFrame::new(
        1,
        vec![
            text("on", Some(kept.on.to_string())),
            text("as_of", manifest.as_of.map(|date| date.to_string())),
            text("version", Some(manifest.version.clone())),
            text("config_hash", Some(manifest.config_hash.clone())),
            Column::new("schema_version".into(), [SCHEMA_VERSION]),
            text("manifest", Some(serde_json::to_string(manifest).map_err(json)?)),
        ],
    )?;
    Ok([
        ("results", results),
        ("alerts", Told::frame(kept.alerts)?),
        ("files", files_frame),
        ("settings", settings),
        ("manifest", manifest),
    ])
}
