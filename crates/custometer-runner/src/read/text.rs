//! Text files with columns: of any delimiter, quoting and encoding, plain or compressed, with every row accounted for.
//!
//! A file is gone through once beforehand ([`index`]): its hash, its rows and where they can be cut into chunks are known then, and whatever
//! makes its rows impossible to tell apart is an error with its line. The chunks are then parsed on all threads as the engine asks for
//! them ([`frame`]). Every value stays text here; a row that is not what the header promises is marked with its [`Fault`].

mod bytes;
mod chunks;
mod error;
mod format;
mod guess;
mod head;
mod index;
mod records;
mod scan;

pub(crate) use bytes::{Compression, Hashing, hash, is_utf16, open, text_of};
pub(crate) use chunks::Chunks;
pub(crate) use error::TextError;
pub(crate) use format::{Delimiter, Encoding, RECORD_END, ShortRows, TextFormat, VALUE_END};
pub(crate) use guess::{Guess, Letters, guess, letters};
pub(crate) use head::{Head, first_line_not_utf8, head, start};
pub(crate) use index::{Chunk, FileIndex, index};
pub(crate) use records::Fault;
pub(crate) use scan::{FAULT, frame};
