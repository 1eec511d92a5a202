//! The catalogue: every metric that is linked, as data.

use custometer::core::Registry;
use custometer_cli::catalogue::{Entry, all};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;

use crate::{convert, error};

/// Every metric, as `custometer metrics list --format json` has it.
#[pyfunction]
pub(crate) fn metrics(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let registry = Registry::linked().map_err(|error| PyValueError::new_err(error.to_string()))?;
    convert::from_json(py, &serde_json::to_string(&all(&registry)).map_err(|failure| error::failed(py, &failure))?)
}

/// One metric, as `custometer metrics describe --format json` has it.
#[pyfunction]
pub(crate) fn describe<'py>(py: Python<'py>, id: &str) -> PyResult<Bound<'py, PyAny>> {
    let registry = Registry::linked().map_err(|error| PyValueError::new_err(error.to_string()))?;
    let metric = registry.get(id).ok_or_else(|| PyKeyError::new_err(format!("unknown metric `{id}`: {}", registry.help(id))))?;
    convert::from_json(py, &serde_json::to_string(&Entry::of(metric)).map_err(|failure| error::failed(py, &failure))?)
}
