//! Exceptions: what the program would say, with its problems as data.

use std::error::Error;

use custometer::runner::{PlacedProblem, Problems};
use pyo3::exceptions::{PyException, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::{PyModule, PyTuple};
use pyo3::{IntoPyObjectExt as _, create_exception};

create_exception!(
    custometer,
    ReportError,
    PyException,
    "A report that can't be run, or a run that failed. Its text is what the program says; `problems` has each of them as data."
);

create_exception!(
    custometer,
    RejectedRowsWarning,
    PyUserWarning,
    "More rows were rejected than the report allows by `max_rejected_percent`. `Result.rejected` says which, and why."
);

pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let error = py.get_type::<ReportError>();
    error.setattr("problems", PyTuple::empty(py))?;
    module.add("ReportError", error)?;
    module.add("RejectedRowsWarning", py.get_type::<RejectedRowsWarning>())?;
    module.add_class::<Problem>()
}

/// One problem.
#[pyclass(frozen, get_all, eq, module = "custometer")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// The name of the report's file, `report` where it has none; None of what is wrong with no place in it, such as a file of data.
    file: Option<String>,
    /// The line, from 1.
    line: Option<usize>,
    /// The character in the line, from 1.
    column: Option<usize>,
    /// What is wrong.
    message: String,
    /// What stands beside the underlined text.
    label: Option<String>,
    /// What to do about it.
    help: Option<String>,
}

#[pymethods]
impl Problem {
    fn __repr__(&self) -> String {
        let place = self.file.iter().cloned().chain(self.line.iter().chain(&self.column).map(ToString::to_string));
        format!("Problem({}: {})", place.collect::<Vec<_>>().join(":"), self.message)
    }
}

impl From<PlacedProblem> for Problem {
    fn from(problem: PlacedProblem) -> Self {
        let PlacedProblem { file, line, column, message, label, help, .. } = problem;
        Self { file: Some(file), line: Some(line), column: Some(column), message, label, help }
    }
}

impl Problem {
    /// One that has no place in a report.
    pub(crate) fn of_words(message: String) -> Self {
        Self { file: None, line: None, column: None, message, label: None, help: None }
    }
}

/// The problems of a report, one by one.
pub(crate) fn listed(problems: &Problems) -> Vec<Problem> {
    problems.as_slice().iter().map(|problem| problem.placed().into()).collect()
}

/// That a report has problems.
pub(crate) fn of_report(py: Python<'_>, problems: &Problems) -> PyErr {
    raised(py, custometer_cli::problems_text(problems, false), listed(problems))
}

/// That something failed which has no place in a report.
pub(crate) fn failed(py: Python<'_>, error: &dyn Error) -> PyErr {
    said(py, custometer_cli::error_text(error))
}

/// The same in words.
pub(crate) fn said(py: Python<'_>, message: String) -> PyErr {
    raised(py, message.clone(), vec![Problem::of_words(message)])
}

fn raised(py: Python<'_>, text: String, problems: Vec<Problem>) -> PyErr {
    let error = ReportError::new_err(text);
    let set = problems.into_py_any(py).and_then(|problems| error.value(py).setattr("problems", problems));
    set.err().unwrap_or(error)
}
