//! Arrow's file format, batch by batch: of each the columns that are wanted, read by position.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use polars::prelude::{Column, PolarsError, PolarsResult};
use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot as _;
use polars_arrow::io::ipc::format::ipc::{Block, MessageHeaderRef, MessageRef, RecordBatchRef};
use polars_arrow::io::ipc::read::{Dictionaries, FileMetadata, read_batch, read_file_dictionaries, read_file_metadata};

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
        for block in metadata.dictionaries.iter().flatten() {
            guarded(|| rows_of(source, block))?;
        }
        let groups = metadata.blocks.iter().map(|block| guarded(|| rows_of(source, block)));
        let groups = groups.collect::<PolarsResult<_>>()?;
        Ok(Self { metadata, source: Arc::clone(source), dictionaries: OnceLock::new(), columns, groups })
    }

    #[expect(clippy::default_trait_access, reason = "the type is of a crate that is not among ours")]
    fn dictionaries(&self) -> PolarsResult<&Dictionaries> {
        if let Some(read) = self.dictionaries.get() {
            return Ok(read);
        }
        let read = read_file_dictionaries(&mut self.source.reader(), &self.metadata, &mut Vec::new(), Default::default())?;
        Ok(self.dictionaries.get_or_init(|| read))
    }
}

/// How many rows a batch has, once it is sure that what it says of its buffers can be: the library asks for as much memory as they say.
fn rows_of(source: &Arc<Source>, block: &Block) -> PolarsResult<usize> {
    let damaged = || PolarsError::ComputeError("what a batch says of its size can't be".into());
    let [at, head, body] = [block.offset, block.meta_data_length.into(), block.body_length].map(u64::try_from);
    let (at, head, body) = (at.map_err(|_| damaged())?, head.map_err(|_| damaged())?, body.map_err(|_| damaged())?);
    let starts = at.checked_add(head).ok_or_else(damaged)?;
    if starts.checked_add(body).is_none_or(|end| end > source.bytes()) {
        return Err(damaged());
    }
    let message = source.part(at, usize::try_from(head).map_err(|_| damaged())?)?;
    // Its length stands before it; in newer files, four bytes of ones before that.
    let before = if message.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message = MessageRef::read_as_root(message.get(before..).ok_or_else(damaged)?)?;
    let batch: RecordBatchRef<'_> = match message.header()?.ok_or_else(damaged)? {
        MessageHeaderRef::RecordBatch(batch) => batch,
        MessageHeaderRef::DictionaryBatch(batch) => batch.data()?.ok_or_else(damaged)?,
        _ => return Err(damaged()),
    };
    let is_packed = batch.compression()?.is_some();
    for buffer in batch.buffers()?.into_iter().flatten() {
        let (offset, length) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length()));
        let (offset, length) = (offset.map_err(|_| damaged())?, length.map_err(|_| damaged())?);
        if offset.checked_add(length).is_none_or(|end| end > body) {
            return Err(damaged());
        }
        // A packed buffer starts with its length when it is unpacked, or with -1 where it is not packed.
        if is_packed && length >= 8 {
            let mut unpacked = [0; 8];
            source.read_exact_at(&mut unpacked, starts + offset)?;
            if !(-1..=MOST_UNPACKED).contains(&i64::from_le_bytes(unpacked)) {
                return Err(damaged());
            }
        }
    }
    usize::try_from(batch.length()?).ok().filter(|rows| *rows as u64 <= MOST_ROWS).ok_or_else(damaged)
}

/// More bytes than a buffer has that anybody wrote: a terabyte.
const MOST_UNPACKED: i64 = 1 << 40;
/// More rows than a batch has that anybody wrote.
const MOST_ROWS: u64 = 1 << 40;

impl Group for Head {
    #[expect(clippy::default_trait_access, reason = "the type is of a crate that is not among ours")]
    fn columns(&self, group: usize, limit: Option<usize>, wanted: &BTreeSet<String>) -> PolarsResult<Vec<Column>> {
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
        kinds.into_iter().zip(batch.into_arrays()).map(|((_, kind), array)| kind.column(array)).collect()
    }
}
