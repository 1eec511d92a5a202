//! Files, each opened once and read by position: what takes the place of a file while it is read is never read as a part of it.

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
pub(crate) struct Source {
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

impl Source {
    /// Opens a file.
    #[expect(clippy::disallowed_methods, reason = "no result depends on it: it says when the times of a file are not enough to compare")]
    pub(crate) fn open(path: &Path) -> io::Result<Arc<Self>> {
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
        Ok(Arc::new(Self { path: path.to_owned(), stamp, is_fresh, file: kept.then_some(file) }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// Whether it is still as it was when it was opened. `hash` is that of what was read, and `hash_now` gives that of what is there.
    pub(crate) fn is_unchanged(&self, hash: &str, hash_now: impl FnOnce() -> io::Result<String>) -> io::Result<bool> {
        let now = match &self.file {
            Some(file) => file.metadata()?,
            None => std::fs::metadata(&self.path)?,
        };
        Ok(Stamp::of(&now) == self.stamp && (!self.is_fresh || hash_now()? == hash))
    }

    /// Its bytes from `offset` on, as many as `buffer` holds.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.file {
            Some(file) => read_exact_at(file, buffer, offset),
            None => read_exact_at(&self.reopened()?, buffer, offset),
        }
    }

    /// A part of it.
    pub(crate) fn part(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        // A damaged file may ask for more than there is.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.stamp.bytes) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        self.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// A reader of all of it, from its start.
    pub(crate) fn reader(self: &Arc<Self>) -> Reader {
        Reader { source: Arc::clone(self), at: 0, again: None }
    }

    fn reopened(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        if Stamp::of(&file.metadata()?) == self.stamp { Ok(file) } else { Err(io::Error::other("it has changed while it was read")) }
    }
}

impl Drop for Source {
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

/// A reader of a file, with a place of its own.
pub(crate) struct Reader {
    source: Arc<Source>,
    at: u64,
    /// The file, where it is not kept open.
    again: Option<File>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.source.stamp.bytes.saturating_sub(self.at);
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if length > 0 {
            if self.source.file.is_none() && self.again.is_none() {
                self.again = Some(self.source.reopened()?);
            }
            let file = self.source.file.as_ref().or(self.again.as_ref()).ok_or(io::ErrorKind::NotFound)?;
            read_exact_at(file, &mut buffer[..length], self.at)?;
            self.at += length as u64;
        }
        Ok(length)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.stamp.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("custometer-source-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn text_of(source: &Arc<Source>) -> String {
        let mut text = String::new();
        source.reader().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_takes_the_place_of_a_file_is_not_read() {
        let folder = folder("renamed");
        let path = folder.join("a.csv");
        std::fs::write(&path, "first").unwrap();
        let source = Source::open(&path).unwrap();
        std::fs::write(folder.join("b.csv"), "other").unwrap();
        std::fs::rename(folder.join("b.csv"), &path).unwrap();
        assert_eq!(text_of(&source), "first");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_written_to_is_no_longer_the_same() {
        let folder = folder("written");
        let path = folder.join("a.csv");
        std::fs::write(&path, "first").unwrap();
        let source = Source::open(&path).unwrap();
        let hash = || Ok(text_of(&source));
        assert!(source.is_unchanged("first", hash).unwrap());
        // Of the same length, and in the same moment.
        File::options().write(true).open(&path).unwrap().write_all(b"other").unwrap();
        assert!(!source.is_unchanged("first", hash).unwrap());
        File::create(&path).unwrap();
        assert!(!source.is_unchanged("first", || Ok("first".to_owned())).unwrap());
        assert_eq!(source.part(0, 5).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
