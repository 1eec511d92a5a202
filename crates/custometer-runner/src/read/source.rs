//! Files, each opened once and read by position: what takes the place of a file while it is read is never read as a part of it.
//!
//! A source is what a table has rows of: a file, a member of an archive, a sheet of a workbook, an array within a document; or rows that a
//! host gives.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::given::GivenRows;

/// So many files are kept open. Of others it is told at each opening whether they are still the same.
const MOST_OPEN: usize = 256;
/// Two changes that are nearer to each other may have the same time.
const GRAIN_OF_TIMES: Duration = Duration::from_secs(2);

static OPEN: AtomicUsize = AtomicUsize::new(0);

/// What is read as one file.
#[derive(Debug)]
pub(crate) struct Source {
    /// What it is called: the file, and what is read of it.
    path: PathBuf,
    at: At,
    member: Option<Arc<Member>>,
    text: Text,
}

/// Where it is.
#[derive(Debug, Clone)]
enum At {
    Disk(Arc<Disk>),
    Host(Arc<GivenRows>),
}

/// A member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Where its packed bytes are.
    pub(crate) at: u64,
    pub(crate) packed: u64,
    /// Whether they are deflated, and not stored as they are.
    pub(crate) is_deflated: bool,
    /// How many bytes it has when it is unpacked, and their checksum.
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
}

/// What makes the text of a source of its bytes.
#[derive(Debug, Clone, Default)]
pub(crate) enum Text {
    /// They are its text, perhaps packed.
    #[default]
    Itself,
    /// The elements of an array in a JSON document, each a line. The keys lead to the array.
    Elements(Arc<[String]>),
    /// The cells of a sheet.
    Sheet(Arc<Sheet>),
}

/// A sheet of a workbook, as text: a record for each of its rows, empty ones included.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
    /// How many of the sheet's rows come before the first record.
    pub(crate) rows_before: u64,
    /// The columns, by their places in the text, in which a cell has no value that can be relied on.
    pub(crate) faulty: BTreeSet<usize>,
    /// How many such cells there are, and what the first one has in the place of a value.
    pub(crate) faults: Option<(u64, String)>,
}

/// A file of this machine, as it was when it was opened.
#[derive(Debug)]
struct Disk {
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
    pub(crate) fn open(path: &Path) -> io::Result<Arc<Self>> {
        let at = At::Disk(Arc::new(Disk::open(path)?));
        Ok(Arc::new(Self { path: path.to_owned(), at, member: None, text: Text::Itself }))
    }

    /// Rows that a host gives.
    pub(crate) fn of_host(rows: &Arc<GivenRows>) -> Arc<Self> {
        Arc::new(Self { path: rows.name().into(), at: At::Host(Arc::clone(rows)), member: None, text: Text::Itself })
    }

    /// The rows that a host gives, where it is such.
    pub(crate) fn given(&self) -> Option<&Arc<GivenRows>> {
        if let At::Host(rows) = &self.at { Some(rows) } else { None }
    }

    /// A member of it.
    pub(crate) fn with_member(&self, member: Member) -> Arc<Self> {
        let path = self.within(&member.name);
        Arc::new(Self { path, at: self.at.clone(), member: Some(Arc::new(member)), text: Text::Itself })
    }

    /// The same with a text that is made of it.
    pub(crate) fn with_text(&self, text: Text) -> Arc<Self> {
        let path = match &text {
            Text::Sheet(sheet) => self.within(&sheet.name),
            Text::Itself | Text::Elements(_) => self.path.clone(),
        };
        Arc::new(Self { path, at: self.at.clone(), member: self.member.clone(), text })
    }

    fn within(&self, name: &str) -> PathBuf {
        // Such a name is no path, and may start like one.
        let mut path: OsString = self.path.clone().into();
        path.push("/");
        path.push(name);
        path.into()
    }

    /// What it is called.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that it is in.
    pub(crate) fn file(&self) -> &Path {
        match &self.at {
            At::Disk(disk) => &disk.path,
            At::Host(_) => &self.path,
        }
    }

    /// The member of an archive that it is.
    pub(crate) fn member(&self) -> Option<&Member> {
        self.member.as_deref()
    }

    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    /// Whether it is a file, and its text is that of the file.
    pub(crate) fn is_file(&self) -> bool {
        self.member.is_none() && matches!(self.text, Text::Itself)
    }

    /// Its size in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        match (&self.member, &self.at) {
            (Some(member), _) => member.bytes,
            (None, At::Disk(disk)) => disk.stamp.bytes,
            (None, At::Host(_)) => 0,
        }
    }

    /// Whether it is still as it was when it was opened. `hash` is that of what was read, and `hash_now` gives that of what is there.
    pub(crate) fn is_unchanged(&self, hash: &str, hash_now: impl FnOnce() -> io::Result<String>) -> io::Result<bool> {
        match &self.at {
            At::Disk(disk) => Ok(disk.is_as_it_was()? && (!disk.is_fresh || hash_now()? == hash)),
            // Arrow's memory is not written to once it is there.
            At::Host(_) => Ok(true),
        }
    }

    /// Its bytes from `offset` on, as many as `buffer` holds.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.member.is_some() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "what is packed is read from its start only"));
        }
        match &self.at {
            At::Disk(disk) => disk.read_exact_at(buffer, offset),
            At::Host(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// A part of it.
    pub(crate) fn part(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        // A damaged file may ask for more than there is.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.bytes()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        self.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// A reader of all its bytes, from the start.
    pub(crate) fn reader(&self) -> Reader {
        let At::Disk(disk) = &self.at else { return Reader::Nothing };
        let disk = DiskReader { disk: Arc::clone(disk), at: 0, again: None };
        match &self.member {
            Some(member) => Reader::Member(Box::new(Unpacked::new(disk, member))),
            None => Reader::Disk(disk),
        }
    }
}

impl Disk {
    #[expect(clippy::disallowed_methods, reason = "no result depends on it: it says when the times of a file are not enough to compare")]
    fn open(path: &Path) -> io::Result<Self> {
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

    fn is_as_it_was(&self) -> io::Result<bool> {
        let now = match &self.file {
            Some(file) => file.metadata()?,
            None => std::fs::metadata(&self.path)?,
        };
        Ok(Stamp::of(&now) == self.stamp)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
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

/// A reader of a source, with a place of its own.
pub(crate) enum Reader {
    /// Of what has no bytes.
    Nothing,
    Disk(DiskReader),
    Member(Box<Unpacked>),
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Nothing => Ok(0),
            Self::Disk(disk) => disk.read(buffer),
            Self::Member(member) => member.read(buffer),
        }
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Disk(disk) => disk.seek(to),
            Self::Nothing | Self::Member(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "what is packed is read from its start only"))
            }
        }
    }
}

/// A reader of a file.
pub(crate) struct DiskReader {
    disk: Arc<Disk>,
    at: u64,
    /// The file, where it is not kept open.
    again: Option<File>,
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

/// The bytes of a member, which are never more than it says, and are those that its checksum is of.
pub(crate) struct Unpacked {
    bytes: Box<dyn Read + Send>,
    left: u64,
    crc: flate2::Crc,
    wanted: u32,
}

impl Unpacked {
    fn new(mut disk: DiskReader, member: &Member) -> Self {
        disk.at = member.at;
        let packed = disk.take(member.packed);
        let bytes: Box<dyn Read + Send> =
            if member.is_deflated { Box::new(flate2::bufread::DeflateDecoder::new(io::BufReader::new(packed))) } else { Box::new(packed) };
        Self { bytes, left: member.bytes, crc: flate2::Crc::new(), wanted: member.crc }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
        let read = self.bytes.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            None => return damaged("the archive is damaged: it is longer than the archive says"),
            Some(left) => self.left = left,
        }
        self.crc.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() {
            if self.left > 0 {
                return damaged("the archive is damaged: it is shorter than the archive says");
            }
            if self.crc.sum() != self.wanted {
                return damaged("the archive is damaged: its checksum is another one");
            }
        }
        Ok(read)
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
