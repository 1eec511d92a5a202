//! When the rows of a log of changes end: each lasts until the next one of its entity.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{
    BooleanChunked, Column, DataType, Expr, Field, Int64Chunked, IntoColumn, NULL, NewChunkedArray, PolarsResult, TimeUnit, TimeZone, col,
    lit,
};

use serde::{Deserialize, Serialize};

use super::scan::{PART, ROW};

/// The type of ends.
pub(crate) const STORED: DataType = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));

/// The number of a row in its files, and of its part, where several are made of one.
pub(crate) type Place = (u64, u64);

/// When each row of a log ends, in microseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "WrittenEnds", into = "WrittenEnds")]
pub(crate) enum Ends {
    /// By the number of the row, from the first on. Those after the last one last.
    Rows(Arc<Vec<i64>>),
    /// By its place, where rows are made. Those that are not among them last.
    Parts(Arc<HashMap<Place, i64>>),
}

/// The same as they are written for other machines.
#[derive(Serialize, Deserialize)]
enum WrittenEnds {
    Rows(Vec<i64>),
    Parts(Vec<(Place, i64)>),
}

impl From<WrittenEnds> for Ends {
    fn from(written: WrittenEnds) -> Self {
        match written {
            WrittenEnds::Rows(ends) => Self::Rows(Arc::new(ends)),
            WrittenEnds::Parts(ends) => Self::Parts(Arc::new(ends.into_iter().collect())),
        }
    }
}

impl From<Ends> for WrittenEnds {
    fn from(ends: Ends) -> Self {
        match ends {
            Ends::Rows(ends) => Self::Rows(Arc::unwrap_or_clone(ends)),
            Ends::Parts(ends) => {
                let mut ends: Vec<(Place, i64)> = ends.iter().map(|(place, end)| (*place, *end)).collect();
                ends.sort_unstable();
                Self::Parts(ends)
            }
        }
    }
}

impl Ends {
    /// Of a row that lasts.
    pub(crate) const NEVER: i64 = i64::MAX;
    /// Of a row that begins no span.
    pub(crate) const NO_SPAN: i64 = i64::MIN;

    /// Of places with their ends; `are_made` says whether several rows may be made of one.
    pub(crate) fn new(of_places: Vec<(Place, i64)>, are_made: bool) -> Self {
        if are_made {
            return Self::Parts(Arc::new(of_places.into_iter().filter(|(_, end)| *end != Self::NEVER).collect()));
        }
        let rows = of_places.iter().map(|((row, _), _)| row + 1).max().unwrap_or(0);
        let mut ends = vec![Self::NEVER; usize::try_from(rows).unwrap_or(usize::MAX)];
        for ((row, _), end) in of_places {
            if let Some(known) = usize::try_from(row).ok().and_then(|row| ends.get_mut(row)) {
                *known = end;
            }
        }
        Self::Rows(Arc::new(ends))
    }

    fn of(&self, (row, part): Place) -> i64 {
        let end = match self {
            Self::Rows(ends) => usize::try_from(row).ok().and_then(|row| ends.get(row)),
            Self::Parts(ends) => ends.get(&(row, part)),
        };
        end.copied().unwrap_or(Self::NEVER)
    }

    /// How many of the rows that are made of these ones of the files begin no span.
    pub(crate) fn without_span(&self, rows: Range<u64>) -> u64 {
        let at = |row: u64, all: usize| usize::try_from(row).unwrap_or(usize::MAX).min(all);
        let is_none = |end: &i64| *end == Self::NO_SPAN;
        let count = match self {
            Self::Rows(ends) => ends[at(rows.start, ends.len())..at(rows.end, ends.len())].iter().filter(|end| is_none(end)).count(),
            Self::Parts(ends) => ends.iter().filter(|((row, _), end)| rows.contains(row) && is_none(end)).count(),
        };
        count as u64
    }

    /// The end of each row; null where it lasts.
    pub(crate) fn column(&self) -> Expr {
        let ends = self.clone();
        let of_rows = move |columns: &mut [Column]| -> PolarsResult<Column> {
            let end = |place: Place| Some(ends.of(place)).filter(|end| ![Self::NEVER, Self::NO_SPAN].contains(end));
            let ends = Int64Chunked::from_iter_options(columns[0].name().clone(), places(columns)?.map(|place| place.and_then(end)));
            ends.into_column().cast(&STORED)
        };
        col(ROW).map_many(of_rows, &self.others(), |_, fields| Ok(Field::new(fields[0].name().clone(), STORED)))
    }

    /// Whether each row begins a span.
    pub(crate) fn begin(&self) -> Expr {
        let ends = self.clone();
        let of_rows = move |columns: &mut [Column]| -> PolarsResult<Column> {
            let begins: BooleanChunked = places(columns)?.map(|place| place.map(|place| ends.of(place) != Self::NO_SPAN)).collect();
            Ok(begins.with_name(columns[0].name().clone()).into_column())
        };
        col(ROW).map_many(of_rows, &self.others(), |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Boolean)))
    }

    /// What places are told by beside the number of the row.
    fn others(&self) -> Vec<Expr> {
        match self {
            Self::Rows(_) => Vec::new(),
            Self::Parts(_) => vec![col(PART)],
        }
    }

    /// Ends that are not known.
    pub(crate) fn unknown() -> Expr {
        lit(NULL).cast(STORED)
    }
}

/// The places of rows, from the columns of their numbers and, where there is one, of their parts.
fn places(columns: &[Column]) -> PolarsResult<impl Iterator<Item = Option<Place>>> {
    let rows = columns[0].u64()?.iter();
    let parts: Vec<u64> = match columns.get(1) {
        Some(parts) => parts.u64()?.iter().map(Option::unwrap_or_default).collect(),
        None => Vec::new(),
    };
    Ok(rows.enumerate().map(move |(position, row)| Some((row?, parts.get(position).copied().unwrap_or_default()))))
}
