//! Runs in stages, as an engine for clusters would make them: in tasks cut at chance, whose parcels come in no order.

use std::collections::BTreeMap;
use std::path::Path;

use custometer_output::Format;
use custometer_runner::stages::{Job, Parcel, Sizes, Spec, Stage};
use custometer_runner::{Report, RunError, RunResult};
use polars::prelude::DataFrame;

use crate::input::Chance;

/// A run in stages that is over but for its last step: a job, and the parcels for the driver.
pub struct Shuffled {
    /// The job, as a machine knows it that was told the spec.
    pub job: Job,
    /// The parcels for the driver.
    pub parcels: Vec<Parcel>,
}

/// Runs a report in stages: cut into 1 to 64 tasks and parts, and with parcels in an order, that `seed` decides.
///
/// # Errors
///
/// Those of the run.
pub fn run_in_stages(report: &Report, folder: &Path, seed: u64) -> Result<RunResult, RunError> {
    let Shuffled { job, parcels } = shuffled(report, folder, seed, &mut |_, parcels| parcels)?;
    job.finish(&parcels)
}

/// The same up to its last step. `spoil` may do something to the parcels that are moved to each stage, and to the driver.
///
/// # Errors
///
/// Those of the run.
pub fn shuffled(
    report: &Report,
    folder: &Path,
    seed: u64,
    spoil: &mut dyn FnMut(Option<Stage>, Vec<Parcel>) -> Vec<Parcel>,
) -> Result<Shuffled, RunError> {
    let mut chance = Chance::seeded(seed);
    let whole = Spec::of(report, folder, Sizes::default())?;
    // Few are as good as many at most places, and quicker.
    let mut some = || {
        let most = 1 << chance.below(7);
        1 + chance.below(most) as u64
    };
    let rows = whole.rows().div_ceil(some()).max(1);
    let parts = u32::try_from(some()).unwrap_or(1);
    let spec = Spec::of(report, folder, Sizes { rows, parts })?.to_bytes()?;
    let job = Job::new(report, folder, Spec::from_bytes(&spec)?)?;
    let mut moved = Vec::new();
    for task in 0..job.tasks() {
        moved.extend(job.scan(task)?);
    }
    for stage in Stage::ALL {
        moved = spoil(Some(stage), moved);
        shuffle(&mut moved, &mut chance);
        // A host may call a step for one part or for several.
        let workers = 1 + chance.below(4) as u64;
        let mut of_worker: BTreeMap<u64, Vec<Parcel>> = BTreeMap::new();
        for parcel in moved {
            of_worker.entry(parcel.to.cast_unsigned() % workers).or_default().push(parcel);
        }
        moved = Vec::new();
        for parcels in of_worker.into_values() {
            moved.extend(job.step(stage, parcels)?);
        }
    }
    moved = spoil(None, moved);
    shuffle(&mut moved, &mut chance);
    Ok(Shuffled { job, parcels: moved })
}

fn shuffle(parcels: &mut [Parcel], chance: &mut Chance) {
    for last in (1..parcels.len()).rev() {
        parcels.swap(last, chance.below(last + 1));
    }
}

/// What tells two results apart, to the byte; nothing where they are the same.
pub fn difference(one: &RunResult, other: &RunResult) -> Option<String> {
    let bytes = |result: &RunResult| custometer_output::render(result, Format::Json, None).unwrap_or_default();
    let (first, second) = (bytes(one), bytes(other));
    if first != second {
        let (first, second) = (String::from_utf8_lossy(&first).into_owned(), String::from_utf8_lossy(&second).into_owned());
        let line = first.lines().zip(second.lines()).position(|(one, other)| one != other);
        let line = line.unwrap_or_else(|| first.lines().count().min(second.lines().count()));
        let near = |text: &str| text.lines().skip(line.saturating_sub(12)).take(40).collect::<Vec<_>>().join("\n");
        return Some(format!("line {}:\n{}\ninstead of\n{}", line + 1, near(&second), near(&first)));
    }
    let same = |one: &DataFrame, other: &DataFrame| one.equals_missing(other) && one.schema() == other.schema();
    let frames = |result: &RunResult| {
        let details = result.details.iter().map(|detail| (detail.request.clone(), detail.frame.clone()));
        details.chain(result.rejected_rows.iter().map(|rows| ("rejected rows".to_owned(), rows.clone()))).collect::<Vec<_>>()
    };
    let (first, second) = (frames(one), frames(other));
    let differs = first.iter().zip(&second).find(|((_, one), (_, other))| !same(one, other));
    if first.len() != second.len() {
        return Some(format!("{} tables instead of {}", second.len(), first.len()));
    }
    differs.map(|((name, one), (_, other))| format!("of `{name}`\n{other}\ninstead of\n{one}"))
}
