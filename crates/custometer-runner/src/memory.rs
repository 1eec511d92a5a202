//! How much memory a run may take, and what is put on disk when it would take more.
//!
//! What grows with the rows is a [`Holder`]: it says how much it holds, and can put it aside. When all of them together hold too much, or the
//! process takes too much, the largest put aside what they have. When that is, and which they are, depends on threads and machines; so a holder
//! gives what it was given, whatever of it was put aside.

mod process;
mod scratch;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use polars::prelude::{PolarsError, PolarsResult};

use self::process::Process;
pub(crate) use self::scratch::Scratch;
use crate::read::watch::Watch;

/// How much memory a run may take, and where it puts what is beyond.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryLimit {
    /// So many bytes, for the whole process; three quarters of what the machine has, or the container, unless said.
    pub bytes: Option<u64>,
    /// The folder for what is beyond; the system's folder for temporary files unless said.
    pub scratch: Option<PathBuf>,
}

impl MemoryLimit {
    /// How many bytes these are.
    pub fn bytes(&self) -> u64 {
        self.bytes.unwrap_or_else(|| Process::new().available() / 4 * 3)
    }

    /// Where that folder is.
    pub fn scratch(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// Why a run does not get along with the memory that it has.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// What does not fit into memory can't be written, or not be read again.
    #[error(
        "what does not fit into memory can't be kept in the folder `{folder}`, where {megabytes} MB of it are: name a folder with more room \
         (`--scratch DIR`), or allow more memory (`--memory`)"
    )]
    Scratch {
        /// The folder.
        folder: String,
        /// How much was written there by then, in millions of bytes.
        megabytes: u64,
        /// What the system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// Rows that are needed together are too many.
    #[error(
        "table `{table}` has more than {rows} rows {of}, which are derived together and do not fit into {megabytes} MB of memory: allow more \
         (`--memory`), or leave these rows out (`where`), if they are of a robot or a placeholder"
    )]
    Entity {
        /// The table.
        table: String,
        /// What the rows share, in words.
        of: String,
        /// So many of them were read.
        rows: usize,
        /// How much memory there is, in millions of bytes.
        megabytes: u64,
    },
}

/// What can be put aside.
pub(crate) trait Holder: Send + Sync {
    /// How many bytes it holds.
    fn held(&self) -> u64;

    /// Puts aside what it holds.
    ///
    /// Threads of the engine wait meanwhile, so that it must not hand any work to them.
    fn put_aside(&self) -> PolarsResult<()>;
}

/// The memory of a run, shared by all that hold some of it.
pub(crate) struct Memory {
    limit: u64,
    folder: PathBuf,
    holders: Mutex<Vec<Weak<dyn Holder>>>,
    process: Mutex<Process>,
    watch: Watch,
    /// What went wrong first: of errors that go through the engine only the text arrives.
    failure: Mutex<Option<MemoryError>>,
}

/// Holders may have one of so many parts of all. What else there is, batches of the engine, ids, results, shows only in what the process takes.
const HELD: u64 = 2;
/// As little as one of so many parts is not put aside because of what others take: it would soon be back.
const LITTLE: u64 = 16;

impl Memory {
    pub(crate) fn new(limit: &MemoryLimit, watch: &Watch) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.bytes(),
            folder: limit.scratch(),
            holders: Mutex::default(),
            process: Mutex::new(Process::new()),
            watch: watch.clone(),
            failure: Mutex::default(),
        })
    }

    /// How much may be held of so many bytes.
    pub(crate) fn held(limit: u64) -> u64 {
        limit / HELD
    }

    /// How many bytes the run may take.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Counts with what another holds.
    pub(crate) fn add(&self, holder: Weak<dyn Holder>) {
        lock(&self.holders).push(holder);
    }

    /// Puts things aside, if there is no room. Who holds more than before asks for it, with no lock of its own.
    pub(crate) fn make_room(&self) -> PolarsResult<()> {
        let holders: Vec<Arc<dyn Holder>> = lock(&self.holders).iter().filter_map(Weak::upgrade).collect();
        let of_all = || holders.iter().map(|holder| holder.held()).sum::<u64>();
        if of_all() <= self.limit / LITTLE {
            return Ok(());
        }
        // One at a time: when it is the turn of another, there may be room again.
        let mut process = lock(&self.process);
        let all = of_all();
        if all <= self.limit / LITTLE || all <= Self::held(self.limit) && process.taken() <= self.limit / 4 * 3 {
            return Ok(());
        }
        while of_all() > all / 2 {
            let Some(largest) = holders.iter().max_by_key(|holder| holder.held()) else { break };
            let before = largest.held();
            largest.put_aside()?;
            // Other threads may be at work with the rest.
            if largest.held() >= before {
                break;
            }
        }
        Ok(())
    }

    /// Remembers what went wrong; as an error that ends the plans.
    pub(crate) fn failed(&self, error: MemoryError) -> PolarsError {
        let told = PolarsError::ComputeError(error.to_string().into());
        lock(&self.failure).get_or_insert(error);
        told
    }

    /// What went wrong first.
    pub(crate) fn failure(&self) -> Option<MemoryError> {
        lock(&self.failure).clone()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
