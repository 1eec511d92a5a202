//! Scans: files that several tables are read of are gone through once for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use polars::prelude::{LazyFrame, PolarsResult};

use crate::read::text::FileIndex;
use crate::report::Report;

/// The rows of files, for each of some tables that have files of their own: the same scan for those over the same ones. Each table is given with the columns
/// that it uses. All rows, or `only` those with some numbers.
///
/// # Errors
///
/// When a file can't be scanned any more.
pub(crate) fn scans(
    report: &Report,
    indices: &[Vec<FileIndex>],
    tables: impl IntoIterator<Item = (usize, BTreeSet<String>)>,
    only: Option<&Range<u64>>,
) -> PolarsResult<BTreeMap<usize, LazyFrame>> {
    let mut scans: BTreeMap<usize, (Vec<usize>, BTreeSet<String>)> = BTreeMap::new();
    for (table, used) in tables {
        let (of, read) = scans.entry(report.first_of_scan(table)).or_default();
        of.push(table);
        read.extend(report.tables[table].read_of_files(used));
    }
    let mut rows = BTreeMap::new();
    for (first, (tables, read)) in scans {
        let indices = indices.get(first).map_or(&[][..], Vec::as_slice);
        let Some(opened) = report.tables[first].opened() else { continue };
        let scan = opened.rows(indices, read, only.cloned())?;
        // In the streaming engine a cache does not store rows, but is a point from which each batch goes several ways.
        let scan = if tables.len() > 1 { scan.cache() } else { scan };
        rows.extend(tables.into_iter().map(|table| (table, scan.clone())));
    }
    Ok(rows)
}
