//! The imports of a crate, file by file, read from its text. What tests import does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The path of a module; empty for the crate itself.
type Module = Vec<String>;

/// The files of a crate, and which imports which.
pub(crate) struct Imports {
    files: BTreeMap<Module, String>,
    arrows: BTreeMap<Module, BTreeSet<Module>>,
}

impl Imports {
    /// Of all files in a folder and below it.
    pub(crate) fn of_folder(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        gather(folder, &mut Vec::new(), &mut files);
        Self::new(files)
    }

    /// Of texts by module, such as `read::table`.
    pub(crate) fn of(texts: &[(&str, &str)]) -> Self {
        Self::new(texts.iter().map(|(module, text)| (module.split("::").map(str::to_owned).collect(), (*text).to_owned())).collect())
    }

    fn new(files: BTreeMap<Module, String>) -> Self {
        let arrows = files.iter().map(|(module, text)| (module.clone(), imported(module, text, &files))).collect();
        Self { files, arrows }
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&Module, &str)> {
        self.files.iter().map(|(module, text)| (module, without_tests(text)))
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys()
    }

    pub(crate) fn arrows(&self) -> impl Iterator<Item = (&Module, &Module)> {
        self.arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
    }

    /// The modules that reach each other, in groups.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> = self.files.keys().map(|module| (module, self.reached(module))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (module, from) in &reached {
            let circle = from.iter().filter(|other| reached[**other].contains(module)).map(|other| name(other));
            let circle: Vec<String> = circle.collect();
            if !circle.is_empty() {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    fn reached(&self, from: &Module) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Module> = self.arrows[from].iter().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(&self.arrows[module]);
            }
        }
        reached
    }
}

fn name(module: &Module) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

fn gather(folder: &Path, at: &mut Module, files: &mut BTreeMap<Module, String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let stem = entry.file_stem().unwrap().to_string_lossy().into_owned();
        // A template is no file of its crate.
        if entry.is_dir() && folder.join(format!("{stem}.rs")).exists() | at.is_empty() {
            at.push(stem);
            gather(&entry, at, files);
            at.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let is_root = at.is_empty() && (stem == "lib" || stem == "main");
            let module = if is_root { Vec::new() } else { at.iter().cloned().chain([stem]).collect() };
            files.entry(module).or_default().push_str(&std::fs::read_to_string(&entry).unwrap());
        }
    }
}

fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |tests| &text[..tests])
}

/// The files that a file names in paths that start with `crate::` or `super::`, or with a module of its own.
fn imported(module: &Module, text: &str, files: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    for line in without_tests(text).lines().filter(|line| !line.trim_start().starts_with("//")) {
        // What a macro names is found where it is called.
        for (start, _) in line.match_indices("crate::").filter(|(start, _)| !line[..*start].ends_with('$')) {
            found.extend(targets(&Vec::new(), &line[start + "crate::".len()..], files));
        }
        for (start, _) in line.match_indices("super::").filter(|(start, _)| !line[..*start].ends_with("super::")) {
            let mut rest = &line[start..];
            let mut base = module.clone();
            while let Some(above) = rest.strip_prefix("super::") {
                base.pop();
                rest = above;
            }
            found.extend(targets(&base, rest, files));
        }
        if let Some((_, path)) = line.split_once("use ").filter(|(before, _)| before.is_empty() || before.starts_with("pub")) {
            let first = path.split([':', ';']).next().unwrap_or_default();
            let own: Module = module.iter().cloned().chain([first.to_owned()]).collect();
            if files.contains_key(&own) {
                found.extend(targets(module, path, files));
            }
        }
    }
    found.remove(module);
    found
}

/// The files behind a path, such as `read::table::{Keep, Table};`: the deepest module that each of its names is in.
fn targets(base: &Module, path: &str, files: &BTreeMap<Module, String>) -> Vec<Module> {
    let end = path.find(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | ':'))).unwrap_or(path.len());
    let steps: Module = path[..end].split("::").filter(|step| !step.is_empty()).map(str::to_owned).collect();
    let group = path[end..].strip_prefix('{').map(|group| group.split('}').next().unwrap_or_default());
    let lasts: Vec<Option<String>> = match group {
        Some(group) => group.split(',').map(|name| name.trim().split([' ', ':']).next().map(str::to_owned)).collect(),
        None => vec![None],
    };
    let deepest = |last: Option<String>| {
        let full: Module = base.iter().cloned().chain(steps.iter().cloned()).chain(last.filter(|last| last != "self")).collect();
        (0..=full.len()).rev().map(|length| full[..length].to_vec()).find(|module| files.contains_key(module))
    };
    lasts.into_iter().filter_map(deepest).collect()
}
