//! A folder of what scans of files came to, for later runs.
//!
//! Each file's is a file of its own, written beside its place and put there when the run is over, so that two runs at once, or one that is killed, leave nothing
//! that is not whole. What is damaged is found by its hash.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::item::Label;
use super::layout::Range;
use super::parcel::Sent;
use crate::read::source::Source;
use crate::read::text::FileIndex;

/// What such a file begins with.
const MAGIC: &[u8] = b"custometer scan 1\n";
const HASH: usize = 32;
const ENDING: &str = "scan";
const FILES: &str = "files.json";

/// A folder of states.
#[derive(Debug)]
pub struct States {
    folder: PathBuf,
}

/// What is known of a state before its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    /// What it depends on that is the same for all files.
    pub(super) layout: String,
    /// Which of the rows are kept, where rows repeat others.
    pub(super) kept: String,
    /// When its rows are, and where they are placed.
    pub(super) range: Range,
    pub(super) placement: String,
    /// Of what it is: the table, and the file as it is shown.
    pub(super) table: String,
    pub(super) file: String,
    pub(super) rows: u64,
    /// What was sent: to where, what it is, how many rows, and how many bytes.
    pub(super) sent: Vec<(i64, Label, i64, usize)>,
}

impl Head {
    pub(super) fn new(layout: &str, kept: String, table: &str, file: String, rows: u64) -> Self {
        let (layout, table) = (layout.to_owned(), table.to_owned());
        Self { layout, kept, range: None, placement: String::new(), table, file, rows, sent: Vec::new() }
    }
}

/// What is there of a file.
pub(super) enum Found {
    Nothing,
    Damaged,
    State(Head, Vec<Sent>),
}

/// A state in the folder.
#[derive(Debug, Clone)]
pub struct StateFile {
    /// The table.
    pub table: String,
    /// The file that it is of, as a report names it.
    pub file: String,
    /// How many rows that has.
    pub rows: u64,
    /// The size of the state in bytes.
    pub bytes: u64,
    /// When a run used it last.
    pub used: SystemTime,
    /// Whether it can't be read, so that the next run makes it anew.
    pub is_damaged: bool,
}

/// States of this run, to be put in their places when it is over.
#[derive(Default)]
pub(super) struct Pending {
    new: Vec<(NamedTempFile, PathBuf)>,
    used: BTreeSet<PathBuf>,
}

/// What is known of files by their stamps, by their names.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct KnownFiles {
    /// The config that they were read by.
    config: String,
    files: BTreeMap<String, (String, FileIndex)>,
}

impl KnownFiles {
    pub(super) fn find(&self, source: &Source) -> Option<FileIndex> {
        let (stamp, index) = self.files.get(source.path().to_str()?)?;
        (source.stamp()? == *stamp).then(|| index.clone())
    }

    pub(super) fn of<'a>(config: &str, files: impl Iterator<Item = (&'a Source, &'a FileIndex)>) -> Self {
        let known = |(source, index): (&Source, &FileIndex)| Some((source.path().to_str()?.to_owned(), (source.stamp()?, index.clone())));
        Self { config: config.to_owned(), files: files.filter_map(known).collect() }
    }
}

impl States {
    /// The states in a folder, which need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.join("scans") }
    }

    /// What is known of the files of a report by its config, from a run before. Nothing where that can't be read.
    pub(super) fn files(&self, config: &str) -> KnownFiles {
        let known = fs::read(self.folder.join(FILES)).ok().and_then(|text| serde_json::from_slice::<KnownFiles>(&text).ok());
        known.filter(|known| known.config == config).unwrap_or_default()
    }

    /// The place of the state of a file.
    pub(super) fn place(&self, table: &str, index: &FileIndex, first: u64) -> PathBuf {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{table:?} {} {} {} {first}", index.hash, index.bytes, index.rows).as_bytes());
        self.folder.join(format!("{}.{ENDING}", &hasher.finalize().to_hex()[..32]))
    }

    pub(super) fn find(place: &Path) -> Found {
        let Ok(bytes) = fs::read(place) else { return Found::Nothing };
        read(&bytes).map_or(Found::Damaged, |(head, sent)| Found::State(head, sent))
    }

    /// Writes a state beside its place.
    pub(super) fn write(&self, place: PathBuf, mut head: Head, sent: &[Sent], pending: &mut Pending) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        head.sent = sent.iter().map(|sent| (sent.to, sent.label.clone(), sent.count, sent.rows.len())).collect();
        let head = serde_json::to_vec(&head)?;
        let mut hasher = blake3::Hasher::new();
        let length = u64::try_from(head.len()).unwrap_or(u64::MAX).to_le_bytes();
        hasher.update(&length).update(&head);
        for sent in sent {
            hasher.update(&sent.rows);
        }
        let mut file = tempfile::Builder::new().prefix(".scan-").tempfile_in(&self.folder)?;
        let hash = hasher.finalize();
        let parts: [&[u8]; 4] = [MAGIC, hash.as_bytes(), &length, &head];
        for part in parts.into_iter().chain(sent.iter().map(|sent| sent.rows.as_slice())) {
            file.write_all(part)?;
        }
        file.flush()?;
        pending.new.push((file, place));
        Ok(())
    }

    /// Remembers that a state was used.
    #[expect(clippy::disallowed_methods, reason = "when it was used is shown, and no result depends on it")]
    pub(super) fn used(place: PathBuf, pending: &mut Pending) {
        let _ = fs::File::options().append(true).open(&place).and_then(|file| file.set_modified(SystemTime::now()));
        pending.used.insert(place);
    }

    /// Puts what a run made in its place. What it did not use is of files that are gone or have changed, and goes too.
    pub(super) fn keep(&self, pending: Pending, files: &KnownFiles) -> io::Result<()> {
        let Pending { new, mut used } = pending;
        for (file, place) in new {
            file.persist(&place).map_err(|error| error.error)?;
            used.insert(place);
        }
        let mut written = tempfile::Builder::new().prefix(".scan-").tempfile_in(&self.folder)?;
        written.write_all(&serde_json::to_vec(files)?)?;
        written.persist(self.folder.join(FILES)).map_err(|error| error.error)?;
        for place in self.places()?.into_iter().filter(|place| !used.contains(place)) {
            fs::remove_file(place).or_else(gone)?;
        }
        Ok(())
    }

    fn places(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).collect())
    }

    /// All states in the folder, by table and file.
    ///
    /// # Errors
    ///
    /// When the folder can't be read.
    pub fn all(&self) -> io::Result<Vec<StateFile>> {
        let state = |place: PathBuf| {
            let about = fs::metadata(&place)?;
            let head = fs::read(&place).ok().and_then(|bytes| read(&bytes)).map(|(head, _)| head);
            let is_damaged = head.is_none();
            let (table, file, rows) = head.map(|head| (head.table, head.file, head.rows)).unwrap_or_default();
            Ok(StateFile { table, file, rows, bytes: about.len(), used: about.modified()?, is_damaged })
        };
        let mut all = self.places()?.into_iter().map(state).collect::<io::Result<Vec<_>>>()?;
        all.sort_by(|a, b| (&a.table, &a.file).cmp(&(&b.table, &b.file)));
        Ok(all)
    }

    /// Removes all states, and what runs that were killed left of them. The next run reads all files.
    ///
    /// # Errors
    ///
    /// When something can't be removed.
    pub fn prune(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder).or_else(gone)
    }
}

/// What is not there need not be removed: another run may have done it.
fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// What a file holds, if it is whole.
fn read(bytes: &[u8]) -> Option<(Head, Vec<Sent>)> {
    let (hash, rest) = bytes.strip_prefix(MAGIC)?.split_at_checked(HASH)?;
    if blake3::hash(rest).as_bytes() != hash {
        return None;
    }
    let (length, rest) = rest.split_at_checked(8)?;
    let (head, mut rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let mut sent = Vec::new();
    for (to, label, count, length) in &head.sent {
        let (rows, others) = rest.split_at_checked(*length)?;
        sent.push(Sent { to: *to, label: label.clone(), count: *count, rows: rows.to_vec() });
        rest = others;
    }
    rest.is_empty().then_some((head, sent))
}
