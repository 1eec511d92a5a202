//! All files gone through once, before any row is read: what they hold, and what makes them unreadable.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::RunError;
use crate::read::files::shown_path;
use crate::read::source::Source;
use crate::read::text::FileIndex;
use crate::report::Report;

/// What is known of a file from an earlier run: of its name and its stamp.
pub(crate) type KnownFile<'a> = &'a (dyn Fn(&Source) -> Option<FileIndex> + Sync);

/// Goes through all files once: what they hold, by table, and what makes them unreadable. Tables over the same files have the same. A file that is
/// `known` is not gone through.
pub(crate) fn indices(report: &Report, folder: &Path, known: KnownFile<'_>) -> Result<Vec<Vec<FileIndex>>, RunError> {
    let once = report.tables.iter().enumerate().filter(|(table, _)| report.first_of_scan(*table) == *table);
    let files = once.flat_map(|(table, of)| of.own_files().map(move |file| (table, file)));
    let files: Vec<(usize, usize)> = files.collect();
    let next = AtomicUsize::new(0);
    let index = || {
        let taken = std::iter::from_fn(|| files.get(next.fetch_add(1, Ordering::Relaxed)).copied());
        let index = |(table, file): (usize, usize)| {
            let opened = report.tables[table].opened_files()[file].0;
            known(&opened.sources()[file]).map_or_else(|| opened.index(file), Ok)
        };
        taken.map(|place| (place, index(place))).collect::<Vec<_>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(index)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    let mut indices: Vec<Vec<FileIndex>> = report.tables.iter().map(|_| Vec::new()).collect();
    let mut problems = Vec::new();
    for ((table, file), index) in done {
        match index {
            Ok(index) => indices[table].push(index),
            Err(error) => problems.push(format!("`{}` {error}", shown_path(report.tables[table].files()[file], folder))),
        }
    }
    if !problems.is_empty() {
        return Err(RunError::Files(problems));
    }
    for table in 0..indices.len() {
        let of_scan = indices[report.first_of_scan(table)].clone();
        indices[table] = of_scan;
    }
    for (table, of) in report.tables.iter().enumerate() {
        let sources = of.sources().iter().filter_map(|source| report.position(&source.table.name));
        let of_sources: Vec<FileIndex> = sources.flat_map(|source| indices[source].clone()).collect();
        indices[table].extend(of_sources);
    }
    Ok(indices)
}
