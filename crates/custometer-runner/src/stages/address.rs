//! Where parcels go: to one part of a stage, by a hash of values that is the same on every machine.

use std::collections::BTreeMap;
use std::fmt;

use polars::prelude::{Column, DataFrame, DataType, IdxCa, IdxSize, PolarsResult};

/// What is done with parcels, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Derivations, from all rows of some entities.
    Derive,
    /// States are united.
    Unite,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 2] = [Self::Derive, Self::Unite];

    /// Its number, from 1.
    pub fn number(self) -> i64 {
        self as i64 + 1
    }

    /// The one with a number.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.number() == number)
    }
}

/// Who sends and gets parcels, as the number that hosts move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Address {
    /// A scan; as the one who gets parcels, the driver.
    Scan(u32),
    Part(Stage, u32),
    /// None that there is.
    Unknown(i64),
}

impl Address {
    pub(super) const DRIVER: i64 = 0;
    const STAGE: u32 = 32;

    pub(super) fn of(number: i64) -> Self {
        let part = u32::try_from(number & i64::from(u32::MAX)).unwrap_or_default();
        match number >> Self::STAGE {
            0 => Self::Scan(part),
            stage => Stage::of(stage).map_or(Self::Unknown(number), |stage| Self::Part(stage, part)),
        }
    }

    pub(super) fn number(self) -> i64 {
        match self {
            Self::Scan(task) => i64::from(task),
            Self::Part(stage, part) => stage.number() << Self::STAGE | i64::from(part),
            Self::Unknown(number) => number,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan(task) => write!(f, "scan {task}"),
            Self::Part(Stage::Derive, part) => write!(f, "part {part} of the stage that derives"),
            Self::Part(Stage::Unite, part) => write!(f, "part {part} of the stage that unites"),
            Self::Unknown(number) => write!(f, "the unknown address {number}"),
        }
    }
}

/// The rows of a frame by part, of so many, that the values of some columns say.
pub(super) fn by_part(frame: &DataFrame, keys: &[&str], parts: u32) -> PolarsResult<BTreeMap<u32, DataFrame>> {
    let mut hashes = vec![FIRST; frame.height()];
    for key in keys {
        hash(frame.column(key)?, &mut hashes)?;
    }
    let mut rows: BTreeMap<u32, Vec<IdxSize>> = BTreeMap::new();
    for (row, hash) in (0..).zip(hashes) {
        rows.entry(u32::try_from(mixed(hash) % u64::from(parts.max(1))).unwrap_or_default()).or_default().push(row);
    }
    rows.into_iter().map(|(part, rows)| Ok((part, frame.take(&IdxCa::from_vec("rows".into(), rows))?))).collect()
}

/// The offset basis of FNV-1a.
const FIRST: u64 = 0xcbf2_9ce4_8422_2325;
/// The prime of FNV-1a.
const PRIME: u64 = 0x100_0000_01b3;

/// Adds the values of a column to the hashes of its rows, by FNV-1a. Values that are equal have the same bytes: there is one zero, and one value that is no number.
fn hash(column: &Column, hashes: &mut [u64]) -> PolarsResult<()> {
    let add = |hash: &mut u64, bytes: Option<&[u8]>| {
        *hash = (*hash ^ u64::from(bytes.is_some())).wrapping_mul(PRIME);
        *hash = bytes.unwrap_or_default().iter().fold(*hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    };
    match column.dtype() {
        number if number.is_float() => {
            let canonical = |number: f64| if number.is_nan() { f64::NAN } else { number + 0.0 };
            for (hash, number) in hashes.iter_mut().zip(column.cast(&DataType::Float64)?.f64()?.iter()) {
                add(hash, number.map(|number| canonical(number).to_bits().to_le_bytes()).as_ref().map(<[u8; 8]>::as_slice));
            }
        }
        whole if whole.is_integer() && whole != &DataType::UInt64 || whole.is_bool() => {
            for (hash, number) in hashes.iter_mut().zip(column.cast(&DataType::Int64)?.i64()?.iter()) {
                add(hash, number.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
            }
        }
        _ => {
            for (hash, text) in hashes.iter_mut().zip(column.cast(&DataType::String)?.str()?.iter()) {
                add(hash, text.map(str::as_bytes));
            }
        }
    }
    Ok(())
}

/// A hash whose last digits depend on all of it.
fn mixed(hash: u64) -> u64 {
    let mixed = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    #[test]
    fn values_that_are_equal_go_to_one_part_on_every_machine() {
        let of = |frame: DataFrame| by_part(&frame, &["key"], 1000).unwrap().into_keys().collect::<Vec<_>>();
        assert_eq!(of(df!("key" => [0.0, -0.0]).unwrap()).len(), 1);
        assert_eq!(of(df!("key" => [f64::NAN, -f64::NAN]).unwrap()).len(), 1);
        // Known beforehand: another hash would send what machines of two versions have in common to two parts.
        assert_eq!(of(df!("key" => ["a"]).unwrap()), of(df!("key" => ["a"]).unwrap()));
        assert_eq!(of(df!("key" => [7_i32]).unwrap()), of(df!("key" => [7_i64]).unwrap()));
        assert_ne!(of(df!("key" => [Some("")]).unwrap()), of(df!("key" => [None::<&str>]).unwrap()));
    }

    #[test]
    fn parts_are_about_equally_large() {
        let keys: Vec<i64> = (0..64_000).collect();
        let parts = by_part(&df!("key" => keys).unwrap(), &["key"], 64).unwrap();
        assert_eq!(parts.len(), 64);
        assert!(
            parts.values().all(|part| (850..1150).contains(&part.height())),
            "{:?}",
            parts.values().map(DataFrame::height).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_address_is_a_number_and_back() {
        for address in [Address::Scan(7), Address::Part(Stage::Derive, 0), Address::Part(Stage::Unite, u32::MAX), Address::Unknown(9 << 32)]
        {
            assert_eq!(Address::of(address.number()), address);
        }
    }
}
