//! Notes on words that a report names and no row has.

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
    let lacking = |said: &Said<'_>, of_all: bool| {
        let words = plan.words.iter().position(|asked| asked.column == said.column && asked.of_all == of_all)?;
        collected.words[words].lacking(said, least(said.column), is_hidden(said.column))
    };
    let mut notes: Vec<(Vec<usize>, String)> = Vec::new();
    let mut add = |concerned: Vec<usize>, note: String| match notes.iter_mut().find(|(_, known)| *known == note) {
        Some((known, _)) => known.extend(concerned),
        None => notes.push((concerned, note)),
    };
    if collected.rows_kept == 0 && collected.rows_read > 0 {
        add(requests().map(|(index, _)| index).collect(), format!("`where` keeps none of {} rows", collected.rows_read));
    }
    for (input, left_out) in plan.inputs.iter().zip(&collected.left_out) {
        if *left_out > 0 && *left_out == collected.rows_kept {
            let by =
                if report.requests[input.requests[0]].conditions.len() > 1 { "`where` and `segment` keep" } else { "its condition keeps" };
            add(input.requests.clone(), format!("{by} none of {left_out} rows"));
        }
    }
    let everyone = || requests().map(|(index, _)| index).collect::<Vec<_>>();
    // A text that means a missing value in every column is to be in any that is read, one of a column there.
    let mut blanks: BTreeMap<(Option<&str>, &str), bool> = BTreeMap::new();
    for blank in &table.blanks {
        let Some(asked) = plan.words.iter().position(|asked| asked.column == blank.raw) else { continue };
        *blanks.entry((blank.of_column.then_some(blank.column.as_str()), blank.word.as_str())).or_default() |=
            collected.words[asked].has(&blank.word);
    }
    for ((column, word), _) in blanks.into_iter().filter(|(_, is_there)| !is_there) {
        match column {
            Some(column) => add(everyone(), format!("no row has `{word}` in `{column}`, which `blank` takes for a missing value")),
            None => add(everyone(), format!("no row has `{word}` in a column that is read, which `null_values` takes for a missing value")),
        }
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
        if let Some(note) = lacking(&said, condition.is_none()).filter(|_| !concerned.is_empty()) {
            add(concerned, note);
        }
    }
    for (index, request) in requests() {
        for expected in &request.definition.expected {
            let words = expected.words.iter().map(String::as_str).collect();
            let said = Said { column: request.column(expected.column), by: &expected.named_by, words, any: expected.any };
            if let Some(note) = lacking(&said, false) {
                add(vec![index], note);
            }
        }
    }
    notes
}
