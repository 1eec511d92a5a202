//! The program of the wheel.

use std::ffi::OsString;

use pyo3::prelude::*;
use pyo3::types::PyModule;

/// Runs the program `custometer` with the arguments of this process, and ends the process with its exit code.
#[pyfunction]
#[pyo3(name = "_main")]
pub(crate) fn main(py: Python<'_>) -> PyResult<()> {
    let sys = py.import("sys")?;
    let args: Vec<OsString> = sys.getattr("argv")?.extract()?;
    let signal = py.import("signal")?;
    // As any program: Python would only remember that somebody pressed Ctrl-C.
    signal.call_method1("signal", (signal.getattr("SIGINT")?, signal.getattr("SIG_DFL")?))?;
    let args = std::iter::once(OsString::from("custometer")).chain(args.into_iter().skip(1));
    let code = py.detach(|| custometer_cli::run(args));
    sys.call_method1("exit", (code,)).map(drop)
}

/// What a module of Python's own is.
pub(crate) fn imported<'py>(py: Python<'py>, name: &str, what_for: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(name).map_err(|error| {
        let missing = pyo3::exceptions::PyImportError::new_err(format!("{what_for} needs the package `{name}`: pip install {name}"));
        missing.set_cause(py, Some(error));
        missing
    })
}
