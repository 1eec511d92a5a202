//! Mending: reads what a person wrote as a type, and finds all that does not fit, not only the first of it.
//!
//! A misspelled key is read as the one that was meant, so that what it says is checked as well; any other entry that does not fit is left out,
//! and the rest read again. So types stay plain serde types.

use crate::suggest::nearest;

/// What a message of serde's complains of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint<'a> {
    /// Of a key that nothing is called.
    UnknownKey {
        /// The key.
        given: &'a str,
        /// The known key that it was probably meant to be.
        meant: Option<&'a str>,
    },
    /// Of this key, which must be there.
    Missing(&'a str),
    /// Of anything else.
    Other,
}

impl<'a> Complaint<'a> {
    fn of(message: &'a str) -> Self {
        let mut quoted = message.split('`').skip(1).step_by(2);
        if message.starts_with("unknown field `")
            && let Some(given) = quoted.next()
        {
            return Self::UnknownKey { given, meant: nearest(given, quoted) };
        }
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        missing.map_or(Self::Other, Self::Missing)
    }
}

/// Reads a value until nothing in it is in the way.
///
/// Each time that `read` fails, `mend` gets the value, the error, and what its `message` complains of. It reports the error, gives the entry
/// the key that was meant or takes it out, and returns the entry's key as it was written; none stops the reading. The result is what could be
/// read at last, which is whole only where `mend` was never called.
pub fn read_mending<V, T, E>(
    mut value: V,
    read: impl Fn(&V) -> Result<T, E>,
    message: impl Fn(&E) -> String,
    mut mend: impl FnMut(&mut V, &E, &Complaint<'_>) -> Option<String>,
) -> Option<T> {
    let mut left_out: Vec<String> = Vec::new();
    loop {
        let error = match read(&value) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let message = message(&error);
        let complaint = Complaint::of(&message);
        // What was left out is not missing for its author.
        if let Complaint::Missing(key) = complaint
            && left_out.iter().any(|left_out| left_out == key)
        {
            return None;
        }
        left_out.push(mend(&mut value, &error, &complaint)?);
    }
}
