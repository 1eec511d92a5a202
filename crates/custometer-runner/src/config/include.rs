//! `include`: files whose keys a config takes where it has none of its own.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::config::diagnostics::Collector;

/// The key that names the files.
const INCLUDE: &str = "include";

/// Lists of several files that are put together, those of included files first. Any other list is one value.
const JOINED: [&str; 2] = ["metrics", "alerts"];

/// Where a config and all that it includes stand in the text, a file after those that it includes. Each of them is to be [laid](lay) over those
/// before it: a file comes before what it includes, and of that a later one before an earlier one.
pub(crate) fn files(problems: &mut Collector) -> Vec<Range<usize>> {
    let file = problems.text().file();
    let name = problems.text().name_of(&file).to_owned();
    let path = problems.text().folder_of(&file).join(Path::new(&name).file_name().unwrap_or_default());
    let known = known_as(&path);
    let mut files = Files { seen: BTreeSet::from([known.clone()]), open: vec![(known, name)], places: Vec::new() };
    files.add(file, problems);
    files.places
}

/// The text of a file with as many blanks before it that everything has its place in the whole text.
pub(crate) fn in_place(place: &Range<usize>, problems: &Collector) -> String {
    format!("{}{}", " ".repeat(place.start), &problems.text().whole[place.clone()])
}

/// What a file is known as, whichever way leads to it.
fn known_as(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The files that were found, the chain of those that are being gone through, and the places of those that are done.
struct Files {
    seen: BTreeSet<PathBuf>,
    open: Vec<(PathBuf, String)>,
    places: Vec<Range<usize>>,
}

impl Files {
    /// Adds what a file includes, and then the file.
    fn add(&mut self, place: Range<usize>, problems: &mut Collector) {
        let text = in_place(&place, problems);
        // What is no TOML is said when the file is read.
        let root = DeTable::parse_recoverable(&text).0.into_inner();
        if let Some(included) = root.get(INCLUDE) {
            for named in names(included, problems) {
                if let Some(place) = self.open(&named, problems) {
                    self.add(place, problems);
                    self.open.pop();
                }
            }
        }
        self.places.push(place);
    }

    /// Adds an included file to the text, unless it is there; where it stands.
    fn open(&mut self, named: &Spanned<String>, problems: &mut Collector) -> Option<Range<usize>> {
        let place = named.span();
        let path = problems.text().folder_of(&place).join(named.get_ref());
        let known = known_as(&path);
        if let Some(first) = self.open.iter().position(|(open, _)| *open == known) {
            let chain: Vec<&str> = self.open[first..].iter().map(|(_, name)| name.as_str()).collect();
            let chain = format!("{} → {}", chain.join(" → "), self.open[first].1);
            problems.report(place, format!("`{}` includes itself: {chain}", self.open[first].1)).help("leave one of these `include`s out");
            return None;
        }
        // What two files include is read once, as the first of them says.
        if self.seen.contains(&known) {
            return None;
        }
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems
                    .report(place, format!("`{}` can't be read: {error}", named.get_ref()))
                    .help("paths of `include` are relative to the folder of the file that they stand in");
                return None;
            }
        };
        let beside = problems.text().name_of(&place);
        let name = Path::new(beside).parent().unwrap_or(Path::new("")).join(named.get_ref()).display().to_string();
        self.seen.insert(known.clone());
        self.open.push((known, name.clone()));
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        // A mark at the start of a file means nothing here.
        let text = text.replace('\u{feff}', "");
        Some(problems.text_mut().append(&name, &text, &folder))
    }
}

/// The files that are named.
fn names(included: &Spanned<DeValue<'_>>, problems: &mut Collector) -> Vec<Spanned<String>> {
    const HELP: &str = "write `include = [\"common.toml\"]`";
    let Some(items) = included.get_ref().as_array() else {
        problems.report(included.span(), "`include` must be a list of files").help(HELP);
        return Vec::new();
    };
    let mut named = Vec::new();
    for item in items {
        match item.get_ref().as_str() {
            Some(path) => named.push(Spanned::new(item.span(), path.to_owned())),
            None => drop(problems.report(item.span(), "a file is named by text in quotes").help(HELP)),
        }
    }
    named
}

/// Lays the keys of a file over those of others.
pub(crate) fn lay<'i>(below: &mut DeTable<'i>, mut above: DeTable<'i>) {
    above.remove(INCLUDE);
    for (key, mut value) in above {
        if key.get_ref() == "report" {
            one_period(below, &value);
        }
        if JOINED.contains(&key.get_ref().as_ref())
            && let Some(DeValue::Array(items)) = below.get_mut(&key).map(Spanned::get_mut)
            && let DeValue::Array(more) = value.get_mut()
        {
            more.iter().cloned().for_each(|item| items.push(item));
            continue;
        }
        over(below, key, value);
    }
}

/// Puts a value in the place of another: of tables key by key.
fn over<'i>(below: &mut DeTable<'i>, key: Spanned<DeString<'i>>, value: Spanned<DeValue<'i>>) {
    let (place, value) = (value.span(), value.into_inner());
    let value = match (below.remove(&key).map(Spanned::into_inner), value) {
        (Some(DeValue::Table(mut known)), DeValue::Table(more)) => {
            more.into_iter().for_each(|(key, value)| over(&mut known, key, value));
            DeValue::Table(known)
        }
        (_, value) => value,
    };
    below.insert(key, Spanned::new(place, value));
}

/// A period that is said takes the place of another one, in whatever words that is said.
fn one_period(below: &mut DeTable<'_>, above: &Spanned<DeValue<'_>>) {
    let Some(DeValue::Table(known)) = below.get_mut("report").map(Spanned::get_mut) else { return };
    let says = |name: &str| above.get_ref().get(name).is_some();
    let others: &[&str] = if says("last") {
        &["from", "until"]
    } else if says("from") || says("until") {
        &["last"]
    } else {
        &[]
    };
    for other in others {
        known.remove(*other);
    }
}
