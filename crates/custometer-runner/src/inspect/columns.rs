//! What is said of columns: how their first rows may be read, and what all rows come to when they are.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::dimension::DimensionValue;
use polars::prelude::{Column, DataFrame, DataType, PolarsError};

use super::column::{Distinct, InspectedColumn, LooksLike};
use super::looks::{self, Reading};
use super::tally::{self, Asked, Faults, Read, Tally, Totals};
use crate::read::cell_format::CellFormat;
use crate::read::files::{self, Opened};
use crate::read::number::NumberStyle;
use crate::read::text::FileIndex;
use crate::read::time_format::TimeFormat;

/// So many values of a column are shown.
const EXAMPLES: usize = 3;

/// A table's columns, before anything is said of the table as a whole.
pub(super) struct Columns {
    pub(super) columns: Vec<InspectedColumn>,
    pub(super) numbers: NumberStyle,
    /// Another style that gives other numbers.
    pub(super) rival_numbers: Option<NumberStyle>,
    pub(super) faults: Faults,
    pub(super) totals: Option<Totals>,
}

impl Columns {
    pub(super) fn of(opened: &Opened, indices: &[FileIndex]) -> Result<Self, PolarsError> {
        let names: Vec<String> = opened.schema.iter_names().map(ToString::to_string).collect();
        let (mut asked, numbers, rival_numbers) = asked(opened, &names)?;
        let (mut tallies, faults, totals) = tally::tally(opened, indices, &asked, numbers)?;
        // What the first rows lack may come later: then it is told from the first values that do.
        let mut again = Vec::new();
        for (position, (column, tally)) in asked.iter_mut().zip(&tallies).enumerate() {
            let looked_at = opened.sample.column(&column.name).is_ok_and(|values| texts_of(values).next().is_some());
            if !looked_at && tally.present > 0 && column.stored == DataType::String {
                column.readings = looks::of_texts(&column.name, &tally.first, numbers);
                column.formed = !column.readings.is_empty();
                again.push(position);
            }
        }
        again.retain(|&position| asked[position].formed);
        if !again.is_empty() {
            let asked: Vec<Asked> = again.iter().map(|&position| asked[position].clone()).collect();
            let (new, ..) = tally::tally(opened, indices, &asked, numbers)?;
            new.into_iter().zip(again).for_each(|(tally, position)| tallies[position] = tally);
        }
        // A program writes all times of a table alike: where day and month are told apart in one column, they are in the others.
        let settled: BTreeSet<String> = asked.iter().zip(&tallies).filter_map(|(asked, tally)| settled_format(asked, tally)).collect();
        let columns = asked.iter().zip(tallies).map(|(asked, tally)| column(asked, tally, numbers, &settled)).collect();
        Ok(Self { columns, numbers, rival_numbers, faults, totals })
    }
}

fn texts_of(values: &Column) -> impl Iterator<Item = String> {
    let texts: Vec<String> =
        values.str().map(|texts| texts.iter().flatten().map(|text| text.trim().to_owned()).collect()).unwrap_or_default();
    texts.into_iter().filter(|text| !text.is_empty())
}

/// The ways to read each column, as the first rows say, and the style of numbers with its rival.
pub(super) fn asked(opened: &Opened, names: &[String]) -> Result<(Vec<Asked>, NumberStyle, Option<NumberStyle>), PolarsError> {
    let sample: &DataFrame = &opened.sample;
    let texts = names.iter().map(|name| Ok(texts_of(sample.column(name)?).collect::<Vec<_>>()));
    let texts = texts.collect::<Result<Vec<Vec<String>>, PolarsError>>()?;
    let (numbers, rival) = looks::number_style(&texts);
    let asked = names.iter().zip(&texts).map(|(name, texts)| {
        let stored = opened.schema.get(name).map(files::as_value).cloned().unwrap_or(DataType::String);
        let is_text = stored == DataType::String;
        let readings = if is_text { looks::of_texts(name, texts, numbers) } else { looks::of_stored(&stored) };
        let codes = texts.iter().filter(|text| looks::is_code(text)).count();
        let formed = is_text && (!readings.is_empty() || codes * 2 > texts.len());
        Asked { name: name.clone(), stored, readings, formed }
    });
    Ok((asked.collect(), numbers, rival))
}

/// The readings of a column, the one that fits most values first.
fn by_fit(tally: &Tally) -> Vec<usize> {
    // The sort is stable: of equally good readings the first stays the first.
    let mut order: Vec<usize> = (0..tally.read.len()).collect();
    order.sort_by_key(|&reading| std::cmp::Reverse(tally.read[reading].fitting));
    order
}

/// The other readings that fit as well as the best one, and give other times.
fn rivals_of(order: &[usize], tally: &Tally) -> Vec<usize> {
    let Some((&best, others)) = order.split_first() else { return Vec::new() };
    let best = &tally.read[best];
    let is_rival = |other: &&usize| tally.read[**other].fitting == best.fitting && tally.read[**other].sum != best.sum;
    others.iter().filter(is_rival).copied().collect()
}

/// How a column's times are written, where only one way fits best.
fn settled_format(asked: &Asked, tally: &Tally) -> Option<String> {
    let order = by_fit(tally);
    let settled = order.first().filter(|_| rivals_of(&order, tally).is_empty())?;
    declared(&asked.readings[*settled])
}

/// What is said of a column whose values were counted. Of equally good ways to read times, one of those that are settled elsewhere is taken.
fn column(asked: &Asked, tally: Tally, numbers: NumberStyle, settled: &BTreeSet<String>) -> InspectedColumn {
    let mut order = by_fit(&tally);
    let mut rivals = rivals_of(&order, &tally);
    let is_settled = |reading: &usize| declared(&asked.readings[*reading]).is_some_and(|format| settled.contains(&format));
    let alike: Vec<usize> = order.first().into_iter().chain(&rivals).copied().filter(is_settled).collect();
    if let ([one], false) = (alike.as_slice(), rivals.is_empty()) {
        order.retain(|reading| reading != one);
        order.insert(0, *one);
        rivals.clear();
    }
    let best = order.first().map(|&best| (&asked.readings[best], &tally.read[best]));
    let rivals: Vec<String> = rivals.iter().filter_map(|&other| declared(&asked.readings[other])).collect();
    let near_rival = order.get(1).filter(|_| rivals.is_empty()).and_then(|&other| {
        let misses = best?.1.fitting - tally.read[other].fitting;
        Some((declared(&asked.readings[other])?, misses)).filter(|(_, misses)| *misses > 0)
    });
    let looks_like = looks_like(asked, &tally, best);
    let (min, max) = ends(looks_like, best.map(|(_, read)| read), &tally);
    let is_local_time = match best {
        Some((Reading::Time { formats, .. }, _)) => formats.iter().any(TimeFormat::is_local),
        Some((Reading::Stored(DataType::Datetime(_, zone)), _)) => zone.is_none(),
        _ => false,
    };
    let rows = tally.present + tally.missing;
    let unreadable = best.map_or(0, |(_, read)| tally.present.saturating_sub(read.fitting));
    let is_text = matches!(looks_like, LooksLike::Text | LooksLike::Code);
    InspectedColumn {
        name: asked.name.clone(),
        looks_like,
        time_format: best.and_then(|(reading, _)| declared(reading)),
        format: best.and_then(|(reading, _)| if let Reading::Cells { declared, .. } = reading { Some(declared.clone()) } else { None }),
        rival_time_formats: rivals,
        near_rival,
        is_local_time,
        missing: tally.missing,
        missing_share: (rows > 0).then(|| tally.missing as f64 / rows as f64),
        distinct: Distinct { count: tally.distinct, is_exact: tally.is_exact() },
        min,
        max,
        shortest: tally.lengths.filter(|_| is_text).map(|(shortest, _)| shortest),
        longest: tally.lengths.filter(|_| is_text).map(|(_, longest)| longest),
        examples: tally.first.iter().take(EXAMPLES).cloned().collect(),
        unreadable,
        unreadable_examples: best.filter(|_| unreadable > 0).map(|(_, read)| read.others.clone()).unwrap_or_default(),
        missing_words: tally.words.keys().map(ToString::to_string).collect(),
        present: tally.present,
        repeats: tally.repeats,
        values: tally.counts,
        numbers,
    }
}

fn declared(reading: &Reading) -> Option<String> {
    if let Reading::Time { declared, .. } = reading { declared.clone() } else { None }
}

fn looks_like(asked: &Asked, tally: &Tally, best: Option<(&Reading, &Read)>) -> LooksLike {
    match best {
        _ if asked.stored.is_nested() || asked.stored.is_binary() => LooksLike::Nested,
        _ if tally.present == 0 => LooksLike::Nothing,
        Some((Reading::Cells { format: CellFormat::Number(_) | CellFormat::Currency(_), .. } | Reading::Number, read))
            if !read.fractions =>
        {
            LooksLike::WholeNumber
        }
        Some((Reading::Boolean | Reading::Stored(DataType::Boolean) | Reading::Cells { format: CellFormat::Flag { .. }, .. }, _)) => {
            LooksLike::Boolean
        }
        Some((Reading::Time { formats, .. }, _)) if formats.iter().all(TimeFormat::is_date) => LooksLike::Date,
        Some((Reading::Stored(DataType::Date), _)) => LooksLike::Date,
        Some((Reading::Time { .. } | Reading::Stored(DataType::Datetime(..)), _)) => LooksLike::Time,
        Some((Reading::Stored(stored), _)) if stored.is_integer() => LooksLike::WholeNumber,
        Some((Reading::Number | Reading::Stored(_) | Reading::Cells { .. }, _)) => LooksLike::Number,
        None if asked.formed => LooksLike::Code,
        None => LooksLike::Text,
    }
}

/// The smallest and the largest value.
fn ends(looks_like: LooksLike, read: Option<&Read>, tally: &Tally) -> (Option<DimensionValue>, Option<DimensionValue>) {
    let both = |ends: Option<(DimensionValue, DimensionValue)>| ends.map_or((None, None), |(min, max)| (Some(min), Some(max)));
    let time = |micros: i64| {
        let time = jiff::Timestamp::from_microsecond(micros).ok()?.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let text = if looks_like == LooksLike::Date { time.date().to_string() } else { time.to_string().replace('T', " ") };
        Some(DimensionValue::Text(text))
    };
    match looks_like {
        LooksLike::WholeNumber | LooksLike::Number => {
            let wholes = read.and_then(|read| read.whole).map(|(min, max)| (min.into(), max.into()));
            both(wholes.or_else(|| read.and_then(|read| read.number).map(|(min, max)| (min.into(), max.into()))))
        }
        LooksLike::Date | LooksLike::Time => both(read.and_then(|read| read.whole).and_then(|(min, max)| Some((time(min)?, time(max)?)))),
        LooksLike::Text | LooksLike::Code => {
            both(tally.ends.clone().map(|(first, last)| (DimensionValue::Text(first), DimensionValue::Text(last))))
        }
        _ => (None, None),
    }
}

/// Names for columns without any, by what they hold.
pub(super) fn proposed_names(columns: &[Asked]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let names = columns.iter().map(|column| {
        let name = match column.readings.first() {
            Some(Reading::Time { .. }) => "time",
            Some(Reading::Boolean | Reading::Cells { format: CellFormat::Flag { .. }, .. }) => "flag",
            Some(Reading::Number | Reading::Cells { .. }) => "number",
            _ if column.formed => "id",
            _ => "text",
        };
        let count = seen.entry(name).or_default();
        *count += 1;
        if *count > 1 { format!("{name}_{count}") } else { name.to_owned() }
    });
    names.collect()
}
