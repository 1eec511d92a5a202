//! What all machines of a job must agree on, beside the report.

use std::path::Path;

use custometer_core::Period;
use serde::{Deserialize, Serialize};

use super::cut::{Task, tasks, undivided};
use crate::collect::indices::indices;
use crate::collect::lookups::prepare;
use crate::collect::period::period;
use crate::collect::said::with_read_tables;
use crate::collect::whole::Reading;
use crate::error::RunError;
use crate::read::kept::Kept;
use crate::read::text::FileIndex;
use crate::report::Report;

/// How large tasks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// About how many rows a scan goes through.
    pub rows: u64,
    /// In how many parts rows are shuffled.
    pub parts: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { rows: 2_000_000, parts: 64 }
    }
}

/// What all machines of a job must agree on, beside the report: what the files hold, which rows repeat others, from when until when the data are, and what the
/// tasks are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    pub(super) parts: u32,
    pub(super) indices: Vec<Vec<FileIndex>>,
    pub(super) kept: Vec<Kept>,
    pub(super) period: Option<Period>,
    pub(super) tasks: Vec<Task>,
    /// Tables that one task goes through.
    undivided: Vec<String>,
}

impl Spec {
    /// Goes through the files once, and says what the tasks are.
    ///
    /// # Errors
    ///
    /// When files can't be read to their end, and for all that ends a run before the rows of requests are gone through.
    pub fn of(report: &Report, folder: &Path, sizes: Sizes) -> Result<Self, RunError> {
        let indices = indices(report, folder, &|_| None)?;
        let prepared = prepare(report, &indices, folder)?;
        let (period, tasks, undivided) = {
            let (report, _) = with_read_tables(Reading { report, indices: &indices, prepared: &prepared, folder })?;
            let tasks = tasks(&report, &indices, sizes.rows).map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
            (period(&report, &indices, &prepared)?, tasks, undivided(&report).map(str::to_owned).collect())
        };
        Ok(Self { parts: sizes.parts.max(1), indices, kept: prepared.kept, period, tasks, undivided })
    }

    /// Of tasks that are known already.
    pub(super) fn knowing(parts: u32, indices: Vec<Vec<FileIndex>>, kept: Vec<Kept>, period: Option<Period>, tasks: Vec<Task>) -> Self {
        Self { parts, indices, kept, period, tasks, undivided: Vec::new() }
    }

    /// How many rows the largest table has.
    pub fn rows(&self) -> u64 {
        let rows = self.indices.iter().map(|files| files.iter().map(|index| index.rows).sum());
        rows.max().unwrap_or(0)
    }

    /// How many scans there are.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The tables whose rows are judged by other rows, such as that an id comes once: one task goes through all of their rows, however many there are.
    pub fn undivided(&self) -> &[String] {
        &self.undivided
    }

    /// The spec as it is sent to other machines.
    ///
    /// # Errors
    ///
    /// When there is not memory enough.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RunError> {
        let failed = |error: &dyn std::fmt::Display| RunError::Parcels(format!("what the tasks are can't be written: {error}"));
        let json = serde_json::to_vec(self).map_err(|error| failed(&error))?;
        zstd::encode_all(json.as_slice(), 1).map_err(|error| failed(&error))
    }

    /// What [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RunError> {
        let failed = |error: &dyn std::fmt::Display| {
            RunError::Parcels(format!("what the tasks are can't be read; every machine must have the same version of the program: {error}"))
        };
        let json = zstd::decode_all(bytes).map_err(|error| failed(&error))?;
        serde_json::from_slice(&json).map_err(|error| failed(&error))
    }
}
