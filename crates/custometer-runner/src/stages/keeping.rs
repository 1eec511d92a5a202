//! A run that goes through new and changed files only, and takes of the others what it kept of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use custometer_core::parallel;
use polars::prelude::{PolarsError, PolarsResult};

use super::address::Stage;
use super::cut::{Task, tasks_of_files, undivided};
use super::item::Item;
use super::job::Job;
use super::layout::{Range, layout, placement};
use super::parcel::{Parcel, Sent, frame_of};
use super::spec::Spec;
use super::states::{Found, Head, KnownFiles, Pending, States};
use crate::collect::indices::indices;
use crate::collect::lookups::{Prepared, prepare, sources};
use crate::collect::period::period;
use crate::collect::said::with_read_tables;
use crate::collect::whole::Reading;
use crate::error::RunError;
use crate::plan::SomeRows;
use crate::plan::names::{FIRST, LAST};
use crate::read::files::shown_path;
use crate::read::kept::Kept;
use crate::read::text::FileIndex;
use crate::report::Report;
use crate::report::conversion::RatesFrom;
use crate::result::RunResult;
use crate::run::{Event, unchanged_lookups};

/// In how many parts states and rows of entities are kept.
const PARTS: u32 = 32;

/// What a run had kept, and why it went through other files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reuse {
    /// Of how many files what was kept was taken.
    pub kept: usize,
    /// How many files there was nothing of, since they are new or have changed.
    pub new: usize,
    /// How many there was something of that was made by another config or program, or that depends on another table which has changed.
    pub other: usize,
    /// How many have rows that belong elsewhere now: in other buckets, or outside of the period.
    pub moved: usize,
    /// How many there was something of that is damaged.
    pub damaged: usize,
    /// The tables whose rows are judged by other rows, so that they are read as a whole.
    pub whole: Vec<String>,
    /// Why nothing could be kept for the next run.
    pub not_kept: Option<String>,
}

/// Runs a report as [`run`](crate::run()) does, to the same result, with what was kept of its files. With hashed ids nothing is kept: it would have them as they are.
///
/// # Errors
///
/// As of every run. A state that does not fit is no error, but made anew.
pub fn run_keeping(report: &Report, folder: &Path, states: &States, progress: &dyn Fn(Event<'_>)) -> Result<(RunResult, Reuse), RunError> {
    if report.id_hasher.is_some() {
        let not_kept = Some("ids are hashed, and what is kept would have them as they are".to_owned());
        return Ok((crate::run(report, folder, progress)?, Reuse { not_kept, ..Reuse::default() }));
    }
    steps(report, folder, states, progress).map_err(|error| if report.watch.is_stopped() { RunError::Stopped } else { error })
}

fn steps(report: &Report, folder: &Path, states: &States, progress: &dyn Fn(Event<'_>)) -> Result<(RunResult, Reuse), RunError> {
    progress(Event::Checking { files: report.files() });
    let known_files = states.files(&report.config_hash);
    let indices = indices(report, folder, &|source| known_files.find(source))?;
    let prepared = prepare(report, &indices, folder)?;
    unchanged_lookups(report, &indices, &prepared, folder)?;
    let (period, files) = {
        let (report, _) = with_read_tables(Reading { report, indices: &indices, prepared: &prepared, folder })?;
        (period(&report, &indices, &prepared)?, tasks_of_files(&report, &indices))
    };
    let tasks = files.iter().map(|(task, _)| task.clone()).collect();
    let spec = Spec::knowing(PARTS, indices.clone(), prepared.kept.clone(), period, tasks);
    let depends = depends(report, &indices, &prepared);
    let kept = prepared.kept.clone();
    let job = Job::knowing(report, folder, spec, prepared)?;
    let mut keeping =
        Keeping { report, job: &job, states, layouts: BTreeMap::new(), depends, pending: Pending::default(), reuse: Reuse::default() };
    keeping.reuse.whole = undivided(report).map(str::to_owned).collect();

    let mut parcels = Vec::new();
    let mut missing: BTreeMap<usize, Vec<Missing>> = BTreeMap::new();
    for (number, (task, file)) in files.iter().enumerate() {
        let SomeRows { scan, rows } = task.rows();
        let Some((file, rows)) = file.zip(rows) else {
            missing.entry(scan).or_default().push((number, None));
            continue;
        };
        let (table, index) = (&report.tables[scan], &indices[scan][file]);
        let place = states.place(&table.name, index, rows.start);
        let file = shown_path(table.files()[file], folder);
        let wanted = Head::new(keeping.layout(task)?, kept_of(report, &kept, scan, rows), &table.name, file, index.rows);
        match keeping.find(&place, &wanted) {
            Some(sent) => parcels.extend(job.parcels(number, &sent)?),
            None => missing.entry(scan).or_default().push((number, Some((place, wanted)))),
        }
    }
    for (scan, tasks) in missing {
        let rows = |number: usize| files[number].0.rows().rows.map_or(0, |rows| rows.end - rows.start);
        let of_files = tasks.iter().filter_map(|(number, _)| files[*number].1).map(|file| indices[scan][file].bytes);
        let (count, bytes) = (tasks.len(), of_files.sum());
        progress(Event::Reading {
            table: &report.tables[scan].name,
            files: count,
            bytes,
            rows: tasks.iter().map(|(number, _)| rows(*number)).sum(),
        });
        for (number, state) in tasks {
            let sent = job.sent(&files[number].0)?;
            if let Some((place, head)) = state {
                keeping.put(place, head, &sent)?;
            }
            parcels.extend(job.parcels(number, &sent)?);
        }
    }
    for stage in Stage::ALL {
        parcels = stepped(&job, stage, parcels)?;
    }
    let result = job.finish(&parcels)?;
    let Keeping { pending, mut reuse, .. } = keeping;
    let sources = report
        .tables
        .iter()
        .enumerate()
        .filter(|(table, _)| report.first_of_scan(*table) == *table)
        .flat_map(|(table, of)| of.own_files().zip(of.opened_files()).map(move |(file, (opened, _))| (table, file, opened)));
    let sources = sources.map(|(table, file, opened)| (opened.sources()[file].as_ref(), &indices[table][file]));
    if let Err(error) = states.keep(pending, &KnownFiles::of(&report.config_hash, sources)) {
        reuse.not_kept.get_or_insert(error.to_string());
    }
    Ok((result, reuse))
}

/// A task whose rows are to be read, and where what comes of them is kept, if it is.
type Missing = (usize, Option<(PathBuf, Head)>);

/// What is found, and what is to be kept.
struct Keeping<'a> {
    report: &'a Report,
    job: &'a Job,
    states: &'a States,
    /// By scan.
    layouts: BTreeMap<usize, String>,
    /// What all states depend on beside their own files.
    depends: String,
    pending: Pending,
    reuse: Reuse,
}

impl Keeping<'_> {
    fn layout(&mut self, task: &Task) -> Result<&str, RunError> {
        let scan = task.rows().scan;
        if !self.layouts.contains_key(&scan) {
            let layout =
                layout(self.report, &self.job.plans_of(task)?, PARTS, &self.depends).map_err(|source| self.failed(scan, source))?;
            self.layouts.insert(scan, layout);
        }
        Ok(&self.layouts[&scan])
    }

    fn placement(&self, range: Range) -> String {
        placement(self.job.axes(), range, self.report.conversion.is_some())
    }

    /// What was kept of a file, if it is as it is wanted now.
    fn find(&mut self, place: &Path, wanted: &Head) -> Option<Vec<Sent>> {
        let (head, sent) = match States::find(place) {
            Found::State(head, sent) => (head, sent),
            Found::Nothing => {
                self.reuse.new += 1;
                return None;
            }
            Found::Damaged => {
                self.reuse.damaged += 1;
                return None;
            }
        };
        if (&head.layout, &head.kept) != (&wanted.layout, &wanted.kept) {
            self.reuse.other += 1;
            return None;
        }
        if head.placement != self.placement(head.range) {
            self.reuse.moved += 1;
            return None;
        }
        self.reuse.kept += 1;
        States::used(place.to_owned(), &mut self.pending);
        Some(sent)
    }

    fn put(&mut self, place: PathBuf, head: Head, sent: &[Sent]) -> Result<(), RunError> {
        let range = range_of(sent).map_err(|source| RunError::Table { table: head.table.clone(), source })?;
        let head = Head { range, placement: self.placement(range), ..head };
        // That nothing can be kept is no fault of the report.
        if let Err(error) = self.states.write(place, head, sent, &mut self.pending) {
            self.reuse.not_kept.get_or_insert(error.to_string());
        }
        Ok(())
    }

    fn failed(&self, table: usize, source: PolarsError) -> RunError {
        RunError::Table { table: self.report.tables[table].name.clone(), source }
    }
}

/// From when until when the rows are that something was sent of.
fn range_of(sent: &[Sent]) -> PolarsResult<Range> {
    let mut range: Range = None;
    for sent in sent.iter().filter(|sent| matches!(sent.label.item, Item::Counted { .. })) {
        let frame = frame_of(&sent.rows)?;
        let (Ok(first), Ok(last)) = (frame.column(FIRST), frame.column(LAST)) else { continue };
        let instants: Vec<i64> =
            first.i64()?.iter().chain(last.i64()?.iter()).flatten().chain(range.into_iter().flat_map(|(a, b)| [a, b])).collect();
        range = instants.iter().copied().min().zip(instants.iter().copied().max());
    }
    Ok(range)
}

/// What tells which rows of a scan are kept among those that repeat others.
fn kept_of(report: &Report, kept: &[Kept], scan: usize, rows: std::ops::Range<u64>) -> String {
    // The rows of a union are numbered anew in its sources.
    let tables = (0..kept.len()).filter(|table| report.first_of_scan(*table) == scan && report.tables[*table].sources().is_empty());
    let own = tables.map(|table| kept[table].tells(rows.clone()));
    let unions = (0..kept.len()).filter(|table| report.first_of_scan(*table) == scan && !report.tables[*table].sources().is_empty());
    let of_unions = unions.flat_map(|table| [table].into_iter().chain(sources(report, table))).map(|table| format!("{:?}", kept[table]));
    own.chain(of_unions).collect::<Vec<_>>().join(" ")
}

/// What states depend on beside their own files: tables that are looked up, and rates.
fn depends(report: &Report, indices: &[Vec<FileIndex>], prepared: &Prepared) -> String {
    let rates = report.conversion.as_ref().and_then(|conversion| match &conversion.rates {
        RatesFrom::Table(of) => report.position(&of.table),
        RatesFrom::Config(_) => None,
    });
    let tables: BTreeSet<usize> = prepared.looked_up.iter().map(|of| of.table).chain(rates).collect();
    let of_table = |table: usize| {
        let files: Vec<&str> = indices[table].iter().map(|index| index.hash.as_str()).collect();
        format!("{table} {} {:?}\n", files.join(" "), prepared.kept[table])
    };
    tables.into_iter().map(of_table).collect()
}

/// What a stage makes of parcels, on all threads.
fn stepped(job: &Job, stage: Stage, parcels: Vec<Parcel>) -> Result<Vec<Parcel>, RunError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (here, mut all): (Vec<Parcel>, Vec<Parcel>) = parcels.into_iter().partition(|parcel| parcel.stage() == stage.number());
    let mut groups: Vec<Vec<Parcel>> = (0..threads).map(|_| Vec::new()).collect();
    for parcel in here {
        // A part is of one thread.
        let part = usize::try_from(parcel.to & i64::from(u32::MAX)).unwrap_or_default();
        groups[part % threads].push(parcel);
    }
    for made in parallel::fold(groups, Vec::new, |made, group| made.push(job.step(stage, group))).into_iter().flatten() {
        all.extend(made?);
    }
    Ok(all)
}
