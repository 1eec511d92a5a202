//! What the program says: what it was asked for on stdout, everything else on stderr.

use std::io::{self, Write as _};
#[cfg(unix)]
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use custometer_runner::result::harmless;

use crate::failure::Failure;

/// Whether the program was started with a standard output. Rust opens the null device in its place before `main`, so that nobody would
/// be told that what was written is nowhere.
static HAS_STDOUT: AtomicBool = AtomicBool::new(true);

#[cfg(unix)]
#[ctor::ctor(unsafe)]
fn look_for_stdout() {
    // Where there is no such folder, nobody can tell.
    let is_closed = Path::new("/dev/fd").is_dir() && !Path::new("/dev/fd/1").exists();
    HAS_STDOUT.store(!is_closed, Ordering::Relaxed);
}

/// Writes text to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes())
}

/// Writes to stdout. A reader that has seen enough, such as `head`, is not a failure.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    if !HAS_STDOUT.load(Ordering::Relaxed) {
        return Err(Failure::run("there is no standard output to write to: it was closed when this program started"));
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::run(error)),
        _ => Ok(()),
    }
}

/// Says something on stderr. A stderr that can't be written to is not a reason to fail.
pub(crate) fn note(quiet: bool, line: &str) {
    if !quiet {
        let _ = writeln!(io::stderr(), "{}", harmless::lines(line));
    }
}

/// A number of things, in words.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
