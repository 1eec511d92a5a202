//! A file for rows that are put aside, part by part.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex};

use polars::prelude::{DataFrame, IpcCompression, IpcReader, IpcWriter, PolarsError, PolarsResult, SerReader as _, SerWriter as _};

use super::{Memory, MemoryError, lock};

/// Rows on disk, in blocks of Arrow's format, some for each part.
///
/// The file has no name, so that the system removes it when the process ends, however it ends.
pub(crate) struct Scratch<K> {
    memory: Arc<Memory>,
    /// None until something is put aside.
    file: Mutex<Option<File>>,
    parts: Mutex<BTreeMap<K, Vec<Block>>>,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    start: u64,
    bytes: usize,
    rows: usize,
    /// What its bytes were when they were written.
    hash: blake3::Hash,
}

impl<K: Ord + Copy> Scratch<K> {
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), file: Mutex::default(), parts: Mutex::default() }
    }

    /// Adds rows to a part.
    pub(crate) fn put(&self, part: K, mut rows: DataFrame) -> PolarsResult<()> {
        let mut bytes = Vec::new();
        IpcWriter::new(&mut bytes).with_compression(Some(IpcCompression::LZ4)).with_parallel(false).finish(&mut rows)?;
        let start = self.write(&bytes).map_err(|error| self.failed(error))?;
        let block = Block { start, bytes: bytes.len(), rows: rows.height(), hash: blake3::hash(&bytes) };
        self.memory.watch.put_aside(block.bytes);
        lock(&self.parts).entry(part).or_default().push(block);
        Ok(())
    }

    /// The parts, each with the number of its rows.
    pub(crate) fn parts(&self) -> Vec<(K, usize)> {
        lock(&self.parts).iter().map(|(part, blocks)| (*part, blocks.iter().map(|block| block.rows).sum())).collect()
    }

    /// The rows of a part, block by block.
    pub(crate) fn get(&self, part: K) -> impl Iterator<Item = PolarsResult<DataFrame>> {
        let blocks = lock(&self.parts).get(&part).cloned().unwrap_or_default();
        blocks.into_iter().map(|block| {
            let bytes = self.read(&block).map_err(|error| self.failed(error))?;
            IpcReader::new(Cursor::new(bytes)).finish()
        })
    }

    fn write(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut file = lock(&self.file);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.memory.folder)?),
        };
        let start = file.seek(SeekFrom::End(0))?;
        file.write_all(bytes)?;
        Ok(start)
    }

    fn read(&self, block: &Block) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; block.bytes];
        if let Some(file) = &mut *lock(&self.file) {
            file.seek(SeekFrom::Start(block.start))?;
            file.read_exact(&mut bytes)?;
        }
        if blake3::hash(&bytes) == block.hash { Ok(bytes) } else { Err(io::Error::other("what is read is not what was written")) }
    }

    fn failed(&self, source: io::Error) -> PolarsError {
        let bytes: usize = lock(&self.parts).values().flatten().map(|block| block.bytes).sum();
        let folder = self.memory.folder.display().to_string();
        self.memory.failed(MemoryError::Scratch { folder, megabytes: bytes as u64 / 1_000_000, source: Arc::new(source) })
    }
}
