//! Currencies by their codes.

use std::fmt;

use serde::{Serialize, Serializer};

/// The code of a currency, three capital letters such as `EUR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3]);

impl CurrencyCode {
    /// A code; none for a text that is not three capital letters.
    pub fn new(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }

    /// The code that a text means: without spaces around it, and whatever its case.
    pub fn meant_by(text: &str) -> Option<Self> {
        Self::new(&text.trim().to_ascii_uppercase())
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        // Letters of ASCII are UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimal digits amounts have: 2 for euros and cents, 0 for yen. None for a code that has no amounts in the table of ISO 4217,
    /// as metals and test codes have none.
    pub fn digits(self) -> Option<u32> {
        iso_currency::Currency::from_code(self.as_str())?.exponent().map(u32::from)
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for CurrencyCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 4217, List One, amended 2025.
    #[test]
    fn digits_are_those_of_iso_4217() {
        let digits = |code: &str| CurrencyCode::new(code).and_then(CurrencyCode::digits);
        for (code, expected) in [("EUR", 2), ("DKK", 2), ("JPY", 0), ("ISK", 0), ("UGX", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("MGA", 2)]
        {
            assert_eq!(digits(code), Some(expected), "{code}");
        }
        assert_eq!([digits("XAU"), digits("XTS"), digits("ABC")], [None; 3]);
    }

    #[test]
    fn a_code_is_three_capital_letters() {
        assert_eq!(["euro", "eur", "EU", "€", "E R", ""].map(CurrencyCode::new), [None; 6]);
        assert_eq!(CurrencyCode::meant_by(" eur "), CurrencyCode::new("EUR"));
    }
}
