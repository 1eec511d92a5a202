//! Objects of a store, read by position as files are.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::stores::{Place, begin, place, shown_address, told, wait};

/// So many bytes are asked for first. Who goes on reading is given more at a time, and some of it beforehand.
const FIRST: u64 = 1 << 16;
const MOST: u64 = 1 << 23;
const AHEAD: usize = 2;

/// An object, as it was when it was opened.
#[derive(Debug)]
pub(super) struct Object {
    path: PathBuf,
    store: Arc<dyn ObjectStore>,
    key: Key,
    stamp: Stamp,
    /// Its first bytes.
    start: Vec<u8>,
}

/// What changes with the content of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    e_tag: Option<String>,
    /// When it was written, in milliseconds.
    modified: i64,
}

impl Stamp {
    fn of(object: &ObjectMeta) -> Self {
        Self { bytes: object.size, e_tag: object.e_tag.clone(), modified: object.last_modified.timestamp_millis() }
    }
}

impl Object {
    pub(super) fn open(address: &str) -> io::Result<Self> {
        let Place { store, key } = place(address)?;
        let first = get(Arc::clone(&store), key.clone(), 0, FIRST);
        let (stamp, start) = match wait(first) {
            Ok(first) => first,
            // Of nothing there is no first part.
            Err(error) => {
                let (store, key) = (Arc::clone(&store), key.clone());
                match wait(async move { store.head(&key).await }) {
                    Ok(object) if object.size == 0 => (Stamp::of(&object), Vec::new()),
                    _ => return Err(told(&error)),
                }
            }
        };
        Ok(Self { path: shown_address(address).into(), store, key, stamp, start })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// What the store calls this version, where it names them. That it was written at the same second tells too little.
    pub(super) fn version(&self) -> Option<String> {
        self.stamp.e_tag.as_ref().map(|tag| format!("etag:{tag}"))
    }

    pub(super) fn is_as_it_was(&self) -> io::Result<bool> {
        // A signed address may be good for reading and for nothing else.
        if self.stamp.bytes > 0 {
            let (stamp, _) = wait(get(Arc::clone(&self.store), self.key.clone(), 0, 1)).map_err(|error| told(&error))?;
            return Ok(stamp == self.stamp);
        }
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        let object = wait(async move { store.head(&key).await }).map_err(|error| told(&error))?;
        Ok(Stamp::of(&object) == self.stamp)
    }

    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let known = usize::try_from(offset).ok().and_then(|from| self.start.get(from..from.checked_add(buffer.len())?));
        if let Some(known) = known {
            buffer.copy_from_slice(known);
            return Ok(());
        }
        let read = wait(get(Arc::clone(&self.store), self.key.clone(), offset, buffer.len() as u64));
        let bytes = self.checked(read)?;
        if bytes.len() != buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.copy_from_slice(&bytes);
        Ok(())
    }

    /// The bytes that were read, if they are of the same object.
    fn checked(&self, read: object_store::Result<(Stamp, Vec<u8>)>) -> io::Result<Vec<u8>> {
        let (stamp, bytes) = read.map_err(|error| told(&error))?;
        if stamp == self.stamp { Ok(bytes) } else { Err(io::Error::other("it has changed while it was read")) }
    }
}

/// A part of an object, with what tells whether it is still the same.
async fn get(store: Arc<dyn ObjectStore>, key: Key, from: u64, length: u64) -> object_store::Result<(Stamp, Vec<u8>)> {
    let range = Some(GetRange::Bounded(from..from + length));
    let part = store.get_opts(&key, GetOptions { range, ..GetOptions::default() }).await?;
    let stamp = Stamp::of(&part.meta);
    Ok((stamp, part.bytes().await?.into()))
}

/// A part on its way: where it begins, how long it is, and who gives it.
type Coming = (u64, u64, mpsc::Receiver<object_store::Result<(Stamp, Vec<u8>)>>);

/// A reader of an object.
pub(crate) struct ObjectReader {
    object: Arc<Object>,
    at: u64,
    /// What was read last, and where it begins.
    block: (u64, Vec<u8>),
    /// So many bytes are asked for next.
    next: u64,
    ahead: VecDeque<Coming>,
}

impl ObjectReader {
    pub(super) fn new(object: &Arc<Object>) -> Self {
        Self { object: Arc::clone(object), at: 0, block: (0, object.start.clone()), next: FIRST, ahead: VecDeque::new() }
    }

    fn begin(&self, from: u64) -> Coming {
        let length = self.next.min(self.object.bytes() - from);
        (from, length, begin(get(Arc::clone(&self.object.store), self.object.key.clone(), from, length)))
    }

    /// Reads the block that begins where the reader is.
    fn read_block(&mut self) -> io::Result<()> {
        if self.ahead.front().is_some_and(|(from, ..)| *from != self.at) {
            self.ahead.clear();
            self.next = FIRST;
        }
        self.next = (self.next * 2).min(MOST);
        if self.ahead.is_empty() {
            let coming = self.begin(self.at);
            self.ahead.push_back(coming);
        }
        // Who reads a large part in order goes on to the next one.
        while self.next == MOST && self.ahead.len() <= AHEAD {
            let Some(end) = self.ahead.back().map(|(from, length, _)| from + length) else { break };
            if end >= self.object.bytes() {
                break;
            }
            let coming = self.begin(end);
            self.ahead.push_back(coming);
        }
        let Some((from, length, coming)) = self.ahead.pop_front() else { return Ok(()) };
        let read = coming.recv().map_err(io::Error::other)?;
        let bytes = self.object.checked(read)?;
        if bytes.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.block = (from, bytes);
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.at >= self.object.bytes() {
            return Ok(0);
        }
        let is_within = |(from, bytes): &(u64, Vec<u8>)| (*from..*from + bytes.len() as u64).contains(&self.at);
        if !is_within(&self.block) {
            self.read_block()?;
        }
        let (from, bytes) = &self.block;
        let there = bytes.get(usize::try_from(self.at - from).unwrap_or(usize::MAX)..).unwrap_or_default();
        let length = there.len().min(buffer.len());
        buffer[..length].copy_from_slice(&there[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.object.bytes().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
