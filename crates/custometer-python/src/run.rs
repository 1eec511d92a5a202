//! A run: on a thread of its own, while Python waits, shows how far it is, and may be told to stop.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use custometer::runner::{Event, Report, RunResult};
use custometer_cli::Fault;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error;
use crate::progress::Bar;

/// How long nobody looks whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a run that is stopped is waited for. It writes nothing, so that nothing depends on its end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Plans are walked by recursion.
const STACK: usize = 64 << 20;

/// What a run tells while it works.
enum Told {
    Checking(usize),
    Reading(String, u64),
    Done(Box<Result<Result<RunResult, custometer::runner::RunError>, Fault>>),
}

/// Runs a report. Python is free meanwhile, and Ctrl-C ends the run.
pub(crate) fn run(py: Python<'_>, report: Report, folder: &Path, mut bar: Bar) -> PyResult<RunResult> {
    let watch = report.watch().clone();
    let (tell, mut told) = channel();
    let folder = folder.to_owned();
    let work = move || {
        let progress = |event: Event<'_>| {
            let told = match event {
                Event::Checking { files } => Told::Checking(files),
                Event::Reading { table, rows, .. } => Told::Reading(table.to_owned(), rows),
                _ => return,
            };
            // Whoever listens no longer has no use for it.
            let _ = tell.send(told);
        };
        let done = custometer_cli::caught(|| custometer::runner::run(&report, &folder, &progress));
        let _ = tell.send(Told::Done(Box::new(done)));
    };
    thread::Builder::new().name("custometer".to_owned()).stack_size(STACK).spawn(work)?;
    loop {
        // A channel is of the thread that listens to it, which this one is whether or not Python is attached to it.
        let (back, heard) = py.detach(move || {
            let heard = told.recv_timeout(GLANCE);
            (told, heard)
        });
        match &heard {
            Ok(Told::Checking(files)) => bar.checking(py, *files)?,
            Ok(Told::Reading(table, rows)) => bar.reading(py, table, *rows, watch.rows())?,
            Err(RecvTimeoutError::Timeout) => bar.rows(py, watch.rows())?,
            _ => bar.close(py)?,
        }
        match heard {
            Ok(Told::Done(done)) => {
                return match *done {
                    Ok(Ok(result)) => Ok(result),
                    Ok(Err(failure)) => Err(error::failed(py, &failure)),
                    Err(fault) => Err(PyRuntimeError::new_err(fault.to_string())),
                };
            }
            Err(RecvTimeoutError::Disconnected) => return Err(PyRuntimeError::new_err("the run ended without a word")),
            _ => {}
        }
        told = back;
        if let Err(interrupted) = py.check_signals() {
            watch.stop();
            bar.close(py)?;
            py.detach(move || while !matches!(told.recv_timeout(PATIENCE), Ok(Told::Done(_)) | Err(_)) {});
            return Err(interrupted);
        }
    }
}
