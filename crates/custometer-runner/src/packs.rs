//! Packs: how the exports of a system are read, as data. One TOML file for each system, in the folder `packs` of this crate or beside a report.

mod built_in;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use regex::Regex;
use serde::{Deserialize, Serialize};

/// The folder beside a report in which its own packs are.
pub const FOLDER: &str = "packs";

/// How the exports of one system are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// What the system is called.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// What the system itself counts, and how.
    #[serde(default)]
    pub definitions: Vec<VendorDefinition>,
    /// The tables that it exports.
    pub tables: BTreeMap<String, PackTable>,
}

/// How a system counts something that a metric counts, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorDefinition {
    /// What the system calls it.
    pub term: String,
    /// How it counts it, in our words.
    pub means: String,
    /// The metric that counts it, and with which parameters it counts the same.
    pub metric: Option<String>,
    /// Where the system says so.
    pub source: String,
}

/// One table that a system exports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackTable {
    /// What one row is.
    pub row: String,
    /// The logical table that metrics read it as; none where other tables look something up in it.
    pub reads: Option<String>,
    /// Which export it is.
    pub export: String,
    /// The language of the header, where the system writes it in several.
    pub language: Option<String>,
    /// What it was tried on.
    pub tried: Tried,
    /// The public document or file from which its shape is known.
    pub source: String,
    /// Columns that the header always has.
    #[serde(default)]
    pub has: Vec<String>,
    /// Columns that it never has, where a table of another kind does.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Whether its header tells too little, so that it is recognised only where somebody names its pack.
    #[serde(default)]
    pub is_only_named: bool,
    /// What the first line of a file without a header is like: a regular expression.
    pub first_line: Option<String>,
    /// Tables of the same pack without which its settings make no sense.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Columns that no pack can know, each with what it has to hold, such as the question of a survey.
    #[serde(default)]
    pub asks: BTreeMap<String, String>,
    /// What is worth knowing of it, each in one sentence.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the report's table would say, but for its path.
    #[serde(default)]
    pub settings: toml::Table,
    /// What it would say beside that where the report has another table of the pack, by that table's name.
    #[serde(default, rename = "with")]
    pub beside: BTreeMap<String, toml::Table>,
    /// Requests that make sense of it, as a report would write them but for their table.
    #[serde(default)]
    pub metrics: Vec<toml::Table>,
}

/// What a table of a pack was tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tried {
    /// A file that the system, or a tool that reads its interface, wrote.
    #[serde(rename = "real file")]
    RealFile,
    /// A file made by hand in the shape that a public document tells.
    #[serde(rename = "documented shape")]
    DocumentedShape,
    /// Nothing so far.
    #[serde(rename = "untried")]
    Untried,
}

impl Tried {
    /// How people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RealFile => "real file",
            Self::DocumentedShape => "documented shape",
            Self::Untried => "untried",
        }
    }
}

/// Why a pack of a team's own can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Its file can't be read.
    #[error("`{path}` can't be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Its text is no pack.
    #[error("`{path}` is not a pack: {message}")]
    Invalid {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
}

/// The text of a pack: of the team's own in `folder`, or of the program's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackText {
    /// The pack's name.
    pub name: String,
    /// Its file, where it is a team's own.
    pub path: Option<PathBuf>,
    /// The text.
    pub text: String,
}

impl PackText {
    /// The text of the pack of a name; the team's own in `folder` before the program's. None where there is no such pack.
    ///
    /// # Errors
    ///
    /// When a file of the team's own can't be read.
    pub fn find(name: &str, folder: &Path) -> Result<Option<Self>, PackError> {
        // A name that is a path would be a way out of the folder.
        if !is_name(name) {
            return Ok(None);
        }
        let path = folder.join(format!("{name}.toml"));
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some(Self { name: name.to_owned(), path: Some(path), text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(PackError::Unreadable { path: path.display().to_string(), source }),
        }
        let text = built_in::PACKS.iter().find(|(known, _)| *known == name);
        Ok(text.map(|(_, text)| Self { name: name.to_owned(), path: None, text: (*text).to_owned() }))
    }

    /// All packs, by name: the team's own in `folder`, and the program's that none of these stands in the place of.
    ///
    /// # Errors
    ///
    /// When the folder is there and it, or a file in it, can't be read.
    pub fn all(folder: &Path) -> Result<Vec<Self>, PackError> {
        let mut names: Vec<String> = built_in::PACKS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let unreadable = |source| PackError::Unreadable { path: folder.display().to_string(), source };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries.into_iter().flatten() {
            let path = entry.map_err(unreadable)?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_name(stem));
            names.extend(stem.filter(|_| path.extension().is_some_and(|extension| extension == "toml")).map(str::to_owned));
        }
        names.sort();
        names.dedup();
        names.iter().filter_map(|name| Self::find(name, folder).transpose()).collect()
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// When it is not a pack.
    pub fn read(&self) -> Result<Pack, PackError> {
        let path = || self.path.as_ref().map_or_else(|| self.name.clone(), |path| path.display().to_string());
        toml::from_str(&self.text).map_err(|error| PackError::Invalid { path: path(), message: error.to_string() })
    }
}

/// Whether a name could be that of a pack: small letters of ASCII, digits and underscores.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Packs by their names.
#[derive(Debug, Clone, Default)]
pub struct Packs {
    packs: BTreeMap<String, Pack>,
    /// Whether somebody named the only one.
    is_named: bool,
}

impl Packs {
    /// All packs: a team's own in `folder`, and those of the program.
    ///
    /// # Errors
    ///
    /// When one of the team's own can't be read, or is not a pack.
    pub fn all(folder: &Path) -> Result<Self, PackError> {
        let packs = PackText::all(folder)?.into_iter().map(|text| Ok((text.name.clone(), text.read()?)));
        Ok(Self { packs: packs.collect::<Result<_, PackError>>()?, is_named: false })
    }

    /// The packs of the program.
    pub fn built_in() -> Self {
        let read = |(name, text): &(&str, &str)| Some(((*name).to_owned(), toml::from_str(text).ok()?));
        Self { packs: built_in::PACKS.iter().filter_map(read).collect(), is_named: false }
    }

    /// Those of one name only; none where there is none of it.
    #[must_use]
    pub fn only(mut self, name: &str) -> Option<Self> {
        let pack = self.packs.remove(name)?;
        Some(Self { packs: BTreeMap::from([(name.to_owned(), pack)]), is_named: true })
    }

    /// The packs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pack)> {
        self.packs.iter().map(|(name, pack)| (name.as_str(), pack))
    }

    /// The pack of a name.
    pub fn get(&self, name: &str) -> Option<&Pack> {
        self.packs.get(name)
    }

    /// The table of a name, such as `stripe.subscriptions`.
    pub fn table(&self, name: &str) -> Option<&PackTable> {
        let (pack, table) = name.split_once('.')?;
        self.packs.get(pack)?.tables.get(table)
    }

    /// The names of all tables, such as `stripe.subscriptions`, with what they are.
    pub fn tables(&self) -> impl Iterator<Item = (String, &PackTable)> {
        self.iter().flat_map(|(name, pack)| pack.tables.iter().map(move |(table, is)| (format!("{name}.{table}"), is)))
    }

    /// The tables that a file of these columns could be: one, where the packs are as they have to be.
    pub fn claims(&self, header: &[&str]) -> Vec<String> {
        let has = |column: &String| header.contains(&column.as_str());
        let claims = |table: &PackTable| {
            (self.is_named || !table.is_only_named) && !table.has.is_empty() && table.has.iter().all(has) && !table.lacks.iter().any(has)
        };
        self.tables().filter(|(_, table)| claims(table)).map(|(name, _)| name).collect()
    }

    /// The tables that a file without a header could be, by its first line.
    pub fn claims_line(&self, line: &str) -> Vec<String> {
        let is_like = |pattern: &String| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(line));
        self.tables().filter(|(_, table)| table.first_line.as_ref().is_some_and(is_like)).map(|(name, _)| name).collect()
    }
}

/// Settings as a report says them, one to a line.
pub fn lines(settings: &toml::Table) -> Vec<String> {
    settings.iter().map(|(key, value)| format!("{} = {}", bare(key), inline(value))).collect()
}

/// A value on one line.
pub(crate) fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(entries) => format!("{{ {} }}", lines(entries).join(", ")),
        toml::Value::Array(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
        toml::Value::String(text) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t").replace('\n', "\\n"))
        }
        other => other.to_string(),
    }
}

/// A key, in quotes where it needs them.
fn bare(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare { key.to_owned() } else { inline(&toml::Value::String(key.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_pack_and_listed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        files.sort();
        assert_eq!(files, built_in::PACKS.map(|(name, _)| name));
        let packs = Packs::all(Path::new("no such folder")).unwrap();
        assert_eq!(packs.iter().count(), files.len());
        for (name, table) in packs.tables() {
            assert_ne!(table.has.is_empty(), table.first_line.is_none(), "{name} is recognised by its header or by its first line");
            let (pack, _) = name.split_once('.').unwrap();
            for other in table.needs.iter().chain(table.beside.keys()) {
                assert!(packs.get(pack).unwrap().tables.contains_key(other), "{name}: there is no table `{other}`");
            }
            assert!(table.needs.iter().all(|other| table.beside.contains_key(other)), "{name} says nothing of what it needs");
            assert!(table.source.starts_with("https://"), "{name}: {}", table.source);
        }
    }

    #[test]
    fn names_are_no_paths() {
        for name in ["../secret", "a/b", "", "Stripe", "a.b"] {
            assert_eq!(PackText::find(name, Path::new(".")).unwrap(), None);
        }
        assert!(PackText::find("stripe", Path::new("no such folder")).unwrap().is_some());
    }
}
