//! Reports: read, checked and run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use custometer::core::Registry;
use custometer::core::suggest::did_you_mean;
use custometer::runner::{Input, Problems, Report};
use jiff::civil::Date;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString};

use crate::config::{Written, here};
use crate::convert;
use crate::error::{self, Problem, RejectedRowsWarning};
use crate::progress::Bar;
use crate::result::PyResults;
use crate::run::run;
use crate::tables::Tables;

/// A report: what is asked of which tables.
///
/// `report` is the path of a config, its text, or the same as a dict. `tables` are what its tables are read of instead of what it says itself:
/// data frames or paths by name. `folder` is what the paths of a text or a dict are relative to; the current folder unless said. `settings`
/// are as those of `--set`. `as_of` is the date up to which the data are known.
#[pyclass(frozen, name = "Report", module = "custometer")]
pub(crate) struct PyReport {
    written: Written,
    tables: Tables,
    settings: Vec<String>,
    as_of: Option<Date>,
}

/// Why a report can't be run.
enum Unfit {
    Said(String),
    Problems(Problems),
}

#[pymethods]
impl PyReport {
    #[new]
    #[pyo3(signature = (report, tables=None, *, folder=None, settings=None, as_of=None))]
    fn new(
        report: &Bound<'_, PyAny>,
        tables: Option<&Bound<'_, PyMapping>>,
        folder: Option<PathBuf>,
        settings: Option<Vec<String>>,
        as_of: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            written: Written::of(report, folder)?,
            tables: Tables::of(tables)?,
            settings: Tables::checked(settings.unwrap_or_default())?,
            as_of: as_of.map(convert::date).transpose()?,
        })
    }

    /// Checks everything that can be checked before a row is read, down to the types of columns.
    ///
    /// Raises `ReportError` with all that is wrong.
    fn validate(&self, py: Python<'_>) -> PyResult<()> {
        self.loaded(py).map(drop)
    }

    /// Runs it. `progress` is whether a bar of tqdm is shown; unless said, in notebooks and terminals, where tqdm is installed. With `strict`, more
    /// rejected rows than the report allows are an error and not a warning. `memory` is how much the whole process may take, such as `"4GB"`; what does not
    /// fit is on disk meanwhile.
    ///
    /// Raises `ReportError` with all that is wrong, and `KeyboardInterrupt` when Ctrl-C is pressed; nothing is left of either.
    #[pyo3(signature = (*, progress=None, strict=false, memory=None))]
    fn run(&self, py: Python<'_>, progress: Option<bool>, strict: bool, memory: Option<&str>) -> PyResult<PyResults> {
        let mut report = self.loaded(py)?;
        report.memory.bytes =
            memory.map(custometer_cli::memory_size).transpose().map_err(|reason| PyValueError::new_err(format!("memory: {reason}")))?;
        let allowed = report.max_rejected_percent;
        let result = run(py, report, self.written.folder(), Bar::new(py, progress)?)?;
        if let Some(rejected) = custometer_cli::too_many_rejected(&result, allowed) {
            if strict {
                return Err(error::said(py, rejected));
            }
            let message = std::ffi::CString::new(rejected)?;
            PyErr::warn(py, &py.get_type::<RejectedRowsWarning>(), &message, 1)?;
        }
        Ok(PyResults(Arc::new(result)))
    }

    /// How it is run: its plans, in words.
    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        let report = self.loaded(py)?;
        py.detach(|| custometer::runner::explain(&report, false)).map_err(|failure| error::failed(py, &failure))
    }

    /// The text of its config.
    #[getter]
    fn config(&self, py: Python<'_>) -> PyResult<String> {
        self.written.text().map_err(|reason| error::said(py, reason))
    }

    fn __repr__(&self) -> String {
        format!("Report({})", self.written.name())
    }
}

impl PyReport {
    fn loaded(&self, py: Python<'_>) -> PyResult<Report> {
        self.checked(py)?.map_err(|unfit| match unfit {
            Unfit::Said(reason) => error::said(py, reason),
            Unfit::Problems(problems) => error::of_report(py, &problems),
        })
    }

    fn checked(&self, py: Python<'_>) -> PyResult<Result<Report, Unfit>> {
        let registry = Registry::linked().map_err(|error| PyValueError::new_err(error.to_string()))?;
        // Not asked where it is not needed: a clock may be wrong.
        let today =
            if self.as_of.is_some() { None } else { Some(convert::date(&py.import("datetime")?.getattr("date")?.call_method0("today")?)?) };
        let (name, folder) = (self.written.name(), self.written.folder());
        let text = match self.written.text() {
            Ok(text) => text,
            Err(reason) => return Ok(Err(Unfit::Said(reason))),
        };
        let settings: Vec<String> = self.settings.iter().cloned().chain(self.tables.settings()).collect();
        let loaded = py.detach(|| {
            let input = Input {
                name: &name,
                text: &text,
                folder,
                settings: &settings,
                as_of: self.as_of,
                today,
                environment: &|name| std::env::var(name).ok(),
                given: &self.tables.given,
            };
            custometer::runner::load(&input, &registry)
        });
        let report = match loaded {
            Ok(report) => report,
            Err(problems) => return Ok(Err(Unfit::Problems(problems))),
        };
        // A frame under a name that is misspelled would stand beside the file that was meant to be replaced.
        let used: BTreeSet<&str> = report.tables.iter().map(|table| table.name.as_str()).collect();
        if let Some(unused) = self.tables.names().find(|name| !used.contains(name)) {
            let near = did_you_mean(unused, used.iter().copied()).unwrap_or_else(|| "leave it out of `tables`".to_owned());
            return Ok(Err(Unfit::Said(format!("nothing in the report uses the table `{unused}`: {near}"))));
        }
        Ok(Ok(report))
    }
}

/// All that is wrong with a report, before a row is read. Nothing where it is in order.
#[pyfunction]
#[pyo3(signature = (report, tables=None, *, folder=None, settings=None, as_of=None))]
pub(crate) fn validate(
    py: Python<'_>,
    report: &Bound<'_, PyAny>,
    tables: Option<&Bound<'_, PyMapping>>,
    folder: Option<PathBuf>,
    settings: Option<Vec<String>>,
    as_of: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Problem>> {
    Ok(match PyReport::new(report, tables, folder, settings, as_of)?.checked(py)? {
        Ok(_) => Vec::new(),
        Err(Unfit::Said(reason)) => vec![Problem::of_words(reason)],
        Err(Unfit::Problems(problems)) => error::listed(&problems),
    })
}

/// One metric of one table, which is a data frame or the path of a file.
///
/// `columns` names the columns that the metric reads, where they have other names. `by` is what the values are broken down by: a column, several, or
/// a list of breakdowns, of which the empty one is the total. `grain`, `where` and `params` are as those of a request, `timezone`, `from_`, `until`,
/// `last` and `as_of` as those of a report. What else may be said of the table, such as `currency`, stands in `table`, of the request in
/// `request`, and of the report in `report`, as in a config.
#[pyfunction]
#[pyo3(signature = (metric, data, *, columns=None, by=None, grain=None, timezone=None, r#where=None, params=None, from_=None, until=None, last=None,
                    as_of=None, table=None, request=None, report=None, progress=None, strict=false))]
#[expect(clippy::too_many_arguments, reason = "they are keywords of a function of Python")]
pub(crate) fn compute(
    py: Python<'_>,
    metric: &str,
    data: &Bound<'_, PyAny>,
    columns: Option<&Bound<'_, PyMapping>>,
    by: Option<&Bound<'_, PyAny>>,
    grain: Option<&str>,
    timezone: Option<&str>,
    r#where: Option<&str>,
    params: Option<&Bound<'_, PyMapping>>,
    from_: Option<&Bound<'_, PyAny>>,
    until: Option<&Bound<'_, PyAny>>,
    last: Option<&str>,
    as_of: Option<&Bound<'_, PyAny>>,
    table: Option<&Bound<'_, PyMapping>>,
    request: Option<&Bound<'_, PyMapping>>,
    report: Option<&Bound<'_, PyMapping>>,
    progress: Option<bool>,
    strict: bool,
) -> PyResult<PyResults> {
    const TABLE: &str = "data";
    let text = |value: Option<&str>| value.map(toml::Value::from);
    let day = |value: Option<&Bound<'_, PyAny>>| value.map(convert::date_to_toml).transpose();
    let said = |section: Option<&Bound<'_, PyMapping>>, name: &str, more: Vec<(&str, Option<toml::Value>)>| {
        let mut section = convert::given(section, name)?;
        for (key, value) in more {
            let Some(value) = value else { continue };
            if section.insert(key.to_owned(), value).is_some() {
                return Err(PyValueError::new_err(format!("`{key}` is said twice: by itself, and in `{name}`")));
            }
        }
        Ok(toml::Value::Table(section))
    };
    let by = by.map(breakdowns).transpose()?;
    let mapping = |dict: Option<&Bound<'_, PyMapping>>, name: &str| dict.map(|dict| convert::given(Some(dict), name)).transpose();
    let columns = mapping(columns, "columns")?.map(toml::Value::Table);
    let params = mapping(params, "params")?.map(toml::Value::Table);
    let report =
        said(report, "report", vec![("timezone", text(timezone)), ("from", day(from_)?), ("until", day(until)?), ("last", text(last))])?;
    let table = said(table, "table", vec![("columns", columns)])?;
    let request = said(
        request,
        "request",
        vec![
            ("metric", text(Some(metric))),
            ("table", text(Some(TABLE))),
            ("grain", text(grain)),
            ("where", text(r#where)),
            ("by", by),
            ("params", params),
        ],
    )?;
    let mut config = toml::Table::new();
    config.insert("report".to_owned(), report);
    config.insert("tables".to_owned(), toml::Table::from_iter([(TABLE.to_owned(), table)]).into());
    config.insert("metrics".to_owned(), vec![request].into());
    let tables = PyDict::new(py);
    tables.set_item(TABLE, data)?;
    let report = PyReport {
        written: Written::table(&config, here())?,
        tables: Tables::of(Some(tables.as_mapping()))?,
        settings: Vec::new(),
        as_of: as_of.map(convert::date).transpose()?,
    };
    report.run(py, progress, strict, None)
}

/// The breakdowns that are meant: a column, several columns, or a list of lists of them.
fn breakdowns(by: &Bound<'_, PyAny>) -> PyResult<toml::Value> {
    let columns = if by.is_instance_of::<PyString>() { PyList::new(by.py(), [by])?.into_any() } else { by.clone() };
    let items = columns.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let is_list = !items.is_empty() && items.iter().all(|item| !item.is_instance_of::<PyString>());
    let listed = convert::to_toml(PyList::new(by.py(), &items)?.as_any(), "by")?;
    Ok(if is_list { listed } else { toml::Value::Array(vec![listed]) })
}
