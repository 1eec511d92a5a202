//! What became of every row that was read.

use custometer_runner::result::{RowCount, RunResult, TableManifest};
use serde::Serialize;

use super::table::{Cell, Column, Table};
use crate::facts::example;
use crate::human;
use crate::locale::Language;
use crate::view::shortened;

/// So many rejected rows are shown for each reason.
const EXAMPLES: usize = 3;

/// The tables of what was read, and of what could not be used.
#[derive(Debug, Serialize)]
pub(super) struct Quality {
    /// The rows of every table, by what became of them.
    pub(super) read: Table,
    /// What there is to say of tables, such as that rows have no match in another one.
    pub(super) notes: Vec<String>,
    /// The rejected ones, by reason, if there are any.
    pub(super) rejected: Option<Table>,
    /// How many values are hidden.
    pub(super) hidden: Option<String>,
}

impl Quality {
    /// The quality of a result's data.
    pub(super) fn of(result: &RunResult, language: Language) -> Self {
        let hidden = result.results.iter().filter(|row| row.suppressed).count() as u64;
        Self {
            read: read(result, language),
            notes: notes(result),
            rejected: rejected(result, language),
            hidden: (hidden > 0).then(|| format!("{}: {}", language.words.rows_suppressed, language.whole(hidden))),
        }
    }
}

fn read(result: &RunResult, language: Language) -> Table {
    let words = language.words;
    let count = |rows: u64| Cell::Number(language.whole(rows));
    // The tables of a union stand below it.
    let whole = result.manifest.tables.iter().flat_map(|table| {
        let sources =
            table.sources.iter().map(move |source| (source, format!("{} ← {}", human::line(&table.table), human::line(&source.table))));
        std::iter::once((table, human::line(&table.table))).chain(sources)
    });
    let tables: Vec<(&TableManifest, String)> = whole.collect();
    let has_spans = tables.iter().any(|(table, _)| table.rows_without_span > 0);
    let rows = tables.iter().flat_map(|(table, name)| {
        table.uses.iter().map(move |used| {
            let mut cells = vec![
                Cell::Name(name.clone()),
                Cell::Number(rows_read(table, language)),
                count(table.rows_no_data.all()),
                count(table.rows_filtered),
                count(table.rows_deduplicated),
                count(used.rows_left_out),
                count(used.rows_outside_period),
                count(used.rows_without_answer),
                count(used.rows_rejected),
                Cell::Number(shown(used.rows_used, language)),
                count(used.ambiguous_times),
                Cell::Words(requests(&used.requests)),
            ];
            if has_spans {
                cells.insert(5, count(table.rows_without_span));
            }
            cells
        })
    });
    let mut numbers = vec![
        words.rows_read,
        words.rows_no_data,
        words.rows_filtered,
        words.rows_repeated,
        words.rows_left_out,
        words.rows_outside,
        words.rows_without_answer,
        words.rows_rejected,
        words.rows_used,
        words.ambiguous_times,
    ];
    // Most reports have no log of changes.
    if has_spans {
        numbers.insert(4, words.rows_without_span);
    }
    let mut columns = vec![Column::words(words.table)];
    columns.extend(numbers.into_iter().map(Column::numbers));
    columns.push(Column::words(words.metrics));
    Table { caption: words.rows_read.to_owned(), columns, rows: rows.collect(), interactive: true }
}

fn notes(result: &RunResult) -> Vec<String> {
    let tables = result.manifest.tables.iter();
    let notes = tables.flat_map(|table| table.notes.iter().map(|note| format!("{}: {}", human::line(&table.table), human::line(note))));
    notes.collect()
}

/// How many rows were read, and how many were made of them.
fn rows_read(table: &TableManifest, language: Language) -> String {
    let made = table.rows_made.map(|rows| format!(" → {}", shown(rows, language))).unwrap_or_default();
    shown(table.rows_read, language) + &made
}

fn shown(rows: RowCount, language: Language) -> String {
    rows.shown().map_or_else(|| language.words.suppressed.to_owned(), |rows| language.whole(rows))
}

fn rejected(result: &RunResult, language: Language) -> Option<Table> {
    let words = language.words;
    let row = |rejection: &custometer_runner::Rejection| {
        let examples: Vec<String> = rejection.examples.iter().take(EXAMPLES).map(|row| example(row, language)).collect();
        vec![
            Cell::Name(human::line(&rejection.table)),
            Cell::Words(human::line(&rejection.reason)),
            Cell::Number(language.whole(rejection.rows)),
            Cell::Words(examples.join("; ")),
            Cell::Words(requests(&rejection.requests)),
        ]
    };
    let columns = vec![
        Column::words(words.table),
        Column::words(words.reason),
        Column::numbers(words.rows),
        Column::words(words.example),
        Column::words(words.metrics),
    ];
    let rows: Vec<Vec<Cell>> = result.rejected.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table { caption: words.rows_rejected.to_owned(), columns, rows, interactive: true })
}

fn requests(names: &[String]) -> String {
    names.iter().map(|name| shortened(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn shown(result: &RunResult) -> String {
        serde_json::to_string(&Quality::of(result, Language::of(result.locale)).read).unwrap()
    }

    #[test]
    fn rows_that_were_made_stand_beside_those_that_they_were_made_of() {
        let mut result = fixture::result();
        assert!(!shown(&result).contains('→'));
        (result.manifest.tables[0].rows_read, result.manifest.tables[0].rows_made) = (4.into(), Some(12.into()));
        assert!(shown(&result).contains("\"4 → 12\""), "{}", shown(&result));
    }

    #[test]
    fn what_there_is_to_say_of_a_table_is_said() {
        let mut result = fixture::result();
        let quality = |result: &RunResult| Quality::of(result, Language::of(result.locale)).notes;
        assert_eq!(quality(&result), Vec::<String>::new());
        result.manifest.tables[0].notes = vec!["3 of 100 rows have no match in `customers`".to_owned()];
        let table = &result.manifest.tables[0].table;
        assert_eq!(quality(&result), [format!("{table}: 3 of 100 rows have no match in `customers`")]);
        let page = String::from_utf8(crate::html::render(&result).unwrap()).unwrap();
        assert!(page.contains("3 of 100 rows have no match in"), "the page says it");
    }

    #[test]
    fn rows_without_a_span_have_a_column_where_there_are_any() {
        let mut result = fixture::result();
        let plain = shown(&result);
        assert!(!plain.contains("Without a span"));
        result.manifest.tables[0].rows_without_span = 77;
        let table: serde_json::Value = serde_json::from_str(&shown(&result)).unwrap();
        let position =
            table["columns"].as_array().unwrap().iter().position(|column| column.to_string().contains("Without a span")).unwrap();
        assert_eq!(table["rows"][0][position]["is"], "77");
        assert_eq!(table["rows"][0].as_array().unwrap().len(), table["columns"].as_array().unwrap().len());
    }
}
