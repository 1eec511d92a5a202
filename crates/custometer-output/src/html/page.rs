//! The page: its head, the order of its parts, and what is said of the report as a whole.

use std::collections::HashSet;

use custometer_core::About;
use custometer_runner::result::{Manifest, RunResult, Severity};
use serde::Serialize;

use super::csp;
use super::quality::Quality;
use super::section::Section;
use super::table::{Cell, Column, Table};
use super::tile::Tile;
use crate::facts::{facts, legend, made};
use crate::human;
use crate::locale::{Language, Words};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A report as a page.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    lang: &'static str,
    words: &'static Words,
    policy: String,
    style: &'static str,
    script: &'static str,
    decimal: char,
    version: &'a str,
    title: String,
    facts: Vec<(&'static str, String)>,
    alerts: Vec<Fired>,
    domains: Vec<Domain<'a>>,
    legend: Vec<String>,
    quality: Quality,
    definitions: Vec<Definition>,
    manifest: Vec<(&'static str, String)>,
    files: Option<Table>,
}

/// The requests of one domain of metrics.
#[derive(Serialize)]
pub(super) struct Domain<'a> {
    id: &'a str,
    name: String,
    tiles: Vec<Tile>,
    sections: Vec<Section>,
}

/// An alert that fired.
#[derive(Serialize)]
struct Fired {
    class: &'static str,
    severity: &'static str,
    name: String,
    message: String,
    /// The number and title of the section that it is about.
    about: Option<(usize, String)>,
}

impl<'a> Page<'a> {
    /// The page of a result.
    pub(super) fn of(result: &'a RunResult) -> Self {
        let language = Language::of(result.locale);
        let words = language.words;
        let mut domains: Vec<Domain<'_>> = Vec::new();
        let mut titles = Vec::new();
        let requests = result.results.chunk_by(|a, b| (&a.request, a.metric, a.unit) == (&b.request, b.metric, b.unit));
        for (number, rows) in requests.enumerate() {
            let section = Section::of(number, rows, result, language);
            titles.push((rows[0].request.clone(), number, section.title.clone()));
            let id = rows[0].metric.split('.').next().unwrap_or(rows[0].metric);
            let tile = Tile::of(number, &section.title, rows, &result.manifest, language);
            let at = domains.iter().position(|domain| domain.id == id).unwrap_or_else(|| {
                domains.push(Domain { id, name: crate::view::readable(id), tiles: Vec::new(), sections: Vec::new() });
                domains.len() - 1
            });
            domains[at].tiles.extend(tile);
            domains[at].sections.push(section);
        }
        let mut seen = HashSet::new();
        let alert = |alert: &custometer_runner::Alert| {
            let severity = match alert.severity {
                Severity::Info => words.info,
                Severity::Warning => words.warning,
                Severity::Critical => words.critical,
            };
            let request = result.results.get(alert.row).map(|row| &row.request);
            let about = titles.iter().find(|(of, ..)| Some(of) == request).map(|(_, number, title)| (*number, title.clone()));
            Fired { class: alert.severity.as_str(), severity, name: human::line(&alert.name), message: human::line(&alert.message), about }
        };
        Self {
            lang: result.locale.as_str(),
            words,
            policy: csp::policy(STYLE, SCRIPT),
            style: STYLE,
            script: SCRIPT,
            decimal: language.decimal(),
            version: &result.manifest.version,
            title: result.manifest.title.as_deref().map_or_else(|| "custometer".to_owned(), human::line),
            facts: facts(&result.manifest, language),
            alerts: result.alerts.iter().map(alert).collect(),
            domains,
            legend: legend(result, language),
            quality: Quality::of(result, language),
            definitions: result
                .requests
                .iter()
                .map(|asked| asked.about)
                .filter(|about| seen.insert(about.id))
                .map(Definition::from)
                .collect(),
            manifest: made(&result.manifest, language),
            files: files(&result.manifest, language),
        }
    }
}

/// What a metric means.
#[derive(Serialize)]
struct Definition {
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    formula: &'static str,
    range: &'static str,
    edge_cases: &'static [&'static str],
    references: &'static [&'static str],
}

impl From<&'static About> for Definition {
    fn from(about: &'static About) -> Self {
        let About { id, title, summary, formula, range, edge_cases, references, .. } = *about;
        Self { id, title, summary, formula, range, edge_cases, references }
    }
}

/// The files that were read.
fn files(manifest: &Manifest, language: Language) -> Option<Table> {
    let words = language.words;
    let files = manifest.tables.iter().flat_map(|table| table.files.iter().map(move |file| (table, file)));
    let row = |(table, file): (&custometer_runner::TableManifest, &custometer_runner::result::FileManifest)| {
        vec![
            Cell::Name(human::line(&file.path)),
            Cell::Words(human::line(&table.table)),
            Cell::Number(language.whole(file.bytes)),
            Cell::Words(file.hash.clone()),
        ]
    };
    let rows: Vec<Vec<Cell>> = files.map(row).collect();
    let columns = vec![Column::words(words.file), Column::words(words.table), Column::numbers(words.bytes), Column::words(words.hash)];
    (!rows.is_empty()).then(|| Table { caption: words.file.to_owned(), columns, rows, interactive: true })
}
