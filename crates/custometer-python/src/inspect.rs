//! What tables hold.

use std::path::PathBuf;

use custometer::core::Registry;
use custometer::runner::inspect::Inspection;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::{convert, error, tables};

/// What files or a data frame hold, and what a report needs to say of them. Its text is what `custometer inspect` prints.
#[pyclass(frozen, name = "Inspection", module = "custometer")]
pub(crate) struct PyInspection(Inspection);

#[pymethods]
impl PyInspection {
    /// The tables, as in the JSON output of `custometer inspect`.
    #[getter]
    fn tables<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::from_json(py, &serde_json::to_string(&self.0.tables).map_err(|failure| error::failed(py, &failure))?)
    }

    /// Files that can't be read, each with the reason.
    #[getter]
    fn unreadable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::from_json(py, &serde_json::to_string(&self.0.unreadable).map_err(|failure| error::failed(py, &failure))?)
    }

    /// What to paste into a report: a section for each table.
    #[getter]
    fn config(&self) -> String {
        self.0.tables.iter().map(|table| table.block.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn __repr__(&self) -> String {
        custometer_cli::inspection_text(&self.0)
    }
}

/// Goes through a data frame, a file, or several files, and says what they hold.
#[pyfunction]
#[pyo3(signature = (*data))]
pub(crate) fn inspect(py: Python<'_>, data: Vec<Bound<'_, PyAny>>) -> PyResult<PyInspection> {
    let registry = Registry::linked().map_err(|error| PyValueError::new_err(error.to_string()))?;
    let (mut paths, mut given): (Vec<PathBuf>, Vec<_>) = (Vec::new(), Vec::new());
    for (position, object) in data.into_iter().enumerate() {
        match convert::path(&object) {
            Some(path) => paths.push(path),
            None => given.push(tables::rows(&format!("table {}", position + 1), &object)?),
        }
    }
    if paths.is_empty() && given.is_empty() {
        return Err(PyValueError::new_err("there is nothing to inspect: give a data frame, or the path of a file"));
    }
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let inspection = py.detach(|| custometer::runner::inspect::inspect_given(&paths, &given, &registry));
    inspection.map(PyInspection).map_err(|failure| error::failed(py, &failure))
}
