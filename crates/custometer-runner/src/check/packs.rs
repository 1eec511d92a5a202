//! `pack`: what a pack says of a table, put under what the report says of it.
//!
//! A pack's text becomes a part of the config's, so that a mistake in it is shown in it. What the report says itself stands before what the pack
//! says: of tables of columns, formats and lookups entry by entry, of all other keys as a whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use custometer_core::suggest::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::diagnostics::{Collector, Text};
use crate::config::section::section;
use crate::packs::{FOLDER, Pack, PackText};

/// Keys of a table whose entries are joined, and not put in place of each other.
const JOINED: [&str; 8] = ["blank", "columns", "derive", "formats", "lookup", "minor_digits", "params", "time_formats"];

/// The packs that a report names, each with its text in the place that it has in the whole config's.
#[derive(Debug, Default)]
pub(crate) struct Named {
    texts: BTreeMap<String, String>,
}

/// A table's pack, as `pack` names it.
struct Asked<'a> {
    table: String,
    pack: &'a str,
    of_pack: &'a str,
    place: std::ops::Range<usize>,
}

impl Named {
    /// Finds the packs that the tables of a config name, and makes their texts a part of its own. Reports those that are not there.
    pub(crate) fn find(root: &DeTable<'_>, problems: &mut Collector) -> Self {
        let mut texts = BTreeMap::new();
        for (name, place) in names(root) {
            let Some((pack, _)) = name.split_once('.') else {
                problems
                    .report(place, format!("`{name}` names no table of a pack"))
                    .help("write `pack = \"SYSTEM.TABLE\"`; `custometer packs list` shows them");
                continue;
            };
            if texts.contains_key(pack) {
                continue;
            }
            let own = own_folder(root, problems.text());
            match PackText::find(pack, &own) {
                Ok(Some(text)) => {
                    let shown = text.path.as_ref().map_or_else(|| format!("pack {pack}"), |path| path.display().to_string());
                    let start = problems.text_mut().append_pack(&shown, &text.text, text.path.as_deref()).start;
                    // Places in it are then those in the whole text.
                    texts.insert(pack.to_owned(), format!("{}{}", " ".repeat(start), text.text));
                }
                Ok(None) => {
                    let known = PackText::all(&own).unwrap_or_default();
                    problems.report(place, format!("there is no pack `{pack}`")).suggest(pack, known.iter().map(|text| &text.name), || {
                        "`custometer packs list` shows those that there are".to_owned()
                    });
                }
                Err(error) => {
                    problems.report(place, error.to_string());
                }
            }
        }
        Self { texts }
    }

    /// Puts what the packs say under what the tables of a config say themselves.
    pub(crate) fn apply<'i>(&'i self, root: &mut DeTable<'i>, problems: &mut Collector) {
        let mut packs: BTreeMap<&str, Option<DeTable<'i>>> = BTreeMap::new();
        for (name, text) in &self.texts {
            packs.insert(name, tables(text, problems));
        }
        let whole: Vec<(String, String, std::ops::Range<usize>)> = asked(root);
        let Some(DeValue::Table(written)) = root.get_mut("tables").map(Spanned::get_mut) else { return };
        for (table, name, place) in &whole {
            let Some((pack, of_pack)) = name.split_once('.') else { continue };
            let Some(Some(tables)) = packs.get(pack) else { continue };
            let asked = Asked { table: table.clone(), pack, of_pack, place: place.clone() };
            let Some(DeValue::Table(is)) = tables.get(of_pack).map(Spanned::get_ref) else {
                let near = nearest(of_pack, tables.keys().map(|name| name.get_ref().as_ref()));
                let help = near.map_or_else(
                    || format!("it has {}", tables.keys().map(|name| format!("`{}`", name.get_ref())).collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean `{pack}.{near}`?"),
                );
                problems.report(place.clone(), format!("the pack `{pack}` has no table `{of_pack}`")).help(help);
                continue;
            };
            let Some(DeValue::Table(into)) = written.get_mut(table.as_str()).map(Spanned::get_mut) else { continue };
            under(into, is, &asked, &whole, problems);
        }
    }
}

/// The folder of the report's own packs.
fn own_folder(root: &DeTable<'_>, text: &Text) -> PathBuf {
    let said = root.get("report").and_then(|report| report.get_ref().get("packs"));
    let said = said.and_then(|packs| Some(text.folder_of(&packs.span()).join(packs.get_ref().as_str()?)));
    said.unwrap_or_else(|| text.folder_of(&text.file()).join(FOLDER))
}

/// The tables of a config that name a pack, each with what it names and where.
fn asked(root: &DeTable<'_>) -> Vec<(String, String, std::ops::Range<usize>)> {
    let tables = root.get("tables").and_then(|tables| tables.get_ref().as_table());
    let of_table = |(name, table): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let pack = table.get_ref().as_table()?.get("pack")?;
        Some((name.get_ref().to_string(), pack.get_ref().as_str()?.to_owned(), pack.span()))
    };
    tables.into_iter().flat_map(|tables| tables.iter().filter_map(of_table)).collect()
}

fn names(root: &DeTable<'_>) -> Vec<(String, std::ops::Range<usize>)> {
    asked(root).into_iter().map(|(_, name, place)| (name, place)).collect()
}

/// The tables of a pack, as they are written. Reports what is wrong with its form.
fn tables<'i>(text: &'i str, problems: &mut Collector) -> Option<DeTable<'i>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let is_toml = errors.is_empty();
    for error in errors {
        problems.report(error.span().unwrap_or(0..0), error.message().to_owned()).label("not valid TOML here");
    }
    let root = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
    if !is_toml {
        return None;
    }
    section::<Pack>(root.clone(), problems)?;
    let DeValue::Table(mut root) = root.into_inner() else { return None };
    match root.remove("tables").map(Spanned::into_inner) {
        Some(DeValue::Table(tables)) => Some(tables),
        _ => None,
    }
}

/// Puts a pack's table under one of the report.
fn under<'i>(
    into: &mut DeTable<'i>,
    is: &DeTable<'i>,
    asked: &Asked<'_>,
    whole: &[(String, String, std::ops::Range<usize>)],
    problems: &mut Collector,
) {
    let said = said(into);
    if let Some(DeValue::Table(settings)) = is.get("settings").map(Spanned::get_ref) {
        join(into, without(settings.clone(), &said));
    }
    let needs = is.get("needs").and_then(|needs| needs.get_ref().as_array());
    let needs: Vec<&str> = needs.into_iter().flat_map(|needs| needs.iter().filter_map(|name| name.get_ref().as_str())).collect();
    let Some(DeValue::Table(others)) = is.get("with").map(Spanned::get_ref) else { return };
    for (other, settings) in others {
        let other = other.get_ref().as_ref();
        let name = format!("{}.{other}", asked.pack);
        let there: Vec<&str> =
            whole.iter().filter(|(table, pack, _)| *pack == name && *table != asked.table).map(|(table, ..)| table.as_str()).collect();
        let is_needed = needs.contains(&other);
        match (there.as_slice(), settings.get_ref()) {
            ([only], DeValue::Table(settings)) => join(into, without(in_table(settings.clone(), other, only), &said)),
            ([], _) if is_needed => {
                problems
                    .report(asked.place.clone(), format!("`{}.{}` needs the table `{name}` beside it", asked.pack, asked.of_pack))
                    .help(format!("describe it: `[tables.{other}]` with `pack = \"{name}\"` and its `path`"));
            }
            ([_, _, ..], _) => {
                let tables = there.iter().map(|table| format!("`{table}`")).collect::<Vec<_>>().join(" and ");
                problems
                    .report(asked.place.clone(), format!("{tables} are both `{name}`, and `{}` looks something up in it", asked.table))
                    .help("make one table of them: several files are one `path`");
            }
            _ => {}
        }
    }
}

/// The names of columns that a table of the report makes itself: what a pack says of them is then not meant.
fn said(table: &DeTable<'_>) -> BTreeSet<String> {
    let names = |key: &str| {
        let entries = table.get(key).and_then(|value| value.get_ref().as_table());
        entries.into_iter().flat_map(|entries| entries.keys().map(|name| name.get_ref().to_string())).collect::<Vec<_>>()
    };
    names("columns").into_iter().chain(names("derive")).collect()
}

/// A pack's settings without the columns that the report makes itself.
fn without<'i>(mut settings: DeTable<'i>, said: &BTreeSet<String>) -> DeTable<'i> {
    for key in ["columns", "derive"] {
        if let Some(DeValue::Table(entries)) = settings.get_mut(key).map(Spanned::get_mut) {
            for name in said {
                entries.remove(name.as_str());
            }
        }
    }
    settings
}

/// A pack's settings with its lookups in the report's table of another name.
fn in_table<'i>(mut settings: DeTable<'i>, of_pack: &str, table: &str) -> DeTable<'i> {
    if let Some(DeValue::Table(lookups)) = settings.get_mut("lookup").map(Spanned::get_mut) {
        for (name, lookup) in lookups.iter_mut() {
            let place = name.span();
            if let DeValue::Table(lookup) = lookup.get_mut() {
                let key = lookup.keys().find(|key| key.get_ref() == "table").cloned();
                let key = key.unwrap_or_else(|| Spanned::new(place.clone(), Cow::Borrowed("table")));
                let asks = lookup.get("table").and_then(|table| table.get_ref().as_str()).unwrap_or(of_pack);
                if asks == of_pack {
                    lookup.insert(key, Spanned::new(place, DeValue::String(Cow::Owned(table.to_owned()))));
                }
            }
        }
    }
    settings
}

/// Puts entries under those that are there.
fn join<'i>(into: &mut DeTable<'i>, from: DeTable<'i>) {
    for (key, value) in from {
        let is_joined = JOINED.contains(&key.get_ref().as_ref());
        match (into.get_mut(&key).map(Spanned::get_mut), value.get_ref()) {
            (None, _) => drop(into.insert(key, value)),
            (Some(DeValue::Table(there)), DeValue::Table(more)) if is_joined => {
                for (name, value) in more {
                    if !there.contains_key(name) {
                        there.insert(name.clone(), value.clone());
                    }
                }
            }
            _ => {}
        }
    }
}
