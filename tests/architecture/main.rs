//! Which file may know which: read off the sources, so that a new import which runs up is a failing test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod imports;

use std::collections::BTreeSet;
use std::path::PathBuf;

use imports::Imports;

/// The rooms of the runner, each with those it may know. The engine's own, up to `run`, know no config.
const ROOMS: &[(&str, &[&str])] = &[
    ("memory", &["read"]),
    ("error", &["memory"]),
    ("read", &[]),
    ("result", &[]),
    ("report", &["memory", "read", "result"]),
    ("plan", &["error", "read", "report"]),
    ("collect", &["error", "memory", "plan", "read", "report", "result"]),
    ("observe", &["collect", "error", "plan", "report", "result"]),
    ("judge", &["report", "result"]),
    ("explain", &["collect", "error", "memory", "plan", "read", "report", "result"]),
    ("run", &["collect", "error", "judge", "memory", "observe", "plan", "read", "report", "result"]),
    ("stages", &["collect", "error", "memory", "plan", "read", "report", "result", "run"]),
    ("config", &["result"]),
    ("packs", &[]),
    ("check", &["config", "memory", "packs", "read", "report", "result"]),
    ("inspect", &["read"]),
    ("init", &["check", "inspect", "packs"]),
];

/// Crates that parse configs or word mistakes in them, and the rooms that may use them.
const CONFIG_CRATES: &[&str] = &["email_address", "miette", "sqlparser", "toml"];
const CONFIG_ROOMS: &[&str] = &["check", "config", "init", "inspect", "packs"];

fn crates() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates")
}

fn sources(name: &str) -> Imports {
    Imports::of_folder(&crates().join(name).join("src"))
}

/// Imports from one room into another that it may not know, as `file → room`.
fn running_up(imports: &Imports) -> Vec<String> {
    let room = |module: &[String]| module.first().cloned().unwrap_or_default();
    let is_allowed = |from: &str, to: &str| {
        from == to || ROOMS.iter().find(|(known, _)| *known == from).is_none_or(|(_, may_know)| may_know.contains(&to))
    };
    let arrows = imports.arrows().filter(|(from, to)| !from.is_empty() && !to.is_empty() && !is_allowed(&room(from), &room(to)));
    arrows.map(|(from, to)| format!("{} → {}", from.join("::"), to.join("::"))).collect()
}

#[test]
fn every_file_of_the_runner_is_in_a_room() {
    let rooms: BTreeSet<String> = sources("custometer-runner").modules().filter_map(|module| module.first().cloned()).collect();
    let known: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, known);
}

#[test]
fn imports_of_the_runner_run_down() {
    assert_eq!(running_up(&sources("custometer-runner")), Vec::<String>::new());
}

#[test]
fn the_engine_parses_no_config() {
    let imports = sources("custometer-runner");
    let uses =
        |text: &str, krate: &str| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&format!("{krate}::")));
    let engine = imports.files().filter(|(module, _)| module.first().is_some_and(|room| !CONFIG_ROOMS.contains(&room.as_str())));
    let found = engine.flat_map(|(module, text)| {
        let named = CONFIG_CRATES.iter().filter(|krate| uses(text, krate));
        named.map(|krate| format!("{} uses {krate}", module.join("::"))).collect::<Vec<_>>()
    });
    assert_eq!(found.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_planted_import_that_runs_up_is_found() {
    let planted =
        Imports::of(&[("plan", "use crate::read::table::Table;\n"), ("read::table", "pub(crate) use crate::plan::{Part, plan};\n")]);
    assert_eq!(running_up(&planted), ["read::table → plan"]);
    assert_eq!(planted.circles(), [["plan", "read::table"]]);
}

#[test]
fn a_planted_circle_within_a_room_is_found() {
    let planted = Imports::of(&[
        ("read", "mod one;\nmod two;\npub(crate) use one::A;\n"),
        ("read::one", "use super::two::B;\n"),
        ("read::two", "fn here() { super::one::there() }\n#[cfg(test)]\nmod tests { use crate::read::A; }\n"),
    ]);
    assert_eq!(planted.circles(), [["read::one", "read::two"]]);
}

#[test]
fn files_import_each_other_in_no_circle() {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(crates()).unwrap() {
        let krate = entry.unwrap().path();
        let circles = Imports::of_folder(&krate.join("src")).circles();
        found.extend(circles.into_iter().map(|circle| format!("{}: {}", krate.file_name().unwrap().display(), circle.join(" ⇄ "))));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_planted_circle_is_found() {
    let imports =
        Imports::of(&[("one", "use crate::two::second;"), ("two", "use crate::three::third;"), ("three", "use super::one::first;")]);
    assert_eq!(imports.circles().len(), 1);
    let imports = Imports::of(&[("one", "use crate::two::second;"), ("two", "use crate::three::third;"), ("three", "")]);
    assert_eq!(imports.circles(), Vec::<Vec<String>>::new());
}
