//! The module of the wheel: custometer's own, with our metrics beside the built-in ones.

// The linker leaves out a crate that nothing names, and its metrics with it.
use {{library}} as _;

use pyo3::prelude::*;
use pyo3::types::PyModule;

/// The module that `{{library}}` has everything of.
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    custometer_python::fill(module)
}
