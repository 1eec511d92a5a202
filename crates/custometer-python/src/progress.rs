//! How far a run is, shown by tqdm, which has a bar for terminals and one for notebooks.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::program::imported;

/// A bar that is drawn where there is one, and only for runs that take a moment.
pub(crate) struct Bar {
    tqdm: Option<Py<PyAny>>,
    open: Option<Py<PyAny>>,
    /// How many rows were read before the table that is being read.
    before: u64,
    shown: u64,
}

impl Bar {
    /// The bar that is asked for. Where nothing is said, there is one in notebooks and terminals, if tqdm is installed.
    pub(crate) fn new(py: Python<'_>, wanted: Option<bool>) -> PyResult<Self> {
        let tqdm = match wanted {
            Some(true) => Some(imported(py, "tqdm.auto", "a bar of progress")?),
            None if is_terminal(py).unwrap_or(false) || is_notebook(py).unwrap_or(false) => py.import("tqdm.auto").ok(),
            Some(false) | None => None,
        };
        let tqdm = tqdm.map(|module| module.getattr("tqdm")).transpose()?;
        Ok(Self { tqdm: tqdm.map(Bound::unbind), open: None, before: 0, shown: 0 })
    }

    fn show(&mut self, py: Python<'_>, what: &str, total: Option<u64>) -> PyResult<()> {
        self.close(py)?;
        let Some(tqdm) = &self.tqdm else { return Ok(()) };
        let settings = PyDict::new(py);
        settings.set_item("desc", what)?;
        settings.set_item("total", total)?;
        settings.set_item("unit", " rows")?;
        settings.set_item("unit_scale", true)?;
        settings.set_item("leave", false)?;
        settings.set_item("delay", 0.3)?;
        self.open = Some(tqdm.call(py, (), Some(&settings))?);
        self.shown = 0;
        Ok(())
    }

    pub(crate) fn checking(&mut self, py: Python<'_>, files: usize) -> PyResult<()> {
        self.show(py, &format!("checking {files} {}", if files == 1 { "table or file" } else { "tables and files" }), None)
    }

    /// A table is being read that has so many rows, after `before` others.
    pub(crate) fn reading(&mut self, py: Python<'_>, table: &str, rows: u64, before: u64) -> PyResult<()> {
        self.before = before;
        self.show(py, &format!("reading `{table}`"), (rows > 0).then_some(rows))
    }

    /// So many rows were read in all.
    pub(crate) fn rows(&mut self, py: Python<'_>, rows: u64) -> PyResult<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let rows = rows.saturating_sub(self.before);
        open.call_method1(py, "update", (rows.saturating_sub(self.shown),))?;
        self.shown = self.shown.max(rows);
        Ok(())
    }

    pub(crate) fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        self.open.take().map_or(Ok(()), |open| open.call_method0(py, "close").map(drop))
    }
}

/// Whether what is said goes to a terminal.
fn is_terminal(py: Python<'_>) -> PyResult<bool> {
    py.import("sys")?.getattr("stderr")?.call_method0("isatty")?.extract()
}

/// Whether this is a notebook that has widgets: tqdm would only say that they are missing.
fn is_notebook(py: Python<'_>) -> PyResult<bool> {
    // Who runs in no IPython has not imported it.
    let shell = py.import("sys")?.getattr("modules")?.get_item("IPython")?.call_method0("get_ipython")?;
    Ok(!shell.is_none() && shell.hasattr("kernel")? && py.import("ipywidgets").is_ok())
}
