//! The rows that find nothing in another table.

use polars::prelude::{DataFrame, DataType, PolarsResult};

use crate::plan::names::{EXAMPLES, FATE, FAULTY};
use crate::read::keyed::Miss;
use crate::read::scan::ROW;

/// A row that is shown: its number in the table, and its text at fault or its key.
pub(crate) type Example = (u64, Option<String>);

/// Rows that find nothing for one reason, with the first of them.
#[derive(Debug)]
pub(crate) struct Missed {
    pub(crate) miss: Miss,
    pub(crate) rows: u64,
    pub(crate) examples: Vec<Example>,
}

/// What the rows of a table came to that look something up.
#[derive(Debug, Default)]
pub(crate) struct Misses {
    pub(crate) lookup: String,
    /// Rows that found one.
    pub(crate) found: u64,
    pub(crate) missed: Vec<Missed>,
}

impl Misses {
    pub(crate) fn of(lookup: &str, counts: &DataFrame, examples: &DataFrame) -> PolarsResult<Self> {
        let rows = counts.column("rows")?.cast(&DataType::UInt64)?;
        let counts: Vec<(Option<i32>, Option<u64>)> = counts.column(FATE)?.i32()?.iter().zip(rows.u64()?.iter()).collect();
        let count = |number: i32| counts.iter().filter(|(fate, _)| *fate == Some(number)).filter_map(|(_, rows)| *rows).sum::<u64>();
        let keys = examples.column(FAULTY)?.str()?;
        let rows = examples.column(ROW)?.u64()?.iter().zip(keys.iter());
        let mut examples: Vec<(Option<i32>, Example)> =
            examples.column(FATE)?.i32()?.iter().zip(rows.map(|(row, key)| (row.unwrap_or_default(), key.map(str::to_owned)))).collect();
        examples.sort();
        let of_miss = |miss: Miss| {
            let of_this = examples.iter().filter(|(fate, _)| *fate == Some(miss.number())).map(|(_, example)| example.clone());
            Missed { miss, rows: count(miss.number()), examples: of_this.take(EXAMPLES).collect() }
        };
        let missed = Miss::ALL.into_iter().map(of_miss).filter(|missed| missed.rows > 0).collect();
        Ok(Self { lookup: lookup.to_owned(), found: count(0), missed })
    }

    /// How many rows there were.
    pub(crate) fn rows(&self) -> u64 {
        self.found + self.missed.iter().map(|missed| missed.rows).sum::<u64>()
    }
}
