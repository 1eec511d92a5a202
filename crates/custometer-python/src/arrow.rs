//! Tables to and from Python by Arrow's C stream interface, which its libraries offer each other as capsules: no rows are copied.
//!
//! All that is unsafe is here: that a capsule of the interface's name holds what the interface says is its producer's promise.

use std::ffi::CStr;

use polars::prelude::{ArrowDataType, ArrowField, CompatLevel, DataFrame, SchemaExt as _};
use polars_arrow::array::{Array, StructArray};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// What capsules with a stream are called.
const STREAM: &CStr = c"arrow_array_stream";

/// The columns of a table, and its batches: an array for each column.
pub(crate) struct Batches {
    pub(crate) fields: Vec<ArrowField>,
    pub(crate) arrays: Vec<Vec<Box<dyn Array>>>,
}

/// Reads an object that offers itself as a stream, to its end. `name` is what messages call it.
pub(crate) fn read(name: &str, table: &Bound<'_, PyAny>) -> PyResult<Batches> {
    let capsule = table.call_method0("__arrow_c_stream__")?;
    let capsule = capsule.cast::<PyCapsule>().map_err(|_| PyTypeError::new_err(format!("`{name}` has a stream that is no capsule")))?;
    let stream = taken(capsule)?;
    table.py().detach(|| drained(stream)).map_err(|reason| PyValueError::new_err(format!("`{name}` can't be read: {reason}")))
}

/// Takes the stream out of its capsule, as its reader has to.
#[expect(unsafe_code, reason = "a capsule is a pointer, and what it points to is what its name says")]
fn taken(capsule: &Bound<'_, PyCapsule>) -> PyResult<Box<ArrowArrayStream>> {
    let stream = capsule.pointer_checked(Some(STREAM))?.cast::<ArrowArrayStream>();
    // SAFETY: a capsule of this name points to such a structure, which lives as long as the capsule, and nobody else reads it: Python is
    // attached. What is left in its place is a stream that was read, which the capsule knows not to release.
    Ok(Box::new(unsafe { std::mem::replace(&mut *stream.as_ptr(), ArrowArrayStream::empty()) }))
}

#[expect(unsafe_code, reason = "what a stream of another library says of its memory can only be believed")]
fn drained(stream: Box<ArrowArrayStream>) -> Result<Batches, String> {
    let said = |error: polars::prelude::PolarsError| error.to_string();
    // SAFETY: the stream was taken out of a capsule whose name says that it keeps to the interface.
    let mut reader = unsafe { ArrowArrayStreamReader::try_new(stream) }.map_err(said)?;
    let ArrowDataType::Struct(fields) = reader.field().dtype().clone() else {
        return Err("it is a single column: give a table that has it".to_owned());
    };
    let mut arrays = Vec::new();
    // SAFETY: as above.
    while let Some(batch) = unsafe { reader.next() } {
        let batch = batch.map_err(said)?;
        let rows = batch.as_any().downcast_ref::<StructArray>().ok_or("a batch of it is no table")?;
        if rows.null_count() > 0 {
            return Err("it has rows that are null as a whole".to_owned());
        }
        arrays.push(rows.values().to_vec());
    }
    Ok(Batches { fields, arrays })
}

/// A frame as a stream. Texts are as every library reads them.
pub(crate) fn capsule<'py>(py: Python<'py>, frame: &DataFrame) -> PyResult<Bound<'py, PyCapsule>> {
    let level = CompatLevel::oldest();
    let fields: Vec<ArrowField> = frame.schema().iter_fields().map(|field| field.to_arrow(level)).collect();
    let kind = ArrowDataType::Struct(fields);
    let columns = frame.columns().iter().map(|column| column.as_materialized_series().rechunk().to_arrow(0, level));
    let rows = StructArray::new(kind.clone(), frame.height(), columns.collect(), None).boxed();
    let stream = export_iterator(Box::new(std::iter::once(Ok(rows))), ArrowField::new("".into(), kind, false));
    PyCapsule::new_with_value(py, stream, STREAM)
}
