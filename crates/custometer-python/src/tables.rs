//! Tables that a report is run on: of data frames, and of files.

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer::runner::GivenRows;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::{arrow, convert};

/// What the tables of a report are read of instead of what it says itself.
#[derive(Default, Clone)]
pub(crate) struct Tables {
    /// The rows, by what `path` calls them.
    pub(crate) given: BTreeMap<String, Arc<GivenRows>>,
    /// The path of each table.
    paths: BTreeMap<String, String>,
}

impl Tables {
    /// Of a mapping of names to tables.
    pub(crate) fn of(tables: Option<&Bound<'_, PyMapping>>) -> PyResult<Self> {
        let mut all = Self::default();
        let Some(tables) = tables else { return Ok(all) };
        // One frame under two names is one table: what is hidden of the one must not show in the other.
        let seen = PyDict::new(tables.py());
        for item in tables.items()?.iter() {
            let (name, table): (String, Bound<'_, PyAny>) = item.extract()?;
            if name.is_empty() || !name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-')) {
                return Err(PyValueError::new_err(format!("`{name}` can't be the name of a table here: use letters, digits, `_` and `-`")));
            }
            let identity = table.as_ptr() as usize;
            if let Some(path) = seen.get_item(identity)? {
                all.paths.insert(name, path.extract()?);
                continue;
            }
            let path = all.add(&name, &table)?;
            seen.set_item(identity, &path)?;
            all.paths.insert(name, path);
        }
        Ok(all)
    }

    fn add(&mut self, name: &str, table: &Bound<'_, PyAny>) -> PyResult<String> {
        if let Some(path) = convert::path(table) {
            // Here paths are relative to where Python is.
            return Ok(std::path::absolute(path)?.to_string_lossy().into_owned());
        }
        let shown = format!("table {name}");
        let rows = rows(&shown, table)?;
        self.given.insert(shown.clone(), rows);
        Ok(shown)
    }

    /// The names of the tables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.paths.keys().map(String::as_str)
    }

    /// Settings of which each is one line, as those of a command line are.
    pub(crate) fn checked(settings: Vec<String>) -> PyResult<Vec<String>> {
        match settings.iter().find(|setting| setting.contains('\n')) {
            Some(setting) => Err(PyValueError::new_err(format!("a setting is one line, `key.path=value`: {setting:?}"))),
            None => Ok(settings),
        }
    }

    /// Where the tables are, as settings over the report.
    pub(crate) fn settings(&self) -> impl Iterator<Item = String> {
        self.paths.iter().map(|(name, path)| format!("tables.{name}.path={}", toml::Value::from(path.as_str())))
    }
}

/// The rows of an object. `name` is what messages call it.
pub(crate) fn rows(name: &str, table: &Bound<'_, PyAny>) -> PyResult<Arc<GivenRows>> {
    if !table.hasattr("__arrow_c_stream__")? {
        let kind = table.get_type().fully_qualified_name()?;
        let help = if table.hasattr("collect")? { ": `collect()` it" } else { "" };
        return Err(PyTypeError::new_err(format!(
            "`{name}` is of the type {kind}, which offers no Arrow stream{help}; a table is a frame of Polars or pandas, a table of PyArrow, \
             a relation of DuckDB, any other object with `__arrow_c_stream__`, or the path of a file"
        )));
    }
    let batches = arrow::read(name, table)?;
    GivenRows::new(name, &batches.fields, batches.arrays).map_err(|error| PyValueError::new_err(error.to_string()))
}
