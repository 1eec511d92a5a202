//! What a task sends.

use polars::prelude::DataFrame;

use super::account::Account;
use super::address::Address;
use super::item::{Item, Label};
use super::parcel::{Parcel, Sent};
use crate::error::RunError;

/// So many rows are a parcel.
const ROWS: usize = 65_536;

/// The parcels that a task sends.
pub(super) struct Outbox<'a> {
    job: &'a str,
    from: i64,
    parcels: Vec<Parcel>,
}

impl<'a> Outbox<'a> {
    pub(super) fn new(job: &'a str, from: Address) -> Self {
        Self { job, from: from.number(), parcels: Vec::new() }
    }

    /// Sends rows, if there are any.
    pub(super) fn send(&mut self, to: i64, label: &Label, frame: &DataFrame) -> Result<(), RunError> {
        for start in (0..frame.height()).step_by(ROWS) {
            let rows = frame.slice(i64::try_from(start).unwrap_or(i64::MAX), ROWS);
            let seq = i64::try_from(self.parcels.len()).unwrap_or(i64::MAX);
            let parcel = Parcel::new(self.job, (self.from, to, seq), label, rows);
            self.parcels.push(parcel.map_err(|reason| RunError::Parcels(format!("rows can't be sent: {reason}")))?);
        }
        Ok(())
    }

    /// Sends rows that are written already, so many of them.
    pub(super) fn put(&mut self, sent: &Sent) -> Result<(), RunError> {
        let seq = i64::try_from(self.parcels.len()).unwrap_or(i64::MAX);
        let parcel = Parcel::of_written(self.job, (self.from, sent.to, seq), &sent.label, sent.count, &sent.rows);
        self.parcels.push(parcel.map_err(|reason| RunError::Parcels(format!("rows can't be sent: {reason}")))?);
        Ok(())
    }

    /// What was sent so far.
    pub(super) fn sent(&self) -> &[Parcel] {
        &self.parcels
    }

    /// Ends with the account of what was sent, and of what was got.
    pub(super) fn close(mut self, got: &[Parcel]) -> Result<Vec<Parcel>, RunError> {
        let mut account = Account::default();
        for parcel in &self.parcels {
            account.sent(parcel);
        }
        for parcel in got {
            account.got(parcel);
        }
        let frame = account.frame().map_err(|error| RunError::Parcels(format!("an account can't be written: {error}")))?;
        self.send(Address::DRIVER, &Label { table: 0, item: Item::Account, coded: Vec::new() }, &frame)?;
        Ok(self.parcels)
    }
}
