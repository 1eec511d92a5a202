//! What a host sees of the reading of rows, and how it stops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use polars::prelude::{PolarsError, PolarsResult};

/// How many rows a run has read, how much it has put on disk, and whether it is to go on. All clones are of one run.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    rows: AtomicU64,
    aside: AtomicU64,
    is_stopped: AtomicBool,
}

impl Watch {
    /// Lets no further rows be read: the run ends with [`RunError::Stopped`](crate::RunError::Stopped) once those are done that are being read.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it is stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    /// How many rows were read, those that are read several times each time.
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// How many bytes did not fit into memory, and were put on disk.
    pub fn aside(&self) -> u64 {
        self.0.aside.load(Ordering::Relaxed)
    }

    pub(crate) fn put_aside(&self, bytes: usize) {
        self.0.aside.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, rows: usize) {
        self.0.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// An error, once it is stopped.
    pub(crate) fn check(&self) -> PolarsResult<()> {
        if self.is_stopped() { Err(PolarsError::ComputeError("the run was stopped".into())) } else { Ok(()) }
    }
}
