//! A fault of the program itself: it ends the run with what to send to whom, and not with half a report.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

/// Every panic so far, with where it was. Some are caught where a library may panic: those are not told.
static PANICS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// A panic that nothing else caught.
#[derive(Debug)]
pub struct Fault {
    what: String,
    place: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, place } = self;
        let (version, repository) = (env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"));
        write!(
            f,
            "custometer has a fault, and this run met it; a report that was there before is as it was\n  what: {what}\n  where: {place}\n  \
             version: {version}\nplease send these lines to {repository}/issues, with the report and a few rows that show it, if you may"
        )
    }
}

impl std::error::Error for Fault {}

/// Runs something. A panic in it, on whatever thread, is an error.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Fault> {
    panic::set_hook(Box::new(remember));
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let what = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = panics.iter().rev().find(|(of, _)| what.as_ref().is_none_or(|what| what == of)).cloned();
        let (said, place) = known.unwrap_or_else(|| ("nothing was said".to_owned(), "not known".to_owned()));
        Fault { what: what.unwrap_or(said), place }
    })
}

fn remember(panic: &PanicHookInfo<'_>) {
    let what = panic.payload_as_str().unwrap_or("nothing was said").to_owned();
    let place = panic.location().map_or_else(|| "not known".to_owned(), ToString::to_string);
    let trace = Backtrace::capture();
    let place = if trace.status() == BacktraceStatus::Captured { format!("{place}\n{trace}") } else { place };
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).push((what, place));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_any_thread_is_told_with_its_place() {
        let in_thread = || std::thread::spawn(|| panic!("index {} of 3", 7)).join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        let fault = caught(|| {
            // What is caught on the way is not told.
            let _ = panic::catch_unwind(|| panic!("a file that can't be read"));
            in_thread();
        });
        let text = fault.unwrap_err().to_string();
        assert!(text.contains("\n  what: index 7 of 3\n  where: crates/custometer-cli/src/fault.rs:"), "{text}");
        assert!(text.ends_with("if you may") && text.contains("/issues"), "{text}");
        assert_eq!(caught(|| 3).ok(), Some(3));
    }
}
