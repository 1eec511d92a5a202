//! The module of the wheel: custometer's own, with our metrics beside the built-in ones.

// The linker leaves out a crate that nothing names, and its metrics with it.
use acme_metrics as _;

use pyo3::prelude::*;
use pyo3::types::PyModule;

/// The module that `acme_metrics` has everything of.
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    custometer_python::fill(module)
}
