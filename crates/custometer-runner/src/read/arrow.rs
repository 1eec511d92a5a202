//! Arrow's file format, batch by batch: of each the columns that are wanted, read by position.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use polars::prelude::{Column, PolarsError, PolarsResult, Series};
use polars_arrow::array::PrimitiveArray;
use polars_arrow::io::ipc::read::{
    Dictionaries, FileMetadata, get_row_count_from_blocks, read_batch, read_file_dictionaries, read_file_metadata,
};

use super::columnar::{Group, Kind, Stored};
use super::guard::guarded;
use super::source::Source;

/// What a file says of itself.
pub(crate) struct Head {
    metadata: FileMetadata,
    source: Arc<Source>,
    dictionaries: OnceLock<Dictionaries>,
    pub(crate) columns: Vec<Stored>,
    /// How many rows each batch has.
    pub(crate) groups: Vec<usize>,
}

impl Head {
    pub(crate) fn of(source: &Arc<Source>) -> PolarsResult<Self> {
        let metadata = guarded(|| read_file_metadata(&mut source.reader()))?;
        let columns = metadata.schema.iter_values().map(Stored::of).collect();
        let mut reader = source.reader();
        let groups = metadata.blocks.iter().map(|block| {
            let rows = guarded(|| get_row_count_from_blocks(&mut reader, std::slice::from_ref(block)))?;
            usize::try_from(rows).map_err(|_| PolarsError::ComputeError("a batch has a negative number of rows".into()))
        });
        let groups = groups.collect::<PolarsResult<_>>()?;
        Ok(Self { metadata, source: Arc::clone(source), dictionaries: OnceLock::new(), columns, groups })
    }

    fn dictionaries(&self) -> PolarsResult<&Dictionaries> {
        if let Some(read) = self.dictionaries.get() {
            return Ok(read);
        }
        let read = read_file_dictionaries(&mut self.source.reader(), &self.metadata, &mut Vec::new(), Default::default())?;
        Ok(self.dictionaries.get_or_init(|| read))
    }
}

impl Group for Head {
    fn columns(&self, _: &Source, group: usize, limit: Option<usize>, wanted: &BTreeSet<String>) -> PolarsResult<Vec<Column>> {
        let wanted = self.columns.iter().enumerate().filter(|(_, column)| wanted.contains(column.name.as_str()));
        let kinds: Vec<(usize, &Kind)> = wanted.filter_map(|(position, column)| Some((position, column.kind.as_ref().ok()?))).collect();
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let projection: Vec<usize> = kinds.iter().map(|(position, _)| *position).collect();
        let dictionaries = self.dictionaries()?;
        let (mut message, mut data) = (Vec::new(), Vec::new());
        let batch = read_batch(
            &mut self.source.reader(),
            dictionaries,
            &self.metadata,
            Some(&projection),
            limit,
            group,
            false,
            &mut message,
            &mut data,
            Default::default(),
        )?;
        let column = |((_, kind), mut array): ((usize, &Kind), Box<dyn polars_arrow::array::Array>)| {
            // Instants are the same in every zone.
            if kind.is_of_another_zone
                && let Some(instants) = array.as_any().downcast_ref::<PrimitiveArray<i64>>()
            {
                array = instants.clone().to(kind.field.dtype.clone()).boxed();
            }
            Ok(Series::try_from((&kind.field, array))?.into())
        };
        kinds.into_iter().zip(batch.into_arrays()).map(column).collect()
    }
}
