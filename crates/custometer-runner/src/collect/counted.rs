//! What is counted of a table's rows as they come by.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataFrame, LazyFrame, PolarsError, PolarsResult};

use crate::collect::counts::{Counts, by_source, count};
use crate::plan::TablePlan;
use crate::plan::input::InputPlan;
use crate::plan::names::{FATE, FIRST, LAST};

/// What is counted of a table's rows.
pub(crate) struct Counted {
    pub(crate) counts: Counts,
    /// What became of the rows, by input.
    pub(crate) fates: Vec<DataFrame>,
    /// Rejected rows, by input.
    pub(crate) rejected: Vec<DataFrame>,
    /// The first instant of the data in microseconds since 1970, by input; none where rows are not placed in time.
    pub(crate) known_since: Vec<Option<i64>>,
    /// The last one.
    pub(crate) last: Vec<Option<i64>>,
    /// The currencies of amounts that are summed, by input; none for an amount without one.
    pub(crate) currencies: Vec<BTreeSet<Option<String>>>,
    /// How many rows the requests' own conditions leave out, by input and source.
    pub(crate) left_out: Vec<Vec<u64>>,
    /// How many rows are between the periods of the report's own that a request is by.
    pub(crate) between: BTreeMap<usize, u64>,
}

impl Counted {
    /// The plans that count, in the order in which their frames are taken apart.
    pub(crate) fn plans(plan: &TablePlan) -> Vec<LazyFrame> {
        let inputs = plan.inputs.iter().flat_map(|input| {
            [Some(&input.fates), Some(&input.rejected), input.currencies.as_ref(), input.left_out.as_ref()].into_iter().flatten().cloned()
        });
        let between = plan.between.iter().map(|(_, count)| count.clone());
        plan.counts.frames().into_iter().chain(inputs).chain(between).collect()
    }

    /// Which of these plans says what became of the rows of each input.
    pub(crate) fn fates_at(plan: &TablePlan) -> Vec<usize> {
        let mut at = plan.counts.frames().len();
        let place = |input: &InputPlan| {
            let fates = at;
            at += 2 + usize::from(input.currencies.is_some()) + usize::from(input.left_out.is_some());
            fates
        };
        plan.inputs.iter().map(place).collect()
    }

    /// Of the frames of these plans: of all rows at once, or of some and others one under the other.
    pub(crate) fn of(plan: &TablePlan, frames: Vec<DataFrame>) -> PolarsResult<Self> {
        let mut frames = frames.into_iter();
        let mut counted = Self {
            counts: Counts::of(&plan.counts, &mut frames)?,
            fates: Vec::new(),
            rejected: Vec::new(),
            known_since: Vec::new(),
            last: Vec::new(),
            currencies: Vec::new(),
            left_out: Vec::new(),
            between: BTreeMap::new(),
        };
        let mut next = || frames.next().ok_or_else(|| PolarsError::ComputeError("a plan gave no frame".into()));
        for input in &plan.inputs {
            let fates = next()?;
            counted.known_since.push(fates.column(FIRST)?.i64()?.iter().flatten().min());
            counted.last.push(last_of(&fates)?);
            counted.fates.push(fates);
            counted.rejected.push(next()?);
            counted.currencies.push(if input.currencies.is_some() { texts(&next()?)? } else { BTreeSet::new() });
            counted.left_out.push(if input.left_out.is_some() { by_source(&next()?, plan.counts.sources.len())? } else { Vec::new() });
        }
        for (request, _) in &plan.between {
            counted.between.insert(*request, count(&next()?, 0)?);
        }
        Ok(counted)
    }
}

/// The last instant of rows by what became of them, in microseconds since 1970.
pub(crate) fn last_of(fates: &DataFrame) -> PolarsResult<Option<i64>> {
    // What is wrong with a rejected row may be its time.
    let usable = fates.column(FATE)?.i32()?.iter().zip(fates.column(LAST)?.i64()?.iter()).filter(|(fate, _)| *fate <= Some(0));
    Ok(usable.filter_map(|(_, last)| last).max())
}

/// The texts of a frame's only column.
fn texts(frame: &DataFrame) -> PolarsResult<BTreeSet<Option<String>>> {
    let Some(column) = frame.columns().first() else { return Ok(BTreeSet::new()) };
    Ok(column.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}
