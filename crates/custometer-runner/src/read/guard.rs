//! Panics of a library on a damaged file become errors of that file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{PolarsError, PolarsResult};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread becomes an error. A program's panic hook has nothing to say of it then.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Does the work of a library that may panic on what it is given; a panic is an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let said = said.and_then(|said| said.lines().next()).unwrap_or("no reason given");
        Err(PolarsError::ComputeError(format!("it is damaged, or of a kind that is not read ({said})").into()))
    })
}
