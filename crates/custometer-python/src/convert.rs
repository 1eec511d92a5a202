//! Values of JSON as those of Python, and values of Python as those of a config.

use std::path::PathBuf;

use jiff::civil::Date;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDate, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

/// What JSON says, as objects of Python.
pub(crate) fn from_json<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

/// The path that an object is: a text, or one of `os.PathLike`.
pub(crate) fn path(object: &Bound<'_, PyAny>) -> Option<PathBuf> {
    let is_path = object.is_instance_of::<PyString>() || object.hasattr("__fspath__").unwrap_or(false);
    if is_path { object.extract().ok() } else { None }
}

/// A mapping as a table of TOML.
pub(crate) fn to_table(mapping: &Bound<'_, PyMapping>, place: &str) -> PyResult<toml::Table> {
    let mut table = toml::Table::new();
    for item in mapping.items()?.iter() {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let key: String = key.extract().map_err(|_| PyTypeError::new_err(format!("`{place}` has a key that is no text: {key}")))?;
        let value = to_toml(&value, &format!("{place}.{key}"))?;
        table.insert(key, value);
    }
    Ok(table)
}

/// A date as one of TOML, whether it is an object or a text.
pub(crate) fn date_to_toml(object: &Bound<'_, PyAny>) -> PyResult<toml::Value> {
    let date = date(object)?.to_string();
    date.parse().map(toml::Value::Datetime).map_err(|_| PyValueError::new_err(format!("`{date}` is not a date")))
}

/// The date that an object of Python is, or that its text says.
pub(crate) fn date(object: &Bound<'_, PyAny>) -> PyResult<Date> {
    let text: String = match object.cast::<PyString>() {
        Ok(text) => text.extract()?,
        Err(_) => object.call_method0("isoformat")?.extract()?,
    };
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    day.parse().map_err(|_| PyValueError::new_err(format!("`{text}` is not a date: write it as 2026-01-31")))
}

/// A value as one of TOML.
pub(crate) fn to_toml(value: &Bound<'_, PyAny>, place: &str) -> PyResult<toml::Value> {
    if value.is_none() {
        return Err(PyTypeError::new_err(format!("`{place}` is None, which no report has: leave it out")));
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().into());
    }
    if value.is_instance_of::<PyInt>() {
        let number: i64 = value.extract().map_err(|_| PyValueError::new_err(format!("`{place}` is beyond 64 bits: {value}")))?;
        return Ok(number.into());
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(number.extract::<f64>()?.into());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.into());
    }
    if value.is_instance_of::<PyDate>() {
        return date_to_toml(value);
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.enumerate().map(|(position, item)| to_toml(&item?, &format!("{place}.{position}")));
        return items.collect::<PyResult<Vec<_>>>().map(toml::Value::Array);
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        return to_table(mapping, place).map(toml::Value::Table);
    }
    if let Some(path) = path(value) {
        return Ok(path.to_string_lossy().into_owned().into());
    }
    let kind = value.get_type().name()?;
    Err(PyTypeError::new_err(format!("`{place}` is of the type {kind}: a report has texts, numbers, flags, dates, lists and dicts")))
}

/// The same of a mapping that may be left out.
pub(crate) fn given(mapping: Option<&Bound<'_, PyMapping>>, place: &str) -> PyResult<toml::Table> {
    mapping.map_or_else(|| Ok(toml::Table::new()), |mapping| to_table(mapping, place))
}
