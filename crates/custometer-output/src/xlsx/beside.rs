//! The sheets beside those of requests: the overview, the quality of the data, definitions, and how the report was made.

use std::collections::HashSet;

use custometer_core::About;
use custometer_runner::result::{ResultRow, RowCount, RunResult, Severity, TableManifest};
use rust_xlsxwriter::XlsxError;

use super::page::{Cell, Page};
use super::request::Request;
use crate::facts::{self, facts, legend};
use crate::human;
use crate::locale::{Language, filled};
use crate::sections::Tone;

/// The overview: what the report is of, its targets and alerts, and where each request is.
///
/// `sheets` are the names of the requests' first sheets, and `cut` is how many texts were too long for a cell.
pub(super) fn overview(
    name: &str,
    result: &RunResult,
    requests: &[(Request<'_>, String)],
    cut: usize,
    language: Language,
) -> Result<Page, XlsxError> {
    let words = language.words;
    let mut page = Page::new(name)?;
    page.title(&result.manifest.title.as_deref().map_or_else(|| "custometer".to_owned(), human::line))?;
    page.facts(&facts(&result.manifest, language))?;
    for line in legend(result, language) {
        page.line(&line)?;
    }
    if cut > 0 {
        page.line(&filled(words.texts_cut, &[&language.whole(cut as u64)]))?;
    }
    page.space();
    if requests.is_empty() {
        page.line(words.no_results)?;
    } else {
        page.table(
            &heads(&[words.metrics, words.id, words.period, words.value, words.target]),
            requests.iter().map(|(request, sheet)| {
                let headline = request.headline();
                let of = |cell: &dyn Fn(&ResultRow) -> Cell| headline.as_ref().map_or(Cell::Empty, |(row, _)| cell(row));
                vec![
                    Cell::Link(request.title.clone(), sheet.clone()),
                    Cell::Text(request.rows[0].metric.to_owned()),
                    headline.as_ref().map_or(Cell::Empty, |(_, period)| Cell::Text(period.clone())),
                    of(&|row| request.value(row)),
                    of(&|row| {
                        row.target.as_ref().filter(|_| !row.suppressed).map_or(Cell::Empty, |judgement| request.status(judgement.status))
                    }),
                ]
            }),
        )?;
    }
    if !result.alerts.is_empty() {
        page.space();
        page.heading(words.alerts)?;
        page.table(
            &heads(&[words.severity, words.alerts, words.note]),
            result.alerts.iter().map(|alert| {
                let (severity, tone) = match alert.severity {
                    Severity::Info => (words.info, Tone::Plain),
                    Severity::Warning => (words.warning, Tone::Warning),
                    Severity::Critical => (words.critical, Tone::Bad),
                };
                vec![Cell::Toned(severity.to_owned(), tone), Cell::Text(human::line(&alert.name)), Cell::Text(human::line(&alert.message))]
            }),
        )?;
    }
    Ok(page)
}

/// What became of every row that was read.
pub(super) fn quality(name: &str, result: &RunResult, language: Language) -> Result<Page, XlsxError> {
    let words = language.words;
    let mut page = Page::new(name)?;
    page.title(words.quality)?;
    let hidden = result.results.iter().filter(|row| row.suppressed).count() as u64;
    if hidden > 0 {
        page.line(&format!("{}: {}", words.rows_suppressed, language.whole(hidden)))?;
    }
    for table in &result.manifest.tables {
        for note in &table.notes {
            page.line(&format!("{}: {}", human::line(&table.table), human::line(note)))?;
        }
    }
    page.space();
    let columns = [
        words.table,
        words.rows_read,
        words.rows_no_data,
        words.rows_made,
        words.rows_filtered,
        words.rows_repeated,
        words.rows_without_span,
        words.rows_left_out,
        words.rows_outside,
        words.rows_without_answer,
        words.rows_rejected,
        words.rows_used,
        words.ambiguous_times,
        words.metrics,
    ];
    let shown = |rows: RowCount| rows.shown().map_or_else(|| Cell::Toned(words.suppressed.to_owned(), Tone::Faint), Cell::count);
    let row = |name: &str, table: &TableManifest| {
        let uses = table.uses.iter().map(|used| {
            vec![
                Cell::Text(name.to_owned()),
                shown(table.rows_read),
                Cell::count(table.rows_no_data.all()),
                table.rows_made.map_or(Cell::Empty, shown),
                Cell::count(table.rows_filtered),
                Cell::count(table.rows_deduplicated),
                Cell::count(table.rows_without_span),
                Cell::count(used.rows_left_out),
                Cell::count(used.rows_outside_period),
                Cell::count(used.rows_without_answer),
                Cell::count(used.rows_rejected),
                shown(used.rows_used),
                Cell::count(used.ambiguous_times),
                Cell::Text(human::line(&used.requests.join(", "))),
            ]
        });
        uses.collect::<Vec<_>>()
    };
    let rows = result.manifest.tables.iter().flat_map(|table| {
        let name = human::line(&table.table);
        // The tables of a union stand below it.
        let sources = table.sources.iter().flat_map(|source| row(&format!("{name} ← {}", human::line(&source.table)), source));
        row(&name, table).into_iter().chain(sources).collect::<Vec<_>>()
    });
    page.table(&heads(&columns), rows)?;
    page.space();
    page.heading(words.rows_rejected)?;
    if result.rejected.is_empty() {
        page.line(words.none_rejected)?;
    } else {
        let rows = result.rejected.iter().map(|rejection| {
            let examples: Vec<String> = rejection.examples.iter().map(|example| facts::example(example, language)).collect();
            vec![
                Cell::Text(human::line(&rejection.table)),
                Cell::Text(human::line(&rejection.reason)),
                Cell::count(rejection.rows),
                Cell::Text(examples.join("; ")),
                Cell::Text(human::line(&rejection.requests.join(", "))),
            ]
        });
        page.table(&heads(&[words.table, words.reason, words.rows, words.example, words.metrics]), rows)?;
    }
    Ok(page)
}

/// What each metric means.
pub(super) fn definitions(name: &str, result: &RunResult, language: Language) -> Result<Page, XlsxError> {
    let words = language.words;
    let mut page = Page::new(name)?;
    page.title(words.definitions)?;
    page.space();
    let mut seen = HashSet::new();
    let abouts = result.requests.iter().map(|asked| asked.about).filter(|about| seen.insert(about.id));
    let row = |about: &About| {
        let texts = [about.title, about.id, about.summary, about.formula, about.range];
        let texts = texts.into_iter().map(str::to_owned).chain([about.edge_cases.join(" "), about.references.join("; ")]);
        texts.map(Cell::Text).collect::<Vec<_>>()
    };
    let columns = [words.metrics, words.id, words.definitions, words.formula, words.range, words.edge_cases, words.references];
    page.table(&heads(&columns), abouts.map(row))?;
    Ok(page)
}

/// What is needed to make the report again.
pub(super) fn made(name: &str, result: &RunResult, language: Language) -> Result<Page, XlsxError> {
    let words = language.words;
    let mut page = Page::new(name)?;
    page.title(words.manifest)?;
    page.facts(&facts::made(&result.manifest, language))?;
    page.space();
    let files = result.manifest.tables.iter().flat_map(|table| table.files.iter().map(move |file| (table, file)));
    let row = |(table, file): (&TableManifest, &custometer_runner::result::FileManifest)| {
        vec![
            Cell::Text(human::line(&file.path)),
            Cell::Text(human::line(&table.table)),
            Cell::count(file.bytes),
            Cell::Text(file.hash.clone()),
        ]
    };
    page.table(&heads(&[words.file, words.table, words.bytes, words.hash]), files.map(row))?;
    Ok(page)
}

fn heads(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
