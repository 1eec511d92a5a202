//! What a workbook has no room for.

/// Why results are no workbook.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkbookError {
    /// A table is wider than a sheet.
    #[error("`{request}` has {columns} columns, and a sheet has room for 16384: take `--format csv` or `parquet`")]
    Columns {
        /// The request.
        request: String,
        /// How many columns it has.
        columns: usize,
    },
}
