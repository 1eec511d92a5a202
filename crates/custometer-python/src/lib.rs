//! custometer as a module of Python: tables from data frames, results as data frames, and the program itself.
//!
//! The wheel's module is this crate with the feature `module`. A team that has metrics of its own makes a wheel that has them beside the
//! built-in ones: its crate links both, and fills a module of its own.
//!
//! ```ignore
//! use acme_metrics as _;
//!
//! #[pyo3::pymodule]
//! fn _engine(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
//!     custometer_python::fill(module)
//! }
//! ```

mod arrow;
mod catalogue;
mod config;
mod convert;
mod error;
mod inspect;
mod program;
mod progress;
mod report;
mod result;
mod run;
mod table;
mod tables;

use pyo3::prelude::*;
use pyo3::types::PyModule;

/// Puts everything into a module: what `import custometer` has, over the metrics that are linked.
///
/// # Errors
///
/// Those of Python, such as having no memory.
pub fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    error::add(module)?;
    module.add_class::<report::PyReport>()?;
    module.add_class::<result::PyResults>()?;
    module.add_class::<result::RequestResult>()?;
    module.add_class::<result::Figure>()?;
    module.add_class::<table::PyTable>()?;
    module.add_class::<inspect::PyInspection>()?;
    module.add_function(wrap_pyfunction!(report::compute, module)?)?;
    module.add_function(wrap_pyfunction!(report::validate, module)?)?;
    module.add_function(wrap_pyfunction!(inspect::inspect, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::metrics, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::describe, module)?)?;
    module.add_function(wrap_pyfunction!(program::main, module)?)
}

/// The module of the wheel.
#[cfg(feature = "module")]
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module)
}
