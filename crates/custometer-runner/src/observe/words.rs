//! Notes on words that a report names and no row has, and on rows that no period has.

use std::collections::BTreeMap;

use crate::collect::Collected;
use crate::collect::words::Said;
use crate::plan::TablePlan;
use crate::plan::words::reads;
use crate::report::Report;

/// What is to be said of a table's words, each with the requests that it concerns.
pub(crate) fn notes(report: &Report, plan: &TablePlan, collected: &Collected) -> Vec<(Vec<usize>, String)> {
    let table = &report.tables[plan.table];
    let requests = || report.requests.iter().enumerate().filter(|(_, request)| request.table == plan.table);
    // Of a small group nothing is told, and of ids neither.
    let is_id = |column: &str| requests().any(|(_, request)| request.is_id(column));
    let least = |column: &str| if is_id(column) { u64::MAX } else { report.min_group_size.map_or(0, Into::into) };
    let is_hidden = |column: &str| report.id_hasher.is_some() && is_id(column);
    let asked = |source: Option<usize>, column: &str, of_all: bool| {
        plan.words.iter().position(|asked| asked.source == source && asked.column == column && asked.of_all == of_all)
    };
    let lacking = |said: &Said<'_>, source: Option<usize>, of_all: bool| {
        collected.words[asked(source, said.column, of_all)?].lacking(said, least(said.column), is_hidden(said.column))
    };
    let mut notes: Vec<(Vec<usize>, String)> = Vec::new();
    let mut add = |concerned: Vec<usize>, note: String| match notes.iter_mut().find(|(_, known)| *known == note) {
        Some((known, _)) => known.extend(concerned),
        None => notes.push((concerned, note)),
    };
    if collected.counted.counts.rows_kept == 0 && collected.counted.counts.rows_read > 0 {
        add(requests().map(|(index, _)| index).collect(), format!("`where` keeps none of {} rows", collected.counted.counts.rows_read));
    }
    for (input, left_out) in plan.inputs.iter().zip(&collected.counted.left_out) {
        let left_out: u64 = left_out.iter().sum();
        if left_out > 0 && left_out == collected.counted.counts.rows_kept {
            let by =
                if report.requests[input.requests[0]].conditions.len() > 1 { "`where` and `segment` keep" } else { "its condition keeps" };
            add(input.requests.clone(), format!("{by} none of {left_out} rows"));
        }
    }
    for (request, rows) in collected.counted.between.iter().filter(|(_, rows)| **rows > 0) {
        let rows = match (report.min_group_size.is_some_and(|least| least > 1), rows) {
            (true, _) => "some rows of the report's period are".to_owned(),
            (false, 1) => "1 row of the report's period is".to_owned(),
            (false, rows) => format!("{rows} rows of the report's period are"),
        };
        add(vec![*request], format!("{rows} in none of the periods `{}`", report.requests[*request].grain.as_str()));
    }
    let everyone = || requests().map(|(index, _)| index).collect::<Vec<_>>();
    let sources = table.sources().iter().enumerate().map(|(source, of)| (Some(source), of.table.as_ref()));
    for (source, table) in std::iter::once((None, table)).chain(sources) {
        let of = source.map(|_| format!("`{}`: ", table.name)).unwrap_or_default();
        // A text that means a missing value in every column is to be in any that is read, one of a column there.
        let mut blanks: BTreeMap<(Option<&str>, &str), bool> = BTreeMap::new();
        for blank in &table.blanks {
            let Some(asked) = asked(source, &blank.raw, true) else { continue };
            *blanks.entry((blank.of_column.then_some(blank.column.as_str()), blank.word.as_str())).or_default() |=
                collected.words[asked].has(&blank.word);
        }
        for ((column, word), _) in blanks.into_iter().filter(|(_, is_there)| !is_there) {
            let (whose, by) =
                column.map_or_else(|| ("a column that is read".to_owned(), "null_values"), |column| (format!("`{column}`"), "blank"));
            add(everyone(), format!("{of}no row has `{word}` in {whose}, which `{by}` takes for a missing value"));
        }
        let mut named: Vec<(Option<&str>, &str, &str)> =
            table.named.iter().map(|named| (named.condition.as_deref(), named.named_by.as_str(), named.column.as_str())).collect();
        named.sort_unstable();
        named.dedup();
        for (condition, by, column) in named {
            let of_this = table.named.iter().filter(|named| named.condition.as_deref() == condition && named.column == column);
            let said = Said { column, by, words: of_this.map(|named| named.word.as_str()).collect(), any: false };
            let concerned: Vec<usize> =
                requests().filter(|(_, request)| condition.is_none() || reads(request, condition)).map(|(index, _)| index).collect();
            if let Some(note) = lacking(&said, source, condition.is_none()).filter(|_| !concerned.is_empty()) {
                add(concerned, format!("{of}{note}"));
            }
        }
    }
    for (index, request) in requests() {
        for expected in &request.definition.expected {
            let words = expected.words.iter().map(String::as_str).collect();
            let said = Said { column: request.column(expected.column), by: &expected.named_by, words, any: expected.any };
            if let Some(note) = lacking(&said, None, false) {
                add(vec![index], note);
            }
        }
    }
    notes
}
