//! The text of a file in chunks, also where it can only be unpacked from its start.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use super::bytes::{is_plain, open};
use super::index::Chunk;
use crate::read::source::Source;

/// The text of a file, chunk by chunk.
pub(crate) struct Chunks {
    source: Arc<Source>,
    is_plain: bool,
    /// In order.
    chunks: Vec<Chunk>,
    /// Where a text that can only be read from its start on has been read up to.
    unpacking: Mutex<Unpacking>,
}

/// Chunks that come before the one that is asked for are kept until they are.
#[derive(Default)]
struct Unpacking {
    stream: Option<Box<dyn Read + Send>>,
    at: u64,
    /// The chunk that is unpacked next.
    next: usize,
    kept: HashMap<u64, Vec<u8>>,
}

impl Chunks {
    pub(crate) fn new(source: &Arc<Source>, chunks: &[Chunk]) -> std::io::Result<Self> {
        let is_plain = is_plain(source)?;
        Ok(Self { source: Arc::clone(source), is_plain, chunks: chunks.to_vec(), unpacking: Mutex::default() })
    }

    pub(crate) fn read(&self, chunk: Chunk) -> std::io::Result<Vec<u8>> {
        if self.is_plain {
            return self.source.part(chunk.offset, chunk.length);
        }
        self.unpacking.lock().unwrap_or_else(PoisonError::into_inner).read(&self.source, &self.chunks, chunk)
    }
}

impl Unpacking {
    fn read(&mut self, source: &Arc<Source>, chunks: &[Chunk], wanted: Chunk) -> std::io::Result<Vec<u8>> {
        if let Some(bytes) = self.kept.remove(&wanted.offset) {
            return Ok(bytes);
        }
        // A second run over the file starts again.
        if self.stream.is_none() || self.at > wanted.offset {
            *self = Self { stream: Some(open(source).map_err(std::io::Error::other)?.1), ..Self::default() };
        }
        while let (Some(stream), Some(&chunk)) = (&mut self.stream, chunks.get(self.next)) {
            std::io::copy(&mut stream.by_ref().take(chunk.offset - self.at), &mut std::io::sink())?;
            let mut bytes = vec![0; chunk.length];
            stream.read_exact(&mut bytes)?;
            self.at = chunk.offset + chunk.length as u64;
            self.next += 1;
            if chunk == wanted {
                return Ok(bytes);
            }
            self.kept.insert(chunk.offset, bytes);
        }
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}
