//! Files of this machine, each opened once and read by position.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// So many files are kept open. Of others it is told at each opening whether they are still the same.
const MOST_OPEN: usize = 256;
/// Two changes that are nearer to each other may have the same time.
const GRAIN_OF_TIMES: Duration = Duration::from_secs(2);

static OPEN: AtomicUsize = AtomicUsize::new(0);

/// A file of this machine, as it was when it was opened.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    stamp: Stamp,
    /// Whether it had been written to a moment before, so that another change might not show in its times.
    is_fresh: bool,
    file: Option<File>,
}

/// What changes with the content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Which file it is, and when anything of it changed, where the system says so.
    identity: [i64; 4],
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt as _;
            [file.dev().cast_signed(), file.ino().cast_signed(), file.ctime(), file.ctime_nsec()]
        };
        #[cfg(not(unix))]
        let identity = [0; 4];
        Self { bytes: file.len(), modified: file.modified().ok(), identity }
    }
}

impl Disk {
    #[expect(clippy::disallowed_methods, reason = "no result depends on it: it says when the times of a file are not enough to compare")]
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A pipe would be waited for as it is opened.
        let kind = std::fs::metadata(path)?.file_type();
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !kind.is_file() {
            return Err(io::Error::other("it is a pipe or a device, which can't be read twice: write it into a file first"));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let stamp = Stamp::of(&metadata);
        let is_fresh =
            stamp.modified.is_none_or(|modified| SystemTime::now().duration_since(modified).is_ok_and(|ago| ago < GRAIN_OF_TIMES));
        let kept = OPEN.fetch_add(1, Ordering::Relaxed) < MOST_OPEN;
        if !kept {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(Self { path: path.to_owned(), stamp, is_fresh, file: kept.then_some(file) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// Its size, when it was written to, and which file it is.
    pub(super) fn stamp(&self) -> String {
        let Stamp { bytes, modified, identity } = &self.stamp;
        let modified = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos());
        format!("{bytes} {modified} {identity:?}")
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    pub(super) fn is_as_it_was(&self) -> io::Result<bool> {
        let now = match &self.file {
            Some(file) => file.metadata()?,
            None => std::fs::metadata(&self.path)?,
        };
        Ok(Stamp::of(&now) == self.stamp)
    }

    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.file {
            Some(file) => read_exact_at(file, buffer, offset),
            None => read_exact_at(&self.reopened()?, buffer, offset),
        }
    }

    fn reopened(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        if Stamp::of(&file.metadata()?) == self.stamp { Ok(file) } else { Err(io::Error::other("it has changed while it was read")) }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.file.is_some() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

/// A reader of a file.
pub(crate) struct DiskReader {
    disk: Arc<Disk>,
    at: u64,
    /// The file, where it is not kept open.
    again: Option<File>,
}

impl DiskReader {
    pub(super) fn new(disk: &Arc<Disk>) -> Self {
        Self { disk: Arc::clone(disk), at: 0, again: None }
    }
}

impl Read for DiskReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.disk.stamp.bytes.saturating_sub(self.at);
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if length > 0 {
            if self.disk.file.is_none() && self.again.is_none() {
                self.again = Some(self.disk.reopened()?);
            }
            let file = self.disk.file.as_ref().or(self.again.as_ref()).ok_or(io::ErrorKind::NotFound)?;
            read_exact_at(file, &mut buffer[..length], self.at)?;
            self.at += length as u64;
        }
        Ok(length)
    }
}

impl Seek for DiskReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.disk.stamp.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
