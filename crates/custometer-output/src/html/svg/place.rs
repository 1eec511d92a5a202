//! Where something lies, in percent.

use std::fmt;

use serde::{Serialize, Serializer};

/// A coordinate or length with one decimal where it needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::html) struct Place(pub(in crate::html) f64);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        // Zero has no sign.
        if tenths == 0.0 { f.write_str("0") } else { tenths.fmt(f) }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_has_no_more_digits_than_show() {
        assert_eq!([Place(-0.01), Place(12.0), Place(33.3333)].map(|place| place.to_string()), ["0", "12", "33.3"]);
    }
}
