//! How many rows of a table there were, and how far they came before any request had them.

use polars::prelude::{DataFrame, DataType, PolarsError, PolarsResult};

use crate::collect::misses::Misses;
use crate::plan::counts::CountsPlan;
use crate::read::union::SOURCE;

/// How many rows of a table there were.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// All rows, those that are made of others each by itself.
    pub(crate) rows_read: u64,
    /// Rows of the files that these are made of.
    pub(crate) rows_of_files: u64,
    /// Rows that repeat no others.
    pub(crate) rows_once: u64,
    /// Of these, those that `where` keeps.
    pub(crate) rows_kept: u64,
    /// By lookup whose columns are read.
    pub(crate) misses: Vec<Misses>,
    /// What each table of a union gave it.
    pub(crate) sources: Vec<SourceCounts>,
}

/// What a table gave a union.
#[derive(Debug, Default)]
pub(crate) struct SourceCounts {
    /// Its own rows: those that it keeps are given.
    pub(crate) own: Counts,
    /// Of these, those that repeat no others in the union.
    pub(crate) rows_once: u64,
    /// Of these, those that the union's `where` keeps.
    pub(crate) rows_kept: u64,
    /// The columns that are read and that it lacks.
    pub(crate) lacks: Vec<String>,
}

impl Counts {
    /// Takes the frames of a plan from those of all.
    pub(crate) fn of(plan: &CountsPlan, frames: &mut dyn Iterator<Item = DataFrame>) -> PolarsResult<Self> {
        let mut next = || frames.next().ok_or_else(|| PolarsError::ComputeError("a plan gave no frame".into()));
        let number = plan.sources.len();
        let (read, once, kept) = (next()?, by_source(&next()?, number)?, by_source(&next()?, number)?);
        let misses = plan.misses.iter().map(|plan| Misses::of(&plan.lookup, &next()?, &next()?)).collect::<PolarsResult<_>>()?;
        let sources = plan.sources.iter().zip(once.iter().zip(&kept)).map(|((plan, lacks), (once, kept))| {
            Ok(SourceCounts { own: Self::of(plan, frames)?, rows_once: *once, rows_kept: *kept, lacks: lacks.clone() })
        });
        Ok(Self {
            rows_read: count(&read, 0)?,
            rows_of_files: count(&read, 1)?,
            rows_once: once.iter().sum(),
            rows_kept: kept.iter().sum(),
            misses,
            sources: sources.collect::<PolarsResult<_>>()?,
        })
    }
}

/// How many rows of each of so many sources were counted; of a table that has none, all of them.
pub(crate) fn by_source(frame: &DataFrame, sources: usize) -> PolarsResult<Vec<u64>> {
    if sources == 0 {
        return Ok(vec![count(frame, 0)?]);
    }
    let mut rows = vec![0; sources];
    let counted = frame.columns().get(1).map(|column| column.cast(&DataType::UInt64)).transpose()?;
    let Some(counted) = counted else { return Ok(rows) };
    for (source, counted) in frame.column(SOURCE)?.u32()?.iter().zip(counted.u64()?.iter()) {
        if let Some(rows) = source.and_then(|source| rows.get_mut(source as usize)) {
            *rows += counted.unwrap_or_default();
        }
    }
    Ok(rows)
}

/// What is counted in a column: of all rows in one row, or of some and others in several.
pub(crate) fn count(frame: &DataFrame, position: usize) -> PolarsResult<u64> {
    let column = frame.columns().get(position).map(|column| column.cast(&DataType::UInt64)).transpose()?;
    Ok(column.map_or(0, |column| column.u64().map_or(0, |counted| counted.iter().flatten().sum())))
}
