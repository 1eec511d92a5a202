//! What all values of a column come to: counted in one pass over the files, in bounded memory.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use polars::lazy::prelude::OptFlags;
use polars::prelude::{AnyValue, Column, DataFrame, DataType, Engine, Expr, PlanCallback, PolarsResult, col};

use super::looks::{self, MISSING, Reading};
use crate::read::files::Opened;
use crate::read::number::NumberStyle;
use crate::read::scan::ROW;
use crate::read::text::{FAULT, Fault, FileIndex};

/// So many different values of a column are told apart; of more it is said that there are more.
const MOST_DISTINCT: usize = 100_000;
/// So many are counted one by one.
const MOST_COUNTED: usize = 30;
/// So many of the first different values are kept.
const MOST_KEPT: usize = 200;
/// How much of a long text is kept.
const LONGEST: usize = 200;

/// A column, and the ways to read it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) stored: DataType,
    /// None where the values are no more than text.
    pub(super) readings: Vec<Reading>,
    /// Whether the values have a form, so that words such as `NULL` among them mean that there is no value.
    pub(super) formed: bool,
}

/// What a column's values come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) present: u64,
    pub(super) missing: u64,
    /// Texts that mean a missing value, and how many there are.
    pub(super) words: BTreeMap<&'static str, u64>,
    /// Hashes of the different values, until there are too many.
    seen: Option<HashSet<u64>>,
    /// How many different values there are at least.
    pub(super) distinct: u64,
    /// How many rows repeat another's value, among the first rows: as many as it took until there were too many values.
    pub(super) repeats: u64,
    /// How often each value comes, where there are few.
    pub(super) counts: Option<BTreeMap<String, u64>>,
    /// The first different values.
    pub(super) first: Vec<String>,
    /// The lengths of the shortest and the longest text, in characters.
    pub(super) lengths: Option<(usize, usize)>,
    /// The first and the last text by the alphabet.
    pub(super) ends: Option<(String, String)>,
    pub(super) read: Vec<Read>,
}

/// What the values come to when they are read in one way.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub(super) fitting: u64,
    /// The smallest and the largest whole number, or microsecond.
    pub(super) whole: Option<(i64, i64)>,
    /// The smallest and the largest number that may have a fraction.
    pub(super) number: Option<(f64, f64)>,
    /// Whether any number has a fraction.
    pub(super) fractions: bool,
    /// Tells readings apart that come to different values.
    pub(super) sum: i64,
    /// A few values that can't be read.
    pub(super) others: Vec<String>,
}

/// Rows that have only a total in them: a label such as `Total`, numbers, and nothing else.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) rows: u64,
    /// The different labels, each with its column.
    pub(super) labels: BTreeSet<(String, String)>,
    /// How many lines they are, where they are the last ones of the only file.
    pub(super) at_the_end: Option<u64>,
    first_row: Option<u64>,
}

impl Totals {
    /// The totals, in words.
    pub(super) fn said(&self) -> String {
        let labels: BTreeSet<&str> = self.labels.iter().map(|(_, label)| label.as_str()).collect();
        let labels = labels.into_iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        if self.rows == 1 {
            format!("a row has only a total in it, {labels}")
        } else {
            format!("{} rows have only totals in them, {labels}", self.rows)
        }
    }

    /// Adds the rows of a batch that have only a total in them.
    fn add(&mut self, rows: &DataFrame, names: &[&str], labelled: &BTreeMap<usize, usize>) -> PolarsResult<()> {
        let numbers = rows.column(ROW).ok().and_then(|numbers| numbers.cast(&DataType::UInt64).ok());
        for (&row, &column) in labelled {
            let texts = names.iter().map(|name| rows.column(name).and_then(|cells| cells.get(row)).map(|value| text_of(&value)));
            let texts = texts.collect::<PolarsResult<Vec<String>>>()?;
            let others = || texts.iter().enumerate().filter(|(other, _)| *other != column).map(|(_, text)| text.trim());
            let is_number = |text: &str| looks::styles().any(|style| style.parse(text).is_some());
            if others().all(|text| text.is_empty() || is_number(text))
                && others().any(str::is_empty)
                && others().any(|text| !text.is_empty())
            {
                self.rows += 1;
                if self.labels.len() < MOST_COUNTED {
                    self.labels.insert((names[column].to_owned(), texts[column].trim().to_owned()));
                }
                let number = numbers.as_ref().and_then(|numbers| numbers.u64().ok()?.get(row));
                self.first_row = self.first_row.into_iter().chain(number).min();
            }
        }
        Ok(())
    }
}

fn text_of(value: &AnyValue<'_>) -> String {
    if value.is_null() { String::new() } else { value.to_string().trim_matches('"').to_owned() }
}

/// Whether a cell says that its row is a total.
fn is_total(text: &str) -> bool {
    const TOTALS: [&str; 17] = [
        "total",
        "totals",
        "grand total",
        "subtotal",
        "sub total",
        "sum",
        "sums",
        "i alt",
        "ialt",
        "sum i alt",
        "totalt",
        "summa",
        "summe",
        "gesamt",
        "gesamtsumme",
        "zwischensumme",
        "totaal",
    ];
    text.len() < 24 && TOTALS.contains(&text.trim_end_matches([':', '.']).trim().to_lowercase().as_str())
}

/// Damaged rows: how many of each kind, and the first one, from 0.
pub(super) type Faults = BTreeMap<i32, (u64, u64)>;

impl Tally {
    fn new(readings: usize) -> Self {
        Self { seen: Some(HashSet::new()), counts: Some(BTreeMap::new()), read: vec![Read::default(); readings], ..Self::default() }
    }

    /// Whether all different values were told apart.
    pub(super) fn is_exact(&self) -> bool {
        self.seen.is_some()
    }

    fn add(&mut self, text: &str) {
        self.present += 1;
        self.add_text(text);
        let Some(seen) = &mut self.seen else { return };
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let is_new = seen.insert(hasher.finish());
        self.distinct += u64::from(is_new);
        self.repeats += u64::from(!is_new);
        if is_new && self.first.len() < MOST_KEPT {
            self.first.push(text.chars().take(LONGEST).collect());
        }
        if seen.len() > MOST_DISTINCT {
            self.seen = None;
        }
        if let Some(counts) = &mut self.counts {
            *counts.entry(text.to_owned()).or_default() += 1;
            if counts.len() > MOST_COUNTED {
                self.counts = None;
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        let length = text.chars().count();
        self.lengths = Some(self.lengths.map_or((length, length), |(short, long)| (short.min(length), long.max(length))));
        let cut = || text.chars().take(LONGEST).collect::<String>();
        match &mut self.ends {
            None => self.ends = Some((cut(), cut())),
            Some((first, last)) => {
                if text < first.as_str() {
                    *first = cut();
                }
                if text > last.as_str() {
                    *last = cut();
                }
            }
        }
    }

    /// Counts a column of a batch. Rows whose cell says that they are totals are added to `labelled`.
    fn add_column(&mut self, column: &Column, read: &[&Column], formed: bool, mut labelled: impl FnMut(usize)) -> PolarsResult<()> {
        if column.dtype().is_nested() || column.dtype().is_binary() {
            self.missing += column.null_count() as u64;
            self.present += (column.len() - column.null_count()) as u64;
            return Ok(());
        }
        let texts = column.cast(&DataType::String)?;
        let texts = texts.str()?;
        for (row, text) in texts.iter().enumerate() {
            let text = text.map(str::trim).unwrap_or_default();
            if is_total(text) {
                labelled(row);
            }
            let word = if formed { MISSING.iter().find(|word| **word == text) } else { None };
            if let Some(word) = word {
                *self.words.entry(word).or_default() += 1;
            }
            if text.is_empty() || word.is_some() {
                self.missing += 1;
            } else {
                self.add(text);
            }
        }
        for (of, values) in self.read.iter_mut().zip(read) {
            of.add(values)?;
            if of.others.len() < 3 && values.null_count() > 0 {
                let is_null = values.is_null();
                let unread = texts.iter().zip(is_null.iter()).filter(|(_, null)| null.unwrap_or(true));
                let unread = unread.filter_map(|(text, _)| text.map(str::trim)).filter(|text| !text.is_empty() && !MISSING.contains(text));
                for text in unread {
                    let text: String = text.chars().take(LONGEST).collect();
                    if of.others.len() < 3 && !of.others.contains(&text) {
                        of.others.push(text);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Read {
    fn add(&mut self, values: &Column) -> PolarsResult<()> {
        self.fitting += (values.len() - values.null_count()) as u64;
        match values.dtype() {
            DataType::Int64 => {
                for value in values.i64()?.iter().flatten() {
                    self.whole = Some(self.whole.map_or((value, value), |(min, max)| (min.min(value), max.max(value))));
                    self.sum = self.sum.wrapping_add(value);
                }
            }
            DataType::Float64 => {
                for value in values.f64()?.iter().flatten() {
                    self.number = Some(self.number.map_or((value, value), |(min, max)| (min.min(value), max.max(value))));
                    self.fractions |= value.fract() != 0.0;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Goes through all rows, and counts what is asked of their columns. Damaged rows are counted, and are not part of the rest.
#[expect(clippy::disallowed_methods, reason = "the files are gone through here")]
pub(super) fn tally(
    opened: &Opened,
    indices: &[FileIndex],
    asked: &[Asked],
    numbers: NumberStyle,
) -> PolarsResult<(Vec<Tally>, Faults, Option<Totals>)> {
    let wanted: BTreeSet<String> = asked.iter().map(|column| column.name.clone()).collect();
    let is_text = opened.format.has_records();
    let mut select: Vec<Expr> = is_text.then(|| [col(ROW), col(FAULT)]).into_iter().flatten().collect();
    for (position, column) in asked.iter().enumerate() {
        select.push(col(column.name.as_str()));
        let read = column.readings.iter().enumerate().map(|(reading, of)| {
            let values = of.values(&column.name, numbers);
            values.alias(read_name(position, reading))
        });
        select.extend(read);
    }
    let tallies: Vec<Tally> = asked.iter().map(|column| Tally::new(column.readings.len())).collect();
    let sums = (tallies, Faults::new(), Totals::default());
    let sums = Arc::new(Mutex::new(sums));
    let add = {
        let (sums, asked) = (Arc::clone(&sums), asked.to_vec());
        move |rows: DataFrame| -> PolarsResult<bool> {
            let (tallies, faults, totals) = &mut *sums.lock().unwrap_or_else(PoisonError::into_inner);
            let rows = if is_text { whole_rows(rows, faults)? } else { rows };
            let mut labelled: BTreeMap<usize, usize> = BTreeMap::new();
            for (position, (tally, column)) in tallies.iter_mut().zip(&asked).enumerate() {
                let read = (0..column.readings.len()).map(|reading| rows.column(&read_name(position, reading)));
                let read = read.collect::<PolarsResult<Vec<_>>>()?;
                tally.add_column(rows.column(&column.name)?, &read, column.formed, |row| {
                    labelled.entry(row).or_insert(position);
                })?;
            }
            if !labelled.is_empty() {
                let names: Vec<&str> = asked.iter().map(|column| column.name.as_str()).collect();
                totals.add(&rows, &names, &labelled)?;
            }
            // Whether it has seen enough.
            Ok(false)
        }
    };
    let rows = opened.rows(indices, wanted, None)?.select(select).sink_batches(PlanCallback::new(add), true, None)?;
    rows.with_optimizations(OptFlags::default() | OptFlags::STREAMING).collect_with_engine(Engine::Streaming)?;
    let (tallies, faults, mut totals) = std::mem::take(&mut *sums.lock().unwrap_or_else(PoisonError::into_inner));
    if let ([only], Some(first)) = (indices, totals.first_row) {
        totals.at_the_end = Some(only.rows - first).filter(|lines| *lines == totals.rows);
    }
    Ok((tallies, faults, Some(totals).filter(|totals| totals.rows > 0)))
}

fn read_name(column: usize, reading: usize) -> String {
    format!("__read{column}_{reading}")
}

/// The rows that are not damaged; the others are counted.
fn whole_rows(rows: DataFrame, faults: &mut Faults) -> PolarsResult<DataFrame> {
    let codes = rows.column(FAULT)?;
    if codes.null_count() == rows.height() {
        return Ok(rows);
    }
    let numbers = rows.column(ROW)?.u64()?;
    for (code, row) in codes.i32()?.iter().zip(numbers.iter()) {
        if let Some(code) = code {
            let row = row.unwrap_or(u64::MAX);
            let (count, first) = faults.entry(code).or_insert((0, row));
            *count += 1;
            *first = row.min(*first);
        }
    }
    rows.filter(&codes.is_null())
}

/// Why rows are damaged.
pub(super) fn fault(code: i32) -> Option<Fault> {
    Fault::ALL.into_iter().find(|fault| fault.code() == code)
}
