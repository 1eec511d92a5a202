//! The rows of a request in one breakdown, laid out by period, group and the metric's own dimension.

use std::collections::HashMap;
use std::hash::Hash;

use custometer_core::{CurrencyCode, DimensionValue};
use custometer_runner::result::ResultRow;
use jiff::Timestamp;

use crate::human;
use crate::locale::{Bucket, Language, Words};

/// Of a name from the data, so many characters are shown.
const NAME_LENGTH: usize = 80;

/// The values of some dimensions.
pub(crate) type Key<'a> = Vec<&'a DimensionValue>;

/// A row with the name of its period.
type Placed<'a, 'b> = (&'a ResultRow, &'b Bucket);

/// The rows of one breakdown.
pub(crate) struct View<'a> {
    /// The names of the breakdown's dimensions.
    pub(crate) names: Vec<&'a str>,
    /// The names of the metric's own.
    pub(crate) own: Vec<&'a str>,
    /// The periods, in order.
    pub(crate) buckets: Vec<Bucket>,
    /// Which of them are partial.
    pub(crate) partial: Vec<bool>,
    /// The groups of the breakdown, in the order they come.
    pub(crate) groups: Vec<Key<'a>>,
    /// The values of the metric's own dimensions, in the order they come.
    pub(crate) keys: Vec<Key<'a>>,
    /// All rows, in order.
    pub(crate) rows: Vec<&'a ResultRow>,
    /// The period of each of them.
    periods: Vec<usize>,
    places: HashMap<[usize; 3], &'a ResultRow>,
}

impl<'a> View<'a> {
    /// The views of a request, one for each of its breakdowns. `buckets` are the names of the rows' periods.
    pub(crate) fn all(rows: &'a [ResultRow], buckets: &[Bucket]) -> Vec<Self> {
        let mut views: Vec<Vec<Placed<'_, '_>>> = Vec::new();
        let names = |row: &'a ResultRow| row.dimensions.iter().map(|(name, _)| name);
        let alike = |one: &'a ResultRow, other: &'a ResultRow| one.breakdown == other.breakdown && names(one).eq(names(other));
        for placed in rows.iter().zip(buckets) {
            match views.iter_mut().find(|view| alike(view[0].0, placed.0)) {
                Some(view) => view.push(placed),
                None => views.push(vec![placed]),
            }
        }
        views.iter().map(|view| Self::of(view)).collect()
    }

    fn of(rows: &[Placed<'a, '_>]) -> Self {
        let (mut starts, mut groups, mut keys) = (Places::default(), Places::default(), Places::default());
        let (mut buckets, mut partial, mut places) = (Vec::new(), Vec::new(), HashMap::new());
        let mut periods = Vec::with_capacity(rows.len());
        for (row, bucket) in rows {
            let (breakdown, own) = row.dimensions.split_at(row.breakdown);
            let values = |of: &'a [(String, DimensionValue)]| of.iter().map(|(_, value)| value).collect::<Key<'a>>();
            let start: Option<Timestamp> = row.start.as_ref().map(jiff::Zoned::timestamp);
            let place = [starts.of(start), groups.of(values(breakdown)), keys.of(values(own))];
            if place[0] == buckets.len() {
                buckets.push((*bucket).clone());
                partial.push(row.partial);
            }
            places.insert(place, *row);
            periods.push(place[0]);
        }
        let (breakdown, own) = rows.first().map_or((&[][..], &[][..]), |(row, _)| row.dimensions.split_at(row.breakdown));
        let names = |of: &'a [(String, DimensionValue)]| of.iter().map(|(name, _)| name.as_str()).collect();
        Self {
            names: names(breakdown),
            own: names(own),
            buckets,
            partial,
            groups: groups.in_order,
            keys: keys.in_order,
            rows: rows.iter().map(|(row, _)| *row).collect(),
            periods,
            places,
        }
    }

    /// The parts of it that have one currency each, and which: amounts of two have no axis in common. One part, of none, where all have the same.
    pub(crate) fn by_currency(self) -> Vec<(Option<CurrencyCode>, Self)> {
        let mut currencies: Vec<Option<CurrencyCode>> = Vec::new();
        for row in self.rows.iter().filter(|row| row.value.is_some()) {
            if !currencies.contains(&row.currency) {
                currencies.push(row.currency);
            }
        }
        if currencies.len() < 2 {
            return vec![(None, self)];
        }
        let part = |currency: Option<CurrencyCode>| {
            // What has no value belongs to any of them.
            let is_of_it = |row: &ResultRow| row.currency == currency || row.value.is_none() && !currencies.contains(&row.currency);
            let placed = self.rows.iter().zip(&self.periods).filter(|(row, _)| is_of_it(row));
            let placed: Vec<Placed<'a, '_>> = placed.map(|(row, period)| (*row, &self.buckets[*period])).collect();
            (currency, Self::of(&placed))
        };
        currencies.iter().copied().map(part).collect()
    }

    /// The row of a period, a group and a value of the metric's own dimensions.
    pub(crate) fn row(&self, bucket: usize, group: usize, key: usize) -> Option<&'a ResultRow> {
        self.places.get(&[bucket, group, key]).copied()
    }

    /// The last period that is whole and has any value, or else the last one.
    pub(crate) fn latest(&self) -> usize {
        let known = |bucket: &usize| {
            let mut rows = self.places.iter().filter(|(place, _)| place[0] == *bucket);
            !self.partial[*bucket] && rows.any(|(_, row)| row.value.is_some() || row.suppressed)
        };
        (0..self.buckets.len()).rev().find(known).unwrap_or(self.buckets.len().saturating_sub(1))
    }

    /// Whether there is more than one period.
    pub(crate) fn is_over_time(&self) -> bool {
        self.buckets.len() > 1
    }

    /// Whether it is the total, and one value per period.
    pub(crate) fn is_single(&self) -> bool {
        self.names.is_empty() && self.own.is_empty()
    }

    /// Whether the metric's own dimension is one of numbers.
    pub(crate) fn is_numeric(&self) -> bool {
        self.own.len() == 1 && self.keys.iter().all(|key| key.iter().all(|value| value.as_number().is_some()))
    }
}

/// What has come, each with its position.
struct Places<T> {
    in_order: Vec<T>,
    positions: HashMap<T, usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { in_order: Vec::new(), positions: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Places<T> {
    fn of(&mut self, value: T) -> usize {
        *self.positions.entry(value).or_insert_with_key(|value| {
            self.in_order.push(value.clone());
            self.in_order.len() - 1
        })
    }
}

/// A group in words.
pub(crate) fn group_name(key: &Key<'_>, language: Language) -> String {
    if key.is_empty() {
        return language.words.all.to_owned();
    }
    key.iter().map(|value| value_name(value, language)).collect::<Vec<_>>().join(" · ")
}

/// The value of a dimension in words.
pub(crate) fn value_name(value: &DimensionValue, language: Language) -> String {
    let words: &Words = language.words;
    match value {
        DimensionValue::Missing => words.missing.to_owned(),
        DimensionValue::Boolean(true) => words.yes.to_owned(),
        DimensionValue::Boolean(false) => words.no.to_owned(),
        DimensionValue::Integer(_) | DimensionValue::Number(_) => language.plain(value.as_number().unwrap_or_default()),
        DimensionValue::Text(text) => shortened(text),
    }
}

/// A text of the data on one line, cut short where it is long.
pub(crate) fn shortened(text: &str) -> String {
    let mut rest = text.chars();
    let start: String = rest.by_ref().take(NAME_LENGTH).collect();
    human::line(&start) + if rest.next().is_some() { "…" } else { "" }
}

/// A name of a config as a person writes it: `first_response_time` is "First response time".
pub(crate) fn readable(name: &str) -> String {
    let spaced = shortened(&if name.contains(' ') { name.to_owned() } else { name.replace('_', " ") });
    let mut rest = spaced.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
