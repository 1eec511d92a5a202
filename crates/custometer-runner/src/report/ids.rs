//! Ids, and the keyed hashes that leave in their place.
//!
//! A column holds ids where a metric reads it as such, where it is called an id, and where it is made of the same column of a file as one of
//! these, in whichever table over that file.

use std::fmt;

use custometer_core::{DimensionValue, dimension};
use polars::prelude::{Column, PolarsResult};

/// Whether a column is called an id: `id`, `customer_id`, `Customer ID`, `customerId`.
pub(crate) fn is_called_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    let Some(before) = lower.strip_suffix("id") else { return false };
    // A word that ends so, such as `paid`, is not an id; a new word begins with a capital, or after what no word has in it.
    before.chars().next_back().is_none_or(|last| !last.is_alphanumeric()) || name.ends_with("Id") || name.ends_with("ID")
}

/// The fewest bytes of a secret that is not guessed by trying: 16 random ones are 128 bits.
const MIN_SECRET_BYTES: usize = 16;

/// What the key is for: a secret that is used elsewhere too makes another key there.
const KEY_CONTEXT: &str = "custometer 2026 hashed ids";

/// The secret for hashing ids is too short to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret for hashing ids has {length} bytes; it needs at least {MIN_SECRET_BYTES}, from a random generator and kept apart from the data"
)]
pub struct SecretTooShort {
    /// Its length in bytes.
    pub length: usize,
}

/// Turns ids into hashes that only the holder of a secret can make: BLAKE3's keyed mode, 128 bits of it.
///
/// The same id has the same hash under one secret, in every table and format, so hashed tables can still be joined. Without the secret
/// nobody can try ids one after the other, as they could with a plain hash.
#[derive(Clone)]
pub struct IdHasher {
    key: [u8; blake3::KEY_LEN],
}

impl fmt::Debug for IdHasher {
    /// Without the key, so that no log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdHasher").finish_non_exhaustive()
    }
}

impl IdHasher {
    /// A hasher under a secret of any length from 16 bytes on; its key is derived with BLAKE3's key derivation.
    pub fn new(secret: &[u8]) -> Result<Self, SecretTooShort> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(SecretTooShort { length: secret.len() });
        }
        Ok(Self { key: blake3::derive_key(KEY_CONTEXT, secret) })
    }

    /// The hash of an id: 32 hexadecimal digits.
    pub fn hash(&self, id: &str) -> String {
        blake3::keyed_hash(&self.key, id.as_bytes()).to_hex()[..32].to_owned()
    }

    /// The hash of a value of a dimension; what is missing stays so.
    pub(crate) fn hash_value(&self, id: &DimensionValue) -> DimensionValue {
        if *id == DimensionValue::Missing { DimensionValue::Missing } else { DimensionValue::Text(self.hash(&id.to_string())) }
    }

    /// The hashes of a column of ids, as text. Null stays null.
    ///
    /// An id is hashed as it is written, so a number has the hash of its digits, whatever type its column has: 7, 7.0 and `"7"` have
    /// one hash, `"007"` has another. Fails for a type that can't be written as text.
    pub fn hash_column(&self, ids: &Column) -> PolarsResult<Column> {
        let written_ids = dimension::from_series(ids.as_materialized_series())?;
        let hashes: Vec<Option<String>> =
            written_ids.iter().map(|id| (*id != DimensionValue::Missing).then(|| self.hash(&id.to_string()))).collect();
        Ok(Column::new(ids.name().clone(), hashes))
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{DataType, NamedFrom, Series};

    use super::*;

    #[test]
    fn a_column_is_called_an_id_in_several_ways() {
        for name in ["id", "ID", "Id", "customer_id", "Customer_ID", "Customer ID", "customerId", "customerID", "ticket-id", "kunde.id"] {
            assert!(is_called_id(name), "{name}");
        }
        for name in ["paid", "Paid", "valid", "idea", "customer", "grid", ""] {
            assert!(!is_called_id(name), "{name}");
        }
    }

    const SECRET: &[u8] = b"correct horse battery staple";

    #[test]
    fn ids_are_hashed_as_blake3_does_it() {
        let hasher = IdHasher::new(SECRET).unwrap();
        // blake3 1.0 of PyPI: blake3(id, key=blake3(secret, derive_key_context="custometer 2026 hashed ids").digest()), 32 digits of it.
        assert_eq!(hasher.hash("42"), "148d728ec9a7382f789819d9c3cd2c10");
        assert_eq!(hasher.hash("Æ-7"), "bcca63d2b6cac5acdc2b42f4b4fef597");
        assert_eq!(hasher.hash(""), "ce864f95d2c572921b302d08f652ac7f");
    }

    #[test]
    fn another_secret_makes_other_hashes() {
        let other = IdHasher::new(b"correct horse battery stapler").unwrap();
        assert_ne!(IdHasher::new(SECRET).unwrap().hash("42"), other.hash("42"));
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        for length in [0, 15] {
            assert_eq!(IdHasher::new(&SECRET[..length]).unwrap_err(), SecretTooShort { length });
        }
        assert!(IdHasher::new(&SECRET[..16]).is_ok());
        let message = "the secret for hashing ids has 3 bytes; it needs at least 16, from a random generator and kept apart from the data";
        assert_eq!(IdHasher::new(b"abc").unwrap_err().to_string(), message);
    }

    #[test]
    fn a_hasher_does_not_show_its_key() {
        assert_eq!(format!("{:?}", IdHasher::new(SECRET).unwrap()), "IdHasher { .. }");
    }

    #[test]
    fn an_id_has_one_hash_whatever_its_type() {
        let hasher = IdHasher::new(SECRET).unwrap();
        let text = Column::new("id".into(), [Some("7"), None, Some("12000000")]);
        let expected = hasher.hash_column(&text).unwrap();
        assert_eq!(expected.dtype(), &DataType::String);
        assert_eq!(expected.name().as_str(), "id");
        let hashes: Vec<Option<&str>> = expected.str().unwrap().iter().collect();
        assert_eq!(hashes, [Some(hasher.hash("7").as_str()), None, Some(hasher.hash("12000000").as_str())]);
        let numbers: Column = Series::new("id".into(), [Some(7_i64), None, Some(12_000_000)]).into();
        for dtype in [DataType::Int64, DataType::Int32, DataType::UInt32, DataType::UInt64, DataType::Float64, DataType::Float32] {
            assert!(hasher.hash_column(&numbers.cast(&dtype).unwrap()).unwrap().equals_missing(&expected), "{dtype}");
        }
        assert_ne!(hasher.hash("007"), hasher.hash("7"));
    }
}
