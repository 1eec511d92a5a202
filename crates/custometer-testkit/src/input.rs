//! Input for the laws: the tables of a metric's own examples, and rows that are made up from what its source says of its columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::time::{Buckets, LocalClock};
use custometer_core::{Calendar, Column, ColumnType, Definition, DeriveContext, Domain, Example, Grain, NullRule, Period, SqlCondition};
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, PolarsResult, Series, TimeUnit};
use serde_json::{Map, Value as Json};

use crate::table::CsvCell as _;

/// The column that breakdowns are by.
pub(crate) const GROUP: &str = "kit_group";

/// A table, and the report that it is read for.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// What it shows.
    pub(crate) title: String,
    /// Lines of the report, and sections after them.
    pub(crate) report: String,
    /// The parameters, as TOML.
    pub(crate) params: String,
    pub(crate) header: Vec<String>,
    /// None for a missing value.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

impl Input {
    /// The table of an example, as a file has it.
    pub(crate) fn of_example(example: &Example) -> Self {
        Self {
            title: format!("the example \"{}\"", example.title),
            report: example.report.to_owned(),
            params: example.params.to_owned(),
            header: cells(example.header).into_iter().flatten().collect(),
            rows: example.lines().map(|line| cells(&line)).collect(),
        }
    }

    /// The same with other rows.
    pub(crate) fn with(&self, rows: Vec<Vec<Option<String>>>) -> Self {
        Self { rows, ..self.clone() }
    }

    /// The same with a column to break down by, whose groups cross what else is in the rows: equal rows may be of different groups.
    pub(crate) fn in_groups(mut self) -> Self {
        if !self.header.iter().any(|name| name == GROUP) {
            self.header.push(GROUP.to_owned());
            for (number, row) in self.rows.iter_mut().enumerate() {
                let told_by = row.iter().map(|cell| cell.as_deref().to_csv()).chain([number.to_string()]).collect::<String>();
                let group = ["one", "two", "", "three"][usize::try_from(code(&told_by) >> 7).unwrap_or_default() % 4];
                row.push(Some(group).filter(|group| !group.is_empty()).map(str::to_owned));
            }
        }
        self
    }

    /// The table as CSV.
    pub(crate) fn csv(&self) -> String {
        let line = |cells: Vec<String>| cells.join(",") + "\n";
        let header = line(self.header.iter().map(|name| name.as_str().to_csv()).collect());
        let rows = self.rows.iter().map(|row| line(row.iter().map(|cell| cell.as_deref().to_csv()).collect()));
        header + &rows.collect::<String>()
    }

    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    /// The rows as a metric gets them: typed, and without those that its source leaves out. None where the table lacks a column.
    pub(crate) fn frame(&self, definition: &Definition) -> Option<PolarsResult<DataFrame>> {
        // A condition is computed by the runner.
        if has_condition(definition) {
            return None;
        }
        let is_there = |column: &Column| Some(column.name) != definition.source.time || self.position(column.name).is_some();
        let columns: Vec<Column> = columns(definition).into_iter().filter(is_there).collect();
        let positions: Vec<usize> = columns.iter().map(|column| self.position(column.name)).collect::<Option<_>>()?;
        let usable = |row: &&Vec<Option<String>>| {
            let fits = |(column, position): (&Column, &usize)| match &row[*position] {
                None => column.nulls == NullRule::Keep,
                Some(cell) => is_possible(column, cell),
            };
            columns.iter().zip(&positions).all(fits)
        };
        let rows: Vec<&Vec<Option<String>>> = self.rows.iter().filter(usable).collect();
        let mut typed: Vec<polars::prelude::Column> = Vec::new();
        for (column, position) in columns.iter().zip(&positions) {
            let cells: Vec<Option<&str>> = rows.iter().map(|row| row[*position].as_deref()).collect();
            typed.push(series(column.name, column.kind, &cells).ok()?.into_column());
        }
        if let Some(position) = self.position(GROUP) {
            let groups: Vec<Option<&str>> = rows.iter().map(|row| row[position].as_deref()).collect();
            typed.push(Series::new(GROUP.into(), groups).into_column());
        }
        Some(DataFrame::new(rows.len(), typed))
    }
}

/// The cells of a line of CSV. A blank one is missing.
fn cells(line: &str) -> Vec<Option<String>> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match (character, cells.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            (',', _) if !is_quoted => cells.push(String::new()),
            (other, Some(cell)) => cell.push(other),
            (_, None) => {}
        }
    }
    cells.into_iter().map(|cell| Some(cell).filter(|cell| !cell.is_empty())).collect()
}

fn is_possible(column: &Column, cell: &str) -> bool {
    let number = || cell.parse::<f64>().ok();
    let is_typed = match column.kind {
        ColumnType::Number => number().is_some(),
        ColumnType::Boolean => boolean(cell).is_some(),
        ColumnType::Time => instant(cell).is_some(),
        _ => true,
    };
    let is_in_domain = match column.domain {
        Domain::Between { min, max } => number().is_some_and(|number| (min..=max).contains(&number)),
        Domain::Whole { min, max } => number().is_some_and(|number| number.fract() == 0.0 && (min as f64..=max as f64).contains(&number)),
        Domain::OneOf(words) => words.contains(&cell),
        _ => true,
    };
    is_typed && is_in_domain
}

fn boolean(cell: &str) -> Option<bool> {
    match cell {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// Microseconds since 1970 of a time in UTC.
fn instant(cell: &str) -> Option<i64> {
    if let Ok(instant) = cell.parse::<jiff::Timestamp>() {
        return Some(instant.as_microsecond());
    }
    let local = cell.parse::<DateTime>().or_else(|_| cell.parse::<Date>().map(|day| day.at(0, 0, 0, 0))).ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond())
}

pub(crate) fn series(name: &str, kind: ColumnType, cells: &[Option<&str>]) -> PolarsResult<Series> {
    let name = name.into();
    Ok(match kind {
        ColumnType::Number => {
            Series::new(name, cells.iter().map(|cell| cell.and_then(|cell| cell.parse::<f64>().ok())).collect::<Vec<_>>())
        }
        ColumnType::Boolean => Series::new(name, cells.iter().map(|cell| cell.and_then(boolean)).collect::<Vec<_>>()),
        ColumnType::Time => {
            let instants: Vec<Option<i64>> = cells.iter().map(|cell| cell.and_then(instant)).collect();
            return Series::new(name, instants).cast(&DataType::Datetime(TimeUnit::Microseconds, None));
        }
        // Ids are numbers of no meaning, as they are when the runner hands rows over.
        ColumnType::Identifier => {
            let codes: Vec<Option<u32>> = cells.iter().map(|cell| cell.map(code)).collect();
            Series::new(name, codes)
        }
        _ => Series::new(name, cells.to_vec()),
    })
}

/// A number for an id, the same wherever it comes.
fn code(id: &str) -> u32 {
    id.bytes().fold(2_166_136_261, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
}

/// The period that made-up rows are reported for.
const FROM: Date = date(2025, 3, 1);
const UNTIL: Date = date(2025, 5, 1);
/// Where clocks change within it, and in autumn.
const ZONE: &str = "Europe/Copenhagen";

/// What a derivation is told about made-up rows, by month.
pub(crate) fn context(dimensions: &[&str]) -> DeriveContext {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    let calendar = Calendar { zone: zone.clone(), ..Calendar::default() };
    let period = Period { from: FROM, until: UNTIL };
    let buckets = Buckets::new(period, Grain::Month, &calendar, Some(UNTIL)).unwrap_or_else(|_| Buckets::timeless());
    let as_of = UNTIL.to_zoned(zone.clone()).ok().map(|until| until.timestamp().as_microsecond());
    DeriveContext {
        buckets: Arc::new(buckets),
        dimensions: dimensions.iter().map(ToString::to_string).collect(),
        texts: BTreeMap::new(),
        clock: LocalClock::new(&zone),
        as_of,
        reach: None,
        exchange: None,
    }
}

/// Numbers that look random, and are the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % count.max(1) as u64).unwrap_or_default()
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        (!choices.is_empty()).then(|| &choices[self.below(choices.len())])
    }
}

/// So many made-up rows.
const ROWS: usize = 36;
/// And so many that come again, just as they are.
const REPEATED: usize = 4;
/// Of so many entities.
const ENTITIES: usize = 12;

/// Made-up rows for a metric with some parameters, whose examples show what its columns hold. In `autumn` all is around the hour that clocks
/// show twice.
pub(crate) fn made_up(definition: &Definition, params: &str, examples: &[Input], autumn: bool) -> Input {
    let source = &definition.source;
    let is_timed = source.time.is_some();
    let mut columns = columns(definition);
    // What a condition of the parameters reads is what its example has beside the metric's own columns.
    if has_condition(definition) {
        let others = examples.iter().flat_map(|example| &example.header).filter(|name| columns.iter().all(|column| column.name != *name));
        let others: BTreeSet<&String> = others.collect();
        columns.extend(others.into_iter().map(|name| Column::text(Column::name_from(name)).nulls(NullRule::Keep)));
    }
    let entity = definition.derivation.as_ref().map(|derivation| derivation.entity());
    let mut chance = Chance::seeded(42);
    let shown = |column: &str| -> Vec<String> {
        let cells = examples.iter().filter_map(|example| Some((example, example.position(column)?)));
        let cells = cells.flat_map(|(example, position)| example.rows.iter().filter_map(move |row| row[position].clone()));
        cells.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let choices: BTreeMap<&str, Vec<String>> = columns.iter().map(|column| (column.name, possible(column, shown(column.name)))).collect();
    let rows = (0..ROWS).map(|number| {
        // Later columns of a row are of later times: a case is closed after it is opened.
        let mut at = start(&mut chance, autumn);
        let cell = |column: &Column| {
            let may_be_missing = column.nulls != NullRule::Reject && Some(column.name) != entity;
            if may_be_missing && chance.below(6) == 0 {
                return None;
            }
            match column.kind {
                ColumnType::Time => {
                    let shown = at.to_string();
                    at = at
                        .checked_add(jiff::SignedDuration::from_mins(17 + 60 * i64::try_from(chance.below(200)).unwrap_or(0)))
                        .unwrap_or(at);
                    Some(shown)
                }
                ColumnType::Identifier if Some(column.name) == entity || entity.is_none() => Some(format!("e{}", chance.below(ENTITIES))),
                // Keys that never come twice, but for a few.
                ColumnType::Identifier if chance.below(10) > 0 => Some(format!("id{number}")),
                ColumnType::Identifier => Some(format!("id{}", chance.below(ROWS))),
                _ => chance.of(&choices[column.name]).cloned(),
            }
        };
        columns.iter().map(cell).collect()
    });
    let mut rows: Vec<Vec<Option<String>>> = rows.collect();
    rows.extend_from_within(..REPEATED);
    let (from, until) = if autumn { (date(2025, 10, 25), date(2025, 10, 28)) } else { (FROM, UNTIL) };
    let period = format!(
        "timezone = \"{ZONE}\"\nfrom = {from}\nuntil = {until}\nas_of = {until}\ngrain = \"{}\"",
        if autumn { "day" } else { "total" }
    );
    Input {
        title: format!("made-up rows{}", if autumn { " around the hour that clocks show twice" } else { "" }),
        report: if is_timed { period } else { String::new() },
        params: params.to_owned(),
        header: columns.iter().map(|column| column.name.to_owned()).collect(),
        rows,
    }
}

/// An instant before, in or after the period; some are where clocks change.
fn start(chance: &mut Chance, autumn: bool) -> jiff::Timestamp {
    let (around, from, minutes) = if autumn {
        (["2025-10-26T00:30:00Z", "2025-10-26T01:00:00Z", "2025-10-26T01:30:00Z"], "2025-10-24T20:00:00Z", 5 * 24 * 60)
    } else {
        (["2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z", "2025-03-31T22:00:00Z"], "2025-02-10T00:00:00Z", 90 * 24 * 60)
    };
    let text = if chance.below(4) == 0 { around[chance.below(around.len())] } else { from };
    let start: jiff::Timestamp = text.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let later = if text == from { chance.below(minutes) } else { 0 };
    start.checked_add(jiff::SignedDuration::from_mins(i64::try_from(later).unwrap_or(0))).unwrap_or(start)
}

/// Whether a time is well within the reported period of made-up rows.
pub(crate) fn is_reported(cell: &str) -> bool {
    let within =
        jiff::civil::DateTime::from(FROM.tomorrow().unwrap_or(FROM))..jiff::civil::DateTime::from(UNTIL.yesterday().unwrap_or(UNTIL));
    instant(cell)
        .and_then(|instant| jiff::Timestamp::from_microsecond(instant).ok())
        .is_some_and(|instant| within.contains(&TimeZone::UTC.to_datetime(instant)))
}

/// Whether a column is made of others by a condition of the parameters.
pub(crate) fn has_condition(definition: &Definition) -> bool {
    definition.source.columns.iter().any(|column| SqlCondition::written(column.name).is_some())
}

/// The columns that a source reads of a file, its time among them; not what its parameters make of others.
pub(crate) fn columns(definition: &Definition) -> Vec<Column> {
    let source = &definition.source;
    let time = source.time.filter(|time| source.columns.iter().all(|column| column.name != *time));
    let time = time.map(|time| Column { domain: source.time_domain, ..Column::time(time) });
    source.columns.iter().filter(|column| SqlCondition::written(column.name).is_none()).cloned().chain(time).collect()
}

/// Values that a column may have: those of examples, and of its domain.
fn possible(column: &Column, shown: Vec<String>) -> Vec<String> {
    let of_domain: Vec<String> = match (column.domain, column.kind) {
        (Domain::Between { min, max }, _) => {
            let (low, high) = (min.max(-1e3), max.min(min.max(0.0) + 1e3));
            [low, low + (high - low) / 3.0, f64::midpoint(low, high), high].map(|number| number.to_string()).to_vec()
        }
        (Domain::Whole { min, max }, _) => {
            let high = max.min(min.saturating_add(10));
            (min..=high).map(|number| number.to_string()).collect()
        }
        (Domain::OneOf(words), _) => words.iter().map(ToString::to_string).collect(),
        (_, ColumnType::Number) => ["0", "1", "2.5", "40"].map(str::to_owned).to_vec(),
        (_, ColumnType::Boolean) => ["true", "false"].map(str::to_owned).to_vec(),
        (_, _) if shown.is_empty() => ["a", "b", "c"].map(str::to_owned).to_vec(),
        _ => Vec::new(),
    };
    shown.into_iter().filter(|cell| is_possible(column, cell)).chain(of_domain).collect()
}

/// Parameters as TOML, of those that an example gives.
pub(crate) fn params(text: &str) -> Option<Map<String, Json>> {
    toml::from_str(text).ok()
}
