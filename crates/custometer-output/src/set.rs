//! A set of files that takes its places at once: after a crash a reader finds all of the old set or all of the new one.
//!
//! A set is written whole into a folder of its own below `DIR/.custometer`. `DIR/.custometer/current` is a link to the folder of the
//! latest set, and every file at its place, such as `DIR/results.json`, is a link through it: so one rename switches all of them. A
//! set of one file needs no links where no other file of ours is: a rename replaces it. Where the file system has no links, the files
//! are renamed one after the other, and a crash in between leaves files of both sets.
//!
//! One run at a time changes a folder; the others wait for it. What a killed run left in `DIR/.custometer` goes with the next run.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{Builder, TempDir};

use crate::error::OutputError;

/// Where sets are kept, below the folder of the outputs.
const STORE: &str = ".custometer";

/// The link to the latest set.
const CURRENT: &str = "current";

/// Held by the run that changes the folder.
const LOCK: &str = "lock";

/// How long a run waits for another one to finish writing.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two attempts to get the lock.
const PAUSE: Duration = Duration::from_millis(50);

/// A folder for outputs that this run alone may change.
pub(crate) struct Outputs<'a> {
    dir: &'a Path,
    store: PathBuf,
    /// Files that a set may have, beside those of the latest one: they belong to an earlier set.
    known: &'a [&'a str],
    /// Held until all is done; none where the file system has no locks.
    lock: Option<File>,
}

/// Files that are written, and not yet at their places. Dropped, they are gone.
pub(crate) struct Staged {
    folder: TempDir,
    /// Their paths below the folder.
    names: Vec<PathBuf>,
}

impl Staged {
    /// Adds a file, written by `write`, which is told where the file will be.
    pub(crate) fn add(
        &mut self,
        outputs: &Outputs<'_>,
        name: impl Into<PathBuf>,
        write: impl FnOnce(&mut File, &Path) -> Result<(), OutputError>,
    ) -> Result<(), OutputError> {
        let name = name.into();
        let place = outputs.dir.join(&name);
        let failed = |source| OutputError::File { what: "write", path: place.clone(), source };
        let path = self.folder.path().join(&name);
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(failed)?;
        let mut file = File::create_new(&path).map_err(failed)?;
        write(&mut file, &place)?;
        // Before the switch: after a crash no file must be named but empty.
        file.sync_all().map_err(failed)?;
        self.names.push(name);
        Ok(())
    }
}

impl<'a> Outputs<'a> {
    /// Makes the folder, waits until no other run changes it, and removes what killed runs left.
    pub(crate) fn open(dir: &'a Path, known: &'a [&'a str]) -> Result<Self, OutputError> {
        let store = dir.join(STORE);
        fs::create_dir_all(&store).map_err(|source| OutputError::File { what: "create the folder", path: dir.to_owned(), source })?;
        let lock = lock(dir, &store.join(LOCK))?;
        let outputs = Self { dir, store, known, lock };
        // Without a lock, what looks left behind may be another run's.
        if outputs.lock.is_some() {
            outputs.sweep().map_err(|source| outputs.failed("clear the folder", STORE, source))?;
        }
        Ok(outputs)
    }

    /// An empty set.
    pub(crate) fn stage(&self) -> Result<Staged, OutputError> {
        Ok(Staged { folder: self.folder().map_err(|source| self.failed("write into the folder", STORE, source))?, names: Vec::new() })
    }

    /// Puts a set in the place of the earlier one, and returns the paths of its files. Files of the earlier set that this one lacks go.
    pub(crate) fn publish(&self, set: Staged) -> Result<Vec<PathBuf>, OutputError> {
        let paths = set.names.iter().map(|name| self.dir.join(name)).collect();
        for name in &set.names {
            self.check_place(name)?;
        }
        let earlier = self.earlier().map_err(|source| self.failed("read the folder", STORE, source))?;
        if let ([name], true) = (set.names.as_slice(), earlier.iter().all(|earlier| set.names.contains(earlier)) && self.set().is_none()) {
            self.create_parent(name)?;
            return self.replace(&set.folder.path().join(name), name).map(|()| paths);
        }
        match self.adopt(&earlier, &set.names) {
            Ok(()) => self.switch(set, &earlier)?,
            Err(error) if has_no_links(&error) => self.move_one_by_one(&set, &earlier)?,
            Err(error) => return Err(self.failed("link a file in", "", error)),
        }
        Ok(paths)
    }

    /// Lets a folder appear with the set in it, all of whose names start with the folder's. There must be no such folder yet.
    pub(crate) fn publish_folder(&self, set: &Staged, name: &str) -> Result<Vec<PathBuf>, OutputError> {
        fs::rename(set.folder.path().join(name), self.dir.join(name)).map_err(|source| self.failed("create the folder", name, source))?;
        sync(self.dir);
        Ok(set.names.iter().map(|name| self.dir.join(name)).collect())
    }

    /// Makes a link lead somewhere else, at once.
    pub(crate) fn point(&self, link: &Path, target: &Path) -> io::Result<()> {
        let made = Builder::new().prefix("link").make_in(&self.store, |path| symlink(target, path))?;
        made.into_temp_path().persist(link).map_err(|error| error.error)
    }

    fn failed(&self, what: &'static str, name: impl AsRef<Path>, source: io::Error) -> OutputError {
        OutputError::File { what, path: self.dir.join(name), source }
    }

    /// A new folder for a set, with the permissions of any other folder: those that the user's mask leaves.
    fn folder(&self) -> io::Result<TempDir> {
        let builder = &mut Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        builder.prefix("set-").tempdir_in(&self.store)
    }

    /// The folder of the latest set.
    fn set(&self) -> Option<PathBuf> {
        fs::read_link(self.store.join(CURRENT)).ok().map(|name| self.store.join(name))
    }

    /// What a link at a file's place leads to.
    fn target(name: &Path) -> PathBuf {
        let up = name.components().skip(1).map(|_| "..");
        up.chain([STORE, CURRENT]).collect::<PathBuf>().join(name)
    }

    /// Whether there is one of our links at a file's place.
    fn is_ours(&self, name: &Path) -> bool {
        fs::read_link(self.dir.join(name)).is_ok_and(|target| target == Self::target(name))
    }

    /// Refuses what a file can't replace, before anything is changed.
    fn check_place(&self, name: &Path) -> Result<(), OutputError> {
        let folders = name.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folders.map(|folder| self.dir.join(folder)).find(|folder| folder.exists() && !folder.is_dir()) {
            return Err(OutputError::InTheWay { path: folder, what: "file", wanted: "folder" });
        }
        let path = self.dir.join(name);
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            return Err(OutputError::InTheWay { path, what: "folder", wanted: "file" });
        }
        Ok(())
    }

    /// The files of the earlier set: those of the latest, and those of known names.
    fn earlier(&self) -> io::Result<BTreeSet<PathBuf>> {
        let mut names: BTreeSet<PathBuf> = self.known.iter().map(PathBuf::from).collect();
        if let Some(set) = self.set() {
            files(&set, Path::new(""), &mut names)?;
        }
        names.retain(|name| self.dir.join(name).is_file());
        Ok(names)
    }

    /// Turns the places of the earlier set, and of the new one, into links. What a reader finds there does not change.
    fn adopt(&self, earlier: &BTreeSet<PathBuf>, new: &[PathBuf]) -> io::Result<()> {
        let all: BTreeSet<&PathBuf> = earlier.iter().chain(new).collect();
        let present: Vec<&PathBuf> = all.iter().copied().filter(|name| self.dir.join(name).is_file()).collect();
        if !present.iter().all(|name| self.is_ours(name)) {
            let folder = self.folder()?;
            for name in present {
                let copy = folder.path().join(name);
                fs::create_dir_all(copy.parent().unwrap_or(&copy))?;
                let found = fs::canonicalize(self.dir.join(name))?;
                fs::hard_link(&found, &copy).or_else(|_| fs::copy(&found, &copy).map(drop))?;
            }
            self.lead_to(folder)?;
        }
        for name in all.into_iter().filter(|name| !self.is_ours(name)) {
            let place = self.dir.join(name);
            fs::create_dir_all(place.parent().unwrap_or(self.dir))?;
            self.point(&place, &Self::target(name))?;
        }
        Ok(())
    }

    /// The switch: one rename, after which every place has the new set's file or none.
    fn switch(&self, set: Staged, earlier: &BTreeSet<PathBuf>) -> Result<(), OutputError> {
        self.lead_to(set.folder).map_err(|source| self.failed("replace", STORE, source))?;
        for name in earlier.iter().filter(|name| !set.names.contains(name)) {
            self.remove(name);
        }
        Ok(())
    }

    /// Makes a folder the latest set. The one before it goes.
    fn lead_to(&self, folder: TempDir) -> io::Result<()> {
        let before = self.set();
        sync(folder.path());
        self.point(&self.store.join(CURRENT), Path::new(folder.path().file_name().unwrap_or_default()))?;
        sync(&self.store);
        let _ = folder.keep();
        if let Some(before) = before {
            // What can't be removed now is removed by the next run.
            let _ = fs::remove_dir_all(before);
        }
        Ok(())
    }

    /// Where there are no links: one rename after the other.
    fn move_one_by_one(&self, set: &Staged, earlier: &BTreeSet<PathBuf>) -> Result<(), OutputError> {
        for name in &set.names {
            self.create_parent(name)?;
            self.replace(&set.folder.path().join(name), name)?;
        }
        for name in earlier.iter().filter(|name| !set.names.contains(name)) {
            self.remove(name);
        }
        Ok(())
    }

    fn create_parent(&self, name: &Path) -> Result<(), OutputError> {
        let parent = name.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(self.dir.join(parent)).map_err(|source| self.failed("create the folder", parent, source))
    }

    fn replace(&self, file: &Path, name: &Path) -> Result<(), OutputError> {
        fs::rename(file, self.dir.join(name)).map_err(|source| self.failed("replace", name, source))
    }

    /// Removes a file that no set has any more, and the folder that it was alone in. A later run removes what can't be removed now.
    fn remove(&self, name: &Path) {
        let _ = fs::remove_file(self.dir.join(name));
        if let Some(parent) = name.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            let _ = fs::remove_dir(self.dir.join(parent));
        }
    }

    /// Removes what killed runs left: unfinished sets, and links to files that no set has.
    fn sweep(&self) -> io::Result<()> {
        let current = self.set();
        for entry in fs::read_dir(&self.store)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_name() == LOCK || entry.file_name() == CURRENT || Some(&path) == current.as_ref() {
                continue;
            }
            if entry.file_type()?.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
        }
        let mut links = BTreeSet::new();
        dangling(self.dir, Path::new(""), &mut links)?;
        links.iter().filter(|name| self.is_ours(name)).for_each(|name| self.remove(name));
        Ok(())
    }
}

/// Waits for the lock. None where the file system has none.
fn lock(dir: &Path, path: &Path) -> Result<Option<File>, OutputError> {
    let failed = |source| OutputError::File { what: "write into the folder", path: dir.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(OutputError::Busy { path: dir.to_owned(), seconds: PATIENCE.as_secs() })
}

/// The files below a folder.
fn files(root: &Path, below: &Path, names: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files(root, &name, names)?;
        } else {
            names.insert(name);
        }
    }
    Ok(())
}

/// The links that lead nowhere, in a folder and the folders in it: sets are not deeper.
fn dangling(root: &Path, below: &Path, names: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_symlink() && !entry.path().exists() {
            names.insert(name);
        } else if kind.is_dir() && below.as_os_str().is_empty() && entry.file_name() != STORE {
            // A folder that is not ours may not be readable.
            let _ = dangling(root, &name, names);
        }
    }
    Ok(())
}

/// Whether an error says that the file system or the user can't make links.
pub(crate) fn has_no_links(error: &io::Error) -> bool {
    // 1 and 95 are what Linux says of file systems without links, 45 what macOS does; 1314 is Windows' missing privilege.
    matches!(error.kind(), ErrorKind::Unsupported) || matches!(error.raw_os_error(), Some(1 | 45 | 95 | 1314))
}

#[cfg(unix)]
fn symlink(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn symlink(_target: &Path, _at: &Path) -> io::Result<()> {
    // Links need a privilege that few users have.
    Err(ErrorKind::Unsupported.into())
}

/// Lets a folder's names outlive a crash of the machine, where that can be asked for.
fn sync(folder: &Path) {
    // Not every system opens a folder as a file.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
