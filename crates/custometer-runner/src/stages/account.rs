//! Accounts of parcels: what each task sent and got, and whether all of them agree.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{Column, DataFrame, NamedFrom, PolarsResult, Series};

use super::address::Address;
use super::parcel::Parcel;
use crate::error::RunError;

/// Rows, parcels, and the sum of the squares of their numbers, which tells parcels apart that are as long.
type Sums = [i64; 3];

/// From where to where.
type Way = (i64, i64);

/// What was sent and got on each way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    sent: BTreeMap<Way, Sums>,
    got: BTreeMap<Way, Sums>,
}

impl Account {
    pub(super) fn sent(&mut self, parcel: &Parcel) {
        enter(&mut self.sent, parcel);
    }

    pub(super) fn got(&mut self, parcel: &Parcel) {
        enter(&mut self.got, parcel);
    }

    /// The account as rows. There is at least one, so that every task is heard of.
    pub(super) fn frame(&self) -> PolarsResult<DataFrame> {
        let sent = self.sent.iter().map(|(way, sums)| (0, *way, *sums));
        let got = self.got.iter().map(|(way, sums)| (1, *way, *sums));
        let rows: Vec<(i64, Way, Sums)> = sent.chain(got).chain([(-1, (0, 0), [0; 3])]).collect();
        let column = |name: &str, of: &dyn Fn(&(i64, Way, Sums)) -> i64| -> Column {
            Series::new(name.into(), rows.iter().map(of).collect::<Vec<i64>>()).into()
        };
        let columns = vec![
            column("side", &|row| row.0),
            column("from", &|row| row.1.0),
            column("to", &|row| row.1.1),
            column("rows", &|row| row.2[0]),
            column("parcels", &|row| row.2[1]),
            column("numbers", &|row| row.2[2]),
        ];
        DataFrame::new(rows.len(), columns)
    }

    /// Adds what such rows say.
    pub(super) fn add(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        let column = |name: &str| -> PolarsResult<Vec<i64>> { Ok(frame.column(name)?.i64()?.iter().flatten().collect()) };
        let (side, from, to) = (column("side")?, column("from")?, column("to")?);
        let (rows, parcels, numbers) = (column("rows")?, column("parcels")?, column("numbers")?);
        for row in 0..side.len() {
            let entries = match side[row] {
                0 => &mut self.sent,
                1 => &mut self.got,
                _ => continue,
            };
            let entry = entries.entry((from[row], to[row])).or_default();
            for (sum, more) in entry.iter_mut().zip([rows[row], parcels[row], numbers[row]]) {
                *sum = sum.wrapping_add(more);
            }
        }
        Ok(())
    }

    /// That all that was sent was got, once.
    pub(super) fn check(&self) -> Result<(), RunError> {
        let ways: BTreeSet<&Way> = self.sent.keys().chain(self.got.keys()).collect();
        let differs = ways.into_iter().find(|way| self.sent.get(way) != self.got.get(way));
        differs.map_or(Ok(()), |way| {
            let [sent, got] = [&self.sent, &self.got].map(|entries| entries.get(way).copied().unwrap_or_default());
            let said = |[rows, parcels, _]: Sums| format!("{parcels} parcel{} with {rows} rows", if parcels == 1 { "" } else { "s" });
            let (from, to) = (Address::of(way.0), way.1);
            let to = if to == Address::DRIVER { "the driver".to_owned() } else { Address::of(to).to_string() };
            let which = if sent[..2] == got[..2] { ", but not the same ones" } else { "" };
            Err(RunError::Parcels(format!(
                "{from} sent {to} {}, which got {}{which}: parcels were lost or came twice; run the report again",
                said(sent),
                said(got)
            )))
        })
    }
}

fn enter(entries: &mut BTreeMap<Way, Sums>, parcel: &Parcel) {
    let entry = entries.entry((parcel.from, parcel.to)).or_default();
    let number = parcel.seq.wrapping_add(1);
    for (sum, more) in entry.iter_mut().zip([parcel.rows, 1, number.wrapping_mul(number)]) {
        *sum = sum.wrapping_add(more);
    }
}
