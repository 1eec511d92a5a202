//! Cells of workbooks that have no value which can be relied on: each is a missing value, and beside its column stands why.

use std::collections::BTreeSet;

use polars::prelude::{Column, DataFrame, DataType, PolarsResult, Series, StringChunked};

/// What starts the text of such a cell: a character that stands for nothing.
pub(crate) const MARK: char = '\u{ffff}';
pub(crate) const MARK_BYTES: [u8; 3] = [0xef, 0xbf, 0xbf];

/// The column that says of each row why the cell of a column has no value, and where it is.
pub(crate) fn cell_fault(column: &str) -> String {
    format!("__cell:{column}")
}

/// The columns that are to be read for those that are wanted.
pub(crate) fn with_their_columns(wanted: BTreeSet<String>, faulty: &BTreeSet<String>) -> BTreeSet<String> {
    let of_faults = faulty.iter().filter(|name| wanted.contains(&cell_fault(name))).cloned();
    of_faults.collect::<Vec<_>>().into_iter().chain(wanted).collect()
}

/// Takes what is said of cells out of their columns, and puts it into columns of its own.
pub(crate) fn told_apart(mut rows: DataFrame, faulty: &BTreeSet<String>) -> PolarsResult<DataFrame> {
    for name in faulty {
        let said = cell_fault(name);
        let Ok(texts) = rows.column(name).and_then(|column| column.str()) else { continue };
        let is_marked = |text: &&str| text.as_bytes().starts_with(&MARK_BYTES);
        let faults: StringChunked =
            texts.iter().map(|text| text.filter(is_marked).map(|text| text[MARK_BYTES.len()..].to_owned())).collect();
        let values: StringChunked = texts.iter().map(|text| text.filter(|text| !is_marked(text))).collect();
        let column = |values: StringChunked, name: &str| -> Column { Series::from(values.with_name(name.into())).into() };
        let (faults, values) = (column(faults, &said), column(values, name));
        rows.with_column(values)?;
        rows.with_column(faults)?;
    }
    Ok(rows)
}

/// The columns that are added, with their type.
pub(crate) fn fields(faulty: &BTreeSet<String>) -> impl Iterator<Item = (String, DataType)> {
    faulty.iter().map(|name| (cell_fault(name), DataType::String))
}
