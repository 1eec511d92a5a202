//! Parcels: rows of one kind that go from one task to another.

use std::collections::BTreeMap;
use std::io::Cursor;

use polars::prelude::{DataFrame, IpcCompression, IpcReader, IpcWriter, PolarsResult, SerReader, SerWriter};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::item::Label;
use crate::error::RunError;

const DAMAGED: &str = "is damaged: run the report again";
/// The length of the hash that a payload begins with.
const HASH: usize = 16;

/// Rows on their way from one task to another. What a host does with it depends on nothing but [`to`](Self::to).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The stage and the part of it that it is for; 0 is the driver.
    pub to: i64,
    /// The task that it is from.
    pub from: i64,
    /// Its number among those of its task.
    pub seq: i64,
    /// How many rows it has.
    pub rows: i64,
    /// A hash of everything else, what the rows are, and the rows.
    pub payload: Vec<u8>,
}

/// What stands before the rows.
#[derive(Serialize, Deserialize)]
struct Header {
    /// What the job is that it is part of.
    job: String,
    label: Label,
}

impl Parcel {
    /// The number of the stage that it is for; 0 is the driver.
    pub fn stage(&self) -> i64 {
        self.to >> 32
    }

    /// Some rows on a way, as the one with a number of those of its task.
    pub(super) fn new(job: &str, way: (i64, i64, i64), label: &Label, mut rows: DataFrame) -> Result<Self, String> {
        rows.rechunk_mut();
        let mut written = Vec::new();
        let mut writer = IpcWriter::new(&mut written).with_compression(Some(IpcCompression::default()));
        writer.finish(&mut rows).map_err(|error| error.to_string())?;
        Self::of_written(job, way, label, i64::try_from(rows.height()).unwrap_or(i64::MAX), &written)
    }

    /// The same of rows that are written already.
    pub(super) fn of_written(
        job: &str,
        (from, to, seq): (i64, i64, i64),
        label: &Label,
        rows: i64,
        written: &[u8],
    ) -> Result<Self, String> {
        let header = serde_json::to_vec(&Header { job: job.to_owned(), label: label.clone() }).map_err(|error| error.to_string())?;
        let mut body = u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        body.extend(&header);
        body.extend(written);
        let mut payload = Self::hash(to, from, seq, rows, &body).to_vec();
        payload.extend(body);
        Ok(Self { to, from, seq, rows, payload })
    }

    fn hash(to: i64, from: i64, seq: i64, rows: i64, body: &[u8]) -> [u8; HASH] {
        let mut hasher = blake3::Hasher::new();
        for number in [to, from, seq, rows] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(body);
        let mut hash = [0; HASH];
        hash.copy_from_slice(&hasher.finalize().as_bytes()[..HASH]);
        hash
    }

    /// What the rows are, and the rows.
    pub(super) fn open(&self, job: &str) -> Result<(Label, DataFrame), RunError> {
        let (label, written) = self.apart(job)?;
        let frame = frame_of(written).map_err(|_| self.spoiled(DAMAGED))?;
        if i64::try_from(frame.height()) == Ok(self.rows) { Ok((label, frame)) } else { Err(self.spoiled(DAMAGED)) }
    }

    fn spoiled(&self, what: &str) -> RunError {
        let from = Address::of(self.from);
        let to = if self.to == Address::DRIVER { "the driver".to_owned() } else { Address::of(self.to).to_string() };
        RunError::Parcels(format!("parcel {} from {from} to {to} {what}", self.seq))
    }

    /// What the rows are, and the rows as they are written.
    pub(super) fn apart(&self, job: &str) -> Result<(Label, &[u8]), RunError> {
        let damaged = || self.spoiled(DAMAGED);
        let (hash, body) = self.payload.split_at_checked(HASH).ok_or_else(damaged)?;
        if hash != Self::hash(self.to, self.from, self.seq, self.rows, body) {
            return Err(damaged());
        }
        let (length, body) = body.split_at_checked(4).ok_or_else(damaged)?;
        let length = length.try_into().map(u32::from_le_bytes).map_err(|_| damaged())?;
        let (header, rows) = body.split_at_checked(length as usize).ok_or_else(damaged)?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|_| self.spoiled("is of another version of the program: every machine must have the same one"))?;
        if header.job != job {
            return Err(self.spoiled(
                "is of another job, another version of the program or other metrics: every machine must have the same, and read the same config",
            ));
        }
        Ok((header.label, rows))
    }
}

/// What a task sends, whichever task it is.
pub(super) struct Sent {
    pub(super) to: i64,
    pub(super) label: Label,
    /// How many rows there are.
    pub(super) count: i64,
    /// The rows, as they are written.
    pub(super) rows: Vec<u8>,
}

/// Rows as they are written.
pub(super) fn frame_of(written: &[u8]) -> PolarsResult<DataFrame> {
    IpcReader::new(Cursor::new(written)).finish()
}

/// What parcels hold, the rows of one kind one under the other, in the order of the tasks they are from.
pub(super) fn opened(parcels: &[Parcel], job: &str) -> Result<BTreeMap<Label, DataFrame>, RunError> {
    let mut order: Vec<&Parcel> = parcels.iter().collect();
    order.sort_by_key(|parcel| (parcel.from, parcel.seq));
    let mut all: BTreeMap<Label, DataFrame> = BTreeMap::new();
    for parcel in order {
        let (label, frame) = parcel.open(job)?;
        match all.get_mut(&label) {
            Some(before) => {
                before
                    .vstack_mut(&frame)
                    .map_err(|source| RunError::Parcels(format!("parcels of one kind do not fit together: {source}")))?;
            }
            None => {
                all.insert(label, frame);
            }
        }
    }
    Ok(all)
}
