//! The files that a path with `*` and `**` names.
//!
//! Every other character stands for itself, so that folders and files may be called what they like, and a name need be no UTF-8.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The files that a path names, in their natural order: `export_9` before `export_10`. A folder names the files in it.
///
/// A file that is found by two names, by way of a link, is one file. What programs keep for themselves, such as `.DS_Store` and
/// `~$orders.xlsx`, is found only by its name.
///
/// # Errors
///
/// When a folder can't be listed, with its path.
pub(super) fn matching(whole: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    // What is called so is meant, whatever characters it has.
    if whole.is_file() {
        return Ok(vec![whole.to_owned()]);
    }
    let mut found = vec![PathBuf::new()];
    let in_folder = whole.is_dir().then(|| Path::new("*").components()).into_iter().flatten();
    for component in whole.components().chain(in_folder) {
        let Component::Normal(name) = component else {
            for path in &mut found {
                path.push(component);
            }
            continue;
        };
        let mut next = Vec::new();
        for path in found {
            let literal = path.join(name);
            if !has_wildcards(name) || literal.exists() {
                next.push(literal);
                continue;
            }
            if name == "**" {
                let mut seen = BTreeSet::new();
                folders_below(&path, &mut seen, &mut next)?;
                continue;
            }
            next.extend(entries(&path)?.into_iter().filter(|entry| matches(name, entry)).map(|entry| path.join(entry)));
        }
        found = next;
    }
    if whole.ends_with("**") {
        let mut files = Vec::new();
        for folder in found {
            files.extend(entries(&folder)?.into_iter().map(|entry| folder.join(entry)));
        }
        found = files;
    }
    // A link to nothing is found, and said when it is opened.
    found.retain(|path| !path.is_dir() && path.symlink_metadata().is_ok());
    found.sort_by(|a, b| natural(a, b));
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn has_wildcards(name: &OsStr) -> bool {
    name.as_encoded_bytes().contains(&b'*')
}

/// The names in a folder that a pattern may find. What is not a folder has none.
fn entries(folder: &Path) -> Result<Vec<std::ffi::OsString>, (PathBuf, io::Error)> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !place.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error| (folder.to_owned(), error);
    let names = fs::read_dir(place).map_err(failed)?.map(|entry| entry.map(|entry| entry.file_name()).map_err(failed));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().filter(|name| !is_kept_for_itself(name.as_encoded_bytes())).collect())
}

/// A folder and all below it, each once, whatever links lead to it.
fn folders_below(folder: &Path, seen: &mut BTreeSet<PathBuf>, found: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !place.is_dir() || !seen.insert(place.canonicalize().map_err(|error| (folder.to_owned(), error))?) {
        return Ok(());
    }
    let below = entries(folder)?;
    found.push(folder.to_owned());
    for entry in below {
        folders_below(&folder.join(entry), seen, found)?;
    }
    Ok(())
}

/// Whether a program keeps what is called so for itself: Office, beside a workbook while it is open, by `~$`.
pub(super) fn is_kept_for_itself(name: &[u8]) -> bool {
    name.starts_with(b".") || name.starts_with(b"~$")
}

/// Whether a name is what a pattern says, where `*` stands for any characters.
fn matches(pattern: &OsStr, name: &OsStr) -> bool {
    is_like(pattern.as_encoded_bytes(), name.as_encoded_bytes())
}

/// Whether bytes are what a pattern says, in which `*` stands for any others.
pub(crate) fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else { return pattern == name };
    if name.len() < first.len() + last.len() || !name.starts_with(first) || !name.ends_with(last) {
        return false;
    }
    let mut middle = &name[first.len()..name.len() - last.len()];
    parts.all(|part| {
        let found = if part.is_empty() { Some(0) } else { middle.windows(part.len()).position(|window| window == part) };
        found.is_some_and(|place| {
            middle = &middle[place + part.len()..];
            true
        })
    })
}

/// The order of paths in which digits are numbers.
pub(super) fn natural(a: &Path, b: &Path) -> Ordering {
    let by_parts = || {
        let (mut a, mut b) = (a.components(), b.components());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (None, _) => return Ordering::Less,
                (_, None) => return Ordering::Greater,
                (Some(a), Some(b)) => {
                    let order = natural_names(a.as_os_str().as_encoded_bytes(), b.as_os_str().as_encoded_bytes());
                    if order != Ordering::Equal {
                        return order;
                    }
                }
            }
        }
    };
    by_parts().then_with(|| a.cmp(b))
}

fn natural_names(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while let (Some(first), Some(second)) = (a.first(), b.first()) {
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (number, other) = (take_number(&mut a), take_number(&mut b));
            number.len().cmp(&other.len()).then_with(|| number.cmp(other))
        } else {
            (a, b) = (&a[1..], &b[1..]);
            first.cmp(second)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// The digits at the start, without zeros before them.
fn take_number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[&str]) -> Self {
            let folder = std::env::temp_dir().join(format!("custometer-paths-{}-{name}[1]", std::process::id()));
            for file in files {
                let path = folder.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "a\n1\n").unwrap();
            }
            Self(folder)
        }

        fn found(&self, pattern: &str) -> Vec<String> {
            let found = matching(&self.0.join(pattern)).unwrap();
            found.iter().map(|path| path.strip_prefix(&self.0).unwrap().to_string_lossy().into_owned()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn every_character_but_the_star_stands_for_itself() {
        let folder = Folder::new("literal", &["a[b].csv", "ab.csv", "a*.csv", "x?.csv", "xy.csv", "d[1]/o.csv", "d1/o.csv"]);
        assert_eq!(folder.found("a[b].csv"), ["a[b].csv"]);
        assert_eq!(folder.found("a*.csv"), ["a*.csv"]);
        assert_eq!(folder.found("x?.csv"), ["x?.csv"]);
        assert_eq!(folder.found("d[1]/*.csv"), ["d[1]/o.csv"]);
        assert_eq!(folder.found("*[b].csv"), ["a[b].csv"]);
        assert_eq!(folder.found("*.csv").len(), 5);
        assert!(folder.found("z*.csv").is_empty());
        assert!(folder.found("z.csv").is_empty());
    }

    #[test]
    fn digits_sort_as_numbers() {
        let folder =
            Folder::new("natural", &["e_10.csv", "e_9.csv", "e_09b.csv", "e_2025-1.csv", ".hidden.csv", ".git/e_1.csv", "sub/e_3.csv"]);
        assert_eq!(folder.found("e_*.csv"), ["e_9.csv", "e_09b.csv", "e_10.csv", "e_2025-1.csv"]);
        assert_eq!(folder.found(""), folder.found("*.csv"));
        assert_eq!(folder.found("**/e_*.csv").len(), 5);
        assert_eq!(folder.found("s*/*.csv"), ["sub/e_3.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_names_that_are_no_utf8_are_found_once() {
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::fs::symlink;
        let folder = Folder::new("links", &["a/o.csv"]);
        symlink(&folder.0, folder.0.join("a/loop")).unwrap();
        symlink(folder.0.join("a/o.csv"), folder.0.join("a/same.csv")).unwrap();
        symlink(folder.0.join("nothing"), folder.0.join("a/z.csv")).unwrap();
        assert_eq!(folder.found("**/*.csv"), ["a/o.csv", "a/z.csv"]);
        fs::write(folder.0.join(OsStr::from_bytes(b"k\xf8benhavn.csv")), "a\n1\n").unwrap();
        assert_eq!(matching(&folder.0.join("k*.csv")).unwrap().len(), 1);
        assert_eq!(matching(&folder.0).unwrap().len(), 1);
    }
}
