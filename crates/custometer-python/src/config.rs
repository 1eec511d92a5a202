//! What a report is written in: a file, a text, or a dict.

use std::path::{Path, PathBuf};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString};

use crate::convert;

/// The folder that Python is in.
pub(crate) fn here() -> PathBuf {
    PathBuf::from(".")
}

/// A report as it is written.
pub(crate) enum Written {
    /// In a file.
    File(PathBuf),
    /// As a text, with the folder that its paths are relative to.
    Text(String, PathBuf),
}

impl Written {
    /// Of a path, a text of TOML, which has several lines, or a dict.
    pub(crate) fn of(report: &Bound<'_, PyAny>, folder: Option<PathBuf>) -> PyResult<Self> {
        if let Ok(text) = report.cast::<PyString>()
            && text.to_str()?.contains('\n')
        {
            return Ok(Self::Text(text.to_str()?.to_owned(), folder.unwrap_or_else(here)));
        }
        if let Ok(mapping) = report.cast::<PyMapping>() {
            return Self::table(&convert::to_table(mapping, "report")?, folder.unwrap_or_else(here));
        }
        let Some(path) = convert::path(report) else {
            let kind = report.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!("a report is a path, a text of TOML or a dict, and no object of the type {kind}")));
        };
        if folder.is_some() {
            return Err(PyValueError::new_err("the paths of a report in a file are relative to its own folder: leave out `folder`"));
        }
        Ok(Self::File(path))
    }

    /// Of a table of TOML.
    pub(crate) fn table(table: &toml::Table, folder: PathBuf) -> PyResult<Self> {
        let text =
            toml::to_string(table).map_err(|error| PyValueError::new_err(format!("the report can't be written as TOML: {error}")))?;
        Ok(Self::Text(text, folder))
    }

    /// How messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Text(..) => "report".to_owned(),
        }
    }

    /// The folder that paths are relative to.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::File(path) => path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            Self::Text(_, folder) => folder,
        }
    }

    /// Its text.
    pub(crate) fn text(&self) -> Result<String, String> {
        match self {
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| format!("`{}` can't be read: {error}", path.display())),
            Self::Text(text, _) => Ok(text.clone()),
        }
    }
}
