//! Files that make one table: opened together, gone through, and told of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use custometer_core::Registry;

use super::candidates::{Candidate, Found};
use super::choice::{Answers, Choice};
use super::column::InspectedColumn;
use super::columns::{Columns, asked, proposed_names};
use super::inspection::{Damage, InspectedFile, InspectedTable, Unreadable};
use super::probe::{FileError, Probe, Text};
use super::tally::{self, Faults};
use super::{block, candidates, choices, hints, words};
use crate::read::files::{self, Opened};
use crate::read::format::FileFormat;
use crate::read::given::GivenRows;
use crate::read::kind;
use crate::read::number::NumberStyle;
use crate::read::text::{Compression, Delimiter, FileIndex, TextError};

/// Files that make one table, and the path or pattern that the first of them was found by.
pub(super) struct Group {
    probes: Vec<Probe>,
    pattern: String,
    first_line: Option<String>,
}

impl Group {
    pub(super) fn new(probe: Probe, pattern: &str) -> Self {
        Self { probes: vec![probe], pattern: pattern.to_owned(), first_line: None }
    }

    pub(super) fn first(&self) -> &Probe {
        &self.probes[0]
    }

    pub(super) fn add(&mut self, probe: Probe) {
        self.probes.push(probe);
    }

    /// Goes through the files. What can't be read is said with its path.
    pub(super) fn look(self, registry: &Registry) -> Result<Looked, (PathBuf, FileError)> {
        self.look_with(|found| candidates::candidates(found, registry))
    }

    /// Goes through the files, and asks which logical tables they could be.
    pub(super) fn look_with(mut self, could_be: impl FnOnce(&Found<'_>) -> Vec<Candidate>) -> Result<Looked, (PathBuf, FileError)> {
        let (opened, indices) = self.open()?;
        let table = Columns::of(&opened, &indices).map_err(|error| (self.first().path.clone(), error.into()))?;
        let files: Vec<String> = self.probes.iter().map(|probe| stem(&probe.path)).collect();
        let has_names = self.first().text.as_ref().is_none_or(|text| text.guess.has_header);
        let rows = indices.iter().map(|index| index.rows).sum();
        let could_be = could_be(&Found { columns: &table.columns, files: &files, has_names, rows });
        Ok(Looked { group: self, indices, table, could_be })
    }

    /// Opens the files, and goes through them once. Columns without names get some.
    fn open(&mut self) -> Result<(Opened, Vec<FileIndex>), (PathBuf, FileError)> {
        let first = self.first().path.clone();
        let mut opened = self.opened().map_err(|error| (first.clone(), error))?;
        let headless = self.first().text.as_ref().filter(|text| !text.guess.has_header).map(|text| text.guess.format.clone());
        if let Some(format) = headless {
            let between = if let Delimiter::Byte(byte) = format.delimiter { char::from(byte).to_string() } else { " ".to_owned() };
            let first_row = opened.sample.get_row(0).map(|row| row.0).unwrap_or_default();
            let texts: Vec<String> = first_row.iter().map(|cell| cell.get_str().unwrap_or_default().to_owned()).collect();
            self.first_line.get_or_insert(texts.join(&between));
            let numbered = format.column_names.unwrap_or_default();
            let columns = asked(&opened, &numbered).map_err(|error| (first.clone(), error.into()))?.0;
            let named = proposed_names(&columns);
            for probe in &mut self.probes {
                if let Some(text) = &mut probe.text {
                    text.guess.format.column_names = Some(named.clone());
                }
            }
            opened = self.opened().map_err(|error| (first, error))?;
        }
        // Files that store the same columns alike are read together.
        self.probes.sort_by_key(|probe| opened.files.iter().position(|file| *file == probe.path));
        let mut indices = Vec::new();
        for (position, probe) in self.probes.iter().enumerate() {
            match opened.index(position) {
                Ok(index) => indices.push(index),
                // Where quotes enclose nothing, one that is never closed is a character like any other.
                Err(TextError::Quoting { .. })
                    if probe.text.as_ref().is_some_and(|text| !text.guess.quoted && text.guess.format.quote.is_some()) =>
                {
                    self.probes.iter_mut().filter_map(|probe| probe.text.as_mut()).for_each(|text| text.guess.format.quote = None);
                    return self.open();
                }
                Err(error) => return Err((probe.path.clone(), error.into())),
            }
        }
        Ok((opened, indices))
    }

    fn opened(&self) -> Result<Opened, FileError> {
        let sources = self.probes.iter().map(|probe| (Arc::clone(&probe.source), probe.format)).collect();
        let text = self.first().text.as_ref().map(|text| text.guess.format.clone());
        Ok(files::open_sources(sources, |_| text.clone().unwrap_or_default())?)
    }

    /// The names of the members or sheets that the files are, where they are such: each once.
    fn names(&self, name: impl Fn(&Probe) -> Option<String>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.probes.iter().filter_map(name).filter(|name| seen.insert(name.clone())).collect()
    }

    /// The path or pattern that names these files and no others, if there is one.
    fn path(&self) -> Option<String> {
        // Rows of a host are in no file.
        if self.first().source.given().is_some() {
            return None;
        }
        let files: BTreeSet<PathBuf> = self.probes.iter().map(|probe| probe.source.file().to_owned()).collect();
        let names_them =
            |pattern: &str| files::files(pattern, Path::new("")).is_ok_and(|found| found.into_iter().collect::<BTreeSet<_>>() == files);
        let shown: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let common =
            |a: &str, b: &str| a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b).map_or(a.len().min(b.len()), |((at, _), _)| at);
        let start = shown.iter().fold(shown[0].clone(), |start, path| start[..common(&start, path)].to_owned());
        let backwards = |text: &str| text.chars().rev().collect::<String>();
        let end = shown.iter().map(|path| backwards(&path[start.len()..])).reduce(|end, path| end[..common(&end, &path)].to_owned());
        let end = backwards(&end.unwrap_or_default());
        // Next month's file starts with other digits.
        let patterns = [start.trim_end_matches(|character: char| character.is_ascii_digit()), &start].map(|start| format!("{start}*{end}"));
        [self.pattern.clone(), shown[0].clone()].into_iter().chain(patterns).find(|pattern| names_them(pattern))
    }
}

/// The tables that files make, and the files that can't be read; rows that a host gives are tables, too. Paths may be of files, of folders, or have `*` in them.
pub(super) fn groups(paths: &[String], given: &[Arc<GivenRows>]) -> (Vec<Group>, Vec<Unreadable>) {
    let mut unreadable = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    for pattern in paths {
        let found = match files::files(pattern, Path::new("")) {
            Ok(found) => found,
            Err(error) => {
                unreadable.push(Unreadable { path: pattern.clone(), reason: FileError::from(error).to_string() });
                continue;
            }
        };
        for path in found.into_iter().filter(|path| seen.insert(path.clone())) {
            for probe in Probe::all_of(&path) {
                match probe {
                    Ok(probe) => match groups.iter_mut().find(|group| group.first().goes_with(&probe)) {
                        Some(group) => group.add(probe),
                        None => groups.push(Group::new(probe, pattern)),
                    },
                    Err(unread) => unreadable.push(unread.told()),
                }
            }
        }
    }
    for rows in given {
        match Probe::of_host(rows) {
            Ok(probe) => groups.push(Group::new(probe, rows.name())),
            Err(unread) => unreadable.push(unread.told()),
        }
    }
    (groups, unreadable)
}

/// A table whose files were gone through.
pub(crate) struct Looked {
    group: Group,
    indices: Vec<FileIndex>,
    table: Columns,
    could_be: Vec<Candidate>,
}

impl Looked {
    /// The logical table that it probably is: one that a metric could run on.
    pub(crate) fn best(&self) -> Option<&Candidate> {
        self.could_be.first().filter(|best| !best.metrics.is_empty() && best.doubt.is_none())
    }

    /// The logical table that it is taken for, even where something speaks against it.
    pub(crate) fn candidate(&self) -> Option<&Candidate> {
        self.could_be.first()
    }

    /// The logical table that it is most like, beside the one that it is taken for.
    pub(super) fn likeliest(&self) -> Option<&Candidate> {
        self.could_be.get(1)
    }

    /// Its columns.
    pub(crate) fn columns(&self) -> &[InspectedColumn] {
        &self.table.columns
    }

    /// Whether the file itself names its columns.
    pub(super) fn has_names(&self) -> bool {
        self.group.first().text.as_ref().is_none_or(|text| text.guess.has_header)
    }

    /// Another style of numbers that gives other numbers, and the style that they are read in.
    pub(super) fn rival_numbers(&self) -> Option<(NumberStyle, NumberStyle)> {
        Some((self.table.rival_numbers?, self.table.numbers))
    }

    /// Rows that look like totals, in words, with the settings that leave them out or keep them.
    pub(super) fn totals(&self) -> Option<(String, [(&'static str, String); 2])> {
        let totals = self.table.totals.as_ref()?;
        let settings = match totals.at_the_end {
            Some(lines) => [("footer_lines", lines.to_string()), ("footer_lines", "0".to_owned())],
            None => [("skip_rows_where", block::are_totals(totals)), ("skip_rows_where", "FALSE".to_owned())],
        };
        Some((totals.said(), settings))
    }

    /// What names the table's rows among those of its files: the keys of a config that do.
    pub(super) fn names_of_table(&self) -> Vec<(&'static str, Vec<String>)> {
        let members = self.group.names(|probe| probe.source.member().map(|member| member.name.clone()));
        let sheets = self.group.names(|probe| probe.sheet().map(|sheet| sheet.name.clone()));
        let rows = self.group.first().rows.iter().cloned().collect();
        [("sheet", sheets), ("member", members), ("rows", rows), ("path", self.group.path().into_iter().collect())].into()
    }

    /// A name for the table of its file's own.
    pub(super) fn own_name(&self) -> String {
        let name = words::words(&stem(&self.group.first().path)).join("_");
        if name.is_empty() { "table".to_owned() } else { name }
    }

    /// Its files.
    pub(crate) fn files(&self) -> Vec<String> {
        self.group.probes.iter().map(|probe| probe.path.display().to_string()).collect()
    }

    /// The first row of a file without a header, as it is written.
    pub(crate) fn first_line(&self) -> Option<&str> {
        self.group.first_line.as_deref()
    }

    /// What could be meant in two ways.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        choices::choices(&self.wanted("table", None, &Answers::new()))
    }

    /// The path or pattern that names its files and no others, if there is one.
    pub(crate) fn path(&self) -> Option<String> {
        self.group.path()
    }

    /// Its table in a report.
    pub(crate) fn table(&self, name: &str, path: Option<&str>, answers: &Answers) -> String {
        block::table(&self.wanted(name, path, answers))
    }

    /// Its table in a report, as one of a pack that `says` some keys itself.
    pub(crate) fn table_of_pack(&self, name: &str, path: Option<&str>, pack: &str, says: &dyn Fn(&str) -> bool) -> String {
        block::of_pack(&self.wanted(name, path, &Answers::new()), pack, says)
    }

    fn wanted<'a>(&'a self, name: &'a str, path: Option<&'a str>, answers: &'a Answers) -> block::Wanted<'a> {
        let first = self.group.first();
        block::Wanted {
            name,
            path,
            is_given: first.source.given().is_some(),
            format: first.format,
            format_is_named: first.source.given().is_some()
                || first.format == FileFormat::Workbook
                || kind::format_of(&first.path) == Some(first.format),
            members: self.group.names(|probe| probe.source.member().map(|member| member.name.clone())),
            sheets: self.group.names(|probe| probe.sheet().map(|sheet| sheet.name.clone())),
            rows: first.rows.as_deref(),
            text: first.text.as_ref().map(|text| &text.guess),
            table: &self.table,
            best: self.best(),
            likeliest: self.could_be.first(),
            totals: self.table.totals.as_ref(),
            answers,
        }
    }

    /// All that there is to tell. `name` is the table's in the block.
    pub(super) fn told(self, name: &str) -> InspectedTable {
        let first = self.group.first();
        let block = block::block(&self.wanted(name, self.group.path().as_deref(), &Answers::new()));
        let files = self.group.probes.iter().zip(&self.indices).map(|(probe, index)| InspectedFile {
            path: probe.path.display().to_string(),
            bytes: index.bytes,
            compression: (probe.compression != Compression::None).then(|| probe.compression.as_str()),
            rows: index.rows,
        });
        InspectedTable {
            files: files.collect(),
            format: first.format.as_str(),
            text: first.text.as_ref().filter(|_| first.format.is_text()).map(Text::dialect),
            numbers: self.table.numbers.into(),
            rows: self.indices.iter().map(|index| index.rows).sum(),
            damaged: damages(&self.table.faults, &self.group.probes, &self.indices),
            hints: self.hints(),
            choices: self.choices(),
            columns: self.table.columns,
            could_be: self.could_be,
            block,
        }
    }
}

impl Looked {
    fn hints(&self) -> Vec<hints::Hint> {
        let faults = self.group.probes.iter().filter_map(|probe| Some((probe, probe.sheet()?.faults.as_ref()?)));
        let of_cells = faults.map(|(probe, (count, first))| hints::Hint {
            columns: Vec::new(),
            what: format!(
                "`{}` has cells without a value, the first of which is {first}: rows that use them are rejected",
                probe.path.display()
            ),
            values: Some(*count),
        });
        of_cells.chain(hints::hints(&self.table)).collect()
    }
}

/// A file's name without its folder and its ending.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split('.').find(|part| !part.is_empty()).unwrap_or_default().to_owned()
}

/// The damaged rows with the place of the first of each kind.
fn damages(faults: &Faults, probes: &[Probe], indices: &[FileIndex]) -> Vec<Damage> {
    let place = |mut row: u64| {
        for (probe, index) in probes.iter().zip(indices) {
            if row < index.rows {
                return (probe.path.display().to_string(), index.place(row));
            }
            row -= index.rows;
        }
        (String::new(), row + 1)
    };
    let damages = faults.iter().filter_map(|(&code, &(rows, first))| {
        let (file, row) = place(first);
        Some(Damage { reason: tally::fault(code)?.reason(), rows, file, row })
    });
    damages.collect()
}
