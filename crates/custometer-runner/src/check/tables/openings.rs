//! Files that several tables are read of, opened once: then one scan has the rows of all these tables.

use std::path::PathBuf;
use std::sync::Arc;

use crate::read::container::Within;
use crate::read::files::{self, Opened};
use crate::read::format::FileFormat;
use crate::read::given::GivenRows;
use crate::read::open_error::OpenError;
use crate::read::text::TextFormat;

/// What has been opened so far.
#[derive(Default)]
pub(super) struct Openings(Vec<(Reading, Opened)>);

/// Which files are read, and how.
struct Reading {
    files: Vec<PathBuf>,
    format: Option<FileFormat>,
    within: Within,
    /// The dialects of text files, with the delimiter of each format.
    dialects: [TextFormat; 2],
}

impl Reading {
    /// Whether what was opened by this reading is what the other one would open.
    fn is_same(&self, other: &Self, opened: &Opened) -> bool {
        // Cells of sheets alone are made text of.
        let decimal_comma = if opened.format == FileFormat::Workbook { self.within.decimal_comma } else { other.within.decimal_comma };
        let within = Within { decimal_comma, ..self.within.clone() };
        (&self.files, self.format, &within, &self.dialects) == (&other.files, other.format, &other.within, &other.dialects)
    }
}

impl Openings {
    /// The files as they are read for a table, opened unless they are.
    pub(super) fn open(
        &mut self,
        files: Vec<PathBuf>,
        format: Option<FileFormat>,
        within: Within,
        dialect: impl Fn(FileFormat) -> TextFormat,
    ) -> Result<Opened, OpenError> {
        let dialects = [FileFormat::Csv, FileFormat::Tsv].map(&dialect);
        let reading = Reading { files, format, within, dialects };
        self.once(reading, |reading| files::open(&reading.files, reading.format, &reading.within, dialect))
    }

    /// The rows that a host gives.
    pub(super) fn given(&mut self, rows: &Arc<GivenRows>) -> Result<Opened, OpenError> {
        // No file is called like them: what the host gives under a path is what that path means.
        let files = vec![PathBuf::from(rows.name())];
        let reading = Reading { files, format: None, within: Within::default(), dialects: <[TextFormat; 2]>::default() };
        self.once(reading, |_| files::open_given(rows))
    }

    fn once(&mut self, reading: Reading, open: impl FnOnce(&Reading) -> Result<Opened, OpenError>) -> Result<Opened, OpenError> {
        if let Some((_, opened)) = self.0.iter().find(|(known, opened)| known.is_same(&reading, opened)) {
            return Ok(opened.clone());
        }
        let opened = open(&reading)?;
        self.0.push((reading, opened.clone()));
        Ok(opened)
    }
}
