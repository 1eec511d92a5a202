//! A table that a run made, for any library that reads Arrow.

use polars::prelude::DataFrame;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow;
use crate::program::imported;

/// A table. Every library that reads Arrow takes it as it is: `polars.DataFrame(table)`, `pyarrow.table(table)`, `duckdb.from_arrow(table)`.
#[pyclass(frozen, name = "Table", module = "custometer")]
pub(crate) struct PyTable(pub(crate) DataFrame);

#[pymethods]
impl PyTable {
    /// As a frame of Polars.
    fn to_polars<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_polars(py, &self.0)
    }

    /// As a frame of pandas, which needs PyArrow for it.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(py, &self.0)
    }

    /// As a table of PyArrow.
    fn to_arrow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_arrow(py, &self.0)
    }

    /// Arrow's stream of it.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        // Another schema may be asked for, and need not be given.
        drop(requested_schema);
        arrow::capsule(py, &self.0)
    }

    /// The number of rows.
    fn __len__(&self) -> usize {
        self.0.height()
    }

    fn __repr__(&self) -> String {
        self.0.to_string()
    }
}

/// An object of this module that offers a stream, which the libraries take.
fn offered<'py>(py: Python<'py>, frame: &DataFrame) -> PyResult<Bound<'py, PyTable>> {
    Bound::new(py, PyTable(frame.clone()))
}

pub(crate) fn to_polars<'py>(py: Python<'py>, frame: &DataFrame) -> PyResult<Bound<'py, PyAny>> {
    imported(py, "polars", "a frame of Polars")?.call_method1("DataFrame", (offered(py, frame)?,))
}

pub(crate) fn to_arrow<'py>(py: Python<'py>, frame: &DataFrame) -> PyResult<Bound<'py, PyAny>> {
    imported(py, "pyarrow", "a table of Arrow")?.call_method1("table", (offered(py, frame)?,))
}

pub(crate) fn to_pandas<'py>(py: Python<'py>, frame: &DataFrame) -> PyResult<Bound<'py, PyAny>> {
    imported(py, "pandas", "a frame of pandas")?;
    to_arrow(py, frame)?.call_method0("to_pandas")
}
