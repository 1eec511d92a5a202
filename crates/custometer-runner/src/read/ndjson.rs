//! NDJSON: one object per line. Each line is checked when the file is opened, so that what the library makes of it is what it says.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _};
use std::num::NonZeroUsize;
use std::sync::Arc;

use polars::io::ndjson;
use polars::prelude::{Column, DataFrame, DataType, PolarsResult, Scalar, Schema, json_lines, parse_ndjson};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::guard::guarded;
use super::source::{Source, Text};
use super::text::{Chunk, FileIndex, Hashing, TextError, open, text_of};

/// How much text one task parses.
const CHUNK: usize = 4 << 20;
/// Values in values that go deeper than this are a mistake, and more than a stack holds.
const DEEPEST: usize = 64;

/// What going through a file once tells of it.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// Its columns: plain values as text.
    pub(crate) schema: Schema,
    pub(crate) index: FileIndex,
    /// The first rows, whole lines.
    pub(crate) start: Vec<u8>,
}

/// Why a file can't be read as lines of JSON.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NdjsonError {
    #[error(transparent)]
    Text(#[from] TextError),
    /// A line, or an element of an array, is not one object.
    #[error("{what} {line} is not a JSON object: {reason}")]
    Line {
        /// What it is.
        what: &'static str,
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The library can't make columns of it.
    #[error("{0}")]
    Columns(String),
}

/// Goes through a file once. `sample` is how many rows are kept of its start.
pub(crate) fn head(source: &Arc<Source>, sample: usize) -> Result<Head, NdjsonError> {
    let hashing = Hashing::new(source.reader());
    let sums = hashing.sums();
    let (compression, text) = text_of(source, hashing)?;
    let mut text = BufReader::with_capacity(1 << 20, text);
    let is_array = matches!(source.text(), Text::Elements(_));
    let mut keys = Keys::default();
    let (mut index, mut start) = (FileIndex::default(), Vec::new());
    let (mut at, mut opened, mut rows_before, mut line) = (0_u64, 0_u64, 0_u64, Vec::new());
    for number in 1.. {
        line.clear();
        let read = text.read_until(b'\n', &mut line).map_err(|error| compression.failed(error, at))?;
        if read == 0 {
            break;
        }
        let mark = if number == 1 && line.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        opened += mark as u64;
        at += read as u64;
        let content = &line[mark..];
        if !is_blank(content) {
            keys.line = number;
            keys.read(content.trim_ascii_end()).map_err(|reason| {
                let what = if is_array { "element" } else { "line" };
                NdjsonError::Line { what, line: number, reason }
            })?;
            if index.rows < sample as u64 {
                start.extend_from_slice(content);
            }
            index.rows += 1;
        }
        if at - opened >= CHUNK as u64 {
            close(&mut index, &mut opened, &mut rows_before, at);
        }
    }
    close(&mut index, &mut opened, &mut rows_before, at);
    (index.hash, index.bytes) = sums();
    let schema = keys.schema(source)?;
    Ok(Head { schema, index, start })
}

/// Ends the open chunk.
fn close(index: &mut FileIndex, opened: &mut u64, rows_before: &mut u64, at: u64) {
    if index.rows > *rows_before {
        let length = usize::try_from(at - *opened).unwrap_or(usize::MAX);
        index.chunks.push(Chunk { offset: *opened, length, rows_before: *rows_before });
    }
    (*opened, *rows_before) = (at, index.rows);
}

/// The columns of whole lines that are wanted; the others of `stored` are there, and empty.
pub(crate) fn frame(bytes: &[u8], stored: &Schema, wanted: &BTreeSet<String>) -> PolarsResult<DataFrame> {
    let rows = json_lines(bytes).count();
    let parsed: Schema =
        stored.iter().filter(|(name, _)| wanted.contains(name.as_str())).map(|(name, kind)| (name.clone(), kind.clone())).collect();
    let frame = if parsed.is_empty() { DataFrame::empty() } else { parse_ndjson(bytes, Some(rows), &parsed, false)? };
    let column = |(name, kind): (&polars::prelude::PlSmallStr, &DataType)| match frame.column(name) {
        Ok(column) => Ok(column.clone()),
        Err(_) => Ok(Column::new_scalar(name.clone(), Scalar::null(kind.clone()), rows)),
    };
    DataFrame::new(rows, stored.iter().map(column).collect::<PolarsResult<_>>()?)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| b" \t\r\n".contains(byte))
}

/// The keys of all lines, in the order that they come in.
#[derive(Default)]
struct Keys {
    names: Vec<String>,
    positions: HashMap<String, usize>,
    /// The last line that each is in, and whether any of its values has parts.
    seen: Vec<(u64, bool)>,
    line: u64,
}

impl Keys {
    fn read(&mut self, line: &[u8]) -> Result<(), String> {
        let mut json = serde_json::Deserializer::from_slice(line);
        // Every line is the parser's first.
        let said = |error: serde_json::Error| error.to_string().replace(" at line 1 column", ", column");
        json.deserialize_any(Line(self)).map_err(said)?;
        json.end().map_err(said)
    }

    fn add(&mut self, name: &str) -> Option<usize> {
        let position = self.positions.get(name).copied().unwrap_or_else(|| {
            self.positions.insert(name.to_owned(), self.names.len());
            self.names.push(name.to_owned());
            self.seen.push((0, false));
            self.names.len() - 1
        });
        let is_new = std::mem::replace(&mut self.seen[position].0, self.line) != self.line;
        is_new.then_some(position)
    }

    /// Plain values are text. What has parts is of the type that the library tells.
    fn schema(&self, source: &Arc<Source>) -> Result<Schema, NdjsonError> {
        let nested = if self.seen.iter().any(|(_, nested)| *nested) { nested(source)? } else { Schema::default() };
        let column = |name: &String| {
            let kind = nested.get(name).filter(|kind| kind.is_nested()).cloned().unwrap_or(DataType::String);
            (name.as_str().into(), kind)
        };
        Ok(self.names.iter().map(column).collect())
    }
}

fn nested(source: &Arc<Source>) -> Result<Schema, NdjsonError> {
    let (_, text) = open(source)?;
    let mut text = BufReader::with_capacity(1 << 20, text);
    let mut start = Vec::new();
    text.by_ref().take(3).read_to_end(&mut start).map_err(TextError::from)?;
    if start == [0xef, 0xbb, 0xbf] {
        start.clear();
    }
    let mut text = start.as_slice().chain(text);
    let schema = guarded(|| ndjson::infer_schema(&mut text, NonZeroUsize::new(usize::MAX)));
    schema.map_err(|error| NdjsonError::Columns(error.to_string().lines().next().unwrap_or_default().to_owned()))
}

struct Line<'a>(&'a mut Keys);

impl<'de> Visitor<'de> for Line<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(position) = map.next_key_seed(Key(self.0))? {
            self.0.seen[position].1 |= map.next_value_seed(Parts(0))?;
        }
        Ok(())
    }
}

struct Key<'a>(&'a mut Keys);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<usize, E> {
        self.0.add(key).ok_or_else(|| E::custom(format!("it has the key `{key}` twice")))
    }
}

/// Whether a value has parts. It is so deep in others.
struct Parts(usize);

impl<'de> DeserializeSeed<'de> for Parts {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Parts {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        let deeper = Self(self.0 + 1);
        if deeper.0 > DEEPEST { Err(E::custom(format!("its values are nested more than {DEEPEST} deep"))) } else { Ok(deeper) }
    }
}

impl<'de> Visitor<'de> for Parts {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<bool, A::Error> {
        while values.next_element_seed(self.inner()?)?.is_some() {}
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<bool, A::Error> {
        while values.next_key::<IgnoredAny>()?.is_some() {
            values.next_value_seed(self.inner()?)?;
        }
        Ok(true)
    }
}
