//! Where in a file a table's rows are: in a sheet of a workbook, a member of an archive, an array of a JSON document.

use std::path::Path;
use std::sync::Arc;

use super::area::Area;
use super::format::FileFormat;
use super::kind::{Found, kind_of};
use super::open_error::OpenError;
use super::paths;
use super::source::{Source, Text};
use super::stores::shown_address;
use super::workbook;

/// So many names are shown of those that there are.
const MOST_NAMES: usize = 12;

/// What a config says of where in its files a table's rows are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Within {
    /// Names of an archive's members, in which `*` stands for any characters; none where it has one.
    pub(crate) member: Vec<String>,
    /// Names of a workbook's sheets, likewise.
    pub(crate) sheet: Vec<String>,
    /// The part of the sheet.
    pub(crate) range: Option<Area>,
    /// The keys that lead to an array in a JSON document, with points between them.
    pub(crate) rows: Option<String>,
    /// How numbers are written as text in the table, which those of cells are made to be.
    pub(crate) decimal_comma: bool,
}

/// The sources of a table in its files, with the format of each.
pub(crate) fn sources(
    files: &[impl AsRef<Path>],
    said: Option<FileFormat>,
    within: &Within,
) -> Result<Vec<(Arc<Source>, FileFormat)>, OpenError> {
    let mut chosen = Chosen { within, members: vec![false; within.member.len()], sheets: vec![false; within.sheet.len()] };
    let mut sources = Vec::new();
    for file in files {
        let file = file.as_ref();
        let source = Source::open(file)
            .map_err(|error| OpenError::Text { file: shown_address(&file.display().to_string()), source: error.into() })?;
        chosen.add(source, said, &mut sources)?;
    }
    // What is named is somewhere.
    let unused = |key: &'static str, names: &[String], used: &[bool]| {
        let name = names.iter().zip(used).find(|(_, used)| !**used)?.0;
        let file = files.first().map(|file| shown_address(&file.as_ref().display().to_string())).unwrap_or_default();
        let others = if files.len() > 1 { " and the other files have" } else { " has" };
        Some(OpenError::Within { file, key, what: format!("{} no {key} `{name}`", others.trim_start()) })
    };
    let is_of = |format: FileFormat| sources.iter().any(|(_, found)| *found == format);
    if sources.iter().any(|(source, _)| source.member().is_some())
        && let Some(error) = unused("member", &within.member, &chosen.members)
    {
        return Err(error);
    }
    if is_of(FileFormat::Workbook)
        && let Some(error) = unused("sheet", &within.sheet, &chosen.sheets)
    {
        return Err(error);
    }
    Ok(sources)
}

struct Chosen<'a> {
    within: &'a Within,
    /// Which of the names were found.
    members: Vec<bool>,
    sheets: Vec<bool>,
}

impl Chosen<'_> {
    /// Adds what is to be read of a file or a member.
    fn add(
        &mut self,
        source: Arc<Source>,
        said: Option<FileFormat>,
        sources: &mut Vec<(Arc<Source>, FileFormat)>,
    ) -> Result<(), OpenError> {
        let shown = || source.path().display().to_string();
        match kind_of(&source, said, self.within.rows.is_some())?.ok_or_else(|| OpenError::Format(shown()))? {
            Found::Archive(members) => {
                let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
                let positions = named("member", &names, &self.within.member, &mut self.members);
                let positions = positions.map_err(|what| OpenError::Within { file: shown(), key: "member", what })?;
                for position in positions {
                    self.add(source.with_member(members[position].clone()), said, sources)?;
                }
            }
            Found::Table(FileFormat::Workbook) => {
                let sheets = sheets(&source, self.within, &mut self.sheets)?;
                sources.extend(sheets.into_iter().map(|source| (source, FileFormat::Workbook)));
            }
            Found::Table(FileFormat::Json) => {
                let keys = keys(self.within.rows.as_deref().unwrap_or_default());
                sources.push((source.with_text(Text::Elements(keys)), FileFormat::Json));
            }
            Found::Table(format) => sources.push((source, format)),
        }
        Ok(())
    }
}

/// The keys that a path of a config names.
pub(crate) fn keys(path: &str) -> Arc<[String]> {
    path.split('.').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

/// Which of the names a config means, in their natural order: all that its patterns are of, or the only one.
pub(crate) fn named(key: &str, names: &[&str], patterns: &[String], used: &mut [bool]) -> Result<Vec<usize>, String> {
    let mut meant: Vec<usize> = Vec::new();
    if patterns.is_empty() {
        return match names {
            [] => Err(format!("has no {key} to read")),
            [_] => Ok(vec![0]),
            several => Err(format!("has {} {key}s: {}; say which to read: `{key} = \"{}\"`", several.len(), listed(several), several[0])),
        };
    }
    for (pattern, used) in patterns.iter().zip(used) {
        // What is called so is meant, whatever characters it has.
        let is_name = names.contains(&pattern.as_str());
        let is_meant = |name: &str| {
            let base = name.rsplit('/').next().unwrap_or(name);
            let name = if pattern.contains('/') { name } else { base };
            paths::is_like(pattern.as_bytes(), name.as_bytes())
        };
        let found = |position: &usize| if is_name { names[*position] == pattern } else { is_meant(names[*position]) };
        let found: Vec<usize> = (0..names.len()).filter(found).collect();
        *used |= !found.is_empty();
        meant.extend(found);
    }
    if meant.is_empty() {
        let wanted = patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(" or ");
        return Err(format!("has no {key} {wanted}; it has {}", listed(names)));
    }
    meant.sort_by(|a, b| paths::natural(names[*a].as_ref(), names[*b].as_ref()).then(a.cmp(b)));
    meant.dedup();
    Ok(meant)
}

fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The sheets of a workbook that a config means; unless it says so, the only one that is shown and has something in it.
fn sheets(source: &Arc<Source>, within: &Within, used: &mut [bool]) -> Result<Vec<Arc<Source>>, OpenError> {
    let wrong = |what: String| OpenError::Container { file: source.path().display().to_string(), what };
    let mut book = workbook::Book::open(source).map_err(wrong)?;
    let all = book.sheets();
    let mut read = |name: &str| book.sheet(name, within.range.unwrap_or(Area::WHOLE), within.decimal_comma).map_err(wrong);
    let mut sheets = Vec::new();
    if within.sheet.is_empty() {
        for (name, _) in all.iter().filter(|(_, is_shown)| *is_shown) {
            let sheet = read(name)?;
            if !sheet.text.is_empty() {
                sheets.push(sheet);
            }
        }
        let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
        named("sheet", &names, &[], &mut []).map_err(|what| OpenError::Within {
            file: source.path().display().to_string(),
            key: "sheet",
            what,
        })?;
    } else {
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        let meant = named("sheet", &names, &within.sheet, used);
        let meant = meant.map_err(|what| OpenError::Within { file: source.path().display().to_string(), key: "sheet", what })?;
        sheets = meant.into_iter().map(|position| read(names[position])).collect::<Result<_, _>>()?;
    }
    Ok(sheets.into_iter().map(|sheet| source.with_text(Text::Sheet(Arc::new(sheet)))).collect())
}

/// All sheets of a workbook that have something in them.
pub(crate) fn all_sheets(source: &Arc<Source>) -> Result<Vec<Arc<Source>>, OpenError> {
    let wrong = |what: String| OpenError::Container { file: source.path().display().to_string(), what };
    let mut book = workbook::Book::open(source).map_err(wrong)?;
    let sheets = book.sheets().into_iter().map(|(name, _)| book.sheet(&name, Area::WHOLE, false).map_err(wrong));
    let sheets = sheets.collect::<Result<Vec<_>, _>>()?;
    let filled = sheets.into_iter().filter(|sheet| !sheet.text.is_empty());
    Ok(filled.map(|sheet| source.with_text(Text::Sheet(Arc::new(sheet)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_meant_by_patterns_in_their_natural_order() {
        let names = ["orders_10.csv", "orders_9.csv", "a/orders_1.csv", "read me.txt", "*.csv"];
        let meant = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            named("member", &names, &patterns, &mut vec![false; patterns.len()])
        };
        assert_eq!(meant(&["orders_*.csv"]), Ok(vec![2, 1, 0]));
        assert_eq!(meant(&["a/*"]), Ok(vec![2]));
        assert_eq!(meant(&["*.csv"]), Ok(vec![4]));
        assert_eq!(meant(&["orders_9.csv", "orders_*"]), Ok(vec![2, 1, 0]));
        assert_eq!(
            meant(&["x"]).unwrap_err(),
            "has no member `x`; it has `orders_10.csv`, `orders_9.csv`, `a/orders_1.csv`, `read me.txt`, `*.csv`"
        );
        assert!(meant(&[]).unwrap_err().starts_with("has 5 members: "));
        assert_eq!(named("sheet", &["only"], &[], &mut []), Ok(vec![0]));
        assert_eq!(named("sheet", &[], &[], &mut []), Err("has no sheet to read".to_owned()));
    }
}
