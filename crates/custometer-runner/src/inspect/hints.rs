//! What is worth a look before a report is trusted: codes among numbers, repeated ids, values unlike the others.

use std::collections::BTreeMap;

use serde::Serialize;

use super::column::{InspectedColumn, LooksLike};
use super::columns::Columns;
use super::words;
use crate::read::number::NumberStyle;

/// So many different values are too few to say that they are all different.
const FEW: u64 = 20;
/// A scale's neighbours that are common answers are a part of it.
const MOST_NEIGHBOURS: f64 = 0.3;
/// Common scales, the longest first.
const SCALES: [(i64, i64); 4] = [(0, 10), (1, 10), (1, 7), (1, 5)];
/// Numbers that stand for no answer in many surveys.
const CODES: [i64; 19] = [-99, -98, -97, -9, -8, -7, -2, -1, 77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 9999];

/// Something worth a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The columns that it is about; none for the table as a whole.
    pub columns: Vec<String>,
    /// What it is.
    pub what: String,
    /// How many values, over all these columns, it is about; none where it is about the columns themselves.
    pub values: Option<u64>,
}

/// What is said of one column, and of how many of its values.
type Found = Option<(String, Option<u64>)>;

/// Everything that is worth a look, what changes results most first.
pub(super) fn hints(table: &Columns) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    if let Some(rival) = table.rival_numbers {
        let what = format!(
            "numbers could be meant in two ways, {} or {}: choose one in the block",
            style_in_words(table.numbers),
            style_in_words(rival)
        );
        hints.push(Hint { columns: Vec::new(), what, values: None });
    }
    let damaged: u64 = table.faults.values().map(|(rows, _)| rows).sum();
    if let ([only], true) = (table.columns.as_slice(), damaged > 0) {
        let what = format!("one column, and {damaged} rows that are more than one: is this a table?");
        hints.push(Hint { columns: vec![only.name.clone()], what, values: None });
    }
    if let Some(totals) = &table.totals {
        let columns: std::collections::BTreeSet<&String> = totals.labels.iter().map(|(column, _)| column).collect();
        let what = format!("{}: the block says how to leave it out", totals.said());
        hints.push(Hint { columns: columns.into_iter().cloned().collect(), what, values: None });
    }
    let kinds: [&dyn Fn(&InspectedColumn) -> Found; 11] = [
        &ambiguous,
        &hardly_settled,
        &unreadable,
        &missing_words,
        &far_times,
        &apart,
        &neighbours,
        &repeated,
        &with_unit,
        &constant,
        &empty,
    ];
    for kind in kinds {
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for column in &table.columns {
            let Some((what, values)) = kind(column) else { continue };
            // One line for all columns of which the same is to be said.
            if let Some(&position) = found.get(&what) {
                let hint: &mut Hint = &mut hints[position];
                hint.columns.push(column.name.clone());
                hint.values = hint.values.zip(values).map(|(before, more)| before + more);
            } else {
                found.insert(what.clone(), hints.len());
                hints.push(Hint { columns: vec![column.name.clone()], what, values });
            }
        }
    }
    hints
}

pub(super) fn style_in_words(style: NumberStyle) -> String {
    let point = if style.decimal_comma { "a decimal comma" } else { "a decimal point" };
    style.thousands.map_or_else(|| point.to_owned(), |thousands| format!("`{}` between thousands", thousands.0))
}

fn quoted<T: ToString>(values: &[T]) -> String {
    values.iter().map(|value| format!("`{}`", value.to_string())).collect::<Vec<_>>().join(", ")
}

fn ambiguous(column: &InspectedColumn) -> Found {
    let rivals: Vec<&String> = column.time_format.iter().chain(&column.rival_time_formats).collect();
    let or = rivals.iter().map(|format| format!("`{format}`")).collect::<Vec<_>>().join(" or ");
    (rivals.len() > 1).then(|| (format!("every value could be read as {or}: choose one in the block"), None))
}

/// The order of day and month rests on a few values.
fn hardly_settled(column: &InspectedColumn) -> Found {
    let (rival, misses) = column.near_rival.as_ref()?;
    let format = column.time_format.as_ref()?;
    Some((format!("read as `{format}`, since some values can't be `{rival}`"), Some(*misses)))
}

fn unreadable(column: &InspectedColumn) -> Found {
    let kind = match column.looks_like {
        LooksLike::Date | LooksLike::Time => "times like the others",
        LooksLike::Boolean => "true or false",
        _ => "numbers like the others",
    };
    let examples = quoted(&column.unreadable_examples);
    (column.unreadable > 0).then(|| (format!("some values are not {kind}, such as {examples}"), Some(column.unreadable)))
}

fn missing_words(column: &InspectedColumn) -> Found {
    let words = &column.missing_words;
    (!words.is_empty()).then(|| (format!("{} among the values, and missing values in the block", quoted(words)), None))
}

/// The first and last times that databases write for none.
fn far_times(column: &InspectedColumn) -> Found {
    if !matches!(column.looks_like, LooksLike::Date | LooksLike::Time) {
        return None;
    }
    let is_far = |time: &String| {
        time.starts_with("1900-01-01") || time.starts_with("1970-01-01") || time.as_str() < "1900" || time.as_str() > "2200"
    };
    let far: Vec<String> = [&column.min, &column.max].into_iter().flatten().map(ToString::to_string).filter(is_far).collect();
    (!far.is_empty()).then(|| (format!("{} may stand for no time", quoted(&far)), None))
}

/// The different whole numbers of a column, with how many rows have each, where they are few.
fn wholes(column: &InspectedColumn) -> Option<BTreeMap<i64, u64>> {
    if column.looks_like != LooksLike::WholeNumber || words::are_of_id(&column.name) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "what looks like whole numbers is whole, and few digits long")]
    let whole = |(text, rows): (&String, &u64)| Some((column.number(text)? as i64, *rows));
    column.counts().map(|counts| counts.iter().filter_map(whole).collect())
}

/// Numbers outside of what a column seems to hold, that may mean no answer: those far away from a small scale, or just beside one.
pub(super) fn no_answers(column: &InspectedColumn) -> Vec<i64> {
    let apart = numbers_apart(column).map(|(apart, ..)| apart).unwrap_or_default();
    if apart.is_empty() { numbers_beside(column).map(|(beside, ..)| beside).unwrap_or_default() } else { apart }
}

fn numbers_apart(column: &InspectedColumn) -> Option<(Vec<i64>, (i64, i64), u64)> {
    let counts = wholes(column)?;
    let (apart, rest): (Vec<i64>, Vec<i64>) = counts.keys().partition(|number| CODES.contains(number));
    let (min, max) = (*rest.first()?, *rest.last()?);
    let far = min >= 0 && max <= 20 && rest.len() > 1 && apart.iter().all(|code| *code < min || *code > max + 10);
    let rows = apart.iter().map(|code| counts[code]).sum();
    (far && !apart.is_empty()).then_some((apart, (min, max), rows))
}

fn apart(column: &InspectedColumn) -> Found {
    let (apart, (min, max), rows) = numbers_apart(column)?;
    Some((format!("{} is far from {min} to {max}, and may mean no answer", quoted(&apart)), Some(rows)))
}

fn numbers_beside(column: &InspectedColumn) -> Option<(Vec<i64>, (i64, i64), u64)> {
    let counts = wholes(column)?;
    let all: u64 = counts.values().sum();
    if SCALES.iter().any(|&(min, max)| counts.keys().copied().eq(min..=max)) {
        return None;
    }
    SCALES.into_iter().find_map(|(min, max)| {
        let beside: Vec<i64> = counts.keys().copied().filter(|number| !(min..=max).contains(number)).collect();
        let rows: u64 = beside.iter().map(|number| counts[number]).sum();
        let is_scale = (min..=max).all(|number| counts.contains_key(&number));
        let near = beside.iter().all(|number| *number == min - 1 || *number == max + 1);
        let few = rows as f64 <= MOST_NEIGHBOURS * all as f64;
        (is_scale && near && few && !beside.is_empty()).then_some((beside, (min, max), rows))
    })
}

fn neighbours(column: &InspectedColumn) -> Found {
    let (beside, (min, max), rows) = numbers_beside(column)?;
    Some((format!("{} is beside a scale from {min} to {max}, and may mean no answer", quoted(&beside)), Some(rows)))
}

/// Whether a column seems to tell rows apart, and some do not.
pub(super) fn is_repeated_id(column: &InspectedColumn) -> bool {
    let tells_apart = matches!(column.looks_like, LooksLike::Text | LooksLike::Code | LooksLike::WholeNumber);
    let mostly = column.repeats > 0 && column.repeats * 10 <= column.distinct.count && column.distinct.count > FEW;
    tells_apart && mostly && words::are_of_id(&column.name)
}

fn repeated(column: &InspectedColumn) -> Found {
    let what = "some rows repeat a value that is most rows' own: are they duplicates?";
    is_repeated_id(column).then(|| (what.to_owned(), Some(column.repeats)))
}

/// Numbers that are text, because a unit stands beside them.
fn with_unit(column: &InspectedColumn) -> Found {
    const UNITS: [&str; 16] = ["kr", "kr.", "dkk", "sek", "nok", "eur", "usd", "gbp", "chf", "€", "$", "£", "%", ",-", "kr,-", "isk"];
    if column.looks_like != LooksLike::Text || column.examples.is_empty() {
        return None;
    }
    let unit = |text: &String| {
        let number = |character: char| character.is_ascii_digit() || "+-−".contains(character);
        let (start, end) = (text.find(number)?, text.rfind(|character: char| character.is_ascii_digit())? + 1);
        let is_number = super::looks::styles().any(|style| style.parse(text.get(start..end).unwrap_or_default()).is_some());
        let unit = format!("{}{}", text[..start].trim(), text[end..].trim());
        (is_number && UNITS.contains(&unit.to_lowercase().as_str())).then_some(unit)
    };
    let units: Vec<String> = column.examples.iter().filter_map(unit).collect();
    (units.len() == column.examples.len()).then(|| (format!("numbers with `{}`, which are read as text", units[0]), None))
}

fn constant(column: &InspectedColumn) -> Found {
    let same = column.distinct.is_exact && column.distinct.count == 1 && column.present() > FEW;
    (same && column.missing == 0).then(|| ("the same value in every row".to_owned(), None))
}

fn empty(column: &InspectedColumn) -> Found {
    (column.looks_like == LooksLike::Nothing && column.missing > 0).then(|| ("no value in any row".to_owned(), None))
}
