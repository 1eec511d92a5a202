//! Parquet, row group by row group: of each the columns that are wanted, read by position.

use std::collections::BTreeSet;
use std::sync::Arc;

use custometer_core::parallel;
use polars::prelude::{ArrowField, ArrowSchema, Column, DataType, PolarsError, PolarsResult, Scalar, Series};
use polars_parquet::parquet::read::read_metadata;
use polars_parquet::read::schema::parquet_to_arrow_schema;
use polars_parquet::read::{BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, column_iter_to_arrays, infer_schema};

use super::columnar::{Group, Kind, Stored};
use super::guard::guarded;
use super::source::Source;

/// Where the first rows of a column are looked for.
const START: u64 = 1 << 18;

/// What a file says of itself.
pub(crate) struct Head {
    metadata: FileMetadata,
    source: Arc<Source>,
    pub(crate) columns: Vec<Stored>,
}

impl Head {
    pub(crate) fn of(source: &Arc<Source>) -> PolarsResult<Self> {
        let metadata = guarded(|| Ok(read_metadata(&mut source.reader())?))?;
        let fields: ArrowSchema = guarded(|| infer_schema(&metadata))
            // What its writer says of types besides may be more than is known here.
            .or_else(|_| guarded(|| Ok(parquet_to_arrow_schema(metadata.schema().fields()))))?;
        let columns = fields.iter_values().map(Stored::of).collect();
        Ok(Self { metadata, source: Arc::clone(source), columns })
    }

    /// How many rows each group has.
    pub(crate) fn groups(&self) -> Vec<usize> {
        self.metadata.row_groups.iter().map(polars_parquet::read::RowGroupMetadata::num_rows).collect()
    }
}

impl Group for Head {
    fn columns(&self, group: usize, limit: Option<usize>, wanted: &BTreeSet<String>) -> PolarsResult<Vec<Column>> {
        let group = self.metadata.row_groups.get(group).ok_or_else(|| PolarsError::ComputeError("there is no such row group".into()))?;
        let wanted = self.columns.iter().filter(|column| wanted.contains(column.name.as_str()));
        let fields: Vec<&ArrowField> = wanted.filter_map(|column| column.kind.as_ref().ok().map(|Kind { field, .. }| field)).collect();
        let read = |field: &ArrowField, most_bytes: u64| -> PolarsResult<Column> {
            let Some(parts) = group.columns_under_root_iter(&field.name) else {
                let kind = DataType::from_arrow_field(field);
                return Ok(Column::new_scalar(field.name.clone(), Scalar::null(kind), group.num_rows()));
            };
            let parts: Vec<&ColumnChunkMetadata> = parts.collect();
            let (mut pages, mut types) = (Vec::new(), Vec::new());
            for part in parts {
                let range = part.byte_range();
                let length = (range.end - range.start).min(most_bytes);
                let bytes = self.source.part(range.start, usize::try_from(length).unwrap_or(usize::MAX))?;
                let reader = PageReader::new(std::io::Cursor::new(bytes.into()), part, Vec::new(), usize::MAX);
                pages.push(BasicDecompressor::new(reader, Vec::new()));
                types.push(&part.descriptor().descriptor.primitive_type);
            }
            let (arrays, _) = column_iter_to_arrays(pages, types, field.clone(), limit.map(Filter::new_limited))?;
            Ok(Series::try_from((field, arrays))?.into())
        };
        // The first rows are at the start of a column, unless its pages are large.
        let first = limit.map(|limit| limit.min(group.num_rows()));
        let read = |field: &ArrowField| match first {
            Some(first) => match guarded(|| read(field, START)) {
                Ok(column) if column.len() == first => Ok(column),
                _ => guarded(|| read(field, u64::MAX)),
            },
            None => guarded(|| read(field, u64::MAX)),
        };
        let read = parallel::fold(fields.into_iter().enumerate().collect(), Vec::new, |read_by: &mut Vec<_>, (position, field)| {
            read_by.push((position, read(field)));
        });
        let mut read: Vec<(usize, PolarsResult<Column>)> = read.into_iter().flatten().collect();
        read.sort_by_key(|(position, _)| *position);
        read.into_iter().map(|(_, column)| column).collect()
    }
}
