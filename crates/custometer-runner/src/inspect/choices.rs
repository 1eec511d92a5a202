//! What could be meant in two ways in a table.

use super::block::{self, Wanted};
use super::candidates::Match;
use super::choice::{Answer, Choice, LINES, MINOR_UNITS, NUMBERS, REPEATED, TOTALS, column, time_format};
use super::column::{InspectedColumn, LooksLike};
use super::hints::{is_repeated_id, style_in_words};
use super::toml_text::quoted;
use crate::read::number::NumberStyle;
use crate::read::values::is_of_currencies;

/// All choices of a table.
pub(super) fn choices(wanted: &Wanted<'_>) -> Vec<Choice> {
    let mut choices = numbers(wanted);
    choices.extend(times(wanted));
    choices.extend(which_column(wanted));
    choices.extend(by_type(wanted));
    choices.extend(lines(wanted));
    choices.extend(totals(wanted));
    choices.extend(minor_units(wanted));
    choices.extend(repeated(wanted));
    choices
}

fn answer(means: impl Into<String>, says: impl Into<String>) -> Answer {
    Answer { means: means.into(), says: says.into() }
}

fn numbers(wanted: &Wanted<'_>) -> Vec<Choice> {
    let Some(rival) = wanted.table.rival_numbers else { return Vec::new() };
    let of_style = |style: NumberStyle| answer(style_in_words(style), block::number_settings(style).join("\n"));
    let are_numbers = |looks: LooksLike| matches!(looks, LooksLike::Number | LooksLike::WholeNumber);
    let columns = wanted.table.columns.iter().filter(|column| are_numbers(column.looks_like)).map(|column| column.name.clone());
    vec![Choice {
        key: NUMBERS.to_owned(),
        asks: "how are numbers written?".to_owned(),
        options: vec![of_style(wanted.table.numbers), of_style(rival)],
        columns: columns.collect(),
        is_needed: true,
    }]
}

fn times(wanted: &Wanted<'_>) -> Vec<Choice> {
    let open = wanted.table.columns.iter().filter(|column| !column.rival_time_formats.is_empty());
    let choice = |column: &InspectedColumn| Choice {
        key: time_format(&column.name),
        asks: format!("how are the times in `{}` written, such as `{}`?", column.name, column.examples.join("`, `")),
        options: column
            .time_format
            .iter()
            .chain(&column.rival_time_formats)
            .map(|format| answer(format.clone(), format!("{} = {}", time_format(&column.name), quoted(format))))
            .collect(),
        columns: vec![column.name.clone()],
        is_needed: true,
    };
    open.map(choice).collect()
}

fn which_column(wanted: &Wanted<'_>) -> Vec<Choice> {
    let of = wanted.best.into_iter().flat_map(|best| &best.columns).filter(|of| !of.rivals.is_empty() && !of.by_type_alone);
    let choice = |of: &Match| Choice {
        key: column(&of.logical),
        asks: format!("which column is `{}`?", of.logical),
        options: std::iter::once(&of.column)
            .chain(&of.rivals)
            .map(|name| answer(format!("`{name}`"), format!("{} = {}", column(&of.logical), quoted(name))))
            .collect(),
        columns: vec![of.column.clone()],
        is_needed: true,
    };
    of.map(choice).collect()
}

/// Columns of which nothing but what they hold says what they are.
fn by_type(wanted: &Wanted<'_>) -> Vec<Choice> {
    let of = wanted.best.into_iter().flat_map(|best| &best.columns).filter(|of| of.by_type_alone);
    let choice = |of: &Match| Choice {
        key: column(&of.logical),
        asks: format!("is `{}` the `{}`? Only what it holds says so.", of.column, of.logical),
        options: vec![answer("yes", format!("{} = {}", column(&of.logical), quoted(&of.column)))],
        columns: vec![of.column.clone()],
        is_needed: true,
    };
    of.map(choice).collect()
}

fn lines(wanted: &Wanted<'_>) -> Vec<Choice> {
    let Some((best, params)) = wanted.best.and_then(|best| Some((best, best.lines.as_ref()?))) else { return Vec::new() };
    let repeated = wanted.table.columns.iter().find(|column| is_repeated_id(column));
    let says = format!("params = {{ {params} }}");
    let mut options = vec![answer("a line: the rows of one id are one", says), answer("one of its own, whatever id it has", String::new())];
    options.extend(repeated.map(|column| {
        answer("one of its own; rows that repeat an id are duplicates", format!("deduplicate = [{}]", quoted(&column.name)))
    }));
    // Where each id has a few rows, they are lines; where hardly any id comes twice, they may be duplicates as well.
    let is_needed = repeated.is_some();
    let row = best.table.strip_suffix('s').unwrap_or(&best.table);
    vec![Choice {
        key: LINES.to_owned(),
        asks: format!("some rows share an id: is a row one {row}, or a line of it?"),
        options,
        columns: Vec::new(),
        is_needed,
    }]
}

fn totals(wanted: &Wanted<'_>) -> Vec<Choice> {
    let Some(totals) = wanted.totals else { return Vec::new() };
    vec![Choice {
        key: TOTALS.to_owned(),
        asks: format!("{}: is it data?", totals.said()),
        options: vec![answer("no: leave it out", block::without_totals(totals)), answer("yes: it is a row like the others", String::new())],
        columns: Vec::new(),
        is_needed: true,
    }]
}

fn minor_units(wanted: &Wanted<'_>) -> Vec<Choice> {
    let Some(minor) = wanted.table.columns.iter().find(|column| block::is_of_minor_units(&column.name)) else { return Vec::new() };
    vec![Choice {
        key: MINOR_UNITS.to_owned(),
        asks: format!("does `{}` count the smallest units of a currency, such as cents?", minor.name),
        options: vec![answer("yes: a hundred of them are one", "amounts_in = \"minor_units\"".to_owned()), answer("no", String::new())],
        columns: vec![minor.name.clone()],
        is_needed: true,
    }]
}

fn repeated(wanted: &Wanted<'_>) -> Option<Choice> {
    if wanted.best.is_some_and(|best| best.lines.is_some()) {
        return None;
    }
    let column = wanted.table.columns.iter().find(|column| is_repeated_id(column) && !is_of_currencies(&column.name))?;
    Some(Choice {
        key: REPEATED.to_owned(),
        asks: format!("some rows repeat a `{}`: are they duplicates?", column.name),
        options: vec![answer("yes: one of them counts", format!("deduplicate = [{}]", quoted(&column.name))), answer("no", String::new())],
        columns: Vec::new(),
        is_needed: false,
    })
}
