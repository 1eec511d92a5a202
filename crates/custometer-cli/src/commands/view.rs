//! `view`: stored results in another format, without the data.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use custometer_output::Format;

use super::{show, write_to};
use crate::failure::Failure;

pub(super) fn run(path: &Path, formats: &[Format], out: Option<&Path>, quiet: bool) -> Result<(), Failure> {
    super::check_formats(formats, out.is_some(), io::stdout().is_terminal())?;
    let name = path.display();
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::usage(format!("`{name}` can't be read: {error}")))?;
    let result = custometer_output::stored(&text).map_err(|error| Failure::usage(format!("`{name}`: {error}")))?;
    match out {
        Some(folder) => write_to(&result, formats, folder, None, quiet),
        None => show(&result, formats[0], quiet),
    }
}
