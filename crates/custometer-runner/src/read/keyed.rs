//! The rows of a table by their keys, for others to find.
//!
//! Of the rows are kept the keys, as codes, from when until when they hold, and the columns that somebody reads; texts as codes, too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use custometer_core::interner::{Interner, Missing, UNKNOWN};
use polars::prelude::{
    Column, DataFrame, DataType, Expr, Field, IdxCa, IdxSize, IntoColumn, IntoSeries, NULL, NamedFrom, PolarsResult, Series, UInt32Chunked,
    col, lit, when,
};

/// Rows of a looked-up table by their keys.
pub(crate) struct KeyedRows {
    keys: Keys,
    by_key: ByKey,
    /// The number of each row in its table: those that may be found, then the doubtful ones.
    rows: Vec<u64>,
    /// How many may be found.
    sure: usize,
    /// By key, the place of a row that is rejected: what the table holds for the key can't be told.
    doubtful: HashMap<u32, u32>,
    values: BTreeMap<String, Values>,
}

/// Keys as codes, counted from 0.
struct Keys {
    /// One for each column.
    columns: Vec<Interner>,
    /// Keys of several columns: each but the last with the code of what it is followed by.
    pairs: HashMap<(u32, u32), u32>,
}

/// The places of the rows of each key.
enum ByKey {
    /// One, or none.
    One(Vec<u32>),
    /// Those of the key `k` are `spans[starts[k]..starts[k + 1]]`, one after the other in time.
    Spans { starts: Vec<u32>, spans: Vec<Span> },
}

/// From when until when a row holds, in microseconds since 1970; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    until: i64,
    place: u32,
}

/// The values of a column.
enum Values {
    Texts { codes: UInt32Chunked, texts: Series },
    Others(Series),
}

impl Keys {
    fn new(columns: usize) -> Self {
        Self { columns: (0..columns).map(|_| Interner::without(Missing::Blank)).collect(), pairs: HashMap::new() }
    }

    /// The codes of the keys of some rows; null for those without one.
    fn add(&mut self, columns: &[Column]) -> PolarsResult<Vec<Option<u32>>> {
        let mut keys: Vec<Option<u32>> = Vec::new();
        for (interner, column) in self.columns.iter().zip(columns) {
            let codes = interner.codes(column.as_materialized_series())?;
            if keys.is_empty() {
                keys = codes.iter().collect();
                continue;
            }
            for (key, code) in keys.iter_mut().zip(codes.iter()) {
                *key = key.zip(code).map(|pair| {
                    let next = u32::try_from(self.pairs.len()).unwrap_or(UNKNOWN);
                    *self.pairs.entry(pair).or_insert(next)
                });
            }
        }
        Ok(keys)
    }

    /// The codes of keys; [`UNKNOWN`] for those that no row has, and null for missing ones.
    fn find(&self, columns: &[Column]) -> PolarsResult<Vec<Option<u32>>> {
        let mut keys: Vec<Option<u32>> = Vec::new();
        for (interner, column) in self.columns.iter().zip(columns) {
            let codes = interner.known_codes(column.as_materialized_series())?;
            if keys.is_empty() {
                keys = codes.iter().collect();
                continue;
            }
            for (key, code) in keys.iter_mut().zip(codes.iter()) {
                *key = key.zip(code).map(|pair| self.pairs.get(&pair).copied().unwrap_or(UNKNOWN));
            }
        }
        Ok(keys)
    }

    /// What a key is, column by column.
    fn texts(&self, key: u32) -> Vec<String> {
        let followed: HashMap<u32, (u32, u32)> = self.pairs.iter().map(|(pair, code)| (*code, *pair)).collect();
        let (mut key, mut texts) = (key, Vec::new());
        for interner in self.columns.iter().skip(1).rev() {
            let Some((before, code)) = followed.get(&key) else { break };
            texts.push(interner.texts().swap_remove(*code as usize));
            key = *before;
        }
        texts.extend(self.columns.first().map(|interner| interner.texts().swap_remove(key as usize)));
        texts.reverse();
        texts
    }
}

impl Values {
    /// The values at some places; null where there is none.
    fn at(&self, places: &UInt32Chunked) -> PolarsResult<Series> {
        match self {
            Self::Texts { codes, texts } => texts.take(&codes.clone().into_series().take(places)?.u32()?.clone()),
            Self::Others(values) => values.take(places),
        }
    }
}

impl KeyedRows {
    /// The places of the rows that are found, or why none is. The columns are those of the key, and last the time where rows hold for a time.
    pub(crate) fn places(&self, columns: &[Column]) -> PolarsResult<UInt32Chunked> {
        let (keys, rest) = columns.split_at(self.keys.columns.len());
        let length = columns.iter().map(Column::len).max().unwrap_or(0);
        let long = |column: &Column| if column.len() == length { column.clone() } else { column.new_from_index(0, length) };
        let keys: Vec<Column> = keys.iter().map(long).collect();
        let times = rest.first().map(|times| long(times).cast(&DataType::Int64)).transpose()?;
        let times = times.as_ref().map(|times| times.i64()).transpose()?.map(|times| times.iter().collect::<Vec<_>>());
        let find = |(row, key): (usize, Option<u32>)| match (key, &self.by_key) {
            (None, _) => Miss::NoKey.code(),
            (Some(UNKNOWN), _) => Miss::NoMatch.code(),
            (Some(key), ByKey::One(places)) => places.get(key as usize).copied().unwrap_or(Miss::NoMatch.code()),
            (Some(key), ByKey::Spans { starts, spans }) => {
                match (times.as_ref().and_then(|times| times[row]), starts.get(key as usize..)) {
                    (None, _) => Miss::NoTime.code(),
                    (Some(time), Some([start, end, ..])) if start < end => {
                        let spans = &spans[*start as usize..*end as usize];
                        let before = spans.partition_point(|span| span.from <= time);
                        let span = spans[..before].last().filter(|span| time < span.until);
                        span.map_or(Miss::NotThen.code(), |span| span.place)
                    }
                    _ => Miss::NoMatch.code(),
                }
            }
        };
        let keys = self.keys.find(&keys)?.into_iter();
        let places = if self.doubtful.is_empty() {
            keys.enumerate().map(find).collect()
        } else {
            let is_open = |place: u32| [Miss::NoMatch, Miss::NotThen].iter().any(|miss| miss.code() == place);
            let doubt = |(row, key): (usize, Option<u32>)| {
                let place = find((row, key));
                let doubtful = key.filter(|_| is_open(place)).and_then(|key| self.doubtful.get(&key));
                doubtful.copied().unwrap_or(place)
            };
            keys.enumerate().map(doubt).collect()
        };
        Ok(UInt32Chunked::from_vec(columns[0].name().clone(), places))
    }

    /// A column's values at the places of an expression; missing where nobody reads it.
    pub(crate) fn value(self: &Arc<Self>, column: &str, places: &str, stored: &DataType) -> Expr {
        if !self.values.contains_key(column) {
            return lit(NULL).cast(stored.clone());
        }
        let (keyed, column, of) = (Arc::clone(self), column.to_owned(), stored.clone());
        let at = move |places: Column| {
            let name = places.name().clone();
            let places = keyed.real(places.u32()?);
            Ok(keyed.values[&column].at(&places)?.cast(&of)?.with_name(name).into_column())
        };
        let stored = stored.clone();
        col(places).map_with_fmt_str(at, move |_, field| Ok(Field::new(field.name().clone(), stored.clone())), "looked up")
    }

    /// The places that are some; null for the others.
    fn real(&self, places: &UInt32Chunked) -> UInt32Chunked {
        places.iter().map(|place| place.filter(|place| (*place as usize) < self.sure)).collect()
    }

    /// Whether any key's row is rejected.
    pub(crate) fn has_doubts(&self) -> bool {
        !self.doubtful.is_empty()
    }

    /// Whether a row finds one that is rejected.
    pub(crate) fn is_doubtful(&self, places: &str) -> Expr {
        let [sure, all] = [self.sure, self.rows.len()].map(|place| lit(u32::try_from(place).unwrap_or(u32::MAX)));
        col(places).gt_eq(sure).and(col(places).lt(all))
    }

    /// The number of the row at a place.
    pub(crate) fn row(&self, place: u32) -> Option<u64> {
        self.rows.get(place as usize).copied()
    }

    /// The key of the first row; none where there is no row.
    pub(crate) fn first_key(&self) -> Option<Vec<String>> {
        let (place, _) = (0_u32..).zip(&self.rows[..self.sure]).min_by_key(|(_, row)| **row)?;
        let key = match &self.by_key {
            ByKey::One(places) => places.iter().position(|known| *known == place)?,
            ByKey::Spans { starts, spans } => {
                let span = spans.iter().position(|span| span.place == place)?;
                starts.partition_point(|start| *start as usize <= span).checked_sub(1)?
            }
        };
        Some(self.keys.texts(u32::try_from(key).ok()?))
    }
}

/// Why a row finds none. Counted from the end of all numbers, where there are no places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// Rows of its key are there, but not at its time.
    NotThen,
    /// It has no time, or none that can be read.
    NoTime,
    /// No row has its key.
    NoMatch,
    /// It has no key.
    NoKey,
}

impl Miss {
    pub(crate) const ALL: [Self; 4] = [Self::NotThen, Self::NoTime, Self::NoMatch, Self::NoKey];

    /// What stands in the place of a place.
    const fn code(self) -> u32 {
        UNKNOWN - 3 + self as u32
    }

    /// Its number, from 1.
    pub(crate) const fn number(self) -> i32 {
        self as i32 + 1
    }

    /// The number of why each row finds none; 0 where it finds one.
    pub(crate) fn numbers(places: &Expr) -> Expr {
        let misses = Self::ALL.map(|miss| (miss.number(), places.clone().eq(lit(miss.code()))));
        let found = lit(0_i32);
        misses.into_iter().fold(found, |others, (number, holds)| when(holds).then(lit(number)).otherwise(others))
    }
}

/// How rows of one key are told apart by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// They are not: there is one.
    One,
    /// Each lasts until the next begins.
    From,
    /// Each begins when the one before ends.
    Until,
    /// Each says both.
    Both,
}

/// Rows that are being put together by their keys. The order in which they come does not matter.
pub(crate) struct Filling {
    keys: Keys,
    order: Order,
    codes: Vec<u32>,
    /// From when until when each row holds; empty where rows are not told apart by time.
    times: Vec<(Option<i64>, Option<i64>)>,
    rows: Vec<u64>,
    /// By key, the first row that is rejected.
    doubtful: BTreeMap<u32, u64>,
    values: Vec<(String, FillingValues)>,
}

enum FillingValues {
    Texts { interner: Interner, codes: Vec<Option<u32>> },
    Others(Series),
}

/// Keys that several rows have at one time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rivals {
    /// How many there are.
    pub(crate) keys: u64,
    /// The first ones: each key, and the numbers of its rows.
    pub(crate) examples: Vec<(Vec<String>, Vec<u64>)>,
}

/// So many keys are named.
const EXAMPLES: usize = 3;

impl Filling {
    /// For keys of so many columns, and values of these columns.
    pub(crate) fn new(keys: usize, order: Order, values: &[(String, DataType)]) -> Self {
        let values = values.iter().map(|(name, stored)| {
            let values = if stored.is_string() {
                FillingValues::Texts { interner: Interner::without(Missing::Null), codes: Vec::new() }
            } else {
                FillingValues::Others(Series::new_empty(name.as_str().into(), stored))
            };
            (name.clone(), values)
        });
        Self {
            keys: Keys::new(keys),
            order,
            codes: Vec::new(),
            times: Vec::new(),
            rows: Vec::new(),
            doubtful: BTreeMap::new(),
            values: values.collect(),
        }
    }

    /// Adds rows: their number, whether they may be found, the key, from when until when they hold, and the values, in this order. Each has
    /// a key.
    pub(crate) fn add(&mut self, rows: &DataFrame) -> PolarsResult<()> {
        let is_sure = rows.columns()[1].bool()?;
        if is_sure.all() {
            return self.add_sure(rows);
        }
        let doubtful = rows.filter(&!is_sure)?;
        let columns = doubtful.columns();
        let codes = self.keys.add(&columns[2..2 + self.keys.columns.len()])?;
        for (key, row) in codes.into_iter().zip(columns[0].u64()?.iter()) {
            if let (Some(key), Some(row)) = (key, row) {
                let first = self.doubtful.entry(key).or_insert(row);
                *first = row.min(*first);
            }
        }
        self.add_sure(&rows.filter(is_sure)?)
    }

    fn add_sure(&mut self, rows: &DataFrame) -> PolarsResult<()> {
        let columns = rows.columns();
        let (key, rest) = columns[2..].split_at(self.keys.columns.len());
        let codes = self.keys.add(key)?;
        self.codes.extend(codes.into_iter().map(Option::unwrap_or_default));
        self.rows.extend(columns[0].u64()?.iter().map(Option::unwrap_or_default));
        if self.order != Order::One {
            self.times.extend(rest[0].i64()?.iter().zip(rest[1].i64()?.iter()));
        }
        for ((_, values), column) in self.values.iter_mut().zip(&rest[2..]) {
            let column = column.as_materialized_series();
            match values {
                FillingValues::Texts { interner, codes } => codes.extend(interner.codes(column)?.iter()),
                FillingValues::Others(values) => drop(values.append(column)?),
            }
        }
        Ok(())
    }

    /// The rows by their keys; or the keys that several of them have at one time.
    pub(crate) fn finish(mut self) -> PolarsResult<Result<KeyedRows, Rivals>> {
        self.put_in_order()?;
        let by_key = match self.order {
            Order::One => self.one(),
            _ => self.spans(),
        };
        let by_key = match by_key {
            Ok(by_key) => by_key,
            Err(rivals) => return Ok(Err(self.rivals(&rivals))),
        };
        let values = self.values.into_iter().map(|(name, values)| {
            let values = match values {
                FillingValues::Texts { interner, codes } => {
                    let texts = Series::new(name.as_str().into(), interner.texts());
                    Values::Texts { codes: codes.into_iter().collect(), texts }
                }
                FillingValues::Others(values) => Values::Others(values.rechunk()),
            };
            (name, values)
        });
        let (values, sure) = (values.collect(), self.rows.len());
        let mut of_keys: Vec<(u64, u32)> = self.doubtful.into_iter().map(|(key, row)| (row, key)).collect();
        of_keys.sort_unstable();
        let doubtful = of_keys.iter().map(|(_, key)| *key).zip(u32::try_from(sure).unwrap_or(u32::MAX)..).collect();
        self.rows.extend(of_keys.into_iter().map(|(row, _)| row));
        Ok(Ok(KeyedRows { values, keys: self.keys, by_key, rows: self.rows, sure, doubtful }))
    }

    /// Puts the rows in the order of their files, so that each has the same place on every machine.
    fn put_in_order(&mut self) -> PolarsResult<()> {
        if self.rows.is_sorted() {
            return Ok(());
        }
        let mut order: Vec<IdxSize> = (0..).take(self.rows.len()).collect();
        order.sort_by_key(|at| self.rows[*at as usize]);
        ordered(&mut self.codes, &order);
        ordered(&mut self.times, &order);
        ordered(&mut self.rows, &order);
        for (_, values) in &mut self.values {
            match values {
                FillingValues::Texts { codes, .. } => ordered(codes, &order),
                FillingValues::Others(values) => *values = values.take(&IdxCa::from_vec("order".into(), order.clone()))?,
            }
        }
        Ok(())
    }

    /// The row of each key; or the keys that have several.
    fn one(&self) -> Result<ByKey, BTreeSet<u32>> {
        let mut places = vec![Miss::NoMatch.code(); self.codes.iter().max().map_or(0, |most| *most as usize + 1)];
        let mut rivals = BTreeSet::new();
        for (key, place) in self.codes.iter().zip(0..).filter(|(key, _)| !self.doubtful.contains_key(key)) {
            let is_taken = std::mem::replace(&mut places[*key as usize], place) != Miss::NoMatch.code();
            if is_taken {
                rivals.insert(*key);
            }
        }
        if rivals.is_empty() { Ok(ByKey::One(places)) } else { Err(rivals) }
    }

    /// The rows of each key, one after the other in time; or the keys that have several at one time.
    fn spans(&self) -> Result<ByKey, BTreeSet<u32>> {
        let told = |place: u32| {
            let (from, until) = self.times[place as usize];
            (from.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX))
        };
        let mut places: Vec<u32> = (0..).take(self.codes.len()).collect();
        // What ends when it begins never holds.
        places.retain(|place| self.order != Order::Both || told(*place).0 < told(*place).1);
        // A row that says only one end holds until, or from, another one that may be the doubtful one.
        places.retain(|place| self.order == Order::Both || !self.doubtful.contains_key(&self.codes[*place as usize]));
        places.sort_unstable_by_key(|place| {
            let (from, until) = told(*place);
            (self.codes[*place as usize], if self.order == Order::Until { until } else { from }, until)
        });
        let keys = self.codes.iter().max().map_or(0, |most| *most as usize + 1);
        let (mut starts, mut spans, mut rivals): (Vec<u32>, Vec<Span>, _) = (vec![0; keys + 1], Vec::new(), BTreeSet::new());
        for of_key in places.chunk_by(|one, next| self.codes[*one as usize] == self.codes[*next as usize]) {
            let key = self.codes[of_key[0] as usize];
            for (position, place) in of_key.iter().enumerate() {
                let (mut from, mut until) = told(*place);
                match self.order {
                    Order::From => until = of_key.get(position + 1).map_or(i64::MAX, |next| told(*next).0),
                    Order::Until => from = position.checked_sub(1).map_or(i64::MIN, |before| told(of_key[before]).1),
                    _ => {}
                }
                let overlaps = position > 0 && spans.last().is_some_and(|before: &Span| before.until > from);
                // Of two rows that begin or end together, one would never hold.
                if overlaps || from >= until {
                    rivals.insert(key);
                }
                spans.push(Span { from, until, place: *place });
            }
            starts[key as usize + 1] = u32::try_from(of_key.len()).unwrap_or(u32::MAX);
        }
        if !rivals.is_empty() {
            return Err(rivals);
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        Ok(ByKey::Spans { starts, spans })
    }

    /// The keys that several rows have, with the first ones in the order of the files.
    fn rivals(&self, keys: &BTreeSet<u32>) -> Rivals {
        let mut rows: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (key, row) in self.codes.iter().zip(&self.rows).filter(|(key, _)| keys.contains(key)) {
            rows.entry(*key).or_default().push(*row);
        }
        for rows in rows.values_mut() {
            rows.sort_unstable();
        }
        let mut first: Vec<(u32, Vec<u64>)> = rows.into_iter().collect();
        first.sort_unstable_by(|one, other| one.1.cmp(&other.1));
        let examples = first.into_iter().take(EXAMPLES).map(|(key, rows)| (self.keys.texts(key), rows)).collect();
        Rivals { keys: keys.len() as u64, examples }
    }
}

/// Values in another order; none stay none.
fn ordered<T: Copy>(values: &mut Vec<T>, order: &[IdxSize]) {
    if !values.is_empty() {
        *values = order.iter().map(|at| values[*at as usize]).collect();
    }
}
