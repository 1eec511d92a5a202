//! Files, each opened once and read by position: what takes the place of a file while it is read is never read as a part of it.
//!
//! A source is what a table has rows of: a file, a member of an archive, a sheet of a workbook, an array within a document; or rows that a
//! host gives.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, DiskReader};
use super::given::GivenRows;
use super::object::{Object, ObjectReader};
use super::stores::{is_remote, shown_address};

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
    Object(Arc<Object>),
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

impl Source {
    /// Opens a file of this machine, or an object at an address.
    pub(crate) fn open(path: &Path) -> io::Result<Arc<Self>> {
        let (path, at) = match path.to_str().filter(|path| is_remote(path)) {
            Some(address) => (shown_address(address).into(), At::Object(Arc::new(Object::open(address)?))),
            None => (path.to_owned(), At::Disk(Arc::new(Disk::open(path)?))),
        };
        Ok(Arc::new(Self { path, at, member: None, text: Text::Itself }))
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
            At::Disk(disk) => disk.path(),
            At::Object(object) => object.path(),
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
            (None, At::Disk(disk)) => disk.bytes(),
            (None, At::Object(object)) => object.bytes(),
            (None, At::Host(_)) => 0,
        }
    }

    /// What tells that its content is the same as when this was told before, where it can be told: not of a file that was written to a moment ago.
    pub(crate) fn stamp(&self) -> Option<String> {
        match &self.at {
            At::Disk(disk) => (!disk.is_fresh()).then(|| disk.stamp()),
            At::Object(object) => object.version(),
            At::Host(_) => None,
        }
    }

    /// Whether it is still as it was when it was opened. `hash` is that of what was read, and `hash_now` gives that of what is there.
    pub(crate) fn is_unchanged(&self, hash: &str, hash_now: impl FnOnce() -> io::Result<String>) -> io::Result<bool> {
        match &self.at {
            At::Disk(disk) => Ok(disk.is_as_it_was()? && (!disk.is_fresh() || hash_now()? == hash)),
            At::Object(object) => object.is_as_it_was(),
            // Arrow's memory is not written to once it is there.
            At::Host(_) => Ok(true),
        }
    }

    /// What a store calls this version of an object, where it is one and the store names them.
    pub(crate) fn version(&self) -> Option<String> {
        if let At::Object(object) = &self.at { object.version() } else { None }
    }

    /// Its bytes from `offset` on, as many as `buffer` holds.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.member.is_some() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "what is packed is read from its start only"));
        }
        match &self.at {
            At::Disk(disk) => disk.read_exact_at(buffer, offset),
            At::Object(object) => object.read_exact_at(buffer, offset),
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
        let whole = match &self.at {
            At::Disk(disk) => Reader::Disk(DiskReader::new(disk)),
            At::Object(object) => Reader::Object(ObjectReader::new(object)),
            At::Host(_) => Reader::Nothing,
        };
        match &self.member {
            Some(member) => Reader::Member(Box::new(Unpacked::new(whole, member))),
            None => whole,
        }
    }
}

/// A reader of a source, with a place of its own.
pub(crate) enum Reader {
    /// Of what has no bytes.
    Nothing,
    Disk(DiskReader),
    Object(ObjectReader),
    Member(Box<Unpacked>),
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Nothing => Ok(0),
            Self::Disk(disk) => disk.read(buffer),
            Self::Object(object) => object.read(buffer),
            Self::Member(member) => member.read(buffer),
        }
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Disk(disk) => disk.seek(to),
            Self::Object(object) => object.seek(to),
            Self::Nothing | Self::Member(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "what is packed is read from its start only"))
            }
        }
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
    fn new(mut archive: Reader, member: &Member) -> Self {
        // What has no such place has no bytes to unpack, which is found as they are read.
        let _ = archive.seek(SeekFrom::Start(member.at));
        let packed = archive.take(member.packed);
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
    use std::fs::File;
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
