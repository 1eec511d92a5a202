//! Results: as frames, as data, as files, and as what notebooks show.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;

use custometer::runner::RunResult;
use custometer_output::{Format, OutputError, Terminal};
use polars::prelude::DataFrame;
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDate};

use crate::table::{self, PyTable};
use crate::{arrow, convert, error};

/// What a run came to. `result["loyalty.nps"]` is what one of its requests came to. Every library that reads Arrow takes it as it is:
/// `polars.DataFrame(result)`.
#[pyclass(frozen, name = "Result", module = "custometer")]
pub(crate) struct PyResults(pub(crate) Arc<RunResult>);

/// What one request came to.
#[pyclass(frozen, module = "custometer")]
pub(crate) struct RequestResult {
    /// The result, with its rows alone.
    part: RunResult,
    name: String,
}

/// The figures of a result, as the HTML report has them. Notebooks show it; `html` is a page that holds all it needs.
#[pyclass(frozen, module = "custometer")]
pub(crate) struct Figure {
    /// The page.
    #[pyo3(get)]
    html: String,
}

#[pymethods]
impl PyResults {
    /// All rows as a frame of Polars: the columns of the Parquet file.
    fn to_polars<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        table::to_polars(py, &frame(py, &self.0)?)
    }

    /// The same as a frame of pandas, which needs PyArrow for it.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        table::to_pandas(py, &frame(py, &self.0)?)
    }

    /// The same as a table of PyArrow.
    fn to_arrow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        table::to_arrow(py, &frame(py, &self.0)?)
    }

    /// Arrow's stream of it.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        arrow::capsule(py, &frame(py, &self.0)?)
    }

    /// The names of the requests, and of what is derived from them, in the report's order.
    #[getter]
    fn requests(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let of_rows = self.0.results.iter().map(|row| row.request.as_str());
        for name in self.0.requests.iter().map(|asked| asked.name.as_str()).chain(of_rows) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What a request came to, by its name.
    fn __getitem__(&self, request: &str) -> PyResult<RequestResult> {
        let names = self.requests();
        if !names.contains(&request) {
            let near = custometer::core::suggest::did_you_mean(request, names.iter().copied());
            let help = near.unwrap_or_else(|| format!("there are {}", names.join(", ")));
            return Err(PyKeyError::new_err(format!("there is no request `{request}`: {help}")));
        }
        // What is derived has the rejected rows and the notes of what it is derived from.
        let is_derived = !self.0.requests.iter().any(|asked| asked.name == request);
        let concerns = |requests: &[String]| is_derived || requests.iter().any(|of| of == request);
        let part = RunResult {
            manifest: self.0.manifest.clone(),
            results: self.0.results.iter().filter(|row| row.request == request).cloned().collect(),
            contributions: self.0.contributions.iter().filter(|of| of.request == request).cloned().collect(),
            alerts: Vec::new(),
            rejected: self.0.rejected.iter().filter(|rejected| concerns(&rejected.requests)).cloned().collect(),
            rejected_rows: None,
            details: self.0.details.iter().filter(|detail| detail.request == request).cloned().collect(),
            requests: self.0.requests.iter().filter(|asked| asked.name == request).cloned().collect(),
            notes: self.0.notes.iter().filter(|note| concerns(&note.requests)).cloned().collect(),
            locale: self.0.locale,
            digits: self.0.digits,
        };
        Ok(RequestResult { part, name: request.to_owned() })
    }

    fn __contains__(&self, request: &str) -> bool {
        self.requests().contains(&request)
    }

    /// The number of rows.
    fn __len__(&self) -> usize {
        self.0.results.len()
    }

    /// The alerts that fired, as in the JSON output. None is sent.
    #[getter]
    fn alerts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::from_json(py, &custometer_output::alerts_json(&self.0).map_err(|failure| error::failed(py, &failure))?)
    }

    /// The rows that were rejected, by table and reason, with the first of each, as in the JSON output.
    #[getter]
    fn rejected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::from_json(py, &serde_json::to_string(&self.0.rejected).map_err(|failure| error::failed(py, &failure))?)
    }

    /// All rejected rows, where the report asks for them by `rejected_rows`.
    #[getter]
    fn rejected_rows(&self) -> Option<PyTable> {
        self.0.rejected_rows.clone().map(PyTable)
    }

    /// How the result was made, as in the JSON output.
    #[getter]
    fn manifest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::from_json(py, &serde_json::to_string(&self.0.manifest).map_err(|failure| error::failed(py, &failure))?)
    }

    /// What is worth knowing of it: what the program says beside its output.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.iter().map(|note| format!("table `{}`, for {}: {}", note.table, note.requests.join(", "), note.text)).collect()
    }

    /// Writes the files of each format, and those beside them, into a folder: all of them or none, those of an earlier run gone. Their paths.
    #[pyo3(signature = (folder, formats, *, dated=None))]
    fn write(&self, py: Python<'_>, folder: PathBuf, formats: Vec<String>, dated: Option<&Bound<'_, PyDate>>) -> PyResult<Vec<PathBuf>> {
        let mut wanted = formats.into_iter().map(|name| format(&name)).collect::<PyResult<Vec<_>>>()?;
        wanted.sort_unstable();
        wanted.dedup();
        let date = dated.map(|date| date.call_method0("isoformat")?.extract::<String>()).transpose()?;
        let date = date.map(|date| date.split('T').next().unwrap_or_default().parse::<jiff::civil::Date>());
        let date = date.transpose().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let result = Arc::clone(&self.0);
        let written = py.detach(move || match date {
            Some(date) => custometer_output::write_dated(&result, &wanted, &folder, date),
            None => custometer_output::write_all(&result, &wanted, &folder),
        });
        written.map_err(|failure| error::failed(py, &failure))
    }

    /// What the program writes in a format: text, and bytes for Parquet.
    fn render<'py>(&self, py: Python<'py>, format: &str) -> PyResult<Bound<'py, PyAny>> {
        rendered(py, &self.0, self::format(format)?)
    }

    /// The figures of all requests.
    fn plot(&self, py: Python<'_>) -> PyResult<Figure> {
        figure(py, &self.0)
    }

    fn __repr__(&self) -> PyResult<String> {
        shown(&self.0)
    }

    /// The HTML report.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        Ok(framed(&rendered(py, &self.0, Format::Html)?.extract::<String>()?))
    }
}

#[pymethods]
impl RequestResult {
    /// The name of the request.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Its rows as a frame of Polars: the columns of the Parquet file.
    fn to_polars<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        table::to_polars(py, &frame(py, &self.part)?)
    }

    /// The same as a frame of pandas, which needs PyArrow for it.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        table::to_pandas(py, &frame(py, &self.part)?)
    }

    /// The same as a table of PyArrow.
    fn to_arrow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        table::to_arrow(py, &frame(py, &self.part)?)
    }

    /// Arrow's stream of it.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        arrow::capsule(py, &frame(py, &self.part)?)
    }

    /// The number of rows.
    fn __len__(&self) -> usize {
        self.part.results.len()
    }

    /// Its table of one row per customer, where the report asks for it by `detail`.
    #[getter]
    fn detail(&self) -> Option<PyTable> {
        self.part.details.first().map(|detail| PyTable(detail.frame.clone()))
    }

    /// Its figures.
    fn plot(&self, py: Python<'_>) -> PyResult<Figure> {
        figure(py, &self.part)
    }

    fn __repr__(&self) -> PyResult<String> {
        shown(&self.part)
    }

    /// Its table.
    fn _repr_markdown_(&self, py: Python<'_>) -> PyResult<String> {
        rendered(py, &self.part, Format::Markdown)?.extract()
    }
}

#[pymethods]
impl Figure {
    fn _repr_html_(&self) -> String {
        framed(&self.html)
    }
}

fn frame(py: Python<'_>, result: &RunResult) -> PyResult<DataFrame> {
    custometer_output::frame(result).map_err(|failure| error::failed(py, &failure))
}

fn format(name: &str) -> PyResult<Format> {
    Format::from_str(name).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn rendered<'py>(py: Python<'py>, result: &RunResult, format: Format) -> PyResult<Bound<'py, PyAny>> {
    let bytes =
        py.detach(|| custometer_output::render(result, format, None)).map_err(|failure: OutputError| error::failed(py, &failure))?;
    match String::from_utf8(bytes) {
        Ok(text) if !matches!(format, Format::Parquet | Format::Xlsx) => text.into_bound_py_any(py),
        Ok(text) => Ok(PyBytes::new(py, text.as_bytes()).into_any()),
        Err(binary) => Ok(PyBytes::new(py, binary.as_bytes()).into_any()),
    }
}

fn shown(result: &RunResult) -> PyResult<String> {
    let table = custometer_output::render(result, Format::Table, Some(Terminal { width: Some(120), ..Terminal::default() }));
    let table = table.map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(String::from_utf8_lossy(&table).into_owned())
}

fn figure(py: Python<'_>, result: &RunResult) -> PyResult<Figure> {
    let html = py.detach(|| custometer_output::figures(result)).map_err(|failure| error::failed(py, &failure))?;
    Ok(Figure { html })
}

/// A page within a page: its style and script are its own, and those of the notebook stay as they are.
fn framed(page: &str) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<iframe srcdoc=\"{page}\" title=\"custometer\" style=\"width:100%;height:32rem;border:0;border-radius:12px\" \
         onload=\"this.style.height=Math.min(this.contentDocument.body.scrollHeight+4,1200)+'px'\"></iframe>"
    )
}
