//! Chunks of text as frames.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, NamedFrom, PolarsError, PolarsResult, Scalar, Schema, Series, StringChunkedBuilder,
};

use super::format::ShortRows;
use super::head::Head;
use super::index::is_header;
use super::records::{Fault, Found, is_blank, record, values};
use crate::read::scan::{ROW, is_missing, numbered};

/// The column that says what is wrong with a row as a whole: the code of a [`Fault`], or null.
pub(crate) const FAULT: &str = "__fault";

/// Parses whole rows. The frame has all columns of `schema`, of which only the `wanted` ones are filled.
pub(crate) fn frame(bytes: &[u8], first_row: u64, head: &Head, schema: &Schema, wanted: &BTreeSet<String>) -> PolarsResult<DataFrame> {
    let (format, width) = (&head.format, head.names.len());
    let mut builders: Vec<StringChunkedBuilder> = Vec::new();
    let mut builder_of: Vec<Option<usize>> = vec![None; width];
    let capacity = bytes.len() / (8 * width.max(1));
    for (position, name) in head.names.iter().enumerate().filter(|(_, name)| wanted.contains(*name)) {
        builder_of[position] = Some(builders.len());
        builders.push(StringChunkedBuilder::new(name.as_str().into(), capacity));
    }
    let last_wanted = builder_of.iter().rposition(Option::is_some).map_or(0, |last| last + 1);

    let bytes: Cow<'_, [u8]> = format.encoding.to_utf8(bytes);
    let whole = std::str::from_utf8(&bytes).ok();
    let mut faults: Vec<(usize, Fault)> = Vec::new();
    let (mut at, mut rows) = (0, 0);
    while at < bytes.len() {
        let Found::Record(found) = record(&bytes, at, true, format) else {
            return Err(PolarsError::ComputeError("a file has changed while it was read".into()));
        };
        let raw = &bytes[at..found.end];
        let content = whole.map_or_else(|| std::str::from_utf8(raw), |text| Ok(&text[at..found.end]));
        at = found.next;
        if found.is_comment || is_blank(raw, format) || is_header(raw, head.header.as_deref()) {
            continue;
        }
        let mut filled = 0;
        let count = content.map_err(|_| Fault::NotUtf8).and_then(|content| {
            values(content, found.quoted, format, last_wanted, width, |position, value| {
                let Some(builder) = builder_of.get(position).copied().flatten() else { return };
                filled = builder + 1;
                if is_missing(&value) { builders[builder].append_null() } else { builders[builder].append_value(value) }
            })
        });
        builders[filled..].iter_mut().for_each(StringChunkedBuilder::append_null);
        let fault = match count {
            Ok(count) if count > width => Some(Fault::TooManyValues),
            Ok(count) if count < width && format.short_rows == ShortRows::Reject => Some(Fault::TooFewValues),
            Ok(_) => None,
            Err(fault) => Some(fault),
        };
        faults.extend(fault.map(|fault| (rows, fault)));
        rows += 1;
    }

    let mut filled: HashMap<String, Column> =
        builders.into_iter().map(|builder| builder.finish().into_column()).map(|column| (column.name().to_string(), column)).collect();
    let fault = if faults.is_empty() {
        Column::new_scalar(FAULT.into(), Scalar::null(DataType::Int32), rows)
    } else {
        let mut codes: Vec<Option<i32>> = vec![None; rows];
        for (row, fault) in faults {
            codes[row] = Some(fault.code());
        }
        Series::new(FAULT.into(), codes).into_column()
    };
    let columns = schema.iter().map(|(name, stored)| match name.as_str() {
        FAULT => fault.clone(),
        ROW => numbered(first_row, rows),
        other => filled.remove(other).unwrap_or_else(|| Column::new_scalar(name.clone(), Scalar::null(stored.clone()), rows)),
    });
    DataFrame::new(rows, columns.collect())
}
