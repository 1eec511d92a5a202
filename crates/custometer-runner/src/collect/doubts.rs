//! What there is reason to doubt of the rows as a whole, measured as values are.

use std::sync::Arc;

use custometer_core::Aggregation;
use custometer_core::aggregation::{By, MeasureTable};
use custometer_core::time::LocalClock;
use polars::prelude::{PolarsError, PolarsResult};

use crate::collect::accumulate::Accumulator;
use crate::memory::Memory;
use crate::plan::input::InputPlan;
use crate::report::Report;

/// Measures the rows of an input for the doubts of its source; none where it has none.
pub(super) fn accumulator(input: &InputPlan, report: &Report, memory: &Arc<Memory>) -> Option<Arc<Accumulator>> {
    let clock = LocalClock::new(&report.calendar.zone);
    let measures: Vec<_> = input.key.source.doubts.iter().flat_map(|doubt| (doubt.measures)(&clock)).collect();
    (!measures.is_empty()).then(|| Accumulator::new(Aggregation::new(Vec::new(), measures), memory))
}

/// What they are finished by: there is one group, of all rows.
pub(crate) fn choice() -> By {
    By::keys(Vec::new())
}

/// What was measured.
pub(super) fn measured(accumulator: &Accumulator, report: &Report) -> PolarsResult<MeasureTable> {
    let mut tables = accumulator.finish(&[choice()], report.confidence)?;
    tables.pop().ok_or_else(|| PolarsError::ComputeError("nothing was measured".into()))
}

/// What is to be said of the doubts that hold.
pub(super) fn notes(input: &InputPlan, report: &Report, measured: Option<&MeasureTable>) -> Vec<&'static str> {
    let mut values = measured.map(|measured| measured.get(&[])).unwrap_or_default().iter().map(|measured| measured.value);
    let clock = LocalClock::new(&report.calendar.zone);
    let doubts = input.key.source.doubts.iter().filter(|doubt| {
        let of_doubt: Vec<Option<f64>> = values.by_ref().take((doubt.measures)(&clock).len()).collect();
        (doubt.holds)(&of_doubt)
    });
    doubts.map(|doubt| doubt.note).collect()
}
