//! What the program says: what it was asked for on stdout, everything else on stderr.

use std::io::{self, Write as _};

use custometer_runner::result::harmless;

use crate::failure::Failure;

/// Writes text to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes())
}

/// Writes to stdout. A reader that has seen enough, such as `head`, is not a failure.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
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
